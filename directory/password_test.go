package directory_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/sso"
)

const (
	wrongText  = "Adresse ou mot de passe incorrect"
	waitText   = "Trop d’essais"
	closedText = "aucun accès ne vous est ouvert ici"
)

func TestAnAgentSignsInWithHerPassword(t *testing.T) {
	h := newHouse(t)
	b := h.browser(t)
	if first := b.get("/directory?q=luc"); first.location != "/sign-in?next=%2Fdirectory%3Fq%3Dluc" {
		t.Errorf("signed out, /directory leads to %q", first.location)
	}
	b.get("/sign-in?next=%2Fdirectory%3Fq%3Dluc").want(t, http.StatusOK, `name="next" value="/directory?q=luc"`)
	first := b.post("/sign-in", url.Values{"login": {"  ANNE@Bourg.example "}, "next": {"/directory?q=luc"}})
	b.get(first.location).want(t, http.StatusOK, "Mairie de Bourg-sur-Loire", "ANNE@Bourg.example")
	last := b.post(first.location, url.Values{"password": {password}})
	if last.status != http.StatusSeeOther || last.location != "/directory?q=luc" {
		t.Errorf("after the password: %d to %q, want 303 to the page asked first", last.status, last.location)
	}
	if got, want := b.home(), "home of Anne-Élodie L’Hénoret in bourg"; got != want {
		t.Errorf("home = %q, want %q", got, want)
	}
	if again := b.get("/sign-in?next=/account"); again.location != "/account" {
		t.Errorf("signed in, /sign-in leads to %q", again.location)
	}
}

func TestWrongAndUnknownAreRefusedInTheSameWords(t *testing.T) {
	h := newHouse(t)
	disabled := h.hire(t, "bourg", "parti@bourg.example", directory.Agent{FamilyName: "Parti"})
	must(t, h.service.Passwords.Set(context.Background(), password, disabled.Account))
	operator := portal.Caller{Account: "p", Rights: []portal.Right{portal.OperatePool}}
	must(t, h.SetAccountActive(context.Background(), operator, disabled.Account, false))
	var first string
	for _, test := range []struct{ login, password string }{
		{"anne@bourg.example", "wrong"},
		{"nobody@bourg.example", password},
		{"parti@bourg.example", password},
		{"anne@bourg.example", ""},
	} {
		last := h.browser(t).signIn(test.login, test.password)
		last.want(t, http.StatusUnprocessableEntity, wrongText, "Mairie de Bourg-sur-Loire")
		body := strings.ReplaceAll(last.body, test.login, "LOGIN")
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("the page for %q is not the page for a wrong password:\n%s\n%s", test.login, body, first)
		}
	}
}

func TestStrangeLoginsAreRefusedLikeAnyOther(t *testing.T) {
	h := newHouse(t)
	for _, login := range []string{
		"é@bourg.example", "o'connor@bourg.example", "*@bourg.example", "(@bourg.example", `\@bourg.example`, "😀@bourg.example",
		"*", "admin)(uid=*", "a\x00b@bourg.example", "anne@bourg.example\r\nSet-Cookie: x=y", "@", "@bourg.example",
		strings.Repeat("é", 2048) + "@bourg.example", "<script>alert(1)</script>@bourg.example", "\xff\xfe",
	} {
		last := h.browser(t).signIn(login, password)
		last.want(t, http.StatusUnprocessableEntity, wrongText)
		if strings.Contains(last.body, "<script>alert") {
			t.Errorf("login %q is not escaped", login)
		}
	}
	h.browser(t).post("/sign-in", url.Values{"login": {"   "}}).want(t, http.StatusUnprocessableEntity, "Saisissez votre adresse")
}

func TestAnUnknownAddressCostsTheSameTime(t *testing.T) {
	h := newHouse(t)
	logins := []string{"anne@bourg.example", "nobody@bourg.example", "x@elsewhere.example", "ag-0043"}
	least := map[string]time.Duration{}
	for range 4 {
		for _, login := range logins {
			b := h.browser(t)
			b.post("/sign-in", url.Values{"login": {login}})
			before := processorTime(t)
			b.post("/sign-in/password", url.Values{"password": {"wrong"}})
			took := processorTime(t) - before
			if known, measured := least[login]; !measured || took < known {
				least[login] = took
			}
		}
	}
	for _, login := range logins[1:] {
		if known, unknown := least[logins[0]], least[login]; unknown < known/2 || unknown > known*2 {
			t.Errorf("unknown %s costs %v, a known account %v", login, unknown, known)
		}
	}
}

// processorTime is what this process has used: unlike a clock, it does not run
// while other programs do.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// TestCVE_2025_24806_AnAccountIsStoppedAtFourFailuresByAnyName (Authelia).
func TestCVE_2025_24806_AnAccountIsStoppedAtFourFailuresByAnyName(t *testing.T) {
	h := newHouse(t)
	for _, login := range []string{"anne@bourg.example", "ANNE@bourg.example", " anne@BOURG.example", "ａnne@bourg.example"} {
		h.browser(t).signIn(login, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	stopped := h.browser(t).signIn("anne@bourg.example", password)
	stopped.want(t, http.StatusTooManyRequests, waitText, "15\u00a0min")
	for range 4 {
		h.browser(t).signIn("nobody@bourg.example", "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	h.browser(t).signIn("nobody@bourg.example", "wrong").want(t, http.StatusTooManyRequests, waitText)
	h.browser(t).enter("sec@bourg.example", password)
	h.later(15 * time.Minute)
	h.browser(t).enter("anne@bourg.example", password)
}

func TestManyAttemptsAtOnceDoNotPassTogether(t *testing.T) {
	h := newHouse(t)
	var judged sync.Map
	var wait sync.WaitGroup
	for i := range 12 {
		b := h.browser(t)
		b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
		wait.Add(1)
		go func() {
			defer wait.Done()
			last := b.post("/sign-in/password", url.Values{"password": {"wrong"}})
			judged.Store(i, last.status)
		}()
	}
	wait.Wait()
	passed := 0
	judged.Range(func(_, status any) bool {
		if status == http.StatusUnprocessableEntity {
			passed++
		}
		return true
	})
	if passed != 4 {
		t.Errorf("%d of 12 attempts at once were judged, want 4", passed)
	}
}

func TestARightPasswordForgivesTheFailures(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		for range 3 {
			h.browser(t).signIn("anne@bourg.example", "wrong").want(t, http.StatusUnprocessableEntity)
		}
		h.browser(t).enter("anne@bourg.example", password)
	}
}

func TestAnAddressThatTriesManyAccountsIsStopped(t *testing.T) {
	h := newHouse(t)
	for i := range 40 {
		last := h.browser(t).signIn(string(rune('a'+i%26))+string(rune('a'+i/26))+"@bourg.example", "wrong")
		last.want(t, http.StatusUnprocessableEntity)
	}
	h.browser(t).signIn("zz@bourg.example", "wrong").want(t, http.StatusTooManyRequests, waitText)
	h.later(15 * time.Minute)
	h.browser(t).enter("anne@bourg.example", password)
}

// TestWhoIsLetInIsForgivenInHerNetworkToo: many who mistype and then enter, from one
// town hall, stop nobody there.
func TestWhoIsLetInIsForgivenInHerNetworkToo(t *testing.T) {
	h := newHouse(t)
	for range 15 {
		for range 3 {
			h.browser(t).signIn("anne@bourg.example", "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
		}
		h.browser(t).enter("anne@bourg.example", password)
	}
	for range 10 { // nor does one who is told to wait, and insists
		h.browser(t).signIn("nobody@bourg.example", "wrong")
	}
	for n := range 36 {
		h.browser(t).signIn("nobody-"+strconv.Itoa(n)+"@bourg.example", "wrong").want(t, http.StatusUnprocessableEntity)
	}
	h.browser(t).signIn("anne@bourg.example", password).want(t, http.StatusTooManyRequests, waitText)
}

func TestSignInGivesANewSessionAndBurnsTheOldOne(t *testing.T) {
	h := newHouse(t)
	b := h.as(t, h.both) // a session that somebody else may have fixed
	address := got(url.Parse(h.server.URL))(t)
	before := b.client.Jar.Cookies(address)[0].Value
	b.enter("anne@bourg.example", password)
	var after string
	for _, cookie := range b.client.Jar.Cookies(address) {
		if cookie.Name == sso.CookieName(false) {
			after = cookie.Value
		}
	}
	if after == before || len(after) != 52 {
		t.Errorf("session %q after %q, want a new one", after, before)
	}
	thief := h.browser(t)
	thief.client.Jar.SetCookies(address, []*http.Cookie{{Name: sso.CookieName(false), Value: before}})
	if last := thief.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("the old session still answers %d", last.status)
	}
}

func TestASignInUnderWayBelongsToItsBrowser(t *testing.T) {
	h := newHouse(t)
	h.browser(t).get("/sign-in/password").want(t, http.StatusSeeOther)
	h.browser(t).post("/sign-in/password", url.Values{"password": {password}}).want(t, http.StatusForbidden, "Recommencez")
	b := h.browser(t)
	b.post("/sign-in", url.Values{"login": {"anne@bourg.example"}})
	h.later(16 * time.Minute)
	b.post("/sign-in/password", url.Values{"password": {password}}).want(t, http.StatusForbidden, "a expiré")
}

// TestEachTabEndsWhereItBegan, though two sign-ins share one cookie; and no form
// gives the password of one person for another.
func TestEachTabEndsWhereItBegan(t *testing.T) {
	h := newHouse(t)
	b := h.browser(t)
	begin := func(login, next string) url.Values {
		b.post("/sign-in", url.Values{"login": {login}, "next": {next}})
		b.get("/sign-in/password").want(t, http.StatusOK, `action="/sign-in/password">
<input type="hidden" name="next" value="`+next+`">`)
		return url.Values{"next": {next}, "username": {login}, "password": {password}}
	}
	first, second := begin("anne@bourg.example", "/apps"), begin("anne@bourg.example", "/account")
	for want, form := range map[string]url.Values{"/apps": first, "/account": second} {
		if last := b.post("/sign-in/password", form); last.location != want {
			t.Errorf("the tab that began for %s ends at %d %q", want, last.status, last.location)
		}
	}
	first.Set("next", "https://evil.example/")
	if last := b.post("/sign-in/password", first); last.location != "/" {
		t.Errorf("a form's own address leads to %q", last.location)
	}
	b = h.browser(t)
	first = begin("anne@bourg.example", "/apps")
	begin("luc@agglo.example", "/account")
	b.post("/sign-in/password", first).want(t, http.StatusForbidden)
	b.get("/").want(t, http.StatusSeeOther)
}

func TestMalformedCookiesLetNobodyIn(t *testing.T) {
	h := newHouse(t)
	for _, value := range []string{"", "x", strings.Repeat("a", 52), strings.Repeat("a", 8000), "null", "' OR 1=1 --", portal.NewSecret()} {
		request := got(http.NewRequest(http.MethodGet, h.server.URL+"/", nil))(t)
		request.Header.Set("Cookie", "parvis="+value+"; parvis-flow="+value+"; __Host-parvis="+value)
		if last := h.browser(t).do(request); last.status != http.StatusSeeOther || !strings.HasPrefix(last.location, "/sign-in") {
			t.Errorf("cookie %.20q answers %d to %q", value, last.status, last.location)
		}
	}
}

func TestTheSessionCookieIsKeptFromScripts(t *testing.T) {
	h := newHouse(t)
	b := h.browser(t)
	last := b.signIn("anne@bourg.example", password)
	var found bool
	for _, line := range last.header.Values("Set-Cookie") {
		if strings.HasPrefix(line, "parvis=") {
			found = true
			for _, attribute := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
				if !strings.Contains(line, attribute) {
					t.Errorf("cookie %q lacks %s", line, attribute)
				}
			}
		}
	}
	if !found {
		t.Errorf("no session cookie in %v", last.header)
	}
	if got := b.get("/account").header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control of /account = %q, want no-store", got)
	}
}
