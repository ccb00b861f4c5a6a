package calendar

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Teams knows who works together, as the caller may see them.
type Teams interface {
	// Units are those of the organisation chart, in its order.
	Units(ctx context.Context, caller portal.Caller) ([]Place, error)
	// OwnUnit is that of the caller, "" for none.
	OwnUnit(ctx context.Context, caller portal.Caller) (portal.UnitID, error)
	// Team are the first active agents of a unit and of those below it, unit by unit and by name, and how many
	// there are; portal.ErrNotFound.
	Team(ctx context.Context, caller portal.Caller, unit portal.UnitID, most int) (people []Someone, total int, err error)
}

// TeamHandler serves the planning of a team, side by side.
type TeamHandler struct {
	store    *Store
	teams    Teams
	renderer *web.Renderer
	boards   Boards
	marks    []Marks
}

// NewTeamHandler returns the pages over the store, and over what other rooms say of people and of things.
func NewTeamHandler(store *Store, teams Teams, renderer *web.Renderer, boards Boards, marks ...Marks) *TeamHandler {
	return &TeamHandler{store, teams, renderer, boards, marks}
}

const teamPath = "/calendar/team"

// Routes lists the pages.
func (h *TeamHandler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: teamPath, Access: web.SignedIn, Handler: h.show},
		{Method: "GET", Path: sheetPath, Access: web.SignedIn, Handler: h.sheet},
	}
}

// maxTeam is how many people one sheet has room for.
const maxTeam = 60

// teamViews are how many days the planning shows side by side.
var teamViews = []view{dayView, workView, weekView, monthView}

// teamPage is the planning of a unit.
type teamPage struct {
	web.Page
	query
	Heading, Week         string
	Units                 []Place
	Unit                  portal.UnitID
	People                []Someone
	More                  int // beside those that there is room for
	Days                  []gridDay
	Rows                  []teamRow
	Plan                  []planRow // of a month
	Previous, Today, Next string
	Seg                   []viewLink // days side by side
	Views                 []viewLink // of the agenda
}

// teamRow is one person's line.
type teamRow struct {
	Someone
	Cells []teamCell
}

// teamCell is a day of one person.
type teamCell struct {
	Past    bool
	Marks   []Mark
	Engaged []shownEngagement
}

// shownEngagement is a time as a cell shows it.
type shownEngagement struct {
	engagement
	Whole bool    // all of the day
	Event *placed // what for, where the caller may know
	Href  string  // "" for what the caller may not open
}

// Classes are the CSS classes of its block.
func (s shownEngagement) Classes() string {
	if s.Tentative || s.Free {
		return "ev maybe"
	}
	return "ev"
}

// Day tells of a person's day in the list.
func (r teamRow) Day(i int) teamCell { return r.Cells[i] }

func (h *TeamHandler) show(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p := r.Context(), web.CallerOf(r), web.Printer(r)
	now := readNow(r)
	page := &teamPage{query: readQuery(r, now), Unit: portal.UnitID(web.Query(r).Get("unit"))}
	if !slices.Contains(teamViews, page.View) || !r.URL.Query().Has("view") {
		page.View = workView
	}
	if err := h.people(r, page); err != nil {
		return err
	}
	from, to := page.days()
	off, err := h.store.daysOff(ctx, caller)
	if err != nil {
		return err
	}
	a := &agenda{zone: now.Location(), off: off}
	for day := from; day.Before(to); day = addDays(day, 1) {
		one := newGridDay(a, day, now)
		one.Name, one.Href = capital(p.DayName(day)), page.link(dayView, day)
		page.Days = append(page.Days, one)
	}
	if page.View == monthView {
		err = h.fillMonth(ctx, caller, p, page, from, to)
	} else {
		err = h.fill(ctx, caller, page, from, to)
	}
	if err != nil {
		return err
	}
	page.Previous, page.Today, page.Next = page.link(page.View, page.previous()), page.link(page.View, now), page.link(page.View, page.next())
	for _, v := range teamViews {
		page.Seg = append(page.Seg, viewLink{View: v, Href: page.link(v, page.Day), Current: v == page.View})
	}
	page.Views = linksOf(query{View: teamView, Day: page.Day}, now).Views
	page.Heading, page.Week = headingOf(p, page.query, from, addDays(to, -1), now)
	page.Title, page.Section = p.T("calendar.team.title")+", "+page.Heading, "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/team", page)
}

// days are those that the planning shows, half-open midnights.
func (p *teamPage) days() (from, to time.Time) {
	from, to = p.period()
	switch p.View {
	case workView:
		to = addDays(from, workingDays)
	case monthView: // without the days around it
		year, month, _ := p.Day.Date()
		from = time.Date(year, month, 1, 0, 0, 0, 0, p.Day.Location())
		to = time.Date(year, month+1, 1, 0, 0, 0, 0, p.Day.Location())
	}
	return from, to
}

// link is the address of the planning on another day.
func (p *teamPage) link(v view, day time.Time) string {
	return teamPath + "?" + url.Values{"unit": {string(p.Unit)}, "view": {string(v)}, "date": {day.Format(time.DateOnly)}}.Encode()
}

// TableHref leads to the table on a narrow screen.
func (p *teamPage) TableHref() string { return p.link(p.View, p.Day) + "&table=1" }

// people finds the team: that of the unit asked for, else of the caller's own, else she alone.
func (h *TeamHandler) people(r *http.Request, page *teamPage) (err error) {
	ctx, caller := r.Context(), web.CallerOf(r)
	if page.Units, err = h.teams.Units(ctx, caller); err != nil {
		return err
	}
	if page.Unit == "" {
		if page.Unit, err = h.teams.OwnUnit(ctx, caller); err != nil {
			return err
		}
	}
	if page.Unit == "" {
		return nil
	}
	total := 0
	most := maxTeam
	if page.View == monthView {
		most = maxMonthTeam
	}
	page.People, total, err = h.teams.Team(ctx, caller, page.Unit, most)
	page.More = total - len(page.People)
	return err
}

// fill reads what each does on each day.
func (h *TeamHandler) fill(ctx context.Context, caller portal.Caller, page *teamPage, from, to time.Time) error {
	agents := idsOf(page.People)
	engaged, err := h.store.team(ctx, caller, agents, from, to)
	if err != nil {
		return err
	}
	marks, err := h.marksOf(ctx, caller, agents, from, addDays(to, -1))
	if err != nil {
		return err
	}
	for _, one := range page.People {
		row := teamRow{Someone: one}
		for _, day := range page.Days {
			row.Cells = append(row.Cells, teamCell{
				Past: day.Past, Marks: marksOn(marks[one.ID], day.Date.Format(time.DateOnly)), Engaged: engagementsOn(engaged[one.ID], day.Date),
			})
		}
		page.Rows = append(page.Rows, row)
	}
	return nil
}

// engagementsOn are those of a day, cut to it, whole days first.
func engagementsOn(all []engagement, day time.Time) (found []shownEngagement) {
	next := addDays(day, 1)
	for _, one := range all {
		shown := placed{Instance: Instance{Start: one.Start, End: one.End}}
		if !shown.within(day, next) {
			continue
		}
		at := shownEngagement{engagement: one, Whole: shown.Fills(day) || one.Instance != nil && one.Instance.AllDay}
		at.Start, at.End = later(one.Start, day), earlier(one.End, next)
		if one.Instance != nil {
			at.Event = &placed{Instance: *one.Instance}
			at.Href = "/calendar/events/" + url.PathEscape(string(one.Instance.Event)) + occurrenceQuery(*one.Instance)
		}
		found = append(found, at)
	}
	slices.SortStableFunc(found, func(x, y shownEngagement) int { return boolToInt(y.Whole) - boolToInt(x.Whole) })
	return found
}
