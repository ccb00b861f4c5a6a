package directory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// TestWhoManagesAgentsDecidesForNobodyAbove her: a right that starts later counts, in
// whatever way she would touch who holds it.
func TestWhoManagesAgentsDecidesForNobodyAbove(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	install := directory.Installation("bourg")
	got(c.CreateUnit(ctx, install, directory.Unit{ID: "accueil", Name: "Accueil"}))(t)
	must(t, c.AddMember(ctx, install, "encadrants", c.admin.Agent))
	c.exec(t, `UPDATE agents SET unit = '' WHERE collectivity = 'bourg'`)
	must(t, c.move(c.admin, c.both, "accueil"))
	c.give(t, portal.ManageAgents, portal.TheAgent, string(c.anne.Agent))
	anne := c.now(t, c.anne)
	empty := func() error { _, err := c.EmptyUnit(ctx, anne, "accueil", "", ""); return err }
	denied := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", what, err)
		}
	}
	denied("the administrator out of a group", c.ChangeGroups(ctx, anne, c.admin.Agent, nil, []portal.GroupID{"encadrants"}, ""))
	denied("the same, from the page of the group", c.RemoveMember(ctx, anne, "encadrants", c.admin.Agent))

	soon := directory.Given{Right: portal.EditNews, Starts: time.Now().Add(24 * time.Hour), Subject: portal.Subject{Kind: portal.TheAgent, ID: string(c.both.Agent)}}
	for what, subject := range map[string]portal.Subject{
		"a right": {Kind: portal.TheAgent, ID: string(c.both.Agent)}, "a group's right": {Kind: portal.TheGroup, ID: "encadrants"},
	} {
		must(t, c.AddMember(ctx, install, "encadrants", c.both.Agent))
		soon.Subject = subject
		id := got(c.Give(ctx, c.admin, soon, ""))(t)
		denied("a card, with "+what+" that starts tomorrow", c.move(anne, c.both, ""))
		denied("all of a unit, with "+what+" that starts tomorrow", empty())
		got(c.Take(ctx, c.admin, id, ""))(t)
		must(t, c.RemoveMember(ctx, install, "encadrants", c.both.Agent))
	}
	c.exec(t, `INSERT INTO account_rights (account, right_name) VALUES ($1, 'pool.operate')`, string(c.both.Account))
	denied("all of a unit, with who operates the pool", empty())
	c.exec(t, `DELETE FROM account_rights WHERE account = $1`, string(c.both.Account))
	must(t, empty())
}

// TestAGroupIsFilledByWhoGovernsWhatItOpens, and by the administrator.
func TestAGroupIsFilledByWhoGovernsWhatItOpens(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	var mentions []portal.Mention
	c.Mentioning(nil, func(context.Context, database.Reader, portal.Caller, portal.GroupID) ([]portal.Mention, error) {
		return mentions, nil
	})
	c.give(t, portal.ManageAgents, portal.TheAgent, string(c.anne.Agent))
	c.give(t, portal.ManageApplications, portal.TheAgent, string(c.anne.Agent))
	anne := c.now(t, c.anne)
	in := []portal.GroupID{"encadrants"}
	ways := map[string]func(who portal.Caller) error{
		"from the card":  func(who portal.Caller) error { return c.ChangeGroups(ctx, who, c.both.Agent, in, nil, "") },
		"from the group": func(who portal.Caller) error { return c.AddMember(ctx, who, "encadrants", c.both.Agent) },
		"out of it":      func(who portal.Caller) error { return c.ChangeGroups(ctx, who, c.both.Agent, nil, in, "") },
	}
	for name, test := range map[string]struct {
		mention portal.Mention
		may     bool
	}{
		"an application":      {portal.Mention{Kind: "applications.mention", Governs: portal.ManageApplications}, true},
		"a folder":            {portal.Mention{Kind: "documents.mention", Governs: portal.EditDocuments}, false},
		"a thing of nobody's": {portal.Mention{Kind: "mail.mention"}, false},
	} {
		mentions = []portal.Mention{test.mention}
		for way, do := range ways {
			if err := do(anne); errors.Is(err, portal.ErrDenied) == test.may {
				t.Errorf("%s, %s: %v, want it done = %v", name, way, err, test.may)
			}
			must(t, do(c.admin))
		}
	}
}
