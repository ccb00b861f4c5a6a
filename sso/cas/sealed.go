package cas

import (
	"bytes"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/seal"
)

// letters are those of our tickets, among the [A-Za-z0-9-] of CAS 3.0.3 §3.7, and
// those of portal.NewID.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const (
	// maxTicket is what an application must be able to keep of one, in characters
	// (CAS 3.0.3 §3.1.1), and maxSealed what is left of it to us, in bytes.
	maxTicket = 256
	maxSealed = (maxTicket - len(serviceTicket+"-")) * 5 / 8
	// headSize is that of what every ticket begins with, idSize that of an id that
	// portal.NewID drew, in bytes.
	headSize = 1 + 4 + len(digest{})
	idSize   = 10
)

func aboutTicket(kind string) string { return "cas/ticket/" + kind }

// seal is the text of a ticket: "ST-" and what it says. The browser's address is
// left out when it is one of IPv6 and the longest names leave no room for it.
func (s *Server) seal(t ticket) (string, error) {
	octets := make([]byte, 1, maxSealed)
	if t.fresh {
		octets[0] = 1
	}
	octets = binary.BigEndian.AppendUint32(octets, uint32(t.ends.Unix()))
	octets = append(octets, t.service[:]...)
	if t.kind == proxyTicket {
		octets = append(octets, t.granting[:]...)
	} else {
		whose, err := letters.AppendDecode(octets, []byte(string(t.account)+t.session))
		if err != nil || len(whose) != headSize+2*idSize {
			return "", fmt.Errorf("cas: seal ticket: account %q and session %q were not drawn by us", t.account, t.session)
		}
		octets = whose
	}
	octets = append(octets, string(t.collectivity)+"\n"+t.application+"\n"...)
	client, _ := netip.ParseAddr(t.client) // without one the journal says nothing of it
	if address := client.AsSlice(); len(octets)+len(address)+seal.Overhead <= maxSealed {
		octets = append(octets, address...)
	}
	return t.kind + "-" + letters.EncodeToString(s.Sealer.Seal(aboutTicket(t.kind), octets)), nil
}

// unseal reads what seal wrote; false for any other text.
func (s *Server) unseal(text string) (t ticket, ok bool) {
	kind, rest, _ := strings.Cut(text, "-")
	if len(text) > maxTicket || kind != serviceTicket && kind != proxyTicket {
		return ticket{}, false
	}
	sealed, err := letters.DecodeString(rest)
	// One text for one ticket: another spelling of the same would be judged again.
	if err != nil || letters.EncodeToString(sealed) != rest {
		return ticket{}, false
	}
	octets, err := s.Sealer.Open(aboutTicket(kind), sealed)
	if err != nil || len(octets) < headSize+2*idSize {
		return ticket{}, false
	}
	t = ticket{
		kind: kind, hash: digestOf(text), fresh: octets[0] == 1,
		ends:    time.Unix(int64(binary.BigEndian.Uint32(octets[1:])), 0),
		service: digest(octets[5:]),
	}
	octets = octets[headSize:]
	if kind == proxyTicket {
		t.granting, octets = digest(octets), octets[len(digest{}):]
	} else {
		t.account, t.session = portal.AccountID(letters.EncodeToString(octets[:idSize])), letters.EncodeToString(octets[idSize:2*idSize])
		octets = octets[2*idSize:]
	}
	fields := bytes.SplitN(octets, []byte("\n"), 3)
	if len(fields) != 3 {
		return ticket{}, false
	}
	t.collectivity, t.application = portal.CollectivityID(fields[0]), string(fields[1])
	if client, ok := netip.AddrFromSlice(fields[2]); ok {
		t.client = client.String()
	}
	return t, true
}
