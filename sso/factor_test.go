package sso

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database/databasetest"
	"parvis/portal/seal"
)

// hand is an account with an application, and a clock.
type hand struct {
	*Factors
	caller portal.Caller
	secret []byte
	codes  []string
	clock  time.Time
}

func newHand(t *testing.T) *hand {
	t.Helper()
	db := databasetest.New(t)
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	h := &hand{caller: portal.Caller{Account: newAccount(t, db, "a")}, secret: newOTPSecret(), clock: time.Unix(1_800_000_000, 0)}
	h.Factors = &Factors{db: db, sealer: sealer, now: func() time.Time { return h.clock }, forget: func(portal.AccountID) {}}
	if h.codes, err = h.addApp(context.Background(), h.caller, h.secret, otpStep(h.clock), addition{first: true}); err != nil {
		t.Fatal(err)
	}
	return h
}

// give types the code of a step counted from now.
func (h *hand) give(away int64) error {
	return h.acceptCode(context.Background(), h.caller.Account, otpCode(h.secret, otpStep(h.clock)+away))
}

func reason(err error) audit.Reason {
	if err == nil {
		return ""
	}
	return ReasonOf(err)
}

func TestACodeServesOnce(t *testing.T) {
	h := newHand(t)
	if got := reason(h.give(0)); got != audit.Replayed {
		t.Errorf("the code that added the application gives %q, want replayed", got)
	}
	h.clock = h.clock.Add(otpPeriod)
	for _, want := range []audit.Reason{"", audit.Replayed} {
		if got := reason(h.give(0)); got != want {
			t.Errorf("reason %q, want %q", got, want)
		}
	}
	if got := reason(h.give(-1)); got != audit.Replayed {
		t.Errorf("the code before it: %q, want replayed", got)
	}
	if err := h.give(1); err != nil {
		t.Errorf("the code of a telephone that is ahead: %v", err)
	}
	h.clock = h.clock.Add(otpPeriod)
	if got := reason(h.give(0)); got != audit.Replayed {
		t.Errorf("the same again as time comes to it: %q, want replayed", got)
	}
}

// TestAClockSetBackOpensNothing: codes seen before serve no more when the
// server's clock goes back over them, and new ones do when it is right again.
func TestAClockSetBackOpensNothing(t *testing.T) {
	h := newHand(t)
	h.clock = h.clock.Add(10 * otpPeriod)
	if err := h.give(0); err != nil {
		t.Fatal(err)
	}
	h.clock = h.clock.Add(-5 * otpPeriod)
	for away := int64(-1); away <= 1; away++ {
		if got := reason(h.give(away)); got != audit.Replayed {
			t.Errorf("clock set back, step %d: %q, want replayed", away, got)
		}
	}
	h.clock = h.clock.Add(6 * otpPeriod)
	if err := h.give(0); err != nil {
		t.Errorf("the clock is right again: %v", err)
	}
}

// TestAFirstFactorIsAFirst: who proved a password alone adds none beside the one that
// the person has, however fast.
func TestAFirstFactorIsAFirst(t *testing.T) {
	h := newHand(t)
	_, err := h.addApp(context.Background(), h.caller, newOTPSecret(), otpStep(h.clock), addition{first: true})
	if !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a second first factor: %v, want ErrConflict", err)
	}
	h.clock = h.clock.Add(otpPeriod)
	if err := h.give(0); err != nil {
		t.Errorf("hers: %v", err)
	}
}

func TestOneOfManyAtOnceIsAccepted(t *testing.T) {
	h := newHand(t)
	h.clock = h.clock.Add(otpPeriod)
	for name, give := range map[string]func() error{
		"code":     func() error { return h.give(0) },
		"recovery": func() error { return h.acceptRecovery(context.Background(), h.caller.Account, h.codes[0]) },
	} {
		var mu sync.Mutex
		var waiting sync.WaitGroup
		accepted := 0
		for range 8 {
			waiting.Go(func() {
				err := give()
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					accepted++
				} else if !errors.Is(err, portal.ErrDenied) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		waiting.Wait()
		if accepted != 1 {
			t.Errorf("%s: %d of 8 at once were accepted", name, accepted)
		}
	}
}

func TestRecoveryCodesServeOnceAndAreRenewed(t *testing.T) {
	h, ctx := newHand(t), context.Background()
	if len(h.codes) != 10 {
		t.Fatalf("%d codes", len(h.codes))
	}
	give := func(code string) error { return h.acceptRecovery(ctx, h.caller.Account, code) }
	if err := give(" " + h.codes[0][:4] + " " + h.codes[0][5:]); err != nil {
		t.Errorf("typed with other spaces: %v", err)
	}
	for _, code := range []string{h.codes[0], "", "aaaa-aaaa-aaaa-aaaa", "é*(\\"} {
		if got := reason(give(code)); got != audit.Factor {
			t.Errorf("%q gives %q, want wrong", code, got)
		}
	}
	fresh, err := h.renewCodes(ctx, h.caller, "")
	if err != nil || len(fresh) != 10 {
		t.Fatalf("%d codes, %v", len(fresh), err)
	}
	if err := give(h.codes[1]); err == nil {
		t.Error("a code that was replaced still serves")
	}
	if err := give(fresh[1]); err != nil {
		t.Errorf("a new code: %v", err)
	}
	if held, err := h.Of(ctx, h.caller.Account); err != nil || held.Codes != 9 || !held.HasApp() {
		t.Errorf("held = %+v, %v", held, err)
	}
	if err := h.removeApp(ctx, h.caller, ""); err != nil {
		t.Fatal(err)
	}
	if err := give(fresh[2]); err == nil {
		t.Error("a recovery code serves after the last factor is gone")
	}
	if _, err := h.renewCodes(ctx, h.caller, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("codes without a factor: %v", err)
	}
}

// TestTheStoreHoldsNoSecretOfAFactor: a copy of it opens nothing.
func TestTheStoreHoldsNoSecretOfAFactor(t *testing.T) {
	h := newHand(t)
	var sealed []byte
	if err := h.db.QueryRow(context.Background(), `SELECT sealed FROM account_otp WHERE account = $1`, string(h.caller.Account)).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sealer.Open(aboutOTP("b"), sealed); err == nil {
		t.Error("a secret copied to another account opens there")
	}
	opened, err := h.sealer.Open(aboutOTP(h.caller.Account), sealed)
	if err != nil || string(opened) != string(h.secret) {
		t.Errorf("sealed secret: %v", err)
	}
}

func TestAFirstFactorIsTheFirst(t *testing.T) {
	h := newHand(t)
	_, err := h.addApp(context.Background(), h.caller, newOTPSecret(), 1, addition{first: true})
	if !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a first factor beside another: %v, want ErrConflict", err)
	}
}
