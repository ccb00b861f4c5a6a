package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parvis/portal"
)

// openLite opens a store on SQLite whatever the suite runs on: only it has a queue.
func openLite(t *testing.T) *DB {
	t.Helper()
	db, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "parvis.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// story has transactions join one group in a known order.
type story struct {
	t  *testing.T
	db *DB
	mu sync.Mutex
	in map[string]int // how often each ran
}

func newStory(t *testing.T) *story {
	s := &story{t: t, db: openLite(t), in: map[string]int{}}
	s.db.queue.longest = time.Hour
	return s
}

func (s *story) insert(ctx context.Context, tx *Tx, id string) error {
	s.mu.Lock()
	s.in[id]++
	s.mu.Unlock()
	_, err := tx.Exec(ctx, `INSERT INTO accounts (id, login, created) VALUES ($1, $2, 1)`, id, id)
	return err
}

// waiters blocks until so many transactions want the turn.
func (s *story) waiters(count int) {
	for s.db.queue.waiting.Load() < int32(count) {
		time.Sleep(time.Millisecond)
	}
}

// member starts a transaction that waits for its turn behind those that began.
func (s *story) member(ctx context.Context, place int, fn func(tx *Tx) error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- s.db.Tx(ctx, fn) }()
	s.waiters(place)
	return result
}

func (s *story) accounts() string {
	s.t.Helper()
	var all string
	err := s.db.QueryRow(context.Background(), `SELECT COALESCE(group_concat(id, ' '), '') FROM (SELECT id FROM accounts ORDER BY id)`).Scan(&all)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

// TestTransactionsThatWaitShareOneCommit, none is acknowledged before it, and each
// sees those before it.
func TestTransactionsThatWaitShareOneCommit(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	second, third := make(<-chan error), make(<-chan error)
	var joined [3]*group
	err := s.db.Tx(ctx, func(tx *Tx) error {
		joined[0] = s.db.queue.open
		second = s.member(ctx, 1, func(tx *Tx) error {
			joined[1] = s.db.queue.open
			if got := s.accounts(); got != "" {
				t.Errorf("readers see %q before it is on disk", got)
			}
			return s.insert(ctx, tx, "b")
		})
		third = s.member(ctx, 2, func(tx *Tx) error {
			joined[2] = s.db.queue.open
			var count int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM accounts`).Scan(&count); err != nil || count != 2 {
				t.Errorf("the third sees %d, %v", count, err)
			}
			return s.insert(ctx, tx, "c")
		})
		return s.insert(ctx, tx, "a")
	})
	if err := errors.Join(err, <-second, <-third); err != nil {
		t.Fatal(err)
	}
	if joined[0] == nil || joined[0] != joined[1] || joined[0] != joined[2] {
		t.Error("they were committed apart")
	}
	if got := s.accounts(); got != "a b c" {
		t.Errorf("accounts %q", got)
	}
}

// TestOneOfAGroupFailsAlone, whichever it is, by its error, a constraint or a panic.
func TestOneOfAGroupFailsAlone(t *testing.T) {
	refusal := errors.New("refused")
	faults := map[string]func(ctx context.Context, s *story, tx *Tx) error{
		"error": func(ctx context.Context, s *story, tx *Tx) error {
			return errors.Join(s.insert(ctx, tx, "bad"), refusal)
		},
		"constraint": func(ctx context.Context, s *story, tx *Tx) error {
			return errors.Join(s.insert(ctx, tx, "bad"), s.insert(ctx, tx, "bad"))
		},
		"panic": func(ctx context.Context, s *story, tx *Tx) error {
			s.insert(ctx, tx, "bad")
			panic("on purpose")
		},
	}
	for name, fault := range faults {
		for _, place := range []int{0, 1, 2} {
			t.Run(fmt.Sprint(name, place), func(t *testing.T) {
				ctx, s := context.Background(), newStory(t)
				do := func(i int, tx *Tx) error {
					if i == place {
						return fault(ctx, s, tx)
					}
					return s.insert(ctx, tx, string(rune('a'+i)))
				}
				run := func(i int, before func()) (err error) {
					defer func() {
						if recover() != nil {
							err = refusal
						}
					}()
					return s.db.Tx(ctx, func(tx *Tx) error { before(); return do(i, tx) })
				}
				results := [3]chan error{make(chan error, 1), make(chan error, 1), make(chan error, 1)}
				results[0] <- run(0, func() {
					for i := 1; i < 3; i++ {
						go func() { results[i] <- run(i, func() {}) }()
						s.waiters(i)
					}
				})
				for i, result := range results {
					if err := <-result; (err != nil) != (i == place) {
						t.Errorf("member %d: %v", i, err)
					}
				}
				want := map[int]string{0: "b c", 1: "a c", 2: "a b"}[place]
				if got := s.accounts(); got != want {
					t.Errorf("accounts %q, want %q", got, want)
				}
			})
		}
	}
}

// TestAFailureIsToldOnceWhatWasBeforeItIsOnDisk: who then reads again, to try anew, reads
// what she failed by.
func TestAFailureIsToldOnceWhatWasBeforeItIsOnDisk(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	refused := errors.New("there is one")
	var second, third <-chan error
	err := s.db.Tx(ctx, func(tx *Tx) error {
		second = s.member(ctx, 1, func(tx *Tx) error {
			var count int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM accounts`).Scan(&count); err != nil || count == 0 {
				return err
			}
			return refused
		})
		third = s.member(ctx, 2, func(tx *Tx) error {
			time.Sleep(50 * time.Millisecond) // the second would have been answered
			if len(second) > 0 {
				t.Error("answered before the disk has what it is about")
			}
			return s.insert(ctx, tx, "c")
		})
		return s.insert(ctx, tx, "a")
	})
	if err := errors.Join(err, <-third); err != nil {
		t.Fatal(err)
	}
	if err := <-second; !errors.Is(err, refused) {
		t.Errorf("refused with %v", err)
	}
	if got := s.accounts(); got != "a c" {
		t.Errorf("accounts %q", got)
	}
}

// TestAMemberThatTheEngineEndsTakesNobodyAlong: SQLite rolls all of a transaction
// back when a write is interrupted or the disk is full; the others are run again.
func TestAMemberThatTheEngineEndsTakesNobodyAlong(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	leaving, leave := context.WithCancel(ctx)
	var second <-chan error
	err := s.db.Tx(ctx, func(tx *Tx) error {
		if second == nil {
			second = s.member(leaving, 1, func(tx *Tx) error { return s.interrupted(leaving, tx, leave) })
		}
		return s.insert(ctx, tx, "a")
	})
	if err != nil {
		t.Errorf("who joined first: %v", err)
	}
	if err := <-second; err == nil {
		t.Error("who was interrupted is told that all is well")
	}
	if got := s.accounts(); got != "a" {
		t.Errorf("accounts %q", got)
	}
	if s.in["a"] != 2 {
		t.Errorf("who joined first ran %d times, want 2", s.in["a"])
	}
}

// TestTheFirstOfAGroupThatTheEngineEnds is told so, and the others go on.
func TestTheFirstOfAGroupThatTheEngineEnds(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	leaving, leave := context.WithCancel(ctx)
	var second <-chan error
	err := s.db.Tx(leaving, func(tx *Tx) error {
		second = s.member(ctx, 1, func(tx *Tx) error { return s.insert(ctx, tx, "b") })
		return s.interrupted(leaving, tx, leave)
	})
	if err == nil {
		t.Error("who was interrupted is told that all is well")
	}
	if err := <-second; err != nil {
		t.Errorf("who came after: %v", err)
	}
	if got := s.accounts(); got != "b" {
		t.Errorf("accounts %q", got)
	}
}

// interrupted has the engine end a transaction, and swallows the error.
func (s *story) interrupted(ctx context.Context, tx *Tx, leave func()) error {
	time.AfterFunc(50*time.Millisecond, leave)
	_, err := tx.Exec(ctx, `INSERT INTO accounts (id, login, created)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'x' || i, 'x' || i, 1 FROM n`)
	if err == nil {
		s.t.Error("an endless insert ended")
	}
	return nil
}

// TestNothingIsKeptOfATransactionThatTheEngineEnded, whatever it goes on to write.
func TestNothingIsKeptOfATransactionThatTheEngineEnded(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	leaving, leave := context.WithCancel(ctx)
	err := s.db.Tx(ctx, func(tx *Tx) error {
		if err := s.interrupted(leaving, tx, leave); err != nil {
			return err
		}
		if err := s.insert(ctx, tx, "b"); err == nil {
			t.Error("it goes on after its end")
		}
		if err := tx.QueryRow(ctx, `INSERT INTO accounts (id, login, created) VALUES ('c', 'c', 1) RETURNING id`).Scan(new(string)); err == nil {
			t.Error("it writes a row and reads it, after its end")
		}
		rows, err := tx.Query(ctx, `SELECT id FROM accounts`)
		if err == nil {
			rows.Close()
			t.Error("it reads after its end")
		}
		return nil
	})
	if err == nil {
		t.Error("who was interrupted is told that all is well")
	}
	if got := s.accounts(); got != "" {
		t.Errorf("accounts %q, want none", got)
	}
}

// TestWhoGivesUpInTheQueueLeavesNobodyWaiting: the group before counted on her.
func TestWhoGivesUpInTheQueueLeavesNobodyWaiting(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	leaving, leave := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- s.db.Tx(ctx, func(tx *Tx) error {
			second := s.member(leaving, 1, func(*Tx) error { return errors.New("ran") })
			leave()
			if err := <-second; !errors.Is(err, context.Canceled) {
				t.Errorf("who gave up: %v", err)
			}
			return s.insert(ctx, tx, "a")
		})
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the group waits for ever")
	}
	if err := s.db.Tx(ctx, func(tx *Tx) error { return s.insert(ctx, tx, "b") }); err != nil {
		t.Error(err)
	}
	if got := s.accounts(); got != "a b" {
		t.Errorf("accounts %q", got)
	}
}

// TestSingleStatementsJoinGroups, alone as behind others.
func TestSingleStatementsJoinGroups(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	insert := func(id string) error {
		_, err := s.db.Exec(ctx, `INSERT INTO accounts (id, login, created) VALUES ($1, $2, 1)`, id, id)
		return err
	}
	if err := insert("a"); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 3)
	err := s.db.Tx(ctx, func(tx *Tx) error {
		go func() { results <- insert("c") }()
		s.waiters(1)
		go func() { results <- insert("a") }()
		s.waiters(2)
		go func() {
			var created int
			err := s.db.Change(ctx, `UPDATE accounts SET created = 2 WHERE id = 'b' RETURNING created`).Scan(&created)
			if created != 2 {
				err = errors.Join(err, fmt.Errorf("created %d", created))
			}
			results <- err
		}()
		s.waiters(3)
		return s.insert(ctx, tx, "b")
	})
	refused := 0
	for range 3 {
		if one := <-results; IsDuplicate(one) {
			refused++
		} else {
			err = errors.Join(err, one)
		}
	}
	if err != nil || refused != 1 {
		t.Errorf("%v, %d refused", err, refused)
	}
	if got := s.accounts(); got != "a b c" {
		t.Errorf("accounts %q", got)
	}
	if err := s.db.Change(ctx, `UPDATE accounts SET created = 2 WHERE id = 'z' RETURNING created`).Scan(new(int)); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a change of nothing: %v", err)
	}
}

// TestAGroupIsBounded in members, so that the first is answered at last.
func TestAGroupIsBounded(t *testing.T) {
	ctx, s := context.Background(), newStory(t)
	var all sync.WaitGroup
	sizes := map[*group]int{}
	err := s.db.Tx(ctx, func(tx *Tx) error {
		for i := range 2 * maxGroup {
			all.Go(func() {
				err := s.db.Tx(ctx, func(tx *Tx) error {
					sizes[s.db.queue.open]++ // alone in its turn
					return s.insert(ctx, tx, fmt.Sprint(i))
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		s.waiters(2 * maxGroup)
		return nil
	})
	all.Wait()
	if err != nil {
		t.Error(err)
	}
	for _, size := range sizes {
		if size > maxGroup {
			t.Errorf("a group of %d", size)
		}
	}
	if len(sizes) > maxGroup {
		t.Errorf("%d commits for %d transactions", len(sizes), 2*maxGroup)
	}
}

func TestAborts(t *testing.T) {
	if aborts(portal.ErrNotFound) || !aborts(context.DeadlineExceeded) {
		t.Error("which errors end a transaction")
	}
}
