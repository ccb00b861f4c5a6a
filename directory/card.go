package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
)

// cardRoutes are the pages of one's own card, and those where an administrator
// decides what cards show.
func (h *Handler) cardRoutes() []web.Route {
	admin, some := web.Needs(portal.ManageAgents), web.NeedsSomewhere(portal.ManageAgents)
	const room = MaxPhoto + 64<<10 // for the rest of the form
	return []web.Route{
		{Method: "GET", Path: "/directory/card", Access: web.SignedIn, Handler: h.ownCard},
		{Method: "POST", Path: "/directory/card", Access: web.SignedIn, Handler: h.takeOwnCard},
		{Method: "POST", Path: "/directory/card/absence", Access: web.SignedIn, Handler: h.takeAbsence},
		{Method: "POST", Path: "/directory/card/photo", Access: web.SignedIn, MaxBody: room, Handler: h.takeOwnPhoto},
		{Method: "POST", Path: "/directory/card/photo/remove", Access: web.SignedIn, Handler: h.dropOwnPhoto},
		{Method: "GET", Path: "/admin/directory", Access: admin, Handler: h.showPolicy},
		{Method: "POST", Path: "/admin/directory", Access: admin, Handler: h.takePolicy},
		{Method: "GET", Path: "/admin/agents/{id}/portrait", Access: some, Handler: h.showPortrait},
		{Method: "POST", Path: "/admin/agents/{id}/photo", Access: some, MaxBody: room, Handler: h.takePhoto},
		{Method: "POST", Path: "/admin/agents/{id}/photo/remove", Access: some, Handler: h.dropPhoto},
		{Method: "POST", Path: "/admin/agents/{id}/mandates", Access: some, Handler: h.takeMandate},
		{Method: "POST", Path: "/admin/agents/{id}/mandates/{mandate}", Access: some, Handler: h.takeMandate},
		{Method: "POST", Path: "/admin/agents/{id}/mandates/{mandate}/drop", Access: some, Handler: h.dropMandate},
	}
}

// cardPage is one agent.
type cardPage struct {
	web.Page
	In       whose
	Agent    face
	Own      bool
	Keeps    bool
	Says     bool   // she may say where the agent works
	Above    []Unit // her unit, under those that it is in
	Manager  []face // one or none
	Team     []face // the first of those whose manager she is
	TeamSize int
	Mandates []Mandate
	Past     []Mandate
}

// teamShown is how many of a team the card of its manager shows.
const teamShown = 12

func (h *Handler) card(w http.ResponseWriter, r *http.Request) error {
	in, err := h.whose(r)
	if err != nil {
		return err
	}
	ctx, caller := r.Context(), in.Caller
	agent, err := h.store.Agent(ctx, caller, portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	seen, err := h.store.veil(ctx, caller)
	if err != nil {
		return err
	}
	page := &cardPage{In: in, Own: agent.ID == caller.Agent, Keeps: seen.keepsOf(agent.Unit)}
	if in.Town == "" && !page.Own {
		if _, page.Says, err = h.store.WritesFor(ctx, caller, agent.ID); err != nil {
			return err
		}
	}
	around, err := h.store.around(ctx, caller, agent)
	if err != nil {
		return err
	}
	page.Above, page.TeamSize = around.above, around.teamSize
	people := slices.Concat([]Agent{agent}, around.manager, around.team)
	faces, err := h.faces(r, in, people)
	if err != nil {
		return err
	}
	page.Agent = faces[0]
	page.Manager, page.Team = faces[1:1+len(around.manager)], faces[1+len(around.manager):]
	mandates, err := h.store.Mandates(ctx, caller, agent.ID)
	for _, mandate := range mandates {
		if mandate.Over(today(r)) {
			page.Past = append(page.Past, mandate)
		} else {
			page.Mandates = append(page.Mandates, mandate)
		}
	}
	page.Title, page.Section = agent.Name(), "directory"
	return cmp.Or(err, h.renderer.Render(w, r, http.StatusOK, "directory/card", page))
}

// around is who and what surrounds an agent.
type around struct {
	above    []Unit
	manager  []Agent
	team     []Agent
	teamSize int
}

// around reads what surrounds an agent, as the caller may see it: a manager is
// hidden on both cards.
func (s *Store) around(ctx context.Context, caller portal.Caller, agent Agent) (found around, err error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return found, err
	}
	if found.above, err = s.unitsAbove(ctx, caller, agent.Unit); err != nil {
		return found, err
	}
	if agent.Manager != "" {
		if found.manager, err = s.agentsOf(ctx, caller, []portal.AgentID{agent.Manager}); err != nil {
			return found, fmt.Errorf("directory: read manager: %w", err)
		}
	}
	rows, err := s.db.Query(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.manager = $2 AND a.active ORDER BY a.sort_name, a.id`,
		string(caller.Collectivity), string(agent.ID))
	team, err := database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return found, fmt.Errorf("directory: read team: %w", err)
	}
	team = slices.DeleteFunc(team, func(one Agent) bool { return !seen.shows(FieldManager, one.ID, one.Unit) })
	found.teamSize, found.team = len(team), seen.overAll(team[:min(len(team), teamShown)])
	seen.overAll(found.manager)
	return found, nil
}

// unitsAbove are a unit and those that it is in, the top first.
func (s *Store) unitsAbove(ctx context.Context, caller portal.Caller, unit portal.UnitID) ([]Unit, error) {
	rows, err := s.db.Query(ctx, `
		WITH RECURSIVE above (id, parent, name, step) AS (
			SELECT id, parent, name, 1 FROM units WHERE collectivity = $1 AND id = $2
			UNION ALL SELECT u.id, u.parent, u.name, above.step + 1 FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent WHERE above.step < 20
		)
		SELECT id, parent, name FROM above ORDER BY step DESC`, string(caller.Collectivity), string(unit))
	units, err := database.Collect(rows, err, func(rows *sql.Rows) (u Unit, err error) { return u, rows.Scan(&u.ID, &u.Parent, &u.Name) })
	if err != nil {
		return nil, fmt.Errorf("directory: read units above: %w", err)
	}
	return units, nil
}

// photo serves a photograph. Its address changes with it, so a browser keeps it.
func (h *Handler) photo(w http.ResponseWriter, r *http.Request) error {
	side, err := strconv.Atoi(web.Query(r).Get("side"))
	if err != nil {
		return portal.ErrNotFound
	}
	in, err := h.whose(r)
	if err != nil {
		return err
	}
	octets, err := h.store.Photo(r.Context(), in.Caller, portal.AgentID(web.Var(r, "id")), side)
	if err != nil {
		return err
	}
	return web.WriteJPEG(w, r, octets)
}

// ownPage is one's own card, to correct.
type ownPage struct {
	web.Page
	Form, AwayForm web.Form
	Upload         photoForm
	Card           face // as stored, or as typed when it was refused
	Was            string
	Fields         map[string]bool // that she may correct
	Policy         Policy
	Away           Absence
	Other          string // what another changed meanwhile
	Source         bool   // a directory server writes over the card when she signs in
}

// photoForm is where a photograph is sent.
type photoForm struct {
	Action   string
	Photo    string // the version of the one that is there, "" for none
	MaxPhoto int64
	Form     web.Form
}

// Aria links a field to its error, in a template.
func (p *ownPage) Aria(form web.Form, field string) string {
	if form.Error(field) == "" {
		return ""
	}
	return field + "-error"
}

func (h *Handler) ownCard(w http.ResponseWriter, r *http.Request) error {
	return h.renderOwnCard(w, r, http.StatusOK, &ownPage{})
}

func (h *Handler) renderOwnCard(w http.ResponseWriter, r *http.Request, status int, page *ownPage) error {
	ctx, caller := r.Context(), web.CallerOf(r)
	agent, fields, err := h.store.OwnCard(ctx, caller)
	if err != nil {
		return err
	}
	if page.Policy, err = h.store.Policy(ctx, caller); err != nil {
		return err
	}
	given, err := h.store.GivenFields(ctx, caller, agent.ID)
	if err != nil {
		return err
	}
	page.Fields = map[string]bool{"photo": page.Policy.Of(FieldPhoto).Own, "presence": page.Policy.Of(FieldPresence).Own}
	for _, field := range fields {
		page.Fields[string(field)] = true
	}
	if page.Was == "" {
		page.Was, page.Card = encodeCard(agent), face{Agent: agent}
	}
	page.Card.ID, page.Card.Photo, page.Card.UnitName, page.Source = agent.ID, agent.Photo, agent.UnitName, agent.SourceKey != "" && given == nil
	page.Card.GivenName, page.Card.FamilyName, page.Card.Email = agent.GivenName, agent.FamilyName, agent.Email
	for _, field := range ownFields {
		if !page.Fields[string(field)] {
			*valueOf(&page.Card.Agent, field) = *valueOf(&agent, field)
		}
	}
	if len(page.AwayForm.Problems) == 0 {
		if page.Away, err = h.store.OwnAbsence(ctx, caller); err != nil {
			return err
		}
	}
	page.Upload.Action, page.Upload.Photo, page.Upload.MaxPhoto = "/directory/card/photo", agent.Photo, MaxPhoto
	page.Title, page.Section = web.Printer(r).T("directory.own"), "directory"
	return h.renderer.Render(w, r, status, "directory/own", page)
}

// takeOwnCard writes what an agent corrects, or shows her form again with why not.
func (h *Handler) takeOwnCard(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller, shown := web.CallerOf(r), decodeCard(r.PostFormValue("was"))
	typed := Agent{ID: caller.Agent}
	for _, field := range ownFields {
		*valueOf(&typed, field) = strings.TrimSpace(r.PostFormValue(string(field)))
	}
	err := h.store.CorrectOwn(r.Context(), caller, shown, typed, web.ClientAddr(r))
	page := &ownPage{Was: r.PostFormValue("was"), Card: face{Agent: typed}}
	var other Meanwhile
	if errors.As(err, &other) {
		merged, _ := other.Merge(shown, typed)
		page.Card.Agent, page.Was = merged, encodeCard(other.Now)
		var what []string
		for _, field := range other.Fields {
			what = append(what, strings.ToLower(web.Printer(r).T("directory.field."+field)))
		}
		page.Other = strings.Join(what, ", ")
		return h.renderOwnCard(w, r, http.StatusConflict, page)
	}
	form, refused := web.FormErrors(r, err)
	if page.Form = form; err != nil && refused {
		return h.renderOwnCard(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.own.saved")
	return web.Redirect(w, r, "/directory/card")
}

// takeAbsence writes when an agent is away, or that she is back.
func (h *Handler) takeAbsence(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	absence, said := Absence{First: r.PostFormValue("first_day"), Last: r.PostFormValue("last_day")}, "directory.away.said"
	if r.PostFormValue("do") == "end" {
		absence, said = Absence{}, "directory.away.ended"
	} else {
		absence.First = cmp.Or(absence.First, today(r))
	}
	err := h.store.StateAbsence(r.Context(), web.CallerOf(r), absence, today(r), web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderOwnCard(w, r, web.StatusOf(err), &ownPage{AwayForm: form, Away: absence})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, said)
	return web.Redirect(w, r, "/directory/card")
}

// readPhoto reads the file of a form; a field error when there is none, or when it
// is too large.
func readPhoto(r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxPhoto {
		return nil, tooLargePhoto
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, portal.Invalid("file", "directory.error.photo.none")
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return nil, portal.Invalid("file", "directory.error.photo.none")
		}
		if err != nil {
			return nil, portal.Invalid("file", "directory.error.photo.broken")
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		octets, err := io.ReadAll(io.LimitReader(part, MaxPhoto+1))
		switch {
		case err != nil:
			return nil, portal.Invalid("file", "directory.error.photo.broken")
		case len(octets) > MaxPhoto:
			return nil, tooLargePhoto
		case len(octets) == 0:
			return nil, portal.Invalid("file", "directory.error.photo.none")
		}
		return octets, nil
	}
}

var tooLargePhoto = portal.UserError{Kind: portal.ErrTooLarge, Field: "file", Key: "directory.error.photo.large"}

func (h *Handler) takeOwnPhoto(w http.ResponseWriter, r *http.Request) error {
	octets, err := readPhoto(r)
	if err == nil {
		err = h.store.SetPhoto(r.Context(), web.CallerOf(r), web.CallerOf(r).Agent, octets, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		w.Header().Set("Connection", "close") // the rest of the file may still come
		return h.renderOwnCard(w, r, web.StatusOf(err), &ownPage{Upload: photoForm{Form: form}})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.photo.saved")
	return web.Redirect(w, r, "/directory/card")
}

func (h *Handler) dropOwnPhoto(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.SetPhoto(r.Context(), web.CallerOf(r), web.CallerOf(r).Agent, nil, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.photo.dropped")
	return web.Redirect(w, r, "/directory/card")
}
