package news

import (
	"context"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Concerns tells who writes the news of a new collectivity that nothing was published.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	if !caller.Can(portal.EditNews) {
		return nil, nil
	}
	var none bool
	err := s.db.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT 1 FROM articles a WHERE a.collectivity = $1 AND a.deleted = 0)
		FROM collectivities c WHERE c.id = $1 AND c.created > $2`, string(caller.Collectivity), database.Millis(s.now().Add(-portal.Settling))).Scan(&none)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return nil, fmt.Errorf("news: what asks for attention: %w", err)
	}
	if !none {
		return nil, nil
	}
	return []portal.Concern{{Gravity: portal.Next, Key: "news.concern.none", Why: "news.concern.none.why", Path: "/news/new", Icon: "news"}}, nil
}
