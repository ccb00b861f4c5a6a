package portal

// Mention is a thing of a feature that names a group or a unit, and so keeps it
// from being deleted.
type Mention struct {
	Kind string // key of its kind in the catalogue, "applications.mention"
	Name string // "Finances"
	Path string // of the page that changes it, "/admin/applications/finances"
	Icon string // "apps"

	// Governs is the right of who decides about the thing, and so of who may change
	// who is in the group; "" for the administrator alone.
	Governs Right
}
