package directory

import (
	"context"
	"time"

	"parvis/widgets"
)

// Widget is the box of who is who: a search field, and the colleagues of the
// agent's own unit with their telephones.
type Widget struct{ store *Store }

// NewWidget returns the box over the store.
func NewWidget(store *Store) Widget { return Widget{store} }

// boxPeople is how many colleagues a box shows.
const boxPeople = 8

// Manifest says that the box is the agent's: it depends on her unit.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "directory", Title: "directory.title", Help: "directory.widget.help", Icon: "people",
		Sizes: []widgets.Size{widgets.Small, widgets.Medium},
		Link:  "/directory", LinkText: "directory.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAgent,
		Fresh:           5 * time.Minute, Stale: 24 * time.Hour, Deadline: time.Second,
	}
}

// Load reads the colleagues of the unit. Who is in no unit gets the field
// alone.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	content := widgets.Content{Search: &widgets.Search{Path: "/directory", Label: request.Printer.T("directory.search")}}
	if request.Caller.Unit == "" {
		return content, nil
	}
	people, err := w.store.People(ctx, request.Caller, PeopleQuery{Unit: request.Caller.Unit, Size: boxPeople + 1})
	if err != nil {
		return widgets.Content{}, err
	}
	for _, agent := range people.Agents {
		if agent.ID != request.Caller.Agent && len(content.Items) < boxPeople {
			content.Items = append(content.Items, personItem(agent))
		}
	}
	return content, nil
}

func personItem(agent Agent) widgets.Item {
	phone := agent.Phone
	if phone == "" {
		phone = agent.Mobile
	}
	return widgets.Item{Title: agent.Name(), Detail: agent.Function, Link: "/directory/agents/" + string(agent.ID), Phone: phone}
}

// ApplicationsWidget is the box of the applications that the agent pinned.
type ApplicationsWidget struct{ store *Store }

// NewApplicationsWidget returns the box over the store.
func NewApplicationsWidget(store *Store) ApplicationsWidget { return ApplicationsWidget{store} }

// boxApplications is how many applications a box shows.
const boxApplications = 16

// Manifest says that the box is the agent's: she pins what she uses.
func (ApplicationsWidget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "applications", Title: "directory.apps.title", Help: "directory.apps.widget.help", Icon: "apps",
		Sizes: []widgets.Size{widgets.Medium, widgets.Small, widgets.Large},
		Link:  "/apps", LinkText: "directory.apps.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAgent,
		Fresh:           5 * time.Minute, Stale: 24 * time.Hour, Deadline: time.Second,
	}
}

// Load reads the pinned applications.
func (w ApplicationsWidget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	apps, err := w.store.PinnedApplications(ctx, request.Caller, boxApplications)
	if err != nil {
		return widgets.Content{}, err
	}
	content := widgets.Content{Layout: widgets.Tiles, Empty: widgets.Empty{
		Title: request.Printer.T("directory.apps.widget.empty"), Text: request.Printer.T("directory.apps.widget.emptynext"),
	}}
	for _, app := range apps {
		content.Items = append(content.Items, widgets.Item{Title: app.Name, Icon: app.Icon, Link: app.URL})
	}
	return content, nil
}
