package openid

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Algorithms of signatures: RS256, which every client must know (OpenID Connect
// Core §15.1), and ES256, which costs thirty times less.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

const (
	// keyAge is when a key is replaced by itself.
	keyAge = 90 * 24 * time.Hour
	// keyOverlap is how long a replaced key is still published: longer than any
	// token lives, and than clients keep the list of keys.
	keyOverlap = 7 * 24 * time.Hour
)

// key is one of an issuer's.
type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
	created   time.Time
	retired   time.Time // zero: it signs
	signer    jose.Signer
}

// ring is the keys of an issuer, read a moment ago.
type ring struct {
	keys  []key
	until time.Time
}

// signing is the key that signs with an algorithm.
func (r *ring) signing(algorithm jose.SignatureAlgorithm) (key, bool) {
	for _, k := range r.keys {
		if k.algorithm == algorithm && k.retired.IsZero() {
			return k, true
		}
	}
	return key{}, false
}

// sign writes claims as a signed token. typ is the header's, "" for none.
func (p *Provider) sign(ctx context.Context, collectivity portal.CollectivityID, algorithm jose.SignatureAlgorithm, typ string, claims any) (string, error) {
	keys, err := p.ring(ctx, collectivity)
	if err != nil {
		return "", err
	}
	signing, found := keys.signing(algorithm)
	if !found {
		return "", fmt.Errorf("openid: no key signs %s", algorithm)
	}
	signer := signing.signer
	if typ != "" {
		if signer, err = newSigner(signing, typ); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("openid: sign: %w", err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		return "", fmt.Errorf("openid: sign: %w", err)
	}
	return signed.CompactSerialize()
}

func newSigner(k key, typ string) (jose.Signer, error) {
	options := (&jose.SignerOptions{}).WithHeader("kid", k.id)
	if typ != "" {
		options = options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm, Key: k.private}, options)
	if err != nil {
		return nil, fmt.Errorf("openid: signer: %w", err)
	}
	return signer, nil
}

// ring returns the keys of an issuer, made when it has none or only old ones.
// Another node sees a change within five seconds.
func (p *Provider) ring(ctx context.Context, collectivity portal.CollectivityID) (*ring, error) {
	p.mu.Lock()
	known := p.rings[collectivity]
	p.mu.Unlock()
	if known != nil && p.now().Before(known.until) {
		return known, nil
	}
	keys, err := p.readKeys(ctx, collectivity)
	if err != nil {
		return nil, err
	}
	found := &ring{keys: keys, until: p.now().Add(cacheLife)}
	for _, algorithm := range algorithms {
		if k, there := found.signing(algorithm); !there || p.now().Sub(k.created) > keyAge {
			if err := p.replaceKeys(ctx, collectivity, nil, algorithm); err != nil {
				return nil, err
			}
			return p.ring(ctx, collectivity)
		}
	}
	p.mu.Lock()
	p.rings[collectivity] = found
	p.mu.Unlock()
	return found, nil
}

func (p *Provider) readKeys(ctx context.Context, collectivity portal.CollectivityID) ([]key, error) {
	rows, err := p.db.Query(ctx, `SELECT id, algorithm, private, created, retired FROM openid_keys
		WHERE collectivity = $1 AND (retired = 0 OR retired > $2) ORDER BY created DESC, id`,
		string(collectivity), database.Millis(p.now().Add(-keyOverlap)))
	keys, err := database.Collect(rows, err, func(rows *sql.Rows) (key, error) {
		var k key
		var sealed []byte
		var created, retired int64
		if err := rows.Scan(&k.id, &k.algorithm, &sealed, &created, &retired); err != nil {
			return key{}, err
		}
		k.created, k.retired = database.FromMillis(created), database.FromMillis(retired)
		return k, p.unseal(&k, collectivity, sealed)
	})
	if err != nil {
		return nil, fmt.Errorf("openid: read keys: %w", err)
	}
	return keys, nil
}

// unseal opens the private half of a key and readies it to sign.
func (p *Provider) unseal(k *key, collectivity portal.CollectivityID, sealed []byte) error {
	text, err := p.sealer.Open(aboutKey(collectivity, k.id), sealed)
	if err != nil {
		return err
	}
	private, err := x509.ParsePKCS8PrivateKey(text)
	if err != nil {
		return err
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return fmt.Errorf("openid: key %s can't sign", k.id)
	}
	k.private = signer
	k.signer, err = newSigner(*k, "")
	return err
}

func aboutKey(collectivity portal.CollectivityID, id string) string {
	return "openid/key/" + string(collectivity) + "/" + id
}

// RotateKeys replaces the keys of an issuer, "" for the pool's, at once; what
// they signed is still verified for a week. It is the operator's act when a key
// may be known; ordinary keys are replaced by themselves after 90 days.
func (p *Provider) RotateKeys(ctx context.Context, collectivity portal.CollectivityID) error {
	line := audit.Line{At: p.now(), Collectivity: collectivity, Action: audit.KeysRotated}
	if err := p.replaceKeys(ctx, collectivity, &line, algorithms...); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.rings, collectivity)
	return nil
}

// replaceKeys makes a key for each algorithm and retires those before. Two
// nodes that do it at once leave two that sign, which is as good as one.
func (p *Provider) replaceKeys(ctx context.Context, collectivity portal.CollectivityID, line *audit.Line, algorithms ...jose.SignatureAlgorithm) error {
	made := map[jose.SignatureAlgorithm][]byte{}
	for _, algorithm := range algorithms {
		private, err := newKey(algorithm)
		if err != nil {
			return fmt.Errorf("openid: make a key: %w", err)
		}
		made[algorithm] = private
	}
	now := database.Millis(p.now())
	err := p.db.Tx(ctx, func(tx *database.Tx) error {
		for _, algorithm := range algorithms {
			_, err := tx.Exec(ctx, `UPDATE openid_keys SET retired = $1 WHERE collectivity = $2 AND algorithm = $3 AND retired = 0`,
				now, string(collectivity), string(algorithm))
			if err != nil {
				return err
			}
			id := portal.NewID()
			_, err = tx.Exec(ctx, `INSERT INTO openid_keys (collectivity, id, algorithm, private, created) VALUES ($1, $2, $3, $4, $5)`,
				string(collectivity), id, string(algorithm), p.sealer.Seal(aboutKey(collectivity, id), made[algorithm]), now)
			if err != nil {
				return err
			}
		}
		if line == nil {
			return nil
		}
		return audit.Write(ctx, tx, *line)
	})
	if err != nil {
		return fmt.Errorf("openid: replace keys: %w", err)
	}
	return nil
}

func newKey(algorithm jose.SignatureAlgorithm) (pkcs8 []byte, err error) {
	var private crypto.Signer
	switch algorithm {
	case jose.RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, errors.New("unknown algorithm")
	}
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(private)
}

// publishKeys answers with the public halves (RFC 7517).
func (p *Provider) publishKeys(w http.ResponseWriter, r *http.Request) error {
	from := issuerOf(r)
	if err := p.exists(r.Context(), from); err != nil {
		return answerMissing(w, err)
	}
	keys, err := p.ring(r.Context(), from.collectivity)
	if err != nil {
		return err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range keys.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"})
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	return answerJSON(w, http.StatusOK, set)
}

// exists refuses the issuer of a collectivity that is not in the pool, so that
// nobody makes keys by asking.
func (p *Provider) exists(ctx context.Context, from issuer) error {
	if from.collectivity == "" {
		return nil
	}
	var one int
	return p.db.QueryRow(ctx, `SELECT 1 FROM openid_clients WHERE collectivity = $1 LIMIT 1`, string(from.collectivity)).Scan(&one)
}
