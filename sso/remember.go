package sso

import (
	"parvis/portal"
)

// keep remembers a session, unless something changed while it was read.
func (s *Sessions) keep(hash sessionHash, found *known, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch.Load() != epoch {
		return
	}
	if len(s.known) >= maxCached {
		s.sweep()
	}
	s.known[hash] = found
}

// sweep forgets what is no more fresh, or any half when all is.
func (s *Sessions) sweep() {
	now := s.now()
	for hash, one := range s.known {
		if !now.Before(one.fresh) {
			delete(s.known, hash)
		}
	}
	for hash := range s.known {
		if len(s.known) < maxCached/2 {
			return
		}
		delete(s.known, hash)
	}
}

// drop forgets a session that changed, also where it is being read right now.
func (s *Sessions) drop(hash sessionHash) {
	s.epoch.Add(1)
	s.remove(hash)
}

func (s *Sessions) remove(hash sessionHash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, hash)
}

// OnForget calls fn when what is known of an account, "" for everybody's, counts
// no more: the directory changed, or one of her sessions ended. What a session
// opened elsewhere closes with it at once. Call it before the first request.
func (s *Sessions) OnForget(fn func(portal.AccountID)) { s.onForget = append(s.onForget, fn) }

// Forget makes the next request of an account, "" for everybody's, ask the
// directory again. It is called after each change of the directory.
func (s *Sessions) Forget(account portal.AccountID) {
	s.forget(account)
	for _, forget := range s.onForget {
		forget(account)
	}
}

func (s *Sessions) forget(account portal.AccountID) {
	s.epoch.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, one := range s.known {
		if account == "" || one.identity.Caller.Account == account {
			delete(s.known, hash)
		}
	}
}
