// Package admin_test measures the first page of an administration: what is broken and
// what is missing, in a collectivity of 100,000 agents. docs/performance-pool.md tells
// the figures.
package admin_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"parvis/portal/database"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// agents are 100,000, or PARVIS_BENCH_AGENTS: 1000 for a scale point.
func agents(b *testing.B) int {
	b.Helper()
	text := os.Getenv("PARVIS_BENCH_AGENTS")
	if text == "" {
		return 100_000
	}
	count, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return count
}

// fill makes the agents of bourg: one in a hundred is in no unit, one in fifty has no
// address, one in twenty was invited long ago, and an hour's sign-ins are in the journal.
func fill(b *testing.B, p *servertest.Portal) {
	b.Helper()
	all, now := agents(b), time.Now().UnixMilli()
	err := p.DB.Tx(b.Context(), func(tx *database.Tx) error {
		for n := range all {
			unit, email := "u"+strconv.Itoa(n%200), fmt.Sprintf("a%d@bourg.example", n)
			if n%100 == 0 {
				unit = ""
			}
			if n%50 == 0 {
				email = ""
			}
			name := fmt.Sprintf("nom%06d camille", n)
			if err := tx.Write(b.Context(), `
				INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, search_text, unit, email, created)
				VALUES ('bourg', $1, 'Camille', $2, $2, $3, $4, $5, 1)`, fmt.Sprintf("b%d", n), name, " "+name, unit, email); err != nil {
				return err
			}
			if n%20 == 1 {
				if err := tx.Write(b.Context(), `INSERT INTO invitations (collectivity, agent, login, hash, made, created, expires) VALUES ('bourg', $1, $2, $3, TRUE, 1, $4)`,
					fmt.Sprintf("b%d", n), email, []byte(name), now+int64(n%40-20)*1000); err != nil {
					return err
				}
			}
			if n%10 == 0 {
				if err := tx.Write(b.Context(), `INSERT INTO audit_lines (collectivity, id, at, action) VALUES ('bourg', $1, $2, 'sign-in')`,
					strconv.Itoa(n), now-int64(n)*36); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFirstPage asks for it as the administrator, and for the lists that it leads to.
func BenchmarkFirstPage(b *testing.B) {
	p := servertest.New(b)
	fill(b, p)
	account, err := p.Directory.AccountByLogin(b.Context(), "admin@bourg.example")
	if err != nil {
		b.Fatal(err)
	}
	secret, err := p.SSO.Open(b.Context(), account.ID, "bourg")
	if err != nil {
		b.Fatal(err)
	}
	p.Stop() // the index would be filled all along
	quiet, err := server.New(b.Context(), p.Config, server.Options{Log: slog.New(slog.DiscardHandler), Version: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := quiet.Close(); err != nil {
			b.Error(err)
		}
	})
	for _, path := range []string{"/admin", "/admin/agents?state=no-unit", "/admin/agents?state=late", "/admin/agents"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			var took []time.Duration
			for b.Loop() {
				started := time.Now()
				request, recorder := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
				request.AddCookie(&http.Cookie{Name: sso.CookieName(false), Value: secret})
				quiet.ServeHTTP(recorder, request)
				if recorder.Code != http.StatusOK {
					b.Fatalf("GET %s: %d", path, recorder.Code)
				}
				took = append(took, time.Since(started))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
