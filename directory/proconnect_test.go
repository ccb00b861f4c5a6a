package directory_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
	"parvis/sso/upstream"
)

// federation is ProConnect and the client of it that a collectivity is.
type federation struct {
	servers.ProConnect
	client servers.Client
}

// answers makes ProConnect answer so from now on.
func (f federation) answers(t testing.TB, how servers.Switch) { f.Set(t, f.client, how) }

// useProConnect makes a collectivity leave sign-in to ProConnect, which says of
// everybody that she is of bourg's establishment. change may change the settings.
func (h *house) useProConnect(t testing.TB, collectivity portal.CollectivityID, change func(*upstream.Settings)) federation {
	t.Helper()
	ctx := context.Background()
	place := got(h.Collectivity(ctx, collectivity))(t)
	if collectivity == "bourg" {
		place.SIRET = servers.SIRET
	}
	must(t, h.ChangeCollectivity(ctx, place))
	f := federation{ProConnect: servers.NewProConnect(t)}
	f.client = f.Register(t, []string{h.server.URL + "/sign-in/callback/" + string(collectivity)}, []string{h.server.URL + "/sign-in"})
	settings := upstream.Settings{Preset: upstream.ProConnect, Issuer: f.Issuer, ClientID: f.client.ID}
	if change != nil {
		change(&settings)
	}
	text := got(json.Marshal(settings))(t)
	must(t, h.service.Methods.Set(ctx, sso.Method{Collectivity: collectivity, Kind: sso.OIDC, Settings: text, Secret: f.client.Secret}))
	return f
}

// comes signs in through an issuer and returns the last answer.
func (b *person) comes(login string) answer {
	b.t.Helper()
	return b.get(b.throughIssuer(b.toIssuer(login, "")))
}

func TestProConnectSignsInAnAgent(t *testing.T) {
	h := newHouse(t)
	f := h.useProConnect(t, "bourg", nil)
	cecile := servers.PersonByUID("cecile.oconnor")
	h.hire(t, "bourg", cecile.Mail, directory.Agent{GivenName: "C.", FamilyName: "O."})
	b := h.browser(t)
	asked := got(url.Parse(b.toIssuer(cecile.Mail, "/apps")))(t).Query()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": f.client.ID, "redirect_uri": h.server.URL + "/sign-in/callback/bourg", "login_hint": cecile.Mail,
		"scope": "openid given_name usual_name email uid siret idp_id", "acr_values": "eidas1", "claims": `{"id_token":{"amr":null}}`,
		"prompt": "", "code_challenge_method": "S256",
	} {
		if asked.Get(name) != want {
			t.Errorf("asked %s = %q, want %q", name, asked.Get(name), want)
		}
	}
	if len(asked.Get("state")) < 32 || len(asked.Get("nonce")) < 32 {
		t.Errorf("state %q, nonce %q: ProConnect wants 32 characters", asked.Get("state"), asked.Get("nonce"))
	}
	b.comes(cecile.Mail).want(t, http.StatusSeeOther)
	if got, want := b.home(), "home of "+cecile.Name()+" in bourg"; got != want { // ProConnect's names, not those of the hiring
		t.Errorf("home = %q, want %q", got, want)
	}
}

// TestEachBadAnswerOfProConnectIsRefused: what the sentence must say, and the
// reason in the journal.
func TestEachBadAnswerOfProConnectIsRefused(t *testing.T) {
	h := newHouse(t)
	f := h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create = true })
	marc := servers.PersonByUID("marc.dupont")
	const forged = "n’a pas pu être vérifiée"
	for _, test := range []struct {
		name   string
		how    servers.Switch
		says   string
		reason audit.Reason
	}{
		{"userinfo of another issuer", servers.Switch{Fault: "iss"}, forged, audit.Issuer},
		{"userinfo of no issuer", servers.Switch{Fault: "no-iss"}, forged, audit.Issuer},
		{"userinfo for another client", servers.Switch{Fault: "aud"}, forged, audit.Issuer},
		{"userinfo for nobody", servers.Switch{Fault: "no-aud"}, forged, audit.Issuer},
		{"userinfo of another subject", servers.Switch{Fault: "sub"}, forged, audit.Issuer},
		{"userinfo of another person", servers.Switch{Fault: "another"}, forged, audit.Issuer},
		{"userinfo with alg none", servers.Switch{Fault: "none"}, forged, audit.Issuer},
		{"userinfo with another alg", servers.Switch{Fault: "another-alg"}, forged, audit.Issuer},
		{"userinfo of another key", servers.Switch{Fault: "key"}, forged, audit.Issuer},
		{"userinfo expired", servers.Switch{Fault: "expired"}, forged, audit.Issuer},
		{"userinfo unsigned", servers.Switch{Fault: "unsigned"}, forged, audit.Issuer},
		{"token of another issuer", servers.Switch{Fault: "id-iss"}, forged, audit.Issuer},
		{"token for another client", servers.Switch{Fault: "id-aud"}, forged, audit.Issuer},
		{"token with alg none", servers.Switch{Fault: "id-none"}, forged, audit.Issuer},
		{"token of another key", servers.Switch{Fault: "id-key"}, forged, audit.Issuer},
		{"token expired", servers.Switch{Fault: "id-expired"}, forged, audit.Issuer},
		{"token with another nonce", servers.Switch{Fault: "id-nonce"}, forged, audit.Issuer},
		{"level too low", servers.Switch{Fault: "low-acr"}, "pas au niveau", audit.Weak},
		{"no level", servers.Switch{Fault: "no-acr"}, "pas au niveau", audit.Weak},
		{"another establishment", servers.Switch{Person: map[string]any{"siret": "99900020100015"}}, "99900020100015", audit.Elsewhere},
		{"establishment without its key", servers.Switch{Person: map[string]any{"siret": "99900010200016"}}, "ne dit pas à quel établissement", audit.Elsewhere},
		{"no establishment", servers.Switch{Person: map[string]any{"siret": nil}}, "ne dit pas à quel établissement", audit.Elsewhere},
		{"no address", servers.Switch{Person: map[string]any{"email": nil}}, "n’a pas transmis votre adresse", audit.Issuer},
		{"address not verified", servers.Switch{Person: map[string]any{"email_verified": false}}, "n’a pas vérifié votre adresse", audit.Issuer},
		{"address of elsewhere", servers.Switch{Person: map[string]any{"email": "luc@agglo.example"}}, "n’est pas celle d’un agent", audit.Closed},
	} {
		f.answers(t, test.how)
		b := h.browser(t)
		last := b.comes(marc.Mail)
		if last.status != http.StatusForbidden || !strings.Contains(last.body, test.says) {
			t.Errorf("%s: %d, want 403 and %q\n%.1500s", test.name, last.status, test.says, last.body)
		}
		b.isOut(t)
		if line := h.journal(t)[0]; line.Action != audit.SignIn || line.Refused != test.reason {
			t.Errorf("%s: the journal tells %s, %q, want %q", test.name, line.Action, line.Refused, test.reason)
		}
	}
	f.answers(t, servers.Switch{Person: map[string]any{"siret": "999 000 102 00015"}}) // as people write it
	h.browser(t).comes(marc.Mail).want(t, http.StatusSeeOther)
}

// TestProConnectRefusesAMalformedRequest shows that the simulator is strict: what
// our requests pass is a judge.
func TestProConnectRefusesAMalformedRequest(t *testing.T) {
	h := newHouse(t)
	h.useProConnect(t, "bourg", nil)
	for name, change := range map[string]func(url.Values){
		"unknown":     func(q url.Values) { q.Set("max_age", "60") },
		"short state": func(q url.Values) { q.Set("state", "short") },
		"no nonce":    func(q url.Values) { q.Del("nonce") },
		"bad hint":    func(q url.Values) { q.Set("login_hint", "marc") },
		"two levels":  func(q url.Values) { q.Set("claims", `{"id_token":{"acr":{"essential":true}}}`) },
	} {
		b := h.browser(t)
		address := got(url.Parse(b.toIssuer("marc.dupont@bourg.example", "")))(t)
		query := address.Query()
		change(query)
		address.RawQuery = query.Encode()
		if last := b.get(address.String()); last.status != http.StatusBadRequest || !strings.Contains(last.body, "Y000400") {
			t.Errorf("%s: %d", name, last.status)
		}
	}
}

func TestAnotherEstablishmentOrProviderIsLetInWhereTheSettingsSaySo(t *testing.T) {
	h := newHouse(t)
	marc := servers.PersonByUID("marc.dupont")
	f := h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create, s.SIRETs = true, []string{"99900020100015"} })
	f.answers(t, servers.Switch{Person: map[string]any{"siret": "99900020100015"}})
	h.browser(t).comes(marc.Mail).want(t, http.StatusSeeOther)

	f = h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Providers = []string{"the-town’s-own"} })
	b := h.browser(t)
	if hint := got(url.Parse(b.toIssuer(marc.Mail, "")))(t).Query().Get("idp_hint"); hint != "the-town’s-own" {
		t.Errorf("idp_hint = %q", hint)
	}
	b.comes(marc.Mail).want(t, http.StatusForbidden, "fournisseur d’identité que vous avez choisi")
	f.answers(t, servers.Switch{Person: map[string]any{"idp_id": "the-town’s-own"}})
	b.comes(marc.Mail).want(t, http.StatusSeeOther)
}

func TestALevelWithASecondFactorIsAskedForAsEssential(t *testing.T) {
	h := newHouse(t)
	marc := servers.PersonByUID("marc.dupont")
	f := h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create, s.Level = true, "eidas1-mfa" })
	b := h.browser(t)
	asked := got(url.Parse(b.toIssuer(marc.Mail, "")))(t).Query()
	if want := `{"id_token":{"acr":{"essential":true,"values":["eidas1-mfa","eidas2","eidas3"]},"amr":null}}`; asked.Get("claims") != want || asked.Has("acr_values") {
		t.Errorf("claims = %s, acr_values = %q, want %s alone", asked.Get("claims"), asked.Get("acr_values"), want)
	}
	b.comes(marc.Mail).want(t, http.StatusSeeOther)
	f.answers(t, servers.Switch{Fault: "low-acr"})
	h.browser(t).comes(marc.Mail).want(t, http.StatusForbidden, "pas au niveau")
}

func TestASignOutEndsAtProConnectAndItsStateIsChecked(t *testing.T) {
	h := newHouse(t)
	h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create = true })
	b := h.browser(t)
	b.comes("marc.dupont@bourg.example").want(t, http.StatusSeeOther)
	found := goesOn.FindStringSubmatch(b.post("/sign-out", nil).header.Get("Refresh"))
	if found == nil {
		t.Fatal("the sign-out does not go on to ProConnect")
	}
	end := got(url.Parse(found[1]))(t)
	query := end.Query()
	if !strings.HasSuffix(end.Path, "/api/v2/session/end") || query.Get("id_token_hint") == "" || len(query.Get("state")) < 32 ||
		query.Get("post_logout_redirect_uri") != h.server.URL+"/sign-in" {
		t.Errorf("the sign-out goes on to %s", end)
	}
	b.get(found[1]).want(t, http.StatusOK, "op.logoutForm")
	const both = "ici et chez votre organisme"
	other := h.browser(t)
	other.get("/sign-in?state=" + query.Get("state"))
	if strings.Contains(other.get("/sign-in").body, both) {
		t.Error("the sign-out of another browser is believed")
	}
	b.get("/sign-in?state="+query.Get("state")).want(t, http.StatusSeeOther)
	b.get("/sign-in").want(t, http.StatusOK, both)
	b.get("/sign-in?state="+query.Get("state")).want(t, http.StatusSeeOther)
	if strings.Contains(b.get("/sign-in").body, both) {
		t.Error("a sign-out is told twice")
	}
}

func TestWhoMustProveAnewIsNotLetInOnAnOldProof(t *testing.T) {
	h := newHouse(t)
	f := h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create = true })
	marc := servers.PersonByUID("marc.dupont")
	b := h.browser(t)
	b.comes(marc.Mail).want(t, http.StatusSeeOther)
	again := func() answer {
		b.post("/sign-in", url.Values{"login": {marc.Mail}, "again": {"1"}, "next": {"/account"}}).want(t, http.StatusSeeOther)
		return b.get(b.throughIssuer(goesOn.FindStringSubmatch(b.get("/sign-in/issuer").header.Get("Refresh"))[1]))
	}
	again().want(t, http.StatusSeeOther)
	f.answers(t, servers.Switch{Fault: "old-proof"})
	again().want(t, http.StatusForbidden, "n’a pas vérifié de nouveau")
}

// TestALinkIsByIssuerAndSubject: a changed address keeps the account; the subject
// of one issuer is nobody at another.
func TestALinkIsByIssuerAndSubject(t *testing.T) {
	h := newHouse(t)
	marc, fatima := servers.PersonByUID("marc.dupont"), servers.PersonByUID("fatima.benali")
	f := h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create = true })
	h.browser(t).comes(marc.Mail).want(t, http.StatusSeeOther)
	before := got(h.AccountByLogin(context.Background(), marc.Mail))(t)

	f.answers(t, servers.Switch{Person: map[string]any{"email": "m.dupont-martin@bourg.example", "usual_name": "Dupont-Martin"}})
	b := h.browser(t)
	b.comes(marc.Mail).want(t, http.StatusSeeOther)
	if got, want := b.home(), "home of Marc Dupont-Martin in bourg"; got != want {
		t.Errorf("home = %q, want %q", got, want)
	}
	f.answers(t, servers.Switch{Person: map[string]any{"email": "elsewhere@mail.example", "email_verified": false}})
	b.comes(marc.Mail).want(t, http.StatusSeeOther)
	card := got(h.Agent(context.Background(), directory.Installation("bourg"), got(h.CallerFor(context.Background(), before.ID, "bourg"))(t).Agent))(t)
	if card.Email != "m.dupont-martin@bourg.example" {
		t.Errorf("an address that is not verified is on the card: %q", card.Email)
	}

	// Another issuer that names Marc’s subject, and means Fatima.
	other := f
	other.ProConnect = servers.AnotherProConnect(t)
	other.client = other.Register(t, []string{h.server.URL + "/sign-in/callback/bourg"}, nil)
	other.answers(t, servers.Switch{Person: map[string]any{"email": fatima.Mail, "given_name": "Fatima", "usual_name": "Ben Ali"}})
	text := got(json.Marshal(upstream.Settings{Preset: upstream.ProConnect, Issuer: other.Issuer, ClientID: other.client.ID, Create: true}))(t)
	must(t, h.service.Methods.Set(context.Background(), sso.Method{Collectivity: "bourg", Kind: sso.OIDC, Settings: text, Secret: other.client.Secret}))
	b = h.browser(t)
	b.comes(marc.Mail).want(t, http.StatusSeeOther)
	if got, want := b.home(), "home of Fatima Ben Ali in bourg"; got != want {
		t.Errorf("home = %q, want %q", got, want)
	}
}

// tries signs an administrator's browser in at the issuer in test mode and returns
// the page that shows what came.
func (b *person) tries(names string) answer {
	b.t.Helper()
	first := b.post("/admin/sign-in/issuer", nil)
	if first.location != "/sign-in/issuer" {
		b.t.Fatalf("the trial leads to %d %q\n%s", first.status, first.location, first.body)
	}
	found := goesOn.FindStringSubmatch(b.get(first.location).header.Get("Refresh"))
	if found == nil {
		b.t.Fatal("the trial does not go on to the issuer")
	}
	leave := got(url.Parse(found[1]))(b.t)
	query := leave.Query()
	query.Set("login_hint", names)
	leave.RawQuery = query.Encode()
	return b.get(b.throughIssuer(leave.String()))
}

// administrator is a browser in which an administrator of bourg is signed in.
func (h *house) administrator(t testing.TB) *person {
	t.Helper()
	must(t, h.SetRights(context.Background(), directory.Installation("bourg"), h.anne.Agent, []portal.Right{portal.Admin}))
	return h.as(t, got(h.CallerFor(context.Background(), h.anne.Account, "bourg"))(t))
}

// TestATrialShowsWhatAnIssuerSaysAndChangesNothing: claims by path, groups by
// value, the unit by its name; then the same is what a sign-in gives.
func TestATrialShowsWhatAnIssuerSaysAndChangesNothing(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	f := h.useProConnect(t, "bourg", func(s *upstream.Settings) {
		s.Create, s.Scopes = true, []string{"given_name", "usual_name", "email", "uid", "siret", "idp_id", "phone", "organizational_unit", "custom"}
		s.Attributes = upstream.Attributes{Groups: "custom.droits.profils", Function: "custom.poste"}
		s.Groups = []upstream.GroupRule{{From: "chef", To: "encadrants"}}
	})
	gael := servers.PersonByUID("gael.yvetot")
	f.answers(t, servers.Switch{AMR: []string{"pwd", "totp"}, Person: map[string]any{
		"custom": map[string]any{"droits": map[string]any{"profils": []string{"agent", "chef"}}, "poste": "Chef d’équipe <b>"},
	}})
	admin := h.administrator(t)
	admin.get("/admin/sign-in").want(t, http.StatusOK, "ProConnect", f.Issuer, h.server.URL+"/sign-in/callback/bourg", "Essayer avec mon compte")
	page := admin.tries(gael.Mail)
	page.want(t, http.StatusOK, "Peut entrer", gael.Mail, "Créé à la première connexion", "Encadrants", "Chef d’équipe &lt;b&gt;", "custom.droits.profils",
		"agent, chef", gael.Unit, "eidas1", "pwd otp", "ne compte pas", `<code>idp_id</code>`, "99900010200015")
	if got, want := admin.home(), "home of Anne-Élodie L’Hénoret in bourg"; got != want {
		t.Errorf("after the trial the administrator is %q", got)
	}
	if _, err := h.AccountByLogin(ctx, gael.Mail); err == nil {
		t.Error("the trial made an account")
	}
	if line := h.journal(t)[0]; line.Action != audit.SignInTried || line.Object != gael.Mail || line.Refused != "" {
		t.Errorf("the journal tells %+v", line)
	}

	b := h.browser(t)
	b.comes(gael.Mail).want(t, http.StatusSeeOther)
	account := got(h.AccountByLogin(ctx, gael.Mail))(t)
	caller := got(h.CallerFor(ctx, account.ID, "bourg"))(t)
	card := got(h.Agent(ctx, directory.Installation("bourg"), caller.Agent))(t)
	if card.Function != "Chef d’équipe <b>" || card.UnitName != "Services techniques" || card.Phone != gael.Phone || !caller.In("encadrants") {
		t.Errorf("signed in, she is %+v in %v", card, caller.Groups)
	}
	f.answers(t, servers.Switch{Person: map[string]any{"custom": nil}}) // she leads no more
	b.comes(gael.Mail).want(t, http.StatusSeeOther)
	if got(h.CallerFor(ctx, account.ID, "bourg"))(t).In("encadrants") {
		t.Error("a group that the issuer says no more stays")
	}
	admin.tries(gael.Mail).want(t, http.StatusOK, "déjà reconnue", "Déjà présent")
}

func TestATrialSaysWhyOneWouldNotEnter(t *testing.T) {
	h := newHouse(t)
	f := h.useProConnect(t, "bourg", nil)
	admin := h.administrator(t)
	admin.tries("marc.dupont@bourg.example").want(t, http.StatusOK, "Ne peut pas entrer", "n’est pas celle d’un agent", "<code>usual_name</code>")
	f.answers(t, servers.Switch{Person: map[string]any{"siret": "99900020100015"}})
	admin.tries("marc.dupont@bourg.example").want(t, http.StatusOK, "Ne peut pas entrer", "99900020100015", "<code>usual_name</code>")
	f.answers(t, servers.Switch{Fault: "sub"})
	page := admin.tries("marc.dupont@bourg.example")
	page.want(t, http.StatusOK, "Ne peut pas entrer", "n’a pas pu être vérifiée")
	if strings.Contains(page.body, "<code>usual_name</code>") {
		t.Error("claims that can't be believed are shown")
	}
}

// TestATrialIsOfItsAdministratorAlone: nobody else's browser, session or
// collectivity goes on with it, and it signs nobody in.
func TestATrialIsOfItsAdministratorAlone(t *testing.T) {
	h := newHouse(t)
	h.useProConnect(t, "bourg", func(s *upstream.Settings) { s.Create = true })
	b := h.as(t, h.both)
	b.post("/admin/sign-in/issuer", nil).want(t, http.StatusNotFound)
	admin := h.administrator(t)
	admin.post("/admin/sign-in/issuer", nil).want(t, http.StatusSeeOther)
	back := admin.throughIssuer(strings.Replace(goesOn.FindStringSubmatch(admin.get("/sign-in/issuer").header.Get("Refresh"))[1],
		"login_hint=anne", "login_hint=marc.dupont", 1))
	h.browser(t).get(back).want(t, http.StatusForbidden, "autre navigateur")
	must(t, h.SetRights(context.Background(), directory.Installation("bourg"), h.both.Agent, []portal.Right{portal.Admin}))
	must(t, h.SetRights(context.Background(), directory.Installation("bourg"), h.anne.Agent, nil)) // meanwhile
	admin.get(back).want(t, http.StatusForbidden, "autre navigateur")
	admin.post("/sign-out", nil)
	admin.get(back).want(t, http.StatusForbidden)
	admin.isOut(t)
}

// TestTheSecondFactorOfAnIssuerCountsWhereItWasChosen: where the rule says so, and
// in no other collectivity.
func TestTheSecondFactorOfAnIssuerCountsWhereItWasChosen(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	f := h.useProConnect(t, "bourg", nil)
	admin := got(h.CallerFor(ctx, h.both.Account, "bourg"))(t)
	admin.Rights = []portal.Right{portal.Admin}
	there := portal.Caller{Account: h.both.Account, Collectivity: "agglo", Agent: h.elsewhere.Agent, Rights: []portal.Right{portal.Admin}}
	rule := func(counts bool) {
		t.Helper()
		must(t, h.service.Policies.Set(ctx, admin, sso.Policy{Who: sso.Everyone, Issuer: counts}, ""))
	}
	enters := func(amr ...string) *person {
		t.Helper()
		f.answers(t, servers.Switch{AMR: amr, Person: map[string]any{"email": "sec@bourg.example"}})
		b := h.browser(t)
		b.asTheIssuerSays("sec@bourg.example", "zoe.celik@bourg.example").want(t, http.StatusSeeOther)
		return b
	}
	isIn := func(b *person) bool { return b.home() == "home of Zoé Çelik (remplaçante) in bourg" }
	rule(false)
	if isIn(enters("pwd", "otp", "mfa")) {
		t.Error("a second factor that the rule does not count lets in")
	}
	rule(true)
	for _, weak := range [][]string{nil, {"pwd"}, {"mail"}, {"otp"}, {"pwd", "pin"}} {
		if isIn(enters(weak...)) {
			t.Errorf("amr %q is no second factor, and lets in", weak)
		}
	}
	for _, strong := range [][]string{{"pwd", "mfa"}, {"pwd", "totp"}, {"pop"}, {"hwk", "pin"}} {
		b := enters(strong...)
		if !isIn(b) {
			t.Errorf("amr %q does not let in: %q", strong, b.home())
		}
	}
	must(t, h.service.Policies.Set(ctx, there, sso.Policy{Who: sso.Everyone, Issuer: true}, ""))
	b := enters("pwd", "otp", "mfa")
	if last := b.post("/account/switch", url.Values{"agent": {string(h.elsewhere.Agent)}}); last.location == "/" {
		t.Errorf("bourg’s issuer opens agglo, which asks for a second factor: %q", b.home())
	}
}
