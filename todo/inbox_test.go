package todo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// heapSource is a source whose items are written here, by collectivity.
type heapSource struct {
	id    string
	items map[portal.CollectivityID][]Item
	err   error
	load  func(ctx context.Context) // before anything is answered
	acted []string
}

func (s *heapSource) Manifest() Manifest {
	return Manifest{ID: s.id, Name: "todo.title", Icon: "todo", Actions: []Action{
		{Name: "yes", Label: "todo.confirm", Main: true},
		{Name: "no", Label: "todo.undo", Fields: []Field{{Name: "why", Kind: Text, Label: "todo.where", Required: true, Max: 5}, {Name: "day", Kind: Date, Label: "todo.where"}}},
	}}
}

func (s *heapSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	list, err := s.List(ctx, Request{Caller: caller}, 1000)
	return list.Total, err
}

func (s *heapSource) List(ctx context.Context, request Request, limit int) (List, error) {
	if s.load != nil {
		s.load(ctx)
	}
	items := s.items[request.Caller.Collectivity]
	return List{Items: items[:min(len(items), limit)], Total: len(items)}, s.err
}

func (s *heapSource) Recent(context.Context, Request) ([]Done, error) { return nil, nil }

func (s *heapSource) Act(_ context.Context, request Request, item, action string, values Values) (Done, error) {
	s.acted = append(s.acted, fmt.Sprintf("%s %s %s %s", request.Caller.Agent, item, action, values["why"]))
	return Done{Token: item}, nil
}

func (s *heapSource) Undo(context.Context, Request, string) (Sentence, error) { return Sentence{}, nil }

// everywhere works in these collectivities, under names that tell them apart.
type everywhere []portal.CollectivityID

func (e everywhere) Places(_ context.Context, caller portal.Caller) ([]Place, error) {
	places := []Place{{Caller: caller, Name: string(caller.Collectivity)}}
	for _, id := range e {
		if id != caller.Collectivity {
			places = append(places, Place{Caller: portal.Caller{Account: caller.Account, Agent: "anne-" + portal.AgentID(id), Collectivity: id}, Name: string(id)})
		}
	}
	return places, nil
}

var anne = portal.Caller{Account: "c-anne", Agent: "anne-bourg", Collectivity: "bourg"}

func inboxOf(sources ...Source) *Inbox {
	return New(everywhere{"bourg", "agglo"}, slog.New(slog.DiscardHandler), sources...)
}

func ask(t testing.TB) Request {
	t.Helper()
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Caller: anne, Printer: catalogue.Printer(i18n.French), Now: time.Now()}
}

func titles(sheet Sheet) (all []string) {
	for _, entry := range sheet.Entries {
		all = append(all, string(entry.Place.Caller.Collectivity)+" "+entry.Title)
	}
	return all
}

func day(n int) time.Time { return time.Date(2026, 11, n, 8, 0, 0, 0, time.UTC) }

func TestWhatPressesMostComesFirst(t *testing.T) {
	leave := &heapSource{id: "leave", items: map[portal.CollectivityID][]Item{
		"bourg": {{ID: "1", Title: "en retard", Since: day(20), Due: day(10)}, {ID: "2", Title: "ancien", Since: day(1)}},
	}}
	requests := &heapSource{id: "requests", items: map[portal.CollectivityID][]Item{
		"bourg": {{ID: "1", Title: "récent", Since: day(9)}},
		"agglo": {{ID: "1", Title: "à une date", Since: day(21), Due: day(28)}, {ID: "2", Title: "du milieu", Since: day(5)}},
	}}
	inbox := inboxOf(leave, requests)
	sheet, err := inbox.Load(t.Context(), ask(t), Query{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"bourg en retard", "agglo à une date", "bourg ancien", "agglo du milieu", "bourg récent"}
	if diff := cmp.Diff(want, titles(sheet)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if sheet.Total != 5 || !sheet.Several() || inbox.Count(t.Context(), anne) != 5 {
		t.Errorf("total %d, counted %d", sheet.Total, inbox.Count(t.Context(), anne))
	}
	if sheet, _ = inbox.Load(t.Context(), ask(t), Query{Source: "leave", Limit: 1}); len(sheet.Entries) != 1 || sheet.Total != 2 || len(sheet.Sources) != 2 {
		t.Errorf("one source, one item: %+v", sheet)
	}
}

// Whatever one source does, the others are shown in time, and the page says which
// one is missing.
func TestASourceInTroubleLeavesTheOthers(t *testing.T) {
	for name, trouble := range map[string]*heapSource{
		"fails":  {id: "trouble", err: errors.New("down")},
		"panics": {id: "trouble", load: func(context.Context) { panic("broken") }},
		"hangs":  {id: "trouble", load: func(ctx context.Context) { <-ctx.Done(); time.Sleep(50 * time.Millisecond) }},
	} {
		t.Run(name, func(t *testing.T) {
			sound := &heapSource{id: "sound", items: map[portal.CollectivityID][]Item{"agglo": {{ID: "1", Title: "la suite"}}}}
			began := time.Now()
			sheet, err := inboxOf(trouble, sound).Load(t.Context(), ask(t), Query{Limit: 10})
			if err != nil || len(sheet.Entries) != 1 {
				t.Fatalf("%v: %+v", err, sheet)
			}
			if missing := sheet.Missing(); len(missing) != 1 || missing[0].ID != "trouble" {
				t.Errorf("missing: %+v", missing)
			}
			if took := time.Since(began); took > 2*patience {
				t.Errorf("it took %v", took)
			}
			if count := inboxOf(trouble, sound).Count(t.Context(), anne); count != 1 {
				t.Errorf("the header counts %d, want what is known", count)
			}
		})
	}
}

func TestAnActionIsCheckedBeforeItsSourceIsAsked(t *testing.T) {
	source := &heapSource{id: "leave"}
	inbox, request := inboxOf(source), ask(t)
	for name, c := range map[string]struct {
		at     Address
		action string
		form   Values
		want   error
	}{
		"no such source":   {Address{"bourg", "none", "1"}, "yes", nil, portal.ErrNotFound},
		"no such action":   {Address{"bourg", "leave", "1"}, "forged", nil, portal.ErrNotFound},
		"not her place":    {Address{"syndicat", "leave", "1"}, "yes", nil, portal.ErrNotFound},
		"no reason":        {Address{"bourg", "leave", "1"}, "no", Values{"why": " "}, portal.ErrInvalid},
		"a long reason":    {Address{"bourg", "leave", "1"}, "no", Values{"why": "éééééé"}, portal.ErrInvalid},
		"a day that isn’t": {Address{"bourg", "leave", "1"}, "no", Values{"why": "non", "day": "2026-02-30"}, portal.ErrInvalid},
		"there":            {Address{"agglo", "leave", "1"}, "no", Values{"why": " ééééé ", "day": "2026-02-28", "more": "x"}, nil},
	} {
		if _, err := inbox.Act(t.Context(), request, c.at, c.action, c.form); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if diff := cmp.Diff([]string{"anne-agglo 1 no ééééé"}, source.acted); diff != "" {
		t.Errorf("what reached the source (-want +got):\n%s", diff)
	}
}

// A count costs nothing until something changes in one of her collectivities, or
// a minute went by.
func TestACountIsKeptUntilAChange(t *testing.T) {
	asked, clock := 0, day(1)
	source := &heapSource{id: "leave", load: func(context.Context) { asked++ }}
	inbox := inboxOf(source)
	inbox.counts.now = func() time.Time { return clock }
	var told []string
	inbox.OnChange(func(id portal.CollectivityID, agents ...portal.AgentID) { told = append(told, fmt.Sprint(id, agents)) })
	counts := func(what string, want int) {
		t.Helper()
		asked = 0
		inbox.Count(t.Context(), anne)
		inbox.Count(t.Context(), anne)
		if asked != want {
			t.Errorf("%s: the source was asked %d times, want %d", what, asked, want)
		}
	}
	counts("first", 2) // in each of two collectivities
	counts("kept", 0)
	inbox.Changed("syndicat")
	counts("a change elsewhere", 0)
	inbox.Changed("agglo")
	counts("a change in her other collectivity", 2)
	if diff := cmp.Diff([]string{"syndicat[]", "agglo[]", "bourg[anne-bourg]"}, told); diff != "" {
		t.Errorf("who was told (-want +got):\n%s", diff)
	}
	clock = clock.Add(countKept)
	counts("a minute later", 2)
	source.err = errors.New("down")
	inbox.Changed("bourg")
	counts("in trouble", 2) // one page waits for it, not each
	clock = clock.Add(lostKept)
	counts("a little later", 2)
	if inbox.Count(t.Context(), portal.Caller{Account: "operator"}) != 0 {
		t.Error("who is nobody's agent waits for something")
	}
}

// A count that a change overtook is told to who asked and not kept.
func TestACountThatAChangeOvertookIsNotKept(t *testing.T) {
	source := &heapSource{id: "leave"}
	inbox := inboxOf(source)
	asked := 0
	source.load = func(context.Context) {
		if asked++; asked == 1 {
			inbox.Changed("bourg")
		}
	}
	inbox.Count(t.Context(), anne)
	inbox.Count(t.Context(), anne)
	if asked != 4 {
		t.Errorf("the source was asked %d times, want 4", asked)
	}
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	source := &heapSource{id: "leave", items: map[portal.CollectivityID][]Item{
		"bourg": {{ID: "1", Title: "Léa demande un congé", Detail: "Une semaine", Since: day(2), Due: day(3), Actions: []string{"yes", "no"}}},
	}}
	widgetstest.Conforms(t, NewWidget(inboxOf(source)), widgets.Request{Caller: anne}, Locales)
}

// The box has the buttons that need no words; the others are a click away.
func TestTheBoxHasWhatOnePressDecides(t *testing.T) {
	source := &heapSource{id: "leave", items: map[portal.CollectivityID][]Item{
		"agglo": {{ID: "1", Title: "Léa", Since: day(2), Actions: []string{"yes", "no"}}},
	}}
	request := ask(t)
	content, err := NewWidget(inboxOf(source)).Load(t.Context(), widgets.Request{Caller: anne, Printer: request.Printer, Now: request.Now})
	if err != nil || len(content.Items) != 1 || content.Badge.Count != 1 {
		t.Fatalf("%v: %+v", err, content)
	}
	item := content.Items[0]
	if len(item.Actions) != 1 || item.Actions[0].Values["action"] != "yes" || item.Actions[0].Values["collectivity"] != "agglo" || item.Link != "/todo#on-agglo-leave-1" {
		t.Errorf("%+v", item)
	}
	source.err = errors.New("down")
	source.items = nil
	if _, err := NewWidget(inboxOf(source)).Load(t.Context(), widgets.Request{Caller: anne, Printer: request.Printer, Now: request.Now}); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("nothing is known, and the box says %v", err)
	}
}

func TestTemplatesAskForSentencesThatExist(t *testing.T) {
	catalogue, err := i18n.Load(themes.Locales, web.Locales, Locales)
	if err != nil {
		t.Fatal(err)
	}
	missing, err := catalogue.Missing(Templates)
	if err != nil || len(missing) > 0 {
		t.Errorf("%v, missing %s", err, strings.Join(missing, ", "))
	}
}
