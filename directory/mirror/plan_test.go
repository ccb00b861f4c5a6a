package mirror

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/sso"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// entry is a person of a server.
func entry(key, given, family string) ldapdir.Entry {
	return ldapdir.Entry{Key: key, Version: "1", Read: true, DN: "uid=" + key, Profile: sso.Profile{
		Key: key, GivenName: given, FamilyName: family, Email: strings.ToLower(given) + "@bourg.example",
	}}
}

// nobody is a directory without people.
func nobody() *directory.MirrorState {
	return &directory.MirrorState{
		MirrorFrame: directory.MirrorFrame{
			UnitOf: map[string]portal.UnitID{}, Groups: map[portal.GroupID]string{}, GroupOf: map[string]directory.MirroredGroup{},
			Guarded: map[portal.Subject][]portal.Right{}, Governs: map[portal.AgentID]bool{},
		},
		People: map[string]directory.Mirrored{}, Members: map[portal.GroupID][]portal.AgentID{},
	}
}

// with adds an agent who comes from the server.
func with(state *directory.MirrorState, key, given, family string) *directory.MirrorState {
	agent := directory.Agent{ID: portal.AgentID("a-" + key), Kind: directory.Employed, GivenName: given, FamilyName: family, Email: strings.ToLower(given) + "@bourg.example", SourceKey: key, Active: true}
	state.Agents, state.Tied = append(state.Agents, agent), state.Tied+1
	state.People[key] = directory.Mirrored{Key: key, Agent: agent.ID, Version: "1", Given: []string{"given_name", "family_name", "email"}}
	return state
}

// kept is an entry whose version is known.
func kept(key string) ldapdir.Entry { return ldapdir.Entry{Key: key, Version: "1"} }

var plain = Settings{Share: 10, Every: 15, Attributes: map[string]string{"family_name": "sn"}}

func TestWhoIsThereByHerAddressWaitsForAnAnswer(t *testing.T) {
	state := nobody()
	state.Agents = []directory.Agent{{ID: "anne", GivenName: "Anne", FamilyName: "Petit", Email: "ANNE@bourg.example", Active: true}}
	plan := planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{entry("k", "Anne", "Petit-Durand")}}, state, noon)
	if len(plan.Mirroring.Create) != 0 || len(plan.Links) != 1 || plan.Links[0].Agent != "anne" {
		t.Errorf("plan = %+v, want one link and nobody new", plan)
	}
	// Two cards with her address: neither is chosen.
	state.Agents = append(state.Agents, directory.Agent{ID: "other", FamilyName: "Petit", Email: "anne@bourg.example", Active: true})
	plan = planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{entry("k", "Anne", "Petit")}}, state, noon)
	if len(plan.Mirroring.Create)+len(plan.Links) != 0 || plan.Counts[Skip] != 1 {
		t.Errorf("plan = %+v, want a line that tells of two cards", plan)
	}
	// An entry made anew in the server has another key: the same question.
	plan = planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{entry("new", "Anne", "Petit")}}, with(nobody(), "old", "Anne", "Petit"), noon)
	if len(plan.Links) != 1 || plan.Links[0].Agent != "a-old" {
		t.Errorf("links = %+v, want the card of the entry that is no more", plan.Links)
	}
	// Two people of the server who share an address are two.
	shared := entry("k2", "Anne", "Autre")
	plan = planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{kept("k"), shared}}, with(nobody(), "k", "Anne", "Petit"), noon)
	if len(plan.Mirroring.Create) != 1 || len(plan.Links) != 0 {
		t.Errorf("plan = %+v, want somebody new", plan)
	}
}

func TestNobodyIsClosedByLessThanEverybody(t *testing.T) {
	for name, reading := range map[string]ldapdir.Reading{
		"referral": {Referral: "ldap://elsewhere", People: []ldapdir.Entry{kept("b")}},
		"keyless":  {Keyless: 1, People: []ldapdir.Entry{kept("b")}},
	} {
		state := with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand")
		if plan := planOf(plain, reading, state, noon); len(plan.Mirroring.Close) != 0 || shortfall(reading) == nil {
			t.Errorf("%s: closes %v, says %v", name, plan.Mirroring.Close, shortfall(reading))
		}
		reading.Referral, reading.Keyless = "", 0
		if plan := planOf(plain, reading, state, noon); len(plan.Mirroring.Close) != 1 || plan.Asks {
			t.Errorf("%s: a whole reading closes %v", name, plan.Mirroring.Close)
		}
	}
}

// TestAPartialReadingTakesNobodyOutOfAGroup: whom the server does not show has left
// neither the collectivity nor her groups.
func TestAPartialReadingTakesNobodyOutOfAGroup(t *testing.T) {
	settings := plain
	settings.WithGroups = true
	for name, c := range map[string]struct {
		reading ldapdir.Reading
		leave   int
	}{"keyless": {ldapdir.Reading{Keyless: 1}, 1}, "referral": {ldapdir.Reading{Referral: "ldap://elsewhere"}, 1}} {
		state := with(with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand"), "c", "Léa", "Sow")
		state.Groups["g"], state.GroupOf["kg"], state.Members["g"] = "Finances", directory.MirroredGroup{ID: "g"}, []portal.AgentID{"a-a", "a-b", "a-c"}
		reading := c.reading
		reading.People = []ldapdir.Entry{kept("b"), kept("c")} // Anne is not shown, Léa is in the group no more
		reading.Groups = []ldapdir.GroupEntry{{Key: "kg", Version: "2", Name: "Finances", Members: []string{"b"}}}
		left := planOf(settings, reading, state, noon).Mirroring.Leave
		if len(left) != c.leave || left[0].Agent != "a-c" {
			t.Errorf("%s: %v leave, want the one who is shown", name, left)
		}
	}
}

// TestAServerThatSaysLessOfEverybodyAsks: what its service account reads no more is not
// emptied on all cards unasked; what is asked no more is emptied on none.
func TestAServerThatSaysLessOfEverybodyAsks(t *testing.T) {
	settings := plain
	settings.Attributes = map[string]string{"family_name": "sn", "given_name": "givenName", "email": "mail"}
	for _, c := range []struct {
		emptied int
		asks    bool
	}{{5, false}, {6, true}} {
		state, reading := nobody(), ldapdir.Reading{}
		for n := range 20 {
			key := fmt.Sprint("k", n)
			with(state, key, fmt.Sprint("p", n), "Petit")
			one := entry(key, fmt.Sprint("p", n), "Petit")
			if n < c.emptied {
				one.Profile.Email = ""
			}
			reading.People = append(reading.People, one)
		}
		plan := planOf(settings, reading, state, noon)
		if plan.Asks != c.asks || len(plan.Mirroring.Change) != c.emptied || (plan.Closings != "") != c.asks {
			t.Errorf("%d emptied: asks %v by %q, changes %d", c.emptied, plan.Asks, plan.Closings, len(plan.Mirroring.Change))
		}
		unasked := settings
		unasked.Attributes = map[string]string{"family_name": "sn", "given_name": "givenName"}
		for i := range reading.People {
			reading.People[i].Profile.Email = ""
		}
		if plan := planOf(unasked, reading, state, noon); len(plan.Mirroring.Change) != 0 || plan.Asks || slices.Contains(plan.Mirroring.People[0].Given, "email") {
			t.Errorf("a field that is asked no more: %+v", plan.Mirroring.Change)
		}
	}
}

// TestAGroupThatARuleFillsIsNoMoreTheServers, whatever it says of its members.
func TestAGroupThatARuleFillsIsNoMoreTheServers(t *testing.T) {
	settings, state := plain, with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand")
	settings.WithGroups = true
	state.Groups["g"], state.GroupOf["kg"], state.Members["g"] = "Finances", directory.MirroredGroup{ID: "g"}, []portal.AgentID{"a-a"}
	state.Ruled = map[portal.GroupID]bool{"g": true}
	reading := ldapdir.Reading{People: []ldapdir.Entry{kept("a"), kept("b")}, Groups: []ldapdir.GroupEntry{{Key: "kg", Version: "2", Name: "Finances", Members: []string{"b"}}}}
	if made := planOf(settings, reading, state, noon).Mirroring; len(made.Join)+len(made.Leave) != 0 {
		t.Errorf("joins %v, leaves %v", made.Join, made.Leave)
	}
}

func TestTheShareOfDepartures(t *testing.T) {
	for _, c := range []struct {
		people, leave, share int
		asks                 bool
	}{{100, 10, 10, false}, {100, 11, 10, true}, {20, 5, 10, false}, {20, 6, 10, true}, {1000, 100, 10, false}, {1000, 101, 10, true}, {50, 50, 100, false}} {
		state, reading := nobody(), ldapdir.Reading{}
		for n := range c.people {
			key := fmt.Sprint("k", n)
			with(state, key, fmt.Sprint("p", n), "Petit")
			if n >= c.leave {
				reading.People = append(reading.People, kept(key))
			}
		}
		settings := plain
		settings.Share = c.share
		if plan := planOf(settings, reading, state, noon); plan.Asks != c.asks || plan.Counts[Close] != c.leave {
			t.Errorf("%d of %d at %d %%: asks %v, closes %d", c.leave, c.people, c.share, plan.Asks, plan.Counts[Close])
		}
	}
}

func TestTheLastAdministratorStays(t *testing.T) {
	state := with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand")
	state.Governs["a-a"] = true
	plan := planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{kept("c")}}, state, noon)
	if len(plan.Mirroring.Close) != 1 || plan.Mirroring.Close[0].Agent != "a-b" || plan.Counts[Skip] != 1 {
		t.Errorf("closes %v with %v, want the other one and a line", plan.Mirroring.Close, plan.Counts)
	}
	for _, tie := range plan.Mirroring.People {
		if tie.Agent == "a-a" && !tie.Closed.IsZero() {
			t.Error("she who stays is marked as closed")
		}
	}
	state.Governs["a-x"] = true // another one, made by hand
	if plan = planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{kept("c")}}, state, noon); len(plan.Mirroring.Close) != 2 {
		t.Error("an administrator who is not the last stays")
	}
}

// TestTheServerGivesNoAdministration: neither by a group, nor by a unit, nor by
// one below it, unless the administrator said so.
func TestTheServerGivesNoAdministration(t *testing.T) {
	settings := plain
	settings.WithGroups, settings.Units = true, UnitTree
	build := func() *directory.MirrorState {
		state := with(nobody(), "a", "Anne", "Petit")
		state.Groups["g"], state.GroupOf["kg"] = "Direction", directory.MirroredGroup{ID: "g"}
		state.Units, state.UnitOf["ku"] = []directory.UnitNode{{Unit: directory.Unit{ID: "u", Name: "Cabinet"}}}, "u"
		state.Guarded[portal.Subject{Kind: portal.TheGroup, ID: "g"}] = []portal.Right{portal.Admin}
		state.Guarded[portal.Subject{Kind: portal.TheUnit, ID: "u"}] = []portal.Right{portal.ManageAgents}
		return state
	}
	for _, unit := range []string{"ku", "kbelow"} {
		anne := entry("a", "Anne", "Petit")
		anne.Version, anne.Unit = "2", unit
		reading := ldapdir.Reading{
			People: []ldapdir.Entry{anne},
			Units:  []ldapdir.UnitEntry{{Key: "ku", Name: "Cabinet"}, {Key: "kbelow", Name: "Secrétariat", Parent: "ku"}},
			Groups: []ldapdir.GroupEntry{{Key: "kg", Version: "1", Name: "Direction", Members: []string{"a"}}},
		}
		plan := planOf(settings, reading, build(), noon)
		if len(plan.Mirroring.Join) != 0 || slices.ContainsFunc(plan.Mirroring.Change, func(a directory.Agent) bool { return a.Unit != "" }) || plan.Counts[Skip] != 2 {
			t.Errorf("%s: joins %v, changes %+v, says %v", unit, plan.Mirroring.Join, plan.Mirroring.Change, plan.Counts)
		}
		allowed := settings
		allowed.Administration = true
		plan = planOf(allowed, reading, build(), noon)
		if len(plan.Mirroring.Join) != 1 || len(plan.Mirroring.Change) != 1 || plan.Mirroring.Change[0].Unit == "" || plan.Counts[Skip] != 0 {
			t.Errorf("%s, allowed: joins %v, changes %+v", unit, plan.Mirroring.Join, plan.Mirroring.Change)
		}
	}
}

func TestAGroupOfTheServerTakesNoGroupMadeByHand(t *testing.T) {
	settings, state := plain, with(nobody(), "a", "Anne", "Petit")
	settings.WithGroups = true
	state.Groups["ours"] = "Finances"
	plan := planOf(settings, ldapdir.Reading{People: []ldapdir.Entry{kept("a")}, Groups: []ldapdir.GroupEntry{{Key: "kg", Version: "1", Name: "FINANCES", Members: []string{"a"}}}}, state, noon)
	if len(plan.Mirroring.Groups) != 1 || plan.Mirroring.Groups[0].ID == "ours" || plan.Mirroring.Groups[0].Name != "FINANCES (annuaire)" || plan.Mirroring.Join[0].Group == "ours" {
		t.Errorf("plan = %+v, want a group of its own", plan.Mirroring)
	}
}

func TestAnAccountEndsByItsDate(t *testing.T) {
	state := with(nobody(), "a", "Anne", "Petit")
	tie := state.People["a"]
	tie.Ends = noon.Add(-time.Hour)
	state.People["a"] = tie
	plan := planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{kept("a")}}, state, noon)
	if len(plan.Mirroring.Close) != 1 || plan.Mirroring.Close[0].Reason != "account-expired" {
		t.Errorf("closes %v, want the one whose date is past", plan.Mirroring.Close)
	}
	state.Agents[0].Active = false // closed by hand: she is not the server's to open again
	if plan := planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{kept("a")}}, state, noon); len(plan.Mirroring.Close)+len(plan.Mirroring.People) != 0 {
		t.Errorf("closes %v again", plan.Mirroring.Close)
	}
}

func TestBadValuesAndLoopsAreLeftOut(t *testing.T) {
	state := with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand")
	state.Agents[1].Manager = "a-a"
	anne := entry("a", "Anne", "Petit")
	anne.Profile.Phone, anne.Profile.Email, anne.Manager = "à rappeler", "anne", "b"
	unnamed := ldapdir.Entry{Key: "c", Version: "1", Read: true, DN: "uid=c"}
	plan := planOf(plain, ldapdir.Reading{People: []ldapdir.Entry{anne, kept("b"), unnamed}}, state, noon)
	if len(plan.Mirroring.Change)+len(plan.Mirroring.Create) != 0 || plan.Counts[Skip] != 4 {
		t.Errorf("changes %+v, makes %+v, says %+v", plan.Mirroring.Change, plan.Mirroring.Create, plan.Lines)
	}
}

// FuzzPlan: whatever a server says, nobody is created twice, no card is refused by
// the directory, and nobody governs less.
func FuzzPlan(f *testing.F) {
	f.Add("Anne", "Petit", "anne@bourg.example", "02 61 91 01 42", "Voirie")
	f.Add("", "", "é'*(\\😀", "\x00", strings.Repeat("x", 4096))
	f.Fuzz(func(t *testing.T, given, family, mail, phone, unit string) {
		settings := plain
		settings.Units, settings.WithGroups = UnitAttribute, true
		one := ldapdir.Entry{Key: "k", Version: "2", Read: true, Unit: unit, Manager: "k", Profile: sso.Profile{GivenName: given, FamilyName: family, Email: mail, Phone: phone}}
		two := one
		two.Key = "k2"
		plan := planOf(settings, ldapdir.Reading{People: []ldapdir.Entry{one, two}, Groups: []ldapdir.GroupEntry{{Key: "g", Name: unit, Members: []string{"k", "k"}}}}, with(nobody(), "k", "Anne", "Petit"), noon)
		for _, agent := range slices.Concat(plan.Mirroring.Create, plan.Mirroring.Change) {
			if refused := agent.Refused(); len(refused) > 0 {
				t.Errorf("%+v has bad %v", agent, refused)
			}
		}
		if len(plan.Mirroring.Create) > 1 || len(plan.Mirroring.Close) > 0 || len(plan.Mirroring.Join) > 2 {
			t.Errorf("plan = %+v", plan.Mirroring)
		}
	})
}

// FuzzSettings: what is stored is either refused or can be asked.
func FuzzSettings(f *testing.F) {
	f.Add(`{"people":{"base":"dc=x","filter":"(cn=*)"},"attributes":{"family_name":"sn"},"every":15,"share":10}`)
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := parse(text)
		if err != nil {
			return
		}
		if wanted := settings.wanted("entryUUID"); wanted.People.Base == "" || wanted.People.Filter == "" || settings.every() <= 0 {
			t.Errorf("%q is taken as %+v", text, settings)
		}
	})
}

// TestTheLastWhoGovernStayWhereTheyAre, and are named: in their units and in their groups.
func TestTheLastWhoGovernStayWhereTheyAre(t *testing.T) {
	settings := plain
	settings.WithGroups, settings.Units = true, UnitTree
	anne, luc := entry("a", "Anne", "Petit"), entry("b", "Luc", "Grand")
	anne.Version, anne.Unit, luc.Version, luc.Unit = "2", "kv", "2", "kv"
	reading := ldapdir.Reading{
		People: []ldapdir.Entry{anne, luc},
		Units:  []ldapdir.UnitEntry{{Key: "ku", Name: "Cabinet"}, {Key: "kv", Name: "Voirie"}},
		Groups: []ldapdir.GroupEntry{{Key: "kg", Version: "2", Name: "Direction"}},
	}
	for _, keep := range []bool{false, true} {
		state := with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand")
		state.Units = []directory.UnitNode{{Unit: directory.Unit{ID: "u", Name: "Cabinet"}}, {Unit: directory.Unit{ID: "v", Name: "Voirie"}}}
		state.UnitOf["ku"], state.UnitOf["kv"] = "u", "v"
		state.Groups["g"], state.GroupOf["kg"], state.Members["g"] = "Direction", directory.MirroredGroup{ID: "g", Version: "1"}, []portal.AgentID{"a-a", "a-b"}
		for i := range state.Agents {
			state.Agents[i].Unit = "u"
		}
		state.Governs["a-a"], state.Keep = true, keep
		plan := planOf(settings, reading, state, noon)
		moved, left := map[portal.AgentID]bool{}, map[portal.AgentID]bool{}
		for _, agent := range plan.Mirroring.Change {
			moved[agent.ID] = agent.Unit == "v"
		}
		for _, one := range plan.Mirroring.Leave {
			left[one.Agent] = true
		}
		if moved["a-a"] == keep || left["a-a"] == keep || !moved["a-b"] || !left["a-b"] {
			t.Errorf("keep %v: moves %v, takes out %v", keep, moved, left)
		}
		var told []string
		for _, line := range plan.Lines {
			if line.Kind == Skip {
				told = append(told, line.Name+" "+line.Detail.Reason+" "+line.Detail.Text)
			}
		}
		if keep != (len(told) == 2) || keep && (told[0] != "Anne Petit last-admin-stays Cabinet" || told[1] != "Anne Petit last-admin-stays Direction") {
			t.Errorf("keep %v: told %q", keep, told)
		}
	}
}

// TestABranchOfTheLastAdministratorStays where her right reaches her; others move.
func TestABranchOfTheLastAdministratorStays(t *testing.T) {
	settings, state := plain, with(with(nobody(), "a", "Anne", "Petit"), "b", "Luc", "Grand")
	settings.Units = UnitTree
	for i, unit := range []directory.Unit{{ID: "top", Name: "Direction"}, {ID: "other", Name: "Ailleurs"}, {ID: "hers", Parent: "top", Name: "Cabinet"}, {ID: "below", Parent: "hers", Name: "Secrétariat"}, {ID: "his", Parent: "top", Name: "Voirie"}} {
		unit.Position = i
		state.Units = append(state.Units, directory.UnitNode{Unit: unit})
		state.UnitOf["k-"+string(unit.ID)] = unit.ID
	}
	state.Agents[0].Unit, state.Agents[1].Unit = "below", "his"
	state.Governs["a-a"] = true
	reading := ldapdir.Reading{People: []ldapdir.Entry{kept("a"), kept("b")}, Units: []ldapdir.UnitEntry{
		{Key: "k-top", Name: "Direction"},
		{Key: "k-other", Name: "Ailleurs"},
		{Key: "k-hers", Parent: "k-other", Name: "Cabinet"},
		{Key: "k-below", Parent: "k-hers", Name: "Secrétariat"},
		{Key: "k-his", Parent: "k-other", Name: "Voirie"},
	}}
	for _, keep := range []bool{false, true} {
		state.Keep = keep
		plan := planOf(settings, reading, state, noon)
		moved := map[portal.UnitID]bool{}
		for _, unit := range plan.Mirroring.Units {
			moved[unit.ID] = true
		}
		if moved["hers"] == keep || !moved["his"] || plan.Counts[Skip] != map[bool]int{true: 1}[keep] {
			t.Errorf("keep %v: %v are moved, told are %v", keep, moved, plan.Counts)
		}
	}
}
