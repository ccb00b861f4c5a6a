// Package ssotest gives tests what a person holds in her hand: an application
// that makes codes, and a passkey. Both are written from the specifications and
// not with what they test. It is a harness of the tests: nothing of the binary
// imports it.
package ssotest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Code is what an application shows for a secret as a page writes it (RFC 6238).
func Code(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/30))
	mac := hmac.New(sha1.New, key)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	start := sum[19] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[start:start+4])&0x7fffffff)%1000000)
}

// Key is a passkey that answers as a browser and its authenticator do together
// (WebAuthn, ES256, no attestation).
type Key struct {
	Origin   string // of the page, "https://parvis.example"
	Verifies bool   // it asks for a finger or a code
	Handle   []byte // of its person, kept when it is made
	Counter  uint32 // raised at each use; 0 stays 0

	t      testing.TB
	id     []byte
	secret *ecdsa.PrivateKey
}

// NewKey returns a key that was never used.
func NewKey(t testing.TB, origin string) *Key {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	rand.Read(id)
	return &Key{Origin: origin, Verifies: true, t: t, id: id, secret: secret}
}

// question is the part of the options that a key looks at.
type question struct {
	PublicKey struct {
		Challenge string
		User      struct{ ID string }
	}
}

func (k *Key) read(options string) question {
	k.t.Helper()
	var asked question
	if err := json.Unmarshal([]byte(options), &asked); err != nil || asked.PublicKey.Challenge == "" {
		k.t.Fatalf("no question to a key: %v in %.500s", err, options)
	}
	return asked
}

// Make answers the question for a new key, the JSON of a page's form.
func (k *Key) Make(options string) string {
	k.t.Helper()
	asked := k.read(options)
	handle, err := encoding.DecodeString(asked.PublicKey.User.ID)
	if err != nil {
		k.t.Fatal(err)
	}
	k.Handle = handle
	point, err := k.secret.PublicKey.Bytes() // 4, x, y
	if err != nil {
		k.t.Fatal(err)
	}
	// COSE_Key: EC2, ES256, P-256, x, y (RFC 9053 §7.1.1)
	public := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, point[1:33]...)
	public = append(append(public, 0x22, 0x58, 32), point[33:]...)
	credential := append(make([]byte, 16), byte(len(k.id)>>8), byte(len(k.id))) // no AAGUID
	data := append(append(append(k.data(0x40), credential...), k.id...), public...)
	attestation := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return k.answer(map[string]string{
		"clientDataJSON":    encoding.EncodeToString(k.client("webauthn.create", asked.PublicKey.Challenge)),
		"attestationObject": encoding.EncodeToString(append(attestation, data...)),
	})
}

// Use answers the question for a key that is there.
func (k *Key) Use(options string) string {
	k.t.Helper()
	if k.Counter > 0 {
		k.Counter++
	}
	client, data := k.client("webauthn.get", k.read(options).PublicKey.Challenge), k.data(0)
	sum := sha256.Sum256(client)
	sum = sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.secret, sum[:])
	if err != nil {
		k.t.Fatal(err)
	}
	return k.answer(map[string]string{
		"clientDataJSON": encoding.EncodeToString(client), "authenticatorData": encoding.EncodeToString(data),
		"signature": encoding.EncodeToString(signature), "userHandle": encoding.EncodeToString(k.Handle),
	})
}

var encoding = base64.RawURLEncoding

// client is what the browser says: which page asked, and what.
func (k *Key) client(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": k.Origin, "crossOrigin": false})
	if err != nil {
		k.t.Fatal(err)
	}
	return text
}

// data is what the authenticator says: for whom, that its person is there, and
// whether it verified her.
func (k *Key) data(flags byte) []byte {
	k.t.Helper()
	origin, err := url.Parse(k.Origin)
	if err != nil {
		k.t.Fatal(err)
	}
	flags |= 1
	if k.Verifies {
		flags |= 4
	}
	party := sha256.Sum256([]byte(origin.Hostname()))
	return binary.BigEndian.AppendUint32(append(party[:], flags), k.Counter)
}

func (k *Key) answer(response map[string]string) string {
	id := encoding.EncodeToString(k.id)
	text, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		k.t.Fatal(err)
	}
	return string(text)
}
