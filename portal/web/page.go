package web

import (
	"time"

	"parvis/portal"
	"parvis/themes"
)

// Page is what the frame around every page needs. A feature embeds it in its
// own page struct, fills Title and Section, and the Renderer fills the rest.
type Page struct {
	themes.Frame
	Gate              bool // the narrow frame of signed-out pages
	Helper            bool // the reader assists: what is not among Assisting leads nowhere for her
	CollectivityPhone string
	Wears             Collectivity // that a page before the sign-in speaks for
	Now               time.Time    // in the collectivity's zone
}

// Wear shows whose page it is that nobody is signed in for.
func (p *Page) Wear(c Collectivity) {
	p.CollectivityName, p.CollectivityLongName, p.CollectivityPhone = c.Name, c.LongName, c.Phone
	p.ThemeURL, p.Logo = c.ThemeURL, c.Logo
	p.Wears = c
}

func (p *Page) framed() *Page { return p }

// Framed is a page struct that embeds Page.
type Framed interface{ framed() *Page }

// NavItem is one destination of the main navigation; its Label is a catalogue
// key. One of Rights, when there are any, is needed to be shown it.
type NavItem struct {
	themes.NavItem
	Rights []portal.Right
}

// Form holds what was refused, for the templates "summary" and "field-error".
type Form struct {
	themes.Summary
}

// Error is the sentence about a field, "" when the field is well.
func (f Form) Error(field string) string {
	for _, err := range f.Problems {
		if err.Field == field {
			return err.Text
		}
	}
	return ""
}
