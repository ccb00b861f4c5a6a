package directory

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

// Share is another collectivity that reads a directory, or whose directory is read.
type Share struct {
	ID    portal.CollectivityID
	Name  string
	Since time.Time
	Ended time.Time // zero for one that holds
}

// reader reads the directory of one that is read: nobody in particular there, who sees
// what everyone of it sees and holds no right.
func (s Share) reader() portal.Caller { return portal.Caller{Collectivity: s.ID} }

// shareLife is how long a share that ended can be taken up again.
const shareLife = 30 * 24 * time.Hour

const selectShares = `SELECT s.other, c.name, s.since, s.ended FROM directory_shares s JOIN collectivities c ON c.id = s.other
	WHERE s.collectivity = $1 AND s.gives = $2 AND (s.ended = 0 OR s.ended > $3) ORDER BY c.name, s.other`

func (s *Store) shares(ctx context.Context, id portal.CollectivityID, gives bool, since time.Time) ([]Share, error) {
	rows, err := s.db.Query(ctx, selectShares, string(id), gives, database.Millis(since))
	return database.Collect(rows, err, func(rows *sql.Rows) (one Share, err error) {
		var began, ended int64
		err = rows.Scan(&one.ID, &one.Name, &began, &ended)
		one.Since, one.Ended = database.FromMillis(began), database.FromMillis(ended)
		return one, err
	})
}

// SharedWith lists who reads the directory of the caller's collectivity, with those that
// can be let again. Only its administrator may ask.
func (s *Store) SharedWith(ctx context.Context, caller portal.Caller) ([]Share, error) {
	err := caller.Require(portal.Admin)
	var all []Share
	if err == nil {
		all, err = s.shares(ctx, caller.Collectivity, true, s.now().Add(-shareLife))
	}
	if err != nil {
		return nil, fmt.Errorf("directory: list who reads it: %w", err)
	}
	return all, nil
}

// Readable lists the directories of other collectivities that everyone of the caller's
// may read. One that is suspended is not read.
func (s *Store) Readable(ctx context.Context, caller portal.Caller) ([]Share, error) {
	rows, err := s.db.Query(ctx, `SELECT s.other, c.name FROM directory_shares s JOIN collectivities c ON c.id = s.other
		WHERE s.collectivity = $1 AND NOT s.gives AND s.ended = 0 AND c.active ORDER BY c.name, s.other`, string(caller.Collectivity))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Share, err error) { return one, rows.Scan(&one.ID, &one.Name) })
	if err != nil {
		return nil, fmt.Errorf("directory: list readable directories: %w", err)
	}
	return all, nil
}

// ReaderIn is the caller as she reads the directory of another collectivity: nobody in
// particular there, who sees what everyone of it sees and holds no right.
// portal.ErrNotFound where that one is not shared with hers.
func (s *Store) ReaderIn(ctx context.Context, caller portal.Caller, other portal.CollectivityID) (reader portal.Caller, name string, err error) {
	err = s.db.QueryRow(ctx, `SELECT c.name FROM directory_shares s JOIN collectivities c ON c.id = s.other
		WHERE s.collectivity = $1 AND s.other = $2 AND NOT s.gives AND s.ended = 0 AND c.active`, string(caller.Collectivity), string(other)).Scan(&name)
	if err != nil {
		return portal.Caller{}, "", fmt.Errorf("directory: read another directory: %w", err)
	}
	return Share{ID: other}.reader(), name, nil
}

// ShareDirectory lets another collectivity, named by its identifier or by one of its
// e-mail domains, read the directory of the caller's. portal.FieldErrors about the field
// "collectivity".
func (s *Store) ShareDirectory(ctx context.Context, caller portal.Caller, typed, address string) (name string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("directory: share: %w", err)
	}
	typed = strings.ToLower(strings.TrimSpace(typed))
	typed = typed[strings.LastIndexByte(typed, '@')+1:]
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var other portal.CollectivityID
		err := tx.QueryRow(ctx, `SELECT c.id, c.name FROM collectivities c LEFT JOIN collectivity_domains d ON d.collectivity = c.id
			WHERE c.active AND (c.id = $1 OR d.domain = $1) ORDER BY c.id LIMIT 1`, typed).Scan(&other, &name)
		switch {
		case errors.Is(err, portal.ErrNotFound):
			return portal.FieldErrors{portal.Invalid("collectivity", "directory.error.share.unknown")}
		case err == nil && other == caller.Collectivity:
			return portal.FieldErrors{portal.Invalid("collectivity", "directory.error.share.own")}
		case err != nil:
			return err
		}
		return s.setShare(ctx, tx, caller, other, true, address)
	})
	if err != nil {
		return "", fmt.Errorf("directory: share: %w", err)
	}
	return name, nil
}

// EndShare takes the directory away from a collectivity that reads it, at once.
func (s *Store) EndShare(ctx context.Context, caller portal.Caller, other portal.CollectivityID, address string) (name string, err error) {
	return s.changeShare(ctx, caller, other, false, address)
}

// RestoreShare lets it read again, for thirty days after the end.
func (s *Store) RestoreShare(ctx context.Context, caller portal.Caller, other portal.CollectivityID, address string) (name string, err error) {
	return s.changeShare(ctx, caller, other, true, address)
}

func (s *Store) changeShare(ctx context.Context, caller portal.Caller, other portal.CollectivityID, holds bool, address string) (name string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("directory: change share: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var ended int64
		err := tx.QueryRow(ctx, `SELECT c.name, s.ended FROM directory_shares s JOIN collectivities c ON c.id = s.other
			WHERE s.collectivity = $1 AND s.other = $2 AND s.gives`, string(caller.Collectivity), string(other)).Scan(&name, &ended)
		if err == nil && holds && ended > 0 && database.FromMillis(ended).Before(s.now().Add(-shareLife)) {
			err = portal.ErrNotFound
		}
		if err != nil || holds == (ended == 0) {
			return err // it was sent twice
		}
		return s.setShare(ctx, tx, caller, other, holds, address)
	})
	if err != nil {
		return "", fmt.Errorf("directory: change share: %w", err)
	}
	return name, nil
}

// setShare writes both lines, and tells both journals.
func (s *Store) setShare(ctx context.Context, tx *database.Tx, caller portal.Caller, other portal.CollectivityID, holds bool, address string) error {
	var own, name string
	if err := tx.QueryRow(ctx, `SELECT name FROM collectivities WHERE id = $1`, string(caller.Collectivity)).Scan(&own); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, `SELECT name FROM collectivities WHERE id = $1`, string(other)).Scan(&name); err != nil {
		return err
	}
	now, ended := s.now(), time.Time{}
	line := audit.By(caller, audit.DirectoryShared)
	if !holds {
		ended, line.Action = now, audit.DirectoryUnshared
	}
	for _, one := range []struct {
		of, other portal.CollectivityID
		gives     bool
	}{{caller.Collectivity, other, true}, {other, caller.Collectivity, false}} {
		err := tx.Write(ctx, `
			INSERT INTO directory_shares (collectivity, other, gives, since, ended) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (collectivity, other, gives) DO UPDATE SET ended = excluded.ended,
				since = CASE WHEN directory_shares.ended = 0 THEN directory_shares.since ELSE excluded.since END`,
			string(one.of), string(one.other), one.gives, database.Millis(now), database.Millis(ended))
		if err != nil {
			return err
		}
	}
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = now, name, string(other), "given", address
	if err := audit.Write(ctx, tx, line); err != nil {
		return err
	}
	// The other journal names the collectivity, and nobody of it.
	return audit.Write(ctx, tx, audit.Line{
		Collectivity: other, Action: line.Action, At: now, Login: own, Object: own, ObjectID: string(caller.Collectivity), Detail: "read",
	})
}
