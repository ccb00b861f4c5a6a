package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
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
// groups of its rules that the collectivity does not have.
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
		WHERE g.collectivity = $1 ORDER BY g.id`, string(collectivity), string(agent))
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
	for _, group := range change.join {
		_, err := tx.Exec(ctx, `INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(who.Collectivity), string(group), string(who.Agent))
		if err != nil {
			return err
		}
	}
	for _, group := range change.leave {
		_, err := tx.Exec(ctx, `DELETE FROM agent_group_members WHERE collectivity = $1 AND group_id = $2 AND agent = $3`,
			string(who.Collectivity), string(group), string(who.Agent))
		if err != nil {
			return err
		}
	}
	line := audit.By(who, audit.GroupsSet)
	line.At, line.Detail = d.now(), change.String()
	return audit.Write(ctx, tx, line)
}
