package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
	"parvis/sso/upstream"
)

// useRecheckedOIDC makes bourg leave sign-in to the issuer, and ask it again about
// those who entered.
func (h *house) useRecheckedOIDC(t testing.TB, provider *servers.Provider, change func(*upstream.Settings)) *servers.Provider {
	t.Helper()
	client := provider.Register(t, []string{h.server.URL + "/sign-in/callback/bourg"}, nil)
	settings := upstream.Settings{Issuer: provider.Issuer, ClientID: client.ID, Create: true, Recheck: true, Consent: true}
	if change != nil {
		change(&settings)
	}
	text := got(json.Marshal(settings))(t)
	must(t, h.service.Methods.Set(context.Background(), sso.Method{Collectivity: "bourg", Kind: sso.OIDC, Settings: text, Secret: client.Secret}))
	return provider
}

// byIssuer signs a person in by the issuer.
func (b *person) byIssuer(who servers.Person) {
	b.t.Helper()
	b.get(b.throughIssuer(b.toIssuer(who.Mail, ""))).want(b.t, http.StatusSeeOther)
}

// aQuarterLater lets the time pass after which people are asked about again, for
// browsers that are in use.
func (h *house) aQuarterLater(t testing.TB, inUse ...*person) {
	t.Helper()
	h.later(16 * time.Minute)
	for _, b := range inUse {
		b.home()
	}
	h.recheck(t)
}

// TestSessionsEndWhenTheIssuerVouchesForTheirPersonNoMore: her phone stops too, and
// goes on when she is back.
func TestSessionsEndWhenTheIssuerVouchesForTheirPersonNoMore(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	provider := h.useRecheckedOIDC(t, servers.AnotherOIDC(t), nil)
	marc, gael := servers.PersonByUID("marc.dupont"), servers.PersonByUID("gael.yvetot")
	leaves, stays := h.browser(t), h.browser(t)
	leaves.byIssuer(marc)
	stays.byIssuer(gael)
	secret := secretOf(t, leaves.post("/account/app-passwords", url.Values{"name": {"Téléphone"}, "scope": {"calendar"}}).body)
	serves := func() error {
		_, err := h.service.AppPasswords.Authenticate(ctx, marc.Mail, secret, "192.0.2.7")
		return err
	}
	for range 3 { // each token serves once: that of before would end it all
		h.aQuarterLater(t, leaves, stays)
		if !leaves.isIn(marc.Name()) || !stays.isIn(gael.Name()) {
			t.Fatal("who is known is put out")
		}
		must(t, serves())
	}
	provider.Dismiss(t, "marc.dupont")
	h.recheck(t)
	if !leaves.isIn(marc.Name()) {
		t.Error("asked about again within a quarter of an hour")
	}
	h.aQuarterLater(t, leaves, stays)
	if leaves.isIn(marc.Name()) {
		t.Error("who left goes on")
	}
	if !stays.isIn(gael.Name()) {
		t.Error("another is put out")
	}
	if err := serves(); !errors.Is(err, portal.ErrDenied) || errors.Is(err, sso.ErrWrong) || sso.ReasonOf(err) != audit.Unvouched {
		t.Errorf("her telephone gets %v", err)
	}
	h.aQuarterLater(t)
	if serves() == nil {
		t.Error("a quarter of an hour later her telephone serves again")
	}

	provider.Restore(t, "marc.dupont")
	back := h.browser(t)
	back.byIssuer(marc)
	must(t, serves())
	h.aQuarterLater(t, back)
	if !back.isIn(marc.Name()) {
		t.Error("who is back is put out")
	}
	must(t, serves())
	var told []audit.Action
	for _, line := range h.journal(t) {
		if line.Name == marc.Name() && (line.Refused == audit.Unvouched || line.Action == audit.AppPasswordResumed) {
			told = append(told, line.Action)
		}
	}
	slices.Sort(told)
	if want := []audit.Action{audit.AppPasswordResumed, audit.AppPasswordStopped, audit.SessionClosed}; !slices.Equal(told, want) {
		t.Errorf("the journal tells %v, want %v", told, want)
	}
}

// TestWhatNoIssuerSaidEndsNoSession: one that is silent or refuses us, that gave
// nothing to ask with, that is asked no more.
func TestWhatNoIssuerSaidEndsNoSession(t *testing.T) {
	marc := servers.PersonByUID("marc.dupont")
	settings := func(change func(*upstream.Settings)) func(testing.TB, *servers.Provider, *sso.Method) {
		return func(t testing.TB, _ *servers.Provider, method *sso.Method) {
			read := got(upstream.Parse(method.Settings))(t)
			change(&read)
			method.Settings = got(json.Marshal(read))(t)
		}
	}
	for name, test := range map[string]struct {
		before func(*upstream.Settings)
		after  func(testing.TB, *servers.Provider, *sso.Method)
		later  bool // it answers again, and then she is out
	}{
		"silent":          {after: func(_ testing.TB, provider *servers.Provider, _ *sso.Method) { provider.Stop() }},
		"refuses us":      {later: true, after: func(_ testing.TB, _ *servers.Provider, method *sso.Method) { method.Secret = "another" }},
		"gave nothing":    {before: func(settings *upstream.Settings) { settings.Consent = false }},
		"not to be asked": {later: true, after: settings(func(s *upstream.Settings) { s.Recheck, s.Consent = false, false })},
		"was left for another": {later: true, after: func(t testing.TB, _ *servers.Provider, method *sso.Method) {
			other := servers.OIDC(t)
			client := other.Register(t, []string{"https://parvis.example/sign-in/callback/bourg"}, nil)
			settings(func(s *upstream.Settings) { s.Issuer, s.ClientID = other.Issuer, client.ID })(t, other, method)
			method.Secret = client.Secret
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h, ctx := newHouse(t), context.Background()
			provider := h.useRecheckedOIDC(t, servers.AnotherOIDC(t), test.before)
			b := h.browser(t)
			b.byIssuer(marc)
			method := got(h.service.Methods.Of(ctx, "bourg"))(t)
			provider.Dismiss(t, "marc.dupont")
			if test.after != nil {
				changed := method
				test.after(t, provider, &changed)
				must(t, h.service.Methods.Set(ctx, changed))
			}
			h.aQuarterLater(t, b)
			if !b.isIn(marc.Name()) {
				t.Fatal("her session ended")
			}
			must(t, h.service.Methods.Set(ctx, method))
			h.aQuarterLater(t, b)
			if b.isIn(marc.Name()) == test.later {
				t.Errorf("with the settings of before, her session goes on: %v", !test.later)
			}
		})
	}
}

// anotherNode is a second process on the same store.
func (h *house) anotherNode() *sso.Service {
	return sso.New(sso.Options{
		DB: h.db, People: directory.SignIn{Store: directory.New(h.db)}, Issuers: upstream.New(), Sealer: h.sealer,
		Log: slog.New(slog.DiscardHandler), Now: h.now,
	})
}

// TestTwoNodesAskAnIssuerOnce: a token that serves once, shown twice, ends it all.
func TestTwoNodesAskAnIssuerOnce(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	h.useRecheckedOIDC(t, servers.OIDC(t), nil)
	marc := servers.PersonByUID("marc.dupont")
	b := h.browser(t)
	b.byIssuer(marc)
	other := h.anotherNode()
	for range 2 {
		h.later(16 * time.Minute)
		b.home()
		failed := make(chan error, 2)
		for _, node := range []*sso.Service{h.service, other} {
			go func() { failed <- node.Recheck(ctx) }()
		}
		must(t, errors.Join(<-failed, <-failed))
		if !b.isIn(marc.Name()) {
			t.Fatal("a token that serves once was shown twice")
		}
	}
}

// TestTheStoreHoldsNoTokenOfAnIssuer: it is sealed, and goes when nothing hangs on
// it.
func TestTheStoreHoldsNoTokenOfAnIssuer(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	h.useRecheckedOIDC(t, servers.OIDC(t), nil)
	marc := servers.PersonByUID("marc.dupont")
	b := h.browser(t)
	b.byIssuer(marc)
	count := func() (rows int) {
		must(t, h.db.QueryRow(ctx, `SELECT COUNT(*) FROM issuer_vouchers`).Scan(&rows))
		return rows
	}
	var sealed []byte
	must(t, h.db.QueryRow(ctx, `SELECT sealed FROM issuer_vouchers`).Scan(&sealed))
	if len(sealed) == 0 || strings.Contains(string(sealed), "token") {
		t.Errorf("the store holds %q", sealed)
	}
	h.later(2 * time.Hour)
	b.home()
	h.browser(t).enter("luc@agglo.example", password) // anybody's sign-in tidies
	if count() != 1 {
		t.Fatal("dropped while she has a session")
	}
	b.post("/sign-out", nil)
	h.later(2 * time.Minute)
	h.browser(t).enter("luc@agglo.example", password)
	if count() != 0 {
		t.Error("kept when nothing hangs on it")
	}
}
