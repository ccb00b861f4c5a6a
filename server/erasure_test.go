package server_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/directory"
	"parvis/documents"
	"parvis/leaving"
	"parvis/news"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
)

// traces are the rows and files that hold one of some words.
func traces(t *testing.T, p *servertest.Portal, words ...string) []string {
	t.Helper()
	var found []string
	holds := func(text string) bool {
		for _, word := range words {
			if word != "" && strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
				return true
			}
		}
		return false
	}
	for _, table := range tables(t, p.DB) {
		for _, row := range rowsOf(t, p.DB, table) {
			if holds(row) {
				found = append(found, row)
			}
		}
	}
	err := filepath.WalkDir(p.Config.Data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(filepath.Base(path), "parvis.db") { // its rows were read
			return err
		}
		if holds(filepath.Base(path)) {
			found = append(found, path)
		}
		if !entry.IsDir() {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if holds(string(text)) {
				found = append(found, "in "+path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAnErasedPersonIsNowhere: no row and no file names her, by any of her names, and
// her certificate can't be changed.
func TestAnErasedPersonIsNowhere(t *testing.T) {
	w := newWorld(t)
	e := w.of("bourg")
	hers := []string{"bartavelle@bourg.example", "Bartavelle", "Zibeline"}
	w.Hire(servertest.Person{
		Login: hers[0], GivenName: hers[2], FamilyName: hers[1], Collectivities: []portal.CollectivityID{"bourg"},
		Groups: []portal.GroupID{"accueil"}, Rights: []portal.Right{portal.EditNews, portal.EditDocuments, portal.EditCalendars},
	})
	she := w.Caller(hers[0], "bourg")
	e.liveAs(hers[0], she)
	w.WaitForIndex()
	if found := traces(t, w.Portal, hers...); len(found) < 8 {
		t.Fatalf("she left %d traces, the test needs more: %s", len(found), strings.Join(found, "\n"))
	}
	neighbours := of(dump(t, w.Portal), "agglo")

	if _, err := w.Leaving.ErasePerson(t.Context(), e.admin, she.Agent, ""); w.Sentence(err) == "" || err == nil {
		t.Errorf("one who is there is erased: %v", err)
	}
	for _, both := range [][2]portal.Caller{{she, e.caller}, {e.caller, she}} {
		_, err := w.Calendar.Share(t.Context(), both[0], calendar.Share{
			Calendar: calendar.CalendarID(both[0].Agent), To: portal.Subject{Kind: portal.TheAgent, ID: string(both[1].Agent)}, Level: calendar.LevelBusy,
		}, "")
		e.must(err)
		_, err = w.Calendar.Delegate(t.Context(), both[0], calendar.Delegate{Agent: both[1].Agent}, "")
		e.must(err)
	}
	e.must(w.Calendar.PutAway(t.Context(), she, calendar.CalendarID(e.caller.Agent)))
	e.must(w.Calendar.PutAway(t.Context(), e.caller, calendar.CalendarID(she.Agent)))
	e.must(w.Directory.CloseAgent(t.Context(), e.admin, she.Agent, ""))
	for _, stranger := range []portal.Caller{w.of("agglo").admin, e.caller, operating(t, w.Portal)} {
		if _, err := w.Leaving.ErasePerson(t.Context(), stranger, she.Agent, ""); err == nil {
			t.Errorf("%v erases a person of bourg", stranger)
		}
	}
	done, err := w.Leaving.ErasePerson(t.Context(), e.admin, she.Agent, "")
	e.must(err)
	w.WaitForIndex()
	purgeIndex(t, w.Portal)
	for _, trace := range traces(t, w.Portal, append(hers, string(she.Account))...) {
		t.Errorf("she is still in %.300s", trace)
	}
	for _, trace := range traces(t, w.Portal, string(she.Agent)) {
		if !strings.HasPrefix(trace, "directory_cards ") { // phones drop her card by it
			t.Errorf("her entry is still in %.300s", trace)
		}
	}
	for _, table := range []string{"agents", "accounts", "account_passwords", "agent_group_members", "rights_given", "calendars", "calendar_objects", "calendar_shares", "calendar_delegates", "calendar_looks", "contacts"} {
		if done.Deleted[table] == 0 {
			t.Errorf("the certificate counts no row of %s: %v", table, done.Deleted)
		}
	}
	if got := of(dump(t, w.Portal), "agglo"); strings.Join(got, "\n") != strings.Join(neighbours, "\n") {
		t.Error("the erasure touched another collectivity")
	}
	checkCertificate(t, w.Portal, `SELECT certificate, sha256 FROM person_erasures WHERE collectivity = 'bourg'`, hers...)
}

// checkCertificate reads the one that is kept: it names nobody, and says when it was
// changed.
func checkCertificate(t *testing.T, p *servertest.Portal, query string, words ...string) {
	t.Helper()
	var text, sum string
	if err := p.DB.QueryRow(t.Context(), query).Scan(&text, &sum); err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if strings.Contains(text, word) {
			t.Errorf("the certificate names %s: %s", word, text)
		}
	}
	if _, err := leaving.ReadCertificate(text, sum); err != nil {
		t.Error(err)
	}
	if _, err := leaving.ReadCertificate(strings.Replace(text, `"agents":1`, `"agents":2`, 1)+" ", sum); err == nil {
		t.Error("a changed certificate is read")
	}
}

// liveAs has a person make one of everything that an author makes, and sign what she
// wrote with her name.
func (e *estate) liveAs(login string, she portal.Caller) {
	e.t.Helper()
	e.As(login).Get("/")
	hers := *e
	hers.author, hers.caller, hers.own = login, she, "Zibeline"
	for _, make := range []func() string{hers.event, hers.sharedEvent, hers.undo, hers.remoteEvent, hers.appPassword, hers.request, hers.answer, hers.granted, hers.contact, hers.loan} {
		make()
	}
	e.number = hers.number + 100
	_, err := e.News.Create(e.t.Context(), she, "Zibeline Bartavelle", news.Draft{Title: e.text(), Body: e.text(), Starts: time.Now().Add(-time.Hour), Ends: time.Now().AddDate(0, 0, 7)})
	e.must(err)
	_, err = e.Documents.Add(e.t.Context(), she, "Zibeline Bartavelle", e.folderID, []documents.Upload{{File: e.file()}})
	e.must(err)
}

// TestAnErasedCollectivityIsNowhere: it is suspended and can be called back for thirty
// days; then no row and no file names it, and others are as they were.
func TestAnErasedCollectivityIsNowhere(t *testing.T) {
	w := newWorld(t)
	e, ctx := w.of("syndicat"), t.Context()
	w.WaitForIndex()
	pool := operating(t, w.Portal)
	if _, err := w.Leaving.AskErasure(ctx, e.admin, "bourg", ""); err == nil {
		t.Error("the administrator of one collectivity has another erased")
	}
	asked, err := w.Leaving.AskErasure(ctx, pool, e.id, "")
	e.must(err)
	if answer := w.As(e.author).Get("/news"); answer.Status == 200 {
		t.Error("a collectivity that is to be erased is open")
	}
	if n, err := w.Leaving.EraseDue(ctx); n != 0 || err != nil {
		t.Fatalf("%d erased at once, %v", n, err)
	}
	e.must(w.Leaving.RecallErasure(ctx, pool, e.id, ""))
	w.Leaving.Now = func() time.Time { return time.Now().Add(leaving.Respite + time.Hour) }
	if n, err := w.Leaving.EraseDue(ctx); n != 0 || err != nil {
		t.Fatalf("%d erased after they were called back, %v", n, err)
	}
	w.Leaving.Now = time.Now
	again, err := w.Leaving.AskErasure(ctx, pool, e.id, "")
	e.must(err)
	if again.Number == asked.Number {
		t.Error("a second erasure has the number of the one that was called back")
	}
	others := append(of(dump(t, w.Portal), "bourg"), of(dump(t, w.Portal), "agglo")...)
	w.Leaving.Now = func() time.Time { return time.Now().Add(leaving.Respite + time.Hour) }
	if n, err := w.Leaving.EraseDue(ctx); n != 1 || err != nil {
		t.Fatalf("%d erased, %v", n, err)
	}
	words := append(e.all()[:4:4], string(e.id))
	for _, trace := range traces(t, w.Portal, words...) {
		if strings.Contains(trace, "parvis.log") {
			continue
		}
		t.Errorf("it is still in %.300s", trace)
	}
	if got := append(of(dump(t, w.Portal), "bourg"), of(dump(t, w.Portal), "agglo")...); strings.Join(got, "\n") != strings.Join(others, "\n") {
		t.Error("the erasure touched another collectivity")
	}
	if _, err := w.Directory.AccountByLogin(ctx, secretary); err != nil {
		t.Errorf("who works elsewhere too lost her account: %v", err)
	}
	checkCertificate(t, w.Portal, `SELECT certificate, sha256 FROM collectivity_erasures`, words...)
}

// TestAnErasureTouchesNobodyElse: people whose name holds hers, her namesake, and what
// hangs on what she did stay as they were; what she tried after she left is forgotten.
func TestAnErasureTouchesNobodyElse(t *testing.T) {
	p := servertest.New(t)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	const login = "an@bourg.example"
	p.Hire(servertest.Person{Login: login, GivenName: "Marie", FamilyName: "Martin", Collectivities: []portal.CollectivityID{"bourg"}})
	she := p.Caller(login, "bourg")
	for _, name := range []string{"Martin", "Martinez"} {
		id, err := p.Directory.CreateAgent(ctx, admin, directory.Agent{GivenName: "Marie", FamilyName: name, Email: "j" + login})
		must(err)
		must(p.Directory.CloseAgent(ctx, admin, id, ""))
	}
	// she operated the pool once, and assisted agglo; she began an import whose lines are of others
	for _, text := range []string{
		`INSERT INTO assistances (collectivity, id, account, login, reason, begun, ends) VALUES ('agglo', 'h', $1, 'x', 'x', 1, 2)`,
		`INSERT INTO assistances (collectivity, id, account, login, reason, begun, ends, ended, ended_by) SELECT 'bourg', 'h', id, 'x', 'x', 1, 3, 2, 'Marie Martin' FROM accounts WHERE id <> $1 AND login LIKE 'pool@%'`,
		`INSERT INTO arrivals (collectivity, id, state, file_name, file, account, agent, address, created, begun) VALUES ('bourg', 'i', 'done', 'x', 'x', $1, 'x', '', 1, 1)`,
		`INSERT INTO audit_lines (collectivity, id, at, account, login, action, refused, address) VALUES ('', 'l', 1, $1, 'an@elsewhere.example', 'sign-in', 'password', '192.0.2.7')`,
	} {
		_, err := p.DB.Exec(ctx, text, string(she.Account))
		must(err)
	}
	must(audit.Write(ctx, p.DB, audit.Line{Collectivity: "bourg", Action: audit.SignInTried, Object: "j" + login, Detail: login + ", j" + login}))
	must(p.Directory.CloseAgent(ctx, admin, she.Agent, ""))
	p.Anonymous().SignIn(login, "wrong") // she is known, and no agent any more
	count := func(query string, args ...any) (n int) {
		t.Helper()
		must(p.DB.QueryRow(ctx, query, args...).Scan(&n))
		return n
	}
	const named = `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND object = $1`
	before := map[string]int{"Marie Martinez": count(named, "Marie Martinez"), "j" + login: count(named, "j"+login)}
	namesake := count(named, "Marie Martin") - count(`SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND object_id = $1`, string(she.Agent))
	done, err := p.Leaving.ErasePerson(ctx, admin, she.Agent, "")
	must(err)
	for name, was := range before {
		if now := count(named, name); now != was || was == 0 {
			t.Errorf("%d lines of the journal tell of %s, were %d", now, name, was)
		}
	}
	if now := count(named, "Marie Martin"); now != namesake || namesake == 0 {
		t.Errorf("%d lines tell of her namesake, were %d", now, namesake)
	}
	if n := count(`SELECT COUNT(*) FROM audit_lines WHERE detail = $1`, done.Number+", j"+login); n != 1 {
		t.Error("a line that tells of her beside others is not as it should be")
	}
	for what, query := range map[string]string{
		"whence she came":           `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND account = $1`,
		"where she tried to enter":  `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND refused <> '' AND action = 'sign-in' AND address <> '' AND $1 <> ''`,
		"who ended an assistance":   `SELECT COUNT(*) FROM assistances WHERE collectivity = 'bourg' AND ended_by = 'Marie Martin' AND $1 <> ''`,
		"in whose name it was done": `SELECT COUNT(*) FROM arrivals WHERE collectivity = 'bourg' AND account = $1`,
	} {
		if count(query, string(she.Account)) > 0 {
			t.Errorf("the store still knows %s", what)
		}
	}
	if count(`SELECT COUNT(*) FROM arrivals WHERE collectivity = 'bourg' AND id = 'i'`) != 1 {
		t.Error("an import of others is gone with who began it: its lines stay for ever")
	}
	if count(`SELECT COUNT(*) FROM accounts WHERE id = $1`, string(she.Account)) != 1 || !slices.Contains(done.Kept, "account") {
		t.Errorf("the account that assisted another collectivity is gone, kept are %q", done.Kept)
	}
}

// TestThePoolForgetsAnErasedAccount.
func TestThePoolForgetsAnErasedAccount(t *testing.T) {
	p := servertest.New(t)
	ctx, admin, she := t.Context(), p.Caller("admin@bourg.example", "bourg"), p.Caller("agent@bourg.example", "bourg")
	line := audit.Line{Account: she.Account, Login: "agent@elsewhere.example", Action: audit.SignIn, Refused: audit.Password, Address: "192.0.2.7"}
	if err := errors.Join(audit.Write(ctx, p.DB, line), p.Directory.CloseAgent(ctx, admin, she.Agent, "")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Leaving.ErasePerson(ctx, admin, she.Agent, ""); err != nil {
		t.Fatal(err)
	}
	if found := traces(t, p, "agent@elsewhere.example", "192.0.2.7", string(she.Account)); len(found) > 0 {
		t.Errorf("the journal of the pool holds %q", found)
	}
}

// TestAReopenedCollectivityIsNotErased: whoever opens it again meant it to live, and
// suspending it later for another reason does not have it erased.
func TestAReopenedCollectivityIsNotErased(t *testing.T) {
	p := servertest.New(t)
	ctx, pool := t.Context(), operating(t, p)
	if _, err := p.Leaving.AskErasure(ctx, pool, "agglo", ""); err != nil {
		t.Fatal(err)
	}
	if err := p.Directory.Resume(ctx, pool, "agglo", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Leaving.Pending(ctx, pool, "agglo"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("an open collectivity waits for its erasure: %v", err)
	}
	p.As("admin@agglo.example").Get("/admin/journal").Want(t, 200, "Effacement de la collectivité annulé")
	p.Suspend("agglo")
	p.Leaving.Now = func() time.Time { return time.Now().Add(leaving.Respite + time.Hour) }
	if n, err := p.Leaving.EraseDue(ctx); n != 0 || err != nil {
		t.Fatalf("%d erased, %v", n, err)
	}
	if _, err := p.Directory.Collectivity(ctx, "agglo"); err != nil {
		t.Error(err)
	}
}

// TestAnErasureThatIsDueIsNotCalledBack: it may have begun, and files are gone first.
func TestAnErasureThatIsDueIsNotCalledBack(t *testing.T) {
	p := servertest.New(t)
	ctx, pool := t.Context(), operating(t, p)
	if _, err := p.Leaving.AskErasure(ctx, pool, "agglo", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.Exec(ctx, `UPDATE collectivity_erasures SET due = 1`); err != nil {
		t.Fatal(err)
	}
	op := p.As(operator)
	op.Post("/pool/collectivities/agglo/recall").Want(t, 409, "a commencé")
	op.Post("/pool/collectivities/agglo/resume").Want(t, 409, "a commencé")
	if n, err := p.Leaving.EraseDue(ctx); n != 1 || err != nil {
		t.Fatalf("%d erased, %v", n, err)
	}
}

// TestOneThatCanNotBeErasedKeepsNoOther.
func TestOneThatCanNotBeErasedKeepsNoOther(t *testing.T) {
	p := servertest.New(t)
	ctx, pool := t.Context(), operating(t, p)
	for _, id := range []portal.CollectivityID{"agglo", "syndicat"} {
		if _, err := p.Leaving.AskErasure(ctx, pool, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	// the first one has a row that no catalogue knows
	for _, text := range []string{
		`UPDATE collectivity_erasures SET due = 1 WHERE body = 'agglo'`,
		`CREATE TABLE unknown (collectivity TEXT NOT NULL REFERENCES collectivities (id))`, `INSERT INTO unknown (collectivity) VALUES ('agglo')`,
	} {
		if _, err := p.DB.Exec(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	p.Leaving.Now = func() time.Time { return time.Now().Add(leaving.Respite + time.Hour) }
	if n, err := p.Leaving.EraseDue(ctx); n != 1 || err == nil {
		t.Errorf("%d erased, %v, want syndicat and what is wrong with agglo", n, err)
	}
	if _, err := p.Directory.Collectivity(ctx, "syndicat"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("syndicat is still there: %v", err)
	}
}

// archive is one that the manager asked for, and that is ready.
func (e *estate) archive() string {
	e.t.Helper()
	e.must(e.Leaving.Ask(e.t.Context(), e.admin, ""))
	for range 500 {
		all, err := e.Leaving.Archives(e.t.Context(), e.admin)
		e.must(err)
		if all[0].State == "ready" {
			return all[0].ID
		}
		time.Sleep(20 * time.Millisecond)
	}
	e.t.Fatal("no archive within 10 s")
	return ""
}

// erased is the certificate of a person who is no more.
func (e *estate) erased() string {
	e.t.Helper()
	id, err := e.Directory.CreateAgent(e.t.Context(), e.admin, directory.Agent{GivenName: "Une", FamilyName: e.text()})
	e.must(err)
	e.must(e.Directory.CloseAgent(e.t.Context(), e.admin, id, ""))
	done, err := e.Leaving.ErasePerson(e.t.Context(), e.admin, id, "")
	e.must(err)
	return done.Number
}

// purgeIndex has the index drop now what it would within minutes.
func purgeIndex(t *testing.T, p *servertest.Portal) {
	t.Helper()
	if _, err := p.DB.Exec(t.Context(), `UPDATE search_queue SET not_before = 0 WHERE kind = 'purge'`); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		var left int
		if err := p.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM search_queue WHERE kind = 'purge'`).Scan(&left); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the index is not purged within 10 s")
}
