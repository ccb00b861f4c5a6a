package sso

import (
	"testing"
	"time"

	"parvis/portal"
)

func TestAPolicyBindsWhomItNames(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	agent := portal.Caller{Collectivity: "bourg", Groups: []portal.GroupID{"accueil"}}
	admin := portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	for _, c := range []struct {
		policy       Policy
		agent, admin bool
	}{
		{Policy{}, false, false},
		{Policy{Who: Nobody}, false, false},
		{Policy{Who: Administrators}, false, true},
		{Policy{Who: SomeGroups, Groups: []portal.GroupID{"accueil", "elus"}}, true, false},
		{Policy{Who: SomeGroups, Groups: []portal.GroupID{"elus"}}, false, false},
		{Policy{Who: Everyone}, true, true},
	} {
		if got := c.policy.Binds(agent, day); got != c.agent {
			t.Errorf("%+v binds the agent: %v", c.policy, got)
		}
		if got := c.policy.Binds(admin, day); got != c.admin {
			t.Errorf("%+v binds the administrator: %v", c.policy, got)
		}
		c.policy.From = day
		if c.policy.Binds(admin, day.Add(-time.Millisecond)) || c.policy.Binds(agent, day.Add(-time.Millisecond)) {
			t.Errorf("%+v binds before its day", c.policy)
		}
		if got := c.policy.Binds(admin, day); got != c.admin {
			t.Errorf("%+v binds the administrator on its day: %v", c.policy, got)
		}
	}
}
