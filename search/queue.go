package search

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
)

// Writer is the part of *database.Tx that the queue writes through.
type Writer interface {
	Exec(ctx context.Context, sql string, args ...any) (sql.Result, error)
}

// Queue is the set of documents whose index entry is not up to date, kept in
// the table search_queue. What enters it is indexed at least once, whatever
// happens to the process.
type Queue struct{}

// Changed records that documents were created, changed (their rights too) or
// deleted. It is called in the transaction of the change, so that neither can
// be without the other.
func (Queue) Changed(ctx context.Context, tx Writer, collectivity portal.CollectivityID, kind Kind, ids ...string) error {
	for _, id := range ids {
		_, err := tx.Exec(ctx, `
			INSERT INTO search_queue (collectivity, kind, id, change, queued_at, tries, not_before)
			VALUES ($1, $2, $3, $4, $5, 0, 0)
			ON CONFLICT (collectivity, kind, id)
			DO UPDATE SET change = excluded.change, tries = 0, not_before = 0`,
			string(collectivity), string(kind), id, portal.NewID(), time.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("search: queue %s %q: %w", kind, id, err)
		}
	}
	return nil
}
