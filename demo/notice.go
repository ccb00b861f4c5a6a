package demo

import (
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/widgets"
)

// notices announces the next update of the desk: two weeks ahead, shown from two days
// before, so that the first pages of the demonstration are without it.
func (l *loader) notices() error {
	operator := portal.Caller{Account: l.accounts["pool@pool.example"], Rights: []portal.Right{portal.OperatePool}}
	day := midnight(l.now, 14)
	return l.server.Announcements.Publish(l.ctx, operator, directory.Announcement{
		ID:      portal.NewID(),
		Level:   directory.Maintenance,
		French:  "Mise à jour du bureau virtuel : il s’arrête une minute ou deux pendant ce créneau.",
		English: "Update of the virtual desk: it stops for a minute or two in this slot.",
		Begins:  day.Add(18*time.Hour + 30*time.Minute), Ends: day.Add(19 * time.Hour),
		From: midnight(l.now, 12).Add(8 * time.Hour), Until: day.Add(19 * time.Hour),
		Reach: directory.ReachAll,
	}, "")
}

// homes gives the councillors of Bourg a page of their own: their meetings first.
func (l *loader) homes() error {
	admin, err := l.steward("bourg")
	if err != nil {
		return err
	}
	return l.server.Home.SetHome(l.ctx, admin, widgets.HomePage{
		Group: portal.Group{ID: "elus", Name: "Élus"},
		Places: []widgets.Place{
			{Widget: "agenda", Size: widgets.Medium, State: widgets.Locked},
			{Widget: "todo", State: widgets.Suggested},
			{Widget: "news", State: widgets.Suggested},
			{Widget: "mail", State: widgets.Suggested},
			{Widget: "directory", Size: widgets.Small, State: widgets.Suggested},
		},
	})
}

// shares lets Bourg and its CCAS read each other's directory.
func (l *loader) shares() error {
	for of, reader := range map[string]string{"bourg": "ccas", "ccas": "bourg"} {
		if _, err := l.server.Directory.ShareDirectory(l.ctx, directory.Installation(portal.CollectivityID(of)), reader, ""); err != nil {
			return err
		}
	}
	return nil
}
