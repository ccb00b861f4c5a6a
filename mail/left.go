package mail

import (
	"context"

	"parvis/portal"
)

// LeftBy counts the shared mailboxes that an agent reads by her groups.
func (s *Store) LeftBy(ctx context.Context, she portal.Caller) ([]portal.Left, error) {
	shared, err := s.sharedOf(ctx, she)
	return []portal.Left{{Key: "mail.left", Count: len(shared)}}, err
}
