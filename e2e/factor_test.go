package e2e_test

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
	signIn(page, address, "agent@bourg.example", servertest.Password)
	page.Open(address + "/account/factors/keys")
	page.Wait("form[data-key]")
	page.Fill("#name", "Portable de Camille")
	shots(t, page, "key-new")
	page.Follow("form[data-key] button")
	page.MustSee("Vos codes de secours")
	shots(t, page, "codes")
	code := page.Text(".codes li code")
	page.Follow("main a.button.main")
	page.MustSee("Portable de Camille")
	shots(t, page, "factors-key")
	signOut(page)

	signIn(page, address, "agent@bourg.example", servertest.Password)
	page.MustSee("Confirmez que c’est vous")
	shots(t, page, "second-key")
	page.Follow("form[data-key] button")
	page.Until(`location.pathname === '/'`)
	signOut(page)

	page.Open(address + "/sign-in?next=%2Faccount")
	page.Wait("form[data-key]")
	shots(t, page, "sign-in-key")
	page.Follow("form[data-key] button")
	page.MustSee("1 clé d’accès")
	signOut(page)

	plain := browser.New(t)
	plain.NoJavaScript()
	signIn(plain, address, "agent@bourg.example", servertest.Password)
	plain.MustSee("demande JavaScript")
	shots(t, plain, "second-no-script")
	plain.Follow("text=Donner un code de secours")
	shots(t, plain, "second-recovery")
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
	signIn(page, portal.URL, "admin@bourg.example", servertest.Password)
	page.MustSee("Activez la double authentification")
	shots(t, page, "first")
	secret := page.Text("code.secret")
	page.Fill("#code", "000000")
	page.Follow("button.main")
	judgeAsItStands(t, page)
	page.Fill("#code", ssotest.Code(t, secret, time.Now().Add(-30*time.Second)))
	page.Follow("button.main")
	page.MustSee("Vos codes de secours")
	judgeAsItStands(t, page)
	page.Follow("main a.button.main")
	page.Open(portal.URL + "/admin/sign-in/factors")
	page.MustSee("Prêts : 1 sur 5")
	shots(t, page, "staff")
	page.Open(portal.URL + "/account/factors")
	shots(t, page, "factors-app")
	signOut(page)

	signIn(page, portal.URL, "admin@bourg.example", servertest.Password)
	page.MustSee("Confirmez que c’est vous")
	shots(t, page, "second-app")
	page.Fill("#code", "000000")
	page.Follow("button.main")
	page.MustSee("Ce code n’est pas le bon")
	judgeAsItStands(t, page)
	page.Fill("#code", ssotest.Code(t, secret, time.Now()))
	page.Follow("button.main")
	page.Until(`location.pathname === '/'`)
}

// shots judges a page as it stands and keeps its pictures, wide and narrow, light
// and dark.
func shots(t *testing.T, page *browser.Page, name string) {
	t.Helper()
	judgeAsItStands(t, page)
	for _, dark := range []bool{false, true} {
		page.Scheme(dark)
		suffix := map[bool]string{false: "", true: "-dark"}[dark]
		page.Size(1366, 900)
		page.Screenshot("factors/" + name + suffix)
		page.Size(360, 640)
		page.Screenshot("factors/" + name + "-360" + suffix)
	}
	page.Scheme(false)
	page.Size(1366, 768)
}
