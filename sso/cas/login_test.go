package cas_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/ssotest"
)

func TestATicketGoesToTheServiceWithItsOwnQuery(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	for service, want := range map[string]string{
		finances:                    finances + "?ticket=",
		finances + "?a=1":           finances + "?a=1&ticket=",
		finances + "/x?u=a%26b%20c": finances + "/x?u=a%26b%20c&ticket=",
		finances + "/?":             finances + "/?ticket=",
	} {
		answer := client.Get("/cas/login?"+query("service", service)).Want(t, http.StatusFound)
		to := answer.Header.Get("Location")
		if !strings.HasPrefix(to, want+"ST-") {
			t.Errorf("%s leads to %s", service, to)
		}
		if answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %v", service, answer.Header)
		}
		ticket := ticketIn(t, answer)
		if len(ticket) < 32 || len(ticket) > 256 || strings.Trim(ticket, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("ticket %q", ticket)
		}
		if read := validate(t, p, service, ticket); read.Success == nil {
			t.Errorf("%s: %s", service, read.code())
		}
	}
}

// TestAddressesOfNoApplicationAreRefused by a page, without a redirection: also
// those that look like an application's, by every method.
func TestAddressesOfNoApplicationAreRefused(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	for _, service := range []string{
		"https://finances.bourg.example.voleur.example/app", "https://voleur.example/app", "https://finances.bourg.example@voleur.example/app",
		"https://voleur.example/?https://finances.bourg.example/app", "https://voleur.example#https://finances.bourg.example/app",
		"http://finances.bourg.example/app", "https://finances.bourg.example:8443/app", "https://finances.bourg.example/apps",
		"https://finances.bourg.example/app/../admin", "https://finances.bourg.example/app/%2e%2e/admin", "https://finances.bourg.example/app/..;/admin",
		"https://finances.bourg.example/app%2f..%2fadmin", "https://finances.bourg.example\\@voleur.example/app", "https:\\\\finances.bourg.example\\app",
		"https://finances.bourg.example/app#x", "//finances.bourg.example/app", "/app", "javascript:alert(1)//finances.bourg.example/app",
		"JaVaScRiPt:alert(1)", "data:text/html,https://finances.bourg.example/app", "https://finances.bourg.example./app",
		"https://finances.bourg.example/app\r\nSet-Cookie: a=b", "https://finances.bourg.example/\x00app", "https://ﬁnances.bourg.example/app",
		" https://finances.bourg.example/app", "https://finances.bourg.example/App", "ftp://finances.bourg.example/app", "https://finances.bourg.example:/app",
		"https:finances.bourg.example/app", "https://transport.agglo.example/", "https://finances.bourg.example/app?ticket=ST-x", finances + "?%74icket=ST-x",
	} {
		for _, more := range [][]string{nil, {"gateway", "true"}, {"renew", "true"}, {"method", "POST"}, {"method", "HEADER"}} {
			if service == "https://transport.agglo.example/" && slices.Contains(more, "renew") {
				continue // a known one: she is asked who she is before she is told that it is not hers
			}
			answer := client.Get("/cas/login?" + query(append([]string{"service", service}, more...)...))
			if gateway := slices.Contains(more, "gateway"); gateway && service == "https://transport.agglo.example/" {
				if answer.Status != http.StatusFound || answer.Header.Get("Location") != service {
					t.Errorf("gateway to another's application: %d %q", answer.Status, answer.Header.Get("Location"))
				}
				continue
			}
			if answer.Status != http.StatusForbidden || answer.Header.Get("Location") != "" || answer.Header.Get("Ticket") != "" {
				t.Errorf("%q %v: %d, Location %q", service, more, answer.Status, answer.Header.Get("Location"))
			}
			if strings.Contains(answer.Body, `="http`) || strings.Contains(answer.Body, `url=http`) {
				t.Errorf("%q %v: the page leads to another host", service, more)
			}
		}
	}
	twice := client.Get("/cas/login?" + query("service", finances, "service", "https://voleur.example/"))
	twice.Want(t, http.StatusForbidden, "aucune application")
	p.Anonymous().Do("GET", "/cas/login?"+query("service", "https://voleur.example/"), nil, "Accept-Language", "en").
		Want(t, http.StatusForbidden, "the address of no application")
}

func count(t testing.TB, p *servertest.Portal, query string, args ...any) (rows int) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), query, args...).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestASignInLeadsBackToTheService, and the form page lets the browser go there.
func TestASignInLeadsBackToTheService(t *testing.T) {
	p := portalWith(t)
	client := p.Anonymous()
	service := finances + "?page=1&x=%C3%A9"
	to := client.Get("/cas/login?"+query("service", service)).Want(t, http.StatusFound).Header.Get("Location")
	answer := through(t, client, to)
	back := client.Get(answer.Header.Get("Location")).Want(t, http.StatusFound)
	read := validate(t, p, service, ticketIn(t, back), "renew", "true")
	if read.Success == nil {
		t.Fatalf("a ticket of a sign-in does not satisfy renew: %s", read.code())
	}
	if got := read.attribute("isFromNewLogin"); !slices.Equal(got, []string{"true"}) {
		t.Errorf("isFromNewLogin = %q", got)
	}
	second := validate(t, p, service, ticketOf(t, client, service), "renew", "true")
	if second.code() != "INVALID_TICKET" {
		t.Errorf("a ticket of the session satisfies renew: %q", second.code())
	}
}

// through signs in by the pages that an address leads to, and returns the answer
// to the password.
func through(t *testing.T, client *servertest.Client, to string) servertest.Answer {
	t.Helper()
	asked, err := url.Parse(to)
	if err != nil || asked.Path != "/sign-in" {
		t.Fatalf("sent to %q, not to the sign-in", to)
	}
	client.Get(to).Want(t, http.StatusOK)
	client.Post("/sign-in", "login", agent, "next", asked.Query().Get("next"), "again", asked.Query().Get("again")).Want(t, http.StatusSeeOther)
	form := client.Get("/sign-in/password").Want(t, http.StatusOK)
	if policy := form.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://finances.bourg.example;") {
		t.Errorf("the form may not lead to the application: %s", policy)
	}
	wrong := client.Post("/sign-in/password", "password", "wrong").Want(t, http.StatusUnprocessableEntity)
	if policy := wrong.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "https://finances.bourg.example;") {
		t.Errorf("the form shown again may not lead to the application: %s", policy)
	}
	return client.Post("/sign-in/password", "password", servertest.Password).Want(t, http.StatusSeeOther)
}

func TestFormsLeadToNoOtherOrigin(t *testing.T) {
	p := portalWith(t)
	for _, next := range []string{"/", "/cas/login?service=https%3A%2F%2Fvoleur.example%2F", "/cas/login?service=%zz", "/cas/login", "/cas/loginx?service=https%3A%2F%2Ffinances.bourg.example%2Fapp"} {
		client := p.Anonymous()
		client.Post("/sign-in", "login", agent, "next", next).Want(t, http.StatusSeeOther)
		form := client.Get("/sign-in/password").Want(t, http.StatusOK)
		if policy := form.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self';") {
			t.Errorf("%s: %s", next, policy)
		}
	}
}

// TestRenewAsksAgain whatever its value, wins over gateway, and is satisfied by a
// proof given after it was asked for alone.
func TestRenewAsksAgain(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	for _, value := range []string{"true", "false", "", "1"} {
		for _, more := range [][]string{nil, {"gateway", "true"}} {
			to := client.Get("/cas/login?"+query(append([]string{"service", finances, "renew", value}, more...)...)).Want(t, http.StatusFound).Header.Get("Location")
			if !strings.HasPrefix(to, "/sign-in?again=1&next=") {
				t.Errorf("renew=%q %v leads to %q", value, more, to)
			}
		}
	}
	to := client.Get("/cas/login?"+query("service", finances, "renew", "true")).Want(t, http.StatusFound).Header.Get("Location")
	asked, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	next := asked.Query().Get("next")
	// Before she proves anything, the way back asks again.
	if got := client.Get(next).Want(t, http.StatusFound).Header.Get("Location"); !strings.HasPrefix(got, "/sign-in") {
		t.Errorf("without a proof: %q", got)
	}
	back := through(t, client, to).Header.Get("Location")
	given := client.Get(back).Want(t, http.StatusFound)
	if read := validate(t, p, finances, ticketIn(t, given), "renew", "1"); read.Success == nil {
		t.Errorf("after a proof: %s", read.code())
	}
	// A mark says when she was asked for one service; nobody makes one.
	for name, mark := range map[string]string{"none": "", "false": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "not base64": "%", "of another service": markOf(t, next)} {
		service := "https://archives.bourg.example/"
		got := client.Get("/cas/login?"+query("service", service, "renew", "true", "asked", mark)).Want(t, http.StatusFound).Header.Get("Location")
		if !strings.HasPrefix(got, "/sign-in") {
			t.Errorf("a mark %s satisfies renew: %q", name, got)
		}
	}
	// The address stays in the browser's history: minutes later it serves no more.
	old := database.Millis(p.CAS.Now()) - 3*60*1000
	if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET created = $1`, old); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget("")
	if got := client.Get(back).Want(t, http.StatusFound).Header.Get("Location"); !strings.HasPrefix(got, "/sign-in") {
		t.Errorf("an old proof satisfies renew: %q", got)
	}
}

func markOf(t *testing.T, next string) string {
	t.Helper()
	parsed, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Query().Get("asked")
}

func TestGatewayAsksNothing(t *testing.T) {
	p := portalWith(t)
	service := finances + "?a=1"
	answer := p.Anonymous().Get("/cas/login?"+query("service", service, "gateway", "true")).Want(t, http.StatusFound)
	if got := answer.Header.Get("Location"); got != service {
		t.Errorf("signed out: %q", got)
	}
	client := p.As(agent)
	if ticket := ticketOf(t, client, service, "gateway", "true"); !strings.HasPrefix(ticket, "ST-") {
		t.Errorf("signed in: %q", ticket)
	}
	p.Restrict("bourg", "finances", "elus")
	answer = client.Get("/cas/login?"+query("service", service, "gateway", "true")).Want(t, http.StatusFound)
	if got := answer.Header.Get("Location"); got != service {
		t.Errorf("not admitted: %q", got)
	}
}

func TestTheOtherMethodsCarryTheTicket(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	page := client.Get("/cas/login?"+query("service", finances+"?a=1&b=2", "method", "POST")).Want(t, http.StatusOK,
		`method="post"`, `action="`+finances+`?a=1&amp;b=2"`, `name="ticket" value="ST-`, "data-submit")
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://finances.bourg.example;") {
		t.Errorf("the form may not be sent: %s", policy)
	}
	if page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a page with a ticket may be kept: %v", page.Header)
	}
	headers := client.Get("/cas/login?"+query("service", finances, "method", "HEADER")).Want(t, http.StatusOK)
	if headers.Header.Get("Service") != finances || validate(t, p, finances, headers.Header.Get("Ticket")).Success == nil {
		t.Errorf("headers %v", headers.Header)
	}
	posted := client.Post("/cas/login", "service", finances).Want(t, http.StatusSeeOther)
	if validate(t, p, finances, ticketIn(t, posted)).Success == nil {
		t.Error("a form gets no ticket")
	}
}

func TestASignInForNoApplicationIsOurs(t *testing.T) {
	p := portalWith(t)
	for path, want := range map[string]string{"/cas/login": "/", "/cas/login?renew=1": "/sign-in?again=1", "/cas/login?gateway=1": "/"} {
		if got := p.As(agent).Get(path).Want(t, http.StatusFound).Header.Get("Location"); got != want {
			t.Errorf("%s leads to %q", path, got)
		}
		if got := p.Anonymous().Get(path).Want(t, http.StatusFound).Header.Get("Location"); got != "/sign-in" {
			t.Errorf("%s, signed out, leads to %q", path, got)
		}
	}
}

func TestWhoIsNotAdmittedReadsWhy(t *testing.T) {
	p := portalWith(t)
	p.Restrict("bourg", "finances", "elus")
	p.As(agent).Get("/cas/login?"+query("service", finances)).Want(t, http.StatusForbidden, "Application finances » n’est ouverte")
	if lines := count(t, p, `SELECT count(*) FROM audit_lines WHERE collectivity = 'bourg' AND action = 'application.opened' AND refused = 'barred'`); lines != 1 {
		t.Errorf("%d lines in the journal", lines)
	}
}

// TestAnApplicationMayAskForASecondFactor, and for nothing else: who is signed in
// does not give her password again.
func TestAnApplicationMayAskForASecondFactor(t *testing.T) {
	p := portalWith(t)
	p.AskSecondFactor("bourg", "finances")
	client := p.As(agent)
	answer := client.Get("/cas/login?"+query("service", finances, "gateway", "1")).Want(t, http.StatusFound)
	if answer.Header.Get("Location") != finances {
		t.Errorf("gateway: %q", answer.Header.Get("Location"))
	}
	to := client.Get("/cas/login?"+query("service", finances)).Want(t, http.StatusSeeOther).Header.Get("Location")
	if want := "/sign-in/second?next=" + url.QueryEscape("/cas/login?"+query("service", finances)); to != want {
		t.Fatalf("sent to %q, want %q", to, want)
	}
	if to = client.Get(to).Want(t, http.StatusSeeOther).Header.Get("Location"); to != "/sign-in/second" {
		t.Fatalf("then to %q", to)
	}
	to = client.Get(to).Want(t, http.StatusSeeOther).Header.Get("Location") // she has none yet
	back := makeFactor(t, client, to)
	if ticket := ticketIn(t, client.Get(back).Want(t, http.StatusFound)); validate(t, p, finances, ticket).Success == nil {
		t.Error("her ticket is worth nothing")
	}
}

var (
	hiddenField = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)
	secretText  = regexp.MustCompile(`<code class="secret">([A-Z2-7 ]+)</code>`)
	nextPage    = regexp.MustCompile(`href="(/cas/login[^"]*)"`)
)

// makeFactor adds a first application of codes at the page that asks for one, and
// returns where that page leads then.
func makeFactor(t *testing.T, client *servertest.Client, path string) string {
	t.Helper()
	page := client.Get(path).Want(t, http.StatusOK)
	secret := secretText.FindStringSubmatch(page.Body)
	if secret == nil {
		t.Fatalf("no secret at %s", path)
	}
	fields := []string{"use", "app", "code", ssotest.Code(t, secret[1], time.Now())}
	for _, match := range hiddenField.FindAllStringSubmatch(page.Body, -1) {
		if match[1] != "use" {
			fields = append(fields, match[1], match[2])
		}
	}
	done := client.Post(path, fields...).Want(t, http.StatusCreated)
	next := nextPage.FindStringSubmatch(done.Body)
	if next == nil {
		t.Fatalf("leads nowhere:\n%s", done.Body)
	}
	return html.UnescapeString(next[1])
}

func TestAnAddressTooLongToComeBackToIsSaid(t *testing.T) {
	p := portalWith(t)
	long := finances + "?q=" + strings.Repeat("x", 1900)
	p.Anonymous().Get("/cas/login?"+query("service", long)).Want(t, http.StatusForbidden, "trop longue")
	ticketOf(t, p.As(agent), long)
}

// TestLogoutEndsTheSession and goes back to a known application alone.
func TestLogoutEndsTheSession(t *testing.T) {
	p := portalWith(t)
	for _, c := range []struct{ query, want string }{
		{"", "/sign-in"},
		{query("service", finances+"?left=1"), finances + "?left=1"},
		{query("service", "https://voleur.example/"), "/sign-in"},
		{query("service", "https://finances.bourg.example@voleur.example/"), "/sign-in"},
		{query("service", finances, "service", "https://voleur.example/"), "/sign-in"},
		{query("url", finances), "/sign-in"},
		{query("url", "https://voleur.example/"), "/sign-in"},
	} {
		client := p.As(agent)
		answer := client.Get("/cas/logout?"+c.query).Want(t, http.StatusFound)
		if got := answer.Header.Get("Location"); got != c.want {
			t.Errorf("%s leads to %q, want %q", c.query, got, c.want)
		}
		if client.Cookie(sso.CookieName(false)) != "" {
			t.Errorf("%s: the session's cookie is left", c.query)
		}
		client.Get("/account").Want(t, http.StatusSeeOther)
	}
	if sessions := count(t, p, `SELECT count(*) FROM sessions`); sessions != 0 {
		t.Errorf("%d sessions are left", sessions)
	}
	p.Anonymous().Get("/cas/logout?"+query("service", finances)).Want(t, http.StatusFound)
}
