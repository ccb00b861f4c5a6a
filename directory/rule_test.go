package directory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/sso"
)

func when(field directory.RuleField, test directory.RuleTest, value string) directory.Condition {
	return directory.Condition{Field: field, Test: test, Value: value}
}

func allOf(conditions ...directory.Condition) directory.Rule {
	return directory.Rule{Conditions: conditions}
}

func anyOf(conditions ...directory.Condition) directory.Rule {
	return directory.Rule{Any: true, Conditions: conditions}
}

// ruled makes a group of a rule, confirmed.
func (tw *town) ruled(t testing.TB, caller portal.Caller, name string, rule directory.Rule) portal.GroupID {
	t.Helper()
	id := got(tw.AddGroup(context.Background(), caller, name, ""))(t)
	must(t, tw.keepRule(caller, id, rule))
	return id
}

// keepRule shows a rule and keeps it.
func (tw *town) keepRule(caller portal.Caller, id portal.GroupID, rule directory.Rule) error {
	ctx := context.Background()
	preview, err := tw.PreviewRule(ctx, caller, id, rule)
	if err != nil {
		return err
	}
	return tw.SetRule(ctx, caller, directory.RuleChange{Group: id, Rule: rule, Seen: preview.Seen, Sure: true, Told: "la règle"})
}

// members are the family names of those in a group, joined.
func (tw *town) members(t testing.TB, caller portal.Caller, id portal.GroupID) string {
	t.Helper()
	var names []string
	for _, agent := range got(tw.Members(context.Background(), caller, id, 1))(t).Agents {
		names = append(names, agent.FamilyName)
	}
	return strings.Join(names, " ")
}

// change changes the card of an agent by its administrator.
func (tw *town) change(t testing.TB, caller portal.Caller, id portal.AgentID, edit func(card *directory.Agent)) error {
	t.Helper()
	shown := got(tw.Enrolled(context.Background(), caller, id))(t).Agent
	typed := shown
	edit(&typed)
	return tw.ChangeAgent(context.Background(), caller, shown, typed, "")
}

// TestRulesOfAnotherCollectivityDoNotExist: neither are they read or changed, nor
// do they see the cards and the units of another.
func TestRulesOfAnotherCollectivityDoNotExist(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin, bourg := tw.appoint(t, tw.luc), directory.Installation("bourg")
	rule := allOf(when(directory.RuleUnit, directory.TestWithin, "technique"))
	theirs := tw.ruled(t, bourg, "Techniciens", rule)
	ours := tw.ruled(t, admin, "Techniciens", rule)
	_, read := tw.RuleOf(ctx, admin, theirs)
	_, preview := tw.PreviewRule(ctx, admin, theirs, rule)
	_, byHand := tw.FillByHand(ctx, admin, theirs, "")
	for operation, err := range map[string]error{
		"read": read, "preview": preview, "fill by hand": byHand,
		"keep": tw.SetRule(ctx, admin, directory.RuleChange{Group: theirs, Rule: rule, Sure: true}),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("agglo's administrator may %s the rule of bourg's group: %v, want ErrNotFound", operation, err)
		}
	}
	if bourg, agglo := tw.members(t, bourg, theirs), tw.members(t, admin, ours); bourg != "L’Hénoret" || agglo != "Œuvray" {
		t.Errorf("members = %q and %q, want those of each", bourg, agglo)
	}
	got(tw.CreateUnit(ctx, bourg, directory.Unit{ID: "voirie", Name: "Voirie"}))(t)
	_, err := tw.PreviewRule(ctx, admin, ours, allOf(when(directory.RuleUnit, directory.TestWithin, "voirie")))
	wantFields(t, err, "value-0")
	tw.hire(t, "bourg", "max@bourg.example", directory.Agent{FamilyName: "Max", Unit: "technique"})
	if names := tw.members(t, admin, ours); names != "Œuvray" {
		t.Errorf("agglo's group has %q after bourg hired", names)
	}
	if preview := got(tw.PreviewRule(ctx, admin, ours, allOf(when(directory.RuleUnit, directory.TestOutside, "technique"))))(t); preview.People != 2 || preview.Caught != 1 {
		t.Errorf("%d of %d are caught, want 1 of agglo's 2", preview.Caught, preview.People)
	}
}

func TestOnlyAnAdministratorKeepsRules(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	_, read := tw.RuleOf(ctx, tw.anne, "encadrants")
	_, preview := tw.PreviewRule(ctx, tw.anne, "encadrants", allOf())
	_, byHand := tw.FillByHand(ctx, tw.anne, "encadrants", "")
	for operation, err := range map[string]error{
		"read": read, "preview": preview, "fill by hand": byHand,
		"keep": tw.SetRule(ctx, tw.anne, directory.RuleChange{Group: "encadrants"}),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", operation, err)
		}
	}
}

// TestWhomARuleCatches, by each of its conditions.
func TestWhomARuleCatches(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}))(t)
	for _, agent := range []directory.Agent{
		{FamilyName: "Ali", Unit: "voirie", Function: "Chef d’équipe", Office: "Dépôt"},
		{FamilyName: "Bea", Kind: directory.Elected, Function: "Adjointe aux écoles"},
		{FamilyName: "Cyr", Kind: directory.Partner, Unit: "technique", Function: "Sous-chef de gare", Office: "Mairie annexe"},
	} {
		got(tw.CreateAgent(ctx, admin, agent))(t)
	}
	group := got(tw.AddGroup(ctx, admin, "Essai", ""))(t)
	within, outside := when(directory.RuleUnit, directory.TestWithin, "technique"), when(directory.RuleUnit, directory.TestOutside, "technique")
	for _, c := range []struct {
		rule directory.Rule
		want string
	}{
		{allOf(within), "Ali Cyr L’Hénoret"},
		{allOf(when(directory.RuleUnit, directory.TestIs, "technique")), "Cyr L’Hénoret"},
		{allOf(outside), "Bea Petit"},
		{allOf(when(directory.RuleKind, directory.TestIs, "elected")), "Bea"},
		{allOf(when(directory.RuleKind, directory.TestIsNot, "agent")), "Bea Cyr"},
		{allOf(when(directory.RuleFunction, directory.TestContains, "CHEF equipe")), "Ali"},
		{allOf(when(directory.RuleFunction, directory.TestContains, "chef")), "Ali Cyr"},
		{allOf(when(directory.RuleFunction, directory.TestContains, "hef")), ""},
		{allOf(when(directory.RuleFunction, directory.TestLacks, "chef")), "Bea L’Hénoret Petit"},
		{allOf(when(directory.RuleOffice, directory.TestContains, "annexe")), "Cyr"},
		{allOf(when(directory.RuleOffice, directory.TestLacks, "annexe"), within), "Ali L’Hénoret"},
		{allOf(within, when(directory.RuleKind, directory.TestIsNot, "partner")), "Ali L’Hénoret"},
		{anyOf(when(directory.RuleKind, directory.TestIs, "elected"), when(directory.RuleFunction, directory.TestContains, "etat civ")), "Bea L’Hénoret"},
		{anyOf(within, outside), "Ali Bea Cyr L’Hénoret Petit"},
		{allOf(within, outside), ""},
	} {
		must(t, tw.keepRule(admin, group, c.rule))
		if names := tw.members(t, admin, group); names != c.want {
			t.Errorf("%+v catches %q, want %q", c.rule, names, c.want)
		}
	}
}

func TestARuleThatSaysNothingIsRefused(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	for _, c := range []struct {
		rule directory.Rule
		want string
	}{
		{allOf(), "rule"},
		{allOf(slices.Repeat([]directory.Condition{when(directory.RuleKind, directory.TestIs, "agent")}, 13)...), "rule"},
		{allOf(when("login", directory.TestIs, "x")), "value-0"},
		{allOf(when(directory.RuleKind, directory.TestContains, "agent")), "value-0"},
		{allOf(when(directory.RuleKind, directory.TestIs, "chief")), "value-0"},
		{allOf(when(directory.RuleUnit, directory.TestWithin, "")), "value-0"},
		{allOf(when(directory.RuleUnit, directory.TestOutside, "nowhere")), "value-0"},
		{allOf(when(directory.RuleFunction, directory.TestContains, " %* ")), "value-0"},
		{allOf(when(directory.RuleFunction, directory.TestContains, strings.Repeat("é", 81))), "value-0"},
	} {
		_, err := tw.PreviewRule(ctx, admin, "encadrants", c.rule)
		wantFields(t, err, c.want)
		wantFields(t, tw.SetRule(ctx, admin, directory.RuleChange{Group: "encadrants", Rule: c.rule, Sure: true}), c.want)
	}
}

// TestARuleIsShownBeforeItIsKept: what was not shown is not kept, and who it
// catches is confirmed where that may be a slip.
func TestARuleIsShownBeforeItIsKept(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	must(t, tw.AddMember(ctx, admin, "encadrants", tw.both.Agent))
	rule := allOf(when(directory.RuleUnit, directory.TestWithin, "technique"))
	preview := got(tw.PreviewRule(ctx, admin, "encadrants", rule))(t)
	if preview.People != 2 || preview.Caught != 1 || preview.Warns() || preview.In.Count != 1 || preview.In.First[0].FamilyName != "L’Hénoret" ||
		preview.Out.Count != 1 || preview.Out.First[0].ID != tw.both.Agent {
		t.Errorf("preview = %+v, want Anne in and Zoé out", preview)
	}
	if names := tw.members(t, admin, "encadrants"); names != "Petit" {
		t.Errorf("the preview changed the members to %q", names)
	}
	keep := directory.RuleChange{Group: "encadrants", Rule: rule, Seen: preview.Seen}
	for what, change := range map[string]directory.RuleChange{
		"nothing": {Group: "encadrants", Rule: rule},
		"another": {Group: "encadrants", Rule: anyOf(rule.Conditions...), Seen: preview.Seen},
	} {
		if err := tw.SetRule(ctx, admin, change); !errors.Is(err, portal.ErrConflict) {
			t.Errorf("kept though %s was shown: %v", what, err)
		}
	}
	third := got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Ali", Unit: "technique"}))(t)
	if err := tw.SetRule(ctx, admin, keep); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("kept though it catches somebody who was not shown: %v", err)
	}
	must(t, tw.CloseAgent(ctx, admin, third, ""))
	keep.Seen = got(tw.PreviewRule(ctx, admin, "encadrants", rule))(t).Seen
	must(t, tw.SetRule(ctx, admin, keep))
	if names := tw.members(t, admin, "encadrants"); names != "L’Hénoret" {
		t.Errorf("members = %q", names)
	}
	for what, rule := range map[string]directory.Rule{
		"everyone": allOf(when(directory.RuleKind, directory.TestIs, "agent")),
		"nobody":   allOf(when(directory.RuleKind, directory.TestIs, "partner")),
	} {
		preview := got(tw.PreviewRule(ctx, admin, "encadrants", rule))(t)
		if preview.Everyone() != (what == "everyone") || preview.Nobody() != (what == "nobody") {
			t.Errorf("%s: everyone %v, nobody %v", what, preview.Everyone(), preview.Nobody())
		}
		wantFields(t, tw.SetRule(ctx, admin, directory.RuleChange{Group: "encadrants", Rule: rule, Seen: preview.Seen}), "sure")
	}
	got(tw.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheGroup, ID: "encadrants"}, Right: portal.EditNews}, ""))(t)
	preview = got(tw.PreviewRule(ctx, admin, "encadrants", rule))(t)
	if !slices.Equal(preview.Rights, []portal.Right{portal.EditNews}) {
		t.Errorf("rights = %v", preview.Rights)
	}
	wantFields(t, tw.SetRule(ctx, admin, directory.RuleChange{Group: "encadrants", Rule: rule, Seen: preview.Seen}), "sure")
}

// TestMembersFollowTheirRules through every change of cards and of the chart: what
// is looked up by keys is what judging every card gives.
func TestMembersFollowTheirRules(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	units := []portal.UnitID{"", "technique", "voirie", "parcs", "mairie", "accueil"}
	for i, unit := range units[2:] {
		got(tw.CreateUnit(ctx, admin, directory.Unit{ID: unit, Name: string(unit), Parent: []portal.UnitID{"technique", "voirie", "", "mairie"}[i]}))(t)
	}
	within, word := directory.TestWithin, directory.RuleFunction
	rules := map[portal.GroupID]directory.Rule{}
	for i, rule := range []directory.Rule{
		allOf(when(directory.RuleUnit, within, "technique")),
		allOf(when(directory.RuleUnit, directory.TestIs, "voirie")),
		allOf(when(directory.RuleUnit, directory.TestOutside, "voirie"), when(directory.RuleKind, directory.TestIsNot, "partner")),
		anyOf(when(directory.RuleUnit, within, "mairie"), when(word, directory.TestContains, "chef equipe")),
		allOf(when(word, directory.TestLacks, "chef")),
		anyOf(when(directory.RuleOffice, directory.TestContains, "annexe"), when(directory.RuleKind, directory.TestIs, "elected")),
		allOf(when(word, directory.TestContains, "ch"), when(directory.RuleUnit, within, "parcs")),
	} {
		rules[tw.ruled(t, admin, fmt.Sprint("Groupe ", i), rule)] = rule
	}
	random := rand.New(rand.NewPCG(1, 2))
	functions := []string{"", "Chef d’équipe", "Cheffe de service", "Agent", "Équipe chef", "Charpentier"}
	offices := []string{"", "Annexe", "Bureau 12"}
	agents := []portal.AgentID{tw.anne.Agent, tw.both.Agent}
	edit := func(card *directory.Agent) {
		card.Unit, card.Function = units[random.IntN(len(units))], functions[random.IntN(len(functions))]
		card.Office, card.Kind = offices[random.IntN(len(offices))], directory.AgentKinds[random.IntN(3)]
	}
	for step := range 120 {
		unit, other := units[1+random.IntN(len(units)-1)], units[random.IntN(len(units))]
		agent, what, err := agents[random.IntN(len(agents))], "", error(nil)
		switch random.IntN(6) {
		case 0:
			card := directory.Agent{FamilyName: fmt.Sprint("Agent ", step)}
			edit(&card)
			what, agent = "create", got(tw.CreateAgent(ctx, admin, card))(t)
			agents = append(agents, agent)
		case 1, 2:
			what, err = "change", tw.change(t, admin, agent, edit)
		case 3:
			what = "hang"
			for _, node := range got(tw.Units(ctx, admin))(t) {
				if node.ID == unit {
					typed := node.Unit
					typed.Parent = other
					err = tw.ChangeUnit(ctx, admin, node.Unit, typed, "")
				}
			}
		case 4:
			what = "empty"
			_, err = tw.EmptyUnit(ctx, admin, unit, other, "")
		case 5:
			what, err = "close and reopen", tw.CloseAgent(ctx, admin, agent, "")
			if err == nil && step%2 == 0 {
				err = tw.ReopenAgent(ctx, admin, agent, "")
			}
		}
		if err != nil && !errors.Is(err, portal.ErrInvalid) { // a unit can't hang below itself
			t.Fatalf("%s: %v", what, err)
		}
		for id, rule := range rules {
			preview := got(tw.PreviewRule(ctx, admin, id, rule))(t)
			members := got(tw.Members(ctx, admin, id, 1))(t)
			if preview.In.Count+preview.Out.Count > 0 || preview.Caught != members.Total {
				t.Fatalf("step %d, %s (%s, %s): %+v has %d members, want %d: %d are missing, %d too many", step, what, unit, other, rule,
					members.Total, preview.Caught, preview.In.Count, preview.Out.Count)
			}
		}
	}
}

// TestAGroupByRuleCannotBeFilledByHand, until it is turned into one that keeps its
// members.
func TestAGroupByRuleCannotBeFilledByHand(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := h.appoint(t, h.anne)
	group := h.ruled(t, admin, "Techniciens", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	_, invited := h.inviter.Invite(ctx, admin, got(h.inviter.Judge(ctx, admin, directory.ParseGuests("Max Roux <max@bourg.example>")))(t), directory.Placing{Groups: []portal.GroupID{group}})
	for operation, err := range map[string]error{
		"add":    h.AddMember(ctx, admin, group, h.both.Agent),
		"remove": h.RemoveMember(ctx, admin, group, h.anne.Agent),
		"join":   h.ChangeGroups(ctx, admin, h.both.Agent, []portal.GroupID{group}, nil, ""),
		"leave":  h.ChangeGroups(ctx, admin, h.anne.Agent, nil, []portal.GroupID{group}, ""),
		"invite": invited,
	} {
		var said portal.UserError
		if !errors.As(err, &said) || said.Key != "directory.error.group.ruled" {
			t.Errorf("%s: %v, want the sentence that says what to do", operation, err)
		}
	}
	people := directory.SignIn{Store: h.Store}
	profile := sso.Profile{Key: "uuid-1", Login: "anne@bourg.example", FamilyName: "L’Hénoret", UnitName: "Services techniques", Managed: []portal.GroupID{group}}
	got(people.Admit(ctx, "bourg", profile))(t)
	if names := h.members(t, admin, group); names != "L’Hénoret" {
		t.Errorf("a directory server took members of a rule: %q", names)
	}
	got(h.FillByHand(ctx, admin, group, ""))(t)
	must(t, h.change(t, admin, h.anne.Agent, func(card *directory.Agent) { card.Unit = "" }))
	must(t, h.AddMember(ctx, admin, group, h.both.Agent))
	if names := h.members(t, admin, group); names != "L’Hénoret Petit" {
		t.Errorf("members = %q, want those of the rule and one by hand", names)
	}
	if rule := got(h.RuleOf(ctx, admin, group))(t); rule.Ruled || len(rule.Rule.Conditions) != 1 {
		t.Errorf("the rule = %+v, want it to be kept aside", rule)
	}
}

// TestADirectoryServerMovesBetweenRules as it writes cards.
func TestADirectoryServerMovesBetweenRules(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	heads := tw.ruled(t, admin, "Encadrement", allOf(when(directory.RuleFunction, directory.TestContains, "direct")))
	people := directory.SignIn{Store: tw.Store}
	profile := sso.Profile{Key: "uuid-1", Login: "max@bourg.example", FamilyName: "Max", Function: "Directrice"}
	got(people.Admit(ctx, "bourg", profile))(t)
	if names := tw.members(t, admin, heads); names != "Max" {
		t.Errorf("members = %q", names)
	}
	profile.Function = "Chargée de mission"
	got(people.Admit(ctx, "bourg", profile))(t)
	if names := tw.members(t, admin, heads); names != "" {
		t.Errorf("members = %q, want none", names)
	}
}

// TestARuleGivesNoMoreThanItsKeeperHas: who manages agents and nothing else places
// nobody where a rule gives more, by no way.
func TestARuleGivesNoMoreThanItsKeeperHas(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie"}))(t)
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "parcs", Name: "Parcs"}))(t)
	editors := tw.ruled(t, admin, "Rédaction", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	plain := tw.ruled(t, admin, "Voirie", allOf(when(directory.RuleUnit, directory.TestWithin, "voirie")))
	got(tw.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheGroup, ID: string(editors)}, Right: portal.EditNews}, ""))(t)
	got(tw.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheAgent, ID: string(tw.both.Agent)}, Right: portal.ManageAgents}, ""))(t)
	zoe := got(tw.CallerFor(ctx, tw.both.Account, "bourg"))(t)
	ali := got(tw.CreateAgent(ctx, zoe, directory.Agent{FamilyName: "Ali", Unit: "parcs"}))(t)
	unit := func(id portal.UnitID) func(card *directory.Agent) {
		return func(card *directory.Agent) { card.Unit = id }
	}
	_, hired := tw.CreateAgent(ctx, zoe, directory.Agent{FamilyName: "Bea", Unit: "technique"})
	_, emptied := tw.EmptyUnit(ctx, zoe, "parcs", "technique", "")
	_, frozen := tw.FillByHand(ctx, zoe, editors, "")
	everyone := allOf(when(directory.RuleKind, directory.TestIs, "agent"))
	for what, err := range map[string]error{
		"her own card":            tw.change(t, zoe, zoe.Agent, unit("technique")),
		"the card of another":     tw.change(t, zoe, ali, unit("technique")),
		"who leaves":              tw.change(t, zoe, tw.anne.Agent, unit("")),
		"a new agent":             hired,
		"a unit that is emptied":  emptied,
		"a unit that is moved":    tw.ChangeUnit(ctx, zoe, directory.Unit{ID: "parcs", Name: "Parcs"}, directory.Unit{ID: "parcs", Name: "Parcs", Parent: "technique"}, ""),
		"the rule":                tw.keepRule(zoe, editors, everyone),
		"the rule, never shown":   tw.SetRule(ctx, zoe, directory.RuleChange{Group: editors, Rule: everyone, Sure: true}),
		"a group filled by hand":  frozen,
		"her own card by another": tw.change(t, zoe, zoe.Agent, func(card *directory.Agent) { card.Unit, card.Function = "technique", "x" }),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", what, err)
		}
	}
	if names := tw.members(t, admin, editors); names != "L’Hénoret" {
		t.Errorf("the group that gives a right has %q", names)
	}
	must(t, tw.change(t, zoe, ali, unit("voirie")))
	must(t, tw.keepRule(zoe, plain, allOf(when(directory.RuleUnit, directory.TestIs, "voirie"))))
	if names := tw.members(t, zoe, plain); names != "Ali" {
		t.Errorf("the group that gives nothing has %q, want Ali", names)
	}
	must(t, tw.change(t, admin, ali, unit("technique")))
	if names := tw.members(t, admin, editors); names != "Ali L’Hénoret" {
		t.Errorf("the administrator placed nobody: %q", names)
	}
}

// TestARuleOpensNoMoreThanItsKeeperGoverns: what names a group is hers to open, or
// nobody comes into it, or leaves, by what she writes.
func TestARuleOpensNoMoreThanItsKeeperGoverns(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	heads := tw.ruled(t, admin, "Direction", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "parcs", Name: "Parcs"}))(t)
	for _, right := range []portal.Right{portal.ManageAgents, portal.ManageApplications} {
		got(tw.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheAgent, ID: string(tw.both.Agent)}, Right: right}, ""))(t)
	}
	zoe := got(tw.CallerFor(ctx, tw.both.Account, "bourg"))(t)
	ali := got(tw.CreateAgent(ctx, zoe, directory.Agent{FamilyName: "Ali", Unit: "parcs"}))(t)
	var mention portal.Mention
	tw.Mentioning(nil, func(_ context.Context, _ database.Reader, _ portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
		if group != heads {
			return nil, nil
		}
		return []portal.Mention{mention}, nil
	})
	into := func(unit portal.UnitID) func(card *directory.Agent) {
		return func(card *directory.Agent) { card.Unit = unit }
	}
	ways := map[string]func(who portal.Caller) error{
		"her own card": func(who portal.Caller) error {
			return errors.Join(tw.change(t, who, zoe.Agent, into("technique")), tw.change(t, who, zoe.Agent, into("")))
		},
		"who leaves and comes": func(who portal.Caller) error {
			return errors.Join(tw.change(t, who, tw.anne.Agent, into("")), tw.change(t, who, tw.anne.Agent, into("technique")))
		},
		"the chart": func(who portal.Caller) error {
			parcs, below := directory.Unit{ID: "parcs", Name: "Parcs"}, directory.Unit{ID: "parcs", Name: "Parcs", Parent: "technique"}
			return errors.Join(tw.ChangeUnit(ctx, who, parcs, below, ""), tw.ChangeUnit(ctx, who, below, parcs, ""))
		},
	}
	for _, test := range []struct {
		governs portal.Right
		may     bool
	}{{portal.EditDocuments, false}, {"", false}, {portal.ManageApplications, true}} {
		mention = portal.Mention{Kind: "x", Governs: test.governs}
		for way, do := range ways {
			if err := do(zoe); errors.Is(err, portal.ErrDenied) == test.may {
				t.Errorf("%s, named by what %q governs: %v, want it done = %v", way, test.governs, err, test.may)
			}
			tw.change(t, admin, zoe.Agent, into(""))
			tw.change(t, admin, tw.anne.Agent, into("technique"))
		}
	}
	mention = portal.Mention{Kind: "x"}
	if err := tw.change(t, zoe, ali, func(card *directory.Agent) { card.Function = "Jardinier" }); err != nil {
		t.Errorf("a change that moves nobody: %v", err)
	}
}

// TestTheLastAdministratorIsNotRuledOut by a rule, a card or the chart.
func TestTheLastAdministratorIsNotRuledOut(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	group := tw.ruled(t, admin, "Administration", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "mairie", Name: "Mairie"}))(t)
	got(tw.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheGroup, ID: string(group)}, Right: portal.Admin}, ""))(t)
	_, emptied := tw.EmptyUnit(ctx, admin, "technique", "mairie", "")
	for what, err := range map[string]error{
		"card":  tw.change(t, admin, tw.anne.Agent, func(card *directory.Agent) { card.Unit = "" }),
		"rule":  tw.keepRule(admin, group, allOf(when(directory.RuleKind, directory.TestIs, "elected"))),
		"chart": emptied,
	} {
		if !errors.Is(err, portal.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", what, err)
		}
	}
	if anne := got(tw.CallerFor(ctx, tw.anne.Account, "bourg"))(t); !anne.Can(portal.Admin) {
		t.Error("the last administrator lost her right")
	}
}

// TestAUnitThatARuleNamesStays, and a group that was deleted comes back by what is
// there.
func TestAUnitThatARuleNamesStays(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	for _, unit := range []portal.UnitID{"voirie", "parcs"} {
		got(tw.CreateUnit(ctx, admin, directory.Unit{ID: unit, Name: string(unit)}))(t)
	}
	outside := tw.ruled(t, admin, "Hors voirie", allOf(when(directory.RuleUnit, directory.TestOutside, "voirie")))
	exact := tw.ruled(t, admin, "Parcs", allOf(when(directory.RuleUnit, directory.TestIs, "parcs")))
	for _, unit := range []portal.UnitID{"voirie", "parcs"} {
		if err := tw.DeleteUnit(ctx, admin, unit, ""); !errors.Is(err, portal.ErrConflict) {
			t.Errorf("deleted %s, which a rule names: %v", unit, err)
		}
	}
	_, holds, err := tw.Holds(ctx, admin, "parcs")
	if must(t, err); len(holds.Mentions) != 1 || holds.Mentions[0].Path != "/admin/groups/"+string(exact)+"/rule" {
		t.Errorf("mentions = %+v, want the rule", holds.Mentions)
	}
	must(t, tw.DeleteGroup(ctx, admin, outside, ""))
	must(t, tw.DeleteGroup(ctx, admin, exact, ""))
	got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Ali", Unit: "parcs"}))(t)
	must(t, tw.DeleteUnit(ctx, admin, "voirie", ""))
	if restored := got(tw.RestoreGroup(ctx, admin, exact, ""))(t); restored.Unruled {
		t.Error("a rule that names what is there was given up")
	}
	if names := tw.members(t, admin, exact); names != "Ali" {
		t.Errorf("restored with %q, want whom the rule catches today", names)
	}
	got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Bea", Unit: "parcs"}))(t)
	if names := tw.members(t, admin, exact); names != "Ali Bea" {
		t.Errorf("members = %q: the rule is not followed after it was restored", names)
	}
	if restored := got(tw.RestoreGroup(ctx, admin, outside, ""))(t); !restored.Unruled {
		t.Error("a rule that names a unit which is no more is followed")
	}
	if names := tw.members(t, admin, outside); names != "L’Hénoret Petit" {
		t.Errorf("restored with %q, want the members of that day", names)
	}
}

// TestReopenedLongAfterSheIsInHerRules and in no group by hand.
func TestReopenedLongAfterSheIsInHerRules(t *testing.T) {
	h, ctx, admin := newHouse(t), context.Background(), directory.Installation("bourg")
	group := h.ruled(t, admin, "Techniciens", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	must(t, h.AddMember(ctx, admin, "encadrants", h.anne.Agent))
	must(t, h.CloseAgent(ctx, admin, h.anne.Agent, ""))
	if names := h.members(t, admin, group); names != "" {
		t.Errorf("members = %q, and she is closed", names)
	}
	got(h.db.Exec(ctx, `UPDATE agents SET closed = closed - $1 WHERE collectivity = 'bourg' AND closed > 0`, 31*24*time.Hour.Milliseconds()))(t)
	must(t, h.ReopenAgent(ctx, admin, h.anne.Agent, ""))
	if ruled, hand := h.members(t, admin, group), h.members(t, admin, "encadrants"); ruled != "L’Hénoret" || hand != "" {
		t.Errorf("by rule %q, by hand %q; want her by rule alone", ruled, hand)
	}
}

// TestTheJournalTellsWhoARuleMoved, and by what.
func TestTheJournalTellsWhoARuleMoved(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := h.appoint(t, h.anne)
	got(h.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie"}))(t)
	group := h.ruled(t, admin, "Techniciens", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	must(t, h.change(t, admin, h.both.Agent, func(card *directory.Agent) { card.Unit = "technique" }))
	must(t, h.change(t, admin, h.both.Agent, func(card *directory.Agent) { card.Unit = "voirie" }))
	must(t, h.ChangeUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie"}, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}, ""))
	got(h.FillByHand(ctx, admin, group, ""))(t)
	rows := got(h.db.Query(ctx, `SELECT action, object, detail, agent FROM audit_lines WHERE collectivity = 'bourg'
		AND action IN ('group.ruled', 'group.by-hand', 'members.rule', 'members.card', 'members.unit') ORDER BY at, id`))(t)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var action, object, detail, agent string
		must(t, rows.Scan(&action, &object, &detail, &agent))
		lines = append(lines, strings.Join([]string{action, object, detail}, "|"))
		if agent != string(admin.Agent) {
			t.Errorf("%s was by %q, want the administrator", action, agent)
		}
	}
	want := []string{
		string(audit.GroupRuled) + "|Techniciens|la règle",
		string(audit.MembersByRule) + "|Techniciens|+Anne-Élodie L’Hénoret",
		string(audit.MembersByCard) + "|Zoé Petit|+Techniciens",
		string(audit.MembersByCard) + "|Zoé Petit|−Techniciens",
		string(audit.MembersByUnit) + "|Techniciens|+Zoé Petit",
		string(audit.GroupByHand) + "|Techniciens|",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("journal:\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

// TestALongListIsToldWhole, in as many lines as it needs.
func TestALongListIsToldWhole(t *testing.T) {
	h, ctx, admin := newHouse(t), context.Background(), directory.Installation("bourg")
	for i := range 40 {
		got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Marie-Bénédicte", FamilyName: fmt.Sprintf("Nom-Long-%02d", i), Unit: "technique"}))(t)
	}
	h.ruled(t, admin, "Techniciens", allOf(when(directory.RuleUnit, directory.TestWithin, "technique")))
	rows := got(h.db.Query(ctx, `SELECT detail FROM audit_lines WHERE collectivity = 'bourg' AND action = 'members.rule'`))(t)
	defer rows.Close()
	told := ""
	for rows.Next() {
		var detail string
		must(t, rows.Scan(&detail))
		told += detail + ", "
	}
	if names := strings.Count(told, "+"); names != 41 || !strings.Contains(told, "+Marie-Bénédicte Nom-Long-39,") {
		t.Errorf("the journal names %d people, want 41: %s", names, told)
	}
}

// TestAnEmptiedUnitFillsTheOneAbove: her unit is another one, and none of those
// above her came or went but the one that was emptied.
func TestAnEmptiedUnitFillsTheOneAbove(t *testing.T) {
	tw, ctx, admin := newTown(t), context.Background(), directory.Installation("bourg")
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}))(t)
	exact := tw.ruled(t, admin, "Direction technique", allOf(when(directory.RuleUnit, directory.TestIs, "technique")))
	got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Ali", Unit: "voirie"}))(t)
	got(tw.EmptyUnit(ctx, admin, "voirie", "technique", ""))(t)
	if names := tw.members(t, admin, exact); names != "Ali L’Hénoret" {
		t.Errorf("members = %q, want Ali too", names)
	}
}
