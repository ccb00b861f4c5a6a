package directory_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// council is a town whose rights are given and taken.
type council struct {
	*town
	db    *database.DB
	admin portal.Caller // an agent who governs bourg
}

func newCouncil(t testing.TB) *council {
	t.Helper()
	db := databasetest.New(t)
	return newCouncilIn(t, newTownIn(t, directory.New(db)), db)
}

func newCouncilIn(t testing.TB, tw *town, db *database.DB) *council {
	t.Helper()
	c := &council{town: tw, db: db}
	ctx, install := context.Background(), directory.Installation("bourg")
	got(c.CreateUnit(ctx, install, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}))(t)
	c.admin = c.hire(t, "bourg", "admin@bourg.example", directory.Agent{GivenName: "Ada", FamilyName: "Ménard"})
	must(t, c.SetRights(ctx, install, c.admin.Agent, []portal.Right{portal.Admin}))
	c.admin = c.now(t, c.admin)
	return c
}

// now is who somebody is now.
func (c *council) now(t testing.TB, who portal.Caller) portal.Caller {
	t.Helper()
	return got(c.CallerFor(context.Background(), who.Account, who.Collectivity))(t)
}

// give gives a right, by the administrator.
func (c *council) give(t testing.TB, right portal.Right, kind portal.SubjectKind, id string) string {
	t.Helper()
	return got(c.Give(context.Background(), c.admin, directory.Given{Right: right, Subject: portal.Subject{Kind: kind, ID: id}}, "192.0.2.1"))(t)
}

// move writes an agent into a unit.
func (c *council) move(caller, who portal.Caller, unit portal.UnitID) error {
	shown, err := c.Agent(context.Background(), c.admin, who.Agent)
	if err != nil {
		return err
	}
	typed := shown
	typed.Unit = unit
	return c.ChangeAgent(context.Background(), caller, shown, typed, "")
}

func (c *council) exec(t testing.TB, query string, args ...any) {
	t.Helper()
	_, err := c.db.Exec(context.Background(), query, args...)
	must(t, err)
}

// TestNoRightCrossesACollectivity: nobody gives, takes, lends or reads one of
// another, and no subject of another is given any.
func TestNoRightCrossesACollectivity(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	id := c.give(t, portal.EditNews, portal.TheAgent, string(c.anne.Agent))
	must(t, c.SetRights(ctx, directory.Installation("agglo"), c.luc.Agent, []portal.Right{portal.Admin}))
	luc := c.now(t, c.luc)
	if _, err := c.Take(ctx, luc, id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("Take by another's administrator: %v, want ErrNotFound", err)
	}
	for _, given := range got(c.RightsGiven(ctx, luc))(t) {
		if given.Subject.ID != string(luc.Agent) {
			t.Errorf("agglo's list holds %+v", given)
		}
	}
	for _, subject := range []portal.Subject{
		{Kind: portal.TheAgent, ID: string(c.anne.Agent)}, {Kind: portal.TheUnit, ID: "voirie"}, {Kind: portal.TheAgent}, {Kind: portal.Everyone, ID: "x"}, {Kind: "account", ID: string(luc.Account)},
	} {
		if _, err := c.Give(ctx, luc, directory.Given{Right: portal.EditNews, Subject: subject}, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%v of bourg is given a right of agglo: %v", subject, err)
		}
	}
	everyone := directory.Given{Right: portal.EditDocuments, Subject: portal.Subject{Kind: portal.Everyone}}
	got(c.Give(ctx, luc, everyone, ""))(t)
	if c.now(t, c.anne).Can(portal.EditDocuments) || !c.now(t, c.elsewhere).Can(portal.EditDocuments) || c.now(t, c.both).Can(portal.EditDocuments) {
		t.Error("everyone of agglo is not everyone of agglo")
	}
	for _, right := range []portal.Right{portal.OperatePool, "nonsense", ""} {
		if _, err := c.Give(ctx, c.admin, directory.Given{Right: right, Subject: everyone.Subject}, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("the right %q is given: %v", right, err)
		}
	}
	if _, err := c.Give(ctx, c.now(t, c.anne), everyone, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("Give by an agent: %v, want ErrDenied", err)
	}
}

// TestARightReachesThoseWhomItsSubjectNames, from its beginning to its end.
func TestARightReachesThoseWhomItsSubjectNames(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	install := directory.Installation("bourg")
	paul := c.hire(t, "bourg", "paul@bourg.example", directory.Agent{GivenName: "Paul", FamilyName: "Roche", Unit: "voirie"})
	must(t, c.AddMember(ctx, install, "encadrants", c.both.Agent))
	for name, test := range map[string]struct {
		subject portal.Subject
		want    []portal.Caller
	}{
		"an agent":         {portal.Subject{Kind: portal.TheAgent, ID: string(c.anne.Agent)}, []portal.Caller{c.anne}},
		"a group":          {portal.Subject{Kind: portal.TheGroup, ID: "encadrants"}, []portal.Caller{c.both}},
		"a unit":           {portal.Subject{Kind: portal.TheUnit, ID: "voirie"}, []portal.Caller{paul}},
		"the unit above":   {portal.Subject{Kind: portal.TheUnit, ID: "technique"}, []portal.Caller{c.anne, paul}},
		"everyone of them": {portal.Subject{Kind: portal.Everyone}, []portal.Caller{c.anne, c.both, paul}},
	} {
		id := got(c.Give(ctx, c.admin, directory.Given{Right: portal.EditNews, Subject: test.subject}, ""))(t)
		holders := func() (holders []portal.AgentID) {
			staff := got(directory.SignIn{Store: c.Store}.Staff(ctx, c.admin))(t)
			for _, who := range []portal.Caller{c.anne, c.both, paul} {
				can := c.now(t, who).Can(portal.EditNews)
				if can {
					holders = append(holders, who.Agent)
				}
				for _, member := range staff {
					if member.Agent == who.Agent && slices.Contains(member.Rights, portal.EditNews) != can {
						t.Errorf("%s: the list of staff says otherwise of %s", name, member.Name)
					}
				}
			}
			return holders
		}
		var want []portal.AgentID
		for _, who := range test.want {
			want = append(want, who.Agent)
		}
		if got := holders(); !slices.Equal(got, want) {
			t.Errorf("%s: %v hold it, want %v", name, got, want)
		}
		for _, times := range []string{`starts = 9000000000000`, `starts = 0, ends = 1`, `ends = 0, taken = 1`} {
			c.exec(t, `UPDATE rights_given SET `+times+` WHERE collectivity = 'bourg' AND id = $1`, id)
			if got := holders(); got != nil {
				t.Errorf("%s, %s: %v hold it", name, times, got)
			}
		}
	}
}

// TestWhatIsTakenCanBeGivenBack for thirty days, and once.
func TestWhatIsTakenCanBeGivenBack(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	id := c.give(t, portal.EditNews, portal.TheAgent, string(c.anne.Agent))
	same := directory.Given{Right: portal.EditNews, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(c.anne.Agent)}}
	wantFields(t, func() error { _, err := c.Give(ctx, c.admin, same, ""); return err }(), "subject")
	got(c.Take(ctx, c.admin, id, ""))(t)
	if c.now(t, c.anne).Can(portal.EditNews) {
		t.Error("a right that was taken away serves")
	}
	if _, err := c.Take(ctx, c.admin, id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("taken twice: %v", err)
	}
	got(c.GiveBack(ctx, c.admin, id, ""))(t)
	if !c.now(t, c.anne).Can(portal.EditNews) {
		t.Error("a right that was given back does not serve")
	}
	if _, err := c.GiveBack(ctx, c.admin, id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("given back twice: %v", err)
	}
	got(c.Take(ctx, c.admin, id, ""))(t)
	c.exec(t, `UPDATE rights_given SET taken = $1 WHERE collectivity = 'bourg' AND id = $2`, database.Millis(time.Now().Add(-31*24*time.Hour)), id)
	if _, err := c.GiveBack(ctx, c.admin, id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("after a month: %v", err)
	}
	var lines int
	must(t, c.db.QueryRow(ctx, `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND action IN ('right.given', 'right.taken') AND detail = 'news.edit'
		AND object = 'Anne-Élodie L’Hénoret' AND agent = $1`, string(c.admin.Agent)).Scan(&lines))
	if lines != 4 {
		t.Errorf("%d lines in the journal, want 4", lines)
	}
}

// TestTheLastAdministratorStays, whatever way there is to lose her.
func TestTheLastAdministratorStays(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	install := directory.Installation("bourg")
	right := func() string {
		for _, given := range got(c.RightsGiven(ctx, c.admin))(t) {
			if given.Right == portal.Admin && given.Subject.Kind == portal.TheAgent && given.Ends.IsZero() {
				return given.ID
			}
		}
		t.Fatal("nobody governs")
		return ""
	}
	stays := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, portal.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", what, err)
		}
		if !c.now(t, c.admin).Can(portal.Admin) {
			t.Fatalf("%s: nobody governs any more", what)
		}
	}
	_, err := c.Take(ctx, c.admin, right(), "")
	stays("her right is taken", err)
	stays("she is closed", c.CloseAgent(ctx, c.admin, c.admin.Agent, ""))
	stays("she is set up anew", c.SetRights(ctx, install, c.admin.Agent, nil))

	// What ends and what is lent does not count.
	until := time.Now().Add(time.Hour)
	got(c.Give(ctx, c.admin, directory.Given{Right: portal.Admin, Ends: until, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(c.both.Agent)}}, ""))(t)
	got(c.Lend(ctx, c.admin, directory.Given{Right: portal.Admin, Ends: until, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(c.anne.Agent)}}, ""))(t)
	_, err = c.Take(ctx, c.admin, right(), "")
	stays("others govern for an hour", err)

	for name, place := range map[string]struct {
		subject portal.Subject
		enter   func() error
		leave   func() error
	}{
		"group": {
			portal.Subject{Kind: portal.TheGroup, ID: "encadrants"},
			func() error { return c.AddMember(ctx, install, "encadrants", c.admin.Agent) },
			func() error { return c.RemoveMember(ctx, c.now(t, c.admin), "encadrants", c.admin.Agent) },
		},
		"unit": {
			portal.Subject{Kind: portal.TheUnit, ID: "technique"},
			func() error { return c.move(install, c.admin, "voirie") },
			func() error { return c.move(c.now(t, c.admin), c.admin, "") },
		},
	} {
		c.exec(t, `UPDATE agents SET unit = '' WHERE collectivity = 'bourg' AND id <> $1`, string(c.admin.Agent))
		must(t, place.enter())
		id := got(c.Give(ctx, c.admin, directory.Given{Right: portal.Admin, Subject: place.subject}, ""))(t)
		direct := right()
		if direct == id {
			t.Fatal("the list is in another order")
		}
		c.exec(t, `UPDATE rights_given SET taken = 1 WHERE collectivity = 'bourg' AND id = $1`, direct)
		stays("she leaves the "+name, place.leave())
		_, err := c.Take(ctx, c.now(t, c.admin), id, "")
		stays("the right of the "+name+" is taken", err)
		c.exec(t, `UPDATE rights_given SET taken = 0 WHERE collectivity = 'bourg' AND id = $1`, direct)
		got(c.Take(ctx, c.admin, id, ""))(t)
	}
}

// TestALoanIsOfWhatItsLenderHolds, ends with it, and goes no further.
func TestALoanIsOfWhatItsLenderHolds(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	to := func(who portal.Caller, right portal.Right, ends time.Time) directory.Given {
		return directory.Given{Right: right, Ends: ends, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(who.Agent)}}
	}
	week := time.Now().Add(7 * 24 * time.Hour)
	own := c.give(t, portal.EditNews, portal.TheAgent, string(c.anne.Agent))
	anne := c.now(t, c.anne)
	lend := func(given directory.Given) error { _, err := c.Lend(ctx, anne, given, ""); return err }
	wantFields(t, lend(to(c.both, portal.EditDocuments, week)), "right")
	wantFields(t, lend(to(anne, portal.EditNews, week)), "agent")
	wantFields(t, lend(to(c.both, portal.EditNews, time.Time{})), "ends")
	wantFields(t, lend(to(c.both, portal.EditNews, time.Now().Add(367*24*time.Hour))), "ends")
	wantFields(t, lend(to(c.both, portal.EditNews, time.Now().Add(-time.Hour))), "ends")
	wantFields(t, lend(to(c.luc, portal.EditNews, week)), "subject")
	wantFields(t, lend(directory.Given{Right: portal.EditNews, Ends: week, Subject: portal.Subject{Kind: portal.Everyone}}), "agent")

	id := got(c.Lend(ctx, anne, to(c.both, portal.EditNews, week), ""))(t)
	both := c.now(t, c.both)
	if !both.Can(portal.EditNews) || both.Can(portal.EditDocuments) {
		t.Fatalf("she was lent the right to edit news, and holds %v", both.Rights)
	}
	if _, err := c.Lend(ctx, both, to(c.admin, portal.EditNews, week), ""); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("what is lent is lent on: %v", err)
	}
	if lent := got(c.RightsLent(ctx, anne))(t); len(lent) != 1 || lent[0].ID != id || lent[0].Name != "Zoé Petit" {
		t.Errorf("anne lends %+v", lent)
	}
	got(c.Take(ctx, c.admin, own, ""))(t)
	if c.now(t, c.both).Can(portal.EditNews) {
		t.Error("a loan outlives the right")
	}
	got(c.GiveBack(ctx, c.admin, own, ""))(t)
	must(t, c.CloseAgent(ctx, c.admin, anne.Agent, ""))
	if c.now(t, c.both).Can(portal.EditNews) {
		t.Error("a loan outlives its lender")
	}
	must(t, c.ReopenAgent(ctx, c.admin, anne.Agent, ""))
	if _, err := c.Take(ctx, both, id, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who was lent a right takes it: %v", err)
	}
	got(c.Take(ctx, anne, id, ""))(t)
	if c.now(t, c.both).Can(portal.EditNews) {
		t.Error("a loan that its lender ended serves")
	}

	// The administrator lends a part of what she may do.
	got(c.Lend(ctx, c.admin, to(c.both, portal.ManageAgents, week), ""))(t)
	if both := c.now(t, c.both); !both.Can(portal.ManageAgents) || both.Can(portal.Admin) {
		t.Errorf("she holds %v", both.Rights)
	}
}

// TestWhoManagesAgentsGetsNothingMore: she decides about nobody who may do more, and
// places nobody where more is given.
// An address of the collectivity may open a mailbox, and is who somebody is to some applications.
func TestWhoManagesAgentsWritesNoAddressOfOurs(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	c.give(t, portal.ManageAgents, portal.TheAgent, string(c.anne.Agent))
	anne := c.now(t, c.anne)
	login := got(c.Account(ctx, anne.Account))(t).Login
	write := func(by portal.Caller, email string) error {
		shown := got(c.Agent(ctx, c.admin, anne.Agent))(t)
		typed := shown
		typed.Email = email
		return c.ChangeAgent(ctx, by, shown, typed, "")
	}
	add := func(by portal.Caller, email string) error {
		_, err := c.AddAgent(ctx, by, directory.Agent{FamilyName: "Neuve", Email: email}, "")
		return err
	}
	for what, err := range map[string]error{"on her card": write(anne, "Maire@Bourg.example"), "on a new one": add(anne, "maire@bourg.example")} {
		if !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
	for what, err := range map[string]error{
		"of another domain": write(anne, "anne@ailleurs.example"), "none": write(anne, ""), "by which she signs in": write(anne, login),
		"a new one of another domain": add(anne, "neuve@ailleurs.example"), "by the administrator": write(c.admin, "maire@bourg.example"),
		"a new one, by her": add(c.admin, "dgs@bourg.example"),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhoManagesAgentsGetsNothingMore(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	c.give(t, portal.ManageAgents, portal.TheAgent, string(c.anne.Agent))
	c.give(t, portal.EditNews, portal.TheGroup, "encadrants")
	c.give(t, portal.Admin, portal.TheUnit, "technique")
	got(c.CreateUnit(ctx, c.admin, directory.Unit{ID: "accueil", Name: "Accueil"}))(t)
	c.exec(t, `UPDATE agents SET unit = '' WHERE collectivity = 'bourg'`)
	anne := c.now(t, c.anne)
	if !anne.Can(portal.ManageAgents) || anne.CanAny(portal.Admin, portal.EditNews) {
		t.Fatalf("anne holds %v", anne.Rights)
	}
	rename := func(who portal.Caller) error {
		shown := got(c.Agent(ctx, c.admin, who.Agent))(t)
		typed := shown
		typed.GivenName = "Zita"
		return c.ChangeAgent(ctx, anne, shown, typed, "")
	}
	for what, err := range map[string]error{
		"changing the administrator's card": rename(c.admin),
		"closing the administrator":         c.CloseAgent(ctx, anne, c.admin.Agent, ""),
		"a unit that governs":               c.move(anne, c.both, "technique"),
		"a unit below it":                   c.move(anne, c.both, "voirie"),
		"a group that edits news":           c.AddMember(ctx, anne, "encadrants", anne.Agent),
		"the same, from the card":           c.ChangeGroups(ctx, anne, anne.Agent, []portal.GroupID{"encadrants"}, nil, ""),
		"a unit, below one that governs":    c.ChangeUnit(ctx, anne, directory.Unit{ID: "accueil", Name: "Accueil"}, directory.Unit{ID: "accueil", Name: "Accueil", Parent: "technique"}, ""),
		"the name of a unit that governs":   c.ChangeUnit(ctx, anne, directory.Unit{ID: "technique", Name: "Services techniques"}, directory.Unit{ID: "technique", Name: "Accueil"}, ""),
		"the name of a unit below it":       c.ChangeUnit(ctx, anne, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}, directory.Unit{ID: "voirie", Name: "Accueil", Parent: "technique"}, ""),
		"the name of a group that edits":    c.RenameGroup(ctx, anne, "Encadrants", directory.Group{ID: "encadrants", Name: "Tous"}, ""),
		"all of a unit, into one that governs": func() error {
			_, err := c.EmptyUnit(ctx, anne, "accueil", "voirie", "")
			return err
		}(),
		"a guest in a unit that governs": func() error {
			_, err := c.CreateAgent(ctx, anne, directory.Agent{GivenName: "Nina", FamilyName: "Sol", Unit: "voirie"})
			return err
		}(),
		"a right": func() error {
			_, err := c.Give(ctx, anne, directory.Given{Right: portal.EditNews, Subject: portal.Subject{Kind: portal.Everyone}}, "")
			return err
		}(),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", what, err)
		}
	}
	must(t, rename(c.both))
	c.give(t, portal.EditNews, portal.TheAgent, string(anne.Agent))
	must(t, c.AddMember(ctx, c.now(t, anne), "encadrants", c.both.Agent))
}
