package leaving

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

const (
	// kept is how long an archive can be downloaded.
	kept = 24 * time.Hour
	// silent is after how long one that is being made is begun anew: its process
	// was stopped.
	silent = time.Hour
)

// The states of an archive that was asked for.
const (
	stateWaiting = "waiting"
	stateReady   = "ready"
	stateFailed  = "failed"
)

// Waiting is an archive that an administrator asked for.
type Waiting struct {
	ID     string
	Agent  portal.AgentID
	State  string
	Asked  time.Time
	Ends   time.Time // first instant without the file
	Size   int64     // bytes
	SHA256 string
}

// Ask has an archive of the caller's collectivity made in the background. Asked while
// one is being made, it changes nothing. It needs the administrator's right.
func (s *Store) Ask(ctx context.Context, caller portal.Caller, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return wrap(err, "ask for an archive")
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		var others int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM collectivity_exports WHERE collectivity = $1 AND agent = $2 AND state = $3`,
			string(caller.Collectivity), string(caller.Agent), stateWaiting).Scan(&others)
		if err != nil || others > 0 {
			return err
		}
		if err := tx.Write(ctx, `INSERT INTO collectivity_exports (collectivity, id, agent, state, asked) VALUES ($1, $2, $3, $4, $5)`,
			string(caller.Collectivity), portal.NewID(), string(caller.Agent), stateWaiting, database.Millis(s.Now())); err != nil {
			return err
		}
		line := audit.By(caller, audit.CollectivityExported)
		line.At, line.Address = s.Now(), address
		return audit.Write(ctx, tx, line)
	})
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return wrap(err, "ask for an archive")
}

// Archives are those that the caller asked for, the last first.
func (s *Store) Archives(ctx context.Context, caller portal.Caller) ([]Waiting, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, wrap(err, "list archives")
	}
	rows, err := s.DB.Query(ctx, `
		SELECT id, agent, state, asked, ends, size, sha256 FROM collectivity_exports WHERE collectivity = $1 AND agent = $2 ORDER BY asked DESC LIMIT 10`,
		string(caller.Collectivity), string(caller.Agent))
	all, err := database.Collect(rows, err, scanWaiting)
	return all, wrap(err, "list archives")
}

func scanWaiting(rows *sql.Rows) (one Waiting, err error) {
	var asked, ends int64
	err = rows.Scan(&one.ID, &one.Agent, &one.State, &asked, &ends, &one.Size, &one.SHA256)
	one.Asked, one.Ends = database.FromMillis(asked), database.FromMillis(ends)
	return one, err
}

// Take opens an archive for the one who asked for it, and tells the journal.
// portal.ErrNotFound for anybody else, and once it has ended.
func (s *Store) Take(ctx context.Context, caller portal.Caller, id, address string) (*os.File, Waiting, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, Waiting{}, wrap(err, "take an archive")
	}
	all, err := s.Archives(ctx, caller)
	if err != nil {
		return nil, Waiting{}, err
	}
	for _, one := range all {
		if one.ID != id || one.State != stateReady || !s.Now().Before(one.Ends) {
			continue
		}
		file, err := os.Open(s.archivePath(caller.Collectivity, id))
		if err != nil {
			break // it ended a moment ago
		}
		line := audit.By(caller, audit.CollectivityExported)
		line.At, line.Detail, line.Address = s.Now(), one.SHA256, address
		if err := audit.Write(ctx, s.DB, line); err != nil {
			return nil, Waiting{}, errors.Join(wrap(err, "take an archive"), file.Close())
		}
		return file, one, nil
	}
	return nil, Waiting{}, wrap(portal.ErrNotFound, "take an archive")
}

func (s *Store) archivePath(collectivity portal.CollectivityID, id string) string {
	return filepath.Join(s.exportDir(collectivity), id+".zip")
}

// Run makes archives until ctx ends, one after the other, and drops those that ended.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("archives of collectivities", "error", err)
		}
		select {
		case <-s.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// due is an archive of any collectivity.
type due struct {
	collectivity portal.CollectivityID
	id           string
}

func scanDue(rows *sql.Rows) (one due, err error) { return one, rows.Scan(&one.collectivity, &one.id) }

// Step makes every archive that waits.
func (s *Store) Step(ctx context.Context) error {
	if err := s.dropEnded(ctx); err != nil {
		return err
	}
	rows, err := s.DB.Query(ctx, `SELECT collectivity, id FROM collectivity_exports WHERE state = 'waiting' AND beat < $1 ORDER BY asked`, database.Millis(s.Now().Add(-silent)))
	all, err := database.Collect(rows, err, scanDue)
	if err != nil {
		return wrap(err, "archives that wait")
	}
	for _, one := range all {
		mine, err := s.takeUp(ctx, one)
		if mine {
			err = s.make(ctx, one)
		}
		if err != nil {
			return wrap(err, "archive of %q", one.collectivity)
		}
	}
	return nil
}

// takeUp makes an archive this process's to make. Not mine: another node was first, or
// it is wanted no more.
func (s *Store) takeUp(ctx context.Context, one due) (mine bool, err error) {
	now := s.Now()
	err = database.OneRow(s.DB.Exec(ctx, `UPDATE collectivity_exports SET beat = $1 WHERE collectivity = $2 AND id = $3 AND state = $4 AND beat < $5`,
		database.Millis(now), string(one.collectivity), one.id, stateWaiting, database.Millis(now.Add(-silent))))
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// make writes an archive to its place. One that can't be made says so to who asked.
func (s *Store) make(ctx context.Context, one due) error {
	size, sum, err := s.makeFile(ctx, one)
	state := stateReady
	if err != nil {
		s.Log.Error("an archive was not made", "collectivity", one.collectivity, "error", err)
		state = stateFailed
	}
	if ctx.Err() != nil { // stopping: it is begun anew
		return errors.Join(ctx.Err(), s.DB.Write(context.WithoutCancel(ctx), `UPDATE collectivity_exports SET beat = 0 WHERE collectivity = $1 AND id = $2`, string(one.collectivity), one.id))
	}
	return s.DB.Write(ctx, `UPDATE collectivity_exports SET state = $1, ends = $2, size = $3, sha256 = $4 WHERE collectivity = $5 AND id = $6`,
		state, database.Millis(s.Now().Add(kept)), size, sum, string(one.collectivity), one.id)
}

func (s *Store) makeFile(ctx context.Context, one due) (size int64, sum string, err error) {
	if err := os.MkdirAll(s.exportDir(one.collectivity), 0o700); err != nil {
		return 0, "", err
	}
	path := s.archivePath(one.collectivity, one.id)
	file, err := os.CreateTemp(s.exportDir(one.collectivity), one.id+".*.part") // of this process alone, and for its owner's eyes
	if err != nil {
		return 0, "", err
	}
	hashed := sha256.New()
	_, err = s.write(ctx, one.collectivity, io.MultiWriter(file, hashed))
	if info, statErr := file.Stat(); err == nil && statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name()) // or it is gone with who was erased meanwhile
		return 0, "", err
	}
	return size, hex.EncodeToString(hashed.Sum(nil)), nil
}

// dropEnded removes archives whose time is over.
func (s *Store) dropEnded(ctx context.Context) error {
	rows, err := s.DB.Query(ctx, `SELECT collectivity, id FROM collectivity_exports WHERE ends > 0 AND ends <= $1`, database.Millis(s.Now()))
	all, err := database.Collect(rows, err, scanDue)
	if err != nil {
		return wrap(err, "archives that ended")
	}
	for _, one := range all {
		if err := os.Remove(s.archivePath(one.collectivity, one.id)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return wrap(err, "drop an archive")
		}
		if err := s.DB.Write(ctx, `DELETE FROM collectivity_exports WHERE collectivity = $1 AND id = $2`, string(one.collectivity), one.id); err != nil {
			return wrap(err, "drop an archive")
		}
	}
	return s.dropStrays(ctx)
}

// dropStrays removes files that no row speaks of, once nobody can be writing them: of a
// process that was stopped, of another node that dropped the row, of an erasure.
func (s *Store) dropStrays(ctx context.Context) error {
	paths, err := filepath.Glob(filepath.Join(s.Dir, "*", "*"))
	if err != nil {
		return wrap(err, "list archives")
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || s.Now().Sub(info.ModTime()) < silent {
			continue // somebody else dropped it, or it is new
		}
		id, isArchive := strings.CutSuffix(filepath.Base(path), ".zip")
		var known int
		err = s.DB.QueryRow(ctx, `SELECT COUNT(*) FROM collectivity_exports WHERE collectivity = $1 AND id = $2`, filepath.Base(filepath.Dir(path)), id).Scan(&known)
		if err != nil {
			return wrap(err, "find whose an archive is")
		}
		if isArchive && known > 0 {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return wrap(err, "drop what is left of an archive")
		}
	}
	return nil
}

// PersonErasures are the certificates of the caller's collectivity, the last first.
func (s *Store) PersonErasures(ctx context.Context, caller portal.Caller) ([]Erasure, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, wrap(err, "list erasures")
	}
	rows, err := s.DB.Query(ctx, `SELECT id, done, certificate, sha256 FROM person_erasures WHERE collectivity = $1 ORDER BY done DESC, id LIMIT 0 + $2`,
		string(caller.Collectivity), listedErasures)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Erasure, err error) {
		var done int64
		err = rows.Scan(&one.Number, &done, &one.Certificate, &one.SHA256)
		one.Done = database.FromMillis(done)
		return one, err
	})
	return all, wrap(err, "list erasures")
}
