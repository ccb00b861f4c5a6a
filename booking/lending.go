package booking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// LendingID names a convention by which a collectivity lends resources to another one.
type LendingID string

// Side is what a collectivity is in a convention.
type Side string

// The sides. What was ended by neither ended as one of them was suspended or left.
const (
	Lender   Side = "lender"
	Borrower Side = "borrower"
)

// Lending is a convention as one of its two parties reads it.
type Lending struct {
	ID                       LendingID
	Lender, Borrower         portal.CollectivityID // Borrower is "" once it is erased
	LenderName, BorrowerName string
	Side                     Side   // of who reads it
	Name                     string // "Prêt du minibus"
	First, Last              string // days of the lender's calendar, Last included and "" while nothing ends it
	Created, Ended           time.Time
	EndedBy                  Side
	Terms                    []Terms          // by number
	Groups                   []portal.GroupID // of the borrower who may book, everyone where there is none; for her alone
	Zone                     *time.Location   // of the lender, by whose days all is counted
}

// Other is the name of the other party.
func (l Lending) Other() string {
	if l.Side == Lender {
		return l.BorrowerName
	}
	return l.LenderName
}

// LendingState is where a convention stands on a day.
type LendingState string

// The states.
const (
	LendingProposed LendingState = "proposed" // nobody accepted it yet
	LendingRefused  LendingState = "refused"
	LendingToCome   LendingState = "to-come"
	LendingRunning  LendingState = "running"
	LendingOver     LendingState = "over"
)

// State tells where a convention stands on a day, "2026-12-01".
func (l Lending) State(day string) LendingState {
	switch {
	case !l.Ended.IsZero() && l.Last < day || l.Last != "" && l.Last < day:
		return LendingOver
	case !slices.ContainsFunc(l.Terms, func(t Terms) bool { return t.State == TermsAccepted }):
		if _, waits := l.Pending(); waits {
			return LendingProposed
		}
		return LendingRefused
	case l.First > day:
		return LendingToCome
	}
	return LendingRunning
}

// On are the terms that hold on a day; false where the convention does not.
func (l Lending) On(day string) (terms Terms, holds bool) {
	if day < l.First || l.Last != "" && day > l.Last {
		return Terms{}, false
	}
	for _, one := range l.Terms {
		if one.State == TermsAccepted && one.From <= day && (!holds || one.From >= terms.From) {
			terms, holds = one, true
		}
	}
	return terms, holds
}

// Current are the terms that a page shows on a day: those in force, else the first that will be, else the last proposed.
func (l Lending) Current(day string) Terms {
	if terms, holds := l.On(day); holds {
		return terms
	}
	if terms, holds := l.On(max(day, l.First)); holds {
		return terms
	}
	return l.Terms[len(l.Terms)-1]
}

// Pending are terms that wait for the borrower.
func (l Lending) Pending() (Terms, bool) {
	at := slices.IndexFunc(l.Terms, func(t Terms) bool { return t.State == TermsProposed })
	if at < 0 {
		return Terms{}, false
	}
	return l.Terms[at], true
}

const ofLendings = `
	SELECT l.id, l.collectivity, COALESCE(l.borrower, ''), own.name, COALESCE(o.name, l.borrower_name), l.title, l.first_day, l.last_day, l.created, l.ended, l.ended_by, own.zone
	FROM lending_parties p JOIN lendings l ON l.collectivity = p.lender AND l.id = p.lending
	JOIN collectivities own ON own.id = p.lender LEFT JOIN collectivities o ON o.id = l.borrower
	WHERE p.collectivity = $1`

func scanLending(scan func(...any) error, reader portal.CollectivityID) (l Lending, err error) {
	var created, ended int64
	var zone string
	err = scan(&l.ID, &l.Lender, &l.Borrower, &l.LenderName, &l.BorrowerName, &l.Name, &l.First, &l.Last, &created, &ended, &l.EndedBy, &zone)
	l.Created, l.Ended, l.Zone = database.FromMillis(created), database.FromMillis(ended), zoneOf(zone)
	if l.Side = Borrower; l.Lender == reader {
		l.Side = Lender
	}
	return l, err
}

// Lendings are the conventions of the caller's collectivity, for its administrator: those that it lends by first,
// then by the other's name.
func (s *Store) Lendings(ctx context.Context, caller portal.Caller) ([]Lending, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("booking: list conventions: %w", err)
	}
	all, err := s.lendings(ctx, s.db, caller.Collectivity)
	return all, wrap(err, "list conventions")
}

func (s *Store) lendings(ctx context.Context, from database.Reader, reader portal.CollectivityID) ([]Lending, error) {
	rows, err := from.Query(ctx, ofLendings+` ORDER BY l.collectivity <> $1, l.created, l.id`, string(reader))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Lending, error) { return scanLending(rows.Scan, reader) })
	if err != nil || len(all) == 0 {
		return all, err
	}
	return all, s.readAgreed(ctx, from, reader, "", all)
}

// Lending is a convention of the caller's collectivity, for its administrator; portal.ErrNotFound for who is no party.
func (s *Store) Lending(ctx context.Context, caller portal.Caller, id LendingID) (Lending, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Lending{}, fmt.Errorf("booking: read convention: %w", err)
	}
	l, err := s.lending(ctx, s.db, caller.Collectivity, id)
	return l, wrap(err, "read convention")
}

func (s *Store) lending(ctx context.Context, from database.Reader, reader portal.CollectivityID, id LendingID) (Lending, error) {
	l, err := scanLending(from.QueryRow(ctx, ofLendings+` AND p.lending = $2`, string(reader), string(id)).Scan, reader)
	if err != nil {
		return l, err
	}
	one := []Lending{l}
	err = s.readAgreed(ctx, from, reader, id, one)
	return one[0], err
}

// Proposal is a convention to be.
type Proposal struct {
	Borrower string // an identifier of a collectivity, or one of its e-mail domains, as typed
	Title    string
	Last     string // "" while nothing ends it
	Terms    Terms  // From is the first day of the convention
}

// Propose writes a convention for the administrator of the lender; it holds once the borrower accepts it.
// portal.FieldErrors name the fields of the form. address is where the request came from.
func (s *Store) Propose(ctx context.Context, caller portal.Caller, wanted Proposal, address string) (LendingID, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("booking: propose a convention: %w", err)
	}
	id := LendingID(portal.NewID())
	var other portal.CollectivityID
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var wrong portal.Check
		wanted.Title = strings.TrimSpace(wanted.Title)
		wrong.Text("title", wanted.Title, true, 120)
		var name string
		var err error
		if other, name, err = s.findBody(ctx, tx, caller.Collectivity, wanted.Borrower, &wrong); err != nil {
			return err
		}
		if wanted.Last != "" && (!isDay(wanted.Last) || wanted.Last < wanted.Terms.From) {
			wrong.Add("last", "booking.lend.error.last")
		}
		if err := s.checkTerms(ctx, tx, caller.Collectivity, &wanted.Terms, &wrong); err != nil {
			return err
		}
		if err := wrong.OrNil(); err != nil {
			return err
		}
		err = tx.Write(ctx, `
			INSERT INTO lendings (collectivity, id, borrower, borrower_name, title, first_day, last_day, turn, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)`,
			string(caller.Collectivity), string(id), string(other), name, wanted.Title, wanted.Terms.From, wanted.Last, database.Millis(s.now()))
		for _, party := range []portal.CollectivityID{caller.Collectivity, other} {
			if err == nil {
				err = tx.Write(ctx, `INSERT INTO lending_parties (collectivity, lending, lender) VALUES ($1, $2, $3)`, string(party), string(id), string(caller.Collectivity))
			}
		}
		if err != nil {
			return err
		}
		wanted.Terms.Number = 1
		if err := s.writeTerms(ctx, tx, caller, id, wanted.Terms); err != nil {
			return err
		}
		l, err := s.lending(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		return s.tellBoth(ctx, tx, caller, audit.LendingProposed, l, "", address)
	})
	if err != nil {
		return "", wrap(err, "propose a convention")
	}
	s.changedFor(caller.Collectivity, other)
	return id, nil
}

// findBody is the collectivity that was typed.
func (s *Store) findBody(ctx context.Context, tx *database.Tx, own portal.CollectivityID, typed string, wrong *portal.Check) (id portal.CollectivityID, name string, err error) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	typed = typed[strings.LastIndexByte(typed, '@')+1:]
	err = tx.QueryRow(ctx, `SELECT c.id, c.name FROM collectivities c LEFT JOIN collectivity_domains d ON d.collectivity = c.id
		WHERE c.active AND (c.id = $1 OR d.domain = $1) ORDER BY c.id LIMIT 1`, typed).Scan(&id, &name)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		wrong.Add("borrower", "booking.lend.error.borrower")
		err = nil
	case err == nil && id == own:
		wrong.Add("borrower", "booking.lend.error.own")
	}
	return id, name, err
}

// lockLending has who decides about a convention wait for who decides before, and reads it then.
func (s *Store) lockLending(ctx context.Context, tx *database.Tx, reader, lender portal.CollectivityID, id LendingID) (Lending, error) {
	if err := database.OneRow(tx.Exec(ctx, `UPDATE lendings SET turn = turn + 1 WHERE collectivity = $1 AND id = $2`, string(lender), string(id))); err != nil {
		return Lending{}, err
	}
	return s.lending(ctx, tx, reader, id)
}

// decideLending runs what an administrator of a party decides about a convention, alone, and tells who looks at it.
func (s *Store) decideLending(ctx context.Context, caller portal.Caller, id LendingID, doing string, decide func(tx *database.Tx, l Lending) error) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("booking: %s: %w", doing, err)
	}
	var l Lending
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		read, err := s.lending(ctx, tx, caller.Collectivity, id)
		if err == nil {
			l, err = s.lockLending(ctx, tx, caller.Collectivity, read.Lender, id)
		}
		if err != nil {
			return err
		}
		return decide(tx, l)
	})
	if err != nil {
		return wrap(err, doing)
	}
	s.changedFor(l.Lender, l.Borrower)
	s.tidyAgendas(ctx, l.Borrower)
	return nil
}

// refuseLending is what a convention answers when it is not as who decides thought.
func refuseLending(key string) error { return portal.UserError{Kind: portal.ErrConflict, Key: key} }

// ChangeTerms proposes other terms for the administrator of the lender: they hold from their day on, once the borrower
// accepts them. Those that wait already are replaced.
func (s *Store) ChangeTerms(ctx context.Context, caller portal.Caller, id LendingID, terms Terms, address string) error {
	return s.decideLending(ctx, caller, id, "change terms", func(tx *database.Tx, l Lending) error {
		var wrong portal.Check
		switch {
		case l.Side != Lender:
			return portal.ErrNotFound
		case l.over(s.now()):
			return refuseLending("booking.lend.error.over")
		case isDay(terms.From) && (terms.From < l.First || l.Last != "" && terms.From > l.Last):
			wrong.Add("from", "booking.lend.error.from")
		}
		if err := s.checkTerms(ctx, tx, caller.Collectivity, &terms, &wrong); err != nil {
			return err
		}
		if err := wrong.OrNil(); err != nil {
			return err
		}
		err := tx.Write(ctx, `UPDATE lending_terms SET state = 'replaced' WHERE collectivity = $1 AND lending = $2 AND state = 'proposed'`, string(l.Lender), string(id))
		if err != nil {
			return err
		}
		terms.Number = len(l.Terms) + 1
		if err := s.writeTerms(ctx, tx, caller, id, terms); err != nil {
			return err
		}
		return s.tellBoth(ctx, tx, caller, audit.LendingChanged, l, terms.From, address)
	})
}

// over says whether a convention has ended, or was told to end already.
func (l Lending) over(now time.Time) bool {
	return l.State(now.In(l.Zone).Format(time.DateOnly)) == LendingOver || !l.Ended.IsZero()
}

// AnswerTerms accepts terms that wait, for the administrator of the borrower, or refuses them with a reason. number
// says which she read: others that were proposed since are a portal.UserError.
func (s *Store) AnswerTerms(ctx context.Context, caller portal.Caller, id LendingID, number int, accepts bool, reason, address string) error {
	return s.decideLending(ctx, caller, id, "answer terms", func(tx *database.Tx, l Lending) error {
		waits, any := l.Pending()
		switch {
		case l.Side != Borrower:
			return portal.ErrNotFound
		case !any || waits.Number != number || l.over(s.now()):
			return refuseLending("booking.lend.error.answered")
		}
		state, action, notice := TermsRefused, audit.LendingRefused, noticeRefused
		if accepts {
			state, action, notice = TermsAccepted, audit.LendingAccepted, noticeAccepted
		}
		err := tx.Write(ctx, `UPDATE lending_terms SET state = $4, reason = $5, answered = $6 WHERE collectivity = $1 AND lending = $2 AND number = $3`,
			string(l.Lender), string(id), number, string(state), reason, database.Millis(s.now()))
		if err != nil {
			return err
		}
		if err := s.tellBoth(ctx, tx, caller, action, l, waits.From, address); err != nil {
			return err
		}
		if err := s.tellParty(ctx, tx, l.Lender, "", notice, l, Loan{Reason: reason}); err != nil || !accepts {
			return err
		}
		if l, err = s.lending(ctx, tx, caller.Collectivity, id); err != nil {
			return err
		}
		return s.releaseUnlent(ctx, tx, l)
	})
}

// ChooseGroups says who of the borrower may book under a convention, for its administrator.
func (s *Store) ChooseGroups(ctx context.Context, caller portal.Caller, id LendingID, groups []portal.GroupID, address string) error {
	return s.decideLending(ctx, caller, id, "choose groups", func(tx *database.Tx, l Lending) error {
		if l.Side != Borrower {
			return portal.ErrNotFound
		}
		groups = slices.Compact(slices.Sorted(slices.Values(groups)))
		known, err := s.groups(ctx, tx, caller.Collectivity)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(groups, func(id portal.GroupID) bool { return !known[id] }) {
			return portal.FieldErrors{portal.Invalid("groups", "booking.error.group")}
		}
		err = tx.Write(ctx, `DELETE FROM lending_groups WHERE collectivity = $1 AND lending = $2`, string(caller.Collectivity), string(id))
		for _, group := range groups {
			if err == nil {
				err = tx.Write(ctx, `INSERT INTO lending_groups (collectivity, lending, group_id) VALUES ($1, $2, $3)`, string(caller.Collectivity), string(id), string(group))
			}
		}
		if err != nil {
			return err
		}
		line := s.lendingLine(caller, audit.LendingAudience, l, "", address)
		return audit.WriteAudience(ctx, tx, line, l.Groups, groups)
	})
}

// EndLending ends a convention after a day, for an administrator of either party. What was granted later is released,
// and who was to take it is told.
func (s *Store) EndLending(ctx context.Context, caller portal.Caller, id LendingID, last, address string) error {
	return s.decideLending(ctx, caller, id, "end a convention", func(tx *database.Tx, l Lending) error {
		today := s.now().In(l.Zone).Format(time.DateOnly)
		switch {
		case l.State(today) == LendingOver:
			return refuseLending("booking.lend.error.over")
		case !isDay(last) || last < today || l.Last != "" && last > l.Last:
			return portal.FieldErrors{portal.Invalid("last", "booking.lend.error.end")}
		}
		l.Last = last
		if err := s.end(ctx, tx, l, l.Side); err != nil {
			return err
		}
		if err := s.tellBoth(ctx, tx, caller, audit.LendingEnded, l, last, address); err != nil {
			return err
		}
		other := l.Lender
		if l.Side == Lender {
			other = l.Borrower
		}
		return s.tellParty(ctx, tx, other, "", noticeEnded, l, Loan{Start: dayIn(last, l.Zone)})
	})
}

// end writes the last day of a convention, and releases what is lent later.
func (s *Store) end(ctx context.Context, tx *database.Tx, l Lending, by Side) error {
	err := tx.Write(ctx, `UPDATE lendings SET last_day = $3, ended = $4, ended_by = $5 WHERE collectivity = $1 AND id = $2`,
		string(l.Lender), string(l.ID), l.Last, database.Millis(s.now()), string(by))
	if err == nil {
		err = tx.Write(ctx, `UPDATE lending_terms SET state = 'replaced' WHERE collectivity = $1 AND lending = $2 AND state = 'proposed'`, string(l.Lender), string(l.ID))
	}
	if err != nil {
		return err
	}
	return s.releaseUnlent(ctx, tx, l)
}

// tellBoth writes a line into the journals of both parties. The other's names the caller's collectivity, and nobody of it.
func (s *Store) tellBoth(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, l Lending, detail, address string) error {
	line := s.lendingLine(caller, action, l, detail, address)
	if err := audit.Write(ctx, tx, line); err != nil {
		return err
	}
	return s.tellOther(ctx, tx, line, l)
}

// lendingLine is a line about a convention, "Prêt du minibus (Agglo)".
func (s *Store) lendingLine(caller portal.Caller, action audit.Action, l Lending, detail, address string) audit.Line {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), l.Name+" ("+l.Other()+")", string(l.ID), detail, address
	return line
}

// tellOther writes what a party did into the journal of the other one.
func (s *Store) tellOther(ctx context.Context, tx *database.Tx, line audit.Line, l Lending) error {
	other, name := l.Lender, l.BorrowerName
	if l.Side == Lender {
		other, name = l.Borrower, l.LenderName
	}
	if other == "" {
		return nil // erased
	}
	return audit.Write(ctx, tx, audit.Line{
		Collectivity: other, Action: line.Action, At: line.At, Login: name, Object: l.Name + " (" + name + ")", ObjectID: line.ObjectID, Detail: line.Detail,
	})
}

// OnLendingChange adds what is done when something of a convention or a loan changes for the people of a collectivity.
// It is a step of set-up.
func (s *Store) OnLendingChange(do func(portal.CollectivityID)) { s.lendingChanged = do }

func (s *Store) changedFor(all ...portal.CollectivityID) {
	for _, id := range all {
		if s.lendingChanged != nil && id != "" {
			s.lendingChanged(id)
		}
	}
}

// isDay says whether a text is a day that a calendar has.
func isDay(text string) bool {
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && day.Year() >= 2000 && day.Year() <= 2100
}

// dayIn is the midnight at which a day begins.
func dayIn(day string, zone *time.Location) time.Time {
	at, _ := time.ParseInLocation(time.DateOnly, day, zone)
	return at
}

// lendable are the resources of the caller's collectivity that can be booked, by name, for its administrator.
func (s *Store) lendable(ctx context.Context, caller portal.Caller) ([]Resource, error) {
	rows, err := s.db.Query(ctx, ofCollectivity+` AND r.active`, string(caller.Collectivity))
	all, err := database.Collect(rows, err, scan)
	slices.SortFunc(all, byName)
	return all, wrap(err, "list what can be lent")
}

// lentNames are the names of what a convention lends, or lent.
func (s *Store) lentNames(ctx context.Context, l Lending) (map[ResourceID]string, error) {
	rows, err := s.db.Query(ctx, `
		SELECT DISTINCT r.id, r.name FROM lending_resources o JOIN resources r ON r.collectivity = $1 AND r.id = o.resource WHERE o.collectivity = $1 AND o.lending = $2`,
		string(l.Lender), string(l.ID))
	names := map[ResourceID]string{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (id ResourceID, err error) {
		var name string
		err = rows.Scan(&id, &name)
		names[id] = name
		return id, err
	})
	return names, wrap(err, "name what is lent")
}
