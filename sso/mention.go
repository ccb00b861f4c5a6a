package sso

import (
	"context"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingGroup tells whether the caller's collectivity asks a group for a second
// factor, as a reader sees it.
func (p *Policies) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	var asked bool
	err := from.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM sso_policy_groups WHERE collectivity = $1 AND group_id = $2)`,
		string(caller.Collectivity), string(group)).Scan(&asked)
	if err != nil || !asked {
		return nil, err
	}
	return []portal.Mention{{Kind: "sso.mention", Path: "/admin/sign-in/factors", Icon: "lock"}}, nil
}
