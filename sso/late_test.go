package sso

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// What is put off is written once, the last of each key, and what fails is not tried for ever.
func TestWhatIsPutOffIsWrittenOnce(t *testing.T) {
	ctx, l := t.Context(), newLate(databasetest.New(t), slog.New(slog.DiscardHandler))
	var written []string
	say := func(what string) lateWrite {
		return func(context.Context, database.Writer) error {
			written = append(written, what)
			return nil
		}
	}
	l.put("b", say("b"))
	l.put("a", say("old"))
	l.put("a", say("new"))
	if err := l.flush(ctx); err != nil || len(written) != 2 || written[0] != "new" || written[1] != "b" {
		t.Fatalf("written %q, %v", written, err)
	}
	failure := errors.New("full")
	l.put("a", func(context.Context, database.Writer) error { return failure })
	if err := l.flush(ctx); !errors.Is(err, failure) {
		t.Errorf("a failure is %v", err)
	}
	if err := l.flush(ctx); err != nil || len(written) != 2 {
		t.Errorf("written again: %q, %v", written, err)
	}
}

func TestWhatIsPutOffIsWrittenByItself(t *testing.T) {
	l, done := newLate(databasetest.New(t), slog.New(slog.DiscardHandler)), make(chan struct{})
	l.put("a", func(context.Context, database.Writer) error {
		close(done)
		return nil
	})
	select {
	case <-done:
	case <-time.After(10 * lateBy):
		t.Error("nothing is written")
	}
}
