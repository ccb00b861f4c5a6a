package applications

import (
	"context"
	"time"

	"parvis/widgets"
)

// Widget is the box of the applications that the agent pinned.
type Widget struct{ store *Store }

// NewWidget returns the box over the store.
func NewWidget(store *Store) Widget { return Widget{store} }

// boxApplications is how many applications a box shows.
const boxApplications = 16

// Manifest says that the box is the agent's: she pins what she uses.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "applications", Title: "applications.title", Help: "applications.widget.help", Icon: "apps",
		Sizes: []widgets.Size{widgets.Medium, widgets.Small, widgets.Large},
		Link:  "/apps", LinkText: "applications.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAgent,
		Seen:            true,
		Fresh:           5 * time.Minute, Stale: 24 * time.Hour, Deadline: time.Second,
	}
}

// Load reads the pinned applications.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	apps, err := w.store.Pinned(ctx, request.Caller, boxApplications)
	if err != nil {
		return widgets.Content{}, err
	}
	content := widgets.Content{Layout: widgets.Tiles, Empty: widgets.Empty{
		Title: request.Printer.T("applications.widget.empty"), Text: request.Printer.T("applications.widget.emptynext"),
	}}
	for _, app := range apps {
		content.Items = append(content.Items, widgets.Item{Title: app.Name, Icon: app.Icon, Link: app.URL})
	}
	return content, nil
}
