package booking

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Shrinker makes of a file a photograph as JPEG, whole, upright and with nothing in it but what is seen;
// portal.ErrInvalid for what is none. It is the directory's own.
type Shrinker func(ctx context.Context, octets []byte) ([]byte, error)

const tripsPath = deskPath + "/trips"

// tripRoom is what the fields of a trip's form take beside its photograph, in bytes.
const tripRoom = 64 << 10

// tripRoutes are the pages of vehicles that go out.
func (d *Desk) tripRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: tripsPath + "/new", Access: web.SignedIn, Handler: d.leaving},
		{Method: "POST", Path: tripsPath, Access: web.SignedIn, MaxBody: maxPhoto + tripRoom, Handler: d.takeOut},
		{Method: "GET", Path: tripsPath + "/{id}", Access: web.SignedIn, Handler: d.trip},
		{Method: "GET", Path: tripsPath + "/{id}/back", Access: web.SignedIn, Handler: d.returning},
		{Method: "POST", Path: tripsPath + "/{id}/back", Access: web.SignedIn, MaxBody: maxPhoto + tripRoom, Handler: d.bringBack},
		{Method: "POST", Path: tripsPath + "/{id}/undo", Access: web.SignedIn, Handler: d.undoTrip},
		{Method: "POST", Path: tripsPath + "/{id}/handled", Access: web.SignedIn, Handler: d.handled},
		{Method: "GET", Path: tripsPath + "/{id}/photo", Access: web.SignedIn, Handler: d.tripPhoto},
		{Method: "GET", Path: deskPath + "/resources/{id}/log", Access: web.SignedIn, Handler: d.log},
		{Method: "POST", Path: deskPath + "/resources/{id}/log.csv", Access: web.SignedIn, Handler: d.exportLog},
	}
}

func tripPath(id, part string) string { return tripsPath + "/" + url.PathEscape(id) + part }

// takePath is the form that takes a vehicle for a booking; event is "" for none.
func takePath(id ResourceID, event string, recurrence time.Time) string {
	values := url.Values{"resource": {string(id)}}
	if event != "" {
		values.Set("event", event)
	}
	if !recurrence.IsZero() {
		values.Set("of", strconv.FormatInt(recurrence.UnixMilli(), 10))
	}
	return tripsPath + "/new?" + values.Encode()
}

// tripForm is what somebody notes as a vehicle goes out, or comes back; texts are as typed.
type tripForm struct {
	web.Page
	Form     web.Form
	Back     bool // it comes back
	Action   string
	Vehicle  Resource
	Event    string
	Of       string // Recurrence in milliseconds, "" for what happens once
	State    string // of what is out
	Governs  bool
	Warnings []string

	Km, Level, Said, Date, Clock, Driver string
	Sure, Incident                       bool
	LastKm                               int
	Levels                               []levelChoice
	MaxPhoto                             int64
	picture                              []byte
}

// Counts says whether the vehicle has an odometer, and a tank or a battery.
func (f *tripForm) Counts() bool { return f.Vehicle.Vehicle.Energy != muscle }

// AsksSure says whether the form asks to confirm its km.
func (f *tripForm) AsksSure() bool { return f.Sure || f.Form.Error("sure") != "" }

// OtherTime says whether the form holds another moment than now.
func (f *tripForm) OtherTime() bool { return f.Date+f.Clock+f.Form.Error("at") != "" }

type levelChoice struct{ Value, Name string }

// levels are what one chooses from: every tenth of a battery, every eighth of a tank.
func levels(p *i18n.Printer, energy string) (all []levelChoice) {
	step := 125
	if energy == electric {
		step = 100
	}
	for level := 1000; level >= 0; level -= step {
		all = append(all, levelChoice{strconv.Itoa(level), levelWords(p, energy, level)})
	}
	return all
}

// readTripForm reads the fields and the photograph of a form.
func readTripForm(r *http.Request) (*tripForm, error) {
	if err := r.ParseMultipartForm(maxPhoto + tripRoom); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		var most *http.MaxBytesError
		if errors.As(err, &most) {
			return nil, portal.UserError{Kind: portal.ErrTooLarge, Key: "booking.error.photo.large"}
		}
		return nil, portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
	}
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	text := func(field string) string { return strings.TrimSpace(r.PostForm.Get(field)) }
	f := &tripForm{
		Event: text("event"), Of: text("of"), Km: text("km"), Level: text("level"), Said: text("said"), Date: text("date"), Clock: text("clock"),
		Driver: text("driver"), Sure: text("sure") != "", Incident: text("incident") != "",
	}
	file, _, err := r.FormFile("file")
	if err != nil { // none was chosen
		return f, nil
	}
	defer file.Close()
	if f.picture, err = io.ReadAll(io.LimitReader(file, maxPhoto+1)); err != nil {
		return nil, portal.UserError{Kind: portal.ErrInvalid, Key: "booking.error.photo"}
	}
	return f, nil
}

// recurrence is the instance of the booking that the form is about.
func (f *tripForm) recurrence() time.Time {
	ms, _ := strconv.ParseInt(f.Of, 10, 64) // what is no number names none
	return time.UnixMilli(max(ms, 0)).UTC()
}

// leg is what was typed, and what can't be read of it.
func (f *tripForm) leg(now time.Time) (leg Leg, wrong portal.Check) {
	leg = Leg{Km: readCount(strings.TrimSuffix(strings.ToLower(f.Km), "km")), Level: NoLevel, Said: f.Said}
	if f.Level != "" {
		level, err := strconv.Atoi(f.Level)
		if leg.Level = level; err != nil || level == NoLevel {
			wrong.Add("level", "booking.trip.error.level")
			leg.Level = NoLevel
		}
	}
	if f.Date == "" && f.Clock == "" {
		return leg, wrong
	}
	date := f.Date
	if date == "" { // an hour alone is of today
		date = now.Format(time.DateOnly)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", date+" "+f.Clock, now.Location())
	if err != nil {
		wrong.Add("at", "booking.trip.error.at")
	}
	leg.At = at.UTC()
	return leg, wrong
}

// shrink makes of the file that was sent the photograph that is kept.
func (d *Desk) shrink(ctx context.Context, f *tripForm, wrong *portal.Check) (err error) {
	switch {
	case len(f.picture) == 0:
		f.picture = nil
		return nil
	case len(f.picture) > maxPhoto:
		wrong.Add("file", "booking.error.photo.large")
		return nil
	}
	if f.picture, err = d.whole(ctx, f.picture); errors.Is(err, portal.ErrInvalid) {
		wrong.Add("file", "booking.error.photo")
		return nil
	}
	return err
}

// refuseTrip adds what was refused to the form, or hands the error on.
func refuseTrip(r *http.Request, f *tripForm, err error) error {
	form, refused := web.FormErrors(r, err)
	if !refused {
		return err
	}
	f.Form = form
	return nil
}

func (d *Desk) leaving(w http.ResponseWriter, r *http.Request) error {
	asked := web.Query(r)
	f := &tripForm{Event: asked.Get("event"), Of: asked.Get("of"), Vehicle: Resource{ID: ResourceID(asked.Get("resource"))}}
	return d.renderLeaving(w, r, http.StatusOK, f)
}

// renderLeaving shows the form that takes a vehicle to whom it may be given.
func (d *Desk) renderLeaving(w http.ResponseWriter, r *http.Request, status int, f *tripForm) (err error) {
	ctx, caller, now := r.Context(), web.CallerOf(r), web.Now(r)
	all, err := d.store.Bookable(ctx, caller)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(one Resource) bool { return one.ID == f.Vehicle.ID && one.Kind == Vehicle })
	if at < 0 {
		return portal.ErrNotFound
	}
	f.Vehicle = all[at]
	if f.Governs, err = d.store.governs(ctx, d.store.db, caller, f.Vehicle.ID); err != nil {
		return err
	}
	if !f.Governs {
		if f.Event == "" {
			return portal.ErrNotFound
		}
		if _, err := d.store.OwnOf(ctx, caller, f.Event); err != nil {
			return err
		}
	}
	f.LastKm, f.Action = f.Vehicle.Vehicle.Odometer, tripsPath
	if f.Km == "" && f.LastKm > 0 && status == http.StatusOK {
		f.Km = strconv.Itoa(f.LastKm)
	}
	f.Warnings = f.Vehicle.Vehicle.Warns(web.Printer(r), now, now)
	out, err := d.store.out(ctx, caller.Collectivity)
	if trip, is := out[f.Vehicle.ID]; is {
		f.State = trip.stateWords(web.Printer(r), now)
	}
	if err != nil {
		return err
	}
	return d.renderTripForm(w, r, status, f, web.Printer(r).T("booking.trip.take.of", "name", f.Vehicle.Name))
}

func (d *Desk) renderTripForm(w http.ResponseWriter, r *http.Request, status int, f *tripForm, title string) error {
	f.Levels, f.MaxPhoto = levels(web.Printer(r), f.Vehicle.Vehicle.Energy), maxPhoto
	f.Title, f.Section = title, section
	return d.renderer.Render(w, r, status, "booking/trip-form", f)
}

func (d *Desk) takeOut(w http.ResponseWriter, r *http.Request) error {
	f, err := readTripForm(r)
	if err != nil {
		return err
	}
	ctx, caller := r.Context(), web.CallerOf(r)
	f.Vehicle.ID = ResourceID(r.PostForm.Get("resource"))
	leg, wrong := f.leg(web.Now(r))
	taking := Taking{Resource: f.Vehicle.ID, Event: f.Event, Leg: leg, Sure: f.Sure}
	if f.Of != "" {
		taking.Recurrence = f.recurrence()
	}
	if f.Driver != "" {
		found, err := d.store.agentsAt(ctx, caller, []string{strings.ToLower(f.Driver)})
		if err != nil {
			return err
		}
		if taking.Driver = found[strings.ToLower(f.Driver)]; taking.Driver == "" {
			wrong.Add("driver", "booking.error.people.address", "address", f.Driver)
		}
	}
	if err := d.shrink(ctx, f, &wrong); err != nil {
		return err
	}
	taking.Picture = f.picture
	var trip Trip
	if err = wrong.OrNil(); err == nil {
		trip, err = d.store.CheckOut(ctx, caller, taking, web.ClientAddr(r))
	}
	if err != nil {
		status := web.StatusOf(err)
		if err := refuseTrip(r, f, err); err != nil {
			return err
		}
		return d.renderLeaving(w, r, status, f)
	}
	web.SetUndo(w, r, "booking.undo", tripPath(trip.ID, "/undo"), "booking.trip.done.out", "name", trip.Vehicle)
	return web.Redirect(w, r, afterTrip(caller, trip))
}

// afterTrip is where one goes on: a driver to what she booked, others to the trip.
func afterTrip(caller portal.Caller, trip Trip) string {
	if trip.Driver == caller.Agent {
		return deskPath + "/mine"
	}
	return tripPath(trip.ID, "")
}

func (d *Desk) returning(w http.ResponseWriter, r *http.Request) error {
	trip, err := d.store.Trip(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	if trip.IsBack() {
		return web.Redirect(w, r, tripPath(trip.ID, ""))
	}
	return d.renderReturning(w, r, http.StatusOK, trip, &tripForm{})
}

func (d *Desk) renderReturning(w http.ResponseWriter, r *http.Request, status int, trip Trip, f *tripForm) error {
	f.Back, f.Action, f.LastKm = true, tripPath(trip.ID, "/back"), trip.Out.Km
	f.Vehicle = Resource{ID: trip.Resource, Kind: Vehicle, Name: trip.Vehicle, Vehicle: VehicleFacts{Energy: trip.Energy}}
	f.State = trip.stateWords(web.Printer(r), web.Now(r))
	return d.renderTripForm(w, r, status, f, web.Printer(r).T("booking.trip.give.of", "name", trip.Vehicle))
}

func (d *Desk) bringBack(w http.ResponseWriter, r *http.Request) error {
	ctx, caller := r.Context(), web.CallerOf(r)
	trip, err := d.store.Trip(ctx, caller, web.Var(r, "id")) // before a file is read
	if err != nil {
		return err
	}
	f, err := readTripForm(r)
	if err != nil {
		return err
	}
	leg, wrong := f.leg(web.Now(r))
	if err := d.shrink(ctx, f, &wrong); err != nil {
		return err
	}
	if err = wrong.OrNil(); err == nil {
		_, err = d.store.CheckIn(ctx, caller, trip.ID, Returning{Leg: leg, Sure: f.Sure, Incident: f.Incident, Picture: f.picture}, web.ClientAddr(r))
	}
	if err != nil {
		status := web.StatusOf(err)
		if err := refuseTrip(r, f, err); err != nil {
			return err
		}
		return d.renderReturning(w, r, status, trip, f)
	}
	done := "booking.trip.done.back"
	if f.Incident {
		done = "booking.trip.done.incident"
	}
	web.SetUndo(w, r, "booking.undo", tripPath(trip.ID, "/undo"), done, "name", trip.Vehicle)
	return web.Redirect(w, r, afterTrip(caller, trip))
}

func (d *Desk) undoTrip(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	trip, err := d.store.Undo(r.Context(), caller, web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		if !errors.Is(err, portal.ErrConflict) || !web.FlashRefusal(w, r, err) {
			return err
		}
		return web.Redirect(w, r, tripPath(web.Var(r, "id"), ""))
	}
	if trip.IsBack() {
		web.SetFlash(w, r, "booking.trip.undone.back", "name", trip.Vehicle)
		return web.Redirect(w, r, afterTrip(caller, trip))
	}
	web.SetFlash(w, r, "booking.trip.undone.out", "name", trip.Vehicle)
	return web.Redirect(w, r, deskPath+"/mine") // the trip is gone
}

func (d *Desk) handled(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	handled, done := r.PostForm.Get("handled") != "0", "booking.todo.handled"
	if !handled {
		done = "booking.todo.unhandled"
	}
	trip, err := d.store.Handle(r.Context(), web.CallerOf(r), web.Var(r, "id"), handled)
	if err != nil {
		return err
	}
	web.SetFlash(w, r, done, "name", trip.Vehicle)
	return web.Redirect(w, r, tripPath(trip.ID, ""))
}

func (d *Desk) tripPhoto(w http.ResponseWriter, r *http.Request) error {
	octets, err := d.store.TripPhoto(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.Query(r).Get("at"))
	if err != nil {
		return err
	}
	return web.WriteJPEG(w, r, octets)
}

// tripPage is one trip, for its driver and who governs the vehicle.
type tripPage struct {
	web.Page
	Shown    shownTrip
	State    string // of what is out
	Governs  bool
	Undo     string // label of what may be taken back, "" for nothing
	Withdraw bool   // the reader may withdraw the vehicle
	ToCome   int    // bookings of it, that would be given back
	Photos   []tripPicture
}

type tripPicture struct{ Href, Alt string }

// shownTrip is a trip in words.
type shownTrip struct {
	Trip
	Out, Back shownLeg
	Day       string
	Distance  string // "48 km", "" when nobody knows
	By        bool   // another than the driver noted something
}

// shownLeg is one end of a trip in words; all are "" of what is not back.
type shownLeg struct{ At, Km, Level, Said string }

func showTrip(p *i18n.Printer, trip Trip, now time.Time) shownTrip {
	leg := func(l Leg) (shown shownLeg) {
		if l.At.IsZero() {
			return shown
		}
		at := l.At.In(now.Location())
		shown.At = p.T("booking.trip.at", "day", p.Date(at, now), "clock", p.Clock(at))
		if l.Km > 0 {
			shown.Km = p.T("booking.trip.km.of", "km", p.Number(l.Km))
		}
		shown.Level, shown.Said = levelWords(p, trip.Energy, l.Level), l.Said
		return shown
	}
	shown := shownTrip{Trip: trip, Out: leg(trip.Out), Back: leg(trip.Back), Day: p.Date(trip.Out.At.In(now.Location()), now)}
	if trip.IsBack() && trip.Back.Km > 0 {
		shown.Distance = p.T("booking.trip.km.of", "km", p.Number(trip.Back.Km-trip.Out.Km))
	}
	shown.By = trip.Out.By != string(trip.Driver) || trip.IsBack() && trip.Back.By != string(trip.Driver)
	return shown
}

func (d *Desk) trip(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, printer, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	trip, err := d.store.Trip(ctx, caller, web.Var(r, "id"))
	if err != nil {
		return err
	}
	page := &tripPage{Shown: showTrip(printer, trip, now)}
	if page.Governs, err = d.store.governs(ctx, d.store.db, caller, trip.Resource); err != nil {
		return err
	}
	last := trip.Out
	if trip.IsBack() {
		last, page.Undo = trip.Back, "booking.trip.undo.back"
	} else {
		page.State, page.Undo = trip.stateWords(printer, now), "booking.trip.undo.out"
	}
	if now.After(last.Noted.Add(takenBack)) || !page.Governs && last.By != string(caller.Agent) {
		page.Undo = ""
	}
	for _, one := range []struct {
		leg     Leg
		at, alt string
	}{{trip.Out, momentOut, "booking.trip.photo.out"}, {trip.Back, momentBack, "booking.trip.photo.back"}} {
		if one.leg.Photo {
			page.Photos = append(page.Photos, tripPicture{tripPath(trip.ID, "/photo?at="+one.at), printer.T(one.alt, "name", trip.Vehicle)})
		}
	}
	if trip.Incident && trip.Handled.IsZero() && caller.Can(portal.Admin) {
		vehicle, err := d.store.Resource(ctx, caller, trip.Resource)
		if err != nil {
			return err
		}
		if page.ToCome, err = d.store.ToCome(ctx, caller, vehicle); err != nil {
			return err
		}
		page.Withdraw = vehicle.Active
	}
	page.Title, page.Section = printer.T("booking.trip.of", "name", trip.Vehicle, "day", page.Shown.Day), section
	return d.renderer.Render(w, r, http.StatusOK, "booking/trip", page)
}

// logPage is the log book of a vehicle.
type logPage struct {
	web.Page
	Vehicle Resource
	Trips   []shownTrip
	Total   int
	Links   themes.Pages
}

func (d *Desk) log(w http.ResponseWriter, r *http.Request) error {
	printer := web.Printer(r)
	book, err := d.store.LogBook(r.Context(), web.CallerOf(r), ResourceID(web.Var(r, "id")), web.PageNumber(r))
	if err != nil {
		return err
	}
	page := &logPage{Vehicle: book.Vehicle, Total: book.Total, Links: web.PageLinks(r, printer.T("booking.trip.pages"), book.Page, book.Pages)}
	for _, trip := range book.Trips {
		page.Trips = append(page.Trips, showTrip(printer, trip, web.Now(r)))
	}
	page.Title, page.Section = printer.T("booking.trip.log.of", "name", book.Vehicle.Name), section
	return d.renderer.Render(w, r, http.StatusOK, "booking/log", page)
}

// exportLog gives a log book away as a table, and the journal says who has it.
func (d *Desk) exportLog(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p := r.Context(), web.CallerOf(r), web.Printer(r)
	book, err := d.store.LogBook(ctx, caller, ResourceID(web.Var(r, "id")), 0)
	if err != nil {
		return err
	}
	if err := d.store.tellExport(ctx, caller, book, web.ClientAddr(r)); err != nil {
		return err
	}
	sheet := web.NewSpreadsheet(w, web.DatedName(r, "carnet-de-bord"))
	var heads []string
	for _, column := range []string{"out", "back", "driver", "km.out", "km.back", "km", "level.out", "level.back", "said.out", "said.back", "incident"} {
		heads = append(heads, p.T("booking.csv."+column))
	}
	sheet.Row(heads...)
	zone := web.Now(r).Location()
	for _, t := range book.Trips {
		sheet.Row(csvTime(t.Out.At, zone), csvTime(t.Back.At, zone), t.Who, csvKm(t.Out.Km), csvKm(t.Back.Km), csvKm(max(0, t.Back.Km-t.Out.Km)),
			levelWords(p, t.Energy, t.Out.Level), levelWords(p, t.Energy, t.Back.Level), t.Out.Said, t.Back.Said, csvIncident(p, t))
	}
	return sheet.Flush()
}

func csvTime(at time.Time, zone *time.Location) string {
	if at.IsZero() {
		return ""
	}
	return at.In(zone).Format("02/01/2006 15:04")
}

func csvKm(km int) string {
	if km == 0 {
		return ""
	}
	return strconv.Itoa(km)
}

func csvIncident(p *i18n.Printer, t Trip) string {
	switch {
	case !t.Incident:
		return ""
	case t.Handled.IsZero():
		return p.T("booking.csv.yes")
	}
	return p.T("booking.csv.handled")
}

// tellExport writes into the journal that the caller took a log book away.
func (s *Store) tellExport(ctx context.Context, caller portal.Caller, book LogBook, address string) error {
	line := s.line(caller, audit.TripsExported, book.Vehicle, address)
	line.Detail = strconv.Itoa(book.Total)
	return wrap(audit.Write(ctx, s.db, line), "tell of an export")
}

// statedTrip is a vehicle that is out, and since when or until when in words.
type statedTrip struct {
	Trip
	State  string
	IsLate bool
}

// statesOf are the trips of a driver among those that are out, the first due first.
func statesOf(p *i18n.Printer, out map[ResourceID]Trip, driver portal.Caller, now time.Time) (all []statedTrip) {
	for _, trip := range out {
		if driver.Agent != "" && trip.Driver == driver.Agent {
			all = append(all, statedTrip{trip, trip.stateWords(p, now), trip.Late(now)})
		}
	}
	slices.SortFunc(all, func(a, b statedTrip) int { return a.Due.Compare(b.Due) })
	return all
}

// isFor says whether a trip is that of a booking.
func (t Trip) isFor(b Booking) bool {
	return t.Resource == b.Resource && t.Event == b.Event && t.Recurrence.Equal(b.Recurrence)
}

// mayTake says whether the holder of a booking may take the vehicle now, that nobody has out.
func (o Own) mayTake(out map[ResourceID]Trip, now time.Time) bool {
	_, isOut := out[o.Resource.ID]
	return o.Resource.Kind == Vehicle && !o.Pending && !isOut && !now.Before(o.Start.Add(-early)) && now.Before(o.End)
}

// standing tells the holder of a booking of a vehicle what she may do and should know: the address of the form that takes
// it, that another has not brought it back, and what of its papers ends before.
func (o Own) standing(p *i18n.Printer, out map[ResourceID]Trip, now time.Time) (take string, notes []string) {
	if o.Resource.Kind != Vehicle {
		return "", nil
	}
	if o.mayTake(out, now) {
		take = takePath(o.Resource.ID, o.Event, o.Recurrence)
	}
	const near = 24 * time.Hour
	trip, isOut := out[o.Resource.ID]
	if isOut && !trip.isFor(o.Booking) && (trip.Late(now) && o.Start.Before(now.Add(near)) || !now.Before(o.Start.Add(-early))) {
		notes = append(notes, p.T("booking.trip.not-back", "at", trip.dueWords(p, now)))
	}
	return take, append(notes, o.Resource.Vehicle.Warns(p, o.End.In(now.Location()), now)...)
}

// garageOf is what the page of a vehicle says of it.
type garageOf struct {
	State    string // of what is out, and who has it
	IsLate   bool
	Take     string // the form that takes it, "" for who may not now
	Give     string // and brings it back
	Log      string // its log book, "" for who does not govern it
	Warnings []string
}

func (d *Desk) garage(r *http.Request, vehicle Resource) (g garageOf, err error) {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	out, err := d.store.out(ctx, caller.Collectivity)
	if err != nil {
		return g, err
	}
	governs, err := d.store.governs(ctx, d.store.db, caller, vehicle.ID)
	if err != nil {
		return g, err
	}
	g.Warnings = vehicle.Vehicle.Warns(p, now, now)
	if governs {
		g.Log = deskPath + "/resources/" + url.PathEscape(string(vehicle.ID)) + "/log"
	}
	if trip, isOut := out[vehicle.ID]; isOut {
		g.State, g.IsLate = withDriver(p, trip, now), trip.Late(now)
		if governs || trip.isOf(caller) {
			g.Give = tripPath(trip.ID, "/back")
		}
		return g, nil
	}
	own, err := d.store.Mine(ctx, caller)
	for _, one := range own {
		if one.Resource.ID == vehicle.ID && one.mayTake(out, now) {
			g.Take = takePath(vehicle.ID, one.Event, one.Recurrence)
		}
	}
	if g.Take == "" && governs {
		g.Take = takePath(vehicle.ID, "", time.Time{})
	}
	return g, err
}

// withDriver says that a vehicle is out, until when, and who has it.
func withDriver(p *i18n.Printer, trip Trip, now time.Time) string {
	if trip.Who == "" {
		return trip.stateWords(p, now)
	}
	return p.T("booking.trip.state.with", "state", trip.stateWords(p, now), "name", trip.Who)
}

// states says of each vehicle that is out until when.
func (d *Desk) states(r *http.Request) (map[ResourceID]string, error) {
	out, err := d.store.out(r.Context(), web.CallerOf(r).Collectivity)
	states := make(map[ResourceID]string, len(out))
	for id, trip := range out {
		states[id] = trip.stateWords(web.Printer(r), web.Now(r))
	}
	return states, err
}
