package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
)

// Whoever governs a part of a collectivity must not get the rest of it by deciding
// about those who do, nor by putting people where rights are given.
var (
	errOutranked = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.outranked"}
	errAmong     = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.among"}
	errFill      = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.fill"}
	errPlace     = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.place"}
)

// mayDecide refuses to decide about an agent who holds a right, or will, that the
// caller does not hold.
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
	all, err := s.entitledBy(ctx, tx, she, database.FromMillis(math.MaxInt64))
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

// mayDecideIn is mayDecide for all agents of a unit, in one query. What the unit and
// those above it give is for mayPlace to judge.
func (s *Store) mayDecideIn(ctx context.Context, tx *database.Tx, caller portal.Caller, unit portal.UnitID) error {
	if caller.Can(portal.Admin) {
		return nil
	}
	args := []any{string(caller.Collectivity), string(unit), database.Millis(s.now())}
	for _, right := range caller.Rights {
		args = append(args, string(right))
	}
	more := `right_name NOT IN (` + database.Params(4, len(caller.Rights)) + `)`
	serves := `g.collectivity = $1 AND g.taken = 0 AND (g.ends = 0 OR g.ends > $3) AND g.` + more
	var above int
	err := tx.QueryRow(ctx, `
		SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND a.unit = $2 AND (
			EXISTS (SELECT 1 FROM account_rights r WHERE r.account = a.account AND r.`+more+`)
			OR EXISTS (SELECT 1 FROM rights_given g WHERE g.kind = 'agent' AND g.subject = a.id AND `+serves+`)
			OR EXISTS (SELECT 1 FROM agent_group_members m JOIN rights_given g ON g.kind = 'group' AND g.subject = m.group_id
				WHERE m.collectivity = $1 AND m.agent = a.id AND `+serves+`))`, args...).Scan(&above)
	if err == nil && above > 0 {
		err = errAmong
	}
	return err
}

// mayFill refuses to change who is in a group that something names, but to who
// governs each such thing: whoever fills a group says who reads a shared mailbox,
// sees a folder or signs in with two factors. What names a group is read outside of a
// transaction, by another connection: inside of one it is for who changes few, since
// only administrators of a part come to it.
func (s *Store) mayFill(ctx context.Context, caller portal.Caller, groups ...portal.GroupID) error {
	if caller.Can(portal.Admin) {
		return nil
	}
	for _, group := range groups {
		for _, naming := range s.groupMentions {
			mentions, err := naming(ctx, caller, group)
			if err != nil {
				return err
			}
			for _, mention := range mentions {
				if !caller.Can(cmp.Or(mention.Governs, portal.Admin)) {
					return errFill
				}
			}
		}
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

// mayAddress refuses to write an address of the collectivity's own on a card, but to
// who governs it all and where the agent signs in by it: it may open a mailbox, and
// is who she is to some applications.
func (s *Store) mayAddress(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent) error {
	_, domain, _ := strings.Cut(strings.ToLower(agent.Email), "@")
	if caller.Can(portal.Admin) || domain == "" {
		return nil
	}
	var ours, hers int
	err := tx.QueryRow(ctx, `SELECT
			(SELECT COUNT(*) FROM collectivity_domains WHERE collectivity = $1 AND domain = $2),
			(SELECT COUNT(*) FROM agents a JOIN accounts p ON p.id = a.account WHERE a.collectivity = $1 AND a.id = $3 AND lower(p.login) = $4)`,
		string(caller.Collectivity), domain, string(agent.ID), strings.ToLower(agent.Email)).Scan(&ours, &hers)
	if err == nil && ours > 0 && hers == 0 {
		err = portal.FieldErrors{portal.Invalid("email", "directory.error.address")}
	}
	return err
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
