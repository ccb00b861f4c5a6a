package remote

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Failing counts the agendas on other servers that could not be read at the last
// try, by collectivity, for who operates the pool: it tells neither whose nor where.
func (s *Store) Failing(ctx context.Context) (map[portal.CollectivityID]int, error) {
	failing := map[portal.CollectivityID]int{}
	rows, err := s.DB.Query(ctx, `SELECT collectivity, COUNT(*) FROM remote_accounts WHERE fault <> '' GROUP BY collectivity`)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (count int, err error) {
		var id portal.CollectivityID
		err = rows.Scan(&id, &count)
		failing[id] = count
		return count, err
	})
	if err != nil {
		return nil, fmt.Errorf("calendar/remote: count what fails: %w", err)
	}
	return failing, nil
}
