package ldapdir

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// objectGUID is the one key that is read as octets.
const objectGUID = "objectGUID"

// entryUUID is the key by which content synchronization names entries.
const entryUUID = "entryUUID"

// key is an entry's stable key as it is stored, "" for none: an objectGUID in
// its usual form, texts as they are, other octets in hex.
func (a Attributes) key(entry *ldap.Entry) string {
	value := entry.GetRawAttributeValue(a.Key)
	if !strings.EqualFold(a.Key, objectGUID) {
		return text(value)
	}
	guid, ok := guid(value)
	if !ok {
		return ""
	}
	return guid
}

// keyFilter finds the entry of a key; not ok for what can't be one.
func (a Attributes) keyFilter(key string) (filter string, ok bool) {
	if !strings.EqualFold(a.Key, objectGUID) {
		return "(" + a.Key + "=" + ldap.EscapeFilter(key) + ")", key != ""
	}
	octets, ok := guidOctets(key)
	if !ok {
		return "", false
	}
	return "(" + a.Key + "=" + octetFilter(octets) + ")", true
}

// octetFilter writes each octet as RFC 4515 §3 escapes it.
func octetFilter(octets []byte) string {
	var filter strings.Builder
	for _, octet := range octets {
		fmt.Fprintf(&filter, `\%02x`, octet)
	}
	return filter.String()
}

// text is a key as it is stored: octets that are no text are written in hex.
func text(value []byte) string {
	if utf8.Valid(value) {
		return string(value)
	}
	return hex.EncodeToString(value)
}

const guidSize = 16

// guid writes a GUID in its usual form: its first three parts travel with the
// lowest octet first ([MS-DTYP] §2.3.4).
func guid(octets []byte) (written string, ok bool) {
	if len(octets) != guidSize {
		return "", false
	}
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(octets), binary.LittleEndian.Uint16(octets[4:]),
		binary.LittleEndian.Uint16(octets[6:]), octets[8:10], octets[10:]), true
}

// guidOctets is the reverse of guid.
func guidOctets(written string) (octets []byte, ok bool) {
	octets, err := hex.DecodeString(strings.ReplaceAll(written, "-", ""))
	if err != nil || len(octets) != guidSize {
		return nil, false
	}
	binary.LittleEndian.PutUint32(octets, binary.BigEndian.Uint32(octets))
	binary.LittleEndian.PutUint16(octets[4:], binary.BigEndian.Uint16(octets[4:]))
	binary.LittleEndian.PutUint16(octets[6:], binary.BigEndian.Uint16(octets[6:]))
	if again, _ := guid(octets); again != written {
		return nil, false // another way of writing it would be another key
	}
	return octets, true
}

const (
	sidHead = 8  // revision, count, authority of 6 octets
	maxSubs = 15 // [MS-DTYP] §2.4.2.2
)

// sid writes a security identifier as "S-1-5-21-…" ([MS-DTYP] §2.4.2); not ok
// for what is none.
func sid(octets []byte) (written string, ok bool) {
	if len(octets) < sidHead || octets[0] != 1 || octets[1] > maxSubs || len(octets) != sidHead+4*int(octets[1]) {
		return "", false
	}
	var authority uint64
	for _, octet := range octets[2:sidHead] {
		authority = authority<<8 | uint64(octet)
	}
	text := append(make([]byte, 0, 48), "S-1-"...)
	text = strconv.AppendUint(text, authority, 10)
	for rest := octets[sidHead:]; len(rest) > 0; rest = rest[4:] {
		text = append(text, '-')
		text = strconv.AppendUint(text, uint64(binary.LittleEndian.Uint32(rest)), 10)
	}
	return string(text), true
}

// sidOctets is the reverse of sid.
func sidOctets(written string) (octets []byte, ok bool) {
	parts := strings.Split(written, "-")
	if len(parts) < 3 || len(parts) > 3+maxSubs || parts[0] != "S" || parts[1] != "1" {
		return nil, false
	}
	authority, err := strconv.ParseUint(parts[2], 10, 48)
	if err != nil {
		return nil, false
	}
	octets = binary.BigEndian.AppendUint64(nil, authority)
	octets[0], octets[1] = 1, byte(len(parts)-3)
	for _, part := range parts[3:] {
		sub, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return nil, false
		}
		octets = binary.LittleEndian.AppendUint32(octets, uint32(sub))
	}
	if again, _ := sid(octets); again != written {
		return nil, false
	}
	return octets, true
}
