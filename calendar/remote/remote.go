// Package remote shows an agent the agendas that she keeps on other CalDAV servers (Nextcloud,
// SOGo, Zimbra…) beside ours. It keeps her account there, reads its calendars behind the pages, and
// offers what it last read with its hour: a page that shows them never waits for another server. What is
// changed goes to that server first, and is shown once it has it.
package remote

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outgoing"
	"parvis/portal/seal"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the pages.
//
//go:embed locales/*.json
var Locales embed.FS

// Options is what a Store needs.
type Options struct {
	DB     *database.DB
	Sealer *seal.Sealer
	Log    *slog.Logger
	// AllowInside lets agents name servers at private, loopback and link-local addresses: a town
	// whose mail server is in its own network needs it, an installation that serves others must not
	// have it.
	AllowInside bool
	// AllowPlain lets http:// be used on the loopback. It is for tests: passwords go in clear.
	AllowPlain bool
	// Networks are those inside that each collectivity may reach; nil is none.
	Networks *outgoing.Networks
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Store keeps the accounts and what was read of them.
type Store struct {
	Options
	transport http.RoundTripper

	stop    context.CancelFunc
	running context.Context // of readings behind pages
	slots   chan struct{}
	wait    sync.WaitGroup
	mu      sync.Mutex
	busy    map[accountKey]bool
	closed  bool
}

// accountKey names an account in the whole pool.
type accountKey struct {
	collectivity portal.CollectivityID
	id           AccountID
}

// maxReadings is how many servers are read at once behind pages: one that hangs keeps one slot for
// readDeadline.
const maxReadings = 8

// New opens the accounts of a pool. Close ends what it does behind pages.
func New(options Options) *Store {
	if options.Now == nil {
		options.Now = time.Now
	}
	running, stop := context.WithCancel(context.Background())
	var transport http.RoundTripper = outgoing.NewTransport(options.AllowInside)
	if options.Networks != nil && !options.AllowInside {
		transport = outgoing.NewTransports(options.Networks, nil)
	}
	return &Store{
		Options: options, transport: transport, running: running, stop: stop,
		slots: make(chan struct{}, maxReadings), busy: map[accountKey]bool{},
	}
}

// Close cancels the readings that are under way and waits for them.
func (s *Store) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.wait.Wait()
}
