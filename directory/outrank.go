package directory

import (
	"context"
	"database/sql"
	"errors"

	"parvis/portal"
	"parvis/portal/database"
)

// Whoever governs a part of a collectivity must not get the rest of it by deciding
// about those who do, nor by putting people where rights are given.
var (
	errOutranked = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.outranked"}
	errPlace     = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.place"}
)

// mayDecide refuses to decide about an agent who holds a right that the caller does
// not hold.
func (s *Store) mayDecide(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID) error {
	if caller.Can(portal.Admin) {
		return nil
	}
	she := portal.Caller{Collectivity: caller.Collectivity, Agent: agent}
	err := tx.QueryRow(ctx, `SELECT unit, COALESCE(account, '') FROM agents WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(agent)).
		Scan(&she.Unit, &she.Account)
	if err != nil {
		return err
	}
	all, err := s.entitlements(ctx, tx, she)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.kind == "right" {
			she.Rights = append(she.Rights, portal.Right(one.name))
		}
	}
	if !caller.Reaches(she) {
		return errOutranked
	}
	return nil
}

// mayPlace refuses to put anybody into a unit or a group, "" for none, to which a
// right is given that the caller does not hold, or will be.
func (s *Store) mayPlace(ctx context.Context, from rows, caller portal.Caller, unit portal.UnitID, groups ...portal.GroupID) error {
	if caller.Can(portal.Admin) {
		return nil
	}
	for _, group := range groups {
		rows, err := from.Query(ctx, `
			SELECT right_name FROM rights_given
			WHERE collectivity = $1 AND kind = 'group' AND subject = $2 AND taken = 0 AND (ends = 0 OR ends > $3)`,
			string(caller.Collectivity), string(group), database.Millis(s.now()))
		if err := holdsAll(caller, rows, err); err != nil {
			return err
		}
	}
	rows, err := from.Query(ctx, `
		WITH RECURSIVE above (id, parent) AS (
			SELECT id, parent FROM units WHERE collectivity = $1 AND id = $2
			UNION SELECT u.id, u.parent FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent
		)
		SELECT right_name FROM rights_given
		WHERE collectivity = $1 AND kind = 'unit' AND subject IN (SELECT id FROM above) AND taken = 0 AND (ends = 0 OR ends > $3)`,
		string(caller.Collectivity), string(unit), database.Millis(s.now()))
	return holdsAll(caller, rows, err)
}

// holdsAll refuses rights that the caller does not hold.
func holdsAll(caller portal.Caller, rows *sql.Rows, err error) error {
	rights, err := database.Collect(rows, err, func(rows *sql.Rows) (right portal.Right, err error) { return right, rows.Scan(&right) })
	for _, right := range rights {
		if !caller.Can(right) {
			err = errors.Join(err, errPlace)
		}
	}
	return err
}
