package web

import (
	"html/template"
	"time"

	"parvis/portal/i18n"
)

// Page is what the frame around every page needs. A feature embeds it in its
// own page struct, fills Title and Section, and the Renderer fills the rest.
type Page struct {
	Title   string // "Agenda, semaine 48"; the frame adds the collectivity
	Section string // the place in the navigation: "home", "calendar", …, "" for none
	Query   string // what stands in the search field
	Gate    bool   // the narrow frame of signed-out pages
	// UnreadTitle stands before the title in the browser's tab, "(6) ".
	UnreadTitle string

	Lang                 i18n.Language
	Scheme               string
	SignedIn             bool
	ThemeURL             string
	CollectivityName     string
	CollectivityLongName string
	CollectivityPhone    string
	Memberships          []Membership
	PersonName           string
	Nav                  []NavItem
	Flash                *Flash
	Path                 string        // of this page, for the language link
	Now                  time.Time     // in the collectivity's zone
	Content              template.HTML // filled by the Renderer with what a template made, and by nobody else
}

func (p *Page) framed() *Page { return p }

// Framed is a page struct that embeds Page.
type Framed interface{ framed() *Page }

// NavItem is one destination of the main navigation.
type NavItem struct {
	Section string // "calendar"
	Href    string // "/calendar"
	Label   string // catalogue key, then the sentence itself once on a page
	Icon    string // "calendar"
	Key     bool   // also in the bar at the bottom of a phone
}

// FieldError is one refused field, for the summary and beside the field.
type FieldError struct{ Field, Text string }

// Form holds what was refused, for the templates "summary" and "field-error".
type Form struct {
	Errors []FieldError
}

// Error is the sentence about a field, "" when the field is well.
func (f Form) Error(field string) string {
	for _, err := range f.Errors {
		if err.Field == field {
			return err.Text
		}
	}
	return ""
}
