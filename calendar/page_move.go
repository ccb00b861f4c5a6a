package calendar

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// movedForm writes where an event is dragged to: a day, by which its hour stays, or a day and an hour.
const movedForm = "2006-01-02T15:04"

// move puts an event that was dragged at another day or hour, of a series that date alone. Where others
// would be told, or something in it is to be mended first, it opens the form with the new times instead.
func (h *Handler) move(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, at := EventID(web.Var(r, "id")), readAt(r.PostForm.Get("at"))
	event, err := h.writableAt(r, id, at)
	if err != nil {
		return err
	}
	if event.Repeat.Every != Once && at.IsZero() || !event.moveTo(r.PostForm.Get("to"), web.Now(r).Location()) {
		return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
	}
	target, done := Target{Event: id, ETag: event.ETag}, "calendar.done.moved"
	if event.Repeat.Every != Once {
		target.At, target.Scope, done = at, OneDate, "calendar.done.moved-one"
	}
	var wrong portal.FieldErrors
	changed, toForm := Changed{}, event.ScheduleTag != ""
	if !toForm {
		event.Guests, event.Links = nil, nil // as they are
		changed, err = h.store.Change(r.Context(), web.CallerOf(r), target, event.Draft)
		toForm = errors.As(err, &wrong)
	}
	if toForm {
		query := url.Values{"to": {r.PostForm.Get("to")}}
		if !target.At.IsZero() {
			query.Set("at", r.PostForm.Get("at"))
		}
		return web.Redirect(w, r, "/calendar/events/"+url.PathEscape(string(id))+"/edit?"+query.Encode())
	}
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", UndoPath(changed.Undo), done)
	return web.Redirect(w, r, web.LocalPath(r.PostForm.Get("next")))
}

// moveTo gives an event another day, and another hour where it has one, for as long as it lasts. It says
// false, and changes nothing, of what is no day.
func (e *Event) moveTo(moved string, zone *time.Location) bool {
	if e.AllDay {
		zone = e.Start.Location()
	}
	start := e.Start.In(zone)
	day, err := time.ParseInLocation(time.DateOnly, moved, zone)
	to := time.Date(day.Year(), day.Month(), day.Day(), start.Hour(), start.Minute(), start.Second(), 0, zone)
	if err != nil {
		if to, err = time.ParseInLocation(movedForm, moved, zone); err != nil {
			return false
		}
		if e.AllDay {
			to = midnight(to)
		}
	}
	switch {
	case e.End.IsZero():
	case e.AllDay:
		days := e.End.Sub(e.Start).Round(24*time.Hour) / (24 * time.Hour) // one of them may last 23 or 25 hours
		e.End = addDays(to, int(days))
	default:
		e.End = to.Add(e.End.Sub(e.Start))
	}
	e.Start = to
	return true
}
