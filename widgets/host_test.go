package widgets

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// plain is a widget made of a function.
type plain struct {
	manifest Manifest
	load     func(ctx context.Context, request Request) (Content, error)
}

func (p plain) Manifest() Manifest { return p.manifest }

func (p plain) Load(ctx context.Context, request Request) (Content, error) {
	return p.load(ctx, request)
}

func named(id string, load func(ctx context.Context, request Request) (Content, error)) plain {
	return plain{load: load, manifest: Manifest{
		ID: id, Title: "t", Help: "h", Icon: "info", Sizes: []Size{Small},
		SettingsVersion: 1, Scope: ScopeAgent, Fresh: time.Minute, Stale: 10 * time.Minute, Deadline: 2 * time.Second,
	}}
}

func testHost(t *testing.T, limits Limits, widgets ...Widget) *Host {
	t.Helper()
	h, err := newHost(limits, &settingsStore{}, slog.New(slog.DiscardHandler), widgets)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func closeHost(t *testing.T, h *Host) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := h.Close(ctx); err != nil {
		t.Error(err)
	}
}

func testReader(t *testing.T, agent string) reader {
	t.Helper()
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	caller := portal.Caller{Collectivity: "bourg", Agent: portal.AgentID(agent)}
	return reader{caller: caller, audience: caller.Audience(), printer: catalogue.Printer(i18n.French), now: time.Now()}
}

// ask loads one box as a page does, within a budget.
func ask(h *Host, id string, rd reader, budget time.Duration) shown {
	states := []shown{h.peek(h.catalogue.byID[id], rd)}
	h.wait(context.Background(), states, budget)
	return states[0]
}

func titleOf(s shown) string {
	if s.loaded == nil || len(s.loaded.content.Items) == 0 {
		return ""
	}
	return s.loaded.content.Items[0].Title
}

func TestAPageWaitsForNoBoxBeyondItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := named("hung", func(ctx context.Context, _ Request) (Content, error) {
			<-ctx.Done()
			return Content{}, ctx.Err()
		})
		quick := named("quick", func(context.Context, Request) (Content, error) {
			time.Sleep(10 * time.Millisecond)
			return Content{Items: []Item{{Title: "here"}}}, nil
		})
		h := testHost(t, Limits{}, hung, quick)
		defer closeHost(t, h)
		rd := testReader(t, "ada")
		began := time.Now()
		states := []shown{h.peek(h.catalogue.byID["hung"], rd), h.peek(h.catalogue.byID["quick"], rd)}
		h.wait(t.Context(), states, h.limits.Page)
		if took := time.Since(began); took != 150*time.Millisecond {
			t.Errorf("the page waited %v, want 150 ms", took)
		}
		if !states[0].late || states[1].late || titleOf(states[1]) != "here" {
			t.Errorf("late = %v and %v with %q, want the hung box only", states[0].late, states[1].late, titleOf(states[1]))
		}
		end := ask(h, "hung", rd, time.Minute)
		if end.late || !errors.Is(end.loaded.failed, errDeadline) {
			t.Errorf("the hung box ends with %+v, want its deadline", end.loaded)
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("the hung box ended after %v, want its deadline of 2 s", took)
		}
	})
}

func TestWhatWasShownStaysWithItsHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		var broken atomic.Bool
		h := testHost(t, Limits{}, named("news", func(context.Context, Request) (Content, error) {
			if broken.Load() {
				return Content{}, errors.New("source down")
			}
			return Content{Items: []Item{{Title: strconv.FormatInt(loads.Add(1), 10)}}}, nil
		}))
		defer closeHost(t, h)
		rd := testReader(t, "ada")
		want := func(when string, age age, title string) {
			t.Helper()
			got := ask(h, "news", rd, time.Second)
			if got.age != age || titleOf(got) != title || got.late {
				t.Errorf("%s: age %d, title %q, late %v; want age %d, title %q", when, got.age, titleOf(got), got.late, age, title)
			}
			synctest.Wait()
		}
		want("first", fresh, "1")
		time.Sleep(time.Minute)
		want("fresh to the end", fresh, "1")
		time.Sleep(time.Second)
		want("stale, loaded again behind", stale, "1")
		want("then fresh again", fresh, "2")
		time.Sleep(time.Hour)
		want("too old to be shown: the page waits", fresh, "3")

		broken.Store(true)
		h.Changed("bourg", "news", "ada")
		want("the last known content is kept when loading fails", expired, "3")
		broken.Store(false)
		want("a failure rests a little", fresh, "3")
		if got := ask(h, "news", rd, time.Second); got.loaded.failed == nil {
			t.Error("the failure is forgotten while the content is not of the last try")
		}
		time.Sleep(retryAfter)
		want("then is tried again behind", fresh, "3")
		want("and recovers", fresh, "4")
		if got := ask(h, "news", rd, time.Second); got.loaded.failed != nil {
			t.Errorf("failed = %v after a good load", got.loaded.failed)
		}
	})
}

func TestAChangeIsSeenByTheNextPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value atomic.Int64
		load := func(context.Context, Request) (Content, error) {
			title := strconv.FormatInt(value.Load(), 10)
			time.Sleep(50 * time.Millisecond)
			return Content{Items: []Item{{Title: title}}}, nil
		}
		watcher := watching{named("box", load), []string{"leave"}}
		h := testHost(t, Limits{}, watcher)
		defer closeHost(t, h)
		ada, bea := testReader(t, "ada"), testReader(t, "bea")
		change := func(topic string, agents ...portal.AgentID) {
			value.Add(1)
			h.Changed("bourg", topic, agents...)
		}
		want := func(rd reader, title string) {
			t.Helper()
			if got := titleOf(ask(h, "box", rd, time.Second)); got != title {
				t.Errorf("%s sees %q, want %q", rd.caller.Agent, got, title)
			}
		}
		want(ada, "0")
		want(bea, "0")
		change("box", "ada")
		want(ada, "1")
		want(bea, "0")
		change("leave")
		want(ada, "2")
		want(bea, "2")
		change("nothing")
		want(ada, "2")

		// A load that began before the change is not the answer.
		h.Changed("bourg", "box", "ada")
		go ask(h, "box", ada, time.Second)
		time.Sleep(10 * time.Millisecond)
		change("box", "ada")
		want(ada, "4")
	})
}

type watching struct {
	plain
	topics []string
}

func (w watching) Topics() []string { return w.topics }

func TestOneLoadAnswersAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		h := testHost(t, Limits{}, named("news", func(context.Context, Request) (Content, error) {
			loads.Add(1)
			time.Sleep(100 * time.Millisecond)
			return Content{}, nil
		}))
		defer closeHost(t, h)
		rd := testReader(t, "ada")
		var pages sync.WaitGroup
		for range 50 {
			pages.Go(func() { ask(h, "news", rd, time.Second) })
		}
		pages.Wait()
		if got := loads.Load(); got != 1 {
			t.Errorf("%d loads for 50 pages at once, want 1", got)
		}
	})
}

func TestTheBreakerOpensAfterFiveFailuresForHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		var broken atomic.Bool
		broken.Store(true)
		h := testHost(t, Limits{}, named("mail", func(_ context.Context, request Request) (Content, error) {
			if request.Caller.Collectivity == "agglo" {
				return Content{}, nil
			}
			loads.Add(1)
			if broken.Load() {
				return Content{}, portal.ErrUnavailable
			}
			return Content{Items: []Item{{Title: "back"}}}, nil
		}))
		defer closeHost(t, h)
		for i := range 8 {
			ask(h, "mail", testReader(t, strconv.Itoa(i)), time.Second)
		}
		if got := loads.Load(); got != breakerFailures {
			t.Errorf("%d loads of a source that fails, want %d", got, breakerFailures)
		}
		elsewhere := testReader(t, "cleo")
		elsewhere.caller.Collectivity = "agglo"
		if got := ask(h, "mail", elsewhere, time.Second); got.loaded.failed != nil {
			t.Errorf("the source of another collectivity is cut off too: %v", got.loaded.failed)
		}
		time.Sleep(breakerPause)
		broken.Store(false)
		if got := titleOf(ask(h, "mail", testReader(t, "later"), time.Second)); got != "back" {
			t.Errorf("after the pause the box shows %q, want its content", got)
		}
	})
}

func TestARefusalOfOneAgentOpensNoBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var loads atomic.Int64
		h := testHost(t, Limits{}, named("mail", func(context.Context, Request) (Content, error) {
			loads.Add(1)
			return Content{}, portal.UserError{Kind: portal.ErrDenied, Key: "mail.password"}
		}))
		defer closeHost(t, h)
		for i := range 8 {
			ask(h, "mail", testReader(t, strconv.Itoa(i)), time.Second)
		}
		if got := loads.Load(); got != 8 {
			t.Errorf("%d loads, want 8: a wrong password is not the source's failure", got)
		}
	})
}

func TestOneWidgetHoldsATenthOfTheLoaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int64
		release := make(chan struct{})
		// It honours nothing: no context, no deadline.
		stuck := named("stuck", func(context.Context, Request) (Content, error) {
			most.Store(max(most.Load(), inside.Add(1)))
			<-release
			inside.Add(-1)
			return Content{}, nil
		})
		quick := named("quick", func(context.Context, Request) (Content, error) { return Content{}, nil })
		h := testHost(t, Limits{Loaders: 20}, stuck, quick)
		for i := range 30 { // of several collectivities: one alone may not hold the whole share
			rd := testReader(t, strconv.Itoa(i))
			rd.caller.Collectivity = portal.CollectivityID("c" + strconv.Itoa(i%3))
			go ask(h, "stuck", rd, time.Second)
		}
		synctest.Wait()
		if got := most.Load(); got != 2 {
			t.Errorf("the stuck widget holds %d of 20 loaders, want 2", got)
		}
		began := time.Now()
		if got := ask(h, "quick", testReader(t, "ada"), time.Second); got.age != fresh || time.Since(began) != 0 {
			t.Errorf("another box: age %d after %v, want fresh at once", got.age, time.Since(began))
		}
		time.Sleep(time.Minute)
		close(release)
		closeHost(t, h)
		if got := inside.Load(); got != 0 {
			t.Errorf("%d loads are still inside", got)
		}
	})
}

func TestAPanicEndsInItsBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := testHost(t, Limits{}, greeting{named("bad", func(context.Context, Request) (Content, error) { panic("bad") })},
			greeting{named("worse", func(context.Context, Request) (Content, error) { return Content{}, nil })})
		defer closeHost(t, h)
		if got := ask(h, "bad", testReader(t, "ada"), time.Second); !errors.Is(got.loaded.failed, errPanicked) {
			t.Errorf("failed = %v, want the panic", got.loaded.failed)
		}
		if got := ask(h, "worse", testReader(t, "ada"), time.Second); got.loaded.failed != nil || got.loaded.facts != nil {
			t.Errorf("a panic in Facts: %+v, want silence", got.loaded)
		}
	})
}

type greeting struct{ plain }

func (greeting) Facts(Content) []Fact { panic("worse") }

func TestClosingLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	h := testHost(t, Limits{}, named("hung", func(ctx context.Context, _ Request) (Content, error) {
		<-ctx.Done()
		return Content{}, ctx.Err()
	}))
	for i := range 100 {
		ask(h, "hung", testReader(t, strconv.Itoa(i)), 0)
	}
	closeHost(t, h)
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	if got := ask(h, "hung", testReader(t, "late"), time.Second); got.loaded == nil || got.loaded.failed == nil {
		t.Error("a closed host still loads")
	}
}

func TestManifestsThatCantBeServedAreRefused(t *testing.T) {
	good := named("good", nil)
	for name, change := range map[string]func(m *Manifest){
		"id":             func(m *Manifest) { m.ID = "Agenda!" },
		"title":          func(m *Manifest) { m.Title = "" },
		"sizes":          func(m *Manifest) { m.Sizes = nil },
		"size":           func(m *Manifest) { m.Sizes = []Size{"xl"} },
		"link":           func(m *Manifest) { m.Link, m.LinkText = "javascript:x", "t" },
		"link text":      func(m *Manifest) { m.Link = "/x" },
		"scope":          func(m *Manifest) { m.Scope = "everyone" },
		"deadline":       func(m *Manifest) { m.Deadline = 0 },
		"long deadline":  func(m *Manifest) { m.Deadline = time.Minute },
		"agent settings": func(m *Manifest) { m.Scope, m.AgentSettings = ScopeCollectivity, []Field{{Name: "x"}} },
		"actions":        func(m *Manifest) { m.Actions = []ActionType{{Name: "x"}} },
		"version":        func(m *Manifest) { m.SettingsVersion = 0 },
	} {
		bad := good
		change(&bad.manifest)
		if _, err := newCatalogue(10, []Widget{bad}); err == nil {
			t.Errorf("%s: the manifest is taken", name)
		}
	}
	if _, err := newCatalogue(10, []Widget{good, good}); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("the same id twice: %v, want ErrConflict", err)
	}
}
