// Package outgoing opens connections to addresses that people wrote into
// Parvis: the agenda of an agent, the application of a collectivity. Whether an
// address lies inside of our network is judged when it is dialled, after its
// name is resolved: a name that changes its answer gains nothing.
package outgoing

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrInside: the address lies inside of our network, where what a person wrote
// may not lead.
var ErrInside = errors.New("outgoing: address inside of the network")

// dialTimeout bounds a connection, and the handshake of TLS after it.
const dialTimeout = 5 * time.Second

// NewTransport returns a transport that refuses addresses inside with
// ErrInside, unless they are allowed. It verifies certificates, bounds headers
// in time and in size, and follows no redirection; bodies are the caller's
// business. It uses no proxy of the environment: that one would dial in our
// place, and check nothing.
func NewTransport(allowInside bool) *http.Transport {
	dialer := net.Dialer{Timeout: dialTimeout}
	if !allowInside {
		dialer.Control = refuseInside
	}
	return &http.Transport{
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: 20 * time.Second,
		MaxIdleConnsPerHost:   2, IdleConnTimeout: 30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// Timeout bounds what a server may take to answer a client of NewClient, whole.
const Timeout = 5 * time.Second

// NewClient returns a client for short questions to servers that are asked
// rarely. roots sign their certificates; nil trusts those of the system.
func NewClient(allowInside bool, roots *x509.CertPool) *http.Client {
	transport := NewTransport(allowInside)
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	transport.DisableKeepAlives = true
	return &http.Client{
		Transport: transport, Timeout: Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// refuseInside is a net.Dialer.Control.
func refuseInside(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || IsInside(to.Addr()) {
		return fmt.Errorf("%w: %s", ErrInside, address)
	}
	return nil
}

// Ranges beside those that netip knows: shared address space (RFC 6598), documentation and
// benchmarks, IPv4 kept for protocols, what carries an IPv4 address (RFC 6052, 3056, 4380, 4291 §2.5.5.1), and the
// sites' own addresses of before (RFC 3879).
var insideRanges = prefixes("100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "2001:db8::/32", "100::/64", "::/96", "fec0::/10")

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// IsInside says whether an address is no public one.
func IsInside(address netip.Addr) bool {
	address = address.Unmap()
	for _, prefix := range insideRanges {
		if prefix.Contains(address) {
			return true
		}
	}
	return !address.IsGlobalUnicast() || address.IsPrivate() || address.Is4() && address.As4()[0] == 0
}
