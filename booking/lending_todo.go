package booking

import (
	"context"
	"fmt"

	"parvis/portal"
	"parvis/todo"
)

// LendingSource is the terms of conventions that wait for an administrator of the borrower.
type LendingSource struct{ Store *Store }

var _ todo.Source = LendingSource{}

// Manifest implements todo.Source.
func (LendingSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "lendings", Name: "booking.lend.todo.lendings", Icon: "repeat", Actions: []todo.Action{
		{Name: acceptAction, Label: "booking.lend.todo.accept", Main: true},
		{Name: refuseAction, Label: "booking.lend.todo.refuse", Fields: []todo.Field{
			{Name: "reason", Kind: todo.Text, Label: "booking.todo.reason", Required: true, Max: maxReason},
		}},
	}}
}

// offered are the conventions whose terms wait for the caller.
func (s LendingSource) offered(ctx context.Context, caller portal.Caller) (waiting []Lending, err error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	all, err := s.Store.lendings(ctx, s.Store.db, caller.Collectivity)
	for _, l := range all {
		if _, waits := l.Pending(); waits && l.Side == Borrower && !l.over(s.Store.now()) {
			waiting = append(waiting, l)
		}
	}
	return waiting, wrap(err, "list terms that wait")
}

// Count implements todo.Source.
func (s LendingSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	all, err := s.offered(ctx, caller)
	return len(all), err
}

// List implements todo.Source.
func (s LendingSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	all, err := s.offered(ctx, request.Caller)
	list, p := todo.List{Total: len(all)}, request.Printer
	for _, l := range all[:min(len(all), limit)] {
		terms, _ := l.Pending()
		names, failed := s.Store.lentNames(ctx, l)
		if failed != nil {
			return list, failed
		}
		shown := termsOf(p, l, terms, names, request.Now)
		list.Items = append(list.Items, todo.Item{
			ID: fmt.Sprint(l.ID, ".", terms.Number), Title: p.T("booking.lend.todo.offers", "title", l.Name), Who: l.LenderName,
			Detail: p.T("booking.lend.todo.detail", "what", shown.Names, "day", shown.Day), Since: terms.Proposed.In(request.Now.Location()), Link: l.Href(),
			Actions: []string{acceptAction, refuseAction},
		})
	}
	return list, err
}

// Recent implements todo.Source: who accepted an agreement ends it on its page.
func (LendingSource) Recent(context.Context, todo.Request) ([]todo.Done, error) { return nil, nil }

// Undo implements todo.Source.
func (LendingSource) Undo(context.Context, todo.Request, string) (todo.Sentence, error) {
	return todo.Sentence{}, fmt.Errorf("booking: undo: %w", portal.ErrNotFound)
}

// Act implements todo.Source.
func (s LendingSource) Act(ctx context.Context, request todo.Request, item, action string, values todo.Values) (todo.Done, error) {
	all, err := s.offered(ctx, request.Caller)
	if err != nil {
		return todo.Done{}, err
	}
	for _, l := range all {
		terms, _ := l.Pending()
		if fmt.Sprint(l.ID, ".", terms.Number) != item {
			continue
		}
		key := "booking.lend.todo.refused"
		if action == acceptAction {
			key = "booking.lend.todo.accepted"
		}
		err := s.Store.AnswerTerms(ctx, request.Caller, l.ID, terms.Number, action == acceptAction, values["reason"], request.From)
		return todo.Done{Said: todo.Sentence{Key: key, Args: []string{"title", l.Name}}, At: request.Now}, err
	}
	return todo.Done{}, fmt.Errorf("booking: answer terms: %w", portal.ErrNotFound)
}

// LendingNotices tells people what became of their conventions and loans.
type LendingNotices struct{ Store *Store }

var _ todo.Source = LendingNotices{}

const seenAction = "seen"

// Manifest implements todo.Source.
func (LendingNotices) Manifest() todo.Manifest {
	return todo.Manifest{ID: "loans", Name: "booking.lend.todo.notices", Icon: "repeat", Actions: []todo.Action{{Name: seenAction, Label: "booking.lend.todo.seen"}}}
}

// Count implements todo.Source.
func (s LendingNotices) Count(ctx context.Context, caller portal.Caller) (int, error) {
	return s.Store.countTold(ctx, caller)
}

// List implements todo.Source.
func (s LendingNotices) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	all, err := s.Store.told(ctx, request.Caller)
	list := todo.List{Total: len(all)}
	for _, one := range all[:min(len(all), limit)] {
		item := todo.Item{ID: one.ID, Title: one.title(request), Who: one.Other, Since: one.Made.In(request.Now.Location()), Actions: []string{seenAction}, Link: deskPath + "/mine"}
		if one.Reason != "" {
			item.Detail = request.Printer.T("booking.lend.todo.reason", "reason", one.Reason)
		}
		if one.Agent == "" {
			item.Link = Lending{ID: one.Lending}.Href()
		}
		list.Items = append(list.Items, item)
	}
	return list, err
}

func (n toldLending) title(request todo.Request) string {
	p, zone := request.Printer, request.Now.Location()
	when := ""
	switch {
	case n.Start.IsZero():
	case n.Resource == "":
		when = p.Date(n.Start.In(zone), request.Now)
	default:
		when = WhenWords(p, n.Start.In(zone), n.End.In(zone), request.Now)
	}
	return p.T("booking.lend.notice."+string(n.Kind), "title", n.Title, "other", n.Other, "resource", n.Resource, "when", when)
}

// Recent implements todo.Source: what is read is read.
func (LendingNotices) Recent(context.Context, todo.Request) ([]todo.Done, error) { return nil, nil }

// Undo implements todo.Source.
func (LendingNotices) Undo(context.Context, todo.Request, string) (todo.Sentence, error) {
	return todo.Sentence{}, fmt.Errorf("booking: undo: %w", portal.ErrNotFound)
}

// Act implements todo.Source.
func (s LendingNotices) Act(ctx context.Context, request todo.Request, item, _ string, _ todo.Values) (todo.Done, error) {
	err := s.Store.readNotice(ctx, request.Caller, item)
	if err == nil {
		s.Store.changedFor(request.Caller.Collectivity)
	}
	return todo.Done{Said: todo.Sentence{Key: "booking.lend.todo.read"}, At: request.Now}, err
}
