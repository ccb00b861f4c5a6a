package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	pollers   = 500
	pollEvery = 15 * time.Minute
	faster    = 30 // times: the polls of half an hour come within a minute
	syncers   = 50
	burst     = 5 * time.Second // between two moments at which all of them synchronise
)

// times are those of requests from many goroutines.
type times struct {
	mu     sync.Mutex
	all    []time.Duration
	failed error
}

func (t *times) add(took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, took)
	if err != nil {
		t.failed = err
	}
}

func (t *times) String() string {
	return fmt.Sprintf("%d requests, median %.1f ms, p99 %.1f ms, worst %.1f ms", len(t.all), quantile(t.all, 0.5), quantile(t.all, 0.99), quantile(t.all, 1))
}

// load has clients poll the ctags of calendars, each over a connection of its own, while others synchronise all at once:
// they hear of the change, ask what it is, and read it. Clients share the calendars, where there are fewer.
func load(of []*calendar, lasting time.Duration) error {
	var polls, syncs times
	var group sync.WaitGroup
	server := of[0].on
	before, begun := server.cpu(), time.Now()
	end := begun.Add(lasting)
	group.Go(func() { poll(of, &polls, end) })
	group.Go(func() { synchronise(of[:min(len(of), syncers)], &syncs, end) })
	group.Wait()
	fmt.Printf("\n%d clients polling every 15 minutes, %d times as fast, and %d that synchronise at once every %v, for %v, of %d calendars; load average %s, CPU %.0f %% of one core:\n\n",
		pollers, faster, syncers, burst, lasting, len(of), loadAverage(), 100*float64(server.cpu()-before)/float64(time.Since(begun)))
	fmt.Printf("- polls: %v\n- synchronising: %v\n", &polls, &syncs)
	if polls.failed != nil {
		return polls.failed
	}
	return syncs.failed
}

func poll(of []*calendar, polls *times, end time.Time) {
	var group sync.WaitGroup
	defer group.Wait()
	ticker := time.NewTicker(pollEvery / faster / pollers)
	defer ticker.Stop()
	for i := 0; time.Now().Before(end); i++ {
		<-ticker.C
		c := of[i%len(of)]
		group.Go(func() {
			phone := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
			_, took, err := c.do(phone, "PROPFIND", c.url, "0", ctagBody, 207)
			polls.add(took, err)
		})
	}
}

// synchronise has something written in each calendar, and then all its clients ask for it.
func synchronise(of []*calendar, syncs *times, end time.Time) {
	var err error
	for serial := 1_000_000; time.Now().Before(end) && err == nil; serial++ {
		tokens := make([]string, len(of))
		for i, c := range of {
			text, _, failed := c.do(client, "PROPFIND", c.url, "0", tokenBody, 207)
			tokens[i] = between(text, "sync-token>", "<")
			if err = failed; err == nil {
				_, _, err = c.do(client, "PUT", c.url+name(serial), "0", event(serial), 201)
			}
			if err != nil {
				break
			}
		}
		var group sync.WaitGroup
		for i := range syncers {
			c, token := of[i%len(of)], tokens[i%len(of)]
			group.Go(func() {
				_, took, err := c.do(client, "PROPFIND", c.url, "0", ctagBody, 207)
				syncs.add(took, err)
				text, took, err := c.do(client, "REPORT", c.url, "1", fmt.Sprintf(syncBody, token), 207)
				syncs.add(took, err)
				_, took, err = c.do(client, "REPORT", c.url, "1", fmt.Sprintf(getBody, between(text, "href>", "<")), 207)
				syncs.add(took, err)
			})
		}
		group.Wait()
		time.Sleep(time.Until(time.Now().Truncate(burst).Add(burst)))
	}
	if err != nil {
		syncs.add(0, err)
	}
}
