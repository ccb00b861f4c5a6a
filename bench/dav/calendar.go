package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"parvis/e2e/dav/probe"
)

// calendar is one on a server.
type calendar struct {
	on     *server
	url    string
	owner  probe.Account
	events int
}

var client = &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}

// do sends a request and returns its body, and how long it took.
func (c *calendar) do(by *http.Client, method, url, depth, body string, want int) (string, time.Duration, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	request.SetBasicAuth(c.owner.Login, c.owner.Password)
	request.Header.Set("Depth", depth)
	begun := time.Now()
	answer, err := by.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s: %d %.200s", method, url, answer.StatusCode, text)
	}
	return string(text), time.Since(begun), err
}

// fill makes a calendar of some events by requests, eight at a time.
func (s *server) fill(slug string, events int) (*calendar, error) {
	c := &calendar{on: s, owner: s.people[0], events: events}
	home, err := c.home()
	if err != nil {
		return nil, err
	}
	c.url = home + slug + "/"
	if _, _, err := c.do(client, "MKCALENDAR", c.url, "0", "", 201); err != nil {
		return nil, err
	}
	begun := time.Now()
	var group sync.WaitGroup
	failures := make(chan error, 8)
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < events; i += 8 {
				if _, _, err := c.do(client, "PUT", c.url+name(i), "0", event(i), 201); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-failures:
		return nil, err
	default:
	}
	fmt.Printf("%d events written in %.1f s by 8 clients\n\n", events, time.Since(begun).Seconds())
	return c, nil
}

// home is the address of the owner's home.
func (c *calendar) home() (string, error) {
	text, _, err := c.do(client, "PROPFIND", c.on.url+"/dav/calendars/", "1", `<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>`, 207)
	if err != nil {
		return "", err
	}
	hrefs := strings.Split(text, "href>")
	return c.on.url + strings.TrimSuffix(hrefs[len(hrefs)-2], "</D:"), nil
}

func name(i int) string { return fmt.Sprintf("event-%05d.ics", i) }

// event is what a phone sends, as in bench/calendar: of 10,000, 577 are in each week, 540 of them series without end.
func event(i int) string {
	start, rule := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, 7*(i%256)+i%5).Add(time.Duration(i%10)*time.Hour), ""
	if i%18 == 0 {
		start, rule = time.Date(2020, 1, 6+i%5, 8+i%10, 0, 0, 0, time.UTC), "RRULE:FREQ=WEEKLY\r\n"
	}
	return fmt.Sprintf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Bench//FR\r\nBEGIN:VEVENT\r\nUID:event-%05d@bourg.example\r\n"+
		"DTSTAMP:20260101T000000Z\r\nCREATED:20260101T000000Z\r\nSEQUENCE:0\r\nDTSTART;TZID=Europe/Paris:%s\r\nDURATION:PT1H\r\n%s"+
		"SUMMARY:Réunion de service n° %d\r\nLOCATION:Salle du conseil\r\nDESCRIPTION:Ordre du jour\\, budget et travaux de voirie.\\nPièces jointes sur le portail.\r\n"+
		"STATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nX-MOZ-GENERATION:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Rappel\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		i, start.Format("20060102T150405"), rule, i)
}

const (
	listBody  = `<propfind xmlns="DAV:"><prop><getetag/><getcontenttype/><resourcetype/></prop></propfind>`
	weekBody  = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20261123T000000Z" end="20261130T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`
	ctagBody  = `<propfind xmlns="DAV:" xmlns:S="http://calendarserver.org/ns/"><prop><S:getctag/></prop></propfind>`
	tokenBody = `<propfind xmlns="DAV:"><prop><sync-token/></prop></propfind>`
	syncBody  = `<sync-collection xmlns="DAV:"><sync-token>%s</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`
	getBody   = `<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><href>%s</href></C:calendar-multiget>`
)

// row is one kind of request: the median of its wall times, and what one costs the server, in ms.
type row struct {
	what      string
	wall, cpu float64
}

// ask sends each kind of request a number of times.
func (c *calendar) ask() (rows []row, err error) {
	serial, token := c.events, ""
	put := func() (time.Duration, error) {
		serial++
		_, took, err := c.do(client, "PUT", c.url+name(serial), "0", event(serial), 201)
		return took, err
	}
	plain := func(method, depth, body string) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			_, took, err := c.do(client, method, c.url, depth, body, 207)
			return took, err
		}
	}
	for _, kind := range []struct {
		what  string
		times int
		first func() error
		one   func() (time.Duration, error)
	}{
		{"first query of a week, whatever is cached", 1, nil, plain("REPORT", "1", weekBody)},
		{"PUT of a new event", 40, nil, put},
		{"PROPFIND depth 1, three properties", 8, nil, plain("PROPFIND", "1", listBody)},
		{"calendar-query of a week with data", 8, nil, plain("REPORT", "1", weekBody)},
		{"sync-collection after one change", 20, func() error {
			text, _, err := c.do(client, "PROPFIND", c.url, "0", tokenBody, 207)
			if token = between(text, "sync-token>", "<"); err == nil {
				_, err = put()
			}
			return err
		}, func() (time.Duration, error) {
			_, took, err := c.do(client, "REPORT", c.url, "1", fmt.Sprintf(syncBody, token), 207)
			return took, err
		}},
		{"poll of the ctag", 100, nil, plain("PROPFIND", "0", ctagBody)},
	} {
		var times []time.Duration
		var spent time.Duration
		for range kind.times {
			if kind.first != nil {
				if err := kind.first(); err != nil {
					return nil, err
				}
			}
			before := c.on.cpu()
			took, err := kind.one()
			if err != nil {
				return nil, err
			}
			times, spent = append(times, took), spent+c.on.cpu()-before
		}
		rows = append(rows, row{kind.what, quantile(times, 0.5), float64(spent.Milliseconds()) / float64(kind.times)})
	}
	return rows, nil
}

// between is what stands between two texts.
func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

// quantile is one of the times, in ms.
func quantile(times []time.Duration, q float64) float64 {
	slices.Sort(times)
	return float64(times[min(len(times)-1, int(q*float64(len(times))))].Microseconds()) / 1000
}
