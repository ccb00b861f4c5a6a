package directory

import (
	"encoding/hex"
	"errors"
	"net/http"
	"slices"

	"parvis/portal"
	"parvis/portal/post"
	"parvis/portal/web"
	"parvis/sso"
	"parvis/themes"
)

// adminRoutes are the pages where an administrator sees who has an account and
// asks others in.
func (h *Handler) adminRoutes() []web.Route {
	admin := web.NeedsSomewhere(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/agents", Access: admin, Handler: h.roster},
		{Method: "GET", Path: "/admin/agents/invite", Access: admin, Handler: h.showInvite},
		{Method: "POST", Path: "/admin/agents/invite", Access: admin, MaxBody: 64 << 10, Handler: h.takeInvite},
		{Method: "POST", Path: "/admin/agents.csv", Access: admin, Slow: true, Handler: h.exportRoster},
		{Method: "GET", Path: "/admin/agents/{id}", Access: admin, Handler: h.showAgent},
		{Method: "POST", Path: "/admin/agents/{id}", Access: admin, Handler: h.takeAgent},
		{Method: "POST", Path: "/admin/agents/{id}/groups", Access: web.Needs(portal.ManageAgents), Handler: h.takeGroups},
		{Method: "GET", Path: "/admin/agents/{id}/close", Access: admin, Handler: h.askClose},
		{Method: "POST", Path: "/admin/agents/{id}/close", Access: admin, Handler: h.closeAgent},
		{Method: "POST", Path: "/admin/agents/{id}/reopen", Access: admin, Handler: h.reopenAgent},
		{Method: "POST", Path: "/admin/agents/{id}/invite", Access: admin, Handler: h.inviteAgain},
		{Method: "POST", Path: "/admin/agents/{id}/cancel", Access: admin, Handler: h.cancelInvite},
	}
}

// rosterPage is a page of agents and where each stands.
type rosterPage struct {
	web.Page
	Query    RosterQuery
	States   []string
	Units    []UnitNode
	Area     string // names of the units whose agents she manages, "" for all
	Rows     []rosterRow
	Total    int
	Links    themes.Pages
	Sends    bool
	Download string // address of the file of what is listed
}

type rosterRow struct {
	Enrolled
	Late   bool       // the link serves no more
	Post   post.State // of the letter
	Again  bool       // can be asked in, or once more
	Cancel bool
	Reset  bool // can be given a link to a new password
}

// rosterQuery reads the filters of the address.
func rosterQuery(r *http.Request) RosterQuery {
	query := web.Query(r)
	return RosterQuery{Text: query.Get("q"), Unit: portal.UnitID(query.Get("unit")), State: query.Get("state"), Page: web.PageNumber(r)}
}

func (h *Handler) roster(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	page := &rosterPage{Query: rosterQuery(r), States: States, Sends: h.inviter.Sends()}
	found, err := h.store.Roster(r.Context(), caller, page.Query)
	if err != nil {
		return err
	}
	if page.Rows, err = h.rosterRows(r, caller, found.Agents); err != nil {
		return err
	}
	if page.Units, err = h.store.GovernedUnits(r.Context(), caller); err != nil {
		return err
	}
	page.Area = areaText(page.Units)
	page.Download = web.Filtered(r, "/admin/agents.csv")
	printer := web.Printer(r)
	page.Total, page.Links = found.Total, web.PageLinks(r, printer.T("directory.pages"), found.Page, found.Pages)
	page.Title, page.Section = printer.T("directory.roster"), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "directory/roster", page)
}

// rosterRows adds to agents what can be done for each.
func (h *Handler) rosterRows(r *http.Request, caller portal.Caller, agents []Enrolled) ([]rosterRow, error) {
	var letters []string
	for _, agent := range agents {
		if agent.Letter != "" {
			letters = append(letters, agent.Letter)
		}
	}
	states, err := h.inviter.States(r.Context(), caller, letters)
	if err != nil {
		return nil, err
	}
	kind, err := h.inviter.kind(r.Context(), caller.Collectivity)
	if err != nil {
		return nil, err
	}
	rows := make([]rosterRow, len(agents))
	for i, agent := range agents {
		row := rosterRow{Enrolled: agent, Post: states[agent.Letter]}
		row.Late = agent.State == StateInvited && !web.Now(r).Before(agent.Expires)
		row.Cancel = agent.State == StateInvited
		row.Again = agent.State == StateInvited || (agent.State == StateListed || agent.State == StateNever) && agent.Email != ""
		if kind == sso.Embedded && (agent.State == StateActive || agent.State == StateNever) {
			place, err := SignIn{Store: h.store}.Locate(r.Context(), agent.Login)
			if err != nil {
				return nil, err
			}
			ours := place.Collectivity.ID == caller.Collectivity
			row.Reset, row.Again = ours && agent.Keyed, row.Again && ours && !agent.Keyed
		}
		rows[i] = row
	}
	return rows, nil
}

// invitePage asks whom to invite, and shows what was understood before anything
// is sent.
type invitePage struct {
	web.Page
	Form   web.Form
	Lines  string
	Unit   string
	Units  []UnitNode
	Groups []portal.Group
	Chosen []string
	// Narrowed says that she manages the agents of some units alone: each comes into one
	// of them, and into no group.
	Narrowed bool
	Guests   []Guest // nil before the preview
	Faults   int
	Kind     sso.Kind
	Sends    bool
	Handed   []Handed // once invited, where no mail can be sent
	Address  string   // of the desk, to hand over
}

// Ready is how many would be invited.
func (p *invitePage) Ready() int { return len(p.Guests) - p.Faults }

// Seen names the lines that the page shows what it understood of: others are
// shown before anything is sent.
func (p *invitePage) Seen() string { return hex.EncodeToString(portal.HashSecret(p.Lines)) }

// InGroup says whether a group is one of those chosen.
func (p *invitePage) InGroup(id portal.GroupID) bool { return slices.Contains(p.Chosen, string(id)) }

func (h *Handler) showInvite(w http.ResponseWriter, r *http.Request) error {
	return h.renderInvite(w, r, http.StatusOK, &invitePage{})
}

func (h *Handler) renderInvite(w http.ResponseWriter, r *http.Request, status int, page *invitePage) (err error) {
	caller := web.CallerOf(r)
	if page.Units, err = h.store.GovernedUnits(r.Context(), caller); err != nil {
		return err
	}
	if page.Narrowed = !caller.Can(portal.ManageAgents); !page.Narrowed {
		if page.Groups, err = h.store.GroupsByHand(r.Context(), caller); err != nil {
			return err
		}
	}
	if page.Kind, err = h.inviter.kind(r.Context(), caller.Collectivity); err != nil {
		return err
	}
	page.Sends = h.inviter.Sends()
	page.Title, page.Section = web.Printer(r).T("directory.invite"), "admin"
	return h.renderer.Render(w, r, status, "directory/invite", page)
}

// takeInvite shows what the lines say, and invites once they were shown and are
// all well.
func (h *Handler) takeInvite(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller := web.CallerOf(r)
	page := &invitePage{Lines: r.PostFormValue("lines"), Unit: r.PostFormValue("unit"), Chosen: r.PostForm["groups"]}
	guests, err := h.inviter.Judge(r.Context(), caller, ParseGuests(page.Lines))
	if err != nil {
		return err
	}
	page.Guests = guests
	for _, guest := range guests {
		if guest.Fault != "" {
			page.Faults++
		}
	}
	if len(guests) == 0 {
		page.Form, _ = web.FormErrors(r, portal.Invalid("lines", "directory.invite.nobody"))
	}
	if page.Faults > 0 || len(guests) == 0 {
		return h.renderInvite(w, r, http.StatusUnprocessableEntity, page)
	}
	if r.PostFormValue("do") != "send" || r.PostFormValue("seen") != page.Seen() {
		return h.renderInvite(w, r, http.StatusOK, page)
	}
	where := Placing{Unit: portal.UnitID(page.Unit)}
	for _, group := range page.Chosen {
		where.Groups = append(where.Groups, portal.GroupID(group))
	}
	handed, err := h.inviter.Invite(r.Context(), caller, guests, where)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.renderInvite(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	if len(handed) > 0 {
		return h.hand(w, r, handed)
	}
	web.SetFlash(w, r, "directory.invite.sent")
	return web.Redirect(w, r, "/admin/agents?state="+StateInvited)
}

// hand shows links that no mail carries, the only time that they can be read.
func (h *Handler) hand(w http.ResponseWriter, r *http.Request, handed []Handed) error {
	page := &invitePage{Handed: handed, Address: h.inviter.url}
	page.Title, page.Section = web.Printer(r).T("directory.handed"), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, http.StatusCreated, "directory/handed", page)
}

func (h *Handler) inviteAgain(w http.ResponseWriter, r *http.Request) error {
	handed, err := h.inviter.Again(r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id")))
	var said portal.UserError
	if errors.As(err, &said) && said.Key != "" {
		return h.backToRoster(w, r, said.Key)
	}
	if err != nil {
		return err
	}
	if !h.inviter.Sends() {
		return h.hand(w, r, []Handed{handed})
	}
	return h.backToRoster(w, r, "directory.invite.resent", "name", handed.Name)
}

func (h *Handler) cancelInvite(w http.ResponseWriter, r *http.Request) error {
	if err := h.inviter.Cancel(r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id"))); err != nil {
		return err
	}
	return h.backToRoster(w, r, "directory.invite.cancelled")
}

// backToRoster goes back to the list, with a sentence.
func (h *Handler) backToRoster(w http.ResponseWriter, r *http.Request, key string, args ...string) error {
	web.SetFlash(w, r, key, args...)
	return web.Redirect(w, r, "/admin/agents")
}
