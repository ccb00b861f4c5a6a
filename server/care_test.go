package server_test

import (
	"encoding/csv"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso"
)

// TestWhatIsBrokenComesFirst: a letter that was given up and an agenda that can't be
// read put their collectivity before the others, without a word of whose they are.
func TestWhatIsBrokenComesFirst(t *testing.T) {
	p := servertest.New(t)
	op := p.As(operator)
	p.As("agent@syndicat.example").Get("/").Want(t, 200)
	page := op.Get("/pool").Want(t, 200, "Agglo de Loire").Body
	if strings.Contains(page, "ne marche pas") || before(page, ">Eaux de la Varenne<", ">Agglo de Loire<") {
		t.Error("a sound pool is not in the order of its names")
	}
	for _, query := range []string{
		`INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires, fault) VALUES ('syndicat', 'perdue', '', 1, 0, 1, 'address')`,
		`INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires) VALUES ('agglo', 'en-route', '', 1, 9000000000000, 9000000000000)`,
		`INSERT INTO remote_accounts (collectivity, id, agent, name, url, login, sealed, created, fault) VALUES ('syndicat', 'nuage', 'moi', 'Nuage secret', 'https://nuage.example/', 'moi', '', 1, 'remote.fault')`,
	} {
		if _, err := p.DB.Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	page = op.Get("/pool").Want(t, 200, "1 lettre non partie", "1 agenda extérieur illisible", "1 où quelque chose ne marche pas").Body
	if !before(page, ">Eaux de la Varenne<", ">Agglo de Loire<") {
		t.Error("what is broken does not come first")
	}
	if strings.Contains(page, "secret") || strings.Contains(page, "nuage") {
		t.Error("the operator reads whose it is")
	}
	narrowed := op.Get("/pool?state=trouble").Want(t, 200, "Eaux de la Varenne", "1 collectivité").Body
	if strings.Contains(narrowed, ">Agglo de Loire<") {
		t.Error("narrowed to what is broken, the list shows another")
	}
	op.Get("/pool/collectivities/syndicat").Want(t, 200, "Ce qui ne marche pas", "1 lettre non partie")
	if strings.Contains(op.Get("/pool/collectivities/agglo").Body, "Ce qui ne marche pas") {
		t.Error("another one's trouble is shown")
	}
}

// before says whether a text stands in a page before another.
func before(page, first, second string) bool {
	at := strings.Index(page, first)
	return at >= 0 && at < strings.Index(page, second)
}

// TestTheListTellsWhoIsQuiet, how much is kept and when somebody came last, on the
// page and in the spreadsheet.
func TestTheListTellsWhoIsQuiet(t *testing.T) {
	p := servertest.New(t)
	now := time.Now()
	for id, at := range map[portal.CollectivityID]time.Time{"agglo": now.AddDate(0, 0, -40), "bourg": now.AddDate(0, 0, -2)} {
		if err := audit.Write(t.Context(), p.DB, audit.Line{At: at, Collectivity: id, Action: audit.SignIn}); err != nil {
			t.Fatal(err)
		}
	}
	if err := audit.Write(t.Context(), p.DB, audit.Line{Collectivity: "syndicat", Action: audit.SignIn, Refused: audit.Password}); err != nil {
		t.Fatal(err)
	}
	client := p.As("admin@bourg.example")
	folder := strings.TrimPrefix(client.Post("/documents/folders", "name", "Séances").Want(t, 303).Header.Get("Location"), "/documents/folders/")
	client.Upload("/documents/folders/"+folder+"/upload", "note.txt", strings.NewReader("douze octets"))
	op := p.As(operator)
	quiet := op.Get("/pool?state=quiet").Want(t, 200, "Agglo de Loire", "Eaux de la Varenne", "2 collectivités").Body
	if strings.Contains(quiet, ">Bourg-sur-Loire<") {
		t.Error("who came two days ago is quiet")
	}
	text := op.Post("/pool/collectivities.csv").Want(t, 200).Body
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	reader.Comma = ';'
	table, err := reader.ReadAll()
	if err != nil || len(table) != 4 {
		t.Fatalf("%d lines, %v", len(table), err)
	}
	column := map[string]int{}
	for i, head := range table[0] {
		column[head] = i
	}
	for _, line := range table[1:] {
		size, last := line[column["Fichiers (octets)"]], line[column["Dernière connexion"]]
		if kept := line[0] == "bourg"; (size != "0") != kept {
			t.Errorf("%s keeps %s octets", line[0], size)
		}
		if came := line[0] != "syndicat"; (last != "") != came {
			t.Errorf("%s: last sign-in %q", line[0], last)
		}
	}
}

// TestAnOperatorNeverShutsHerselfOut: where a collectivity is her only way in, she is
// told so; with a password of her own she goes on as the operator that she is.
func TestAnOperatorNeverShutsHerselfOut(t *testing.T) {
	p := servertest.New(t)
	p.Hire(servertest.Person{Login: "dsi@bourg.example", GivenName: "Dany", FamilyName: "Sorel", Collectivities: []portal.CollectivityID{"bourg"}, Operator: true})
	op := p.AsIn("dsi@bourg.example", "bourg")
	op.Get("/").Want(t, 200)
	account := p.Caller("dsi@bourg.example", "bourg").Account
	var hash string
	if err := p.DB.QueryRow(t.Context(), `SELECT hash FROM account_passwords WHERE account = $1`, string(account)).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.Exec(t.Context(), `DELETE FROM account_passwords WHERE account = $1`, string(account)); err != nil {
		t.Fatal(err)
	}
	op.Get("/pool/collectivities/bourg/suspend").Want(t, 200, "C’est par elle que vous entrez")
	op.Post("/pool/collectivities/bourg/suspend", "reason", "Essai").Want(t, http.StatusConflict, "moyen d’entrer")
	op.Get("/").Want(t, 200)
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO account_passwords (account, hash, changed) VALUES ($1, $2, 1)`, string(account), hash); err != nil {
		t.Fatal(err)
	}
	op.Post("/pool/collectivities/bourg/suspend", "reason", "Essai").Want(t, 303)
	op.Get("/pool/collectivities/bourg").Want(t, 200, "Suspendue depuis")
	op.Get("/news").Want(t, 303)
	p.Anonymous().SignIn("dsi@bourg.example", servertest.Password).Want(t, 303)
	op.Post("/pool/collectivities/bourg/resume").Want(t, 303)
}

// TestASuspensionReachesEveryNodeInFiveSeconds: another process on the same store
// holds what it read for no longer.
func TestASuspensionReachesEveryNodeInFiveSeconds(t *testing.T) {
	p := servertest.New(t)
	config := p.Config
	config.Data = t.TempDir()
	other, err := server.New(t.Context(), config, server.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	password := p.AppPassword("agent@bourg.example", "bourg")
	session := &http.Cookie{Name: sso.CookieName(false), Value: p.As("agent@bourg.example").Cookie(sso.CookieName(false))}
	enters := func() bool {
		request, answer := httptest.NewRequest("GET", "/news", nil), httptest.NewRecorder()
		request.AddCookie(session)
		other.ServeHTTP(answer, request)
		return answer.Code == http.StatusOK
	}
	syncs := func() bool {
		_, err := other.SSO.AppPasswords.Authenticate(t.Context(), "agent@bourg.example", password, "127.0.0.1")
		return err == nil
	}
	if !enters() || !syncs() {
		t.Fatal("another node does not let in")
	}
	if err := p.Directory.Suspend(t.Context(), operating(t, p), "bourg", directory.Suspension{Reason: "Essai"}, ""); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	if enters() {
		t.Error("after five seconds another node lets in")
	}
	if syncs() {
		t.Error("after five seconds a telephone enters by another node")
	}
}
