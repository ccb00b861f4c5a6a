package directory_test

import (
	"context"
	"slices"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/sso"
)

// TestASourceGivesNoAdministration as somebody signs in: neither by a unit that it names,
// nor by a rule over what it says.
func TestASourceGivesNoAdministration(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	people := directory.SignIn{Store: d.Store}
	heads := d.ruled(t, d.admin, "Direction", allOf(when(directory.RuleFunction, directory.TestContains, "maire")))
	plain := d.ruled(t, d.admin, "Maires", allOf(when(directory.RuleFunction, directory.TestContains, "maire")))
	d.give(t, portal.ManageApplications, portal.TheGroup, string(heads))
	d.give(t, portal.ReadJournal, portal.TheUnit, "technique")
	for _, profile := range []sso.Profile{
		{Login: "neuf@bourg.example", FamilyName: "Neuf", UnitName: "Voirie", Function: "Maire"},
		{Login: "beside@bourg.example", FamilyName: "Dehors", UnitName: "Voirie", Function: "Maire"},
	} {
		for range 2 { // and again
			account := got(people.Admit(ctx, "bourg", profile))(t)
			she := got(d.CallerFor(ctx, account, "bourg"))(t)
			if she.Administers() || slices.Contains(she.Units, "technique") {
				t.Errorf("%s came to %v with %v %v, want no administration", profile.Login, she.Units, she.Rights, she.Narrowed)
			}
			if she.In(heads) || !she.In(plain) {
				t.Errorf("%s is in %v, want the group that gives nothing", profile.Login, she.Groups)
			}
		}
	}
	account := got(people.Admit(ctx, "bourg", sso.Profile{Login: "nowhere@bourg.example", FamilyName: "Nulle-Part", UnitName: "Accueil"}))(t)
	if she := got(d.CallerFor(ctx, account, "bourg"))(t); she.Unit != "accueil" {
		t.Errorf("she came to %q, want where her source says", she.Unit)
	}
}

// TestASourceLeavesTheLastAdministrator where she governs from.
func TestASourceLeavesTheLastAdministrator(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	people, install := directory.SignIn{Store: d.Store}, directory.Installation("bourg")
	heads := d.ruled(t, d.admin, "Direction", allOf(when(directory.RuleFunction, directory.TestContains, "maire")))
	for _, subject := range []portal.Subject{{Kind: portal.TheUnit, ID: "accueil"}, {Kind: portal.TheGroup, ID: string(heads)}} {
		card := got(d.Enrolled(ctx, install, d.beside.Agent))(t).Agent
		shown := card
		card.Unit, card.Function = "accueil", "Maire"
		must(t, d.ChangeAgent(ctx, install, shown, card, ""))
		id := got(d.Give(ctx, install, directory.Given{Right: portal.Admin, Subject: subject}, ""))(t)
		must(t, d.SetRights(ctx, install, d.admin.Agent, nil))
		for range 2 { // and again
			got(people.Admit(ctx, "bourg", sso.Profile{Login: "beside@bourg.example", FamilyName: "Dehors", UnitName: "Voirie", Function: "Agente"}))(t)
			if she := d.now(t, d.beside); !she.Can(portal.Admin) {
				t.Errorf("by %s: nobody governs any more", subject.Kind)
			}
		}
		must(t, d.SetRights(ctx, install, d.admin.Agent, []portal.Right{portal.Admin}))
		got(people.Admit(ctx, "bourg", sso.Profile{Login: "beside@bourg.example", FamilyName: "Dehors", UnitName: "Voirie", Function: "Secrétaire"}))(t)
		if she := d.now(t, d.beside); she.Unit != "voirie" {
			t.Errorf("with another administrator she is in %q, want where her source says", she.Unit)
		}
		got(d.Take(ctx, install, id, ""))(t)
	}
}

// TestAMirrorKeepsTheLastWhoGoverns: nothing else is written, and it may be decided again.
func TestAMirrorKeepsTheLastWhoGoverns(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	install := directory.Installation("bourg")
	got(d.Give(ctx, install, directory.Given{Right: portal.Admin, Subject: portal.Subject{Kind: portal.TheUnit, ID: "accueil"}}, ""))(t)
	must(t, d.SetRights(ctx, install, d.admin.Agent, nil))
	for _, keep := range []bool{false, true} {
		state := got(d.MirrorState(ctx, "bourg"))(t)
		err := d.Mirror(ctx, "bourg", state, func(*database.Tx) (made directory.Mirroring, err error) {
			for _, agent := range state.Agents {
				if agent.Unit = "voirie"; !keep || !state.Governs[agent.ID] {
					made.Change = append(made.Change, agent)
				}
			}
			return made, nil
		})
		if (err == nil) != keep || !keep && !directory.IsLastAdministrator(err) {
			t.Errorf("keeping %v: %v, want a refusal of what leaves nobody to govern", keep, err)
		}
	}
	if she := d.now(t, d.beside); !she.Can(portal.Admin) {
		t.Error("nobody governs any more")
	}
	if she := d.now(t, d.inside); she.Unit != "voirie" {
		t.Errorf("another one is in %q, want where her server says", she.Unit)
	}
}
