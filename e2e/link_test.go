package e2e_test

import (
	"net/url"
	"testing"

	"parvis/directory"
	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestLinksOnPaperAreForEveryone: where Parvis sends no mail, an administrator
// hands links over. She invites a newcomer and who has an account elsewhere, and
// gives a link to who forgot a password; each page on the way is judged, with the
// passwords that are refused and with the link that was used.
func TestLinksOnPaperAreForEveryone(t *testing.T) {
	portal := servertest.New(t)
	admin, her := browser.New(t), browser.New(t)
	for _, page := range []*browser.Page{admin, her} {
		page.Allow("status of 4") // forms that are refused
		page.NoJavaScript()
	}
	signIn(admin, portal.URL, "admin@bourg.example", servertest.Password)
	admin.Open(portal.URL + "/admin/agents/invite")
	shots(t, admin, "paper-invite")
	admin.Fill("#lines", "Zoé Ménard <zoe.menard@bourg.example>\nLéa Moreau <agent@agglo.example>")
	admin.Follow("button.main")
	admin.Follow("button.main")
	admin.MustSee("Liens à remettre")
	shots(t, admin, "paper-handed")
	var links []string
	admin.Evaluate(`[...document.querySelectorAll('code.secret')].map(e => e.textContent)`, &links)
	if len(links) != 2 {
		t.Fatalf("links %q, want two", links)
	}

	her.Open(links[0])
	shots(t, her, "paper-choose")
	for _, wrong := range []struct{ password, said string }{
		{"Arrosoir7", "trop facile à deviner"},
		{"soleil", "parmi les premiers que l’on essaie"},
		{"Bourg-sur-Loire1", "contient votre nom"},
	} {
		her.Fill("#password", wrong.password)
		her.Follow("button.main")
		her.MustSee(wrong.said)
		judgeAsItStands(t, her)
	}
	shots(t, her, "paper-choose-refused")
	her.Fill("#password", phrase)
	her.Follow("button.main")
	her.MustSee("Bonjour")
	signOut(her)
	her.Open(links[0])
	her.MustSee("Ce lien ne sert plus")
	shots(t, her, "paper-used")

	her.Open(links[1])
	her.MustSee("Rejoindre")
	shots(t, her, "paper-invited")
	her.Follow("main a.button.main")
	her.Follow("button.main")
	her.Fill("#password", servertest.Password)
	her.Follow("button.main")
	her.MustSee("Votre compte agent@agglo.example")
	shots(t, her, "paper-accept")
	her.Follow("main button.main")
	her.MustSee("Vous avez rejoint")
	shots(t, her, "paper-joined")
	signOut(her)

	admin.Open(portal.URL + "/admin/agents?q=martin")
	admin.Follow("form[action$='/password'] button")
	admin.MustSee("Lien pour un nouveau mot de passe")
	shots(t, admin, "paper-sent")
	her.Open(admin.Text("code.secret"))
	shots(t, her, "paper-reset")
	her.Open(portal.URL + "/sign-in/forgotten")
	her.MustSee("ne peut pas envoyer de courrier")
	shots(t, her, "paper-forgotten")
}

// TestRefusalsOfApplicationsAreForEveryone: what each protocol says to a person
// whose application does not open.
func TestRefusalsOfApplicationsAreForEveryone(t *testing.T) {
	d := newDesk(t)
	d.clients(t)
	d.Restrict("bourg", "cas", "accueil")
	d.Restrict("bourg", "forward", "accueil")
	client, err := d.OpenID.ClientOf(t.Context(), d.Caller("admin@bourg.example", "bourg"), "openid")
	if err != nil {
		t.Fatal(err)
	}
	page := d.window(t)
	page.Allow("status of 4") // refusals
	signIn(page, d.address, "collegue@bourg.example", servertest.Password)
	authorize := func(back string) string {
		return d.address + "/oidc/bourg/authorize?" + url.Values{
			"client_id": {client.ID}, "redirect_uri": {back}, "response_type": {"code"}, "scope": {"openid"},
		}.Encode()
	}
	for _, refusal := range []struct{ name, address, said string }{
		{"cas-unknown", d.address + "/cas/login?service=https://inconnu.example/", "celle d’aucune application"},
		{"cas-shut", d.apps["cas"], "n’est ouverte ni à vos groupes"},
		{"forward-unknown", d.address + "/forward/start?to=https://inconnu.example/", "Aucune application"},
		{"forward-shut", d.apps["forward"], "n’est ouverte ni à vos groupes"},
		{"openid-redirect", authorize("https://ailleurs.example/retour"), "demande que Parvis ne peut pas suivre"},
		{"openid-client", d.address + "/oidc/bourg/authorize?client_id=x&redirect_uri=https://ailleurs.example/", "demande que Parvis ne peut pas suivre"},
		{"openid-leave", d.address + "/oidc/bourg/logout", "Se déconnecter"},
	} {
		page.Open(refusal.address)
		page.MustSee(refusal.said)
		shots(t, page, refusal.name)
		if leads := page.Count("main a.button, main button"); leads == 0 {
			t.Errorf("%s leads nowhere", refusal.name)
		}
	}
	elsewhere := d.window(t)
	elsewhere.Allow("status of 4")
	signIn(elsewhere, d.address, "agent@agglo.example", servertest.Password)
	for _, refusal := range []struct{ name, address, said string }{
		{"cas-elsewhere", d.apps["cas"], "celle d’aucune application"},
		{"forward-elsewhere", d.apps["forward"], "Son administrateur peut vous y inviter"},
		{"openid-elsewhere", authorize(d.apps["openid"] + "/back"), "Son administrateur peut vous y inviter"},
	} {
		elsewhere.Open(refusal.address)
		elsewhere.MustSee(refusal.said)
		shots(t, elsewhere, refusal.name)
	}
}

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
	signIn(page, w.URL, helene.Mail, helene.Password)
	page.Open(w.URL + "/admin/sign-in")
	shots(t, page, "ldap-settings")
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
		shots(t, page, trial.name)
	}
	w.directory.Stop(t)
	page.Open(w.URL + "/admin/sign-in")
	page.Fill("#login", "cecile.oconnor@bourg.example")
	page.Follow("form[action='/admin/sign-in'] button.main")
	page.MustSee("ne répond pas")
	shots(t, page, "ldap-silent")
	page.Open(w.URL + "/account/password")
	page.MustSee("Adressez-vous à l’administrateur")
	shots(t, page, "ldap-password")
	page.Follow("text=Revenir à mon compte")
}
