package calendar

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// shownCalendar is a calendar in the list at the side of the page.
type shownCalendar struct {
	ID       CalendarID
	Name     string
	Class    string // of its colour: "", "c2", "c3" or "c4"
	Shown    bool
	Feed     *Feed // nil for a calendar of ours
	Writable bool
	Theirs   bool // a colleague's
}

// placed is an instance as a page shows it.
type placed struct {
	Instance
	Class        string
	CalendarName string
	Href         string
	Theirs       bool // of a colleague's calendar: her name is said
	Writable     bool // by the reader, in a calendar of ours
}

// Movable says whether the instance may be dragged from where it is shown on a day: it begins there.
func (p *placed) Movable(day time.Time) bool {
	return p.Writable && !p.Hidden && sameDay(p.Start, day)
}

// Timeless says that the instance lasts no time, so that no end is written.
func (p *placed) Timeless() bool { return p.Start.Equal(p.End) }

// Maybe and Cancelled are its status, which shape and words show.
func (p *placed) Maybe() bool     { return p.Status == "TENTATIVE" }
func (p *placed) Cancelled() bool { return p.Status == "CANCELLED" }

// Classes are the CSS classes of its block.
func (p *placed) Classes() string {
	classes := "ev"
	if p.Class != "" {
		classes += " " + p.Class
	}
	if p.Maybe() || p.Cancelled() {
		classes += " maybe"
	}
	return classes
}

// within says whether the instance touches [from, to), midnights of one day or more.
func (p *placed) within(from, to time.Time) bool {
	if p.Timeless() {
		return !p.Start.Before(from) && p.Start.Before(to)
	}
	return p.Start.Before(to) && p.End.After(from)
}

// Fills says whether the instance belongs in the row of whole days on a day.
func (p *placed) Fills(day time.Time) bool {
	return p.AllDay || !p.Start.After(day) && !p.End.Before(addDays(day, 1))
}

// agenda is the calendars that a caller sees and what happens in those that are shown.
type agenda struct {
	zone      *time.Location // the reader's
	off       daysOff
	Calendars []shownCalendar
	Placed    []placed // sorted by start
}

// of is what touches a day, whole days first.
func (a *agenda) of(day time.Time) []*placed {
	found := a.during(day, addDays(day, 1))
	slices.SortStableFunc(found, func(x, y *placed) int {
		return boolToInt(y.Fills(day)) - boolToInt(x.Fills(day))
	})
	return found
}

// during is what touches the days between two midnights.
func (a *agenda) during(from, to time.Time) []*placed {
	var found []*placed
	for i := range a.Placed {
		p := &a.Placed[i]
		if !p.Start.Before(to) {
			break // they are sorted by start
		}
		if p.within(from, to) {
			found = append(found, p)
		}
	}
	return found
}

// agenda reads what a page shows between two midnights.
func (h *Handler) agenda(ctx context.Context, caller portal.Caller, p *i18n.Printer, from, to time.Time, q query) (*agenda, error) {
	a, err := readAgenda(ctx, h.store, h.elsewhere, caller, p, from, to, q)
	if err != nil {
		return nil, err
	}
	a.off, err = h.store.daysOff(ctx, caller)
	return a, err
}

func readAgenda(ctx context.Context, store *Store, elsewhere []Elsewhere, caller portal.Caller, p *i18n.Printer, from, to time.Time, q query) (*agenda, error) {
	ours, err := store.Calendars(ctx, caller)
	if err != nil {
		return nil, err
	}
	a := &agenda{zone: from.Location()}
	var ids []CalendarID
	for _, c := range ours {
		shown := shownCalendar{ID: c.ID, Name: ShownName(c, p), Class: classOf(c.Color, len(a.Calendars)), Shown: q.shows(c.ID), Writable: c.Writable, Theirs: c.OwnerName != ""}
		a.Calendars = append(a.Calendars, shown)
		if shown.Shown {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) > 0 {
		instances, err := store.Instances(ctx, caller, from, to, ids...)
		if err != nil {
			return nil, err
		}
		a.place(instances, "/calendar/events/")
	}
	for _, source := range elsewhere {
		feeds, err := source.Feeds(ctx, caller, from, to)
		if err != nil {
			return nil, err
		}
		a.join(feeds, q)
	}
	byStart := func(x, y placed) int {
		return cmp.Or(x.Start.Compare(y.Start), boolToInt(y.AllDay)-boolToInt(x.AllDay), x.End.Compare(y.End))
	}
	if !slices.IsSortedFunc(a.Placed, byStart) { // as ours alone are, when no day of theirs moved
		slices.SortStableFunc(a.Placed, byStart)
	}
	return a, nil
}

// join adds the calendars of another server.
func (a *agenda) join(feeds []Feed, q query) {
	for _, feed := range feeds {
		shown := shownCalendar{ID: feed.ID, Name: feed.Name, Class: classOf("", len(a.Calendars)), Shown: q.shows(feed.ID), Feed: &feed}
		a.Calendars = append(a.Calendars, shown)
		if shown.Shown {
			a.place(feed.Instances, feed.Path)
		}
	}
}

// place gives instances the look of their calendar.
func (a *agenda) place(instances []Instance, path string) {
	a.Placed = slices.Grow(a.Placed, len(instances))
	for _, in := range instances {
		at := slices.IndexFunc(a.Calendars, func(c shownCalendar) bool { return c.ID == in.Calendar })
		if at < 0 {
			continue
		}
		if in.AllDay { // days are days, in whatever zone their calendar is
			in.Start, in.End = sameDate(in.Start, a.zone), sameDate(in.End, a.zone)
		}
		a.Placed = append(a.Placed, placed{
			Instance: in, Class: a.Calendars[at].Class, CalendarName: a.Calendars[at].Name, Theirs: a.Calendars[at].Theirs,
			Writable: a.Calendars[at].Writable,
			Href:     path + url.PathEscape(string(in.Event)) + occurrenceQuery(in),
		})
	}
}

func sameDate(t time.Time, zone *time.Location) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, zone)
}

// occurrenceQuery names one instance of an event that repeats.
func occurrenceQuery(in Instance) string {
	if in.Recurrence.IsZero() {
		return ""
	}
	return "?at=" + in.Recurrence.UTC().Format(occurrenceForm)
}

// occurrenceForm writes the start of an instance in addresses: "20261124T090000Z".
const occurrenceForm = "20060102T150405Z"

// ShownName is how pages call a calendar; an agent's first one has no name of its own, and those of
// colleagues are told apart by theirs.
func ShownName(c Calendar, p *i18n.Printer) string {
	switch {
	case c.Own() && c.Name == "":
		return p.T("calendar.mine")
	case c.OwnerName == "" || c.Named():
		return c.Name
	case c.Name == "":
		return c.OwnerName
	}
	return p.T("calendar.of", "name", c.Name, "owner", c.OwnerName)
}

// classOf is the class of a colour: pages know four, that stay readable in both schemes, and take
// the one of the nearest hue. A calendar without colour takes the next one.
func classOf(color string, position int) string {
	classes := [...]string{"", "c2", "c3", "c4"}
	hue, ok := hueOf(color)
	if !ok {
		return classes[position%len(classes)]
	}
	best, least := 0, 360
	for i, known := range [...]int{200, 25, 140, 310} { // blue, brown, green, purple
		away := (hue - known + 360) % 360
		if away = min(away, 360-away); away < least {
			best, least = i, away
		}
	}
	return classes[best]
}

// hueOf is the hue of "#rrggbb" in degrees; false for greys and for what is no colour.
func hueOf(color string) (hue int, ok bool) {
	if len(color) < 7 || color[0] != '#' { // Apple writes #rrggbbaa
		return 0, false
	}
	n, err := strconv.ParseUint(color[1:7], 16, 32)
	if err != nil {
		return 0, false
	}
	r, g, b := int(n>>16), int(n>>8&255), int(n&255)
	high, low := max(r, g, b), min(r, g, b)
	spread := high - low
	switch {
	case spread < 16:
		return 0, false
	case high == r:
		hue = 60 * (g - b) / spread
	case high == g:
		hue = 120 + 60*(b-r)/spread
	default:
		hue = 240 + 60*(r-g)/spread
	}
	return (hue + 360) % 360, true
}
