package demo

// Collectivity is one public body of the pool.
type Collectivity struct {
	ID        string // slug, unique in the pool: "bourg"
	Name      string // "Bourg-sur-Loire"
	LongName  string // as on its letters: "Commune de Bourg-sur-Loire"
	Kind      string // "commune", "epci", "syndicat" or "ccas"
	Satellite string // identifier of the body it depends on, or ""

	SIREN string // 9 digits, Luhn
	SIRET string // 14 digits, Luhn
	// INSEE is the code of its seat's commune: a number that no commune of the Loiret bears.
	INSEE      string
	Postcode   string
	Population int // inhabitants served; 0 when it has no meaning

	SchoolZone string // "A", "B" or "C"
	TimeZone   string // IANA name
	Latitude   float64
	Longitude  float64

	Brand   string // colour of the masthead, "#17566b"
	Town    string // of its seat: "Bourg-sur-Loire"
	Domain  string // of its addresses: "bourg.example"
	Address string
	Phone   string // national, by pairs: "02 61 91 01 00"
	Email   string

	Units        []Unit // parents before children
	Groups       []Group
	Applications []Application
	Calendars    []Calendar // shared ones; each agent's own is not listed
	Mailboxes    []Mailbox  // shared ones too
}

// Unit is a direction or a service of the organisation chart.
type Unit struct {
	ID     string // unique in its collectivity
	Name   string
	Parent string // "" at the top
}

// Group is a set of agents that audiences name.
type Group struct {
	ID   string // unique in its collectivity
	Name string
}

// Calendar is an agenda shown to several agents.
type Calendar struct {
	ID       string // unique in its collectivity: "mairie"
	Name     string
	Colour   string   // "#5b3a8c"
	Audience []string // groups that see it; empty: everyone of the collectivity
	Editors  []string // groups that write in it; never empty
}

// Application is a link into a business application.
type Application struct {
	ID          string // unique in its collectivity
	Name        string
	URL         string // https
	Description string
	Icon        string // identifier in the icon sheet, without "i-": "money"
	Category    string
	Audience    []string // groups that see it; empty: everyone
	Pinned      bool     // on the home page by default
	OnDemand    bool     // shown to those whom the audience leaves out

	// Kind is "" for a link, else how it lets our sign-in vouch for people: "cas".
	Kind      string
	Addresses []string // where it lives, when it has a kind
}
