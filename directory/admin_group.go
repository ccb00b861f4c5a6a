package directory

import (
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// groupRoutes are the pages where an administrator keeps the groups.
func (h *Handler) groupRoutes() []web.Route {
	admin := web.Needs(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/groups", Access: admin, Handler: h.showGroups},
		{Method: "POST", Path: "/admin/groups", Access: admin, Handler: h.addGroup},
		{Method: "POST", Path: "/admin/groups.csv", Access: admin, Slow: true, Handler: h.exportGroups},
		{Method: "GET", Path: "/admin/groups/{id}", Access: admin, Handler: h.showGroup},
		{Method: "POST", Path: "/admin/groups/{id}", Access: admin, Handler: h.renameGroup},
		{Method: "POST", Path: "/admin/groups/{id}/delete", Access: admin, Handler: h.deleteGroup},
		{Method: "POST", Path: "/admin/groups/{id}/restore", Access: admin, Handler: h.restoreGroup},
		{Method: "POST", Path: "/admin/groups/{id}/members/{agent}/add", Access: admin, Handler: h.addMember},
		{Method: "POST", Path: "/admin/groups/{id}/members/{agent}/remove", Access: admin, Handler: h.removeMember},
	}
}

const groupsPath = "/admin/groups"

func groupPath(id portal.GroupID) string { return groupsPath + "/" + string(id) }

// groupsPage lists the groups, and adds one.
type groupsPage struct {
	web.Page
	Form     web.Form
	Name     string
	ByRule   bool // chosen for the group to add
	Query    GroupQuery
	States   []string
	Groups   []CountedGroup
	Total    int
	Links    themes.Pages
	Download string  // address of the file of what is listed
	Deleted  []Group // that can be had again
}

func (h *Handler) showGroups(w http.ResponseWriter, r *http.Request) error {
	return h.renderGroups(w, r, http.StatusOK, &groupsPage{})
}

func (h *Handler) renderGroups(w http.ResponseWriter, r *http.Request, status int, page *groupsPage) (err error) {
	page.Query, page.States = groupQuery(r), GroupStates
	found, err := h.store.ListGroups(r.Context(), web.CallerOf(r), page.Query)
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	page.Groups, page.Total, page.Download = found.Groups, found.Total, web.Filtered(r, groupsPath+".csv")
	page.Links = web.PageLinks(r, printer.T("directory.pages"), found.Page, found.Pages)
	if page.Deleted, err = h.store.DeletedGroups(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	page.Title, page.Section = printer.T("directory.groups"), "admin"
	return h.renderer.Render(w, r, status, "directory/groups", page)
}

func (h *Handler) addGroup(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &groupsPage{Name: strings.TrimSpace(r.PostFormValue("name")), ByRule: r.PostFormValue("by") == "rule"}
	id, err := h.store.AddGroup(r.Context(), web.CallerOf(r), page.Name, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderGroups(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	if page.ByRule {
		return web.Redirect(w, r, groupPath(id)+"/rule")
	}
	return web.Redirect(w, r, groupPath(id)) // where its members are chosen
}

// groupPage is one group and those in it.
type groupPage struct {
	web.Page
	Form    web.Form
	Name    string // as stored, or as typed when it was refused
	Was     string // as shown
	Other   string // what another administrator made of it, "" for nothing
	Members Members
	Rule    GroupRule
	Words   string // the rule, "" for a group that is filled by hand
	Links   themes.Pages
	Text    string
	Found   []foundAgent // by what was searched
}

// foundAgent may be put into the group.
type foundAgent struct {
	Agent
	In bool
}

func (h *Handler) showGroup(w http.ResponseWriter, r *http.Request) error {
	return h.renderGroup(w, r, http.StatusOK, &groupPage{})
}

func (h *Handler) renderGroup(w http.ResponseWriter, r *http.Request, status int, page *groupPage) (err error) {
	caller, id := web.CallerOf(r), portal.GroupID(web.Var(r, "id"))
	if page.Members, err = h.store.Members(r.Context(), caller, id, web.PageNumber(r)); err != nil {
		return err
	}
	if page.Was == "" {
		page.Name, page.Was = page.Members.Name, page.Members.Name
	}
	if page.Rule, err = h.store.RuleOf(r.Context(), caller, id); err != nil {
		return err
	}
	if page.Rule.Ruled {
		units, err := h.store.Units(r.Context(), caller)
		if err != nil {
			return err
		}
		page.Words = ruleWords(web.Printer(r), units, page.Rule.Rule)
	}
	if page.Text = strings.TrimSpace(web.Query(r).Get("q")); page.Text != "" && !page.Rule.Ruled {
		if page.Found, err = h.findFor(r, id, page.Text); err != nil {
			return err
		}
	}
	printer := web.Printer(r)
	page.Links = web.PageLinks(r, printer.T("directory.pages"), page.Members.Page, page.Members.Pages)
	page.Title, page.Section = page.Members.Name, "admin"
	return h.renderer.Render(w, r, status, "directory/group", page)
}

// findFor lists agents to put into a group, with those who are in it.
func (h *Handler) findFor(r *http.Request, group portal.GroupID, text string) ([]foundAgent, error) {
	caller := web.CallerOf(r)
	people, err := h.store.People(r.Context(), caller, PeopleQuery{Text: text, Size: maxCandidates})
	if err != nil {
		return nil, err
	}
	ids := make([]portal.AgentID, len(people.Agents))
	for i, agent := range people.Agents {
		ids[i] = agent.ID
	}
	standings, err := h.store.Standings(r.Context(), caller, ids)
	found := make([]foundAgent, len(people.Agents))
	for i, agent := range people.Agents {
		found[i] = foundAgent{agent, standings[agent.ID].In(group)}
	}
	return found, err
}

func (h *Handler) renameGroup(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &groupPage{Name: strings.TrimSpace(r.PostFormValue("name")), Was: r.PostFormValue("was")}
	typed := Group{ID: portal.GroupID(web.Var(r, "id")), Name: page.Name}
	err := h.store.RenameGroup(r.Context(), web.CallerOf(r), page.Was, typed, web.ClientAddr(r))
	var other GroupChanged
	if errors.As(err, &other) {
		page.Other, page.Was = web.Printer(r).T("directory.group.other", "name", other.Now.Name), other.Now.Name
		return h.renderGroup(w, r, http.StatusConflict, page)
	}
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderGroup(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.group.saved", "name", typed.Name)
	return web.Redirect(w, r, groupPath(typed.ID))
}

func (h *Handler) addMember(w http.ResponseWriter, r *http.Request) error {
	return h.moveMember(w, r, true)
}

func (h *Handler) removeMember(w http.ResponseWriter, r *http.Request) error {
	return h.moveMember(w, r, false)
}

// moveMember puts an agent into a group or takes her out; the sentence takes it
// back.
func (h *Handler) moveMember(w http.ResponseWriter, r *http.Request, in bool) error {
	caller, group, agent := web.CallerOf(r), portal.GroupID(web.Var(r, "id")), portal.AgentID(web.Var(r, "agent"))
	names, err := h.store.Names(r.Context(), caller, []portal.AgentID{agent})
	if err != nil {
		return err
	}
	join, leave := []portal.GroupID{group}, []portal.GroupID(nil)
	key, undo := "directory.group.joined", "/remove"
	if !in {
		join, leave, key, undo = leave, join, "directory.group.left", "/add"
	}
	err = h.store.ChangeGroups(r.Context(), caller, agent, join, leave, web.ClientAddr(r))
	if refusal := (portal.FieldErrors{}); errors.As(err, &refusal) {
		return portal.ErrNotFound // there is no such group
	}
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, groupPath(group))
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "directory.group.undo", groupPath(group)+"/members/"+string(agent)+undo, key, "name", names[agent])
	return web.Redirect(w, r, groupPath(group))
}

func (h *Handler) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.GroupID(web.Var(r, "id"))
	members, err := h.store.Members(r.Context(), caller, id, 1)
	if err == nil {
		err = h.store.DeleteGroup(r.Context(), caller, id, web.ClientAddr(r))
	}
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, groupPath(id))
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "directory.group.undo", groupPath(id)+"/restore", "directory.group.deleted", "name", members.Name)
	return web.Redirect(w, r, groupsPath)
}

func (h *Handler) restoreGroup(w http.ResponseWriter, r *http.Request) error {
	group, err := h.store.RestoreGroup(r.Context(), web.CallerOf(r), portal.GroupID(web.Var(r, "id")), web.ClientAddr(r))
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, groupsPath)
	}
	if err != nil {
		return err
	}
	if group.Unruled {
		web.SetFlash(w, r, "directory.rule.lost", "name", group.Name)
		return web.Redirect(w, r, groupPath(group.ID))
	}
	web.SetFlash(w, r, "directory.group.restored", "name", group.Name)
	return web.Redirect(w, r, groupPath(group.ID))
}
