package database

import (
	"context"
	"time"
)

// Again reads again and again, until ctx ends, what other processes write and this one
// keeps in memory. Of failures in a row the first is told.
func Again(ctx context.Context, every time.Duration, read func(ctx context.Context) error, failed func(err error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		err := read(ctx)
		if err != nil && ctx.Err() == nil && !told {
			failed(err)
		}
		told = err != nil
	}
}
