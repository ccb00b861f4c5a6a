package directory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
)

// division is a council where anne manages the agents of "technique" and below: below
// it is "voirie", beside it "accueil".
type division struct {
	*council
	right                 string
	manager               portal.Caller
	inside, below, beside portal.Caller
	nowhere               portal.Caller
}

func newDivision(t testing.TB) *division {
	t.Helper()
	return newDivisionIn(t, newCouncil(t))
}

func newDivisionIn(t testing.TB, c *council) *division {
	t.Helper()
	d, install := &division{council: c}, directory.Installation("bourg")
	got(d.CreateUnit(context.Background(), install, directory.Unit{ID: "accueil", Name: "Accueil"}))(t)
	d.inside = d.hire(t, "bourg", "in@bourg.example", directory.Agent{GivenName: "Ines", FamilyName: "Dedans", Unit: "technique", Phone: "02 61 91 01 01"})
	d.below = d.hire(t, "bourg", "below@bourg.example", directory.Agent{GivenName: "Bela", FamilyName: "Dessous", Unit: "voirie", Phone: "02 61 91 01 02"})
	d.beside = d.hire(t, "bourg", "beside@bourg.example", directory.Agent{GivenName: "Bess", FamilyName: "Dehors", Unit: "accueil", Phone: "02 61 91 01 03"})
	d.nowhere = d.hire(t, "bourg", "nowhere@bourg.example", directory.Agent{GivenName: "Noé", FamilyName: "Nulle-Part"})
	d.right = d.narrow(t, d.anne, "technique")
	d.manager = d.now(t, d.anne)
	return d
}

// soon is a last day to come.
var soon = time.Now().AddDate(0, 0, 10).Format(time.DateOnly)

// narrow lets somebody manage the agents of a unit and below, by the administrator.
func (c *council) narrow(t testing.TB, who portal.Caller, unit portal.UnitID) string {
	t.Helper()
	given := directory.Given{Right: portal.ManageAgents, In: unit, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(who.Agent)}}
	return got(c.Give(context.Background(), c.admin, given, "192.0.2.1"))(t)
}

// TestNoNarrowedRightCrossesACollectivity: a unit of another one is none, and one of
// the same name there gives nothing.
func TestNoNarrowedRightCrossesACollectivity(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	got(d.CreateUnit(ctx, directory.Installation("agglo"), directory.Unit{ID: "val", Name: "Val"}))(t)
	given := directory.Given{Right: portal.ManageAgents, In: "val", Subject: portal.Subject{Kind: portal.TheAgent, ID: string(d.inside.Agent)}}
	_, err := d.Give(ctx, d.admin, given, "")
	wantFields(t, err, "unit")
	d.narrow(t, d.both, "technique")
	elsewhere := d.now(t, d.elsewhere)
	if len(elsewhere.Narrowed) > 0 || elsewhere.Administers() {
		t.Errorf("in agglo: %+v, want nothing of bourg's", elsewhere.Narrowed)
	}
	if _, err := d.Roster(ctx, elsewhere, directory.RosterQuery{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("agglo's roster: %v, want ErrDenied", err)
	}
	if err := d.CloseAgent(ctx, d.manager, d.luc.Agent, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("closing agglo's agent: %v, want ErrNotFound", err)
	}
}

// TestWhoManagesAUnitActsOnItsAgentsAlone: whatever she does, and wherever.
func TestWhoManagesAUnitActsOnItsAgentsAlone(t *testing.T) {
	acts := map[string]func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error{
		"her card": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			shown := got(d.Enrolled(ctx, d.admin, who.Agent))(t).Agent
			typed := shown
			typed.Function = "Cheffe"
			return d.ChangeAgent(ctx, d.manager, shown, typed, "")
		},
		"a card that was something else": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			err := d.ChangeAgent(ctx, d.manager, directory.Agent{ID: who.Agent}, directory.Agent{ID: who.Agent, FamilyName: "X"}, "")
			if errors.As(err, new(directory.Meanwhile)) {
				return nil // she reads what it is
			}
			return err
		},
		"her unit": func(_ *testing.T, d *division, _ context.Context, who portal.Caller) error {
			return d.move(d.manager, who, "voirie")
		},
		"her leave": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			return d.CloseAgent(ctx, d.manager, who.Agent, "")
		},
		"her return": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			must(t, d.CloseAgent(ctx, d.admin, who.Agent, ""))
			return d.ReopenAgent(ctx, d.manager, who.Agent, "")
		},
		"what her leave ends": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			_, err := d.Leaving(ctx, d.manager, who.Agent)
			return err
		},
		"her mandates": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			return d.PutMandate(ctx, d.manager, who.Agent, directory.Mandate{Title: "Adjointe"}, "")
		},
		"her photograph": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			return d.SetPhoto(ctx, d.manager, who.Agent, nil, "")
		},
		"her entry": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			_, err := d.Enrolled(ctx, d.manager, who.Agent)
			return err
		},
		"her groups, to read": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			_, err := d.GroupsOf(ctx, d.manager, who.Agent)
			return err
		},
		"her departure": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			return d.PlanDeparture(ctx, d.manager, who.Agent, directory.Departure{LastDay: soon}, "", "")
		},
		"her departure, to read": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			_, err := d.Departure(ctx, d.manager, who.Agent)
			return err
		},
		"her departure, called off": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			must(t, d.PlanDeparture(ctx, d.admin, who.Agent, directory.Departure{LastDay: soon}, "", ""))
			return d.CallOffDeparture(ctx, d.manager, who.Agent, got(d.Departure(ctx, d.admin, who.Agent))(t).ID, "")
		},
		"what she leaves": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			_, err := d.LeftBy(ctx, d.manager, who.Agent)
			return err
		},
		"her desk": func(t *testing.T, d *division, ctx context.Context, who portal.Caller) error {
			return d.MaySeeDesk(ctx, d.manager, who.Agent)
		},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			d, ctx := newDivision(t), context.Background()
			for whose, test := range map[string]struct {
				who portal.Caller
				may bool
			}{"hers": {d.inside, true}, "below": {d.below, true}, "beside": {d.beside, false}, "nowhere": {d.nowhere, false}} {
				err := act(t, d, ctx, test.who)
				if test.may && err != nil {
					t.Errorf("%s: %v", whose, err)
				}
				if !test.may && !errors.Is(err, portal.ErrDenied) && !errors.Is(err, portal.ErrNotFound) {
					t.Errorf("%s: %v, want it refused", whose, err)
				}
			}
		})
	}
}

// TestWhoManagesAUnitPlacesWithinIt: nobody leaves it by her, nor comes.
func TestWhoManagesAUnitPlacesWithinIt(t *testing.T) {
	for unit, may := range map[portal.UnitID]bool{"technique": true, "voirie": true, "accueil": false, "": false} {
		d, ctx := newDivision(t), context.Background()
		ways := map[string]error{"a card": d.move(d.manager, d.inside, unit)}
		_, ways["a new agent"] = d.AddAgent(ctx, d.manager, directory.Agent{FamilyName: "Neuf", Unit: unit}, "")
		_, ways["a new unit"] = d.AddUnit(ctx, d.manager, directory.Unit{Name: "Neuve", Parent: unit}, "")
		if unit != "voirie" {
			_, ways["all of a unit"] = d.EmptyUnit(ctx, d.manager, "voirie", unit, "")
		}
		for way, err := range ways {
			if err != nil == may || err != nil && !errors.Is(err, portal.ErrDenied) {
				t.Errorf("%s into %q: %v, want it done = %v", way, unit, err, may)
			}
		}
		if _, err := d.EmptyUnit(ctx, d.manager, "accueil", "voirie", ""); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("all of a unit beside: %v, want ErrDenied", err)
		}
	}
}

// TestWhoManagesAUnitShapesWhatIsBelow, and neither the unit itself nor another one.
func TestWhoManagesAUnitShapesWhatIsBelow(t *testing.T) {
	for _, test := range []struct {
		unit directory.Unit
		may  bool
	}{
		{directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}, true},
		{directory.Unit{ID: "technique", Name: "Services techniques"}, false},
		{directory.Unit{ID: "accueil", Name: "Accueil"}, false},
	} {
		d, ctx := newDivision(t), context.Background()
		other := got(d.AddUnit(ctx, d.admin, directory.Unit{Name: "Parcs", Parent: "technique"}, ""))(t)
		renamed, moved := test.unit, test.unit
		renamed.Name, moved.Parent = "Autre", other
		acts := map[string]error{
			"rename": d.ChangeUnit(ctx, d.manager, test.unit, renamed, ""),
			"shift":  d.ShiftUnit(ctx, d.manager, test.unit.ID, 1, ""),
		}
		if test.may {
			acts["move"] = d.ChangeUnit(ctx, d.manager, renamed, directory.Unit{ID: test.unit.ID, Name: "Autre", Parent: other}, "")
		} else {
			acts["move"] = d.ChangeUnit(ctx, d.manager, test.unit, moved, "")
		}
		for act, err := range acts {
			if test.unit.ID == "technique" && act == "move" {
				continue // below itself: a field is wrong
			}
			if err != nil == test.may || err != nil && !errors.Is(err, portal.ErrDenied) {
				t.Errorf("%s %s: %v, want it done = %v", act, test.unit.ID, err, test.may)
			}
		}
		if test.may {
			must(t, d.move(d.admin, d.below, ""))
		} else {
			d.exec(t, `UPDATE agents SET unit = '' WHERE collectivity = 'bourg'`)
			d.exec(t, `DELETE FROM units WHERE collectivity = 'bourg' AND parent = 'technique'`)
		}
		if err := d.DeleteUnit(ctx, d.manager, test.unit.ID, ""); err == nil != test.may {
			t.Errorf("delete %s: %v, want it done = %v", test.unit.ID, err, test.may)
		}
		if err := d.ChangeUnit(ctx, d.manager, directory.Unit{ID: other, Name: "Parcs", Parent: "technique"}, directory.Unit{ID: other, Name: "Parcs", Parent: "accueil"}, ""); test.may && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("a unit of hers elsewhere: %v, want ErrDenied", err)
		}
	}
}

// TestWhoManagesAUnitListsItsAgents: each list holds hers, whatever she asks for.
func TestWhoManagesAUnitListsItsAgents(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	names := func(agents []directory.Enrolled) (names []string) {
		for _, agent := range agents {
			names = append(names, agent.FamilyName)
		}
		return names
	}
	for unit, want := range map[portal.UnitID][]string{"": {"Dedans", "Dessous", "L’Hénoret"}, "voirie": {"Dessous"}, "accueil": nil} {
		query := directory.RosterQuery{Unit: unit}
		page := got(d.Roster(ctx, d.manager, query))(t)
		if listed := names(page.Agents); !slices.Equal(listed, want) || page.Total != len(want) {
			t.Errorf("of %q: %v (%d), want %v", unit, listed, page.Total, want)
		}
		if listed := names(got(d.RosterAfter(ctx, d.manager, query, nil, 100))(t)); !slices.Equal(listed, want) {
			t.Errorf("the file of %q: %v, want %v", unit, listed, want)
		}
	}
	staff := got(directory.SignIn{Store: d.Store}.Staff(ctx, d.manager))(t)
	if len(staff) != 3 {
		t.Errorf("staff: %d, want 3", len(staff))
	}
	chart := got(d.GovernedUnits(ctx, d.manager))(t)
	if len(chart) != 2 || chart[0].ID != "technique" || !chart[0].Root || chart[0].Depth != 0 || chart[1].ID != "voirie" || chart[1].Root || chart[1].Depth != 1 {
		t.Errorf("units: %+v, want technique and voirie below it", chart)
	}
	if _, _, err := d.Holds(ctx, d.manager, "accueil"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a unit beside: %v, want ErrNotFound", err)
	}
	if all := got(d.Roster(ctx, d.admin, directory.RosterQuery{}))(t); all.Total != 7 {
		t.Errorf("the administrator lists %d, want 7", all.Total)
	}
}

// TestWhoManagesAUnitKeepsItsCardsAlone: what only who keeps the cards may see.
func TestWhoManagesAUnitKeepsItsCardsAlone(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	policy := got(d.Policy(ctx, d.admin))(t)
	shown := policy.Encode()
	for i := range policy {
		if policy[i].Field == directory.FieldPhone {
			policy[i].SeenBy = directory.ByManagers
		}
	}
	must(t, d.SetPolicy(ctx, d.admin, shown, policy, ""))
	for who, sees := range map[portal.AgentID]bool{d.inside.Agent: true, d.below.Agent: true, d.beside.Agent: false} {
		if card := got(d.Agent(ctx, d.manager, who))(t); (card.Phone != "") != sees {
			t.Errorf("the telephone of %s is shown: %q, want %v", card.Name(), card.Phone, sees)
		}
	}
}

// TestGroupsAreNoUnits: who manages a unit neither fills, makes nor rules them.
func TestGroupsAreNoUnits(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	in := []portal.GroupID{"encadrants"}
	acts := map[string]error{
		"join":   d.ChangeGroups(ctx, d.manager, d.inside.Agent, in, nil, ""),
		"leave":  d.ChangeGroups(ctx, d.manager, d.inside.Agent, nil, in, ""),
		"add":    d.AddMember(ctx, d.manager, "encadrants", d.inside.Agent),
		"delete": d.DeleteGroup(ctx, d.manager, "encadrants", ""),
	}
	_, acts["make"] = d.AddGroup(ctx, d.manager, "Neuf", "")
	_, acts["list"] = d.CountedGroups(ctx, d.manager)
	for act, err := range acts {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", act, err)
		}
	}
}

// TestANarrowedRightOutranks: she decides about nobody who holds more, or elsewhere.
func TestANarrowedRightOutranks(t *testing.T) {
	d := newDivision(t)
	for what, test := range map[string]struct {
		give func() string
		may  bool
	}{
		"the same, below":  {func() string { return d.narrow(t, d.inside, "voirie") }, true},
		"the same":         {func() string { return d.narrow(t, d.inside, "technique") }, true},
		"the same, beside": {func() string { return d.narrow(t, d.inside, "accueil") }, false},
		"the whole of it":  {func() string { return d.give(t, portal.ManageAgents, portal.TheAgent, string(d.inside.Agent)) }, false},
		"another right":    {func() string { return d.give(t, portal.EditNews, portal.TheAgent, string(d.inside.Agent)) }, false},
	} {
		id := test.give()
		if err := d.move(d.manager, d.inside, "voirie"); err != nil == test.may {
			t.Errorf("%s: %v, want it done = %v", what, err, test.may)
		}
		if err := d.SetPhoto(context.Background(), d.manager, d.inside.Agent, nil, ""); err != nil == test.may {
			t.Errorf("%s, her photograph: %v, want it done = %v", what, err, test.may)
		}
		_, err := d.EmptyUnit(context.Background(), d.manager, "voirie", "technique", "")
		if test.may && err != nil {
			t.Errorf("%s: %v", what, err)
		}
		got(d.Take(context.Background(), d.admin, id, ""))(t)
		must(t, d.move(d.admin, d.inside, "technique"))
	}
	d.narrow(t, d.inside, "accueil")
	must(t, d.move(d.admin, d.inside, "voirie"))
	if _, err := d.EmptyUnit(context.Background(), d.manager, "voirie", "technique", ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("all of a unit with who holds more: %v, want ErrDenied", err)
	}
}

// TestANarrowedRightFollowsItsUnit: as it moves, and until it is no more.
func TestANarrowedRightFollowsItsUnit(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	must(t, d.ChangeUnit(ctx, d.admin, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "accueil"}, ""))
	if err := d.CloseAgent(ctx, d.manager, d.below.Agent, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("in a unit that went elsewhere: %v, want ErrDenied", err)
	}
	d.exec(t, `UPDATE agents SET unit = '' WHERE collectivity = 'bourg'`)
	_, holds, err := d.Holds(ctx, d.admin, "technique")
	if err != nil || len(holds.Mentions) != 1 {
		t.Errorf("what names the unit: %+v, %v, want the right that holds in it", holds.Mentions, err)
	}
	if err := d.DeleteUnit(ctx, d.admin, "technique", ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("deleting the unit: %v, want ErrConflict", err)
	}
	got(d.Take(ctx, d.admin, d.right, ""))(t)
	must(t, d.DeleteUnit(ctx, d.admin, "technique", ""))
	if _, err := d.GiveBack(ctx, d.admin, d.right, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("giving back where nothing is: %v, want ErrConflict", err)
	}
	d.exec(t, `UPDATE rights_given SET taken = 0 WHERE collectivity = 'bourg' AND id = $1`, d.right)
	if now := d.now(t, d.anne); now.Administers() || len(now.Narrowed) > 0 {
		t.Errorf("a right whose unit is no more gives %+v, want nothing", now.Narrowed)
	}
	if counts := got(d.CountHolders(ctx, d.admin))(t); counts[portal.ManageAgents] != 0 {
		t.Errorf("the review counts %d, want nobody", counts[portal.ManageAgents])
	}
	if rights := got(d.ReviewOf(ctx, d.admin, d.anne.Agent))(t).Rights; len(rights) > 0 {
		t.Errorf("the review tells %+v, want nothing", rights)
	}
}

// TestOnlySomeRightsAreNarrowed: the others say so.
func TestOnlySomeRightsAreNarrowed(t *testing.T) {
	d := newDivision(t)
	for _, right := range portal.CollectivityRights {
		given := directory.Given{Right: right, In: "voirie", Subject: portal.Subject{Kind: portal.TheGroup, ID: "encadrants"}}
		_, err := d.Give(context.Background(), d.admin, given, "")
		if slices.Contains(portal.Narrowable, right) {
			must(t, err)
			continue
		}
		wantFields(t, err, "unit")
	}
}

// TestANarrowedRightIsLentNarrowed: where she holds it or below, and as long as she does.
func TestANarrowedRightIsLentNarrowed(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	lend := func(in portal.UnitID) (string, error) {
		return d.Lend(ctx, d.manager, directory.Given{Right: portal.ManageAgents, In: in, Ends: time.Now().Add(time.Hour), Subject: portal.Subject{Kind: portal.TheAgent, ID: string(d.beside.Agent)}}, "")
	}
	for _, in := range []portal.UnitID{"", "accueil", "nowhere"} {
		_, err := lend(in)
		wantFields(t, err, "right")
	}
	got(lend("voirie"))(t)
	she := d.now(t, d.beside)
	if !slices.Equal(she.Where(portal.ManageAgents), []portal.UnitID{"voirie"}) || she.Can(portal.ManageAgents) {
		t.Errorf("lent %v, want voirie alone", she.Narrowed)
	}
	reviewed := got(d.ReviewOf(ctx, d.admin, d.beside.Agent))(t).Rights
	if len(reviewed) != 1 || reviewed[0].Whole() || reviewed[0].Whys[0].InName != "Voirie" || reviewed[0].Whys[0].Lender == "" {
		t.Errorf("the review tells %+v, want a loan in Voirie", reviewed)
	}
	if counts := got(d.CountHolders(ctx, d.admin))(t); counts[portal.ManageAgents] != 2 {
		t.Errorf("the review counts %d, want the manager and whom she lends it", counts[portal.ManageAgents])
	}
	for _, member := range got(directory.SignIn{Store: d.Store}.Staff(ctx, d.admin))(t) {
		now := d.now(t, portal.Caller{Account: member.Account, Collectivity: "bourg"})
		same := slices.EqualFunc(member.Narrowed, now.Narrowed, func(a, b portal.Holding) bool {
			return a.Right == b.Right && a.Unit == b.Unit && slices.Equal(a.Above, b.Above)
		})
		if !same {
			t.Errorf("the book tells of %s %v, she holds %v", member.Name, member.Narrowed, now.Narrowed)
		}
	}
	if held := got(d.RightsOf(ctx, she))(t); len(held) != 1 || held[0].InName != "Voirie" {
		t.Errorf("she is told %+v, want Voirie", held)
	}
	got(d.Take(ctx, d.admin, d.right, ""))(t)
	if she := d.now(t, d.beside); she.Administers() {
		t.Errorf("lent by who holds it no more: %+v", she.Narrowed)
	}
}

// TestARuleMovesNobodyAbove: whom she may not decide about is moved by no rule of hers.
func TestARuleMovesNobodyAbove(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	everyone := allOf(when(directory.RuleKind, directory.TestIs, "agent"))
	d.give(t, portal.ManageAgents, portal.TheAgent, string(d.both.Agent))
	whole := d.now(t, d.both)
	if err := d.keepRule(whole, "encadrants", everyone); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a rule that catches the administrator: %v, want ErrDenied", err)
	}
	must(t, d.keepRule(whole, "encadrants", allOf(when(directory.RuleUnit, directory.TestWithin, "accueil"))))
	got(d.Give(ctx, d.admin, directory.Given{Right: portal.EditNews, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(d.beside.Agent)}}, ""))(t)
	if err := d.keepRule(whole, "encadrants", allOf(when(directory.RuleUnit, directory.TestWithin, "technique"))); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a rule that drops who holds more: %v, want ErrDenied", err)
	}
	must(t, d.keepRule(d.admin, "encadrants", everyone))
}

// TestAChangeIsToldToItsCollectivityAlone, so that the others keep what they remember.
func TestAChangeIsToldToItsCollectivityAlone(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	var told []portal.CollectivityID
	d.OnChange(func(in portal.CollectivityID, account portal.AccountID) {
		if account == "" {
			told = append(told, in)
		}
	})
	id := d.give(t, portal.EditNews, portal.TheGroup, "encadrants")
	got(d.Take(ctx, d.admin, id, ""))(t)
	got(d.AddUnit(ctx, d.admin, directory.Unit{Name: "Neuve"}, ""))(t)
	group := got(d.AddGroup(ctx, d.admin, "Neuf", ""))(t)
	must(t, d.keepRule(d.admin, group, allOf(when(directory.RuleUnit, directory.TestWithin, "voirie"))))
	must(t, d.DeleteGroup(ctx, d.admin, group, ""))
	if want := slices.Repeat([]portal.CollectivityID{"bourg"}, 5); !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// TestWhoManagesAUnitIsToldOfItsAgents at the top of her page, and of no others.
func TestWhoManagesAUnitIsToldOfItsAgents(t *testing.T) {
	d, ctx := newDivision(t), context.Background()
	leave := func(who, after portal.Caller, day string) {
		t.Helper()
		must(t, d.PlanDeparture(ctx, d.admin, who.Agent, directory.Departure{LastDay: day, Successor: after.Agent}, "", ""))
	}
	told := func(who portal.Caller) map[string]int {
		t.Helper()
		counts := map[string]int{}
		for _, one := range got(d.Concerns(ctx, d.now(t, who)))(t) {
			counts[strings.TrimPrefix(one.Key, "directory.concern.")] = one.Count
			for _, named := range one.Named {
				counts[named.Name]++
			}
		}
		return counts
	}
	leave(d.inside, d.anne, soon)
	leave(d.beside, d.inside, soon)
	if got, want := told(d.anne), map[string]int{"leaving": 1, "Ines Dedans": 1, "no-email": 3}; !cmp.Equal(got, want) {
		t.Errorf("she is told %v, want %v", got, want)
	}
	later := time.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	leave(d.below, d.inside, later) // who is gone by then
	got(d.CreateAgent(ctx, directory.Installation("bourg"), directory.Agent{FamilyName: "Sans adresse", Unit: "voirie"}))(t)
	got(d.CreateAgent(ctx, directory.Installation("bourg"), directory.Agent{FamilyName: "Sans adresse", Unit: "accueil"}))(t)
	d.exec(t, `UPDATE planned_departures SET fault = 'directory.error.departure.moved' WHERE collectivity = 'bourg' AND agent = $1`, string(d.beside.Agent))
	d.exec(t, `INSERT INTO invitations (collectivity, agent, login, hash, made, mail, created, expires) VALUES ('bourg', $1, 'x', 'x', FALSE, '', 1, 2), ('bourg', $2, 'y', 'y', FALSE, '', 1, 2)`,
		string(d.inside.Agent), string(d.beside.Agent))
	want := map[string]int{"leaving": 2, "no-successor": 1, "no-door": 1, "no-email": 4, "late": 1, "Ines Dedans": 1, "Bela Dessous": 2}
	if got := told(d.anne); !cmp.Equal(got, want) {
		t.Errorf("she is told %v, want %v", got, want)
	}
	if all := told(d.admin); all["leaving"] != 3 || all["stuck"] != 1 || all["late"] != 2 || all["no-door"] != 2 {
		t.Errorf("who manages all is told %v", all)
	}
	if got := told(d.inside); len(got) > 0 {
		t.Errorf("who manages nobody is told %v", got)
	}
	if got := told(d.elsewhere); len(got) > 0 {
		t.Errorf("in another collectivity she is told %v", got)
	}
}
