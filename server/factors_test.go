package server_test

import (
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso/ssotest"
)

// withFactor is a person who made an application, in one of her collectivities.
func withFactor(t *testing.T, p *servertest.Portal, login string, in portal.CollectivityID) *servertest.Client {
	t.Helper()
	client := p.AsIn(login, in)
	page := client.Get("/account/factors/app").Want(t, 200).Body
	secret := between(t, page, `<code class="secret">`, "<")
	pending := between(t, page, `name="pending" value="`, `"`)
	client.Post("/account/factors/app", "pending", pending, "code", ssotest.Code(t, secret, time.Now())).Want(t, 201)
	return client
}

func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	value, _, closed := strings.Cut(rest, after)
	if !found || !closed {
		t.Fatalf("no %q in\n%s", before, text)
	}
	return value
}

// TestAnAdministratorRulesHerOwnCollectivityAlone: she sees and resets her agents'
// factors, asks them for one, and does nothing to those of others nor to who signs
// in elsewhere.
func TestAnAdministratorRulesHerOwnCollectivityAlone(t *testing.T) {
	p := servertest.New(t)
	secretaryClient := withFactor(t, p, secretary, "bourg")
	agloClient := withFactor(t, p, "agent@agglo.example", "agglo")
	bourg, syndicat := p.As("admin@bourg.example"), p.As("admin@syndicat.example")

	page := bourg.Get("/admin/sign-in/factors").Want(t, 200, "Maud Giraud", "Prêt").Body
	if strings.Contains(page, "agglo.example") || strings.Contains(page, "Léa Moreau") {
		t.Error("bourg sees an agent of agglo")
	}
	reset := func(id portal.AgentID) string { return "/admin/sign-in/factors/" + string(id) + "/reset" }
	lea := p.Caller("agent@agglo.example", "agglo")
	bourg.Post(reset(lea.Agent)).Want(t, 404)
	agloClient.Get("/account/factors").Want(t, 200, "Ajoutée")

	there := p.Caller(secretary, "syndicat")
	if body := syndicat.Get("/admin/sign-in/factors").Want(t, 200, "Maud Giraud").Body; strings.Contains(body, reset(there.Agent)) {
		t.Error("syndicat is offered to reset who signs in at bourg")
	}
	syndicat.Post(reset(there.Agent)).Want(t, 403, "autre collectivité")
	secretaryClient.Get("/account/factors").Want(t, 200, "Ajoutée")

	syndicat.Post("/admin/sign-in/factors", "who", "everyone").Want(t, 303)
	plain := p.Anonymous()
	if last := plain.SignIn("agent@bourg.example", servertest.Password); last.Header.Get("Location") != "/" {
		t.Errorf("the rule of syndicat leads who enters bourg to %q", last.Header.Get("Location"))
	}
	bound := p.Anonymous()
	if last := bound.SignIn("agent@syndicat.example", servertest.Password); last.Header.Get("Location") != "/sign-in/second" {
		t.Errorf("the rule of syndicat leads its own agent to %q", last.Header.Get("Location"))
	}

	here := p.Caller(secretary, "bourg")
	bourg.Post(reset(here.Agent)).Want(t, 303)
	if last := secretaryClient.Get("/account"); last.Status != 303 {
		t.Errorf("after the reset her session answers %d", last.Status)
	}
	if last := p.Anonymous().SignIn(secretary, servertest.Password); last.Header.Get("Location") != "/" {
		t.Errorf("after the reset her password leads to %q", last.Header.Get("Location"))
	}
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.FactorsReset})
	if err != nil || len(lines) != 1 || lines[0].Object != "Maud Giraud" || lines[0].Name != "Paul Petit" {
		t.Errorf("the journal tells %+v, %v", lines, err)
	}
	for _, refused := range [][]string{{"who", "whoever"}, {"who", "groups"}, {"who", "groups", "groups", "elsewhere"}, {"who", "everyone", "from", "demain"}} {
		bourg.Post("/admin/sign-in/factors", refused...).Want(t, 422)
	}
	bourg.Post("/admin/sign-in/factors", "who", "groups", "groups", "accueil", "from", "2026-11-24").Want(t, 303)
	bourg.Get("/admin/sign-in/factors?show=missing").Want(t, 200, "Camille Le Goff")
}

const notice = "suffit pour administrer tout le parc"

// TestWhoOperatesThePoolIsAdvisedASecondFactor, and may make one, though she is
// nobody's agent.
func TestWhoOperatesThePoolIsAdvisedASecondFactor(t *testing.T) {
	p := servertest.New(t)
	p.As(operator).Get("/pool").Want(t, 200, notice)
	client := withFactor(t, p, operator, "")
	if body := client.Get("/pool").Want(t, 200).Body; strings.Contains(body, notice) {
		t.Error("she has one, and the notice shows")
	}
	if to := p.Anonymous().SignIn(operator, servertest.Password).Header.Get("Location"); to != "/sign-in/second" {
		t.Errorf("she has one, and her password leads to %q", to)
	}
}

// TestWhoOperatesThePoolGivesASecondFactorWhereItIsRequired before she enters.
func TestWhoOperatesThePoolGivesASecondFactorWhereItIsRequired(t *testing.T) {
	strict := servertest.NewWith(t, func(c *servertest.Config) { c.Operators.SecondFactor = "require" })
	bound := strict.Anonymous()
	if to := bound.SignIn(operator, servertest.Password).Header.Get("Location"); to != "/sign-in/second" {
		t.Errorf("with her password alone she goes to %q", to)
	}
	bound.Get("/pool").Want(t, 303)
	page := bound.Get("/sign-in/second/new").Want(t, 200).Body
	secret := between(t, page, `<code class="secret">`, "<")
	bound.Post("/sign-in/second/new", "flow", between(t, page, `name="flow" value="`, `"`), "pending", between(t, page, `name="pending" value="`, `"`),
		"use", "app", "code", ssotest.Code(t, secret, time.Now())).Want(t, 201)
	if body := bound.Get("/pool").Want(t, 200).Body; strings.Contains(body, notice) {
		t.Error("she has one, and the notice shows")
	}
	strict.As("agent@bourg.example").Get("/").Want(t, 200) // who operates nothing is asked for nothing
}

func TestTheRuleOfOperatorsIsOneOfTwo(t *testing.T) {
	for rule, fine := range map[string]bool{"recommend": true, "require": true, "": false, "required": false} {
		config := server.DefaultConfig()
		config.Operators.SecondFactor = rule
		if err := config.Validate(); (err == nil) != fine {
			t.Errorf("second_factor = %q: %v", rule, err)
		}
	}
}

// TestAnAdministratorDoesNotUndoAnOperator: who operates the pool may be an agent
// too; her password and her factors are the pool's.
func TestAnAdministratorDoesNotUndoAnOperator(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "exploitation@pool.example"
	p.Hire(servertest.Person{Login: login, GivenName: "Ève", FamilyName: "Robin", Collectivities: []portal.CollectivityID{"bourg"}, Operator: true})
	withFactor(t, p, login, "bourg")
	admin, agent := p.As("admin@bourg.example"), p.Caller(login, "bourg")
	admin.Post("/admin/sign-in/factors/"+string(agent.Agent)+"/reset").Want(t, 403)
	admin.Post("/admin/agents/"+string(agent.Agent)+"/password").Want(t, 403)
	if got := p.Anonymous().SignIn(login, servertest.Password).Header.Get("Location"); got != "/sign-in/second" {
		t.Errorf("her password leads to %q, want to her second factor", got)
	}
}

// TestTheLastRecoveryCodeSaysThatItWas, and the others how many are left.
func TestTheLastRecoveryCodeSaysThatItWas(t *testing.T) {
	p := servertest.New(t)
	const login = "collegue@bourg.example"
	client := p.AsIn(login, "bourg")
	page := client.Get("/account/factors/app").Want(t, 200).Body
	secret, pending := between(t, page, `<code class="secret">`, "<"), between(t, page, `name="pending" value="`, `"`)
	shown := client.Post("/account/factors/app", "pending", pending, "code", ssotest.Code(t, secret, time.Now())).Want(t, 201).Body
	var codes []string
	for item := range strings.SplitSeq(shown, "<li><code>") {
		if code, _, found := strings.Cut(item, "</code></li>"); found {
			codes = append(codes, code)
		}
	}
	if len(codes) != 10 {
		t.Fatalf("%d codes, want 10", len(codes))
	}
	for i, code := range codes {
		window := p.Anonymous()
		window.SignIn(login, servertest.Password).Want(t, 303)
		step := window.Get("/sign-in/second").Want(t, 200).Body
		window.Post("/sign-in/second", "flow", between(t, step, `name="flow" value="`, `"`), "use", "recovery", "code", code).Want(t, 303)
		switch home := window.Get("/").Want(t, 200); i {
		case 0:
			home.Want(t, 200, "Il vous en reste 9")
		case 9:
			home.Want(t, 200, "était le dernier")
		}
	}
}
