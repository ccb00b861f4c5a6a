package contacts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/database"
)

const (
	importKept = 24 * time.Hour // how long a file waits for a decision
	keptFiles  = 3              // of one agent, which are large
	importStep = 100            // how many cards one transaction writes: others write in between
)

// Import is a file that an agent brings into a book.
type Import struct {
	ID       string
	Book     BookID
	File     string // its name
	State    string // "planned", "running" or "done"
	Replaces bool   // cards of the book with the same UID, which are kept otherwise
	Made     time.Time
	Reached  int // cards of the file that were dealt with
	Added    int
	Replaced int
	Lines    []Line // of the file; nil once it is done
}

// The verdicts on a card of a file.
const (
	IsNew     = "new"
	IsKnown   = "known"   // the book has another state of it
	IsSame    = "same"    // the book has it as it is
	IsRefused = "refused" // it can't be read
)

// Line is a card of a file, and what would become of it.
type Line struct {
	Line    int
	Name    string
	Verdict string
	Reason  string // of a refusal, the end of a key of the catalogue
}

// Count is how many lines have a verdict.
func (i Import) Count(verdict string) (count int) {
	for _, line := range i.Lines {
		if line.Verdict == verdict {
			count++
		}
	}
	return count
}

// PlanImport keeps a file for a book, for the caller to read what it would do and to decide; nothing of the book
// changes. A file without a card is portal.FieldErrors, and one of too many.
func (s *Store) PlanImport(ctx context.Context, caller portal.Caller, book BookID, name string, octets []byte) (string, error) {
	if _, err := writable(ctx, s.db, caller, book); err != nil {
		return "", fmt.Errorf("contacts: plan import: %w", err)
	}
	switch found := len(cutFile(octets)); {
	case found == 0:
		return "", portal.FieldErrors{portal.Invalid("file", "contacts.error.import-none")}
	case found > MaxContacts:
		return "", portal.FieldErrors{portal.Invalid("file", "contacts.error.import-many", "max", MaxContacts)}
	}
	id := portal.NewID()
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.Write(ctx, `
			DELETE FROM contact_imports WHERE collectivity = $1 AND agent = $2 AND id NOT IN (
				SELECT id FROM contact_imports WHERE collectivity = $1 AND agent = $2 ORDER BY made DESC, id LIMIT 0 + $3)`,
			string(caller.Collectivity), string(caller.Agent), keptFiles-1)
		if err != nil {
			return err
		}
		return tx.Write(ctx, `INSERT INTO contact_imports (collectivity, id, agent, book, file_name, state, made, octets) VALUES ($1, $2, $3, $4, $5, 'planned', $6, $7)`,
			string(caller.Collectivity), id, string(caller.Agent), string(book), clip(name, maxIndexed), database.Millis(s.now()), octets)
	})
	if err != nil {
		return "", fmt.Errorf("contacts: plan import: %w", err)
	}
	return id, nil
}

// Import is one of the caller's own, with what its cards would do to the book as it is now; portal.ErrNotFound for
// any other.
func (s *Store) Import(ctx context.Context, caller portal.Caller, id string) (Import, error) {
	i, err := s.readImport(ctx, s.db, caller, id)
	if err != nil {
		return Import{}, fmt.Errorf("contacts: import %.40q: %w", id, err)
	}
	if i.State == "done" {
		return i, nil
	}
	octets, err := s.importedFile(ctx, caller, id)
	if err != nil {
		return Import{}, fmt.Errorf("contacts: import %.40q: %w", id, err)
	}
	known, err := s.known(ctx, caller, i.Book)
	if err != nil {
		return Import{}, fmt.Errorf("contacts: import %.40q: %w", id, err)
	}
	for _, one := range readFile(octets) {
		line := Line{Line: one.line, Name: one.name, Verdict: IsNew, Reason: one.reason}
		etag, there := known[one.uid]
		switch {
		case one.reason != "":
			line.Verdict = IsRefused
		case there && etag == etagOf(one.octets):
			line.Verdict = IsSame
		case there:
			line.Verdict = IsKnown
		}
		i.Lines = append(i.Lines, line)
	}
	return i, nil
}

func (s *Store) readImport(ctx context.Context, q database.Reader, caller portal.Caller, id string) (i Import, err error) {
	i.ID = id
	var made int64
	err = q.QueryRow(ctx, `
		SELECT book, file_name, state, replaces, made, reached, added, replaced FROM contact_imports
		WHERE collectivity = $1 AND agent = $2 AND id = $3`, string(caller.Collectivity), string(caller.Agent), id).
		Scan(&i.Book, &i.File, &i.State, &i.Replaces, &made, &i.Reached, &i.Added, &i.Replaced)
	i.Made = database.FromMillis(made)
	if err == nil {
		_, err = bookOf(ctx, q, caller, i.Book) // it may be hers no more
	}
	return i, err
}

func (s *Store) importedFile(ctx context.Context, caller portal.Caller, id string) (octets []byte, err error) {
	return octets, s.db.QueryRow(ctx, `SELECT octets FROM contact_imports WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id).Scan(&octets)
}

// known are the ETags of a book by UID.
func (s *Store) known(ctx context.Context, caller portal.Caller, book BookID) (map[string]string, error) {
	rows, err := s.db.Query(ctx, `SELECT uid, etag FROM contacts WHERE collectivity = $1 AND book = $2`, string(caller.Collectivity), string(book))
	all := map[string]string{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (uid string, err error) {
		var etag string
		err = rows.Scan(&uid, &etag)
		all[uid] = etag
		return uid, err
	})
	return all, err
}

// RunImport carries an import out until it is done, or until an instant: what is left goes on at the next call.
// replaces says what becomes of cards that the book has in another state; the first call decides. ErrFull when the
// book can't take them all: what was written stays.
func (s *Store) RunImport(ctx context.Context, caller portal.Caller, id string, replaces bool, until time.Time) error {
	octets, err := s.importedFile(ctx, caller, id)
	if err != nil {
		return fmt.Errorf("contacts: run import %.40q: %w", id, err)
	}
	for all := readFile(octets); ; {
		done, err := s.stepImport(ctx, caller, id, all, replaces)
		if err != nil {
			return fmt.Errorf("contacts: run import %.40q: %w", id, err)
		}
		if done || s.now().After(until) {
			return nil
		}
	}
}

// stepImport writes some cards, and says whether they were the last.
func (s *Store) stepImport(ctx context.Context, caller portal.Caller, id string, all []imported, replaces bool) (done bool, err error) {
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		i, err := s.readImport(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if _, err := writable(ctx, tx, caller, i.Book); err != nil {
			return err
		}
		if i.State == "done" {
			done = true
			return nil
		}
		if i.State == "planned" {
			i.Replaces = replaces
		}
		from, to := min(i.Reached, len(all)), min(i.Reached+importStep, len(all))
		for _, one := range all[from:to] {
			if err := s.importOne(ctx, tx, caller, &i, one); err != nil {
				return err
			}
		}
		i.Reached, i.State, done = to, "running", to == len(all)
		if done {
			i.State = "done"
		}
		return tx.Write(ctx, `
			UPDATE contact_imports SET state = $4, replaces = $5, reached = $6, added = $7, replaced = $8, octets = CASE WHEN $4 = 'done' THEN $9 ELSE octets END
			WHERE collectivity = $1 AND agent = $2 AND id = $3`,
			string(caller.Collectivity), string(caller.Agent), id, i.State, i.Replaces, i.Reached, i.Added, i.Replaced, []byte{})
	})
	return done, err
}

// importOne writes a card where the book has none of its UID, or in its place when that was decided.
func (s *Store) importOne(ctx context.Context, tx *database.Tx, caller portal.Caller, i *Import, one imported) error {
	if one.reason != "" {
		return nil
	}
	card, err := vcard.Parse(one.octets)
	if err != nil {
		return err
	}
	_, there, err := replaced(ctx, tx, caller, i.Book, "", one.uid)
	if err != nil || there.Name != "" && !i.Replaces {
		return err
	}
	name := there.Name
	if name == "" {
		name = portal.NewID() + portal.NewID() + ".vcf"
	}
	written, err := s.put(ctx, tx, caller, i.Book, name, card, one.octets, dav.Conditions{})
	switch {
	case err != nil:
		return err
	case written.Created:
		i.Added++
	case written.ETag != there.ETag:
		i.Replaced++
	}
	return nil
}

// isFull is for imports, which stop there.
func isFull(err error) bool { return errors.Is(err, ErrFull) }
