// Package directory measures what it costs to find people.
package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
)

var (
	given  = []string{"Camille", "Jean-Pierre", "Élodie", "Noé", "Anne-Sophie", "Thierry", "Fatima", "Yann", "Zoé", "Mohamed", "Gaëlle"}
	family = []string{"Le Goff", "Martin", "L’Hénoret", "Œuvray", "Rakotomalala", "Dubois", "N’Diaye", "Garnier", "Roux", "Lefèvre", "Petit", "Brossard", "Da Silva"}
	what   = []string{"Agent d’accueil", "Cheffe d’équipe voirie", "Jardinier", "Responsable des ressources humaines", "Adjointe administrative", "ATSEM"}
)

// typed are questions of every kind: names, beginnings, initials, functions, numbers
// however written, errors of typing, nobody.
var typed = []string{"garnier", "le goff cam", "henoret", "+33 2 61 9", "0261 91 01", "chefe voirie", "rakotomalla", "jplg", "ressources humaines", "xyzzyx", "anne sohpie", "d", "jardinier petit"}

// fill writes agents of a collectivity as they are stored.
func fill(b *testing.B, db *database.DB, id string, agents int) {
	b.Helper()
	err := db.Tx(b.Context(), func(tx *database.Tx) error {
		err := tx.Write(b.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		if err == nil {
			err = tx.Write(b.Context(), `INSERT INTO directory_stamps (collectivity, stamp) VALUES ($1, 'a')`, id)
		}
		for n := range agents {
			first, last, number := given[n%len(given)], fmt.Sprint(family[n/7%len(family)], " ", n/91), fmt.Sprintf("02 61 %02d %02d %02d", n/10000%100, n/100%100, n%100)
			if err == nil {
				err = tx.Write(b.Context(), `
					INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, function, email, phone, manager, created)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)`,
					id, fmt.Sprint("a", n), first, last, i18n.Fold(last+" "+first), what[n%len(what)], strings.ToLower(fmt.Sprintf("%s.%d@bourg.example", id, n)), number, fmt.Sprint("a", n/8))
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkFind asks as one types, alone and beside 999 other collectivities of a
// hundred agents, in a town of a hundred and in one of ten thousand.
func BenchmarkFind(b *testing.B) {
	for _, size := range []struct{ own, others int }{{100, 0}, {100, 999}, {1000, 0}, {10_000, 0}, {10_000, 900}} {
		b.Run(fmt.Sprintf("agents=%d/others=%d", size.own, size.others), func(b *testing.B) {
			db := databasetest.New(b)
			store := directory.New(db)
			fill(b, db, "own", size.own)
			for n := range size.others {
				fill(b, db, fmt.Sprint("c", n), 100)
			}
			caller := portal.Caller{Collectivity: "own", Agent: "a1", Account: "x"}
			ask := func(text string) { find(b, store, caller, text) }
			ask("martin")
			var took []time.Duration
			b.ReportAllocs()
			before := processor()
			for n := 0; b.Loop(); n++ {
				started := time.Now()
				ask(typed[n%len(typed)])
				took = append(took, time.Since(started))
			}
			b.ReportMetric(float64((processor()-before).Nanoseconds())/float64(len(took)), "cpu-ns/op")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// processor is the time that the process has computed: it tells a cost also where
// others compute.
func processor() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkFirst is the question after a change: the roll is read again.
func BenchmarkFirst(b *testing.B) {
	for _, own := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("agents=%d", own), func(b *testing.B) {
			db := databasetest.New(b)
			fill(b, db, "own", own)
			caller := portal.Caller{Collectivity: "own", Agent: "a1", Account: "x"}
			b.ReportAllocs()
			for b.Loop() {
				find(b, directory.New(db), caller, "garnier")
			}
		})
	}
}

func find(b *testing.B, store *directory.Store, caller portal.Caller, text string) {
	b.Helper()
	if _, err := store.People(context.Background(), caller, directory.PeopleQuery{Text: text}); err != nil {
		b.Fatal(err)
	}
}
