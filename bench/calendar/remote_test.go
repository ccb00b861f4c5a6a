package calendar

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/calendar/remote"
	"parvis/portal/database/databasetest"
	"parvis/portal/seal"
)

// distant is claire's account on another server, over loopback: one whose PUT takes no time, or our own door.
type distant struct {
	store    *remote.Store
	url      string
	place    calendar.Foreign
	requests atomic.Int64
	zone     *time.Location
}

func newDistant(b *testing.B) *distant {
	b.Helper()
	site, _ := newSite(b, 1)
	d := &distant{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.requests.Add(1)
		site.ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	d.url = server.URL
	db := databasetest.New(b) // of this side: the other one has its own
	databasetest.AddCollectivities(b, db, "bourg")
	sealer, err := seal.Open(filepath.Join(b.TempDir(), "key"))
	if err != nil {
		b.Fatal(err)
	}
	if d.zone, err = time.LoadLocation("Europe/Paris"); err != nil {
		b.Fatal(err)
	}
	d.store = remote.New(remote.Options{DB: db, Sealer: sealer, Log: slog.New(slog.DiscardHandler), AllowInside: true, AllowPlain: true})
	b.Cleanup(d.store.Close)
	ctx := context.Background()
	if _, err := d.store.Add(ctx, claire, remote.Draft{Name: "Nuage", URL: server.URL + "/dav/", Login: "claire", Password: "x"}, d.zone); err != nil {
		b.Fatal(err)
	}
	places, err := d.store.Abroad(ctx, claire)
	if err != nil || len(places) != 1 || !places[0].Writable {
		b.Fatal(places, err)
	}
	d.place = places[0]
	return d
}

// octets are an event of tomorrow, or a series that is seen 66 times.
func octets(name, rule string, i int) []byte {
	day := time.Now().AddDate(0, 0, 1).Format("20060102")
	if rule != "" {
		day = "20200106"
	}
	return fmt.Appendf(nil, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//FR\r\nBEGIN:VEVENT\r\nUID:%s\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:%d\r\n"+
		"DTSTART;TZID=Europe/Paris:%sT100000\r\nDURATION:PT1H\r\n%sSUMMARY:Réunion de service\r\nLOCATION:Salle du conseil\r\n"+
		"DESCRIPTION:Ordre du jour\\, budget et travaux de voirie.\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Rappel\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		name, i, day, rule)
}

// raw writes as a program would that keeps nothing.
func (d *distant) raw(b *testing.B, name string, octets []byte) {
	req, err := http.NewRequest(http.MethodPut, d.url+base+name+".ics", strings.NewReader(string(octets)))
	if err != nil {
		b.Fatal(err)
	}
	req.SetBasicAuth("claire", "x")
	req.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		b.Fatal(resp.Status)
	}
}

// BenchmarkRemoteSave is what it costs to save into the calendar of another server, beside the same PUT alone. CPU is
// that of both sides.
func BenchmarkRemoteSave(b *testing.B) {
	for kind, rule := range map[string]string{"event": "", "series": "RRULE:FREQ=WEEKLY\r\n"} {
		d := newDistant(b)
		ctx := context.Background()
		count := 0
		run := func(name string, one func(i int)) {
			b.Run(kind+"/"+name, func(b *testing.B) {
				asked, begun, n := d.requests.Load(), cpu(), 0
				for b.Loop() {
					count++
					one(count)
					n++
				}
				b.ReportMetric(float64(cpu()-begun)/1e6/float64(n), "cpu-ms/op")
				b.ReportMetric(float64(d.requests.Load()-asked)/float64(n), "requests/op")
			})
		}
		run("raw-PUT", func(i int) {
			name := fmt.Sprintf("raw-%s-%d", kind, i)
			d.raw(b, name, octets(name, rule, 0))
		})
		var event calendar.EventID
		run("new", func(i int) {
			name := fmt.Sprintf("new-%s-%d", kind, i)
			stored, err := d.store.Put(ctx, claire, calendar.There{Foreign: d.place, Name: name + ".ics"}, octets(name, rule, 0), d.zone)
			if err != nil || len(stored.Instances) == 0 {
				b.Fatal(stored, err)
			}
			event = stored.Instances[0].Event
		})
		last := fmt.Sprintf("new-%s-%d", kind, count)
		run("change", func(i int) {
			there, err := d.store.Open(ctx, claire, event, d.zone, true)
			if err == nil {
				_, err = d.store.Put(ctx, claire, there, octets(last, rule, i), d.zone)
			}
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
