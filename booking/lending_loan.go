package booking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// LoanState is what became of a loan.
type LoanState string

// The states. What was cut short stays granted, and counts until then.
const (
	LoanWaiting   LoanState = "waiting" // for the lender's word; it holds its time all the same
	LoanGranted   LoanState = "granted"
	LoanRefused   LoanState = "refused"
	LoanCancelled LoanState = "cancelled" // by the borrower
	LoanWithdrawn LoanState = "withdrawn" // by the lender, with a reason
	LoanReleased  LoanState = "released"  // the convention, or the resource, is there no more
	LoanLapsed    LoanState = "lapsed"    // nobody accepted it in time
)

// Loan is a resource lent to somebody of another collectivity.
type Loan struct {
	ID         string // and the event of its row of bookings
	Lending    LendingID
	Resource   ResourceID
	Name       string // of the resource
	Kind       Kind
	Start, End time.Time // UTC
	State      LoanState
	Reason     string
	Km         int64 // driven, -1 as long as nobody said
	Agent      portal.AgentID
	Taker      string // "Camille Le Goff (Voirie)", "" once she is erased

	Lender     portal.CollectivityID
	LenderName string
	Title      string // what it is for: for the borrower's agent alone
	Event      string // of her agenda
	Place      string // of the resource
}

// Holds says whether a loan has its time.
func (l Loan) Holds() bool { return l.State == LoanWaiting || l.State == LoanGranted }

// loanPrefix begins the id of every loan: no event of a calendar has it.
const loanPrefix = "loan-"

func isLoan(event string) bool { return strings.HasPrefix(event, loanPrefix) }

// limits are what a convention asks of a booking, beside the rules of the resource.
type limits struct {
	Terms
	words *i18n.Printer // of who reads a refusal
}

// bind has a resource obey a convention: the narrower of two rules holds, and the lender accepts what the convention
// says that she accepts, whoever books it at home.
func (t Terms) bind(r *Resource) {
	if t.Ahead > 0 && (r.Ahead == 0 || t.Ahead < r.Ahead) {
		r.Ahead = t.Ahead
	}
	r.Notice, r.Approval = max(r.Notice, t.Notice), t.Approval
}

// BookLent takes a lent resource for the caller, by the convention that lends it to her collectivity on that day. It is
// decided with the bookings of the lender, in one transaction with the quota. What is refused is a portal.UserError, in
// the words of p; portal.ErrNotFound for what is not lent to her.
func (s *Store) BookLent(ctx context.Context, caller portal.Caller, p *i18n.Printer, resource ResourceID, start, end time.Time, title string) (Loan, error) {
	title = strings.TrimSpace(title)
	var wrong portal.Check
	wrong.Text("title", title, false, 200)
	switch {
	case !end.After(start) || end.Sub(start) > maxLongest:
		wrong.Add("to", "booking.error.wait.times")
	case !start.After(s.now()):
		wrong.Add("from", "booking.error.wait.past")
	}
	if err := wrong.OrNil(); err != nil {
		return Loan{}, err
	}
	if caller.Agent == "" {
		return Loan{}, fmt.Errorf("booking: borrow: %w", portal.ErrNotFound)
	}
	done, err := s.waitTurn(ctx, caller, resource)
	if err != nil {
		return Loan{}, wrap(err, "borrow")
	}
	defer done()
	var loan Loan
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		l, terms, err := s.lendingOf(ctx, tx, caller, resource, start)
		if err != nil {
			return err
		}
		loan = Loan{
			ID: loanPrefix + portal.NewID(), Lending: l.ID, Resource: resource, Start: start.UTC(), End: end.UTC(), State: LoanGranted, Km: -1,
			Agent: caller.Agent, Lender: l.Lender, LenderName: l.LenderName, Title: title,
		}
		if err := s.checkQuota(ctx, tx, p, l, terms, loan); err != nil {
			return err
		}
		return s.grant(ctx, tx, caller, p, terms, &loan)
	})
	if err != nil {
		return Loan{}, wrap(err, "borrow")
	}
	s.changedFor(loan.Lender, caller.Collectivity)
	if err := s.noteLoan(ctx, caller, &loan); err != nil {
		loan.Event = "" // she has it all the same, and her bookings list it: an error would say that she has not
	}
	return loan, nil
}

// lendingOf locks the convention by which a resource is lent to the caller on the day of an instant.
func (s *Store) lendingOf(ctx context.Context, tx *database.Tx, caller portal.Caller, resource ResourceID, start time.Time) (Lending, Terms, error) {
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT p.lending, p.lender FROM lending_parties p
		JOIN lending_resources r ON r.collectivity = p.lender AND r.lending = p.lending AND r.resource = $2
		JOIN collectivities c ON c.id = p.lender AND c.active
		WHERE p.collectivity = $1 AND p.lender <> $1 ORDER BY p.lending`, string(caller.Collectivity), string(resource))
	type of struct {
		id     LendingID
		lender portal.CollectivityID
	}
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (o of, err error) { return o, rows.Scan(&o.id, &o.lender) })
	if err != nil {
		return Lending{}, Terms{}, err
	}
	err = portal.ErrNotFound
	for _, one := range found {
		l, failed := s.lockLending(ctx, tx, caller.Collectivity, one.lender, one.id)
		if failed != nil {
			return Lending{}, Terms{}, failed
		}
		terms, holds := l.On(start.In(l.Zone).Format(time.DateOnly))
		if holds && slices.Contains(terms.Resources, resource) && l.opens(caller) {
			return l, terms, nil
		}
		if l.opens(caller) && l.State(s.now().In(l.Zone).Format(time.DateOnly)) != LendingRefused {
			err = portal.UserError{Kind: portal.ErrConflict, Key: "booking.lend.error.day", Args: []any{"lender", l.LenderName}}
		}
	}
	return Lending{}, Terms{}, err
}

// opens says whether the caller is of those whom her collectivity lets borrow.
func (l Lending) opens(caller portal.Caller) bool {
	return len(l.Groups) == 0 || slices.ContainsFunc(l.Groups, caller.In)
}

// grant has the lender's bookings decide about a loan, and keeps it.
func (s *Store) grant(ctx context.Context, tx *database.Tx, caller portal.Caller, p *i18n.Printer, terms Terms, loan *Loan) error {
	verdicts, err := s.decide(ctx, tx, Claim{
		Collectivity: loan.Lender, Event: loan.ID, UID: loan.ID, MaxSlots: 1, lent: &limits{terms, p},
		Wishes: []Wish{{Resource: loan.Resource, Slots: []Slot{{Start: loan.Start, End: loan.End}}}},
	})
	if err != nil {
		return err
	}
	if verdicts[0].Why != "" {
		return portal.UserError{Kind: portal.ErrConflict, Key: "booking.error.refused", Args: []any{"why", verdicts[0].Why}}
	}
	if len(verdicts[0].Waiting) > 0 {
		loan.State = LoanWaiting
	}
	err = tx.QueryRow(ctx, `SELECT name, kind, place FROM resources WHERE collectivity = $1 AND id = $2`, string(loan.Lender), string(loan.Resource)).
		Scan(&loan.Name, &loan.Kind, &loan.Place)
	if err == nil {
		err = tx.Write(ctx, `
			INSERT INTO lending_loans (collectivity, id, lending, resource, resource_name, kind, starts, ends, state, asked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(loan.Lender), loan.ID, string(loan.Lending), string(loan.Resource), loan.Name, string(loan.Kind),
			database.Millis(loan.Start), database.Millis(loan.End), string(loan.State), database.Millis(s.now()))
	}
	if err == nil {
		err = tx.Write(ctx, `INSERT INTO lending_takers (collectivity, loan, lender, agent, title) VALUES ($1, $2, $3, $4, $5)`,
			string(caller.Collectivity), loan.ID, string(loan.Lender), string(caller.Agent), loan.Title)
	}
	return err
}

// checkQuota refuses a loan by which those of a month, or of a year, would be more than was agreed.
func (s *Store) checkQuota(ctx context.Context, tx *database.Tx, p *i18n.Printer, l Lending, terms Terms, loan Loan) error {
	if terms.Month == 0 && terms.Days == 0 {
		return nil
	}
	first := loan.Start.In(l.Zone)
	rows, err := tx.Query(ctx, `
		SELECT starts, ends FROM lending_loans WHERE collectivity = $1 AND lending = $2 AND state IN ('waiting', 'granted') AND ends > $3 AND starts < $4`,
		string(l.Lender), string(l.ID), database.Millis(yearOf(first)), database.Millis(yearOf(loan.End.In(l.Zone)).AddDate(1, 0, 0)))
	others, err := database.Collect(rows, err, func(rows *sql.Rows) (t Time, err error) {
		var starts, ends int64
		err = rows.Scan(&starts, &ends)
		return Time{time.UnixMilli(starts).In(l.Zone), time.UnixMilli(ends).In(l.Zone)}, err
	})
	if err != nil {
		return err
	}
	refuse := func(key string, args ...any) error {
		return portal.UserError{Kind: portal.ErrConflict, Key: key, Args: append(args, "title", l.Name)}
	}
	own := Time{first, loan.End.In(l.Zone)}
	for month := monthOf(first); terms.Month > 0 && month.Before(own.To); month = month.AddDate(0, 1, 0) {
		var used time.Duration
		for _, one := range others {
			used += one.within(month, month.AddDate(0, 1, 0))
		}
		if left := terms.Month - used; own.within(month, month.AddDate(0, 1, 0)) > left {
			return refuse("booking.lend.error.quota.month", "quota", LengthWords(p, terms.Month), "left", LengthWords(p, max(left, 0)), "month", p.MonthYear(month))
		}
	}
	for year := yearOf(first); terms.Days > 0 && year.Before(own.To); year = year.AddDate(1, 0, 0) {
		used := 0
		for _, one := range others {
			used += one.cut(year, year.AddDate(1, 0, 0)).daysBegun()
		}
		if left := terms.Days - used; own.cut(year, year.AddDate(1, 0, 0)).daysBegun() > left {
			return refuse("booking.lend.error.quota.year", "quota", terms.Days, "left", max(left, 0), "year", strconv.Itoa(year.Year()))
		}
	}
	return nil
}

func monthOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, t.Location())
}

func yearOf(t time.Time) time.Time { return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, t.Location()) }

// cut is the part of a time that is between two instants; it may be none.
func (t Time) cut(from, until time.Time) Time {
	return Time{latest(t.From, from), earliest(t.To, until)}
}

func (t Time) within(from, until time.Time) time.Duration {
	part := t.cut(from, until)
	return max(0, part.To.Sub(part.From))
}

// daysBegun are the calendar days on which a time is, in the zone in which it is told.
func (t Time) daysBegun() (days int) {
	for day := midnight(t.From); t.To.After(t.From) && day.Before(t.To); day = day.AddDate(0, 0, 1) {
		days++
	}
	return days
}

// Agenda keeps loans in the agendas of those who took them.
type Agenda interface {
	// Note writes an event without a guest into the caller's agenda.
	Note(ctx context.Context, caller portal.Caller, title, place string, start, end time.Time) (event string, err error)
	// Forget deletes it; nil when it is there no more.
	Forget(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID, event string) error
}

// Turns has who wants a resource of a collectivity wait until those before her have been answered; done gives her turn
// back. Who has it is decided in the store all the same: on PostgreSQL those who wait there are sent back to begin anew.
type Turns func(ctx context.Context, collectivity portal.CollectivityID, resource string) (done func(), err error)

// OnTurn adds where loans wait with the bookings of the lender. It is a step of set-up.
func (s *Store) OnTurn(turns Turns) { s.turns = turns }

// waitTurn waits for a resource that a convention of the caller's collectivity lends.
func (s *Store) waitTurn(ctx context.Context, caller portal.Caller, resource ResourceID) (done func(), err error) {
	var lender portal.CollectivityID
	if s.turns == nil {
		return func() {}, nil
	}
	err = s.db.QueryRow(ctx, `
		SELECT p.lender FROM lending_parties p JOIN lending_resources r ON r.collectivity = p.lender AND r.lending = p.lending AND r.resource = $2
		WHERE p.collectivity = $1 AND p.lender <> $1 LIMIT 1`, string(caller.Collectivity), string(resource)).Scan(&lender)
	if err != nil {
		return nil, err
	}
	return s.turns(ctx, lender, string(resource))
}

// OnLoan adds the agendas of who borrows. It is a step of set-up.
func (s *Store) OnLoan(agenda Agenda) { s.agenda = agenda }

// noteLoan writes a loan into the agenda of who took it.
func (s *Store) noteLoan(ctx context.Context, caller portal.Caller, loan *Loan) error {
	if s.agenda == nil {
		return nil
	}
	words, err := s.wordsFor(ctx, s.db, caller.Collectivity)
	if err != nil {
		return wrap(err, "note a loan")
	}
	title := loan.Title
	if title == "" {
		title = loan.Name
	}
	place := strings.TrimPrefix(loan.Place+", ", ", ") + loan.LenderName
	if loan.Title != "" {
		place = loan.Name + ", " + place
	}
	if loan.Event, err = s.agenda.Note(ctx, caller, title, place, loan.Start.In(words.zone), loan.End.In(words.zone)); err != nil {
		return wrap(err, "note a loan")
	}
	return wrap(s.db.Write(ctx, `UPDATE lending_takers SET event = $3 WHERE collectivity = $1 AND loan = $2`, string(caller.Collectivity), loan.ID, loan.Event), "note a loan")
}

// tidyAgendas takes the loans that hold no more out of the agendas of a borrower. What fails is done by the next round.
func (s *Store) tidyAgendas(ctx context.Context, borrower portal.CollectivityID) {
	if s.agenda == nil || borrower == "" {
		return
	}
	rows, err := s.db.Query(ctx, `
		SELECT t.loan, t.agent, t.event FROM lending_takers t LEFT JOIN lending_loans o ON o.collectivity = t.lender AND o.id = t.loan
		WHERE t.collectivity = $1 AND t.event <> '' AND (o.state IS NULL OR o.state NOT IN ('waiting', 'granted'))`, string(borrower))
	type gone struct {
		loan, event string
		agent       portal.AgentID
	}
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (g gone, err error) { return g, rows.Scan(&g.loan, &g.agent, &g.event) })
	for _, one := range all {
		if err == nil && s.agenda.Forget(ctx, borrower, one.agent, one.event) == nil {
			err = s.db.Write(ctx, `UPDATE lending_takers SET event = '' WHERE collectivity = $1 AND loan = $2`, string(borrower), one.loan)
		}
	}
}

// borrowerOf tells who has a loan o, joined withBorrower: "Bourg — Camille Le Goff (Voirie)".
const borrowerOf = `COALESCE(ob.name, ol.borrower_name) || COALESCE(' — ' || oa.given_name || ' ' || oa.family_name, '') || COALESCE(' (' || ou.name || ')', '')`

const withBorrower = `JOIN lendings ol ON ol.collectivity = o.collectivity AND ol.id = o.lending LEFT JOIN collectivities ob ON ob.id = ol.borrower
	LEFT JOIN lending_takers ot ON ot.collectivity = ol.borrower AND ot.loan = o.id
	LEFT JOIN agents oa ON oa.collectivity = ol.borrower AND oa.id = ot.agent LEFT JOIN units ou ON ou.collectivity = ol.borrower AND ou.id = oa.unit`

// ofLoans are loans o of the lender $1, with who of the borrower $2 took them.
const ofLoans = `
	SELECT o.id, o.lending, o.resource, o.resource_name, o.kind, o.starts, o.ends, o.state, o.reason, o.km, COALESCE(t.agent, ''),
		COALESCE(a.given_name || ' ' || a.family_name || CASE WHEN u.name IS NULL THEN '' ELSE ' (' || u.name || ')' END, '')
	FROM lending_loans o LEFT JOIN lending_takers t ON t.collectivity = $2 AND t.loan = o.id
	LEFT JOIN agents a ON a.collectivity = $2 AND a.id = t.agent
	LEFT JOIN units u ON u.collectivity = $2 AND u.id = a.unit
	WHERE o.collectivity = $1`

func scanLoan(scan func(...any) error, lender portal.CollectivityID) (l Loan, err error) {
	var starts, ends int64
	err = scan(&l.ID, &l.Lending, &l.Resource, &l.Name, &l.Kind, &starts, &ends, &l.State, &l.Reason, &l.Km, &l.Agent, &l.Taker)
	l.Start, l.End, l.Lender = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), lender
	return l, err
}

// Loans are those of a convention that begin between two instants, by start, for an administrator of a party.
func (s *Store) Loans(ctx context.Context, caller portal.Caller, l Lending, from, until time.Time) ([]Loan, error) {
	if err := caller.Require(portal.Admin); err != nil || caller.Collectivity != l.Lender && caller.Collectivity != l.Borrower {
		return nil, fmt.Errorf("booking: list loans: %w", portal.ErrDenied)
	}
	all, err := s.loans(ctx, s.db, l, ` AND o.lending = $3 AND o.starts >= $4 AND o.starts < $5 ORDER BY o.starts, o.id`, string(l.ID), database.Millis(from), database.Millis(until))
	return all, wrap(err, "list loans")
}

func (s *Store) loans(ctx context.Context, from database.Reader, l Lending, where string, args ...any) ([]Loan, error) {
	rows, err := from.Query(ctx, ofLoans+where, append([]any{string(l.Lender), string(l.Borrower)}, args...)...)
	return database.Collect(rows, err, func(rows *sql.Rows) (Loan, error) { return scanLoan(rows.Scan, l.Lender) })
}

// loanOf is a loan of a convention.
func (s *Store) loanOf(ctx context.Context, tx *database.Tx, l Lending, id string) (Loan, error) {
	found, err := s.loans(ctx, tx, l, ` AND o.lending = $3 AND o.id = $4`, string(l.ID), id)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Loan{}, err
	}
	return found[0], nil
}

// WithdrawLoan takes a loan back for an administrator of the lender, who says why; one in progress ends now. Who took
// it is told.
func (s *Store) WithdrawLoan(ctx context.Context, caller portal.Caller, id LendingID, loan, reason, address string) error {
	return s.decideLending(ctx, caller, id, "withdraw a loan", func(tx *database.Tx, l Lending) error {
		reason = strings.TrimSpace(reason)
		var wrong portal.Check
		wrong.Text("reason", reason, true, maxReason)
		if err := wrong.OrNil(); err != nil {
			return err
		}
		if l.Side != Lender {
			return portal.ErrNotFound
		}
		one, err := s.loanOf(ctx, tx, l, loan)
		if err != nil {
			return err
		}
		if err := s.release(ctx, tx, one, LoanWithdrawn, reason); err != nil {
			return err
		}
		one.Reason = reason
		if err := s.tellParty(ctx, tx, l.Borrower, one.Agent, noticeWithdrawn, l, one); err != nil {
			return err
		}
		return s.tellBoth(ctx, tx, caller, audit.LoanWithdrawn, l, one.Name+", "+one.Start.In(l.Zone).Format("2006-01-02 15:04"), address)
	})
}

// CancelLoan gives a loan back, for who took it or an administrator of hers; one in progress ends now. The lender's
// approvers have nothing to do any more.
func (s *Store) CancelLoan(ctx context.Context, caller portal.Caller, id string) (Loan, error) {
	var loan Loan
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		l, err := s.lendingOfLoan(ctx, tx, caller, id)
		if err == nil {
			loan, err = s.loanOf(ctx, tx, l, id)
		}
		if err == nil && l.Side != Borrower {
			err = portal.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.release(ctx, tx, loan, LoanCancelled, "")
	})
	if err != nil {
		return Loan{}, wrap(err, "cancel a loan")
	}
	s.changedFor(loan.Lender, caller.Collectivity)
	s.tidyAgendas(ctx, caller.Collectivity)
	return loan, nil
}

// lendingOfLoan locks the convention of a loan that the caller took, or that is of a convention of the collectivity which
// she administers.
func (s *Store) lendingOfLoan(ctx context.Context, tx *database.Tx, caller portal.Caller, id string) (Lending, error) {
	var lending LendingID
	var lender portal.CollectivityID
	err := tx.QueryRow(ctx, `
		SELECT o.lending, o.collectivity FROM lending_parties p JOIN lending_loans o ON o.collectivity = p.lender AND o.lending = p.lending
		WHERE p.collectivity = $1 AND o.id = $2 AND ($3 OR EXISTS (
			SELECT 1 FROM lending_takers t WHERE t.collectivity = $1 AND t.loan = $2 AND t.agent = $4 AND t.agent <> ''))`,
		string(caller.Collectivity), id, caller.Can(portal.Admin), string(caller.Agent)).Scan(&lending, &lender)
	if err != nil {
		return Lending{}, err
	}
	return s.lockLending(ctx, tx, caller.Collectivity, lender, lending)
}

// release gives the time of a loan back. What is over is refused; what is in progress ends now, and counts until then.
func (s *Store) release(ctx context.Context, tx *database.Tx, loan Loan, state LoanState, reason string) error {
	now := s.now()
	if !loan.Holds() || !loan.End.After(now) {
		return refuseLending("booking.lend.error.loan.over")
	}
	claim := Claim{Collectivity: loan.Lender, Event: loan.ID, UID: loan.ID}
	if _, err := s.decide(ctx, tx, claim); err != nil {
		return err
	}
	if loan.State == LoanGranted && loan.Start.Before(now) {
		err := s.insert(ctx, tx, claim, booked{resource: loan.Resource, starts: database.Millis(loan.Start), ends: database.Millis(now)})
		if err != nil {
			return err
		}
		return tx.Write(ctx, `UPDATE lending_loans SET ends = $3, decided = $3, reason = $4 WHERE collectivity = $1 AND id = $2`,
			string(loan.Lender), loan.ID, database.Millis(now), reason)
	}
	return tx.Write(ctx, `UPDATE lending_loans SET state = $3, decided = $4, reason = $5 WHERE collectivity = $1 AND id = $2`,
		string(loan.Lender), loan.ID, string(state), database.Millis(now), reason)
}

// releaseUnlent releases the loans to come that no terms of their convention hold any more, and tells who took them.
func (s *Store) releaseUnlent(ctx context.Context, tx *database.Tx, l Lending) error {
	return s.releaseSome(ctx, tx, l, func(loan Loan) bool {
		terms, holds := l.On(loan.Start.In(l.Zone).Format(time.DateOnly))
		return !holds || loan.Start.After(s.now()) && !slices.Contains(terms.Resources, loan.Resource)
	})
}

func (s *Store) releaseSome(ctx context.Context, tx *database.Tx, l Lending, gone func(Loan) bool) error {
	all, err := s.loans(ctx, tx, l, ` AND o.lending = $3 AND o.ends > $4 AND o.state IN ('waiting', 'granted') ORDER BY o.resource, o.starts`,
		string(l.ID), database.Millis(s.now()))
	for _, loan := range all {
		if err != nil || !gone(loan) {
			continue
		}
		if err = s.release(ctx, tx, loan, LoanReleased, ""); err == nil {
			err = s.tellParty(ctx, tx, l.Borrower, loan.Agent, noticeReleased, l, loan)
		}
	}
	return err
}

// releaseResource releases all loans to come of a resource that its collectivity withdraws.
func (s *Store) releaseResource(ctx context.Context, tx *database.Tx, lender portal.CollectivityID, resource ResourceID) (borrowers []portal.CollectivityID, err error) {
	all, err := s.lendings(ctx, tx, lender)
	for _, l := range all {
		if err == nil && l.Side == Lender {
			borrowers = append(borrowers, l.Borrower)
			err = s.releaseSome(ctx, tx, l, func(loan Loan) bool { return loan.Resource == resource })
		}
	}
	return borrowers, err
}

// Measure says how many kilometres a loan of a vehicle was driven, once it is over: for who took it, and for the
// administrators of both.
func (s *Store) Measure(ctx context.Context, caller portal.Caller, id string, km int64, address string) error {
	var parties []portal.CollectivityID
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		l, err := s.lendingOfLoan(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		parties = []portal.CollectivityID{l.Lender, l.Borrower}
		loan, err := s.loanOf(ctx, tx, l, id)
		switch {
		case err != nil:
			return err
		case loan.Kind != Vehicle || loan.State != LoanGranted || loan.End.After(s.now()):
			return refuseLending("booking.lend.error.km.early")
		case km < 0 || km > 20_000:
			return portal.FieldErrors{portal.Invalid("km", "booking.lend.error.km")}
		case km == loan.Km:
			return nil
		}
		err = tx.Write(ctx, `UPDATE lending_loans SET km = $3 WHERE collectivity = $1 AND id = $2`, string(l.Lender), id, km)
		if err != nil {
			return err
		}
		was := ""
		if loan.Km >= 0 {
			was = fmt.Sprint(loan.Km)
		}
		return s.tellBoth(ctx, tx, caller, audit.LoanMeasured, l, audit.Became(was, fmt.Sprint(km))+" km, "+loan.Name, address)
	})
	if err == nil {
		s.changedFor(parties...)
	}
	return wrap(err, "measure a loan")
}

// MyLoans are the caller's, those to come and those that were over within a month, by start.
func (s *Store) MyLoans(ctx context.Context, caller portal.Caller) ([]Loan, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, `
		SELECT o.id, o.lending, o.resource, o.resource_name, o.kind, o.starts, o.ends, o.state, o.reason, o.km, t.lender, c.name, t.title,
			COALESCE(e.id, ''), COALESCE(r.place, '')
		FROM lending_takers t JOIN lending_loans o ON o.collectivity = t.lender AND o.id = t.loan
		JOIN collectivities c ON c.id = t.lender
		LEFT JOIN resources r ON r.collectivity = t.lender AND r.id = o.resource
		LEFT JOIN calendar_objects e ON e.collectivity = $1 AND e.id = t.event
		WHERE t.collectivity = $1 AND t.agent = $2 AND o.ends > $3 AND o.state IN ('waiting', 'granted') ORDER BY o.starts, o.id LIMIT 0 + $4`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now().AddDate(0, -1, 0)), maxOwn)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (l Loan, err error) {
		var starts, ends int64
		err = rows.Scan(&l.ID, &l.Lending, &l.Resource, &l.Name, &l.Kind, &starts, &ends, &l.State, &l.Reason, &l.Km, &l.Lender, &l.LenderName, &l.Title, &l.Event, &l.Place)
		l.Start, l.End, l.Agent = time.UnixMilli(starts).UTC(), time.UnixMilli(ends).UTC(), caller.Agent
		return l, err
	})
	return all, wrap(err, "list her loans")
}

// answerLoan has a loan be what the lender's approvers answered.
func (s *Store) answerLoan(ctx context.Context, tx *database.Tx, lender portal.CollectivityID, id string, state RequestState, reason string) (borrower portal.CollectivityID, err error) {
	var lending LendingID
	if err := tx.QueryRow(ctx, `SELECT lending FROM lending_loans WHERE collectivity = $1 AND id = $2`, string(lender), id).Scan(&lending); err != nil {
		return "", err
	}
	l, err := s.lockLending(ctx, tx, lender, lender, lending)
	if err != nil {
		return "", err
	}
	loan, err := s.loanOf(ctx, tx, l, id)
	if err != nil {
		return "", err
	}
	notice := noticeGranted
	switch {
	case state == RefusedByHer:
		notice, loan.Reason = noticeLoanRefused, reason
		err = s.release(ctx, tx, loan, LoanRefused, reason)
	default:
		now := LoanGranted
		if state == Waiting { // the answer is taken back
			now = LoanWaiting
		}
		err = tx.Write(ctx, `UPDATE lending_loans SET state = $3, decided = $4 WHERE collectivity = $1 AND id = $2`, string(lender), id, string(now), database.Millis(s.now()))
		if err == nil {
			err = tx.Write(ctx, `UPDATE booking_requests SET told = TRUE WHERE collectivity = $1 AND event = $2`, string(lender), id)
		}
	}
	if err != nil || state == Waiting {
		return l.Borrower, err
	}
	return l.Borrower, s.tellParty(ctx, tx, l.Borrower, loan.Agent, notice, l, loan)
}

// SweepLoans ends the conventions of collectivities that were suspended or left, with their loans, and the loans that
// nobody accepted in time.
func (s *Store) SweepLoans(ctx context.Context) error {
	rows, err := s.db.Query(ctx, `
		SELECT l.collectivity, l.id, COALESCE(l.borrower, ''), '' FROM lendings l JOIN collectivities own ON own.id = l.collectivity
		LEFT JOIN collectivities o ON o.id = l.borrower WHERE l.ended = 0 AND (NOT own.active OR o.active IS NULL OR NOT o.active)
		UNION ALL SELECT o.collectivity, o.lending, '', o.id FROM lending_loans o WHERE o.state = 'waiting' AND o.starts <= $1`, database.Millis(s.now()))
	type due struct {
		lender, borrower portal.CollectivityID
		lending          LendingID
		loan             string
	}
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (d due, err error) {
		return d, rows.Scan(&d.lender, &d.lending, &d.borrower, &d.loan)
	})
	for _, one := range all {
		var l Lending
		failed := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
			if l, err = s.lockLending(ctx, tx, one.lender, one.lender, one.lending); err != nil {
				return err
			}
			if one.loan != "" {
				return s.lapse(ctx, tx, l, one.loan)
			}
			return s.endUnasked(ctx, tx, l)
		})
		if err = errors.Join(err, failed); failed == nil {
			s.changedFor(l.Lender, l.Borrower)
			s.tidyAgendas(ctx, l.Borrower)
		}
	}
	return wrap(err, "sweep loans")
}

// lapse ends a loan that nobody accepted in time.
func (s *Store) lapse(ctx context.Context, tx *database.Tx, l Lending, id string) error {
	loan, err := s.loanOf(ctx, tx, l, id)
	if err != nil || loan.State != LoanWaiting {
		return err
	}
	if loan.End.After(s.now()) {
		err = s.release(ctx, tx, loan, LoanLapsed, "")
	} else {
		err = tx.Write(ctx, `UPDATE lending_loans SET state = 'lapsed' WHERE collectivity = $1 AND id = $2`, string(l.Lender), id)
	}
	if err != nil {
		return err
	}
	return s.tellParty(ctx, tx, l.Borrower, loan.Agent, noticeLapsed, l, loan)
}

// endUnasked ends a convention one of whose parties is there no more: all that is not over is released.
func (s *Store) endUnasked(ctx context.Context, tx *database.Tx, l Lending) error {
	if !l.Ended.IsZero() {
		return nil // another round was first
	}
	today := s.now().In(l.Zone).Format(time.DateOnly)
	if l.Last == "" || l.Last > today {
		l.Last = today
	}
	if err := s.releaseSome(ctx, tx, l, func(Loan) bool { return true }); err != nil {
		return err
	}
	if err := s.end(ctx, tx, l, ""); err != nil {
		return err
	}
	for _, side := range []Side{Lender, Borrower} {
		told, other := l.Lender, l.BorrowerName
		if side == Borrower {
			told, other = l.Borrower, l.LenderName
		}
		if told == "" {
			continue
		}
		err := audit.Write(ctx, tx, audit.Line{Collectivity: told, Action: audit.LendingEnded, At: s.now(), Object: l.Name + " (" + other + ")", ObjectID: string(l.ID), Detail: l.Last})
		if err == nil {
			err = s.tellParty(ctx, tx, told, "", noticeEnded, l, Loan{Start: dayIn(l.Last, l.Zone)})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
