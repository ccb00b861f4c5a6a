package e2e_test

import (
	"testing"

	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// TestAGroupIsFilledByARule from a keyboard, with scripts and without: a condition
// is added, Enter shows what the rule would do, and it is kept.
func TestAGroupIsFilledByARule(t *testing.T) {
	portal := servertest.Demo(t)
	for _, scripts := range []bool{true, false} {
		page, name := browser.New(t), "Encadrement"
		if !scripts {
			name = "Directions"
			page.NoJavaScript()
		}
		page.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
		page.Open(portal.URL + "/admin/groups")
		page.Click(`input[name="by"][value="rule"]`)
		page.Fill("#name", name)
		page.PressAndFollow("Enter")
		page.Select("#value-0", "Direction générale")
		page.Follow(`button[value="add:function"]`)
		page.Fill("#value-1", "direct")
		page.PressAndFollow("Enter")
		page.MustSee("Jean-Luc Sautereau")
		if got := page.Text("#preview h3"); got != "3 personnes entrent dans le groupe" {
			t.Errorf("the preview says %q", got)
		}
		if scripts {
			browser.HTML(t, page.Source())
			for _, dark := range []bool{false, true} {
				for _, width := range []int{1366, 360} {
					page.Scheme(dark)
					page.Size(width, 800)
					page.Axe(t)
					page.Geometry(t)
				}
			}
		}
		page.Follow("#preview button.main")
		if got := page.Text("h1"); got != name {
			t.Errorf("kept, the page is %q", got)
		}
		page.MustSee("Rempli par une règle")
	}
}
