package applications

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/sso"
)

// icons are those of the sprite that suit an application.
var icons = []string{
	"apps", "calendar", "building", "car", "cloud", "council", "doc", "file", "folder", "globe", "home", "image", "info", "key",
	"laptop", "leave", "list", "lock", "mail", "map", "meal", "mobile", "money", "news", "people", "phone", "post", "print", "room", "send",
	"settings", "todo", "user",
}

// applicationForm is what the administrator's form holds, as typed.
type applicationForm struct {
	web.Form
	Application
	Rank    string
	Places  string // addresses, one a line
	Seen    string // Changed when the form was opened, ms
	names   map[Attribute]string
	refused *portal.UserError // of a line that is no address
}

func formOf(app Application) *applicationForm {
	form := &applicationForm{
		Application: app, Rank: strconv.Itoa(app.Position),
		Seen: strconv.FormatInt(app.Changed.UnixMilli(), 10), names: map[Attribute]string{},
	}
	var lines []string
	for _, address := range app.Addresses {
		lines = append(lines, address.String())
	}
	form.Places = strings.Join(lines, "\n")
	for _, release := range app.Releases {
		form.names[release.Attribute] = strings.TrimSpace(form.names[release.Attribute] + " " + release.Name)
	}
	return form
}

func readForm(r *http.Request) (*applicationForm, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	text := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	form := &applicationForm{
		Rank: text("position"), Places: r.PostForm.Get("addresses"), Seen: text("seen"), names: map[Attribute]string{},
		Application: Application{
			Name: text("name"), Description: text("description"), URL: text("url"), Icon: text("icon"), Category: text("category"),
			Pinned: r.PostForm.Has("pinned"), OnDemand: r.PostForm.Has("on_demand"), Kind: sso.ApplicationKind(text("kind")), SecondFactor: r.PostForm.Has("second_factor"),
			Subject: Attribute(text("subject")),
		},
	}
	for _, group := range r.PostForm["group"] {
		form.Audience = append(form.Audience, portal.GroupID(group))
	}
	for _, unit := range r.PostForm["unit"] {
		form.Units = append(form.Units, portal.UnitID(unit))
	}
	for _, attribute := range Attributes {
		form.names[attribute] = text("release-" + string(attribute))
		for name := range strings.FieldsSeq(form.names[attribute]) {
			form.Releases = append(form.Releases, Release{name, attribute})
		}
	}
	form.readRank()
	form.readPlaces()
	return form, nil
}

// readRank leaves what is no number to the store's refusal.
func (f *applicationForm) readRank() {
	f.Position = 0
	if f.Rank == "" {
		return
	}
	position, err := strconv.Atoi(f.Rank)
	if err != nil {
		position = -1
	}
	f.Position = position
}

// readPlaces reads the addresses and keeps the refusal of the first line that is
// none.
func (f *applicationForm) readPlaces() {
	for line := range strings.Lines(f.Places) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		address, err := sso.ParseAddress(line)
		if err != nil {
			refusal := portal.Invalid("addresses", "applications.error.addresses.line", "line", line)
			f.refused = &refusal
			return
		}
		f.Addresses = append(f.Addresses, address)
	}
}

// unread is the refusal of what could not be read, nil when all was.
func (f *applicationForm) unread() error {
	if f.refused == nil || f.Kind == sso.KindLink {
		return nil
	}
	return portal.FieldErrors{*f.refused}
}

func (f *applicationForm) seen() time.Time {
	ms, _ := strconv.ParseInt(f.Seen, 10, 64) // a forged value only makes a conflict
	return time.UnixMilli(ms)
}

type formPage struct {
	web.Page
	*applicationForm
	Groups     []choice
	Offices    []choice
	Attributes []named
	Icons      []string
	Kinds      []sso.ApplicationKind
	Subjects   []Attribute
}

// choice is a group or a unit that an audience may name.
type choice struct {
	ID, Name string
	Depth    int
	Chosen   bool
}

// Dashes show how deep a unit lies.
func (c choice) Dashes() string { return strings.Repeat("– ", c.Depth) }

// named is an attribute with its names for the application.
type named struct {
	Attribute Attribute
	Names     string
}

func (h *Handler) showForm(w http.ResponseWriter, r *http.Request, status int, form *applicationForm) error {
	page := &formPage{applicationForm: form, Icons: icons, Kinds: Kinds, Subjects: Subjects}
	groups, err := h.store.directory.Groups(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, group := range groups {
		page.Groups = append(page.Groups, choice{string(group.ID), group.Name, 0, slices.Contains(form.Audience, group.ID)})
	}
	units, err := h.store.directory.Units(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, unit := range units {
		page.Offices = append(page.Offices, choice{string(unit.ID), unit.Name, unit.Depth, slices.Contains(form.Units, unit.ID)})
	}
	for _, attribute := range Attributes {
		page.Attributes = append(page.Attributes, named{attribute, form.names[attribute]})
	}
	page.Title, page.Section = web.Printer(r).T("applications.admin.new"), "admin"
	if form.ID != "" {
		page.Title = web.Printer(r).T("applications.admin.edit")
	}
	return h.renderer.Render(w, r, status, "applications/form", page)
}
