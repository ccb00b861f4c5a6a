package e2e_test

import (
	"regexp"
	"strings"
	"testing"

	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// TestAnOperatorOpensACommune: suggestions and colours follow what is typed, and
// the administrator who was written to arrives on her home page.
func TestAnOperatorOpensACommune(t *testing.T) {
	portal := servertest.NewSending(t)
	page := browser.New(t)
	page.SignIn(portal.URL, "pool@pool.example", servertest.Password)
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
