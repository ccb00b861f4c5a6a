package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Voucher is what an issuer gave to be asked about a person again.
type Voucher struct {
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	Token   string `json:"token"` // a refresh token
}

// aboutVoucher is what a sealed voucher is about.
func aboutVoucher(who holder) string {
	return "sso/voucher/" + string(who.home) + "/" + string(who.account)
}

func (s *Service) sealVoucher(who holder, one Voucher) ([]byte, error) {
	text, err := json.Marshal(one)
	if err != nil {
		return nil, fmt.Errorf("sso: seal voucher: %w", err)
	}
	return s.sealer.Seal(aboutVoucher(who), text), nil
}

// keepVoucher keeps what an issuer gave with an answer, in the place of what it
// gave before. The answer is as good as one about her: what was stopped serves
// again.
func (s *Service) keepVoucher(ctx context.Context, who holder, answer Answer) error {
	if answer.Refresh == "" {
		_, err := s.db.Exec(ctx, `DELETE FROM issuer_vouchers WHERE collectivity = $1 AND account = $2`, string(who.home), string(who.account))
		if err != nil {
			return fmt.Errorf("sso: drop voucher: %w", err)
		}
		return nil
	}
	sealed, err := s.sealVoucher(who, Voucher{Issuer: answer.Issuer, Subject: answer.Subject, Token: answer.Refresh})
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `
		INSERT INTO issuer_vouchers (collectivity, account, id, sealed, asked) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collectivity, account) DO UPDATE SET id = excluded.id, sealed = excluded.sealed, asked = excluded.asked`,
		string(who.home), string(who.account), portal.NewID(), sealed, database.Millis(s.now()))
	if err != nil {
		return fmt.Errorf("sso: keep voucher: %w", err)
	}
	return s.resume(ctx, who)
}

// voucherLeft is how long a voucher may be without session and app password: the
// sign-in that it came with has another step.
const voucherLeft = time.Hour

// dropVouchers forgets those that nothing hangs on.
func (s *Service) dropVouchers(ctx context.Context) error {
	_, err := s.db.Exec(ctx, `
		DELETE FROM issuer_vouchers WHERE asked < $1
		AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.account = issuer_vouchers.account AND s.home = issuer_vouchers.collectivity)
		AND NOT EXISTS (SELECT 1 FROM app_passwords p WHERE p.account = issuer_vouchers.account AND p.home = issuer_vouchers.collectivity)`,
		database.Millis(s.now().Add(-voucherLeft)))
	return err
}

// keptVoucher is a voucher in the store.
type keptVoucher struct {
	holder
	id     string
	sealed []byte // empty once the issuer vouches for her no more
	asked  int64
}

// askIssuer asks the issuer of a collectivity about people. Those whom it gave no
// voucher for go on. A silent issuer is left alone until the next look.
func (s *Service) askIssuer(ctx context.Context, method Method, people waiting) (verdicts, error) {
	known := verdicts{}
	for _, account := range slices.Sorted(maps.Keys(people)) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		vouches, err := s.askAbout(ctx, method, holder{method.Collectivity, account})
		if err != nil {
			s.log.Warn("a person with sessions not checked", "collectivity", method.Collectivity, "account", account, "error", err)
			if errors.Is(err, portal.ErrUnavailable) {
				return known, nil
			}
			continue
		}
		known[account] = ""
		if !vouches {
			known[account] = audit.Unvouched
		}
	}
	return known, nil
}

// askAbout asks an issuer about a person, unless a node asked a while ago.
func (s *Service) askAbout(ctx context.Context, method Method, who holder) (vouches bool, err error) {
	one := keptVoucher{holder: who}
	err = s.db.QueryRow(ctx, `SELECT id, sealed, asked FROM issuer_vouchers WHERE collectivity = $1 AND account = $2`,
		string(who.home), string(who.account)).Scan(&one.id, &one.sealed, &one.asked)
	if errors.Is(err, portal.ErrNotFound) {
		return true, nil
	}
	now := s.now()
	if err != nil {
		return false, err
	}
	if refused := len(one.sealed) == 0; refused || now.Sub(database.FromMillis(one.asked)) < recheckEvery {
		return !refused, nil
	}
	err = database.OneRow(s.db.Exec(ctx, `
		UPDATE issuer_vouchers SET asked = $1 WHERE collectivity = $2 AND account = $3 AND id = $4 AND asked = $5`,
		database.Millis(now), string(who.home), string(who.account), one.id, one.asked))
	if errors.Is(err, portal.ErrNotFound) {
		return true, nil // another node asks
	}
	if err != nil {
		return false, err
	}
	return s.renew(ctx, method, one)
}

// renew shows a voucher to its issuer and keeps what comes back, also when the
// process is being stopped: the next one needs it.
func (s *Service) renew(ctx context.Context, method Method, one keptVoucher) (vouches bool, err error) {
	var held Voucher
	text, err := s.sealer.Open(aboutVoucher(one.holder), one.sealed)
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, &held); err != nil {
		return false, fmt.Errorf("sso: read voucher: %w", err)
	}
	ctx = context.WithoutCancel(ctx)
	token, vouches, failed := s.issuers.Renew(ctx, method, held)
	if failed != nil && token == "" { // as if it had not been asked
		return false, errors.Join(failed, s.setVoucher(ctx, one, one.sealed, one.asked))
	}
	held.Token = token
	sealed, err := s.sealVoucher(one.holder, held)
	if err != nil {
		return false, err
	}
	if failed == nil && !vouches {
		sealed = []byte{}
	}
	err = s.setVoucher(ctx, one, sealed, database.Millis(s.now()))
	if errors.Is(err, portal.ErrNotFound) {
		return true, nil // she signed in meanwhile
	}
	return vouches, errors.Join(failed, err)
}

// setVoucher writes what became of a voucher; portal.ErrNotFound when there is
// another one.
func (s *Service) setVoucher(ctx context.Context, one keptVoucher, sealed []byte, asked int64) error {
	return database.OneRow(s.db.Exec(ctx, `
		UPDATE issuer_vouchers SET sealed = $1, asked = $2 WHERE collectivity = $3 AND account = $4 AND id = $5`,
		sealed, asked, string(one.home), string(one.account), one.id))
}
