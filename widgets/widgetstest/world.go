// Package widgetstest holds a widget to its contract, and gives a test the home
// page in a portal of its own. Only tests import it.
package widgetstest

import (
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
	"parvis/widgets"
)

// World is a whole portal around the home page.
type World struct {
	DB        *database.DB
	Home      *widgets.Handler
	Router    *web.Router
	Catalogue *i18n.Catalogue

	t testing.TB

	mu         sync.Mutex
	identities map[string]*web.Identity // by the cookie "who"
	now        time.Time
}

// Identify knows people by a cookie, so that tests need no sign-in.
func (w *World) Identify(r *http.Request) (*web.Identity, error) {
	cookie, err := r.Cookie("who")
	if err != nil {
		return nil, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.identities[cookie.Value], nil
}

// New opens a portal around the home page with two collectivities, bourg and agglo. Its clock
// says Tuesday 24 November 2026, 9 h 35 in Paris.
func New(t testing.TB, config widgets.Config, locales ...fs.FS) *World {
	t.Helper()
	w := &World{t: t, identities: map[string]*web.Identity{}, now: time.Date(2026, 11, 24, 8, 35, 0, 0, time.UTC)}
	w.DB = databasetest.New(t)
	for _, id := range []string{"bourg", "agglo"} {
		_, err := w.DB.Exec(context.Background(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		if err != nil {
			t.Fatal(err)
		}
	}
	catalogue, err := i18n.Load(append([]fs.FS{web.Locales, themes.Locales, widgets.Locales}, locales...)...)
	if err != nil {
		t.Fatal(err)
	}
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	config.Renderer, err = web.NewRenderer(catalogue, assets.URL, nil, widgets.Templates)
	if err != nil {
		t.Fatal(err)
	}
	config.DB, w.Catalogue = w.DB, catalogue
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Limits.Page == 0 {
		config.Limits.Page = 5 * time.Second // a busy machine makes no box late
	}
	w.Home, err = widgets.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := w.Home.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	w.Router, err = web.NewRouter(web.Config{
		Identifier: w, Renderer: config.Renderer, Catalogue: catalogue, Log: config.Log,
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Router.Mount(w.Home.Routes()...)
	return w
}

// Agent adds a person, "ada" of "bourg", and returns her name.
func (w *World) Agent(name string, collectivity portal.CollectivityID, rights ...portal.Right) string {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.identities[name] = &web.Identity{
		Caller: portal.Caller{
			Account: portal.AccountID("account-" + name), Agent: portal.AgentID(name),
			Collectivity: collectivity, Rights: rights,
		},
		Collectivity: web.Collectivity{ID: collectivity, Name: string(collectivity), Language: i18n.French, Zone: zone},
		PersonName:   name, Version: name + "-1",
	}
	return name
}

// Change gives a person another identity, as when a right is withdrawn.
func (w *World) Change(name string, change func(identity *web.Identity)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := *w.identities[name]
	next.Version += "+"
	change(&next)
	w.identities[name] = &next
}

// Caller is who a person is to the features.
func (w *World) Caller(name string) portal.Caller {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.identities[name].Caller
}

// Do sends a request as a person, with headers as name, value pairs.
func (w *World) Do(method, target, who string, form url.Values, headers ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who != "" {
		r.AddCookie(&http.Cookie{Name: "who", Value: who})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.Router.ServeHTTP(recorder, r)
	return recorder.Result()
}

// Get returns the body of a page that must be there.
func (w *World) Get(target, who string, headers ...string) string {
	w.t.Helper()
	response := w.Do("GET", target, who, nil, headers...)
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("GET %s as %s = %d, want 200: %s", target, who, response.StatusCode, Read(w.t, response))
	}
	return Read(w.t, response)
}

// Post sends a form and returns where it leads.
func (w *World) Post(target, who string, pairs ...string) string {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	response := w.Do("POST", target, who, form)
	if response.StatusCode != http.StatusSeeOther {
		w.t.Fatalf("POST %s %v as %s = %d, want 303: %s", target, form, who, response.StatusCode, Read(w.t, response))
	}
	return response.Header.Get("Location")
}

// Read returns a body, unpacked.
func Read(t testing.TB, response *http.Response) string {
	t.Helper()
	reader := io.Reader(response.Body)
	if response.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if reader, err = gzip.NewReader(response.Body); err != nil {
			t.Fatal(err)
		}
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// At sets the clock that pages show. Contents age by the real one.
func (w *World) At(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}
