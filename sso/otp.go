package sso

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// What every application that makes codes understands (RFC 6238 §4).
const (
	otpPeriod = 30 * time.Second
	otpDigits = 6
	otpSecret = 20 // bytes, as long as SHA-1's output (RFC 4226 §4 R6)
	// otpDrift is how many steps a telephone's clock may be away (RFC 6238 §5.2).
	otpDrift = 1
)

func newOTPSecret() []byte {
	secret := make([]byte, otpSecret)
	rand.Read(secret)
	return secret
}

// otpStep is the number of the period that an instant is in.
func otpStep(at time.Time) int64 { return at.Unix() / int64(otpPeriod/time.Second) }

// otpCode is the code of a step (RFC 4226 §5.3).
func otpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", otpDigits, number%1_000_000)
}

// otpMatch returns the step that a typed code is of; not ok when it is of none
// near now. People type spaces.
func otpMatch(secret []byte, typed string, now time.Time) (step int64, ok bool) {
	typed = strings.Join(strings.Fields(typed), "")
	for near := otpStep(now) - otpDrift; near <= otpStep(now)+otpDrift; near++ {
		if subtle.ConstantTimeCompare([]byte(otpCode(secret, near)), []byte(typed)) == 1 {
			step, ok = near, true
		}
	}
	return step, ok
}

var otpEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// otpText writes a secret as a person types it: "ABCD EFGH …".
func otpText(secret []byte) string {
	text := otpEncoding.EncodeToString(secret)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// otpAddress is what the picture holds, in the form that applications read.
func otpAddress(secret []byte, issuer, login string) string {
	query := url.Values{"secret": {otpEncoding.EncodeToString(secret)}, "issuer": {issuer}}
	label := url.PathEscape(issuer) + ":" + url.PathEscape(login)
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}
