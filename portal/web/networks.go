package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"parvis/portal"
)

// Networks are the addresses of reverse proxies that tell the truth about
// their clients.
type Networks []netip.Prefix

// ParseNetworks reads "10.0.0.0/8" or "127.0.0.1".
func ParseNetworks(texts []string) (Networks, error) {
	var networks Networks
	for _, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(address, address.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("web: %w: network %q must look like 10.0.0.0/8", portal.ErrInvalid, text)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func (n Networks) contain(address netip.Addr) bool {
	for _, network := range n {
		if network.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// Peer says whether who connects is one of these, whoever it forwards for.
func (n Networks) Peer(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && n.contain(peer.Addr())
}

// client is the address of the client: the last one in X-Forwarded-For that
// no trusted proxy owns, or the other end of the connection.
func (n Networks) client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := peer.Addr().Unmap()
	if len(n) == 0 || !n.contain(address) {
		return address.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = hop.Unmap()
		if !n.contain(address) {
			break
		}
	}
	return address.String()
}
