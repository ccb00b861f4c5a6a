package calendar

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// timeForm is how fields of times write one.
const timeForm = "15:04"

// reader reads typed days and times, and collects what it can't read. Empty is no fault here: the
// store says what is missing.
type reader struct {
	zone *time.Location
	errs portal.FieldErrors
}

// day reads "2026-11-24", and "24/11/2026" from browsers without a field for dates; the zero time
// when it is empty or refused.
func (rd *reader) day(field, typed string) time.Time {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return time.Time{}
	}
	for _, form := range []string{time.DateOnly, "2/1/2006"} {
		if t, err := time.ParseInLocation(form, typed, rd.zone); err == nil {
			return t
		}
	}
	rd.errs = append(rd.errs, portal.Invalid(field, "calendar.error.date-unreadable"))
	return time.Time{}
}

// clock reads "09:00", "9h", "9 h 30"; false when it is empty or refused.
func (rd *reader) clock(field, typed string) (hour, minute int, ok bool) {
	typed = strings.Join(strings.Fields(typed), "")
	if typed == "" {
		return 0, 0, false
	}
	for _, form := range []string{timeForm, "15:04:05", "15h04", "15h"} {
		if t, err := time.Parse(form, typed); err == nil {
			return t.Hour(), t.Minute(), true
		}
	}
	rd.errs = append(rd.errs, portal.Invalid(field, "calendar.error.time-unreadable"))
	return 0, 0, false
}

// moment reads the day and hour at which an event starts.
func (rd *reader) moment(field, day, clock string) time.Time {
	date := rd.day(field, day)
	before := len(rd.errs)
	hour, minute, ok := rd.clock(field+"-time", clock)
	if !ok && len(rd.errs) == before {
		rd.errs = append(rd.errs, portal.Invalid(field+"-time", "calendar.error.time-missing"))
	}
	if date.IsZero() {
		return date
	}
	return time.Date(date.Year(), date.Month(), date.Day(), hour, minute, 0, 0, rd.zone)
}

// times reads when an event is, half-open; no end is none typed.
func (rd *reader) times(f *eventForm) (start, end time.Time) {
	if !f.AllDay {
		start = rd.moment("start", f.Start, f.StartTime)
		return start, rd.end(f, start)
	}
	start, end = rd.day("start", f.Start), rd.day("end", f.End)
	if !end.IsZero() {
		end = addDays(end, 1)
	}
	return start, end
}

// end reads when an event ends: on the day of its start when only an hour is given. Nothing at all
// is no end.
func (rd *reader) end(f *eventForm, start time.Time) time.Time {
	day, clock := strings.TrimSpace(f.End), strings.TrimSpace(f.EndTime)
	switch {
	case day == "" && clock == "", clock == "" && day == strings.TrimSpace(f.Start):
		return time.Time{}
	case day == "":
		day = start.Format(time.DateOnly)
	}
	return rd.moment("end", day, clock)
}

// fieldOrder is that of the form, for what is wrong in it.
var fieldOrder = []string{"scope", "title", "calendar", "start", "start-time", "end", "end-time", "location", "repeat", "until", "description", "links", "guests", "q", "room", "addresses"}

// mergeErrors joins refusals, one a field, in the order of the form. A moment that could not be
// read is refused by what was wrong with it: its absence, and what follows from it, is no news.
func mergeErrors(unread, found portal.FieldErrors) portal.FieldErrors {
	merged := slices.Clone(unread)
	for _, f := range found {
		known := slices.ContainsFunc(unread, func(u portal.UserError) bool {
			return strings.TrimSuffix(u.Field, "-time") == f.Field || strings.HasPrefix(u.Field, "start") && (f.Field == "end" || f.Field == "until")
		})
		if !known {
			merged = append(merged, f)
		}
	}
	slices.SortStableFunc(merged, func(a, b portal.UserError) int {
		return slices.Index(fieldOrder, a.Field) - slices.Index(fieldOrder, b.Field)
	})
	return merged
}

// sayMoments writes the moments in refusals as the reader's language does.
func sayMoments(r *http.Request, err error) error {
	fields, ok := err.(portal.FieldErrors)
	if !ok {
		return err
	}
	p, now := web.Printer(r), web.Now(r)
	said := make(portal.FieldErrors, len(fields))
	for i, field := range fields {
		field.Args = slices.Clone(field.Args)
		for j, arg := range field.Args {
			if t, ok := arg.(time.Time); ok {
				field.Args[j] = p.DateLong(t, now)
			}
		}
		said[i] = field
	}
	return said
}

// links reads the addresses that were typed; nil where the form has none to type.
func (f *eventForm) links(rd *reader) []Attached {
	if !f.linked {
		return nil
	}
	links, unread := readLinks(f.Links)
	switch {
	case unread != "":
		rd.errs = append(rd.errs, portal.Invalid("links", "calendar.error.link", "address", cut(unread, 60)))
	case len(links) > maxAttached:
		rd.errs = append(rd.errs, portal.Invalid("links", "calendar.error.links-many", "max", maxAttached))
	}
	return append([]Attached{}, links...)
}
