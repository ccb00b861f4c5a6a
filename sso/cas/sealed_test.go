package cas

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"parvis/portal"
	"parvis/portal/seal"
)

func sealing(t testing.TB) *Server {
	t.Helper()
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return &Server{Options{Sealer: sealer, Now: time.Now}}
}

// sample is a ticket with the longest names that there may be.
func sample(kind string) ticket {
	longest := strings.Repeat("a", 40)
	t := ticket{
		kind: kind, collectivity: portal.CollectivityID(longest), application: longest, service: digestOf("https://a/"),
		fresh: true, client: "255.255.255.255", ends: time.Unix(1<<32-1, 0),
	}
	if kind == proxyTicket {
		t.granting = digestOf("PGT-x")
	} else {
		t.account, t.session = portal.AccountID(portal.NewID()), portal.NewID()
	}
	return t
}

func TestATicketSaysWhatWasSealed(t *testing.T) {
	s := sealing(t)
	for _, kind := range []string{serviceTicket, proxyTicket} {
		want := sample(kind)
		text, err := s.seal(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > maxTicket {
			t.Errorf("%s: %d characters", kind, len(text))
		}
		want.hash = digestOf(text)
		if got, ok := s.unseal(text); !ok || !same(got, want) {
			t.Errorf("%s: %v %+v, want %+v", kind, ok, got, want)
		}
		want.client = "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" // no room for it
		text, _ = s.seal(want)
		if got, ok := s.unseal(text); !ok || got.client != "" || len(text) > maxTicket {
			t.Errorf("%s: %v, %q in %d characters", kind, ok, got.client, len(text))
		}
		want.application = "glpi"
		text, _ = s.seal(want)
		if got, _ := s.unseal(text); got.client != want.client {
			t.Errorf("%s: client %q", kind, got.client)
		}
	}
	if _, err := s.seal(ticket{kind: serviceTicket, account: "camille", session: "x"}); err == nil {
		t.Error("ids of another shape are sealed")
	}
}

func same(a, b ticket) bool {
	return a.kind == b.kind && a.collectivity == b.collectivity && a.application == b.application && a.service == b.service && a.account == b.account &&
		a.session == b.session && a.granting == b.granting && a.fresh == b.fresh && a.client == b.client && a.ends.Equal(b.ends) && a.hash == b.hash
}

// TestNoOtherTextIsATicket: one letter changed, another kind, letters that decode
// to the same octets, another installation.
func TestNoOtherTextIsATicket(t *testing.T) {
	s := sealing(t)
	one := sample(serviceTicket)
	one.application = "glpi-2" // so that the last letter holds bits that say nothing
	text, err := s.seal(one)
	if err != nil {
		t.Fatal(err)
	}
	alphabet := "abcdefghijklmnopqrstuvwxyz234567"
	for i := len("ST-"); i < len(text); i++ {
		for _, letter := range alphabet {
			if changed := text[:i] + string(letter) + text[i+1:]; changed != text {
				if _, ok := s.unseal(changed); ok {
					t.Fatalf("letter %d may be %c", i, letter)
				}
			}
		}
	}
	for _, other := range []string{"PT" + text[2:], "PGT" + text[2:], text + "\n", text[:9] + "\n" + text[9:], text + "a", text + "=", strings.ToUpper(text), text[:len(text)-1], "ST-", ""} {
		if _, ok := s.unseal(other); ok {
			t.Errorf("%q is a ticket", other)
		}
	}
	if _, ok := sealing(t).unseal(text); ok {
		t.Error("another installation takes it")
	}
	if err := quick.Check(func(other string) bool { _, ok := s.unseal("ST-" + other); return !ok }, nil); err != nil {
		t.Error(err)
	}
}

// FuzzTicket opens texts that applications show.
func FuzzTicket(f *testing.F) {
	s := sealing(f)
	for _, kind := range []string{serviceTicket, proxyTicket} {
		text, err := s.seal(sample(kind))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add("ST-")
	f.Fuzz(func(t *testing.T, text string) {
		one, ok := s.unseal(text)
		if !ok {
			return
		}
		if again, err := s.seal(one); err != nil || len(again) > maxTicket {
			t.Fatalf("%q opens to what can't be sealed: %v", text, err)
		}
	})
}
