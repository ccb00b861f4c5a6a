package directory

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// unitRoutes are the pages where an administrator draws the organisation chart.
func (h *Handler) unitRoutes() []web.Route {
	admin := web.NeedsSomewhere(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/units", Access: admin, Handler: h.showUnits},
		{Method: "POST", Path: "/admin/units.csv", Access: admin, Slow: true, Handler: h.exportUnits},
		{Method: "GET", Path: "/admin/units/new", Access: admin, Handler: h.newUnit},
		{Method: "POST", Path: "/admin/units", Access: admin, Handler: h.addUnit},
		{Method: "GET", Path: "/admin/units/{id}", Access: admin, Handler: h.showUnit},
		{Method: "POST", Path: "/admin/units/{id}", Access: admin, Handler: h.takeUnit},
		{Method: "POST", Path: "/admin/units/{id}/shift", Access: admin, Handler: h.shiftUnit},
		{Method: "GET", Path: "/admin/units/{id}/empty", Access: admin, Handler: h.askEmpty},
		{Method: "POST", Path: "/admin/units/{id}/empty", Access: admin, Handler: h.emptyUnit},
		{Method: "POST", Path: "/admin/units/{id}/delete", Access: admin, Handler: h.deleteUnit},
		{Method: "POST", Path: "/admin/units/moves/{id}/undo", Access: admin, Slow: true, Handler: h.undoMove},
	}
}

const unitsPath = "/admin/units"

func unitPath(id portal.UnitID) string { return unitsPath + "/" + string(id) }

// unitsPage is the organisation chart.
type unitsPage struct {
	web.Page
	Query    UnitQuery
	Area     string // names of the units whose agents she manages, "" for all
	Any      bool   // there is a unit, listed or not
	Rows     []unitRow
	Total    int
	Links    themes.Pages
	Download string // address of the file of what is listed
	Moves    []UnitMove
}

type unitRow struct {
	UnitNode
	First, Last bool   // among its siblings
	Path        string // the units above it, where it is listed without them
}

func (h *Handler) showUnits(w http.ResponseWriter, r *http.Request) error {
	units, err := h.store.GovernedUnits(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &unitsPage{Area: areaText(units), Query: unitQuery(r), Any: len(units) > 0, Download: web.Filtered(r, unitsPath+".csv")}
	seen, last := map[portal.UnitID]bool{}, map[portal.UnitID]portal.UnitID{}
	for _, unit := range units {
		last[unit.Parent] = unit.ID
	}
	for _, unit := range units {
		page.Rows = append(page.Rows, unitRow{UnitNode: unit, First: !seen[unit.Parent], Last: last[unit.Parent] == unit.ID})
		seen[unit.Parent] = true
	}
	page.narrow(units)
	if page.Moves, err = h.store.Moves(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	printer := web.Printer(r)
	page.Links = web.PageLinks(r, printer.T("directory.pages"), page.Query.Page, (page.Total+unitsSize-1)/unitsSize)
	page.Title, page.Section = printer.T("directory.units"), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "directory/units", page)
}

// unitPage is one unit to make or to change.
type unitPage struct {
	web.Page
	Form      web.Form
	EmptyForm web.Form // of moving what it holds
	Unit      Unit     // as stored, or as typed when it was refused
	Was       Unit     // as shown
	Parents   []UnitNode
	Narrowed  bool // to some units: none is hers at the top
	Root      bool // where her right begins
	Holds     UnitHolds
	Other     string // what another administrator made of it, "" for nothing
}

func (h *Handler) newUnit(w http.ResponseWriter, r *http.Request) error {
	page := &unitPage{Unit: Unit{Parent: portal.UnitID(web.Query(r).Get("parent"))}}
	return h.renderUnit(w, r, http.StatusOK, page)
}

func (h *Handler) showUnit(w http.ResponseWriter, r *http.Request) error {
	return h.reshowUnit(w, r, http.StatusOK, web.Form{})
}

// reshowUnit shows a unit as it is, with what was refused of emptying it.
func (h *Handler) reshowUnit(w http.ResponseWriter, r *http.Request, status int, refused web.Form) error {
	unit, _, err := h.store.Holds(r.Context(), web.CallerOf(r), portal.UnitID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	return h.renderUnit(w, r, status, &unitPage{Unit: unit, Was: unit, EmptyForm: refused})
}

// renderUnit fills in what the page shows beside the form. Where the unit could
// only make a loop it isn't offered.
func (h *Handler) renderUnit(w http.ResponseWriter, r *http.Request, status int, page *unitPage) (err error) {
	caller := web.CallerOf(r)
	page.Title = web.Printer(r).T("directory.unit.add")
	if page.Unit.ID != "" {
		stored, holds, err := h.store.Holds(r.Context(), caller, page.Unit.ID)
		if err != nil {
			return err
		}
		page.Holds, page.Title = holds, stored.Name
	}
	units, err := h.store.GovernedUnits(r.Context(), caller)
	if err != nil {
		return err
	}
	page.Narrowed = areaText(units) != ""
	page.Root = slices.ContainsFunc(units, func(u UnitNode) bool { return u.Root && u.ID == page.Unit.ID })
	page.Parents, page.Section = outside(units, page.Unit.ID), "admin"
	return h.renderer.Render(w, r, status, "directory/unit", page)
}

// outside leaves a unit and those below it out of the organisation chart.
func outside(units []UnitNode, id portal.UnitID) []UnitNode {
	var kept []UnitNode
	depth := -1 // of the unit, while below it
	for _, unit := range units {
		if depth >= 0 && unit.Depth > depth {
			continue
		}
		if depth = -1; unit.ID == id {
			depth = unit.Depth
			continue
		}
		kept = append(kept, unit)
	}
	return kept
}

func typedUnit(r *http.Request, prefix string) Unit {
	return Unit{
		ID: portal.UnitID(web.Var(r, "id")), Name: strings.TrimSpace(r.PostFormValue(prefix + "name")),
		Parent: portal.UnitID(r.PostFormValue(prefix + "parent")),
	}
}

func (h *Handler) addUnit(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &unitPage{Unit: typedUnit(r, "")}
	id, err := h.store.AddUnit(r.Context(), web.CallerOf(r), page.Unit, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderUnit(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.unit.added", "name", page.Unit.Name)
	return web.Redirect(w, r, unitsPath+"?at="+string(id)+"#u-"+string(id))
}

func (h *Handler) takeUnit(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &unitPage{Unit: typedUnit(r, ""), Was: typedUnit(r, "was_")}
	err := h.store.ChangeUnit(r.Context(), web.CallerOf(r), page.Was, page.Unit, web.ClientAddr(r))
	var other UnitChanged
	if errors.As(err, &other) {
		return h.showOtherUnit(w, r, page, other.Now)
	}
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderUnit(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.unit.saved", "name", page.Unit.Name)
	return web.Redirect(w, r, unitsPath+"?at="+string(page.Unit.ID)+"#u-"+string(page.Unit.ID))
}

// showOtherUnit tells what another administrator made of a unit, and keeps what
// was typed. Sent again, it is taken.
func (h *Handler) showOtherUnit(w http.ResponseWriter, r *http.Request, page *unitPage, now Unit) error {
	units, err := h.store.Units(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	parent := printer.T("directory.unit.top")
	if i := slices.IndexFunc(units, func(u UnitNode) bool { return u.ID == now.Parent }); i >= 0 {
		parent = units[i].Name
	}
	page.Other = printer.T("directory.unit.other", "name", now.Name, "parent", parent)
	if page.Unit.Name == page.Was.Name {
		page.Unit.Name = now.Name // she left it as it was shown
	}
	if page.Unit.Parent == page.Was.Parent {
		page.Unit.Parent = now.Parent
	}
	page.Was = now
	return h.renderUnit(w, r, http.StatusConflict, page)
}

func (h *Handler) shiftUnit(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, by := portal.UnitID(web.Var(r, "id")), 1
	if r.PostFormValue("do") == "up" {
		by = -1
	}
	if err := h.store.ShiftUnit(r.Context(), web.CallerOf(r), id, by, web.ClientAddr(r)); err != nil {
		return err
	}
	return web.Redirect(w, r, unitsPath+"?at="+string(id)+"#u-"+string(id))
}

// emptyPage says what follows before all of a unit is moved.
type emptyPage struct {
	web.Page
	Unit  Unit
	Holds UnitHolds
	Into  Unit // empty for no unit
}

func (h *Handler) askEmpty(w http.ResponseWriter, r *http.Request) error {
	caller, into := web.CallerOf(r), portal.UnitID(web.Query(r).Get("unit"))
	unit, holds, err := h.store.Holds(r.Context(), caller, portal.UnitID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &emptyPage{Unit: unit, Holds: holds}
	if into != "" {
		if page.Into, _, err = h.store.Holds(r.Context(), caller, into); err != nil {
			return err
		}
	}
	page.Title, page.Section = web.Printer(r).T("directory.unit.empty.title", "name", unit.Name), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "directory/empty", page)
}

func (h *Handler) emptyUnit(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := portal.UnitID(web.Var(r, "id"))
	move, err := h.store.EmptyUnit(r.Context(), web.CallerOf(r), id, portal.UnitID(r.PostFormValue("unit")), web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.reshowUnit(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "directory.unit.move.undo", movePath(move), "directory.unit.emptied")
	return web.Redirect(w, r, unitPath(id))
}

func movePath(move string) string { return unitsPath + "/moves/" + move + "/undo" }

// undoMove brings back what was moved out of a unit, and says what stayed.
func (h *Handler) undoMove(w http.ResponseWriter, r *http.Request) error {
	back, kept, err := h.store.UndoMove(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	key, said := "directory.unit.move.undone", []string{"back", printer.N("directory.unit.move.back", back)}
	if kept > 0 {
		key, said = "directory.unit.move.partly", append(said, "kept", printer.N("directory.unit.move.kept", kept))
	}
	web.SetFlash(w, r, key, said...)
	return web.Redirect(w, r, unitsPath)
}

func (h *Handler) deleteUnit(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), portal.UnitID(web.Var(r, "id"))
	unit, _, err := h.store.Holds(r.Context(), caller, id)
	if err == nil {
		err = h.store.DeleteUnit(r.Context(), caller, id, web.ClientAddr(r))
	}
	if errors.Is(err, portal.ErrConflict) && web.FlashRefusal(w, r, err) {
		return web.Redirect(w, r, unitPath(id))
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.unit.deleted", "name", unit.Name)
	return web.Redirect(w, r, unitsPath)
}
