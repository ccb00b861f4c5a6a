package applications

import (
	"context"
	"slices"

	"parvis/portal"
)

// NamingUnit lists the applications of the caller's collectivity that are open to
// a unit by its name, in the order of their identifiers.
func (s *Store) NamingUnit(ctx context.Context, caller portal.Caller, unit portal.UnitID) ([]portal.Mention, error) {
	return s.naming(ctx, caller, func(app Application) bool { return slices.Contains(app.Units, unit) })
}

// NamingGroup lists those that are open to a group.
func (s *Store) NamingGroup(ctx context.Context, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	return s.naming(ctx, caller, func(app Application) bool { return slices.Contains(app.Audience, group) })
}

func (s *Store) naming(ctx context.Context, caller portal.Caller, named func(Application) bool) ([]portal.Mention, error) {
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	var mentions []portal.Mention
	for _, app := range all.apps {
		if named(app) {
			mentions = append(mentions, portal.Mention{Kind: "applications.mention", Name: app.Name, Path: "/admin/applications/" + app.ID, Icon: "apps", Governs: portal.ManageApplications})
		}
	}
	return mentions, nil
}

// Forget makes what is open to whom be read again, once the organisation chart of
// a collectivity changed.
func (s *Store) Forget(collectivity portal.CollectivityID) { s.shelf.drop(collectivity) }
