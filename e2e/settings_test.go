package e2e_test

import (
	"testing"

	"parvis/directory"
	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/portal"
)

// TestSignInSettingsAreForEveryone: what an administrator reads about her
// directory, and about one who would sign in.
func TestSignInSettingsAreForEveryone(t *testing.T) {
	w := newTown(t)
	page := browser.New(t)
	page.Allow("status of 4")
	page.Allow("status of 503")
	helene := servers.PersonByUID("helene.daumas")
	if err := w.Directory.SetRights(t.Context(), directory.Installation("bourg"), w.Caller(helene.Mail, "bourg").Agent, []portal.Right{portal.Admin}); err != nil {
		t.Fatal(err)
	}
	page.SignIn(w.URL, helene.Mail, helene.Password)
	page.Open(w.URL + "/admin/sign-in")
	page.JudgeAndKeep(t, "factors/ldap-settings")
	page.MustSee("OpenLDAP")
	for _, trial := range []struct{ name, login, said string }{
		{"ldap-enters", "cecile.oconnor@bourg.example", "Peut entrer"},
		{"ldap-unknown", "personne@bourg.example", "Vérifiez l’identifiant, puis la branche"},
		{"ldap-elsewhere", "agent@agglo.example", "ne mène pas à votre collectivité"},
	} {
		page.Open(w.URL + "/admin/sign-in")
		page.Fill("#login", trial.login)
		page.Follow("form[action='/admin/sign-in'] button.main")
		if first := page.Text("main h2"); first != "Résultat de l’essai" {
			t.Errorf("the page begins with %q, want what was tried", first)
		}
		page.MustSee(trial.said)
		page.JudgeAndKeep(t, "factors/"+trial.name)
	}
	w.directory.Stop(t)
	page.Open(w.URL + "/admin/sign-in")
	page.Fill("#login", "cecile.oconnor@bourg.example")
	page.Follow("form[action='/admin/sign-in'] button.main")
	page.MustSee("ne répond pas")
	page.JudgeAndKeep(t, "factors/ldap-silent")
	page.Open(w.URL + "/account/password")
	page.MustSee("Adressez-vous à l’administrateur")
	page.JudgeAndKeep(t, "factors/ldap-password")
	page.Follow("text=Revenir à mon compte")
}
