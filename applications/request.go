package applications

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// State is where a request for access stands.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Withdrawn State = "withdrawn" // by who asked
	Granted   State = "granted"
	Refused   State = "refused"
)

// Request is what an agent asked for, and the answer.
type Request struct {
	ID          string
	Application string
	Name        string // of the application, "" once it was deleted
	Agent       portal.AgentID
	Person      string // her name, and her function, where an administrator reads it
	Function    string
	Reason      string // in her words, one line
	Asked       time.Time

	State      State
	Answered   time.Time
	AnsweredBy portal.AgentID // "" when the application was opened to her otherwise
	Answer     string         // why it was refused
	Until      time.Time      // of the access that was given, zero for ever

	had  access // before the answer
	left bool   // she may enter no more
}

// requestsKept is how long an answer stays with its request.
const requestsKept = 365 * 24 * time.Hour

// maxReason bounds what is typed with a request or a refusal, in characters.
const maxReason = 300

// Offer is an application that a person may ask for.
type Offer struct {
	Application
	// Open says that she may open it today, until when Until says; zero for ever.
	Open  bool
	Until time.Time
	// Request is the last one that she made, its State "" when she made none.
	Request Request
}

// MayAsk says whether a request would be taken: none waits, and what she has,
// if anything, ends.
func (o Offer) MayAsk() bool {
	return o.Request.State != Waiting && (!o.Open || !o.Until.IsZero())
}

// Offers lists the applications that are not open to the caller and that she may
// ask for, or asked for, category by category.
func (s *Store) Offers(ctx context.Context, caller portal.Caller) ([]Offer, error) {
	offers, err := s.offers(ctx, caller)
	if err != nil {
		return nil, err
	}
	var closed []Offer
	for _, offer := range offers {
		if !offer.Open {
			closed = append(closed, offer)
		}
	}
	return closed, nil
}

// Offer returns one application that the caller may ask for, or that is open to
// her; portal.ErrNotFound for one that she does not know of.
func (s *Store) Offer(ctx context.Context, caller portal.Caller, id string) (Offer, error) {
	offers, err := s.offers(ctx, caller)
	if err != nil {
		return Offer{}, err
	}
	for _, offer := range offers {
		if offer.ID == id {
			return offer, nil
		}
	}
	return Offer{}, fmt.Errorf("applications: offer %q: %w", id, portal.ErrNotFound)
}

// offers are the applications that the caller knows of: those open to her, those
// shown to all, those that she once could open or asked for.
func (s *Store) offers(ctx context.Context, caller portal.Caller) ([]Offer, error) {
	all, mine, err := s.known(ctx, caller)
	if err != nil {
		return nil, err
	}
	asked, err := s.own(ctx, caller)
	if err != nil {
		return nil, err
	}
	var offers []Offer
	for _, app := range all.apps {
		offer := Offer{Application: app, Request: asked[app.ID]}
		until, given := mine.grants[app.ID]
		switch {
		case all.isFor(caller, app):
			offer.Open = true
		case given:
			offer.Open, offer.Until = !ended(until, s.now()), until
		case !app.OnDemand && offer.Request.State != Waiting:
			continue
		}
		offers = append(offers, offer)
	}
	slices.SortStableFunc(offers, func(a, b Offer) int { return byCategory(a.Application, b.Application) })
	return offers, nil
}

// Ends tells when the accesses end that the caller was given beside an audience,
// by application: the last moment at which she has them.
func (s *Store) Ends(ctx context.Context, caller portal.Caller) (map[string]time.Time, error) {
	offers, err := s.offers(ctx, caller)
	ends := map[string]time.Time{}
	for _, offer := range offers {
		if offer.Open && !offer.Until.IsZero() {
			ends[offer.ID] = lastDay(offer.Until, offer.Until)
		}
	}
	return ends, err
}

// own are the last requests that an agent made, by application.
func (s *Store) own(ctx context.Context, caller portal.Caller) (map[string]Request, error) {
	requests, err := s.requests(ctx, `SELECT `+requestColumns+` FROM application_requests r
		WHERE r.collectivity = $1 AND r.agent = $2 ORDER BY r.asked, r.id`, string(caller.Collectivity), string(caller.Agent))
	last := map[string]Request{}
	for _, request := range requests {
		last[request.Application] = request
	}
	return last, err
}

const requestColumns = `r.id, r.application, r.agent, r.reason, r.asked, r.state, r.answered, r.answered_by, r.answer, r.until,
	r.had, r.had_since, r.had_by, r.had_until`

const oneRequest = `SELECT ` + requestColumns + ` FROM application_requests r WHERE r.collectivity = $1 AND r.id = $2`

func scanRequest(scan func(dest ...any) error) (Request, error) {
	var r Request
	var asked, answered, until int64
	err := scan(&r.ID, &r.Application, &r.Agent, &r.Reason, &asked, &r.State, &answered, &r.AnsweredBy, &r.Answer, &until,
		&r.had.there, &r.had.since, &r.had.by, &r.had.until)
	r.Asked, r.Answered, r.Until = database.FromMillis(asked), database.FromMillis(answered), database.FromMillis(until)
	return r, err
}

func (s *Store) requests(ctx context.Context, query string, args ...any) ([]Request, error) {
	rows, err := s.db.Query(ctx, query, args...)
	requests, err := database.Collect(rows, err, func(rows *sql.Rows) (Request, error) { return scanRequest(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("applications: read requests: %w", err)
	}
	return requests, nil
}

// waitingFor is the request of an agent that waits; portal.ErrNotFound when none
// does.
func waitingFor(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id string, agent portal.AgentID) (Request, error) {
	return scanRequest(tx.QueryRow(ctx, `SELECT `+requestColumns+` FROM application_requests r
		WHERE r.collectivity = $1 AND r.agent = $2 AND r.application = $3 AND r.state = 'waiting'`,
		string(collectivity), string(agent), id).Scan)
}

// Ask asks the administrators for access to an application, with a reason of one
// line. Asked again while a request waits, it changes nothing. portal.ErrNotFound
// when she may not know of the application, portal.ErrConflict when it is open to
// her for ever.
func (s *Store) Ask(ctx context.Context, caller portal.Caller, id, reason, from string) (Offer, error) {
	offer, err := s.Offer(ctx, caller, id)
	if err != nil {
		return Offer{}, err
	}
	if offer.Request.State == Waiting {
		return offer, nil
	}
	if !offer.MayAsk() {
		return offer, portal.UserError{Kind: portal.ErrConflict, Key: "applications.error.open", Args: []any{"name", offer.Name}}
	}
	var wrong portal.Check
	reason = strings.Join(strings.Fields(reason), " ")
	wrong.Text("reason", reason, true, maxReason)
	if err := wrong.OrNil(); err != nil {
		return offer, fmt.Errorf("applications: ask: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `
			INSERT INTO application_requests (collectivity, id, application, agent, reason, asked) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT DO NOTHING`,
			string(caller.Collectivity), portal.NewID(), id, string(caller.Agent), reason, database.Millis(s.now())))
		if errors.Is(err, portal.ErrNotFound) {
			return nil // she pressed twice
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, caller, audit.AccessAsked, offer.Application, "", from)
	})
	if err != nil {
		return offer, fmt.Errorf("applications: ask for %q: %w", id, err)
	}
	s.waits(caller.Collectivity)
	return offer, nil
}

// Withdraw takes the caller's waiting request for an application back;
// portal.ErrNotFound when none waits.
func (s *Store) Withdraw(ctx context.Context, caller portal.Caller, id, from string) (Application, error) {
	offer, err := s.Offer(ctx, caller, id)
	if err != nil {
		return Application{}, err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `
			UPDATE application_requests SET state = 'withdrawn', answered = $4, seen = $4
			WHERE collectivity = $1 AND agent = $2 AND application = $3 AND state = 'waiting'`,
			string(caller.Collectivity), string(caller.Agent), id, database.Millis(s.now())))
		if err != nil {
			return err
		}
		return record(ctx, tx, caller, audit.AccessWithdrawn, offer.Application, "", from)
	})
	if err != nil {
		return Application{}, fmt.Errorf("applications: withdraw %q: %w", id, err)
	}
	s.waits(caller.Collectivity)
	return offer.Application, nil
}

// askPath is the page where one asks for an application, and whose it is: she may
// be in another of her collectivities.
func askPath(collectivity portal.CollectivityID, id string) string {
	return "/apps/" + id + "/ask?in=" + url.QueryEscape(string(collectivity))
}
