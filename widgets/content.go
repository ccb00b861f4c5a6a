package widgets

import "time"

// MaxItems bounds the items, rows, figures and links that are kept of a
// content; what is beyond is left out. A widget asks its source for no more.
const MaxItems = 20

// Size is the place that a box takes. The order of boxes never depends on it.
type Size string

// The three sizes.
const (
	Small  Size = "s" // one column
	Medium Size = "m" // two columns
	Large  Size = "l" // two columns, twice as high
)

// Content is what a box shows: a closed vocabulary, in the order of the page.
// All texts are plain text in the reader's language; the host escapes them and
// cuts those over 500 characters. Links are paths of ours ("/news/7") or https
// addresses; others are left out. The zero Content is an empty box.
type Content struct {
	At      time.Time // hour of the data, when it isn't that of the loading
	Badge   Badge
	Notice  Notice
	Search  *Search
	Figures []Figure
	Layout  Layout // of the items
	Items   []Item
	Table   *Table
	Empty   Empty // shown when there is neither notice, figure, item, row nor search
	Links   []Link
	Actions []Action
	Partial bool // one of several sources did not answer; the host says so
}

// Badge is a count after the title; 0 shows none.
type Badge struct {
	Count int
	Label string // for who can't see it: "non lus"
}

// Tone is the gravity of a notice.
type Tone string

// The tones. Red is for what the reader can mend.
const (
	Plain  Tone = ""
	Warn   Tone = "warn"
	Danger Tone = "danger"
	Good   Tone = "good"
)

// Notice is a sentence at the top of the box; "" shows none.
type Notice struct {
	Tone Tone
	Text string
	Link Link // what to do about it; the zero Link for nothing
}

// Figure is a number that matters: 12,5 j of "Congés 2026".
type Figure struct {
	Label string
	Value string // as the language writes it: "12,5"
	Unit  string // "j"; "" for none
}

// Layout says how items are laid out.
type Layout string

// The layouts of items.
const (
	List  Layout = ""      // title, moment at the end of the line
	Times Layout = "times" // moment first: appointments
	Tiles Layout = "tiles" // icon and title: applications
)

// Item is one line.
type Item struct {
	Title  string
	Detail string // under the title; "" for none
	Soon   string // after the detail and stronger: "dans 25 min"
	Link   string // of the title
	Icon   string // for Tiles
	Unread bool

	Time time.Time // written as the language does, "8 h 05", "hier"; zero for none
	When string    // instead of Time: "toute la journée"
	// Phone is a number, as typed; it takes the place of the moment and is
	// written and linked by the host.
	Phone string

	Actions []Action
}

// Table is a small table; every row has as many cells as Columns.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]string // the first cell names the row
	Numbers bool       // cells after the first are numbers, set at the end
}

// Search is a form with one field that opens a page of ours: Path?q=…
type Search struct {
	Path  string // "/directory"
	Label string // "Nom, fonction ou service"
}

// Empty says that there is nothing: the news, then the next step.
type Empty struct {
	Title string // "Aucun rendez-vous aujourd’hui"
	Text  string
}

// Link leads somewhere.
type Link struct {
	Text string
	URL  string
}

// Action is a button that posts one of the manifest's actions.
type Action struct {
	Name   string // of the ActionType
	Text   string // "Accorder"
	About  string // completes Text for who hears it alone: "le congé de Léa"
	Main   bool
	Values Values // its fields, sent as they are
}

// Fact is a short line under the greeting: "9 °C, pluie de 15 h à 17 h".
type Fact struct {
	Icon  string
	Text  string
	Phone string // after the text; "" for none
}
