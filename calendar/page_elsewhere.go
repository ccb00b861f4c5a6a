package calendar

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// ElsewherePath begins the addresses of the pages of what is on another server.
const ElsewherePath = "/calendar/remote/events/"

// placeOf is a calendar of the caller's on another server; a nil source when it is none.
func (h *Handler) placeOf(r *http.Request, id CalendarID) (Elsewhere, Foreign, error) {
	for _, source := range h.elsewhere {
		places, err := source.Abroad(r.Context(), web.CallerOf(r))
		if err != nil {
			return nil, Foreign{}, err
		}
		if at := slices.IndexFunc(places, func(p Foreign) bool { return p.ID == id }); at >= 0 {
			return source, places[at], nil
		}
	}
	return nil, Foreign{}, nil
}

// places are the calendars of other servers that a form offers.
func (h *Handler) places(r *http.Request) ([]Foreign, error) {
	var all []Foreign
	for _, source := range h.elsewhere {
		places, err := source.Abroad(r.Context(), web.CallerOf(r))
		if err != nil {
			return nil, err
		}
		all = append(all, places...)
	}
	return slices.DeleteFunc(all, func(p Foreign) bool { return !p.Writable }), nil
}

// openedThere is an event of another server as it is there now.
type openedThere struct {
	There
	source Elsewhere
	object *Object
	event  Event
	zone   *time.Location
}

// openThere asks the other server for the event of a page, of one date when it has one.
func (h *Handler) openThere(r *http.Request, id EventID, at time.Time) (*openedThere, error) {
	zone := web.Now(r).Location()
	for _, source := range h.elsewhere {
		t, err := source.Open(r.Context(), web.CallerOf(r), id, zone, r.Method == http.MethodPost)
		if errors.Is(err, portal.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if at.IsZero() {
			at = t.At
		}
		found := &openedThere{There: t, source: source, zone: zone}
		if found.object, err = t.open(); err == nil {
			found.event, err = t.event(id, found.object, at, zone)
		}
		return found, err
	}
	return nil, portal.UserError{Kind: portal.ErrNotFound, Key: "calendar.error.elsewhere-gone"}
}

func (h *Handler) editThere(w http.ResponseWriter, r *http.Request) error {
	found, err := h.openThere(r, EventID(web.Var(r, "id")), time.Time{})
	if err != nil {
		return err
	}
	form := formOf(found.event, found.zone)
	form.There = true
	if form.Repeated && !found.At.IsZero() {
		form.At, form.Scope = found.At.UTC().Format(occurrenceForm), OneDate
	}
	return h.showForm(w, r, http.StatusOK, form)
}

// createThere makes the event of a form in a calendar of another server.
func (h *Handler) createThere(w http.ResponseWriter, r *http.Request, source Elsewhere, place Foreign, form *eventForm, draft Draft) error {
	if draft.Guests != nil && len(draft.Guests.All) > 0 {
		return h.refuse(w, r, form, draft, portal.FieldErrors{guestsElsewhere(place)})
	}
	if err := draft.check(); err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	made := There{Foreign: place, Retried: form.name(&h.tries)}
	made.Name = form.UID + ".ics"
	stored, err := source.Put(r.Context(), web.CallerOf(r), made, encode(draft.object(form.UID, h.store.now())), draft.Start.Location())
	if err != nil {
		return h.refuseThere(w, r, form, draft, err)
	}
	h.tries.tell(form.UID)
	return showStored(w, r, stored, draft.Start, time.Time{}, "calendar.done.created-elsewhere", place)
}

// guestsElsewhere says where one invites from: letters of ours and of the other server would both go out.
func guestsElsewhere(place Foreign) portal.UserError {
	return portal.Invalid("guests", "calendar.error.guests-elsewhere", "name", place.Name)
}

// name gives what is made a UID, once: a try that may have arrived is written over by the next, until one is told
// as saved.
func (f *eventForm) name(tries *tries) (retried bool) {
	if f.UID != "" && !tries.was(f.UID) {
		return true
	}
	f.UID = portal.NewID() + portal.NewID()
	return false
}

// readUID is a UID that name gave; "" for anything else.
func readUID(typed string) string {
	if len(typed) != len(portal.NewID())*2 || strings.ContainsFunc(typed, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') }) {
		return ""
	}
	return typed
}

func (h *Handler) changeThere(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	form.ID, form.There, form.guestForm = EventID(web.Var(r, "id")), true, guestForm{}
	form.Otherwise, form.Repeated = form.Repeat == Otherwise, form.At != ""
	at := readAt(form.At)
	found, err := h.openThere(r, form.ID, at)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		return h.showGone(w, r, form)
	case err != nil:
		return h.refuseThere(w, r, form, Draft{}, err)
	}
	form.Calendar = found.ID
	form.keep(found.event)
	if form.ETag != found.ETag {
		return h.showMeanwhileThere(w, r, form, found)
	}
	draft, err := form.draft(found.zone)
	if err == nil {
		err = errors.Join(draft.check(), form.checkScope(found.event))
	}
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	stored, err := h.saveThere(r, form, found, at, draft)
	switch {
	case errors.Is(err, ErrCondition):
		if found, err = h.openThere(r, form.ID, at); err == nil {
			return h.showMeanwhileThere(w, r, form, found)
		}
	case err == nil:
		if form.Scope != OneDate {
			at = time.Time{}
		}
		return showStored(w, r, stored, draft.Start, at, form.done(), found.Foreign)
	}
	if errors.Is(err, portal.ErrNotFound) {
		return h.showGone(w, r, form)
	}
	return h.refuseThere(w, r, form, draft, err)
}

// saveThere changes what the form is about. A series that is cut in two is first made anew from the date on, then
// ended before it: in between its dates are there twice, never missing.
func (h *Handler) saveThere(r *http.Request, form *eventForm, found *openedThere, at time.Time, draft Draft) (Stored, error) {
	retried := form.name(&h.tries)
	rest, err := found.object.changeAt(Target{At: at, Scope: form.Scope, UID: form.UID}, draft, found.zone, h.store.now())
	if err != nil {
		return Stored{}, err
	}
	octets, err := found.object.wholeOf()
	if err != nil {
		return Stored{}, err
	}
	ctx, caller := r.Context(), web.CallerOf(r)
	if rest == nil {
		return found.source.Put(ctx, caller, found.There, octets, found.zone)
	}
	made := There{Foreign: found.Foreign, Name: rest.UID + ".ics", Retried: retried}
	stored, err := found.source.Put(ctx, caller, made, encode(rest.root), found.zone)
	if err != nil {
		return Stored{}, err
	}
	_, err = found.source.Put(ctx, caller, found.There, octets, found.zone)
	switch {
	case errors.Is(err, portal.ErrUnavailable): // it may have been written all the same
		err = halfDone(found.Foreign)
	case err != nil:
		made.Name, made.ETag = stored.Name, stored.ETag
		if left := found.source.Delete(ctx, caller, made); left != nil {
			err = halfDone(found.Foreign)
		}
	default:
		h.tries.tell(form.UID)
	}
	return stored, err
}

func halfDone(place Foreign) error {
	return portal.UserError{Kind: portal.ErrUnavailable, Key: "calendar.error.elsewhere-half", Args: []any{"name", place.Name}}
}

// refuseThere shows the form again with what was typed, and what the other server said.
func (h *Handler) refuseThere(w http.ResponseWriter, r *http.Request, form *eventForm, draft Draft, err error) error {
	var said portal.UserError
	var fields portal.FieldErrors
	if errors.As(err, &fields) || !errors.As(err, &said) {
		return h.refuse(w, r, form, draft, err)
	}
	form.Form = web.OneError(web.Sentence(r, said))
	return h.showForm(w, r, web.StatusOf(said), form)
}

// showMeanwhileThere is showMeanwhile for what is on another server.
func (h *Handler) showMeanwhileThere(w http.ResponseWriter, r *http.Request, form *eventForm, found *openedThere) error {
	form.Meanwhile, form.ETag = found.page(r), found.ETag
	if form.Scope == OneDate {
		stored := formOf(found.event, found.zone)
		form.Repeat, form.Until = stored.Repeat, stored.Until
	}
	form.Form = web.OneError(web.Printer(r).T("calendar.error.changed-under-form"))
	return h.showForm(w, r, http.StatusConflict, form)
}

// page is what is there as a page shows it.
func (o *openedThere) page(r *http.Request) *eventPage {
	page := &eventPage{Event: o.event, CalendarName: o.Foreign.Name}
	page.place(o.event.Start, o.event.End, readNow(r))
	if page.Page.Title = page.Event.Title; page.Page.Title == "" {
		page.Page.Title = web.Printer(r).T("calendar.untitled")
	}
	page.Back = query{}.href(weekView, page.From)
	return page
}

// showStored leads to what was written: the page of a date, or of the first one from a start on; the
// agenda of that day where it lies beyond what is read there.
func showStored(w http.ResponseWriter, r *http.Request, stored Stored, start, at time.Time, done string, place Foreign) error {
	same := func(in Instance) bool {
		if !at.IsZero() {
			return in.Recurrence.Equal(at)
		}
		return !in.Start.Before(start) || in.AllDay && sameDay(in.Start, start)
	}
	if i := slices.IndexFunc(stored.Instances, same); i >= 0 {
		web.SetFlash(w, r, done, "name", place.Name)
		return web.Redirect(w, r, ElsewherePath+url.PathEscape(string(stored.Instances[i].Event)))
	}
	web.SetFlash(w, r, "calendar.done.elsewhere-far", "name", place.Name)
	return web.Redirect(w, r, query{}.href(dayView, start))
}

// removePage asks how much of an event of another server is deleted: there is no way back.
type removePage struct {
	web.Form
	*eventPage
	Path string
}

func (h *Handler) askRemoveThere(w http.ResponseWriter, r *http.Request) error {
	found, err := h.openThere(r, EventID(web.Var(r, "id")), time.Time{})
	if err != nil {
		return err
	}
	return h.showRemoveThere(w, r, http.StatusOK, found, web.Form{})
}

func (h *Handler) showRemoveThere(w http.ResponseWriter, r *http.Request, status int, found *openedThere, form web.Form) error {
	page := &removePage{Form: form, eventPage: found.page(r)}
	page.Path = ElsewherePath + url.PathEscape(string(page.ID))
	if page.Repeat.Every != Once && !found.At.IsZero() {
		page.At = found.At.UTC().Format(occurrenceForm)
	}
	page.Page.Title, page.Section = web.Printer(r).T("calendar.remove.title", "title", page.Page.Title), "calendar"
	return h.renderer.Render(w, r, status, "calendar/remove", page)
}

// removeThere deletes an event of another server or, when the form names one of its dates, as much of it as
// the form says.
func (h *Handler) removeThere(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post := r.PostForm
	t := Target{At: readAt(post.Get("at")), Scope: Scope(post.Get("scope"))}
	if post.Get("at") != "" && (t.At.IsZero() || !slices.Contains(scopes, t.Scope)) {
		return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
	}
	found, err := h.openThere(r, EventID(web.Var(r, "id")), t.At)
	if err != nil {
		return err
	}
	changed := portal.UserError{Kind: portal.ErrConflict, Key: "calendar.error.elsewhere-changed"}
	if post.Get("etag") != found.ETag {
		err = changed
	} else {
		err = h.takeAway(r, found, t)
	}
	var said portal.UserError
	switch {
	case errors.Is(err, ErrCondition):
		if found, err = h.openThere(r, EventID(web.Var(r, "id")), t.At); err != nil {
			return err
		}
		err = changed
	case err == nil:
		done := "calendar.done.deleted"
		if !t.At.IsZero() && t.Scope != AllDates {
			done = "calendar.done.deleted-" + string(t.Scope)
		}
		web.SetFlash(w, r, done)
		return web.Redirect(w, r, found.page(r).Back)
	}
	if !errors.As(err, &said) {
		return err
	}
	return h.showRemoveThere(w, r, web.StatusOf(said), found, web.OneError(web.Sentence(r, said)))
}

// takeAway writes what is left of an event, or deletes it.
func (h *Handler) takeAway(r *http.Request, found *openedThere, t Target) error {
	some, err := found.object.removeAt(t, found.zone, h.store.now())
	if err != nil {
		return err
	}
	if !some {
		return found.source.Delete(r.Context(), web.CallerOf(r), found.There)
	}
	octets, err := found.object.wholeOf()
	if err == nil {
		_, err = found.source.Put(r.Context(), web.CallerOf(r), found.There, octets, found.zone)
	}
	return err
}
