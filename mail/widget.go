package mail

import (
	"context"
	"errors"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// Widget is the box of the agent's mailboxes.
type Widget struct{ store *Store }

// NewWidget returns the box over the store.
func NewWidget(store *Store) Widget { return Widget{store} }

// Manifest says that each agent has her own content.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "mail", Title: "mail.widget.title", Help: "mail.widget.help", Icon: "mail",
		Sizes: []widgets.Size{widgets.Small, widgets.Medium},
		Link:  "/mail", LinkText: "mail.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAgent,
		Fresh:           2 * time.Minute, Stale: 12 * time.Hour, Deadline: 8 * time.Second,
	}
}

// Configured says whether the collectivity has a mail server.
func (w Widget) Configured(ctx context.Context, collectivity portal.CollectivityID) (bool, error) {
	_, err := w.store.Server(ctx, collectivity)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// boxMessages is how many messages of her own mailbox a box shows.
const boxMessages = 5

// Load reads the mailboxes.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	reading, err := w.store.Mailboxes(ctx, request.Caller, boxMessages)
	if err != nil {
		return widgets.Content{}, err
	}
	return content(reading, request.Printer), nil
}

// Check tries the server for "Tester la connexion".
func (w Widget) Check(ctx context.Context, request widgets.Request) error {
	return w.store.Check(ctx, request.Caller.Collectivity)
}

func content(reading Reading, printer *i18n.Printer) widgets.Content {
	content := widgets.Content{
		Badge:   widgets.Badge{Count: reading.Unread(), Label: printer.T("mail.unread")},
		Partial: len(reading.Missing) > 0,
		Empty:   widgets.Empty{Title: printer.T("mail.widget.empty"), Text: printer.T("mail.widget.emptynext")},
	}
	if reading.NeedsPassword {
		content.Notice = widgets.Notice{
			Text: printer.T("mail.widget.needspassword"),
			Link: widgets.Link{Text: printer.T("mail.widget.givepassword"), URL: "/mail/password"},
		}
	}
	if reading.Webmail != "" {
		content.Links = append(content.Links, widgets.Link{Text: printer.T("mail.webmail"), URL: reading.Webmail})
	}
	for _, box := range reading.Boxes {
		if box.Name != "" {
			content.Figures = append(content.Figures, widgets.Figure{Label: printer.T("mail.widget.sharedunread", "name", box.Name), Value: printer.Number(box.Unread)})
			continue
		}
		for _, message := range box.Messages {
			content.Items = append(content.Items, widgets.Item{
				Title: subject(message, printer), Detail: message.From, Time: message.At, Unread: message.Unread, Link: reading.Webmail,
			})
		}
	}
	return content
}

func subject(message Message, printer *i18n.Printer) string {
	if message.Subject == "" {
		return printer.T("mail.nosubject")
	}
	return message.Subject
}
