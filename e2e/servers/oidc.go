package servers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Provider is a real OpenID provider (npm's oidc-provider) that knows People: authorization code with
// PKCE, userinfo, refresh tokens that serve once, RP-initiated logout. A sign-in with login_hint, an
// address or a UID of People, ends at once; without one a form asks for login and password. The subject
// is opaque and stable for a UID; email, given_name, family_name and preferred_username (the UID) come
// from userinfo alone, as OpenID Connect Core §5.4 says of the code flow.
type Provider struct {
	Issuer string // "http://127.0.0.1:40128"

	registrationToken string
	process           *process
}

// Client is an application that the provider knows.
type Client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// sharedProvider serves the whole test process, and ends with it.
var sharedProvider = sync.OnceValues(startProvider)

// OIDC is the provider that this test process shares; a test keeps apart by its own Client.
func OIDC(t testing.TB) *Provider {
	t.Helper()
	need(t, "node")
	if _, err := os.Stat(modules("oidc-provider")); err != nil {
		Missing(t, "npm's oidc-provider is not installed: run tools/install.sh")
	}
	provider, err := sharedProvider()
	if err != nil {
		t.Fatal(err)
	}
	return provider
}

// AnotherOIDC is a provider that nobody shares, whose people may leave.
func AnotherOIDC(t testing.TB) *Provider {
	t.Helper()
	OIDC(t) // which says what is missing
	provider, err := startProvider()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.process.stop)
	return provider
}

// Stop ends a provider that nobody shares.
func (p *Provider) Stop() { p.process.stop() }

// Register makes a client known (RFC 7591) with its redirect URIs; postLogout are where a sign-out may
// come back to.
func (p *Provider) Register(t testing.TB, redirectURIs, postLogout []string) Client {
	t.Helper()
	client, err := p.register(redirectURIs, postLogout)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (p *Provider) register(redirectURIs, postLogout []string) (Client, error) {
	body, err := json.Marshal(map[string]any{
		"redirect_uris": redirectURIs, "post_logout_redirect_uris": append([]string{}, postLogout...),
		"grant_types": []string{"authorization_code", "refresh_token"},
	})
	if err != nil {
		return Client{}, fmt.Errorf("servers: register: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Issuer+"/reg", bytes.NewReader(body))
	if err != nil {
		return Client{}, fmt.Errorf("servers: register: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.registrationToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Client{}, fmt.Errorf("servers: register: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(response.Body)
		return Client{}, fmt.Errorf("servers: register: %s: %s", response.Status, text)
	}
	var client Client
	return client, json.NewDecoder(response.Body).Decode(&client)
}

// Dismiss makes a provider that nobody shares know a person of People no more.
func (p *Provider) Dismiss(t testing.TB, uid string) {
	t.Helper()
	p.leave(t, http.MethodPut, uid)
}

// Restore brings back who was dismissed.
func (p *Provider) Restore(t testing.TB, uid string) {
	t.Helper()
	p.leave(t, http.MethodDelete, uid)
}

func (p *Provider) leave(t testing.TB, method, uid string) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, p.Issuer+"/left/"+uid, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+p.registrationToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("leave: %s", response.Status)
	}
}

// readyLine is the line by which the provider says that it serves.
var readyLine = regexp.MustCompile(`(?m)^ready (\S+)$`)

var errNotReady = errors.New("servers: the provider has not said its issuer")

func startProvider() (*Provider, error) { return startScript("oidc.mjs") }

// startScript starts a provider of this folder.
func startScript(name string) (*Provider, error) {
	dir, err := newDir("oidc")
	if err != nil {
		return nil, err
	}
	people, err := json.Marshal(People())
	if err != nil {
		return nil, fmt.Errorf("servers: oidc: %w", err)
	}
	file := filepath.Join(dir, "people.json")
	if err := os.WriteFile(file, people, 0o600); err != nil {
		return nil, fmt.Errorf("servers: oidc: %w", err)
	}
	p := &Provider{registrationToken: rand.Text()}
	script := filepath.Join(Root(), "e2e", "servers", name)
	p.process, err = start(command{
		args:   []string{"node", script, file, p.registrationToken, modules("")},
		folder: dir,
	})
	if err != nil {
		return nil, err
	}
	return p, p.process.ready(func() error {
		found := readyLine.FindStringSubmatch(p.process.output.String())
		if found == nil {
			return errNotReady
		}
		p.Issuer = found[1]
		return nil
	})
}

// modules is the folder of an npm package, or of all of them.
func modules(name string) string { return filepath.Join(Root(), "e2e", "node_modules", name) }
