// Package arrivals_test measures what bringing 20,000 agents by a file costs, alone and in
// a pool of 1,000 collectivities.
package arrivals_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/portal/seal"
	"parvis/sso"
)

const people = 20000

// town is a collectivity among count, each of the others with 20 agents.
func town(b *testing.B, count int) (*directory.Arrivals, portal.Caller) {
	b.Helper()
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	db := databasetest.New(b)
	store := directory.New(db)
	for i := range count {
		c := directory.Collectivity{ID: portal.CollectivityID(fmt.Sprint("c", i)), Name: "Commune", LongName: "Commune", Kind: "commune"}
		agents := make([]directory.Agent, 20)
		for j := range agents {
			agents[j] = directory.Agent{FamilyName: fmt.Sprint("Agent", j), Email: fmt.Sprintf("a%d@c%d.example", j, i)}
		}
		if i == 0 {
			agents = nil
		}
		if err := store.SetUpCollectivity(ctx, c, agents); err != nil {
			b.Fatal(err)
		}
	}
	sealer, err := seal.Open(filepath.Join(b.TempDir(), "key"))
	if err != nil {
		b.Fatal(err)
	}
	catalogue, err := i18n.Load(directory.Locales)
	if err != nil {
		b.Fatal(err)
	}
	inviter := directory.NewInviter(store, (*sso.Methods)(nil), post.New(post.Options{DB: db, Sealer: sealer, Log: log}), catalogue, "https://parvis.example")
	return directory.NewArrivals(store, inviter, log), directory.Installation("c0")
}

// list is a file of that many people in 100 services.
func list() []byte {
	var file strings.Builder
	file.WriteString("Nom;Prénom;Courriel;Fonction;Direction;Service;Téléphone\r\n")
	for i := range people {
		fmt.Fprintf(&file, "Nom%05d;Prénom;p%d@bourg.example;Agent d’entretien;Pôle %d;Service %d;02619%05d\r\n", i, i, i%10, i%100, i)
	}
	return []byte(file.String())
}

// BenchmarkImport reports the dry run, the import and the longest that it kept others from
// writing, and its undoing, in ms.
func BenchmarkImport(b *testing.B) {
	for _, count := range []int{3, 1000} {
		b.Run(fmt.Sprint("among ", count), func(b *testing.B) {
			arrivals, caller := town(b, count)
			ctx, file := context.Background(), list()
			for b.Loop() {
				began := time.Now()
				id := must(arrivals.Bring(ctx, caller, "agents.csv", file))(b)
				layout := must(arrivals.Layout(ctx, caller, id))(b)
				check(b, arrivals.Plan(ctx, caller, id, layout.Guessed, directory.LeaveNamesakes))
				b.ReportMetric(float64(time.Since(began).Milliseconds()), "plan-ms")
				a := must(arrivals.Arrival(ctx, caller, id))(b)
				check(b, arrivals.Begin(ctx, caller, id, a.Plan(), time.Time{}, ""))
				took, longest := work(b, arrivals)
				b.ReportMetric(float64(took.Milliseconds()), "import-ms")
				b.ReportMetric(float64(longest.Milliseconds()), "longest-step-ms")
				check(b, arrivals.Undo(ctx, caller, id, ""))
				took, _ = work(b, arrivals)
				b.ReportMetric(float64(took.Milliseconds()), "undo-ms")
				if tally := must(arrivals.Tally(ctx, a))(b); tally.Outcomes["undone"] != people {
					b.Fatalf("undone: %+v", tally)
				}
			}
		})
	}
}

func work(b *testing.B, arrivals *directory.Arrivals) (took, longest time.Duration) {
	b.Helper()
	began := time.Now()
	for more := true; more; {
		step := time.Now()
		more = must(arrivals.Work(context.Background()))(b)
		longest = max(longest, time.Since(step))
	}
	return time.Since(began), longest
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func must[T any](value T, err error) func(b *testing.B) T {
	return func(b *testing.B) T {
		b.Helper()
		check(b, err)
		return value
	}
}
