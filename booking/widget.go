package booking

import (
	"context"
	"net/url"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// Widget is the box of what of a kind is free now, each with a button that books it for an hour.
type Widget struct {
	store *Store
	kind  Kind
}

// NewWidget returns the box of a kind, Room or Vehicle.
func NewWidget(store *Store, kind Kind) Widget { return Widget{store, kind} }

var _, _ widgets.Actor = Widget{}, MineWidget{}

const (
	bookHour = "book"
	giveBack = "cancel"
	takeOut  = "take-out"

	boxItems = 8
	// anHour is what a press of a button books, and leastBooked the least that is worth it where somebody comes next.
	anHour      = time.Hour
	leastBooked = 15 * time.Minute
)

// Manifest says that each agent has her own: not all see and book the same.
func (w Widget) Manifest() widgets.Manifest {
	key := "booking.widget." + string(w.kind)
	actions := []widgets.ActionType{{Name: bookHour, Fields: []widgets.Field{{Name: "resource", Kind: widgets.Text, Required: true}}}}
	if w.kind == Vehicle {
		actions = append(actions, widgets.ActionType{Name: takeOut, Fields: []widgets.Field{
			{Name: "resource", Kind: widgets.Text, Required: true}, {Name: "event", Kind: widgets.Text, Required: true}, {Name: "of", Kind: widgets.Text},
		}})
	}
	return widgets.Manifest{
		ID: string(w.kind) + "s", Title: "booking.desk." + string(w.kind), Help: key + ".help", Icon: w.kind.Icon(),
		Sizes: []widgets.Size{widgets.Medium, widgets.Small, widgets.Large},
		Link:  deskPath + "?kind=" + string(w.kind), LinkText: key + ".all",
		SettingsVersion: 1,
		Actions:         actions,
		Scope:           widgets.ScopeAgent,
		Fresh:           20 * time.Second, Stale: 10 * time.Minute, Deadline: 2 * time.Second,
	}
}

// Load tells until when each is free or taken, free ones first.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	p, now := request.Printer, request.Now
	content := widgets.Content{Empty: widgets.Empty{Title: p.T("booking.desk.none"), Text: p.T("booking.widget.none.next")}}
	if request.Caller.Agent == "" {
		return content, nil
	}
	day := midnight(now).AddDate(0, 0, 1)
	last := day.Add(anHour) // an hour that begins today may end tomorrow
	plan, err := w.store.Plan(ctx, request.Caller, p, hourFrom(now), last)
	if err != nil {
		return widgets.Content{}, err
	}
	parked, err := w.garage(ctx, request)
	if err != nil {
		return widgets.Content{}, err
	}
	content.Notice = parked.notice
	var free, taken []widgets.Item
	for _, one := range plan.Resources {
		if one.Kind != w.kind {
			continue
		}
		item := widgets.Item{Title: one.Name, Link: deskPath + "/resources/" + url.PathEscape(string(one.ID)), Soon: parked.late[one.ID]}
		if state := parked.states[one.ID]; state != "" {
			item.Detail = state
			taken = append(taken, item)
			continue
		}
		if is, until := plan.freeNow(one.ID, now, last); is {
			item.Detail = p.T("booking.widget.free", "until", p.Clock(until.In(day.Location())))
			if !until.Before(day) {
				item.Detail = p.T("booking.widget.free.day")
			}
			if _, _, ok := plan.nextHour(one.ID, now, last); ok && !plan.Barred[one.ID] {
				item.Actions = []widgets.Action{{Name: bookHour, Text: p.T("booking.widget.book"), About: one.Name, Values: widgets.Values{"resource": string(one.ID)}}}
			}
			free = append(free, item)
			continue
		}
		item.Detail = plan.takenWords(p, one.ID, now, day)
		if own, hers := parked.hers[one.ID]; hers {
			item.Detail, item.Actions = p.T("booking.trip.hers"), []widgets.Action{own}
			free = slices.Insert(free, 0, item)
			continue
		}
		taken = append(taken, item)
	}
	content.Items = append(free, taken...)
	content.Items = content.Items[:min(len(content.Items), boxItems)]
	return content, nil
}

// Act books one for an hour from now on, or for what is left of it before somebody else has it; or takes a vehicle.
func (w Widget) Act(ctx context.Context, request widgets.Request, action string, values widgets.Values) (widgets.Sentence, error) {
	if action == takeOut {
		return w.take(ctx, request, values)
	}
	id, last := ResourceID(values.Text("resource")), midnight(request.Now).AddDate(0, 0, 1).Add(anHour)
	plan, err := w.store.Plan(ctx, request.Caller, request.Printer, hourFrom(request.Now), last)
	if err != nil {
		return widgets.Sentence{}, err
	}
	at := slices.IndexFunc(plan.Resources, func(one Resource) bool { return one.ID == id && one.Kind == w.kind })
	if at < 0 {
		return widgets.Sentence{}, portal.ErrNotFound
	}
	from, until, ok := plan.nextHour(id, request.Now, last)
	if !ok {
		return widgets.Sentence{}, portal.UserError{Kind: portal.ErrConflict, Key: "booking.error.just-taken", Args: []any{"name", plan.Resources[at].Name}}
	}
	event, err := w.store.Book(ctx, request.Caller, id, from, until, "")
	if err != nil {
		return widgets.Sentence{}, err
	}
	own, err := w.store.OwnOf(ctx, request.Caller, event)
	if err != nil {
		return widgets.Sentence{}, err
	}
	done := "booking.done.booked"
	if own.Pending {
		done = "booking.done.asked"
	}
	zone := request.Now.Location()
	return widgets.Sentence{
		Key: done, Args: []string{"name", plan.Resources[at].Name, "when", WhenWords(request.Printer, from.In(zone), until.In(zone), request.Now)},
		Undo: cancelPath(event),
	}, nil
}

// cancelPath takes a booking back when it is posted to.
func cancelPath(event string) string {
	return deskPath + "/events/" + url.PathEscape(event) + "/cancel"
}

// hourFrom is when an hour begins that somebody wants at once: the quarter that runs, as people meet on quarters.
func hourFrom(now time.Time) time.Time { return now.Truncate(leastBooked) }

// freeNow says whether nobody has a resource now, and until when.
func (p Plan) freeNow(id ResourceID, now, last time.Time) (free bool, until time.Time) {
	for _, one := range p.FreeTimes(id, now, last) {
		return !one.From.After(now), one.To
	}
	return false, last
}

// nextHour is an hour of a resource from now on, or what is left of it before somebody else has it; ok is false where
// that is less than leastBooked.
func (p Plan) nextHour(id ResourceID, now, last time.Time) (from, until time.Time, ok bool) {
	for _, one := range p.FreeTimes(id, hourFrom(now), last) {
		if one.From.After(now) {
			break
		}
		if one.To.After(now) {
			until = earliest(one.From.Add(anHour), one.To)
			return one.From, until, !until.Before(now.Add(leastBooked))
		}
	}
	return now, now, false
}

// takenWords tells until when others have a resource, or why it can't be had, at a moment at which it is not free.
func (p Plan) takenWords(printer *i18n.Printer, id ResourceID, now, last time.Time) string {
	for _, one := range p.Shut[id] {
		if !one.From.After(now) && one.To.After(now) && one.Why != "" {
			return one.Why
		}
	}
	for _, one := range p.Shut[id] {
		if !one.From.After(now) && one.To.After(now) {
			return printer.T("booking.widget.shut")
		}
	}
	for _, one := range p.FreeTimes(id, now, last) {
		return printer.T("booking.widget.taken", "until", printer.Clock(one.From.In(last.Location())))
	}
	return printer.T("booking.widget.taken.day")
}

// MineWidget is the box of one's own bookings to come.
type MineWidget struct{ store *Store }

// NewMineWidget returns the box over the store.
func NewMineWidget(store *Store) MineWidget { return MineWidget{store} }

// Manifest says that the box is the agent's own.
func (MineWidget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "bookings", Title: "booking.desk.mine", Help: "booking.widget.mine.help", Icon: "room",
		Sizes: []widgets.Size{widgets.Medium, widgets.Small, widgets.Large},
		Link:  deskPath + "/mine", LinkText: "booking.widget.mine.all",
		SettingsVersion: 1,
		Actions:         []widgets.ActionType{{Name: giveBack, Fields: []widgets.Field{{Name: "event", Kind: widgets.Text, Required: true}}}},
		Scope:           widgets.ScopeAgent,
		Fresh:           20 * time.Second, Stale: time.Hour, Deadline: 2 * time.Second,
	}
}

// Load lists the next ones. One that repeats is given back on its page, which asks which dates.
func (w MineWidget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	p, now := request.Printer, request.Now
	content := widgets.Content{
		Empty: widgets.Empty{Title: p.T("booking.mine.none"), Text: p.T("booking.mine.none.next")},
		Links: []widgets.Link{{Text: p.T("booking.desk.book-one"), URL: deskPath}},
	}
	own, err := w.store.Mine(ctx, request.Caller)
	for _, one := range own[:min(boxItems, len(own))] {
		item := widgets.Item{Title: one.Resource.Name, Detail: WhenWords(p, one.Start.In(now.Location()), one.End.In(now.Location()), now), Link: one.Href()}
		if one.Title != "" && one.Title != one.Resource.Name {
			item.Detail += " · " + one.Title
		}
		if one.Pending {
			item.Soon = p.T("booking.desk.pending")
		}
		if one.Recurrence.IsZero() {
			item.Actions = []widgets.Action{{Name: giveBack, Text: p.T("booking.desk.cancel"), About: one.Resource.Name, Values: widgets.Values{"event": one.Event}}}
		}
		content.Items = append(content.Items, item)
	}
	return content, err
}

// Act gives a booking back, with the event that holds it.
func (w MineWidget) Act(ctx context.Context, request widgets.Request, _ string, values widgets.Values) (widgets.Sentence, error) {
	undo, err := w.store.Cancel(ctx, request.Caller, values.Text("event"), time.Time{})
	return widgets.Sentence{Key: "booking.done.cancelled", Undo: undo}, err
}
