package carddav_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/directory"
	"parvis/directory/carddav"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// town is a site over the directories of two collectivities.
type town struct {
	testing.TB
	*directory.Store
	db   *database.DB
	own  addressbook.Shelf // the directory of one's own
	site *dav.Site
	anne portal.AgentID
}

// passwords opens the agent and collectivity "agent/collectivity" that a login names, of the account after that.
type passwords struct{}

func (passwords) Authenticate(_ context.Context, login, _, _ string) (portal.Program, error) {
	agent, rest, _ := strings.Cut(login, "/")
	collectivity, account, named := strings.Cut(rest, "/")
	if !named {
		account = "x"
	}
	return portal.Program{
		Caller: portal.Caller{Account: portal.AccountID(account), Agent: portal.AgentID(agent), Collectivity: portal.CollectivityID(collectivity)},
		Scopes: portal.Scopes{portal.ScopeContacts},
	}, nil
}

func (passwords) Person(context.Context, portal.Caller) (dav.Person, error) {
	return dav.Person{Name: "Anne"}, nil
}

func (passwords) Named(context.Context, portal.Caller, []portal.AgentID) ([]dav.Person, error) {
	return nil, nil
}

func (passwords) Resources(context.Context, portal.Caller, int) ([]dav.Person, error) {
	return nil, nil
}

func (passwords) Find(context.Context, portal.Caller, string, int) ([]dav.Person, error) {
	return nil, nil
}

var bourg = directory.Installation("bourg")

func newTown(t testing.TB) *town {
	t.Helper()
	db := databasetest.New(t)
	tw := &town{TB: t, Store: directory.New(db), db: db, anne: "anne"}
	ctx := context.Background()
	for _, c := range []directory.Collectivity{
		{ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune"},
		{ID: "agglo", Name: "Val", LongName: "Agglomération du Val", Kind: "epci"},
	} {
		tw.must(tw.CreateCollectivity(ctx, c))
	}
	_, err := tw.CreateUnit(ctx, bourg, directory.Unit{ID: "technique", Name: "Services techniques; voirie"})
	tw.must(err)
	for _, agent := range []directory.Agent{
		{ID: "anne", GivenName: "Anne-Élodie", FamilyName: "L’Hénoret", Function: "Référente, état civil", Unit: "technique", Email: "anne@bourg.example", Phone: "02 61 91 01 42", Mobile: "0692 12 34 56", Office: "Bureau 12"},
		{ID: "paul", FamilyName: "Martin", Phone: "42 12"},
	} {
		_, err := tw.CreateAgent(ctx, bourg, agent)
		tw.must(err)
	}
	_, err = tw.CreateAgent(ctx, directory.Installation("agglo"), directory.Agent{ID: "luc", GivenName: "Luc", FamilyName: "Œuvray", Phone: "02 61 91 20 60"})
	tw.must(err)
	tw.site = dav.NewSite(passwords{}, passwords{}, slog.New(slog.DiscardHandler), tw.home(tw.Store))
	return tw
}

// home has the directories of a store.
func (tw *town) home(store *directory.Store) dav.Home {
	tw.Helper()
	catalogue, err := i18n.Load(web.Locales, themes.Locales, directory.Locales)
	tw.must(err)
	tw.own = carddav.Shelf(store, catalogue)
	return addressbook.Home(tw.own, carddav.Shared(store, catalogue))
}

func (tw *town) must(err error) {
	tw.Helper()
	if err != nil {
		tw.Fatal(err)
	}
}

// ask sends a request as login; headers come as name, value, ….
func (tw *town) ask(login, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.SetBasicAuth(login, "x")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	tw.site.ServeHTTP(w, r)
	return w
}

const book = "/dav/contacts/anne/directory/"

func sync(token string) string {
	return `<sync-collection xmlns="DAV:"><sync-token>` + token + `</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`
}

var (
	hrefPattern  = regexp.MustCompile(`<D:response><D:href>[^<]*/directory(?:-of-bourg)?/([^<]+).vcf</D:href>(?:<D:status>HTTP/1.1 (\d+))?`)
	tokenPattern = regexp.MustCompile(`<D:sync-token>([^<]+)</D:sync-token>`)
)

// since are the agents whose cards changed since a token, "-" before who left, and the next token.
func (tw *town) since(token string) (agents, next string) {
	tw.Helper()
	return tw.sinceIn("anne/bourg", book, token)
}

func (tw *town) sinceIn(login, book, token string) (agents, next string) {
	tw.Helper()
	answer := tw.ask(login, "REPORT", book, sync(token))
	if answer.Code != 207 {
		tw.Fatalf("sync: %d %s", answer.Code, answer.Body)
	}
	var found []string
	for _, match := range hrefPattern.FindAllStringSubmatch(answer.Body.String(), -1) {
		if match[2] == "404" {
			match[1] = "-" + match[1]
		}
		found = append(found, match[1])
	}
	slices.Sort(found)
	return strings.Join(found, " "), tokenPattern.FindStringSubmatch(answer.Body.String())[1]
}

// TestADirectoryIsOfOneCollectivity asks for the colleagues of another one in every way.
func TestADirectoryIsOfOneCollectivity(t *testing.T) {
	tw := newTown(t)
	tw.since("")
	_, token := tw.since("")
	query := `<R:addressbook-query xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><getetag/><R:address-data/></prop></R:addressbook-query>`
	multiget := func(href string) string {
		return `<R:addressbook-multiget xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><R:address-data/></prop><href>` + href + `</href></R:addressbook-multiget>`
	}
	theirs := "/dav/contacts/luc/directory/"
	for _, request := range []struct{ method, path, body string }{
		{"PROPFIND", book, ""},
		{"REPORT", book, query},
		{"GET", book + "anne.vcf", ""},
		{"PROPFIND", theirs, ""},
		{"REPORT", theirs, query},
		{"REPORT", theirs, sync("")},
		{"REPORT", theirs, sync(token)},
		{"REPORT", theirs, multiget(theirs + "anne.vcf")},
		{"REPORT", theirs, multiget(book + "anne.vcf")},
		{"GET", theirs + "anne.vcf", ""},
	} {
		got := tw.ask("luc/agglo", request.method, request.path, request.body, "Depth", "1").Body.String()
		if strings.Contains(got, "Hénoret") || strings.Contains(got, "Bourg") || request.body != multiget(theirs+"anne.vcf") && strings.Contains(got, "anne.vcf") && !strings.Contains(got, "404") {
			t.Errorf("%s %s tells %s", request.method, request.path, got)
		}
	}
	if got := tw.ask("luc/agglo", "REPORT", theirs, query).Body.String(); !strings.Contains(got, "FN:Luc Œuvray") || strings.Contains(got, "Martin") {
		t.Errorf("of the agglo: %s", got)
	}
	if got := tw.ask("luc/agglo", "REPORT", theirs, sync(token)); got.Code != 403 {
		t.Errorf("a token of another collectivity: %d", got.Code)
	}
}

func TestACardSaysWhatAColleagueNeeds(t *testing.T) {
	tw := newTown(t)
	card := func(path string, headers ...string) string {
		answer := tw.ask("anne/bourg", "GET", path, "", headers...)
		if answer.Code != 200 {
			t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
		}
		return regexp.MustCompile(`REV:[^\r]+`).ReplaceAllString(answer.Body.String(), "REV:now")
	}
	lines := func(all ...string) string { return strings.Join(all, "\r\n") + "\r\n" }
	want := lines("BEGIN:VCARD", "VERSION:4.0", "UID:urn:uuid:fea242a1-e419-8755-96a4-388b3c56c82b", "KIND:individual", "FN:Anne-Élodie L’Hénoret", "N:L’Hénoret;Anne-Élodie;;;",
		`ORG:Bourg-sur-Loire;Services techniques\; voirie`, `TITLE:Référente\, état civil`, "EMAIL;TYPE=work:anne@bourg.example",
		"TEL;VALUE=uri;TYPE=work,voice:tel:+33261910142", "TEL;VALUE=uri;TYPE=work,cell:tel:+262692123456", "ADR;TYPE=work:;Bureau 12;;;;;", "REV:now", "END:VCARD")
	if diff := cmp.Diff(want, card(book+"anne.vcf")); diff != "" {
		t.Errorf("4.0:\n%s\nCards that are written differently need another cardForm.", diff)
	}
	if got := tw.ask("anne/bourg", "GET", book+"anne.vcf", "").Header().Get("ETag"); got != `"aef36aa0ee36cce916b4dc60340bfc03"` {
		t.Errorf("ETag %s: phones read every card again", got)
	}
	if got := card(book+"anne.vcf", "Accept", "text/vcard; version=3.0"); !strings.Contains(got, "VERSION:3.0\r\nUID:urn:uuid:fea242a1-e419-8755-96a4-388b3c56c82b\r\nX-ADDRESSBOOKSERVER-KIND:individual\r\n") ||
		!strings.Contains(got, "TEL;TYPE=work,voice:+33261910142\r\n") {
		t.Errorf("3.0:\n%s", got)
	}
	if got := card(book + "paul.vcf"); !strings.Contains(got, "ORG:Bourg-sur-Loire\r\nTEL;TYPE=work,voice:42 12\r\n") {
		t.Errorf("an internal number:\n%s", got)
	}
}

func TestTheDirectoryIsReadOnlyAndSaysSo(t *testing.T) {
	tw := newTown(t)
	look := tw.ask("anne/bourg", "PROPFIND", "/dav/contacts/anne/", `<propfind xmlns="DAV:"><prop><displayname/><current-user-privilege-set/><owner/></prop></propfind>`, "Depth", "1").Body.String()
	if !strings.Contains(look, "Annuaire – Bourg-sur-Loire") || !strings.Contains(look, "<D:read/>") || strings.Contains(look, "write") || strings.Contains(look, "bind") {
		t.Errorf("the book tells %s", look)
	}
	octets := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nFN:Intrus\r\nEND:VCARD\r\n"
	for _, request := range []struct{ method, path, body string }{
		{"PUT", book + "anne.vcf", octets}, {"PUT", book + "new.vcf", octets}, {"DELETE", book + "anne.vcf", ""}, {"DELETE", book, ""},
	} {
		if got := tw.ask("anne/bourg", request.method, request.path, request.body); got.Code != 403 || !strings.Contains(got.Body.String(), "need-privileges") {
			t.Errorf("%s %s: %d %s", request.method, request.path, got.Code, got.Body)
		}
	}
}

func TestAPhoneHearsOfWhatChangesInTheDirectory(t *testing.T) {
	tw, ctx := newTown(t), t.Context()
	hears := func(what, token, want string) string {
		t.Helper()
		got, next := tw.since(token)
		if got != want {
			t.Errorf("%s: hears of %q, want %q", what, got, want)
		}
		return next
	}
	token := hears("at first", "", "anne paul")
	token = hears("nothing", token, "")
	was, err := tw.Agent(ctx, bourg, "paul")
	tw.must(err)
	paul := was
	paul.FamilyName = "Durand"
	tw.must(tw.ChangeAgent(ctx, bourg, was, paul, ""))
	token = hears("a name", token, "paul")
	tw.must(tw.ChangeAgent(ctx, bourg, paul, paul, ""))
	token = hears("the same again", token, "")
	tw.must(tw.CloseAgent(ctx, bourg, "paul", ""))
	before := token
	token = hears("a departure", token, "-paul")
	if got := tw.ask("anne/bourg", "GET", book+"paul.vcf", ""); got.Code != 404 {
		t.Errorf("who left: %d", got.Code)
	}
	tw.must(tw.ReopenAgent(ctx, bourg, "paul", ""))
	token = hears("a return", token, "paul")
	hears("both at once", before, "paul")
	c, err := tw.Collectivity(ctx, "bourg")
	tw.must(err)
	c.Name = "Bourg-Neuf"
	tw.must(tw.ChangeCollectivity(ctx, c))
	token = hears("the name of the town", token, "anne paul")

	// Another process, or a feature that announces nothing: seen by a store that has not just looked.
	_, err = tw.db.Exec(ctx, `UPDATE units SET name = 'Voirie' WHERE collectivity = 'bourg' AND id = 'technique'`)
	tw.must(err)
	tw.site = dav.NewSite(passwords{}, passwords{}, slog.New(slog.DiscardHandler), tw.home(directory.New(tw.db)))
	token = hears("a unit", token, "anne")
	if got := tw.ask("anne/bourg", "GET", book+"anne.vcf", "").Body.String(); !strings.Contains(got, ";Voirie\r\n") {
		t.Errorf("the card says %s", got)
	}
	tw.must(tw.BookRestored(ctx, "bourg"))
	if got := tw.ask("anne/bourg", "REPORT", book, sync(token)); got.Code != 403 {
		t.Errorf("a token of before the restore: %d", got.Code)
	}
}

func TestAForgottenDepartureIsReadAnew(t *testing.T) {
	tw, ctx := newTown(t), t.Context()
	_, old := tw.since("")
	tw.must(tw.CloseAgent(ctx, bourg, "paul", ""))
	_, young := tw.since(old)
	tw.must(tw.ForgetCards(ctx, "bourg", time.Now().AddDate(0, 0, 1)))
	if got := tw.ask("anne/bourg", "REPORT", book, sync(old)); got.Code != 403 || !strings.Contains(got.Body.String(), "valid-sync-token") {
		t.Errorf("an old token: %d %s", got.Code, got.Body)
	}
	if got, _ := tw.since(young); got != "" {
		t.Errorf("a young token hears of %q", got)
	}
	if got, _ := tw.since(""); got != "anne" {
		t.Errorf("a new phone hears of %q", got)
	}
}
