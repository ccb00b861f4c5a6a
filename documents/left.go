package documents

import (
	"context"
	"fmt"

	"parvis/portal"
)

// LeftBy counts the documents that an agent wrote, which stay where they are.
func (s *Store) LeftBy(ctx context.Context, she portal.Caller) ([]portal.Left, error) {
	left := portal.Left{Key: "documents.left"}
	err := s.db.QueryRow(ctx, `SELECT COUNT(DISTINCT document) FROM document_versions WHERE collectivity = $1 AND author = $2`,
		string(she.Collectivity), string(she.Agent)).Scan(&left.Count)
	if err != nil {
		return nil, fmt.Errorf("documents: what is left: %w", err)
	}
	return []portal.Left{left}, nil
}
