// Package rules measures what groups by rule cost: a change of a card among many
// rules and agents that it does not concern, and the preview of a rule.
package rules

import (
	"context"
	"fmt"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database/databasetest"
)

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// world is a collectivity of units, each with a group by rule, and of agents.
func world(b *testing.B, rules, agents int) (*directory.Store, portal.Caller) {
	b.Helper()
	ctx, store, admin := context.Background(), directory.New(databasetest.New(b)), directory.Installation("bourg")
	staff := make([]directory.Agent, agents)
	for i := range staff {
		staff[i] = directory.Agent{
			ID: portal.AgentID(fmt.Sprintf("a%d", i)), GivenName: "Anne", FamilyName: fmt.Sprintf("Roux %d", i),
			Email: fmt.Sprintf("a%d@bourg.example", i), Function: "Chargée de mission", Office: fmt.Sprint("Bureau ", i%300),
		}
	}
	check(b, store.SetUpCollectivity(ctx, directory.Collectivity{ID: "bourg", Name: "Bourg", LongName: "Mairie de Bourg", Kind: "commune", Domains: []string{"bourg.example"}}, staff))
	for i := range rules {
		unit, err := store.CreateUnit(ctx, admin, directory.Unit{ID: portal.UnitID(fmt.Sprintf("u%d", i)), Name: fmt.Sprint("Service ", i)})
		check(b, err)
		group, err := store.AddGroup(ctx, admin, fmt.Sprint("Groupe ", i), "")
		check(b, err)
		keep(b, store, admin, group, directory.Rule{Conditions: []directory.Condition{{Field: directory.RuleUnit, Test: directory.TestWithin, Value: string(unit)}}})
	}
	return store, admin
}

func keep(b *testing.B, store *directory.Store, admin portal.Caller, group portal.GroupID, rule directory.Rule) {
	b.Helper()
	ctx := context.Background()
	preview, err := store.PreviewRule(ctx, admin, group, rule)
	check(b, err)
	check(b, store.SetRule(ctx, admin, directory.RuleChange{Group: group, Rule: rule, Seen: preview.Seen, Sure: true}))
}

// BenchmarkChange moves an agent between two units, each with its group by rule.
// Neither other rules nor other agents must count.
func BenchmarkChange(b *testing.B) {
	for _, size := range []struct{ rules, agents int }{{2, 20}, {200, 20}, {2, 2000}} {
		b.Run(fmt.Sprintf("rules=%d/agents=%d", size.rules, size.agents), func(b *testing.B) {
			store, admin := world(b, size.rules, size.agents)
			ctx, n := context.Background(), 0
			card, err := store.Enrolled(ctx, admin, "a7")
			check(b, err)
			b.ReportAllocs()
			for b.Loop() {
				shown, typed := card.Agent, card.Agent
				typed.Unit = portal.UnitID(fmt.Sprintf("u%d", n%2))
				check(b, store.ChangeAgent(ctx, admin, shown, typed, ""))
				card.Agent, n = typed, n+1
			}
		})
	}
}

// BenchmarkPreview judges every card of a collectivity.
func BenchmarkPreview(b *testing.B) {
	for _, agents := range []int{500, 10000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			store, admin := world(b, 1, agents)
			group, err := store.AddGroup(context.Background(), admin, "Essai", "")
			check(b, err)
			rule := directory.Rule{Conditions: []directory.Condition{{Field: directory.RuleOffice, Test: directory.TestContains, Value: "bureau 12"}, {Field: directory.RuleKind, Test: directory.TestIs, Value: "agent"}}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.PreviewRule(context.Background(), admin, group, rule); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkList reads a page of ten thousand groups, searched.
func BenchmarkList(b *testing.B) {
	store, admin := world(b, 0, 5)
	ctx := context.Background()
	for i := range 10000 {
		_, err := store.CreateGroup(ctx, admin, directory.Group{ID: portal.GroupID(fmt.Sprintf("g%d", i)), Name: fmt.Sprint("Équipe ", i)})
		check(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		page, err := store.ListGroups(ctx, admin, directory.GroupQuery{Text: "equipe 12"})
		check(b, err)
		if page.Total == 0 {
			b.Fatal("nothing found")
		}
	}
}
