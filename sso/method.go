package sso

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/seal"
)

// Kind is a way to prove who one is.
type Kind string

// The ways of signing in. A collectivity has one.
const (
	Embedded Kind = "password" // kept by Parvis
	LDAP     Kind = "ldap"     // asked of a directory server
	OIDC     Kind = "oidc"     // left to an OpenID issuer
)

// factor is what a way proves, as an authentication method reference (RFC 8176);
// an issuer says itself what it asked for.
func (k Kind) factor() string {
	if k == OIDC {
		return ""
	}
	return "pwd"
}

// Method is how the agents of a collectivity sign in.
type Method struct {
	Collectivity portal.CollectivityID
	Kind         Kind
	Settings     json.RawMessage // of the kind: ldapdir.Settings, upstream.Settings
	Secret       string          // bind password or client secret
	CA           string          // PEM of the only authority to trust; "" trusts the system's
	Version      string          // changes with the method; filled when read
}

// PasswordServer checks passwords on a directory server outside of Parvis.
type PasswordServer interface {
	// Authenticate finds the one person that a canonical login names and checks
	// her password. Before each check it calls attempt with what identifies the
	// person on the server, however she was named, or with the login when it
	// names nobody, and gives up with the error that comes back. ErrWrong when
	// the login or the password is wrong; other refusals are portal.UserErrors.
	Authenticate(ctx context.Context, method Method, login, password string, attempt func(key string) error) (Profile, error)
	// Check tries what a sign-in needs and says in a sentence what is wrong.
	Check(ctx context.Context, method Method) error
}

// Question is one sign-in left to an issuer.
type Question struct {
	State, Nonce, Verifier string // drawn for this sign-in
	Redirect               string // where the issuer answers
	LoginHint              string
	Again                  bool   // the person must prove anew who she is
	SIRET                  string // of the collectivity, "" when unknown
}

// Answer is what an issuer vouches for.
type Answer struct {
	Issuer, Subject string
	EmailVerified   bool // or its issuer is trusted for addresses
	Profile         Profile
	IDToken         string // to sign out at the issuer
	Refresh         string // to ask the issuer about her again, "" when nobody does
	Create          bool   // a person unknown here may enter, inside of the domains
	Factors         string // what it says that she proved, "pwd otp mfa" (RFC 8176), "" for nothing
	Level           string // acr, "eidas1", "" for none
	// Refused is why the answer, sound as it is, does not let in: a portal.UserError
	// with its reason, or nil.
	Refused error
	Claims  []Claim          // all that it tells of the person, by name
	Fields  []EntryAttribute // what the settings take from it
}

// Claim is one thing that an issuer tells of a person.
type Claim struct{ Name, Value string }

// IssuerServer leaves sign-in to an OpenID issuer.
type IssuerServer interface {
	// Ask returns the address of the issuer's page.
	Ask(ctx context.Context, method Method, question Question) (address string, err error)
	// Read checks the issuer's answer to a question. Refusals are
	// portal.UserErrors.
	Read(ctx context.Context, method Method, question Question, answer url.Values) (Answer, error)
	// SignOut returns the address that ends the issuer's session and comes back
	// with state, "" when it offers none.
	SignOut(ctx context.Context, method Method, idToken, back, state string) string
	// Renew asks the issuer whether it still vouches for a person, and returns the
	// token to ask with next time, also with an error: that of before may have
	// served. After an error nothing is known of her.
	Renew(ctx context.Context, method Method, held Voucher) (token string, vouches bool, err error)
	// Describe lists the settings of a method, without its secret.
	Describe(method Method) ([]Setting, error)
	// Check tries what a sign-in needs and says in a sentence what is wrong.
	Check(ctx context.Context, method Method) error
}

// Methods keeps how each collectivity signs in.
type Methods struct {
	db     *database.DB
	sealer *seal.Sealer
	now    func() time.Time
	known  sync.Map // portal.CollectivityID → knownMethod
}

// Set replaces the method of a collectivity. Its secret is sealed.
func (m *Methods) Set(ctx context.Context, method Method) error {
	if len(method.Settings) == 0 {
		method.Settings = json.RawMessage("{}")
	}
	if !json.Valid(method.Settings) {
		return fmt.Errorf("sso: set method of %q: %w: settings are not JSON", method.Collectivity, portal.ErrInvalid)
	}
	sealed := m.sealer.Seal(secretOf(method.Collectivity), []byte(method.Secret))
	_, err := m.db.Exec(ctx, `
		INSERT INTO sign_in_methods (collectivity, kind, settings, secret, ca, version) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (collectivity) DO UPDATE SET kind = excluded.kind, settings = excluded.settings,
			secret = excluded.secret, ca = excluded.ca, version = excluded.version`,
		string(method.Collectivity), string(method.Kind), string(method.Settings), sealed, method.CA, portal.NewID())
	if err != nil {
		return fmt.Errorf("sso: set method of %q: %w", method.Collectivity, err)
	}
	m.known.Delete(method.Collectivity)
	return nil
}

// knownMethod is a method read a moment ago.
type knownMethod struct {
	Method
	until time.Time
}

// Of returns the method of a collectivity: embedded passwords when none was
// set. Another node sees a change within five seconds.
func (m *Methods) Of(ctx context.Context, collectivity portal.CollectivityID) (Method, error) {
	if found, ok := m.known.Load(collectivity); ok && m.now().Before(found.(knownMethod).until) {
		return found.(knownMethod).Method, nil
	}
	method, err := m.read(ctx, collectivity)
	if err == nil {
		m.known.Store(collectivity, knownMethod{method, m.now().Add(cacheLife)})
	}
	return method, err
}

func (m *Methods) read(ctx context.Context, collectivity portal.CollectivityID) (Method, error) {
	method := Method{Collectivity: collectivity}
	var settings string
	var sealed []byte
	err := m.db.QueryRow(ctx, `SELECT kind, settings, secret, ca, version FROM sign_in_methods WHERE collectivity = $1`,
		string(collectivity)).Scan(&method.Kind, &settings, &sealed, &method.CA, &method.Version)
	if errors.Is(err, portal.ErrNotFound) {
		return Method{Collectivity: collectivity, Kind: Embedded}, nil
	}
	if err != nil {
		return Method{}, fmt.Errorf("sso: read method of %q: %w", collectivity, err)
	}
	secret, err := m.sealer.Open(secretOf(collectivity), sealed)
	if err != nil {
		return Method{}, fmt.Errorf("sso: read method of %q: %w", collectivity, err)
	}
	method.Settings, method.Secret = json.RawMessage(settings), string(secret)
	return method, nil
}

// secretOf is what the sealed secret of a collectivity's method is about.
func secretOf(collectivity portal.CollectivityID) string { return "sso/method/" + string(collectivity) }
