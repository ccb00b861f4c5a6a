package documents

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/quota"
)

// Size is how many bytes the files of a collectivity take on disk, those of older
// versions and of the bin included. It shows nothing of what they hold: the pool
// asks.
func (s *Store) Size(ctx context.Context, collectivity portal.CollectivityID) (bytes int64, err error) {
	return quota.CountOne(ctx, s.db, sizeOf, collectivity)
}

const sizeOf = `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM
	(SELECT DISTINCT sha256, size FROM document_versions WHERE collectivity = $1) files`

// room refuses what was just written when the collectivity may not keep so much.
func room(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID) error {
	return quota.Check(ctx, tx, collectivity, quota.Documents, func() (int64, error) { return quota.CountOne(ctx, tx, sizeOf, collectivity) })
}

// Used counts the octets of collectivities.
func (s *Store) Used() quota.Use {
	return quota.Use{One: s.Size, All: func(ctx context.Context) (map[portal.CollectivityID]int64, error) {
		return quota.Count(ctx, s.db, `SELECT collectivity, CAST(SUM(size) AS BIGINT) FROM
			(SELECT DISTINCT collectivity, sha256, size FROM document_versions) files GROUP BY collectivity`)
	}}
}

// Sizes are those of several collectivities; one without files is left out.
func (s *Store) Sizes(ctx context.Context, collectivities []portal.CollectivityID) (map[portal.CollectivityID]int64, error) {
	sizes := map[portal.CollectivityID]int64{}
	if len(collectivities) == 0 {
		return sizes, nil
	}
	args := make([]any, len(collectivities))
	for i, id := range collectivities {
		args[i] = string(id)
	}
	rows, err := s.db.Query(ctx, `
		SELECT collectivity, CAST(SUM(size) AS BIGINT) FROM
			(SELECT DISTINCT collectivity, sha256, size FROM document_versions WHERE collectivity IN (`+database.Params(1, len(args))+`)) files
		GROUP BY collectivity`, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (size int64, err error) {
		var id portal.CollectivityID
		err = rows.Scan(&id, &size)
		sizes[id] = size
		return size, err
	})
	if err != nil {
		return nil, fmt.Errorf("documents: sizes: %w", err)
	}
	return sizes, nil
}
