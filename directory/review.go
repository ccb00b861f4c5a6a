package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Openings tells to whom the things of a feature are open in the caller's
// collectivity. What is open to agents in their own name is told for some of them,
// or for nil of all.
type Openings func(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]portal.Opening, error)

// Reviewing adds features whose things the access review tells. It is a step of
// set-up, before any other method is called.
func (s *Store) Reviewing(features ...Openings) { s.reviewed = append(s.reviewed, features...) }

// What a review may be narrowed to beside one right.
const (
	HoldsAny = "any" // whoever holds a right
	Anybody  = ""
)

// ReviewQuery says whose access to review. The zero query is the first page of
// everybody.
type ReviewQuery struct {
	Text  string
	Unit  portal.UnitID // with the units below it, "" for all
	Holds string        // Anybody, HoldsAny or a right
	Page  int           // from 1; less is 1
}

// Reviewed is what an agent may do and open, and why.
type Reviewed struct {
	Agent
	Enters bool      // she has an account that may sign in: without, all of it is for later
	Rights []HeldFor // in the order of portal.Rights
	Things []OpenFor // by kind, then by name
}

// HeldFor is a right with the reasons for which it is held, one at least.
type HeldFor struct {
	Right portal.Right
	Whys  []Why
}

// Whole says whether it is held in the whole collectivity, for one reason at least.
func (h HeldFor) Whole() bool {
	return slices.ContainsFunc(h.Whys, func(why Why) bool { return why.In == "" })
}

// OpenFor is a thing with the most that may be done with it, and why.
type OpenFor struct {
	portal.Opening
	Whys []Why
}

// Why is one reason for which somebody may do something.
type Why struct {
	To     portal.Subject // whom it is given to
	Name   string         // of that group or unit
	Above  bool           // that unit is above hers
	In     portal.UnitID  // where the right holds, with the units below it; "" for the whole collectivity
	InName string         // of that unit
	Lender string         // who lends it
	ByPool bool           // the operator of the pool gave it to her account
	Needs  portal.Right   // it is for whoever of them holds this right too
	By     string         // who gave it, "" when that is not known
	Since  time.Time      // zero when that is not known
	Until  time.Time      // first instant without it, zero: never
}

// Review is a page of agents in the order of family names.
type Review struct {
	Agents      []Reviewed
	Total       int
	Page, Pages int
}

const reviewSize = 25

// holding names the rights that agents hold at a moment, $2, whatever gives them: held.
// own is what they hold themselves, and can lend.
const holding = `
	WITH RECURSIVE serving (kind, subject, right_name, in_unit, lent_by) AS (
		SELECT g.kind, g.subject, g.right_name, g.in_unit, g.lent_by FROM rights_given g
		WHERE g.collectivity = $1 AND g.taken = 0 AND g.starts <= $2 AND (g.ends = 0 OR g.ends > $2)
			AND (g.in_unit = '' OR EXISTS (SELECT 1 FROM units u WHERE u.collectivity = $1 AND u.id = g.in_unit))
	), reach (top, id) AS (
		SELECT subject, subject FROM serving WHERE kind = 'unit'
		UNION SELECT in_unit, in_unit FROM serving WHERE in_unit <> ''
		UNION SELECT r.top, u.id FROM reach r JOIN units u ON u.collectivity = $1 AND u.parent = r.id
	), own (agent, right_name, in_unit) AS (
		SELECT subject, right_name, in_unit FROM serving WHERE kind = 'agent' AND lent_by = ''
		UNION SELECT m.agent, s.right_name, s.in_unit FROM serving s
			JOIN agent_group_members m ON m.collectivity = $1 AND m.group_id = s.subject WHERE s.kind = 'group'
		UNION SELECT a.id, s.right_name, s.in_unit FROM serving s JOIN reach r ON r.top = s.subject
			JOIN agents a ON a.collectivity = $1 AND a.unit = r.id WHERE s.kind = 'unit'
		UNION SELECT a.id, s.right_name, s.in_unit FROM serving s JOIN agents a ON a.collectivity = $1 WHERE s.kind = 'everyone'
	), lent (agent, right_name, in_unit, lender) AS MATERIALIZED (
		SELECT s.subject, s.right_name, s.in_unit, s.lent_by FROM serving s
			JOIN agents l ON l.collectivity = $1 AND l.id = s.lent_by AND l.active JOIN accounts c ON c.id = l.account AND c.active
			WHERE s.kind = 'agent' AND s.lent_by <> ''
	), held (agent, right_name) AS (
		SELECT agent, right_name FROM own
		UNION SELECT s.agent, s.right_name FROM lent s
			JOIN own o ON o.agent = s.lender AND (o.right_name = 'admin' OR o.right_name = s.right_name
				AND (o.in_unit = '' OR EXISTS (SELECT 1 FROM reach r WHERE r.top = o.in_unit AND r.id = s.in_unit)))
		UNION SELECT a.id, p.right_name FROM account_rights p CROSS JOIN agents a WHERE a.collectivity = $1 AND a.account = p.account
	)`

const (
	reviewedColumns = `SELECT ` + agentColumns + `, COALESCE(p.active, FALSE)`
	reviewedFrom    = agentTables + `LEFT JOIN accounts p ON p.id = a.account`
	reviewedWhere   = ` WHERE a.collectivity = $1 AND a.active
			AND a.search_text LIKE $4 || '' AND a.search_text LIKE $5 || '' AND a.search_text LIKE $6 || '' AND a.search_text LIKE $7 || ''
			AND ($8 = '' OR a.unit IN (WITH RECURSIVE below (id) AS (
				SELECT b.id FROM units b WHERE b.collectivity = $1 AND b.id = $8
				UNION SELECT c.id FROM units c JOIN below ON c.parent = below.id WHERE c.collectivity = $1) SELECT id FROM below))`
	// Two texts, so that those who hold something are looked up one by one, and the
	// list of everybody does not ask who holds what.
	whoHolds  = ` AND a.id IN (SELECT agent FROM held WHERE $3 = 'any' OR right_name = $3 OR right_name = 'admin' AND $3 <> 'pool.operate')`
	whoeverIs = ` AND $3 = ''`

	countReviewed = holding + ` SELECT COUNT(*) FROM agents a` + reviewedWhere
	listReviewed  = holding + reviewedColumns + reviewedFrom + reviewedWhere
	pageReviewed  = ` ORDER BY a.sort_name, a.id LIMIT 0 + $9 OFFSET $10`
	nextReviewed  = ` AND (a.sort_name, a.id) > ($9, $10) ORDER BY a.sort_name, a.id LIMIT 0 + $11`
)

const oneReviewed = reviewedColumns + reviewedFrom + ` WHERE a.collectivity = $1 AND a.active AND a.id = $2`

// whose narrows reviewedWhere to who holds what the query says.
func (q ReviewQuery) whose() string {
	if q.Holds == Anybody {
		return whoeverIs
	}
	return whoHolds
}

// args are the parameters of reviewedWhere, and of whose.
func (q ReviewQuery) args(caller portal.Caller, now time.Time) []any {
	args := []any{string(caller.Collectivity), database.Millis(now), q.Holds}
	patterns, _ := patternsOf(q.Text)
	for _, pattern := range patterns {
		args = append(args, pattern)
	}
	return append(args, string(q.Unit))
}

// Review tells what the agents of the caller's collectivity may do and open, and why.
// portal.ErrDenied but for its administrator.
func (s *Store) Review(ctx context.Context, caller portal.Caller, query ReviewQuery) (Review, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Review{}, fmt.Errorf("directory: review: %w", err)
	}
	var review Review
	args := query.args(caller, s.now())
	if err := s.db.QueryRow(ctx, countReviewed+query.whose(), args...).Scan(&review.Total); err != nil {
		return Review{}, fmt.Errorf("directory: review: %w", err)
	}
	review.Pages = (review.Total + reviewSize - 1) / reviewSize
	review.Page = max(1, min(query.Page, review.Pages))
	var err error
	review.Agents, err = s.explained(ctx, caller, listReviewed+query.whose()+pageReviewed, append(args, reviewSize, (review.Page-1)*reviewSize)...)
	return review, err
}

// ReviewAfter returns the next agents of a review, at most size, after one of them:
// nil begins.
func (s *Store) ReviewAfter(ctx context.Context, caller portal.Caller, query ReviewQuery, after *Reviewed, size int) ([]Reviewed, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("directory: review: %w", err)
	}
	name, id := "", ""
	if after != nil {
		name, id = after.sortName(), string(after.ID)
	}
	return s.explained(ctx, caller, listReviewed+query.whose()+nextReviewed, append(query.args(caller, s.now()), name, id, size)...)
}

// ReviewOf is Review of one agent; portal.ErrNotFound for one who is not there.
func (s *Store) ReviewOf(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Reviewed, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Reviewed{}, fmt.Errorf("directory: review: %w", err)
	}
	found, err := s.explained(ctx, caller, oneReviewed, string(caller.Collectivity), string(agent))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("directory: review: %w", portal.ErrNotFound)
	}
	if err != nil {
		return Reviewed{}, err
	}
	return found[0], nil
}

// explained reads agents, then what each may do.
func (s *Store) explained(ctx context.Context, caller portal.Caller, query string, args ...any) ([]Reviewed, error) {
	rows, err := s.db.Query(ctx, query, args...)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (one Reviewed, err error) {
		one.Agent, err = scanAgent(func(dest ...any) error { return rows.Scan(append(dest, &one.Enters)...) })
		return one, err
	})
	if err == nil {
		err = s.explain(ctx, caller, found)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: review: %w", err)
	}
	return found, nil
}

// CountHolders tells how many agents of the caller's collectivity hold each right
// as such: whoever holds portal.Admin may do all the rest, and is counted there.
func (s *Store) CountHolders(ctx context.Context, caller portal.Caller) (map[portal.Right]int, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("directory: count holders: %w", err)
	}
	counts := map[portal.Right]int{}
	rows, err := s.db.Query(ctx, holding+`
		SELECT h.right_name, COUNT(DISTINCT h.agent) FROM held h JOIN agents a ON a.collectivity = $1 AND a.id = h.agent AND a.active
		GROUP BY h.right_name`, string(caller.Collectivity), database.Millis(s.now()))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var right portal.Right
		var count int
		err = rows.Scan(&right, &count)
		counts[right] = count
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: count holders: %w", err)
	}
	return counts, nil
}

// explanation is all that is given in a collectivity, by whom it is given to.
type explanation struct {
	store  *Store
	caller portal.Caller
	given  map[portal.Subject][]Given
	open   map[portal.Subject][]portal.Opening
	byPool map[portal.AgentID][]portal.Right
	names  map[portal.Subject]string // of units and groups
	lends  map[loan]bool
	above  parents
	rank   map[string]int // of kinds of things
}

type loan struct {
	lender portal.AgentID
	right  portal.Right
	in     portal.UnitID
}

// explain fills in what agents may do, and why.
func (s *Store) explain(ctx context.Context, caller portal.Caller, agents []Reviewed) error {
	if len(agents) == 0 {
		return nil
	}
	ids := make([]portal.AgentID, len(agents))
	for i, agent := range agents {
		ids[i] = agent.ID
	}
	standing, err := s.Standings(ctx, caller, ids)
	if err != nil {
		return err
	}
	all, err := s.explanation(ctx, caller, ids)
	if err != nil {
		return err
	}
	for i := range agents {
		if err := all.of(ctx, standing[agents[i].ID], &agents[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) explanation(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (*explanation, error) {
	e := &explanation{
		store: s, caller: caller, given: map[portal.Subject][]Given{}, open: map[portal.Subject][]portal.Opening{},
		byPool: map[portal.AgentID][]portal.Right{}, lends: map[loan]bool{}, rank: map[string]int{},
	}
	now := s.now()
	var err error
	if e.above, err = s.parents(ctx, caller.Collectivity); err != nil {
		return nil, err
	}
	given, err := s.listGiven(ctx, givenNow, string(caller.Collectivity), database.Millis(now))
	if err != nil {
		return nil, err
	}
	for _, one := range given {
		if one.Serves(now) {
			e.given[one.Subject] = append(e.given[one.Subject], one)
		}
	}
	openings, err := s.openings(ctx, caller, agents)
	if err != nil {
		return nil, err
	}
	for _, one := range openings {
		e.open[one.To] = append(e.open[one.To], one)
		if _, known := e.rank[one.Kind]; !known {
			e.rank[one.Kind] = len(e.rank)
		}
	}
	if e.names, err = s.subjectNames(ctx, caller); err != nil {
		return nil, err
	}
	list, args := database.Among([]any{string(caller.Collectivity)}, agents)
	rows, err := s.db.Query(ctx, `
		SELECT a.id, p.right_name FROM agents a JOIN account_rights p ON p.account = a.account
		WHERE a.collectivity = $1 AND a.id IN `+list, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var right portal.Right
		err = rows.Scan(&agent, &right)
		e.byPool[agent] = append(e.byPool[agent], right)
		return none, err
	})
	return e, err
}

// openings asks every feature, in the order of their kinds and names.
func (s *Store) openings(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (all []portal.Opening, err error) {
	for _, feature := range s.reviewed {
		some, err := feature(ctx, caller, agents)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(some, func(a, b portal.Opening) int { return cmp.Or(i18n.ByName(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		all = append(all, some...)
	}
	return all, nil
}

// subjectNames are the names of the groups and units of a collectivity.
func (s *Store) subjectNames(ctx context.Context, caller portal.Caller) (map[portal.Subject]string, error) {
	names := map[portal.Subject]string{}
	rows, err := s.db.Query(ctx, `
		SELECT 'group', id, name FROM agent_groups WHERE collectivity = $1 UNION ALL SELECT 'unit', id, name FROM units WHERE collectivity = $1`,
		string(caller.Collectivity))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var subject portal.Subject
		var name string
		err = rows.Scan(&subject.Kind, &subject.ID, &name)
		names[subject] = name
		return none, err
	})
	return names, err
}

// of tells what one agent may do, who asks as she does.
func (e *explanation) of(ctx context.Context, she portal.Caller, agent *Reviewed) error {
	subjects := subjectsOf(she)
	for _, subject := range subjects {
		for _, one := range e.given[subject] {
			serves, err := e.serves(ctx, one)
			if err != nil {
				return err
			}
			if !serves {
				continue
			}
			why := e.why(subject, she)
			why.Lender, why.By, why.Since, why.Until = one.Lender, one.By, one.Created, one.Ends
			why.In, why.InName = one.In, one.InName
			agent.hold(one.Right, why)
		}
	}
	for _, right := range e.byPool[she.Agent] {
		agent.hold(right, Why{ByPool: true})
	}
	slices.SortStableFunc(agent.Rights, func(a, b HeldFor) int {
		return slices.Index(portal.Rights, a.Right) - slices.Index(portal.Rights, b.Right)
	})
	for _, right := range agent.Rights {
		if right.Whole() { // what a thing needs is of no unit
			she.Rights = append(she.Rights, right.Right)
		}
	}
	for _, subject := range subjects {
		for _, one := range e.open[subject] {
			if one.Needs == "" || she.Can(one.Needs) {
				why := e.why(subject, she)
				why.Needs, why.Until = one.Needs, one.Until
				agent.enter(one, why)
			}
		}
	}
	e.order(agent.Things)
	return nil
}

// serving is what is given in the caller's collectivity and serves now: no loan of who
// may do it no more herself.
func (s *Store) serving(ctx context.Context, caller portal.Caller) (serving []Given, err error) {
	all, err := s.RightsGiven(ctx, caller)
	if err != nil {
		return nil, err
	}
	e, now := explanation{store: s, caller: caller, lends: map[loan]bool{}}, s.now()
	if e.above, err = s.parents(ctx, caller.Collectivity); err != nil {
		return nil, err
	}
	for _, one := range all {
		serves := one.Serves(now)
		if serves {
			if serves, err = e.serves(ctx, one); err != nil {
				return nil, err
			}
		}
		if serves {
			serving = append(serving, one)
		}
	}
	return serving, nil
}

// serves says whether a right that is given now gives anything: its unit is there, and
// who lends it may do it herself.
func (e *explanation) serves(ctx context.Context, given Given) (bool, error) {
	holding, holds := e.above.holding(given.Right, given.In)
	if !holds || given.LentBy == "" {
		return holds, nil
	}
	return e.isLent(ctx, given.LentBy, holding)
}

// isLent says whether a loan still serves, asking once for each lender, right and unit.
func (e *explanation) isLent(ctx context.Context, lender portal.AgentID, lent portal.Holding) (bool, error) {
	this := loan{lender, lent.Right, lent.Unit}
	if lends, known := e.lends[this]; known {
		return lends, nil
	}
	lends, err := e.store.lends(ctx, e.caller.Collectivity, lender, lent)
	e.lends[this] = lends
	return lends, err
}

func (e *explanation) why(subject portal.Subject, she portal.Caller) Why {
	return Why{To: subject, Name: e.names[subject], Above: subject.Kind == portal.TheUnit && subject.ID != string(she.Unit)}
}

// order puts things by kind, as features were added, then by name.
func (e *explanation) order(things []OpenFor) {
	slices.SortStableFunc(things, func(a, b OpenFor) int {
		return cmp.Or(e.rank[a.Kind]-e.rank[b.Kind], i18n.ByName(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
}

// subjectsOf are all those whom one who asks is.
func subjectsOf(she portal.Caller) []portal.Subject {
	subjects := []portal.Subject{{Kind: portal.TheAgent, ID: string(she.Agent)}}
	for _, group := range she.Groups {
		subjects = append(subjects, portal.Subject{Kind: portal.TheGroup, ID: string(group)})
	}
	for _, unit := range she.Units {
		subjects = append(subjects, portal.Subject{Kind: portal.TheUnit, ID: string(unit)})
	}
	return append(subjects, portal.Subject{Kind: portal.Everyone})
}

func (r *Reviewed) hold(right portal.Right, why Why) {
	for i := range r.Rights {
		if r.Rights[i].Right == right {
			r.Rights[i].Whys = append(r.Rights[i].Whys, why)
			return
		}
	}
	r.Rights = append(r.Rights, HeldFor{right, []Why{why}})
}

// enter adds a thing that is open to her. The reasons are those of the most that she
// may do with it.
func (r *Reviewed) enter(open portal.Opening, why Why) {
	for i := range r.Things {
		thing := &r.Things[i]
		if thing.Kind != open.Kind || thing.ID != open.ID {
			continue
		}
		switch more := deedRank(open.Does) - deedRank(thing.Does); {
		case more > 0:
			thing.Does, thing.Whys = open.Does, []Why{why}
		case more == 0:
			thing.Whys = append(thing.Whys, why)
		}
		return
	}
	r.Things = append(r.Things, OpenFor{open, []Why{why}})
}

func deedRank(deed portal.Deed) int {
	return slices.Index([]portal.Deed{portal.Opens, portal.Reads, portal.Writes}, deed)
}
