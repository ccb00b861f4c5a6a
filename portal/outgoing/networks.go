package outgoing

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Locales holds the sentences of what an operator allows.
//
//go:embed locales/*.json
var Locales embed.FS

type collectivityKey struct{}

// In says whose settings lead to an address: what is dialled under it may lie in the
// networks that the pool's operator allows that collectivity. Without it none does.
func In(ctx context.Context, id portal.CollectivityID) context.Context {
	return context.WithValue(ctx, collectivityKey{}, id)
}

// Networks are those inside of ours that the settings of each collectivity may lead to,
// beyond public addresses. Asking reads memory.
type Networks struct {
	db      *database.DB
	log     *slog.Logger
	now     func() time.Time
	reading sync.Mutex // an older reading never replaces a newer one
	allowed atomic.Pointer[map[portal.CollectivityID][]netip.Prefix]
}

// NewNetworks returns them; Refresh reads them for the first time.
func NewNetworks(db *database.DB, log *slog.Logger) *Networks {
	return &Networks{db: db, log: log, now: time.Now}
}

// Allows says whether a collectivity may reach an address inside.
func (n *Networks) Allows(id portal.CollectivityID, address netip.Addr) bool {
	allowed := n.allowed.Load()
	if allowed == nil {
		return false
	}
	return slices.ContainsFunc((*allowed)[id], func(one netip.Prefix) bool { return one.Contains(address.Unmap()) })
}

func (n *Networks) any(id portal.CollectivityID) bool {
	allowed := n.allowed.Load()
	return allowed != nil && len((*allowed)[id]) > 0
}

// readEvery is how often what other processes allowed is read: they see a change within
// five seconds, as with sessions.
const readEvery = 4 * time.Second

// Run reads again and again until the context ends.
func (n *Networks) Run(ctx context.Context) error {
	return database.Again(ctx, readEvery, n.Refresh, func(err error) {
		n.log.Warn("allowed networks could not be read; those known hold", "error", err)
	})
}

// Refresh reads what is allowed.
func (n *Networks) Refresh(ctx context.Context) error {
	n.reading.Lock()
	defer n.reading.Unlock()
	rows, err := n.db.Query(ctx, `SELECT collectivity, network FROM collectivity_networks`)
	allowed := map[portal.CollectivityID][]netip.Prefix{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.CollectivityID
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return none, err
		}
		network, err := netip.ParsePrefix(text)
		allowed[id] = append(allowed[id], network)
		return none, err
	})
	if err != nil {
		return fmt.Errorf("outgoing: read networks: %w", err)
	}
	n.allowed.Store(&allowed)
	return nil
}

// Of lists the networks of a collectivity, sorted. It needs the right to operate the pool.
func (n *Networks) Of(ctx context.Context, caller portal.Caller, id portal.CollectivityID) ([]netip.Prefix, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("outgoing: networks of %q: %w", id, err)
	}
	return readNetworks(ctx, n.db, id)
}

func readNetworks(ctx context.Context, from database.Reader, id portal.CollectivityID) ([]netip.Prefix, error) {
	rows, err := from.Query(ctx, `SELECT network FROM collectivity_networks WHERE collectivity = $1`, string(id))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (network netip.Prefix, err error) {
		var text string
		if err = rows.Scan(&text); err == nil {
			network, err = netip.ParsePrefix(text)
		}
		return network, err
	})
	if err != nil {
		return nil, fmt.Errorf("outgoing: networks of %q: %w", id, err)
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	return all, nil
}

// Shown are networks as Set compares them with what a form showed: "10.1.2.0/24 192.168.1.9/32".
func Shown(networks []netip.Prefix) string {
	var texts []string
	for _, network := range slices.SortedFunc(slices.Values(networks), netip.Prefix.Compare) {
		texts = append(texts, network.String())
	}
	return strings.Join(texts, " ")
}

// grantable are what a network may be part of: private ones. This machine, its links and
// what clouds answer there are in no collectivity's network.
var grantable = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")

// maxNetworks bounds what one collectivity is allowed.
const maxNetworks = 50

// ParseNetworks reads networks and addresses, one a text: "10.1.2.0/24", "192.168.1.9".
// portal.FieldErrors about "networks" for one that is none, or that is not private.
func ParseNetworks(typed []string) ([]netip.Prefix, error) {
	refuse := func(key, text string) ([]netip.Prefix, error) {
		return nil, portal.FieldErrors{portal.Invalid("networks", "outgoing."+key, "network", text)}
	}
	var all []netip.Prefix
	for _, text := range typed {
		network, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); single == nil && address.Zone() == "" {
			network, err = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
		}
		if err != nil || network.Addr().Is4In6() {
			return refuse("network", text)
		}
		network = network.Masked()
		if !slices.ContainsFunc(grantable, func(one netip.Prefix) bool { return one.Contains(network.Addr()) && one.Bits() <= network.Bits() }) {
			return refuse("private", text)
		}
		if !slices.Contains(all, network) {
			all = append(all, network)
		}
	}
	if len(all) > maxNetworks {
		return nil, portal.FieldErrors{portal.Invalid("networks", "outgoing.many", "max", maxNetworks)}
	}
	return all, nil
}

// Set replaces the networks of a collectivity, and tells both journals. It needs the right
// to operate the pool. shown is what Shown was of those that its form showed:
// portal.ErrConflict, with those of now, when another operator changed them since.
func (n *Networks) Set(ctx context.Context, caller portal.Caller, id portal.CollectivityID, shown string, networks []netip.Prefix, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("outgoing: set networks: %w", err)
	}
	err := n.db.Tx(ctx, func(tx *database.Tx) error {
		line := audit.Line{At: n.now(), Account: caller.Account, Action: audit.NetworksAllowed, ObjectID: string(id), Detail: Shown(networks), Address: address}
		if err := tx.QueryRow(ctx, `SELECT name FROM collectivities WHERE id = $1`, string(id)).Scan(&line.Object); err != nil {
			return err
		}
		all, err := readNetworks(ctx, tx, id)
		now := Shown(all)
		switch {
		case err != nil || now == line.Detail: // so they are: it was sent twice
			return err
		case now == "" && shown != "":
			return portal.UserError{Kind: portal.ErrConflict, Field: "networks", Key: "outgoing.meanwhile.none"}
		case now != shown:
			return portal.UserError{Kind: portal.ErrConflict, Field: "networks", Key: "outgoing.meanwhile", Args: []any{"networks", now}}
		}
		if err := tx.Write(ctx, `DELETE FROM collectivity_networks WHERE collectivity = $1`, string(id)); err != nil {
			return err
		}
		for _, network := range networks {
			if err := tx.Write(ctx, `INSERT INTO collectivity_networks (collectivity, network) VALUES ($1, $2)`, string(id), network.String()); err != nil {
				return err
			}
		}
		for _, line.Collectivity = range []portal.CollectivityID{"", id} {
			if err := audit.Write(ctx, tx, line); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("outgoing: set networks of %q: %w", id, err)
	}
	if err := n.Refresh(context.WithoutCancel(ctx)); err != nil {
		n.log.Warn("allowed networks hold a few seconds late", "error", err)
	}
	return nil
}

// refuse judges an address at the moment when it is dialled for a collectivity.
func (n *Networks) refuse(id portal.CollectivityID, address string) error {
	to, err := netip.ParseAddrPort(address)
	if err == nil && (!IsInside(to.Addr()) || n.Allows(id, to.Addr())) {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrInside, address)
}

// Outcomes of a test.
const (
	Reached    = "reached"
	Forbidden  = "forbidden"
	Unanswered = "unanswered"
	Unnamed    = "unnamed" // its name leads to no address
)

// Test opens a connection to "host:port" as the settings of a collectivity would, and
// sends nothing. It needs the right to operate the pool.
func (n *Networks) Test(ctx context.Context, caller portal.Caller, id portal.CollectivityID, address string) (outcome string, err error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return "", fmt.Errorf("outgoing: test: %w", err)
	}
	host, port, err := net.SplitHostPort(address)
	if number, unknown := net.LookupPort("tcp", port); err != nil || host == "" || unknown != nil || number == 0 {
		return "", portal.FieldErrors{portal.Invalid("address", "outgoing.address")}
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error { return n.refuse(id, address) }}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	var unnamed *net.DNSError
	switch {
	case err == nil:
		conn.Close()
		return Reached, nil
	case errors.Is(err, ErrInside):
		return Forbidden, nil
	case errors.As(err, &unnamed):
		return Unnamed, nil
	}
	return Unanswered, nil
}

// Transports give each collectivity a transport of its own, so that no connection which
// one of them may have is used for another. It picks by In.
type Transports struct {
	networks *Networks
	change   func(*http.Transport)

	mu    sync.Mutex
	known map[portal.CollectivityID]*http.Transport
}

// NewTransports returns them; change, if any, is applied to each.
func NewTransports(networks *Networks, change func(*http.Transport)) *Transports {
	return &Transports{networks: networks, change: change, known: map[portal.CollectivityID]*http.Transport{}}
}

// RoundTrip sends a request for the collectivity of its context. A network that is taken
// away is out of reach at once: who is allowed one keeps no connection.
func (t *Transports) RoundTrip(r *http.Request) (*http.Response, error) {
	id, _ := r.Context().Value(collectivityKey{}).(portal.CollectivityID)
	if t.networks.any(id) {
		r = r.Clone(r.Context())
		r.Close = true
	}
	return t.of(id).RoundTrip(r)
}

func (t *Transports) of(id portal.CollectivityID) *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known[id] == nil {
		made := NewTransport(false)
		dialer := net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error { return t.networks.refuse(id, address) }}
		made.DialContext = dialer.DialContext
		if t.change != nil {
			t.change(made)
		}
		t.known[id] = made
	}
	return t.known[id]
}

// NewClientFor is NewClient that reaches what each collectivity is allowed.
func NewClientFor(networks *Networks, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Transport: NewTransports(networks, func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			t.DisableKeepAlives = true
		}),
		Timeout: Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
