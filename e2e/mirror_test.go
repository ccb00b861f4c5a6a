package e2e_test

import (
	"encoding/json"
	"os"
	"testing"

	"parvis/directory/ldapdir"
	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/server/servertest"
	"parvis/sso"
)

// TestTheMirrorIsForEveryone: an administrator tries the mirror of her directory
// server, turns it on, and is asked about departures. Each page is looked at.
func TestTheMirrorIsForEveryone(t *testing.T) {
	portal, server, page := servertest.New(t), servers.LDAP(t), browser.New(t)
	page.Allow("422")
	page.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
	authority, err := os.ReadFile(server.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(ldapdir.Settings{URL: server.URL, BindDN: server.BindDN, BaseDN: "ou=agents," + server.BaseDN})
	if err != nil {
		t.Fatal(err)
	}
	err = portal.SSO.Methods.Set(t.Context(), sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Settings: settings, Secret: server.BindPassword, CA: string(authority)})
	if err != nil {
		t.Fatal(err)
	}
	look := func(name string) {
		t.Helper()
		for _, width := range []int{360, 1366} {
			for _, dark := range []bool{true, false} {
				page.Size(width, 900)
				page.Scheme(dark)
				page.Axe(t)
				page.Geometry(t)
			}
			if width == 360 {
				page.Screenshot("mirror-" + name + "-360")
			}
		}
		page.Screenshot("mirror-" + name)
	}
	page.Open(portal.URL + "/admin/mirror")
	page.Fill("#who", "marc.dupont")
	page.Follow("button[value=show]")
	look("seen")
	page.Follow("button[value=save]")
	page.Follow("form[action='/admin/mirror/try'] button")
	look("dry")
	page.Follow("button[name=on]")
	page.Follow("form[action='/admin/mirror/run'] button")
	for _, person := range servers.People()[:8] {
		server.Modify(t, "dn: "+person.DN()+"\nchangetype: delete\n")
	}
	page.Follow("form[action='/admin/mirror/run'] button")
	look("asks")
	page.Follow(".alert.warn a.button")
	look("question")
	page.Follow("button.danger")
	page.Open(portal.URL + "/admin/agents?q=dupont")
	page.Follow("tbody th a")
	look("card")
	for _, problem := range page.Problems() {
		t.Error(problem)
	}
}
