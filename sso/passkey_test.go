package sso

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/webauthn"

	"parvis/portal/audit"
	"parvis/sso/ssotest"
)

const desk = "https://parvis.example"

// keyring is an account with one key.
type keyring struct {
	user keyUser
	key  *ssotest.Key
}

// ask is a question and what is kept of it.
func ask(t testing.TB, purpose string, user keyUser) (string, webauthn.SessionData) {
	t.Helper()
	relying, err := party(desk)
	if err != nil {
		t.Fatal(err)
	}
	options, session, err := questionKey(relying, purpose, user)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), *session
}

func newKeyring(t testing.TB) *keyring {
	t.Helper()
	ring := &keyring{user: keyUser{account: "anne", login: "anne@bourg.example", name: "Anne"}, key: ssotest.NewKey(t, desk)}
	ring.key.Counter = 1
	options, session := ask(t, keyNew, ring.user)
	made, err := readNewKey(desk, ring.user, session, ring.key.Make(options))
	if err != nil {
		t.Fatal(err)
	}
	ring.user.keys = []Key{{record: made}}
	return ring
}

// read answers a question and reads the answer; change may spoil the key.
func (ring *keyring) read(t testing.TB, purpose string, change func(key *ssotest.Key)) (keyProof, error) {
	t.Helper()
	options, session := ask(t, purpose, ring.user)
	spoiled := *ring.key
	change(&spoiled)
	parsed, err := parseKey(spoiled.Use(options))
	if err != nil {
		return keyProof{}, err
	}
	return readKey(desk, ring.user, session, parsed)
}

func TestAKeyAnswersForItsPersonAndPage(t *testing.T) {
	ring := newKeyring(t)
	for _, purpose := range []string{keySecond, keyAlone} {
		proof, err := ring.read(t, purpose, func(*ssotest.Key) {})
		if err != nil || !proof.verified || proof.factors() != "hwk user" {
			t.Errorf("%s: %+v, %v", purpose, proof, err)
		}
	}
	unverified := func(key *ssotest.Key) { key.Verifies = false }
	if proof, err := ring.read(t, keySecond, unverified); err != nil || proof.verified {
		t.Errorf("beside a password her presence is enough: %v", err)
	}
	for name, spoil := range map[string]func(key *ssotest.Key){
		"not verified":        unverified,
		"on another page":     func(key *ssotest.Key) { key.Origin = "https://parvis.example.voleur.example" },
		"over http":           func(key *ssotest.Key) { key.Origin = "http://parvis.example" },
		"on another port":     func(key *ssotest.Key) { key.Origin = "https://parvis.example:8443" },
		"of another person":   func(key *ssotest.Key) { key.Handle = []byte("luc") },
		"of nobody":           func(key *ssotest.Key) { key.Handle = nil },
		"of a copy":           func(key *ssotest.Key) { key.Counter = 0 },
		"of a key not theirs": func(key *ssotest.Key) { other := ssotest.NewKey(t, desk); other.Handle = key.Handle; *key = *other },
	} {
		if _, err := ring.read(t, keyAlone, spoil); reason(err) != audit.Factor && reason(err) != audit.Replayed {
			t.Errorf("a key %s: %v", name, err)
		}
	}
}

func TestAnAnswerIsToOneQuestion(t *testing.T) {
	ring := newKeyring(t)
	first, _ := ask(t, keySecond, ring.user)
	_, second := ask(t, keySecond, ring.user)
	parsed, err := parseKey(ring.key.Use(first))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readKey(desk, ring.user, second, parsed); err == nil {
		t.Error("the answer to one question answers another")
	}
}

// FuzzKeyAnswer reads what a browser may post: nothing but a signature of the key
// is accepted, and nothing panics.
func FuzzKeyAnswer(f *testing.F) {
	ring := newKeyring(f)
	options, session := ask(f, keyAlone, ring.user)
	sound := []byte(ring.key.Use(options))
	created, making := ask(f, keyNew, ring.user)
	f.Add(sound)
	f.Add([]byte(ssotest.NewKey(f, desk).Make(created)))
	f.Add([]byte(`{"id":"","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"","signature":""}}`))
	f.Add([]byte(`{}`))
	var want any
	if err := json.Unmarshal(sound, &want); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if made, err := readNewKey(desk, ring.user, making, string(answer)); err == nil && len(made.PublicKey) == 0 {
			t.Errorf("a key without its public part is accepted")
		}
		parsed, err := parseKey(string(answer))
		if err != nil {
			return
		}
		proof, err := readKey(desk, ring.user, session, parsed)
		if err != nil {
			return
		}
		if !proof.verified || !bytes.Equal(proof.credential.ID, ring.user.keys[0].record.ID) {
			t.Errorf("accepted %s", answer)
		}
	})
}
