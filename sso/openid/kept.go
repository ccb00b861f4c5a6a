package openid

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/sso"
)

const (
	// maxKept bounds a request that waits for its person, in bytes.
	maxKept = 8 << 10
	// maxWaiting is how many long requests of one network may wait at once.
	maxWaiting = 100
)

// keep keeps a request for after the sign-in and returns the address of ours that
// goes on with it. The address holds the request, sealed: it costs the store
// nothing, however many strangers ask. One too long for a sign-in to come back to
// is a row, and those are counted by network.
func (p *Provider) keep(r *http.Request, from issuer, values url.Values) (string, error) {
	text := values.Encode()
	if len(text) > maxKept {
		return "", portal.UserError{Kind: portal.ErrTooLarge, Key: "web.error.toolarge"}
	}
	path := "/oidc/" + from.segment() + "/continue/"
	if sealed := path + p.sealRequest(from.segment(), text); sso.SafeNext(sealed) == sealed {
		return sealed, nil
	}
	secret, err := p.storeRequest(r.Context(), from.segment(), text, sso.Network(web.ClientAddr(r)))
	if err != nil {
		return "", fmt.Errorf("openid: keep request: %w", err)
	}
	return path + secret, nil
}

func aboutRequest(segment string) string { return "openid/request/" + segment }

func (p *Provider) sealRequest(segment, text string) string {
	octets := binary.BigEndian.AppendUint64(nil, uint64(p.now().UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(p.sealer.Seal(aboutRequest(segment), append(octets, text...)))
}

func (p *Provider) storeRequest(ctx context.Context, segment, text, network string) (secret string, err error) {
	secret = portal.NewSecret()
	return secret, p.db.Tx(ctx, func(tx *database.Tx) error {
		var waiting int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM openid_requests WHERE network = $1 AND created > $2`,
			network, database.Millis(p.now().Add(-requestLife))).Scan(&waiting)
		if err != nil {
			return err
		}
		if waiting >= maxWaiting {
			return portal.UserError{Kind: portal.ErrDenied, Key: "openid.error.many"}
		}
		_, err = tx.Exec(ctx, `INSERT INTO openid_requests (hash, issuer, parameters, network, created) VALUES ($1, $2, $3, $4, $5)`,
			portal.HashSecret(secret), segment, text, network, database.Millis(p.now()))
		return err
	})
}

// kept returns a request that waited, and when it first came. portal.ErrNotFound
// for what is none of this issuer's, or waited too long.
func (p *Provider) kept(ctx context.Context, segment, sealed string) (values url.Values, asked time.Time, err error) {
	text, millis, err := p.openRequest(ctx, segment, sealed)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("openid: find request: %w", err)
	}
	if asked = database.FromMillis(millis); p.now().Sub(asked) > requestLife {
		return nil, time.Time{}, fmt.Errorf("openid: request expired: %w", portal.ErrNotFound)
	}
	if values, err = url.ParseQuery(text); err != nil {
		return nil, time.Time{}, fmt.Errorf("openid: find request: %w", err)
	}
	return values, asked, nil
}

func (p *Provider) openRequest(ctx context.Context, segment, sealed string) (text string, millis int64, err error) {
	if len(sealed) == len(portal.NewSecret()) {
		err = p.db.QueryRow(ctx, `SELECT parameters, created FROM openid_requests WHERE hash = $1 AND issuer = $2`, portal.HashSecret(sealed), segment).
			Scan(&text, &millis)
		return text, millis, err
	}
	octets, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		octets, err = p.sealer.Open(aboutRequest(segment), octets)
	}
	if err != nil || len(octets) < 8 {
		return "", 0, portal.ErrNotFound // nothing that we sealed
	}
	return string(octets[8:]), int64(binary.BigEndian.Uint64(octets)), nil
}

// formEnd says where a sign-in ends that goes on with a request that was kept.
func (p *Provider) formEnd(ctx context.Context, next string) (origin string, err error) {
	path, ours := strings.CutPrefix(next, "/oidc/")
	segment, sealed, found := strings.Cut(path, "/continue/")
	if !ours || !found {
		return "", nil
	}
	values, _, err := p.kept(ctx, segment, sealed)
	if errors.Is(err, portal.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	origin, err = originOf(values.Get("redirect_uri"))
	if err != nil {
		return "", nil // it will be refused
	}
	return origin, nil
}

// resume goes on with a request that was kept.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	values, asked, err := p.kept(r.Context(), issuerOf(r).segment(), web.Var(r, "request"))
	if errors.Is(err, portal.ErrNotFound) {
		return p.refuse(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "openid.error.expired"})
	}
	if err != nil {
		return err
	}
	return p.decide(w, r, values, asked)
}
