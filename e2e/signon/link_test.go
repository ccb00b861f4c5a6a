package signon_test

import (
	"net/url"
	"testing"

	"parvis/e2e/browser"
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
	admin.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
	admin.Open(portal.URL + "/admin/agents/invite")
	admin.JudgeAndKeep(t, "factors/paper-invite")
	admin.Fill("#lines", "Zoé Ménard <zoe.menard@bourg.example>\nLéa Moreau <agent@agglo.example>")
	admin.Follow("button.main")
	admin.Follow("button.main")
	admin.MustSee("Liens à remettre")
	admin.JudgeAndKeep(t, "factors/paper-handed")
	var links []string
	admin.Evaluate(`[...document.querySelectorAll('code.secret')].map(e => e.textContent)`, &links)
	if len(links) != 2 {
		t.Fatalf("links %q, want two", links)
	}

	her.Open(links[0])
	her.JudgeAndKeep(t, "factors/paper-choose")
	for _, wrong := range []struct{ password, said string }{
		{"Arrosoir7", "trop facile à deviner"},
		{"soleil", "parmi les premiers que l’on essaie"},
		{"Bourg-sur-Loire1", "contient votre nom"},
	} {
		her.Fill("#password", wrong.password)
		her.Follow("button.main")
		her.MustSee(wrong.said)
		her.JudgeAsItStands(t)
	}
	her.JudgeAndKeep(t, "factors/paper-choose-refused")
	her.Fill("#password", phrase)
	her.Follow("button.main")
	her.MustSee("Bonjour")
	signOut(her)
	her.Open(links[0])
	her.MustSee("Ce lien ne sert plus")
	her.JudgeAndKeep(t, "factors/paper-used")

	her.Open(links[1])
	her.MustSee("Rejoindre")
	her.JudgeAndKeep(t, "factors/paper-invited")
	her.Follow("main a.button.main")
	her.Follow("button.main")
	her.Fill("#password", servertest.Password)
	her.Follow("button.main")
	her.MustSee("Votre compte agent@agglo.example")
	her.JudgeAndKeep(t, "factors/paper-accept")
	her.Follow("main button.main")
	her.MustSee("Vous avez rejoint")
	her.JudgeAndKeep(t, "factors/paper-joined")
	signOut(her)

	admin.Open(portal.URL + "/admin/agents?q=martin")
	admin.Follow("form[action$='/password'] button")
	admin.MustSee("Lien pour un nouveau mot de passe")
	admin.JudgeAndKeep(t, "factors/paper-sent")
	her.Open(admin.Text("code.secret"))
	her.JudgeAndKeep(t, "factors/paper-reset")
	her.Open(portal.URL + "/sign-in/forgotten")
	her.MustSee("ne peut pas envoyer de courrier")
	her.JudgeAndKeep(t, "factors/paper-forgotten")
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
	page.SignIn(d.address, "collegue@bourg.example", servertest.Password)
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
		page.JudgeAndKeep(t, "factors/"+refusal.name)
		if leads := page.Count("main a.button, main button"); leads == 0 {
			t.Errorf("%s leads nowhere", refusal.name)
		}
	}
	elsewhere := d.window(t)
	elsewhere.Allow("status of 4")
	elsewhere.SignIn(d.address, "agent@agglo.example", servertest.Password)
	for _, refusal := range []struct{ name, address, said string }{
		{"cas-elsewhere", d.apps["cas"], "celle d’aucune application"},
		{"forward-elsewhere", d.apps["forward"], "Son administrateur peut vous y inviter"},
		{"openid-elsewhere", authorize(d.apps["openid"] + "/back"), "Son administrateur peut vous y inviter"},
	} {
		elsewhere.Open(refusal.address)
		elsewhere.MustSee(refusal.said)
		elsewhere.JudgeAndKeep(t, "factors/"+refusal.name)
	}
}
