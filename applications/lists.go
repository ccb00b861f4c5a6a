package applications

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"parvis/portal/audit"
	"parvis/portal/web"
)

const (
	listPath = "/admin/applications"
	listSize = 50 // applications, or accesses, on a page
)

// rows are the applications that the filters of an address choose.
func (h *Handler) rows(r *http.Request) (rows []row, err error) {
	apps, err := h.store.All(r.Context(), web.CallerOf(r))
	if err != nil {
		return nil, err
	}
	names, err := h.audienceNames(r.Context(), web.CallerOf(r))
	if err != nil {
		return nil, err
	}
	query := web.Query(r)
	for _, app := range apps {
		one := row{app, names.of(app)}
		if kind := query.Get("kind"); (kind == "" || kind == string(app.Kind)) && matches(query.Get("q"), app.Name, app.Category, app.Description, host(app.URL), one.For) {
			rows = append(rows, one)
		}
	}
	return rows, nil
}

// sheet begins a file and tells the journal about it.
func (h *Handler) sheet(w http.ResponseWriter, r *http.Request, name string, app Application) (*web.Spreadsheet, error) {
	line := audit.By(web.CallerOf(r), audit.ApplicationsExported)
	line.At, line.Object, line.ObjectID, line.Address = h.store.now(), app.Name, app.ID, web.ClientAddr(r)
	if err := audit.Write(r.Context(), h.store.db, line); err != nil {
		return nil, err
	}
	return web.NewSpreadsheet(w, web.DatedName(r, name)), nil
}

// exportAll writes the applications that the filters choose.
func (h *Handler) exportAll(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.rows(r)
	if err != nil {
		return err
	}
	sheet, err := h.sheet(w, r, "applications", Application{})
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	sheet.Row(printer.T("applications.form.name"), printer.T("applications.form.kind"), printer.T("applications.form.audience"), printer.T("applications.form.category"), printer.T("applications.form.url"))
	for _, one := range rows {
		sheet.Row(one.Name, printer.T("applications.kind."+string(one.Kind)), cmp.Or(one.For, printer.T("applications.admin.everyone")), one.Category, one.URL)
	}
	sheet.Flush()
	return nil
}

// among are the accesses of the people whose names have the words of a text.
func among(grants []Grant, text string) []Grant {
	return slices.DeleteFunc(grants, func(grant Grant) bool { return !matches(text, grant.Name, grant.Function) })
}

// exportGrants writes who may open an application beside its audience.
func (h *Handler) exportGrants(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, id := r.Context(), web.CallerOf(r), web.Var(r, "id")
	app, err := h.store.Find(ctx, caller, id)
	if err != nil {
		return err
	}
	grants, err := h.store.Grants(ctx, caller, id)
	if err != nil {
		return err
	}
	sheet, err := h.sheet(w, r, web.Printer(r).T("applications.access.file")+"-"+app.ID, app)
	if err != nil {
		return err
	}
	printer, now := web.Printer(r), web.Now(r)
	sheet.Row(printer.T("applications.access.who"), printer.T("applications.access.since"), printer.T("applications.access.until"), printer.T("applications.access.by"))
	for _, grant := range among(grants, web.Query(r).Get("who")) {
		since, until := "", ""
		if !grant.Since.IsZero() {
			since = grant.Since.In(now.Location()).Format(time.DateOnly)
		}
		if !grant.Until.IsZero() {
			until = lastDay(grant.Until, now).Format(time.DateOnly)
		}
		sheet.Row(grant.Name, since, until, grant.By)
	}
	sheet.Flush()
	return nil
}
