package openid

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/sso"
)

// Client is what an application of kind sso.KindOIDC is to the protocol. Its
// redirect addresses are the application's addresses.
type Client struct {
	Collectivity      portal.CollectivityID
	Application       string
	ID                string // client_id, drawn when ""
	Public            bool   // no secret: an application in a browser or on a phone, with PKCE
	Algorithm         string // of its ID tokens, "RS256" or "ES256"; "" is RS256
	UserinfoAlgorithm string // "" answers userinfo as JSON, else as a signed token
	PostLogout        []string
	BackChannel       string // address that is told when a session ended, "" for none

	secret []byte // SHA-256, empty for a public client
}

func (c *Client) check() error {
	var wrong portal.FieldErrors
	if c.Algorithm == "" {
		c.Algorithm = string(jose.RS256)
	}
	known := func(name string) bool { return slices.Contains(algorithms, jose.SignatureAlgorithm(name)) }
	if !known(c.Algorithm) || c.UserinfoAlgorithm != "" && !known(c.UserinfoAlgorithm) {
		wrong = append(wrong, portal.Invalid("algorithm", "openid.error.algorithm"))
	}
	for _, address := range c.PostLogout {
		if _, err := sso.ParseAddress(address); err != nil {
			wrong = append(wrong, portal.Invalid("post_logout", "openid.error.address", "address", address))
		}
	}
	if c.BackChannel != "" {
		if _, err := sso.ParseAddress(c.BackChannel); err != nil {
			wrong = append(wrong, portal.Invalid("back_channel", "openid.error.address", "address", c.BackChannel))
		}
	}
	return wrong.OrNil()
}

// SetClient makes an application a client, or changes what it is, and returns
// its identifier. The secret is drawn with the client and whenever it is asked
// for anew; this is the only time that it can be read. "" when it stays.
func (p *Provider) SetClient(ctx context.Context, caller portal.Caller, client Client, renew bool) (id, secret string, err error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return "", "", fmt.Errorf("openid: set client: %w", err)
	}
	client.Collectivity = caller.Collectivity
	if err := client.check(); err != nil {
		return "", "", fmt.Errorf("openid: set client: %w", err)
	}
	if _, err := p.applications.Application(ctx, sso.KindOIDC, caller.Collectivity, client.Application); err != nil {
		return "", "", fmt.Errorf("openid: set client: %w", err)
	}
	err = p.db.Tx(ctx, func(tx *database.Tx) error {
		id, secret, err = p.putClient(ctx, tx, caller, client, renew)
		return err
	})
	if err != nil {
		return "", "", fmt.Errorf("openid: set client: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, id)
	return id, secret, nil
}

func (p *Provider) putClient(ctx context.Context, tx *database.Tx, caller portal.Caller, client Client, renew bool) (id, secret string, err error) {
	known, err := scanClient(tx.QueryRow(ctx, `SELECT `+clientColumns+` FROM openid_clients WHERE collectivity = $1 AND application = $2`,
		string(caller.Collectivity), client.Application))
	isNew := errors.Is(err, portal.ErrNotFound)
	if err != nil && !isNew {
		return "", "", err
	}
	client.secret = known.secret
	if client.ID = known.ID; isNew {
		client.ID = portal.NewID()
	}
	switch {
	case client.Public:
		client.secret = []byte{}
	case renew || len(client.secret) == 0:
		secret = portal.NewSecret()
		client.secret = portal.HashSecret(secret)
	}
	addresses, err := json.Marshal(append([]string{}, client.PostLogout...))
	if err != nil {
		return "", "", err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO openid_clients (collectivity, application, id, secret, algorithm, userinfo_algorithm, post_logout, back_channel, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (collectivity, application) DO UPDATE SET secret = excluded.secret, algorithm = excluded.algorithm,
			userinfo_algorithm = excluded.userinfo_algorithm, post_logout = excluded.post_logout, back_channel = excluded.back_channel`,
		string(caller.Collectivity), client.Application, client.ID, client.secret, client.Algorithm, client.UserinfoAlgorithm,
		string(addresses), client.BackChannel, database.Millis(p.now()))
	if err != nil {
		return "", "", err
	}
	line := audit.By(caller, audit.ClientChanged)
	line.ObjectID = client.Application
	return client.ID, secret, audit.Write(ctx, tx, line)
}

const clientColumns = `collectivity, application, id, secret, algorithm, userinfo_algorithm, post_logout, back_channel`

func scanClient(row database.Row) (Client, error) {
	var c Client
	var addresses string
	err := row.Scan(&c.Collectivity, &c.Application, &c.ID, &c.secret, &c.Algorithm, &c.UserinfoAlgorithm, &addresses, &c.BackChannel)
	if err != nil {
		return Client{}, err
	}
	c.Public = len(c.secret) == 0
	return c, json.Unmarshal([]byte(addresses), &c.PostLogout)
}

// ClientOf returns the client that an application of the caller's collectivity
// is, for its administrator; portal.ErrNotFound when it is none yet.
func (p *Provider) ClientOf(ctx context.Context, caller portal.Caller, application string) (Client, error) {
	if err := caller.Require(portal.ManageApplications); err != nil {
		return Client{}, fmt.Errorf("openid: read client: %w", err)
	}
	client, err := scanClient(p.db.QueryRow(ctx, `SELECT `+clientColumns+` FROM openid_clients WHERE collectivity = $1 AND application = $2`,
		string(caller.Collectivity), application))
	if err != nil {
		return Client{}, fmt.Errorf("openid: read client: %w", err)
	}
	return client, nil
}

// knownClient is a client read a moment ago.
type knownClient struct {
	Client
	until time.Time
}

// clientByID returns a client that an issuer answers for; portal.ErrNotFound
// for any other. Another node sees a change within five seconds.
func (p *Provider) clientByID(ctx context.Context, from issuer, id string) (Client, error) {
	p.mu.Lock()
	known, found := p.clients[id]
	p.mu.Unlock()
	if !found || !p.now().Before(known.until) {
		client, err := scanClient(p.db.QueryRow(ctx, `SELECT `+clientColumns+` FROM openid_clients WHERE id = $1`, id))
		if err != nil {
			return Client{}, fmt.Errorf("openid: find client: %w", err)
		}
		known = knownClient{client, p.now().Add(cacheLife)}
		p.mu.Lock()
		p.clients[id] = known
		p.mu.Unlock()
	}
	if !from.owns(known.Collectivity) {
		return Client{}, fmt.Errorf("openid: client of another issuer: %w", portal.ErrNotFound)
	}
	return known.Client, nil
}

// authenticate returns the client that calls, by the one method that it uses:
// its secret in the header or in the form, or nothing for a public client (RFC
// 6749 §2.3).
func (p *Provider) authenticate(r *http.Request, from issuer) (Client, error) {
	id, secret, byHeader := r.BasicAuth()
	if byHeader {
		var failed [2]error
		id, failed[0] = url.QueryUnescape(id) // RFC 6749 §2.3.1
		secret, failed[1] = url.QueryUnescape(secret)
		if failed[0] != nil || failed[1] != nil || r.PostForm.Has("client_secret") {
			return Client{}, errClient
		}
		if named := r.PostForm.Get("client_id"); named != "" && named != id {
			return Client{}, errClient
		}
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	client, err := p.clientByID(r.Context(), from, id)
	if errors.Is(err, portal.ErrNotFound) {
		return Client{}, errClient
	}
	if err != nil {
		return Client{}, err
	}
	if client.Public {
		if secret != "" {
			return Client{}, errClient
		}
		return client, nil
	}
	if secret == "" || subtle.ConstantTimeCompare(portal.HashSecret(secret), client.secret) != 1 {
		return Client{}, errClient
	}
	return client, nil
}
