// Package themes is how Parvis looks: tokens, style sheets, icons, small scripts, the palette of each collectivity and
// the templates of the frame and its components. It holds no page of a feature and imports nothing else of ours.
package themes

import (
	"embed"
	"html/template"
)

// Templates holds templates/*.html: the frames ("frame", "gate", "kiosk") and components ("icon", "pill", "summary", …).
// They need the functions of an i18n.Printer, Assets.URL as "asset", and Funcs.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the frame's sentences, keys "frame.…".
//
//go:embed locales/*.json
var Locales embed.FS

// Frame is the data of "frame" and "gate". The renderer fills it; a feature gives Title, Section and Content only.
type Frame struct {
	Title                string // the page's own: "Agenda, semaine 48"
	Section              string // the current destination: "home", "calendar", …
	Lang                 string // "fr" or "en"
	Scheme               string // "", "light" or "dark": the account's choice over the system's
	ThemeURL             string // the collectivity's palette; "" for the default one
	Logo                 Picture
	CollectivityName     string // "Bourg-sur-Loire"
	CollectivityLongName string // "Mairie de Bourg-sur-Loire"
	Memberships          []Membership
	PersonName           string
	Query                string // what the search field shows
	Nav                  []NavItem
	UnreadTitle          string // "(6) " before the title, or ""
	Flash                *Flash
	Help                 *Help    // while the pool assists the collectivity
	Notices              []Notice // of who operates the pool
	Waiting              int      // things that wait for the person; negative: nothing ever does
	SignedIn             bool
	Seeing               string        // whose desk this is, when it is not the reader's own: "" for her own
	Kiosk                *Kiosk        // of a page on a kiosk, nil elsewhere
	Path                 string        // where the language switch comes back to: "/calendar?week=48"
	Content              template.HTML // filled by the renderer alone, from a template of ours
}

// Picture is the logo of a collectivity, larger than it is shown.
type Picture struct {
	URL           string // "" for none
	Width, Height int    // pixels
}

// Membership is one agent of the account: switching posts agent=ID to /account/switch.
type Membership struct {
	ID      string // portal.AgentID
	Name    string // the collectivity's name
	Current bool
}

// NavItem is one destination of the main navigation. Key ones (four at the most) stay in the phone's bottom bar.
type NavItem struct {
	Section string // "calendar"
	Href    string // "/calendar"
	Label   string // already translated
	Icon    string // name in icons.svg, without its "i-"
	Key     bool
}

// Flash is the sentence shown once after an action, with the way to take it back.
type Flash struct {
	Text        string
	ActionLabel string // "" for none
	ActionHref  string // posted to, since it changes something
}

// Help says on every page that the pool's operator assists the collectivity, and ends it.
type Help struct {
	Text   string
	Action string // posted to: it ends
	Href   string // where more is said, "" for nowhere
}

// Kiosk is what the frame of a page on a kiosk says beside its content.
type Kiosk struct {
	Person string // who is let in, "" for nobody: the wall
	Text   string // when the page closes by itself
}

// Notice is what the operator of the pool announces, on every page of those concerned.
type Notice struct {
	Level string // "information", "maintenance", "incident": a word and an icon
	Text  string
	Lang  string // of Text, when it is not the page's
	When  string // the hours of a maintenance, else until when it is shown
	Where string // whose hours they are, "" for the reader's own
	Away  string // posted to: she has read it; "" for who can't put it away
}

// Problem is one line of an error summary: the field it speaks of and the sentence, the same as at the field.
type Problem struct {
	Field string // the field's id in the page; "" for the whole form
	Text  string
}

// Page is one link of "pages".
type Page struct {
	Number  int
	Href    string
	Current bool
}

// Pages is the data of "pages": the links of a long list. Empty hrefs leave their link out.
type Pages struct {
	Label          string // of the landmark: "Pages de résultats"
	Pages          []Page
	Previous, Next string // hrefs
}

// Pill is the data of "pill": a state as a word with an icon. Kind is "", "tint", "good", "warn" or "danger".
type Pill struct{ Kind, Icon, Text string }

// Empty is the data of "empty": good news and the next step. Only Title is needed.
type Empty struct{ Title, Text, ActionLabel, ActionHref string }

// Summary is the data of "summary": what a refused form has to say first.
type Summary struct {
	Title    string // "Une réponse est à corriger"; "" for the frame's own words
	Problems []Problem
}

// FieldError is the data of "field-error": the message at a field. An empty Text writes nothing.
type FieldError struct{ Field, Text string }

// Funcs are the functions that let a template of a feature build the data of a component:
// {{template "pill" (pill "good" "check" (t "room.free"))}}, {{template "field-error" (fieldError "title" .Err)}}.
func Funcs() template.FuncMap {
	return template.FuncMap{
		"pill":  func(kind, icon, text string) Pill { return Pill{kind, icon, text} },
		"empty": func(title, text, label, href string) Empty { return Empty{title, text, label, href} },
		"noticeIcon": func(level string) string {
			return map[string]string{"information": "info", "maintenance": "settings", "incident": "alert"}[level]
		},
		"fieldError": func(field, text string) FieldError { return FieldError{field, text} },
	}
}
