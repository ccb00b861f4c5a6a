package quota

import (
	"context"

	"parvis/portal"
)

// governed says, of what is counted, who is told beside who governs all, and where she
// makes room.
var governed = map[Kind]struct {
	right      portal.Right
	path, icon string
}{
	Documents:     {portal.Admin, "/documents/bin", "folder"},
	Agents:        {portal.ManageAgents, "/admin/agents", "user"},
	Subscriptions: {portal.Admin, "", "calendar"}, // each is its owner's to forget
	Letters:       {portal.ManageAgents, "", "mail"},
}

// Concerns tells who governs what is counted that her collectivity comes near a bound, or
// is at it. It reads memory only.
func (s *Store) Concerns(_ context.Context, caller portal.Caller) (all []portal.Concern, err error) {
	for _, held := range s.Near()[caller.Collectivity] {
		by := governed[held.Kind]
		if !caller.Can(by.right) {
			continue
		}
		one := portal.Concern{
			Gravity: portal.Waiting, Key: "quota.near." + string(held.Kind), Args: []any{"used", held.Used, "max", held.Bound, "share", held.Share()},
			Why: "quota.room." + string(held.Kind), WhyArgs: []any{"max", held.Bound}, Path: by.path, Icon: by.icon,
		}
		if held.Share() >= 100 {
			one.Gravity, one.Key = portal.Broken, "quota.full."+string(held.Kind)
		}
		if held.Kind == Documents {
			one.WhyArgs = []any{"max", megabytes(held.Bound)}
		}
		all = append(all, one)
	}
	return all, nil
}
