// Package oncall measures what it costs to know who is on call.
package oncall

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"parvis/oncall"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// nobody is away, and no day is a holiday.
type nobody struct{}

func (nobody) Holidays(context.Context, portal.Caller) (func(time.Time) string, error) {
	return func(time.Time) string { return "" }, nil
}

func (nobody) Absent(context.Context, portal.Caller, []portal.AgentID, string, string) (map[portal.AgentID][]oncall.Absence, error) {
	return nil, nil
}

// world is some collectivities of ten teams, each planned two years back and one ahead at two levels; beyond fifty,
// they have one team.
func world(b *testing.B, collectivities int) (*oncall.Store, portal.Caller) {
	b.Helper()
	ctx, db := context.Background(), databasetest.New(b)
	now := time.Now()
	for c := range collectivities {
		err := db.Tx(ctx, func(tx *database.Tx) error {
			id := fmt.Sprintf("c%d", c)
			if err := tx.Write(ctx, `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id); err != nil {
				return err
			}
			for agent := range 40 {
				name := fmt.Sprintf("a%d", agent)
				if err := tx.Write(ctx, `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ($1, $2, $2, '', $2, 0)`, id, name); err != nil {
					return err
				}
			}
			teams := 10
			if c > 50 {
				teams = 1
			}
			for team := range teams {
				name := fmt.Sprintf("t%d", team)
				err := tx.Write(ctx, `
					INSERT INTO duty_teams (collectivity, id, name, kind, unit, handover_day, handover_at, morning, evening, phones, swaps_raise, active, turn, created, modified)
					VALUES ($1, $2, $2, 'operation', '', 5, 1020, 480, 1020, 'everyone', FALSE, TRUE, 0, 0, 0)`, id, name)
				for member := range 4 {
					if err == nil {
						err = tx.Write(ctx, `INSERT INTO duty_members (collectivity, team, agent, position, phone) VALUES ($1, $2, $3, $4, '06 39 98 01 24')`, id, name, fmt.Sprintf("a%d", 4*team+member), member)
					}
				}
				for week := -104; week < 52 && err == nil; week++ {
					for level := 1; level <= 2 && err == nil; level++ {
						starts := now.AddDate(0, 0, 7*week-3)
						err = tx.Write(ctx, `
							INSERT INTO duty_periods (collectivity, id, team, level, agent, starts, ends, told, origin, root, modified)
							VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'rota', $2, 0)`,
							id, fmt.Sprintf("%s.%d.%d", name, week+104, level), name, level, fmt.Sprintf("a%d", 4*team+(week+104+level)%4), database.Millis(starts), database.Millis(starts.AddDate(0, 0, 7)))
					}
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := db.Exec(ctx, `ANALYZE`); err != nil { // PostgreSQL does by itself, later
		b.Fatal(err)
	}
	return oncall.New(db, nobody{}, nobody{}), portal.Caller{Collectivity: "c0", Agent: "a0"}
}

// spent is the processor time of this process: the wall tells little on a machine that others use.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkNow asks who is on call in ten teams of two levels, alone and beside fifty and a thousand other collectivities.
func BenchmarkNow(b *testing.B) {
	for _, collectivities := range []int{1, 51, 1001} {
		b.Run(fmt.Sprint(collectivities), func(b *testing.B) {
			store, caller := world(b, collectivities)
			ctx, before := context.Background(), spent(b)
			for b.Loop() {
				found, err := store.Now(ctx, caller, time.Now())
				if err != nil || len(found) != 20 {
					b.Fatal(len(found), err)
				}
			}
			b.ReportMetric(float64((spent(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkStatement counts a month of forty agents.
func BenchmarkStatement(b *testing.B) {
	store, caller := world(b, 1)
	caller.Rights = []portal.Right{portal.ManageDuties}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().In(paris)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, paris)
	for b.Loop() {
		if made, err := store.Statement(context.Background(), caller, month); err != nil || len(made.Agents) == 0 {
			b.Fatal(len(made.Agents), err)
		}
	}
}
