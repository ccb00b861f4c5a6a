package contacts

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"parvis/contacts"
	"parvis/dav"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// held is how many contacts one book has; neighbours, how many other agents have a book of 50.
const (
	held       = 10_000
	neighbours = 1_000
)

var towns = []string{"Bourg-sur-Loire", "Varenne", "Saint-Brice", "Montrevault"}

func someone(i int) []byte {
	return fmt.Appendf(nil, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:contact-%d\r\nN:Famille %d;Élodie;;;\r\nFN:Élodie Famille %d\r\nORG:Entreprise %d\r\nTITLE:Gérante\r\n"+
		"TEL;TYPE=CELL:06 39 98 %02d %02d\r\nEMAIL;TYPE=WORK:contact-%d@entreprise.example\r\nADR;TYPE=WORK:;;%d rue du Port;%s;;45999;France\r\nCATEGORIES:Lot %d\r\nEND:VCARD\r\n",
		i, i, i, i%700, i/100%100, i%100, i, i%90, towns[i%len(towns)], i%20)
}

// owner is the identity of every request.
type owner struct{}

func (owner) Identify(*http.Request) (*web.Identity, error) {
	return &web.Identity{Caller: caller, PersonName: "Agent", Collectivity: web.Collectivity{ID: caller.Collectivity, Name: "Agglo", Language: i18n.French}}, nil
}

func (owner) Owners(context.Context, portal.Caller) ([]contacts.Owner, error) { return nil, nil }

// newPages are the pages of contacts over a store, with one large book and many small ones.
func newPages(b *testing.B, store *contacts.Store, db *database.DB) *web.Router {
	b.Helper()
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	put := func(who portal.Caller, i int) {
		_, err := store.Put(ctx, who, contacts.BookID(who.Agent), fmt.Sprintf("contact-%d.vcf", i), someone(i), dav.Conditions{})
		fail(err)
	}
	if db.Engine() == database.SQLite {
		fail(db.Write(ctx, `PRAGMA synchronous = OFF`))
	}
	for i := range held {
		put(caller, i)
	}
	other := caller
	for n := range neighbours {
		other.Agent = portal.AgentID(fmt.Sprintf("neighbour-%04d", n))
		for i := range 50 {
			put(other, i)
		}
	}
	catalogue, err := i18n.Load(web.Locales, themes.Locales, contacts.Locales)
	fail(err)
	assets, err := themes.NewAssets()
	fail(err)
	renderer, err := web.NewRenderer(catalogue, assets.URL, nil, contacts.Templates)
	fail(err)
	router, err := web.NewRouter(web.Config{Identifier: owner{}, Renderer: renderer, Catalogue: catalogue, Log: slog.New(slog.DiscardHandler)})
	fail(err)
	router.Mount(contacts.NewHandler(store, owner{}, directory.SquarePhoto, renderer).Routes()...)
	return router
}

// BenchmarkPages asks pages of a book of 10,000 contacts, beside the books of 1,000 other agents.
func BenchmarkPages(b *testing.B) {
	site, _, db := newSite(b)
	router := newPages(b, contacts.NewStore(db), db)
	get := func(path string) func(int) {
		return func(int) {
			w := httptest.NewRecorder()
			router.ServeHTTP(w, httptest.NewRequest("GET", "http://parvis.test"+path, nil))
			if w.Code != http.StatusOK {
				text, _ := io.ReadAll(w.Body)
				b.Fatalf("%s: %d %.500s", path, w.Code, text)
			}
		}
	}
	for name, path := range map[string]string{
		"FirstPage": "/contacts", "LastPage": "/contacts?page=200", "SearchName": "/contacts?q=elodie+4242", "SearchCommon": "/contacts?q=varenne",
		"SearchNobody": "/contacts?q=xyzzyx", "Category": "/contacts?category=Lot+7",
	} {
		b.Run(name, func(b *testing.B) { measure(b, get(path)) })
	}
	token := tokenOf(ask(b, site, http.StatusMultiStatus, "REPORT", personal, syncBody("")))
	b.Run("FirstSyncList", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "REPORT", personal, syncBody("")) })
	})
	b.Run("SyncWithoutChange", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "REPORT", personal, syncBody(token)) })
	})
}
