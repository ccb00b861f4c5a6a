package applications

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/todo"
)

// RequestSource is what administrators have to answer: who asks for an
// application.
type RequestSource struct{ Store *Store }

// What an administrator may decide.
const (
	grantAction      = "grant"
	grantUntilAction = "grant-until"
	refuseAction     = "refuse"
)

// Manifest names the source.
func (RequestSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "access-requests", Name: "applications.todo.requests", Icon: "key", Actions: []todo.Action{
		{Name: grantAction, Label: "applications.todo.grant", Main: true},
		{Name: grantUntilAction, Label: "applications.todo.grantuntil", Fields: []todo.Field{
			{Name: "until", Kind: todo.Date, Label: "applications.todo.lastday", Required: true},
		}},
		{Name: refuseAction, Label: "applications.todo.refuse", Fields: []todo.Field{
			{Name: "reason", Kind: todo.Text, Label: "applications.todo.why", Required: true, Max: maxReason},
		}},
	}}
}

// Count costs nothing but for an administrator.
func (s RequestSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	if !caller.Can(portal.ManageApplications) {
		return 0, nil
	}
	return s.Store.CountRequests(ctx, caller)
}

// List is what waits, the oldest first.
func (s RequestSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	if !request.Caller.Can(portal.ManageApplications) {
		return todo.List{}, nil
	}
	requests, err := s.Store.Requests(ctx, request.Caller, limit)
	list := todo.List{Total: len(requests)}
	for _, one := range requests[:min(len(requests), limit)] {
		list.Items = append(list.Items, todo.Item{
			ID: one.ID, Since: one.Asked, Detail: request.Printer.T("applications.todo.quote", "text", one.Reason),
			Title:   request.Printer.T("applications.todo.asks", "name", one.Person, "application", one.Name),
			Who:     one.Function,
			Link:    "/admin/applications/" + one.Application + "/access",
			Actions: []string{grantAction, grantUntilAction, refuseAction},
		})
	}
	return list, err
}

// Recent are the administrator's own answers.
func (s RequestSource) Recent(ctx context.Context, request todo.Request) ([]todo.Done, error) {
	if !request.Caller.Can(portal.ManageApplications) {
		return nil, nil
	}
	answered, err := s.Store.answeredBy(ctx, request.Caller)
	var all []todo.Done
	for _, one := range answered {
		all = append(all, todo.Done{Token: one.ID, Said: one.said(request), At: one.Answered})
	}
	return all, err
}

// said tells what an answer decided.
func (r Request) said(request todo.Request) todo.Sentence {
	said := todo.Sentence{Args: []string{"name", r.Person, "application", r.Name}}
	switch {
	case r.State == Refused:
		said.Key = "applications.todo.refused"
	case r.Until.IsZero():
		said.Key = "applications.todo.granted"
	default:
		said.Key, said.Args = "applications.todo.granteduntil", append(said.Args, "date", dateOf(request, r.Until))
	}
	return said
}

// dateOf is the last day of an access that ends.
func dateOf(request todo.Request, until time.Time) string {
	return request.Printer.Date(lastDay(until, request.Now), request.Now)
}

// lastDay is the last day of an access, until being the first instant without.
func lastDay(until, now time.Time) time.Time { return until.In(now.Location()).Add(-time.Millisecond) }

// endOf is the first instant after a day, "2026-12-12", in the zone of now.
func endOf(day string, now time.Time) (time.Time, error) {
	date, err := time.ParseInLocation(time.DateOnly, day, now.Location())
	if err != nil {
		return time.Time{}, portal.FieldErrors{portal.Invalid("until", "applications.error.date")}
	}
	return date.AddDate(0, 0, 1), nil
}

// Act answers a request.
func (s RequestSource) Act(ctx context.Context, request todo.Request, item, action string, values todo.Values) (todo.Done, error) {
	answer := Answer{Grant: action != refuseAction, Reason: values["reason"]}
	if action == grantUntilAction {
		var err error
		if answer.Until, err = endOf(values["until"], request.Now); err != nil {
			return todo.Done{}, err
		}
	}
	answered, err := s.Store.Answer(ctx, request.Caller, item, answer, request.From)
	if err != nil {
		return todo.Done{}, hidden(err)
	}
	answered.State, answered.Until = Refused, answer.Until
	if answer.Grant {
		answered.State = Granted
	}
	return todo.Done{Token: item, Said: answered.said(request), At: request.Now}, nil
}

// hidden makes what the caller has no right to something that is not there.
func hidden(err error) error {
	if errors.Is(err, portal.ErrDenied) {
		return fmt.Errorf("%w: %w", portal.ErrNotFound, err)
	}
	return err
}

// Undo makes the request wait again.
func (s RequestSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	reopened, err := s.Store.TakeBack(ctx, request.Caller, token, request.From)
	return todo.Sentence{Key: "applications.todo.reopened", Args: []string{"name", reopened.Person, "application", reopened.Name}}, hidden(err)
}

// AccessSource tells an agent of her own accesses: what was answered, and what
// ends soon.
type AccessSource struct{ Store *Store }

// seenAction says that she read it.
const seenAction = "seen"

// endsSoon is how long before its end an agent is told of it.
const endsSoon = 7 * 24 * time.Hour

// Manifest names the source.
func (AccessSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "own-access", Name: "applications.todo.own", Icon: "apps", Actions: []todo.Action{
		{Name: seenAction, Label: "applications.todo.seen"},
	}}
}

// notice is one thing to tell an agent.
type notice struct {
	id       string // "answer-" and a request, or "end-" and an application
	app      Application
	answered Request   // zero for an end
	until    time.Time // of an access that ends soon
	seen     time.Time
}

const (
	answerPrefix = "answer-"
	endPrefix    = "end-"
)

// Count is how much she has not read.
func (s AccessSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	unread, _, err := s.Store.notices(ctx, caller)
	return len(unread), err
}

// List is what she has not read: ends first, then answers.
func (s AccessSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	unread, _, err := s.Store.notices(ctx, request.Caller)
	list := todo.List{Total: len(unread)}
	for _, one := range unread {
		list.Items = append(list.Items, one.item(request))
	}
	slices.SortStableFunc(list.Items, todo.Pressing)
	list.Items = list.Items[:min(len(list.Items), limit)]
	return list, err
}

func (n notice) item(request todo.Request) todo.Item {
	p, until := request.Printer, n.until
	item := todo.Item{ID: n.id, Actions: []string{seenAction}, Link: "/apps/" + n.app.ID + "/ask"}
	switch {
	case n.answered.ID == "":
		item.Since = until.Add(-endsSoon)
		item.Title = p.T("applications.todo.ends", "application", n.app.Name, "date", dateOf(request, until))
		item.Detail = p.T("applications.todo.ends.next")
	case n.answered.State == Refused:
		item.Since = n.answered.Answered
		item.Title = p.T("applications.todo.wasrefused", "application", n.app.Name)
		item.Detail = p.T("applications.todo.quote", "text", n.answered.Answer)
	default:
		item.Since, item.Link = n.answered.Answered, n.app.URL
		item.Title = p.T("applications.todo.wasgranted", "application", n.app.Name)
		if until = n.answered.Until; !until.IsZero() {
			item.Detail = p.T("applications.todo.wasgranted.until", "date", dateOf(request, until))
		}
	}
	return item
}

// Recent is what she said that she read.
func (s AccessSource) Recent(ctx context.Context, request todo.Request) ([]todo.Done, error) {
	_, read, err := s.Store.notices(ctx, request.Caller)
	var all []todo.Done
	for _, one := range read {
		all = append(all, todo.Done{Token: one.id, Said: one.said(), At: one.seen})
	}
	slices.SortStableFunc(all, func(a, b todo.Done) int { return b.At.Compare(a.At) })
	return all, err
}

func (n notice) said() todo.Sentence {
	return todo.Sentence{Key: "applications.todo.read", Args: []string{"application", n.app.Name}}
}

// Act marks a notice as read.
func (s AccessSource) Act(ctx context.Context, request todo.Request, item, _ string, _ todo.Values) (todo.Done, error) {
	unread, read, err := s.Store.notices(ctx, request.Caller)
	if err != nil {
		return todo.Done{}, err
	}
	for _, one := range append(unread, read...) { // pressed twice, it is read all the same
		if one.id == item {
			err := s.Store.see(ctx, request.Caller, item, s.Store.now())
			return todo.Done{Token: item, Said: one.said(), At: request.Now}, err
		}
	}
	return todo.Done{}, fmt.Errorf("applications: notice %.40q: %w", item, portal.ErrNotFound)
}

// Undo marks it as not read.
func (s AccessSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	_, read, err := s.Store.notices(ctx, request.Caller)
	if err != nil {
		return todo.Sentence{}, err
	}
	for _, one := range read {
		if one.id == token {
			return todo.Sentence{Key: "applications.todo.unread", Args: []string{"application", one.app.Name}},
				s.Store.see(ctx, request.Caller, token, time.Time{})
		}
	}
	return todo.Sentence{}, portal.UserError{Kind: portal.ErrNotFound, Key: "applications.error.late"}
}

// see writes when an agent read a notice of hers, zero for not.
func (s *Store) see(ctx context.Context, caller portal.Caller, id string, when time.Time) error {
	change := `UPDATE application_grants SET seen = $4 WHERE collectivity = $1 AND agent = $2 AND application = $3`
	key, isAnswer := strings.CutPrefix(id, answerPrefix)
	if isAnswer {
		change = `UPDATE application_requests SET seen = $4 WHERE collectivity = $1 AND agent = $2 AND id = $3`
	} else {
		key = strings.TrimPrefix(id, endPrefix)
	}
	err := database.OneRow(s.db.Exec(ctx, change, string(caller.Collectivity), string(caller.Agent), key, database.Millis(when)))
	if err != nil {
		return fmt.Errorf("applications: mark notice %.40q: %w", id, err)
	}
	s.waits(caller.Collectivity)
	return nil
}

// noticesKept is how long an answer is told to who does not say that she read it.
const noticesKept = 30 * 24 * time.Hour

// notices are what an agent has to read, and what she read within the last hour.
func (s *Store) notices(ctx context.Context, caller portal.Caller) (unread, read []notice, err error) {
	now := s.now()
	rows, err := s.db.Query(ctx, `
		SELECT id, application, state, answer, answered, until, seen FROM application_requests
		WHERE collectivity = $1 AND agent = $2 AND state IN ('granted', 'refused') AND answered > $3 AND (seen = 0 OR seen > $4)
		UNION ALL SELECT '', application, '', '', 0, until, seen FROM application_grants
		WHERE collectivity = $1 AND agent = $2 AND revoked = 0 AND until > $5 AND (seen = 0 OR seen > $4)`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(now.Add(-noticesKept)), database.Millis(now.Add(-undoTime)), database.Millis(now))
	found, err := database.Collect(rows, err, scanNotice)
	if err != nil {
		return nil, nil, fmt.Errorf("applications: read notices: %w", err)
	}
	if len(found) == 0 {
		return nil, nil, nil
	}
	all, mine, err := s.known(ctx, caller)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range found {
		app, missing := all.find(one.app.ID)
		if one.app = app; missing != nil || !one.matters(all.isFor(caller, app), mine, found, now) {
			continue
		}
		if one.seen.IsZero() {
			unread = append(unread, one)
		} else {
			read = append(read, one)
		}
	}
	return unread, read, nil
}

func scanNotice(rows *sql.Rows) (notice, error) {
	var n notice
	var answered, until, seen int64
	err := rows.Scan(&n.answered.ID, &n.app.ID, &n.answered.State, &n.answered.Answer, &answered, &until, &seen)
	n.answered.Answered, n.seen = database.FromMillis(answered), database.FromMillis(seen)
	if n.answered.ID == "" {
		n.id, n.until = endPrefix+n.app.ID, database.FromMillis(until)
	} else {
		n.id, n.answered.Until = answerPrefix+n.answered.ID, database.FromMillis(until)
	}
	return n, err
}

// matters says whether a notice is worth telling to one whom the audience holds or
// not: not an access that she has no more; not an end that is far, that takes
// nothing from her, or that the answer beside it tells already.
func (n notice) matters(held bool, mine decisions, beside []notice, now time.Time) bool {
	if n.answered.ID != "" {
		until, given := mine.grants[n.app.ID]
		return n.answered.State == Refused || held || given && !ended(until, now)
	}
	told := slices.ContainsFunc(beside, func(other notice) bool {
		return other.answered.ID != "" && other.app.ID == n.app.ID && other.seen.IsZero() && other.answered.Until.Equal(n.until)
	})
	return !told && !held && n.until.Sub(now) <= endsSoon
}

// answeredBy are the answers that an administrator gave within the last hour, with
// names, the last first.
func (s *Store) answeredBy(ctx context.Context, caller portal.Caller) ([]Request, error) {
	requests, err := s.requests(ctx, `SELECT `+requestColumns+` FROM application_requests r
		WHERE r.collectivity = $1 AND r.answered_by = $2 AND r.answered >= $3 AND r.state IN ('granted', 'refused') ORDER BY r.answered DESC, r.id`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now().Add(-undoTime)))
	if err != nil || len(requests) == 0 {
		return nil, err
	}
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	names, err := s.directory.Names(ctx, caller, agentsOf(requests))
	var known []Request
	for _, request := range requests {
		if app, missing := all.find(request.Application); missing == nil {
			request.Name, request.Person = app.Name, names[request.Agent]
			known = append(known, request)
		}
	}
	return known, err
}

var (
	_ todo.Source = RequestSource{}
	_ todo.Source = AccessSource{}
)
