package directory

import (
	"context"
	"slices"
	"time"

	"parvis/portal"
	"parvis/widgets"
)

// Widget is the box of who is who: a search field, and the colleagues of the
// agent's own unit, or of those next to it, with their telephones.
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
		Seen:            true,
		Fresh:           5 * time.Minute, Stale: 24 * time.Hour, Deadline: time.Second,
	}
}

// Load reads the colleagues of the unit. Who is alone in hers gets those of the
// unit above, else of the units below; who is in no unit, the field alone.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	content := widgets.Content{Search: &widgets.Search{Path: "/directory", Label: request.Printer.T("directory.search")}}
	caller := request.Caller
	if caller.Unit == "" {
		return content, nil
	}
	people, err := w.colleagues(ctx, caller, caller.Unit)
	if err == nil && len(people) == 0 {
		people, err = w.neighbours(ctx, caller)
	}
	if err != nil {
		return widgets.Content{}, err
	}
	for _, agent := range people {
		content.Items = append(content.Items, personItem(agent))
	}
	return content, nil
}

// colleagues are the others in a unit, as many as the box shows.
func (w Widget) colleagues(ctx context.Context, caller portal.Caller, unit portal.UnitID) ([]Agent, error) {
	people, err := w.store.People(ctx, caller, PeopleQuery{Unit: unit, Size: boxPeople + 1})
	others := slices.DeleteFunc(people.Agents, func(a Agent) bool { return a.ID == caller.Agent })
	return others[:min(len(others), boxPeople)], err
}

// neighbours are the agents of the unit above the caller's, else those of the
// units just below, as many as the box shows.
func (w Widget) neighbours(ctx context.Context, caller portal.Caller) ([]Agent, error) {
	chart, err := w.store.Units(ctx, caller)
	if err != nil {
		return nil, err
	}
	here := slices.IndexFunc(chart, func(u UnitNode) bool { return u.ID == caller.Unit })
	if here < 0 {
		return nil, nil
	}
	if above := chart[here].Parent; above != "" {
		people, err := w.colleagues(ctx, caller, above)
		if err != nil || len(people) > 0 {
			return people, err
		}
	}
	var people []Agent
	for _, unit := range chart {
		if unit.Parent != caller.Unit || unit.Agents == 0 || len(people) >= boxPeople {
			continue
		}
		below, err := w.colleagues(ctx, caller, unit.ID)
		if err != nil {
			return nil, err
		}
		people = append(people, below...)
	}
	return people[:min(len(people), boxPeople)], nil
}

func personItem(agent Agent) widgets.Item {
	phone := agent.Phone
	if phone == "" {
		phone = agent.Mobile
	}
	return widgets.Item{Title: agent.Name(), Detail: agent.Function, Link: "/directory/agents/" + string(agent.ID), Phone: phone}
}
