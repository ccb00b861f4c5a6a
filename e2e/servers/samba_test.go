package servers_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"parvis/e2e/servers"
)

func dialDomain(t *testing.T, d *servers.Domain) *ldap.Conn {
	t.Helper()
	return dialLDAP(t, d.SecureURL, ldap.DialWithTLSConfig(&tls.Config{RootCAs: d.CAs(t)}))
}

func TestTheDomainRefusesPasswordsInClear(t *testing.T) {
	d := servers.ActiveDirectory(t)
	if err := dialLDAP(t, d.URL).Bind(d.BindDN, d.BindPassword); !ldap.IsErrorWithCode(err, ldap.LDAPResultStrongAuthRequired) {
		t.Errorf("Bind without TLS = %v, want strongerAuthRequired", err)
	}
	conn := dialLDAP(t, d.URL)
	if err := conn.StartTLS(&tls.Config{RootCAs: d.CAs(t), ServerName: strings.TrimPrefix(d.URL, "ldap://")}); err != nil {
		t.Fatal(err)
	}
	if err := conn.Bind(d.BindDN, d.BindPassword); err != nil {
		t.Error(err)
	}
}

func TestEveryPersonOfTheDomainSignsIn(t *testing.T) {
	d := servers.ActiveDirectory(t)
	conn := dialDomain(t, d)
	for _, person := range servers.People() {
		if err := conn.Bind(d.PersonDN(person), person.Password); err != nil {
			t.Errorf("Bind(%q): %v", d.PersonDN(person), err)
		}
	}
}

func TestStatesOfTheDomainShowWithTheRightPasswordAlone(t *testing.T) {
	d := servers.ActiveDirectory(t)
	conn := dialDomain(t, d)
	for _, state := range servers.DomainStates() {
		err := conn.Bind(state.Account+"@bourg.example", servers.DomainPassword)
		var refused *ldap.Error
		if state.Code == "" && err != nil || state.Code != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Err.Error(), "data "+state.Code+",")) {
			t.Errorf("Bind as %s = %v, want data %s", state.Account, err, state.Code)
		}
		err = conn.Bind(state.Account+"@bourg.example", "wrong")
		if !errors.As(err, &refused) || !strings.Contains(refused.Err.Error(), "data 52e,") {
			t.Errorf("Bind as %s with a wrong password = %v, want data 52e", state.Account, err)
		}
	}
}
