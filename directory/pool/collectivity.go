package pool

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/quota"
	"parvis/portal/territory"
	"parvis/portal/web"
	"parvis/sso"
)

// collectivityPage is one collectivity as the operator knows it.
type collectivityPage struct {
	web.Page
	directory.Hosting
	Method  sso.Kind
	Last    time.Time // sign-in, zero for none in its journal
	Size    int64
	Place   territory.Place
	Located bool
	Lines   []told
	More    bool // lines than these
	Wrong   []wrong
	Help    directory.Helpable
	Helping bool // who reads this assists it now
	Held    []quota.Held
}

// told is a line of the journal in the reader's language.
type told struct {
	audit.Entry
	Who string
}

// shownLines is how much of the journal stands on the page of a collectivity.
const shownLines = 8

func (h *Handler) read(r *http.Request) (page *collectivityPage, err error) {
	caller, id := web.CallerOf(r), portal.CollectivityID(web.Var(r, "id"))
	page = &collectivityPage{}
	if page.Hosting, err = h.Store.Hosting(r.Context(), caller, id); err != nil {
		return nil, err
	}
	method, err := h.Methods.Of(r.Context(), id)
	if err != nil {
		return nil, err
	}
	page.Method = method.Kind
	if page.Last, err = h.Journal.LastIn(r.Context(), caller, id, audit.SignIn); err != nil {
		return nil, err
	}
	if page.Size, err = h.Sizes.Size(r.Context(), id); err != nil {
		return nil, err
	}
	if page.Wrong, err = h.wrongIn(r, id); err != nil {
		return nil, err
	}
	if page.Help, err = h.Store.HelpableBy(r.Context(), caller, id); err != nil {
		return nil, err
	}
	if page.Held, err = h.Quotas.Of(r.Context(), caller, id); err != nil {
		return nil, err
	}
	page.Helping = page.Help.Going != nil && page.Help.Going.Account == caller.Account
	page.Place, page.Located = placeOf(page.Collectivity)
	entries, older, err := h.Journal.PoolLines(r.Context(), caller, id, audit.Query{Size: shownLines})
	page.Lines, page.More = tell(web.Printer(r), entries), older != audit.Mark{}
	page.Title = page.Name
	return page, err
}

// placeOf is where a collectivity is, as far as the shipped data knows it.
func placeOf(c directory.Collectivity) (territory.Place, bool) {
	if place, ok := territory.ByINSEE(c.INSEE); ok {
		return place, true
	}
	return territory.BySIREN(c.SIREN)
}

func tell(printer *i18n.Printer, entries []audit.Entry) []told {
	all := make([]told, len(entries))
	for i, entry := range entries {
		all[i] = told{entry, cmp.Or(entry.Name, printer.T("pool.journal.installation"))}
	}
	return all
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	page, err := h.read(r)
	if err != nil {
		return err
	}
	return h.render(w, r, http.StatusOK, "pool/collectivity", "", page, &page.Page)
}

// suspendPage asks why, and says what follows before it is done.
type suspendPage struct {
	*collectivityPage
	Form web.Form
	Why  directory.Suspension
	Only bool // way in of who asks
}

func (h *Handler) askSuspend(w http.ResponseWriter, r *http.Request) error {
	page, err := h.suspending(r)
	if err != nil {
		return err
	}
	page.Why = page.Suspension
	return h.renderSuspend(w, r, http.StatusOK, page)
}

func (h *Handler) suspending(r *http.Request) (*suspendPage, error) {
	of, err := h.read(r)
	if err != nil {
		return nil, err
	}
	page := &suspendPage{collectivityPage: of}
	page.Title = web.Printer(r).T("pool.suspend.title", "name", page.Name)
	page.Only, err = h.lastWay(r, page.ID)
	return page, err
}

// lastWay says whether the operator enters by a collectivity alone: by its method,
// without a password of her own, and as an agent of no other.
func (h *Handler) lastWay(r *http.Request, id portal.CollectivityID) (bool, error) {
	account := web.CallerOf(r).Account
	all, err := h.Store.Memberships(r.Context(), account)
	if err != nil || len(all) != 1 || all[0].Collectivity != id {
		return false, err
	}
	own, err := h.Passwords.Has(r.Context(), account)
	return !own, err
}

func (h *Handler) renderSuspend(w http.ResponseWriter, r *http.Request, status int, page *suspendPage) error {
	return h.render(w, r, status, "pool/suspend", "", page, &page.Page)
}

// errLastWay: whoever suspended that could not come back to open it again.
var errLastWay = portal.UserError{Kind: portal.ErrConflict, Key: "pool.suspend.last"}

func (h *Handler) suspend(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page, err := h.suspending(r)
	if err != nil {
		return err
	}
	page.Why = directory.Suspension{Reason: strings.TrimSpace(r.PostFormValue("reason")), Notice: strings.TrimSpace(r.PostFormValue("notice"))}
	if page.Only {
		err = errLastWay
	} else {
		err = h.Store.Suspend(r.Context(), web.CallerOf(r), page.ID, page.Why, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.renderSuspend(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	if page.Active {
		web.SetUndo(w, r, "pool.undo", addressOf(page.ID)+"/resume", "pool.suspend.done")
	} else {
		web.SetFlash(w, r, "pool.suspend.changed")
	}
	return web.Redirect(w, r, addressOf(page.ID))
}

func (h *Handler) resume(w http.ResponseWriter, r *http.Request) error {
	id := portal.CollectivityID(web.Var(r, "id"))
	if err := h.Store.Resume(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "pool.resume.done")
	return web.Redirect(w, r, addressOf(id))
}

func addressOf(id portal.CollectivityID) string { return "/pool/collectivities/" + string(id) }

// journalPage is what was done to the collectivities of the pool.
type journalPage struct {
	web.Page
	Lines         []told
	Of            portal.CollectivityID // "" for all
	Older, Newest string                // addresses, "" at the ends
}

func (h *Handler) journal(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	page := &journalPage{Of: portal.CollectivityID(query.Get("of"))}
	before := audit.ParseMark(query.Get("before"))
	entries, older, err := h.Journal.PoolLines(r.Context(), web.CallerOf(r), page.Of, audit.Query{Before: before})
	if err != nil {
		return err
	}
	page.Lines = tell(web.Printer(r), entries)
	query.Del("before")
	if before != (audit.Mark{}) {
		page.Newest = strings.TrimSuffix("/pool/journal?"+query.Encode(), "?")
	}
	if older != (audit.Mark{}) {
		query.Set("before", older.String())
		page.Older = "/pool/journal?" + query.Encode()
	}
	w.Header().Set("Cache-Control", "no-store")
	return h.render(w, r, http.StatusOK, "pool/journal", "pool.journal", page, &page.Page)
}

// export writes what the list finds as a spreadsheet.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	caller, query := web.CallerOf(r), queryOf(r)
	query.Whole = true
	list, err := h.find(r, query)
	if err != nil {
		return err
	}
	if err := h.Store.TellPool(r.Context(), caller, audit.PoolExported, web.ClientAddr(r)); err != nil {
		return err
	}
	out, printer := web.NewSpreadsheet(w, "collectivites-"+web.Now(r).Format(time.DateOnly)+".csv"), web.Printer(r)
	var heads []string
	for _, column := range []string{"id", "name", "kind", "siren", "insee", "domains", "agents", "state", "reason", "last", "bytes"} {
		heads = append(heads, printer.T("pool.column."+column))
	}
	for _, one := range h.Troubles {
		heads = append(heads, printer.T("pool.trouble."+one.Key+".column"))
	}
	out.Row(heads...)
	for _, one := range list.Rows {
		state, last := directory.CollectivityOpen, ""
		if !one.Active {
			state = directory.CollectivitySuspended
		}
		if !one.Last.IsZero() {
			last = one.Last.In(web.Now(r).Location()).Format(time.DateTime)
		}
		cells := []string{
			string(one.ID), one.Name, printer.T("pool.kind." + one.Kind), one.SIREN, one.INSEE,
			strings.Join(one.Domains, ", "), strconv.Itoa(one.Agents), printer.T("pool.state." + state), one.Reason, last, strconv.FormatInt(one.Size, 10),
		}
		for _, kind := range h.Troubles {
			cells = append(cells, strconv.Itoa(one.of(kind.Key)))
		}
		out.Row(cells...)
	}
	out.Flush()
	return nil // the status is sent
}
