package calendar

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"parvis/portal/i18n"
	"parvis/portal/web"
)

// view is a way to show the agenda.
type view string

const (
	dayView   view = "day"
	workView  view = "work" // Monday to Friday
	weekView  view = "week"
	monthView view = "month"
	listView  view = "list"
	teamView  view = "team" // a page of its own
)

var views = []view{dayView, workView, weekView, monthView, listView}

// listDays is how many days the list covers.
const listDays = 30

// query is what the address of the agenda asks for: "/calendar?view=week&date=2026-11-24".
type query struct {
	View view
	Day  time.Time // midnight in the reader's zone
	// Shown are the calendars to show; nil for all. An empty "cal" stands for none, so that
	// unticking all is not ticking all.
	Shown []CalendarID
	// Table asks for the table even where the screen is narrow.
	Table bool
}

// readQuery reads an address; what makes no sense is today's week.
func readQuery(r *http.Request, now time.Time) query {
	values := r.URL.Query()
	q := query{View: view(values.Get("view")), Day: midnight(now), Table: values.Get("table") != ""}
	if !slices.Contains(views, q.View) {
		q.View = weekView
	}
	asked, err := time.ParseInLocation(time.DateOnly, values.Get("date"), now.Location())
	if err == nil && asked.Year() >= firstYearShown && asked.Year() <= lastYearShown {
		q.Day = asked
	}
	for _, id := range values["cal"] {
		q.Shown = append(q.Shown, CalendarID(id))
	}
	return q
}

// The years that a page shows: those that drafts may have, less what surrounds a month.
const (
	firstYearShown = 1901
	lastYearShown  = lastYear - 2
)

// shows says whether a calendar is to be shown.
func (q query) shows(id CalendarID) bool { return q.Shown == nil || slices.Contains(q.Shown, id) }

// href is the address of another view or day, with the same calendars.
func (q query) href(v view, day time.Time) string {
	values := url.Values{"view": {string(v)}, "date": {day.Format(time.DateOnly)}}
	for _, id := range q.Shown {
		values.Add("cal", string(id))
	}
	return "/calendar?" + values.Encode()
}

// period is the days that the view covers, half-open midnights.
func (q query) period() (from, to time.Time) {
	switch q.View {
	case dayView:
		return q.Day, addDays(q.Day, 1)
	case monthView:
		return monthGrid(q.Day)
	case listView:
		return q.Day, addDays(q.Day, listDays)
	default:
		from = i18n.Monday(q.Day)
		return from, addDays(from, 7)
	}
}

// previous and next are the days that the arrows lead to.
func (q query) previous() time.Time { return q.step(-1) }
func (q query) next() time.Time     { return q.step(1) }

func (q query) step(n int) time.Time {
	switch q.View {
	case dayView:
		return addDays(q.Day, n)
	case monthView:
		year, month, _ := q.Day.Date()
		return time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, q.Day.Location())
	case listView:
		return addDays(q.Day, n*listDays)
	default:
		return addDays(q.Day, 7*n)
	}
}

// monthGrid is the whole weeks around a month, half-open midnights.
func monthGrid(day time.Time) (from, to time.Time) {
	year, month, _ := day.Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, day.Location())
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, day.Location())
	return i18n.Monday(first), addDays(i18n.Monday(last), 7)
}

func midnight(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, t.Location())
}

// addDays counts days of the calendar: one of them may last 23 or 25 hours.
func addDays(t time.Time, n int) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day+n, 0, 0, 0, 0, t.Location())
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// readNow is the instant of a request to the minute, which is all that a page shows of it.
func readNow(r *http.Request) time.Time { return web.Now(r).Truncate(time.Minute) }
