package applications

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/sso"
)

// Application is a business application of one collectivity.
type Application struct {
	ID          string // given, or made from its name when ""
	Name        string // "Finances"
	Description string
	URL         string // where a person opens it, https, absolute
	Icon        string // name in the sprite without "i-"; "" is "apps"
	Category    string // "Gestion", "" for none
	Pinned      bool   // on the home page; when listed for a person, as she decided
	Position    int    // order in its category
	OnDemand    bool   // shown to those it is not open to, who may ask for it

	// Audience and Units say who may open it: the members of one of the groups,
	// and who is in one of the units or below it. Both empty: everyone of the
	// collectivity.
	Audience []portal.GroupID
	Units    []portal.UnitID

	Kind         sso.ApplicationKind // "" is sso.KindLink
	Addresses    []sso.Address       // none for a link
	SecondFactor bool                // asked for whenever it is opened
	Subject      Attribute           // what names a person to it; "" is Login
	Releases     []Release           // in the order in which they are told

	Changed time.Time // when it was last written
}

// Release is one attribute that an application is told.
type Release struct {
	Name      string    // as the application reads it, "mail"
	Attribute Attribute // Email
}

// standardReleases are what OpenID applications read under names of the
// specification (OpenID Connect Core §5.1).
var standardReleases = []Release{
	{"given_name", GivenName},
	{"family_name", FamilyName},
	{"usual_name", FamilyName},
	{"uid", ID},
	{"email", Email},
	{"phone_number", Phone},
	{"groups", Groups},
}

// Kinds lists how an application is opened, in the order in which an
// administrator chooses.
var Kinds = []sso.ApplicationKind{sso.KindLink, sso.KindCAS, sso.KindOIDC, sso.KindForward}

func (a Application) withDefaults() Application {
	a.Icon = cmp.Or(a.Icon, "apps")
	a.Kind = cmp.Or(a.Kind, sso.KindLink)
	a.Subject = cmp.Or(a.Subject, Login)
	a.Audience = slices.Compact(slices.Sorted(slices.Values(a.Audience)))
	a.Units = slices.Compact(slices.Sorted(slices.Values(a.Units)))
	if a.Kind == sso.KindOIDC && len(a.Releases) == 0 {
		a.Releases = slices.Clone(standardReleases) // its scopes say which of them are told
	}
	if a.Kind == sso.KindLink {
		a.Addresses, a.Releases, a.SecondFactor = nil, nil, false // nobody asks us about it
	}
	return a
}

// reserved is the address of the form for a new one.
const reserved = "new"

const (
	maxAddresses = 50
	maxReleases  = 30
)

func (a Application) check() error {
	var wrong portal.Check
	wrong.Text("name", a.Name, true, 80)
	wrong.Text("description", a.Description, false, 300)
	wrong.HTTPS("url", a.URL)
	wrong.Text("category", a.Category, false, 80)
	wrong.Identifier("icon", a.Icon)
	if a.ID != "" {
		wrong.Identifier("id", a.ID)
	}
	if a.ID == reserved {
		wrong.Add("id", "applications.error.reserved")
	}
	if !slices.Contains(Kinds, a.Kind) {
		wrong.Add("kind", "applications.error.kind")
	}
	if a.Position < 0 || a.Position > 10_000 {
		wrong.Add("position", "applications.error.position")
	}
	a.checkAddresses(&wrong)
	a.checkReleases(&wrong)
	return wrong.OrNil()
}

func (a Application) checkAddresses(wrong *portal.Check) {
	switch {
	case a.Kind != sso.KindLink && len(a.Addresses) == 0:
		wrong.Add("addresses", "applications.error.addresses.none")
	case len(a.Addresses) > maxAddresses:
		wrong.Add("addresses", "applications.error.addresses.many", "limit", maxAddresses)
	case a.Kind != sso.KindOIDC && slices.ContainsFunc(a.Addresses, func(address sso.Address) bool { return address.Query != "" }):
		wrong.Add("addresses", "applications.error.addresses.query")
	}
}

func (a Application) checkReleases(wrong *portal.Check) {
	if !slices.Contains(Subjects, a.Subject) {
		wrong.Add("subject", "applications.error.subject")
	}
	if len(a.Releases) > maxReleases {
		wrong.Add("releases", "applications.error.releases.many", "limit", maxReleases)
		return
	}
	told := map[string]bool{}
	for _, release := range a.Releases {
		switch {
		case !releaseName.MatchString(release.Name):
			wrong.Add("releases", "applications.error.releases.name", "name", release.Name)
			return
		case !slices.Contains(Attributes, release.Attribute):
			wrong.Add("releases", "applications.error.releases.attribute", "attribute", string(release.Attribute))
			return
		case told[release.Name]:
			wrong.Add("releases", "applications.error.releases.twice", "name", release.Name)
			return
		}
		told[release.Name] = true
	}
}

// signOn is the application as the protocols know it.
func (a Application) signOn(collectivity portal.CollectivityID) sso.Application {
	return sso.Application{
		Collectivity: collectivity, ID: a.ID, Name: a.Name, Kind: a.Kind,
		Addresses: slices.Clone(a.Addresses), SecondFactor: a.SecondFactor,
	}
}

func byCategory(a, b Application) int {
	return cmp.Or(i18n.ByName(a.Category, b.Category), byPosition(a, b))
}

func byPosition(a, b Application) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), i18n.ByName(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// host is the server that an application opens, for people who wonder.
func host(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// identifierOf makes an identifier from a name: "Gestion électronique" is
// "gestion-electronique". It is empty when the name has no letter of ours.
func identifierOf(name string) string {
	ours := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, i18n.Fold(name))
	const long = 30 // leaves room for what tells two of one name apart
	return strings.Trim(ours[:min(len(ours), long)], "-")
}
