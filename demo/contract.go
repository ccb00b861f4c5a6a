package demo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"parvis/directory"
	"parvis/portal"
	"parvis/server"
	"parvis/sso"
	"parvis/sso/openid"
)

// File is demo.json, which tests and benchmarks lean on.
type File struct {
	URL      string    `json:"url"`
	Accounts []Account `json:"accounts"`
	CAS      CAS       `json:"cas"`
	OIDC     OIDC      `json:"oidc"`
	Kiosk    Yard      `json:"kiosk"`
}

// OIDC is the OpenID client of bourg, for tests to sign in with in its place.
type OIDC struct {
	Issuer       string `json:"issuer"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
}

// oidcApplication is that application, and where it takes its answers.
const (
	oidcApplication = "projets"
	OIDCRedirect    = "http://127.0.0.1:9999/callback"
)

// Client makes the OpenID application of bourg a client, once its collectivity is
// loaded. Its issuer is known when the demo is served.
func Client(ctx context.Context, s *server.Server) (OIDC, error) {
	caller := directory.Installation("bourg")
	id, secret, err := s.OpenID.SetClient(ctx, caller, openid.Client{Application: oidcApplication}, false)
	if err != nil {
		return OIDC{}, fmt.Errorf("demo: OpenID client: %w", err)
	}
	return OIDC{ClientID: id, ClientSecret: secret, RedirectURI: OIDCRedirect}, nil
}

// CAS is the CAS application of bourg, for tests to open in its place.
type CAS struct {
	Service string `json:"service"`
}

// CASService is where that application lives.
const CASService = "http://127.0.0.1:9999/"

// contractLogins are the accounts that demo.json and the start-up message
// name, with the role that each plays in the demo.
var contractLogins = []struct{ login, role string }{
	{"agent@bourg.example", "agent"},
	{"collegue@bourg.example", "agent"},
	{"responsable@bourg.example", "manager"},
	{"admin@bourg.example", "admin"},
	{"secretaire@bourg.example", "agent"},
	{"agent@agglo.example", "agent"},
	{"admin@agglo.example", "admin"},
	{"pool@pool.example", "operator"},
}

// contract makes an app password for each account of the contract.
func (l *loader) contract() ([]Account, error) {
	var accounts []Account
	for _, named := range contractLogins {
		person, found := l.story.Person(named.login)
		if !found {
			return nil, fmt.Errorf("demo: no person signs in as %s", named.login)
		}
		account := Account{Login: named.login, Password: Password, Roles: []string{named.role}}
		for _, agent := range person.Agents {
			account.Collectivities = append(account.Collectivities, agent.Collectivity)
		}
		caller := l.callers[person.Agents[0].Collectivity+"/"+named.login]
		secret, err := l.server.SSO.AppPasswords.Create(l.ctx, caller, sso.AppPassword{Name: "Démonstration", Scopes: portal.Scopes{portal.ScopeCalendar, portal.ScopeContacts}})
		if err != nil {
			return nil, fmt.Errorf("demo: app password of %s: %w", named.login, err)
		}
		account.AppPassword = secret
		accounts = append(accounts, account)
	}
	return accounts, nil
}

func contractFile(dir string) string { return filepath.Join(dir, "demo.json") }

// ReadFile reads the demo.json of a data folder; portal.ErrNotFound when the
// folder holds no demo yet.
func ReadFile(dir string) (File, error) {
	var file File
	text, err := os.ReadFile(contractFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return file, fmt.Errorf("demo: %s: %w", contractFile(dir), portal.ErrNotFound)
	}
	if err == nil {
		err = json.Unmarshal(text, &file)
	}
	if err != nil {
		return file, fmt.Errorf("demo: read %s: %w", contractFile(dir), err)
	}
	return file, nil
}

// Write writes demo.json into a data folder, whole or not at all.
func (f File) Write(dir string) error {
	text, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	temporary := contractFile(dir) + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return os.Rename(temporary, contractFile(dir))
}

// Widest is the length of the longest login, to print them in a column.
func (f File) Widest() int {
	longest := slices.MaxFunc(f.Accounts, func(a, b Account) int { return cmp.Compare(len(a.Login), len(b.Login)) })
	return len(longest.Login)
}
