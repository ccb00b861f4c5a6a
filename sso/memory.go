package sso

import (
	"sync"
	"time"

	"parvis/portal"
)

// Memory holds what was found about accounts for cacheLife, so that a client that
// asks again at once costs no query. What changes an account must Forget it.
type Memory[K comparable, V any] struct {
	now  func() time.Time
	size int

	mu    sync.Mutex
	epoch uint64 // raised by Forget: what was being read then is not kept
	known map[K]remembered[V]
}

type remembered[V any] struct {
	account portal.AccountID
	value   V
	until   time.Time
}

// NewMemory returns a memory of at most size values.
func NewMemory[K comparable, V any](size int, now func() time.Time) *Memory[K, V] {
	return &Memory[K, V]{now: now, size: size, known: map[K]remembered[V]{}}
}

// Get returns what is known. Where nothing is, keep remembers what the caller
// goes to read, unless it was forgotten meanwhile.
func (m *Memory[K, V]) Get(key K) (value V, found bool, keep func(portal.AccountID, V)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one, ok := m.known[key]; ok && m.now().Before(one.until) {
		return one.value, true, nil
	}
	epoch := m.epoch
	return value, false, func(account portal.AccountID, value V) { m.keep(key, account, value, epoch) }
}

func (m *Memory[K, V]) keep(key K, account portal.AccountID, value V, epoch uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		return
	}
	if len(m.known) >= m.size {
		clear(m.known) // each costs one reading to come back
	}
	m.known[key] = remembered[V]{account, value, m.now().Add(cacheLife)}
}

// Forget drops what is remembered of an account, "" for everybody's.
func (m *Memory[K, V]) Forget(account portal.AccountID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	for key, one := range m.known {
		if account == "" || one.account == account {
			delete(m.known, key)
		}
	}
}
