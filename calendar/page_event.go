package calendar

import (
	"errors"
	"net/http"
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
	Back     string // the day in the agenda
}

func (h *Handler) showEvent(w http.ResponseWriter, r *http.Request) error {
	caller, now := web.CallerOf(r), readNow(r)
	event, err := h.store.Event(r.Context(), caller, EventID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &eventPage{Event: event, Words: capital(repeatWords(web.Printer(r), event.Repeat, event.Start, now))}
	page.From, page.To = event.Start, event.End
	if err := h.placeEvent(r, page, now); err != nil {
		return err
	}
	if err := h.nameCalendar(r, page); err != nil {
		return err
	}
	if !event.Hidden {
		at, _ := time.Parse(occurrenceForm, page.At)
		if page.Invited, err = h.store.Invited(r.Context(), caller, event.ID, at); err != nil {
			return err
		}
	}
	if page.AllDay {
		page.To = addDays(page.To, -1)
	} else {
		page.From, page.To = inZone(page.From, now), inZone(page.To, now)
	}
	page.SameDay = page.To.IsZero() || sameDay(page.From, page.To)
	page.Back = query{}.href(weekView, page.From)
	page.Page.Title, page.Section = event.Title, "calendar"
	switch {
	case event.Hidden:
		page.Page.Title = web.Printer(r).T("calendar.hidden")
	case event.Title == "":
		page.Page.Title = web.Printer(r).T("calendar.untitled")
	}
	return h.renderer.Render(w, r, http.StatusOK, "calendar/event", page)
}

// inZone leaves the zero time zero.
func inZone(t, now time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(now.Location())
}

// placeEvent finds which instance of an event that repeats the page shows.
func (h *Handler) placeEvent(r *http.Request, page *eventPage, now time.Time) error {
	if page.Repeat.Every == Once && page.Moved == 0 {
		return nil
	}
	caller := web.CallerOf(r)
	if at, err := time.Parse(occurrenceForm, r.URL.Query().Get("at")); err == nil {
		in, err := h.store.Occurrence(r.Context(), caller, page.ID, at)
		if err != nil {
			return err
		}
		page.At = at.Format(occurrenceForm)
		page.Event.Title, page.Location, page.Description, page.Status = in.Title, in.Location, in.Description, in.Status
		page.AllDay, page.From, page.To = in.AllDay, in.Start, in.End
		if in.Start.Equal(in.End) {
			page.To = time.Time{}
		}
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
	page.CalendarName = calendarName(c, web.Printer(r))
	return err
}

// remove deletes an event, or one instance of it when the form names one.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller, id, etag := web.CallerOf(r), EventID(web.Var(r, "id")), r.PostForm.Get("etag")
	var undo string
	var err error
	done := "calendar.done.deleted"
	if named := r.PostForm.Get("at"); named != "" {
		at, parsed := time.Parse(occurrenceForm, named)
		if parsed != nil {
			return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
		}
		done = "calendar.done.instance-deleted"
		undo, err = h.store.RemoveInstance(r.Context(), caller, id, at, etag)
	} else {
		undo, err = h.store.RemoveEvent(r.Context(), caller, id, etag)
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", "/calendar/undo/"+undo, done)
	return web.Redirect(w, r, web.LocalPath(r.PostForm.Get("next")))
}

// undo takes a deletion back.
func (h *Handler) undo(w http.ResponseWriter, r *http.Request) error {
	id, err := h.store.Undo(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.done.restored")
	return web.Redirect(w, r, "/calendar/events/"+string(id))
}

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
