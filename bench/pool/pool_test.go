// Package pool_test measures the pages of who operates the pool, and those of an
// administrator beside many other collectivities. docs/performance-pool.md tells the
// figures.
package pool_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/quota"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const (
	agents  = 100 // of each collectivity
	entries = 20  // sign-ins of each in its journal
	broken  = 10  // one collectivity of so many has a letter that was given up
)

// collectivities are 1,000, or PARVIS_BENCH_COLLECTIVITIES: 3 for a scale point.
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

type pool struct {
	*servertest.Portal
	b *testing.B
}

func open(b *testing.B) *pool {
	b.Helper()
	p := &pool{servertest.New(b), b}
	now := time.Now().UnixMilli()
	p.must(p.DB.Tx(b.Context(), func(tx *database.Tx) error {
		for n := range collectivities(b) {
			if err := fill(b, tx, n, now); err != nil {
				return err
			}
		}
		return nil
	}))
	return p
}

// fill makes one collectivity.
func fill(b *testing.B, tx *database.Tx, n int, now int64) error {
	ctx, id := b.Context(), fmt.Sprintf("c%04d", n)
	if err := tx.Write(ctx, `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $2, $2, 'commune', 0)`, id, "Commune "+id); err != nil {
		return err
	}
	for a := range agents {
		if err := tx.Write(ctx, `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ($1, $2, 'Camille', $3, $3, 0)`,
			id, fmt.Sprintf("agent-%d", a), "Nom "+strconv.Itoa(a)); err != nil {
			return err
		}
	}
	for e := range entries {
		if err := tx.Write(ctx, `INSERT INTO audit_lines (collectivity, id, at, action) VALUES ($1, $2, $3, 'sign-in')`, id, strconv.Itoa(e), now-int64(e)*3_600_000); err != nil {
			return err
		}
	}
	if n%broken > 0 {
		return nil
	}
	return tx.Write(ctx, `INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires, fault) VALUES ($1, $1, $2, 1, 0, 1, 'address')`, id, []byte{})
}

func (p *pool) must(err error) {
	p.b.Helper()
	if err != nil {
		p.b.Fatal(err)
	}
}

// measure asks for a page as who signed in, and reports the processor time of a round
// and the 99th of a hundred: the machine that measures may have other work.
func (p *pool) measure(b *testing.B, cookie *http.Cookie, path string) {
	b.ReportAllocs()
	before := processor(b)
	var took []time.Duration
	for b.Loop() {
		started := time.Now()
		request, recorder := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		request.AddCookie(cookie)
		p.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusOK {
			b.Fatalf("GET %s: %d", path, recorder.Code)
		}
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	b.ReportMetric(float64(processor(b)-before)/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// processor is the processor time of this process, in ns.
func processor(b *testing.B) int64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return used.Utime.Nano() + used.Stime.Nano()
}

func (p *pool) cookieOf(login string, in portal.CollectivityID) *http.Cookie {
	account, err := p.Directory.AccountByLogin(p.b.Context(), login)
	p.must(err)
	secret, err := p.SSO.Open(p.b.Context(), account.ID, in)
	p.must(err)
	return &http.Cookie{Name: sso.CookieName(false), Value: secret}
}

// BenchmarkPool is the list of the operator, whole and narrowed.
func BenchmarkPool(b *testing.B) {
	p := open(b)
	cookie := p.cookieOf("pool@pool.example", "")
	p.bind()
	for _, path := range []string{"/pool", "/pool?page=20", "/pool?q=c0002", "/pool?state=trouble", "/pool?state=quiet", "/pool/collectivities/c0002"} {
		b.Run(path, func(b *testing.B) { p.measure(b, cookie, path) })
	}
}

// bind gives every collectivity a bound that it comes near, and announces something.
func (p *pool) bind() {
	account, err := p.Directory.AccountByLogin(p.b.Context(), "pool@pool.example")
	p.must(err)
	operator := portal.Caller{Account: account.ID, Rights: []portal.Right{portal.OperatePool}}
	p.must(p.Quotas.Set(p.b.Context(), operator, "", "", map[quota.Kind]int64{quota.Agents: agents + 5, quota.Documents: 1 << 30}, ""))
	for range 3 {
		p.must(p.Announcements.Publish(p.b.Context(), operator, directory.Announcement{
			ID: portal.NewID(), Level: directory.Incident, French: "Messagerie lente", Until: time.Now().Add(time.Hour), Reach: directory.ReachAll,
		}, ""))
	}
}

// The town whose pages are asked for, beside all the others.
const (
	townAgents = 10_000
	townUnits  = 300
	townGroups = 100 // of a hundred members each
	townRights = 500
	townLines  = 20_000 // of its journal
)

// grow makes a town of the collectivity of servertest.
func (p *pool) grow(id string) {
	ctx, now := p.b.Context(), time.Now().UnixMilli()
	p.must(p.DB.Tx(ctx, func(tx *database.Tx) error {
		var failed error
		write := func(query string, args ...any) {
			if failed == nil {
				failed = tx.Write(ctx, query, append([]any{id}, args...)...)
			}
		}
		for u := range townUnits {
			parent := ""
			if u >= 10 {
				parent = fmt.Sprintf("town-u%d", u%10)
			}
			write(`INSERT INTO units (collectivity, id, parent, name, position) VALUES ($1, $2, $3, $4, $5)`,
				fmt.Sprintf("town-u%d", u), parent, fmt.Sprintf("Service %d", u), int64(u))
		}
		for a := range townAgents {
			name := fmt.Sprintf("Nom %04d", a)
			write(`
				INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, function, unit, email, created) VALUES ($1, $2, 'Camille', $3, $4, 'Agent', $5, $6, 0)`,
				fmt.Sprintf("town-a%d", a), name, i18n.Fold(name+" Camille"), fmt.Sprintf("town-u%d", a%townUnits), fmt.Sprintf("camille.%d@bourg.example", a))
		}
		for g := range townGroups {
			write(`INSERT INTO agent_groups (collectivity, id, name) VALUES ($1, $2, $3)`, fmt.Sprintf("town-g%d", g), fmt.Sprintf("Groupe %d", g))
			for m := range 100 {
				write(`INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES ($1, $2, $3)`, fmt.Sprintf("town-g%d", g), fmt.Sprintf("town-a%d", g*100+m))
			}
		}
		for r := range townRights {
			write(`INSERT INTO rights_given (collectivity, id, kind, subject, right_name, created) VALUES ($1, $2, 'agent', $3, 'news.edit', $4)`,
				fmt.Sprintf("town-r%d", r), fmt.Sprintf("town-a%d", r), now)
		}
		for e := range townLines {
			write(`INSERT INTO audit_lines (collectivity, id, at, action) VALUES ($1, $2, $3, 'sign-in')`, fmt.Sprintf("town-%d", e), now-int64(e)*60_000)
		}
		return failed
	}))
	_, err := p.DB.Exec(ctx, `ANALYZE`) // as PostgreSQL does by itself, but not in the tests' cluster
	p.must(err)
}

// administrationPages are every page of an administrator that has an address of its
// own, and those of one thing.
var administrationPages = []string{
	"/admin", "/admin/identity", "/admin/home", "/admin/home/everyone", "/admin/home/groups/town-g42", "/admin/agents", "/admin/agents?page=100", "/admin/agents?q=nom+0042", "/admin/agents?unit=town-u3", "/admin/agents/town-a42",
	"/admin/agents/town-a42/close", "/admin/agents/town-a42/portrait", "/admin/agents/invite", "/admin/agents/import", "/admin/directory",
	"/admin/units", "/admin/units?q=service+42", "/admin/units/town-u3", "/admin/units/town-u3/empty", "/admin/groups", "/admin/groups?q=groupe+42", "/admin/groups/town-g42",
	"/admin/rights", "/admin/rights?q=nom", "/admin/rights/review", "/admin/rights/review/agents/town-a42", "/admin/rights/review/rights", "/admin/rights/review/things",
	"/admin/rights/review/changes", "/admin/journal", "/admin/applications", "/admin/sign-in", "/admin/sign-in/factors", "/admin/mirror", "/admin/export",
	"/admin/erasures", "/admin/assistance",
}

// BenchmarkAdministration are the pages of the administrator of a town beside them all.
func BenchmarkAdministration(b *testing.B) {
	p := open(b)
	p.grow("bourg")
	cookie := p.cookieOf("admin@bourg.example", "bourg")
	for _, path := range administrationPages {
		b.Run(path, func(b *testing.B) { p.measure(b, cookie, path) })
	}
}
