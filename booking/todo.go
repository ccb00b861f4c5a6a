package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/todo"
)

// RequestSource is the bookings that wait for the caller to accept them.
type RequestSource struct{ Store *Store }

var _ todo.Source = RequestSource{}

const (
	acceptAction = "accept"
	refuseAction = "refuse"
	takeAction   = "take"
	leaveAction  = "leave"
	maxReason    = 300 // characters
)

// Manifest implements todo.Source.
func (RequestSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "bookings", Name: "booking.todo.requests", Icon: "room", Actions: []todo.Action{
		{Name: acceptAction, Label: "booking.todo.accept", Main: true},
		{Name: refuseAction, Label: "booking.todo.refuse", Fields: []todo.Field{
			{Name: "reason", Kind: todo.Text, Label: "booking.todo.reason", Required: true, Max: maxReason},
		}},
	}}
}

// Count implements todo.Source.
func (s RequestSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	return s.Store.CountAsked(ctx, caller)
}

// List implements todo.Source.
func (s RequestSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	total, err := s.Count(ctx, request.Caller)
	if err != nil || total == 0 {
		return todo.List{}, err
	}
	asked, err := s.Store.Asked(ctx, request.Caller, limit)
	list := todo.List{Total: max(total, len(asked))}
	p := request.Printer
	for _, one := range asked {
		when := WhenWords(p, one.Start, one.End, request.Now)
		if one.Dates > 1 {
			when = p.N("booking.todo.dates", one.Dates, "first", when)
		}
		detail := when
		if one.Title != "" {
			detail = p.T("booking.todo.for", "when", when, "title", one.Title)
		}
		list.Items = append(list.Items, todo.Item{
			ID: one.ID, Title: p.T("booking.todo.asks", "resource", one.Name), Who: one.Who, Detail: detail,
			Since: one.Since.In(request.Now.Location()), Due: one.Start.In(request.Now.Location()), Actions: []string{acceptAction, refuseAction},
		})
	}
	return list, err
}

// WhenWords tells a time, "24 novembre, de 9 h à 11 h".
func WhenWords(p *i18n.Printer, start, end, now time.Time) string {
	now = now.In(start.Location())
	switch last := end.Add(-time.Millisecond); {
	case isMidnight(start) && isMidnight(end) && sameDay(start, last):
		return p.Date(start, now)
	case isMidnight(start) && isMidnight(end):
		return p.T("booking.when.days", "first", p.Date(start, now), "last", p.Date(last, now))
	case sameDay(start, last):
		return p.T("booking.when", "day", p.Date(start, now), "from", p.Clock(start), "until", p.Clock(end))
	}
	return p.T("booking.when.over", "first", p.Date(start, now), "from", p.Clock(start), "last", p.Date(end, now), "until", p.Clock(end))
}

// Recent implements todo.Source.
func (s RequestSource) Recent(ctx context.Context, request todo.Request) ([]todo.Done, error) {
	answered, err := s.Store.Answered(ctx, request.Caller)
	var all []todo.Done
	for _, one := range answered {
		all = append(all, todo.Done{Token: one.ID, Said: said(one.State, one.Name), At: one.At})
	}
	return all, err
}

func said(state RequestState, name string) todo.Sentence {
	key := "booking.todo.accepted"
	if state == RefusedByHer {
		key = "booking.todo.refused"
	}
	return todo.Sentence{Key: key, Args: []string{"resource", name}}
}

// Act implements todo.Source.
func (s RequestSource) Act(ctx context.Context, request todo.Request, item, action string, values todo.Values) (todo.Done, error) {
	state := Accepted
	if action == refuseAction {
		state = RefusedByHer
	}
	name, err := s.Store.Answer(ctx, request.Caller, item, state, values["reason"])
	if errors.Is(err, ErrAnswered) {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "booking.todo.answered"}
	}
	return todo.Done{Token: item, Said: said(state, name), At: request.Now}, err
}

// Undo implements todo.Source.
func (s RequestSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	name, waits, err := s.Store.TakeBack(ctx, request.Caller, token)
	key := "booking.todo.waits-again"
	if !waits {
		key = "booking.todo.gone"
	}
	return todo.Sentence{Key: key, Args: []string{"resource", name}}, err
}

// OfferSource is what became free for the caller, who waited for it.
type OfferSource struct{ Store *Store }

var _ todo.Source = OfferSource{}

// Manifest implements todo.Source.
func (OfferSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "freed", Name: "booking.todo.offers", Icon: "clock", Actions: []todo.Action{
		{Name: takeAction, Label: "booking.todo.take", Main: true}, {Name: leaveAction, Label: "booking.todo.leave"},
	}}
}

// Count implements todo.Source.
func (s OfferSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	offers, err := s.Store.offers(ctx, caller)
	return len(offers), err
}

func (s *Store) offers(ctx context.Context, caller portal.Caller) (offers []Wait, err error) {
	all, err := s.MyWaits(ctx, caller)
	for _, one := range all {
		if !one.Until.IsZero() {
			offers = append(offers, one)
		}
	}
	return offers, err
}

// List implements todo.Source.
func (s OfferSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	offers, err := s.Store.offers(ctx, request.Caller)
	list := todo.List{Total: len(offers)}
	p := request.Printer
	for _, one := range offers[:min(len(offers), limit)] {
		until := one.Until.In(one.Zone)
		when := WhenWords(p, one.Start, one.End, request.Now)
		list.Items = append(list.Items, todo.Item{
			ID: one.ID, Title: p.T("booking.todo.free", "resource", one.Name, "when", when), Since: one.Offered.In(request.Now.Location()), Due: until.In(request.Now.Location()),
			Detail:  p.T("booking.todo.kept", "day", p.NearDay(until, request.Now), "until", p.Clock(until)),
			Actions: []string{takeAction, leaveAction},
		})
	}
	return list, err
}

// Recent implements todo.Source: what is booked is an event of her agenda, and is deleted there.
func (OfferSource) Recent(context.Context, todo.Request) ([]todo.Done, error) { return nil, nil }

// Undo implements todo.Source.
func (OfferSource) Undo(context.Context, todo.Request, string) (todo.Sentence, error) {
	return todo.Sentence{}, fmt.Errorf("booking: undo: %w", portal.ErrNotFound)
}

// Act implements todo.Source.
func (s OfferSource) Act(ctx context.Context, request todo.Request, item, action string, _ todo.Values) (todo.Done, error) {
	if action == leaveAction {
		err := s.Store.Leave(ctx, request.Caller, item)
		return todo.Done{Said: todo.Sentence{Key: "booking.todo.left"}, At: request.Now}, err
	}
	_, wait, err := s.Store.Take(ctx, request.Caller, item)
	return todo.Done{Said: todo.Sentence{Key: "booking.todo.taken", Args: []string{"resource", wait.Name}}, At: request.Now}, err
}
