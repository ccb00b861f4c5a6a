package signon

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/e2e/servers"
)

const (
	agents      = 2000 // each with a session that browses
	signInEvery = 10 * time.Millisecond
	browseEvery = 2500 * time.Microsecond // each session asks for its home page every five seconds
	liveAtEnd   = 50_000
)

// agent is one of a large town's, in the directory server alone until she signs in.
func agent(i int) servers.Person {
	uid := fmt.Sprintf("agent%04d", i)
	return servers.Person{UID: uid, GivenName: "Agente", FamilyName: fmt.Sprint("Numéro ", i), Mail: uid + "@bourg.example", Password: "Mairie-Ouverte-" + uid}
}

// entries is the LDIF of all agents. Their passwords are not hashed: slapd's time is
// not what is measured.
func entries() string {
	var text strings.Builder
	for i := range agents {
		one := agent(i)
		fmt.Fprintf(&text, "dn: %s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\ngivenName: %s\nmail: %s\nuserPassword: %s\n\n",
			one.DN(), one.UID, one.UID, one.UID, one.GivenName, one.Mail, one.Password)
	}
	return text.String()
}

// watch gathers how long requests took.
type watch struct {
	mu    sync.Mutex
	times []time.Duration
}

func (w *watch) time(run func()) {
	begun := time.Now()
	run()
	took := time.Since(begun)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, took)
}

// at is a quantile, in milliseconds.
func (w *watch) at(share float64) float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.times)
	return float64(w.times[int(share*float64(len(w.times)-1))].Microseconds()) / 1000
}

// BenchmarkLoad is a Monday morning: a hundred sign-ins by LDAP a second while two
// thousand sessions look at their home page. Requests leave at their hour whether or
// not those before came back, and their time counts from then. It lasts PARVIS_LOAD,
// 30 s without; then sessions are opened until fifty thousand live.
func BenchmarkLoad(b *testing.B) {
	lasts := 30 * time.Second
	if given := os.Getenv("PARVIS_LOAD"); given != "" {
		var err error
		if lasts, err = time.ParseDuration(given); err != nil {
			b.Fatal(err)
		}
	}
	p := openParvis(b, servers.LDAP(b, entries())).(*parvis)
	sessions := make([]*http.Cookie, agents)
	opened := atomic.Int64{}
	signIn := func(i int) *http.Cookie {
		defer opened.Add(1)
		return p.signIn(b, agent(i%agents))
	}
	atOnce(8, agents, func(i int) { sessions[i] = signIn(i) })
	for b.Loop() {
		var signing, browsing watch
		before, begun := spent(b, p.processes()), time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			at(signInEvery, lasts, func(i int) { signing.time(func() { signIn(i) }) })
		})
		all.Go(func() {
			at(browseEvery, lasts, func(i int) {
				browsing.time(func() { do(b, get(p.address("portal"), sessions[i%agents]), http.StatusOK) })
			})
		})
		all.Wait()
		share := float64(spent(b, p.processes())-before) / float64(time.Since(begun))
		b.ReportMetric(browsing.at(.5), "browse-p50-ms")
		b.ReportMetric(browsing.at(.99), "browse-p99-ms")
		b.ReportMetric(signing.at(.5), "sign-in-p50-ms")
		b.ReportMetric(signing.at(.99), "sign-in-p99-ms")
		b.ReportMetric(share, "processors")
		b.ReportMetric(float64(memory(b, p.processes()))/(1<<20), "MiB-under-load")
	}
	missing := liveAtEnd - int(opened.Load())
	atOnce(8, max(0, missing), func(i int) { signIn(i) })
	atOnce(8, agents, func(i int) { do(b, get(p.address("portal"), sessions[i]), http.StatusOK) })
	b.ReportMetric(float64(memory(b, p.processes()))/(1<<20), "MiB-50000-sessions")
}

// at runs something at each tick, whatever those before do, and waits for the last.
func at(every, lasts time.Duration, run func(i int)) {
	var all sync.WaitGroup
	begun := time.Now()
	for i := range int(lasts / every) {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * every)))
		all.Go(func() { run(i) })
	}
	all.Wait()
}

// atOnce runs something so many times, a few at a time.
func atOnce(few, count int, run func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range few {
		all.Go(func() {
			for i := next.Add(1); i <= int64(count); i = next.Add(1) {
				run(int(i - 1))
			}
		})
	}
	all.Wait()
}
