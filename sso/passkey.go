package sso

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// keyCookie holds the question that a key was asked, sealed: the browser that
// asked is the one that answers.
const keyCookie = "parvis-key"

// keyLife is how long a person may look for her key.
const keyLife = 5 * time.Minute

// maxAnswer bounds what a browser says of a key, in bytes.
const maxAnswer = 32 << 10

// What a key may be asked for; with an account it is part of what is sealed, so
// that the answer to one question answers no other.
const (
	keyAlone  = "alone"
	keySecond = "second"
	keyNew    = "new"
)

// asked is a question to a key.
type asked struct {
	Session webauthn.SessionData `json:"s"`
	Expires int64                `json:"e"` // ms since the epoch
}

func aboutKey(purpose string, account portal.AccountID) string {
	return "sso/key/" + purpose + "/" + string(account)
}

// keyUser is an account as the library wants to know it. Its handle is the
// account's identifier, which is drawn by chance and says nothing.
type keyUser struct {
	account     portal.AccountID
	login, name string
	keys        []Key
}

var _ webauthn.User = keyUser{}

func (u keyUser) WebAuthnID() []byte          { return []byte(u.account) }
func (u keyUser) WebAuthnName() string        { return u.login }
func (u keyUser) WebAuthnDisplayName() string { return u.name }
func (u keyUser) WebAuthnCredentials() []webauthn.Credential {
	credentials := make([]webauthn.Credential, len(u.keys))
	for i, key := range u.keys {
		credentials[i] = key.record
	}
	return credentials
}

func (u keyUser) descriptors() []protocol.CredentialDescriptor {
	return webauthn.Credentials(u.WebAuthnCredentials()).CredentialDescriptors()
}

// errKeyHost is for an installation that keys can't be made for.
var errKeyHost = portal.UserError{Kind: portal.ErrInvalid, Key: "sso.error.key-host"}

// takesKeys says whether browsers make keys for an address: its host has a name,
// and the line is safe or stays on this machine (WebAuthn §5.1.2).
func takesKeys(base string) bool {
	address, err := url.Parse(base)
	if err != nil || net.ParseIP(address.Hostname()) != nil {
		return false
	}
	return address.Scheme == "https" || address.Hostname() == "localhost"
}

// party is who keys are made for: the host of the installation's address.
func party(base string) (*webauthn.WebAuthn, error) {
	address, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("sso: keys: %w", err)
	}
	if !takesKeys(base) {
		return nil, errKeyHost
	}
	relying, err := webauthn.New(&webauthn.Config{
		RPID: address.Hostname(), RPDisplayName: "Parvis", RPOrigins: []string{base},
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("sso: keys: %w", err)
	}
	return relying, nil
}

// askKey answers a script with what it hands to the browser, and keeps the
// question in a sealed cookie.
func (s *Service) askKey(w http.ResponseWriter, r *http.Request, purpose string, user keyUser) error {
	relying, err := party(web.BaseURL(r))
	if err != nil {
		return err
	}
	options, session, err := questionKey(relying, purpose, user)
	if err != nil {
		return fmt.Errorf("sso: ask for a key: %w", err)
	}
	text, err := json.Marshal(asked{*session, s.now().Add(keyLife).UnixMilli()})
	if err != nil {
		return err
	}
	sealed := s.sealer.Seal(aboutKey(purpose, user.account), text)
	setCookie(w, r, keyCookie, base64.RawURLEncoding.EncodeToString(sealed), keyLife)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(options)
}

// questionKey is the question itself. A key that is the only factor must verify its
// person, by a finger or a code of its own; beside a password her presence does.
func questionKey(relying *webauthn.WebAuthn, purpose string, user keyUser) (any, *webauthn.SessionData, error) {
	switch purpose {
	case keyAlone:
		return relying.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	case keySecond:
		return relying.BeginLogin(user, webauthn.WithUserVerification(protocol.VerificationPreferred))
	}
	return relying.BeginRegistration(user, webauthn.WithExclusions(user.descriptors()),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		}))
}

// errNoQuestion: the answer comes too late, from another browser, or to another
// question.
var errNoQuestion = portal.UserError{Kind: portal.ErrInvalid, Key: "sso.error.key-late"}

// askedOf returns the question that this browser was asked.
func (s *Service) askedOf(r *http.Request, purpose string, account portal.AccountID) (webauthn.SessionData, error) {
	cookie, err := r.Cookie(cookieName(r, keyCookie))
	if err != nil {
		return webauthn.SessionData{}, errNoQuestion
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return webauthn.SessionData{}, errNoQuestion
	}
	text, err := s.sealer.Open(aboutKey(purpose, account), sealed)
	var question asked
	if err != nil || json.Unmarshal(text, &question) != nil || s.now().UnixMilli() > question.Expires {
		return webauthn.SessionData{}, errNoQuestion
	}
	return question.Session, nil
}

// badKey is an answer that is not sound. The cause is for the log: it holds
// neither a secret nor a name.
func badKey(cause error, reason audit.Reason) error {
	return Because(fmt.Errorf("%w: %w", errKey, cause), reason)
}

// readNewKey checks a key that was just made.
func readNewKey(base string, user keyUser, session webauthn.SessionData, answer string) (webauthn.Credential, error) {
	relying, err := party(base)
	if err != nil {
		return webauthn.Credential{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return webauthn.Credential{}, badKey(err, audit.Factor)
	}
	made, err := relying.CreateCredential(user, session, parsed)
	if err != nil {
		return webauthn.Credential{}, badKey(err, audit.Factor)
	}
	return *made, nil
}

// keyProof is a key that answered well.
type keyProof struct {
	credential webauthn.Credential
	verified   bool // the key verified its person, not only her presence
}

// factors names the proof (RFC 8176 §2): a key that may be copied to other
// devices is software's.
func (p keyProof) factors() string {
	kind := "hwk"
	if p.credential.Flags.BackupEligible {
		kind = "swk"
	}
	return kind + " user"
}

// readKey checks the answer of one of a person's keys. An empty user handle in
// the answer is hers, as keys that can't be found by themselves leave it out.
func readKey(base string, user keyUser, session webauthn.SessionData, parsed *protocol.ParsedCredentialAssertionData) (keyProof, error) {
	relying, err := party(base)
	if err != nil {
		return keyProof{}, err
	}
	var credential *webauthn.Credential
	if len(session.UserID) == 0 {
		_, credential, err = relying.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return user, nil }, session, parsed)
	} else {
		credential, err = relying.ValidateLogin(user, session, parsed)
	}
	if err != nil {
		return keyProof{}, badKey(err, audit.Factor)
	}
	if credential.Authenticator.CloneWarning {
		return keyProof{}, badKey(errors.New("its counter went back: there may be a copy"), audit.Replayed)
	}
	return keyProof{*credential, parsed.Response.AuthenticatorData.Flags.HasUserVerified()}, nil
}

func parseKey(answer string) (*protocol.ParsedCredentialAssertionData, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return nil, badKey(err, audit.Factor)
	}
	return parsed, nil
}

// keyUserOf is an account with its keys.
func (s *Service) keyUserOf(ctx context.Context, account portal.AccountID, name string) (keyUser, error) {
	held, err := s.Factors.Of(ctx, account)
	if err != nil {
		return keyUser{}, err
	}
	login, err := s.people.LoginOf(ctx, account)
	if err != nil {
		return keyUser{}, err
	}
	if name == "" {
		name = login
	}
	return keyUser{account: account, login: login, name: name, keys: held.Keys}, nil
}

// answerKey checks the answer of one of an account's keys to a question of this
// browser, once, and returns how it is named.
func (s *Service) answerKey(r *http.Request, purpose string, account portal.AccountID, parsed *protocol.ParsedCredentialAssertionData) (keyProof, error) {
	of := account
	if purpose == keyAlone {
		of = "" // nobody was known yet when it was asked
	}
	session, err := s.askedOf(r, purpose, of)
	if err != nil {
		return keyProof{}, err
	}
	held, err := s.Factors.Of(r.Context(), account)
	if err != nil {
		return keyProof{}, err
	}
	proof, err := readKey(web.BaseURL(r), keyUser{account: account, keys: held.Keys}, session, parsed)
	if err != nil {
		return keyProof{}, err
	}
	if err := s.spend(r.Context(), s.db, "key:"+session.Challenge); err != nil {
		return keyProof{}, err
	}
	return proof, s.Factors.usedKey(r.Context(), account, proof.credential)
}
