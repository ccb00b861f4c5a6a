package e2e_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"parvis/applications"
	"parvis/e2e/browser"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestAccessIsAskedForAndGiven(t *testing.T) {
	for name, script := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) { accessStory(t, script) })
	}
}

// accessStory: she finds an application shut, asks for it, is granted it, then
// not, then again until a date, and opens it.
func accessStory(t *testing.T, script bool) {
	p := servertest.New(t)
	service := welcoming(t)
	address, err := sso.ParseAddress(service)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Applications.Create(t.Context(), p.Caller("admin@bourg.example", "bourg"), applications.Application{
		ID: "glpi", Name: "Assistance", URL: "https://assistance.example/", Kind: sso.KindCAS, Addresses: []sso.Address{address},
		Audience: []portal.GroupID{"accueil"}, OnDemand: true,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	her, him := browserOf(t, script), browserOf(t, script)
	her.AllowHost(address.Origin[len("http://"):])
	her.Allow("status of 403") // the refusal that the story begins with
	her.SignIn(p.URL, "collegue@bourg.example", servertest.Password)
	him.SignIn(p.URL, "admin@bourg.example", servertest.Password)

	her.Open(p.URL + "/cas/login?service=" + service)
	her.MustSee("vous pouvez en demander l’accès")
	her.Follow("text=Demander l’accès")
	her.MustSee("Réservée à")
	her.Fill("#reason", "Je remplace Camille jusqu’à lundi")
	her.Follow("main form button.main")
	her.MustSee("Demandé le")

	him.Open(p.URL + "/")
	him.MustSee("Noé Martin demande l’accès")
	him.Follow("#box-todo form button.main")
	him.MustSee("a maintenant accès")
	him.Follow(".toast form button")
	him.MustSee("attend de nouveau")
	her.Open(p.URL + "/todo")
	her.MustSee("Rien ne vous attend")

	him.Open(p.URL + "/todo")
	him.Click("details.more:nth-of-type(1) > summary")
	him.Set(".more[open] input[type=date]", time.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	answer(him, script, ".more[open] form button")
	him.MustSee("Rien ne vous attend")
	him.MustSee("Vous venez de répondre")
	answer(him, script, "section.after form button")
	him.MustSee("Noé Martin demande l’accès")
	answer(him, script, ".waits form button.main")
	him.MustSee("Rien ne vous attend")

	her.Open(p.URL + "/")
	her.MustSee("est accordé")
	her.Open(p.URL + "/cas/login?service=" + service)
	her.MustSee("Bienvenue")
	if problems := him.Problems(); len(problems) > 0 {
		t.Errorf("the administrator's browser complains: %q", problems)
	}
}

// answer presses a button that leaves the page in place with scripts, and leads to
// it anew without.
func answer(page *browser.Page, script bool, button string) {
	if script {
		page.Click(button)
		page.Wait(".toast p")
		return
	}
	page.Follow(button)
}

// welcoming is the address of an application that welcomes whoever comes.
func welcoming(t *testing.T) string {
	t.Helper()
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><html lang="fr"><link rel="icon" href="data:,"><title>Assistance</title><p>Bienvenue`)
	}))
	t.Cleanup(application.Close)
	return application.URL + "/"
}

func browserOf(t *testing.T, script bool) *browser.Page {
	t.Helper()
	page := browser.New(t)
	if !script {
		page.NoJavaScript()
	}
	return page
}
