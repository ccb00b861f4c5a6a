package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
)

// open makes a feature of things that are open.
func (c *council) open(all ...portal.Opening) {
	c.Reviewing(func(_ context.Context, caller portal.Caller, _ []portal.AgentID) ([]portal.Opening, error) {
		if caller.Collectivity != "bourg" {
			return nil, nil
		}
		return all, nil
	})
}

func thing(name string, does portal.Deed, kind portal.SubjectKind, id string, needs portal.Right) portal.Opening {
	return portal.Opening{
		Mention: portal.Mention{Kind: "documents.mention", Name: name}, ID: name, Does: does, Needs: needs,
		To: portal.Subject{Kind: kind, ID: id},
	}
}

// told is what a review says of one agent, "news.edit: group encadrants".
func told(agent directory.Reviewed) (lines []string) {
	why := func(all []directory.Why) string {
		var words []string
		for _, one := range all {
			word := strings.TrimSpace(string(one.To.Kind) + " " + one.Name)
			switch {
			case one.ByPool:
				word = "pool"
			case one.Lender != "":
				word = "lent by " + one.Lender
			case one.Above:
				word = "above, " + word
			}
			if one.Needs != "" {
				word += " needs " + string(one.Needs)
			}
			words = append(words, word)
		}
		slices.Sort(words)
		return strings.Join(words, " + ")
	}
	for _, right := range agent.Rights {
		lines = append(lines, string(right.Right)+": "+why(right.Whys))
	}
	for _, thing := range agent.Things {
		lines = append(lines, string(thing.Does)+" "+thing.Name+": "+why(thing.Whys))
	}
	return lines
}

func wantTold(t *testing.T, what string, agent directory.Reviewed, want ...string) {
	t.Helper()
	if got := told(agent); !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

func givenNames(agents []directory.Reviewed) (all []string) {
	for _, agent := range agents {
		all = append(all, agent.GivenName)
	}
	slices.Sort(all)
	return all
}

// TestAReviewKeepsToItsCollectivity: another's administrator reads nobody of it, and
// an agent reads nothing.
func TestAReviewKeepsToItsCollectivity(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	c.open(thing("budget", portal.Reads, portal.Everyone, "", ""))
	c.give(t, portal.EditNews, portal.TheAgent, string(c.anne.Agent))
	must(t, c.SetRights(ctx, directory.Installation("agglo"), c.luc.Agent, []portal.Right{portal.Admin}))
	luc, anne := c.now(t, c.luc), c.now(t, c.anne)
	for _, agent := range got(c.Review(ctx, luc, directory.ReviewQuery{}))(t).Agents {
		if agent.ID == c.anne.Agent || len(agent.Things) > 0 {
			t.Errorf("agglo's review tells %+v", agent)
		}
	}
	if _, err := c.ReviewOf(ctx, luc, anne.Agent); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("ReviewOf by another's administrator: %v", err)
	}
	if _, err := c.ReviewThing(ctx, luc, "documents.mention", "budget", directory.ReviewQuery{}); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("ReviewThing by another's administrator: %v", err)
	}
	if counts := got(c.CountHolders(ctx, luc))(t); counts[portal.EditNews] != 0 || counts[portal.Admin] != 1 {
		t.Errorf("agglo counts %v", counts)
	}
	changes, _, err := c.Changes(ctx, luc, time.Time{}, audit.Mark{}, 50)
	must(t, err)
	for _, change := range changes {
		if change.Given.Subject.ID == string(c.anne.Agent) {
			t.Errorf("agglo's changes tell %+v", change)
		}
	}
	_, review := c.Review(ctx, anne, directory.ReviewQuery{})
	_, after := c.ReviewAfter(ctx, anne, directory.ReviewQuery{}, nil, 10)
	_, one := c.ReviewOf(ctx, anne, anne.Agent)
	_, counts := c.CountHolders(ctx, anne)
	_, things := c.ReviewThings(ctx, anne, directory.ThingQuery{})
	_, people := c.ReviewThing(ctx, anne, "documents.mention", "budget", directory.ReviewQuery{})
	_, _, changed := c.Changes(ctx, anne, time.Time{}, audit.Mark{}, 50)
	for what, err := range map[string]error{"review": review, "after": after, "of": one, "counts": counts, "things": things, "people": people, "changes": changed} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s by an agent: %v, want ErrDenied", what, err)
		}
	}
}

// TestAReviewTellsEveryReason, and agrees with what each may do when she asks.
func TestAReviewTellsEveryReason(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	install := directory.Installation("bourg")
	paul := c.hire(t, "bourg", "paul@bourg.example", directory.Agent{GivenName: "Paul", FamilyName: "Roche", Unit: "voirie"})
	must(t, c.AddMember(ctx, install, "encadrants", c.both.Agent))
	c.open(
		thing("atelier", portal.Reads, portal.TheUnit, "technique", ""),
		thing("budget", portal.Reads, portal.TheGroup, "encadrants", ""),
		thing("budget", portal.Writes, portal.TheGroup, "encadrants", portal.EditDocuments),
		thing("sien", portal.Writes, portal.TheAgent, string(c.anne.Agent), ""),
		thing("tous", portal.Reads, portal.Everyone, "", ""),
		thing("tous", portal.Writes, portal.TheUnit, "voirie", ""),
	)
	c.give(t, portal.EditNews, portal.TheGroup, "encadrants")
	c.give(t, portal.EditNews, portal.TheAgent, string(c.both.Agent))
	c.give(t, portal.EditDocuments, portal.TheUnit, "technique")
	got(c.Lend(ctx, c.now(t, c.both), directory.Given{Right: portal.EditNews, Ends: time.Now().Add(time.Hour), Subject: portal.Subject{Kind: portal.TheAgent, ID: string(paul.Agent)}}, ""))(t)
	c.exec(t, `INSERT INTO account_rights (account, right_name) VALUES ($1, 'pool.operate')`, string(c.anne.Account))

	review := func(who portal.Caller) directory.Reviewed { return got(c.ReviewOf(ctx, c.admin, who.Agent))(t) }
	lender := got(c.Agent(ctx, c.admin, c.both.Agent))(t).Name()
	encadrants := got(c.Groups(ctx, c.admin))(t)[0].Name
	technique := review(c.anne).UnitName
	wantTold(t, "Paul", review(paul), "news.edit: lent by "+lender, "documents.edit: above, unit "+technique,
		"read atelier: above, unit "+technique, "write tous: unit Voirie")
	wantTold(t, "Anne", review(c.anne), "documents.edit: unit "+technique, "pool.operate: pool",
		"read atelier: unit "+technique, "write sien: agent", "read tous: everyone")
	wantTold(t, "who is in two places", review(c.both), "news.edit: agent + group "+encadrants, "read budget: group "+encadrants, "read tous: everyone")

	c.give(t, portal.EditDocuments, portal.Everyone, "")
	wantTold(t, "with the right besides", review(c.both), "news.edit: agent + group "+encadrants, "documents.edit: everyone",
		"write budget: group "+encadrants+" needs documents.edit", "read tous: everyone")

	for _, right := range portal.Rights {
		var holders []string
		for _, who := range []portal.Caller{c.admin, c.anne, c.both, paul} {
			if c.now(t, who).Can(right) {
				holders = append(holders, got(c.Agent(ctx, c.admin, who.Agent))(t).GivenName)
			}
		}
		slices.Sort(holders)
		if told := givenNames(got(c.Review(ctx, c.admin, directory.ReviewQuery{Holds: string(right)}))(t).Agents); !slices.Equal(told, holders) {
			t.Errorf("%s: the review tells %v, held by %v", right, told, holders)
		}
	}
	must(t, c.RemoveMember(ctx, install, "encadrants", c.both.Agent))
	for _, given := range got(c.RightsGiven(ctx, c.admin))(t) {
		if given.Right == portal.EditNews && given.Subject.ID == string(c.both.Agent) {
			got(c.Take(ctx, c.admin, given.ID, ""))(t)
		}
	}
	if told := givenNames(got(c.Review(ctx, c.admin, directory.ReviewQuery{Holds: string(portal.EditNews)}))(t).Agents); !slices.Equal(told, []string{"Ada"}) {
		t.Errorf("a loan outlives what was lent: %v", told)
	}
	if slices.ContainsFunc(review(paul).Rights, func(one directory.HeldFor) bool { return one.Right == portal.EditNews }) {
		t.Error("Paul is told to hold what is lent to him no more")
	}
}

// TestAThingTellsWhoOpensIt, and no other.
func TestAThingTellsWhoOpensIt(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	c.hire(t, "bourg", "paul@bourg.example", directory.Agent{GivenName: "Paul", FamilyName: "Roche", Unit: "voirie"})
	must(t, c.AddMember(ctx, directory.Installation("bourg"), "encadrants", c.both.Agent))
	both := got(c.Agent(ctx, c.admin, c.both.Agent))(t).GivenName
	anne := got(c.Agent(ctx, c.admin, c.anne.Agent))(t).GivenName
	c.give(t, portal.EditCalendars, portal.TheUnit, "voirie")
	c.open(
		thing("a", portal.Reads, portal.TheUnit, "technique", ""), thing("b", portal.Reads, portal.TheGroup, "encadrants", ""),
		thing("c", portal.Reads, portal.TheAgent, string(c.anne.Agent), ""), thing("d", portal.Writes, portal.Everyone, "", portal.EditCalendars),
		thing("e", portal.Reads, portal.Everyone, "", ""), thing("b", portal.Writes, portal.TheUnit, "voirie", ""),
	)
	for id, want := range map[string][]string{
		"a": {anne, "Paul"}, "b": {both, "Paul"}, "c": {anne}, "d": {"Ada", "Paul"}, "e": {"Ada", anne, both, "Paul"},
	} {
		slices.Sort(want)
		people := got(c.ReviewThing(ctx, c.admin, "documents.mention", id, directory.ReviewQuery{}))(t)
		if told := givenNames(people.Agents); !slices.Equal(told, want) || people.Total != len(want) {
			t.Errorf("%s is open to %v (%d), want %v", id, told, people.Total, want)
		}
		for _, agent := range people.Agents {
			if len(agent.Things) != 1 {
				t.Errorf("%s: %s is told %v", id, agent.GivenName, told(agent))
			}
		}
	}
	things := got(c.ReviewThings(ctx, c.admin, directory.ThingQuery{Text: "C"}))(t)
	if things.Total != 1 || things.All[0].Own != 1 {
		t.Errorf("things named c: %+v", things)
	}
	if _, err := c.ReviewThing(ctx, c.admin, "documents.mention", "z", directory.ReviewQuery{}); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a thing that is not there: %v", err)
	}
}

// TestChangesTellWhoWonAndLost since a moment, page after page.
func TestChangesTellWhoWonAndLost(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	before := time.Now().Add(-time.Second)
	kept := c.give(t, portal.EditNews, portal.TheAgent, string(c.anne.Agent))
	taken := c.give(t, portal.EditDocuments, portal.TheGroup, "encadrants")
	got(c.Take(ctx, c.admin, taken, ""))(t)
	over := c.give(t, portal.ReadJournal, portal.Everyone, "")
	c.exec(t, `UPDATE rights_given SET created = created - 5000, ends = created - 1000 WHERE collectivity = 'bourg' AND id = $1`, over)
	must(t, c.ChangeGroups(ctx, c.admin, c.both.Agent, []portal.GroupID{"encadrants"}, nil, ""))
	must(t, c.CloseAgent(ctx, c.admin, c.both.Agent, ""))
	ruled := got(c.AddGroup(ctx, c.admin, "État civil", ""))(t)
	rule := directory.Rule{Conditions: []directory.Condition{{Field: directory.RuleFunction, Test: directory.TestContains, Value: "civil"}}}
	preview := got(c.PreviewRule(ctx, c.admin, ruled, rule))(t)
	must(t, c.SetRule(ctx, c.admin, directory.RuleChange{Group: ruled, Rule: rule, Seen: preview.Seen, Sure: true}))
	card := got(c.Agent(ctx, c.admin, c.anne.Agent))(t)
	typed := card
	typed.Function = "Archiviste"
	must(t, c.ChangeAgent(ctx, c.admin, card, typed, ""))
	voirie := directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}
	must(t, c.ChangeUnit(ctx, c.admin, voirie, directory.Unit{ID: "voirie", Name: "Routes"}, ""))
	var told []string
	for mark, pages := (audit.Mark{}), 0; pages < 20; pages++ {
		some, older, err := c.Changes(ctx, c.admin, before.Add(-time.Hour), mark, 3)
		must(t, err)
		for _, change := range some {
			told = append(told, fmt.Sprintf("%s %s%s %v", change.Turn, change.Given.Right, change.Line.Action, change.Over))
		}
		if mark = older; mark == (audit.Mark{}) {
			break
		}
	}
	slices.Sort(told)
	want := []string{
		"lost agent.closed false", "lost documents.edit false", "lost journal.read true", "moved members.card false", "moved members.changed false", "moved members.rule false", "moved unit.moved false",
		"won admin false", "won documents.edit false", "won journal.read false", "won news.edit false",
	}
	if !slices.Equal(told, want) {
		t.Errorf("changes:\n got %q\nwant %q", told, want)
	}
	later, _, err := c.Changes(ctx, c.admin, time.Now().Add(time.Hour), audit.Mark{}, 50)
	must(t, err)
	if len(later) > 0 {
		t.Errorf("changes to come: %v", later)
	}
	_ = kept
}
