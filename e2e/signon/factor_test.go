package signon_test

import (
	"strings"
	"testing"
	"time"

	"parvis/e2e/browser"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/ssotest"
)

// named is a portal's address by a host that has a name: keys are made for no
// other.
func named(portal *servertest.Portal) string {
	return strings.Replace(portal.URL, "127.0.0.1", "localhost", 1)
}

func signOut(page *browser.Page) { page.Follow(".leave button") }

// TestPasskeys makes a key, gives it after the password, then signs in with it
// and nothing else; without JavaScript the pages say that a key can't be used and
// a recovery code lets in.
func TestPasskeys(t *testing.T) {
	portal := servertest.New(t)
	address := named(portal)
	page := browser.New(t)
	page.Passkeys(true)
	page.SignIn(address, "agent@bourg.example", servertest.Password)
	page.Open(address + "/account/factors/keys")
	page.Wait("form[data-key]")
	page.Fill("#name", "Portable de Camille")
	page.JudgeAndKeep(t, "factors/key-new")
	page.Follow("form[data-key] button")
	page.MustSee("Vos codes de secours")
	page.JudgeAndKeep(t, "factors/codes")
	code := page.Text(".codes li code")
	page.Follow("main a.button.main")
	page.MustSee("Portable de Camille")
	page.JudgeAndKeep(t, "factors/factors-key")
	signOut(page)

	page.SignIn(address, "agent@bourg.example", servertest.Password)
	page.MustSee("Confirmez que c’est vous")
	page.JudgeAndKeep(t, "factors/second-key")
	page.Follow("form[data-key] button")
	page.Until(`location.pathname === '/'`)
	signOut(page)

	page.Open(address + "/sign-in?next=%2Faccount")
	page.Wait("form[data-key]")
	page.JudgeAndKeep(t, "factors/sign-in-key")
	page.Follow("form[data-key] button")
	page.MustSee("1 clé d’accès")
	signOut(page)

	plain := browser.New(t)
	plain.NoJavaScript()
	plain.SignIn(address, "agent@bourg.example", servertest.Password)
	plain.MustSee("demande JavaScript")
	plain.JudgeAndKeep(t, "factors/second-no-script")
	plain.Follow("text=Donner un code de secours")
	plain.JudgeAndKeep(t, "factors/second-recovery")
	plain.Fill("#code", code)
	plain.Follow("button.main")
	plain.MustSee("Il vous en reste 9")
}

// TestAKeyThatDoesNotVerifyIsNotEnoughAlone: the browser itself refuses, and the
// page says so.
func TestAKeyThatDoesNotVerifyIsNotEnoughAlone(t *testing.T) {
	portal := servertest.New(t)
	page := browser.New(t)
	page.Passkeys(false)
	page.Open(named(portal) + "/sign-in")
	page.Wait("form[data-key]")
	page.Click("form[data-key] button")
	page.MustSee("La clé n’a pas répondu")
}

// TestSecondFactorsAreForEveryone makes an application without JavaScript as the
// collectivity asks for it, gives its code, and judges every page on the way.
func TestSecondFactorsAreForEveryone(t *testing.T) {
	portal := servertest.New(t)
	admin := portal.Caller("admin@bourg.example", "bourg")
	if err := portal.SSO.Policies.Set(t.Context(), admin, sso.Policy{Who: sso.Everyone}, ""); err != nil {
		t.Fatal(err)
	}
	page := browser.New(t)
	page.Allow("status of 4") // refusals
	page.NoJavaScript()
	page.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
	page.MustSee("Activez la double authentification")
	page.JudgeAndKeep(t, "factors/first")
	secret := page.Text("code.secret")
	page.Fill("#code", "000000")
	page.Follow("button.main")
	page.JudgeAsItStands(t)
	page.Fill("#code", ssotest.Code(t, secret, time.Now().Add(-30*time.Second)))
	page.Follow("button.main")
	page.MustSee("Vos codes de secours")
	page.JudgeAsItStands(t)
	page.Follow("main a.button.main")
	page.Open(portal.URL + "/admin/sign-in/factors")
	page.MustSee("Prêts : 1 sur 5")
	page.JudgeAndKeep(t, "factors/staff")
	page.Open(portal.URL + "/account/factors")
	page.JudgeAndKeep(t, "factors/factors-app")
	signOut(page)

	page.SignIn(portal.URL, "admin@bourg.example", servertest.Password)
	page.MustSee("Confirmez que c’est vous")
	page.JudgeAndKeep(t, "factors/second-app")
	page.Fill("#code", "000000")
	page.Follow("button.main")
	page.MustSee("Ce code n’est pas le bon")
	page.JudgeAsItStands(t)
	page.Fill("#code", ssotest.Code(t, secret, time.Now()))
	page.Follow("button.main")
	page.Until(`location.pathname === '/'`)
}
