package widgets

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Limits are what the host may use. The zero value has working defaults.
type Limits struct {
	Loaders  int           // Loads at once; 64. One widget holds at most a tenth
	Page     time.Duration // how long a page waits for its boxes; 150 ms
	Contents uint64        // bytes of contents and fragments kept, roughly; 128 MiB: some 3,000 agents at once
	Pages    uint64        // bytes of whole pages kept; 48 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Loaders <= 0 {
		l.Loaders = 64
	}
	if l.Page <= 0 {
		l.Page = 150 * time.Millisecond
	}
	if l.Contents == 0 {
		l.Contents = 128 << 20
	}
	if l.Pages == 0 {
		l.Pages = 48 << 20
	}
	return l
}

// Host loads boxes, keeps what they showed, and knows what changed. It writes
// no HTML and no SQL.
type Host struct {
	limits    Limits
	catalogue *catalogue
	settings  *settingsStore
	loader    *loader
	stop      context.CancelFunc

	contents *otter.Cache[contentKey, *loaded]
	changes  *otter.Cache[changeKey, uint64]
	sequence atomic.Uint64
	watchers map[string][]string // topic → ids of widgets

	mu      sync.Mutex
	flights map[contentKey]*flight
	closed  bool
}

// flight is one load on its way, shared by all who wait for the same content.
type flight struct {
	sequence uint64
	done     chan struct{}
	result   *loaded // once done is closed
}

// changeKey names what changed: a widget's topic, for one agent or ("") all.
type changeKey struct {
	collectivity portal.CollectivityID
	widget       string
	agent        portal.AgentID
}

// Topics that no widget owns.
const (
	// TopicHome: which boxes there are, or where they stand.
	TopicHome = "home"
	// TopicApplications: an application, who sees it, or who pinned it.
	TopicApplications = "applications"
)

// deskID stands for the page itself among the widgets; no widget can take it.
const deskID = "/"

// changesKept is longer than any content stays fresh or stale, so that a
// forgotten change never hides behind an old content.
const changesKept = 48 * time.Hour

func newHost(limits Limits, settings *settingsStore, log *slog.Logger, widgets []Widget) (*Host, error) {
	limits = limits.withDefaults()
	all, err := newCatalogue(limits.Loaders, widgets)
	if err != nil {
		return nil, err
	}
	base, stop := context.WithCancel(context.Background())
	h := &Host{
		limits: limits, catalogue: all, settings: settings, stop: stop,
		loader:   &loader{log: log, slots: make(chan struct{}, limits.Loaders), base: base},
		watchers: map[string][]string{TopicHome: {deskID}, TopicApplications: {deskID}},
		flights:  map[contentKey]*flight{},
	}
	h.contents, err = otter.New(&otter.Options[contentKey, *loaded]{
		MaximumWeight: limits.Contents,
		Weigher:       func(_ contentKey, l *loaded) uint32 { return l.content.weight() },
	})
	if err != nil {
		return nil, fmt.Errorf("widgets: contents: %w", err)
	}
	h.changes, err = otter.New(&otter.Options[changeKey, uint64]{
		MaximumSize:      200_000,
		ExpiryCalculator: otter.ExpiryWriting[changeKey, uint64](changesKept),
	})
	if err != nil {
		return nil, fmt.Errorf("widgets: changes: %w", err)
	}
	for _, k := range all.kinds {
		h.watchers[k.manifest.ID] = append(h.watchers[k.manifest.ID], k.manifest.ID)
		if watcher, ok := k.widget.(Watcher); ok {
			for _, topic := range watcher.Topics() {
				h.watchers[topic] = append(h.watchers[topic], k.manifest.ID)
			}
		}
	}
	return h, nil
}

// Close cancels what is being loaded and waits until it ended, or ctx did.
func (h *Host) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.stop()
	h.contents.StopAllGoroutines()
	h.changes.StopAllGoroutines()
	ended := make(chan struct{})
	go func() { h.loader.running.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("widgets: close: %w", ctx.Err())
	}
}

// Changed says that a topic changed in a collectivity, for some agents or,
// without any, for all: their next page loads the boxes that watch it again.
// A widget's id is a topic. Call it after the change is stored.
func (h *Host) Changed(collectivity portal.CollectivityID, topic string, agents ...portal.AgentID) {
	now := h.sequence.Add(1)
	for _, id := range h.watchers[topic] {
		k := h.catalogue.byID[id]
		if len(agents) == 0 || (k != nil && k.manifest.shared()) {
			h.changes.Set(changeKey{collectivity, id, ""}, now)
			continue
		}
		for _, agent := range agents {
			h.changes.Set(changeKey{collectivity, id, agent}, now)
		}
	}
}

// changedAt is the sequence of the last change of what a key shows.
func (h *Host) changedAt(key contentKey) uint64 {
	last, _ := h.changes.GetIfPresent(changeKey{key.collectivity, key.widget, ""})
	if key.agent != "" {
		own, _ := h.changes.GetIfPresent(changeKey{key.collectivity, key.widget, key.agent})
		last = max(last, own)
	}
	return last
}

// reader is who a page is made for.
type reader struct {
	caller   portal.Caller
	audience string // caller.Audience(), computed once for an identity
	printer  *i18n.Printer
	now      time.Time // on the clock that pages show
	seen     bool      // by an administrator, who is not the caller
}

// shown is what a page knows of one box when it is written.
type shown struct {
	loaded *loaded // nil when nothing is known
	age    age
	late   bool    // it is still being loaded
	flight *flight // what to wait for, nil for nothing
}

// closedTo says whether a box is not for who sees the desk of its agent.
func (k *kind) closedTo(rd reader) bool { return rd.seen && !k.manifest.Seen && !k.manifest.shared() }

// peek returns what is known of a box, and starts loading it when that is
// called for. It never waits.
func (h *Host) peek(k *kind, rd reader) shown {
	if k.closedTo(rd) {
		closed := Content{Empty: Empty{Title: rd.printer.T("widgets.closed"), Text: rd.printer.T("widgets.closed.why")}}
		return shown{loaded: &loaded{content: closed, at: time.Now(), shownAt: rd.now}, age: fresh}
	}
	key := k.key(rd.caller, rd.audience, rd.printer.Lang())
	var known *loaded
	if k.manifest.Scope != ScopeNone {
		known, _ = h.contents.GetIfPresent(key)
	}
	var changed uint64
	if known == nil || known.sequence < h.sequence.Load() { // something changed since, somewhere
		changed = h.changedAt(key)
	}
	now := time.Now()
	box := shown{loaded: known, age: known.ageAt(now, k.manifest, changed)}
	switch {
	case known.restsAt(now, changed):
	case box.age == fresh && known.failed == nil:
	case box.age == fresh || box.age == stale:
		h.fly(k, key, rd, changed) // behind
	case known != nil && known.failed != nil && changed <= known.sequence:
		h.fly(k, key, rd, changed) // the failure is on the page already
	default:
		box.flight = h.fly(k, key, rd, changed)
	}
	return box
}

// freshUntil is when the box is to be looked at again; zero when at each page.
func (s shown) freshUntil(manifest Manifest) time.Time {
	if s.late || s.age != fresh || s.loaded.failed != nil || manifest.Scope == ScopeNone {
		return time.Time{}
	}
	return s.loaded.at.Add(manifest.Fresh)
}

// fly joins the load of a content that is on its way, or starts one. A load
// begun before the last change is not joined.
func (h *Host) fly(k *kind, key contentKey, rd reader, changed uint64) *flight {
	h.mu.Lock()
	defer h.mu.Unlock()
	if found := h.flights[key]; found != nil && changed <= found.sequence {
		return found
	}
	started := &flight{sequence: h.sequence.Load(), done: make(chan struct{})}
	if h.closed {
		started.result = (*loaded)(nil).after(Content{}, errBusy, time.Now(), Request{Now: rd.now}, started.sequence)
		close(started.done)
		return started
	}
	h.flights[key] = started
	h.loader.running.Go(func() { h.land(k, key, rd, started) })
	return started
}

// land loads a content, keeps it, and tells who waits.
func (h *Host) land(k *kind, key contentKey, rd reader, f *flight) {
	began := time.Now()
	request := Request{Caller: k.manifest.Scope.Caller(rd.caller), Printer: rd.printer, Now: rd.now}
	content, err := h.loadWithSettings(k, request)
	var known *loaded
	if k.manifest.Scope != ScopeNone {
		known, _ = h.contents.GetIfPresent(key)
	}
	f.result = known.after(content, err, began, request, f.sequence)
	if err == nil {
		f.result.facts = h.loader.facts(k, content)
	}
	h.mu.Lock()
	if h.flights[key] == f {
		delete(h.flights, key)
		if k.manifest.Scope != ScopeNone {
			h.contents.Set(key, f.result)
		}
	}
	h.mu.Unlock()
	close(f.done)
}

func (h *Host) loadWithSettings(k *kind, request Request) (Content, error) {
	settings, err := h.settings.values(h.loader.base, k, request.Caller)
	if err != nil {
		h.loader.logFailure(k, request, err, false)
		return Content{}, err
	}
	request.Settings = settings
	return h.loader.load(k, request)
}

// wait gives the boxes of a page the page's time, all together: those that
// are not there when it ends are late.
func (h *Host) wait(ctx context.Context, boxes []shown, budget time.Duration) {
	var alarm <-chan time.Time
	for i := range boxes {
		box := &boxes[i]
		if box.flight == nil {
			continue
		}
		if alarm == nil {
			timer := time.NewTimer(budget)
			defer timer.Stop()
			alarm = timer.C
		}
		select {
		case <-box.flight.done:
			box.land()
		case <-alarm:
			late(boxes[i:])
			return
		case <-ctx.Done():
			late(boxes[i:])
			return
		}
	}
}

// late marks the boxes that are still on their way.
func late(boxes []shown) {
	for i := range boxes {
		if boxes[i].flight == nil {
			continue
		}
		select {
		case <-boxes[i].flight.done:
			boxes[i].land()
		default:
			boxes[i].late = true
		}
	}
}

// land takes the result of the flight.
func (s *shown) land() {
	s.loaded, s.flight = s.flight.result, nil
	switch {
	case s.loaded.at.IsZero():
		s.age = unknown
	case s.loaded.failed != nil:
		s.age = expired
	default:
		s.age = fresh
	}
}

// available lists the widgets that the caller may have, in the order of the
// catalogue: her rights allow them and the collectivity configured them.
func (h *Host) available(ctx context.Context, caller portal.Caller) []*kind {
	var kinds []*kind
	for _, k := range h.catalogue.kinds {
		if k.manifest.visibleTo(caller) && h.loader.configured(ctx, k, caller.Collectivity) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// find returns a widget that the caller may have, or portal.ErrNotFound.
func (h *Host) find(ctx context.Context, caller portal.Caller, id string) (*kind, error) {
	k := h.catalogue.byID[id]
	if k == nil || !k.manifest.visibleTo(caller) || !h.loader.configured(ctx, k, caller.Collectivity) {
		return nil, fmt.Errorf("widgets: box %q: %w", id, portal.ErrNotFound)
	}
	return k, nil
}
