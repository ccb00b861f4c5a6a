package calendar

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// eventForm is what the form of an event holds, as typed.
type eventForm struct {
	web.Form
	ID                  EventID // "" for a new event
	ETag                string  // of the event when the form was opened
	Tag                 string  // its Schedule-Tag then: what others answered meanwhile changes nothing of what is typed
	Calendar            CalendarID
	Headline            string // the title
	AllDay              bool
	Start, StartTime    string // "2026-11-24", "09:00"
	End, EndTime        string // End is the last day; both empty: the event has no end
	Location            string
	Repeat              Every
	Until               string // the last day on which it may start
	Description         string
	Links               string     // addresses, one a line
	linked              bool       // the form has that field
	Otherwise, Repeated bool       // of the stored event
	uid                 string     // of the stored event
	At                  string     // the date of a series that was opened, "" for the event as a whole
	Scope               Scope      // with At
	Meanwhile           *eventPage // what the event became while it was being changed
	Understood          *eventPage // what a line that was typed says, nil without one
	Doubts              []string   // what may be meant otherwise
	There               bool       // the event is on another server
	UID                 string     // of what a try made there that may have arrived, "" for none
	guestForm
}

func readForm(r *http.Request) (*eventForm, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post := r.PostForm
	return &eventForm{
		ETag: post.Get("etag"), Tag: post.Get("tag"), Calendar: CalendarID(post.Get("calendar")), Headline: post.Get("title"), AllDay: post.Get("all-day") != "",
		Start: post.Get("start"), StartTime: post.Get("start-time"), End: post.Get("end"), EndTime: post.Get("end-time"),
		Location: post.Get("location"), Repeat: Every(post.Get("repeat")), Until: post.Get("until"), Description: post.Get("description"), Links: post.Get("links"), linked: post.Has("links"),
		At: post.Get("at"), Scope: Scope(post.Get("scope")), UID: readUID(post.Get("uid")), guestForm: readGuests(r),
	}, nil
}

// formOf is the form over a stored event, in the reader's zone.
func formOf(event Event, zone *time.Location) *eventForm {
	form := &eventForm{
		ID: event.ID, ETag: event.ETag, Tag: event.ScheduleTag, Calendar: event.Calendar, Headline: event.Title, AllDay: event.AllDay,
		Location: event.Location, Repeat: event.Repeat.Every, Description: event.Description,
	}
	form.keep(event)
	for _, one := range event.Links {
		form.Links += one.URL + "\n"
	}
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

// keep remembers what the form needs to know of the stored event.
func (f *eventForm) keep(event Event) {
	f.uid = event.UID
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
	d.Start, d.End = read.times(f)
	if f.Repeat != Once && f.Repeat != Otherwise {
		d.Repeat.Until = read.day("until", f.Until)
	}
	d.Links = f.links(&read)
	d.Guests = f.guestForm.draft(&read)
	return d, read.errs.OrNil()
}

func (h *Handler) newEvent(w http.ResponseWriter, r *http.Request) error {
	now := readNow(r)
	start := now.Truncate(time.Hour).Add(time.Hour)
	if day, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("date"), now.Location()); err == nil && !sameDay(day, now) {
		start = time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, now.Location())
	}
	form := newForm(start)
	if line := strings.TrimSpace(web.Query(r).Get("typed")); line != "" {
		form = typedForm(web.Printer(r), readTyped(line, web.Printer(r).Lang(), now), now)
	}
	form.Calendar = CalendarID(web.CallerOf(r).Agent)
	return h.showForm(w, r, http.StatusOK, form)
}

// typedForm is the form of an event that was typed in one line, with what was understood of it.
func typedForm(p *i18n.Printer, read typed, now time.Time) *eventForm {
	form := formOf(Event{Draft: read.Draft}, now.Location())
	form.Understood = &eventPage{Event: Event{Draft: read.Draft}, Words: repeatWords(p, read.Repeat, read.Start, now)}
	form.Understood.place(read.Start, read.End, now)
	for _, d := range read.Doubts {
		form.Doubts = append(form.Doubts, p.T(d.Key, sayArgs(p, d.Args, now)...))
	}
	return form
}

// sayArgs writes days, weekdays and minutes of the day as the reader's language does.
func sayArgs(p *i18n.Printer, args []any, now time.Time) []any {
	said := slices.Clone(args)
	for i, arg := range said {
		switch arg := arg.(type) {
		case time.Time:
			said[i] = p.DateLong(arg, now)
		case time.Weekday:
			said[i] = p.DayName(addDays(i18n.Monday(now), (int(arg)+6)%7))
		case int:
			said[i] = p.Clock(midnight(now).Add(time.Duration(arg) * time.Minute))
		}
	}
	return said
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	at := readAt(r.URL.Query().Get("at"))
	event, err := h.writableAt(r, EventID(web.Var(r, "id")), at)
	if err != nil {
		return err
	}
	event.moveTo(r.URL.Query().Get("to"), web.Now(r).Location())
	form := formOf(event, web.Now(r).Location())
	if form.Repeated && !at.IsZero() {
		form.At, form.Scope = at.Format(occurrenceForm), OneDate
	}
	return h.showForm(w, r, http.StatusOK, form)
}

// writableAt is eventAt of what the caller may change.
func (h *Handler) writableAt(r *http.Request, id EventID, at time.Time) (Event, error) {
	event, err := h.eventAt(r, id, at)
	if err == nil && !event.Writable {
		err = portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.read-only"}
	}
	return event, err
}

// eventAt is an event that says what one of its instances does, when there is one to say.
func (h *Handler) eventAt(r *http.Request, id EventID, at time.Time) (Event, error) {
	event, err := h.store.Event(r.Context(), web.CallerOf(r), id)
	if err != nil || at.IsZero() || event.Repeat.Every == Once {
		return event, err
	}
	in, err := h.store.Occurrence(r.Context(), web.CallerOf(r), id, at)
	event.show(in)
	return event, err
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
	source, place, err := h.placeOf(r, draft.Calendar)
	if err != nil {
		return err
	}
	if source != nil {
		return h.createThere(w, r, source, place, form, draft)
	}
	id, err := h.store.CreateEvent(r.Context(), web.CallerOf(r), draft)
	if errors.Is(err, portal.ErrNotFound) { // the calendar was given up while the form was filled in
		form.Form = web.OneError(web.Printer(r).T("calendar.error.calendar-gone"))
		return h.showForm(w, r, http.StatusNotFound, form)
	}
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	done := "calendar.done.created"
	if draft.Guests != nil && len(draft.Guests.All) > 0 {
		done = "calendar.done.invited"
	}
	web.SetFlash(w, r, done)
	return web.Redirect(w, r, "/calendar/events/"+string(id))
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(r)
	if err != nil {
		return err
	}
	form.ID = EventID(web.Var(r, "id"))
	at := readAt(form.At)
	event, err := h.eventAt(r, form.ID, at)
	if errors.Is(err, portal.ErrNotFound) {
		return h.showGone(w, r, form)
	}
	if err != nil {
		return err
	}
	form.Calendar = event.Calendar
	form.keep(event)
	if form.Tag != "" && form.Tag == event.ScheduleTag {
		form.ETag = event.ETag // only others answered: the change keeps what they said
	}
	if form.ETag != "" && form.ETag != event.ETag && event.Writable {
		return h.showMeanwhile(w, r, form, at)
	}
	draft, err := form.draft(web.Now(r).Location())
	if err == nil {
		err = form.checkScope(event)
	}
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	target := Target{Event: form.ID, ETag: form.ETag, At: at, Scope: form.Scope}
	changed, err := h.store.Change(r.Context(), web.CallerOf(r), target, draft)
	if errors.Is(err, portal.ErrConflict) {
		return h.showMeanwhile(w, r, form, at)
	}
	if err != nil {
		return h.refuse(w, r, form, draft, err)
	}
	web.SetUndo(w, r, "calendar.undo", UndoPath(changed.Undo), form.done())
	shown := "/calendar/events/" + string(changed.Event)
	if !changed.At.IsZero() {
		shown += "?at=" + changed.At.Format(occurrenceForm)
	}
	return web.Redirect(w, r, shown)
}

// checkScope refuses a repetition for a date alone, which would be lost.
func (f *eventForm) checkScope(event Event) error {
	if f.At == "" {
		return nil
	}
	stored := formOf(event, event.Start.Location())
	switch {
	case !slices.Contains(scopes, f.Scope):
		return portal.FieldErrors{portal.Invalid("scope", "calendar.error.scope-missing")}
	case f.Scope == OneDate && (f.Repeat != stored.Repeat || strings.TrimSpace(f.Until) != stored.Until):
		return portal.FieldErrors{portal.Invalid("repeat", "calendar.error.repeat-one")}
	}
	return nil
}

// done is the sentence for what was changed.
func (f *eventForm) done() string {
	if f.At == "" {
		return "calendar.done.changed"
	}
	return "calendar.done.changed-" + string(f.Scope)
}

// showMeanwhile shows beside what was typed what somebody else made of the event. Who saves then
// knows what she replaces.
func (h *Handler) showMeanwhile(w http.ResponseWriter, r *http.Request, form *eventForm, at time.Time) error {
	now, err := h.readEvent(r, form.ID, at)
	if errors.Is(err, portal.ErrNotFound) {
		return h.showGone(w, r, form)
	}
	if err != nil {
		return err
	}
	form.Meanwhile, form.ETag, form.Tag = now, now.ETag, now.ScheduleTag
	if form.Scope == OneDate { // which says nothing of the repetition
		stored := formOf(now.Event, web.Now(r).Location())
		form.Repeat, form.Until = stored.Repeat, stored.Until
	}
	form.Form = web.OneError(web.Printer(r).T("calendar.error.changed-under-form"))
	return h.showForm(w, r, http.StatusConflict, form)
}

// showGone keeps what was typed into an event, or a date of it, that is not there any more, as that
// of a new one.
func (h *Handler) showGone(w http.ResponseWriter, r *http.Request, form *eventForm) error {
	form.ID, form.ETag, form.Tag, form.At = "", "", "", ""
	if !form.There {
		form.Calendar = CalendarID(web.CallerOf(r).Agent)
	}
	form.There = false
	if form.Repeat == Otherwise {
		form.Repeat = Once
	}
	form.Form = web.OneError(web.Printer(r).T("calendar.error.gone"))
	return h.showForm(w, r, http.StatusNotFound, form)
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
	Scopes    []Scope
	Back      string
}

// Steps begins the addresses at which a form is shown again before it is saved.
func (f *eventForm) Steps() string {
	if f.ID == "" {
		return "/calendar"
	}
	return f.page()
}

// page is the address of the event.
func (f *eventForm) page() string {
	if f.There {
		return ElsewherePath + url.PathEscape(string(f.ID))
	}
	return "/calendar/events/" + string(f.ID)
}

// Action is where the form is sent.
func (f *eventForm) Action() string {
	if f.ID == "" {
		return "/calendar/events"
	}
	return f.page()
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
	page := &formPage{eventForm: form, Every: slices.Clone(rhythms), Scopes: scopes, Back: "/calendar"}
	var chosen *Calendar
	calendars = slices.DeleteFunc(calendars, func(c Calendar) bool { return !c.Writable || form.ID != "" && c.ID != form.Calendar })
	for i, c := range calendars {
		page.Calendars = append(page.Calendars, calendarChoice{c.ID, ShownName(c, web.Printer(r)), c.ID == form.Calendar})
		if c.ID == form.Calendar {
			chosen = &calendars[i]
		}
	}
	places, err := h.places(r)
	if err != nil {
		return err
	}
	for _, place := range places {
		if form.ID == "" || form.There && place.ID == form.Calendar {
			page.Calendars = append(page.Calendars, calendarChoice{place.ID, place.Name, place.ID == form.Calendar})
		}
	}
	if err := h.knowGuests(r, form, chosen, calendars); err != nil {
		return err
	}
	if err := h.knowRooms(r, form, chosen); err != nil {
		return err
	}
	title := "calendar.form.new"
	if form.ID != "" {
		title, page.Back = "calendar.form.edit", form.page()
		if form.At != "" && !form.There {
			page.Back += "?at=" + url.QueryEscape(form.At)
		}
	}
	if form.Otherwise {
		page.Every = append(page.Every, Otherwise)
	}
	page.Title, page.Section = web.Printer(r).T(title), "calendar"
	return h.renderer.Render(w, r, status, "calendar/form", page)
}
