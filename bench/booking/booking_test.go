// Package booking measures what a room that is invited costs: make bench, docs/performance-calendar.md.
package booking

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// town is bourg with resources that have bookings of others, an hour each from tomorrow at midnight.
type town struct {
	*servertest.Portal
	caller portal.Caller
	begins time.Time
}

func newTown(b *testing.B, resources, bookings int) *town {
	b.Helper()
	p := servertest.New(b)
	now := time.Now().UTC()
	t := &town{p, p.Caller("admin@bourg.example", "bourg"), time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.UTC)}
	err := p.DB.Tx(b.Context(), func(tx *database.Tx) error {
		for n := range resources {
			err := tx.Write(b.Context(), `
				INSERT INTO resources (collectivity, id, kind, name, place, seats, address, active, turn, created, modified)
				VALUES ('bourg', $1, 'room', $1, '', 10, $2, TRUE, 0, 0, 0)`, fmt.Sprint("room-", n), room(n))
			if err != nil {
				return err
			}
		}
		for n := range bookings { // at every other hour, so that there is room between
			starts := t.begins.Add(time.Duration(n/resources) * 2 * time.Hour)
			err := tx.Write(b.Context(), `
				INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on)
				VALUES ('bourg', $1, $2, 0, $3, $4, 'other', $2, FALSE)`,
				fmt.Sprint("room-", n%resources), fmt.Sprint("event-", n), starts.UnixMilli(), starts.Add(time.Hour).UnixMilli())
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func room(n int) string { return fmt.Sprint("room-", n, "@bourg.example") }

// event is an hour that begins so long after the town's first one, in one room.
func (t *town) event(uid string, after time.Duration, in int, more ...string) []byte {
	start := t.begins.Add(after)
	return []byte(strings.Join(append(append([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:bench", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z",
		"DTSTART:" + start.Format("20060102T150405Z"), "DTEND:" + start.Add(time.Hour).Format("20060102T150405Z"), "SUMMARY:Réunion",
		"ORGANIZER:mailto:admin@bourg.example", "ATTENDEE:mailto:" + room(in),
	}, more...), "END:VEVENT", "END:VCALENDAR", ""), "\r\n"))
}

func (t *town) put(b testing.TB, uid string, text []byte) {
	_, err := t.Calendar.Put(b.Context(), t.caller, calendar.CalendarID(t.caller.Agent), uid+".ics", text, calendar.Condition{})
	if err != nil {
		b.Error(err)
	}
}

// count is what a query counts.
func (t *town) count(b *testing.B, query string) (count int) {
	b.Helper()
	if err := t.DB.QueryRow(b.Context(), query).Scan(&count); err != nil {
		b.Fatal(err)
	}
	return count
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func measure(b *testing.B, one func(n int)) {
	begun, n := cpu(), 0
	for b.Loop() {
		one(n)
		n++
	}
	b.ReportMetric(float64(cpu()-begun)/1e6/float64(n), "cpu-ms/op")
}

// BenchmarkBook puts events that invite a room: alone, beside 10,000 bookings of 100 rooms and beside
// 100,000 of 1,000, which must cost the same; where it is taken; a series of every working day for two
// years, and one that loses 25 dates.
func BenchmarkBook(b *testing.B) {
	for _, size := range []struct{ rooms, bookings int }{{1, 0}, {100, 10_000}, {1000, 100_000}} {
		b.Run(fmt.Sprint("beside-", size.bookings), func(b *testing.B) {
			t := newTown(b, size.rooms, size.bookings)
			for name, after := range map[string]time.Duration{"free": time.Hour, "taken": 0} {
				if name == "taken" && size.bookings == 0 {
					continue
				}
				b.Run(name, func(b *testing.B) {
					measure(b, func(n int) {
						uid := portal.NewID()
						hours := time.Duration(n/size.rooms) * 2 * time.Hour
						if name == "taken" {
							hours = 0
						}
						t.put(b, uid, t.event(uid, after+hours, n%size.rooms))
					})
				})
			}
			b.Run("two-years-of-working-days", func(b *testing.B) {
				measure(b, func(n int) {
					b.StopTimer()
					id, err := t.Booking.Create(b.Context(), t.caller, booking.Resource{Kind: booking.Room, Name: "Neuve", Address: fmt.Sprint("new", portal.NewID(), "@bourg.example")}, "")
					if err != nil {
						b.Fatal(err)
					}
					uid := portal.NewID()
					text := strings.Replace(string(t.event(uid, time.Hour, 0, "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")), "mailto:"+room(0), "/dav/principals/"+string(id)+"/", 1)
					b.StartTimer()
					t.put(b, uid, []byte(text))
				})
			})
			if size.bookings == 0 {
				return
			}
			b.Run("two-years-without-some-dates", func(b *testing.B) {
				measure(b, func(n int) {
					uid := portal.NewID()
					b.StopTimer()
					if n > 0 { // its room is given back
						if _, err := t.DB.Exec(b.Context(), `DELETE FROM bookings WHERE collectivity = 'bourg' AND holder = $1`, string(t.caller.Agent)); err != nil {
							b.Fatal(err)
						}
					}
					b.StartTimer()
					t.put(b, uid, t.event(uid, 0, n%size.rooms, "RRULE:FREQ=DAILY;COUNT=200"))
				})
			})
		})
	}
}

// BenchmarkForm shows the form of an event with all that can be booked at its time, of 30 and 300 resources
// beside 100 and 10,000 bookings.
func BenchmarkForm(b *testing.B) {
	for _, size := range []struct{ rooms, bookings int }{{30, 100}, {30, 10_000}, {300, 10_000}} {
		b.Run(fmt.Sprintf("%d-beside-%d", size.rooms, size.bookings), func(b *testing.B) {
			t := newTown(b, size.rooms, size.bookings)
			day, client := t.begins.Format(time.DateOnly), t.As("admin@bourg.example")
			measure(b, func(int) {
				client.Post("/calendar/guests", "title", "Budget", "start", day, "start-time", "10:00", "end", day, "end-time", "11:00",
					"calendar", string(t.caller.Agent), "invites", "1", "do", "rooms").Want(b, http.StatusOK, "room-1")
			})
		})
	}
}

// BenchmarkRace has 50 people ask for one room at one time: per round, of which one has it.
func BenchmarkRace(b *testing.B) {
	t := newTown(b, 1, 0)
	const people = 50
	callers := make([]portal.Caller, people)
	for i := range callers {
		login := fmt.Sprint("racer", i, "@bourg.example")
		t.Hire(servertest.Person{Login: login, GivenName: "Agent", FamilyName: fmt.Sprint(i), Collectivities: []portal.CollectivityID{"bourg"}})
		callers[i] = t.Caller(login, "bourg")
	}
	rounds := 0
	measure(b, func(n int) {
		var wait sync.WaitGroup
		for i, caller := range callers {
			wait.Go(func() {
				uid := portal.NewID()
				text := strings.Replace(string(t.event(uid, time.Duration(n)*time.Hour, 0)), "mailto:admin@", fmt.Sprint("mailto:racer", i, "@"), 1)
				if _, err := t.Calendar.Put(b.Context(), caller, calendar.CalendarID(caller.Agent), uid+".ics", []byte(text), calendar.Condition{}); err != nil {
					b.Error(err)
				}
			})
		}
		wait.Wait()
		rounds++
	})
	accepted := t.count(b, `SELECT COUNT(*) FROM bookings WHERE collectivity = 'bourg'`)
	declined := t.count(b, `SELECT COUNT(*) FROM calendar_messages WHERE collectivity = 'bourg' AND method = 'REPLY'`) // to each who is refused
	if accepted != rounds || declined != rounds*(people-1) {
		b.Errorf("%d accepted and %d declined after %d rounds", accepted, declined, rounds)
	}
}

// ruled is a room with hours, closed days, and somebody who accepts.
func (t *town) ruled(b *testing.B, approval bool) booking.ResourceID {
	b.Helper()
	r := booking.Resource{Kind: booking.Room, Name: "Réglée", HolidaysOff: true, Ahead: 730, Longest: 8 * time.Hour, Notice: time.Minute, Approval: approval}
	for day := range r.Hours {
		r.Hours[day] = []booking.Range{{From: 0, Until: 720}, {From: 750, Until: 1440}}
	}
	for n := range 20 {
		day := t.begins.AddDate(0, 0, 30*n).Format(time.DateOnly)
		r.Closings = append(r.Closings, booking.Closing{First: day, Last: day, Reason: "Travaux"})
	}
	id, err := t.Booking.Create(b.Context(), t.caller, r, "")
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// BenchmarkRules decides a series of two years, 522 working days, in a room with hours, 20 closed days and public
// holidays: alone, as the decision in its transaction; and with somebody who accepts.
func BenchmarkRules(b *testing.B) {
	for _, approval := range []bool{false, true} {
		b.Run(fmt.Sprint("approval-", approval), func(b *testing.B) {
			t := newTown(b, 100, 10_000)
			id := t.ruled(b, approval)
			wish := booking.Wish{Resource: id, Exceptions: 50}
			for n := 0; len(wish.Slots) < 522; n++ {
				if day := t.begins.AddDate(0, 0, n).Add(8 * time.Hour); day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
					wish.Slots = append(wish.Slots, booking.Slot{Recurrence: day, Start: day, End: day.Add(time.Hour)})
				}
			}
			refused := 0
			measure(b, func(int) {
				err := t.DB.Tx(b.Context(), func(tx *database.Tx) error {
					event := portal.NewID()
					verdicts, err := t.Booking.Decide(b.Context(), tx, booking.Claim{
						Collectivity: "bourg", Event: event, UID: event, Holder: "holder", MaxSlots: calendar.MaxBooked, Wishes: []booking.Wish{wish},
					})
					if err != nil || verdicts[0].Why != "" {
						return fmt.Errorf("%v: %w", verdicts, err)
					}
					refused = len(verdicts[0].Refused)
					_, err = t.Booking.Decide(b.Context(), tx, booking.Claim{Collectivity: "bourg", Event: event, UID: event, Holder: "holder"}) // given back
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			})
			b.ReportMetric(float64(refused), "refused")
		})
	}
}

// BenchmarkPlan lists what 100 resources are booked for in a week, 21 times each, beside 100,000 in a year; and
// finds what is free among them.
func BenchmarkPlan(b *testing.B) {
	t := newTown(b, 100, 100_000)
	spread := `UPDATE bookings SET starts = 4 * starts - 3 * $1, ends = 4 * starts - 3 * $1 + 3600000 WHERE collectivity = 'bourg'` // one every eight hours
	if _, err := t.DB.Exec(b.Context(), spread, t.begins.UnixMilli()); err != nil {
		b.Fatal(err)
	}
	hours := "mo 08:00-12:00 14:00-18:00\ntu 08:00-12:00 14:00-18:00"
	if _, err := t.DB.Exec(b.Context(), `UPDATE resources SET hours = $1 WHERE collectivity = 'bourg' AND id LIKE '%7'`, hours); err != nil {
		b.Fatal(err)
	}
	client := t.As("admin@bourg.example")
	for _, view := range []string{"week", "day"} { // of the pages of agents: 100 resources over a week, the first eight side by side
		b.Run(view+"-page", func(b *testing.B) {
			path := "/bookings?view=" + view + "&date=" + t.begins.AddDate(0, 0, 7).Format(time.DateOnly)
			measure(b, func(int) { client.Get(path).Want(b, http.StatusOK, "room-1") })
		})
	}
	b.Run("week", func(b *testing.B) {
		count := 0
		measure(b, func(int) {
			plan, err := t.Booking.Plan(b.Context(), t.caller, nil, t.begins, t.begins.AddDate(0, 0, 7))
			if err != nil {
				b.Fatal(err)
			}
			count = 0
			for _, some := range plan.Bookings {
				count += len(some)
			}
		})
		b.ReportMetric(float64(count), "bookings")
	})
	b.Run("series", func(b *testing.B) { // every day of two years, in each of them
		last := t.begins.AddDate(0, 0, 720)
		measure(b, func(int) {
			offers, err := t.Booking.Offers(b.Context(), t.caller, nil, booking.Need{From: t.begins, To: t.begins.Add(time.Hour), Kind: booking.Room}, booking.Series{Every: "daily", Until: last})
			if err != nil || len(offers) != 100 || len(offers[0].Dates) < 700 {
				b.Fatal(len(offers), err)
			}
			if err := t.Booking.Tell(b.Context(), t.caller, &offers[99], offers); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("free", func(b *testing.B) {
		measure(b, func(int) {
			if _, err := t.Booking.Free(b.Context(), t.caller, nil, booking.Need{From: t.begins, To: t.begins.Add(time.Hour), Kind: booking.Room, Seats: 8}); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkTrips is the page of this week of 100 vehicles, none of them out, and then all, beside 20,000 trips that are
// over.
func BenchmarkTrips(b *testing.B) {
	t := newTown(b, 100, 1000)
	if _, err := t.DB.Exec(b.Context(), `UPDATE resources SET kind = 'vehicle' WHERE collectivity = 'bourg'`); err != nil {
		b.Fatal(err)
	}
	client := t.As("admin@bourg.example")
	page := func(b *testing.B) {
		measure(b, func(int) { client.Get("/bookings?kind=vehicle&view=week").Want(b, http.StatusOK, "room-1") })
	}
	b.Run("in", page)
	trip := `INSERT INTO vehicle_trips (collectivity, id, resource, event, recurrence, driver, due, out_at, out_km, out_level, out_said, out_by, out_noted, back_at)
		SELECT 'bourg', r.id || '-' || $1, r.id, '', 0, 'holder', $2, $2, 1000, -1, '', 'holder', $2, $3 FROM resources r WHERE r.collectivity = 'bourg'`
	now := time.Now().UnixMilli()
	for i := range 201 {
		back := now - int64(i)*3_600_000
		if i == 0 {
			back = 0 // it is out
		}
		if _, err := t.DB.Exec(b.Context(), trip, fmt.Sprint(i), now-int64(i+1)*3_600_000, back); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("out", page)
}
