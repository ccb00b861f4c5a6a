package mirror

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/sso"
)

// Settings say what of a directory server a collectivity mirrors. How the server
// is reached is in the sign-in method.
type Settings struct {
	People     ldapdir.Branch    `json:"people"`
	Attributes map[string]string `json:"attributes"` // by Fields; "" leaves the field to the collectivity
	Units      UnitMode          `json:"units,omitempty"`
	Groups     ldapdir.Branch    `json:"groups"`
	WithGroups bool              `json:"with_groups,omitempty"`
	// Administration lets the server put people where rights of administration are
	// given: whoever governs the server then governs the collectivity.
	Administration bool `json:"administration,omitempty"`
	Every          int  `json:"every"` // minutes between two runs
	Share          int  `json:"share"` // percent of people who may leave at once without an answer
}

// UnitMode says where the units of people come from.
type UnitMode string

// The modes.
const (
	NoUnits       UnitMode = ""
	UnitAttribute UnitMode = "attribute" // Attributes["unit"] names it
	UnitTree      UnitMode = "tree"      // the organizationalUnits between the base and the entry
)

// UnitModes are in the order in which one chooses.
var UnitModes = []UnitMode{NoUnits, UnitAttribute, UnitTree}

// Fields are the fields of a card that a server may give, in the order of the form.
var Fields = []string{"given_name", "family_name", "function", "email", "phone", "mobile", "office", "manager", "unit"}

// Everies are the minutes between two runs that one may choose.
var Everies = []int{5, 15, 30, 60, 240, 1440}

const (
	usualEvery = 15
	usualShare = 10
	// floor is how many may always leave at once: a tenth of twelve people is one.
	floor = 5
)

// usual are the settings of who said nothing yet.
func usual(wanted ldapdir.Wanted) Settings {
	a := wanted.Attributes
	return Settings{
		People: wanted.People, Groups: wanted.Groups, Every: usualEvery, Share: usualShare,
		Attributes: map[string]string{
			"given_name": a.GivenName, "family_name": a.FamilyName, "function": a.Function, "email": a.Email, "phone": a.Phone,
			"mobile": a.Mobile, "office": a.Office, "manager": wanted.Manager, "unit": wanted.Unit,
		},
	}
}

// parse reads stored settings; a broken text is an error.
func parse(text string) (settings Settings, err error) {
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		return Settings{}, fmt.Errorf("mirror: settings: %w: %w", portal.ErrInvalid, err)
	}
	return settings, settings.check()
}

// check says what in them can't work.
func (s Settings) check() error {
	var wrong portal.Check
	branch := func(name string, b ldapdir.Branch) {
		base, filter := b.Check()
		if base {
			wrong.Add(name+"_base", "mirror.error.base")
		}
		if filter {
			wrong.Add(name+"_filter", "mirror.error.filter")
		}
	}
	branch("people", s.People)
	for _, field := range Fields {
		if name := s.Attributes[field]; name != "" && !ldapdir.IsAttribute(name) {
			wrong.Add(field, "mirror.error.attribute")
		}
	}
	if s.Attributes["family_name"] == "" {
		wrong.Add("family_name", "mirror.error.family_name")
	}
	if !slices.Contains(UnitModes, s.Units) {
		wrong.Add("units", "mirror.error.units")
	}
	if s.Units == UnitAttribute && s.Attributes["unit"] == "" {
		wrong.Add("unit", "mirror.error.unit")
	}
	if s.WithGroups {
		branch("groups", s.Groups)
	}
	if !slices.Contains(Everies, s.Every) {
		wrong.Add("every", "mirror.error.every")
	}
	if s.Share < 1 || s.Share > 100 {
		wrong.Add("share", "mirror.error.share")
	}
	return wrong.OrNil()
}

// wanted is what is asked of the server; key is that of sign-in, so that who signs
// in is who was read.
func (s Settings) wanted(key string) ldapdir.Wanted {
	a := s.Attributes
	wanted := ldapdir.Wanted{
		People: s.People,
		Attributes: ldapdir.Attributes{
			Key: key, GivenName: a["given_name"], FamilyName: a["family_name"], Email: a["email"], Function: a["function"],
			Phone: a["phone"], Mobile: a["mobile"], Office: a["office"],
		},
		Manager: a["manager"], Tree: s.Units == UnitTree,
	}
	if s.Units == UnitAttribute {
		wanted.Unit = a["unit"]
	}
	if s.WithGroups {
		wanted.Groups = s.Groups
	}
	return wanted
}

// asks says whether the server is asked for a field: one that it is no more asked for
// stays as it is, and is the collectivity's.
func (s Settings) asks(field string) bool {
	if field == "unit" {
		return s.Units != NoUnits
	}
	return s.Attributes[field] != ""
}

func (s Settings) every() time.Duration { return time.Duration(s.Every) * time.Minute }

// errNoServer is for a collectivity whose agents don't sign in by a directory
// server: there is none to read.
var errNoServer = portal.UserError{Kind: portal.ErrInvalid, Key: "mirror.error.no-server"}

func onlyLDAP(method sso.Method) error {
	if method.Kind != sso.LDAP {
		return errNoServer
	}
	return nil
}
