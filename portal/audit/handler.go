package audit

import (
	"cmp"
	"embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Templates holds the journal's page.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds its sentences, and the words for every action and reason.
//
//go:embed locales/*.json
var Locales embed.FS

// Handler serves the journal to the administrator of a collectivity.
type Handler struct {
	journal  *Journal
	renderer *web.Renderer
}

// NewHandler returns the pages over a journal.
func NewHandler(journal *Journal, renderer *web.Renderer) *Handler {
	return &Handler{journal: journal, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/admin/journal", Access: web.Needs(portal.ReadJournal), Handler: h.show},
		{Method: "POST", Path: "/admin/journal.csv", Access: web.Needs(portal.ReadJournal), Slow: true, Handler: h.export},
		{Method: "POST", Path: "/admin/journal/keep", Access: web.Needs(portal.Admin), Handler: h.keep},
	}
}

// page is a part of the journal and what narrows it.
type page struct {
	web.Page
	Form     web.Form
	Entries  []told
	Actions  []Action
	Filter   filter
	Months   int
	Choices  []int  // of months
	Older    string // address of the lines before these, "" at the end
	Newest   string // address of the newest lines, "" when these are
	Download string
}

// filter is the query as the form holds it.
type filter struct {
	Action   Action
	Refused  bool
	From, To string // "2026-11-24", both included
}

// filterOf reads the address; what makes no sense narrows nothing.
func filterOf(r *http.Request) (filter, Query) {
	values, zone := r.URL.Query(), web.Now(r).Location()
	chosen := filter{Action: Action(values.Get("action")), Refused: values.Get("refused") != ""}
	query := Query{Action: chosen.Action, Refused: chosen.Refused, Before: ParseMark(values.Get("before"))}
	if day, err := time.ParseInLocation(time.DateOnly, values.Get("from"), zone); err == nil {
		chosen.From, query.From = values.Get("from"), day
	}
	if day, err := time.ParseInLocation(time.DateOnly, values.Get("to"), zone); err == nil {
		chosen.To, query.To = values.Get("to"), day.AddDate(0, 0, 1)
	}
	return chosen, query
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	return h.render(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, form web.Form) (err error) {
	chosen, query := filterOf(r)
	shown := &page{Form: form, Actions: ofCollectivity(), Filter: chosen}
	entries, older, err := h.journal.Lines(r.Context(), web.CallerOf(r), query)
	if err != nil {
		return err
	}
	shown.Entries = tell(web.Printer(r), entries)
	if shown.Months, err = h.journal.Months(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	for months := MinMonths; months <= MaxMonths; months++ {
		shown.Choices = append(shown.Choices, months)
	}
	narrowed := r.URL.Query()
	address := func(path, before string) string {
		narrowed.Del("before")
		if before != "" {
			narrowed.Set("before", before)
		}
		return strings.TrimSuffix(path+"?"+narrowed.Encode(), "?")
	}
	if older != (Mark{}) {
		shown.Older = address("/admin/journal", older.String())
	}
	if query.Before != (Mark{}) {
		shown.Newest = address("/admin/journal", "")
	}
	shown.Download = address("/admin/journal.csv", "")
	shown.Title, shown.Section = web.Printer(r).T("audit.title"), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, status, "audit/journal", shown)
}

// ofCollectivity are the actions that the journal of a collectivity may tell.
func ofCollectivity() []Action {
	return slices.DeleteFunc(slices.Clone(Actions), func(action Action) bool { return action == PoolExported })
}

func (h *Handler) keep(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	months, _ := strconv.Atoi(r.PostFormValue("months")) // 0 is refused below
	err := h.journal.Keep(r.Context(), web.CallerOf(r), months, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.render(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "audit.keep.saved")
	return web.Redirect(w, r, "/admin/journal")
}

// export writes the whole of what the filter chooses as a table that a
// spreadsheet of this country opens: UTF-8 with its mark, semicolons. It is
// read part by part, so that a year costs no memory.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	_, query := filterOf(r)
	query.Before, query.Size = Mark{}, maxSize
	caller := web.CallerOf(r)
	entries, older, err := h.journal.Lines(r.Context(), caller, query)
	if err != nil {
		return err
	}
	if err := Write(r.Context(), h.journal.db, withAddress(By(caller, Exported), web.ClientAddr(r))); err != nil {
		return err
	}
	name := "journal-" + string(caller.Collectivity) + "-" + web.Now(r).Format(time.DateOnly) + ".csv"
	table := newTable(web.NewSpreadsheet(w, name), r)
	for {
		table.add(entries)
		if table.Flush() != nil || older == (Mark{}) {
			return nil // the reader left, or has all
		}
		query.Before = older
		if entries, older, err = h.journal.Lines(r.Context(), caller, query); err != nil {
			table.Row(web.Printer(r).T("audit.export.broken"))
			table.Flush()
			return nil // the status is sent: the last line says that the rest is missing
		}
	}
}

func withAddress(line Line, address string) Line {
	line.Address = address
	return line
}

// table is the journal as a spreadsheet.
type table struct {
	*web.Spreadsheet
	request *http.Request
	zone    *time.Location
}

func newTable(sheet *web.Spreadsheet, r *http.Request) table {
	t := table{sheet, r, web.Now(r).Location()}
	var heads []string
	for _, column := range []string{"at", "who", "action", "refused", "object", "detail", "address"} {
		heads = append(heads, web.Printer(r).T("audit.column."+column))
	}
	t.Row(heads...)
	return t
}

func (t table) add(entries []Entry) {
	printer := web.Printer(t.request)
	for _, entry := range tell(printer, entries) {
		refused := ""
		if entry.Refused != "" {
			refused = printer.T("audit.reason." + string(entry.Refused))
		}
		t.Row(entry.At.In(t.zone).Format(time.RFC3339), entry.Who, printer.T("audit.action."+string(entry.Action)),
			refused, cmp.Or(entry.Object, entry.ObjectID), entry.What, entry.Address)
	}
}
