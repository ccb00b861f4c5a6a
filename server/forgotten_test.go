package server_test

import (
	"testing"

	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/server/servertest"
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
