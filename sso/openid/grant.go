package openid

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/sso"
)

// grant is what a client was given in one session, from its code to its last
// refresh token.
type grant struct {
	collectivity  portal.CollectivityID
	id            string
	issuer        portal.CollectivityID
	client        string
	session       string
	account       portal.AccountID
	agent         portal.AgentID
	request       request
	authenticated time.Time
	factors       string
	code, refresh []byte
	revoked       bool
	used          time.Time
}

// give writes a grant, what the session has to be told to the application, and
// the line of the journal; it returns the code.
func (p *Provider) give(ctx context.Context, from issuer, client Client, application sso.Application, signed sso.Signed, caller portal.Caller, asking request, address string) (code string, err error) {
	text, err := json.Marshal(asking)
	if err != nil {
		return "", fmt.Errorf("openid: give: %w", err)
	}
	id, secret, now := portal.NewID(), portal.NewSecret(), database.Millis(p.now())
	line := audit.By(caller, audit.ApplicationOpened)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = p.now(), application.Name, application.ID, protocol, address
	err = p.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO openid_grants (collectivity, id, issuer, client, session, account, agent, request, authenticated, factors, code, created, used)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)`,
			string(client.Collectivity), id, string(from.collectivity), client.ID, signed.Identity.Session, string(caller.Account),
			string(caller.Agent), string(text), database.Millis(signed.Since), signed.FactorsIn(client.Collectivity), portal.HashSecret(secret), now)
		if err != nil {
			return err
		}
		err = p.sso.Participants.Join(ctx, tx, sso.Participant{ // once a session, however often it opens the application
			Collectivity: client.Collectivity, ID: protocol + "." + signed.Identity.Session + "." + client.ID, Session: signed.Identity.Session,
			Account: caller.Account, Application: application.ID, Protocol: protocol, Reference: client.ID, Address: client.BackChannel,
		})
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return "", fmt.Errorf("openid: give: %w", err)
	}
	return id + "." + secret, nil
}

const grantColumns = `collectivity, id, issuer, client, session, account, agent, request, authenticated, factors, code, refresh, revoked, used`

func scanGrant(row database.Row) (grant, error) {
	var g grant
	var text string
	var authenticated, revoked, used int64
	err := row.Scan(&g.collectivity, &g.id, &g.issuer, &g.client, &g.session, &g.account, &g.agent, &text,
		&authenticated, &g.factors, &g.code, &g.refresh, &revoked, &used)
	if err != nil {
		return grant{}, err
	}
	g.authenticated, g.used, g.revoked = database.FromMillis(authenticated), database.FromMillis(used), revoked != 0
	return g, json.Unmarshal([]byte(text), &g.request)
}

// reader is a store or a transaction of one.
type reader interface {
	QueryRow(ctx context.Context, query string, args ...any) database.Row
}

func findGrant(ctx context.Context, from reader, collectivity portal.CollectivityID, id string) (grant, error) {
	return scanGrant(from.QueryRow(ctx, `SELECT `+grantColumns+` FROM openid_grants WHERE collectivity = $1 AND id = $2`, string(collectivity), id))
}

// split cuts a code or a refresh token into its grant and its secret.
func split(token string) (id, secret string, ok bool) {
	id, secret, ok = strings.Cut(token, ".")
	return id, secret, ok && len(id) == len(portal.NewID()) && len(secret) == len(portal.NewSecret())
}

// redeem turns a code or a refresh token, each once, into the next refresh token
// ("" unless the grant has one). One that comes twice revokes all that was given
// with it: it was stolen, from the client or by it (RFC 6749 §4.1.2, RFC 9700
// §4.14.2).
func (p *Provider) redeem(ctx context.Context, client Client, token string, take func(g *grant, sum []byte) error) (g grant, refresh string, err error) {
	id, secret, ok := split(token)
	if !ok {
		return grant{}, "", errGrant
	}
	next := portal.NewSecret()
	var refused error
	err = p.db.Tx(ctx, func(tx *database.Tx) error {
		refused = nil
		if g, err = findGrant(ctx, tx, client.Collectivity, id); err != nil {
			return err
		}
		if g.client != client.ID || g.revoked {
			return errGrant
		}
		if refused = take(&g, portal.HashSecret(secret)); errors.Is(refused, errReplayed) {
			_, err := tx.Exec(ctx, `UPDATE openid_grants SET revoked = $1, code = NULL, refresh = NULL WHERE collectivity = $2 AND id = $3`,
				database.Millis(p.now()), string(g.collectivity), g.id)
			return err
		}
		if refused != nil {
			return nil
		}
		sum := []byte(nil)
		if g.refreshes() {
			sum, refresh = portal.HashSecret(next), g.id+"."+next
		}
		_, err := tx.Exec(ctx, `UPDATE openid_grants SET code = NULL, refresh = $1, used = $2 WHERE collectivity = $3 AND id = $4`,
			sum, database.Millis(p.now()), string(g.collectivity), g.id)
		return err
	})
	if errors.Is(err, portal.ErrNotFound) {
		err = errGrant
	}
	if err = errors.Join(err, refused); err != nil {
		return grant{}, "", err
	}
	return g, refresh, nil
}

// errReplayed is a code or a refresh token that was used.
var errReplayed = fmt.Errorf("%w: it was used before", errGrant)

// refreshes says whether a grant has refresh tokens.
func (g *grant) refreshes() bool { return contains(g.request.Scopes, offline) }

// takeCode checks the code of a grant.
func (p *Provider) takeCode(redirect, verifier string) func(g *grant, sum []byte) error {
	return func(g *grant, sum []byte) error {
		switch {
		case g.code == nil:
			return errReplayed
		case subtle.ConstantTimeCompare(g.code, sum) != 1:
			return errGrant
		case p.now().Sub(g.used) > codeLife:
			return fmt.Errorf("%w: the code has ended", errReplayed)
		case g.request.Redirect != redirect:
			return bad("invalid_grant", "redirect_uri is not the one of the request")
		case !provesChallenge(g.request.Challenge, verifier):
			return bad("invalid_grant", "code_verifier does not match")
		}
		return nil
	}
}

// provesChallenge checks PKCE. A verifier where none was announced is refused
// too: it is a mix-up (RFC 9700 §2.1.1).
func provesChallenge(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := base64.RawURLEncoding.EncodeToString(portal.HashSecret(verifier))
	return len(verifier) >= 43 && len(verifier) <= 128 && subtle.ConstantTimeCompare([]byte(sum), []byte(challenge)) == 1
}

// takeRefresh checks the refresh token of a grant.
func (p *Provider) takeRefresh(g *grant, sum []byte) error {
	switch {
	case g.refresh == nil || subtle.ConstantTimeCompare(g.refresh, sum) != 1:
		return errReplayed // ours by its grant's name, and not the last one
	case p.now().Sub(g.used) > refreshIdle:
		return errGrant
	}
	return nil
}

// holding is what holder found a moment ago.
type holding struct {
	identity    *web.Identity
	application sso.Application
}

const maxHoldings = 10_000

// holder is findHolder, asked at most once in five seconds for a grant: an
// application asks for its tokens and then for the person.
func (p *Provider) holder(ctx context.Context, g grant) (*web.Identity, sso.Application, error) {
	known, epoch, found := p.holdings.Get(g.id)
	if found {
		return known.identity, known.application, nil
	}
	identity, application, err := p.findHolder(ctx, g)
	if err != nil {
		return nil, sso.Application{}, err
	}
	p.holdings.Keep(g.id, g.account, holding{identity, application}, epoch)
	return identity, application, nil
}

// findHolder is the person of a grant as she may act now: her account, her agent and
// her collectivity are open, she may still open the application with what she proved
// then, and the session in which she gave it lasts, unless it was given for longer.
// errGrant otherwise.
func (p *Provider) findHolder(ctx context.Context, g grant) (*web.Identity, sso.Application, error) {
	identity, err := p.identityOf(ctx, g)
	if err != nil || identity.Caller.Agent != g.agent {
		return nil, sso.Application{}, orGrant(err)
	}
	client, err := p.clientByID(ctx, issuer{}, g.client)
	if err != nil {
		return nil, sso.Application{}, orGrant(err)
	}
	application, err := p.applications.Application(ctx, sso.KindOIDC, client.Collectivity, client.Application)
	if err == nil {
		err = p.applications.Admit(ctx, identity.Caller, application)
	}
	if err == nil && application.SecondFactor && !sso.HasSecond(g.factors) {
		err = errGrant // it asks for more since: she opens it anew
	}
	if err != nil {
		return nil, sso.Application{}, orGrant(err)
	}
	return identity, application, nil
}

// identityOf is the person of a grant, in the session where she gave it unless it
// was given for longer.
func (p *Provider) identityOf(ctx context.Context, g grant) (*web.Identity, error) {
	if g.refreshes() {
		return p.people.Identity(ctx, g.account, g.collectivity)
	}
	signed, err := p.sso.Sessions.Of(ctx, g.account, g.session, g.collectivity)
	return signed.Identity, err
}

// orGrant turns what says that a person may not into the protocol's refusal.
func orGrant(err error) error {
	if err == nil || errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrDenied) {
		return errGrant
	}
	return err
}

// access is what an access token says, sealed: it costs the store nothing until
// it is shown.
type access struct {
	Collectivity portal.CollectivityID `json:"c"`
	Grant        string                `json:"g"`
	Expires      int64                 `json:"e"` // ms since the epoch
}

const aboutAccess = "openid/access"

func (p *Provider) sealAccess(g grant) (string, error) {
	text, err := json.Marshal(access{g.collectivity, g.id, p.now().Add(tokenLife).UnixMilli()})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(p.sealer.Seal(aboutAccess, text)), nil
}

// openAccess returns the grant of an access token that still counts; errGrant
// otherwise.
func (p *Provider) openAccess(ctx context.Context, from issuer, token string) (grant, access, error) {
	var said access
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(token) > 1024 {
		return grant{}, access{}, errGrant
	}
	text, err := p.sealer.Open(aboutAccess, sealed)
	if err != nil || json.Unmarshal(text, &said) != nil || p.now().UnixMilli() >= said.Expires {
		return grant{}, access{}, errGrant
	}
	g, err := findGrant(ctx, p.db, said.Collectivity, said.Grant)
	if err != nil || g.revoked || g.issuer != from.collectivity {
		return grant{}, access{}, orGrant(err)
	}
	return g, said, nil
}

// revokeGrant ends a grant; nothing happens to one that is not there.
func (p *Provider) revokeGrant(ctx context.Context, collectivity portal.CollectivityID, id string) error {
	_, err := p.db.Exec(ctx, `UPDATE openid_grants SET revoked = $1, code = NULL, refresh = NULL WHERE collectivity = $2 AND id = $3 AND revoked = 0`,
		database.Millis(p.now()), string(collectivity), id)
	if err != nil {
		return fmt.Errorf("openid: revoke: %w", err)
	}
	return nil
}

// Sweep removes requests that nobody came back to, and grants of a collectivity
// whose tokens have all ended.
func (p *Provider) Sweep(ctx context.Context, collectivity portal.CollectivityID) error {
	now := p.now()
	_, requests := p.db.Exec(ctx, `DELETE FROM openid_requests WHERE created < $1`, database.Millis(now.Add(-requestLife)))
	_, grants := p.db.Exec(ctx, `DELETE FROM openid_grants WHERE collectivity = $1 AND (used < $2 OR refresh IS NULL AND used < $3)`,
		string(collectivity), database.Millis(now.Add(-refreshIdle)), database.Millis(now.Add(-24*time.Hour)))
	if err := errors.Join(requests, grants); err != nil {
		return fmt.Errorf("openid: sweep: %w", err)
	}
	return nil
}
