package booking

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
)

// depot is a store of two collectivities, bourg and agglo, each with anne, boris and chief, and a minibus of bourg whose
// bookings chief accepts. It is Monday 30 November 2026, 8:45 in Paris, and anne has it booked from 9:00 to 12:00.
type depot struct {
	*Store
	t       testing.TB
	now     time.Time
	minibus ResourceID
}

func newDepot(t testing.TB) *depot {
	t.Helper()
	db := databasetest.New(t)
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	d := &depot{Store: New(db, catalogue), t: t, now: clock("08:45")}
	d.Store.now = func() time.Time { return d.now }
	for _, id := range []string{"bourg", "agglo"} {
		d.exec(`INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		for _, name := range []string{"anne", "boris", "chief"} {
			d.exec(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ($1, $2, $2, 'Dupont', $2, 0)`, id, name)
		}
	}
	d.minibus = d.add(Resource{
		Kind: Vehicle, Name: "Minibus", Approvers: []portal.Subject{{Kind: portal.TheAgent, ID: "chief"}},
		Vehicle: VehicleFacts{Energy: "diesel", Odometer: 84_210, Inspection: "2026-12-15", Insured: "2027-12-31"},
	})
	d.booked(d.minibus, "e1", "anne", "09:00", "12:00")
	return d
}

// clock is an hour of that Monday in Paris.
func clock(at string) time.Time {
	zone, _ := time.LoadLocation("Europe/Paris")
	is, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-30 "+at, zone)
	if err != nil {
		panic(err)
	}
	return is.UTC()
}

func (d *depot) exec(query string, args ...any) {
	d.t.Helper()
	if _, err := d.db.Exec(d.t.Context(), query, args...); err != nil {
		d.t.Fatal(err)
	}
}

func (d *depot) add(r Resource) ResourceID {
	d.t.Helper()
	id, err := d.Create(d.t.Context(), agent("boss", portal.Admin), r, "")
	d.must(err)
	return id
}

func (d *depot) booked(id ResourceID, event, holder, from, until string) {
	d.t.Helper()
	d.exec(`INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on) VALUES ('bourg', $1, $2, 0, $3, $4, $5, $2, FALSE)`,
		string(id), event, database.Millis(clock(from)), database.Millis(clock(until)), holder)
}

func (d *depot) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// takes and returns note km, and give the key of what is refused.
func (d *depot) takes(who portal.Caller, km int) (Trip, string) {
	d.t.Helper()
	trip, err := d.CheckOut(d.t.Context(), who, Taking{Resource: d.minibus, Event: "e1", Leg: Leg{Km: km, Level: 875}}, "")
	return trip, key(err)
}

func (d *depot) returns(who portal.Caller, id string, km int) (Trip, string) {
	d.t.Helper()
	trip, err := d.CheckIn(d.t.Context(), who, id, Returning{Leg: Leg{Km: km, Level: NoLevel}}, "")
	return trip, key(err)
}

func (d *depot) odometer() (km int) {
	d.t.Helper()
	d.must(d.db.QueryRow(d.t.Context(), `SELECT odometer FROM resources WHERE collectivity = 'bourg' AND id = $1`, string(d.minibus)).Scan(&km))
	return km
}

// key is that of the sentence that a person reads, "not found" for what she does not see.
func key(err error) string {
	var fields portal.FieldErrors
	var said portal.UserError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &fields):
		return fields[0].Key
	case errors.As(err, &said):
		return said.Key
	case errors.Is(err, portal.ErrNotFound):
		return "not found"
	}
	return err.Error()
}

func agent(name string, rights ...portal.Right) portal.Caller {
	return portal.Caller{Account: portal.AccountID(name), Agent: portal.AgentID(name), Collectivity: "bourg", Rights: rights}
}

var anne, boris, chief = agent("anne"), agent("boris"), agent("chief")

// TestAVehicleGoesOutAndComesBack once at a time, and its odometer is moved.
func TestAVehicleGoesOutAndComesBack(t *testing.T) {
	d := newDepot(t)
	if _, is := d.takes(anne, 84_209); is != "booking.trip.error.km.out" {
		t.Errorf("fewer km than the last time: %q", is)
	}
	if _, is := d.takes(anne, 86_211); is != "booking.trip.error.jump" {
		t.Errorf("2,001 km more: %q", is)
	}
	if _, is := d.takes(anne, 0); is != "booking.trip.error.km" {
		t.Errorf("no km: %q", is)
	}
	trip, is := d.takes(anne, 84_212)
	if is != "" || trip.Driver != "anne" || trip.Who != "anne Dupont" || !trip.Due.Equal(clock("12:00")) || !trip.Out.At.Equal(d.now) || trip.Out.Level != 875 || trip.IsBack() {
		t.Fatalf("%q, %+v", is, trip)
	}
	if _, is := d.takes(anne, 84_212); is != "booking.trip.error.out" {
		t.Errorf("taken twice: %q", is)
	}
	if got := d.odometer(); got != 84_210 {
		t.Errorf("the odometer is %d while it is out", got)
	}
	d.now = clock("11:30")
	if _, is := d.returns(anne, trip.ID, 84_211); is != "booking.trip.error.km.back" {
		t.Errorf("fewer km than as it went: %q", is)
	}
	before, err := d.read(t.Context(), d.db, "bourg", d.minibus)
	d.must(err)
	back, is := d.returns(anne, trip.ID, 84_260)
	if is != "" || !back.Back.At.Equal(d.now) || back.Back.Km != 84_260 || d.odometer() != 84_260 {
		t.Fatalf("%q, %+v, odometer %d", is, back, d.odometer())
	}
	if _, is := d.returns(anne, trip.ID, 84_260); is != "booking.trip.error.back" {
		t.Errorf("brought back twice: %q", is)
	}
	// Who had the resource's form open does not write the old odometer over it.
	var other ResourceChanged
	if err := d.Change(t.Context(), agent("boss", portal.Admin), before, ""); !errors.As(err, &other) {
		t.Errorf("the form of before is taken: %v", err)
	}
	again, is := d.takes(anne, 84_260)
	if is != "" {
		t.Fatalf("taken again: %q", is)
	}
	if _, err := d.CheckIn(t.Context(), anne, again.ID, Returning{Leg: Leg{Km: 90_000, Level: NoLevel}, Sure: true}, ""); err != nil {
		t.Errorf("many km, and sure: %v", err)
	}
}

// TestWhoMayTakeAVehicle: the holder around her booking, and who governs it; nobody else, and nobody of elsewhere.
func TestWhoMayTakeAVehicle(t *testing.T) {
	d := newDepot(t)
	elsewhere := anne
	elsewhere.Collectivity = "agglo"
	admin := agent("boss", portal.Admin)
	adminElsewhere := admin
	adminElsewhere.Collectivity = "agglo"
	for name, who := range map[string]portal.Caller{"a colleague": boris, "a namesake of elsewhere": elsewhere, "an administrator of elsewhere": adminElsewhere, "a visitor": {Collectivity: "bourg"}} {
		if _, is := d.takes(who, 84_210); is != "not found" {
			t.Errorf("%s: %q", name, is)
		}
	}
	if _, err := d.CheckOut(t.Context(), anne, Taking{Resource: d.minibus, Leg: Leg{Km: 84_210, Level: NoLevel}}, ""); key(err) != "not found" {
		t.Errorf("without a booking: %v", err)
	}
	for at, want := range map[string]string{"08:29": "booking.trip.error.early", "12:00": "booking.trip.error.over"} {
		d.now = clock(at)
		if _, is := d.takes(anne, 84_210); is != want {
			t.Errorf("at %s: %q", at, is)
		}
	}
	d.now = clock("08:30")
	trip, is := d.takes(anne, 84_210)
	if is != "" {
		t.Fatalf("half an hour before: %q", is)
	}
	for name, who := range map[string]portal.Caller{"a colleague": boris, "a namesake of elsewhere": elsewhere, "an administrator of elsewhere": adminElsewhere} {
		if _, is := d.returns(who, trip.ID, 84_210); is != "not found" {
			t.Errorf("%s brings it back: %q", name, is)
		}
		if _, err := d.Trip(t.Context(), who, trip.ID); key(err) != "not found" {
			t.Errorf("%s reads it: %v", name, err)
		}
		if _, err := d.Undo(t.Context(), who, trip.ID, ""); key(err) != "not found" {
			t.Errorf("%s undoes it: %v", name, err)
		}
		if _, err := d.LogBook(t.Context(), who, d.minibus, 1); key(err) != "not found" {
			t.Errorf("%s reads the log book: %v", name, err)
		}
	}
	if _, err := d.LogBook(t.Context(), anne, d.minibus, 1); key(err) != "not found" {
		t.Errorf("the driver reads the log book: %v", err)
	}
	if _, is := d.returns(chief, trip.ID, 84_215); is != "" {
		t.Errorf("who accepts its bookings: %q", is)
	}
	// Who governs it notes afterwards that it was taken, and gives the keys to whom she likes.
	d.now = clock("17:00")
	late, err := d.CheckOut(t.Context(), admin, Taking{Resource: d.minibus, Driver: "boris", Leg: Leg{At: clock("14:00"), Km: 84_215, Level: NoLevel}}, "192.0.2.1")
	d.must(err)
	if late.Driver != "boris" || !late.Out.At.Equal(clock("14:00")) || !late.Due.Equal(clock("23:59").Add(time.Minute)) {
		t.Errorf("noted afterwards: %+v", late)
	}
	var told int
	d.must(d.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND action = $1 AND detail = 'boris Dupont'`, string(audit.TripOut)).Scan(&told))
	if told != 1 {
		t.Errorf("%d lines of the journal tell that another drives", told)
	}
}

// TestWhatIsTypedLate and can't be so.
func TestWhatIsTypedLate(t *testing.T) {
	d := newDepot(t)
	trip, _ := d.takes(anne, 84_210)
	d.now = clock("20:00")
	in := func(at time.Time, said string, incident bool) string {
		_, err := d.CheckIn(t.Context(), anne, trip.ID, Returning{Leg: Leg{At: at, Km: 84_250, Level: NoLevel, Said: said}, Incident: incident}, "")
		return key(err)
	}
	for want, at := range map[string]time.Time{"booking.trip.error.future": clock("20:01"), "booking.trip.error.before.out": clock("08:00"), "booking.trip.error.old": clock("20:00").AddDate(0, -2, 0)} {
		if is := in(at, "", false); is != want {
			t.Errorf("back at %v: %q, want %q", at, is, want)
		}
	}
	if is := in(clock("18:00"), "  ", true); is != "booking.trip.error.incident" {
		t.Errorf("an incident without a word: %q", is)
	}
	if is := in(clock("18:00"), "", false); is != "" {
		t.Errorf("brought back two hours ago: %q", is)
	}
	// It was not at home before it came back.
	d.booked(d.minibus, "e2", "boris", "17:00", "21:00")
	_, err := d.CheckOut(t.Context(), chief, Taking{Resource: d.minibus, Event: "e2", Leg: Leg{At: clock("17:30"), Km: 84_250, Level: NoLevel}}, "")
	if key(err) != "booking.trip.error.before.back" {
		t.Errorf("taken while it was out: %v", err)
	}
}

// TestAVehicleWithoutInsuranceStays, and one whose booking waits, or that is withdrawn.
func TestAVehicleWithoutInsuranceStays(t *testing.T) {
	d := newDepot(t)
	for _, c := range []struct{ set, reset, want string }{
		{`UPDATE resources SET insured = '2026-11-29'`, `UPDATE resources SET insured = '2026-11-30'`, "booking.trip.error.uninsured"},
		{`UPDATE bookings SET pending = TRUE`, `UPDATE bookings SET pending = FALSE`, "booking.trip.error.pending"},
		{`UPDATE resources SET active = FALSE`, `UPDATE resources SET active = TRUE`, "booking.trip.error.withdrawn"},
	} {
		d.exec(c.set + ` WHERE collectivity = 'bourg'`)
		if _, is := d.takes(anne, 84_210); is != c.want {
			t.Errorf("after %s: %q", c.set, is)
		}
		d.exec(c.reset + ` WHERE collectivity = 'bourg'`)
	}
	if _, is := d.takes(anne, 84_210); is != "" {
		t.Errorf("on the last day of the insurance: %q", is)
	}
}

// TestWhatWasNotedIsTakenBack within the hour, and the odometer with it.
func TestWhatWasNotedIsTakenBack(t *testing.T) {
	d := newDepot(t)
	trip, _ := d.takes(anne, 84_210)
	d.now = clock("11:00")
	d.returns(anne, trip.ID, 84_300)
	undo := func(who portal.Caller) string {
		_, err := d.Undo(t.Context(), who, trip.ID, "")
		return key(err)
	}
	if is := undo(anne); is != "" || d.odometer() != 84_210 {
		t.Errorf("%q, odometer %d", is, d.odometer())
	}
	if is := undo(anne); is != "booking.trip.error.undo.late" { // it went out more than an hour ago
		t.Errorf("that it went, after two hours: %q", is)
	}
	d.returns(chief, trip.ID, 84_230)
	if is := undo(anne); is != "not found" {
		t.Errorf("what somebody else noted: %q", is)
	}
	d.booked(d.minibus, "e2", "boris", "11:00", "13:00")
	again, err := d.CheckOut(t.Context(), boris, Taking{Resource: d.minibus, Event: "e2", Leg: Leg{Km: 84_230, Level: NoLevel}}, "")
	d.must(err)
	if is := undo(chief); is != "booking.trip.error.undo.again" {
		t.Errorf("after it went out again: %q", is)
	}
	if _, err := d.Undo(t.Context(), boris, again.ID, ""); err != nil {
		t.Error(err)
	}
	if out, err := d.out(t.Context(), "bourg"); err != nil || len(out) != 0 {
		t.Errorf("out: %v, %v", out, err)
	}
	if is := undo(chief); is != "" {
		t.Errorf("once it never went out again: %q", is)
	}
}

// TestOneTripAtATime of two who press at once.
func TestOneTripAtATime(t *testing.T) {
	d := newDepot(t)
	d.booked(d.minibus, "e2", "boris", "08:00", "09:00")
	var done sync.WaitGroup
	var taken sync.Map
	for who, event := range map[portal.AgentID]string{"anne": "e1", "boris": "e2"} {
		done.Go(func() {
			_, err := d.CheckOut(context.Background(), agent(string(who)), Taking{Resource: d.minibus, Event: event, Leg: Leg{Km: 84_210, Level: NoLevel}}, "")
			taken.Store(who, key(err))
		})
	}
	done.Wait()
	a, _ := taken.Load(portal.AgentID("anne"))
	b, _ := taken.Load(portal.AgentID("boris"))
	if a == b || a != "" && b != "" || a != "booking.trip.error.out" && b != "booking.trip.error.out" {
		t.Errorf("anne %q, boris %q", a, b)
	}
}

// TestWhatIsLateIsTold to the driver and to who governs it, half an hour after the end of the booking as it is now.
func TestWhatIsLateIsTold(t *testing.T) {
	d := newDepot(t)
	trip, _ := d.takes(anne, 84_210)
	late := func(who portal.Caller) int {
		t.Helper()
		trips, err := d.LateTrips(t.Context(), who)
		d.must(err)
		return len(trips)
	}
	d.now = clock("12:30")
	if n := late(anne) + late(chief); n != 0 {
		t.Errorf("%d are late half an hour after", n)
	}
	d.now = clock("12:31")
	if late(anne) != 1 || late(chief) != 1 || late(agent("boss", portal.Admin)) != 1 || late(boris) != 0 {
		t.Errorf("late for anne %d, chief %d, boris %d", late(anne), late(chief), late(boris))
	}
	d.exec(`UPDATE bookings SET ends = $1 WHERE collectivity = 'bourg' AND event = 'e1'`, database.Millis(clock("14:00")))
	if n := late(anne); n != 0 {
		t.Error("it is late though it was booked for longer")
	}
	d.exec(`DELETE FROM bookings WHERE collectivity = 'bourg' AND event = 'e1'`)
	if n := late(anne); n != 1 {
		t.Error("it is not late though its booking is gone")
	}
	if _, err := d.CheckIn(t.Context(), anne, trip.ID, Returning{Leg: Leg{Km: 84_211, Level: NoLevel, Said: "Rétroviseur cassé"}, Incident: true}, ""); err != nil {
		t.Fatal(err)
	}
	incidents := func(who portal.Caller) int {
		t.Helper()
		trips, err := d.Incidents(t.Context(), who)
		d.must(err)
		return len(trips)
	}
	if late(chief) != 0 || incidents(chief) != 1 || incidents(anne) != 0 {
		t.Errorf("late %d, incidents for chief %d, anne %d", late(chief), incidents(chief), incidents(anne))
	}
	if _, err := d.Handle(t.Context(), anne, trip.ID, true); key(err) != "not found" {
		t.Errorf("the driver deals with her own incident: %v", err)
	}
	_, err := d.Handle(t.Context(), chief, trip.ID, true)
	d.must(err)
	if done, err := d.handledBy(t.Context(), chief); err != nil || incidents(chief) != 0 || len(done) != 1 {
		t.Errorf("dealt with: %v, %v", done, err)
	}
}

// TestPapersComeNear a month before, for who governs the vehicle.
func TestPapersComeNear(t *testing.T) {
	d := newDepot(t)
	d.add(Resource{Kind: Vehicle, Name: "Kangoo", Vehicle: VehicleFacts{Inspection: "2026-12-31", Insured: "2026-11-29"}})
	papers := func(who portal.Caller) (all []string) {
		t.Helper()
		found, err := d.Papers(t.Context(), who)
		d.must(err)
		for _, one := range found {
			text := one.Vehicle + " " + one.Kind
			if one.Past {
				text += " past"
			}
			all = append(all, text)
		}
		return all
	}
	admin := agent("boss", portal.Admin)
	elsewhere := admin
	elsewhere.Collectivity = "agglo"
	if got := papers(admin); len(got) != 2 || got[0] != "Kangoo insured past" || got[1] != "Minibus inspection" {
		t.Errorf("for the administrator: %q", got)
	}
	if got := papers(chief); len(got) != 1 || got[0] != "Minibus inspection" {
		t.Errorf("for who accepts its bookings: %q", got)
	}
	if got := append(papers(anne), papers(elsewhere)...); len(got) != 0 {
		t.Errorf("for others: %q", got)
	}
}

// TestPhotographsAreForgotten a year after, but for an incident that waits.
func TestPhotographsAreForgotten(t *testing.T) {
	d := newDepot(t)
	var ids []string
	for _, incident := range []bool{false, true} {
		trip, err := d.CheckOut(t.Context(), chief, Taking{Resource: d.minibus, Leg: Leg{Km: 84_210, Level: NoLevel}, Picture: []byte{1}}, "")
		d.must(err)
		_, err = d.CheckIn(t.Context(), chief, trip.ID, Returning{Leg: Leg{Km: 84_210, Level: NoLevel, Said: "Rayé"}, Incident: incident, Picture: []byte{2}}, "")
		d.must(err)
		ids = append(ids, trip.ID)
	}
	left := func() (n int) {
		t.Helper()
		d.must(d.Clean(t.Context(), "bourg"))
		d.must(d.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM vehicle_trip_photos WHERE collectivity = 'bourg'`).Scan(&n))
		return n
	}
	d.now = d.now.AddDate(0, 11, 0)
	if n := left(); n != 4 {
		t.Errorf("%d are left after eleven months", n)
	}
	d.now = d.now.AddDate(0, 2, 0)
	if n := left(); n != 2 {
		t.Errorf("%d are left after thirteen months", n)
	}
	_, err := d.Handle(t.Context(), chief, ids[1], true)
	d.must(err)
	if n := left(); n != 0 {
		t.Errorf("%d are left once the incident is dealt with", n)
	}
}

// FuzzLeg reads whatever is typed, and never takes what is no km, no level or no time.
func FuzzLeg(f *testing.F) {
	f.Add("84 210 km", "875", "2026-11-30", "18:00")
	f.Add("84\u202f210", "", "", "7:30")
	f.Add("-3", "-1", "hier", "99:99")
	f.Fuzz(func(t *testing.T, km, level, date, at string) {
		form := tripForm{Km: km, Level: level, Date: date, Clock: at}
		leg, wrong := form.leg(clock("20:00"))
		if wrong.OrNil() == nil && (date+at != "") == leg.At.IsZero() && date != "0001-01-01" {
			t.Errorf("%q %q is %v", date, at, leg.At)
		}
		if leg.Level == NoLevel && level != "" && wrong.OrNil() == nil {
			t.Errorf("the level %q is none", level)
		}
	})
}
