package server_test

import (
	"slices"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
)

// TestStrangersDoNotKeepAnAdministratorFromHelping: what they ask for fills the
// count of the page and not hers, which has its own bound.
func TestStrangersDoNotKeepAnAdministratorFromHelping(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	for range 4 {
		p.Anonymous().Post("/sign-in/forgotten", "login", login).Want(t, 200)
	}
	p.Received(login, 3)
	admin, agent := p.As("admin@bourg.example"), p.Caller(login, "bourg")
	for nth := range 3 {
		admin.Post("/admin/agents/"+string(agent.Agent)+"/password").Want(t, 303)
		linkIn(t, p, p.Received(login, 4+nth))
	}
	admin.Post("/admin/agents/"+string(agent.Agent)+"/password").Want(t, 409, "Trop de liens")
}

// TestARequestThatFailsKeepsNoOther: it is dropped after an hour, when its person
// has asked again.
func TestARequestThatFailsKeepsNoOther(t *testing.T) {
	p := servertest.NewSending(t)
	if _, err := p.DB.Exec(t.Context(), `INSERT INTO sign_in_methods (collectivity, kind, settings, secret, version) VALUES ('agglo', 'ldap', '{}', 'x', '1')`); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"agent@agglo.example", "agent@bourg.example"} {
		p.Anonymous().Post("/sign-in/forgotten", "login", login).Want(t, 200)
	}
	linkIn(t, p, p.Received("agent@bourg.example", 1))
	if err := p.SSO.Resets.Handle(t.Context()); err == nil || countRows(t, p, "reset_requests") != 1 {
		t.Fatalf("Handle = %v and %d requests wait, want the one whose settings can't be read", err, countRows(t, p, "reset_requests"))
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE reset_requests SET at = at - 3700000`); err != nil {
		t.Fatal(err)
	}
	if err := p.SSO.Resets.Handle(t.Context()); err != nil || countRows(t, p, "reset_requests") != 0 {
		t.Errorf("Handle after an hour = %v and %d requests wait, want none", err, countRows(t, p, "reset_requests"))
	}
}

// TestARefusalIsWrittenThoughItsTransactionRanTwice: what a transaction counts in
// memory would be counted twice.
func TestARefusalIsWrittenThoughItsTransactionRanTwice(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	for nth := range 3 {
		resetLink(t, p, login, nth+1)
	}
	if p.DB.Engine() == database.PostgreSQL {
		for _, text := range []string{ // the first line that tells of a refusal meets another transaction
			`CREATE SEQUENCE meetings`,
			`CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF nextval('meetings') = 1 THEN RAISE EXCEPTION 'met' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$`,
			`CREATE TRIGGER meets BEFORE INSERT ON audit_lines FOR EACH ROW WHEN (NEW.refused <> '') EXECUTE FUNCTION meet()`,
		} {
			if _, err := p.DB.SQL().ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		p.Anonymous().Post("/sign-in/forgotten", "login", login).Want(t, 200)
	}
	for range 100 {
		if err := p.SSO.Resets.Handle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if countRows(t, p, "reset_requests") == 0 {
			break
		}
	}
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.PasswordAsked})
	if err != nil || len(lines) != 4 || lines[0].Refused != audit.Throttled {
		t.Errorf("the journal tells %+v, %v, want three links and one refusal", lines, err)
	}
}

// TestALinkToANewPasswordServesForAnHour.
func TestALinkToANewPasswordServesForAnHour(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	link, client := resetLink(t, p, login, 1), p.Anonymous()
	follow(t, client, link).Want(t, 200)
	if _, err := p.DB.Exec(t.Context(), `UPDATE password_resets SET expires = expires - 3600000`); err != nil {
		t.Fatal(err)
	}
	client.Get("/sign-in/reset").Want(t, 403, "Ce lien ne sert plus")
	client.Post("/sign-in/reset", "link", tagOf(link), "password", chosen).Want(t, 403, "Ce lien ne sert plus")
	if got := p.Anonymous().SignIn(login, servertest.Password).Status; got != 303 {
		t.Errorf("her password: %d, want that it is what it was", got)
	}
}

// TestAMailboxTakesSixLinksADay, whoever asks, and however slowly.
func TestAMailboxTakesSixLinksADay(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	for nth := range 6 {
		resetLink(t, p, login, nth+1)
		if _, err := p.DB.Exec(t.Context(), `UPDATE password_resets SET created = created - 3600000`); err != nil {
			t.Fatal(err)
		}
	}
	p.Anonymous().Post("/sign-in/forgotten", "login", login).Want(t, 200)
	answered(t, p)
	if n := p.ReceivedSoFar(login); n != 6 {
		t.Errorf("%d letters, want 6", n)
	}
}

// answered has the requests answered that wait, and their letters sent.
func answered(t *testing.T, p *servertest.Portal) {
	t.Helper()
	for range 100 {
		if err := p.SSO.Resets.Handle(t.Context()); err != nil {
			t.Fatal(err)
		}
		if countRows(t, p, "reset_requests") == 0 {
			allSent(t, p)
			return
		}
	}
	t.Fatal("requests stay")
}

// TestNoMailboxOpensThePool: who operates it has her password from the terminal of
// the machine, also by a link of before.
func TestNoMailboxOpensThePool(t *testing.T) {
	p := servertest.NewSending(t)
	const login, soon = "exploitation@pool.example", "agent@bourg.example"
	p.Hire(servertest.Person{Login: login, GivenName: "Ève", FamilyName: "Robin", Collectivities: []portal.CollectivityID{"bourg"}, Operator: true})
	p.Anonymous().Post("/sign-in/forgotten", "login", login).Want(t, 200)
	answered(t, p)
	if n := p.ReceivedSoFar(login); n != 0 {
		t.Errorf("%d letters to an operator, want none", n)
	}
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.PasswordAsked})
	if err != nil || len(lines) != 1 || lines[0].Refused != audit.Closed {
		t.Errorf("the journal tells %+v, %v, want one refusal", lines, err)
	}
	link := resetLink(t, p, soon, 1)
	account := p.Caller(soon, "bourg").Account
	if err := p.Directory.GrantPool(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget(account)
	follow(t, p.Anonymous(), link).Want(t, 403, "Ce lien ne sert plus")
}

// TestANewPasswordEndsWhatItSays, and is in the journal.
func TestANewPasswordEndsWhatItSays(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	phone, client := p.AppPassword(login, "bourg"), p.Anonymous()
	follow(t, client, resetLink(t, p, login, 1))
	choose(t, client, "/sign-in/reset", "password", chosen, "apps", "1").Want(t, 303)
	if _, err := p.SSO.AppPasswords.Authenticate(t.Context(), login, phone, "192.0.2.1"); err == nil {
		t.Error("her telephone goes on, which she said is to end")
	}
	client.Post("/account/password", "old", chosen, "password", "Xq7!vTm2#kRz").Want(t, 303)
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.PasswordChanged})
	var how []string
	for _, line := range lines {
		how = append(how, line.Detail)
	}
	slices.Sort(how)
	if got := strings.Join(how, ", "); err != nil || got != "own, reset apps" {
		t.Errorf("the journal tells %q, %v", got, err)
	}
}

// TestAMailboxBuysNoCodes: who reads the mail of a person who has a second factor
// has no more tries at it than before.
func TestAMailboxBuysNoCodes(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	withFactor(t, p, login, "bourg")
	for range 3 {
		p.Anonymous().SignIn(login, "faux")
	}
	client := p.Anonymous()
	follow(t, client, resetLink(t, p, login, 1))
	choose(t, client, "/sign-in/reset", "password", chosen).Want(t, 303)
	guess := func() servertest.Answer {
		flow := between(t, client.Get("/sign-in/second").Want(t, 200).Body, `name="flow" value="`, `"`)
		return client.Post("/sign-in/second", "flow", flow, "use", "app", "code", "abcdef")
	}
	guess().Want(t, 422)
	guess().Want(t, 429)
}

// TestAPasswordOfElsewhereIsNotChangedHere: one that is kept from before would open
// again when the collectivity comes back to it.
func TestAPasswordOfElsewhereIsNotChangedHere(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	client, account := p.As(login), p.Caller(login, "bourg").Account
	before := passwordOf(t, p, account)
	if err := p.SSO.Methods.Set(t.Context(), sso.Method{Collectivity: "bourg", Kind: sso.LDAP}); err != nil {
		t.Fatal(err)
	}
	if got := client.Post("/account/password", "old", servertest.Password, "password", chosen).Status; got == 303 {
		t.Error("a password was changed that Parvis does not keep")
	}
	if passwordOf(t, p, account) != before {
		t.Error("what is kept of it was replaced")
	}
}
