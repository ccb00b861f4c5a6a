// Package contacts measures the CardDAV door of a large collectivity: a directory of 5,000 agents, and what
// a phone asks of it.
//
//	go test ./bench/contacts -run '^$' -bench . -benchtime 1s
package contacts

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/contacts"
	contactsdav "parvis/contacts/carddav"
	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/directory"
	directorydav "parvis/directory/carddav"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

const (
	agents    = 5_000
	book      = "/dav/contacts/agent-00000/directory/"
	personal  = "/dav/contacts/agent-00000/personal/"
	listBody  = `<propfind xmlns="DAV:"><prop><getetag/><getcontenttype/><resourcetype/></prop></propfind>`
	queryBody = `<R:addressbook-query xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><getetag/><R:address-data/></prop>` +
		`<R:filter><R:prop-filter name="FN"><R:text-match>agent 4242</R:text-match></R:prop-filter></R:filter></R:addressbook-query>`
)

var caller = portal.Caller{Agent: "agent-00000", Account: "x", Collectivity: "agglo"}

type everyone struct{}

func (everyone) Authenticate(context.Context, string, string, string) (portal.Program, error) {
	return portal.Program{Caller: caller, Scopes: portal.Scopes{portal.ScopeContacts}}, nil
}

func (everyone) Person(context.Context, portal.Caller) (dav.Person, error) {
	return dav.Person{Name: "Agent"}, nil
}

func (everyone) Named(context.Context, portal.Caller, []portal.AgentID) ([]dav.Person, error) {
	return nil, nil
}

func (everyone) Resources(context.Context, portal.Caller, int) ([]dav.Person, error) {
	return nil, nil
}

func (everyone) Find(context.Context, portal.Caller, string, int) ([]dav.Person, error) {
	return nil, nil
}

func agent(i int) directory.Agent {
	return directory.Agent{
		ID: portal.AgentID(fmt.Sprintf("agent-%05d", i)), GivenName: "Agent", FamilyName: fmt.Sprint(i), Function: "Chargée de mission, voirie et réseaux", Unit: "technique",
		Email: fmt.Sprintf("agent-%05d@agglo.example", i), Phone: fmt.Sprintf("02 61 91 %02d %02d", i/100%100, i%100), Mobile: "06 39 98 01 24", Office: "Bureau 12",
	}
}

// newSite is a site with the directory filled.
func newSite(b *testing.B) (*dav.Site, *directory.Store, *database.DB) {
	b.Helper()
	ctx, db := context.Background(), databasetest.New(b)
	store, admin := directory.New(db), directory.Installation("agglo")
	fail := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	fail(store.CreateCollectivity(ctx, directory.Collectivity{ID: "agglo", Name: "Agglo", LongName: "Agglomération", Kind: "epci"}))
	_, err := store.CreateUnit(ctx, admin, directory.Unit{ID: "technique", Name: "Services techniques"})
	fail(err)
	if db.Engine() == "sqlite" {
		_, err = db.Exec(ctx, `PRAGMA synchronous = OFF`)
		fail(err)
	}
	for i := range agents {
		_, err := store.CreateAgent(ctx, admin, agent(i))
		fail(err)
	}
	if db.Engine() == "sqlite" {
		_, err = db.Exec(ctx, `PRAGMA synchronous = FULL`)
		fail(err)
	}
	catalogue, err := i18n.Load(web.Locales, themes.Locales, directory.Locales)
	fail(err)
	site := dav.NewSite(everyone{}, everyone{}, slog.New(slog.DiscardHandler),
		addressbook.Home(contactsdav.Books(contacts.NewStore(db)), directorydav.Shelf(store, catalogue), directorydav.Shared(store, catalogue)))
	begun := time.Now()
	if _, err := store.Book(ctx, caller); err != nil {
		b.Fatal(err)
	}
	b.Logf("the first phone of the collectivity waits %v for its log", time.Since(begun).Round(time.Millisecond))
	return site, store, db
}

func ask(b *testing.B, site *dav.Site, status int, method, path, body string) string {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.SetBasicAuth("x", "x")
	r.Header.Set("Depth", "1")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code != status {
		b.Fatalf("%s %s: %d, want %d", method, path, w.Code, status)
	}
	return w.Body.String()
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure runs one request b.N times and reports CPU beside the wall time.
func measure(b *testing.B, one func(i int)) {
	b.Helper()
	begun, n := cpu(), 0
	for b.Loop() {
		one(n)
		n++
	}
	b.ReportMetric(float64(cpu()-begun)/1e6/float64(n), "cpu-ms/op")
}

func syncBody(token string) string {
	return `<sync-collection xmlns="DAV:"><sync-token>` + token + `</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`
}

var tokenPattern = regexp.MustCompile(`<D:sync-token>([^<]+)</D:sync-token>`)

func tokenOf(answer string) string { return tokenPattern.FindStringSubmatch(answer)[1] }

// multigetBody asks for the cards that a first reading of everything needs, as DAVx5 does.
func multigetBody(from, n int) string {
	var body strings.Builder
	body.WriteString(`<R:addressbook-multiget xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><getetag/><R:address-data version="4.0"/></prop>`)
	for i := range n {
		fmt.Fprintf(&body, "<href>%sagent-%05d.vcf</href>", book, from+i)
	}
	return body.String() + `</R:addressbook-multiget>`
}

func BenchmarkDirectory(b *testing.B) {
	site, store, _ := newSite(b)
	token := tokenOf(ask(b, site, http.StatusMultiStatus, "REPORT", book, syncBody("")))
	b.Run("FirstSyncList", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "REPORT", book, syncBody("")) })
	})
	b.Run("FirstSyncCards", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "REPORT", book, multigetBody(0, agents)) })
	})
	b.Run("PropfindDepth1", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "PROPFIND", book, listBody) })
	})
	b.Run("QueryByName", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "REPORT", book, queryBody) })
	})
	b.Run("SyncWithoutChange", func(b *testing.B) {
		measure(b, func(int) { ask(b, site, http.StatusMultiStatus, "REPORT", book, syncBody(token)) })
	})
	b.Run("SyncAfterOneChange", func(b *testing.B) {
		var waited time.Duration
		n := 0
		measure(b, func(i int) {
			install := directory.Installation("agglo")
			shown, err := store.Agent(context.Background(), install, agent(i%agents).ID)
			if err != nil {
				b.Fatal(err)
			}
			changed := shown
			changed.Function = fmt.Sprintf("Fonction n° %d de %p", i, b)
			if err := store.ChangeAgent(context.Background(), install, shown, changed, ""); err != nil {
				b.Fatal(err)
			}
			begun := time.Now()
			token = tokenOf(ask(b, site, http.StatusMultiStatus, "REPORT", book, syncBody(token)))
			waited += time.Since(begun)
			n++
		})
		b.ReportMetric(float64(waited)/1e6/float64(n), "sync-ms/op") // without the change itself
	})
}

// BenchmarkPersonal writes into a book of few cards, and into one of 19,000 with portraits.
func BenchmarkPersonal(b *testing.B) {
	site, _, db := newSite(b)
	i := 0
	write := func(b *testing.B) {
		measure(b, func(int) {
			i++
			card := fmt.Sprintf("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:contact-%d\r\nFN:Contact %d\r\nN:%d;Contact;;;\r\nTEL;TYPE=CELL:06 39 98 01 24\r\nEND:VCARD\r\n", i, i, i)
			r := httptest.NewRequest("PUT", fmt.Sprintf("%scontact-%d.vcf", personal, i), strings.NewReader(card))
			r.SetBasicAuth("x", "x")
			w := httptest.NewRecorder()
			site.ServeHTTP(w, r)
			if w.Code != http.StatusCreated && w.Code != http.StatusNoContent {
				b.Fatal(w.Code, w.Body)
			}
		})
	}
	b.Run("few", write)
	fill(b, db, 19_000)
	b.Run("19000", write)
}

// fill puts cards of 3 KB into the caller's book.
func fill(b *testing.B, db *database.DB, count int) {
	b.Helper()
	err := db.Write(context.Background(), `
		INSERT INTO contacts (collectivity, book, name, uid, etag, size, full_name, modified, octets)
		WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
		SELECT $2, $3, 'old-' || n, 'old-' || n, '"' || n || '"', 3000, 'Old', 1, $4 FROM numbers`,
		count, string(caller.Collectivity), string(caller.Agent), make([]byte, 3000))
	if err == nil {
		err = db.Write(context.Background(), `UPDATE contact_books SET cards = cards + $3, bytes = bytes + 3000 * $3 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(caller.Agent), count)
	}
	if err != nil {
		b.Fatal(err)
	}
}
