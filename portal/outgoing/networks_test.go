package outgoing

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"parvis/portal"
	"parvis/portal/database/databasetest"
)

var poolOperator = portal.Caller{Account: "exploitation", Rights: []portal.Right{portal.OperatePool}}

func networksOf(t *testing.T) *Networks {
	t.Helper()
	db := databasetest.New(t)
	for _, id := range []string{"bourg", "agglo"} {
		if _, err := db.Exec(t.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id); err != nil {
			t.Fatal(err)
		}
	}
	return NewNetworks(db, slog.New(slog.DiscardHandler))
}

// grant allows what no operator can: the machine of the test is the only one at hand.
func grant(n *Networks, id portal.CollectivityID, networks ...string) {
	n.allowed.Store(&map[portal.CollectivityID][]netip.Prefix{id: prefixes(networks...)})
}

// TestACollectivityReachesItsOwnNetworksAlone: what one may reach no other does, nor who
// says no collectivity, nor by a connection that was open before.
func TestACollectivityReachesItsOwnNetworksAlone(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ici")) }))
	defer inside.Close()
	n := networksOf(t)
	transports := NewTransports(n, nil)
	reach := func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, inside.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transports.RoundTrip(request)
		if err == nil {
			io.Copy(io.Discard, response.Body) // to its end: what is not read is not kept open either
			response.Body.Close()
		}
		return err
	}
	ctx := t.Context()
	if err := reach(In(ctx, "bourg")); !errors.Is(err, ErrInside) {
		t.Errorf("before it is allowed: %v, want ErrInside", err)
	}
	grant(n, "bourg", "127.0.0.0/8", "::1/128")
	for range 2 {
		if err := reach(In(ctx, "bourg")); err != nil {
			t.Errorf("who is allowed: %v", err)
		}
	}
	for who, of := range map[string]context.Context{"another": In(ctx, "agglo"), "nobody": ctx, "the pool": In(ctx, "")} {
		if err := reach(of); !errors.Is(err, ErrInside) {
			t.Errorf("%s: %v, want ErrInside", who, err)
		}
	}
	grant(n, "agglo", "127.0.0.0/8", "::1/128")
	if err := reach(In(ctx, "bourg")); !errors.Is(err, ErrInside) {
		t.Errorf("once it is taken away: %v, want ErrInside", err)
	}
	address := strings.TrimPrefix(inside.URL, "http://")
	for id, want := range map[portal.CollectivityID]string{"bourg": Forbidden, "agglo": Reached} {
		if got, err := n.Test(ctx, poolOperator, id, address); got != want || err != nil {
			t.Errorf("test of %s: %q, %v, want %q", id, got, err, want)
		}
	}
	inside.Close()
	if got, err := n.Test(ctx, poolOperator, "agglo", address); got != Unanswered || err != nil {
		t.Errorf("test of a server that is gone: %q, %v", got, err)
	}
}

// TestOnlyPrivateNetworksAreGranted, and never this machine, its link or everything.
func TestOnlyPrivateNetworksAreGranted(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.2.0/24": "10.1.2.0/24", "10.1.2.3/24": "10.1.2.0/24", "192.168.1.9": "192.168.1.9/32", "fd00::/48": "fd00::/48", "::ffff:10.0.0.1": "10.0.0.1/32",
		"127.0.0.1": "", "169.254.169.254": "", "0.0.0.0/0": "", "10.0.0.0/7": "", "::1": "", "fe80::1": "", "fe80::1%eth0": "", "8.8.8.8": "", "bourg": "", "10.0.0": "", "::/0": "",
	} {
		all, err := ParseNetworks([]string{text})
		switch {
		case want == "" && !errors.Is(err, portal.ErrInvalid):
			t.Errorf("%s: %v, %v, want a refusal", text, all, err)
		case want != "" && (err != nil || len(all) != 1 || all[0].String() != want):
			t.Errorf("%s: %v, %v, want %s", text, all, err, want)
		}
	}
}

// TestNetworksAreKeptByCollectivity and known to another process that reads again.
func TestNetworksAreKeptByCollectivity(t *testing.T) {
	n, ctx := networksOf(t), t.Context()
	set := func(id portal.CollectivityID, networks ...string) {
		t.Helper()
		held, err := n.Of(ctx, poolOperator, id)
		if err == nil {
			err = n.Set(ctx, poolOperator, id, Shown(held), prefixes(networks...), "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	set("bourg", "10.1.0.0/16")
	set("agglo", "10.2.0.0/16")
	set("bourg", "10.3.0.0/16")
	other := NewNetworks(n.db, n.log)
	if err := other.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	for _, known := range []*Networks{n, other} {
		for address, want := range map[string]string{"10.1.0.1": "", "10.2.0.1": "agglo", "10.3.0.1": "bourg", "127.0.0.1": ""} {
			for _, id := range []portal.CollectivityID{"bourg", "agglo", ""} {
				if got := known.Allows(id, netip.MustParseAddr(address)); got != (string(id) == want && want != "") {
					t.Errorf("%s reaches %s: %v", id, address, got)
				}
			}
		}
	}
	for what, err := range map[string]error{
		"set":  n.Set(ctx, portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}, "bourg", "", nil, ""),
		"none": n.Set(ctx, poolOperator, "ailleurs", "", nil, ""),
	} {
		if !errors.Is(err, portal.ErrDenied) && !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestWhatAnotherOperatorAllowedIsNotLost: who saw other networks is told of those of now,
// and what is sent twice is no other change.
func TestWhatAnotherOperatorAllowedIsNotLost(t *testing.T) {
	n, ctx := networksOf(t), t.Context()
	set := func(shown string, networks ...string) error {
		return n.Set(ctx, poolOperator, "bourg", shown, prefixes(networks...), "")
	}
	for _, c := range []struct {
		shown string
		typed []string
		told  string // "" for what is taken
	}{
		{"", []string{"10.1.0.0/16"}, ""},
		{"", []string{"10.1.0.0/16"}, ""}, // sent twice
		{"", []string{"10.2.0.0/16"}, "10.1.0.0/16"},
		{"10.1.0.0/16", []string{"10.3.0.0/16", "10.2.0.0/16"}, ""},
		{"10.1.0.0/16", nil, "10.2.0.0/16 10.3.0.0/16"},
		{"10.2.0.0/16 10.3.0.0/16", nil, ""},
		{"10.1.0.0/16", []string{"10.4.0.0/16"}, "none"},
	} {
		err := set(c.shown, c.typed...)
		var other portal.UserError
		told := ""
		if errors.As(err, &other) && errors.Is(err, portal.ErrConflict) {
			if told = "none"; len(other.Args) > 0 {
				told = other.Args[1].(string)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if told != c.told {
			t.Errorf("over %q, %q: told of %q, want %q", c.shown, c.typed, told, c.told)
		}
	}
	var lines int
	if err := n.db.QueryRow(ctx, `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg'`).Scan(&lines); err != nil || lines != 3 {
		t.Errorf("%d lines in the journal, %v; want one for each change", lines, err)
	}
}

// TestACollectivityIsAllowedSoMany and no more.
func TestACollectivityIsAllowedSoMany(t *testing.T) {
	var typed []string
	for i := range maxNetworks + 1 {
		typed = append(typed, netip.AddrFrom4([4]byte{10, byte(i), 0, 1}).String())
	}
	if _, err := ParseNetworks(typed[1:]); err != nil {
		t.Error(err)
	}
	if _, err := ParseNetworks(typed); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("one too many: %v", err)
	}
}
