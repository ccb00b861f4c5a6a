package directory

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// agentPage is the card of one agent as her administrator changes it, with her
// groups and her access.
type agentPage struct {
	web.Page
	Form       web.Form
	Row        rosterRow
	Card       Agent // as stored, or as typed when it was refused
	Was        string
	Kinds      []AgentKind
	Units      []UnitNode
	Narrowed   bool    // to some units: her groups are told, and not changed
	Manager    string  // as written
	Candidates []Agent // of whom one is meant, when the name of a manager was not enough
	Other      *otherPage
	Groups     []Joined // that are filled by hand
	ByRule     []Group  // that she is in by their rules
	InGroups   []string // names of hers, for who does not change them
	Joined     string   // identifiers of the groups that are ticked, for the form to tell what changed
	Sends      bool
	Given      []string // fields that a directory server writes
	Departure  Departure
	LastDay    time.Time // of the departure, zero for none
	Governs    bool      // all of the collectivity: she may have a person erased
}

// IsGiven says whether a directory server writes a field, in a template.
func (p *agentPage) IsGiven(field string) bool { return slices.Contains(p.Given, field) }

// otherPage tells what another administrator changed meanwhile.
type otherPage struct {
	Meanwhile
	Name string // "" for a directory server
	What string // "fonction, bureau"
}

// Aria links a field to its hint and to its error, in a template.
func (p *agentPage) Aria(field string) string {
	if p.Form.Error(field) == "" {
		return ""
	}
	return field + "-error"
}

// managerField is written as a name, and stored as an agent.
const managerField = "manager"

// encodeCard writes what a form shows, so that it can be told from what others
// write meanwhile.
func encodeCard(card Agent) string {
	values := url.Values{}
	for _, field := range cardFields {
		values.Set(field.name, *field.of(&card))
	}
	return values.Encode()
}

// decodeCard reads what encodeCard wrote; a broken text differs from every card.
func decodeCard(text string) Agent {
	values, err := url.ParseQuery(text)
	var card Agent
	if err != nil {
		return card
	}
	for _, field := range cardFields {
		*field.of(&card) = values.Get(field.name)
	}
	return card
}

func agentPath(id portal.AgentID) string { return "/admin/agents/" + string(id) }

func (h *Handler) showAgent(w http.ResponseWriter, r *http.Request) error {
	page := &agentPage{}
	enrolled, err := h.store.Enrolled(r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page.Card = enrolled.Agent
	return h.renderAgent(w, r, http.StatusOK, page)
}

// renderAgent fills in what the page shows beside the form.
func (h *Handler) renderAgent(w http.ResponseWriter, r *http.Request, status int, page *agentPage) error {
	ctx, caller := r.Context(), web.CallerOf(r)
	enrolled, err := h.store.Enrolled(ctx, caller, portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	rows, err := h.rosterRows(r, caller, []Enrolled{enrolled})
	if err != nil {
		return err
	}
	page.Row, page.Kinds, page.Sends, page.Governs = rows[0], AgentKinds, h.inviter.Sends(), caller.Can(portal.Admin)
	page.Narrowed = !caller.Can(portal.ManageAgents)
	if page.Was == "" {
		page.Was = encodeCard(enrolled.Agent)
		if page.Manager, err = h.nameOfManager(r, enrolled.Manager); err != nil {
			return err
		}
	}
	if page.Units, err = h.store.GovernedUnits(ctx, caller); err != nil {
		return err
	}
	if page.Departure, err = h.store.Departure(ctx, caller, enrolled.ID); err != nil {
		return err
	}
	page.LastDay = dayOf(page.Departure.LastDay)
	if page.Given, err = h.store.GivenFields(ctx, caller, enrolled.ID); err != nil {
		return err
	}
	groups, err := h.store.GroupsOf(ctx, caller, enrolled.ID)
	if err != nil {
		return err
	}
	var joined []string
	for _, group := range groups {
		switch {
		case page.Narrowed && group.In:
			page.InGroups = append(page.InGroups, group.Name)
		case page.Narrowed:
		case !group.Ruled:
			page.Groups = append(page.Groups, group)
			if group.In {
				joined = append(joined, string(group.ID))
			}
		case group.In:
			page.ByRule = append(page.ByRule, group.Group)
		}
	}
	page.Joined = strings.Join(joined, " ")
	page.Title, page.Section = enrolled.Name(), "admin"
	return h.renderer.Render(w, r, status, "directory/agent", page)
}

func (h *Handler) nameOfManager(r *http.Request, manager portal.AgentID) (string, error) {
	if manager == "" {
		return "", nil
	}
	names, err := h.store.Names(r.Context(), web.CallerOf(r), []portal.AgentID{manager})
	return names[manager], err
}

// takeAgent changes a card, or shows the form again with what was typed and why.
func (h *Handler) takeAgent(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	shown := decodeCard(r.PostFormValue("was"))
	page := &agentPage{Was: r.PostFormValue("was"), Manager: strings.TrimSpace(r.PostFormValue(managerField))}
	typed := Agent{ID: portal.AgentID(web.Var(r, "id"))}
	for _, field := range cardFields {
		*field.of(&typed) = strings.TrimSpace(r.PostFormValue(field.name))
	}
	var err error
	if typed.Manager, page.Candidates, err = h.meant(r, managerField, shown.Manager, page.Manager); err == nil {
		err = h.store.ChangeAgent(r.Context(), web.CallerOf(r), shown, typed, web.ClientAddr(r))
	}
	err = withCard(err, typed)
	page.Card = typed
	var other Meanwhile
	if errors.As(err, &other) {
		return h.showOther(w, r, page, other, shown)
	}
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderAgent(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.agent.saved", "name", typed.Name())
	return web.Redirect(w, r, agentPath(typed.ID))
}

// withCard adds what is wrong with a card to a refusal of its manager, so that all
// is said at once.
func withCard(err error, typed Agent) error {
	var manager, card portal.FieldErrors
	if errors.As(err, &manager) && manager[0].Field == managerField && errors.As(typed.check(), &card) {
		return append(card, manager...)
	}
	return err
}

// maxCandidates is how many people a name is taken to mean before more of it is
// asked for.
const maxCandidates = 8

// meant finds whom a whole name or an address in a field means, shown being the one whom
// the form had there. When it may be several, or is only a part of a name, they come with
// the refusal, to choose from.
func (h *Handler) meant(r *http.Request, field string, shown portal.AgentID, text string) (portal.AgentID, []Agent, error) {
	if chosen := r.PostFormValue(field + "_id"); chosen != "" {
		return portal.AgentID(chosen), nil, nil
	}
	if text == "" {
		return "", nil, nil
	}
	if name, err := h.nameOfManager(r, shown); err != nil || name == text {
		return shown, nil, err
	}
	found, err := h.store.People(r.Context(), web.CallerOf(r), PeopleQuery{Text: text, Size: maxCandidates})
	if err != nil {
		return "", nil, err
	}
	var exact []Agent
	for _, agent := range found.Agents {
		if i18n.Fold(agent.Name()) == i18n.Fold(text) || i18n.Fold(agent.Email) == i18n.Fold(text) {
			exact = append(exact, agent)
		}
	}
	switch {
	case len(exact) == 1 && found.Total <= maxCandidates:
		return exact[0].ID, nil, nil
	case found.Total == 0:
		return "", nil, portal.FieldErrors{portal.Invalid(field, "directory.error.manager")}
	case found.Total == 1:
		return "", found.Agents, portal.FieldErrors{portal.Invalid(field, "directory.error.manager.one")}
	}
	return "", found.Agents, portal.FieldErrors{portal.Invalid(field, "directory.error.manager.several")}
}

// showOther tells what another administrator changed since the form was shown,
// and keeps what was typed. Sent again, it is taken.
func (h *Handler) showOther(w http.ResponseWriter, r *http.Request, page *agentPage, other Meanwhile, shown Agent) error {
	printer, caller := web.Printer(r), web.CallerOf(r)
	merged, both := other.Merge(shown, page.Card)
	names, err := h.store.Names(r.Context(), caller, []portal.AgentID{other.By, other.Now.Manager, merged.Manager})
	if err != nil {
		return err
	}
	var words []string
	for _, field := range other.Fields {
		words = append(words, strings.ToLower(printer.T("directory.field."+field)))
	}
	page.Other = &otherPage{other, names[other.By], strings.Join(words, ", ")}
	page.Card, page.Was, page.Manager = merged, encodeCard(other.Now), names[merged.Manager]
	for _, field := range cardFields {
		if !slices.Contains(both, field.name) {
			continue
		}
		wrote := *field.of(&other.Now)
		switch field.name {
		case "unit":
			wrote = other.Now.UnitName
		case "kind":
			wrote = printer.T("directory.kind." + wrote)
		case managerField:
			wrote = names[other.Now.Manager]
		}
		key := "directory.other.wrote"
		if wrote == "" {
			key = "directory.other.emptied"
		}
		page.Form.Problems = append(page.Form.Problems, themes.Problem{Field: field.name, Text: printer.T(key, "text", wrote)})
	}
	return h.renderAgent(w, r, http.StatusConflict, page)
}

// takeGroups puts an agent into the groups that were ticked since the page was
// shown, and out of those that were no more.
func (h *Handler) takeGroups(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := portal.AgentID(web.Var(r, "id"))
	was, now := strings.Fields(r.PostFormValue("was")), r.PostForm["groups"]
	apart := func(some, others []string) (ids []portal.GroupID) {
		for _, group := range some {
			if !slices.Contains(others, group) {
				ids = append(ids, portal.GroupID(group))
			}
		}
		return ids
	}
	err := h.store.ChangeGroups(r.Context(), web.CallerOf(r), id, apart(now, was), apart(was, now), web.ClientAddr(r))
	if refusal := (portal.FieldErrors{}); errors.As(err, &refusal) {
		web.SetFlash(w, r, "directory.agent.groups.gone") // deleted since the page was shown
		return web.Redirect(w, r, agentPath(id)+"#groups")
	}
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, agentPath(id)+"#groups") // a rule fills it since the page was shown
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.agent.groups.saved")
	return web.Redirect(w, r, agentPath(id)+"#groups")
}

// closePage says what will follow before an agent is closed.
type closePage struct {
	web.Page
	Row     Enrolled
	Leaving Leaving
	Own     bool
}

func (h *Handler) askClose(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.AgentID(web.Var(r, "id"))
	enrolled, err := h.store.Enrolled(r.Context(), caller, id)
	if err != nil {
		return err
	}
	if enrolled.State == StateClosed {
		return web.Redirect(w, r, agentPath(id))
	}
	page := &closePage{Row: enrolled, Own: id == caller.Agent}
	if page.Leaving, err = h.store.Leaving(r.Context(), caller, id); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("directory.close.title", "name", enrolled.Name()), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "directory/close", page)
}

func (h *Handler) closeAgent(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.AgentID(web.Var(r, "id"))
	enrolled, err := h.store.Enrolled(r.Context(), caller, id)
	if err != nil {
		return err
	}
	err = h.store.CloseAgent(r.Context(), caller, id, web.ClientAddr(r))
	if err != nil && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, agentPath(id))
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "directory.close.undo", agentPath(id)+"/reopen", "directory.close.done", "name", enrolled.Name())
	return web.Redirect(w, r, agentPath(id))
}

func (h *Handler) reopenAgent(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.AgentID(web.Var(r, "id"))
	enrolled, err := h.store.Enrolled(r.Context(), caller, id)
	if err == nil {
		err = h.store.ReopenAgent(r.Context(), caller, id, web.ClientAddr(r))
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.close.undone", "name", enrolled.Name())
	return web.Redirect(w, r, agentPath(id))
}
