package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/sso"
)

// Account is a person who signs in. It belongs to no collectivity.
type Account struct {
	ID       portal.AccountID
	Login    string        // canonical, "accueil@bourg.example" or the code of a card
	Language i18n.Language // "" follows the collectivity
	Scheme   string        // "light", "dark", "" follows the system
	Active   bool
}

// CreateAccount adds an account that signs in with a login. An administrator
// may not take an address of another collectivity's domain: its owner would
// find the account made and its password chosen by a stranger.
func (s *Store) CreateAccount(ctx context.Context, caller portal.Caller, login string) (portal.AccountID, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: create account: %w", err)
	}
	var id portal.AccountID
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		id, err = s.insertAccount(ctx, tx, caller, login)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("directory: create account: %w", err)
	}
	return id, nil
}

func (s *Store) insertAccount(ctx context.Context, tx *database.Tx, caller portal.Caller, login string) (portal.AccountID, error) {
	canonical, ok := sso.CanonicalLogin(login)
	if !ok {
		return "", portal.FieldErrors{portal.Invalid("login", "directory.error.login")}
	}
	if err := ownLogin(ctx, tx, caller, canonical); err != nil {
		return "", err
	}
	var taken string
	err := tx.QueryRow(ctx, `SELECT id FROM accounts WHERE login = $1`, canonical).Scan(&taken)
	if err == nil {
		return "", portal.FieldErrors{portal.Invalid("login", "directory.error.login.taken")}
	}
	if !errors.Is(err, portal.ErrNotFound) {
		return "", err
	}
	id := portal.AccountID(portal.NewID())
	_, err = tx.Exec(ctx, `INSERT INTO accounts (id, login, active, created) VALUES ($1, $2, TRUE, $3)`,
		string(id), canonical, database.Millis(s.now()))
	return id, err
}

// ownLogin refuses a login in the domain of another collectivity.
func ownLogin(ctx context.Context, tx *database.Tx, caller portal.Caller, canonical string) error {
	domain := sso.LoginDomain(canonical)
	if domain == "" {
		return nil
	}
	var owner portal.CollectivityID
	err := tx.QueryRow(ctx, `SELECT collectivity FROM collectivity_domains WHERE domain = $1`, domain).Scan(&owner)
	if errors.Is(err, portal.ErrNotFound) {
		return nil
	}
	pool := isInstallation(caller) && caller.Collectivity == ""
	if err == nil && owner != caller.Collectivity && !pool {
		return portal.FieldErrors{portal.Invalid("login", "directory.error.login.elsewhere")}
	}
	return err
}

const accountColumns = `id, login, language, scheme, active`

func scanAccount(row database.Row) (Account, error) {
	var a Account
	err := row.Scan(&a.ID, &a.Login, &a.Language, &a.Scheme, &a.Active)
	return a, err
}

// Account returns an account; portal.ErrNotFound when there is none.
func (s *Store) Account(ctx context.Context, id portal.AccountID) (Account, error) {
	account, err := scanAccount(s.db.QueryRow(ctx, `SELECT `+accountColumns+` FROM accounts WHERE id = $1`, string(id)))
	if err != nil {
		return Account{}, fmt.Errorf("directory: read account: %w", err)
	}
	return account, nil
}

// AccountByLogin returns the account that signs in with a login, however it is
// written; portal.ErrNotFound when there is none.
func (s *Store) AccountByLogin(ctx context.Context, login string) (Account, error) {
	canonical, ok := sso.CanonicalLogin(login)
	if !ok {
		return Account{}, fmt.Errorf("directory: find account: %w", portal.ErrNotFound)
	}
	account, err := scanAccount(s.db.QueryRow(ctx, `SELECT `+accountColumns+` FROM accounts WHERE login = $1`, canonical))
	if err != nil {
		return Account{}, fmt.Errorf("directory: find account: %w", err)
	}
	return account, nil
}

// SetAccountActive opens or closes an account. Closed, its sessions and app
// passwords serve no more from the next request on. It is for the operator of
// the pool: a collectivity closes its agent, which leaves others alone.
func (s *Store) SetAccountActive(ctx context.Context, caller portal.Caller, account portal.AccountID, active bool) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: set account active: %w", err)
	}
	err := database.OneRow(s.db.Exec(ctx, `UPDATE accounts SET active = $1 WHERE id = $2`, active, string(account)))
	if err != nil {
		return fmt.Errorf("directory: set account active: %w", err)
	}
	s.changed(account)
	return nil
}

// SetPreferences keeps how a person wants her pages, everywhere she is an
// agent. FieldErrors when a value is none of those that exist.
func (s *Store) SetPreferences(ctx context.Context, account portal.AccountID, language i18n.Language, scheme string) error {
	var wrong portal.Check
	if _, known := i18n.Parse(string(language)); language != "" && !known {
		wrong.Add("language", "directory.error.language")
	}
	if !slices.Contains([]string{"", "light", "dark"}, scheme) {
		wrong.Add("scheme", "directory.error.scheme")
	}
	if err := wrong.OrNil(); err != nil {
		return fmt.Errorf("directory: set preferences: %w", err)
	}
	err := database.OneRow(s.db.Exec(ctx, `UPDATE accounts SET language = $1, scheme = $2 WHERE id = $3`,
		string(language), scheme, string(account)))
	if err != nil {
		return fmt.Errorf("directory: set preferences: %w", err)
	}
	s.changed(account)
	return nil
}

// LanguageOf is the language that the caller reads: hers, else that of her collectivity.
// It is for what asks without a page, as a telephone does.
func (s *Store) LanguageOf(ctx context.Context, caller portal.Caller) (i18n.Language, error) {
	var own, common i18n.Language
	err := s.db.QueryRow(ctx, `SELECT COALESCE(a.language, ''), c.language FROM collectivities c LEFT JOIN accounts a ON a.id = $2 WHERE c.id = $1`,
		string(caller.Collectivity), string(caller.Account)).Scan(&own, &common)
	if err != nil {
		return "", fmt.Errorf("directory: read language: %w", err)
	}
	return cmp.Or(own, common), nil
}

// GrantPool lets an account operate the pool. It is a step of set-up.
func (s *Store) GrantPool(ctx context.Context, account portal.AccountID) error {
	_, err := s.db.Exec(ctx, `INSERT INTO account_rights (account, right_name) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		string(account), string(portal.OperatePool))
	if err != nil {
		return fmt.Errorf("directory: grant the pool: %w", err)
	}
	s.changed(account)
	return nil
}
