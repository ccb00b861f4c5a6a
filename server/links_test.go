package server_test

import (
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/server/servertest"
	"parvis/sso"
)

// resetLink asks for a new password and returns the link of the nth letter.
func resetLink(t *testing.T, p *servertest.Portal, login string, nth int) string {
	t.Helper()
	p.Anonymous().Post("/sign-in/forgotten", "login", login).Want(t, 200)
	return linkIn(t, p, p.Received(login, nth))
}

// TestLinksLeadToTheConfiguredAddress whatever host a request names: an address
// of the request's own would hand the secret over (CVE-2013-4202 and its many
// sisters).
func TestLinksLeadToTheConfiguredAddress(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.As("admin@bourg.example")
	foreign := []string{
		"Content-Type", "application/x-www-form-urlencoded", "Host", "voleur.example", "X-Forwarded-Host", "voleur.example",
		"X-Forwarded-Proto", "https", "Forwarded", "host=voleur.example",
	}
	post := func(client *servertest.Client, path string, fields url.Values) servertest.Answer {
		return client.Do("POST", path, strings.NewReader(fields.Encode()), foreign...)
	}
	post(p.Anonymous(), "/sign-in/forgotten", url.Values{"login": {"agent@bourg.example"}}).Want(t, 200)
	lines := "Anne Nouvelle <anne@bourg.example>"
	preview := post(admin, "/admin/agents/invite", url.Values{"lines": {lines}}).Want(t, 200)
	seen := between(t, preview.Body, `name="seen" value="`, `"`)
	post(admin, "/admin/agents/invite", url.Values{"lines": {lines}, "seen": {seen}, "do": {"send"}}).Want(t, 303)
	colleague := p.Caller("collegue@bourg.example", "bourg")
	post(admin, "/admin/agents/"+string(colleague.Agent)+"/password", nil).Want(t, 303)
	for _, address := range []string{"agent@bourg.example", "anne@bourg.example", "collegue@bourg.example"} {
		letter := p.Received(address, 1)
		linkIn(t, p, letter) // leads to the portal
		if strings.Contains(letter, "voleur") {
			t.Errorf("a letter names the host of a request:\n%s", letter)
		}
	}
}

// TestMachinesThatOpenALinkUseNothingUp: mail servers open links before people do,
// several times, by GET and by HEAD.
func TestMachinesThatOpenALinkUseNothingUp(t *testing.T) {
	p := servertest.NewSending(t)
	invite(t, p.As("admin@bourg.example"), "Anne Nouvelle <anne@bourg.example>").Want(t, 303)
	for _, link := range []string{linkIn(t, p, p.Received("anne@bourg.example", 1)), resetLink(t, p, "agent@bourg.example", 1)} {
		allSent(t, p)
		before := dump(t, p)
		path, _, _ := strings.Cut(link, "?")
		for _, method := range []string{"HEAD", "GET", "GET"} {
			machine := p.Anonymous()
			answer := machine.Do(method, link, nil, "User-Agent", "SafeLinks/1.0").Want(t, 303)
			if answer.Header.Get("Location") != path || answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s leads to %q, Cache-Control %q", method, path, answer.Header.Get("Location"), answer.Header.Get("Cache-Control"))
			}
			page := machine.Do(method, path, nil).Want(t, 200)
			if strings.Contains(page.Body, "key=") {
				t.Error("the page shows its secret")
			}
		}
		if !equal(before, dump(t, p)) {
			t.Errorf("opening %s changed the store", path)
		}
		client := p.Anonymous()
		follow(t, client, link)
		choose(t, client, path, "password", chosen).Want(t, 303)
	}
	if log := p.Log(); strings.Contains(log, "key=") {
		t.Error("the log holds a link")
	}
}

// countRows is how many rows a table has.
func countRows(t *testing.T, p *servertest.Portal, table string) (rows int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// allSent waits until no letter is under way.
func allSent(t *testing.T, p *servertest.Portal) {
	t.Helper()
	for range 500 {
		if countRows(t, p, "outgoing_mail") == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("letters stay in the queue")
}

func equal(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }

// TestAFormIsForTheLinkThatItWasShownFor: with two links open in one browser, each
// password is given to the person whose name is above it, or to nobody.
func TestAFormIsForTheLinkThatItWasShownFor(t *testing.T) {
	p := servertest.NewSending(t)
	invite(t, p.As("admin@bourg.example"), "Anne Nouvelle <anne@bourg.example>\nBob Nouveau <bob@bourg.example>").Want(t, 303)
	client := p.Anonymous()
	first := linkIn(t, p, p.Received("anne@bourg.example", 1))
	shown := between(t, follow(t, client, first).Body, `name="link" value="`, `"`)
	follow(t, client, linkIn(t, p, p.Received("bob@bourg.example", 1)))
	client.Post("/sign-in/invitation", "link", shown, "password", chosen).Want(t, 403, "Rouvrez le lien")
	for _, login := range []string{"anne@bourg.example", "bob@bourg.example"} {
		if _, err := p.Directory.AccountByLogin(t.Context(), login); err == nil {
			t.Errorf("%s has an account by the form of another", login)
		}
	}
	choose(t, client, "/sign-in/invitation", "password", chosen).Want(t, 303)
	client.Post("/sign-in/invitation", "link", shown, "password", chosen).Want(t, 403, "Rouvrez le lien")
	follow(t, client, first).Want(t, 200, "anne@bourg.example")

	own := resetLink(t, p, "agent@bourg.example", 1)
	shown = between(t, follow(t, client, own).Body, `name="link" value="`, `"`)
	follow(t, client, resetLink(t, p, "collegue@bourg.example", 1))
	client.Post("/sign-in/reset", "link", shown, "password", chosen).Want(t, 403, "Rouvrez le lien")
	if got := p.Anonymous().SignIn("collegue@bourg.example", servertest.Password).Status; got != 303 {
		t.Error("a password was given to another person")
	}
}

// TestACutLinkIsNotTheOneBefore: mail programs cut long lines.
func TestACutLinkIsNotTheOneBefore(t *testing.T) {
	p := servertest.NewSending(t)
	client := p.Anonymous()
	follow(t, client, resetLink(t, p, "agent@bourg.example", 1)).Want(t, 200, "agent@bourg.example")
	cut := resetLink(t, p, "collegue@bourg.example", 1)
	follow(t, client, cut[:len(cut)-3]).Want(t, 403, "Ce lien ne sert plus")
}

// TestALinkServesOnceInHoweverManyTabs posts one form eight times at once.
func TestALinkServesOnceInHoweverManyTabs(t *testing.T) {
	p := servertest.NewSending(t)
	invite(t, p.As("admin@bourg.example"), "Anne Nouvelle <anne@bourg.example>").Want(t, 303)
	for _, link := range []string{linkIn(t, p, p.Received("anne@bourg.example", 1)), resetLink(t, p, "agent@bourg.example", 1)} {
		path, _, _ := strings.Cut(link, "?")
		var served atomic.Int32
		var tabs sync.WaitGroup
		clients := make([]*servertest.Client, 8)
		for i := range clients {
			clients[i] = p.Anonymous()
			follow(t, clients[i], link).Want(t, 200)
		}
		for i, client := range clients {
			tabs.Go(func() {
				answer, err := client.Try("POST", path, strings.NewReader(url.Values{"link": {tagOf(link)}, "password": {chosen + strings.Repeat("x", i)}}.Encode()),
					"Content-Type", "application/x-www-form-urlencoded", "Origin", client.URL)
				switch {
				case err != nil:
					t.Error(err)
				case answer.Status == 303 && answer.Header.Get("Location") == path: // shown again, since another tab was first
				case answer.Status == 303:
					served.Add(1)
				case answer.Status != 403 && answer.Status != 422:
					t.Errorf("%s in a tab that came later: %d, want that the link serves no more", path, answer.Status)
				}
			})
		}
		tabs.Wait()
		if got := served.Load(); got != 1 {
			t.Errorf("%s served %d times, want once", path, got)
		}
	}
}

// TestASignInIsOverOnceItsPasswordIsReplaced: who knew the old password and stands
// before the second factor can neither give nor add one any more.
func TestASignInIsOverOnceItsPasswordIsReplaced(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	if err := p.SSO.Policies.Set(t.Context(), p.Caller("admin@bourg.example", "bourg"), sso.Policy{Who: sso.Everyone}, ""); err != nil {
		t.Fatal(err)
	}
	thief := p.Anonymous()
	thief.SignIn(login, servertest.Password).Want(t, 303)
	page := thief.Get("/sign-in/second/new").Want(t, 200).Body
	under := between(t, page, `name="flow" value="`, `"`)
	client := p.Anonymous()
	follow(t, client, resetLink(t, p, login, 1))
	if got := choose(t, client, "/sign-in/reset", "password", chosen).Want(t, 303).Header.Get("Location"); got != "/sign-in/second" {
		t.Fatalf("her new password leads to %q, want to the second factor", got)
	}
	thief.Get("/sign-in/second/new").Want(t, 303)
	thief.Post("/sign-in/second/new", "flow", under, "use", "app", "code", "000000").Want(t, 403)
	client.Get("/sign-in/second/new").Want(t, 200) // hers goes on
	follow(t, p.Anonymous(), resetLink(t, p, login, 3))
	client.Get("/sign-in/second/new").Want(t, 200) // a letter alone ends nothing
}

// TestAPasswordSetFromTheTerminalEndsWhatTheOldOneOpened, links too.
func TestAPasswordSetFromTheTerminalEndsWhatTheOldOneOpened(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	open, link := p.As(login), resetLink(t, p, login, 1)
	account := p.Caller(login, "bourg").Account
	if err := p.SSO.Passwords.Set(t.Context(), chosen, account); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget(account) // another process sees it within five seconds
	open.Get("/account").Want(t, 303)
	follow(t, p.Anonymous(), link).Want(t, 403, "Ce lien ne sert plus")
}
