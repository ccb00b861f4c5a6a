package ldapdir

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
)

// Kind is a family of directory servers: how entries and groups are found, and
// what a refusal means.
type Kind string

// The kinds. Each has its filter and its attributes.
const (
	OpenLDAP        Kind = "openldap" // and any server of inetOrgPerson (RFC 2798)
	ActiveDirectory Kind = "active-directory"
)

// name is how people call a kind.
func (k Kind) name() string {
	if k == ActiveDirectory {
		return "Active Directory"
	}
	return "OpenLDAP"
}

// Settings say how to ask the directory servers of one collectivity. They are
// the JSON of a sso.Method; the service account's password is the method's
// secret.
type Settings struct {
	Kind       Kind        `json:"kind,omitempty"`      // "" is OpenLDAP
	URL        string      `json:"url"`                 // "ldap://dir.bourg.example" (StartTLS) or "ldaps://…"
	Fallbacks  []string    `json:"fallbacks,omitempty"` // asked in this order when URL does not answer
	Plain      bool        `json:"plain,omitempty"`     // no TLS: the loopback only
	BindDN     string      `json:"bind_dn"`             // service account, "" to search without one
	BaseDN     string      `json:"base_dn"`             // "ou=agents,dc=bourg,dc=example"
	Filter     string      `json:"filter,omitempty"`
	Attributes Attributes  `json:"attributes,omitzero"`
	GroupBase  string      `json:"group_base,omitempty"` // "" is the domain of BaseDN, "dc=bourg,dc=example"
	Groups     []GroupRule `json:"groups,omitempty"`     // none: the directory decides about no group
}

// Attributes name what is read of an entry.
type Attributes struct {
	Key        string `json:"key,omitempty"` // never changes: "entryUUID"
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	Email      string `json:"email,omitempty"`
	Function   string `json:"function,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Mobile     string `json:"mobile,omitempty"`
	Office     string `json:"office,omitempty"`
}

// GroupRule says which group of ours the members of a directory's group are in.
type GroupRule struct {
	From string         `json:"from"` // DN, name, or "S-1-5-21-…-513" on Active Directory
	To   portal.GroupID `json:"to"`
}

// DefaultFilter finds a person by address or by account name. {login} is what
// was typed, {name} what stands before its @, each escaped.
const DefaultFilter = "(&(objectClass=person)(|(mail={login})(uid={name})))"

// presets are what an administrator need not say.
var presets = map[Kind]Settings{
	OpenLDAP: {Kind: OpenLDAP, Filter: DefaultFilter, Attributes: Attributes{
		Key: entryUUID, GivenName: "givenName", FamilyName: "sn", Email: "mail", Function: "title",
		Phone: "telephoneNumber", Mobile: "mobile", Office: "roomNumber",
	}},
	// Computers are users too, but no persons.
	ActiveDirectory: {
		Kind:   ActiveDirectory,
		Filter: "(&(objectCategory=person)(objectClass=user)(|(sAMAccountName={name})(userPrincipalName={login})(mail={login})))",
		Attributes: Attributes{
			Key: "objectGUID", GivenName: "givenName", FamilyName: "sn", Email: "mail", Function: "title",
			Phone: "telephoneNumber", Mobile: "mobile", Office: "physicalDeliveryOfficeName",
		},
	},
}

const (
	maxFallbacks = 9
	maxRules     = 500
)

// Parse reads settings over the presets of their kind and says what in them
// can't work; portal.ErrInvalid.
func Parse(text json.RawMessage) (Settings, error) {
	var named struct {
		Kind Kind `json:"kind"`
	}
	if err := json.Unmarshal(text, &named); err != nil {
		return Settings{}, fmt.Errorf("ldapdir: settings: %w: %w", portal.ErrInvalid, err)
	}
	if named.Kind == "" {
		named.Kind = OpenLDAP
	}
	settings, known := presets[named.Kind]
	if !known {
		return Settings{}, fmt.Errorf("ldapdir: settings: %w: kind %q is neither %s nor %s", portal.ErrInvalid, named.Kind, OpenLDAP, ActiveDirectory)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("ldapdir: settings: %w: %w", portal.ErrInvalid, err)
	}
	settings.Kind = named.Kind
	if err := settings.check(); err != nil {
		return Settings{}, fmt.Errorf("ldapdir: settings: %w: %w", portal.ErrInvalid, err)
	}
	return settings, nil
}

// addresses are the servers in the order in which they are asked.
func (s Settings) addresses() []string { return append([]string{s.URL}, s.Fallbacks...) }

func (s Settings) check() error {
	switch {
	case len(s.Fallbacks) > maxFallbacks:
		return fmt.Errorf("fallbacks: %d at most", maxFallbacks)
	case s.BaseDN == "":
		return errors.New("base_dn is missing")
	case s.Attributes.Key == "":
		return errors.New("attributes.key is missing: without it a renamed person would be another one")
	case !strings.Contains(s.Filter, "{login}") && !strings.Contains(s.Filter, "{name}"):
		return errors.New("filter must hold {login} or {name}")
	}
	for _, address := range s.addresses() {
		if err := checkAddress(address, s.Plain); err != nil {
			return err
		}
	}
	if _, err := ldap.ParseDN(s.BaseDN); err != nil {
		return fmt.Errorf("base_dn: %w", err)
	}
	if _, err := ldap.ParseDN(s.GroupBase); err != nil {
		return fmt.Errorf("group_base: %w", err)
	}
	if _, err := ldap.CompileFilter(s.filter("x@y")); err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	return checkRules(s.Groups)
}

func checkAddress(text string, plain bool) error {
	address, err := url.Parse(text)
	switch {
	case err != nil || address.Hostname() == "" || (address.Scheme != "ldap" && address.Scheme != "ldaps"):
		return fmt.Errorf("url %q must look like ldap://dir.bourg.example or ldaps://…", text)
	case plain && !(address.Scheme == "ldap" && loopback(address.Hostname())):
		return errors.New("plain is for ldap:// on the loopback alone: passwords would be read on the way")
	}
	return nil
}

func checkRules(rules []GroupRule) error {
	if len(rules) > maxRules {
		return fmt.Errorf("groups: %d at most", maxRules)
	}
	for _, rule := range rules {
		if strings.TrimSpace(rule.From) == "" || rule.To == "" {
			return errors.New("groups: each needs the directory's group and ours")
		}
	}
	return nil
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || (address != nil && address.IsLoopback())
}

// filter is the search for a login: the one place where a login is escaped
// (RFC 4515 §3).
func (s Settings) filter(login string) string {
	name := login
	if at := strings.LastIndexByte(login, '@'); at > 0 {
		name = login[:at]
	}
	return strings.NewReplacer("{login}", ldap.EscapeFilter(login), "{name}", ldap.EscapeFilter(name)).Replace(s.Filter)
}

// groupBase is where groups are: people and groups are most often in branches
// of their own, under the domain.
func (s Settings) groupBase() string {
	if s.GroupBase != "" {
		return s.GroupBase
	}
	base, err := ldap.ParseDN(s.BaseDN)
	if err != nil {
		return s.BaseDN
	}
	domain := len(base.RDNs)
	for domain > 0 && strings.EqualFold(base.RDNs[domain-1].Attributes[0].Type, "dc") {
		domain--
	}
	if domain == len(base.RDNs) {
		return s.BaseDN
	}
	return (&ldap.DN{RDNs: base.RDNs[domain:]}).String()
}

// managed are our groups that the directory decides about.
func (s Settings) managed() []portal.GroupID {
	var all []portal.GroupID
	for _, rule := range s.Groups {
		all = append(all, rule.To)
	}
	return all
}

// names lists the attributes to ask for.
func (a Attributes) names() []string {
	var names []string
	for _, name := range []string{a.Key, a.GivenName, a.FamilyName, a.Email, a.Function, a.Phone, a.Mobile, a.Office} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}
