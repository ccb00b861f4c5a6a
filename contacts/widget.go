package contacts

import (
	"context"
	"time"

	"parvis/widgets"
)

// Widget is the box of contacts: a search field, and those that were changed last.
type Widget struct{ store *Store }

// NewWidget returns the box over the store.
func NewWidget(store *Store) Widget { return Widget{store} }

// boxContacts is how many the box shows.
const boxContacts = 6

// Manifest says that the box is the agent's: nobody else reads her contacts.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "contacts", Title: "contacts.title", Help: "contacts.widget.help", Icon: "phone",
		Sizes: []widgets.Size{widgets.Small, widgets.Medium},
		Link:  "/contacts", LinkText: "contacts.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAgent,
		Fresh:           time.Minute, Stale: 24 * time.Hour, Deadline: time.Second,
	}
}

// Load reads the contacts that were changed last.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	printer := request.Printer
	content := widgets.Content{Search: &widgets.Search{Path: "/contacts", Label: printer.T("contacts.find")}}
	people, err := w.store.Recent(ctx, request.Caller, boxContacts)
	if err != nil {
		return widgets.Content{}, err
	}
	for _, one := range people {
		name := one.FullName
		if name == "" {
			name = printer.T("contacts.unnamed")
		}
		content.Items = append(content.Items, widgets.Item{Title: clip(name, maxIndexed), Detail: one.Detail, Link: cardHref(one.Book, one.Name), Phone: one.Phone})
	}
	return content, nil
}
