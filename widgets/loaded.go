package widgets

import (
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// contentKey says who may be shown a content. Nothing is ever shown across
// two keys. The audience is part of a private key too: what an agent may see
// changes with her groups and rights.
type contentKey struct {
	collectivity portal.CollectivityID
	widget       string
	agent        portal.AgentID // "" for a shared content
	audience     string         // "" for a content of the whole collectivity
	lang         i18n.Language
}

func (k *kind) key(caller portal.Caller, audience string, lang i18n.Language) contentKey {
	key := contentKey{collectivity: caller.Collectivity, widget: k.manifest.ID, lang: lang}
	switch k.manifest.Scope {
	case ScopeNone, ScopeAgent:
		key.agent, key.audience = caller.Agent, audience
	case ScopeAudience:
		key.audience = audience
	}
	return key
}

// loaded is what is known of a content: the last good one, and how the last
// try went. It never changes, but for the fragments made of it on demand.
type loaded struct {
	content Content
	facts   []Fact
	at      time.Time // when the content was loaded; zero when it never was
	shownAt time.Time // the same on the clock that pages show

	failed   error     // of the last try; nil when the content is of the last try
	since    time.Time // of the first failure in a row, on the clock that pages show
	triedAt  time.Time
	sequence uint64 // of the changes known when the try began

	mu        sync.Mutex
	fragments map[look]*fragment
}

// age says how a loaded content may be shown.
type age int

const (
	unknown age = iota // never loaded
	fresh
	stale   // shown with its hour, loaded again behind
	expired // loaded again before it is shown, unless that takes too long
)

// ageAt tells the age at an instant; changed is the sequence of the last
// change that concerns it.
func (l *loaded) ageAt(now time.Time, manifest Manifest, changed uint64) age {
	if l == nil || l.at.IsZero() {
		return unknown
	}
	elapsed := now.Sub(l.at)
	switch {
	case changed > l.sequence:
		return expired
	case elapsed <= manifest.Fresh:
		return fresh
	case elapsed <= manifest.Fresh+manifest.Stale:
		return stale
	}
	return expired
}

// retryAfter is how long a failure is shown before a page tries again.
const retryAfter = 5 * time.Second

// restsAt says whether the last try failed so recently that pages wait for
// nothing and try nothing.
func (l *loaded) restsAt(now time.Time, changed uint64) bool {
	return l != nil && l.failed != nil && now.Sub(l.triedAt) < retryAfter && changed <= l.sequence
}

// after is what is known once a try ended.
func (l *loaded) after(content Content, err error, began time.Time, request Request, sequence uint64) *loaded {
	next := &loaded{triedAt: time.Now(), sequence: sequence}
	if err == nil {
		next.content, next.at, next.shownAt = content, began, request.Now
		return next
	}
	next.failed, next.since = err, request.Now
	if l == nil {
		return next
	}
	next.content, next.facts, next.at, next.shownAt = l.content, l.facts, l.at, l.shownAt
	if l.failed != nil {
		next.since = l.since
	}
	return next
}
