package web_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// byHeader identifies by a test header, "agent", "editor", "operator".
type byHeader struct{}

func (byHeader) Identify(r *http.Request) (*web.Identity, error) {
	who := r.Header.Get("X-Who")
	identity := &web.Identity{Collectivity: web.Collectivity{ID: "bourg", Name: "Bourg", Language: i18n.French}}
	identity.Caller = portal.Caller{Account: "a", Agent: "g", Collectivity: "bourg"}
	switch who {
	case "agent":
	case "editor":
		identity.Caller.Rights = []portal.Right{portal.EditNews}
	case "operator":
		identity.Caller = portal.Caller{Account: "o", Rights: []portal.Right{portal.OperatePool}}
	case "down":
		return nil, portal.ErrUnavailable
	default:
		return nil, nil
	}
	return identity, nil
}

var testTemplates = fstest.MapFS{
	"frame.html": {Data: []byte(`{{define "frame"}}<html lang="{{.Lang}}"><title>{{.Title}}</title>{{with .Flash}}<p>{{.Text}}|{{.ActionHref}}</p>{{end}}{{.Content}}</html>{{end}}`)},
	"gate.html":  {Data: []byte(`{{define "gate"}}<html lang="{{.Lang}}">gate {{.Content}}</html>{{end}}`)},
	"page.html":  {Data: []byte(`{{define "test/page"}}<h1>{{.Title}}</h1>{{.Text}}{{end}}`)},
}

type testPage struct {
	web.Page
	Text string
}

func newRouter(t *testing.T, config web.Config) *web.Router {
	t.Helper()
	catalogue, err := i18n.Load(web.Locales, themes.Locales)
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(catalogue, func(name string) string { return "/assets/" + name }, nil, testTemplates)
	if err != nil {
		t.Fatal(err)
	}
	config.Identifier, config.Renderer, config.Catalogue = byHeader{}, renderer, catalogue
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	router, err := web.NewRouter(config)
	if err != nil {
		t.Fatal(err)
	}
	show := func(w http.ResponseWriter, r *http.Request) error {
		page := &testPage{Text: r.URL.Query().Get("text") + web.Var(r, "id")}
		page.Title = "Essai"
		return renderer.Render(w, r, http.StatusOK, "test/page", page)
	}
	fail := func(err error) web.Handler {
		return func(http.ResponseWriter, *http.Request) error { return err }
	}
	router.Mount(
		web.Route{Method: "GET", Path: "/open", Access: web.Public, Handler: show},
		web.Route{Method: "GET", Path: "/mine", Access: web.SignedIn, Handler: show},
		web.Route{Method: "GET", Path: "/things/{id}", Access: web.SignedIn, Handler: show},
		web.Route{Method: "GET", Path: "/write", Access: web.Needs(portal.EditNews), Handler: show},
		web.Route{Method: "GET", Path: "/pool", Access: web.Operator, Handler: show},
		web.Route{Method: "POST", Path: "/send", Access: web.SignedIn, MaxBody: 10, Handler: func(w http.ResponseWriter, r *http.Request) error {
			if err := web.ParseForm(r); err != nil {
				return err
			}
			web.SetUndo(w, r, "web.error.retry", "/undo", "web.error.title")
			return web.Redirect(w, r, "/mine")
		}},
		web.Route{Method: "*", Path: "/dav/*", Access: web.Protocol, Handler: func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.WriteString(w, "dav "+r.Method)
			return err
		}},
		web.Route{Method: "GET", Path: "/missing", Access: web.Public, Handler: fail(portal.ErrNotFound)},
		web.Route{Method: "GET", Path: "/broken", Access: web.Public, Handler: fail(errors.New("secret detail"))},
		web.Route{Method: "GET", Path: "/panics", Access: web.Public, Handler: func(http.ResponseWriter, *http.Request) error { panic("secret detail") }},
	)
	return router
}

func send(router http.Handler, method, target, who string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("X-Who", who)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhoMayCallWhat(t *testing.T) {
	router := newRouter(t, web.Config{})
	const redirected = http.StatusSeeOther
	tests := []struct {
		path                          string
		nobody, agent, editor, pooler int
	}{
		{"/open", 200, 200, 200, 200},
		{"/mine", redirected, 200, 200, redirected},
		{"/things/12", redirected, 200, 200, redirected},
		{"/write", redirected, 404, 200, redirected},
		{"/pool", redirected, 404, 404, 200},
		{"/nowhere", 404, 404, 404, 404},
		{"/send", 405, 405, 405, 405},
	}
	for _, test := range tests {
		for who, want := range map[string]int{"": test.nobody, "agent": test.agent, "editor": test.editor, "operator": test.pooler} {
			if got := send(router, "GET", test.path, who).StatusCode; got != want {
				t.Errorf("GET %s as %q = %d, want %d", test.path, who, got, want)
			}
		}
	}
}

func TestSignInComesBackToThePage(t *testing.T) {
	router := newRouter(t, web.Config{})
	got := send(router, "GET", "/things/12?text=a%26b", "").Header.Get("Location")
	if want := "/sign-in?next=%2Fthings%2F12%3Ftext%3Da%2526b"; got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
	script := send(router, "GET", "/mine", "", "Sec-Fetch-Dest", "empty")
	if script.StatusCode != http.StatusUnauthorized {
		t.Errorf("a script without session gets %d, want 401", script.StatusCode)
	}
}

func TestAnotherSiteCannotPost(t *testing.T) {
	router := newRouter(t, web.Config{})
	crossing := send(router, "POST", "/send", "agent", "Sec-Fetch-Site", "cross-site")
	if crossing.StatusCode != http.StatusForbidden {
		t.Errorf("cross-site POST = %d, want 403", crossing.StatusCode)
	}
	if own := send(router, "POST", "/send", "agent", "Sec-Fetch-Site", "same-origin"); own.StatusCode != http.StatusSeeOther {
		t.Errorf("same-origin POST = %d, want 303", own.StatusCode)
	}
}

func TestErrorsSayWhatToDoAndHideDetails(t *testing.T) {
	var logged strings.Builder
	router := newRouter(t, web.Config{Log: slog.New(slog.NewTextHandler(&logged, nil))})
	for path, want := range map[string]int{"/missing": 404, "/broken": 500, "/panics": 500} {
		logged.Reset()
		response := send(router, "GET", path, "agent")
		text := body(t, response)
		if response.StatusCode != want || !strings.Contains(text, "Revenir à l’accueil") {
			t.Errorf("GET %s = %d %s", path, response.StatusCode, text)
		}
		if strings.Contains(text, "secret detail") {
			t.Errorf("GET %s shows the error's text", path)
		}
		if got := strings.Count(logged.String(), "secret detail"); want == 500 && got != 1 || want == 404 && got != 0 {
			t.Errorf("GET %s logged %d times: %s", path, got, logged.String())
		}
		if want == 500 && !strings.Contains(text, "Référence à donner") {
			t.Errorf("GET %s has no reference", path)
		}
	}
	down := send(router, "GET", "/mine", "down")
	if down.StatusCode != http.StatusServiceUnavailable || down.Header.Get("Retry-After") == "" {
		t.Errorf("store down = %d, Retry-After %q", down.StatusCode, down.Header.Get("Retry-After"))
	}
}

func TestTextIsEscapedAndPagesAreCached(t *testing.T) {
	router := newRouter(t, web.Config{})
	response := send(router, "GET", "/open?text=%3Cscript%3E", "agent")
	if text := body(t, response); strings.Contains(text, "<script>") {
		t.Errorf("page shows %s", text)
	}
	etag := response.Header.Get("ETag")
	again := send(router, "GET", "/open?text=%3Cscript%3E", "agent", "If-None-Match", etag)
	if etag == "" || again.StatusCode != http.StatusNotModified {
		t.Errorf("ETag %q then %d, want 304", etag, again.StatusCode)
	}
	other := send(router, "GET", "/open?text=other", "agent", "If-None-Match", etag)
	if other.StatusCode != http.StatusOK {
		t.Errorf("another page = %d, want 200", other.StatusCode)
	}
}

func TestEveryBrowserAnswerIsHardened(t *testing.T) {
	router := newRouter(t, web.Config{BaseURL: "https://parvis.example"})
	for _, path := range []string{"/open", "/nowhere", "/broken", "/panics"} {
		header := send(router, "GET", path, "agent").Header
		for name, want := range map[string]string{
			"Content-Security-Policy":   "default-src 'none'; script-src 'self'",
			"X-Content-Type-Options":    "nosniff",
			"Referrer-Policy":           "same-origin",
			"Strict-Transport-Security": "max-age=31536000",
			"Cache-Control":             "private",
		} {
			if !strings.Contains(header.Get(name), want) {
				t.Errorf("GET %s: %s = %q, want %q", path, name, header.Get(name), want)
			}
		}
		if strings.Contains(header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("GET %s: unsafe policy", path)
		}
	}
	dav := send(router, "PROPFIND", "/dav/calendars/", "")
	if text := body(t, dav); text != "dav PROPFIND" || dav.Header.Get("Set-Cookie") != "" {
		t.Errorf("protocol route answered %q %v", text, dav.Header)
	}
}

func TestAFlashIsShownOnce(t *testing.T) {
	router := newRouter(t, web.Config{})
	posted := send(router, "POST", "/send", "agent")
	cookie := posted.Cookies()[0]
	shown := send(router, "GET", "/mine", "agent", "Cookie", cookie.Name+"="+cookie.Value)
	if text := body(t, shown); !strings.Contains(text, "Cette page ne peut pas s’afficher|/undo") {
		t.Errorf("page after the action: %s", text)
	}
	if cleared := shown.Cookies(); len(cleared) != 1 || cleared[0].MaxAge != -1 {
		t.Errorf("flash not cleared: %v", cleared)
	}
	forged := send(router, "GET", "/mine", "agent", "Cookie", "flash=bm90LWpzb24")
	if text := body(t, forged); strings.Contains(text, "|") {
		t.Errorf("a forged flash is shown: %s", text)
	}
}

// TestANeighbourChoosesNoButton: over https a cookie that another host may set is
// not looked at, and a button leads to no other site in any spelling.
func TestANeighbourChoosesNoButton(t *testing.T) {
	router := newRouter(t, web.Config{BaseURL: "https://parvis.example"})
	posted := send(router, "POST", "/send", "agent").Cookies()[0]
	if posted.Name != "__Host-flash" || !posted.Secure || posted.Path != "/" || posted.Domain != "" {
		t.Fatalf("cookie %v", posted)
	}
	if text := body(t, send(router, "GET", "/mine", "agent", "Cookie", posted.Name+"="+posted.Value)); !strings.Contains(text, "|/undo") {
		t.Errorf("our own: %s", text)
	}
	if text := body(t, send(router, "GET", "/mine", "agent", "Cookie", "flash="+posted.Value)); strings.Contains(text, "|") {
		t.Errorf("a neighbour's: %s", text)
	}
	for _, action := range []string{"//evil.example", `/\\evil.example`, "/%2F/evil.example", "https://evil.example/", "javascript:x"} {
		text, err := base64.RawURLEncoding.DecodeString(posted.Value)
		if err != nil {
			t.Fatal(err)
		}
		forged := base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(text, []byte("/undo"), []byte(action)))
		if text := body(t, send(router, "GET", "/mine", "agent", "Cookie", posted.Name+"="+forged)); !strings.Contains(text, "|</p>") {
			t.Errorf("%s: %s", action, text)
		}
	}
}

func TestTheReadersLanguage(t *testing.T) {
	router := newRouter(t, web.Config{})
	tests := []struct{ who, cookie, accept, want string }{
		{"", "", "", "fr"},
		{"", "", "en-GB,en;q=0.9", "en"},
		{"", "lang=fr", "en-GB", "fr"},
		{"agent", "", "en-GB", "fr"}, // the collectivity's
		{"agent", "lang=en", "", "en"},
	}
	for _, test := range tests {
		text := body(t, send(router, "GET", "/open", test.who, "Cookie", test.cookie, "Accept-Language", test.accept))
		if !strings.Contains(text, `lang="`+test.want+`"`) {
			t.Errorf("%+v: %s", test, text)
		}
	}
}

func TestTheClientBehindTrustedProxies(t *testing.T) {
	networks, err := web.ParseNetworks([]string{"192.0.2.0/24", "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{"192.0.2.1:1", "", "192.0.2.1"},
		{"192.0.2.1:1", "198.51.100.1", "198.51.100.1"},
		{"192.0.2.1:1", "198.51.100.66, 198.51.100.1, 127.0.0.1", "198.51.100.1"},
		{"192.0.2.1:1", "nonsense", "192.0.2.1"},
	}
	for _, test := range tests {
		router := newRouter(t, web.Config{TrustedProxies: networks})
		var got string
		router.Mount(web.Route{Method: "GET", Path: "/who", Access: web.Public, Handler: func(_ http.ResponseWriter, r *http.Request) error {
			got = web.ClientAddr(r)
			return nil
		}})
		r := httptest.NewRequest("GET", "/who", nil)
		r.RemoteAddr = test.peer
		r.Header.Set("X-Forwarded-For", test.forwarded)
		router.ServeHTTP(httptest.NewRecorder(), r)
		if got != test.want {
			t.Errorf("client of %+v = %q", test, got)
		}
	}
	if _, err := web.ParseNetworks([]string{"10.0.0.0/99"}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("ParseNetworks = %v, want ErrInvalid", err)
	}
}

func TestABodyOverTheLimitIsRefusedInASentence(t *testing.T) {
	router := newRouter(t, web.Config{})
	r := httptest.NewRequest("POST", "/send", strings.NewReader("text="+strings.Repeat("x", 100)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Who", "agent")
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "trop volumineux") {
		t.Errorf("large body = %d %s", w.Code, w.Body)
	}
}

func TestTheFrameIsCutAroundItsContent(t *testing.T) {
	catalogue, err := i18n.Load(web.Locales, themes.Locales)
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(catalogue, func(string) string { return "" }, nil, testTemplates)
	if err != nil {
		t.Fatal(err)
	}
	router := newRouter(t, web.Config{})
	router.Mount(web.Route{Method: "GET", Path: "/cut", Access: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
		head, tail, err := renderer.Frame(w, r, &web.Page{Frame: themes.Frame{Title: "Accueil"}})
		if !strings.Contains(string(head), "Accueil") || string(tail) != "</html>" {
			t.Errorf("Frame = %q, %q", head, tail)
		}
		return err
	}})
	send(router, "GET", "/cut", "agent")
}

func TestWhatNoTextCanHoldNamesNothing(t *testing.T) {
	router := newRouter(t, web.Config{})
	for _, path := range []string{"/things/%00", "/things/a%ffb"} {
		if got := send(router, "GET", path, "agent").StatusCode; got != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, got)
		}
	}
	router.Mount(web.Route{Method: "POST", Path: "/form", Access: web.SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
		if err := web.ParseForm(r); err != nil {
			return err
		}
		_, err := io.WriteString(w, r.PostForm.Get("text"))
		return err
	}})
	r := httptest.NewRequest("POST", "/form", strings.NewReader("text=a%00b%ffc"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Who", "agent")
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	if got, want := w.Body.String(), "ab\uFFFDc"; got != want {
		t.Errorf("form value %q, want %q", got, want)
	}
}

func TestABodyThatNeverEndsIsLeft(t *testing.T) {
	router := newRouter(t, web.Config{})
	idle := func(http.ResponseWriter, *http.Request) error { return nil }
	router.Mount(
		web.Route{Method: "POST", Path: "/slow", Access: web.Public, Handler: idle},
		web.Route{Method: "PUT", Path: "/files/*", Access: web.Protocol, Slow: true, Handler: idle},
	)
	for _, request := range [][2]string{
		{"POST", "/slow"}, {"PUT", "/files/unread"}, {"POST", "/nowhere"}, {"PUT", "/mine"}, {"POST", "/send"},
	} {
		var deadlines []time.Duration
		r := httptest.NewRequest(request[0], request[1], strings.NewReader("x"))
		router.ServeHTTP(&deadlined{httptest.NewRecorder(), &deadlines}, r)
		if len(deadlines) == 0 {
			t.Errorf("%s %s: the body may take for ever", request[0], request[1])
			continue
		}
		if first := deadlines[0]; first <= 0 || first > time.Minute {
			t.Errorf("%s %s: until it is refused, the body may take %v", request[0], request[1], first)
		}
		if rest := deadlines[len(deadlines)-1]; rest <= 0 || rest > 10*time.Second {
			t.Errorf("%s %s: what was left unread may take %v", request[0], request[1], rest)
		}
	}
}

// deadlined remembers the deadlines that a connection was given.
type deadlined struct {
	*httptest.ResponseRecorder
	read *[]time.Duration
}

func (d *deadlined) SetReadDeadline(at time.Time) error {
	*d.read = append(*d.read, time.Until(at))
	return nil
}

func TestTheCodingsThatAClientTakes(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br, gzip;q=0.8": true, "*": true, "identity": false,
		"gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=0, *": false, "*;q=0, gzip": true, "gzip;q=0.001": true, "br;q=1, *;q=0": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", header)
		if got := web.AcceptsGzip(r); got != want {
			t.Errorf("AcceptsGzip(%q) = %t, want %t", header, got, want)
		}
	}
}

func TestAWrongMethodIsToldTheRightOnes(t *testing.T) {
	router := newRouter(t, web.Config{})
	for path, want := range map[string]string{"/mine": "GET, HEAD", "/send": "POST", "/things/7": "GET, HEAD"} {
		answer := send(router, "DELETE", path, "agent")
		if got := answer.Header.Get("Allow"); answer.StatusCode != http.StatusMethodNotAllowed || got != want {
			t.Errorf("DELETE %s = %d, Allow %q, want 405 and %q", path, answer.StatusCode, got, want)
		}
	}
}
