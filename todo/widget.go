package todo

import (
	"context"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// Widget is the box of what waits.
type Widget struct{ inbox *Inbox }

// NewWidget returns the box over the inbox.
func NewWidget(inbox *Inbox) Widget { return Widget{inbox} }

var _ widgets.Actor = Widget{}

// decide is the one action of the box: what a source's own is called is one of its
// fields.
const decide = "decide"

// boxItems is how many items a box holds; its size decides how many it shows.
const boxItems = 10

// Manifest says that the box is the agent's own.
func (Widget) Manifest() widgets.Manifest {
	named := func(name string) widgets.Field {
		return widgets.Field{Name: name, Kind: widgets.Text, Required: true}
	}
	return widgets.Manifest{
		ID: "todo", Title: "todo.title", Help: "todo.widget.help", Icon: "todo",
		Sizes: []widgets.Size{widgets.Medium, widgets.Small, widgets.Large}, First: true,
		Link: "/todo", LinkText: "todo.widget.all",
		SettingsVersion: 1,
		Actions:         []widgets.ActionType{{Name: decide, Fields: []widgets.Field{named("collectivity"), named("source"), named("item"), named("action")}}},
		Scope:           widgets.ScopeAgent,
		Fresh:           time.Minute, Stale: 24 * time.Hour, Deadline: 2 * time.Second,
	}
}

// Load shows the most pressing items, each with what can be decided in one press.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	p := request.Printer
	sheet, err := w.inbox.Load(ctx, Request{Caller: request.Caller, Printer: p, Now: request.Now}, Query{Limit: boxItems})
	if err != nil {
		return widgets.Content{}, err
	}
	if len(sheet.Entries) == 0 && len(sheet.Missing()) > 0 {
		return widgets.Content{}, portal.UserError{Kind: portal.ErrUnavailable, Key: "todo.error.missing-all"}
	}
	content := widgets.Content{
		Badge:   widgets.Badge{Count: sheet.Total, Label: p.T("todo.widget.waiting")},
		Partial: len(sheet.Missing()) > 0,
		Empty:   widgets.Empty{Title: p.T("todo.empty"), Text: p.T("todo.empty.next")},
	}
	for _, entry := range sheet.Entries {
		content.Items = append(content.Items, entry.boxItem(sheet.Several(), p, request.Now))
	}
	return content, nil
}

// boxItem is an entry as a line of the box: what needs words is decided on the
// page, where its title leads.
func (e Entry) boxItem(several bool, p *i18n.Printer, now time.Time) widgets.Item {
	item := widgets.Item{Title: e.Title, Detail: e.Detail, Time: e.Since, Link: "/todo#" + e.Anchor()}
	if several {
		item.Detail = joined(" · ", e.Place.Name, e.Detail)
	}
	switch {
	case e.Late(now):
		item.Soon = p.T("todo.late", "date", p.DateShort(e.Due, now))
	case !e.Due.IsZero():
		item.Soon = p.T("todo.due", "date", p.DateShort(e.Due, now))
	}
	for _, action := range e.Buttons() {
		if len(action.Fields) > 0 {
			continue
		}
		item.Actions = append(item.Actions, widgets.Action{Name: decide, Text: p.T(action.Label), About: e.Title, Main: action.Main, Values: widgets.Values{
			"collectivity": string(e.Place.Caller.Collectivity), "source": e.Source.ID, "item": e.ID, "action": action.Name,
		}})
	}
	return item
}

// joined joins the texts that are not empty.
func joined(between string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), between)
}

// Buttons are the actions of an entry, in the order of its source.
func (e Entry) Buttons() []Action {
	return slices.DeleteFunc(slices.Clone(e.Source.Actions), func(a Action) bool { return !slices.Contains(e.Actions, a.Name) })
}

// Act does what a button of the box says.
func (w Widget) Act(ctx context.Context, request widgets.Request, _ string, values widgets.Values) (widgets.Sentence, error) {
	at := Address{portal.CollectivityID(values.Text("collectivity")), values.Text("source"), values.Text("item")}
	asked := Request{Caller: request.Caller, Printer: request.Printer, Now: request.Now, From: request.From}
	done, err := w.inbox.Act(ctx, asked, at, values.Text("action"), nil)
	return widgets.Sentence{Key: done.Said.Key, Args: done.Said.Args, Undo: undoPath(at, done.Token)}, err
}
