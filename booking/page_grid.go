package booking

import (
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal/i18n"
)

// The hours that a day shows even when nothing is booked.
const (
	firstHour = 8
	lastHour  = 19

	slot      = 30 * time.Minute
	slotsHour = 2
)

// slotRow is half an hour of a day.
type slotRow struct {
	Start time.Time
	On    bool // a full hour
	Now   bool // it is now
	Cells []slotCell
}

// slotCell is one or several half hours of one resource; what lies under a long cell has none.
type slotCell struct {
	Span     int
	Past     bool      // it is over
	Shut     string    // it can't be booked, and why; " " outside of its hours
	Bookings []Booking // that begin in it
	Name     string    // of the resource
	Start    time.Time // of a free one
	Href     string    // fills the form with it; "" where the reader may not book
}

// Classes are the CSS classes of the cell, "" for none.
func (c slotCell) Classes() string {
	if c.Past || c.Shut != "" {
		return "past"
	}
	return ""
}

// Classes are the CSS classes of a booking.
func (b Booking) Classes() string {
	switch {
	case b.Pending:
		return "ev maybe"
	case b.Mine:
		return "ev mine"
	}
	return "ev"
}

// Href is the page of the event, "" where the reader may not read it.
func (b Booking) Href() string {
	if b.Event == "" {
		return ""
	}
	href := "/calendar/events/" + url.PathEscape(b.Event)
	if !b.Recurrence.IsZero() {
		href += "?at=" + b.Recurrence.UTC().Format("20060102T150405Z")
	}
	return href
}

// dayRows are the half hours of a day for the columns of some resources.
func dayRows(plan Plan, shown []Resource, day, now time.Time, a asked) []slotRow {
	first, last := firstHour*slotsHour, lastHour*slotsHour
	at := func(i int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, i*30, 0, 0, day.Location())
	}
	for _, one := range shown {
		for _, b := range plan.Bookings[one.ID] {
			for !at(first).Before(b.End) || at(first).After(b.Start) && first > 0 {
				first--
			}
			for at(last).Before(b.End) && last < 24*slotsHour {
				last++
			}
		}
	}
	first, last = first/slotsHour*slotsHour, (last+1)/slotsHour*slotsHour
	rows := make([]slotRow, last-first)
	for i := range rows {
		start := at(first + i)
		rows[i] = slotRow{Start: start, On: (first+i)%slotsHour == 0, Now: !now.Before(start) && now.Before(at(first+i+1))}
	}
	for _, one := range shown {
		c := columnOf{plan: plan, resource: one, at: at, now: now, asked: a}
		for i := first; i < last; {
			cell := c.cell(i, last)
			rows[i-first].Cells = append(rows[i-first].Cells, cell)
			i += cell.Span
		}
	}
	return rows
}

// columnOf is one resource on one day.
type columnOf struct {
	plan     Plan
	resource Resource
	at       func(i int) time.Time // the start of a half hour
	now      time.Time
	asked    asked
}

// cell is the next one at a half hour: what is booked from then on, else what is shut, over or free.
func (c columnOf) cell(i, last int) slotCell {
	cell := slotCell{Span: 1, Name: c.resource.Name}
	for end := i + 1; ; end = i + cell.Span {
		grew := false
		for _, b := range c.plan.Bookings[c.resource.ID] {
			if b.Start.Before(c.at(end)) && b.End.After(c.at(i)) && !slices.ContainsFunc(cell.Bookings, func(one Booking) bool { return one.Start.Equal(b.Start) }) {
				cell.Bookings = append(cell.Bookings, b)
				for c.at(i+cell.Span).Before(b.End) && i+cell.Span < last {
					cell.Span++
					grew = true
				}
			}
		}
		if !grew {
			break
		}
	}
	cell.Past = !c.at(i + cell.Span).After(c.now)
	if len(cell.Bookings) > 0 {
		return cell
	}
	cell.Shut = c.shut(i)
	alike := func(j int) bool {
		return j < last && !c.booked(j) && c.shut(j) == cell.Shut && c.at(j+1).After(c.now) != cell.Past
	}
	if cell.Past || cell.Shut != "" {
		for alike(i + cell.Span) {
			cell.Span++
		}
		return cell
	}
	if i%slotsHour == 0 && alike(i+1) { // free cells are of an hour, or of the half of one that is left
		cell.Span = 2
	}
	cell.Start = c.at(i)
	if cell.Start.Before(c.now) {
		cell.Past = true
		return cell
	}
	if !c.plan.Barred[c.resource.ID] {
		a := c.asked
		values := url.Values{
			"kind": {string(a.Kind)}, "view": {a.View}, "date": {cell.Start.Format(time.DateOnly)}, "resource": {string(c.resource.ID)},
			"from": {cell.Start.Format("15:04")}, "to": {cell.Start.Add(time.Duration(cell.Span) * slot).Format("15:04")},
		}
		cell.Href = deskPath + "?" + values.Encode() + "#book"
	}
	return cell
}

func (c columnOf) booked(i int) bool {
	return slices.ContainsFunc(c.plan.Bookings[c.resource.ID], func(b Booking) bool { return b.Start.Before(c.at(i+1)) && b.End.After(c.at(i)) })
}

// shut is why a half hour can't be booked, "" when it can, " " outside of the hours.
func (c columnOf) shut(i int) string {
	for _, one := range c.plan.Shut[c.resource.ID] {
		if one.From.Before(c.at(i+1)) && one.To.After(c.at(i)) {
			if one.Why == "" {
				return " "
			}
			return one.Why
		}
	}
	return ""
}

// weekDay is a column of a week.
type weekDay struct {
	Date  time.Time
	Href  string
	Today bool
	Past  bool
}

// shownRow is one resource over some days.
type shownRow struct {
	Resource
	Barred bool
	Cells  []shownCell
	Any    bool // something is booked, or shut
	Many   bool // more than a telephone lists one by one
}

// fewLines is how many bookings of a resource a telephone lists one by one.
const fewLines = 7

// shownCell is one of its days.
type shownCell struct {
	Date     time.Time
	Past     bool
	Shut     string // the whole day, and why
	Bookings []Booking
}

// rowOf is one resource over some days from a midnight on.
func rowOf(plan Plan, one Resource, first time.Time, days int, now time.Time) shownRow {
	row := shownRow{Resource: one, Barred: plan.Barred[one.ID], Many: days > 1 && len(plan.Bookings[one.ID]) > fewLines}
	for i := range days {
		day, next := first.AddDate(0, 0, i), first.AddDate(0, 0, i+1)
		cell := shownCell{Date: day, Past: !next.After(now)}
		for _, b := range plan.Bookings[one.ID] {
			if b.Start.Before(next) && b.End.After(day) {
				cell.Bookings = append(cell.Bookings, b)
			}
		}
		for _, shut := range plan.Shut[one.ID] {
			if shut.Why != "" && !shut.From.After(day) && !shut.To.Before(next) {
				cell.Shut = shut.Why
			}
		}
		row.Any = row.Any || len(cell.Bookings) > 0 || cell.Shut != ""
		row.Cells = append(row.Cells, cell)
	}
	return row
}

// blocksOf are bookings as a cell shows them, with the name of the resource for who does not see the column. A week of a
// hundred resources has thousands: written here, they cost a tenth of what a template takes.
func blocksOf(p *i18n.Printer, all []Booking, where string, zone *time.Location) template.HTML {
	var out strings.Builder
	for _, b := range all {
		b.block(&out, p, where, zone)
	}
	return template.HTML(out.String()) // all that is not written in block is escaped there
}

func (b Booking) block(out *strings.Builder, p *i18n.Printer, where string, zone *time.Location) {
	text := func(parts ...string) {
		for _, part := range parts {
			template.HTMLEscape(out, []byte(part))
		}
	}
	tag, href := "span", b.Href()
	if href != "" {
		tag = "a"
	}
	out.WriteString("<" + tag + ` class="` + b.Classes() + `"`)
	if href != "" {
		out.WriteString(` href="`)
		text(href)
		out.WriteString(`"`)
	}
	out.WriteString("><b>")
	text(b.headline(p))
	out.WriteString("</b>")
	text(p.ClockRange(b.Start.In(zone), b.End.In(zone)))
	if b.Title != "" && b.Name != "" && !b.Mine {
		text(" · ", b.Name)
	}
	if b.Unit != "" && !b.Mine {
		text(" · ", b.Unit)
	}
	if b.By != "" {
		text(" · ", p.T("booking.by", "name", b.By))
	}
	if b.Pending {
		text(" · ", p.T("booking.desk.pending"))
	}
	if where != "" {
		out.WriteString(`<span class="vh">`)
		text(", ", where)
		out.WriteString("</span>")
	}
	out.WriteString("</" + tag + ">")
}

// headline is what a booking is for, else who has it.
func (b Booking) headline(p *i18n.Printer) string {
	switch {
	case b.Title != "":
		return b.Title
	case b.Mine:
		return p.T("booking.desk.own")
	case b.Name != "":
		return b.Name
	}
	return p.T("booking.desk.taken")
}
