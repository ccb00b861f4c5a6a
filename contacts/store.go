package contacts

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
)

// Store keeps the contacts of a pool. Every method takes the caller first: a book that is neither her own nor of
// a unit or group of hers, nor of one that she manages, is portal.ErrNotFound.
type Store struct {
	db  *database.DB
	now func() time.Time
}

// NewStore opens them.
func NewStore(db *database.DB) *Store { return &Store{db: db, now: time.Now} }

const columns = `name, uid, full_name, etag, size, modified`

func scan(rows *sql.Rows, more ...any) (c Contact, err error) {
	var modified int64
	err = rows.Scan(append([]any{&c.Name, &c.UID, &c.FullName, &c.ETag, &c.Size, &modified}, more...)...)
	c.Modified = database.FromMillis(modified)
	return c, err
}

func scanListed(rows *sql.Rows) (Contact, error) { return scan(rows) }

func scanWhole(rows *sql.Rows) (Contact, error) {
	var octets []byte
	c, err := scan(rows, &octets)
	c.Octets = octets
	return c, err
}

// List is every card of a book, without octets.
func (s *Store) List(ctx context.Context, caller portal.Caller, book BookID) ([]Contact, error) {
	if _, err := s.Book(ctx, caller, book); err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, `SELECT `+columns+` FROM contacts WHERE collectivity = $1 AND book = $2`,
		string(caller.Collectivity), string(book))
	all, err := database.Collect(rows, err, scanListed)
	if err != nil {
		return nil, fmt.Errorf("contacts: list: %w", err)
	}
	return all, nil
}

// batch is how many names one query asks for: always the same, so that it is prepared once.
const batch = 50

// Contacts are the cards that exist under the names, with their octets, by name.
func (s *Store) Contacts(ctx context.Context, caller portal.Caller, book BookID, names []string) (map[string]Contact, error) {
	if _, err := s.Book(ctx, caller, book); err != nil {
		return nil, err
	}
	all := make(map[string]Contact, len(names))
	for len(names) > 0 {
		n := min(batch, len(names))
		args := []any{string(caller.Collectivity), string(book)}
		for i := range batch {
			args = append(args, names[min(i, n-1)])
		}
		rows, err := s.db.Query(ctx, `SELECT `+columns+`, octets FROM contacts
			WHERE collectivity = $1 AND book = $2 AND name IN (`+database.Params(3, batch)+`)`, args...)
		found, err := database.Collect(rows, err, scanWhole)
		if err != nil {
			return nil, fmt.Errorf("contacts: read: %w", err)
		}
		for _, c := range found {
			all[c.Name] = c
		}
		names = names[n:]
	}
	return all, nil
}

// Contact is the card of a name, with its octets; portal.ErrNotFound.
func (s *Store) Contact(ctx context.Context, caller portal.Caller, book BookID, name string) (Contact, error) {
	found, err := s.Contacts(ctx, caller, book, []string{name})
	if err != nil {
		return Contact{}, err
	}
	c, ok := found[name]
	if !ok {
		return Contact{}, fmt.Errorf("contacts: read %.60q: %w", name, portal.ErrNotFound)
	}
	return c, nil
}

// Each visits every card with its octets, by name; it reads a few at a time, as cards may hold
// photographs.
func (s *Store) Each(ctx context.Context, caller portal.Caller, book BookID, visit func(Contact) error) error {
	if _, err := s.Book(ctx, caller, book); err != nil {
		return err
	}
	for after := ""; ; {
		rows, err := s.db.Query(ctx, `SELECT `+columns+`, octets FROM contacts
			WHERE collectivity = $1 AND book = $2 AND name > $3 ORDER BY name LIMIT 50`,
			string(caller.Collectivity), string(book), after)
		some, err := database.Collect(rows, err, scanWhole)
		if err != nil {
			return fmt.Errorf("contacts: read all: %w", err)
		}
		for _, c := range some {
			if err := visit(c); err != nil {
				return err
			}
			after = c.Name
		}
		if len(some) < batch {
			return nil
		}
	}
}

// ChangesSince lists at most limit (0: all) changes since a token, oldest first; with the zero token,
// every card. ErrSyncToken when the log can't say.
func (s *Store) ChangesSince(ctx context.Context, caller portal.Caller, id BookID, since dav.SyncToken, limit int) (Changes, error) {
	book, err := s.Book(ctx, caller, id)
	if err != nil {
		return Changes{}, err
	}
	first := since.First() || since == dav.SyncToken{Epoch: unstoredEpoch}
	if !first && !since.Answered(book.Sync, book.forgotten) {
		return Changes{}, ErrSyncToken
	}
	changes := Changes{Token: book.Sync}
	if !first && since.Sequence == book.Sync.Sequence {
		return changes, nil
	}
	if limit <= 0 {
		limit = 1 << 30
	}
	rows, err := s.db.Query(ctx, `
		SELECT h.name, COALESCE(c.uid, ''), COALESCE(c.full_name, ''), COALESCE(c.etag, ''), COALESCE(c.size, 0), COALESCE(c.modified, 0), h.sequence
		FROM contact_changes h
		LEFT JOIN contacts c ON c.collectivity = $1 AND c.book = $2 AND c.name = h.name
		WHERE h.collectivity = $1 AND h.book = $2 AND h.sequence > $3 AND h.sequence <= $4
		ORDER BY h.sequence LIMIT 0 + $5`,
		string(caller.Collectivity), string(id), since.Sequence, book.Sync.Sequence, limit+1)
	type change struct {
		Contact
		sequence int64
	}
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (one change, err error) {
		one.Contact, err = scan(rows, &one.sequence)
		return one, err
	})
	if err != nil {
		return Changes{}, fmt.Errorf("contacts: changes: %w", err)
	}
	if len(found) > limit {
		found = found[:limit]
		changes.More, changes.Token.Sequence = true, found[limit-1].sequence
		if changes.Token.Sequence < book.forgotten { // a first reading, whose next page the log must still answer
			changes.Token.Forgotten = book.forgotten
		}
	}
	for _, one := range found {
		switch {
		case one.ETag != "":
			changes.Changed = append(changes.Changed, one.Contact)
		case !first:
			changes.Deleted = append(changes.Deleted, one.Name)
		}
	}
	return changes, nil
}

// ForgetChanges drops deletions older than an instant from a collectivity's logs; clients with older
// tokens read everything again.
func (s *Store) ForgetChanges(ctx context.Context, collectivity portal.CollectivityID, before time.Time) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE contact_books SET forgotten = COALESCE((
				SELECT max(sequence) FROM contact_changes h
				WHERE h.collectivity = $1 AND h.book = contact_books.id AND h.deleted AND h.changed < $2), forgotten)
			WHERE collectivity = $1`, string(collectivity), database.Millis(before))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM contact_changes WHERE collectivity = $1 AND deleted AND changed < $2`,
			string(collectivity), database.Millis(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("contacts: forget changes of %q: %w", collectivity, err)
	}
	return nil
}

// Clean forgets for good what waited in vain in a collectivity: deleted cards that nobody took back, and files whose
// import nobody decided about.
func (s *Store) Clean(ctx context.Context, collectivity portal.CollectivityID) error {
	now := s.now()
	err := s.db.Write(ctx, `DELETE FROM contact_undo WHERE collectivity = $1 AND kept < $2`, string(collectivity), database.Millis(now.Add(-undoTime)))
	if err == nil {
		err = s.db.Write(ctx, `DELETE FROM contact_imports WHERE collectivity = $1 AND made < $2`, string(collectivity), database.Millis(now.Add(-importKept)))
	}
	if err != nil {
		return fmt.Errorf("contacts: clean %q: %w", collectivity, err)
	}
	return nil
}

// Restored draws new epochs for a collectivity whose data came back from a backup, so that clients,
// which saw later changes, read everything again.
func (s *Store) Restored(ctx context.Context, collectivity portal.CollectivityID) error {
	_, err := s.db.Exec(ctx, `UPDATE contact_books SET epoch = $2 WHERE collectivity = $1`, string(collectivity), portal.NewID())
	if err != nil {
		return fmt.Errorf("contacts: restored %q: %w", collectivity, err)
	}
	return nil
}
