package signon_test

import (
	"io"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"testing"

	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// phrase is a password that nobody guesses.
const phrase = "sept grands cormorans trouvent un vieux parapluie vert"

// linkOf is the link of a letter.
func linkOf(t *testing.T, letter string) string {
	t.Helper()
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(letter)))
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`(?m)^http://\S+key=\S+`).Find(text)
	if link == nil {
		t.Fatalf("no link in:\n%s", text)
	}
	return string(link)
}

// TestAnAccountFromItsInvitationToItsSecondPassword: an administrator pastes a
// list, the letter arrives, she chooses a password and is home; later she forgets
// it, chooses another, and what was open elsewhere closes. With scripts and
// without.
func TestAnAccountFromItsInvitationToItsSecondPassword(t *testing.T) {
	portal := servertest.Demo(t)
	for _, scripts := range []bool{true, false} {
		name, login := "with scripts", "zoe.scripts@bourg.example"
		if !scripts {
			name, login = "without scripts", "zoe.simple@bourg.example"
		}
		t.Run(name, func(t *testing.T) {
			admin, zoe := browser.New(t), browser.New(t)
			for _, page := range []*browser.Page{admin, zoe} {
				page.Allow("status of 4") // forms that are refused
				if !scripts {
					page.NoJavaScript()
				}
			}
			look := func(page *browser.Page, name string) {
				if scripts {
					page.JudgeAndKeep(t, "factors/"+name)
				}
			}
			admin.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
			admin.Open(portal.URL + "/admin/agents")
			look(admin, "agents")
			admin.Follow("a.button.main")
			admin.Fill("#lines", "Zoé Ménard <"+login+">\nOscar sans adresse")
			admin.Follow("button.main")
			admin.MustSee("1 ligne à corriger")
			look(admin, "invite-fault")
			admin.Fill("#lines", "Zoé Ménard <"+login+">")
			admin.Follow("button.main")
			admin.MustSee("1 personne à inviter")
			look(admin, "invite-ready")
			admin.Follow("button.main")
			admin.MustSee("Invitation envoyée")
			look(admin, "agents-invited")

			zoe.Open(linkOf(t, portal.Received(login, 1)))
			zoe.MustSee("Choisir un mot de passe")
			look(zoe, "choose")
			zoe.Fill("#password", "Bourg-sur-Loire1")
			zoe.Follow("button.main")
			zoe.MustSee("contient votre nom")
			look(zoe, "choose-refused")
			zoe.Fill("#password", phrase)
			if scripts {
				zoe.Click("[data-reveal]")
			} else {
				zoe.Follow("[data-reveal]")
			}
			if got := zoe.Attribute("#password", "type"); got != "text" {
				t.Errorf("the password is shown as %q, want text", got)
			}
			if got := zoe.Value("#password"); got != phrase {
				t.Errorf("shown, the password is %q", got)
			}
			zoe.Follow("button.main")
			zoe.MustSee("Bonjour")

			other := browser.New(t)
			other.Allow("status of 4")
			other.Open(portal.URL + "/sign-in")
			other.Fill("#login", login)
			other.Follow("button.main")
			other.Follow(`a[href="/sign-in/forgotten"]`)
			look(other, "forgotten")
			other.Follow("button.main")
			other.MustSee("Regardez votre messagerie")
			look(other, "asked")
			other.Open(linkOf(t, portal.Received(login, 2)))
			other.Fill("#password", phrase+" et bleu")
			look(other, "reset")
			other.Follow("button.main")
			other.MustSee("Bonjour")
			portal.Received(login, 3)
			zoe.Open(portal.URL + "/account")
			zoe.MustSee("Adresse électronique ou identifiant") // she is out
			other.Open(portal.URL + "/account/password")
			look(other, "own-password")
			other.Fill("#old", phrase+" et bleu")
			other.Fill("#password", phrase+" et gris")
			other.Follow("form.sheet button.main")
			other.MustSee("Mot de passe changé")
			other.Open(portal.URL + "/sign-in/reset")
			other.MustSee("Ce lien ne sert plus")
			look(other, "dead-link")
		})
	}
}
