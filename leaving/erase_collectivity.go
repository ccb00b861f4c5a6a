package leaving

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Respite is how long an erasure may be called back.
const Respite = 30 * 24 * time.Hour

// Erasure is one of a collectivity.
type Erasure struct {
	Number      string
	Asked, Due  time.Time
	Done        time.Time // zero as long as it can be called back
	Certificate string    // JSON, once done
	SHA256      string
}

// AskErasure suspends a collectivity and has it erased after Respite. Asked again it
// tells what was asked first. portal.ErrNotFound when there is none. It needs the
// right to operate the pool; address is the client's, for both journals.
func (s *Store) AskErasure(ctx context.Context, caller portal.Caller, id portal.CollectivityID, address string) (Erasure, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Erasure{}, wrap(err, "ask for an erasure")
	}
	var asked Erasure
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		body, err := readBody(ctx, tx, id)
		if err != nil {
			return err
		}
		asked, err = pending(ctx, tx, id)
		if err == nil || !errors.Is(err, portal.ErrNotFound) {
			return err
		}
		now := s.Now()
		asked = Erasure{Number: newNumber(), Asked: now, Due: now.Add(Respite)}
		if err := tx.Write(ctx, `INSERT INTO collectivity_erasures (id, body, asked, due) VALUES ($1, $2, $3, $4)`,
			asked.Number, string(id), database.Millis(asked.Asked), database.Millis(asked.Due)); err != nil {
			return err
		}
		if err := tx.Write(ctx, `UPDATE collectivities SET active = FALSE, suspended = $1 WHERE id = $2 AND active`, database.Millis(now), string(id)); err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ErasureAsked, body, asked.Number, address)
	})
	if err == nil {
		s.Changed("")
	}
	return asked, wrap(err, "ask for the erasure of %q", id)
}

// errBegun is for what can't be called back: some of it is gone.
var errBegun = portal.UserError{Kind: portal.ErrConflict, Key: "leaving.error.begun"}

// RecallErasure calls an erasure back. The collectivity stays suspended, as it was
// before or by the erasure: nobody enters unasked. portal.ErrNotFound when none is
// asked for, portal.ErrConflict once it is due.
func (s *Store) RecallErasure(ctx context.Context, caller portal.Caller, id portal.CollectivityID, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return wrap(err, "call an erasure back")
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		body, err := readBody(ctx, tx, id)
		if err != nil {
			return err
		}
		asked, err := pending(ctx, tx, id)
		if err != nil {
			return err
		}
		if !s.Now().Before(asked.Due) {
			return errBegun
		}
		if err := tx.Write(ctx, `DELETE FROM collectivity_erasures WHERE id = $1`, asked.Number); err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ErasureRecalled, body, asked.Number, address)
	})
	return wrap(err, "call back the erasure of %q", id)
}

// Pending is the erasure that was asked for a collectivity; portal.ErrNotFound for
// none.
func (s *Store) Pending(ctx context.Context, caller portal.Caller, id portal.CollectivityID) (Erasure, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Erasure{}, wrap(err, "read an erasure")
	}
	found, err := pending(ctx, s.DB, id)
	return found, wrap(err, "read the erasure of %q", id)
}

func pending(ctx context.Context, from querier, id portal.CollectivityID) (Erasure, error) {
	var found Erasure
	var asked, due int64
	err := from.QueryRow(ctx, `SELECT id, asked, due FROM collectivity_erasures WHERE body = $1 AND done = 0`, string(id)).Scan(&found.Number, &asked, &due)
	found.Asked, found.Due = database.FromMillis(asked), database.FromMillis(due)
	return found, err
}

// listedErasures bounds the list of those done.
const listedErasures = 200

// Erasures are those of the pool that were done, the last first.
func (s *Store) Erasures(ctx context.Context, caller portal.Caller) ([]Erasure, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, wrap(err, "list erasures")
	}
	rows, err := s.DB.Query(ctx, `SELECT id, asked, due, done, certificate, sha256 FROM collectivity_erasures WHERE done > 0 ORDER BY done DESC LIMIT 0 + $1`, listedErasures)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Erasure, err error) {
		var asked, due, done int64
		err = rows.Scan(&one.Number, &asked, &due, &done, &one.Certificate, &one.SHA256)
		one.Asked, one.Due, one.Done = database.FromMillis(asked), database.FromMillis(due), database.FromMillis(done)
		return one, err
	})
	return all, wrap(err, "list erasures")
}

// tell writes what the operator did into the journal of the collectivity and into
// that of the pool.
func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, body Body, number, address string) error {
	line := audit.Line{At: s.Now(), Account: caller.Account, Action: action, Object: body.Name, ObjectID: string(body.ID), Detail: number, Address: address}
	err := tx.QueryRow(ctx, `SELECT login FROM accounts WHERE id = $1`, string(caller.Account)).Scan(&line.Login)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	for _, line.Collectivity = range []portal.CollectivityID{"", body.ID} {
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
	}
	return nil
}

// EraseDue erases every collectivity whose respite is over, and tells how many. One
// that can't be erased keeps no other. One that is open was meant to live: it is not
// erased, and its erasure is forgotten.
func (s *Store) EraseDue(ctx context.Context) (int, error) {
	rows, err := s.DB.Query(ctx, `SELECT id, body, asked FROM collectivity_erasures WHERE done = 0 AND due <= $1 ORDER BY due`, database.Millis(s.Now()))
	type due struct {
		number, body string
		asked        int64
	}
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one due, err error) {
		return one, rows.Scan(&one.number, &one.body, &one.asked)
	})
	if err != nil {
		return 0, wrap(err, "erasures that are due")
	}
	done := 0
	var failed error
	for _, one := range all {
		err := s.erase(ctx, portal.CollectivityID(one.body), Certificate{Number: one.number, Kind: "collectivity", Asked: database.FromMillis(one.asked)})
		switch {
		case errors.Is(err, errNotErased):
		case err != nil:
			failed = errors.Join(failed, wrap(err, "erase %s", one.number))
		default:
			done++
		}
	}
	return done, failed
}

// errNotErased is for a collectivity that is open, or that another node erased.
var errNotErased = errors.New("leaving: there is nothing to erase")

// erase removes a collectivity for ever: first what is beside the store, so that a
// stop in between leaves a row that has it done again.
func (s *Store) erase(ctx context.Context, id portal.CollectivityID, certificate Certificate) error {
	var active bool
	err := s.DB.QueryRow(ctx, `SELECT active FROM collectivities WHERE id = $1`, string(id)).Scan(&active)
	if err == nil && active {
		return errors.Join(errNotErased, s.DB.Write(ctx, `DELETE FROM collectivity_erasures WHERE id = $1`, certificate.Number))
	}
	if errors.Is(err, portal.ErrNotFound) {
		return errNotErased
	}
	if err != nil {
		return err
	}
	if err := errors.Join(s.Files.ForgetFiles(id), s.Index.Remove(ctx, id), os.RemoveAll(s.exportDir(id))); err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		eraser := &eraser{ctx: ctx, tx: tx, of: string(id), certificate: certificate}
		eraser.certificate.Deleted, eraser.certificate.Unnamed = map[string]int64{}, map[string]int64{}
		if err := eraser.collectivity(); err != nil {
			return err
		}
		eraser.certificate.Done = s.Now().UTC().Truncate(time.Second)
		text, sum, err := eraser.certificate.seal()
		if err != nil {
			return err
		}
		err = database.OneRow(tx.Exec(ctx, `UPDATE collectivity_erasures SET body = id, done = $1, certificate = $2, sha256 = $3 WHERE id = $4 AND done = 0`,
			database.Millis(s.Now()), text, sum, certificate.Number))
		if errors.Is(err, portal.ErrNotFound) {
			return errNotErased // the certificate of who was first counts what was there
		}
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Line{At: s.Now(), Action: audit.CollectivityErased, Object: certificate.Number, ObjectID: certificate.Number, Detail: sum})
	})
	s.Changed("")
	return err
}

func (s *Store) exportDir(id portal.CollectivityID) string { return filepath.Join(s.Dir, string(id)) }

// eraser counts what it removes. Its texts are made of the catalogue: each names the
// collectivity, or an account that this one alone had.
type eraser struct {
	ctx         context.Context
	tx          *database.Tx
	of          string // collectivity
	certificate Certificate
}

func (e *eraser) count(into map[string]int64, table, query string, args ...any) error {
	result, err := e.tx.Exec(e.ctx, query, args...)
	if err != nil {
		return err
	}
	touched, err := result.RowsAffected()
	if touched > 0 {
		into[table] += touched
	}
	return err
}

func (e *eraser) collectivity() error {
	rows, err := e.tx.Query(e.ctx, `
		SELECT DISTINCT a.account FROM agents a WHERE a.collectivity = $1 AND a.account IS NOT NULL AND `+onlyHere, e.of)
	accounts, err := database.Collect(rows, err, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return err
	}
	if err := e.agreements(); err != nil {
		return err
	}
	for _, table := range catalogue {
		if err := e.count(e.certificate.Deleted, table.Name, `DELETE FROM `+table.Name+` WHERE collectivity = $1`, e.of); err != nil {
			return err
		}
	}
	for _, text := range []struct{ table, query string }{
		{"sessions", `DELETE FROM sessions WHERE home = $1`},
		{"app_passwords", `DELETE FROM app_passwords WHERE home = $1`},
		{"openid_requests", `DELETE FROM openid_requests WHERE issuer = $1`},
	} {
		if err := e.count(e.certificate.Deleted, text.table, text.query, e.of); err != nil {
			return err
		}
	}
	for _, account := range accounts {
		if err := e.account(account); err != nil {
			return err
		}
	}
	// The operator's own words may name it; what she did about its erasure has the number.
	if err := e.count(e.certificate.Unnamed, "audit_lines", `
		UPDATE audit_lines SET object = $2, object_id = $2, detail = CASE WHEN action IN ('collectivity.erasure', 'collectivity.recalled') THEN detail ELSE '' END
		WHERE collectivity = '' AND object_id = $1`, e.of, e.certificate.Number); err != nil {
		return err
	}
	if err := e.tx.Write(e.ctx, `UPDATE announcements SET was = '' WHERE was LIKE '%"' || $1 || '"%'`, e.of); err != nil {
		return err
	}
	return e.count(e.certificate.Deleted, "collectivities", `DELETE FROM collectivities WHERE id = $1`, e.of)
}

// agreements has the other parties of its conventions keep what was lent, and name it by the number: their journals
// too, where a line is about one of them.
func (e *eraser) agreements() error {
	const theirs = `IN (SELECT lending FROM lending_parties WHERE collectivity = $1)`
	if err := e.count(e.certificate.Unnamed, "lendings", `UPDATE lendings SET borrower_name = $2 WHERE borrower = $1`, e.of, e.certificate.Number); err != nil {
		return err
	}
	if err := e.count(e.certificate.Deleted, "lending_notices", `DELETE FROM lending_notices WHERE lending `+theirs, e.of); err != nil {
		return err
	}
	return e.count(e.certificate.Unnamed, "audit_lines", `UPDATE audit_lines SET object = $2, login = CASE WHEN agent = '' THEN '' ELSE login END
		WHERE action IN ('lending.proposed', 'lending.accepted', 'lending.refused', 'lending.changed', 'lending.ended', 'lending.audience', 'loan.withdrawn', 'loan.measured')
		AND object_id `+theirs, e.of, e.certificate.Number)
}

// onlyHere is the condition on an agent a that her account serves nowhere else: she
// is an agent of no other collectivity, operates no pool, and no other collectivity
// keeps who assisted it.
const onlyHere = `NOT EXISTS (SELECT 1 FROM agents o WHERE o.account = a.account AND o.collectivity <> a.collectivity)
	AND NOT EXISTS (SELECT 1 FROM account_rights r WHERE r.account = a.account)
	AND NOT EXISTS (SELECT 1 FROM assistances h WHERE h.account = a.account AND h.collectivity <> a.collectivity)
	AND NOT EXISTS (SELECT 1 FROM collectivity_drafts d WHERE d.account = a.account)`

// account removes one, and has the journal of the pool forget who tried to come in.
func (e *eraser) account(id string) error {
	if err := e.count(e.certificate.Unnamed, "audit_lines", `UPDATE audit_lines SET login = '', account = '', address = '' WHERE collectivity = '' AND account = $1`, id); err != nil {
		return err
	}
	for _, table := range append(ofAccounts, "accounts") {
		column := "account"
		if table == "accounts" {
			column = "id"
		}
		if err := e.count(e.certificate.Deleted, table, `DELETE FROM `+table+` WHERE `+column+` = $1`, id); err != nil {
			return err
		}
	}
	return nil
}
