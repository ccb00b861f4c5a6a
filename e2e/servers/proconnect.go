package servers

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// ProConnect is the federation of public agents as it answers a service (npm's oidc-provider): strict
// about requests, userinfo signed, people of one establishment. It can be told to answer wrongly.
type ProConnect struct{ *Provider }

// SIRET is the establishment of everybody whom ProConnect knows.
const SIRET = "99900010200015"

var sharedProConnect = sync.OnceValues(func() (*Provider, error) { return startScript("proconnect.mjs") })

// AnotherProConnect is one that nobody shares: another issuer, which means the same people by the same
// subjects.
func AnotherProConnect(t testing.TB) ProConnect {
	t.Helper()
	NewProConnect(t) // which says what is missing
	provider, err := startScript("proconnect.mjs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(provider.process.stop)
	return ProConnect{provider}
}

// NewProConnect is the ProConnect that this test process shares; a test keeps apart by its own Client.
func NewProConnect(t testing.TB) ProConnect {
	t.Helper()
	need(t, "node")
	if _, err := os.Stat(modules("oidc-provider")); err != nil {
		Missing(t, "npm's oidc-provider is not installed: run tools/install.sh")
	}
	provider, err := sharedProConnect()
	if err != nil {
		t.Fatal(err)
	}
	return ProConnect{provider}
}

// Switch is how ProConnect answers one client.
type Switch struct {
	// Fault of userinfo: "iss", "no-iss", "aud", "no-aud", "sub", "none", "key", "expired", "another",
	// "another-alg", "unsigned"; of the ID token: "id-iss", "id-aud", "id-none", "id-key", "id-expired",
	// "id-nonce", "low-acr", "no-acr", "old-proof". "" is honest.
	Fault  string         `json:"fault,omitempty"`
	Person map[string]any `json:"person,omitempty"` // takes the place of what is told of everybody
	ACR    string         `json:"acr,omitempty"`
	AMR    []string       `json:"amr,omitempty"`
}

// Set makes ProConnect answer a client so from now on.
func (p ProConnect) Set(t testing.TB, client Client, how Switch) {
	t.Helper()
	body, err := json.Marshal(struct {
		ID string `json:"client_id"`
		Switch
	}{client.ID, how})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(p.Issuer, "/api/v2")+"/switch", bytes.NewReader(body))
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
		t.Fatalf("switch: %s", response.Status)
	}
}
