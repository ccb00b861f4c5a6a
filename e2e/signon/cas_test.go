package signon_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/applications"
	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso"
)

// overTLS starts a portal behind a reverse proxy with a certificate of the
// authority, as installations do: CAS clients refuse plain http.
func overTLS(t *testing.T, authority servers.Authority) (p *servertest.Portal, address string) {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(authority.Dir, "cert.pem"), filepath.Join(authority.Dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = "https://localhost:" + listener.Addr().String()[strings.LastIndexByte(listener.Addr().String(), ':')+1:]
	p = servertest.NewWith(t, func(c *server.Config) {
		c.URL, c.Applications.AllowInside, c.Applications.CAFile = address, true, authority.CA()
	})
	behind, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := &http.Server{
		Handler: httputil.NewSingleHostReverseProxy(behind), ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	go front.ServeTLS(listener, "", "")
	t.Cleanup(func() { front.Close() })
	return p, address
}

// register adds an application of bourg.
func register(t *testing.T, p *servertest.Portal, id, address string) {
	t.Helper()
	parsed, err := sso.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Applications.Create(t.Context(), directory.Installation("bourg"), applications.Application{
		ID: id, Name: "Finances", URL: "https://finances.bourg.example/", Kind: sso.KindCAS, Addresses: []sso.Address{parsed},
		Releases: []applications.Release{{Name: "mail", Attribute: applications.Email}, {Name: "sn", Attribute: applications.FamilyName}},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
}

// visitor is a browser that follows redirections.
type visitor struct {
	t      *testing.T
	client *http.Client
}

func newVisitor(t *testing.T, authority servers.Authority) *visitor {
	t.Helper()
	text, err := os.ReadFile(authority.CA())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &visitor{t, &http.Client{Transport: transport, Jar: jar, Timeout: time.Minute}}
}

// open returns where a page led, and what it shows.
func (v *visitor) open(address string) (*url.URL, string) {
	v.t.Helper()
	request, err := http.NewRequest("GET", address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/html") // mod_auth_openidc sends only browsers to sign in
	return v.read(v.client.Do(request))
}

func (v *visitor) send(address string, fields url.Values) (*url.URL, string) {
	v.t.Helper()
	return v.read(v.client.PostForm(address, fields))
}

func (v *visitor) read(response *http.Response, err error) (*url.URL, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.Request.URL, string(text)
}

// signInFor goes through the sign-in that an application sent to, and returns
// what the application shows.
func (v *visitor) signInFor(address, application, login string) string {
	v.t.Helper()
	at, _ := v.open(application)
	if at.Path != "/sign-in" || !strings.HasPrefix(address, "https://"+at.Host) {
		v.t.Fatalf("the application leads to %s, not to the sign-in", at)
	}
	v.send(address+"/sign-in", url.Values{"login": {login}, "next": {at.Query().Get("next")}})
	at, shown := v.send(address+"/sign-in/password", url.Values{"password": {servertest.Password}})
	if !strings.HasPrefix(at.String(), application) {
		v.t.Fatalf("the sign-in leads to %s:\n%.2000s", at, shown)
	}
	return shown
}

// TestApacheAsksCAS: mod_auth_cas lets an agent in by her sign-in, knows her and
// her attributes, and forgets her when she signs out of the portal.
func TestApacheAsksCAS(t *testing.T) {
	authority := servers.NewAuthority(t)
	p, address := overTLS(t, authority)
	apache := servers.CASApache(t, address+"/cas", authority)
	asksCAS(t, p, address, authority, apache+"/app",
		"REMOTE_USER=agent@bourg.example\n", "HTTP_CAS_MAIL=agent@bourg.example\n", "HTTP_CAS_SN=Le Goff\n")
}

// TestPHPAsksCAS is the same with phpCAS.
func TestPHPAsksCAS(t *testing.T) {
	authority := servers.NewAuthority(t)
	p, address := overTLS(t, authority)
	php := servers.CASPHP(t, address+"/cas", authority)
	asksCAS(t, p, address, authority, php.URL+"/", "user=agent@bourg.example\n", "mail=agent@bourg.example\n", "sn=Le Goff\n")
}

// asksCAS opens an application, which must show every text, twice, then signs
// out of the portal.
func asksCAS(t *testing.T, p *servertest.Portal, address string, authority servers.Authority, application string, texts ...string) {
	t.Helper()
	register(t, p, "finances", application)
	v := newVisitor(t, authority)
	shown := v.signInFor(address, application, "agent@bourg.example")
	for _, want := range texts {
		if !strings.Contains(shown, want) {
			t.Errorf("the application does not see %q:\n%s", want, shown)
		}
	}
	if at, shown := v.open(application + "?again=1"); !strings.HasPrefix(at.String(), application) || !strings.Contains(shown, texts[0]) {
		t.Errorf("her session in the application is not kept: %s", at)
	}
	v.open(address + "/cas/logout")
	deadline := time.Now().Add(20 * time.Second)
	for {
		at, _ := v.open(application)
		if at.Path == "/sign-in" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("her session in the application outlives that of the portal")
		}
		time.Sleep(50 * time.Millisecond)
	}
}
