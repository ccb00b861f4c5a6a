package sso

import (
	"context"

	"parvis/portal"
)

// Concerns tells the administrator of a collectivity how many of those who govern it have
// no second factor, where it does not ask them for one.
func (s *Service) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	policy, err := s.Policies.Of(ctx, caller.Collectivity) // every request asks for it: it is in memory
	if err != nil || policy.Who == Administrators || policy.Who == Everyone {
		return nil, err
	}
	bare, err := s.people.BareAdministrators(ctx, caller)
	if err != nil || bare == 0 {
		return nil, err
	}
	return []portal.Concern{{
		Gravity: portal.Missing, Key: "sso.concern.bare", Count: bare, Why: "sso.concern.bare.why", Path: "/admin/sign-in/factors", Icon: "lock",
	}}, nil
}
