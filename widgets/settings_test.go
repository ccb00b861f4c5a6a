package widgets_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

func isKind(err, kind error) bool { return errors.Is(err, kind) }

// newWithSettings is a box whose title shows its settings.
func newWithSettings() *box {
	b := newBox("feed", widgets.ScopeAgent)
	b.manifest.AdminSettings = []widgets.Field{{Name: "address", Kind: widgets.URL, Label: "widgets.title", Default: "https://feed.example/"}}
	b.manifest.AgentSettings = []widgets.Field{
		{Name: "count", Kind: widgets.Number, Label: "widgets.title", Help: "widgets.add", Default: "3", Max: 9, Required: true},
		{Name: "quiet", Kind: widgets.Flag, Label: "widgets.keep"},
		{Name: "order", Kind: widgets.OneOf, Label: "widgets.remove", Default: "new", Choices: []widgets.Choice{
			{Value: "new", Label: "widgets.new"}, {Value: "old", Label: "widgets.undo"},
		}},
	}
	b.load = func(_ context.Context, request widgets.Request) (widgets.Content, error) {
		s := request.Settings
		return widgets.Content{Items: []widgets.Item{{Title: strings.Join([]string{s.Text("address"), s.Text("count"), s.Text("quiet"), s.Text("order")}, "|")}}}, nil
	}
	return b
}

func TestSettingsAreTheAdministratorsThenTheAgents(t *testing.T) {
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{newWithSettings()}})
	w.Agent("ada", "bourg")
	w.Agent("bea", "bourg")
	w.Agent("cleo", "agglo")
	w.Agent("chief", "bourg", portal.Admin)
	want := func(who, settings string) {
		t.Helper()
		if got := section(w.Get("/", who), "feed"); !strings.Contains(got, settings) {
			t.Errorf("%s has no %q in:\n%s", who, settings, got)
		}
	}
	want("ada", "https://feed.example/|3||new")
	if err := w.Home.Configure(context.Background(), w.Caller("chief"), "feed", url.Values{"address": {"https://bourg.example/"}, "count": {"9"}}); err != nil {
		t.Fatal(err)
	}
	if got := w.Post("/home/boxes/feed", "ada", "count", "5", "quiet", "true", "order", "old", "address", "https://evil.example/"); got != "/home/edit#box-feed" {
		t.Errorf("saving leads to %q", got)
	}
	want("ada", "https://bourg.example/|5|true|old")
	want("bea", "https://bourg.example/|3||new")
	want("cleo", "https://feed.example/|3||new")
	form := w.Get("/home/boxes/feed", "ada")
	for _, part := range []string{`name="count" value="5"`, `aria-describedby="count-hint"`, `value="true" checked`, `<option value="old" selected>`} {
		if !strings.Contains(form, part) {
			t.Errorf("the form lacks %q:\n%s", part, form)
		}
	}
}

func TestARefusedSettingComesBackWithItsReason(t *testing.T) {
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{newWithSettings(), newBox("plain", widgets.ScopeAgent)}})
	w.Agent("ada", "bourg")
	response := w.Do("POST", "/home/boxes/feed", "ada", url.Values{"count": {"12"}, "order": {"middle"}})
	body := widgetstest.Read(t, response)
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a refused form = %d, want 422", response.StatusCode)
	}
	for _, part := range []string{`<a href="#count">Écrivez un nombre entier, de 0 à 9.</a>`, `value="12"`, `aria-invalid="true"`, `id="count-error"`, `<a href="#order">`} {
		if !strings.Contains(body, part) {
			t.Errorf("the form lacks %q:\n%s", part, body)
		}
	}
	if got := w.Do("GET", "/home/boxes/plain", "ada", nil).StatusCode; got != http.StatusNotFound {
		t.Errorf("settings of a box without settings = %d, want 404", got)
	}
}

func TestFieldsHoldTheirType(t *testing.T) {
	fields := []widgets.Field{
		{Name: "text", Kind: widgets.Text, Max: 5},
		{Name: "number", Kind: widgets.Number, Max: 10},
		{Name: "flag", Kind: widgets.Flag},
		{Name: "choice", Kind: widgets.OneOf, Choices: []widgets.Choice{{Value: "a"}}},
		{Name: "url", Kind: widgets.URL},
	}
	good := url.Values{"text": {" été "}, "number": {"10"}, "flag": {"true"}, "choice": {"a"}, "url": {"https://x.example/"}, "other": {"x"}}
	got, err := widgets.Read(fields, good)
	want := widgets.Values{"text": "été", "number": "10", "flag": "true", "choice": "a", "url": "https://x.example/"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Read: %v (-want +got)\n%s", err, diff)
	}
	for name, value := range map[string]string{"text": "longer than five", "number": "-1", "flag": "yes", "choice": "b", "url": "http://x.example/"} {
		if _, err := widgets.Read(fields, url.Values{name: {value}}); !isKind(err, portal.ErrInvalid) {
			t.Errorf("%s = %q: %v, want ErrInvalid", name, value, err)
		}
	}
	for _, number := range []string{"11", "1.5", "٣", "9999999999999999999999"} {
		if _, err := widgets.Read(fields, url.Values{"number": {number}}); err == nil {
			t.Errorf("number %q is taken", number)
		}
	}
}

func TestOldSettingsAreMigrated(t *testing.T) {
	b := &migrating{newWithSettings()}
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{b}})
	w.Agent("ada", "bourg")
	w.Post("/home/boxes/feed", "ada", "count", "5")
	b.manifest.SettingsVersion = 2
	again, err := widgets.New(widgets.Config{Widgets: []widgets.Widget{b}, DB: w.DB})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(context.Background())
	if err := again.Check(context.Background(), widgets.Request{Caller: portal.Caller{Collectivity: "bourg", Agent: "ada", Rights: []portal.Right{portal.Admin}}}, "feed"); err != nil {
		t.Errorf("Check = %v, want the migrated 6", err)
	}
}

func TestAPanicWhileMigratingIsAFailure(t *testing.T) {
	b := &migrating{newWithSettings()}
	w := widgetstest.New(t, widgets.Config{Widgets: []widgets.Widget{b}})
	w.Agent("ada", "bourg")
	w.Post("/home/boxes/feed", "ada", "count", "7")
	b.manifest.SettingsVersion = 2
	again, err := widgets.New(widgets.Config{Widgets: []widgets.Widget{b}, DB: w.DB})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close(context.Background())
	caller := portal.Caller{Collectivity: "bourg", Agent: "ada", Rights: []portal.Right{portal.Admin}}
	if err := again.Check(context.Background(), widgets.Request{Caller: caller}, "feed"); !isKind(err, portal.ErrUnavailable) {
		t.Errorf("Check = %v, want unavailable", err)
	}
}

// migrating counts from one more since version 2, panics over 7, and says so
// when checked.
type migrating struct{ *box }

func (m *migrating) Migrate(version int, settings widgets.Values) widgets.Values {
	switch {
	case version == 1 && settings.Text("count") == "5":
		settings["count"] = "6"
	case settings.Text("count") == "7":
		panic("nobody thought of 7")
	}
	return settings
}

func (m *migrating) Check(_ context.Context, request widgets.Request) error {
	if got := request.Settings.Number("count"); got != 6 {
		return errors.New(request.Settings.Text("count"))
	}
	return nil
}
