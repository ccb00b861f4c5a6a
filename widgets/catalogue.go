package widgets

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"parvis/portal"
)

// kind is a registered widget with its manifest, read once.
type kind struct {
	widget   Widget
	manifest Manifest
	share    *share // the loaders that it may hold
}

// catalogue is every registered widget, in the order of registration: the
// order in which boxes are offered.
type catalogue struct {
	kinds []*kind
	byID  map[string]*kind
}

func newCatalogue(loaders int, widgets []Widget) (*catalogue, error) {
	all := &catalogue{byID: map[string]*kind{}}
	for _, widget := range widgets {
		manifest := widget.Manifest()
		if err := Validate(widget); err != nil {
			return nil, fmt.Errorf("widgets: register %q: %w", manifest.ID, err)
		}
		if all.byID[manifest.ID] != nil {
			return nil, fmt.Errorf("widgets: register %q: %w: the id is taken", manifest.ID, portal.ErrConflict)
		}
		// One widget in trouble may hold a tenth of the loaders.
		one := &kind{widget: widget, manifest: manifest, share: newShare(max(1, loaders/10))}
		all.kinds = append(all.kinds, one)
		all.byID[manifest.ID] = one
	}
	return all, nil
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Validate says what in a widget's manifest can't be served, all of it.
func Validate(widget Widget) error {
	m := widget.Manifest()
	var faults []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	_, acts := widget.(Actor)
	refuse(!idPattern.MatchString(m.ID), "id %q must be lower-case letters, digits and dashes", m.ID)
	refuse(m.Title == "" || m.Help == "" || m.Icon == "", "title, help and icon are needed")
	refuse(len(m.Sizes) == 0, "at least one size is needed")
	for _, size := range m.Sizes {
		refuse(!size.valid(), "size %q is not one of s, m, l", size)
	}
	refuse(m.Link != "" && !safeLink(m.Link), "link %q must be a path of ours or https", m.Link)
	refuse((m.Link == "") != (m.LinkText == ""), "a link and its text go together")
	refuse(m.SettingsVersion < 1, "settings version starts at 1")
	refuse(!slices.Contains([]Scope{ScopeNone, ScopeAgent, ScopeAudience, ScopeCollectivity}, m.Scope), "scope %q is unknown", m.Scope)
	refuse(m.shared() && len(m.AgentSettings) > 0, "a shared box has no settings of an agent")
	refuse(m.Deadline <= 0 || m.Deadline > MaxDeadline, "deadline %v must be within %v", m.Deadline, MaxDeadline)
	refuse(m.Fresh < 0 || m.Stale < 0 || max(m.Fresh, m.Stale) > 24*time.Hour, "fresh and stale durations must be within a day")
	refuse(len(m.Actions) > 0 && !acts, "actions need the method Act")
	return errors.Join(faults...) // nil without fault
}

func (m Manifest) shared() bool { return m.Scope == ScopeAudience || m.Scope == ScopeCollectivity }

// visibleTo says whether the caller has the rights that the box needs.
func (m Manifest) visibleTo(caller portal.Caller) bool {
	for _, right := range m.Rights {
		if !caller.Can(right) {
			return false
		}
	}
	return true
}

func (m Manifest) action(name string) (ActionType, bool) {
	i := slices.IndexFunc(m.Actions, func(a ActionType) bool { return a.Name == name })
	if i < 0 {
		return ActionType{}, false
	}
	return m.Actions[i], true
}

func (s Size) valid() bool { return s == Small || s == Medium || s == Large }

// next is the size after this one among those that the box may have.
func (s Size) next(sizes []Size) Size {
	return sizes[(slices.Index(sizes, s)+1)%len(sizes)]
}
