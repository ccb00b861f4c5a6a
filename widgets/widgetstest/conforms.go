package widgetstest

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal/i18n"
	"parvis/themes"
	"parvis/widgets"
)

// Conforms holds a widget to the whole contract. The request names a caller
// for whom the widget has something to show; its printer, clock and settings
// are filled when they are missing. The locales are those that hold the
// widget's texts.
func Conforms(t *testing.T, widget widgets.Widget, request widgets.Request, locales ...fs.FS) {
	t.Helper()
	catalogue, err := i18n.Load(append([]fs.FS{widgets.Locales}, locales...)...)
	if err != nil {
		t.Fatal(err)
	}
	request = complete(request, widget.Manifest(), catalogue)
	t.Run("manifest", func(t *testing.T) { checkManifest(t, widget, catalogue) })
	for _, lang := range i18n.Languages() {
		t.Run("content in "+string(lang), func(t *testing.T) {
			request := request
			request.Printer = catalogue.Printer(lang)
			checkContent(t, widget, request)
		})
	}
	t.Run("a cancelled load ends", func(t *testing.T) { checkCancel(t, widget, request) })
	t.Run("many loads at once", func(t *testing.T) { checkTogether(t, widget, request) })
	t.Run("states", func(t *testing.T) { checkStates(t, widget, request, locales) })
}

func complete(request widgets.Request, manifest widgets.Manifest, catalogue *i18n.Catalogue) widgets.Request {
	if request.Printer == nil {
		request.Printer = catalogue.Printer(i18n.French)
	}
	if request.Now.IsZero() {
		request.Now = time.Now()
	}
	if request.Settings == nil {
		request.Settings = widgets.Defaults(append(manifest.AdminSettings, manifest.AgentSettings...))
	}
	request.Caller = manifest.Scope.Caller(request.Caller)
	return request
}

func checkManifest(t *testing.T, widget widgets.Widget, catalogue *i18n.Catalogue) {
	manifest := widget.Manifest()
	if err := widgets.Validate(widget); err != nil {
		t.Errorf("manifest: %v", err)
	}
	if diff := cmp.Diff(manifest, widget.Manifest()); diff != "" {
		t.Errorf("the manifest is not always the same (-first +second)\n%s", diff)
	}
	keys := []string{manifest.Title, manifest.Help}
	if manifest.LinkText != "" {
		keys = append(keys, manifest.LinkText)
	}
	for _, field := range append(manifest.AdminSettings, manifest.AgentSettings...) {
		keys = append(keys, field.Label)
		if field.Help != "" {
			keys = append(keys, field.Help)
		}
		for _, choice := range field.Choices {
			keys = append(keys, choice.Label)
		}
	}
	for _, key := range keys {
		if !catalogue.Has(key) {
			t.Errorf("the catalogue lacks %q", key)
		}
	}
	if !strings.Contains(sprite(t), `id="i-`+manifest.Icon+`"`) {
		t.Errorf("the sprite lacks the icon %q", manifest.Icon)
	}
}

// sprite is the theme's icons.
func sprite(t *testing.T) string {
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	assets.ServeHTTP(recorder, httptest.NewRequest("GET", assets.URL("icons.svg"), nil))
	return recorder.Body.String()
}

func checkContent(t *testing.T, widget widgets.Widget, request widgets.Request) {
	manifest := widget.Manifest()
	ctx, cancel := context.WithTimeout(t.Context(), manifest.Deadline)
	defer cancel()
	began := time.Now()
	content, err := widget.Load(ctx, request)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if took := time.Since(began); took > manifest.Deadline {
		t.Errorf("load took %v, its deadline is %v", took, manifest.Deadline)
	}
	for name, count := range map[string]int{"items": len(content.Items), "figures": len(content.Figures), "links": len(content.Links)} {
		if count > widgets.MaxItems {
			t.Errorf("%d %s, want at most %d", count, name, widgets.MaxItems)
		}
	}
	checkTexts(t, "content", reflect.ValueOf(content))
	checkLinks(t, content)
	checkActions(t, manifest, content)
	if content.Table != nil {
		for _, row := range content.Table.Rows {
			if len(row) != len(content.Table.Columns) {
				t.Errorf("a row of %d cells in a table of %d columns", len(row), len(content.Table.Columns))
			}
		}
	}
}

// markup is what plain text does not hold.
var markup = regexp.MustCompile(`<[a-zA-Z/!]|&(#?\w+);|⟦`)

// checkTexts refuses HTML, missing sentences and overlong texts anywhere in a
// content.
func checkTexts(t *testing.T, where string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			checkTexts(t, where, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				checkTexts(t, where+"."+v.Type().Field(i).Name, v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkTexts(t, fmt.Sprintf("%s[%d]", where, i), v.Index(i))
		}
	case reflect.String:
		if text := v.String(); markup.MatchString(text) || len(text) > 2000 {
			t.Errorf("%s = %q, want plain text that is not too long", where, text)
		}
	}
}

func checkLinks(t *testing.T, content widgets.Content) {
	links := []string{content.Notice.Link.URL}
	for _, item := range content.Items {
		links = append(links, item.Link)
	}
	for _, link := range content.Links {
		links = append(links, link.URL)
	}
	for _, link := range links {
		if link != "" && !strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "//") {
			t.Errorf("link %q, want a path of ours or https", link)
		}
	}
}

func checkActions(t *testing.T, manifest widgets.Manifest, content widgets.Content) {
	declared := map[string]bool{}
	for _, action := range manifest.Actions {
		declared[action.Name] = true
	}
	actions := content.Actions
	for _, item := range content.Items {
		actions = append(actions, item.Actions...)
	}
	for _, action := range actions {
		if !declared[action.Name] {
			t.Errorf("the action %q is not in the manifest", action.Name)
		}
	}
}

// patience is how long a load may take to see that nobody waits for it.
const patience = 100 * time.Millisecond

func checkCancel(t *testing.T, widget widgets.Widget, request widgets.Request) {
	for name, delay := range map[string]time.Duration{"before": 0, "meanwhile": time.Millisecond} {
		took := endsAfter(t, widget, request, delay)
		for range 2 { // a busy machine gets another chance
			if took > patience {
				took = endsAfter(t, widget, request, delay)
			}
		}
		if took > patience {
			t.Errorf("cancelled %s, the load goes on after %v", name, patience)
		}
	}
}

// endsAfter is how long a load goes on once it was cancelled.
func endsAfter(t *testing.T, widget widgets.Widget, request widgets.Request, delay time.Duration) time.Duration {
	ctx, cancel := context.WithCancel(t.Context())
	if delay == 0 {
		cancel()
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		widget.Load(ctx, request) // what it returns doesn't matter to who left
	}()
	time.Sleep(delay)
	cancel()
	cancelled := time.Now()
	select {
	case <-ended:
	case <-time.After(10 * patience):
	}
	return time.Since(cancelled)
}

func checkTogether(t *testing.T, widget widgets.Widget, request widgets.Request) {
	var loads sync.WaitGroup
	for range 8 {
		loads.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), widget.Manifest().Deadline)
			defer cancel()
			if _, err := widget.Load(ctx, request); err != nil {
				t.Errorf("load beside others: %v", err)
			}
		})
	}
	loads.Wait()
}

// posed is the widget with a content that the test chooses.
type posed struct {
	manifest widgets.Manifest
	mu       sync.Mutex
	pose     func(ctx context.Context) (widgets.Content, error)
}

func (p *posed) Manifest() widgets.Manifest { return p.manifest }

func (p *posed) Load(ctx context.Context, _ widgets.Request) (widgets.Content, error) {
	p.mu.Lock()
	pose := p.pose
	p.mu.Unlock()
	return pose(ctx)
}

// checkStates renders the box empty, with its content, failing, late and
// partial, in each of its sizes.
func checkStates(t *testing.T, widget widgets.Widget, request widgets.Request, locales []fs.FS) {
	manifest := widget.Manifest()
	content, err := widget.Load(t.Context(), request)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	manifest.Rights, manifest.Actions, manifest.AdminSettings, manifest.AgentSettings = nil, nil, nil, nil
	manifest.Scope, manifest.Fresh = widgets.ScopeAgent, time.Hour
	for _, size := range manifest.Sizes {
		page := newPosing(t, manifest, size, 0, locales)
		page.shows("empty", func(context.Context) (widgets.Content, error) { return widgets.Content{}, nil }, "Rien pour le moment.")
		page.shows("partial", func(context.Context) (widgets.Content, error) { return widgets.Content{Partial: true}, nil }, "Une partie manque")
		page.shows("content", func(context.Context) (widgets.Content, error) { return content, nil }, "<h2")
		page.shows("error", func(context.Context) (widgets.Content, error) { return widgets.Content{}, errors.New("down") }, "Ce service ne répond pas depuis")
		hung := newPosing(t, manifest, size, 20*time.Millisecond, locales)
		hung.shows("late", func(ctx context.Context) (widgets.Content, error) {
			<-ctx.Done()
			return widgets.Content{}, ctx.Err()
		}, `data-late="/boxes/`+manifest.ID)
	}
}

// posing is a home page with the posed box alone.
type posing struct {
	*World
	box   *posed
	t     *testing.T
	size  widgets.Size
	title string
}

// newPosing opens a page that waits so long for its box; 0 for the patience
// of tests.
func newPosing(t *testing.T, manifest widgets.Manifest, size widgets.Size, wait time.Duration, locales []fs.FS) posing {
	manifest.Sizes = []widgets.Size{size}
	box := &posed{manifest: manifest}
	config := widgets.Config{Widgets: []widgets.Widget{box}, Limits: widgets.Limits{Page: wait}}
	page := posing{World: New(t, config, locales...), box: box, t: t, size: size}
	page.title = html.EscapeString(page.Catalogue.Printer(i18n.French).T(manifest.Title))
	page.Agent("ada", "bourg")
	return page
}

// shows poses the box and wants its section, its title and a mark.
func (p posing) shows(state string, pose func(ctx context.Context) (widgets.Content, error), want string) {
	p.t.Helper()
	p.box.mu.Lock()
	p.box.pose = pose
	p.box.mu.Unlock()
	p.Home.Changed("bourg", p.box.manifest.ID)
	page := p.Get("/", "ada")
	for _, part := range []string{`id="box-` + p.box.manifest.ID + `"`, `data-size="` + string(p.size) + `"`, p.title, want} {
		if !strings.Contains(page, part) {
			p.t.Errorf("size %s, %s: the page lacks %q", p.size, state, part)
		}
	}
}
