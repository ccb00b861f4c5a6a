package directory

import (
	"context"
	"errors"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
)

// What who assists gives ends with her assistance: the collectivity let her in for an
// hour, and decides itself about what lasts. Its own administrator gives the same right
// for good when she wants to.

var (
	// errAssisted refuses to who assists what would outlast her assistance.
	errAssisted = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.assisted"}
	// errAssistedReturn refuses to bring back who would have rights.
	errAssistedReturn = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.assisted.return"}
	// errAssistedBack refuses to give back what the collectivity took away itself.
	errAssistedBack = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.assisted.back"}
)

// endsWithHelp lets a right that is given under assistance end with it at the latest.
func (s *Store) endsWithHelp(ctx context.Context, tx *database.Tx, caller portal.Caller, given *Given) error {
	if !caller.Assists() {
		return nil
	}
	help, err := s.helpGoing(ctx, tx, caller)
	if err != nil {
		return err
	}
	given.Under = help.ID
	if given.Ends.IsZero() || given.Ends.After(help.Ends) {
		given.Ends = help.Ends
	}
	return nil
}

// helpGoing is the assistance that the caller gives now; portal.ErrDenied when it is
// over.
func (s *Store) helpGoing(ctx context.Context, tx *database.Tx, caller portal.Caller) (help web.Assistance, err error) {
	var ends int64
	err = tx.QueryRow(ctx, `SELECT id, ends FROM assistances WHERE collectivity = $1 AND account = $2 AND ended = 0 AND ends > $3 ORDER BY begun DESC LIMIT 1`,
		string(caller.Collectivity), string(caller.Account), database.Millis(s.now())).Scan(&help.ID, &ends)
	help.Ends = database.FromMillis(ends)
	if errors.Is(err, portal.ErrNotFound) {
		err = portal.ErrDenied
	}
	return help, err
}

// helpOf is the assistance under which the caller takes a right away, or gives it
// back: one that was not taken under it is the collectivity's to give back.
func (s *Store) helpOf(ctx context.Context, tx *database.Tx, caller portal.Caller, right string, away bool) (under string, err error) {
	help, err := s.helpGoing(ctx, tx, caller)
	if err != nil || away {
		return help.ID, err
	}
	var taken string
	err = tx.QueryRow(ctx, `SELECT taken_under FROM rights_given WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), right).Scan(&taken)
	if err == nil && taken != help.ID {
		err = errAssistedBack
	}
	return "", err
}

// endHelped ends what was given under an assistance that ends now.
func (s *Store) endHelped(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, assistance string) error {
	return tx.Write(ctx, `UPDATE rights_given SET ends = $1 WHERE collectivity = $2 AND given_under = $3 AND ends > $1`,
		database.Millis(s.now()), string(collectivity), assistance)
}
