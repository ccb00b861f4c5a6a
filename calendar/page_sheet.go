package calendar

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Boards knows what other rooms have to hang on the wall of a unit.
type Boards interface {
	// Duties are who is called on each day of a week that begins on a midnight, team by team.
	Duties(ctx context.Context, caller portal.Caller, monday time.Time) ([]BoardLine, error)
	// Booked are what everybody sees of the vehicles, rooms and equipment, with public titles alone.
	Booked(ctx context.Context, caller portal.Caller, p *i18n.Printer, monday time.Time) ([]BoardLine, error)
}

// BoardLine is a line of the sheet: a team or a thing, and what stands under each day.
type BoardLine struct {
	Name string
	Days [7][]string
}

const sheetPath = teamPath + "/sheet"

// Lines that a sheet of paper has room for.
const (
	maxSheetPeople = 24
	maxSheetThings = 16
)

// sheetPage is the week of a unit on one sheet of paper: whoever walks by reads it, so that it tells nothing of agendas.
type sheetPage struct {
	teamPage
	Duties, Booked []BoardLine
	Cut            bool // there is more than the sheet has room for
	Printed        string
}

func (h *TeamHandler) sheet(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), readNow(r)
	page := &sheetPage{}
	page.query, page.Unit = readQuery(r, now), portal.UnitID(web.Query(r).Get("unit"))
	page.View = weekView
	if err := h.people(r, &page.teamPage); err != nil {
		return err
	}
	monday := i18n.Monday(page.Day)
	off, err := h.store.daysOff(ctx, caller)
	if err != nil {
		return err
	}
	a := &agenda{zone: now.Location(), off: off}
	for i := range 7 {
		one := newGridDay(a, addDays(monday, i), now)
		one.Name = capital(p.DayName(one.Date))
		page.Days = append(page.Days, one)
	}
	page.Cut = len(page.People) > maxSheetPeople || page.More > 0
	page.People = page.People[:min(len(page.People), maxSheetPeople)]
	marks, err := h.marksOf(ctx, caller, idsOf(page.People), monday, addDays(monday, 6))
	if err != nil {
		return err
	}
	for _, one := range page.People {
		row := teamRow{Someone: one}
		for _, day := range page.Days {
			said := slices.DeleteFunc(marksOn(marks[one.ID], day.Date.Format(time.DateOnly)), func(m Mark) bool { return m.Kind == MarkDuty }) // said above
			row.Cells = append(row.Cells, teamCell{Marks: said})
		}
		page.Rows = append(page.Rows, row)
	}
	if page.Duties, err = h.boards.Duties(ctx, caller, monday); err != nil {
		return err
	}
	if page.Booked, err = h.boards.Booked(ctx, caller, p, monday); err != nil {
		return err
	}
	page.Cut = page.Cut || len(page.Booked) > maxSheetThings
	page.Booked = page.Booked[:min(len(page.Booked), maxSheetThings)]
	link := func(day time.Time) string {
		return sheetPath + "?" + url.Values{"unit": {string(page.Unit)}, "date": {day.Format(time.DateOnly)}}.Encode()
	}
	page.Previous, page.Today, page.Next = link(addDays(monday, -7)), link(now), link(addDays(monday, 7))
	page.Heading, page.Week = headingOf(p, page.query, monday, addDays(monday, 6), now)
	page.Printed = p.DateShort(now, now) + ", " + p.Clock(now)
	for _, one := range page.Units {
		if one.ID == page.Unit {
			page.Heading = one.Name + ", " + page.Heading
		}
	}
	page.Title, page.Section = page.Heading, "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/sheet", page)
}

// SheetHref leads to the week on paper.
func (p *teamPage) SheetHref() string {
	return sheetPath + "?" + url.Values{"unit": {string(p.Unit)}, "date": {p.Day.Format(time.DateOnly)}}.Encode()
}
