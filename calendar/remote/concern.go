package remote

import (
	"context"
	"fmt"

	"parvis/portal"
)

// Concerns tells the administrator of a collectivity how many agendas on other servers
// could not be read at the last try: neither whose nor where, which is their owners'.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	one := portal.Concern{Key: "remote.concern.failing", Why: "remote.concern.failing.why", Icon: "calendar"}
	err := s.DB.QueryRow(ctx, `SELECT COUNT(*) FROM remote_accounts WHERE collectivity = $1 AND fault <> ''`, string(caller.Collectivity)).Scan(&one.Count)
	if err != nil {
		return nil, fmt.Errorf("calendar/remote: what is wrong: %w", err)
	}
	if one.Count == 0 {
		return nil, nil
	}
	return []portal.Concern{one}, nil
}
