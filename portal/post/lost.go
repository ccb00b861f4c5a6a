package post

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Lost counts the letters of each collectivity that were given up, for who operates
// the pool: it tells nothing of what they say, nor to whom.
func (q *Queue) Lost(ctx context.Context) (map[portal.CollectivityID]int, error) {
	lost := map[portal.CollectivityID]int{}
	rows, err := q.db.Query(ctx, `SELECT collectivity, COUNT(*) FROM outgoing_mail WHERE due = 0 GROUP BY collectivity`)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (count int, err error) {
		var id portal.CollectivityID
		err = rows.Scan(&id, &count)
		lost[id] = count
		return count, err
	})
	if err != nil {
		return nil, fmt.Errorf("post: count letters given up: %w", err)
	}
	return lost, nil
}
