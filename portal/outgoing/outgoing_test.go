package outgoing

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAddressesInsideAreNotDialled(t *testing.T) {
	var asked atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer inside.Close()
	for allowed, want := range map[bool]int32{false: 0, true: 1} {
		transport := NewTransport(allowed)
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Get(inside.URL)
		if err == nil {
			response.Body.Close()
		}
		if errors.Is(err, ErrInside) == allowed || asked.Load() != want {
			t.Errorf("allowed %v: %v, asked %d times", allowed, err, asked.Load())
		}
		asked.Store(0)
	}
}

func TestWhatIsInside(t *testing.T) {
	for _, c := range []struct {
		inside bool
		list   string
	}{
		{true, "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3 224.0.0.1 255.255.255.255 192.0.2.1 198.18.0.1 240.0.0.1 ::1 :: fe80::1 fc00::1 fd12::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1:: 2001:db8::1 ::a00:1 fec0::1"},
		{false, "8.8.8.8 172.32.0.1 192.167.0.1 100.63.0.1 100.128.0.1 2a01:e0a::1 ::ffff:8.8.8.8"},
	} {
		for text := range strings.FieldsSeq(c.list) {
			if got := IsInside(netip.MustParseAddr(text)); got != c.inside {
				t.Errorf("IsInside(%s) = %v", text, got)
			}
		}
	}
}
