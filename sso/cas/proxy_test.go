package cas_test

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/portal/outgoing"
	"parvis/server/servertest"
)

// application is a business application that serves over https: it keeps what
// it is told.
type application struct {
	*httptest.Server
	mu      sync.Mutex
	grants  map[string]string // PGTIOU → PGT
	logouts []string          // logoutRequest, in their order
	asked   int
	answer  func(w http.ResponseWriter, r *http.Request) // of callbacks; nil: 200
}

func newApplication(t testing.TB) *application {
	t.Helper()
	a := &application{grants: map[string]string{}}
	a.Server = httptest.NewTLSServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if r.Method == http.MethodPost {
		a.logouts = append(a.logouts, r.PostFormValue("logoutRequest"))
		return
	}
	if a.answer != nil {
		a.answer(w, r)
		return
	}
	a.grants[r.FormValue("pgtIou")] = r.FormValue("pgtId")
}

// told waits until so many logout requests came, and returns what they name,
// sorted.
func (a *application) told(t testing.TB, count int) []string {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		a.mu.Lock()
		var found []string
		for _, request := range a.logouts {
			match := sessionIndex.FindStringSubmatch(request)
			if match == nil || !strings.Contains(request, ">@NOT_USED@</saml:NameID>") {
				t.Fatalf("logout request %q", request)
			}
			found = append(found, match[1])
		}
		a.mu.Unlock()
		if len(found) >= count || time.Now().After(deadline) {
			slices.Sort(found)
			return found
		}
		time.Sleep(10 * time.Millisecond)
	}
}

var sessionIndex = regexp.MustCompile(`<samlp:SessionIndex>([^<]*)</samlp:SessionIndex>`)

// trusting is a portal that trusts the applications' certificates, or not.
func trusting(t testing.TB, trusted, allowInside bool) *servertest.Portal {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	server1 := httptest.NewTLSServer(nil)
	server1.Close()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server1.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p := servertest.NewWith(t, func(config *servertest.Config) {
		config.Applications.AllowInside = allowInside
		if trusted {
			config.Applications.CAFile = file
		}
	})
	p.AddGroup("bourg", "elus", "Élus")
	return p
}

// TestAProxyDoesNotGoRoundASecondFactor that the other application asks for.
func TestAProxyDoesNotGoRoundASecondFactor(t *testing.T) {
	p := trusting(t, true, true)
	front := newApplication(t)
	add(p, "bourg", "front", front.URL+"/")
	add(p, "bourg", "strict", "https://strict.bourg.example/")
	p.AskSecondFactor("bourg", "strict")
	first := validate(t, p, front.URL+"/", ticketOf(t, p.As(agent), front.URL+"/"), "pgtUrl", front.URL+"/callback")
	if first.Success == nil {
		t.Fatal(first.code())
	}
	granting := front.grants[first.Success.IOU]
	if proxied := call(t, p, "proxy", "pgt", granting, "targetService", "https://strict.bourg.example/"); proxied.code() != "UNAUTHORIZED_SERVICE" {
		t.Errorf("with a password alone: %q, %+v", proxied.code(), proxied.Proxy)
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET factors = 'pwd otp'`); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget("")
	if proxied := call(t, p, "proxy", "pgt", granting, "targetService", "https://strict.bourg.example/"); proxied.Proxy == nil {
		t.Errorf("with a second factor: %q", proxied.code())
	}
}

func TestAChainOfProxies(t *testing.T) {
	p := trusting(t, true, true)
	front, middle := newApplication(t), newApplication(t)
	add(p, "bourg", "front", front.URL+"/app")
	add(p, "bourg", "middle", middle.URL+"/")
	add(p, "bourg", "back", "https://back.bourg.example/")
	add(p, "agglo", "transport", "https://transport.agglo.example/")
	client := p.As(agent)

	first := validate(t, p, front.URL+"/app", ticketOf(t, client, front.URL+"/app"), "pgtUrl", front.URL+"/callback?x=1")
	if first.Success == nil || !strings.HasPrefix(first.Success.IOU, "PGTIOU-") {
		t.Fatalf("no granting ticket: %s", first.code())
	}
	granting := front.grants[first.Success.IOU]
	if !strings.HasPrefix(granting, "PGT-") || len(granting) < 32 {
		t.Fatalf("the callback got %v", front.grants)
	}
	proxied := call(t, p, "proxy", "pgt", granting, "targetService", middle.URL+"/x")
	if proxied.Proxy == nil || !strings.HasPrefix(proxied.Proxy.Ticket, "PT-") {
		t.Fatalf("no proxy ticket: %s", proxied.code())
	}
	if got := validate(t, p, middle.URL+"/x", proxied.Proxy.Ticket).code(); got != "INVALID_TICKET_SPEC" {
		t.Errorf("serviceValidate takes a proxy ticket: %q", got)
	}
	if got := call(t, p, "proxyValidate", "service", middle.URL+"/x", "ticket", proxied.Proxy.Ticket).code(); got != "INVALID_TICKET" {
		t.Errorf("a proxy ticket shown at the wrong place serves again: %q", got)
	}
	proxied = call(t, p, "proxy", "pgt", granting, "targetService", middle.URL+"/x")
	second := call(t, p, "p3/proxyValidate", "service", middle.URL+"/x", "ticket", proxied.Proxy.Ticket, "pgtUrl", middle.URL+"/callback")
	if second.Success == nil || !slices.Equal(second.Success.Proxies, []string{front.URL + "/callback?x=1"}) {
		t.Fatalf("proxies %v, %s", second.Success, second.code())
	}
	last := call(t, p, "proxy", "pgt", middle.grants[second.Success.IOU], "targetService", "https://back.bourg.example/")
	third := call(t, p, "proxyValidate", "service", "https://back.bourg.example/", "ticket", last.Proxy.Ticket)
	if want := []string{middle.URL + "/callback", front.URL + "/callback?x=1"}; third.Success == nil || !slices.Equal(third.Success.Proxies, want) {
		t.Errorf("proxies %v, want %v", third.Success, want)
	}

	for name, test := range map[string]struct {
		pairs []string
		want  string
	}{
		"nothing":             {nil, "INVALID_REQUEST"},
		"no target":           {[]string{"pgt", granting}, "INVALID_REQUEST"},
		"two targets":         {[]string{"pgt", granting, "targetService", middle.URL, "targetService", middle.URL}, "INVALID_REQUEST"},
		"a service ticket":    {[]string{"pgt", ticketOf(t, client, middle.URL+"/"), "targetService", middle.URL}, "INVALID_TICKET"},
		"no ticket of ours":   {[]string{"pgt", "PGT-" + last.Proxy.Ticket[3:], "targetService", middle.URL}, "INVALID_TICKET"},
		"no application":      {[]string{"pgt", granting, "targetService", "https://voleur.example/"}, "UNAUTHORIZED_SERVICE"},
		"another's":           {[]string{"pgt", granting, "targetService", "https://transport.agglo.example/"}, "UNAUTHORIZED_SERVICE"},
		"a target in no way":  {[]string{"pgt", granting, "targetService", "javascript:1"}, "UNAUTHORIZED_SERVICE"},
		"an unknown format":   {[]string{"pgt", granting, "targetService", middle.URL, "format", "x"}, "INVALID_REQUEST"},
		"what is well formed": {[]string{"pgt", granting, "targetService", middle.URL}, ""},
	} {
		if got := call(t, p, "proxy", test.pairs...).code(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	p.Restrict("bourg", "middle", "elus")
	if got := call(t, p, "proxy", "pgt", granting, "targetService", middle.URL).code(); got != "UNAUTHORIZED_SERVICE" {
		t.Errorf("what she may not open any more: %q", got)
	}
	client.Post("/sign-out").Want(t, http.StatusSeeOther)
	if got := call(t, p, "proxy", "pgt", granting, "targetService", middle.URL).code(); got != "INVALID_TICKET" {
		t.Errorf("a granting ticket outlives its session: %q", got)
	}
}

// TestAProxyEndsWithItsApplicationAndItsSession, and the tickets that it gave but
// nobody showed end with it.
func TestAProxyEndsWithItsApplicationAndItsSession(t *testing.T) {
	for name, end := range map[string]func(p *servertest.Portal, client *servertest.Client){
		"its application is gone": func(p *servertest.Portal, _ *servertest.Client) { p.Withdraw("bourg", "front") },
		"she signed out": func(_ *servertest.Portal, client *servertest.Client) {
			client.Post("/sign-out").Want(t, http.StatusSeeOther)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, front := trusting(t, true, true), newApplication(t)
			add(p, "bourg", "front", front.URL)
			add(p, "bourg", "back", "https://back.bourg.example/")
			client := p.As(agent)
			first := validate(t, p, front.URL, ticketOf(t, client, front.URL), "pgtUrl", front.URL)
			pairs := []string{"pgt", front.grants[first.Success.IOU], "targetService", "https://back.bourg.example/"}
			given := call(t, p, "proxy", pairs...).Proxy.Ticket
			end(p, client)
			if got := call(t, p, "proxy", pairs...).code(); got != "INVALID_TICKET" {
				t.Errorf("%q", got)
			}
			if got := call(t, p, "proxyValidate", "service", "https://back.bourg.example/", "ticket", given).code(); got != "INVALID_TICKET" {
				t.Errorf("the ticket it gave: %q", got)
			}
		})
	}
}

// TestCallbacksThatAreRefused: a callback is a request that others make us send.
func TestCallbacksThatAreRefused(t *testing.T) {
	elsewhere := newApplication(t)
	for name, test := range map[string]struct {
		trusted, inside bool
		answer          func(w http.ResponseWriter, r *http.Request)
		callback        func(a *application) string
		want            string
	}{
		"certificate not trusted": {inside: true, want: "INVALID_PROXY_CALLBACK"},
		"address inside":          {trusted: true, want: "INVALID_PROXY_CALLBACK"},
		"redirection": {true, true, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}, nil, "INVALID_PROXY_CALLBACK"},
		"error": {true, true, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, nil, "INVALID_PROXY_CALLBACK"},
		"flood": {true, true, func(w http.ResponseWriter, _ *http.Request) {
			for range 3 {
				io.WriteString(w, strings.Repeat("x", 64<<10))
			}
		}, nil, "INVALID_PROXY_CALLBACK"},
		"silence": {true, true, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done(): // we left
			case <-time.After(4 * outgoing.Timeout):
			}
		}, nil, "INVALID_PROXY_CALLBACK"},
		"another port":             {true, true, nil, func(*application) string { return elsewhere.URL }, "UNAUTHORIZED_SERVICE_PROXY"},
		"plain http":               {true, true, nil, func(a *application) string { return strings.Replace(a.URL, "https:", "http:", 1) }, "INVALID_PROXY_CALLBACK"},
		"a name for the same host": {true, true, nil, func(a *application) string { return strings.Replace(a.URL, "127.0.0.1", "localhost", 1) }, "UNAUTHORIZED_SERVICE_PROXY"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApplication(t)
			p := trusting(t, test.trusted, test.inside)
			a.answer = test.answer
			add(p, "bourg", "app", a.URL)
			callback := a.URL
			if test.callback != nil {
				callback = test.callback(a)
			}
			asked := time.Now()
			if got := validate(t, p, a.URL, ticketOf(t, p.As(agent), a.URL), "pgtUrl", callback).code(); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if took := time.Since(asked); took > 2*outgoing.Timeout {
				t.Errorf("the application was waited for %v", took)
			}
			if left := count(t, p, `SELECT count(*) FROM cas_grantings`); left != 0 {
				t.Errorf("%d granting tickets are left", left)
			}
			if strings.Contains(p.Log(), "pgtId") {
				t.Error("the log holds a granting ticket")
			}
		})
	}
	if elsewhere.asked != 0 {
		t.Errorf("another address was asked %d times", elsewhere.asked)
	}
}

// TestSingleLogoutReachesEveryTicket that was validated: two for one address, one
// of a proxy, beside an application that is gone and one that never validated.
func TestSingleLogoutReachesEveryTicket(t *testing.T) {
	p := trusting(t, true, true)
	first, second := newApplication(t), newApplication(t)
	dead := httptest.NewTLSServer(nil)
	dead.Close()
	add(p, "bourg", "first", first.URL)
	add(p, "syndicat", "second", second.URL)
	add(p, "bourg", "dead", dead.URL)
	for name, end := range map[string]func(client *servertest.Client){
		"sign-out":   func(client *servertest.Client) { client.Post("/sign-out").Want(t, http.StatusSeeOther) },
		"cas/logout": func(client *servertest.Client) { client.Get("/cas/logout").Want(t, http.StatusFound) },
		"elsewhere": func(*servertest.Client) {
			p.As("secretaire@bourg.example").Post("/account/sessions/revoke-others").Want(t, http.StatusSeeOther)
		},
	} {
		first.logouts, second.logouts = nil, nil
		client := p.As("secretaire@bourg.example")
		opened := func(client *servertest.Client, service string) string {
			ticket := ticketOf(t, client, service)
			if read := validate(t, p, service, ticket); read.Success == nil {
				t.Fatal(read.code())
			}
			return ticket
		}
		opened(client, dead.URL)
		front := ticketOf(t, client, first.URL)
		granted := validate(t, p, first.URL, front, "pgtUrl", first.URL)
		proxied := call(t, p, "proxy", "pgt", first.grants[granted.Success.IOU], "targetService", first.URL).Proxy.Ticket
		if read := call(t, p, "proxyValidate", "service", first.URL, "ticket", proxied); read.Success == nil {
			t.Fatal(read.code())
		}
		here := []string{front, proxied, opened(client, first.URL)}
		there := []string{opened(client, second.URL)}
		ticketOf(t, client, second.URL)
		opened(p.As(agent), first.URL)
		end(client)
		slices.Sort(here)
		if got := first.told(t, len(here)); !slices.Equal(got, here) {
			t.Errorf("%s: told of %v, want %v", name, got, here)
		}
		if got := second.told(t, 1); !slices.Equal(got, there) {
			t.Errorf("%s: told of %v, want %v", name, got, there)
		}
	}
}

func TestApplicationsInsideAreNotToldUnlessAllowed(t *testing.T) {
	a := newApplication(t)
	p := trusting(t, true, false)
	add(p, "bourg", "app", a.URL)
	client := p.As(agent)
	validate(t, p, a.URL, ticketOf(t, client, a.URL))
	client.Post("/sign-out").Want(t, http.StatusSeeOther)
	deadline := time.Now().Add(20 * time.Second)
	for count(t, p, `SELECT count(*) FROM session_participants`) > 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if a.asked != 0 || !strings.Contains(p.Log(), "address inside of the network") {
		t.Errorf("asked %d times", a.asked)
	}
}

func TestEndedTicketsAreSwept(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	validate(t, p, finances, ticketOf(t, client, finances))
	if _, err := p.DB.Exec(t.Context(), `UPDATE cas_spent SET ends = ends - 700000`); err != nil {
		t.Fatal(err)
	}
	validate(t, p, finances, ticketOf(t, client, finances))
	p.Stop()
	again := servertest.Again(t, p.Config)
	deadline := time.Now().Add(20 * time.Second)
	for count(t, again, `SELECT count(*) FROM cas_spent`) != 1 {
		if time.Now().After(deadline) {
			t.Fatal("an ended ticket is left")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
