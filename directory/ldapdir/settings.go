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

// Settings say how to ask one directory server. They are the JSON of a
// sso.Method; the service account's password is the method's secret.
type Settings struct {
	URL        string     `json:"url"`             // "ldap://dir.bourg.example" (StartTLS) or "ldaps://…"
	Plain      bool       `json:"plain,omitempty"` // no TLS: the loopback only
	BindDN     string     `json:"bind_dn"`         // service account, "" to search without one
	BaseDN     string     `json:"base_dn"`         // "ou=agents,dc=bourg,dc=example"
	Filter     string     `json:"filter,omitempty"`
	Attributes Attributes `json:"attributes,omitzero"`
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

// DefaultFilter finds a person by address or by account name. {login} is what
// was typed, {name} what stands before its @, each escaped.
const DefaultFilter = "(&(objectClass=person)(|(mail={login})(uid={name})))"

// defaults are those of inetOrgPerson (RFC 2798) on OpenLDAP.
var defaults = Attributes{
	Key: "entryUUID", GivenName: "givenName", FamilyName: "sn", Email: "mail", Function: "title",
	Phone: "telephoneNumber", Mobile: "mobile", Office: "roomNumber",
}

// parse reads settings and says what in them can't work; portal.ErrInvalid.
func parse(text json.RawMessage) (Settings, error) {
	settings := Settings{Filter: DefaultFilter, Attributes: defaults}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("ldapdir: settings: %w: %w", portal.ErrInvalid, err)
	}
	if err := settings.check(); err != nil {
		return Settings{}, fmt.Errorf("ldapdir: settings: %w: %w", portal.ErrInvalid, err)
	}
	return settings, nil
}

func (s Settings) check() error {
	address, err := url.Parse(s.URL)
	switch {
	case err != nil || address.Hostname() == "" || (address.Scheme != "ldap" && address.Scheme != "ldaps"):
		return fmt.Errorf("url %q must look like ldap://dir.bourg.example or ldaps://…", s.URL)
	case s.Plain && !(address.Scheme == "ldap" && loopback(address.Hostname())):
		return errors.New("plain is for ldap:// on the loopback alone: passwords would be read on the way")
	case s.BaseDN == "":
		return errors.New("base_dn is missing")
	case s.Attributes.Key == "":
		return errors.New("attributes.key is missing: without it a renamed person would be another one")
	case !strings.Contains(s.Filter, "{login}") && !strings.Contains(s.Filter, "{name}"):
		return errors.New("filter must hold {login} or {name}")
	}
	if _, err := ldap.ParseDN(s.BaseDN); err != nil {
		return fmt.Errorf("base_dn: %w", err)
	}
	if _, err := ldap.CompileFilter(s.filter("x@y")); err != nil {
		return fmt.Errorf("filter: %w", err)
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
