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

// load has clients poll the ctag, each over a connection of its own, while others synchronise all at once: they hear of the
// change, ask what it is, and read it.
func (c *calendar) load(lasting time.Duration) error {
	var polls, syncs times
	var group sync.WaitGroup
	before, begun := c.on.cpu(), time.Now()
	end := begun.Add(lasting)
	group.Go(func() { c.poll(&polls, end) })
	group.Go(func() { c.synchronise(&syncs, end) })
	group.Wait()
	fmt.Printf("\n%d clients polling every 15 minutes, %d times as fast, and %d that synchronise at once every %v, for %v; load average %s, CPU %.0f %% of one core:\n\n",
		pollers, faster, syncers, burst, lasting, loadAverage(), 100*float64(c.on.cpu()-before)/float64(time.Since(begun)))
	fmt.Printf("- polls: %v\n- synchronising: %v\n", &polls, &syncs)
	if polls.failed != nil {
		return polls.failed
	}
	return syncs.failed
}

func (c *calendar) poll(polls *times, end time.Time) {
	var group sync.WaitGroup
	defer group.Wait()
	ticker := time.NewTicker(pollEvery / faster / pollers)
	defer ticker.Stop()
	for time.Now().Before(end) {
		<-ticker.C
		group.Go(func() {
			phone := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
			_, took, err := c.do(phone, "PROPFIND", c.url, "0", ctagBody, 207)
			polls.add(took, err)
		})
	}
}

func (c *calendar) synchronise(syncs *times, end time.Time) {
	text, _, err := c.do(client, "PROPFIND", c.url, "0", tokenBody, 207)
	token := between(text, "sync-token>", "<")
	for serial := c.events + 1_000_000; time.Now().Before(end) && err == nil; serial++ {
		_, _, err = c.do(client, "PUT", c.url+name(serial), "0", event(serial), 201)
		next := make(chan string, syncers)
		var group sync.WaitGroup
		for range syncers {
			group.Go(func() {
				_, took, err := c.do(client, "PROPFIND", c.url, "0", ctagBody, 207)
				syncs.add(took, err)
				text, took, err := c.do(client, "REPORT", c.url, "1", fmt.Sprintf(syncBody, token), 207)
				syncs.add(took, err)
				_, took, err = c.do(client, "REPORT", c.url, "1", fmt.Sprintf(getBody, between(text, "href>", "<")), 207)
				syncs.add(took, err)
				next <- between(text, "sync-token>", "<")
			})
		}
		group.Wait()
		token = <-next
		time.Sleep(time.Until(time.Now().Truncate(burst).Add(burst)))
	}
	if err != nil {
		syncs.add(0, err)
	}
}
