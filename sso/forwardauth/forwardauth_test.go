package forwardauth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// world is a portal, a proxy that asks it, and an application behind that tells
// what it is told.
type world struct {
	*servertest.Portal
	t     testing.TB
	proxy string // "http://127.0.0.1:40131"
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldBehind(t, servers.Nginx)
}

// newWorldBehind is newWorld with another proxy, which serves a backend.
func newWorldBehind(t *testing.T, proxy func(t testing.TB, parvis, backend string) (url string)) *world {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "path=%s user=%s mail=%s", r.URL.Path, cgi(r.Header, "Parvis-User"), cgi(r.Header, "Parvis-Mail"))
	}))
	t.Cleanup(backend.Close)
	w := &world{Portal: p, t: t, proxy: proxy(t, p.URL, backend.URL)}
	w.protect("bourg", "finances", w.proxy+"/", "accueil")
	return w
}

// cgi is a header as many applications read it: "_" is "-" to them (RFC 3875 §4.1.18).
func cgi(headers http.Header, name string) (values []string) {
	for header, all := range headers {
		if strings.EqualFold(strings.ReplaceAll(header, "_", "-"), name) {
			values = append(values, all...)
		}
	}
	return values
}

// protect registers an application behind the proxy.
func (w *world) protect(collectivity portal.CollectivityID, id, address string, groups ...portal.GroupID) {
	w.t.Helper()
	w.Register(servertest.Application{
		Collectivity: collectivity, ID: id, Kind: sso.KindForward, Addresses: []string{address}, Groups: groups,
		Releases: map[string]string{"mail": "email"},
	})
}

// browser follows redirects and keeps its cookies, host by host.
func (w *world) browser() *http.Client {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

func (w *world) get(client *http.Client, address string) (final, body string, status int) {
	w.t.Helper()
	answer, err := client.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.Request.URL.String(), string(text), answer.StatusCode
}

// signIn fills in the sign-in to which the proxy sent the browser, and returns
// where it ends.
func (w *world) signIn(client *http.Client, at, login string) (final, body string) {
	w.t.Helper()
	page, err := url.Parse(at)
	if err != nil || page.Path != "/sign-in" {
		w.t.Fatalf("sent to %q, want the sign-in", at)
	}
	var answer *http.Response
	for path, fields := range map[string]url.Values{"/sign-in": {"login": {login}, "next": {page.Query().Get("next")}}} {
		if answer, err = client.PostForm(w.URL+path, fields); err != nil {
			w.t.Fatal(err)
		}
		answer.Body.Close()
	}
	if answer, err = client.PostForm(w.URL+"/sign-in/password", url.Values{"password": {servertest.Password}}); err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.Request.URL.String(), string(text)
}

// TestAnApplicationBehindEachProxy, as docs/recipes writes it: sign in once, be
// known to it by what we say and nothing else, and be out of it with the sign-out.
func TestAnApplicationBehindEachProxy(t *testing.T) {
	for name, proxy := range map[string]func(t testing.TB, parvis, backend string) (url string){
		"nginx": servers.Nginx, "Caddy": servers.Caddy, "Apache": servers.Apache,
	} {
		t.Run(name, func(t *testing.T) { newWorldBehind(t, proxy).story() })
	}
}

func (w *world) story() {
	w.t.Helper()
	client := w.browser()
	at, _, _ := w.get(client, w.proxy+"/budget/2026?page=2&q=%C3%A9%26")
	final, body := w.signIn(client, at, "agent@bourg.example")
	if final != w.proxy+"/budget/2026?page=2&q=%C3%A9%26" || !strings.Contains(body, "path=/budget/2026 user=[agent@bourg.example] mail=[agent@bourg.example]") {
		w.t.Errorf("ends at %q with %q", final, body)
	}
	for _, path := range []string{"/", "/a%20b/%C3%A9?x=1&y=%2F", "/?next=//evil.example"} {
		if _, body, _ := w.get(client, w.proxy+path); !strings.Contains(body, "user=[agent@bourg.example]") {
			w.t.Errorf("%s: %q", path, body)
		}
	}
	w.lie(client)
	w.elsewhere()
	answer, err := client.PostForm(w.URL+"/sign-out", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	w.SSO.Forget("")
	if at, body, _ := w.get(client, w.proxy+"/"); !strings.Contains(at, "/sign-in") {
		w.t.Errorf("after the sign-out: at %q with %q", at, body)
	}
	w.lie(client)
}

// elsewhere asks the proxy for another application's host, with the cookie of who
// may open that one and not this one.
func (w *world) elsewhere() {
	w.t.Helper()
	w.protect("bourg", "other", "http://other.bourg.example/")
	request, err := http.NewRequest("GET", w.proxy+"/", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Host = "other.bourg.example"
	request.Header.Set("Cookie", w.cookieFor("collegue@bourg.example", "http://other.bourg.example/"))
	answer, err := w.browser().Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || strings.Contains(string(text), "path=") {
		w.t.Errorf("who opens another application reads this one: %q, %v", text, err)
	}
}

// lie asks with headers that a browser makes up; none may reach the application.
func (w *world) lie(client *http.Client) {
	w.t.Helper()
	for _, name := range []string{"Parvis-User", "parvis-user", "Parvis_User", "Parvis-Mail", "Parvis_Mail", "X-Original-URL", "X-Forwarded-Uri", "X-Forwarded-Host"} {
		request, err := http.NewRequest("GET", w.proxy+"/", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		request.Header[name] = []string{"admin@bourg.example"}
		answer, err := client.Do(request)
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || strings.Contains(string(text), "admin@bourg.example") {
			w.t.Errorf("%s of the browser reaches the application: %q, %v", name, text, err)
		}
	}
}

// TestAClosedAgentIsOutAtTheNextRequest.
func TestAClosedAgentIsOutAtTheNextRequest(t *testing.T) {
	w := newWorld(t)
	client := w.browser()
	at, _, _ := w.get(client, w.proxy+"/")
	w.signIn(client, at, "agent@bourg.example")
	err := w.Directory.CloseAgent(t.Context(), w.Caller("admin@bourg.example", "bourg"), w.Caller("agent@bourg.example", "bourg").Agent, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, body, _ := w.get(client, w.proxy+"/"); strings.Contains(body, "user=") {
		t.Errorf("a closed agent reads %q", body)
	}
}

// TestWhoMayNotOpenIsToldWhy, as is who is of another collectivity.
func TestWhoMayNotOpenIsToldWhy(t *testing.T) {
	w := newWorld(t)
	for _, login := range []string{"collegue@bourg.example", "agent@agglo.example"} {
		client := w.browser()
		at, _, _ := w.get(client, w.proxy+"/")
		if final, body := w.signIn(client, at, login); !strings.HasPrefix(final, w.URL+"/forward/start") || strings.Contains(body, "user=") {
			t.Errorf("%s ends at %q", login, final)
		}
	}
}

// TestCVE_2026_25748_AMalformedCookieDoesNotPass (authentik): nor does one that a
// browser makes up.
func TestCVE_2026_25748_AMalformedCookieDoesNotPass(t *testing.T) {
	w := newWorld(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, cookie := range []string{"", "parvis-app=x", "parvis-app=" + portal.NewSecret(), "parvis-app=\"", "parvis-app=a; parvis-app=b", "=;;;", "parvis-app=" + strings.Repeat("a", 7000)} {
		request, err := http.NewRequest("GET", w.proxy+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", cookie)
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			t.Errorf("cookie %.40q passes", cookie)
		}
	}
}

// ask is what a proxy asks.
func (w *world) ask(path string, headers ...string) servertest.Answer {
	w.t.Helper()
	return w.Anonymous().Do("GET", path, nil, headers...)
}

// TestCVE_2026_40575_ABrowserDoesNotChooseTheAddress (oauth2-proxy): each endpoint
// believes the header that its proxy writes, not the one that went through it.
func TestCVE_2026_40575_ABrowserDoesNotChooseTheAddress(t *testing.T) {
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	w := &world{Portal: p, t: t, proxy: "http://apps.bourg.example"}
	w.protect("bourg", "wiki", w.proxy+"/wiki/")
	w.protect("bourg", "finances", w.proxy+"/finances/", "accueil")
	cookie := w.cookieFor("collegue@bourg.example", w.proxy+"/wiki/")
	parts := func(path string) []string {
		return []string{"X-Forwarded-Proto", "http", "X-Forwarded-Host", "apps.bourg.example", "X-Forwarded-Uri", path, "Cookie", cookie}
	}
	w.ask("/forward/auth", parts("/wiki/")...).Want(t, 200)
	w.ask("/forward/nginx", "X-Original-URL", w.proxy+"/wiki/", "Cookie", cookie).Want(t, 200)
	w.ask("/forward/auth", parts("/finances/")...).Want(t, 302)
	w.ask("/forward/auth", append(parts("/finances/"), "X-Original-URL", w.proxy+"/wiki/")...).Want(t, 302)
	w.ask("/forward/nginx", append(parts("/wiki/"), "X-Original-URL", w.proxy+"/finances/")...).Want(t, 401)
	w.ask("/forward/nginx", parts("/wiki/")...).Want(t, 403)
}

// TestASecondFactorAskedForLaterClosesTheApplication to who gave none.
func TestASecondFactorAskedForLaterClosesTheApplication(t *testing.T) {
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	w := &world{Portal: p, t: t, proxy: "http://apps.bourg.example"}
	w.protect("bourg", "wiki", w.proxy+"/wiki/")
	asks := []string{"X-Original-URL", w.proxy + "/wiki/", "Cookie", w.cookieFor("collegue@bourg.example", w.proxy+"/wiki/")}
	w.ask("/forward/nginx", asks...).Want(t, 200)
	w.AskSecondFactor("bourg", "wiki")
	w.SSO.Forget("")
	w.ask("/forward/nginx", asks...).Want(t, 401)
	if _, err := w.DB.Exec(t.Context(), `UPDATE sessions SET factors = 'pwd otp'`); err != nil {
		t.Fatal(err)
	}
	w.SSO.Forget("")
	w.ask("/forward/nginx", asks...).Want(t, 200)
}

// codeFor is the code handed to a person who may open an application, on its way
// to the application's host: as we are asked for it, and as the browser is sent.
func (w *world) codeFor(login, address string) (path, sent string) {
	w.t.Helper()
	sent = w.As(login).Get("/forward/start?"+url.Values{"to": {address}}.Encode()).Want(w.t, 303).Header.Get("Location")
	back, err := url.Parse(sent)
	if err != nil {
		w.t.Fatal(err)
	}
	return back.RequestURI(), sent
}

// cookieFor is the cookie of an application's host, handed to a person who may
// open it.
func (w *world) cookieFor(login, address string) string {
	w.t.Helper()
	path, sent := w.codeFor(login, address)
	cookie, _, _ := strings.Cut(w.ask(path, "X-Original-URL", sent).Want(w.t, 303).Header.Get("Set-Cookie"), ";")
	return cookie
}

// TestCVE_2020_24660_AnAddressReadInTwoWaysDoesNotPass (LemonLDAP::NG): nor does
// one that is nobody's.
func TestCVE_2020_24660_AnAddressReadInTwoWaysDoesNotPass(t *testing.T) {
	w := newWorld(t)
	w.ask("/forward/nginx", "X-Original-URL", w.proxy+"/").Want(t, 401)
	w.ask("/forward/auth", "X-Forwarded-Proto", "http", "X-Forwarded-Host", strings.TrimPrefix(w.proxy, "http://"), "X-Forwarded-Uri", "/").Want(t, 302)
	for _, address := range []string{
		"", "x", "/", w.proxy + "@evil.example/", w.proxy + "/..;/admin", w.proxy + "/%2e%2e/", w.proxy + "\\", "http://elsewhere.example/", w.proxy + "/a%2fb",
	} {
		w.ask("/forward/nginx", "X-Original-URL", address).Want(t, 403)
	}
	w.ask("/forward/auth").Want(t, 403)
	w.ask("/forward/auth", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "evil.example@"+strings.TrimPrefix(w.proxy, "http://"), "X-Forwarded-Uri", "/").Want(t, 403)
}

// TestAProxyThatIsNotTrustedIsNotAnswered: anybody could ask what a cookie opens, or
// turn a code into one.
func TestAProxyThatIsNotTrustedIsNotAnswered(t *testing.T) {
	w := &world{Portal: servertest.New(t), t: t, proxy: "http://apps.bourg.example"}
	w.protect("bourg", "wiki", w.proxy+"/wiki/")
	w.ask("/forward/nginx", "X-Original-URL", w.proxy+"/wiki/").Want(t, 403)
	path, sent := w.codeFor("collegue@bourg.example", w.proxy+"/wiki/")
	if answer := w.ask(path, "X-Original-URL", sent).Want(t, 403); answer.Header.Get("Set-Cookie") != "" {
		t.Errorf("a stranger is given %q", answer.Header.Get("Set-Cookie"))
	}
}

// wikiWorld is a world of one application that everyone of bourg may open, asked
// without a proxy in between, and the cookie of who did.
func wikiWorld(t *testing.T) (w *world, cookie string) {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.TrustedProxies = []string{"127.0.0.1"} })
	w = &world{Portal: p, t: t, proxy: "http://apps.bourg.example"}
	w.protect("bourg", "wiki", w.proxy+"/wiki/")
	return w, w.cookieFor("collegue@bourg.example", w.proxy+"/wiki/")
}

// TestWhatIsThereTwiceIsNotBelieved: one of the two is of the browser's making, and
// who reads the other one decides otherwise.
func TestWhatIsThereTwiceIsNotBelieved(t *testing.T) {
	w, cookie := wikiWorld(t)
	other := "parvis-app=" + portal.NewSecret()
	for _, both := range []string{cookie + "; " + other, other + "; " + cookie} {
		w.ask("/forward/nginx", "X-Original-URL", w.proxy+"/wiki/", "Cookie", both).Want(t, 401)
	}
	parts := http.Header{"X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"apps.bourg.example"}, "X-Forwarded-Uri": {"/wiki/"}}
	for endpoint, headers := range map[string]http.Header{"/forward/nginx": {"X-Original-Url": {w.proxy + "/wiki/"}}, "/forward/auth": parts} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", w.URL+endpoint, nil)
		if err != nil {
			t.Fatal(err)
		}
		status := func(twice string) int {
			request.Header = headers.Clone()
			request.Header.Set("Cookie", cookie)
			if twice != "" {
				request.Header[twice] = append(request.Header[twice], w.proxy+"/wiki/admin")
			}
			answer, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			return answer.StatusCode
		}
		if got := status(""); got != 200 {
			t.Errorf("%s, each once: %d, want 200", endpoint, got)
		}
		for name := range headers {
			if got := status(name); got != 403 {
				t.Errorf("%s, %s twice: %d, want 403", endpoint, name, got)
			}
		}
	}
}

// TestACodeIsNoCookie: it is in the history of the browser and in the logs of the
// proxy. Nor does it serve once it is a minute old.
func TestACodeIsNoCookie(t *testing.T) {
	w, _ := wikiWorld(t)
	path, sent := w.codeFor("collegue@bourg.example", w.proxy+"/wiki/")
	back, err := url.Parse(sent)
	if err != nil {
		t.Fatal(err)
	}
	w.ask("/forward/nginx", "X-Original-URL", w.proxy+"/wiki/", "Cookie", "parvis-app="+back.Query().Get("code")).Want(t, 401)
	if _, err := w.DB.Exec(t.Context(), `UPDATE forward_sessions SET created = created - 60001`); err != nil {
		t.Fatal(err)
	}
	if answer := w.ask(path, "X-Original-URL", sent).Want(t, 303); answer.Header.Get("Set-Cookie") != "" {
		t.Error("a code serves after more than a minute")
	}
}

// TestAnOpenedApplicationIsInTheJournal, and one that asks for more than a password
// is not opened by one.
func TestAnOpenedApplicationIsInTheJournal(t *testing.T) {
	w, _ := wikiWorld(t)
	opened := func() (all []audit.Entry) {
		lines, _, err := w.Journal.Lines(t.Context(), w.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.ApplicationOpened})
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	if lines := opened(); len(lines) != 1 || lines[0].ObjectID != "wiki" || lines[0].Detail != "forward" ||
		lines[0].Agent != w.Caller("collegue@bourg.example", "bourg").Agent {
		t.Errorf("the journal tells %+v", lines)
	}
	w.AskSecondFactor("bourg", "wiki")
	start := "/forward/start?" + url.Values{"to": {w.proxy + "/wiki/"}}.Encode()
	if to := w.As("collegue@bourg.example").Get(start).Want(t, 303).Header.Get("Location"); !strings.HasPrefix(to, "/sign-in/second?next=") {
		t.Errorf("a password alone leads to %q", to)
	}
	if lines := opened(); len(lines) != 1 {
		t.Errorf("the journal tells of what was not opened: %+v", lines)
	}
}

// TestACodeIsHandedOverOnce, and on its own host alone.
func TestACodeIsHandedOverOnce(t *testing.T) {
	w := newWorld(t)
	w.protect("bourg", "other", "http://other.example/")
	browser := w.As("agent@bourg.example")
	sent, err := url.Parse(browser.Get("/forward/start?"+url.Values{"to": {w.proxy + "/"}}.Encode()).Want(t, 303).Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	handed := func(at string) string {
		query := url.Values{"code": {sent.Query().Get("code")}, "to": {at + "/"}}
		return w.ask("/.parvis/return?"+query.Encode(), "X-Original-URL", at+"/.parvis/return").Header.Get("Set-Cookie")
	}
	if answer := w.ask("/.parvis/return", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "other.example"); answer.Status != 403 {
		t.Errorf("no address to go to: %d, want 403", answer.Status)
	}
	if cookie := handed("http://other.example"); cookie != "" {
		t.Errorf("the code of one application opens another: %q", cookie)
	}
	if cookie := handed(w.proxy); !strings.HasPrefix(cookie, "parvis-app=") || !strings.Contains(cookie, "HttpOnly") || strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %q", cookie)
	}
	if cookie := handed(w.proxy); cookie != "" {
		t.Errorf("the code serves twice: %q", cookie)
	}
}
