package audit_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

type names map[portal.AgentID]string

func (n names) Names(context.Context, portal.Caller, []portal.AgentID) (map[portal.AgentID]string, error) {
	return n, nil
}

func admin(collectivity portal.CollectivityID) portal.Caller {
	return portal.Caller{Account: "a", Agent: "camille", Collectivity: collectivity, Rights: []portal.Right{portal.Admin}}
}

func open(t *testing.T) (*database.DB, *audit.Journal) {
	t.Helper()
	db := databasetest.New(t)
	for _, id := range []string{"bourg", "agglo"} {
		_, err := db.Exec(t.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id)
		if err != nil {
			t.Fatal(err)
		}
	}
	return db, audit.NewJournal(db, names{"camille": "Camille Le Goff"})
}

func write(t *testing.T, db *database.DB, lines ...audit.Line) {
	t.Helper()
	for _, line := range lines {
		if err := audit.Write(t.Context(), db, line); err != nil {
			t.Fatal(err)
		}
	}
}

// TestACollectivityReadsItsOwnJournal: neither another's lines, nor those of the
// installation, and only with the right.
func TestACollectivityReadsItsOwnJournal(t *testing.T) {
	db, journal := open(t)
	write(t, db, audit.By(admin("bourg"), audit.SignIn), audit.By(admin("agglo"), audit.SignIn), audit.Line{Action: audit.SignIn})
	lines, older, err := journal.Lines(t.Context(), admin("bourg"), audit.Query{})
	if err != nil || len(lines) != 1 || lines[0].Collectivity != "bourg" || older != (audit.Mark{}) {
		t.Errorf("lines of bourg = %v, %v, %v; want its own alone", lines, older, err)
	}
	if lines[0].Name != "Camille Le Goff" {
		t.Errorf("name = %q, want the agent's", lines[0].Name)
	}
	agent := portal.Caller{Account: "a", Agent: "camille", Collectivity: "bourg", Rights: []portal.Right{portal.EditNews}}
	if _, _, err := journal.Lines(t.Context(), agent, audit.Query{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent reads the journal: %v", err)
	}
	if err := journal.Keep(t.Context(), agent, 6, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent sets how long it is kept: %v", err)
	}
}

// TestPagesOfTheJournalMissNothing reads 120 lines, many of one instant, 50 at a
// time, while others are written.
func TestPagesOfTheJournalMissNothing(t *testing.T) {
	db, journal := open(t)
	start := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for i := range 120 {
		line := audit.By(admin("bourg"), audit.SignIn)
		line.At = start.Add(time.Duration(i/40) * time.Second)
		write(t, db, line)
	}
	seen, query := map[string]bool{}, audit.Query{}
	for range 3 {
		lines, older, err := journal.Lines(t.Context(), admin("bourg"), query)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range lines {
			if seen[line.ID] || i > 0 && line.At.After(lines[i-1].At) {
				t.Fatalf("line %s again, or out of order", line.ID)
			}
			seen[line.ID] = true
		}
		query.Before = audit.ParseMark(older.String())
		late := audit.By(admin("bourg"), audit.SignOut)
		late.At = start.Add(time.Hour)
		write(t, db, late)
	}
	if len(seen) != 120 || query.Before != (audit.Mark{}) {
		t.Errorf("%d lines seen, then %v; want 120 and the end", len(seen), query.Before)
	}
}

// TestLinesOfOneMillisecondAreInOrder: what is done in a row may well be.
func TestLinesOfOneMillisecondAreInOrder(t *testing.T) {
	db, journal := open(t)
	start := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	for i := range 30 {
		line := audit.By(admin("bourg"), audit.SignIn)
		line.At, line.Detail = start.Add(time.Duration(i*i)*time.Microsecond), strconv.Itoa(i)
		write(t, db, line)
	}
	lines, _, err := journal.Lines(t.Context(), admin("bourg"), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		if want := strconv.Itoa(29 - i); line.Detail != want {
			t.Errorf("line %d is %s, want %s", i, line.Detail, want)
		}
	}
}

func TestTheJournalIsNarrowed(t *testing.T) {
	db, journal := open(t)
	day := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	at := func(days int, line audit.Line) audit.Line { line.At = day.AddDate(0, 0, days); return line }
	refused := audit.By(admin("bourg"), audit.SignIn)
	refused.Refused = audit.Password
	write(t, db, at(0, refused), at(1, audit.By(admin("bourg"), audit.SignIn)), at(2, audit.By(admin("bourg"), audit.SignOut)))
	for name, c := range map[string]struct {
		query audit.Query
		want  int
	}{
		"all":            {audit.Query{}, 3},
		"one action":     {audit.Query{Action: audit.SignIn}, 2},
		"refusals":       {audit.Query{Refused: true}, 1},
		"from":           {audit.Query{From: day.AddDate(0, 0, 1)}, 2},
		"half-open":      {audit.Query{From: day, To: day.AddDate(0, 0, 2)}, 2},
		"of nobody":      {audit.Query{Agent: "other"}, 0},
		"unknown action": {audit.Query{Action: "' OR 1=1 --"}, 0},
	} {
		lines, _, err := journal.Lines(t.Context(), admin("bourg"), c.query)
		if err != nil || len(lines) != c.want {
			t.Errorf("%s: %d lines, %v; want %d", name, len(lines), err, c.want)
		}
	}
}

func TestTheJournalIsKeptSixToTwelveMonths(t *testing.T) {
	db, journal := open(t)
	now := time.Date(2026, 11, 29, 3, 0, 0, 0, time.UTC)
	old, recent := audit.By(admin("bourg"), audit.SignIn), audit.By(admin("bourg"), audit.SignIn)
	old.At, recent.At = now.AddDate(0, -7, 0), now.AddDate(0, -5, 0)
	write(t, db, old, recent)
	for _, months := range []int{0, 5, 13, -1} {
		if err := journal.Keep(t.Context(), admin("bourg"), months, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("Keep(%d) = %v, want ErrInvalid", months, err)
		}
	}
	count := func() int {
		t.Helper()
		if err := journal.Clean(t.Context(), "bourg", now); err != nil {
			t.Fatal(err)
		}
		lines, _, err := journal.Lines(t.Context(), admin("bourg"), audit.Query{Action: audit.SignIn})
		if err != nil {
			t.Fatal(err)
		}
		return len(lines)
	}
	if got := count(); got != 2 {
		t.Errorf("%d lines with twelve months, want 2", got)
	}
	if err := journal.Keep(t.Context(), admin("bourg"), 6, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 1 {
		t.Errorf("%d lines with six months, want 1", got)
	}
	kept, _, err := journal.Lines(t.Context(), admin("bourg"), audit.Query{Action: audit.Kept})
	if err != nil || len(kept) != 1 || kept[0].Detail != "6" || kept[0].Address != "192.0.2.1" {
		t.Errorf("the change itself: %v, %v", kept, err)
	}
}

// TestALineIsAsTrueAsItsTransaction: undone with what it tells.
func TestALineIsAsTrueAsItsTransaction(t *testing.T) {
	db, journal := open(t)
	broken := errors.New("broken")
	err := db.Tx(t.Context(), func(tx *database.Tx) error {
		if err := audit.Write(t.Context(), tx, audit.By(admin("bourg"), audit.SignIn)); err != nil {
			return err
		}
		return broken
	})
	lines, _, read := journal.Lines(t.Context(), admin("bourg"), audit.Query{})
	if !errors.Is(err, broken) || read != nil || len(lines) != 0 {
		t.Errorf("%d lines of what did not happen (%v, %v)", len(lines), err, read)
	}
}

func TestLongTextsAreCutAtALetter(t *testing.T) {
	db, journal := open(t)
	line := audit.By(admin("bourg"), audit.SignIn)
	line.Object = strings.Repeat("é", 4000)
	write(t, db, line)
	lines, _, err := journal.Lines(t.Context(), admin("bourg"), audit.Query{})
	if err != nil || lines[0].Object != strings.Repeat("é", 150) {
		t.Errorf("%d octets kept, %v", len(lines[0].Object), err)
	}
}

func FuzzMark(f *testing.F) {
	for _, text := range []string{"", "1793980800000-k3v9m2p7", "-1-x", "9999999999999999999999-x", "1-" + strings.Repeat("x", 100)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if mark := audit.ParseMark(text); mark != (audit.Mark{}) && audit.ParseMark(mark.String()) != mark {
			t.Errorf("ParseMark(%q) = %v, which is not read back", text, mark)
		}
	})
}
