// Package webhooks_test measures what telling programs costs those who change the
// directory: nothing is sent here.
package webhooks_test

import (
	"context"
	"fmt"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// hooked is a town with some webhooks, which all want everything.
func hooked(b *testing.B, count int) (*database.DB, *directory.Store) {
	b.Helper()
	db := databasetest.New(b)
	databasetest.AddCollectivities(b, db, "bourg")
	for i := range count {
		_, err := db.Exec(b.Context(), `INSERT INTO webhooks (collectivity, id, address, label, kinds, secret, former, state, created, created_by, turned, rights_seen)
			VALUES ('bourg', $1, 'https://paie.invalid/', 'Paie', '', '', '', 'on', 1, '', 1, 1)`, fmt.Sprint("w", i))
		if err != nil {
			b.Fatal(err)
		}
	}
	return db, directory.New(db)
}

// BenchmarkLine writes a thousand lines of the journal in one transaction: of nothing
// that is told, and of what is, to none, to one and to ten webhooks.
func BenchmarkLine(b *testing.B) {
	for _, c := range []struct {
		name   string
		action audit.Action
		hooks  int
	}{
		{"untold", audit.SignIn, 1}, {"none", audit.AgentChanged, 0}, {"one", audit.AgentChanged, 1}, {"ten", audit.AgentChanged, 10},
	} {
		b.Run(c.name, func(b *testing.B) {
			db, _ := hooked(b, c.hooks)
			line := audit.By(portal.Caller{Collectivity: "bourg", Agent: "a"}, c.action)
			line.ObjectID, line.Detail = "k3v9m2p7q4r8s6t2", "unit"
			b.ReportAllocs()
			for b.Loop() {
				err := db.Tx(context.Background(), func(tx *database.Tx) error {
					for range 1000 {
						if err := audit.Write(context.Background(), tx, line); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/line")
		})
	}
}

// BenchmarkMirror writes ten thousand agents of a directory server.
func BenchmarkMirror(b *testing.B) {
	for _, hooks := range []int{0, 1, 10} {
		b.Run(fmt.Sprint("webhooks=", hooks), func(b *testing.B) {
			_, store := hooked(b, hooks)
			for turn := 0; b.Loop(); turn++ {
				state, err := store.MirrorState(b.Context(), "bourg")
				if err != nil {
					b.Fatal(err)
				}
				err = store.Mirror(b.Context(), "bourg", state, func(*database.Tx) (made directory.Mirroring, err error) {
					for i := range 10_000 {
						made.Create = append(made.Create, directory.Agent{ID: portal.AgentID(fmt.Sprint("m", turn, "-", i)), FamilyName: fmt.Sprint("Morel ", i), Active: true})
					}
					return made, nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
