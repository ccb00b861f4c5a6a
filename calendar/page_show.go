package calendar

import (
	"net/http"
	"net/url"
	"time"

	"parvis/portal/i18n"
	"parvis/portal/web"
)

// showPage is the agenda in one of its views.
type showPage struct {
	web.Page
	query
	Heading    string
	Week       string // "Semaine 48", "" where the view isn't of one week
	Links      pageLinks
	Calendars  []shownCalendar
	Grid       *grid  // of a day or a week
	MonthTitle string // "Novembre 2026"
	Weekdays   []weekday
	Month      []monthWeek // of the month view
	Small      []monthWeek // at the side
	List       []listDay   // the same in words: the list view, and any view on a phone
	ListEnd    time.Time   // its last day
	Beyond     int         // events of the days that a week of work leaves out
	School     []string    // keys of the school holidays of the period
	Zone       string      // of them
	Tasks      []shownTask // to do on the day, of the day view
	// HasElsewhere: agendas of other servers can be connected.
	HasElsewhere bool
}

// pageLinks lead to other days and views.
type pageLinks struct {
	Previous, Today, Next string
	Views                 []viewLink
	Table                 string // the table on a narrow screen
	New                   string
}

type viewLink struct {
	View    view
	Href    string
	Current bool
}

// block is what the template of an event in the table needs.
type block struct {
	Placed   *placed
	Day, Now time.Time
}

// Block gives an event of the table its day.
func (p *showPage) Block(at *placed, day time.Time) block { return block{at, day, p.Now} }

// DayHref leads to a day alone.
func (p *showPage) DayHref(day time.Time) string { return p.href(dayView, day) }

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	now := readNow(r)
	q := readQuery(r, now)
	p := web.Printer(r)
	from, to := q.period()
	gridFrom, gridTo := monthGrid(q.Day) // for the small month
	a, err := h.agenda(r.Context(), web.CallerOf(r), p, earlier(from, gridFrom), later(to, gridTo), q)
	if err != nil {
		return err
	}
	page := &showPage{query: q, HasElsewhere: len(h.elsewhere) > 0, Calendars: a.Calendars, Links: linksOf(q, now)}
	page.Weekdays, page.MonthTitle = weekdaysOf(p, gridFrom), capital(p.MonthYear(q.Day))
	page.ListEnd = addDays(to, -1)
	page.School, page.Zone = a.off.during(from, to), a.off.zone
	first, last := from, page.ListEnd
	switch q.View {
	case dayView:
		if page.Tasks, err = h.tasksOn(r, q.Day); err != nil {
			return err
		}
		page.Grid = newGrid(p, a, q, []time.Time{q.Day}, now, 0)
	case weekView, workView:
		days := weekDays(a, q.Day, now)
		if q.View == workView {
			days, page.Beyond = days[:workingDays], len(a.during(addDays(from, workingDays), to))
			page.List = newList(p, a, from, addDays(from, workingDays), now)
		}
		page.Grid = newGrid(p, a, q, days, now, maxBeside)
		last = days[len(days)-1]
	case monthView:
		page.Month = newMonth(a, q, now, dayView)
		page.List = newList(p, a, q.monthStart(), addMonth(q.monthStart()), now)
	}
	if q.View != monthView {
		page.Small = newMonth(a, q, now, q.smallLink())
	}
	if page.List == nil {
		page.List = newList(p, a, from, to, now)
	}
	page.Heading, page.Week = headingOf(p, q, first, last, now)
	page.Title, page.Section = p.T("calendar.title")+", "+page.Heading, "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/show", page)
}

// smallLink is the view that a day of the small month leads to.
func (q query) smallLink() view {
	if q.View == monthView {
		return dayView
	}
	return q.View
}

func (q query) monthStart() time.Time { return addDays(q.Day, 1-q.Day.Day()) }

func addMonth(first time.Time) time.Time {
	return time.Date(first.Year(), first.Month()+1, 1, 0, 0, 0, 0, first.Location())
}

func linksOf(q query, now time.Time) pageLinks {
	links := pageLinks{
		Previous: q.href(q.View, q.previous()), Today: q.href(q.View, now), Next: q.href(q.View, q.next()),
		Table: q.href(q.View, q.Day) + "&table=1",
		New:   "/calendar/new?date=" + q.Day.Format(time.DateOnly),
	}
	for _, v := range views {
		links.Views = append(links.Views, viewLink{View: v, Href: q.href(v, q.Day), Current: v == q.View})
	}
	team := teamPath + "?" + url.Values{"date": {q.Day.Format(time.DateOnly)}}.Encode()
	links.Views = append(links.Views, viewLink{View: teamView, Href: team, Current: q.View == teamView})
	return links
}

// Line gives a task its now.
func (p *showPage) Line(t shownTask) taskLine { return taskLine{t, p.Now} }

// WeekHref leads to the whole week.
func (p *showPage) WeekHref() string { return p.href(weekView, p.Day) }

// headingOf is the title of the page, and the week where it shows one.
func headingOf(p *i18n.Printer, q query, first, last, now time.Time) (heading, week string) {
	switch q.View {
	case dayView:
		return capital(p.DateLong(first, now)), capital(p.Week(first))
	case monthView:
		return capital(p.MonthYear(q.Day)), ""
	case listView:
		return p.T("calendar.list.from", "date", p.Date(first, now)), ""
	default:
		return weekRange(p, first, last), capital(p.Week(first))
	}
}

// weekRange is "23 – 28 novembre 2026", with whole months where DateRange has short ones.
func weekRange(p *i18n.Printer, first, last time.Time) string {
	switch {
	case first.Year() != last.Year():
		return p.Date(first, time.Time{}) + " – " + p.Date(last, time.Time{})
	case first.Month() != last.Month():
		return p.Date(first, last) + " – " + p.Date(last, time.Time{})
	default:
		return dayOfMonth(p, first) + " – " + p.Date(last, time.Time{})
	}
}
