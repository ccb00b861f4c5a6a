package sso

import (
	"strings"
	"testing"
	"time"
)

// TestCodesAreThoseOfTheSpecification: RFC 6238, appendix B, its last six digits.
func TestCodesAreThoseOfTheSpecification(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := otpCode(secret, otpStep(time.Unix(at, 0))); got != want {
			t.Errorf("code at %d = %s, want %s", at, got, want)
		}
	}
}

func TestClockSkewOfATelephoneIsOneStep(t *testing.T) {
	secret, now := newOTPSecret(), time.Unix(1_800_000_000, 0)
	for away, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		code := otpCode(secret, otpStep(now)+away)
		step, ok := otpMatch(secret, code, now)
		if ok != want || ok && step != otpStep(now)+away {
			t.Errorf("%d steps away: %v, step %d", away, ok, step-otpStep(now))
		}
	}
	code := otpCode(secret, otpStep(now))
	for typed, want := range map[string]bool{
		code: true, " " + code[:3] + " " + code[3:] + "\n": true,
		"": false, code[:5]: false, code + "0": false, "é" + code: false, strings.Repeat(code, 1000): false,
	} {
		if _, ok := otpMatch(secret, typed, now); ok != want {
			t.Errorf("typed %.20q: %v, want %v", typed, ok, want)
		}
	}
}

func TestAnApplicationReadsTheAddressOfASecret(t *testing.T) {
	got := otpAddress([]byte("12345678901234567890"), "Parvis de Bourg", "anne.d’aumas@bourg.example")
	want := "otpauth://totp/Parvis%20de%20Bourg:anne.d%E2%80%99aumas@bourg.example?issuer=Parvis%20de%20Bourg&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got != want {
		t.Errorf("address = %s\nwant %s", got, want)
	}
	drawn, err := newPicture(got)
	if err != nil || drawn.Size < 29 || !strings.HasPrefix(drawn.Path, "M4 4h1v1h-1z") {
		t.Errorf("picture of size %d begins with %.40q, %v; want the corner of a finder after the quiet zone", drawn.Size, drawn.Path, err)
	}
}
