package sso

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/seal"
)

// Factors keeps what accounts prove beside their password: an application that
// makes codes, passkeys, and recovery codes for who lost both.
type Factors struct {
	db     *database.DB
	sealer *seal.Sealer
	now    func() time.Time
	forget func(portal.AccountID) // its sessions were changed
}

// Held is what an account has.
type Held struct {
	App   time.Time // when the application was added, zero without
	Keys  []Key     // the oldest first
	Codes int       // recovery codes that are left
}

// Any says whether the account has a second factor; recovery codes are none.
func (h Held) Any() bool { return h.HasApp() || len(h.Keys) > 0 }

// HasApp says whether the account has an application that makes codes.
func (h Held) HasApp() bool { return !h.App.IsZero() }

// Key is a passkey.
type Key struct {
	ID            string
	Name          string
	Created, Used time.Time // Used is zero when it never was
	record        webauthn.Credential
}

// Synced says whether copies of the key may be on several devices.
func (k Key) Synced() bool { return k.record.Flags.BackupEligible }

const (
	maxPasskeys   = 10
	maxKeyName    = 60
	recoveryCodes = 10
)

// Of returns what an account has. One that has nothing costs one query.
func (f *Factors) Of(ctx context.Context, account portal.AccountID) (Held, error) {
	rows, err := f.db.Query(ctx, `
		SELECT 'app', '', '', '', created, 0 FROM account_otp WHERE account = $1
		UNION ALL SELECT 'key', id, name, record, created, used FROM account_keys WHERE account = $1
		UNION ALL SELECT 'code', '', '', '', COUNT(*), 0 FROM account_recovery_codes WHERE account = $1 ORDER BY 5, 2`, string(account))
	var held Held
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) { return struct{}{}, held.scan(rows) })
	if err != nil {
		return Held{}, fmt.Errorf("sso: read factors: %w", err)
	}
	return held, nil
}

func (h *Held) scan(rows *sql.Rows) error {
	var kind, id, name, record string
	var created, used int64
	if err := rows.Scan(&kind, &id, &name, &record, &created, &used); err != nil {
		return err
	}
	switch kind {
	case "app":
		h.App = database.FromMillis(created)
	case "code":
		h.Codes = int(created)
	case "key":
		key := Key{ID: id, Name: name, Created: database.FromMillis(created), Used: database.FromMillis(used)}
		if err := json.Unmarshal([]byte(record), &key.record); err != nil {
			return err
		}
		h.Keys = append(h.Keys, key)
	}
	return nil
}

// aboutOTP is what the sealed secret of an account's application is about.
func aboutOTP(account portal.AccountID) string { return "sso/otp/" + string(account) }

// errHasFactor is for who would add a factor where only a first one may be: a
// password alone must not be enough to get round a factor.
var errHasFactor = portal.UserError{Kind: portal.ErrConflict, Key: "sso.error.has-factor"}

// addition is a factor about to be added.
type addition struct {
	first   bool // only when the account has none
	address string
	detail  string // "otp", "key"
	object  string // name of a key
	write   func(tx *database.Tx) error
}

// add writes a factor. With the first one come recovery codes, returned to be
// shown once.
func (f *Factors) add(ctx context.Context, caller portal.Caller, what addition) (codes []string, err error) {
	err = f.db.Tx(ctx, func(tx *database.Tx) error {
		codes = nil // the transaction may run again
		count, err := countFactors(ctx, tx, caller.Account)
		if err != nil {
			return err
		}
		if what.first && count > 0 {
			return errHasFactor
		}
		if err := what.write(tx); err != nil {
			return err
		}
		if count == 0 {
			if codes, err = writeCodes(ctx, tx, caller.Account); err != nil {
				return err
			}
		}
		return writeLine(ctx, tx, caller, audit.FactorAdded, what.object, what.detail, what.address)
	})
	if err != nil {
		return nil, fmt.Errorf("sso: add factor: %w", err)
	}
	return codes, nil
}

func countFactors(ctx context.Context, tx *database.Tx, account portal.AccountID) (count int, err error) {
	err = tx.QueryRow(ctx, `
		SELECT (SELECT COUNT(*) FROM account_otp WHERE account = $1) + (SELECT COUNT(*) FROM account_keys WHERE account = $1)`,
		string(account)).Scan(&count)
	return count, err
}

func writeLine(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, object, detail, address string) error {
	line := audit.By(caller, action)
	line.Object, line.Detail, line.Address = object, detail, address
	return audit.Write(ctx, tx, line)
}

// addApp keeps the secret of an application whose code of a step was typed. It
// takes the place of the one before.
func (f *Factors) addApp(ctx context.Context, caller portal.Caller, secret []byte, step int64, what addition) ([]string, error) {
	sealed := f.sealer.Seal(aboutOTP(caller.Account), secret)
	what.detail = "otp"
	what.write = func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO account_otp (account, sealed, step, created) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed, step = excluded.step, created = excluded.created`,
			string(caller.Account), sealed, step, database.Millis(f.now()))
		return err
	}
	return f.add(ctx, caller, what)
}

// addKey keeps a passkey. portal.FieldErrors when its name is not fit, or there
// are too many.
func (f *Factors) addKey(ctx context.Context, caller portal.Caller, name string, credential webauthn.Credential, what addition) ([]string, error) {
	if err := checkKeyName(name); err != nil {
		return nil, err
	}
	record, err := json.Marshal(credential)
	if err != nil {
		return nil, fmt.Errorf("sso: add key: %w", err)
	}
	what.detail, what.object = "key", name
	what.write = func(tx *database.Tx) error {
		var count int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM account_keys WHERE account = $1`, string(caller.Account)).Scan(&count); err != nil {
			return err
		}
		if count >= maxPasskeys {
			return portal.FieldErrors{portal.Invalid("name", "sso.error.key-many")}
		}
		_, err := tx.Exec(ctx, `INSERT INTO account_keys (account, id, credential, record, name, created) VALUES ($1, $2, $3, $4, $5, $6)`,
			string(caller.Account), portal.NewID(), credential.ID, string(record), name, database.Millis(f.now()))
		return err
	}
	codes, err := f.add(ctx, caller, what)
	if database.IsDuplicate(err) {
		return nil, errKey // a key of somebody, maybe hers: its name is unique in the world
	}
	return codes, err
}

func checkKeyName(name string) error {
	switch {
	case name == "":
		return portal.FieldErrors{portal.Invalid("name", "sso.error.key-name")}
	case len([]rune(name)) > maxKeyName || strings.ContainsAny(name, "\r\n"):
		return portal.FieldErrors{portal.Invalid("name", "sso.error.app-name-long")}
	}
	return nil
}

// removeApp forgets the application. portal.ErrNotFound without.
func (f *Factors) removeApp(ctx context.Context, caller portal.Caller, address string) error {
	return f.remove(ctx, caller, "otp", address, func(tx *database.Tx) (string, error) {
		return "", database.OneRow(tx.Exec(ctx, `DELETE FROM account_otp WHERE account = $1`, string(caller.Account)))
	})
}

// removeKey forgets a key. portal.ErrNotFound when it is not hers.
func (f *Factors) removeKey(ctx context.Context, caller portal.Caller, id, address string) error {
	return f.remove(ctx, caller, "key", address, func(tx *database.Tx) (name string, err error) {
		err = tx.QueryRow(ctx, `SELECT name FROM account_keys WHERE account = $1 AND id = $2`, string(caller.Account), id).Scan(&name)
		if err != nil {
			return "", err
		}
		return name, database.OneRow(tx.Exec(ctx, `DELETE FROM account_keys WHERE account = $1 AND id = $2`, string(caller.Account), id))
	})
}

// remove forgets a factor, and the recovery codes with the last one.
func (f *Factors) remove(ctx context.Context, caller portal.Caller, detail, address string, write func(tx *database.Tx) (string, error)) error {
	err := f.db.Tx(ctx, func(tx *database.Tx) error {
		object, err := write(tx)
		if err != nil {
			return err
		}
		count, err := countFactors(ctx, tx, caller.Account)
		if err != nil {
			return err
		}
		if count == 0 {
			if _, err := tx.Exec(ctx, `DELETE FROM account_recovery_codes WHERE account = $1`, string(caller.Account)); err != nil {
				return err
			}
		}
		return writeLine(ctx, tx, caller, audit.FactorRemoved, object, detail, address)
	})
	if err != nil {
		return fmt.Errorf("sso: remove factor: %w", err)
	}
	return nil
}

// renewCodes replaces the recovery codes. portal.ErrNotFound for who has no
// factor that they could stand for.
func (f *Factors) renewCodes(ctx context.Context, caller portal.Caller, address string) (codes []string, err error) {
	err = f.db.Tx(ctx, func(tx *database.Tx) error {
		count, err := countFactors(ctx, tx, caller.Account)
		if err != nil {
			return err
		}
		if count == 0 {
			return portal.ErrNotFound
		}
		if codes, err = writeCodes(ctx, tx, caller.Account); err != nil {
			return err
		}
		return writeLine(ctx, tx, caller, audit.FactorCodes, "", "", address)
	})
	if err != nil {
		return nil, fmt.Errorf("sso: renew recovery codes: %w", err)
	}
	return codes, nil
}

// writeCodes draws recovery codes in the place of those that are left.
func writeCodes(ctx context.Context, tx *database.Tx, account portal.AccountID) ([]string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM account_recovery_codes WHERE account = $1`, string(account)); err != nil {
		return nil, err
	}
	codes := make([]string, recoveryCodes)
	for i := range codes {
		code := portal.NewID()
		hash := sha256.Sum256([]byte(code))
		_, err := tx.Exec(ctx, `INSERT INTO account_recovery_codes (account, hash) VALUES ($1, $2)`, string(account), hash[:])
		if err != nil {
			return nil, err
		}
		codes[i] = strings.Join([]string{code[:4], code[4:8], code[8:12], code[12:]}, "-")
	}
	return codes, nil
}

// The refusals of a second factor.
var (
	errCode     = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.code", Field: "code"}
	errReplayed = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.replayed", Field: "code"}
	errRecovery = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.recovery", Field: "code"}
	errKey      = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.key"}
)

// acceptCode takes the code of an application, once: its step and those before
// it serve no more, also when the clock is set back.
func (f *Factors) acceptCode(ctx context.Context, account portal.AccountID, typed string) error {
	var sealed []byte
	err := f.db.QueryRow(ctx, `SELECT sealed FROM account_otp WHERE account = $1`, string(account)).Scan(&sealed)
	if errors.Is(err, portal.ErrNotFound) {
		return Because(errCode, audit.Factor)
	}
	if err != nil {
		return fmt.Errorf("sso: read code: %w", err)
	}
	secret, err := f.sealer.Open(aboutOTP(account), sealed)
	if err != nil {
		return fmt.Errorf("sso: read code: %w", err)
	}
	step, ok := otpMatch(secret, typed, f.now())
	if !ok {
		return Because(errCode, audit.Factor)
	}
	err = database.OneRow(f.db.Exec(ctx, `UPDATE account_otp SET step = $1 WHERE account = $2 AND step < $1`, step, string(account)))
	if errors.Is(err, portal.ErrNotFound) {
		return Because(errReplayed, audit.Replayed)
	}
	return err
}

// acceptRecovery takes a recovery code, once.
func (f *Factors) acceptRecovery(ctx context.Context, account portal.AccountID, typed string) error {
	plain := strings.NewReplacer("-", "", " ", "", "\u00a0", "").Replace(strings.ToLower(strings.TrimSpace(typed)))
	hash := sha256.Sum256([]byte(plain))
	err := database.OneRow(f.db.Exec(ctx, `DELETE FROM account_recovery_codes WHERE account = $1 AND hash = $2`, string(account), hash[:]))
	if errors.Is(err, portal.ErrNotFound) {
		return Because(errRecovery, audit.Factor)
	}
	return err
}

// usedKey writes what a key's use changed: its counter and its hour.
func (f *Factors) usedKey(ctx context.Context, account portal.AccountID, credential webauthn.Credential) error {
	record, err := json.Marshal(credential)
	if err != nil {
		return fmt.Errorf("sso: key used: %w", err)
	}
	err = database.OneRow(f.db.Exec(ctx, `UPDATE account_keys SET record = $1, used = $2 WHERE account = $3 AND credential = $4`,
		string(record), database.Millis(f.now()), string(account), credential.ID))
	if err != nil {
		return fmt.Errorf("sso: key used: %w", err)
	}
	return nil
}

// ready says which of some accounts have a second factor.
func (f *Factors) ready(ctx context.Context, accounts []portal.AccountID) (map[portal.AccountID]bool, error) {
	found := map[portal.AccountID]bool{}
	const atOnce = 500 // parameters of a query
	for part := range slices.Chunk(accounts, atOnce) {
		args := make([]any, len(part))
		for i, account := range part {
			args[i] = string(account)
		}
		in := database.Params(1, len(part))
		rows, err := f.db.Query(ctx, `SELECT account FROM account_otp WHERE account IN (`+in+`)
			UNION SELECT account FROM account_keys WHERE account IN (`+in+`)`, args...)
		some, err := database.Collect(rows, err, func(rows *sql.Rows) (account portal.AccountID, err error) {
			return account, rows.Scan(&account)
		})
		if err != nil {
			return nil, fmt.Errorf("sso: who has factors: %w", err)
		}
		for _, account := range some {
			found[account] = true
		}
	}
	return found, nil
}

// reset forgets every factor of a member of the caller's collectivity and ends
// all her sessions.
func (f *Factors) reset(ctx context.Context, caller portal.Caller, member Member, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("sso: reset factors: %w", err)
	}
	err := f.db.Tx(ctx, func(tx *database.Tx) error {
		for _, remove := range []string{
			`DELETE FROM account_otp WHERE account = $1`, `DELETE FROM account_keys WHERE account = $1`,
			`DELETE FROM account_recovery_codes WHERE account = $1`, `DELETE FROM sessions WHERE account = $1`,
		} {
			if _, err := tx.Exec(ctx, remove, string(member.Account)); err != nil {
				return err
			}
		}
		line := audit.By(caller, audit.FactorsReset)
		line.Object, line.ObjectID, line.Address = member.Name, string(member.Agent), address
		return audit.Write(ctx, tx, line)
	})
	f.forget(member.Account)
	if err != nil {
		return fmt.Errorf("sso: reset factors: %w", err)
	}
	return nil
}
