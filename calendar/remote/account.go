package remote

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outgoing"
	"parvis/portal/quota"
)

// AccountID names an account of an agent on another server, "k3v9m2p7q4r8s6t2".
type AccountID string

// Account is an agent's account on another server; its password is never shown.
type Account struct {
	ID      AccountID
	Name    string // that she chose: "Nextcloud"
	URL     string
	Login   string
	Read    time.Time // when the server last answered, UTC; zero: never
	Tried   time.Time // when it was last asked
	Fault   string    // key of the sentence of the last try, "" when it went well
	Skipped int       // objects of the last reading that could not be understood
	sealed  []byte
	written int64 // how many times something was written there
}

// Draft is what the form of an account holds.
type Draft struct{ Name, URL, Login, Password string }

// maxAccounts is how many an agent may have: each is asked every few minutes.
const maxAccounts = 10

// check refuses a draft in the order of the form's fields.
func (s *Store) check(d Draft) error {
	var errs portal.FieldErrors
	if _, ok := s.address(d.URL); !ok {
		errs = append(errs, portal.Invalid("url", "remote.error.url"))
	}
	if strings.TrimSpace(d.Login) == "" || len(d.Login) > 300 {
		errs = append(errs, portal.Invalid("login", "remote.error.login"))
	}
	if d.Password == "" || len(d.Password) > 1000 {
		errs = append(errs, portal.Invalid("password", "remote.error.password"))
	}
	if utf8.RuneCountInString(d.Name) > 60 {
		errs = append(errs, portal.Invalid("name", "remote.error.name"))
	}
	return errs.OrNil()
}

// Add keeps an account after reading it once: one that can't be read is refused with the reason,
// a *Fault, and nothing is kept. Dates of its events without zone are read in zone.
func (s *Store) Add(ctx context.Context, caller portal.Caller, d Draft, zone *time.Location) (AccountID, error) {
	if err := s.check(d); err != nil {
		return "", err
	}
	accounts, err := s.Accounts(ctx, caller)
	if err != nil {
		return "", err
	}
	if len(accounts) >= maxAccounts {
		return "", portal.UserError{Kind: portal.ErrConflict, Key: "remote.error.many", Args: []any{"max", maxAccounts}}
	}
	address, _ := s.address(d.URL)
	id := AccountID(portal.NewID())
	found, err := s.read(outgoing.In(ctx, caller.Collectivity), access{address.String(), d.Login, d.Password, id}, zone)
	if err != nil {
		return "", err
	}
	a := Account{ID: id, Name: strings.TrimSpace(d.Name), URL: address.String(), Login: strings.TrimSpace(d.Login)}
	if a.Name == "" {
		a.Name = address.Hostname()
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO remote_accounts (collectivity, id, agent, name, url, login, sealed, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			string(caller.Collectivity), string(a.ID), string(caller.Agent), a.Name, a.URL, a.Login,
			s.Sealer.Seal(about(caller, a.ID), []byte(d.Password)), database.Millis(s.Now()))
		if err != nil {
			return err
		}
		err = quota.Check(ctx, tx, caller.Collectivity, quota.Subscriptions, func() (int64, error) { return quota.CountOne(ctx, tx, countAccounts, caller.Collectivity) })
		if err != nil {
			return err
		}
		return s.keep(ctx, tx, caller, a, found)
	})
	if err != nil {
		return "", fmt.Errorf("remote: add: %w", err)
	}
	return a.ID, nil
}

const countAccounts = `SELECT COUNT(*) FROM remote_accounts WHERE collectivity = $1`

// Used counts the accounts that the agents of collectivities linked.
func (s *Store) Used() quota.Use {
	return quota.Use{
		All: func(ctx context.Context) (map[portal.CollectivityID]int64, error) {
			return quota.Count(ctx, s.DB, `SELECT collectivity, COUNT(*) FROM remote_accounts GROUP BY collectivity`)
		},
		One: func(ctx context.Context, id portal.CollectivityID) (int64, error) {
			return quota.CountOne(ctx, s.DB, countAccounts, id)
		},
	}
}

// about says whose sealed password it is.
func about(caller portal.Caller, id AccountID) string {
	return "remote/" + string(caller.Collectivity) + "/" + string(id)
}

const selectAccounts = `SELECT id, name, url, login, sealed, read_at, tried, fault, skipped, written FROM remote_accounts
	WHERE collectivity = $1 AND agent = $2`

// Accounts are the caller's, sorted by name.
func (s *Store) Accounts(ctx context.Context, caller portal.Caller) ([]Account, error) {
	rows, err := s.DB.Query(ctx, selectAccounts+` ORDER BY name, id`, string(caller.Collectivity), string(caller.Agent))
	all, err := database.Collect(rows, err, scanAccount)
	if err != nil {
		return nil, fmt.Errorf("remote: accounts: %w", err)
	}
	return all, nil
}

func (s *Store) account(ctx context.Context, caller portal.Caller, id AccountID) (Account, error) {
	rows, err := s.DB.Query(ctx, selectAccounts+` AND id = $3`, string(caller.Collectivity), string(caller.Agent), string(id))
	all, err := database.Collect(rows, err, scanAccount)
	if err == nil && len(all) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Account{}, fmt.Errorf("remote: account %.40q: %w", id, err)
	}
	return all[0], nil
}

func scanAccount(rows *sql.Rows) (Account, error) {
	var a Account
	var read, tried int64
	err := rows.Scan(&a.ID, &a.Name, &a.URL, &a.Login, &a.sealed, &read, &tried, &a.Fault, &a.Skipped, &a.written)
	if read != 0 {
		a.Read = database.FromMillis(read)
	}
	if tried != 0 {
		a.Tried = database.FromMillis(tried)
	}
	return a, err
}

// Remove forgets an account with all that was read of it.
func (s *Store) Remove(ctx context.Context, caller portal.Caller, id AccountID) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `DELETE FROM remote_accounts WHERE collectivity = $1 AND agent = $2 AND id = $3`,
			string(caller.Collectivity), string(caller.Agent), string(id)))
		if err != nil {
			return err
		}
		return s.empty(ctx, tx, caller, id)
	})
	if err != nil {
		return fmt.Errorf("remote: remove %.40q: %w", id, err)
	}
	return nil
}

// Refresh reads an account now. A server that can't be read is a *Fault, which is also kept to be
// shown; what was read before stays.
func (s *Store) Refresh(ctx context.Context, caller portal.Caller, id AccountID, zone *time.Location) error {
	a, err := s.account(ctx, caller, id)
	if err != nil {
		return err
	}
	password, err := s.Sealer.Open(about(caller, id), a.sealed)
	if err != nil {
		return fmt.Errorf("remote: account %.40q: %w", id, err)
	}
	found, err := s.read(outgoing.In(ctx, caller.Collectivity), access{a.URL, a.Login, string(password), id}, zone)
	var fault *Fault
	switch {
	case errors.As(err, &fault):
		return errors.Join(err, s.keepFault(context.WithoutCancel(ctx), caller, id, fault.Key))
	case err != nil:
		return err
	}
	err = s.DB.Tx(ctx, func(tx *database.Tx) error { return s.keep(ctx, tx, caller, a, found) })
	if err != nil {
		return fmt.Errorf("remote: keep %.40q: %w", id, err)
	}
	return nil
}

func (s *Store) keepFault(ctx context.Context, caller portal.Caller, id AccountID, key string) error {
	_, err := s.DB.Exec(ctx, `UPDATE remote_accounts SET tried = $3, fault = $4 WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), string(id), database.Millis(s.Now()), key)
	return err
}

// keep replaces what was read of an account. A reading that is the one kept already only changes its
// hour: agendas are read every few minutes, and SQLite has one writer. One that began before something was
// written there is of before, and is forgotten: the account stays due. portal.ErrNotFound: the account was
// removed meanwhile.
func (s *Store) keep(ctx context.Context, tx *database.Tx, caller portal.Caller, a Account, found reading) error {
	now := database.Millis(s.Now())
	checksum, err := found.checksum()
	if err != nil {
		return err
	}
	var kept string
	var written int64
	err = tx.QueryRow(ctx, `SELECT checksum, written FROM remote_accounts WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), string(a.ID)).Scan(&kept, &written)
	if err != nil || written != a.written {
		return err
	}
	err = database.OneRow(tx.Exec(ctx, `
		UPDATE remote_accounts SET tried = $3, read_at = $3, fault = '', skipped = $4, checksum = $5 WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), string(a.ID), now, found.skipped, checksum))
	if err != nil || checksum == kept {
		return err
	}
	if err := s.empty(ctx, tx, caller, a.ID); err != nil {
		return err
	}
	for _, c := range found.calendars {
		if err := s.keepCalendar(ctx, tx, caller, a.ID, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keepCalendar(ctx context.Context, tx *database.Tx, caller portal.Caller, id AccountID, c readCalendar) error {
	at := calendarID(id, c.path)
	_, err := tx.Exec(ctx, `INSERT INTO remote_calendars (collectivity, id, account, path, name, writable) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (collectivity, id) DO NOTHING`,
		string(caller.Collectivity), string(at), string(id), c.path, c.name, c.writable)
	if err != nil {
		return err
	}
	for _, in := range c.instances {
		if err := s.keepInstance(ctx, tx, caller, at, in); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keepInstance(ctx context.Context, tx *database.Tx, caller portal.Caller, at calendar.CalendarID, in instance) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO remote_instances (collectivity, calendar, id, uid, starts, ends, all_day, title, location, description, status, transparent,
			object, recurrence, meeting)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (collectivity, calendar, id) DO NOTHING`,
		string(caller.Collectivity), string(at), string(in.Event), in.UID, database.Millis(in.Start), database.Millis(in.End),
		in.AllDay, in.Title, in.Location, in.Description, in.Status, in.Transparent,
		in.Name, sql.NullInt64{Int64: database.Millis(in.Recurrence), Valid: !in.Recurrence.IsZero()}, in.Meeting)
	return err
}

// empty forgets what was read of an account.
func (s *Store) empty(ctx context.Context, tx *database.Tx, caller portal.Caller, id AccountID) error {
	for _, text := range []string{
		`DELETE FROM remote_instances WHERE collectivity = $1 AND calendar IN (
			SELECT id FROM remote_calendars WHERE collectivity = $1 AND account = $2)`,
		`DELETE FROM remote_calendars WHERE collectivity = $1 AND account = $2`,
	} {
		if _, err := tx.Exec(ctx, text, string(caller.Collectivity), string(id)); err != nil {
			return err
		}
	}
	return nil
}
