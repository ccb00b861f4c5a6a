package calendar

import (
	"errors"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// eventForm is what the form of an event holds, as typed.
type eventForm struct {
	web.Form
	ID                  EventID // "" for a new event
	ETag                string  // of the event when the form was opened
	Calendar            CalendarID
	Headline            string // the title
	AllDay              bool
	Start, StartTime    string // "2026-11-24", "09:00"
	End, EndTime        string // End is the last day; both empty: the event has no end
	Location            string
	Repeat              Every
	Until               string // the last day on which it may start
	Description         string
	Otherwise, Repeated bool // of the stored event
}

func readForm(r *http.Request) (*eventForm, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post := r.PostForm
	return &eventForm{
		ETag: post.Get("etag"), Calendar: CalendarID(post.Get("calendar")), Headline: post.Get("title"), AllDay: post.Get("all-day") != "",
		Start: post.Get("start"), StartTime: post.Get("start-time"), End: post.Get("end"), EndTime: post.Get("end-time"),
		Location: post.Get("location"), Repeat: Every(post.Get("repeat")), Until: post.Get("until"), Description: post.Get("description"),
	}, nil
}

// formOf is the form over a stored event, in the reader's zone.
func formOf(event Event, zone *time.Location) *eventForm {
	form := &eventForm{
		ID: event.ID, ETag: event.ETag, Calendar: event.Calendar, Headline: event.Title, AllDay: event.AllDay,
		Location: event.Location, Repeat: event.Repeat.Every, Description: event.Description,
	}
	form.keepRepeat(event)
	start, end := event.Start, event.End
	if !event.AllDay {
		start, end = start.In(zone), end.In(zone)
	}
	form.Start, form.StartTime = start.Format(time.DateOnly), start.Format(timeForm)
	switch {
	case event.End.IsZero():
	case event.AllDay:
		form.End = addDays(end, -1).Format(time.DateOnly)
	default:
		form.End, form.EndTime = end.Format(time.DateOnly), end.Format(timeForm)
	}
	if event.AllDay {
		form.StartTime = ""
	}
	if !event.Repeat.Until.IsZero() {
		form.Until = event.Repeat.Until.Format(time.DateOnly)
	}
	return form
}

// DateType is the type of the field of a day: a browser would empty a date field that holds what is
// no date, and what was typed would be lost.
func (f *eventForm) DateType(typed string) string { return typeOf("date", time.DateOnly, typed) }

// TimeType is the same for an hour.
func (f *eventForm) TimeType(typed string) string { return typeOf("time", timeForm, typed) }

func typeOf(native, form, typed string) string {
	if _, err := time.Parse(form, typed); err != nil && typed != "" {
		return "text"
	}
	return native
}

// keepRepeat remembers what the stored event says of its repetition.
func (f *eventForm) keepRepeat(event Event) {
	f.Otherwise, f.Repeated = event.Repeat.Every == Otherwise, event.Repeat.Every != Once
}

// newForm is the form of an event to be, an hour long.
func newForm(start time.Time) *eventForm {
	end := start.Add(time.Hour)
	return &eventForm{
		Start: start.Format(time.DateOnly), StartTime: start.Format(timeForm),
		End: end.Format(time.DateOnly), EndTime: end.Format(timeForm),
	}
}

// draft reads what was typed; what can't be read comes back as portal.FieldErrors, and the store
// checks the rest.
func (f *eventForm) draft(zone *time.Location) (Draft, error) {
	read := reader{zone: zone}
	d := Draft{
		Calendar: f.Calendar, Title: f.Headline, Location: f.Location, Description: f.Description,
		AllDay: f.AllDay, Repeat: Repeat{Every: f.Repeat},
	}
	if f.AllDay {
		d.Start = read.day("start", f.Start)
		if last := read.day("end", f.End); !last.IsZero() {
			d.End = addDays(last, 1)
		}
	} else {
		d.Start = read.moment("start", f.Start, f.StartTime)
		d.End = read.end(f, d.Start)
	}
	if f.Repeat != Once && f.Repeat != Otherwise {
		d.Repeat.Until = read.day("until", f.Until)
	}
	return d, read.errs.OrNil()
}

func (h *Handler) newEvent(w http.ResponseWriter, r *http.Request) error {
	now := readNow(r)
	start := now.Truncate(time.Hour).Add(time.Hour)
	if day, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("date"), now.Location()); err == nil && !sameDay(day, now) {
		start = time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, now.Location())
	}
	form := newForm(start)
	form.Calendar = CalendarID(web.CallerOf(r).Agent)
	return h.showForm(w, r, http.StatusOK, form)
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	event, err := h.store.Event(r.Context(), web.CallerOf(r), EventID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	if !event.Writable {
		return portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.read-only"}
	}
	return h.showForm(w, r, http.StatusOK, formOf(event, web.Now(r).Location()))
}

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	draft, err := form.draft(web.Now(r).Location())
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	if draft.Repeat.Every == Otherwise { // a rule is kept, never made, by a form
		return h.refuse(w, r, form, draft, portal.Invalid("repeat", "calendar.error.repeat-unknown"))
	}
	id, err := h.store.CreateEvent(r.Context(), web.CallerOf(r), draft)
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	web.SetFlash(w, r, "calendar.done.created")
	return web.Redirect(w, r, "/calendar/events/"+string(id))
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	form.ID = EventID(web.Var(r, "id"))
	event, err := h.store.Event(r.Context(), web.CallerOf(r), form.ID)
	if err != nil {
		return err
	}
	form.Calendar = event.Calendar
	form.keepRepeat(event)
	draft, err := form.draft(web.Now(r).Location())
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	if err := h.store.ChangeEvent(r.Context(), web.CallerOf(r), form.ID, form.ETag, draft); err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	web.SetFlash(w, r, "calendar.done.changed")
	return web.Redirect(w, r, "/calendar/events/"+string(form.ID))
}

// refuse shows the form again with what was typed and all that is wrong with it: what could not be
// read, and what the store finds in the rest.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, form *eventForm, draft Draft, err error) error {
	refused, ok := web.FormErrors(r, sayMoments(r, everyError(err, draft)))
	if !ok {
		return err
	}
	form.Form = refused
	return h.showForm(w, r, web.StatusOf(err), form)
}

// everyError adds what a draft's check finds in fields that could be read.
func everyError(err error, draft Draft) error {
	var unread, found portal.FieldErrors
	if !errors.As(err, &unread) || !errors.As(draft.check(), &found) {
		return err
	}
	return mergeErrors(unread, found)
}

type formPage struct {
	web.Page
	*eventForm
	Calendars []calendarChoice
	Every     []Every
	Back      string
}

type calendarChoice struct {
	ID     CalendarID
	Name   string
	Chosen bool
}

func (h *Handler) showForm(w http.ResponseWriter, r *http.Request, status int, form *eventForm) error {
	calendars, err := h.store.Calendars(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &formPage{eventForm: form, Every: []Every{Once, Daily, Weekly, Monthly, Yearly}, Back: "/calendar"}
	for _, c := range calendars {
		if c.Writable && (form.ID == "" || c.ID == form.Calendar) {
			page.Calendars = append(page.Calendars, calendarChoice{c.ID, calendarName(c, web.Printer(r)), c.ID == form.Calendar})
		}
	}
	title := "calendar.form.new"
	if form.ID != "" {
		title, page.Back = "calendar.form.edit", "/calendar/events/"+string(form.ID)
	}
	if form.Otherwise {
		page.Every = append(page.Every, Otherwise)
	}
	page.Title, page.Section = web.Printer(r).T(title), "calendar"
	return h.renderer.Render(w, r, status, "calendar/form", page)
}
