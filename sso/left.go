package sso

import (
	"context"
	"fmt"

	"parvis/portal"
)

// LeftBy counts the sessions and app passwords of an agent here, which end with her.
func (s *Service) LeftBy(ctx context.Context, she portal.Caller) ([]portal.Left, error) {
	sessions, passwords := portal.Left{Key: "sso.left.sessions"}, portal.Left{Key: "sso.left.passwords"}
	if she.Account == "" {
		return nil, nil
	}
	err := s.db.QueryRow(ctx, `
		SELECT (SELECT COUNT(*) FROM sessions n WHERE n.account = $1 AND n.collectivity = $2),
			(SELECT COUNT(*) FROM app_passwords p WHERE p.account = $1 AND p.collectivity = $2)`,
		string(she.Account), string(she.Collectivity)).Scan(&sessions.Count, &passwords.Count)
	if err != nil {
		return nil, fmt.Errorf("sso: what is left: %w", err)
	}
	return []portal.Left{sessions, passwords}, nil
}
