package directory

import (
	"context"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/sso"
)

// What a source says of a person as she signs in places her where it says, as a mirror
// does by itself: neither where rights of administration are given, nor away from where
// the last administrator has hers.

// vouchedUnit is the unit that a source names for an agent, who is nobody yet when she
// has no ID; "" when it names none, or one that is not for it to place her in.
func (d SignIn) vouchedUnit(ctx context.Context, from rows, collectivity portal.CollectivityID, agent Agent, profile sso.Profile) (portal.UnitID, error) {
	unit, err := unitNamed(ctx, from, collectivity, profile.UnitName)
	if err != nil || unit == "" || unit == agent.Unit {
		return unit, err
	}
	guarded, err := d.guarded(ctx, from, collectivity, portal.TheUnit, string(unit))
	if err == nil && !guarded {
		guarded, err = d.governsAlone(ctx, from, collectivity, agent.ID)
	}
	if guarded {
		unit = ""
	}
	return unit, err
}

// guarded says whether rights of administration are given to a group, or to a unit or
// one above it, now or later.
func (s *Store) guarded(ctx context.Context, from rows, collectivity portal.CollectivityID, kind portal.SubjectKind, id string) (guarded bool, err error) {
	args := []any{string(collectivity), id, string(kind), database.Millis(s.now())}
	for _, right := range portal.Administration {
		args = append(args, string(right))
	}
	err = from.QueryRow(ctx, withAbove+`
		SELECT EXISTS (SELECT 1 FROM rights_given WHERE collectivity = $1 AND kind = $3 AND (subject = $2 OR $3 = 'unit' AND subject IN (SELECT id FROM above))
			AND taken = 0 AND (ends = 0 OR ends > $4) AND right_name IN (`+database.Params(5, len(portal.Administration))+`))`, args...).Scan(&guarded)
	return guarded, err
}

// governsAlone says whether an agent is the only one who governs a collectivity for good.
func (s *Store) governsAlone(ctx context.Context, from rows, collectivity portal.CollectivityID, agent portal.AgentID) (alone bool, err error) {
	if agent == "" {
		return false, nil
	}
	err = from.QueryRow(ctx, governing+`
		SELECT COUNT(*) = 1 AND COUNT(CASE WHEN a.id = $3 THEN 1 END) = 1 FROM agents a JOIN accounts c ON c.id = a.account
		WHERE a.collectivity = $1 AND a.active AND c.active AND `+governs,
		string(collectivity), database.Millis(s.now()), string(agent)).Scan(&alone)
	return alone, err
}

// insertVouched is insertAgent by the word of a source.
func (d SignIn) insertVouched(ctx context.Context, tx *database.Tx, installation portal.Caller, agent Agent) error {
	latest, err := d.attachable(ctx, tx, installation, agent.Account)
	if err != nil {
		return err
	}
	unit, err := unitName(ctx, tx, installation.Collectivity, agent.Unit)
	if err == nil {
		err = insertCard(ctx, tx, installation.Collectivity, agent, unit, max(database.Millis(d.now()), latest+1))
	}
	if err != nil {
		return err
	}
	return d.followVouched(ctx, tx, installation.Collectivity, nil, agent)
}

// replaceVouched is updateAgent by the word of a source.
func (d SignIn) replaceVouched(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, was, agent Agent) error {
	unit, err := unitName(ctx, tx, collectivity, agent.Unit)
	if err == nil {
		err = d.replaceCard(ctx, tx, collectivity, agent, unit, "")
	}
	if err != nil {
		return err
	}
	return d.followVouched(ctx, tx, collectivity, &was, agent)
}

// followVouched is followCard by the word of a source: a group that gives rights of
// administration takes nobody in, and does not let the last administrator go.
func (d SignIn) followVouched(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, was *Agent, now Agent) error {
	moves, err := cardMoves(ctx, tx, collectivity, was, now)
	if err != nil {
		return err
	}
	var open []ruleMove
	for _, move := range moves {
		guarded, err := d.guarded(ctx, tx, collectivity, portal.TheGroup, string(move.ID))
		if err == nil && guarded && len(move.in) == 0 {
			guarded, err = d.governsAlone(ctx, tx, collectivity, now.ID)
		}
		if err != nil {
			return err
		}
		if !guarded {
			open = append(open, move)
		}
	}
	return d.moveCard(ctx, tx, Installation(collectivity), now, open)
}
