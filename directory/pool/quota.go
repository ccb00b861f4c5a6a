package pool

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/quota"
	"parvis/portal/web"
)

// quotaRoutes are the bounds of the pool, and of one collectivity.
func (h *Handler) quotaRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/pool/quotas", Handler: h.showQuotas},
		{Method: "POST", Path: "/pool/quotas", Handler: h.takeQuotas},
		{Method: "GET", Path: "/pool/collectivities/{id}/quotas", Handler: h.showQuotas},
		{Method: "POST", Path: "/pool/collectivities/{id}/quotas", Handler: h.takeQuotas},
	}
}

// crowded is a collectivity that comes near a bound.
type crowded struct {
	ID   portal.CollectivityID
	Name string
	Held []quota.Held
}

// crowdedShown is how many are named on the page of the pool.
const crowdedShown = 8

// crowded lists them from memory, the fullest first; more is how many others there are.
func (h *Handler) crowded(r *http.Request) (all []crowded, more int, err error) {
	near := h.Quotas.Near()
	for id, held := range near {
		all = append(all, crowded{ID: id, Held: held})
	}
	share := func(c crowded) int64 {
		return slices.MaxFunc(c.Held, func(a, b quota.Held) int { return int(a.Share() - b.Share()) }).Share()
	}
	slices.SortFunc(all, func(a, b crowded) int {
		if by := int(share(b) - share(a)); by != 0 {
			return by
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	if more = max(0, len(all)-crowdedShown); more > 0 {
		all = all[:crowdedShown]
	}
	there := all[:0]
	for _, one := range all {
		c, err := h.Store.Collectivity(r.Context(), one.ID)
		if errors.Is(err, portal.ErrNotFound) {
			continue // erased since it was counted
		}
		if err != nil {
			return nil, 0, err
		}
		one.Name = c.Name
		there = append(there, one)
	}
	return there, more, nil
}

// quotaPage asks for bounds.
type quotaPage struct {
	web.Page
	Form  web.Form
	ID    portal.CollectivityID // "" for the pool
	Name  string
	Rows  []quotaRow
	Shown string // what quota.Store.Shown is of them
}

// quotaRow is the bound of a kind, as it is typed.
type quotaRow struct {
	quota.Held
	Choice string // "pool", "none" or "bound"; the pool's own is never "pool"
	Typed  string
	Pool   int64 // bound of all, quota.None for none
}

// Action is where the form is sent.
func (p *quotaPage) Action() string {
	if p.ID == "" {
		return "/pool/quotas"
	}
	return addressOf(p.ID) + "/quotas"
}

// megabyte is the unit in which the bound of files is typed.
const megabyte = 1 << 20

func unitOf(kind quota.Kind) int64 {
	if kind == quota.Documents {
		return megabyte
	}
	return 1
}

// quotas fills in the page as bounds stand.
func (h *Handler) quotas(r *http.Request) (*quotaPage, error) {
	caller := web.CallerOf(r)
	page := &quotaPage{ID: portal.CollectivityID(web.Var(r, "id"))}
	all, err := h.Quotas.Pool(r.Context(), caller)
	if err != nil {
		return nil, err
	}
	if page.Shown, err = h.Quotas.Shown(r.Context(), caller, page.ID); err != nil {
		return nil, err
	}
	held := all
	page.Title = web.Printer(r).T("pool.quotas")
	if page.ID != "" {
		c, err := h.Store.Collectivity(r.Context(), page.ID)
		if err != nil {
			return nil, err
		}
		page.Name, page.Title = c.Name, web.Printer(r).T("pool.quotas.of", "name", c.Name)
		if held, err = h.Quotas.Of(r.Context(), caller, page.ID); err != nil {
			return nil, err
		}
	}
	for i, one := range held {
		row := quotaRow{Held: one, Choice: "bound", Pool: all[i].Bound}
		switch {
		case page.ID != "" && !one.Own:
			row.Choice = "pool"
		case one.Bound < 0:
			row.Choice = "none"
		default:
			row.Typed = strconv.FormatInt(one.Bound/unitOf(one.Kind), 10)
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

func (h *Handler) showQuotas(w http.ResponseWriter, r *http.Request) error {
	page, err := h.quotas(r)
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "pool/quotas", "", page, &page.Page)
}

func (h *Handler) takeQuotas(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page, err := h.quotas(r)
	if err != nil {
		return err
	}
	bounds, wrong := map[quota.Kind]int64{}, portal.Check{}
	for i := range page.Rows {
		row := &page.Rows[i]
		name := string(row.Kind)
		row.Choice, row.Typed = r.PostFormValue("choice-"+name), strings.TrimSpace(r.PostFormValue(name))
		switch row.Choice {
		case "none":
			if page.ID != "" { // the pool has none by having no bound
				bounds[row.Kind] = quota.None
			}
		case "bound":
			const most = 1 << 30 // of the unit that is typed
			number, err := strconv.ParseInt(strings.Join(strings.FieldsFunc(row.Typed, func(r rune) bool { return r == ' ' || r == '\u00a0' || r == '\u202f' }), ""), 10, 64)
			if err != nil || number < 0 || number > most {
				wrong.Add(name, "quota.bound")
			}
			bounds[row.Kind] = number * unitOf(row.Kind)
		}
	}
	if err = wrong.OrNil(); err == nil {
		err = h.Quotas.Set(r.Context(), web.CallerOf(r), page.ID, r.PostFormValue("shown"), bounds, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		status := http.StatusUnprocessableEntity
		shown := r.PostFormValue("shown")
		if errors.Is(err, portal.ErrConflict) { // who was told of it may save hers over it
			status = http.StatusConflict
			now, err := h.quotas(r)
			if err != nil {
				return err
			}
			for i, row := range now.Rows {
				if quota.Untouched(shown, bounds, row.Kind) {
					page.Rows[i] = row
				}
			}
			shown = now.Shown
		}
		page.Shown = shown
		return h.render(w, r, status, "pool/quotas", "", page, &page.Page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "pool.quotas.set")
	if page.ID != "" {
		return web.Redirect(w, r, addressOf(page.ID))
	}
	return web.Redirect(w, r, "/pool")
}
