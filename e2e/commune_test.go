package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// TestACommuneFromItsOpeningToTheDeskOfAnAgent: an operator opens a commune, its
// administrator imports 200 people from a list as Excel saves it and gives one team a
// right, and one of the team comes to her desk and uses it. All by keyboard.
func TestACommuneFromItsOpeningToTheDeskOfAnAgent(t *testing.T) {
	portal := servertest.NewSending(t)
	operator := browser.New(t)
	operator.SignIn(portal.URL, "pool@pool.example", servertest.Password)
	opensMeung(operator)
	odile := browser.New(t)
	arrives(odile, portal.Received("odile@meung.example", 1))
	if got := odile.Text("header .town"); got != "Meung-sur-Loire" {
		t.Errorf("the desk of the administrator is that of %q", got)
	}
	importsEveryone(t, odile)
	letsADivisionWrite(t, odile)
	camille := browser.New(t)
	arrives(camille, portal.Received("camille.100@meung.example", 1))
	if town, foot := camille.Text("header .town"), camille.Text("#foot"); town != "Meung-sur-Loire" || !strings.Contains(foot, "Camille Duchêne") {
		t.Errorf("her desk is that of %q, for %q", town, foot)
	}
	camille.Judge(t, portal.URL+"/", false)
	camille.Size(1366, 768)
	goTo(camille, `nav.nav a[href="/news"]`)
	goTo(camille, `main a[href="/news/new"]`)
	fillIn(camille, "#title", "Travaux rue du Général-de-Gaulle")
	fillIn(camille, "#body", "La rue est fermée lundi de 8 h à 17 h.")
	camille.Press("Tab")
	camille.TabTo("main button.main")
	camille.PressAndFollow("Enter")
	camille.MustSee("Travaux rue du Général-de-Gaulle")
}

// goTo follows a link, and fillIn fills a field, by keyboard.
func goTo(page *browser.Page, link string) {
	page.TabTo(link)
	page.PressAndFollow("Enter")
}

func fillIn(page *browser.Page, field, text string) {
	page.TabTo(field)
	page.Type(text)
}

// opensMeung goes through the screens of a new collectivity.
func opensMeung(page *browser.Page) {
	goTo(page, "text=Nouvelle collectivité")
	fillIn(page, "#q", "meung/loire")
	goTo(page, "#places li a")
	goTo(page, "main button.main")
	page.Wait("#colour")
	goTo(page, "main button.main")
	fillIn(page, "#domains", "meung.example")
	goTo(page, "main button.main")
	fillIn(page, "#given_name", "Odile")
	fillIn(page, "#family_name", "Vallée")
	fillIn(page, "#address", "odile@meung.example")
	page.PressAndFollow("Enter")
	page.MustSee("Ce qu’elle trouve en s’ouvrant")
	goTo(page, "main button.main")
	fillIn(page, "#links", "Finances https://finances.meung.example/")
	goTo(page, "main button.main")
	goTo(page, "text=Ouvrir la collectivité")
	page.MustSee("Meung-sur-Loire")
}

// arrives follows the link of an invitation and chooses a password.
func arrives(page *browser.Page, letter string) {
	letter = strings.ReplaceAll(strings.ReplaceAll(letter, "=\r\n", ""), "=3D", "=")
	page.Open(regexp.MustCompile(`http://\S+/sign-in/invitation\?key=\w+`).FindString(letter))
	fillIn(page, "#password", "Quatre-Chevaux-2026")
	page.PressAndFollow("Enter")
}

// importsEveryone goes from the home page to two hundred agents and their letters.
func importsEveryone(t *testing.T, page *browser.Page) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "Agents de la mairie.csv")
	if err := os.WriteFile(file, agentsOfACommune(t), 0o600); err != nil {
		t.Fatal(err)
	}
	goTo(page, `nav.nav a[href="/admin"]`)
	goTo(page, `main a[href="/admin/agents"]`)
	goTo(page, `a[href="/admin/agents/import"]`)
	page.TabTo("#file")
	page.Upload("#file", file) // the window to choose it is the system's
	goTo(page, "main button.main")
	page.JudgeAsItStands(t)
	if got := page.Value("#column3"); got != "function" {
		t.Errorf("the column of functions is taken for %q", got)
	}
	goTo(page, "main button.main")
	page.JudgeAsItStands(t)
	if said := page.Text("main"); !strings.Contains(said, "200 fiches sont créées") || !strings.Contains(said, "1 ligne est laissée de côté") {
		t.Errorf("before anything is written the page says %q", said)
	}
	plan := page.URL()
	page.TabTo(`input[name="invite"]`)
	page.Press("ArrowDown") // as soon as it is done
	goTo(page, "main button.main")
	for until := time.Now().Add(2 * time.Minute); !strings.Contains(page.Text("main"), "200 fiches créées"); {
		if time.Now().After(until) {
			t.Fatalf("after two minutes the page says %q", page.Text("main"))
		}
		time.Sleep(200 * time.Millisecond)
		page.Open(plan)
	}
	page.JudgeAsItStands(t)
	page.Judge(t, plan, false)
	page.Size(1366, 768)
}

// letsADivisionWrite gives a part of the commune the right to write news.
func letsADivisionWrite(t *testing.T, page *browser.Page) {
	goTo(page, `nav.nav a[href="/admin"]`)
	goTo(page, `main a[href="/admin/rights"]`)
	page.TabTo("#subject")
	page.Type("Pôle 1")
	page.TabTo("#right")
	page.Type("Actu")
	goTo(page, "#give form[method=post] button.main")
	if given := page.Text("section[aria-labelledby='h-news.edit']"); !strings.Contains(given, "Pôle 1") {
		t.Errorf("who may write news: %q", given)
	}
}

// agentsOfACommune is a list as Excel saves it in French.
func agentsOfACommune(t *testing.T) []byte {
	t.Helper()
	var list strings.Builder
	list.WriteString("Nom d'usage;Prénom;Adresse e-mail;Intitulé du poste;Direction;Service;Tél. fixe\r\n")
	services := []string{"Voirie", "Espaces verts", "État civil", "Restauration"}
	for i := range 200 {
		fmt.Fprintf(&list, "Duchêne-%c%c;Camille;camille.%d@meung.example;Agent n° %d;Pôle %d;%s;2619101%02d\r\n", 'A'+i/26, 'a'+i%26, i, i, i%3, services[i%4], i%100)
	}
	list.WriteString("Sansadresse;Léa;lea(at)meung;;;;\r\n")
	text, err := charmap.Windows1252.NewEncoder().String(list.String())
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}
