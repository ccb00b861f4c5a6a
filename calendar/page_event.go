package calendar

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// eventPage shows one event, or one instance of an event that repeats.
type eventPage struct {
	web.Page
	Event
	CalendarName string
	// From and To are the hours shown, of the instance when there is one; To is the last day when
	// AllDay, and zero when the event has no end.
	From, To time.Time
	SameDay  bool
	At       string // names the instance, "" for the whole event
	Next     Instance
	HasNext  bool
	Words    string // how it repeats
	Invited  Invited
	Tally    string // "2 oui, 1 sans réponse"
	Back     string // the day in the agenda
}

func (h *Handler) showEvent(w http.ResponseWriter, r *http.Request) error {
	page, err := h.readEvent(r, EventID(web.Var(r, "id")), readAt(r.URL.Query().Get("at")))
	if err != nil {
		return err
	}
	page.Section = "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/event", page)
}

// readEvent is an event as a page shows it, of one date when at is not zero.
func (h *Handler) readEvent(r *http.Request, id EventID, at time.Time) (*eventPage, error) {
	now := readNow(r)
	event, err := h.store.Event(r.Context(), web.CallerOf(r), id)
	if err != nil {
		return nil, err
	}
	page := &eventPage{Event: event, Words: capital(repeatWords(web.Printer(r), event.Repeat, event.Start, now))}
	page.From, page.To = event.Start, event.End
	if err := h.placeEvent(r, page, at, now); err != nil {
		return nil, err
	}
	if err := h.nameCalendar(r, page); err != nil {
		return nil, err
	}
	if !event.Hidden {
		if page.Invited, err = h.store.Invited(r.Context(), web.CallerOf(r), id, at); err != nil {
			return nil, err
		}
		page.Tally = page.Invited.tally(web.Printer(r))
	}
	page.place(page.From, page.To, now)
	page.Back = query{}.href(weekView, page.From)
	page.Page.Title = page.Event.Title
	switch {
	case event.Hidden:
		page.Page.Title = web.Printer(r).T("calendar.hidden")
	case page.Event.Title == "":
		page.Page.Title = web.Printer(r).T("calendar.untitled")
	}
	return page, nil
}

// place says when the page's event is, as it is read.
func (p *eventPage) place(from, to, now time.Time) {
	p.From, p.To, p.Page.Now = inZone(from, now), inZone(to, now), now
	if p.AllDay {
		p.From, p.To = from, addDays(to, -1)
	}
	p.SameDay = p.To.IsZero() || sameDay(p.From, p.To)
}

// readAt reads the name of an instance; the zero time when it is none.
func readAt(named string) time.Time {
	at, err := time.Parse(occurrenceForm, named)
	if err != nil {
		return time.Time{}
	}
	return at
}

// inZone leaves the zero time zero.
func inZone(t, now time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(now.Location())
}

// placeEvent finds which instance of an event that repeats the page shows.
func (h *Handler) placeEvent(r *http.Request, page *eventPage, at, now time.Time) error {
	if page.Repeat.Every == Once && page.Moved == 0 {
		return nil
	}
	caller := web.CallerOf(r)
	if !at.IsZero() {
		in, err := h.store.Occurrence(r.Context(), caller, page.ID, at)
		if err != nil {
			return err
		}
		page.At = at.Format(occurrenceForm)
		page.show(in)
		page.From, page.To = in.Start, page.End
		return nil
	}
	next, err := h.store.NextOccurrence(r.Context(), caller, page.ID, now)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	page.Next, page.HasNext = next, err == nil
	if page.HasNext && !next.AllDay {
		page.Next.Start = inZone(next.Start, now)
	}
	return nil
}

func (h *Handler) nameCalendar(r *http.Request, page *eventPage) error {
	c, err := h.store.Calendar(r.Context(), web.CallerOf(r), page.Calendar)
	page.CalendarName = ShownName(c, web.Printer(r))
	return err
}

// remove deletes an event or, when the form names one of its dates, as much of it as the form says.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post := r.PostForm
	t := Target{Event: EventID(web.Var(r, "id")), ETag: post.Get("etag"), At: readAt(post.Get("at")), Scope: Scope(post.Get("scope"))}
	if post.Get("at") != "" && (t.At.IsZero() || !slices.Contains(scopes, t.Scope)) {
		return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
	}
	done := "calendar.done.deleted"
	if !t.At.IsZero() && t.Scope != AllDates {
		done = "calendar.done.deleted-" + string(t.Scope)
	}
	undo, err := h.store.Remove(r.Context(), web.CallerOf(r), t)
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", UndoPath(undo), done)
	return web.Redirect(w, r, web.LocalPath(post.Get("next")))
}

// undo takes a change or a deletion back.
func (h *Handler) undo(w http.ResponseWriter, r *http.Request) error {
	id, err := h.store.Undo(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.done.restored")
	back := "/calendar/events/" + string(id)
	if _, err := h.store.Event(r.Context(), web.CallerOf(r), id); errors.Is(err, portal.ErrNotFound) {
		back = "/calendar/tasks"
	}
	return web.Redirect(w, r, back)
}

// Scopes are how much of a series can be deleted.
func (p *eventPage) Scopes() []Scope { return scopes }

// Paragraphs are the lines of the description, by paragraph.
func (e Event) Paragraphs() [][]string {
	var paragraphs [][]string
	var lines []string
	for line := range strings.Lines(e.Description + "\n\n") {
		line = strings.TrimSpace(line)
		switch {
		case line != "":
			lines = append(lines, line)
		case len(lines) > 0:
			paragraphs, lines = append(paragraphs, lines), nil
		}
	}
	return paragraphs
}
