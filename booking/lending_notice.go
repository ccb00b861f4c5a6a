package booking

import (
	"context"
	"database/sql"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// lendingNotice is what somebody is told of a convention or a loan. Each has its sentence, "booking.lend.notice.ended".
type lendingNotice string

// The kinds. The first are for administrators.
const (
	noticeAccepted    lendingNotice = "accepted"
	noticeRefused     lendingNotice = "refused"
	noticeEnded       lendingNotice = "ended"
	noticeGranted     lendingNotice = "loan-granted"
	noticeLoanRefused lendingNotice = "loan-refused"
	noticeWithdrawn   lendingNotice = "loan-withdrawn"
	noticeReleased    lendingNotice = "loan-released"
	noticeLapsed      lendingNotice = "loan-lapsed"
)

// lendingNoticesKept is how long somebody is told of what she does not say that she read.
const lendingNoticesKept = 60 * 24 * time.Hour

// toldLending is a notice as it is read.
type toldLending struct {
	ID                             string
	Kind                           lendingNotice
	Lending                        LendingID
	Agent                          portal.AgentID // "" for administrators
	Title, Other, Resource, Reason string
	Start, End                     time.Time
	Made                           time.Time
}

// tellParty tells an agent of a party, or its administrators where agent is "". A loan that nobody took tells nobody.
func (s *Store) tellParty(ctx context.Context, tx *database.Tx, of portal.CollectivityID, agent portal.AgentID, kind lendingNotice, l Lending, loan Loan) error {
	if of == "" || loan.ID != "" && agent == "" {
		return nil
	}
	other := l.LenderName
	if of == l.Lender {
		other = l.BorrowerName
	}
	now := s.now()
	err := tx.Write(ctx, `DELETE FROM lending_notices WHERE collectivity = $1 AND made < $2`, string(of), database.Millis(now.Add(-lendingNoticesKept)))
	if err != nil {
		return err
	}
	return tx.Write(ctx, `
		INSERT INTO lending_notices (collectivity, id, agent, kind, lending, title, other, resource, starts, ends, reason, made)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		string(of), portal.NewID(), string(agent), string(kind), string(l.ID), l.Name, other, loan.Name, database.Millis(loan.Start), database.Millis(loan.End),
		loan.Reason, database.Millis(now))
}

// toldHer is the condition of notices n that the caller has not read.
const toldHer = ` FROM lending_notices n WHERE n.collectivity = $1 AND n.seen = 0 AND n.made > $4 AND (n.agent = $2 AND n.agent <> '' OR n.agent = '' AND $3)`

func (s *Store) toldArgs(caller portal.Caller) []any {
	return []any{string(caller.Collectivity), string(caller.Agent), caller.Can(portal.Admin), database.Millis(s.now().Add(-lendingNoticesKept))}
}

// countTold is how many notices the caller has not read.
func (s *Store) countTold(ctx context.Context, caller portal.Caller) (count int, err error) {
	err = s.db.QueryRow(ctx, `SELECT COUNT(*)`+toldHer, s.toldArgs(caller)...).Scan(&count)
	return count, wrap(err, "count notices")
}

// told are the notices that the caller has not read, the oldest first.
func (s *Store) told(ctx context.Context, caller portal.Caller) ([]toldLending, error) {
	rows, err := s.db.Query(ctx, `SELECT n.id, n.kind, n.lending, n.agent, n.title, n.other, n.resource, n.starts, n.ends, n.reason, n.made`+toldHer+` ORDER BY n.made, n.id`,
		s.toldArgs(caller)...)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (n toldLending, err error) {
		var starts, ends, made int64
		err = rows.Scan(&n.ID, &n.Kind, &n.Lending, &n.Agent, &n.Title, &n.Other, &n.Resource, &starts, &ends, &n.Reason, &made)
		n.Start, n.End, n.Made = database.FromMillis(starts), database.FromMillis(ends), database.FromMillis(made)
		return n, err
	})
	return all, wrap(err, "list notices")
}

// readNotice marks a notice of the caller's as read; portal.ErrNotFound for what is not hers.
func (s *Store) readNotice(ctx context.Context, caller portal.Caller, id string) error {
	err := database.OneRow(s.db.Exec(ctx, `
		UPDATE lending_notices SET seen = $5 WHERE collectivity = $1 AND id = $2 AND seen = 0 AND (agent = $3 AND agent <> '' OR agent = '' AND $4)`,
		string(caller.Collectivity), id, string(caller.Agent), caller.Can(portal.Admin), database.Millis(s.now())))
	return wrap(err, "read a notice")
}
