package directory

import (
	"net/http"
	"strings"
	"time"

	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// tellExport writes into the journal that the review was taken away, and begins the
// file.
func (h *Handler) tellExport(w http.ResponseWriter, r *http.Request, name string, heads ...string) (*web.Spreadsheet, error) {
	caller, printer := web.CallerOf(r), web.Printer(r)
	line := audit.By(caller, audit.ReviewExported)
	line.At, line.Address = h.store.now(), web.ClientAddr(r)
	if err := audit.Write(r.Context(), h.store.db, line); err != nil {
		return nil, err
	}
	sheet := web.NewSpreadsheet(w, web.DatedName(r, printer.T("directory.review.file."+name)))
	columns := make([]string, len(heads))
	for i, head := range heads {
		columns[i] = printer.T(head)
	}
	sheet.Row(columns...)
	return sheet, nil
}

// broken ends a file whose rest could not be read: the status is sent.
func broken(sheet *web.Spreadsheet, r *http.Request) error {
	sheet.Row(web.Printer(r).T("directory.export.broken"))
	sheet.Flush()
	return nil
}

// exportReview writes what the agents that the filters choose may do, a row for each
// reason, part by part.
func (h *Handler) exportReview(w http.ResponseWriter, r *http.Request) error {
	caller, query := web.CallerOf(r), reviewQuery(r)
	agents, err := h.store.ReviewAfter(r.Context(), caller, query, nil, exportSize)
	if err != nil {
		return err
	}
	sheet, err := h.tellExport(w, r, "people", "directory.field.family_name", "directory.field.given_name", "directory.field.unit", "directory.review.enters",
		"directory.review.what", "directory.review.name", "directory.review.where", "directory.review.does", "directory.review.why", "directory.review.until")
	if err != nil {
		return err
	}
	for len(agents) > 0 {
		for _, agent := range agents {
			sheetReviewed(sheet, r, agent)
		}
		if sheet.Flush() != nil || len(agents) < exportSize {
			return nil // the reader left, or has all
		}
		if agents, err = h.store.ReviewAfter(r.Context(), caller, query, &agents[len(agents)-1], exportSize); err != nil {
			return broken(sheet, r)
		}
	}
	sheet.Flush()
	return nil
}

func sheetReviewed(sheet *web.Spreadsheet, r *http.Request, agent Reviewed) {
	printer, now := web.Printer(r), web.Now(r)
	enters := printer.T("directory.review.enters.no")
	if agent.Enters {
		enters = printer.T("directory.review.enters.yes")
	}
	row := func(what, name, does string, whys []Why) {
		for _, why := range whys {
			until, where := why.Until, ""
			switch {
			case why.In != "":
				where = printer.T("directory.rights.in", "name", why.InName)
			case does == "":
				where = printer.T("directory.rights.whole")
			}
			why.Until, why.In = time.Time{}, "" // they have their own columns
			sheet.Row(agent.FamilyName, agent.GivenName, agent.UnitName, enters, what, name, where, does, whyText(printer, why, now), dayCell(until, now))
		}
	}
	for _, right := range agent.Rights {
		row(printer.T("directory.review.right"), printer.T("directory.right."+string(right.Right)), "", right.Whys)
	}
	for _, thing := range agent.Things {
		row(printer.T(thing.Kind), thing.Name, printer.T(deedKey(thing.Does)), thing.Whys)
	}
}

// dayCell is the last day of what ends, as a spreadsheet sorts it.
func dayCell(ends, now time.Time) string {
	if ends.IsZero() {
		return ""
	}
	return lastDayOf(ends, now).Format(time.DateOnly)
}

// exportThings writes the things that the filters choose and to whom each is open.
func (h *Handler) exportThings(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	things, err := h.store.allThings(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	sheet, err := h.tellExport(w, r, "things", "directory.review.what", "directory.review.name", "directory.review.open-to", "directory.review.does", "directory.review.until")
	if err != nil {
		return err
	}
	printer, now, words := web.Printer(r), web.Now(r), i18n.Fold(query.Get("q"))
	for _, thing := range things {
		if kind := query.Get("kind"); kind != "" && kind != thing.Kind || !strings.Contains(i18n.Fold(thing.Opening.Name), words) {
			continue
		}
		for _, to := range thing.To {
			sheet.Row(printer.T(thing.Kind), thing.Opening.Name, openText(printer, to), printer.T(deedKey(to.Does)), dayCell(to.Until, now))
		}
		if thing.Own > 0 {
			sheet.Row(printer.T(thing.Kind), thing.Opening.Name, printer.N("directory.review.own", thing.Own), printer.T(deedKey(thing.Does)), "")
		}
	}
	sheet.Flush()
	return nil
}

// exportChanges writes who won or lost what, part by part.
func (h *Handler) exportChanges(w http.ResponseWriter, r *http.Request) error {
	caller, since := web.CallerOf(r), sinceOf(r)
	changes, older, err := h.store.Changes(r.Context(), caller, since, audit.Mark{}, exportSize)
	if err != nil {
		return err
	}
	sheet, err := h.tellExport(w, r, "changes", "directory.review.at", "directory.review.turn", "directory.review.who", "directory.review.name", "directory.review.how", "directory.review.by")
	if err != nil {
		return err
	}
	printer, zone := web.Printer(r), web.Now(r).Location()
	for {
		for _, change := range changes {
			row := changeRowOf(printer, change)
			sheet.Row(row.At.In(zone).Format(time.DateTime), printer.T("directory.review.turn."+string(row.Turn)), row.Who, row.What, row.How, row.By)
		}
		if sheet.Flush() != nil || older == (audit.Mark{}) {
			return nil // the reader left, or has all
		}
		if changes, older, err = h.store.Changes(r.Context(), caller, since, older, exportSize); err != nil {
			return broken(sheet, r)
		}
	}
}
