package e2e_test

import (
	"regexp"
	"strings"
	"testing"

	"parvis/e2e/browser"
	"parvis/portal/i18n"
	"parvis/server/servertest"
)

// TestThePoolIsForEveryone looks at the pages of an operator who is nobody's
// agent: the one of the
// demonstration is an agent too. Her frame has no collectivity.
func TestThePoolIsForEveryone(t *testing.T) {
	portal := servertest.New(t)
	writeDown(t, portal)
	operator := role{login: "pool@pool.example"}
	page, client := browser.New(t), portal.As(operator.login)
	signIn(page, portal.URL, operator.login, servertest.Password)
	for i, path := range poolPages {
		language := []i18n.Language{i18n.French, i18n.English}[i%2]
		speak(t, portal, page, operator, language)
		t.Run(path, func(t *testing.T) {
			judge(t, page, language, portal.URL+path)
			browser.HTML(t, []byte(client.Do("GET", path, nil, "Accept-Language", string(language)).Body))
		})
	}
}

// TestAnOperatorOpensACommune: suggestions and colours follow what is typed, and
// the administrator who was written to arrives on her home page.
func TestAnOperatorOpensACommune(t *testing.T) {
	portal := servertest.NewSending(t)
	page := browser.New(t)
	signIn(page, portal.URL, "pool@pool.example", servertest.Password)
	page.Follow("text=Nouvelle collectivité")
	page.Fill("#q", "meung/loire")
	page.Follow("#places li a") // nothing was sent
	if got := page.Value("#long_name"); got != "Mairie de Meung-sur-Loire" {
		t.Errorf("the full name is prefilled with %q", got)
	}
	page.Follow("main button.main")
	page.Set("#colour", "#f0e68c")
	if said := page.Text("#look link[href*=f0e68c] ~ p"); !strings.Contains(said, "trop claire") {
		t.Errorf("the sample says %q of a pale colour", said)
	}
	page.Follow("main button.main")
	page.Fill("#domains", "meung.example")
	page.Follow("main button.main")
	page.Fill("#given_name", "Odile")
	page.Fill("#family_name", "Vallée")
	page.Fill("#address", "odile@meung.example")
	page.PressAndFollow("Enter")
	if got := page.Attribute("input[name=template]:checked", "value"); got != "town" {
		t.Errorf("the template %q is suggested for a town", got)
	}
	page.Follow("main button.main")
	page.Fill("#links", "Finances https://finances.meung.example/")
	page.Follow("main button.main")
	page.Follow("text=Ouvrir la collectivité")
	if got := page.Text("h1"); got != "Meung-sur-Loire" {
		t.Errorf("opened, the page is %q", got)
	}
	letter := strings.ReplaceAll(strings.ReplaceAll(portal.Received("odile@meung.example", 1), "=\r\n", ""), "=3D", "=")
	link := regexp.MustCompile(`http://\S+/sign-in/invitation\?key=\w+`).FindString(letter)
	odile := browser.New(t)
	odile.Open(link)
	odile.Fill("#password", "Quatre-Chevaux-2026")
	odile.PressAndFollow("Enter")
	if got := odile.Text("header .town"); got != "Meung-sur-Loire" {
		t.Errorf("her desk is that of %q", got)
	}
}
