package applications

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Answer is what an administrator decides about a request.
type Answer struct {
	Grant  bool
	Until  time.Time // first instant without access, zero for ever
	Reason string    // why it is refused, one line

	at time.Time // when it is given
}

// Requests lists those that wait in the caller's collectivity, the oldest first,
// and at most limit of them with the names of who asks; negative for all. Those of
// who left, of who may open the application by now, and for applications that were
// deleted need no answer and are left out.
func (s *Store) Requests(ctx context.Context, caller portal.Caller, limit int) ([]Request, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return nil, fmt.Errorf("applications: list requests: %w", err)
	}
	requests, err := s.requests(ctx, `SELECT `+requestColumns+` FROM application_requests r
		WHERE r.collectivity = $1 AND r.state = 'waiting' ORDER BY r.asked, r.id`, string(caller.Collectivity))
	if err != nil {
		return nil, err
	}
	wanted, _, err := s.wanted(ctx, caller.Collectivity, requests)
	if err != nil || limit == 0 {
		return wanted, err
	}
	if limit < 0 || limit > len(wanted) {
		limit = len(wanted)
	}
	return wanted, s.nameRequests(ctx, caller.Collectivity, wanted[:limit])
}

// CountRequests is how many Requests lists. It costs two queries however many there
// are.
func (s *Store) CountRequests(ctx context.Context, caller portal.Caller) (int, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return 0, fmt.Errorf("applications: count requests: %w", err)
	}
	wanted, _, err := s.waiting(ctx, caller.Collectivity)
	return len(wanted), err
}

// waiting are the requests of a collectivity that need an answer, and those that
// need none any more: no more of each than its id, its application and its agent.
func (s *Store) waiting(ctx context.Context, collectivity portal.CollectivityID) (wanted, idle []Request, err error) {
	rows, err := s.db.Query(ctx, `SELECT id, application, agent FROM application_requests WHERE collectivity = $1 AND state = 'waiting'`,
		string(collectivity))
	requests, err := database.Collect(rows, err, func(rows *sql.Rows) (r Request, err error) {
		return r, rows.Scan(&r.ID, &r.Application, &r.Agent)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("applications: read what waits: %w", err)
	}
	return s.wanted(ctx, collectivity, requests)
}

// wanted parts requests that need an answer from those that need none any more, in
// their order, with the names of their applications.
func (s *Store) wanted(ctx context.Context, collectivity portal.CollectivityID, requests []Request) (wanted, idle []Request, err error) {
	if len(requests) == 0 {
		return nil, nil, nil
	}
	all, err := s.catalogue(ctx, collectivity)
	if err != nil {
		return nil, nil, err
	}
	standing, err := s.directory.Standings(ctx, portal.Caller{Collectivity: collectivity}, agentsOf(requests))
	if err != nil {
		return nil, nil, err
	}
	for _, request := range requests {
		app, missing := all.find(request.Application)
		if missing != nil {
			continue // it comes back with the application, or goes with it
		}
		who, here := standing[request.Agent]
		request.Name, request.left = app.Name, !here
		if here && !all.isFor(who, app) {
			wanted = append(wanted, request)
		} else {
			idle = append(idle, request)
		}
	}
	return wanted, idle, nil
}

// agentsOf are those who made some requests, each once.
func agentsOf(requests []Request) []portal.AgentID {
	agents := make([]portal.AgentID, len(requests))
	for n, request := range requests {
		agents[n] = request.Agent
	}
	return unique(agents)
}

// nameRequests puts names where requests have agents.
func (s *Store) nameRequests(ctx context.Context, collectivity portal.CollectivityID, requests []Request) error {
	present, err := s.directory.Present(ctx, portal.Caller{Collectivity: collectivity}, agentsOf(requests))
	for n := range requests {
		who := present[requests[n].Agent]
		requests[n].Person, requests[n].Function = who.Name, who.Function
	}
	return err
}

// settle closes the requests that need no answer any more: who left asks for
// nothing, and who may open the application is told so.
func (s *Store) settle(ctx context.Context, collectivity portal.CollectivityID) error {
	_, idle, err := s.waiting(ctx, collectivity)
	if err != nil || len(idle) == 0 {
		return err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error { // hundreds may be one commit
		for _, request := range idle {
			if err := s.settleOne(ctx, tx, collectivity, request); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("applications: settle requests: %w", err)
	}
	s.waits(collectivity)
	return nil
}

func (s *Store) settleOne(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, request Request) error {
	if request.left {
		_, err := tx.Exec(ctx, `DELETE FROM application_requests WHERE collectivity = $1 AND id = $2 AND state = 'waiting'`,
			string(collectivity), request.ID)
		return err
	}
	_, err := tx.Exec(ctx, `
		UPDATE application_requests SET state = 'granted', answered = $3 WHERE collectivity = $1 AND id = $2 AND state = 'waiting'`,
		string(collectivity), request.ID, database.Millis(s.now()))
	return err
}

// errAnswered says that a request waits no more.
var errAnswered = errors.New("answered already")

// Answer grants or refuses a request of the caller's collectivity. Another one's
// answer, a withdrawal, or an access that she has by now is a portal.UserError of
// kind portal.ErrConflict that says so; portal.ErrNotFound when there is no such
// request. TakeBack undoes it.
func (s *Store) Answer(ctx context.Context, caller portal.Caller, id string, answer Answer, from string) (Request, error) {
	request, err := s.readRequest(ctx, caller, id)
	if err == nil {
		err = s.checkAnswer(&answer)
	}
	if err != nil {
		return request, fmt.Errorf("applications: answer: %w", err)
	}
	if request.State == Waiting {
		if err := s.stillAsks(ctx, caller, request); err != nil {
			return request, err
		}
		err = s.answer(ctx, caller, &request, answer, from)
	} else {
		err = errAnswered
	}
	if errors.Is(err, errAnswered) {
		return request, s.answeredBefore(ctx, caller, request)
	}
	if err != nil {
		return request, fmt.Errorf("applications: answer: %w", err)
	}
	s.changed(caller.Collectivity, request.Agent)
	s.waits(caller.Collectivity)
	return request, nil
}

func (s *Store) checkAnswer(answer *Answer) error {
	if answer.Grant {
		return s.mayEnd(answer.Until)
	}
	answer.Reason = strings.Join(strings.Fields(answer.Reason), " ")
	var wrong portal.Check
	wrong.Text("reason", answer.Reason, true, maxReason)
	return wrong.OrNil()
}

// readRequest is a request of the caller's collectivity with the names of its
// application and of who made it.
func (s *Store) readRequest(ctx context.Context, caller portal.Caller, id string) (Request, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return Request{}, err
	}
	request, err := scanRequest(s.db.QueryRow(ctx, oneRequest, string(caller.Collectivity), id).Scan)
	if err != nil {
		return request, err
	}
	app, err := s.find(ctx, caller.Collectivity, request.Application)
	if err != nil {
		return request, err
	}
	names, err := s.directory.Names(ctx, caller, []portal.AgentID{request.Agent})
	request.Name, request.Person = app.Name, names[request.Agent]
	return request, err
}

// stillAsks refuses to answer who left, or who may open the application by now.
func (s *Store) stillAsks(ctx context.Context, caller portal.Caller, request Request) error {
	who, err := s.colleague(ctx, caller, request.Agent)
	if err != nil {
		return err
	}
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	app, err := all.find(request.Application)
	if err != nil || !all.isFor(who.Caller, app) {
		return err
	}
	if err := s.settle(ctx, caller.Collectivity); err != nil {
		return err
	}
	return portal.UserError{Kind: portal.ErrConflict, Key: "applications.error.hers", Args: []any{"name", who.Name, "application", app.Name}}
}

// answer writes an answer to a request that waits, and gives what it grants.
func (s *Store) answer(ctx context.Context, caller portal.Caller, request *Request, answer Answer, from string) error {
	answer.at = s.now()
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		now, err := scanRequest(tx.QueryRow(ctx, oneRequest, string(caller.Collectivity), request.ID).Scan)
		if err != nil {
			return err
		}
		now.Name, now.Person = request.Name, request.Person
		*request = now
		if now.State != Waiting {
			return errAnswered
		}
		action, had := audit.AccessRefused, access{}
		if answer.Grant {
			action = audit.ApplicationGranted
			if had, err = give(ctx, tx, caller, now.Application, now.Agent, answer); err != nil {
				return err
			}
		}
		if err := closeRequest(ctx, tx, caller, now, answer, had); err != nil {
			return err
		}
		return record(ctx, tx, caller, action, Application{ID: now.Application, Name: now.Name}, now.Person, from)
	})
}

// closeRequest writes the answer beside a request, and the access that it replaced.
func closeRequest(ctx context.Context, tx *database.Tx, caller portal.Caller, request Request, answer Answer, had access) error {
	state := Refused
	if answer.Grant {
		state = Granted
	}
	_, err := tx.Exec(ctx, `
		UPDATE application_requests SET state = $3, answered = $4, answered_by = $5, answer = $6, until = $7, seen = 0,
			had = $8, had_since = $9, had_by = $10, had_until = $11
		WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), request.ID, string(state), database.Millis(answer.at), string(caller.Agent), answer.Reason,
		database.Millis(answer.Until), had.there, had.since, had.by, had.until)
	return err
}

// answeredBefore tells an administrator what another one did first.
func (s *Store) answeredBefore(ctx context.Context, caller portal.Caller, request Request) error {
	names, err := s.directory.Names(ctx, caller, []portal.AgentID{request.AnsweredBy})
	if err != nil {
		return err
	}
	key := "applications.error.answered." + string(request.State)
	if request.State == Granted && request.AnsweredBy == "" {
		key = "applications.error.hers"
	}
	return portal.UserError{Kind: portal.ErrConflict, Key: key, Args: []any{
		"who", names[request.AnsweredBy], "name", request.Person, "application", request.Name,
	}}
}

// TakeBack undoes an answer of the caller's own, given less than an hour ago: the
// request waits again and the access is what it was. A portal.UserError of kind
// portal.ErrConflict when somebody changed that access since, or when she asked
// anew; portal.ErrNotFound when it is too late, or was another's answer.
func (s *Store) TakeBack(ctx context.Context, caller portal.Caller, id, from string) (Request, error) {
	request, err := s.readRequest(ctx, caller, id)
	if err == nil {
		err = s.db.Tx(ctx, func(tx *database.Tx) error { return s.takeBack(ctx, tx, caller, request, from) })
	}
	if database.IsDuplicate(err) {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "applications.error.askedagain", Args: []any{"name", request.Person}}
	}
	if err != nil {
		return request, fmt.Errorf("applications: take back: %w", err)
	}
	s.changed(caller.Collectivity, request.Agent)
	s.waits(caller.Collectivity)
	return request, nil
}

func (s *Store) takeBack(ctx context.Context, tx *database.Tx, caller portal.Caller, request Request, from string) error {
	app, person := Application{ID: request.Application, Name: request.Name}, request.Person
	request, err := scanRequest(tx.QueryRow(ctx, oneRequest, string(caller.Collectivity), request.ID).Scan)
	if err != nil {
		return err
	}
	err = database.OneRow(tx.Exec(ctx, `
		UPDATE application_requests SET state = 'waiting', answered = 0, answered_by = '', answer = '', until = 0, seen = 0, had = FALSE
		WHERE collectivity = $1 AND id = $2 AND state IN ('granted', 'refused') AND answered_by = $3 AND answered >= $4`,
		string(caller.Collectivity), request.ID, string(caller.Agent), database.Millis(s.now().Add(-undoTime))))
	if errors.Is(err, portal.ErrNotFound) {
		return portal.UserError{Kind: portal.ErrNotFound, Key: "applications.error.late"}
	}
	if err != nil {
		return err
	}
	if request.State == Granted {
		if err := putBack(ctx, tx, caller, request, person); err != nil {
			return err
		}
		if err := record(ctx, tx, caller, audit.ApplicationRevoked, app, person, from); err != nil {
			return err
		}
	}
	return record(ctx, tx, caller, audit.AccessReopened, app, person, from)
}

// putBack gives the access that stood before an answer its place again, unless
// the answer's own is no more there as it was given.
func putBack(ctx context.Context, tx *database.Tx, caller portal.Caller, request Request, person string) error {
	held, err := accessOf(ctx, tx, caller.Collectivity, request.Application, request.Agent)
	if err != nil {
		return err
	}
	if !held.there || held.since != database.Millis(request.Answered) || held.until != database.Millis(request.Until) {
		return portal.UserError{Kind: portal.ErrConflict, Key: "applications.error.changedsince", Args: []any{"name", person}}
	}
	if request.had.there {
		return writeAccess(ctx, tx, caller.Collectivity, request.Application, request.Agent, request.had)
	}
	_, err = tx.Exec(ctx, `DELETE FROM application_grants WHERE collectivity = $1 AND agent = $2 AND application = $3`,
		string(caller.Collectivity), string(request.Agent), request.Application)
	return err
}
