package search

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Progress tells a feature which of its documents the index is behind for.
type Progress struct{ DB *database.DB }

// Waiting returns those of the ids that wait in the queue.
func (p Progress) Waiting(ctx context.Context, collectivity portal.CollectivityID, kind Kind, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{string(collectivity), string(kind)}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := p.DB.Query(ctx, `SELECT id FROM search_queue WHERE collectivity = $1 AND kind = $2 AND id IN (`+
		database.Params(3, len(ids))+`)`, args...)
	waiting, err := database.Collect(rows, err, func(rows *sql.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	})
	if err != nil {
		return nil, fmt.Errorf("search: what waits: %w", err)
	}
	return waiting, nil
}
