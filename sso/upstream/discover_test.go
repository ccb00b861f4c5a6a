package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/portal"
	"parvis/sso"
)

// slow is an issuer that takes its time and counts who asks. It fails until it
// is well.
type slow struct {
	server *httptest.Server
	asked  atomic.Int64
	well   atomic.Bool
}

func newSlow(t *testing.T) (*slow, *issuer) {
	t.Helper()
	s := &slow{}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		time.Sleep(200 * time.Millisecond)
		if !s.well.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		description := map[string]string{"issuer": s.server.URL, "end_session_endpoint": s.server.URL + "/end"}
		if err := json.NewEncoder(w).Encode(description); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.server.Close)
	asked, err := newIssuer(sso.Method{Settings: json.RawMessage(`{"issuer":"` + s.server.URL + `","client_id":"client"}`)})
	if err != nil {
		t.Fatal(err)
	}
	return s, asked
}

func TestThoseWhoWaitForAnIssuerWaitTogether(t *testing.T) {
	server, issuer := newSlow(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, _, err := issuer.discover(context.Background()); !errors.Is(err, portal.ErrUnavailable) {
				t.Errorf("discover = %v, want ErrUnavailable", err)
			}
		})
	}
	wait.Wait()
	if _, _, err := issuer.discover(context.Background()); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("just after = %v, want ErrUnavailable", err)
	}
	if asked := server.asked.Load(); asked != 1 {
		t.Errorf("an issuer that fails was asked %d times, want 1", asked)
	}
	server.well.Store(true)
	issuer.last.until = time.Now() // ten seconds went by
	for range 2 {
		if _, described, err := issuer.discover(context.Background()); err != nil || described.EndSession == "" {
			t.Errorf("well again: %+v, %v", described, err)
		}
	}
	if asked := server.asked.Load(); asked != 2 {
		t.Errorf("well again, it was asked %d times in all, want 2", asked)
	}
}

func TestWhoGoesAwayDoesNotSpoilTheReading(t *testing.T) {
	server, issuer := newSlow(t)
	server.well.Store(true)
	gone, leave := context.WithCancel(context.Background())
	leave()
	if _, _, err := issuer.discover(gone); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who is gone = %v", err)
	}
	if _, _, err := issuer.discover(context.Background()); err != nil {
		t.Errorf("the next = %v", err)
	}
	if asked := server.asked.Load(); asked != 1 {
		t.Errorf("asked %d times, want 1", asked)
	}
}
