package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Given is a right of a collectivity that somebody has.
type Given struct {
	ID      string // drawn when it is given
	Subject portal.Subject
	Name    string // of the subject, "Voirie"; "" for everyone
	Right   portal.Right
	In      portal.UnitID // and those below it: where the right holds; "" for the whole collectivity
	InName  string        // of that unit, "" when it is no more there: the right gives nothing then
	Starts  time.Time     // zero: at once
	Ends    time.Time     // zero: never
	LentBy  portal.AgentID
	Lender  string // her name
	By      string // name of who decided; "" for the installation
	Under   string // the assistance that it was given under and ends with, "" for none
	Created time.Time
	Taken   time.Time // when it was taken away, zero while it is there
}

// Serves says whether a right is there at a moment, and neither over nor to come.
func (g Given) Serves(now time.Time) bool {
	return g.Taken.IsZero() && !now.Before(g.Starts) && (g.Ends.IsZero() || now.Before(g.Ends))
}

const (
	// keptTaken is how long a right that was taken away can be given back.
	keptTaken = 30 * 24 * time.Hour
	// longestLoan bounds how long somebody lends what she may do.
	longestLoan = 366 * 24 * time.Hour
	// maxGiven bounds the rights of a collectivity.
	maxGiven = 2000
)

// Give gives a right of the caller's collectivity to a subject of it, and returns
// its id. portal.ErrDenied but for its administrator.
func (s *Store) Give(ctx context.Context, caller portal.Caller, given Given, client string) (id string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("directory: give right: %w", err)
	}
	given.LentBy = ""
	return s.give(ctx, caller, given, audit.RightGiven, client)
}

// Lend lets another agent do what the caller may do, until a moment: during a
// leave. It ends with the caller's own right.
func (s *Store) Lend(ctx context.Context, caller portal.Caller, given Given, client string) (id string, err error) {
	holds, err := s.mayLend(ctx, caller, given)
	if err != nil {
		return "", fmt.Errorf("directory: lend right: %w", err)
	}
	var wrong portal.Check
	if !holds {
		wrong.Add("right", "directory.error.lend.right")
	}
	if given.Subject.Kind != portal.TheAgent || given.Subject.ID == string(caller.Agent) {
		wrong.Add("agent", "directory.error.lend.agent")
	}
	if given.Ends.IsZero() || given.Ends.Sub(s.now()) > longestLoan {
		wrong.Add("ends", "directory.error.lend.ends")
	}
	if err := wrong.OrNil(); err != nil {
		return "", fmt.Errorf("directory: lend right: %w", err)
	}
	given.LentBy = caller.Agent
	return s.give(ctx, caller, given, audit.RightLent, client)
}

// mayLend says whether the caller holds herself what she is about to lend, where she
// lends it.
func (s *Store) mayLend(ctx context.Context, caller portal.Caller, given Given) (bool, error) {
	above, err := s.parents(ctx, caller.Collectivity)
	if err != nil {
		return false, err
	}
	holding, there := above.holding(given.Right, given.In)
	if !there {
		return false, nil
	}
	return s.lends(ctx, caller.Collectivity, caller.Agent, holding)
}

func (s *Store) give(ctx context.Context, caller portal.Caller, given Given, action audit.Action, client string) (string, error) {
	now := s.now()
	given.ID, given.Created = portal.NewID(), now
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		given := given // the transaction may run again
		if err := s.endsWithHelp(ctx, tx, caller, &given); err != nil {
			return err
		}
		if err := given.check(now); err != nil {
			return err
		}
		name, err := subjectName(ctx, tx, caller.Collectivity, given.Subject)
		if err != nil {
			return err
		}
		if given.InName, err = placeName(ctx, tx, caller.Collectivity, given.In); err != nil {
			return err
		}
		if err := roomForRight(ctx, tx, caller.Collectivity, given, now); err != nil {
			return err
		}
		if err := insertRight(ctx, tx, caller, given); err != nil {
			return err
		}
		return audit.Write(ctx, tx, rightLine(caller, action, given, name, now, client))
	})
	if err != nil {
		return "", fmt.Errorf("directory: give right: %w", err)
	}
	s.changedIn(caller.Collectivity)
	return given.ID, nil
}

// check refuses a right that no collectivity gives, and hours that make no sense.
func (g Given) check(now time.Time) error {
	var wrong portal.Check
	if !slices.Contains(portal.CollectivityRights, g.Right) {
		wrong.Add("right", "directory.error.right", "right", string(g.Right))
	}
	if g.In != "" && !slices.Contains(portal.Narrowable, g.Right) {
		wrong.Add("unit", "directory.error.right.whole")
	}
	if g.Subject.Kind == portal.Everyone && g.Subject.ID != "" {
		wrong.Add("subject", "directory.error.subject") // it would serve nobody, and be counted as everyone's
	}
	if !g.Ends.IsZero() && (!g.Ends.After(now) || !g.Ends.After(g.Starts)) {
		wrong.Add("ends", "directory.error.ends")
	}
	return wrong.OrNil()
}

// subjectName is what a subject is called; a field error for one that is none of
// the collectivity's.
func subjectName(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, subject portal.Subject) (name string, err error) {
	switch subject.Kind {
	case portal.Everyone:
		return "", nil
	case portal.TheAgent:
		name, err = nameOf(ctx, tx, collectivity, portal.AgentID(subject.ID))
	case portal.TheGroup:
		err = tx.QueryRow(ctx, `SELECT name FROM agent_groups WHERE collectivity = $1 AND id = $2`, string(collectivity), subject.ID).Scan(&name)
	case portal.TheUnit:
		err = tx.QueryRow(ctx, `SELECT name FROM units WHERE collectivity = $1 AND id = $2`, string(collectivity), subject.ID).Scan(&name)
	default:
		err = portal.ErrNotFound
	}
	if errors.Is(err, portal.ErrNotFound) {
		err = portal.FieldErrors{portal.Invalid("subject", "directory.error.subject")}
	}
	return name, err
}

// placeName is what the unit is called that a right is narrowed to, "" for none; a
// field error for one that is none of the collectivity's.
func placeName(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit portal.UnitID) (name string, err error) {
	if unit == "" {
		return "", nil
	}
	err = tx.QueryRow(ctx, `SELECT name FROM units WHERE collectivity = $1 AND id = $2`, string(collectivity), string(unit)).Scan(&name)
	if errors.Is(err, portal.ErrNotFound) {
		err = portal.FieldErrors{portal.Invalid("unit", "directory.error.unit")}
	}
	return name, err
}

// errSubjectGone refuses to give a right back to nobody: whoever has the same
// identifier one day would have it.
var errSubjectGone = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.subject.gone"}

// subjectIsThere refuses a right whose subject is no more, or its unit.
func subjectIsThere(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, given Given) error {
	_, err := subjectName(ctx, tx, collectivity, given.Subject)
	if err == nil {
		_, err = placeName(ctx, tx, collectivity, given.In)
	}
	if errors.Is(err, portal.ErrInvalid) {
		err = errSubjectGone
	}
	return err
}

// roomForRight refuses a right that the subject has already, and more than a
// collectivity can have.
func roomForRight(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, given Given, now time.Time) error {
	var all, same int
	err := tx.QueryRow(ctx, `
		SELECT COUNT(*), COALESCE(SUM(CASE WHEN kind = $2 AND subject = $3 AND right_name = $4 AND in_unit = $8 AND lent_by = $5 AND (ends = 0 OR ends = $6) THEN 1 ELSE 0 END), 0)
		FROM rights_given WHERE collectivity = $1 AND taken = 0 AND (ends = 0 OR ends > $7)`,
		string(collectivity), string(given.Subject.Kind), given.Subject.ID, string(given.Right), string(given.LentBy),
		database.Millis(given.Ends), database.Millis(now), string(given.In)).Scan(&all, &same)
	switch {
	case err != nil:
		return err
	case same > 0:
		return portal.FieldErrors{portal.Invalid("subject", "directory.error.right.there")}
	case all >= maxGiven:
		return portal.FieldErrors{portal.Invalid("subject", "directory.error.right.many", "max", maxGiven)}
	}
	return nil
}

func insertRight(ctx context.Context, tx *database.Tx, caller portal.Caller, given Given) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO rights_given (collectivity, id, kind, subject, right_name, starts, ends, lent_by, given_by, created, in_unit, given_under)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		string(caller.Collectivity), given.ID, string(given.Subject.Kind), given.Subject.ID, string(given.Right),
		database.Millis(given.Starts), database.Millis(given.Ends), string(given.LentBy), string(caller.Agent), database.Millis(given.Created), string(given.In), given.Under)
	return err
}

// rightLine tells the journal about a right: whose, which and where.
func rightLine(caller portal.Caller, action audit.Action, given Given, name string, now time.Time, client string) audit.Line {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Address = now, name, given.Subject.ID, client
	line.Detail = audit.RightDetail(given.Right, cmp.Or(given.InName, string(given.In)))
	line.Subject, line.Within = given.Subject, given.In
	if given.Subject.Kind == portal.Everyone {
		line.ObjectID = string(portal.Everyone)
	}
	return line
}

// Take takes a right away. Whoever lent one may take that one back; the others are
// the administrator's. The last who governs the collectivity keeps it: a
// portal.UserError says so. It can be given back for thirty days, see GiveBack.
func (s *Store) Take(ctx context.Context, caller portal.Caller, id, client string) (Given, error) {
	given, err := s.setTaken(ctx, caller, id, true, client)
	if err != nil {
		return Given{}, fmt.Errorf("directory: take right: %w", err)
	}
	return given, nil
}

// GiveBack undoes Take.
func (s *Store) GiveBack(ctx context.Context, caller portal.Caller, id, client string) (Given, error) {
	given, err := s.setTaken(ctx, caller, id, false, client)
	if err != nil {
		return Given{}, fmt.Errorf("directory: give right back: %w", err)
	}
	return given, nil
}

func (s *Store) setTaken(ctx context.Context, caller portal.Caller, id string, away bool, client string) (given Given, err error) {
	now := s.now()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		given, err = s.given(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if given.LentBy == "" || given.LentBy != caller.Agent {
			if err := caller.Require(portal.Admin); err != nil {
				return err
			}
		}
		taken, action, under := time.Time{}, audit.RightGiven, ""
		if away {
			taken, action = now, audit.RightTaken
		}
		if caller.Assists() {
			if under, err = s.helpOf(ctx, tx, caller, id, away); err != nil {
				return err
			}
		}
		if given.Taken.IsZero() != away || now.Sub(given.Taken) > keptTaken && !away {
			return portal.ErrNotFound // it is so already, or that was long ago
		}
		if !away {
			if err := subjectIsThere(ctx, tx, caller.Collectivity, given); err != nil {
				return err
			}
		}
		err := keepAnAdministrator(ctx, tx, caller.Collectivity, now, func() error {
			return database.OneRow(tx.Exec(ctx, `UPDATE rights_given SET taken = $1, taken_under = $4 WHERE collectivity = $2 AND id = $3`,
				database.Millis(taken), string(caller.Collectivity), id, under))
		})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, rightLine(caller, action, given, given.Name, now, client))
	})
	if err == nil {
		s.changedIn(caller.Collectivity)
	}
	return given, err
}

// errLastAdministrator refuses what would leave a collectivity to nobody.
var errLastAdministrator = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.last-admin"}

// keepAnAdministrator makes a change, unless nobody would govern the collectivity
// after it who did before: what is lent, and what ends, does not count.
func keepAnAdministrator(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, now time.Time, change func() error) error {
	before, err := countAdministrators(ctx, tx, collectivity, now)
	if err != nil {
		return err
	}
	if err := change(); err != nil || before == 0 {
		return err
	}
	after, err := countAdministrators(ctx, tx, collectivity, now)
	if err == nil && after == 0 {
		err = errLastAdministrator
	}
	return err
}

// governing names the rights that govern a collectivity for good at a moment, $2, and
// whom they reach; governs is the condition on an agent a that she is one of them. It
// begins at the rights, which are few, never at the agents: CROSS tells SQLite.
const (
	governing = `
		WITH RECURSIVE lasting (kind, subject) AS (
			SELECT kind, subject FROM rights_given
			WHERE collectivity = $1 AND right_name = 'admin' AND taken = 0 AND ends = 0 AND lent_by = '' AND starts <= $2
		), below (id) AS (
			SELECT subject FROM lasting WHERE kind = 'unit'
			UNION SELECT u.id FROM below JOIN units u ON u.collectivity = $1 AND u.parent = below.id
		), governors (id) AS (
			SELECT subject FROM lasting WHERE kind = 'agent'
			UNION SELECT m.agent FROM lasting JOIN agent_group_members m ON m.collectivity = $1 AND m.group_id = lasting.subject WHERE lasting.kind = 'group'
			UNION SELECT e.id FROM below CROSS JOIN agents e WHERE e.collectivity = $1 AND e.unit = below.id
			UNION SELECT e.id FROM lasting CROSS JOIN agents e WHERE e.collectivity = $1 AND lasting.kind = 'everyone'
		)`
	governs = `a.id IN (SELECT id FROM governors)`
)

// countAdministrators counts the agents who may enter and govern a collectivity for
// good.
func countAdministrators(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, now time.Time) (count int, err error) {
	err = tx.QueryRow(ctx, governing+`
		SELECT COUNT(*) FROM governors CROSS JOIN agents a JOIN accounts c ON c.id = a.account
		WHERE a.collectivity = $1 AND a.id = governors.id AND a.active AND c.active`, string(collectivity), database.Millis(now)).Scan(&count)
	return count, err
}

// givenColumns are read by scanGiven, from givenTables.
const (
	givenColumns = `g.id, g.kind, g.subject, g.right_name, g.starts, g.ends, g.lent_by, g.created, g.taken, g.given_under, g.in_unit, COALESCE(w.name, ''),
		COALESCE(u.name, r.name, CASE WHEN a.id IS NULL THEN '' ELSE a.given_name || ' ' || a.family_name END),
		COALESCE(l.given_name || ' ' || l.family_name, ''), COALESCE(b.given_name || ' ' || b.family_name, '')`
	givenTables = ` FROM rights_given g
		LEFT JOIN agents a ON a.collectivity = g.collectivity AND g.kind = 'agent' AND a.id = g.subject
		LEFT JOIN agent_groups r ON r.collectivity = g.collectivity AND g.kind = 'group' AND r.id = g.subject
		LEFT JOIN units u ON u.collectivity = g.collectivity AND g.kind = 'unit' AND u.id = g.subject
		LEFT JOIN units w ON w.collectivity = g.collectivity AND w.id = g.in_unit
		LEFT JOIN agents l ON l.collectivity = g.collectivity AND l.id = g.lent_by
		LEFT JOIN agents b ON b.collectivity = g.collectivity AND b.id = g.given_by `
)

// givenNow is what is given in a collectivity and not over.
const givenNow = `SELECT ` + givenColumns + givenTables + `WHERE g.collectivity = $1 AND g.taken = 0 AND (g.ends = 0 OR g.ends > $2) ORDER BY g.id`

func scanGiven(scan func(dest ...any) error) (g Given, err error) {
	var starts, ends, created, taken int64
	err = scan(&g.ID, &g.Subject.Kind, &g.Subject.ID, &g.Right, &starts, &ends, &g.LentBy, &created, &taken, &g.Under, &g.In, &g.InName, &g.Name, &g.Lender, &g.By)
	g.Starts, g.Ends = database.FromMillis(starts), database.FromMillis(ends)
	g.Created, g.Taken = database.FromMillis(created), database.FromMillis(taken)
	return g, err
}

// given reads a right, one that was taken away too.
func (s *Store) given(ctx context.Context, from rows, caller portal.Caller, id string) (Given, error) {
	return scanGiven(from.QueryRow(ctx, `SELECT `+givenColumns+givenTables+`WHERE g.collectivity = $1 AND g.id = $2`,
		string(caller.Collectivity), id).Scan)
}

// RightsGiven lists what is given in the caller's collectivity and not over, by
// right, then by who has it. portal.ErrDenied but for its administrator.
func (s *Store) RightsGiven(ctx context.Context, caller portal.Caller) ([]Given, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("directory: list rights: %w", err)
	}
	return s.listGiven(ctx, givenNow,
		string(caller.Collectivity), database.Millis(s.now()))
}

// rightsNaming tells what is given to a group or a unit, which keeps it from being
// deleted: who it was given to would be forgotten.
func (s *Store) rightsNaming(ctx context.Context, from rows, caller portal.Caller, subject portal.Subject) ([]portal.Mention, error) {
	all, err := listGiven(ctx, from, givenNow, string(caller.Collectivity), database.Millis(s.now()))
	var mentions []portal.Mention
	for _, one := range all {
		if one.Subject == subject || subject.Kind == portal.TheUnit && one.In != "" && string(one.In) == subject.ID {
			mentions = append(mentions, portal.Mention{Kind: "directory.right." + string(one.Right), Path: "/admin/rights", Icon: "key", Governs: one.Right})
		}
	}
	return mentions, err
}

// RightsOf lists what the caller holds, and by what.
func (s *Store) RightsOf(ctx context.Context, caller portal.Caller) ([]Given, error) {
	now := s.now()
	all, err := s.listGiven(ctx, givenNow,
		string(caller.Collectivity), database.Millis(now))
	return slices.DeleteFunc(all, func(one Given) bool {
		return !one.Serves(now) || !caller.Is(one.Subject) || !caller.Can(one.Right) && !slices.Contains(caller.Where(one.Right), one.In)
	}), err
}

// RightsLent lists what the caller lends.
func (s *Store) RightsLent(ctx context.Context, caller portal.Caller) ([]Given, error) {
	return s.listGiven(ctx, `SELECT `+givenColumns+givenTables+`
		WHERE g.collectivity = $1 AND g.taken = 0 AND g.ends > $2 AND g.lent_by = $3 AND $3 <> '' ORDER BY g.id`,
		string(caller.Collectivity), database.Millis(s.now()), string(caller.Agent))
}

func (s *Store) listGiven(ctx context.Context, query string, args ...any) ([]Given, error) {
	return listGiven(ctx, s.db, query, args...)
}

func listGiven(ctx context.Context, from rows, query string, args ...any) ([]Given, error) {
	rows, err := from.Query(ctx, query, args...)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Given, error) { return scanGiven(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("directory: list rights: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Given) int {
		if order := slices.Index(portal.Rights, a.Right) - slices.Index(portal.Rights, b.Right); order != 0 {
			return order
		}
		return i18n.ByName(a.Name, b.Name)
	})
	return all, nil
}

// SetRights replaces the rights that an agent of the caller's collectivity has in
// her own name and for good. The right to operate the pool is refused: no
// collectivity can give it. It is a step of set-up.
func (s *Store) SetRights(ctx context.Context, caller portal.Caller, agent portal.AgentID, rights []portal.Right) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("directory: set rights: %w", err)
	}
	var account portal.AccountID
	now := s.now()
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		if account, err = accountOf(ctx, tx, caller.Collectivity, agent); err != nil {
			return err
		}
		return keepAnAdministrator(ctx, tx, caller.Collectivity, now, func() error {
			return replaceRights(ctx, tx, caller, agent, rights, now)
		})
	})
	if err != nil {
		return fmt.Errorf("directory: set rights: %w", err)
	}
	s.changed(account)
	return nil
}

func replaceRights(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID, rights []portal.Right, now time.Time) error {
	_, err := tx.Exec(ctx, `DELETE FROM rights_given WHERE collectivity = $1 AND kind = 'agent' AND subject = $2 AND ends = 0 AND lent_by = ''`,
		string(caller.Collectivity), string(agent))
	if err != nil {
		return err
	}
	for _, right := range rights {
		given := Given{ID: portal.NewID(), Subject: portal.Subject{Kind: portal.TheAgent, ID: string(agent)}, Right: right, Created: now}
		if err := given.check(now); err != nil {
			return err
		}
		if err := insertRight(ctx, tx, caller, given); err != nil {
			return err
		}
	}
	return nil
}
