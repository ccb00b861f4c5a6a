package sso

import (
	"context"
	"slices"

	"parvis/portal"
)

// NamingGroup tells whether the caller's collectivity asks a group for a second
// factor.
func (p *Policies) NamingGroup(ctx context.Context, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	policy, err := p.Of(ctx, caller.Collectivity)
	if err != nil || !slices.Contains(policy.Groups, group) {
		return nil, err
	}
	return []portal.Mention{{Kind: "sso.mention", Path: "/admin/sign-in/factors", Icon: "lock"}}, nil
}
