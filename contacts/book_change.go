package contacts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// NewBook is a book to be made.
type NewBook struct {
	Slug              string // last part of its DAV address; "" for one that is drawn
	Name, Description string
	To                portal.Subject // the unit or group that it is for; zero for the caller's own
	MembersWrite      bool
}

// BookLook is what changes of a book: nil stays as it is.
type BookLook struct {
	Name, Description *string
	MembersWrite      *bool // of one of the collectivity
}

// sharedPrefix begins the addresses of the collectivity's books; those of directories begin with directoryPrefix in
// the same homes. Nobody takes either for a book of her own.
const (
	sharedPrefix    = "shared-"
	directoryPrefix = "directory"
)

// CreateBook makes a book: one of the caller's own, or of a unit or group that she manages, portal.ErrDenied
// for any other. What is wrong in its fields is portal.FieldErrors; an address that is taken is
// portal.ErrConflict. address is where the request came from.
func (s *Store) CreateBook(ctx context.Context, caller portal.Caller, made NewBook, address string) (BookID, error) {
	if caller.Agent == "" {
		return "", portal.ErrDenied
	}
	made.Name, made.Description = strings.TrimSpace(made.Name), strings.TrimSpace(made.Description)
	b := Book{ID: BookID(portal.NewID()), Slug: made.Slug, Name: made.Name, Description: made.Description, To: made.To, MembersWrite: made.MembersWrite}
	if made.To == (portal.Subject{}) {
		b.Owner, b.MembersWrite = caller.Agent, false
	}
	if err := checkLook(b.Name, b.Description); err != nil {
		return "", fmt.Errorf("contacts: create book: %w", err)
	}
	switch {
	case b.Slug == "" && b.Own():
		b.Slug = string(b.ID)
	case b.Slug == "":
		b.Slug = sharedPrefix + string(b.ID)
	case checkName(b.Slug) != nil || !b.Own() || strings.HasPrefix(b.Slug, sharedPrefix) || strings.HasPrefix(b.Slug, directoryPrefix):
		return "", fmt.Errorf("contacts: create book at %.60q: %w", b.Slug, portal.ErrDenied)
	case b.Slug == PersonalSlug:
		return "", fmt.Errorf("contacts: create book at %.60q: %w", b.Slug, portal.ErrConflict)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error { return s.createBook(ctx, tx, caller, b, address) })
	if database.IsDuplicate(err) {
		err = fmt.Errorf("%w: %w", portal.ErrConflict, err)
	}
	if err != nil {
		return "", fmt.Errorf("contacts: create book: %w", err)
	}
	return b.ID, nil
}

func checkLook(name, description string) error {
	var wrong portal.Check
	wrong.Text("name", name, true, maxTitle)
	wrong.Text("description", strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(description), false, maxAbout)
	return wrong.OrNil()
}

func (s *Store) createBook(ctx context.Context, tx *database.Tx, caller portal.Caller, b Book, address string) error {
	most := maxBooks
	if !b.Own() {
		if err := s.nameSubject(ctx, tx, caller, &b); err != nil {
			return err
		}
		most = maxShared
	}
	var there int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM contact_books WHERE collectivity = $1 AND owner = $2 AND slug <> 'personal'`,
		string(caller.Collectivity), string(b.Owner)).Scan(&there)
	switch {
	case err != nil:
		return err
	case there >= most:
		return portal.FieldErrors{portal.Invalid("name", "contacts.error.many", "max", most)}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO contact_books (collectivity, id, owner, slug, name, description, kind, subject, members_write, epoch, created, derived)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, TRUE)`,
		string(caller.Collectivity), string(b.ID), string(b.Owner), b.Slug, b.Name, b.Description, string(b.To.Kind), b.To.ID, b.MembersWrite,
		portal.NewID(), database.Millis(s.now()))
	if err != nil || b.Own() {
		return err
	}
	return s.tell(ctx, tx, caller, b, audit.AddressBookCreated, b.ToName, address)
}

// nameSubject finds what the unit or group of a book is called, and refuses a caller who does not manage it.
func (s *Store) nameSubject(ctx context.Context, tx *database.Tx, caller portal.Caller, b *Book) error {
	keeps, err := manages(ctx, tx, caller, b.To)
	if err != nil {
		return err
	}
	if !caller.CanSomewhere(portal.ManageAgents) {
		return portal.ErrDenied
	}
	switch b.To.Kind {
	case portal.TheUnit:
		err = tx.QueryRow(ctx, `SELECT name FROM units WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), b.To.ID).Scan(&b.ToName)
	case portal.TheGroup:
		err = tx.QueryRow(ctx, `SELECT name FROM agent_groups WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), b.To.ID).Scan(&b.ToName)
	default:
		err = portal.ErrNotFound
	}
	if isNotFound(err) || err == nil && !keeps {
		err = portal.FieldErrors{portal.Invalid("to", "contacts.error.to")}
	}
	return err
}

// ChangeBook changes how a book is called, and who writes in one of the collectivity. portal.ErrDenied for who
// only reads it or writes cards in it.
func (s *Store) ChangeBook(ctx context.Context, caller portal.Caller, id BookID, look BookLook, address string) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		was, err := keptBook(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		b := was
		if look.Name != nil {
			b.Name = strings.TrimSpace(*look.Name)
		}
		if look.Description != nil {
			b.Description = strings.TrimSpace(*look.Description)
		}
		if look.MembersWrite != nil && !b.Own() {
			b.MembersWrite = *look.MembersWrite
		}
		if b == was {
			return nil
		}
		if err := checkLook(b.Name, b.Description); err != nil && !(b.First() && b.Name == "" && checkLook("x", b.Description) == nil) {
			return err
		}
		if err := s.store(ctx, tx, caller, was); err != nil {
			return err
		}
		err = tx.Write(ctx, `UPDATE contact_books SET name = $3, description = $4, members_write = $5 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(id), b.Name, b.Description, b.MembersWrite)
		if err != nil || b.Own() {
			return err
		}
		if b.Name != was.Name {
			if err := s.tell(ctx, tx, caller, b, audit.AddressBookChanged, audit.Became(was.Name, b.Name), address); err != nil {
				return err
			}
		}
		if b.MembersWrite == was.MembersWrite {
			return nil
		}
		return s.tell(ctx, tx, caller, b, audit.WritersChanged, audit.Became(was.writers(), b.writers()), address)
	})
	if err != nil {
		return fmt.Errorf("contacts: change book %.40q: %w", id, err)
	}
	return nil
}

// noAudience stands for nobody but who manages the unit, in the journal.
const noAudience = "–"

// writers are those who write in a book of the collectivity beside who manages it, for the journal.
func (b Book) writers() string {
	if b.MembersWrite {
		return b.ToName
	}
	return noAudience
}

// keptBook is one about which the caller decides; portal.ErrDenied for one that she only reads or writes in.
func keptBook(ctx context.Context, q database.Reader, caller portal.Caller, id BookID) (Book, error) {
	b, err := bookOf(ctx, q, caller, id)
	if err == nil && !b.Kept {
		err = portal.ErrDenied
	}
	return b, err
}

// errFirst refuses to delete the book that an agent always has.
var errFirst = fmt.Errorf("contacts: the first book: %w", portal.ErrDenied)

// RemoveBook deletes a book with all its cards. An agent's first one stays: portal.ErrDenied. ErrCondition when
// the book is not in the state that the conditions ask for; its ETag is its sync token, quoted.
func (s *Store) RemoveBook(ctx context.Context, caller portal.Caller, id BookID, conditions dav.Conditions, address string) (Book, error) {
	var b Book
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		b, err = keptBook(ctx, tx, caller, id)
		switch {
		case err != nil:
			return err
		case b.First():
			return errFirst
		case !conditions.Hold(`"` + b.Sync.String() + `"`):
			return ErrCondition
		}
		for _, text := range []string{
			`DELETE FROM contact_links WHERE collectivity = $1 AND book = $2`,
			`DELETE FROM contact_changes WHERE collectivity = $1 AND book = $2`,
			`DELETE FROM contacts WHERE collectivity = $1 AND book = $2`,
			`DELETE FROM contact_undo WHERE collectivity = $1 AND book = $2`,
			`DELETE FROM contact_imports WHERE collectivity = $1 AND book = $2`,
			`DELETE FROM contact_books WHERE collectivity = $1 AND id = $2`,
		} {
			if err := tx.Write(ctx, text, string(caller.Collectivity), string(id)); err != nil {
				return err
			}
		}
		if b.Own() {
			return nil
		}
		return s.tell(ctx, tx, caller, b, audit.AddressBookDeleted, b.ToName, address)
	})
	if err != nil {
		return Book{}, fmt.Errorf("contacts: delete book %.40q: %w", id, err)
	}
	return b, nil
}

// IsFirst says whether an error is the refusal to delete an agent's first book.
func IsFirst(err error) bool { return errors.Is(err, errFirst) }

// tell writes a line about a book of the collectivity into the journal. What agents do with their own is theirs.
func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, b Book, action audit.Action, detail, address string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), b.Name, string(b.ID), detail, address
	return audit.Write(ctx, tx, line)
}
