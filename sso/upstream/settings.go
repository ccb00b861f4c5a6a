package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"

	"parvis/portal"
)

// Settings say how to sign in at one issuer. They are the JSON of a sso.Method;
// the client's secret is the method's.
type Settings struct {
	Issuer   string   `json:"issuer"` // "https://auth.bourg.example", as it names itself
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes,omitempty"` // beside openid; nil is email and profile
	// Create lets in a person who is not known yet, when the issuer verified
	// an address of the collectivity's own domains.
	Create bool `json:"create,omitempty"`
}

func parse(text json.RawMessage) (Settings, error) {
	settings := Settings{Scopes: []string{"email", "profile"}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("upstream: settings: %w: %w", portal.ErrInvalid, err)
	}
	address, err := url.Parse(settings.Issuer)
	safe := err == nil && address.Host != "" && (address.Scheme == "https" || address.Scheme == "http" && loopback(address.Hostname()))
	if !safe || address.RawQuery != "" || address.Fragment != "" {
		return Settings{}, fmt.Errorf("upstream: settings: %w: issuer %q must look like https://auth.bourg.example", portal.ErrInvalid, settings.Issuer)
	}
	if settings.ClientID == "" {
		return Settings{}, fmt.Errorf("upstream: settings: %w: client_id is missing", portal.ErrInvalid)
	}
	return settings, nil
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || (address != nil && address.IsLoopback())
}
