package pool

import (
	"cmp"
	"encoding/csv"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
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
	if page.Size, err = h.Size(r.Context(), id); err != nil {
		return nil, err
	}
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

// askSuspend says what follows before it is done.
func (h *Handler) askSuspend(w http.ResponseWriter, r *http.Request) error {
	page, err := h.read(r)
	if err != nil {
		return err
	}
	if !page.Active {
		return web.Redirect(w, r, addressOf(page.ID))
	}
	page.Title = web.Printer(r).T("pool.suspend.title", "name", page.Name)
	return h.render(w, r, http.StatusOK, "pool/suspend", "", page, &page.Page)
}

func (h *Handler) suspend(w http.ResponseWriter, r *http.Request) error {
	id := portal.CollectivityID(web.Var(r, "id"))
	if err := h.Store.Suspend(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetUndo(w, r, "pool.undo", addressOf(id)+"/resume", "pool.suspend.done")
	return web.Redirect(w, r, addressOf(id))
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

// export writes what the list finds as a table that a spreadsheet of this country
// opens: UTF-8 with its mark, semicolons.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	caller, query := web.CallerOf(r), queryOf(r)
	query.Whole = true
	list, err := h.Store.Pool(r.Context(), caller, query)
	if err != nil {
		return err
	}
	if err := h.Store.TellPool(r.Context(), caller, audit.PoolExported, web.ClientAddr(r)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="collectivites-`+web.Now(r).Format(time.DateOnly)+`.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil // the reader left
	}
	out, printer := csv.NewWriter(w), web.Printer(r)
	out.Comma = ';'
	var heads []string
	for _, column := range []string{"id", "name", "kind", "siren", "insee", "domains", "agents", "state"} {
		heads = append(heads, printer.T("pool.column."+column))
	}
	out.Write(heads) // an error stays in the writer
	for _, one := range list.Rows {
		state := directory.CollectivityOpen
		if !one.Active {
			state = directory.CollectivitySuspended
		}
		out.Write([]string{
			string(one.ID), harmless(one.Name), printer.T("pool.kind." + one.Kind), one.SIREN, one.INSEE,
			strings.Join(one.Domains, ", "), strconv.Itoa(one.Agents), printer.T("pool.state." + state),
		})
	}
	out.Flush()
	return nil // the status is sent
}

// harmless keeps a spreadsheet from taking a text for a formula (OWASP, CSV
// Injection).
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
