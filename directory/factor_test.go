package directory_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
	"parvis/sso/ssotest"
)

var (
	secretText = regexp.MustCompile(`<code class="secret">([A-Z2-7 ]+)</code>`)
	hidden     = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)
	codeText   = regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code></li>`)
)

// fields are the hidden ones of a page's first form that has any, and what others
// add: the last is that of the language.
func fields(body string) url.Values {
	form := url.Values{}
	for _, match := range hidden.FindAllStringSubmatch(body, -1) {
		if match[1] != "use" && !form.Has(match[1]) {
			form.Set(match[1], match[2])
		}
	}
	return form
}

// app is an application that a person added.
type app struct {
	secret string
	codes  []string
}

// addApp adds an application from the account's page.
func (b *person) addApp() app {
	b.t.Helper()
	page := b.get("/account/factors/app")
	page.want(b.t, http.StatusOK, "Installez sur votre téléphone")
	return b.typeFirst("/account/factors/app", page)
}

// typeFirst types the first code of the secret that a page shows.
func (b *person) typeFirst(path string, page answer) app {
	b.t.Helper()
	match := secretText.FindStringSubmatch(page.body)
	if match == nil {
		b.t.Fatalf("no secret in\n%s", page.body)
	}
	form := fields(page.body)
	form.Set("use", "app")
	form.Set("code", ssotest.Code(b.t, match[1], b.house.now()))
	done := b.post(path, form)
	done.want(b.t, http.StatusCreated, "ils ne s’afficheront plus")
	made := app{secret: match[1]}
	for _, code := range codeText.FindAllStringSubmatch(done.body, -1) {
		made.codes = append(made.codes, code[1])
	}
	return made
}

// second answers the page of the second factor.
func (b *person) second(use, code string) answer {
	b.t.Helper()
	page := b.get("/sign-in/second?use=" + use)
	form := fields(page.body)
	form.Set("use", use)
	form.Set("code", code)
	return b.post("/sign-in/second", form)
}

// withApp is a house whose anne has an application, at a time when its last code
// is over.
func withApp(t *testing.T) (*house, app) {
	t.Helper()
	h := newHouse(t)
	made := h.as(t, h.anne).addApp()
	h.later(time.Minute)
	return h, made
}

func (h *house) code(t testing.TB, a app) string { return ssotest.Code(t, a.secret, h.now()) }

func TestNobodyIsSignedInBeforeTheSecondFactor(t *testing.T) {
	h, made := withApp(t)
	if len(made.codes) != 10 {
		t.Fatalf("%d recovery codes", len(made.codes))
	}
	b := h.browser(t)
	last := b.signIn("anne@bourg.example", password)
	if last.location != "/sign-in/second" || strings.Contains(last.header.Get("Set-Cookie"), sso.CookieName(false)+"=") {
		t.Fatalf("the password leads to %q and sets %q", last.location, last.header.Values("Set-Cookie"))
	}
	if home := b.get("/"); home.status != http.StatusSeeOther {
		t.Errorf("after the password alone home answers %d", home.status)
	}
	b.get("/sign-in/second/new").want(t, http.StatusSeeOther)
	b.second("app", "000000").want(t, http.StatusUnprocessableEntity, "Ce code n’est pas le bon")
	code := h.code(t, made)
	if last := b.second("app", code); last.status != http.StatusSeeOther || last.location != "/" {
		t.Fatalf("the right code answers %d to %q\n%s", last.status, last.location, last.body)
	}
	b.get("/").want(t, http.StatusOK)
	thief := h.browser(t)
	thief.signIn("anne@bourg.example", password)
	thief.second("app", code).want(t, http.StatusUnprocessableEntity, "a déjà servi")
	thief.second("recovery", made.codes[3]).want(t, http.StatusSeeOther)
	thief.get("/").want(t, http.StatusOK)
	other := h.browser(t)
	other.signIn("anne@bourg.example", password)
	other.second("recovery", made.codes[3]).want(t, http.StatusUnprocessableEntity, "n’est pas le bon")
}

// TestClockSkewOfATelephoneIsOneStep, before and behind, at the sign-in itself; a code
// before one that served opens nothing.
func TestClockSkewOfATelephoneIsOneStep(t *testing.T) {
	h, made := withApp(t)
	h.later(time.Duration(45-h.now().Unix()%30) * time.Second) // the middle of a step
	code := func(away time.Duration) string { return ssotest.Code(t, made.secret, h.now().Add(away)) }
	try := func(away time.Duration) answer {
		b := h.browser(t)
		b.signIn("anne@bourg.example", password)
		return b.second("app", code(away))
	}
	try(-time.Minute).want(t, http.StatusUnprocessableEntity, "Ce code n’est pas le bon")
	try(time.Minute).want(t, http.StatusUnprocessableEntity, "Ce code n’est pas le bon")
	try(-30*time.Second).want(t, http.StatusSeeOther)
	try(30*time.Second).want(t, http.StatusSeeOther)
	try(0).want(t, http.StatusUnprocessableEntity, "a déjà servi")
}

// TestCVE_2026_9798_LockoutIsCheckedAtEachStep (Keycloak): passwords and codes
// count together, a right password forgives nothing, and who is locked between
// the steps stays out with the right code, by every way.
func TestCVE_2026_9798_LockoutIsCheckedAtEachStep(t *testing.T) {
	h, made := withApp(t)
	waiting := h.browser(t)
	waiting.signIn("anne@bourg.example", password)
	for i := range 2 {
		h.browser(t).signIn("ANNE@bourg.example", "wrong").want(t, http.StatusUnprocessableEntity)
		guess := h.browser(t)
		guess.signIn("anne@bourg.example", password)
		guess.second([]string{"app", "recovery"}[i], "000000").want(t, http.StatusUnprocessableEntity)
	}
	waiting.second("app", h.code(t, made)).want(t, http.StatusTooManyRequests, "Trop d’essais")
	waiting.second("recovery", made.codes[0]).want(t, http.StatusTooManyRequests)
	h.browser(t).signIn("anne@bourg.example", password).want(t, http.StatusTooManyRequests)
	h.later(16 * time.Minute)
	b := h.browser(t)
	b.signIn("anne@bourg.example", password)
	b.second("app", h.code(t, made)).want(t, http.StatusSeeOther)
}

// TestManyCodesAtOnceAreCounted: guesses sent together don't pass together.
func TestManyCodesAtOnceAreCounted(t *testing.T) {
	h, _ := withApp(t)
	b := h.browser(t)
	b.signIn("anne@bourg.example", password)
	form := fields(b.get("/sign-in/second").body)
	form.Set("use", "app")
	form.Set("code", "000000")
	statuses := make(chan int, 12)
	for range cap(statuses) {
		go func() { statuses <- b.post("/sign-in/second", form).status }()
	}
	judged := 0
	for range cap(statuses) {
		if status := <-statuses; status == http.StatusUnprocessableEntity {
			judged++
		} else if status != http.StatusTooManyRequests {
			t.Errorf("status %d", status)
		}
	}
	if judged > 4 {
		t.Errorf("%d of 12 codes at once were judged", judged)
	}
}

// TestCVE_2026_7507_AFlowIsOfOneBrowserAndOnePerson (Keycloak): a step that
// another tab began anew is not answered by the form of the first, and a sign-in
// that ended does not open a second session.
func TestCVE_2026_7507_AFlowIsOfOneBrowserAndOnePerson(t *testing.T) {
	h, made := withApp(t)
	b := h.browser(t)
	b.signIn("anne@bourg.example", password)
	first := fields(b.get("/sign-in/second").body)
	b.signIn("anne@bourg.example", password) // in another tab
	address := got(url.Parse(h.server.URL))(t)
	kept := b.client.Jar.Cookies(address)
	first.Set("use", "app")
	first.Set("code", h.code(t, made))
	b.post("/sign-in/second", first).want(t, http.StatusUnprocessableEntity, "a repris dans un autre onglet")
	if home := b.get("/"); home.status != http.StatusSeeOther {
		t.Error("it signed in")
	}
	form := fields(b.get("/sign-in/second").body)
	form.Set("use", "app")
	form.Set("code", h.code(t, made))
	b.post("/sign-in/second", form).want(t, http.StatusSeeOther)
	b.get("/").want(t, http.StatusOK)
	if last := b.post("/sign-in/second", form); last.location != "/" {
		t.Errorf("the second tab, later, leads to %q, want home", last.location)
	}
	thief := h.browser(t) // with what the browser held before
	thief.client.Jar.SetCookies(address, kept)
	form.Set("use", "recovery")
	form.Set("code", made.codes[1])
	if last := thief.post("/sign-in/second", form); last.status == http.StatusSeeOther {
		t.Error("a sign-in that ended opens a session again")
	}
	if home := thief.get("/"); home.status != http.StatusSeeOther {
		t.Errorf("home answers the replayed sign-in %d", home.status)
	}
}

func TestASignInUnderWayExpires(t *testing.T) {
	h, made := withApp(t)
	b := h.browser(t)
	b.signIn("anne@bourg.example", password)
	form := fields(b.get("/sign-in/second").body)
	h.later(15*time.Minute + time.Second)
	form.Set("use", "app")
	form.Set("code", h.code(t, made))
	b.post("/sign-in/second", form).want(t, http.StatusForbidden, "expiré")
}

// TestFactorsChangeOnlyAfterAFreshSignIn: neither a session left open nor one that
// proved only the password changes how its person signs in.
func TestFactorsChangeOnlyAfterAFreshSignIn(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.anne)
	page := b.get("/account/factors/app")
	h.later(5*time.Minute + time.Second)
	form := fields(page.body)
	form.Set("code", ssotest.Code(t, secretText.FindStringSubmatch(page.body)[1], h.now()))
	if last := b.post("/account/factors/app", form); last.location != "/sign-in?again=1&next=%2Faccount%2Ffactors%2Fapp" {
		t.Errorf("adding in an old session leads to %q", last.location)
	}
	if held := got(h.service.Factors.Of(context.Background(), h.anne.Account))(t); held.Any() {
		t.Fatal("an old session added a factor")
	}
	b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}, "again": {"1"}, "next": {"/account/factors/app"}})
	b.post("/sign-in/password", url.Values{"password": {password}}).want(t, http.StatusSeeOther)
	made := b.addApp()
	h.later(time.Minute)

	other := h.as(t, h.anne) // by a password alone
	for _, path := range []string{"/account/factors/app/remove", "/account/factors/codes"} {
		if last := other.post(path, nil); !strings.HasPrefix(last.location, "/sign-in?again=1") {
			t.Errorf("%s by a password alone answers %d to %q", path, last.status, last.location)
		}
	}
	b.post("/account/factors/codes", nil).want(t, http.StatusCreated, "Vos codes de secours")
	b.post("/account/factors/app/remove", nil).want(t, http.StatusSeeOther)
	if held := got(h.service.Factors.Of(context.Background(), h.anne.Account))(t); held.Any() || held.Codes > 0 {
		t.Errorf("after the removal: %+v", held)
	}
	if last := h.browser(t).signIn("anne@bourg.example", password); last.location != "/" {
		t.Errorf("without factor the password leads to %q", last.location)
	}
	_ = made
}

// TestCVE_2024_52948_NoOtherSiteAddsAFactor (LemonLDAP::NG): a page of another
// site sends nothing in the name of who is signed in.
func TestCVE_2024_52948_NoOtherSiteAddsAFactor(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.anne)
	page := b.get("/account/factors/app")
	form := fields(page.body)
	form.Set("code", ssotest.Code(t, secretText.FindStringSubmatch(page.body)[1], h.now()))
	for _, path := range []string{"/account/factors/app", "/account/factors/keys", "/account/factors/keys/ask", "/account/factors/codes", "/sign-in/second/new"} {
		request := got(http.NewRequest(http.MethodPost, h.server.URL+path, strings.NewReader(form.Encode())))(t)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		request.Header.Set("Origin", "https://voleur.example")
		b.do(request).want(t, http.StatusForbidden)
	}
	if held := got(h.service.Factors.Of(context.Background(), h.anne.Account))(t); held.Any() {
		t.Error("another site added a factor")
	}
	// nor is the secret of one person another's
	luc := h.as(t, h.luc)
	luc.post("/account/factors/app", form).want(t, http.StatusUnprocessableEntity, "a attendu trop longtemps")
}

// TestAPolicyLeadsToAFirstFactor: who must have one and has none makes it before
// she is let in; the other collectivity of her account asks for nothing.
func TestAPolicyLeadsToAFirstFactor(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := portal.Caller{Collectivity: "agglo", Rights: []portal.Right{portal.Admin}}
	must(t, h.service.Policies.Set(ctx, admin, sso.Policy{Who: sso.Everyone, From: h.now().Add(time.Hour)}, ""))
	h.browser(t).enter("luc@agglo.example", password)
	h.later(time.Hour)

	b := h.browser(t)
	if last := b.signIn("luc@agglo.example", password); last.location != "/sign-in/second" {
		t.Fatalf("who must have a factor goes to %q", last.location)
	}
	if last := b.get("/sign-in/second"); last.location != "/sign-in/second/new?to=%2F" {
		t.Errorf("without a factor the second step leads to %q", last.location)
	}
	page := b.get("/sign-in/second/new")
	page.want(t, http.StatusOK, "Votre collectivité la demande")
	wrong := fields(page.body)
	wrong.Set("code", "000000")
	again := b.post("/sign-in/second/new", wrong)
	again.want(t, http.StatusUnprocessableEntity, "n’est pas celui de cette image", secretText.FindStringSubmatch(page.body)[1])
	if home := b.get("/"); home.status != http.StatusSeeOther {
		t.Error("signed in without a factor")
	}
	b.typeFirst("/sign-in/second/new", page)
	b.get("/").want(t, http.StatusOK, "Œuvray")

	both := h.browser(t)
	both.enter("sec@bourg.example", password)
	both.get("/").want(t, http.StatusOK, "in bourg")
	if last := both.post("/account/switch", url.Values{"agent": {string(h.elsewhere.Agent)}}); last.location != "/sign-in/second" {
		t.Fatalf("going into a collectivity that asks leads to %q", last.location)
	}
	both.get("/").want(t, http.StatusOK, "in bourg")
	both.typeFirst("/sign-in/second/new", both.get("/sign-in/second/new"))
	both.get("/").want(t, http.StatusOK, "in agglo")
}

// TestAnApplicationMayAskForMore: the step up keeps the session and gives it a
// new secret; when it began does not move.
func TestAnApplicationMayAskForMore(t *testing.T) {
	h, made := withApp(t)
	b := h.as(t, h.anne)
	b.get("/").want(t, http.StatusOK)
	address := got(url.Parse(h.server.URL))(t)
	before := b.client.Jar.Cookies(address)
	id := got(h.service.Sessions.List(context.Background(), h.anne))(t)
	if last := b.get("/sign-in/second?next=%2Faccount"); last.location != "/sign-in/second" {
		t.Fatalf("the step up leads to %q", last.location)
	}
	b.get("/sign-in/second").want(t, http.StatusOK, "demande la double authentification")
	if last := b.second("app", h.code(t, made)); last.location != "/account" {
		t.Fatalf("after the code: %d to %q", last.status, last.location)
	}
	thief := h.browser(t)
	thief.client.Jar.SetCookies(address, before)
	if last := thief.get("/"); last.status != http.StatusSeeOther {
		t.Error("the secret of before the step up still serves")
	}
	for _, session := range got(h.service.Sessions.List(context.Background(), h.anne))(t) {
		if session.ID == id[0].ID && !session.Created.Equal(id[0].Created) {
			t.Errorf("the sign-in moved from %v to %v", id[0].Created, session.Created)
		}
	}
	if last := b.get("/sign-in/second?next=%2Faccount"); last.location != "/account" {
		t.Errorf("once given, the step up leads to %q", last.location)
	}
	for _, next := range []string{"//voleur.example", "https://voleur.example/", "/sign-in", "/\\voleur.example"} {
		if last := b.get("/sign-in/second?next=" + url.QueryEscape(next)); last.location != "/" {
			t.Errorf("next=%s leads to %q", next, last.location)
		}
	}
}

// isSession says whether a cookie is that of a session.
func isSession(cookie *http.Cookie) bool { return cookie.Name == sso.CookieName(false) }

// TestAStepUpIsOfItsSession and of who signed in a moment ago: a session left open
// makes no first factor, and a step begun in one browser raises no other.
func TestAStepUpIsOfItsSession(t *testing.T) {
	h, made := withApp(t)
	b, other := h.as(t, h.anne), h.as(t, h.anne)
	address := got(url.Parse(h.server.URL))(t)
	b.get("/sign-in/second?next=%2Faccount").want(t, http.StatusSeeOther)
	begun := slices.DeleteFunc(b.client.Jar.Cookies(address), isSession)
	other.client.Jar.SetCookies(address, begun)
	if last := other.get("/sign-in/second"); last.location != "/" {
		t.Errorf("a step of another session: %d to %q", last.status, last.location)
	}
	form := fields(b.get("/sign-in/second").body)
	form.Set("use", "app")
	form.Set("code", h.code(t, made))
	other.post("/sign-in/second", form)
	if last := other.get("/sign-in/second?next=%2Faccount"); last.location == "/account" {
		t.Error("the step of one session raised another")
	}
	if last := b.post("/sign-in/second", form); last.location != "/account" {
		t.Errorf("her own step: %d to %q", last.status, last.location)
	}
	b.client.Jar.SetCookies(address, begun)
	form.Set("use", "recovery")
	form.Set("code", made.codes[0])
	b.post("/sign-in/second", form).want(t, http.StatusForbidden) // a step ends once

	luc := h.as(t, h.luc) // who has no factor
	if last := luc.get("/sign-in/second?next=%2Faccount"); last.location != "/sign-in/second" {
		t.Errorf("just signed in, she is led to %q", last.location)
	}
	h.later(5*time.Minute + time.Second)
	if last := luc.get("/sign-in/second?next=%2Faccount"); last.location != "/sign-in?again=1&second=1&next=%2Faccount" {
		t.Errorf("in a session left open, she is led to %q", last.location)
	}
}

func TestASharedComputerKeepsNothing(t *testing.T) {
	h := newHouse(t)
	b := h.browser(t)
	b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
	last := b.post("/sign-in/password", url.Values{"password": {password}, "kiosk": {"1"}})
	for _, cookie := range last.header.Values("Set-Cookie") {
		if strings.HasPrefix(cookie, sso.CookieName(false)+"=") && strings.Contains(cookie, "Max-Age") {
			t.Errorf("the cookie outlives the browser: %s", cookie)
		}
	}
	h.later(19 * time.Minute)
	b.get("/").want(t, http.StatusOK)
	h.later(20*time.Minute + time.Second)
	if home := b.get("/"); home.status != http.StatusSeeOther {
		t.Errorf("idle for 20 minutes, home answers %d", home.status)
	}
	b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
	b.post("/sign-in/password", url.Values{"password": {password}, "kiosk": {"1"}})
	b.get("/account/factors/keys").want(t, http.StatusForbidden, "aucune clé n’est gardée")
	if out := b.post("/sign-out", nil); out.header.Get("Clear-Site-Data") != `"cache", "cookies", "storage"` {
		t.Errorf("sign-out clears %s", out.header.Get("Clear-Site-Data"))
	}
}

// TestASharedComputerIsSaidForEveryWay in: before the way is known.
func TestASharedComputerIsSaidForEveryWay(t *testing.T) {
	h := newHouse(t)
	shared := func(caller portal.Caller) (count int) {
		for _, session := range got(h.service.Sessions.List(context.Background(), caller))(t) {
			if session.Kiosk {
				count++
			}
		}
		return count
	}
	b, key := h.keys(t)
	b.enter("anne@bourg.example", password)
	asked := b.post("/account/factors/keys/ask", nil)
	b.post("/account/factors/keys", url.Values{"name": {"Clé d’Anne"}, "answer": {key.Make(asked.body)}}).want(t, http.StatusCreated)
	alone := h.browser(t)
	alone.get("/sign-in").want(t, http.StatusOK, `id="kiosk"`, `name="kiosk" data-ticked="kiosk"`)
	alone.post("/sign-in/key", url.Values{"answer": {key.Use(alone.post("/sign-in/key/ask", nil).body)}, "kiosk": {"1"}}).want(t, http.StatusSeeOther)
	if count := shared(h.anne); count != 1 {
		t.Errorf("%d of Anne's sessions are on a shared computer, want that of her key", count)
	}
}

func TestASharedComputerIsSaidBeforeTheIssuer(t *testing.T) {
	h := newHouse(t)
	h.useOIDC(t, "bourg", false)
	cecile := servers.PersonByUID("cecile.oconnor")
	h.hire(t, "bourg", cecile.Mail, directory.Agent{GivenName: cecile.GivenName, FamilyName: cecile.FamilyName})
	b := h.browser(t)
	b.kiosk = true
	b.get(b.throughIssuer(b.toIssuer(cecile.Mail, ""))).want(t, http.StatusSeeOther)
	b.get("/account").want(t, http.StatusOK, "Poste partagé")
	h.later(21 * time.Minute)
	if home := b.get("/"); home.status != http.StatusSeeOther {
		t.Errorf("idle for 21 minutes, home answers %d", home.status)
	}
}

// keys is a browser at a host that has a name, as keys need.
func (h *house) keys(t testing.TB) (*person, *ssotest.Key) {
	b := h.browser(t)
	host := strings.Replace(h.server.URL, "127.0.0.1", "localhost", 1)
	h.server.URL = host
	return b, ssotest.NewKey(t, host)
}

// TestAKeyLetsInAlone where its collectivity allows it; beside a password, its
// presence is enough. An answer serves once, and in the browser that asked.
func TestAKeyLetsInAlone(t *testing.T) {
	h := newHouse(t)
	b, key := h.keys(t)
	b.enter("anne@bourg.example", password)
	b.get("/account/factors/keys").want(t, http.StatusOK, "Ajouter une clé d’accès")
	asked := b.post("/account/factors/keys/ask", nil)
	form := url.Values{"name": {"Clé d’Anne"}, "answer": {key.Make(asked.body)}}
	b.post("/account/factors/keys", form).want(t, http.StatusCreated, "Vos codes de secours")
	b.get("/account/factors").want(t, http.StatusOK, "Clé d’Anne")
	b.post("/account/factors/keys", form).want(t, http.StatusUnprocessableEntity)

	alone := h.browser(t)
	alone.get("/sign-in").want(t, http.StatusOK, "demande JavaScript")
	answered := url.Values{"answer": {key.Use(alone.post("/sign-in/key/ask", nil).body)}, "next": {"/account"}}
	elsewhere := h.browser(t)
	elsewhere.post("/sign-in/key", answered).want(t, http.StatusUnprocessableEntity, "trop tard")
	address := got(url.Parse(h.server.URL))(t)
	elsewhere.client.Jar.SetCookies(address, alone.client.Jar.Cookies(address))
	if last := alone.post("/sign-in/key", answered); last.location != "/account" {
		t.Fatalf("a key alone: %d to %q\n%s", last.status, last.location, last.body)
	}
	alone.get("/").want(t, http.StatusOK)
	elsewhere.post("/sign-in/key", answered).want(t, http.StatusForbidden)
	if home := elsewhere.get("/"); home.status != http.StatusSeeOther {
		t.Error("an answer served twice")
	}
	key.Verifies = false
	weak := h.browser(t)
	weak.post("/sign-in/key", url.Values{"answer": {key.Use(weak.post("/sign-in/key/ask", nil).body)}}).want(t, http.StatusForbidden)
	weak.signIn("anne@bourg.example", password)
	second := fields(weak.get("/sign-in/second").body)
	second.Set("use", "key")
	second.Set("answer", key.Use(weak.post("/sign-in/second/key/ask", nil).body))
	weak.post("/sign-in/second", second).want(t, http.StatusSeeOther)
	weak.get("/").want(t, http.StatusOK)

	key.Verifies = true
	admin := portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	must(t, h.service.Policies.Set(context.Background(), admin, sso.Policy{Who: sso.Nobody, Alone: false}, ""))
	barred := h.browser(t)
	barred.post("/sign-in/key", url.Values{"answer": {key.Use(barred.post("/sign-in/key/ask", nil).body)}}).want(t, http.StatusForbidden, "demande aussi votre mot de passe")
	must(t, h.CloseAgent(context.Background(), admin, h.anne.Agent, ""))
	must(t, h.service.Policies.Set(context.Background(), admin, sso.Policy{Who: sso.Nobody, Alone: true}, ""))
	closed := h.browser(t)
	closed.post("/sign-in/key", url.Values{"answer": {key.Use(closed.post("/sign-in/key/ask", nil).body)}}).want(t, http.StatusForbidden)
}

// TestAKeyIsAskedForFiveMinutesAndOnce: what a browser kept of a question brings
// back no key that was removed.
func TestAKeyIsAskedForFiveMinutesAndOnce(t *testing.T) {
	h := newHouse(t)
	b, key := h.keys(t)
	b.enter("anne@bourg.example", password)
	asked := b.post("/account/factors/keys/ask", nil)
	address := got(url.Parse(h.server.URL))(t)
	kept := slices.DeleteFunc(b.client.Jar.Cookies(address), isSession)
	form := url.Values{"name": {"Clé d’Anne"}, "answer": {key.Make(asked.body)}}
	b.post("/account/factors/keys", form).want(t, http.StatusCreated)
	held := got(h.service.Factors.Of(context.Background(), h.anne.Account))(t)
	b.post("/account/factors/keys/"+held.Keys[0].ID+"/remove", nil).want(t, http.StatusSeeOther)
	b.client.Jar.SetCookies(address, kept)
	b.post("/account/factors/keys", form).want(t, http.StatusUnprocessableEntity)
	if held := got(h.service.Factors.Of(context.Background(), h.anne.Account))(t); held.Any() {
		t.Errorf("a key that was removed is back: %+v", held.Keys)
	}

	form.Set("answer", key.Make(b.post("/account/factors/keys/ask", nil).body))
	b.post("/account/factors/keys", form).want(t, http.StatusCreated)
	late := h.browser(t)
	answered := url.Values{"answer": {key.Use(late.post("/sign-in/key/ask", nil).body)}}
	kept = late.client.Jar.Cookies(address)
	h.later(5*time.Minute + time.Second)
	late.client.Jar.SetCookies(address, kept) // whatever the browser forgets by itself
	late.post("/sign-in/key", answered).want(t, http.StatusUnprocessableEntity, "trop tard")
}

// TestAppPasswordsGoOnWithASecondFactor: they are of devices, which have no hand
// to type a code.
func TestAppPasswordsGoOnWithASecondFactor(t *testing.T) {
	h, _ := withApp(t)
	ctx := context.Background()
	secret := got(h.service.AppPasswords.Create(ctx, h.anne, phone))(t)
	got(h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", secret, "127.0.0.1"))(t)
}

// TestTheJournalTellsOfFactors, with true reasons and no secret.
func TestTheJournalTellsOfFactors(t *testing.T) {
	h, made := withApp(t)
	b := h.browser(t)
	b.signIn("anne@bourg.example", password)
	b.second("app", "000000")
	code := h.code(t, made)
	b.second("app", code)
	replay := h.browser(t)
	replay.signIn("anne@bourg.example", password)
	replay.second("app", code)
	replay.second("recovery", made.codes[0])
	admin := portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	entries, _, err := audit.NewJournal(h.db, h.Store).Lines(context.Background(), admin, audit.Query{})
	must(t, err)
	var told []string
	for _, entry := range entries {
		told = append(told, strings.Join([]string{string(entry.Action), string(entry.Refused), entry.Detail}, " "))
		for _, secret := range []string{made.secret, code, made.codes[0], password} {
			if strings.Contains(entry.Object+entry.ObjectID+entry.Detail+entry.Login, secret) {
				t.Errorf("a line holds a secret: %+v", entry)
			}
		}
		if entry.Agent != h.anne.Agent || entry.Address == "" {
			t.Errorf("who and from where: %+v", entry)
		}
	}
	want := []string{"sign-in  password recovery", "sign-in replayed app", "sign-in  password otp", "sign-in factor app", "step-up  otp", "factor.added  otp"}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("the journal tells\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}
