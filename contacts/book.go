package contacts

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// bookColumns are read by scanBook, from bookTables.
const (
	bookColumns = `b.id, b.slug, b.name, b.description, b.owner, b.kind, b.subject, b.members_write, b.epoch, b.sequence, b.forgotten, b.cards, b.bytes, b.derived,
		COALESCE(u.name, g.name, ''), (SELECT COUNT(*) FROM contacts k WHERE k.collectivity = $1 AND k.book = b.id AND k.kind = 'group')`
	bookTables = ` contact_books b
		LEFT JOIN units u ON u.collectivity = $1 AND b.kind = 'unit' AND u.id = b.subject
		LEFT JOIN agent_groups g ON g.collectivity = $1 AND b.kind = 'group' AND g.id = b.subject
		WHERE b.collectivity = $1`
)

func scanBook(rows *sql.Rows) (b Book, err error) {
	b.stored = true
	return b, rows.Scan(&b.ID, &b.Slug, &b.Name, &b.Description, &b.Owner, &b.To.Kind, &b.To.ID, &b.MembersWrite,
		&b.Sync.Epoch, &b.Sync.Sequence, &b.forgotten, &b.Cards, &b.bytes, &b.derived, &b.ToName, &b.Groups)
}

// Books are those that the caller finds in her address books: her own, the first one first, then those of her
// units and groups and of the units that she manages, by name. A unit's is also that of the units below it.
func (s *Store) Books(ctx context.Context, caller portal.Caller) ([]Book, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	managed, err := below(ctx, s.db, caller.Collectivity, caller.Where(portal.ManageAgents))
	if err != nil {
		return nil, fmt.Errorf("contacts: books: %w", err)
	}
	args := []any{string(caller.Collectivity), string(caller.Agent)}
	units, args := database.Among(args, slices.Concat(caller.Units, managed))
	groups, args := database.Among(args, caller.Groups)
	// CROSS has SQLite begin at the few that are hers, and not at all books of the collectivity.
	rows, err := s.db.Query(ctx, `SELECT `+bookColumns+` FROM (
		SELECT id FROM contact_books WHERE collectivity = $1 AND owner = $2
		UNION SELECT id FROM contact_books WHERE collectivity = $1 AND owner = '' AND kind = 'unit' AND subject IN `+units+`
		UNION SELECT id FROM contact_books WHERE collectivity = $1 AND owner = '' AND kind = 'group' AND subject IN `+groups+`
		) mine CROSS JOIN`+bookTables+` AND b.id = mine.id`, args...)
	all, err := database.Collect(rows, err, scanBook)
	if err != nil {
		return nil, fmt.Errorf("contacts: books: %w", err)
	}
	kept := make([]Book, 0, len(all)+1)
	if !slices.ContainsFunc(all, Book.First) {
		kept = append(kept, firstBook(caller))
	}
	for _, b := range all {
		keeps := caller.Can(portal.ManageAgents) || b.To.Kind == portal.TheUnit && slices.Contains(managed, portal.UnitID(b.To.ID))
		if b.allow(caller, keeps) {
			kept = append(kept, b)
		}
	}
	slices.SortStableFunc(kept, byPlace)
	return kept, nil
}

// BookAt is the book at a DAV address of the caller's home, which holds those of Books; portal.ErrNotFound.
func (s *Store) BookAt(ctx context.Context, caller portal.Caller, slug string) (Book, error) {
	switch {
	case slug == PersonalSlug:
		return s.Book(ctx, caller, BookID(caller.Agent))
	case strings.HasPrefix(slug, directoryPrefix): // phones ask for it most
		return Book{}, portal.ErrNotFound
	}
	all, err := s.Books(ctx, caller)
	if err != nil {
		return Book{}, err
	}
	if i := slices.IndexFunc(all, func(b Book) bool { return b.Slug == slug }); i >= 0 {
		return all[i], nil
	}
	return Book{}, fmt.Errorf("contacts: book at %.60q: %w", slug, portal.ErrNotFound)
}

// byPlace sorts books: the first one, her others, the shared ones, each by name.
func byPlace(a, b Book) int {
	rank := func(b Book) int {
		switch {
		case b.First():
			return 0
		case b.Own():
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), i18n.ByName(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

// firstBook is the caller's before its first card.
func firstBook(caller portal.Caller) Book {
	return Book{
		ID: BookID(caller.Agent), Slug: PersonalSlug, Owner: caller.Agent, Writable: true, Kept: true, derived: true,
		Sync: dav.SyncToken{Epoch: unstoredEpoch},
	}
}

// allow fills in what the caller may do with a book, and says whether it exists for her; keeps says that she
// manages the unit or group whose it is.
func (b *Book) allow(caller portal.Caller, keeps bool) bool {
	if b.Own() {
		b.Writable, b.Kept = true, true
		return b.Owner == caller.Agent
	}
	member := b.ToName != "" && caller.Is(b.To)
	b.Kept = keeps
	b.Writable = keeps || member && b.MembersWrite
	return keeps || member
}

// Book is one that the caller may read; portal.ErrNotFound. Who manages a unit, or the whole of the
// collectivity, reads its books also where they are not in her own list.
func (s *Store) Book(ctx context.Context, caller portal.Caller, id BookID) (Book, error) {
	b, err := bookOf(ctx, s.db, caller, id)
	if err != nil {
		return Book{}, fmt.Errorf("contacts: book %.40q: %w", id, err)
	}
	return b, nil
}

func bookOf(ctx context.Context, q database.Reader, caller portal.Caller, id BookID) (Book, error) {
	if caller.Agent == "" {
		return Book{}, portal.ErrNotFound
	}
	rows, err := q.Query(ctx, `SELECT `+bookColumns+` FROM`+bookTables+` AND b.id = $2`, string(caller.Collectivity), string(id))
	found, err := database.Collect(rows, err, scanBook)
	switch {
	case err != nil:
		return Book{}, err
	case len(found) == 0 && string(id) == string(caller.Agent):
		return firstBook(caller), nil
	case len(found) == 0:
		return Book{}, portal.ErrNotFound
	}
	b := found[0]
	keeps := false
	if !b.Own() {
		if keeps, err = manages(ctx, q, caller, b.To); err != nil {
			return Book{}, err
		}
	}
	if !b.allow(caller, keeps) {
		return Book{}, portal.ErrNotFound
	}
	return b, nil
}

// writable is a book in which the caller writes: portal.ErrDenied where she only reads.
func writable(ctx context.Context, q database.Reader, caller portal.Caller, id BookID) (Book, error) {
	b, err := bookOf(ctx, q, caller, id)
	if err == nil && !b.Writable {
		err = portal.ErrDenied
	}
	return b, err
}

// manages says whether the caller decides about the books of a unit or group: who manages the agents of that
// unit, or all of them.
func manages(ctx context.Context, q database.Reader, caller portal.Caller, of portal.Subject) (bool, error) {
	switch {
	case caller.Can(portal.ManageAgents):
		return true, nil
	case of.Kind != portal.TheUnit || len(caller.Where(portal.ManageAgents)) == 0:
		return false, nil
	}
	rows, err := q.Query(ctx, `
		WITH RECURSIVE above (id, parent) AS (
			SELECT id, parent FROM units WHERE collectivity = $1 AND id = $2
			UNION SELECT u.id, u.parent FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent
		) SELECT id FROM above`, string(caller.Collectivity), of.ID)
	chain, err := database.Collect(rows, err, scanUnit)
	return caller.CanIn(portal.ManageAgents, chain), err
}

// below are some units and those below them.
func below(ctx context.Context, q database.Reader, collectivity portal.CollectivityID, units []portal.UnitID) ([]portal.UnitID, error) {
	if len(units) == 0 {
		return nil, nil
	}
	among, args := database.Among([]any{string(collectivity)}, units)
	rows, err := q.Query(ctx, `
		WITH RECURSIVE below (id) AS (
			SELECT id FROM units WHERE collectivity = $1 AND id IN `+among+`
			UNION SELECT u.id FROM below JOIN units u ON u.collectivity = $1 AND u.parent = below.id
		) SELECT id FROM below`, args...)
	return database.Collect(rows, err, scanUnit)
}

func scanUnit(rows *sql.Rows) (id portal.UnitID, err error) { return id, rows.Scan(&id) }

// Shared lists all books of units and groups of the collectivity that the caller decides about, also of those
// that are no more, by name.
func (s *Store) Shared(ctx context.Context, caller portal.Caller) ([]Book, error) {
	if !caller.CanSomewhere(portal.ManageAgents) || caller.Agent == "" {
		return nil, nil
	}
	managed, err := below(ctx, s.db, caller.Collectivity, caller.Where(portal.ManageAgents))
	if err != nil {
		return nil, fmt.Errorf("contacts: shared books: %w", err)
	}
	rows, err := s.db.Query(ctx, `SELECT `+bookColumns+` FROM`+bookTables+` AND b.owner = ''`, string(caller.Collectivity))
	all, err := database.Collect(rows, err, scanBook)
	if err != nil {
		return nil, fmt.Errorf("contacts: shared books: %w", err)
	}
	all = slices.DeleteFunc(all, func(b Book) bool {
		return !caller.Can(portal.ManageAgents) && !(b.To.Kind == portal.TheUnit && slices.Contains(managed, portal.UnitID(b.To.ID)))
	})
	for i := range all {
		all[i].allow(caller, true)
	}
	slices.SortFunc(all, byPlace)
	return all, nil
}

// store writes a first book that was not there yet.
func (s *Store) store(ctx context.Context, tx *database.Tx, caller portal.Caller, b Book) error {
	if b.stored {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO contact_books (collectivity, id, owner, slug, epoch, created, derived) VALUES ($1, $2, $3, $4, $5, $6, TRUE)
		ON CONFLICT (collectivity, id) DO NOTHING`, // an agent's first two cards may meet
		string(caller.Collectivity), string(b.ID), string(b.Owner), b.Slug, portal.NewID(), database.Millis(s.now()))
	return err
}

// isNotFound is for what may be missing.
func isNotFound(err error) bool { return errors.Is(err, portal.ErrNotFound) }
