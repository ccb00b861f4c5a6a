package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
	"parvis/sso"
)

func TestWhoIsClosedIsOutAtTheNextRequest(t *testing.T) {
	ctx, admin := context.Background(), directory.Installation("bourg")
	for name, shut := range map[string]func(h *house) error{
		"account": func(h *house) error { return h.SetAccountActive(ctx, operator, h.anne.Account, false) },
		"agent":   func(h *house) error { return h.CloseAgent(ctx, admin, h.anne.Agent, "") },
		"collectivity": func(h *house) error {
			return h.Suspend(ctx, operator, "bourg", directory.Suspension{Reason: "Essai"}, "")
		},
	} {
		h := newHouse(t)
		b := h.browser(t)
		b.enter("anne@bourg.example", password)
		b.get("/").want(t, http.StatusOK)
		app := got(h.service.AppPasswords.Create(ctx, h.anne, phone))(t)
		got(h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", app, "127.0.0.1"))(t)
		must(t, shut(h))
		if last := b.get("/"); last.status != http.StatusSeeOther {
			t.Errorf("closed %s: the next request answers %d", name, last.status)
		}
		if _, err := h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", app, "127.0.0.1"); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("closed %s: the app password answers %v", name, err)
		}
		if last := h.browser(t).signIn("anne@bourg.example", password); last.status == http.StatusSeeOther {
			t.Errorf("closed %s: a new sign-in passes", name)
		}
	}
}

func TestAChangeMadeByAnotherNodeIsSeenWithinFiveSeconds(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	b := h.as(t, h.anne)
	b.get("/").want(t, http.StatusOK)
	got(h.db.Exec(ctx, `UPDATE agents SET active = FALSE WHERE collectivity = $1 AND id = $2`, "bourg", string(h.anne.Agent)))(t)
	h.later(5 * time.Second)
	if last := b.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("5 s after, the request answers %d", last.status)
	}
}

func TestSessionsEndByIdlenessAndByAge(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.anne)
	for range 5 {
		h.later(2 * time.Hour)
		b.get("/").want(t, http.StatusOK)
	}
	h.later(2*time.Hour + time.Second)
	if last := b.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("a session of 12 hours answers %d", last.status)
	}
	idle := h.as(t, h.anne)
	idle.get("/").want(t, http.StatusOK)
	h.later(4*time.Hour + time.Second)
	if last := idle.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("a session idle for 4 hours answers %d", last.status)
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	h := newHouse(t)
	b := h.browser(t)
	b.enter("anne@bourg.example", password)
	address := got(url.Parse(h.server.URL))(t)
	kept := b.client.Jar.Cookies(address)
	if last := b.post("/sign-out", nil); last.location != "/sign-in" {
		t.Errorf("sign-out leads to %q", last.location)
	}
	b.get("/sign-in").want(t, http.StatusOK, "Vous êtes déconnecté.")
	thief := h.browser(t)
	thief.client.Jar.SetCookies(address, kept)
	if last := thief.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("the cookie kept from before answers %d", last.status)
	}
}

func TestAPersonSeesAndEndsHerSessionsAndNobodyElses(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	desk, phone, other := h.as(t, h.anne), h.as(t, h.anne), h.as(t, h.luc)
	phone.get("/").want(t, http.StatusOK)
	sessions := got(h.service.Sessions.List(ctx, h.anne))(t)
	if len(sessions) != 2 {
		t.Fatalf("%d sessions, want 2", len(sessions))
	}
	for _, session := range sessions {
		other.post("/account/sessions/"+session.ID+"/revoke", nil).want(t, http.StatusNotFound)
	}
	page := desk.get("/account")
	page.want(t, http.StatusOK, "Cet appareil")
	id := regexp.MustCompile(`/account/sessions/([a-z2-7]{16})/revoke`).FindStringSubmatch(page.body)
	if id == nil {
		t.Fatalf("no session to close in\n%s", page.body)
	}
	desk.post(id[0], nil).want(t, http.StatusSeeOther)
	if last := phone.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("the closed session answers %d", last.status)
	}
	desk.get("/").want(t, http.StatusOK)
	other.get("/").want(t, http.StatusOK)
	third := h.as(t, h.anne)
	third.get("/").want(t, http.StatusOK)
	desk.post("/account/sessions/revoke-others", nil).want(t, http.StatusSeeOther)
	if last := third.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("an other session answers %d", last.status)
	}
	desk.get("/").want(t, http.StatusOK)
}

func TestSwitchingGoesOnlyToOnesOwnAgents(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.both)
	if got, want := b.home(), "home of Zoé Petit in bourg"; got != want {
		t.Fatalf("home = %q, want %q", got, want)
	}
	b.post("/account/switch", url.Values{"agent": {string(h.luc.Agent)}}).want(t, http.StatusNotFound)
	b.post("/account/switch", url.Values{"agent": {""}}).want(t, http.StatusNotFound)
	b.post("/account/switch", url.Values{"agent": {string(h.elsewhere.Agent)}}).want(t, http.StatusSeeOther)
	if got, want := b.home(), "home of Zoé Petit in agglo"; got != want {
		t.Errorf("home after the switch = %q, want %q", got, want)
	}
	b.get("/directory/agents/"+string(h.anne.Agent)).want(t, http.StatusNotFound)
}

func TestAnOperatorOfThePoolIsNobodysAgent(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	account := got(h.CreateAccount(ctx, directory.Installation(""), "pool@pool.example"))(t)
	must(t, h.service.Passwords.Set(ctx, password, account))
	h.browser(t).signIn("pool@pool.example", password).want(t, http.StatusUnprocessableEntity, closedText)
	must(t, h.GrantPool(ctx, account))
	b := h.browser(t)
	b.enter("pool@pool.example", password)
	if last := b.get("/directory"); last.location != "/pool" {
		t.Errorf("/directory leads an operator to %q, want /pool", last.location)
	}
	must(t, h.SetAccountActive(ctx, portal.Caller{Rights: []portal.Right{portal.OperatePool}}, account, false))
	if last := b.get("/directory"); !strings.HasPrefix(last.location, "/sign-in") {
		t.Errorf("closed, an operator is led to %q", last.location)
	}
}

func TestPreferencesApplyAtOnce(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.anne)
	b.post("/account/preferences", url.Values{"language": {"en"}, "scheme": {"dark"}}).want(t, http.StatusSeeOther)
	b.get("/account").want(t, http.StatusOK, `<html lang="en" data-scheme="dark">`, "Connected devices", "Language and appearance saved.")
	b.post("/account/preferences", url.Values{"language": {"xx"}, "scheme": {"dark"}}).want(t, http.StatusUnprocessableEntity)
	b.post("/account/preferences", url.Values{"language": {""}, "scheme": {"neon"}}).want(t, http.StatusUnprocessableEntity)
	b.get("/account").want(t, http.StatusOK, `<html lang="en" data-scheme="dark">`)
}

func TestAnAppPasswordIsShownOnceAndOpensOneAgent(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	b := h.as(t, h.elsewhere)
	made := b.post("/account/app-passwords", url.Values{"name": {"Téléphone de Zoé"}, "scope": {"calendar"}})
	made.want(t, http.StatusCreated, "Téléphone de Zoé", "ne s’affichera plus")
	secret := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(made.body)
	if secret == nil {
		t.Fatalf("no password in\n%s", made.body)
	}
	if again := b.get("/account"); strings.Contains(again.body, secret[1]) || !strings.Contains(again.body, "Téléphone de Zoé") {
		t.Errorf("the account page shows the password again, or not the device")
	}
	for _, typed := range []string{secret[1], strings.ToUpper(secret[1]), strings.ReplaceAll(secret[1], "-", ""), strings.ReplaceAll(secret[1], "-", " ")} {
		caller := got(h.service.AppPasswords.Authenticate(ctx, "SEC@bourg.example", typed, "127.0.0.1"))(t)
		if caller.Agent != h.elsewhere.Agent || caller.Collectivity != "agglo" {
			t.Errorf("the password made in agglo opens %+v", caller)
		}
	}
	for _, wrong := range []string{"", "x", secret[1] + "x", secret[1][:len(secret[1])-1] + "1", password, strings.Repeat("a", 34), strings.Repeat("x", 1<<20)} {
		if _, err := h.service.AppPasswords.Authenticate(ctx, "sec@bourg.example", wrong, "127.0.0.1"); !errors.Is(err, sso.ErrWrong) {
			t.Errorf("app password %.20q: %v, want ErrWrong", wrong, err)
		}
	}
	if _, err := h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", secret[1], "127.0.0.1"); !errors.Is(err, sso.ErrWrong) {
		t.Errorf("another account's app password: %v, want ErrWrong", err)
	}
	listed := got(h.service.AppPasswords.List(ctx, h.elsewhere))(t)
	if len(listed) != 1 || listed[0].Used.IsZero() {
		t.Fatalf("listed = %+v, want one, used", listed)
	}
	h.as(t, h.luc).post("/account/app-passwords/"+listed[0].ID+"/revoke", nil).want(t, http.StatusNotFound)
	h.as(t, h.both).post("/account/app-passwords/"+listed[0].ID+"/revoke", nil).want(t, http.StatusNotFound)
	b.post("/account/app-passwords/"+listed[0].ID+"/revoke", nil).want(t, http.StatusSeeOther)
	if _, err := h.service.AppPasswords.Authenticate(ctx, "sec@bourg.example", secret[1], "127.0.0.1"); !errors.Is(err, sso.ErrWrong) {
		t.Errorf("revoked app password: %v, want ErrWrong", err)
	}
	b.post("/account/app-passwords", url.Values{"name": {" "}}).want(t, http.StatusUnprocessableEntity, "Donnez un nom à l’appareil.")
}

// phone is an app password that may read and write the agenda.
var phone = sso.AppPassword{Name: "Téléphone", Scopes: portal.Scopes{portal.ScopeCalendar}}

// TestAnAppPasswordSaysWhatItMayDo, until which day, and from where it was used.
func TestAnAppPasswordSaysWhatItMayDo(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	b := h.as(t, h.anne)
	tomorrow := h.now().AddDate(0, 0, 1).Format(time.DateOnly)
	form := func(pairs ...string) url.Values {
		values := url.Values{"name": {"Tableau d’accueil"}, "scope": {"calendar:read"}, "ends": {tomorrow}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values
	}
	for sentence, wrong := range map[string]url.Values{
		"Choisissez ce que l’appareil peut faire.":    form("scope", "everything"),
		"Choisissez aujourd’hui ou un jour à venir.":  form("ends", h.now().AddDate(0, 0, -1).Format(time.DateOnly)),
		"Écrivez une date, ou laissez ce champ vide.": form("ends", "demain"),
	} {
		b.post("/account/app-passwords", wrong).want(t, http.StatusUnprocessableEntity, sentence, "Tableau d’accueil")
	}
	made := b.post("/account/app-passwords", form())
	made.want(t, http.StatusCreated, "Agenda\u00a0: lire seulement", "jusqu’au", "jamais utilisé")
	secret := secretOf(t, made.body)
	program := got(h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", secret, "192.0.2.7"))(t)
	if program.Agent != h.anne.Agent || !program.Scopes.Read(portal.ScopeCalendar) || program.Scopes.Write(portal.ScopeCalendar) {
		t.Errorf("a password that may read opens %+v", program)
	}
	b.get("/account").want(t, http.StatusOK, "depuis 192.0.2.7")
	both := form()
	both["scope"] = []string{"calendar", "contacts:read", "contacts", "calendar"}
	made = b.post("/account/app-passwords", both)
	made.want(t, http.StatusCreated, "Contacts\u00a0: lire et modifier")
	program = got(h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", secretOf(t, made.body), "192.0.2.7"))(t)
	if program.Scopes.String() != "calendar contacts" {
		t.Errorf("a phone for both may do %q", program.Scopes)
	}

	h.later(12 * time.Hour) // the same password is remembered for seconds, not for its life
	got(h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", secret, "192.0.2.7"))(t)
	h.later(48 * time.Hour)
	var ended portal.UserError
	if _, err := h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", secret, "192.0.2.7"); !errors.As(err, &ended) || ended.Key != "sso.error.app-ended" {
		t.Errorf("after its last day: %v", err)
	}
	h.as(t, h.anne).get("/account").want(t, http.StatusOK, "Terminé")
}

// TestDevicesAreNamedAsPeopleDo, with this one and a shared one marked, and closed
// one by one in the journal.
func TestDevicesAreNamedAsPeopleDo(t *testing.T) {
	h := newHouse(t)
	agents := map[string]string{
		"Firefox sous Windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
		"Safari sur iPhone":    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
		"Edge sous Windows":    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
	}
	for _, agent := range agents {
		other := h.browser(t)
		other.agent = agent
		other.post("/sign-in", url.Values{"login": {"anne@bourg.example"}, "kiosk": {"1"}})
		other.get("/sign-in/password").want(t, http.StatusOK, `name="kiosk" value="1" aria-describedby="kiosk-h" checked`)
		other.post("/sign-in/password", url.Values{"password": {password}, "kiosk": {"1"}})
	}
	b := h.as(t, h.anne)
	page := b.get("/account")
	for name := range agents {
		page.want(t, http.StatusOK, name)
	}
	if shared := strings.Count(page.body, "Poste partagé"); shared != len(agents) {
		t.Errorf("%d devices are marked as shared, want %d", shared, len(agents))
	}
	if this := strings.Count(page.body, "Cet appareil"); this != 1 {
		t.Errorf("%d devices are this one", this)
	}
	closing := regexp.MustCompile(`/account/sessions/([^/"]+)/revoke"><button class="button" type="submit">Fermer<span class="vh"> Safari sur iPhone`).FindStringSubmatch(page.body)
	if closing == nil {
		t.Fatalf("the telephone can't be closed:\n%s", page.body)
	}
	b.post("/account/sessions/"+closing[1]+"/revoke", nil).want(t, http.StatusSeeOther)
	if line := h.journal(t)[0]; line.Action != audit.SessionRevoked || line.Object != "Safari, iPhone" {
		t.Errorf("the journal tells %+v", line)
	}
	if page := b.get("/account"); strings.Contains(page.body, "Safari sur iPhone") {
		t.Error("the telephone is still there")
	}
}

func TestAPhoneWithAnOldPasswordLocksNobodyOut(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	right := got(h.service.AppPasswords.Create(ctx, h.anne, phone))(t)
	for range 100 {
		_, err := h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", "old-password", "192.0.2.1")
		if !errors.Is(err, sso.ErrWrong) {
			t.Fatalf("old password: %v, want ErrWrong", err)
		}
	}
	got(h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", right, "192.0.2.1"))(t)
	h.browser(t).enter("anne@bourg.example", password)
}

func TestWrongAppPasswordsOfOthersStopNoPhone(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	right := got(h.service.AppPasswords.Create(ctx, h.anne, phone))(t)
	guess := func(i int) error {
		wrong := fmt.Sprintf("%034d", i) // of the right length: it is looked up
		_, err := h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", wrong, "192.0.2.2")
		return err
	}
	for i := range 200 {
		if err := guess(i); !errors.Is(err, sso.ErrWrong) {
			t.Fatalf("guess %d: %v, want ErrWrong", i, err)
		}
	}
	var refused portal.UserError
	if err := guess(200); !errors.As(err, &refused) || refused.Key != "sso.error.wait" {
		t.Errorf("after 200 different guesses: %v, want to wait", err)
	}
	// Anne's phone may be behind the same address as who guesses.
	for _, address := range []string{"192.0.2.1", "192.0.2.2"} {
		h.later(6 * time.Second)
		if _, err := h.service.AppPasswords.Authenticate(ctx, "anne@bourg.example", right, address); err != nil {
			t.Errorf("the right password from %s: %v", address, err)
		}
	}
}

func TestPagesOfPeople(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.anne)
	b.get("/directory?q=h%C3%A9noret").want(t, http.StatusOK, "Anne-Élodie L’Hénoret", `href="tel:&#43;33261910142"`, "1 personne")
	b.get("/directory?unit=technique").want(t, http.StatusOK, "Anne-Élodie", `value="technique" selected`)
	if page := b.get("/directory"); strings.Contains(page.body, "Œuvray") {
		t.Error("bourg's directory shows agglo's agent")
	}
	b.get("/directory?q=%3Cscript%3Ealert(1)%3C/script%3E").want(t, http.StatusOK, "Personne ne correspond")
	b.get("/directory/agents/"+string(h.anne.Agent)).want(t, http.StatusOK, "<h1>Anne-Élodie L’Hénoret</h1>", "Référente état civil", "Corriger ma fiche")
	b.get("/directory/agents/"+string(h.luc.Agent)).want(t, http.StatusNotFound)
	b.get("/directory/agents/nobody").want(t, http.StatusNotFound)
}

func TestAnotherSiteCannotPost(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.anne)
	for _, path := range []string{"/sign-in", "/sign-in/password", "/sign-out", "/account/switch", "/account/app-passwords", "/account/preferences"} {
		request := got(http.NewRequest(http.MethodPost, h.server.URL+path, strings.NewReader("login=x")))(t)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		b.do(request).want(t, http.StatusForbidden)
	}
	b.get("/").want(t, http.StatusOK)
}

func TestAChangedCollectivityIsSeenAtOnce(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	people := directory.SignIn{Store: h.Store}
	who := func() *web.Identity { return got(people.Identity(ctx, h.anne.Account, "bourg"))(t) }
	before := who()
	bourg := got(h.Collectivity(ctx, "bourg"))(t)
	bourg.Name, bourg.Zone = "Bourg-Neuf", "Indian/Reunion"
	must(t, h.ChangeCollectivity(ctx, bourg))
	after := who()
	if after.Collectivity.Name != "Bourg-Neuf" || after.Collectivity.Zone.String() != "Indian/Reunion" {
		t.Errorf("she is shown %q in %v", after.Collectivity.Name, after.Collectivity.Zone)
	}
	bourg.Zone = "Europe/Paris"
	must(t, h.ChangeCollectivity(ctx, bourg))
	if zoned := who(); zoned.Version == after.Version || after.Version == before.Version {
		t.Error("pages kept for another time zone would still be hers")
	}
}
