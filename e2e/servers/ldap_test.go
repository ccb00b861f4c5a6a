package servers_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"parvis/e2e/servers"
)

func TestLDAPAnswersOverBothKindsOfTLS(t *testing.T) {
	t.Parallel()
	d := servers.LDAP(t)
	t.Run("StartTLS", func(t *testing.T) {
		conn := dialLDAP(t, d.URL)
		if err := conn.StartTLS(&tls.Config{RootCAs: d.CAs, ServerName: "127.0.0.1"}); err != nil {
			t.Fatal(err)
		}
		readPerson(t, d, conn)
	})
	t.Run("LDAPS", func(t *testing.T) {
		readPerson(t, d, dialLDAP(t, d.SecureURL, ldap.DialWithTLSConfig(&tls.Config{RootCAs: readCAs(t, d.CAFile)})))
	})
}

func TestLDAPRefusesPasswordsInClear(t *testing.T) {
	t.Parallel()
	d := servers.LDAP(t)
	err := dialLDAP(t, d.URL).Bind(d.BindDN, d.BindPassword)
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultConfidentialityRequired) {
		t.Errorf("Bind without TLS = %v, want confidentialityRequired", err)
	}
}

func TestLDAPCertificateIsOfItsOwnAuthority(t *testing.T) {
	t.Parallel()
	d := servers.LDAP(t)
	_, err := ldap.DialURL(d.SecureURL, ldap.DialWithTLSConfig(&tls.Config{RootCAs: readCAs(t, d.WrongCAFile)}))
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("dial trusting another authority = %v, want an unknown authority", err)
	}
}

func TestEveryPersonSignsInWithTheirPassword(t *testing.T) {
	t.Parallel()
	d := servers.LDAP(t)
	conn := dialLDAP(t, d.SecureURL, ldap.DialWithTLSConfig(&tls.Config{RootCAs: d.CAs}))
	for _, person := range servers.People() {
		if err := conn.Bind(person.DN(), person.Password); err != nil {
			t.Errorf("Bind(%q): %v", person.DN(), err)
		}
		if err := conn.Bind(person.DN(), person.Password+"x"); !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
			t.Errorf("Bind(%q) with a wrong password = %v, want invalidCredentials", person.DN(), err)
		}
	}
}

func TestLDAPStopsStartsAndHangs(t *testing.T) {
	t.Parallel()
	d := servers.LDAP(t)
	secure := ldap.DialWithTLSConfig(&tls.Config{RootCAs: d.CAs})
	address := d.SecureURL
	uuid := readPerson(t, d, dialLDAP(t, address, secure))

	d.Stop(t)
	if conn, err := ldap.DialURL(address, secure); err == nil {
		conn.Close()
		t.Fatal("a stopped directory accepts connections")
	}
	d.Start(t)
	if again := readPerson(t, d, dialLDAP(t, address, secure)); again != uuid {
		t.Errorf("entryUUID after a restart = %s, want %s", again, uuid)
	}

	d.Freeze()
	start := time.Now()
	if _, err := ldap.DialURL(address, secure, ldap.DialWithDialer(&net.Dialer{Timeout: 300 * time.Millisecond})); err == nil {
		t.Error("a frozen directory answers")
	} else if time.Since(start) < 250*time.Millisecond {
		t.Errorf("a frozen directory fails at once: %v", err)
	}
	d.Thaw()
	readPerson(t, d, dialLDAP(t, address, secure))
}

func dialLDAP(t *testing.T, address string, options ...ldap.DialOpt) *ldap.Conn {
	t.Helper()
	conn, err := ldap.DialURL(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// readPerson reads one agent as the service account and returns the entryUUID.
func readPerson(t *testing.T, d *servers.Directory, conn *ldap.Conn) string {
	t.Helper()
	if err := conn.Bind(d.BindDN, d.BindPassword); err != nil {
		t.Fatal(err)
	}
	result, err := conn.Search(&ldap.SearchRequest{
		BaseDN: d.BaseDN, Scope: ldap.ScopeWholeSubtree, Filter: "(mail=amelie.lefevre@bourg.example)",
		Attributes: []string{"givenName", "sn", "memberOf", "entryUUID", "userPassword"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Entries) != 1 {
		t.Fatalf("search gives %d entries, want 1", len(result.Entries))
	}
	entry := result.Entries[0]
	got := map[string][]string{}
	for _, name := range []string{"givenName", "sn", "memberOf", "userPassword"} {
		got[name] = entry.GetAttributeValues(name)
	}
	want := map[string][]string{
		"givenName": {"Amélie"}, "sn": {"Lefèvre"}, "userPassword": {},
		"memberOf": {`cn=Accueil\, état civil,ou=groupes,` + d.BaseDN, "cn=Tous les agents,ou=groupes," + d.BaseDN},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	return entry.GetAttributeValue("entryUUID")
}

func readCAs(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("%s holds no certificate", path)
	}
	return pool
}
