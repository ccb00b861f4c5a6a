package directory

import (
	"context"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
)

// SetRights replaces the rights of an agent of the caller's collectivity. The
// right to operate the pool is refused: no collectivity can give it.
func (s *Store) SetRights(ctx context.Context, caller portal.Caller, agent portal.AgentID, rights []portal.Right) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("directory: set rights: %w", err)
	}
	for _, right := range rights {
		if right == portal.OperatePool || !slices.Contains(portal.Rights, right) {
			refusal := portal.FieldErrors{portal.Invalid("rights", "directory.error.right", "right", string(right))}
			return fmt.Errorf("directory: set rights: %w", refusal)
		}
	}
	var account portal.AccountID
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if account, err = accountOf(ctx, tx, caller.Collectivity, agent); err != nil {
			return err
		}
		return replaceRights(ctx, tx, caller.Collectivity, agent, rights)
	})
	if err != nil {
		return fmt.Errorf("directory: set rights: %w", err)
	}
	s.changed(account)
	return nil
}

func replaceRights(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID, rights []portal.Right) error {
	if _, err := tx.Exec(ctx, `DELETE FROM agent_rights WHERE collectivity = $1 AND agent = $2`, string(collectivity), string(agent)); err != nil {
		return err
	}
	for _, right := range rights {
		_, err := tx.Exec(ctx, `
			INSERT INTO agent_rights (collectivity, agent, right_name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(collectivity), string(agent), string(right))
		if err != nil {
			return err
		}
	}
	return nil
}
