package presence

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Staff knows who works in the caller's collectivity, and what else than a place tells whether somebody is there.
type Staff interface {
	// Units are those of the organisation chart, in its order.
	Units(ctx context.Context, caller portal.Caller) ([]Unit, error)
	// Find is a page of agents, from 1.
	Find(ctx context.Context, caller portal.Caller, text string, unit portal.UnitID, page int) (Found, error)
	// Roll are all of a unit, or of the collectivity, of whom the caller may know whether they are there.
	Roll(ctx context.Context, caller portal.Caller, unit portal.UnitID) ([]portal.AgentID, error)
	// Named are some of them, by name; who left is left out.
	Named(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]Person, error)
	// Away is the last day of absence of those who are away on a day.
	Away(ctx context.Context, caller portal.Caller, agents []portal.AgentID, day time.Time) (map[portal.AgentID]time.Time, error)
	// Busy is until when those are taken who are taken at an instant.
	Busy(ctx context.Context, caller portal.Caller, agents []portal.AgentID, at time.Time) (map[portal.AgentID]time.Time, error)
	// Seen are those of whom the caller may know whether they are there.
	Seen(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]bool, error)
}

// Unit is a line of the organisation chart.
type Unit struct {
	ID    portal.UnitID
	Name  string
	Depth int
}

// Found is a page of agents.
type Found struct {
	People             []Person
	Total, Page, Pages int
}

// Handler serves the pages.
type Handler struct {
	store    *Store
	staff    Staff
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, staff Staff, renderer *web.Renderer) *Handler {
	return &Handler{store: store, staff: staff, renderer: renderer}
}

const (
	ownPath   = "/presence"
	todayPath = "/presence/today"
)

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: ownPath, Access: web.SignedIn, Handler: h.show},
		{Method: "POST", Path: ownPath + "/week", Access: web.SignedIn, Handler: h.setWeek},
		{Method: "POST", Path: ownPath + "/days", Access: web.SignedIn, Handler: h.setDays},
		{Method: "GET", Path: todayPath, Access: web.SignedIn, Handler: h.today},
	}
}

// shownWeeks are how many weeks the page of one person shows.
const shownWeeks = 5

// ownPage is where one person works.
type ownPage struct {
	web.Page
	Form   web.Form
	Person Person
	Other  bool // it is somebody else than who looks
	Weeks  []shownWeek
	Week   Week
	Rows   []weekday // the form of the week that repeats
	Since  string
	First  string
	Last   string
	Half   Half
	Place  string
	Places []Place
}

type shownWeek struct {
	Monday time.Time
	Days   []shownDay
}

type shownDay struct {
	Day
	At    time.Time // its midnight
	Today bool
	Past  bool
}

// weekday is a line of the form.
type weekday struct {
	At    time.Time // a day of that name
	Cells []cell
}

// cell is a half day of the form.
type cell struct {
	Field string // "half-a" is that of Monday morning
	Half  Half
	Place Place
}

// halfField names the field of a half day of the week, from 0.
func halfField(i int) string { return "half-" + string(rune('a'+i)) }

// Halves are what a change of days can be about.
func (ownPage) Halves() []Half { return []Half{WholeDay, MorningOnly, AfternoonOnly} }

// agentOf is whom a page or a form is about: her own reader, unless it names somebody.
func agentOf(r *http.Request, named string) portal.AgentID {
	if named == "" || web.AtKiosk(r) { // a code lets her say it of herself alone
		return web.CallerOf(r).Agent
	}
	return portal.AgentID(named)
}

func midnight(r *http.Request) time.Time {
	now := web.Now(r)
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	page := &ownPage{Place: Telework.Name()}
	return h.showOwn(w, r, http.StatusOK, agentOf(r, web.Query(r).Get("agent")), page)
}

func (h *Handler) showOwn(w http.ResponseWriter, r *http.Request, status int, agent portal.AgentID, page *ownPage) error {
	now, printer := midnight(r), web.Printer(r)
	first := i18n.Monday(now)
	person, days, week, err := h.store.Days(r.Context(), web.CallerOf(r), agent, first, first.AddDate(0, 0, 7*shownWeeks-1))
	if err != nil {
		return err
	}
	page.Person, page.Other, page.Places = person, agent != web.CallerOf(r).Agent, Places
	if page.Week.Halves == "" {
		page.Week = week
	}
	for i, one := range days {
		at := first.AddDate(0, 0, i)
		if i%7 == 0 {
			page.Weeks = append(page.Weeks, shownWeek{Monday: at})
		}
		if weekend := i%7 > 4; weekend && one.Halves == allHere {
			continue
		}
		last := &page.Weeks[len(page.Weeks)-1]
		last.Days = append(last.Days, shownDay{one, at, at.Equal(now), at.Before(now)})
	}
	for i := range 7 {
		row := weekday{At: first.AddDate(0, 0, i)}
		for j, half := range []Half{MorningOnly, AfternoonOnly} {
			at := halvesADay*i + j
			row.Cells = append(row.Cells, cell{halfField(at), half, Place(page.Week.Halves[at])})
		}
		page.Rows = append(page.Rows, row)
	}
	if page.Since == "" {
		page.Since = now.Format(time.DateOnly)
	}
	if page.First == "" {
		page.First, page.Last = now.Format(time.DateOnly), now.Format(time.DateOnly)
	}
	page.Title, page.Section = printer.T("presence.title"), "directory"
	if page.Other {
		page.Title = printer.T("presence.title.other", "name", person.Name)
	}
	return h.renderer.Render(w, r, status, "presence/own", page)
}

// setWeek reads the form of the week that repeats.
func (h *Handler) setWeek(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post := r.PostForm
	page := &ownPage{Since: strings.TrimSpace(post.Get("since")), Place: Telework.Name()}
	var halves strings.Builder
	for i := range halvesAWeek {
		place, ok := placeOf(post.Get(halfField(i)))
		if !ok {
			return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
		}
		halves.WriteByte(byte(place))
	}
	page.Week = Week{Since: page.Since, Halves: Halves(halves.String())}
	return h.save(w, r, page, "presence.done.week", func(agent portal.AgentID, today string) error {
		return h.store.SetWeek(r.Context(), web.CallerOf(r), agent, page.Week, today, web.ClientAddr(r))
	})
}

// setDays reads the form of days that differ.
func (h *Handler) setDays(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post := r.PostForm
	page := &ownPage{First: strings.TrimSpace(post.Get("first")), Last: strings.TrimSpace(post.Get("last")), Half: Half(post.Get("half")), Place: post.Get("place")}
	place, ok := placeOf(page.Place)
	if !ok {
		return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
	}
	span := Span{First: page.First, Last: cmp.Or(page.Last, page.First), Half: page.Half, Place: place}
	return h.save(w, r, page, "presence.done.days", func(agent portal.AgentID, today string) error {
		return h.store.SetDays(r.Context(), web.CallerOf(r), agent, span, today, web.ClientAddr(r))
	})
}

// save does what a form asks and shows it again with what was typed where that is refused.
func (h *Handler) save(w http.ResponseWriter, r *http.Request, page *ownPage, done string, do func(agent portal.AgentID, today string) error) error {
	agent := agentOf(r, r.PostForm.Get("agent"))
	err := do(agent, midnight(r).Format(time.DateOnly))
	if err != nil {
		refused, ok := web.FormErrors(r, err)
		if !ok {
			return err
		}
		page.Form = refused
		return h.showOwn(w, r, http.StatusUnprocessableEntity, agent, page)
	}
	web.SetFlash(w, r, done)
	back := ownPath
	if agent != web.CallerOf(r).Agent {
		back += "?agent=" + url.QueryEscape(string(agent))
	}
	return web.Redirect(w, r, back)
}
