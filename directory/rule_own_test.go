package directory

import (
	"context"
	"errors"
	"testing"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// TestWhoCorrectsHerOwnCardStaysInHerGroups: she writes her office and function as
// she may, but where a rule looks at them her administrator decides.
func TestWhoCorrectsHerOwnCardStaysInHerGroups(t *testing.T) {
	s, ctx, admin := New(databasetest.New(t)), context.Background(), Installation("bourg")
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	try(s.CreateCollectivity(ctx, Collectivity{ID: "bourg", Name: "Bourg", LongName: "Mairie de Bourg", Kind: "commune"}))
	id, err := s.CreateAgent(ctx, admin, Agent{FamilyName: "Petit", Office: "Mairie"})
	try(err)
	group, err := s.AddGroup(ctx, admin, "Annexe", "")
	try(err)
	rule := Rule{Conditions: []Condition{{RuleOffice, TestContains, "annexe"}}}
	preview, err := s.PreviewRule(ctx, admin, group, rule)
	try(err)
	try(s.SetRule(ctx, admin, RuleChange{Group: group, Rule: rule, Seen: preview.Seen, Sure: true}))
	own := portal.Caller{Collectivity: "bourg", Agent: id, Account: "a"}
	write := func(office string) error {
		return s.db.Tx(ctx, func(tx *database.Tx) error {
			return s.updateAgent(ctx, tx, own, Agent{ID: id, FamilyName: "Petit", Office: office})
		})
	}
	if err := write("Annexe"); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("she placed herself in a group by its rule: %v", err)
	}
	if err := write("Mairie, bureau 2"); err != nil {
		t.Errorf("a change that moves her nowhere: %v", err)
	}
}
