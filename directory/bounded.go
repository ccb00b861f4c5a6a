package directory

import (
	"context"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/quota"
)

// bounded begins a change to the agents of a collectivity: whichever door they come by, who
// comes and who comes back is counted at its end, once. A change that brings nobody is not
// refused, however many there are.
func bounded(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID) (room func() error, err error) {
	bound, err := quota.Bound(ctx, tx, collectivity, quota.Agents)
	if err != nil || bound < 0 {
		return func() error { return nil }, err
	}
	count := func() (int64, error) { return quota.CountOne(ctx, tx, countActive, collectivity) }
	before, err := count()
	return func() error {
		after, err := count()
		if err == nil && after > bound && after > before {
			err = quota.Refusal(quota.Agents, bound)
		}
		return err
	}, err
}

// roomFor refuses a change where many more come after it who would find no room.
func roomFor(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, coming int) error {
	if coming == 0 {
		return nil
	}
	bound, err := quota.Bound(ctx, tx, collectivity, quota.Agents)
	if err != nil || bound < 0 {
		return err
	}
	count, err := quota.CountOne(ctx, tx, countActive, collectivity)
	if err == nil && count+int64(coming) > bound {
		err = quota.Refusal(quota.Agents, bound)
	}
	return err
}

// AgentsUsed counts the active agents of collectivities.
func (s *Store) AgentsUsed() quota.Use {
	return quota.Use{
		All: func(ctx context.Context) (map[portal.CollectivityID]int64, error) {
			return quota.Count(ctx, s.db, `SELECT collectivity, COUNT(*) FROM agents WHERE active GROUP BY collectivity`)
		},
		One: func(ctx context.Context, id portal.CollectivityID) (int64, error) {
			return quota.CountOne(ctx, s.db, countActive, id)
		},
	}
}
