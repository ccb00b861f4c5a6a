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
	"parvis/portal/i18n"
	"parvis/server/servertest"
)

// TestAnAdministratorImportsTheAgentsOfACommune: 200 people of a list as Excel saves it,
// by keyboard; one of them gets her letter and sees her desk.
func TestAnAdministratorImportsTheAgentsOfACommune(t *testing.T) {
	portal := servertest.NewSending(t)
	file := filepath.Join(t.TempDir(), "Agents de la mairie.csv")
	if err := os.WriteFile(file, agentsOfACommune(t), 0o600); err != nil {
		t.Fatal(err)
	}
	page := browser.New(t)
	signIn(page, portal.URL, "admin@bourg.example", servertest.Password)
	page.Open(portal.URL + "/admin/agents")
	page.TabTo(`a[href="/admin/agents/import"]`)
	page.PressAndFollow("Enter")
	page.TabTo("#file")
	page.Upload("#file", file) // the window to choose it is the system's
	page.TabTo("main button.main")
	page.PressAndFollow("Enter")
	judgeAsItStands(t, page)
	if got := page.Value("#column3"); got != "function" {
		t.Errorf("the column of functions is taken for %q", got)
	}
	page.TabTo("main button.main")
	page.PressAndFollow("Enter")
	judgeAsItStands(t, page)
	if said := page.Text("main"); !strings.Contains(said, "200 fiches sont créées") || !strings.Contains(said, "1 ligne est laissée de côté") {
		t.Errorf("before anything is written the page says %q", said)
	}
	plan := page.URL()
	page.TabTo(`input[name="invite"]`)
	page.Press("ArrowDown") // as soon as it is done
	page.TabTo("main button.main")
	page.PressAndFollow("Enter")
	for until := time.Now().Add(time.Minute); !strings.Contains(page.Text("main"), "200 fiches créées"); {
		if time.Now().After(until) {
			t.Fatalf("after a minute the page says %q", page.Text("main"))
		}
		time.Sleep(200 * time.Millisecond)
		page.Open(plan)
	}
	judgeAsItStands(t, page)
	judge(t, page, i18n.French, plan)
	letter := strings.ReplaceAll(strings.ReplaceAll(portal.Received("camille.100@bourg.example", 1), "=\r\n", ""), "=3D", "=")
	camille := browser.New(t)
	camille.Open(regexp.MustCompile(`http://\S+/sign-in/invitation\?key=\w+`).FindString(letter))
	camille.Fill("#password", "Quatre-Chevaux-2026")
	camille.PressAndFollow("Enter")
	if town, foot := camille.Text("header .town"), camille.Text("#foot"); town != "Bourg-sur-Loire" || !strings.Contains(foot, "Camille Duchêne") {
		t.Errorf("her desk is that of %q, for %q", town, foot)
	}
}

// agentsOfACommune is a list as Excel saves it in French.
func agentsOfACommune(t *testing.T) []byte {
	t.Helper()
	var list strings.Builder
	list.WriteString("Nom d'usage;Prénom;Adresse e-mail;Intitulé du poste;Direction;Service;Tél. fixe\r\n")
	services := []string{"Voirie", "Espaces verts", "État civil", "Restauration"}
	for i := range 200 {
		fmt.Fprintf(&list, "Duchêne-%c%c;Camille;camille.%d@bourg.example;Agent n° %d;Pôle %d;%s;2619101%02d\r\n", 'A'+i/26, 'a'+i%26, i, i, i%3, services[i%4], i%100)
	}
	list.WriteString("Sansadresse;Léa;lea(at)bourg;;;;\r\n")
	text, err := charmap.Windows1252.NewEncoder().String(list.String())
	if err != nil {
		t.Fatal(err)
	}
	return []byte(text)
}
