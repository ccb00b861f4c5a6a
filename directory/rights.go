package directory

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// rightsRoutes are the pages where an administrator sees and decides who may do
// what, and where an agent sees what she may do and lends it.
func (h *Handler) rightsRoutes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: rightsPath, Access: admin, Handler: h.rights},
		{Method: "POST", Path: rightsPath, Access: admin, Handler: h.giveRight},
		{Method: "POST", Path: rightsPath + ".csv", Access: admin, Slow: true, Handler: h.exportRights},
		{Method: "POST", Path: rightsPath + "/{id}/take", Access: admin, Handler: h.takeRight},
		{Method: "POST", Path: rightsPath + "/{id}/give-back", Access: admin, Handler: h.giveRightBack},
		{Method: "GET", Path: "/account/rights", Access: web.SignedIn, Handler: h.ownRights},
		{Method: "POST", Path: "/account/rights", Access: web.SignedIn, Handler: h.lendRight},
		{Method: "POST", Path: "/account/rights/{id}/end", Access: web.SignedIn, Handler: h.endLoan},
	}
}

// rightsPage is every right of the collectivity with those who have it.
type rightsPage struct {
	web.Page
	Form    web.Form
	List    rightsList
	Rights  []rightRows
	Groups  []Group
	Units   []UnitNode
	To      string // whom a right is about to be given to, "group:elus"
	Chosen  string // her name, when To is an agent
	Text    string // what an agent is searched by
	Found   []Agent
	Asked   bool // somebody was searched
	Right   string
	In      string // unit to which it is narrowed, "" for none
	Until   string // as typed, "2026-12-12"
	Today   time.Time
	Choices []portal.Right
	// Assisting is until when the reader assists the collectivity, zero for its own.
	Assisting time.Time
}

// rightRows is a right and who has it.
type rightRows struct {
	Right   portal.Right
	Rows    []givenRow
	Narrows bool // it can be given for one unit
}

type givenRow struct {
	Given
	Pending bool // it begins later
}

// Again is the form that gives the same right for good.
func (g givenRow) Again() string {
	to := string(g.Subject.Kind)
	if g.Subject.ID != "" {
		to += ":" + g.Subject.ID
	}
	return rightsPath + "?" + url.Values{"to": {to}, "right": {string(g.Right)}, "unit": {string(g.In)}}.Encode() + "#give"
}

// LastDay is the last day of a right that ends.
func (g givenRow) LastDay() time.Time { return g.Ends.Add(-time.Millisecond) }

func (h *Handler) rights(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	page := &rightsPage{Text: query.Get("q"), Asked: query.Get("q") != "", To: query.Get("to"), Right: query.Get("right"), In: query.Get("unit")}
	return h.renderRights(w, r, http.StatusOK, page)
}

func (h *Handler) renderRights(w http.ResponseWriter, r *http.Request, status int, page *rightsPage) (err error) {
	ctx, caller, now := r.Context(), web.CallerOf(r), web.Now(r)
	given, err := h.store.RightsGiven(ctx, caller)
	if err != nil {
		return err
	}
	page.layRights(r, given)
	if page.Groups, err = h.store.Groups(ctx, caller); err != nil {
		return err
	}
	if page.Units, err = h.store.Units(ctx, caller); err != nil {
		return err
	}
	if err := h.chooseHolder(r, page); err != nil {
		return err
	}
	page.Today, page.Choices = now, portal.CollectivityRights
	if help := web.IdentityOf(r).Collectivity.Assistance; caller.Assists() && help != nil {
		page.Assisting = help.Ends
	}
	page.Title, page.Section = web.Printer(r).T("directory.rights"), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "directory/rights", page)
}

// layRights fills in the page of rights that is asked for.
func (p *rightsPage) layRights(r *http.Request, given []Given) {
	printer := web.Printer(r)
	p.List = rightsListOf(r)
	laid := p.List.lay(p.List.chosen(given, printer.T("directory.rights.everyone")))
	for _, right := range portal.CollectivityRights {
		all, here := laid[right]
		if !here {
			continue
		}
		rows := rightRows{Right: right, Narrows: slices.Contains(portal.Narrowable, right)}
		for _, one := range all {
			rows.Rows = append(rows.Rows, givenRow{one, web.Now(r).Before(one.Starts)})
		}
		p.Rights = append(p.Rights, rows)
	}
	list := *r.URL
	list.Path = rightsPath // also where a change was refused
	p.List.Links = web.PageLinks(&http.Request{URL: &list}, printer.T("directory.rights.pages"), p.List.Page, p.List.Pages)
}

// chooseHolder finds the agent who was chosen, or those among whom to choose.
func (h *Handler) chooseHolder(r *http.Request, page *rightsPage) error {
	const enough = 12 // to choose from; more is a search to narrow
	if id, isAgent := strings.CutPrefix(page.To, string(portal.TheAgent)+":"); isAgent {
		agent, err := h.store.Agent(r.Context(), web.CallerOf(r), portal.AgentID(id))
		if errors.Is(err, portal.ErrNotFound) {
			page.To = ""
			return nil
		}
		page.Chosen = agent.Name()
		return err
	}
	if page.Text == "" {
		return nil
	}
	people, err := h.store.People(r.Context(), web.CallerOf(r), PeopleQuery{Text: page.Text, Size: enough})
	page.Found = people.Agents
	return err
}

// subjectOf reads "group:elus"; what it names is up to the store.
func subjectOf(text string) portal.Subject {
	kind, id, _ := strings.Cut(text, ":")
	return portal.Subject{Kind: portal.SubjectKind(kind), ID: id}
}

// endOf is the end of a day as typed, zero for none.
func endOf(day string, now time.Time) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	date, err := time.ParseInLocation(time.DateOnly, day, now.Location())
	if err != nil {
		return time.Time{}, portal.FieldErrors{portal.Invalid("ends", "directory.error.ends")}
	}
	return date.AddDate(0, 0, 1), nil
}

func (h *Handler) giveRight(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &rightsPage{To: r.PostFormValue("to"), Right: r.PostFormValue("right"), In: r.PostFormValue("unit"), Until: r.PostFormValue("until")}
	ends, err := endOf(page.Until, web.Now(r))
	if err == nil {
		given := Given{Subject: subjectOf(page.To), Right: portal.Right(page.Right), In: portal.UnitID(page.In), Ends: ends}
		_, err = h.store.Give(r.Context(), web.CallerOf(r), given, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); refused {
		page.Form = form
		return h.renderRights(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.rights.given", "right", web.Printer(r).T("directory.right."+page.Right))
	return web.Redirect(w, r, rightsPath)
}

func (h *Handler) takeRight(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	given, err := h.store.Take(r.Context(), web.CallerOf(r), id, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); refused {
		return h.renderRights(w, r, web.StatusOf(err), &rightsPage{Form: form})
	}
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	name := cmp.Or(given.Name, printer.T("directory.rights.everyone"))
	told := []string{"name", name, "right", printer.T("directory.right." + string(given.Right))}
	if web.CallerOf(r).Is(given.Subject) { // she may have lost this page, and the right to give back
		web.SetFlash(w, r, "directory.rights.taken", told...)
		return web.Redirect(w, r, "/account/rights")
	}
	list := rightsListOf(r).Address()
	web.SetUndo(w, r, "directory.rights.undo", rightsPath+"/"+id+"/give-back"+list, "directory.rights.taken", told...)
	return web.Redirect(w, r, rightsPath+list)
}

func (h *Handler) giveRightBack(w http.ResponseWriter, r *http.Request) error {
	given, err := h.store.GiveBack(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, rightsPath+rightsListOf(r).Address())
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.rights.given", "right", web.Printer(r).T("directory.right."+string(given.Right)))
	return web.Redirect(w, r, rightsPath+rightsListOf(r).Address())
}

// ownRightsPage is what an agent may do, and what of it she lends.
type ownRightsPage struct {
	web.Page
	Form     web.Form
	Held     []givenRow
	Lent     []givenRow
	Lendable []lendable
	To       string // id of the agent who was chosen
	Chosen   string // her name
	Text     string
	Found    []Agent
	Asked    bool
	Right    string
	Until    string
	Today    time.Time
}

// lendable is what somebody may lend of what she holds herself, where she holds it.
type lendable struct {
	Right  portal.Right
	In     portal.UnitID
	InName string
}

// Value names it in a form, "agents.manage@voirie".
func (l lendable) Value() string {
	if l.In == "" {
		return string(l.Right)
	}
	return string(l.Right) + "@" + string(l.In)
}

// lendables are in the order of rights; one that is held everywhere is told once.
func lendables(held []Given) (all []lendable) {
	for _, right := range portal.CollectivityRights {
		everywhere := func(one Given) bool {
			return one.LentBy == "" && (one.Right == right && one.In == "" || one.Right == portal.Admin)
		}
		if slices.ContainsFunc(held, everywhere) {
			all = append(all, lendable{Right: right})
			continue
		}
		for _, one := range held {
			narrowed := lendable{one.Right, one.In, one.InName}
			if one.LentBy == "" && one.Right == right && !slices.Contains(all, narrowed) {
				all = append(all, narrowed)
			}
		}
	}
	return all
}

func (h *Handler) ownRights(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	return h.renderOwn(w, r, http.StatusOK, &ownRightsPage{Text: query.Get("q"), Asked: query.Get("q") != "", To: query.Get("to")})
}

func (h *Handler) renderOwn(w http.ResponseWriter, r *http.Request, status int, page *ownRightsPage) error {
	ctx, caller := r.Context(), web.CallerOf(r)
	held, err := h.store.RightsOf(ctx, caller)
	if err != nil {
		return err
	}
	for _, one := range held {
		page.Held = append(page.Held, givenRow{Given: one})
	}
	page.Lendable = lendables(held)
	lent, err := h.store.RightsLent(ctx, caller)
	if err != nil {
		return err
	}
	for _, one := range lent {
		page.Lent = append(page.Lent, givenRow{Given: one})
	}
	chosen := &rightsPage{Text: page.Text}
	if page.To != "" {
		chosen.To = string(portal.TheAgent) + ":" + page.To
	}
	if err := h.chooseHolder(r, chosen); err != nil {
		return err
	}
	page.Chosen, page.Found, page.Today = chosen.Chosen, chosen.Found, web.Now(r)
	page.Title, page.Section = web.Printer(r).T("directory.own-rights"), "account"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "directory/own-rights", page)
}

func (h *Handler) lendRight(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &ownRightsPage{To: r.PostFormValue("to"), Right: r.PostFormValue("right"), Until: r.PostFormValue("until")}
	right, in, _ := strings.Cut(page.Right, "@")
	ends, err := endOf(page.Until, web.Now(r))
	if err == nil {
		given := Given{Subject: portal.Subject{Kind: portal.TheAgent, ID: page.To}, Right: portal.Right(right), In: portal.UnitID(in), Ends: ends}
		_, err = h.store.Lend(r.Context(), web.CallerOf(r), given, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); refused {
		page.Form = form
		return h.renderOwn(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.own-rights.lent", "right", web.Printer(r).T("directory.right."+right))
	return web.Redirect(w, r, "/account/rights")
}

func (h *Handler) endLoan(w http.ResponseWriter, r *http.Request) error {
	given, err := h.store.Take(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.own-rights.ended", "name", given.Name)
	return web.Redirect(w, r, "/account/rights")
}
