package widgets_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// troubles are widgets that do harm, by name.
func troubles(release chan struct{}) map[string]func(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	shout := strings.Repeat("AAAA", 5<<20)
	flood := widgets.Content{Table: &widgets.Table{Columns: []string{"a", "b"}}}
	for i := range 100_000 {
		flood.Items = append(flood.Items, widgets.Item{Title: fmt.Sprint("flood ", i)})
		flood.Links = append(flood.Links, widgets.Link{Text: "flood", URL: "/x"})
		flood.Table.Rows = append(flood.Table.Rows, []string{"flood", "1"})
	}
	return map[string]func(ctx context.Context, request widgets.Request) (widgets.Content, error){
		"hangs": func(ctx context.Context, _ widgets.Request) (widgets.Content, error) {
			<-ctx.Done()
			return widgets.Content{}, ctx.Err()
		},
		"hangs-for-ever": func(context.Context, widgets.Request) (widgets.Content, error) {
			<-release
			return widgets.Content{}, nil
		},
		"panics": func(context.Context, widgets.Request) (widgets.Content, error) {
			var nothing []string
			return widgets.Content{Items: []widgets.Item{{Title: nothing[7]}}}, nil
		},
		"fails": func(context.Context, widgets.Request) (widgets.Content, error) {
			return widgets.Content{}, errors.New("500 internal server error")
		},
		"floods": func(context.Context, widgets.Request) (widgets.Content, error) { return flood, nil },
		"shouts": func(context.Context, widgets.Request) (widgets.Content, error) {
			return widgets.Content{Items: []widgets.Item{{Title: shout}}}, nil
		},
		"attacks": func(context.Context, widgets.Request) (widgets.Content, error) { return hostileContent(), nil },
		"lies": func(context.Context, widgets.Request) (widgets.Content, error) {
			return widgets.Content{
				Badge: widgets.Badge{Count: -1}, Layout: "spiral", Notice: widgets.Notice{Tone: "purple", Text: "x"},
				Table: &widgets.Table{Columns: []string{"a"}, Rows: [][]string{{"b", "c"}}}, Items: []widgets.Item{{Icon: "../../x"}},
			}, nil
		},
	}
}

// payloads are texts that try to be more than text.
var payloads = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`, `</section></main><h1>owned</h1>`,
	`{{.}}`, `<!--`, `]]>`, "\x00\x1b[31m", "\u202eevil", "\xff\xfe", `https://x.example/" onclick="alert(1)`, `//evil.example/`, `/\evil.example/`, "https://ok.example/\r\nX: y",
	`data:text/html,<script>alert(1)</script>`, strings.Repeat("é", 4096), "🏛️🧾",
}

// hostileContent puts payloads in every text of the vocabulary.
func hostileContent() widgets.Content {
	content := widgets.Content{Layout: widgets.List}
	for _, p := range payloads {
		content.Badge = widgets.Badge{Count: 1, Label: p}
		content.Notice = widgets.Notice{Tone: widgets.Tone(p), Text: p, Link: widgets.Link{Text: p, URL: p}}
		content.Search = &widgets.Search{Path: p, Label: p}
		content.Figures = append(content.Figures, widgets.Figure{Label: p, Value: p, Unit: p})
		content.Items = append(content.Items, widgets.Item{
			Title: p, Detail: p, Soon: p, Link: p, Icon: p, When: p, Phone: p,
			Actions: []widgets.Action{{Name: p, Text: p}},
		})
		content.Links = append(content.Links, widgets.Link{Text: p, URL: p})
		content.Table = &widgets.Table{Caption: p, Columns: []string{p, p}, Rows: [][]string{{p, p}}}
	}
	return content
}

func TestBoxesInTroubleHarmNoOther(t *testing.T) {
	baseline := runtime.NumGoroutine()
	calm := chaos(t, nil)
	quiet := map[string]string{}
	for i := range 6 {
		id := fmt.Sprintf("good-%d", i)
		quiet[id] = section(calm.Get("/", "agent-0"), id)
		if !strings.Contains(quiet[id], "canary-bourg-") {
			t.Fatalf("the good box %s is not there in calm weather", id)
		}
	}
	release := make(chan struct{})
	w := chaos(t, troubles(release))
	end := sync.OnceFunc(func() { close(release) })
	t.Cleanup(end) // before the portal closes, also when the test fails
	p95 := time.Hour
	for attempt := 0; attempt < 3 && p95 > 300*time.Millisecond; attempt++ { // a busy machine gets another chance
		p95 = weather(t, w, quiet)
	}
	if p95 > 300*time.Millisecond {
		t.Errorf("the 95th percentile of the pages is %v, want at most 300 ms", p95)
	}
	end()
	for _, w := range []*widgetstest.World{calm, w} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := w.Home.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := w.DB.Close(); err != nil {
			t.Error(err)
		}
	}
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > baseline+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), baseline)
		}
	}
	if descriptors := openFiles(t); descriptors > 64 {
		t.Errorf("%d files are open", descriptors)
	}
}

// weather loads pages while boxes are in trouble, holds that the good boxes
// are what they are in calm, and returns the 95th percentile of the time of a
// page.
func weather(t *testing.T, w *widgetstest.World, quiet map[string]string) time.Duration {
	t.Helper()
	var took []time.Duration
	for round := range 15 {
		for agent := range 4 {
			began := time.Now()
			page := w.Get("/", fmt.Sprintf("agent-%d", agent))
			took = append(took, time.Since(began))
			if agent > 0 {
				continue
			}
			for id, want := range quiet {
				if got := section(page, id); got != want {
					t.Fatalf("round %d: the good box %s changed\ngot:  %s\nwant: %s", round, id, got, want)
				}
			}
			if strings.Count(page, "flood ") > 2*widgets.MaxItems || strings.Contains(page, strings.Repeat("A", 600)) {
				t.Fatal("a flood is not cut off")
			}
			for _, unwanted := range []string{"<script>alert", "<img src=x", "<h1>owned", `onclick="alert`, `href="javascript:`, `href="//evil`, `href="/\evil`, "\u202e", "\x00"} {
				if strings.Contains(page, unwanted) {
					t.Fatalf("the page holds %q", unwanted)
				}
			}
		}
	}
	slices.Sort(took)
	return took[len(took)*95/100]
}

// chaos opens a portal with six good boxes between those in trouble.
func chaos(t *testing.T, troubled map[string]func(context.Context, widgets.Request) (widgets.Content, error)) *widgetstest.World {
	t.Helper()
	scopes := []widgets.Scope{widgets.ScopeAgent, widgets.ScopeCollectivity, widgets.ScopeNone}
	var all []widgets.Widget
	for i := range 6 {
		all = append(all, newBox(fmt.Sprintf("good-%d", i), scopes[i%3]))
	}
	names := []string{}
	for name := range troubled {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		bad := newBox(name, scopes[i%2])
		bad.load, bad.manifest.Fresh, bad.manifest.Deadline = troubled[name], time.Nanosecond, time.Second
		all = slices.Insert(all, i*2%len(all), widgets.Widget(bad))
	}
	w := widgetstest.New(t, widgets.Config{Widgets: all, Limits: widgets.Limits{Page: 150 * time.Millisecond}})
	for agent := range 4 {
		w.Agent(fmt.Sprintf("agent-%d", agent), portal.CollectivityID("bourg"))
	}
	return w
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0 // not Linux
	}
	return len(entries)
}
