package directory_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/portal"
)

// asTheIssuerSays signs in with an address of a collectivity whose issuer vouches
// for somebody else, and returns the last answer: an issuer may name whom it
// pleases.
func (b *person) asTheIssuerSays(login, names string) answer {
	b.t.Helper()
	leave := got(url.Parse(b.toIssuer(login, "")))(b.t)
	query := leave.Query()
	query.Set("login_hint", names)
	leave.RawQuery = query.Encode()
	return b.get(b.throughIssuer(leave.String()))
}

// isOut fails unless a browser is signed in nowhere.
func (b *person) isOut(t testing.TB) {
	t.Helper()
	if last := b.get("/"); last.status != http.StatusSeeOther {
		t.Errorf("signed in as %q", last.body)
	}
}

// TestAnIssuerTakesOverNobodyOfAnotherCollectivity: bourg chooses its issuer, and
// that one may say what it likes. It opens no account of agglo, not even one that
// works in bourg too, nor one that it vouched for before its domain went to agglo.
func TestAnIssuerTakesOverNobodyOfAnotherCollectivity(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	marc, cecile := servers.PersonByUID("marc.dupont"), servers.PersonByUID("cecile.oconnor")
	town := directory.Collectivity{ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune"}
	basin := directory.Collectivity{ID: "agglo", Name: "Val", LongName: "Agglomération du Val", Kind: "epci"}
	own := func(bourg, agglo []string) {
		t.Helper()
		town.Domains, basin.Domains = nil, nil
		must(t, h.ChangeCollectivity(ctx, town))
		must(t, h.ChangeCollectivity(ctx, basin))
		town.Domains, basin.Domains = bourg, agglo
		must(t, h.ChangeCollectivity(ctx, town))
		must(t, h.ChangeCollectivity(ctx, basin))
	}
	inBoth := func(caller portal.Caller, other portal.CollectivityID) {
		t.Helper()
		got(h.CreateAgent(ctx, directory.Installation(other), directory.Agent{Account: caller.Account, FamilyName: "Deux"}))(t)
	}
	h.useOIDC(t, "bourg", true)

	// Cécile signs in in bourg while bourg.example is bourg's.
	inBoth(h.hire(t, "bourg", cecile.Mail, directory.Agent{GivenName: "Cécile", FamilyName: "O’Connor"}), "agglo")
	h.browser(t).asTheIssuerSays(cecile.Mail, cecile.Mail).want(t, http.StatusSeeOther)

	// The domain goes to agglo, with its people; bourg keeps another.
	own([]string{"vieux-bourg.example"}, []string{"agglo.example", "bourg.example"})
	inBoth(h.hire(t, "agglo", marc.Mail, directory.Agent{GivenName: "Marc", FamilyName: "Dupont"}), "bourg")
	for _, victim := range []servers.Person{marc, cecile} {
		b := h.browser(t)
		b.asTheIssuerSays("accueil@vieux-bourg.example", victim.Mail).want(t, http.StatusForbidden, "n’est pas celle d’un agent")
		b.isOut(t)
	}
}
