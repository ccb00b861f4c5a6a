package directory_test

import (
	"context"
	"errors"
	"testing"

	"parvis/directory"
	"parvis/portal"
)

func TestACollectivityIsSetUpWithItsAgents(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	must(t, tw.SetUpCollectivity(ctx, directory.Collectivity{ID: "val", Name: "Val", LongName: "Commune du Val", Kind: "commune", Domains: []string{"val.example"}},
		[]directory.Agent{{GivenName: "Élise", FamilyName: "Noël", Email: "elise@val.example"}, {FamilyName: "Roux", Email: "roux@val.example"}}))
	account := got(tw.AccountByLogin(ctx, "Elise@val.example"))(t)
	caller := got(tw.CallerFor(ctx, account.ID, "val"))(t)
	if people := got(tw.People(ctx, caller, directory.PeopleQuery{Text: "noel"}))(t); people.Total != 1 {
		t.Errorf("%d agents named Noël, want 1", people.Total)
	}
	if people := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Text: "noel"}))(t); people.Total != 0 {
		t.Errorf("bourg sees %v", names(people))
	}
}

func TestACollectivityIsSetUpWholeOrNotAtAll(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	for name, agent := range map[string]directory.Agent{
		"a login that is taken":           {FamilyName: "Double", Email: "first@val.example"},
		"an address of another's domain":  {FamilyName: "Voisin", Email: "voisin@bourg.example"},
		"an agent without a name":         {Email: "nobody@val.example"},
		"an agent who could never get in": {FamilyName: "Sans adresse"},
	} {
		err := tw.SetUpCollectivity(ctx, directory.Collectivity{ID: "val", Name: "Val", LongName: "Commune du Val", Kind: "commune", Domains: []string{"val.example"}},
			[]directory.Agent{{FamilyName: "Premier", Email: "first@val.example"}, agent})
		if !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
		if _, err := tw.Collectivity(ctx, "val"); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s: the collectivity is there, %v", name, err)
		}
		if _, err := tw.AccountByLogin(ctx, "first@val.example"); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s: the first account is there, %v", name, err)
		}
	}
}
