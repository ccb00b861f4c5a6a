package applications_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/applications"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/themes"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const (
	administrator = "admin@bourg.example"
	colleague     = "collegue@bourg.example"
)

// must returns a value, or fails the test with the error that came with it.
func must[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func add(t testing.TB, p *servertest.Portal, app applications.Application) {
	t.Helper()
	must(p.Applications.Create(t.Context(), p.Caller(administrator, "bourg"), app, ""))(t)
}

func TestAnAgentPinsWhatSheOpens(t *testing.T) {
	p := servertest.New(t)
	add(t, p, applications.Application{ID: "paie", Name: "Paie", Category: "Gestion", URL: "https://paie.example/"})
	her := p.As(colleague)
	her.Get("/apps").Want(t, 200, "Paie", "Gestion", `action="/apps/paie/pin"`)
	her.Post("/apps/paie/pin").Want(t, 303)
	her.Get("/apps").Want(t, 200, `action="/apps/paie/unpin"`, "Paie est sur votre accueil.")
	her.Get("/").Want(t, 200, "https://paie.example/")
	p.As("collegue@agglo.example").Post("/apps/paie/pin").Want(t, 404)
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	p := servertest.New(t)
	add(t, p, applications.Application{ID: "paie", Name: "Paie", URL: "https://paie.example/", Pinned: true})
	widgetstest.Conforms(t, applications.NewWidget(p.Applications), widgets.Request{Caller: p.Caller(colleague, "bourg")}, applications.Locales)
}

func TestTheBoxShowsWhatIsPinned(t *testing.T) {
	p := servertest.New(t)
	catalogue := must(i18n.Load(themes.Locales, applications.Locales))(t)
	box, her := applications.NewWidget(p.Applications), p.Caller(colleague, "bourg")
	request := widgets.Request{Caller: her, Printer: catalogue.Printer(i18n.French)}
	if content := must(box.Load(t.Context(), request))(t); len(content.Items) != 0 || content.Empty.Title == "" {
		t.Errorf("nothing pinned shows %+v", content)
	}
	add(t, p, applications.Application{ID: "paie", Name: "Paie", URL: "https://paie.example/", Pinned: true})
	if content := must(box.Load(t.Context(), request))(t); len(content.Items) != 1 || content.Items[0].Link != "https://paie.example/" {
		t.Errorf("one pinned shows %+v", content)
	}
}

func TestTemplatesAskForSentencesThatExist(t *testing.T) {
	catalogue := must(i18n.Load(themes.Locales, web.Locales, applications.Locales))(t)
	if missing := must(catalogue.Missing(applications.Templates))(t); len(missing) > 0 {
		t.Errorf("missing sentences: %v", missing)
	}
}

// The demonstration's CAS application is open to each of bourg's agents, and to
// nobody else.
func TestTheDemonstrationHasACASApplication(t *testing.T) {
	p := servertest.Demo(t)
	service := must(sso.ParseAddress("http://127.0.0.1:9999/any?page=1"))(t)
	found := must(p.Applications.At(t.Context(), sso.KindCAS, service))(t)
	if len(found) != 1 || found[0].Collectivity != "bourg" {
		t.Fatalf("applications at the service: %+v", found)
	}
	her := p.Caller("agent@bourg.example", "bourg")
	if err := p.Applications.Admit(t.Context(), her, found[0]); err != nil {
		t.Errorf("an agent of bourg: %v", err)
	}
	if err := p.Applications.Admit(t.Context(), p.Caller("agent@agglo.example", "agglo"), found[0]); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent of agglo: %v", err)
	}
	told := must(p.Applications.Release(t.Context(), her, found[0]))(t)
	if told.User != "agent@bourg.example" || len(told.Attributes) == 0 {
		t.Errorf("the application is told %+v", told)
	}
	if mail := told.Attributes[0]; !cmp.Equal(mail, sso.Attribute{Name: "mail", Values: []string{"agent@bourg.example"}}) {
		t.Errorf("first attribute %+v", mail)
	}
}
