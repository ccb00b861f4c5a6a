// Package todo_test measures what waits for people costs: the page, and the count
// that every page shows. docs/performance-todo.md tells the figures.
package todo_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"syscall"
	"testing"

	"parvis/applications"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const (
	waiting    = 200 // requests in bourg
	agentsEach = 20  // of each other collectivity, two of whom ask
)

// collectivities beside bourg: PARVIS_BENCH_COLLECTIVITIES, else 1,000.
func collectivities(b *testing.B) int {
	b.Helper()
	text := os.Getenv("PARVIS_BENCH_COLLECTIVITIES")
	if text == "" {
		return 1000
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return count
}

// pool is a portal whose bourg has 200 requests that wait.
type pool struct {
	*servertest.Portal
	b      *testing.B
	admin  portal.Caller
	cookie *http.Cookie
}

func open(b *testing.B) *pool {
	b.Helper()
	p := &pool{Portal: servertest.New(b), b: b}
	p.admin = p.Caller("admin@bourg.example", "bourg")
	_, err := p.Applications.Create(b.Context(), p.admin, applications.Application{
		ID: "paie", Name: "Paie", URL: "https://paie.example/", Audience: []portal.GroupID{"accueil"}, OnDemand: true,
	}, "")
	p.must(err)
	p.must(p.DB.Tx(b.Context(), func(tx *database.Tx) error {
		if err := p.people(tx, "bourg", waiting, waiting); err != nil {
			return err
		}
		for n := range collectivities(b) {
			id := fmt.Sprintf("c%04d", n)
			if _, err := tx.Exec(b.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id); err != nil {
				return err
			}
			if err := p.people(tx, id, agentsEach, 2); err != nil {
				return err
			}
		}
		return nil
	}))
	secret, err := p.SSO.Open(b.Context(), p.admin.Account, "bourg")
	p.must(err)
	p.cookie = &http.Cookie{Name: sso.CookieName(false), Value: secret}
	return p
}

func (p *pool) must(err error) {
	p.b.Helper()
	if err != nil {
		p.b.Fatal(err)
	}
}

// people adds agents to a collectivity, the first of whom ask for an application.
func (p *pool) people(tx *database.Tx, collectivity string, agents, asking int) error {
	for n := range agents {
		id := fmt.Sprintf("agent-%d", n)
		_, err := tx.Exec(p.b.Context(), `
			INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, function, created) VALUES ($1, $2, 'Camille', $3, $3, 'Agente', 0)`,
			collectivity, id, "Nom "+strconv.Itoa(n))
		if err != nil {
			return err
		}
		if n >= asking {
			continue
		}
		_, err = tx.Exec(p.b.Context(), `
			INSERT INTO application_requests (collectivity, id, application, agent, reason, asked) VALUES ($1, $2, 'paie', $2, 'Je remplace une collègue partie en congé', $3)`,
			collectivity, id, 1_700_000_000_000+n)
		if err != nil {
			return err
		}
	}
	return nil
}

// metered runs a benchmark's loop and reports the processor time of a round: the
// machine that measures has other work.
func metered(b *testing.B, round func()) {
	before := processor(b)
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(processor(b)-before)/1000/float64(b.N), "cpu-µs/op")
}

// processor is the processor time of this process, in ns.
func processor(b *testing.B) int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}

func (p *pool) get(path string) *httptest.ResponseRecorder {
	p.b.Helper()
	request := httptest.NewRequest("GET", path, nil)
	request.Header.Set("Accept-Encoding", "gzip")
	request.AddCookie(p.cookie)
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		p.b.Fatalf("GET %s: %d", path, recorder.Code)
	}
	return recorder
}

// BenchmarkPage is /todo, first page and last, of 200 items that are read anew.
func BenchmarkPage(b *testing.B) {
	p := open(b)
	for _, path := range []string{"/todo", "/todo?page=10"} {
		b.Run(path, func(b *testing.B) {
			size := 0
			metered(b, func() { size = p.get(path).Body.Len() })
			b.ReportMetric(float64(size), "octets")
		})
	}
}

// BenchmarkCount is what the header costs: kept, and counted again after a change,
// for an administrator with 200 requests and for an agent with nothing.
func BenchmarkCount(b *testing.B) {
	p := open(b)
	agent := p.Caller("collegue@bourg.example", "bourg")
	for name, caller := range map[string]portal.Caller{"administrator": p.admin, "agent": agent} {
		b.Run("kept/"+name, func(b *testing.B) {
			metered(b, func() { p.Inbox.Count(b.Context(), caller) })
		})
		b.Run("again/"+name, func(b *testing.B) {
			metered(b, func() {
				p.Inbox.Changed("bourg")
				p.Inbox.Count(b.Context(), caller)
			})
		})
	}
	if count := p.Inbox.Count(b.Context(), p.admin); count != waiting {
		b.Errorf("%d wait, want %d", count, waiting)
	}
}

// BenchmarkHome is the home page, warm, with its count and its box.
func BenchmarkHome(b *testing.B) {
	p := open(b)
	p.get("/")
	metered(b, func() { p.get("/") })
}
