package news

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

var (
	editor    = portal.Caller{Account: "e", Agent: "e", Collectivity: "bourg", Rights: []portal.Right{portal.EditNews}}
	agent     = portal.Caller{Account: "a", Agent: "a", Collectivity: "bourg", Groups: []portal.GroupID{"voirie"}}
	colleague = portal.Caller{Account: "c", Agent: "c", Collectivity: "bourg"}
	stranger  = portal.Caller{Account: "s", Agent: "s", Collectivity: "agglo", Groups: []portal.GroupID{"voirie"}, Rights: []portal.Right{portal.Admin}}
)

// monday is the clock of the tests, and of their articles.
var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func newStore(t *testing.T) (*Store, *[]portal.CollectivityID) {
	t.Helper()
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	told := &[]portal.CollectivityID{}
	store := NewStore(db, slog.New(slog.DiscardHandler), func(id portal.CollectivityID) { *told = append(*told, id) })
	store.now = func() time.Time { return monday }
	return store, told
}

func draft(title string, audience ...portal.GroupID) Draft {
	return Draft{Title: title, Body: "Le **pont** est fermé.", Starts: monday.Add(-time.Hour), Ends: monday.AddDate(0, 0, 7), Audience: audience}
}

func publish(t *testing.T, store *Store, draft Draft) ArticleID {
	t.Helper()
	id, err := store.Create(context.Background(), editor, "Camille Le Goff", draft)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func titles(t *testing.T, store *Store, caller portal.Caller, shelf Shelf) (found []string) {
	t.Helper()
	articles, total, err := store.List(context.Background(), caller, shelf, 20, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, article := range articles {
		found = append(found, article.Title)
	}
	if total != len(found) {
		t.Errorf("List counts %d and returns %d", total, len(found))
	}
	return found
}

func TestAnotherCollectivitySeesAndTouchesNothing(t *testing.T) {
	ctx := context.Background()
	store, _ := newStore(t)
	id := publish(t, store, draft("Pont fermé"))
	if found := titles(t, store, stranger, Current); found != nil {
		t.Errorf("agglo lists %v", found)
	}
	_, read := store.Article(ctx, stranger, id)
	article, err := store.Article(ctx, editor, id)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"read": read, "change": store.Change(ctx, stranger, id, article.Changed, draft("volé")),
		"delete": store.Delete(ctx, stranger, id), "restore": store.Restore(ctx, stranger, id),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s from agglo = %v, want ErrNotFound", name, err)
		}
	}
	documents, err := store.Source().Load(ctx, "agglo", []string{string(id)})
	if err != nil || len(documents) != 0 {
		t.Errorf("search of agglo loads %v, %v", documents, err)
	}
	if after, err := store.Article(ctx, editor, id); err != nil || after.Title != "Pont fermé" {
		t.Errorf("after the attempts: %+v, %v", after, err)
	}
}

func TestAnArticleReachesItsAudienceOnly(t *testing.T) {
	ctx := context.Background()
	store, _ := newStore(t)
	publish(t, store, draft("Pour tous"))
	id := publish(t, store, draft("Pour la voirie", "voirie"))
	for caller, want := range map[*portal.Caller][]string{
		&editor: {"Pour la voirie", "Pour tous"}, &agent: {"Pour la voirie", "Pour tous"}, &colleague: {"Pour tous"},
	} {
		got := titles(t, store, *caller, Current)
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(got))); diff != "" {
			t.Errorf("%s: %s", caller.Agent, diff)
		}
	}
	if _, err := store.Article(ctx, colleague, id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("colleague reads it: %v", err)
	}
	if _, err := store.Create(ctx, agent, "x", draft("sans droit")); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent without the right publishes: %v", err)
	}
	documents, err := store.Source().Load(ctx, "bourg", []string{string(id)})
	if err != nil || len(documents) != 1 || documents[0].VisibleTo(colleague) || !documents[0].VisibleTo(agent) {
		t.Errorf("search document %+v, %v", documents, err)
	}
}

func TestArticlesAppearAndLeaveByThemselves(t *testing.T) {
	ctx := context.Background()
	store, told := newStore(t)
	later := draft("Demain")
	later.Starts = monday.AddDate(0, 0, 1)
	id := publish(t, store, later)
	if found := titles(t, store, agent, Current); found != nil {
		t.Errorf("shown before its day: %v", found)
	}
	if _, err := store.Article(ctx, agent, id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("read before its day: %v", err)
	}
	if found := titles(t, store, editor, Planned); len(found) != 1 {
		t.Errorf("the editor plans %v", found)
	}
	if _, _, err := store.List(ctx, agent, Planned, 5, 0); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("an agent sees what is planned: %v", err)
	}
	*told = nil
	store.now = func() time.Time { return later.Starts.Add(time.Minute) }
	if err := store.tick(ctx); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]portal.CollectivityID{"bourg"}, *told); diff != "" {
		t.Errorf("boxes told at its hour: %s", diff)
	}
	if found := titles(t, store, agent, Current); len(found) != 1 {
		t.Errorf("on its day: %v", found)
	}
	store.now = func() time.Time { return later.Ends }
	if found := titles(t, store, agent, Archive); len(found) != 1 {
		t.Errorf("archive: %v", found)
	}
}

func TestADeletedArticleCanBeRestoredForThirtyDays(t *testing.T) {
	ctx := context.Background()
	store, _ := newStore(t)
	id := publish(t, store, draft("Pont fermé", "voirie"))
	if err := store.Delete(ctx, editor, id); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Article(ctx, agent, id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("deleted article: %v", err)
	}
	store.now = func() time.Time { return monday.AddDate(0, 0, 29) }
	if err := store.tick(ctx); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(ctx, editor, id); err != nil {
		t.Fatal(err)
	}
	if article, err := store.Article(ctx, editor, id); err != nil || len(article.Audience) != 1 {
		t.Errorf("restored: %+v, %v", article, err)
	}
	if err := store.Delete(ctx, editor, id); err != nil {
		t.Fatal(err)
	}
	store.now = func() time.Time { return monday.AddDate(0, 0, 60) }
	if err := store.tick(ctx); err != nil {
		t.Fatal(err)
	}
	if err := store.Restore(ctx, editor, id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("restored after 30 days: %v", err)
	}
}

func TestTwoEditorsDoNotOverwriteEachOther(t *testing.T) {
	ctx := context.Background()
	store, _ := newStore(t)
	id := publish(t, store, draft("Pont fermé"))
	opened, err := store.Article(ctx, editor, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Change(ctx, editor, id, opened.Changed, draft("Pont rouvert")); err != nil {
		t.Fatal(err)
	}
	if err := store.Change(ctx, editor, id, opened.Changed, draft("Pont refermé")); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("second change = %v, want ErrConflict", err)
	}
}

func TestWhatAnEditorMustCorrect(t *testing.T) {
	store, _ := newStore(t)
	bad := Draft{Title: " ", Body: "", Starts: monday, Ends: monday.Add(-time.Hour)}
	_, err := store.Create(context.Background(), editor, "x", bad)
	var refused portal.FieldErrors
	if !errors.As(err, &refused) {
		t.Fatalf("Create = %v", err)
	}
	var fields []string
	for _, one := range refused {
		fields = append(fields, one.Field)
	}
	if diff := cmp.Diff([]string{"title", "body", "ends"}, fields); diff != "" {
		t.Error(diff)
	}
}

func TestMarkdownCannotHarmAReader(t *testing.T) {
	for _, body := range []string{
		"<script>alert(1)</script>", "[x](javascript:alert(1))", "![x](https://elsewhere.example/pixel.png)",
		`<a href="x" onclick="alert(1)">x</a>`, "<img src=x onerror=alert(1)>", "[x](data:text/html;base64,xx)",
	} {
		html, err := render(body)
		if err != nil {
			t.Fatal(err)
		}
		for _, harm := range []string{"<script", "javascript:", "onclick", "onerror", "<img", "data:"} {
			if strings.Contains(string(html), harm) {
				t.Errorf("render(%q) = %s", body, html)
			}
		}
	}
	html, err := render("# Titre\n\nUn **mot** et [un lien](/documents).")
	if want := "<h2>Titre</h2>\n<p>Un <strong>mot</strong> et <a href=\"/documents\" rel=\"noreferrer\">un lien</a>.</p>\n"; err != nil || string(html) != want {
		t.Errorf("render = %q, %v, want %q", html, err, want)
	}
	if got, want := summary(lead("# Titre\n\nUn *mot*.\n\n| a | b |\n|---|---|\n| c | d |\n\nDeux.")), "Un mot. Deux."; got != want {
		t.Errorf("summary = %q, want %q", got, want)
	}
	if got, want := plain("# Titre\n\nL’*été* & l’hiver"), "Titre\nL’été & l’hiver"; got != want {
		t.Errorf("plain = %q, want %q", got, want)
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\n* b\n\n| c | d |\n|---|---|\n| e | f |")
	f.Add("[x](javascript:alert(1)) <script>")
	f.Fuzz(func(t *testing.T, body string) {
		html, err := render(body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(html)), "<script") {
			t.Errorf("render(%q) = %s", body, html)
		}
		if got := summary(plain(body)); len([]rune(got)) > summaryLength+1 {
			t.Errorf("summary of %q = %q", body, got)
		}
	})
}

func TestTheClockStopsWithItsContext(t *testing.T) {
	store, _ := newStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { store.Run(ctx); close(done) }()
	cancel()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Error("Run goes on")
	}
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	store, _ := newStore(t)
	publish(t, store, draft("Pont fermé"))
	widgetstest.Conforms(t, NewWidget(store), widgets.Request{Caller: agent}, Locales)
}
