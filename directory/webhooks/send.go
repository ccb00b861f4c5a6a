package webhooks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/portal/outgoing"
)

const (
	// secretPrefix starts every secret (Standard Webhooks, "Signature scheme").
	secretPrefix = "whsec_"
	secretSize   = 32 // bytes
	// deadline bounds a try, whole.
	deadline = 10 * time.Second
	// late is from when on an address is a slow one.
	late = 2 * time.Second
	// maxAnswer is how much of an answer is read, in bytes, and keptAnswer how many
	// letters are kept.
	maxAnswer  = 4 << 10
	keptAnswer = 300
)

// NewClient returns a client for the addresses of webhooks: public ones, and those inside
// that the pool allows a collectivity, or all to all.
func NewClient(allowInside bool, networks *outgoing.Networks) *http.Client {
	var transport http.RoundTripper = outgoing.NewTransport(true)
	if !allowInside {
		transport = outgoing.NewTransports(networks, nil)
	}
	return &http.Client{
		Transport: transport, Timeout: deadline,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newSecret() string {
	key := make([]byte, secretSize)
	rand.Read(key)
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

func about(collectivity portal.CollectivityID, id string) string {
	return "webhook/" + string(collectivity) + "/" + id
}

// seal seals the octets that a secret stands for.
func (s *Store) seal(collectivity portal.CollectivityID, id, secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", portal.ErrInvalid, err)
	}
	return s.Sealer.Seal(about(collectivity, id), key), nil
}

// target is where messages go, and what signs them.
type target struct {
	collectivity portal.CollectivityID
	id           string
	address      string
	keys         [][]byte // the newest first
}

// targetOf reads an address with its secrets, as they are now: address, secret, former and
// former_ends of its row.
func (s *Store) targetOf(collectivity portal.CollectivityID, id string, row database.Row) (target, error) {
	to := target{collectivity: collectivity, id: id}
	var secret, former []byte
	var ends int64
	if err := row.Scan(&to.address, &secret, &former, &ends); err != nil {
		return target{}, err
	}
	sealed := [][]byte{secret}
	if len(former) > 0 && ends > database.Millis(s.Now()) {
		sealed = append(sealed, former)
	}
	for _, one := range sealed {
		key, err := s.Sealer.Open(about(collectivity, id), one)
		if err != nil {
			return target{}, fmt.Errorf("webhooks: open secret: %w", err)
		}
		to.keys = append(to.keys, key)
	}
	return to, nil
}

// sign is the value of webhook-signature: one signature for each secret that serves.
func sign(keys [][]byte, id string, at time.Time, payload string) string {
	all := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), payload)
		all[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(all, " ")
}

// Outcome is what came of a try.
type Outcome struct {
	Taken  bool
	Status int    // 0 when there was no answer
	Answer string // its beginning, or the key of a sentence
	Took   time.Duration
	After  time.Duration // how long the receiver asks to be left alone, 0 for nothing
}

// Gone says that the address wants to be told no more (Standard Webhooks,
// "Delivery").
func (o Outcome) Gone() bool { return o.Status == http.StatusGone }

// post tries once. What goes wrong is an outcome too.
func (s *Store) post(ctx context.Context, to target, id, payload string) Outcome {
	begun := time.Now()
	outcome := s.ask(ctx, to, id, payload)
	outcome.Took = time.Since(begun)
	return outcome
}

func (s *Store) ask(ctx context.Context, to target, id, payload string) Outcome {
	ctx, cancel := context.WithTimeout(outgoing.In(ctx, to.collectivity), deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.address, strings.NewReader(payload))
	if err != nil {
		return Outcome{Answer: "webhooks.fault.address"}
	}
	now := s.Now()
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Parvis-Webhooks")
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	request.Header.Set("webhook-signature", sign(to.keys, id, now, payload))
	response, err := s.Client.Do(request)
	if err != nil {
		return Outcome{Answer: faultOf(err)}
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // a half answer is one
	outcome := Outcome{Taken: response.StatusCode/100 == 2, Status: response.StatusCode, Answer: readable(text)}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		outcome.After = min(time.Duration(seconds)*time.Second, longestAsked)
	}
	return outcome
}

// faultOf is the sentence about why there was no answer.
func faultOf(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, outgoing.ErrInside):
		return "webhooks.fault.inside"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "webhooks.fault.slow"
	case strings.Contains(err.Error(), "x509:") || strings.Contains(err.Error(), "tls:"): // many types, one sentence
		return "webhooks.fault.certificate"
	}
	return "webhooks.fault.unreachable"
}

// readable is the beginning of an answer as a page may show it.
func readable(answer []byte) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(answer), " "))
	letters := []rune(strings.Join(strings.Fields(text), " "))
	return string(letters[:min(len(letters), keptAnswer)])
}

// Try sends a message that only tries, and returns what came of it. It is among the
// deliveries. A webhook that is off can be tried too, and stays so. One that is left alone
// for a while, since nothing was taken, is told what waits once this is.
func (s *Store) Try(ctx context.Context, caller portal.Caller, id string) (Outcome, error) {
	if _, err := s.Get(ctx, caller, id); err != nil {
		return Outcome{}, err
	}
	to, err := s.targetOf(caller.Collectivity, id, s.DB.QueryRow(ctx, `
		SELECT address, secret, former, former_ends FROM webhooks WHERE collectivity = $1 AND id = $2 AND state <> 'removed'`, string(caller.Collectivity), id))
	if err != nil {
		return Outcome{}, fmt.Errorf("webhooks: try: %w", err)
	}
	event := outbox.Event{Kind: outbox.Test, At: s.Now()}
	message := outbox.NewID(event.At)
	outcome := s.post(ctx, to, message, event.Payload(caller.Collectivity))
	err = putAs(ctx, s.DB, caller.Collectivity, id, message, event, time.Time{})
	if err == nil {
		err = s.note(ctx, to, message, 0, outcome, time.Time{})
	}
	if err == nil && outcome.Taken {
		err = s.answers(ctx, to)
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("webhooks: try: %w", err)
	}
	return outcome, nil
}

// answers has what waits sent at once to an address that takes messages again. Where
// nothing was wrong, a message that is put off is so for itself.
func (s *Store) answers(ctx context.Context, to target) error {
	now := database.Millis(s.Now())
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		if err := tx.Write(ctx, `UPDATE webhook_messages SET due = $3 WHERE collectivity = $1 AND webhook = $2 AND due > $3
				AND EXISTS (SELECT 1 FROM webhooks w WHERE w.collectivity = $1 AND w.id = $2 AND w.state = 'on' AND w.address = $4 AND w.failing > 0)`,
			string(to.collectivity), to.id, now, to.address); err != nil {
			return err
		}
		return tx.Write(ctx, `UPDATE webhooks SET delivered = $3, failing = 0, streak = 0, resumes = 0 WHERE collectivity = $1 AND id = $2 AND state = 'on' AND address = $4`,
			string(to.collectivity), to.id, now, to.address)
	})
	if err == nil {
		s.changed(to.collectivity)
		s.Wake()
	}
	return err
}

// note keeps what came of a try. Of what was given up meanwhile nothing is tried again.
func (s *Store) note(ctx context.Context, to target, message string, tries int, outcome Outcome, next time.Time) error {
	due := database.Millis(next)
	if outcome.Taken {
		due = 0
	}
	return s.DB.Write(ctx, `UPDATE webhook_messages SET due = CASE WHEN due = 0 THEN 0 ELSE CAST($4 AS BIGINT) END, tries = $5, tried = $6, taken = $7, status = $8, answer = $9
		WHERE collectivity = $1 AND webhook = $2 AND id = $3`, string(to.collectivity), to.id, message, due, tries+1, database.Millis(s.Now()),
		outcome.Taken, outcome.Status, outcome.Answer)
}
