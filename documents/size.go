package documents

import (
	"context"
	"fmt"

	"parvis/portal"
)

// Size is how many bytes the files of a collectivity take on disk, those of older
// versions and of the bin included. It shows nothing of what they hold: the pool
// asks.
func (s *Store) Size(ctx context.Context, collectivity portal.CollectivityID) (bytes int64, err error) {
	err = s.db.QueryRow(ctx, `
		SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM
			(SELECT DISTINCT sha256, size FROM document_versions WHERE collectivity = $1) files`, string(collectivity)).Scan(&bytes)
	if err != nil {
		return 0, fmt.Errorf("documents: size of %q: %w", collectivity, err)
	}
	return bytes, nil
}
