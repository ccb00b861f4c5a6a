// Package calendar measures the CalDAV door as the comparison of servers in the design does: one
// calendar of 10,000 events, of which a week holds 577.
//
//	go test ./bench/calendar -bench . -benchtime 2s
package calendar

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/calendar/caldav"
	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database/databasetest"
)

const (
	events    = 10_000
	recurring = 540 // weekly since 2020, without end: each is in every week
	weeks     = 256 // over which the others lie, 37 in nearly every week
	base      = "/dav/calendars/claire/personal/"
)

var claire = portal.Caller{Agent: "claire", Account: "claire", Collectivity: "bourg"}

type everyone struct{}

func (everyone) Authenticate(context.Context, string, string, string) (portal.Program, error) {
	return portal.Program{Caller: claire, Scopes: portal.Scopes{portal.ScopeCalendar}}, nil
}

func (everyone) Person(context.Context, portal.Caller) (dav.Person, error) {
	return dav.Person{Name: "Claire"}, nil
}

func (everyone) Named(context.Context, portal.Caller, []portal.AgentID) ([]dav.Person, error) {
	return nil, nil
}

func (everyone) Resources(context.Context, portal.Caller, int) ([]dav.Person, error) {
	return nil, nil
}

func (everyone) Find(context.Context, portal.Caller, string, int) ([]dav.Person, error) {
	return nil, nil
}

// newSite is a site with the calendar filled.
func newSite(b *testing.B, events int) (*dav.Site, *calendar.Store) {
	b.Helper()
	ctx, db := context.Background(), databasetest.New(b)
	_, err := db.Exec(ctx, `
		INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ('bourg', 'Bourg', 'Bourg', 'commune', 0)`)
	if err != nil {
		b.Fatal(err)
	}
	store := calendar.NewStore(db)
	// One synced write to make the calendar, then the rest without waiting for the disk.
	put(b, store, 0)
	if _, err := db.Exec(ctx, `PRAGMA synchronous = OFF`); err != nil && db.Engine() == "sqlite" {
		b.Fatal(err)
	}
	for i := 1; i < events; i++ {
		put(b, store, i)
	}
	if _, err := db.Exec(ctx, `PRAGMA synchronous = FULL`); err != nil && db.Engine() == "sqlite" {
		b.Fatal(err)
	}
	return dav.NewSite(everyone{}, everyone{}, slog.New(slog.DiscardHandler), caldav.Home(store)), store
}

func put(b *testing.B, store *calendar.Store, i int) {
	b.Helper()
	_, err := store.Put(context.Background(), claire, calendar.CalendarID(claire.Agent), fmt.Sprintf("event-%05d.ics", i), []byte(event(i)), calendar.Condition{})
	if err != nil {
		b.Fatal(err)
	}
}

// event is what a phone sends: some 600 bytes with an alarm.
func event(i int) string {
	start := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, 7*(i%weeks)+i%5).Add(time.Duration(i%10) * time.Hour)
	rule := ""
	if i < recurring {
		start = time.Date(2020, 1, 6+i%5, 8+i%10, 0, 0, 0, time.UTC)
		rule = "RRULE:FREQ=WEEKLY\r\n"
	}
	return fmt.Sprintf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//FR\r\nBEGIN:VEVENT\r\nUID:event-%05d@bourg.example\r\n"+
		"DTSTAMP:20260101T000000Z\r\nCREATED:20260101T000000Z\r\nSEQUENCE:0\r\nDTSTART;TZID=Europe/Paris:%s\r\nDURATION:PT1H\r\n%s"+
		"SUMMARY:Réunion de service n° %d\r\nLOCATION:Salle du conseil\r\nDESCRIPTION:Ordre du jour\\, budget et travaux de voirie.\\nPièces jointes sur le portail.\r\n"+
		"STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nX-MOZ-GENERATION:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Rappel\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		i, start.Format("20060102T150405"), rule, i)
}

// discard is a client that takes all and keeps the count.
type discard struct {
	header http.Header
	status int
	bytes  int
}

func (d *discard) Header() http.Header    { return d.header }
func (d *discard) WriteHeader(status int) { d.status = status }
func (d *discard) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}

func ask(site *dav.Site, method, path, body string) *discard {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.SetBasicAuth("claire", "x")
	r.Header.Set("Depth", "1")
	w := &discard{header: http.Header{}, status: 200}
	site.ServeHTTP(w, r)
	return w
}

// measure runs one request b.N times and reports CPU beside the wall time.
func measure(b *testing.B, status int, one func(i int) *discard) {
	b.Helper()
	begun, n, size := cpu(), 0, 0
	for b.Loop() {
		answer := one(n)
		if answer.status != status {
			b.Fatalf("status %d, want %d", answer.status, status)
		}
		size = answer.bytes
		n++
	}
	b.ReportMetric(float64(cpu()-begun)/1e6/float64(n), "cpu-ms/op")
	b.ReportMetric(float64(size)/1024, "KiB")
	b.ReportMetric(float64(peak()), "peak-MiB")
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peak is the most memory the process held, filling included, in MiB.
func peak() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return usage.Maxrss / 1024
}

const (
	listBody = `<propfind xmlns="DAV:"><prop><getetag/><getcontenttype/><resourcetype/></prop></propfind>`
	weekBody = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20261123T000000Z" end="20261130T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`
	ctagBody = `<propfind xmlns="DAV:" xmlns:S="http://calendarserver.org/ns/"><prop><S:getctag/></prop></propfind>`
)

const syncBody = `<sync-collection xmlns="DAV:"><sync-token>urn:parvis:sync:%s</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`

func BenchmarkCalDAV(b *testing.B) {
	site, store := newSite(b, events)
	serial := events
	b.Run("put", func(b *testing.B) {
		measure(b, 201, func(int) *discard {
			serial++
			return ask(site, "PUT", fmt.Sprintf("%sevent-%05d.ics", base, serial), event(serial))
		})
	})
	b.Run("propfind-10000", func(b *testing.B) {
		measure(b, 207, func(int) *discard { return ask(site, "PROPFIND", base, listBody) })
	})
	b.Run("week", func(b *testing.B) {
		measure(b, 207, func(int) *discard { return ask(site, "REPORT", base, weekBody) })
	})
	b.Run("week-page", func(b *testing.B) {
		from := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		measure(b, 200, func(int) *discard {
			found, err := store.Instances(context.Background(), claire, from, from.AddDate(0, 0, 7))
			if err != nil || len(found) < recurring {
				b.Fatal(len(found), err)
			}
			b.ReportMetric(float64(len(found)), "instances")
			return &discard{status: 200}
		})
	})
	b.Run("sync-one-change", func(b *testing.B) {
		measure(b, 207, func(n int) *discard {
			b.StopTimer()
			c, err := store.Calendar(context.Background(), claire, calendar.CalendarID(claire.Agent))
			if err != nil {
				b.Fatal(err)
			}
			serial++
			put(b, store, serial)
			b.StartTimer()
			return ask(site, "REPORT", base, fmt.Sprintf(syncBody, c.Sync))
		})
	})
	b.Run("ctag", func(b *testing.B) {
		measure(b, 207, func(int) *discard {
			r := httptest.NewRequest("PROPFIND", base, strings.NewReader(ctagBody))
			r.SetBasicAuth("claire", "x")
			r.Header.Set("Depth", "0")
			w := &discard{header: http.Header{}, status: 200}
			site.ServeHTTP(w, r)
			return w
		})
	})
}
