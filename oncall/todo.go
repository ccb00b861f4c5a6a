package oncall

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/todo"
)

// SwapSource is what colleagues ask an agent to take over.
type SwapSource struct{ Store *Store }

// What she may answer.
const (
	acceptAction = "accept"
	refuseAction = "refuse"
	seenAction   = "seen"
)

// Manifest names the source.
func (SwapSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "duty-swaps", Name: "oncall.todo.swaps", Icon: "phone", Actions: []todo.Action{
		{Name: acceptAction, Label: "oncall.todo.accept", Main: true},
		{Name: refuseAction, Label: "oncall.todo.refuse"},
	}}
}

// offeredTo is the condition of what waits for an agent: what began is over.
const offeredTo = ` AND w.taker = $2 AND w.state = 'offered' AND w.starts > $3`

// Count is how many offers wait.
func (s SwapSource) Count(ctx context.Context, caller portal.Caller) (count int, err error) {
	err = s.Store.db.QueryRow(ctx, `SELECT COUNT(*) FROM duty_swaps w WHERE w.collectivity = $1`+offeredTo, string(caller.Collectivity), string(caller.Agent), database.Millis(s.Store.now())).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("oncall: count offers: %w", err)
	}
	return count, nil
}

// List is what waits; each is to be answered before it begins.
func (s SwapSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	rows, err := s.Store.db.Query(ctx, swapColumns+offeredTo+` ORDER BY w.starts, w.id`,
		string(request.Caller.Collectivity), string(request.Caller.Agent), database.Millis(s.Store.now()))
	swaps, err := database.Collect(rows, err, scanSwap)
	if err != nil {
		return todo.List{}, fmt.Errorf("oncall: list offers: %w", err)
	}
	list, p := todo.List{Total: len(swaps)}, request.Printer
	for _, w := range swaps[:min(len(swaps), limit)] {
		item := todo.Item{
			ID: w.ID, Since: w.Asked, Due: w.Starts, Link: teamPath(w.Team), Actions: []string{acceptAction, refuseAction},
			Title: p.T("oncall.todo.asks", "name", w.GiverName, "when", spanIn(p, w.Starts, w.Ends, request.Now)),
			Who:   w.TeamName,
		}
		if w.Message != "" {
			item.Detail = p.T("oncall.todo.quote", "text", w.Message)
		}
		list.Items = append(list.Items, item)
	}
	return list, nil
}

// Recent are her answers of the last hour that nobody overruled.
func (s SwapSource) Recent(ctx context.Context, request todo.Request) ([]todo.Done, error) {
	rows, err := s.Store.db.Query(ctx, swapColumns+`
		AND w.taker = $2 AND w.state IN ('accepted', 'refused') AND w.decided_by = '' AND w.answered > $3 ORDER BY w.answered DESC, w.id`,
		string(request.Caller.Collectivity), string(request.Caller.Agent), database.Millis(s.Store.now().Add(-undoTime)))
	swaps, err := database.Collect(rows, err, scanSwap)
	if err != nil {
		return nil, fmt.Errorf("oncall: list answers: %w", err)
	}
	var all []todo.Done
	for _, w := range swaps {
		all = append(all, todo.Done{Token: w.ID, Said: w.said(w.State, request), At: w.Answered})
	}
	return all, nil
}

// said tells what became of an offer.
func (w Swap) said(state SwapState, request todo.Request) todo.Sentence {
	return todo.Sentence{Key: "oncall.todo." + string(state), Args: []string{"name", w.GiverName, "when", spanIn(request.Printer, w.Starts, w.Ends, request.Now)}}
}

// Act answers an offer.
func (s SwapSource) Act(ctx context.Context, request todo.Request, item, action string, _ todo.Values) (todo.Done, error) {
	accepts := action == acceptAction
	w, err := s.Store.Answer(ctx, request.Caller, item, accepts, request.From)
	if err != nil {
		return todo.Done{}, err
	}
	state := Refused
	if accepts {
		state = Accepted
	}
	return todo.Done{Token: item, Said: w.said(state, request), At: request.Now}, nil
}

// Undo has the offer wait again.
func (s SwapSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	w, err := s.Store.TakeBack(ctx, request.Caller, token, request.From)
	return w.said(Offered, request), err
}

// NoticeSource tells an agent of her own duties: given, moved, taken away, swapped.
type NoticeSource struct{ Store *Store }

// Manifest names the source.
func (NoticeSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "duty-notices", Name: "oncall.todo.notices", Icon: "phone", Actions: []todo.Action{{Name: seenAction, Label: "oncall.todo.seen"}}}
}

// Count is how much she has not read.
func (s NoticeSource) Count(ctx context.Context, caller portal.Caller) (count int, err error) {
	err = s.Store.db.QueryRow(ctx, `
		SELECT COUNT(*) FROM duty_notices n JOIN duty_teams t ON t.collectivity = $1 AND t.id = n.team
		WHERE n.collectivity = $1 AND n.agent = $2 AND n.seen = 0 AND n.made > $3`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.Store.now().Add(-noticesKept))).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("oncall: count notices: %w", err)
	}
	return count, nil
}

// List is what she has not read.
func (s NoticeSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	unread, _, err := s.Store.notices(ctx, request.Caller)
	list := todo.List{Total: len(unread)}
	for _, one := range unread[:min(len(unread), limit)] {
		list.Items = append(list.Items, todo.Item{
			ID: one.id, Title: one.title(request), Who: one.teamName, Since: one.made, Link: "/oncall/mine", Actions: []string{seenAction},
		})
	}
	return list, err
}

func (n notice) title(request todo.Request) string {
	p := request.Printer
	when := spanIn(p, n.starts, n.ends, request.Now)
	if n.kind == assigned && n.periods > 1 {
		return p.N("oncall.notice.several", n.periods, "when", when)
	}
	return p.T("oncall.notice."+string(n.kind), "when", when, "giver", n.giver, "taker", n.taker)
}

func (n notice) said(request todo.Request) todo.Sentence {
	return todo.Sentence{Key: "oncall.todo.read", Args: []string{"what", n.title(request)}}
}

// Recent is what she said that she read.
func (s NoticeSource) Recent(ctx context.Context, request todo.Request) ([]todo.Done, error) {
	_, read, err := s.Store.notices(ctx, request.Caller)
	var all []todo.Done
	for i := len(read) - 1; i >= 0; i-- {
		all = append(all, todo.Done{Token: read[i].id, Said: read[i].said(request), At: read[i].seen})
	}
	return all, err
}

// Act marks a notice as read; pressed twice, it is read all the same.
func (s NoticeSource) Act(ctx context.Context, request todo.Request, item, _ string, _ todo.Values) (todo.Done, error) {
	return s.mark(ctx, request, item, s.Store.now())
}

func (s NoticeSource) mark(ctx context.Context, request todo.Request, item string, when time.Time) (todo.Done, error) {
	unread, read, err := s.Store.notices(ctx, request.Caller)
	if err != nil {
		return todo.Done{}, err
	}
	for _, one := range append(unread, read...) {
		if one.id == item {
			err := s.Store.see(ctx, request.Caller, item, when)
			return todo.Done{Token: item, Said: one.said(request), At: request.Now}, err
		}
	}
	return todo.Done{}, fmt.Errorf("oncall: notice %.40q: %w", item, portal.ErrNotFound)
}

// Undo marks it as not read.
func (s NoticeSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	done, err := s.mark(ctx, request, token, time.Time{})
	if errors.Is(err, portal.ErrNotFound) {
		err = portal.UserError{Kind: portal.ErrNotFound, Key: "oncall.error.undo"}
	}
	return todo.Sentence{Key: "oncall.todo.unread", Args: done.Said.Args}, err
}

// LeftBy counts the duties to come of an agent, for who plans her departure.
func (s *Store) LeftBy(ctx context.Context, she portal.Caller) ([]portal.Left, error) {
	left := portal.Left{Key: "oncall.left"}
	err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM duty_periods WHERE collectivity = $1 AND agent = $2 AND ends > $3`,
		string(she.Collectivity), string(she.Agent), database.Millis(s.now())).Scan(&left.Count)
	if err != nil {
		return nil, fmt.Errorf("oncall: what is left: %w", err)
	}
	return []portal.Left{left}, nil
}

var (
	_ todo.Source = SwapSource{}
	_ todo.Source = NoticeSource{}
)
