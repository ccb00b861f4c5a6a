package signon

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"parvis/applications"
	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
)

// parvis is a whole Parvis in a process of its own: this one's program, whose only
// test then is TestServe.
type parvis struct {
	pid int
	at  settled
	// gate are the application's own cookies, once it was opened.
	gate []*http.Cookie
	next atomic.Int64 // client addresses
}

// settled is what the process tells of itself.
type settled struct{ URL, ID, Secret string }

const serveVariable = "PARVIS_BENCH_DIRECTORY"

func openParvis(b *testing.B, directory *servers.Directory) subject {
	where, err := json.Marshal(ldapdir.Settings{URL: directory.URL, BindDN: directory.BindDN, BaseDN: directory.BaseDN})
	if err != nil {
		b.Fatal(err)
	}
	authority, err := os.ReadFile(directory.CAFile)
	if err != nil {
		b.Fatal(err)
	}
	method, err := json.Marshal(sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Settings: where, Secret: directory.BindPassword, CA: string(authority)})
	if err != nil {
		b.Fatal(err)
	}
	process := exec.Command(os.Args[0], "-test.run=^TestServe$", "-test.v=false")
	process.Env = append(os.Environ(), serveVariable+"="+string(method))
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := process.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		process.Wait()
	})
	p := &parvis{pid: process.Process.Pid}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.at)
	}
	if err != nil {
		b.Fatalf("Parvis does not start: %v %s", err, line)
	}
	go io.Copy(io.Discard, out)
	return p
}

// TestServe is the process: it serves until its input ends.
func TestServe(t *testing.T) {
	given := os.Getenv(serveVariable)
	if given == "" {
		return
	}
	var method sso.Method
	if err := json.Unmarshal([]byte(given), &method); err != nil {
		t.Fatal(err)
	}
	server.Tune()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	if err := p.SSO.Methods.Set(t.Context(), method); err != nil {
		t.Fatal(err)
	}
	caller := directory.Installation("bourg")
	for _, one := range []struct {
		id      string
		kind    sso.ApplicationKind
		address string
	}{{"finances", sso.KindCAS, casService}, {"app", sso.KindOIDC, callback}, {"gestion", sso.KindForward, "https://gestion.bourg.example/"}} {
		address, err := sso.ParseAddress(one.address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Applications.Create(t.Context(), caller, applications.Application{
			ID: one.id, Name: one.id, URL: one.address, Kind: one.kind, Addresses: []sso.Address{address},
			Releases: []applications.Release{{Name: "mail", Attribute: applications.Email}, {Name: "cn", Attribute: applications.DisplayName}},
		}, "")
		if err != nil {
			t.Fatal(err)
		}
	}
	id, secret, err := p.OpenID.SetClient(t.Context(), p.Caller("admin@bourg.example", "bourg"), openid.Client{Application: "app", Algorithm: "RS256"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(settled{p.URL, id, secret}); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, os.Stdin)
}

func (p *parvis) processes() []int { return []int{p.pid} }

func (p *parvis) client() (id, secret string) { return p.at.ID, p.at.Secret }

func (p *parvis) address(of string) string {
	return p.at.URL + map[string]string{
		"portal": "/", "cas": "/cas", "authorize": "/oidc/bourg/authorize", "token": "/oidc/bourg/token", "userinfo": "/oidc/bourg/userinfo",
	}[of]
}

func (p *parvis) signIn(b *testing.B, person servers.Person) *http.Cookie {
	b.Helper()
	from := fmt.Sprintf("10.0.%d.%d", p.next.Add(1)/250%250, p.next.Load()%250) // as through a proxy: no address signs everybody in
	name := post(p.at.URL+"/sign-in", url.Values{"login": {person.Mail}})
	name.Header.Set("X-Forwarded-For", from)
	first, _ := do(b, name, http.StatusSeeOther)
	password := post(p.at.URL+"/sign-in/password", url.Values{"password": {person.Password}}, first.Cookies()...)
	password.Header.Set("X-Forwarded-For", from)
	second, _ := do(b, password, http.StatusSeeOther)
	return cookieOf(b, second, "parvis")
}

func (p *parvis) forward(b *testing.B, session *http.Cookie) *http.Request {
	b.Helper()
	if p.gate == nil {
		start, _ := do(b, get(p.at.URL+"/forward/start?"+url.Values{"to": {protected}}.Encode(), session), http.StatusSeeOther)
		back, err := start.Location()
		if err != nil {
			b.Fatal(err)
		}
		handed := get(p.at.URL + back.RequestURI())
		handed.Header.Set("X-Original-URL", back.String())
		response, _ := do(b, handed, http.StatusSeeOther)
		p.gate = response.Cookies()
	}
	request := get(p.at.URL+"/forward/nginx", p.gate...)
	request.Header.Set("X-Original-URL", protected)
	return request
}
