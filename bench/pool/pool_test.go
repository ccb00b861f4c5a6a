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
	p.must(p.Quotas.Set(p.b.Context(), operator, "", map[quota.Kind]int64{quota.Agents: agents + 5, quota.Documents: 1 << 30}, ""))
	for range 3 {
		p.must(p.Announcements.Publish(p.b.Context(), operator, directory.Announcement{
			ID: portal.NewID(), Level: directory.Incident, French: "Messagerie lente", Until: time.Now().Add(time.Hour), Reach: directory.ReachAll,
		}, ""))
	}
}

// BenchmarkAdministration are pages of one administrator beside them all.
func BenchmarkAdministration(b *testing.B) {
	p := open(b)
	cookie := p.cookieOf("admin@bourg.example", "bourg")
	for _, path := range []string{"/admin", "/admin/agents", "/admin/rights", "/admin/assistance"} {
		b.Run(path, func(b *testing.B) { p.measure(b, cookie, path) })
	}
}
