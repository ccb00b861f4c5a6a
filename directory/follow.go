package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/sso"
)

// groupChange is what a source's word changes of an agent's groups.
type groupChange struct{ join, leave []portal.GroupID }

func (c groupChange) none() bool { return len(c.join) == 0 && len(c.leave) == 0 }

// String is how the journal tells it, "+finances −elus".
func (c groupChange) String() string {
	var words []string
	for _, group := range c.join {
		words = append(words, "+"+string(group))
	}
	for _, group := range c.leave {
		words = append(words, "−"+string(group))
	}
	return strings.Join(words, " ")
}

// groupChangeOf compares the groups that an agent is in with those of a
// profile. Groups that the source does not decide about are left alone, as are
// groups of its rules that the collectivity does not have, or fills by a rule of
// its own.
func groupChangeOf(ctx context.Context, from rows, collectivity portal.CollectivityID, agent portal.AgentID, profile sso.Profile) (groupChange, error) {
	if len(profile.Managed) == 0 {
		return groupChange{}, nil
	}
	type membership struct {
		group portal.GroupID
		in    bool
	}
	found, err := from.Query(ctx, `
		SELECT g.id, m.agent IS NOT NULL FROM agent_groups g
		LEFT JOIN agent_group_members m ON m.collectivity = g.collectivity AND m.group_id = g.id AND m.agent = $2
		WHERE g.collectivity = $1 AND NOT g.ruled ORDER BY g.id`, string(collectivity), string(agent))
	all, err := database.Collect(found, err, func(rows *sql.Rows) (one membership, err error) {
		return one, rows.Scan(&one.group, &one.in)
	})
	if err != nil {
		return groupChange{}, fmt.Errorf("directory: compare groups: %w", err)
	}
	var change groupChange
	for _, one := range all {
		if !slices.Contains(profile.Managed, one.group) {
			continue
		}
		switch wanted := slices.Contains(profile.Groups, one.group); {
		case wanted && !one.in:
			change.join = append(change.join, one.group)
		case !wanted && one.in:
			change.leave = append(change.leave, one.group)
		}
	}
	return change, nil
}

// followGroups puts an agent into the groups that her source says, and out of
// the others that it decides about.
func (d SignIn) followGroups(ctx context.Context, tx *database.Tx, who portal.Caller, profile sso.Profile) error {
	change, err := groupChangeOf(ctx, tx, who.Collectivity, who.Agent, profile)
	if err != nil || change.none() {
		return err
	}
	if err := moveGroups(ctx, tx, who.Collectivity, who.Agent, change.join, change.leave); err != nil {
		return err
	}
	line := audit.By(who, audit.GroupsSet)
	line.At, line.Detail = d.now(), change.String()
	return audit.Write(ctx, tx, line)
}

// errTried ends the transaction of TryAdmit.
var errTried = errors.New("directory: only tried")

// TryAdmit does what Admit does, and takes it back.
func (d SignIn) TryAdmit(ctx context.Context, collectivity portal.CollectivityID, profile sso.Profile) (sso.Admission, error) {
	var tried sso.Admission
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		before, err := agentOfProfile(ctx, tx, collectivity, profile)
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return err
		}
		tried = sso.Admission{Known: err == nil}
		account, _, err := d.admit(ctx, tx, collectivity, profile)
		if err != nil {
			return err
		}
		if err := mayEnter(ctx, tx, account, collectivity); err != nil {
			return err
		}
		if before, err = agentOfProfile(ctx, tx, collectivity, profile); err != nil {
			return err
		}
		if tried.Groups, err = groupNames(ctx, tx, collectivity, before.ID); err != nil {
			return err
		}
		return errTried
	})
	if !errors.Is(err, errTried) {
		return tried, fmt.Errorf("directory: try to admit: %w", err)
	}
	return tried, nil
}

// mayEnter is portal.ErrNotFound for an account or a collectivity that is
// closed.
func mayEnter(ctx context.Context, tx rows, account portal.AccountID, collectivity portal.CollectivityID) error {
	var id string
	return tx.QueryRow(ctx, `SELECT p.id FROM accounts p JOIN collectivities c ON c.id = $2 WHERE p.id = $1 AND p.active AND c.active`,
		string(account), string(collectivity)).Scan(&id)
}

// groupNames are the names of the groups of an agent.
func groupNames(ctx context.Context, from rows, collectivity portal.CollectivityID, agent portal.AgentID) ([]string, error) {
	found, err := from.Query(ctx, `
		SELECT g.name FROM agent_groups g
		JOIN agent_group_members m ON m.collectivity = g.collectivity AND m.group_id = g.id
		WHERE g.collectivity = $1 AND m.agent = $2`, string(collectivity), string(agent))
	names, err := database.Collect(found, err, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
	slices.SortFunc(names, i18n.ByName)
	return names, err
}

// SourceKeys returns what accounts are known by in the collectivity's own
// source.
func (d SignIn) SourceKeys(ctx context.Context, collectivity portal.CollectivityID, accounts []portal.AccountID) (map[portal.AccountID]string, error) {
	keys := map[portal.AccountID]string{}
	for some := range slices.Chunk(accounts, 200) {
		args := []any{string(collectivity)}
		for _, account := range some {
			args = append(args, string(account))
		}
		found, err := d.db.Query(ctx, `SELECT account, source_key FROM agents WHERE collectivity = $1 AND source_key <> '' AND account IN (`+
			database.Params(2, len(some))+`)`, args...)
		type known struct {
			account portal.AccountID
			key     string
		}
		all, err := database.Collect(found, err, func(rows *sql.Rows) (one known, err error) {
			return one, rows.Scan(&one.account, &one.key)
		})
		if err != nil {
			return nil, fmt.Errorf("directory: read source keys: %w", err)
		}
		for _, one := range all {
			keys[one.account] = one.key
		}
	}
	return keys, nil
}

// unitNamed is the unit of a collectivity that a source names, by its name or its
// identifier, accents and case aside; "" for one that it has not, or has twice.
func unitNamed(ctx context.Context, from rows, collectivity portal.CollectivityID, name string) (portal.UnitID, error) {
	if name == "" {
		return "", nil
	}
	found, err := from.Query(ctx, `SELECT id, name FROM units WHERE collectivity = $1 ORDER BY id`, string(collectivity))
	units, err := database.Collect(found, err, func(rows *sql.Rows) (one Unit, err error) { return one, rows.Scan(&one.ID, &one.Name) })
	if err != nil {
		return "", fmt.Errorf("directory: find unit: %w", err)
	}
	var named []portal.UnitID
	for _, unit := range units {
		if string(unit.ID) == name || i18n.Fold(unit.Name) == i18n.Fold(name) {
			named = append(named, unit.ID)
		}
	}
	if len(named) != 1 {
		return "", nil
	}
	return named[0], nil
}
