package sso

import (
	"slices"
	"sync"
	"time"

	"parvis/portal"
)

// Memory holds what was found about accounts for cacheLife, so that who asks again
// at once costs no query. What changes an account must Forget it.
type Memory[K comparable, V any] struct {
	now  func() time.Time
	size int

	mu    sync.RWMutex
	epoch uint64 // raised by Forget: what was being read then is not kept
	known map[K]remembered[V]
	of    map[portal.AccountID][]K // so that forgetting one costs nothing of the others
}

type remembered[V any] struct {
	account portal.AccountID
	value   V
	until   time.Time
}

// NewMemory returns a memory of at most size values.
func NewMemory[K comparable, V any](size int, now func() time.Time) *Memory[K, V] {
	m := &Memory[K, V]{now: now, size: size}
	m.clear()
	return m
}

func (m *Memory[K, V]) clear() {
	m.known, m.of = map[K]remembered[V]{}, map[portal.AccountID][]K{}
}

// Get returns what is known. Where nothing is, the caller goes to read it, and
// gives the epoch to Keep.
func (m *Memory[K, V]) Get(key K) (value V, epoch uint64, found bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	one, found := m.known[key]
	if !found || !m.now().Before(one.until) {
		return value, m.epoch, false
	}
	return one.value, m.epoch, true
}

// Epoch is what to give to Keep for what is read from now on.
func (m *Memory[K, V]) Epoch() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.epoch
}

// Keep remembers what was read about an account since an epoch, unless something
// was forgotten meanwhile.
func (m *Memory[K, V]) Keep(key K, account portal.AccountID, value V, epoch uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		return
	}
	if len(m.known) >= m.size {
		m.sweep()
	}
	if old, there := m.known[key]; !there || old.account != account { // a login may change hands
		m.of[account] = append(m.of[account], key)
	}
	m.known[key] = remembered[V]{account, value, m.now().Add(cacheLife)}
}

// sweep drops what is too old to serve, or everything when little is: each costs
// one reading to come back.
func (m *Memory[K, V]) sweep() {
	now := m.now()
	old := m.known
	m.clear()
	for key, one := range old {
		if now.Before(one.until) {
			m.known[key] = one
			m.of[one.account] = append(m.of[one.account], key)
		}
	}
	if len(m.known) > m.size/2 {
		m.clear()
	}
}

// ForgetThose drops the values that a question is true of.
func (m *Memory[K, V]) ForgetThose(of func(value V) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	for key, one := range m.known {
		if !of(one.value) {
			continue
		}
		delete(m.known, key)
		m.of[one.account] = slices.DeleteFunc(m.of[one.account], func(k K) bool { return k == key })
		if len(m.of[one.account]) == 0 {
			delete(m.of, one.account)
		}
	}
}

// Forget drops what is remembered of an account, "" for everybody's.
func (m *Memory[K, V]) Forget(account portal.AccountID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	if account == "" {
		m.clear()
		return
	}
	for _, key := range m.of[account] {
		if m.known[key].account == account {
			delete(m.known, key)
		}
	}
	delete(m.of, account)
}
