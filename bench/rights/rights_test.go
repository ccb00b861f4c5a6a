// Package rights measures what it costs to know what somebody may do.
package rights

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database/databasetest"
)

// world is a collectivity with rules, an agent of which is in twenty groups, beside
// others that have as many.
func world(b *testing.B, rules, others int) (*directory.Store, portal.Caller) {
	b.Helper()
	ctx, store := context.Background(), directory.New(databasetest.New(b))
	var caller portal.Caller
	for n := range 1 + others {
		id := portal.CollectivityID(fmt.Sprintf("c%d", n))
		install := directory.Installation(id)
		check(b, store.CreateCollectivity(ctx, directory.Collectivity{ID: id, Name: "Bourg", LongName: "Mairie de Bourg", Kind: "commune"}))
		account, err := store.CreateAccount(ctx, directory.Installation(""), fmt.Sprintf("agent@c%d.example", n))
		check(b, err)
		unit, err := store.CreateUnit(ctx, install, directory.Unit{Name: "Direction"})
		check(b, err)
		unit, err = store.CreateUnit(ctx, install, directory.Unit{Name: "Service", Parent: unit})
		check(b, err)
		agent, err := store.CreateAgent(ctx, install, directory.Agent{Account: account, GivenName: "Anne", FamilyName: "Roux", Unit: unit})
		check(b, err)
		for rule := range rules {
			group, err := store.CreateGroup(ctx, install, directory.Group{Name: fmt.Sprint("Groupe ", rule)})
			check(b, err)
			if rule < 20 {
				check(b, store.AddMember(ctx, install, group, agent))
			}
			right := portal.CollectivityRights[1+rule%(len(portal.CollectivityRights)-1)]
			_, err = store.Give(ctx, install, directory.Given{Right: right, Ends: time.Now().Add(time.Hour), Subject: portal.Subject{Kind: portal.TheGroup, ID: string(group)}}, "")
			check(b, err)
		}
		if n == 0 {
			caller, err = store.CallerFor(ctx, account, id)
			check(b, err)
		}
	}
	return store, caller
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCheck asks whether somebody holds a right, as every feature does: 500
// rules in her collectivity.
func BenchmarkCheck(b *testing.B) {
	_, caller := world(b, 500, 0)
	if caller.Can(portal.Admin) || !caller.Can(portal.EditCalendars) {
		b.Fatalf("she holds %v", caller.Rights)
	}
	for b.Loop() {
		if caller.Can(portal.Admin) || !caller.Can(portal.EditCalendars) {
			b.Fatal("wrong")
		}
	}
}

// BenchmarkCheckNarrowed asks whether somebody who manages the agents of fifty units
// manages those of another one, ten units deep.
func BenchmarkCheckNarrowed(b *testing.B) {
	var caller portal.Caller
	for n := range 50 {
		unit := portal.UnitID(fmt.Sprintf("unit-%02d", n))
		caller.Narrowed = append(caller.Narrowed, portal.Holding{Right: portal.ManageAgents, Unit: unit, Above: []portal.UnitID{unit}})
	}
	chain := make([]portal.UnitID, 10)
	for n := range chain {
		chain[n] = portal.UnitID(fmt.Sprintf("other-%02d", n))
	}
	b.ReportAllocs()
	for b.Loop() {
		if caller.CanIn(portal.ManageAgents, chain) {
			b.Fatal("wrong")
		}
	}
}

// BenchmarkCaller finds out what somebody may do, as is done when she was not seen for
// five seconds. What other collectivities give must not count.
func BenchmarkCaller(b *testing.B) {
	for _, size := range []struct{ rules, others int }{{10, 0}, {500, 0}, {500, 20}} {
		b.Run(fmt.Sprintf("rules=%d/others=%d", size.rules, size.others), func(b *testing.B) {
			store, caller := world(b, size.rules, size.others)
			for b.Loop() {
				_, err := store.CallerFor(context.Background(), caller.Account, caller.Collectivity)
				check(b, err)
			}
		})
	}
}
