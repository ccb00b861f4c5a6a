package directory_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/portal/seal"
	"parvis/portal/web"
	"parvis/sso"
	"parvis/sso/ssotest"
	"parvis/sso/upstream"
	"parvis/themes"
)

// password is that of every agent of a house.
const password = "Tilleul en fleur 7"

// house is a town with its doors: the pages of sign-in, account and directory
// on a real server, over real parts.
type house struct {
	inviter *directory.Inviter
	*town
	db       *database.DB
	service  *sso.Service
	server   *httptest.Server
	printer  *i18n.Printer
	sealer   *seal.Sealer
	arrivals *directory.Arrivals
	late     atomic.Int64 // how far the clock is ahead, in ns
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{db: databasetest.New(t)}
	h.town = newTownIn(t, directory.New(h.db))
	log := slog.New(slog.DiscardHandler)
	look := got(houseLook())(t)
	catalogue, assets, renderer := look.catalogue, look.assets, look.renderer.Copy()
	h.printer = catalogue.Printer(i18n.French)
	sealer := got(seal.Open(filepath.Join(t.TempDir(), "key")))(t)
	h.sealer = sealer
	servers := ldapdir.New(log)
	t.Cleanup(servers.Close)
	h.service = sso.New(sso.Options{
		DB: h.db, People: directory.SignIn{Store: h.Store}, Directories: servers, Registry: servers, Issuers: upstream.New(),
		Renderer: renderer, Sealer: sealer, Log: log, Now: h.now,
	})
	h.OnChange(h.service.Changed)
	ssotest.Open(t, h.db, h.service.Passwords, password, h.anne.Account, h.luc.Account, h.both.Account)
	router := got(web.NewRouter(web.Config{Identifier: h.service.Sessions, Renderer: renderer, Catalogue: catalogue, Log: log, Now: h.now}))(t)
	router.Mount(h.service.Routes()...)
	h.inviter = directory.NewInviter(h.Store, h.service.Methods, post.New(post.Options{DB: h.db, Sealer: sealer, Log: log}), catalogue, "https://parvis.example")
	h.arrivals = directory.NewArrivals(h.Store, h.inviter, log)
	router.Mount(directory.NewHandler(h.Store, renderer, h.inviter, h.arrivals, h.service.Sessions).Routes()...)
	router.Mount(
		web.Route{Method: "GET", Path: "/", Access: web.SignedIn, Handler: sayWho},
		web.Route{Method: "GET", Path: themes.Prefix + "*", Access: web.Public, Handler: func(w http.ResponseWriter, r *http.Request) error {
			assets.ServeHTTP(w, r)
			return nil
		}})
	h.server = httptest.NewServer(router)
	t.Cleanup(h.server.Close)
	return h
}

// look is what the pages of houses are made with.
type look struct {
	assets    *themes.Assets
	catalogue *i18n.Catalogue
	renderer  *web.Renderer
}

// houseLook is parsed once for all houses.
var houseLook = sync.OnceValues(func() (l look, err error) {
	if l.assets, err = themes.NewAssets(); err != nil {
		return l, err
	}
	if l.catalogue, err = i18n.Load(themes.Locales, web.Locales, audit.Locales, sso.Locales, upstream.Locales, directory.Locales, ldapdir.Locales); err != nil {
		return l, err
	}
	l.renderer, err = web.NewRenderer(l.catalogue, l.assets.URL, nil, sso.Templates, directory.Templates)
	return l, err
})

// sayWho is the home page of a house: the agent and the collectivity.
func sayWho(w http.ResponseWriter, r *http.Request) error {
	identity := web.IdentityOf(r)
	_, err := io.WriteString(w, "home of "+identity.PersonName+" in "+string(identity.Caller.Collectivity))
	return err
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.late.Load())) }

// later moves the clock on.
func (h *house) later(d time.Duration) { h.late.Add(int64(d)) }

// person is somebody with a browser of her own.
type person struct {
	t      testing.TB
	house  *house
	client *http.Client
	agent  string // User-Agent, "" for Go's
	kiosk  bool   // said at toIssuer
}

func (h *house) browser(t testing.TB) *person {
	t.Helper()
	jar := got(cookiejar.New(nil))(t)
	return &person{t: t, house: h, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// answer is what a browser sees of one exchange.
type answer struct {
	status   int
	location string
	header   http.Header
	body     string
}

func (b *person) do(request *http.Request) answer {
	b.t.Helper()
	if b.agent != "" {
		request.Header.Set("User-Agent", b.agent)
	}
	response, err := b.client.Do(request)
	must(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(b.t, err)
	return answer{response.StatusCode, response.Header.Get("Location"), response.Header, string(body)}
}

func (b *person) get(path string) answer {
	b.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.house.server.URL + path
	}
	request, err := http.NewRequest(http.MethodGet, path, nil)
	must(b.t, err)
	return b.do(request)
}

func (b *person) post(path string, form url.Values) answer {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodPost, b.house.server.URL+path, strings.NewReader(form.Encode()))
	must(b.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(request)
}

// signIn types a login, then a password, and returns the last answer.
func (b *person) signIn(login, password string) answer {
	b.t.Helper()
	first := b.post("/sign-in", url.Values{"login": {login}})
	if first.status != http.StatusSeeOther {
		return first
	}
	return b.post(first.location, url.Values{"password": {password}})
}

// enter signs in and fails the test when it can't.
func (b *person) enter(login, password string) {
	b.t.Helper()
	if last := b.signIn(login, password); last.status != http.StatusSeeOther {
		b.t.Fatalf("sign-in of %q = %d\n%s", login, last.status, last.body)
	}
}

func (b *person) home() string {
	b.t.Helper()
	return b.get("/").body
}

func (a answer) want(t testing.TB, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status = %d (to %q), want %d\n%s", a.status, a.location, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page does not say %q:\n%s", text, a.body)
		}
	}
}

// as returns a browser signed in as a caller.
func (h *house) as(t testing.TB, caller portal.Caller) *person {
	t.Helper()
	b := h.browser(t)
	secret := got(h.service.Open(context.Background(), caller.Account, caller.Collectivity))(t)
	address := got(url.Parse(h.server.URL))(t)
	b.client.Jar.SetCookies(address, []*http.Cookie{{Name: sso.CookieName(false), Value: secret, Path: "/"}})
	return b
}
