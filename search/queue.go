package search

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Queue is the set of documents whose index entry is not up to date, kept in
// the table search_queue. What enters it is indexed at least once, whatever
// happens to the process.
type Queue struct{}

// Changed records that documents were created, changed (their rights too) or
// deleted. It is called in the transaction of the change, so that neither can
// be without the other.
func (Queue) Changed(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, kind Kind, ids ...string) error {
	for some := range slices.Chunk(ids, maxTogether) {
		args := []any{string(collectivity), string(kind), portal.NewID(), time.Now().UnixMilli()}
		text, count := changedOne, 1
		if len(some) > 1 {
			text, count = changedMany, maxTogether
		}
		for n := range count {
			args = append(args, some[min(n, len(some)-1)]) // the last one fills the text
		}
		if err := tx.Write(ctx, text, args...); err != nil {
			return fmt.Errorf("search: queue %d of %s: %w", len(some), kind, err)
		}
	}
	return nil
}

// maxTogether is how many documents one statement puts in the queue.
const maxTogether = 100

const changedOne = `
	INSERT INTO search_queue (collectivity, kind, id, change, queued_at, tries, not_before)
	VALUES ($1, $2, $5, $3, $4, 0, 0)` + changedAgain

const changedAgain = `
	ON CONFLICT (collectivity, kind, id)
	DO UPDATE SET change = excluded.change, tries = 0, not_before = 0`

var changedMany = `
	WITH touched (id) AS (VALUES (` + strings.ReplaceAll(database.Params(5, maxTogether), ", ", "), (") + `))
	INSERT INTO search_queue (collectivity, kind, id, change, queued_at, tries, not_before)
	SELECT DISTINCT CAST($1 AS TEXT), CAST($2 AS TEXT), touched.id, CAST($3 AS TEXT), CAST($4 AS BIGINT), 0, 0 FROM touched WHERE 1 = 1` + changedAgain

// queued is a row of the queue.
type queued struct {
	collectivity portal.CollectivityID
	kind         Kind
	id           string
	change       string
	tries        int
}

// next returns the oldest rows that may be tried now, over all collectivities.
func (Queue) next(ctx context.Context, db *database.DB, now time.Time, limit int) ([]queued, error) {
	rows, err := db.Query(ctx, `
		SELECT collectivity, kind, id, change, tries FROM search_queue
		WHERE not_before <= $1 ORDER BY not_before, queued_at, collectivity LIMIT 0 + $2`, now.UnixMilli(), limit)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (row queued, err error) {
		return row, rows.Scan(&row.collectivity, &row.kind, &row.id, &row.change, &row.tries)
	})
	if err != nil {
		return nil, fmt.Errorf("search: read the queue: %w", err)
	}
	return found, nil
}

// done takes out the rows whose change is indexed. A row that was changed
// meanwhile stays.
func (Queue) done(ctx context.Context, db *database.DB, rows []queued) error {
	return db.Tx(ctx, func(tx *database.Tx) error {
		for _, row := range rows {
			_, err := tx.Exec(ctx, `DELETE FROM search_queue WHERE collectivity = $1 AND kind = $2 AND id = $3 AND change = $4`,
				string(row.collectivity), string(row.kind), row.id, row.change)
			if err != nil {
				return fmt.Errorf("search: take out of the queue: %w", err)
			}
		}
		return nil
	})
}

// postpone has rows tried again later, unless they were changed meanwhile.
func (Queue) postpone(ctx context.Context, db *database.DB, rows []queued, now time.Time) error {
	return db.Tx(ctx, func(tx *database.Tx) error {
		for _, row := range rows {
			_, err := tx.Exec(ctx, `
				UPDATE search_queue SET tries = tries + 1, not_before = $5
				WHERE collectivity = $1 AND kind = $2 AND id = $3 AND change = $4`,
				string(row.collectivity), string(row.kind), row.id, row.change, now.Add(pause(row.tries)).UnixMilli())
			if err != nil {
				return fmt.Errorf("search: postpone: %w", err)
			}
		}
		return nil
	})
}

// pause is how long to wait after so many failures: from 2 seconds to an hour.
func pause(tries int) time.Duration {
	return min(time.Hour, 2*time.Second<<min(tries, 12))
}

// Kinds of rows that are about an index, and no kinds of documents.
const (
	kindPurge  Kind = "purge"  // purge it
	kindFilled Kind = "filled" // all before this row fills it; the id is its making
)

// purgeAt asks for a purge, at the earlier of this instant and the one asked
// for before.
func (Queue) purgeAt(ctx context.Context, db *database.DB, collectivity portal.CollectivityID, at time.Time) error {
	_, err := db.Exec(ctx, `
		INSERT INTO search_queue (collectivity, kind, id, change, queued_at, tries, not_before)
		VALUES ($1, $2, '', $3, $4, 0, $4)
		ON CONFLICT (collectivity, kind, id) DO UPDATE SET not_before =
			CASE WHEN excluded.not_before < search_queue.not_before THEN excluded.not_before ELSE search_queue.not_before END`,
		string(collectivity), string(kindPurge), portal.NewID(), at.UnixMilli())
	if err != nil {
		return fmt.Errorf("search: ask for a purge: %w", err)
	}
	return nil
}

// markFill puts a row behind everything that fills the index of that making.
func (Queue) markFill(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, making string) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO search_queue (collectivity, kind, id, change, queued_at, tries, not_before)
		VALUES ($1, $2, $3, $4, $5, 0, 0)
		ON CONFLICT (collectivity, kind, id) DO UPDATE SET change = excluded.change, queued_at = excluded.queued_at`,
		string(collectivity), string(kindFilled), making, portal.NewID(), time.Now().UnixMilli()+1)
	if err != nil {
		return fmt.Errorf("search: mark the fill of %s: %w", collectivity, err)
	}
	return nil
}

// isFilling says whether everything was queued for the index of that making.
func (Queue) isFilling(ctx context.Context, db *database.DB, collectivity portal.CollectivityID, making string) (bool, error) {
	var n int
	err := db.QueryRow(ctx, `SELECT COUNT(*) FROM search_queue WHERE collectivity = $1 AND kind = $2 AND id = $3`,
		string(collectivity), string(kindFilled), making).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("search: look for the fill of %s: %w", collectivity, err)
	}
	return n > 0, nil
}

// pending counts the documents that are not indexed yet.
func (Queue) pending(ctx context.Context, db *database.DB) (int, error) {
	var n int
	err := db.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT collectivity FROM search_queue WHERE kind <> $1 AND kind <> $2) AS waiting`,
		string(kindPurge), string(kindFilled)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("search: count the queue: %w", err)
	}
	return n, nil
}
