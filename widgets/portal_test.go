package widgets_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/widgets"
)

// box is a widget of the tests: what it loads is a function that a test may
// change.
type box struct {
	manifest widgets.Manifest
	mu       sync.Mutex
	load     func(ctx context.Context, request widgets.Request) (widgets.Content, error)
	requests []widgets.Request
}

// newBox returns a widget whose content names who asked, as far as it knows.
func newBox(id string, scope widgets.Scope) *box {
	return &box{
		manifest: widgets.Manifest{
			ID: id, Title: "widgets.title", Help: "widgets.title", Icon: "info",
			Sizes: []widgets.Size{widgets.Small, widgets.Medium, widgets.Large}, SettingsVersion: 1,
			Scope: scope, Fresh: time.Minute, Stale: time.Hour, Deadline: widgets.MaxDeadline,
		},
		load: func(_ context.Context, request widgets.Request) (widgets.Content, error) {
			caller := request.Caller
			title := string("canary-" + caller.Collectivity + "-" + portal.CollectivityID(caller.Agent))
			return widgets.Content{Items: []widgets.Item{{Title: title, Detail: string(request.Printer.Lang())}}}, nil
		},
	}
}

func (b *box) Manifest() widgets.Manifest { return b.manifest }

func (b *box) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	b.mu.Lock()
	b.requests = append(b.requests, request)
	load := b.load
	b.mu.Unlock()
	return load(ctx, request)
}

func (b *box) become(load func(ctx context.Context, request widgets.Request) (widgets.Content, error)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.load = load
}

func (b *box) loads() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.requests)
}

// says makes a widget load one item.
func says(text string) func(context.Context, widgets.Request) (widgets.Content, error) {
	return func(context.Context, widgets.Request) (widgets.Content, error) {
		return widgets.Content{Items: []widgets.Item{{Title: text}}}, nil
	}
}

// boxesOn lists the ids of the boxes on a page, in order.
func boxesOn(page string) string {
	var ids []string
	for _, part := range strings.Split(page, `<section class="box" id="box-`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		ids = append(ids, id)
	}
	return strings.Join(ids, " ")
}

// section is the HTML of one box of a page, "" when it isn't there.
func section(page, id string) string {
	_, rest, found := strings.Cut(page, `<section class="box" id="box-`+id+`"`)
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "</section>")
	return text
}

// eventually waits for something that another goroutine does.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
