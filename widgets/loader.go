package widgets

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"parvis/portal"
)

// The ways in which a load ends without the widget's own answer. All of them
// are portal.ErrUnavailable.
var (
	errOpen     = fmt.Errorf("%w: it failed %d times, next try within %v", portal.ErrUnavailable, breakerFailures, breakerPause)
	errBusy     = fmt.Errorf("%w: all its loaders are busy", portal.ErrUnavailable)
	errDeadline = fmt.Errorf("%w: no answer before the deadline", portal.ErrUnavailable)
	errPanicked = fmt.Errorf("%w: it panicked", portal.ErrUnavailable)
)

// loader runs the Load of widgets so that none harms the others: a bounded
// number at once, a share of it for each widget, a deadline, a breaker, and a
// recover around what the widget's author forgot.
type loader struct {
	log      *slog.Logger
	slots    chan struct{}
	base     context.Context // ends with the host, not with a request: pages share loads
	running  sync.WaitGroup
	breakers sync.Map // breakerKey → *breaker
}

type breakerKey struct {
	collectivity portal.CollectivityID
	widget       string
}

type outcome struct {
	content Content
	err     error
}

// load returns a clean content, or an error that was logged.
func (l *loader) load(k *kind, request Request) (Content, error) {
	breaker := l.breaker(k, request.Caller.Collectivity)
	if !breaker.allow(time.Now()) {
		return Content{}, errOpen // logged when it opened
	}
	if err := l.acquire(k, request.Caller.Collectivity); err != nil {
		l.logFailure(k, request, err, false)
		return Content{}, err
	}
	content, err := l.run(k, request)
	failures := breaker.note(!sourceFailed(err), time.Now())
	if err != nil {
		if failures == 1 || failures == breakerFailures { // the rest says nothing new
			l.logFailure(k, request, err, failures == breakerFailures)
		}
		return Content{}, err
	}
	return clean(content, k.manifest), nil
}

// acquire waits for a loader, first of the widget's share and then of all, so
// that a widget in trouble never queues in front of the others.
func (l *loader) acquire(k *kind, collectivity portal.CollectivityID) error {
	ctx, cancel := context.WithTimeout(l.base, k.manifest.Deadline)
	defer cancel()
	if k.share.acquire(ctx, collectivity) != nil {
		return errBusy
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		k.share.release(collectivity)
		return errBusy
	}
}

// run returns at the deadline at the latest. A Load that goes on after it
// keeps its loader, so that what it costs stays bounded.
func (l *loader) run(k *kind, request Request) (Content, error) {
	ctx, cancel := context.WithTimeout(l.base, k.manifest.Deadline)
	defer cancel() // not where Load ends: its answer would be taken for one that came too late
	ended := make(chan outcome, 1)
	l.running.Go(func() {
		defer func() { <-l.slots; k.share.release(request.Caller.Collectivity) }()
		defer func() {
			if fault := recover(); fault != nil {
				ended <- outcome{err: fmt.Errorf("%w: %v\n%s", errPanicked, fault, debug.Stack())}
			}
		}()
		content, err := k.widget.Load(ctx, request)
		ended <- outcome{content, err}
	})
	select {
	case end := <-ended:
		if end.err != nil && ctx.Err() != nil && !isRefusal(end.err) {
			return Content{}, fmt.Errorf("%w: %w", errDeadline, end.err)
		}
		return end.content, end.err
	case <-ctx.Done():
		return Content{}, errDeadline
	}
}

func (l *loader) breaker(k *kind, collectivity portal.CollectivityID) *breaker {
	key := breakerKey{collectivity, k.manifest.ID}
	if found, ok := l.breakers.Load(key); ok {
		return found.(*breaker)
	}
	made, _ := l.breakers.LoadOrStore(key, &breaker{})
	return made.(*breaker)
}

// isRefusal says whether an error is an answer about this agent, given by a
// source that works.
func isRefusal(err error) bool {
	return errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrInvalid) || errors.Is(err, portal.ErrNotFound)
}

func sourceFailed(err error) bool { return err != nil && !isRefusal(err) }

func (l *loader) logFailure(k *kind, request Request, err error, opened bool) {
	if isRefusal(err) || l.base.Err() != nil {
		return
	}
	l.log.Warn("box not loaded", "widget", k.manifest.ID, "collectivity", request.Caller.Collectivity,
		"error", err, "breaker_opened", opened)
}

// facts asks a greeter, and takes a panic for silence.
func (l *loader) facts(k *kind, content Content) (kept []Fact) {
	greeter, ok := k.widget.(Greeter)
	if !ok {
		return nil
	}
	defer l.guard(k, "facts")
	for _, fact := range greeter.Facts(content) {
		fact.Text, fact.Phone = cleanText(fact.Text), cleanText(fact.Phone)
		if fact.Text != "" && idPattern.MatchString(fact.Icon) && len(kept) < 2 {
			kept = append(kept, fact)
		}
	}
	return kept
}

// configured asks a widget whether it has a source in the collectivity. One
// that can't say is absent.
func (l *loader) configured(ctx context.Context, k *kind, collectivity portal.CollectivityID) (yes bool) {
	needs, ok := k.widget.(Configurable)
	if !ok {
		return true
	}
	defer l.guard(k, "configured")
	yes, err := needs.Configured(ctx, collectivity)
	if err != nil {
		l.log.Warn("box left out", "widget", k.manifest.ID, "collectivity", collectivity, "error", err)
		return false
	}
	return yes
}

// guard, deferred, logs a panic in a widget and ends it there.
func (l *loader) guard(k *kind, method string) {
	if fault := recover(); fault != nil {
		l.log.Error("widget panicked", "widget", k.manifest.ID, "method", method, "fault", fault, "stack", string(debug.Stack()))
	}
}
