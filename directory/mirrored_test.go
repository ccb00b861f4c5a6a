package directory_test

import (
	"context"
	"errors"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/sso"
)

// TestAMirrorWritesOverNothingThatItDidNotRead: what it decided of the directory as it was
// is written where that is still so for those whom it is about, and else not at all.
func TestAMirrorWritesOverNothingThatItDidNotRead(t *testing.T) {
	ctx, install := context.Background(), directory.Installation("bourg")
	for name, c := range map[string]struct {
		meanwhile func(t *testing.T, d *division)
		moved     bool
	}{
		"nothing": {func(*testing.T, *division) {}, false},
		"another one came": {func(t *testing.T, d *division) {
			got(d.AddAgent(ctx, d.admin, directory.Agent{FamilyName: "Autre", Email: "autre@bourg.example"}, ""))(t)
		}, false},
		"another collectivity": {func(t *testing.T, d *division) {
			got(d.CreateUnit(ctx, directory.Installation("agglo"), directory.Unit{Name: "Ailleurs"}))(t)
		}, false},
		"somebody with her address": {func(t *testing.T, d *division) {
			got(d.AddAgent(ctx, d.admin, directory.Agent{FamilyName: "Neuve", Email: "Neuve@bourg.example"}, ""))(t)
		}, true},
		"she signed in": {func(t *testing.T, d *division) {
			got(directory.SignIn{Store: d.Store}.Admit(ctx, "bourg", sso.Profile{Key: "k-new", Login: "elle@bourg.example", FamilyName: "Neuve"}))(t)
		}, true},
		"whom it changes was changed": {func(t *testing.T, d *division) {
			card := got(d.Agent(ctx, d.admin, d.inside.Agent))(t)
			typed := card
			typed.Function = "Ailleurs"
			must(t, d.ChangeAgent(ctx, d.admin, card, typed, ""))
		}, true},
		"whom it changes was closed": {func(t *testing.T, d *division) { must(t, d.CloseAgent(ctx, d.admin, d.inside.Agent, "")) }, true},
		"a right was given": {func(t *testing.T, d *division) {
			got(d.Give(ctx, d.admin, directory.Given{Right: portal.Admin, Subject: portal.Subject{Kind: portal.TheUnit, ID: "voirie"}}, ""))(t)
		}, true},
		"a unit came": {func(t *testing.T, d *division) { got(d.CreateUnit(ctx, install, directory.Unit{Name: "Neuf"}))(t) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDivision(t)
			state := got(d.MirrorState(ctx, "bourg"))(t)
			c.meanwhile(t, d)
			err := d.Mirror(ctx, "bourg", state, func(*database.Tx) (made directory.Mirroring, err error) {
				made.Create = []directory.Agent{{ID: "new", FamilyName: "Neuve", Email: "neuve@bourg.example", SourceKey: "k-new", Unit: "voirie"}}
				made.People = []directory.Mirrored{{Key: "k-new", Agent: "new", Version: "1"}}
				for _, agent := range state.Agents {
					if agent.ID == d.inside.Agent {
						agent.Function = "Cantonnière"
						made.Change = append(made.Change, agent)
					}
				}
				return made, nil
			})
			if errors.Is(err, directory.ErrMoved) != c.moved || !c.moved && err != nil {
				t.Errorf("mirror = %v, want it moved %v", err, c.moved)
			}
			var there int
			must(t, d.db.QueryRow(ctx, `SELECT COUNT(*) FROM agents WHERE collectivity = 'bourg' AND (id = 'new' OR function = 'Cantonnière')`).Scan(&there))
			if want := map[bool]int{false: 2}[c.moved]; there != want {
				t.Errorf("%d are written, want %d", there, want)
			}
		})
	}
}

// TestFewAreReadAsAll: what is read about some entries is what a reading of all says.
func TestFewAreReadAsAll(t *testing.T) {
	ctx, d := context.Background(), newDivision(t)
	state := got(d.MirrorState(ctx, "bourg"))(t)
	must(t, d.Mirror(ctx, "bourg", state, func(*database.Tx) (made directory.Mirroring, err error) {
		for _, one := range []struct{ id, manager portal.AgentID }{{"chief", ""}, {"second", "chief"}, {"third", "second"}, {"other", ""}} {
			made.Create = append(made.Create, directory.Agent{ID: one.id, FamilyName: string(one.id), SourceKey: "k-" + string(one.id), Manager: one.manager})
			made.People = append(made.People, directory.Mirrored{Key: "k-" + string(one.id), Agent: one.id, Version: "1", Given: []string{"family_name"}})
		}
		return made, nil
	}))
	all := got(d.MirrorState(ctx, "bourg"))(t)
	few := got(d.MirrorStateOf(ctx, "bourg", []string{"k-third", "k-nobody"}))(t)
	found := map[portal.AgentID]directory.Agent{}
	for _, agent := range few.Agents {
		found[agent.ID] = agent
	}
	for _, agent := range all.Agents {
		if above := agent.ID == "third" || agent.ID == "second" || agent.ID == "chief"; above != (found[agent.ID] == agent) {
			t.Errorf("%s is read: %+v", agent.ID, found[agent.ID])
		}
	}
	if tie := few.People["k-third"]; len(few.People) != 1 || !tie.Same(all.People["k-third"]) || few.Tied != all.Tied || few.Tied != 4 {
		t.Errorf("ties are %+v of %d, want that of one of %d", few.People, few.Tied, all.Tied)
	}
	if elsewhere := got(d.MirrorStateOf(ctx, "agglo", []string{"k-third"}))(t); len(elsewhere.Agents)+len(elsewhere.People)+elsewhere.Tied != 0 {
		t.Errorf("another collectivity reads %+v", elsewhere.Agents)
	}
}
