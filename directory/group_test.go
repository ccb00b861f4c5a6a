package directory_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// TestGroupsOfAnotherCollectivityDoNotExist for who administers this one.
func TestGroupsOfAnotherCollectivityDoNotExist(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin, bourg := tw.appoint(t, tw.luc), directory.Installation("bourg")
	regie := got(tw.AddGroup(ctx, bourg, "Régisseurs", ""))(t)
	old := got(tw.AddGroup(ctx, bourg, "Anciens", ""))(t)
	must(t, tw.DeleteGroup(ctx, bourg, old, ""))
	_, members := tw.Members(ctx, admin, regie, 1)
	_, restored := tw.RestoreGroup(ctx, admin, old, "")
	for operation, err := range map[string]error{
		"read": members, "restore": restored,
		"rename": tw.RenameGroup(ctx, admin, "Régisseurs", directory.Group{ID: regie, Name: "x"}, ""),
		"delete": tw.DeleteGroup(ctx, admin, regie, ""),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("agglo's administrator may %s bourg's group: %v, want ErrNotFound", operation, err)
		}
	}
	wantFields(t, tw.ChangeGroups(ctx, admin, tw.luc.Agent, []portal.GroupID{regie}, nil, ""), "group")
	if counted := got(tw.CountedGroups(ctx, admin))(t); len(counted) != 1 || counted[0].Name != "Encadrants" {
		t.Errorf("agglo lists %v", counted)
	}
	if deleted := got(tw.DeletedGroups(ctx, admin))(t); len(deleted) != 0 {
		t.Errorf("agglo lists bourg's deleted %v", deleted)
	}
}

func TestOnlyAnAdministratorKeepsGroups(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	_, add := tw.AddGroup(ctx, tw.anne, "x", "")
	_, counted := tw.CountedGroups(ctx, tw.anne)
	_, members := tw.Members(ctx, tw.anne, "encadrants", 1)
	_, deleted := tw.DeletedGroups(ctx, tw.anne)
	_, restore := tw.RestoreGroup(ctx, tw.anne, "encadrants", "")
	for operation, err := range map[string]error{
		"add": add, "count": counted, "read": members, "list deleted": deleted, "restore": restore,
		"rename": tw.RenameGroup(ctx, tw.anne, "Encadrants", directory.Group{ID: "encadrants", Name: "x"}, ""),
		"delete": tw.DeleteGroup(ctx, tw.anne, "encadrants", ""),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", operation, err)
		}
	}
}

// TestAGroupIsDeletedOnceNothingNamesIt, and had again with its members for thirty
// days.
func TestAGroupIsDeletedOnceNothingNamesIt(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	must(t, h.AddMember(ctx, admin, "encadrants", h.anne.Agent))
	got(h.db.Exec(ctx, `INSERT INTO scim_groups (collectivity, group_id, external_id) VALUES ('bourg', 'encadrants', 'x'), ('agglo', 'encadrants', 'x')`))(t)
	mentions := []portal.Mention{{Kind: "applications.mention", Name: "Finances", Path: "/admin/applications/finances", Icon: "apps"}}
	h.Mentioning(nil, func(context.Context, database.Reader, portal.Caller, portal.GroupID) ([]portal.Mention, error) {
		return mentions, nil
	})
	if err := h.DeleteGroup(ctx, admin, "encadrants", ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("deleted, and an application is open to it: %v", err)
	}
	mentions = nil
	must(t, h.DeleteGroup(ctx, admin, "encadrants", ""))
	if groups := got(h.Groups(ctx, admin))(t); len(groups) != 0 {
		t.Errorf("groups = %v, want none", groups)
	}
	if group := got(h.RestoreGroup(ctx, admin, "encadrants", ""))(t); group.Name != "Encadrants" {
		t.Errorf("restored %v", group)
	}
	if members := got(h.Members(ctx, admin, "encadrants", 1))(t); members.Total != 1 || members.Agents[0].ID != h.anne.Agent {
		t.Errorf("members = %+v, want those of before", members.People)
	}
	must(t, h.DeleteGroup(ctx, admin, "encadrants", ""))
	got(h.db.Exec(ctx, `UPDATE deleted_groups SET deleted = deleted - $1`, 31*24*time.Hour.Milliseconds()))(t)
	if _, err := h.RestoreGroup(ctx, admin, "encadrants", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("restored after 31 days: %v", err)
	}
	other := got(h.AddGroup(ctx, admin, "Élus", ""))(t)
	must(t, h.DeleteGroup(ctx, admin, other, ""))
	var left int
	must(t, h.db.QueryRow(ctx, `SELECT COUNT(*) FROM deleted_group_members WHERE collectivity = 'bourg'`).Scan(&left))
	if left != 0 {
		t.Errorf("%d members of a group deleted long ago are kept", left)
	}
	var known string
	must(t, h.db.QueryRow(ctx, `SELECT collectivity FROM scim_groups`).Scan(&known))
	must(t, h.db.QueryRow(ctx, `SELECT COUNT(*) FROM scim_groups`).Scan(&left))
	if left != 1 || known != "agglo" {
		t.Errorf("programs know %d groups, one of %s: want that of another collectivity alone", left, known)
	}
}

// TestADeletedGroupGivesNothing: neither by a right that is given back, nor by one
// that was left to it.
func TestADeletedGroupGivesNothing(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	must(t, c.AddMember(ctx, c.admin, "encadrants", c.both.Agent))
	id := c.give(t, portal.EditNews, portal.TheGroup, "encadrants")
	got(c.Take(ctx, c.admin, id, ""))(t)
	must(t, c.DeleteGroup(ctx, c.admin, "encadrants", ""))
	if both := c.now(t, c.both); both.In("encadrants") {
		t.Error("she is in a group that is no more")
	}
	if standing := got(c.Standings(ctx, c.admin, []portal.AgentID{c.both.Agent}))(t)[c.both.Agent]; standing.In("encadrants") {
		t.Error("she stands in a group that is no more")
	}
	var refusal portal.UserError
	if _, err := c.GiveBack(ctx, c.admin, id, ""); !errors.As(err, &refusal) || !errors.Is(err, portal.ErrConflict) {
		t.Errorf("given back to a group that is no more: %v, want a sentence", err)
	}
	c.exec(t, `UPDATE rights_given SET taken = 0 WHERE collectivity = 'bourg' AND id = $1`, id)
	if both := c.now(t, c.both); both.Can(portal.EditNews) {
		t.Error("a group that is no more gives a right")
	}
	c.give(t, portal.ManageAgents, portal.TheAgent, string(c.anne.Agent))
	if _, err := c.RestoreGroup(ctx, c.now(t, c.anne), "encadrants", ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("restored by who does not hold what it gives: %v, want ErrDenied", err)
	}
	got(c.RestoreGroup(ctx, c.admin, "encadrants", ""))(t)
	if both := c.now(t, c.both); !both.In("encadrants") || !both.Can(portal.EditNews) {
		t.Error("restored without its members")
	}
}

// TestTwoGroupsOfANameAreRefused, case and accents aside: forms could not tell them
// apart.
func TestTwoGroupsOfANameAreRefused(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	elus := got(c.AddGroup(ctx, c.admin, "Élus", ""))(t)
	_, err := c.AddGroup(ctx, c.admin, "elus", "")
	wantFields(t, err, "name")
	_, err = c.CreateGroup(ctx, c.admin, directory.Group{Name: "ÉLUS"})
	wantFields(t, err, "name")
	wantFields(t, c.RenameGroup(ctx, c.admin, "Encadrants", directory.Group{ID: "encadrants", Name: "ELUS"}, ""), "name")
	must(t, c.RenameGroup(ctx, c.admin, "Élus", directory.Group{ID: elus, Name: "Elus"}, ""))
	must(t, c.DeleteGroup(ctx, c.admin, elus, ""))
	other := got(c.AddGroup(ctx, c.admin, "Élus", ""))(t)
	var refusal portal.UserError
	if _, err := c.RestoreGroup(ctx, c.admin, elus, ""); !errors.As(err, &refusal) || !errors.Is(err, portal.ErrConflict) {
		t.Errorf("restored beside another of its name: %v, want a sentence", err)
	}
	must(t, c.DeleteGroup(ctx, c.admin, other, ""))
	got(c.RestoreGroup(ctx, c.admin, elus, ""))(t)
	c.exec(t, `INSERT INTO deleted_groups (collectivity, id, name, deleted) VALUES ('bourg', 'encadrants', 'Cadres', $1)`, time.Now().UnixMilli())
	if _, err := c.RestoreGroup(ctx, c.admin, "encadrants", ""); !errors.As(err, &refusal) || !errors.Is(err, portal.ErrConflict) {
		t.Errorf("restored over one that is there: %v, want a sentence", err)
	}
}

// TestDeletedGroupsAreForgotten after thirty days, by whoever keeps house.
func TestDeletedGroupsAreForgotten(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	must(t, c.AddMember(ctx, c.admin, "encadrants", c.both.Agent))
	must(t, c.DeleteGroup(ctx, c.admin, "encadrants", ""))
	left := func() (count int) {
		must(t, c.db.QueryRow(ctx, `
			SELECT (SELECT COUNT(*) FROM deleted_groups WHERE collectivity = 'bourg') + (SELECT COUNT(*) FROM deleted_group_members WHERE collectivity = 'bourg')`).Scan(&count))
		return count
	}
	must(t, c.ForgetGroups(ctx, "bourg"))
	if left() != 2 {
		t.Error("a group is forgotten on the day that it is deleted")
	}
	c.exec(t, `UPDATE deleted_groups SET deleted = deleted - $1`, 31*24*time.Hour.Milliseconds())
	must(t, c.ForgetGroups(ctx, "agglo"))
	if left() != 2 {
		t.Error("agglo forgets bourg's")
	}
	must(t, c.ForgetGroups(ctx, "bourg"))
	if left() != 0 {
		t.Error("a group is kept for more than thirty days")
	}
}

// TestGroupsAreKeptFromTheirPages: added, filled by search, renamed, deleted.
func TestGroupsAreKeptFromTheirPages(t *testing.T) {
	h := newHouse(t)
	h.appoint(t, h.anne)
	browser := h.as(t, h.anne)
	browser.post("/admin/groups", url.Values{"name": {""}}).want(t, http.StatusUnprocessableEntity, `id="name-error"`)
	added := browser.post("/admin/groups", url.Values{"name": {"Régisseurs"}})
	added.want(t, http.StatusSeeOther)
	path := added.location
	browser.get(path+"?q=petit").want(t, http.StatusOK, "Zoé Petit", "/members/"+string(h.both.Agent)+"/add")
	browser.post(path+"/members/"+string(h.both.Agent)+"/add", nil).want(t, http.StatusSeeOther)
	browser.get(path+"?q=petit").want(t, http.StatusOK, "Déjà membre", "/members/"+string(h.both.Agent)+"/remove", "1 personne")
	browser.post(path+"/members/"+string(h.luc.Agent)+"/add", nil).want(t, http.StatusNotFound)
	browser.post("/admin/groups/nowhere/members/"+string(h.both.Agent)+"/add", nil).want(t, http.StatusNotFound)
	browser.post(path, url.Values{"was": {"Régisseurs"}, "name": {"Régies"}}).want(t, http.StatusSeeOther)
	browser.post(path, url.Values{"was": {"Régisseurs"}, "name": {"Caisses"}}).want(t, http.StatusConflict, "Régies", `value="Caisses"`)
	browser.post(path+"/members/"+string(h.both.Agent)+"/remove", nil).want(t, http.StatusSeeOther)
	browser.get(path).want(t, http.StatusOK, "Personne dans ce groupe")
	browser.post(path+"/delete", nil).want(t, http.StatusSeeOther)
	browser.get("/admin/groups").want(t, http.StatusOK, "Groupe Régies supprimé", path+"/restore")
	browser.post(path+"/restore", nil).want(t, http.StatusSeeOther)
	browser.get(path).want(t, http.StatusOK, "Régies")
}
