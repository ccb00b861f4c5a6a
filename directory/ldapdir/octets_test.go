package ldapdir

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

func TestAGUIDIsWrittenInItsUsualForm(t *testing.T) {
	octets := []byte{0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	got, ok := guid(octets)
	if want := "00112233-4455-6677-8899-aabbccddeeff"; got != want || !ok {
		t.Errorf("guid = %q %v, want %q", got, ok, want)
	}
	attributes := presets[ActiveDirectory].Attributes
	filter, ok := attributes.keyFilter(got)
	if want := `(objectGUID=\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff)`; filter != want || !ok {
		t.Errorf("keyFilter = %s %v, want %s", filter, ok, want)
	}
	for _, wrong := range []string{"", "00112233", "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899-AABBCCDDEEFF", "(*)"} {
		if filter, ok := attributes.keyFilter(wrong); ok {
			t.Errorf("keyFilter(%q) = %s", wrong, filter)
		}
	}
	short := ldap.NewEntry("cn=x", map[string][]string{"objectGUID": {"short"}})
	if key := attributes.key(short); key != "" {
		t.Errorf("key of a short objectGUID = %q", key)
	}
}

func TestASIDIsWrittenInItsUsualForm(t *testing.T) {
	octets := []byte{1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 0, 0}
	got, ok := sid(octets)
	if want := "S-1-5-21-1-2-3-513"; got != want || !ok {
		t.Errorf("sid = %q %v, want %q", got, ok, want)
	}
	if again, ok := sidOctets(got); !ok || !bytes.Equal(again, octets) {
		t.Errorf("sidOctets = %x %v, want %x", again, ok, octets)
	}
	for _, wrong := range []string{"", "S-1", "S-1-5-", "S-2-5-21", "S-1-5-021", "S-1-5-4294967296", "S-1-5" + strings.Repeat("-1", 16), "Finances"} {
		if octets, ok := sidOctets(wrong); ok {
			t.Errorf("sidOctets(%q) = %x", wrong, octets)
		}
	}
}

func FuzzGUID(f *testing.F) {
	f.Add(make([]byte, 16))
	f.Add([]byte("0123456789abcdef"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		written, ok := guid(octets)
		if ok != (len(octets) == 16) {
			t.Fatalf("guid(%x) = %q %v", octets, written, ok)
		}
		if again, known := guidOctets(written); ok && (!known || !bytes.Equal(again, octets)) {
			t.Fatalf("guid(%x) = %q, read back as %x", octets, written, again)
		}
	})
}

func FuzzSID(f *testing.F) {
	f.Add([]byte{1, 1, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0})
	f.Add([]byte{1, 255, 0, 0, 0, 0, 0, 5})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, octets []byte) {
		written, ok := sid(octets)
		if !ok {
			return
		}
		if again, known := sidOctets(written); !known || !bytes.Equal(again, octets) {
			t.Fatalf("sid(%x) = %q, read back as %x", octets, written, again)
		}
	})
}

func FuzzSIDText(f *testing.F) {
	f.Add("S-1-5-21-1-2-3-513")
	f.Add("S-1-5-")
	f.Fuzz(func(t *testing.T, written string) {
		octets, ok := sidOctets(written)
		if again, known := sid(octets); ok && (!known || again != written) {
			t.Fatalf("sidOctets(%q) = %x, written back as %q", written, octets, again)
		}
	})
}
