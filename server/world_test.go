package server_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/directory"
	"parvis/documents"
	"parvis/mail"
	"parvis/news"
	"parvis/portal"
	"parvis/portal/seal"
	"parvis/server/servertest"
	"parvis/weather"
)

// canary is in every field of what belongs to bourg, and secret beside it in
// what is for the group accueil of bourg alone. No answer to anybody else may
// hold them.
const (
	canary = "crecerellebourg"
	secret = "hulotteaccueil"
)

const (
	author    = "redaction@bourg.example" // in accueil, edits everything
	colleague = "collegue@bourg.example"  // of bourg, in no group, without right
	stranger  = "admin@agglo.example"     // of agglo, with every right there
	operator  = "pool@pool.example"
)

// world is a portal where bourg holds one of everything.
type world struct {
	*servertest.Portal
	t *testing.T

	caller   portal.Caller // the author's
	admin    portal.Caller
	accueil  portal.GroupID
	unit     portal.UnitID
	card     portal.AgentID
	app      string // application for accueil
	folderID documents.FolderID
	shared   calendar.Calendar // for accueil
	password string            // app password of the author
	number   int               // of objects made so far, so that no two share a name
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Portal: servertest.New(t), t: t}
	w.caller, w.admin = w.Caller(author, "bourg"), w.Caller("admin@bourg.example", "bourg")
	w.accueil = "accueil"
	w.furnish()
	w.folderID = w.folder("")
	w.must(w.Mail.SetServer(t.Context(), w.admin, mail.Server{
		Address: "127.0.0.1:9", Security: mail.TLS, SignIn: mail.ByMaster,
		MasterUser: canary, MasterPassword: canary, Separator: "*", Webmail: "https://" + canary + ".example/",
	}))
	w.must(w.Mail.SetShared(t.Context(), w.admin, mail.Shared{Address: canary + secret + "@bourg.example", Name: canary + secret, Audience: []portal.GroupID{w.accueil}}))
	w.must(w.Weather.SetPlace(t.Context(), w.admin, weather.Place{Name: canary, Latitude: 47, Longitude: 1}))
	w.password = w.AppPassword(author, "bourg")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// name is a text for bourg, or for accueil when it is to be secret.
func (w *world) name(hidden bool) string {
	w.number++
	if hidden {
		return fmt.Sprintf("budget %s %s %d", canary, secret, w.number)
	}
	return fmt.Sprintf("budget %s %d", canary, w.number)
}

// furnish adds an agent, a unit, an application and a shared calendar.
func (w *world) furnish() {
	w.t.Helper()
	ctx := w.t.Context()
	var err error
	w.unit, err = w.Directory.CreateUnit(ctx, w.admin, directory.Unit{Name: w.name(false)})
	w.must(err)
	_, err = w.Directory.CreateGroup(ctx, w.admin, directory.Group{Name: canary + secret})
	w.must(err)
	account, err := w.Directory.CreateAccount(ctx, directory.Installation(""), canary+"@bourg.example")
	w.must(err)
	w.card, err = w.Directory.CreateAgent(ctx, w.admin, directory.Agent{
		Account: account, GivenName: "Budget", FamilyName: canary, Function: canary, Unit: w.unit,
		Email: canary + "@bourg.example", Phone: "02 61 91 01 42", Mobile: "06 39 98 00 42", Office: canary,
	})
	w.must(err)
	w.app, err = w.Directory.CreateApplication(ctx, w.admin, directory.Application{
		Name: w.name(true), Description: canary + secret,
		URL: "https://" + canary + secret + ".example/", Category: canary + secret, Pinned: true, Audience: []portal.GroupID{w.accueil},
	})
	w.must(err)
	w.shared, err = w.Calendar.CreateCalendar(ctx, w.admin, calendar.NewCalendar{
		Name: w.name(true), Description: canary + secret,
		Slug: "partage", Shared: true, ReadGroups: []portal.GroupID{w.accueil}, WriteGroups: []portal.GroupID{w.accueil},
	})
	w.must(err)
}

// article is for accueil.
func (w *world) article() string {
	w.t.Helper()
	text := w.name(true)
	id, err := w.News.Create(w.t.Context(), w.caller, canary, news.Draft{
		Title: text, Body: "Le **" + text + "**", Starts: time.Now().Add(-time.Hour),
		Ends: time.Now().AddDate(0, 0, 7), Audience: []portal.GroupID{w.accueil},
	})
	w.must(err)
	return string(id)
}

func (w *world) removedArticle() string {
	id := w.article()
	w.must(w.News.Delete(w.t.Context(), w.caller, news.ArticleID(id)))
	return id
}

// folder is for accueil.
func (w *world) folder(parent documents.FolderID) documents.FolderID {
	w.t.Helper()
	draft := documents.FolderDraft{Name: w.name(true), Parent: parent}
	if parent == "" {
		draft.Readers, draft.Writers = []portal.GroupID{w.accueil}, []portal.GroupID{w.accueil}
	}
	id, err := w.Documents.CreateFolder(w.t.Context(), w.caller, draft)
	w.must(err)
	return id
}

func (w *world) topFolder() string { return string(w.folder("")) }

func (w *world) file() *documents.Incoming {
	w.t.Helper()
	text := w.name(true)
	file, err := w.Documents.Receive(w.t.Context(), w.caller, text+".txt", strings.NewReader("Le "+text+" de la commune.\n"), 0)
	w.must(err)
	return file
}

// document is for accueil, in its second version.
func (w *world) document() string {
	w.t.Helper()
	ids, err := w.Documents.Add(context.Background(), w.caller, canary, w.folderID, []documents.Upload{{File: w.file()}})
	w.must(err)
	w.must(w.Documents.Replace(w.t.Context(), w.caller, canary, ids[0], w.file()))
	return string(ids[0])
}

func (w *world) removedDocument() string {
	id := w.document()
	w.must(w.Documents.Delete(w.t.Context(), w.caller, documents.DocumentID(id)))
	return id
}

// event is in the author's own calendar.
func (w *world) event() string {
	w.t.Helper()
	text := w.name(true)
	own, err := w.Calendar.Calendars(w.t.Context(), w.caller)
	w.must(err)
	start := time.Now().Add(time.Hour).Truncate(time.Minute)
	id, err := w.Calendar.CreateEvent(w.t.Context(), w.caller, calendar.Draft{
		Calendar: own[0].ID, Title: text, Location: canary + secret,
		Description: canary + secret, Start: start, End: start.Add(time.Hour),
	})
	w.must(err)
	return string(id)
}

// sharedEvent is in the calendar of accueil.
func (w *world) sharedEvent() string {
	w.t.Helper()
	start := time.Now().Add(2 * time.Hour).Truncate(time.Minute)
	id, err := w.Calendar.CreateEvent(w.t.Context(), w.caller, calendar.Draft{
		Calendar: w.shared.ID, Title: w.name(true), Location: canary + secret,
		Start: start, End: start.Add(time.Hour),
	})
	w.must(err)
	return string(id)
}

func (w *world) undo() string {
	w.t.Helper()
	undo, err := w.Calendar.RemoveEvent(w.t.Context(), w.caller, calendar.EventID(w.event()), "")
	w.must(err)
	return undo
}

func (w *world) appPassword() string {
	w.t.Helper()
	_, err := w.SSO.AppPasswords.Create(w.t.Context(), w.caller, canary+secret)
	w.must(err)
	all, err := w.SSO.AppPasswords.List(w.t.Context(), w.caller)
	w.must(err)
	return all[0].ID
}

// session is a second session of the author.
func (w *world) session() string {
	w.t.Helper()
	before := map[string]bool{}
	all, err := w.SSO.Sessions.List(w.t.Context(), w.caller)
	w.must(err)
	for _, session := range all {
		before[session.ID] = true
	}
	w.As(author)
	all, err = w.SSO.Sessions.List(w.t.Context(), w.caller)
	w.must(err)
	for _, session := range all {
		if !before[session.ID] {
			return session.ID
		}
	}
	w.t.Fatal("no session was opened")
	return ""
}

// fill puts into the fields of a form the author's own "{calendar}", a
// "{folder}" of accueil, and the change of the article that was "{seen}" last.
func (w *world) fill(fields []string, path string) []string {
	w.t.Helper()
	seen := ""
	if id, isNews := strings.CutPrefix(path, "/news/"); isNews && slices.Contains(fields, "{seen}") {
		article, err := w.News.Article(w.t.Context(), w.caller, news.ArticleID(id))
		w.must(err)
		seen = strconv.FormatInt(article.Changed.UnixMilli(), 10)
	}
	replace := strings.NewReplacer("{calendar}", string(w.caller.Agent), "{folder}", string(w.folderID), "{seen}", seen)
	filled := make([]string, len(fields))
	for i, field := range fields {
		filled[i] = replace.Replace(field)
	}
	return filled
}

// remoteAccount is an account of the author's on another server, as it is after
// a reading: the server itself is beyond these tests.
func (w *world) remoteAccount() string {
	w.t.Helper()
	return w.addRemote()
}

// remoteEvent is an event read from that server.
func (w *world) remoteEvent() string {
	w.t.Helper()
	return w.addRemote() + "-event"
}

func (w *world) addRemote() string {
	w.t.Helper()
	sealer, err := seal.Open(filepath.Join(w.Config.Data, "secret.key"))
	w.must(err)
	id, now := portal.NewID(), time.Now().UnixMilli()
	sealed := sealer.Seal("remote/bourg/"+id, []byte(canary))
	for _, insert := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO remote_accounts (collectivity, id, agent, name, url, login, sealed, created, tried, read_at)
			VALUES ('bourg', $1, $2, $3, $4, $5, $6, $7, $7, $7)`, []any{id, string(w.caller.Agent), w.name(true), "https://" + canary + secret + ".invalid/", canary + secret, sealed, now}},
		{
			`INSERT INTO remote_calendars (collectivity, id, account, path, name) VALUES ('bourg', $1, $2, $3, $4)`,
			[]any{id + "-calendar", id, "/" + canary + secret, w.name(true)},
		},
		{`INSERT INTO remote_instances (collectivity, calendar, id, uid, starts, ends, all_day, title, location, description, status, transparent)
			VALUES ('bourg', $1, $2, $2, $3, $4, FALSE, $5, $5, $5, '', FALSE)`, []any{id + "-calendar", id + "-event", now, now + 3_600_000, w.name(true)}},
	} {
		_, err := w.DB.Exec(w.t.Context(), insert.query, insert.args...)
		w.must(err)
	}
	return id
}

func today() string { return time.Now().Format(time.DateOnly) }

func inDays(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }

// textFile is an upload of bourg.
func textFile() *bytes.Reader { return bytes.NewReader([]byte("Un " + canary + " " + secret + "\n")) }
