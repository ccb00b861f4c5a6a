package sso

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"parvis/portal"
)

// crowd bounds the wrong guesses of a network, whoever's names they are tried
// on, in memory. A town hall of 500 agents is one network too: those who are being
// judged refuse nobody, they wait for their turn; who is let in is forgiven what
// she mistyped; and the more people a network lets in, the more may mistype there.
type crowd struct {
	limit    int
	within   time.Duration
	patience time.Duration // for a turn
	now      func() time.Time

	seed     maphash.Seed
	mu       sync.Mutex
	networks map[uint64]*network // by hash of what names them
}

// network is what came lately from one. There are many with one person, so that
// each costs little.
type network struct {
	judging int         // attempts that have not ended
	waiting []chan bool // for their turn, the first come first: true is a turn, false none
	failed  []failure   // the oldest first
	entered []arrival   // the oldest first
}

// arrival is somebody who was let in.
type arrival struct {
	who uint64 // hash of her name
	at  int64  // ns since the epoch
}

// failure is a wrong guess about somebody.
type failure struct {
	subject string
	at      time.Time
}

const (
	// maxNetworks bounds what is held; beyond, any are forgotten.
	maxNetworks = 50_000
	// maxEntered bounds the people of one network who are held.
	maxEntered = 4000
	// peopleEach is how many people let in allow one more wrong guess.
	peopleEach = 4
	// turnPatience is how long one waits for a turn: less than a page may take.
	turnPatience = 20 * time.Second
)

// errBusy is for who waited in vain: that is nobody's fault, and refuses nothing
// for longer.
var errBusy = portal.UserError{Kind: portal.ErrUnavailable, Key: "sso.error.busy", Field: "password"}

func newCrowd(limit int, within time.Duration, now func() time.Time) *crowd {
	return &crowd{limit: limit, within: within, patience: turnPatience, now: now, seed: maphash.MakeSeed(), networks: map[uint64]*network{}}
}

// begin waits until an attempt from a network may be judged. The error says how
// long to wait when too many failed there. End it with end.
func (c *crowd) begin(ctx context.Context, key string) error {
	turn, err := c.enter(key)
	if err != nil || turn == nil {
		return err
	}
	patience := time.NewTimer(c.patience)
	defer patience.Stop()
	select {
	case given := <-turn:
		return c.given(key, given)
	case <-patience.C:
		err = errBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	if c.leave(key, turn) {
		return err
	}
	if given := <-turn; given { // it came meanwhile
		c.end(key, nil, nil)
	}
	return err
}

// enter takes a turn, or a place among those who wait for one.
func (c *crowd) enter(key string) (turn chan bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.networks[c.hash(key)]
	if n == nil {
		if len(c.networks) >= maxNetworks {
			c.prune()
		}
		n = &network{}
		c.networks[c.hash(key)] = n
	}
	if wait := c.full(n); wait > 0 {
		return nil, errWait(wait)
	}
	if n.judging < c.room(n) {
		n.judging++
		return nil, nil
	}
	turn = make(chan bool, 1)
	n.waiting = append(n.waiting, turn)
	return turn, nil
}

// given is what becomes of one whose waiting is over.
func (c *crowd) given(key string, turn bool) error {
	if turn {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wait := time.Minute
	if n := c.networks[c.hash(key)]; n != nil {
		wait = c.full(n)
	}
	return errWait(wait)
}

// leave takes one out of those who wait; false when her turn was decided.
func (c *crowd) leave(key string, turn chan bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.networks[c.hash(key)]
	at := -1
	if n != nil {
		at = slices.Index(n.waiting, turn)
	}
	if at < 0 {
		return false
	}
	n.waiting = slices.Delete(n.waiting, at, at+1)
	return true
}

// end ends an attempt: failed is whom it guessed wrong about, entered are the
// names under which somebody is let in, who is forgiven. Neither is for what was
// not judged.
func (c *crowd) end(key string, failed []string, entered []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, now := c.networks[c.hash(key)], c.now()
	if n == nil {
		return // pruned
	}
	n.judging--
	if len(failed) > 0 {
		n.failed = append(n.failed, failure{failed[0], now})
	}
	if len(entered) > 0 {
		n.failed = slices.DeleteFunc(n.failed, func(f failure) bool { return slices.Contains(entered, f.subject) })
		n.arrive(arrival{c.hash(entered[0]), now.UnixNano()})
	}
	c.pass(n)
	if n.judging == 0 && len(n.waiting) == 0 && len(n.failed) == 0 && len(n.entered) == 0 {
		delete(c.networks, c.hash(key))
	}
}

// hash stands for a name: there are many, and texts cost more.
func (c *crowd) hash(name string) uint64 { return maphash.String(c.seed, name) }

// arrive remembers who is let in, once and as the newest.
func (n *network) arrive(one arrival) {
	n.entered = slices.DeleteFunc(n.entered, func(other arrival) bool { return other.who == one.who })
	if len(n.entered) == maxEntered {
		n.entered = n.entered[1:]
	}
	n.entered = append(n.entered, one)
}

// pass gives the turns that are free to who waits, or sends all away where too many
// failed.
func (c *crowd) pass(n *network) {
	full := c.full(n) > 0
	for len(n.waiting) > 0 && (full || n.judging < c.room(n)) {
		n.waiting[0] <- !full
		n.waiting = n.waiting[1:]
		if !full {
			n.judging++
		}
	}
}

// room is how many may fail in a network, and how many are judged at once.
func (c *crowd) room(n *network) int { return c.limit + len(n.entered)/peopleEach }

// full says how long to wait where too many failed, 0 where one may try.
func (c *crowd) full(n *network) (wait time.Duration) {
	now := c.now()
	for len(n.failed) > 0 && now.Sub(n.failed[0].at) >= c.within {
		n.failed = n.failed[1:]
	}
	for len(n.entered) > 0 && now.UnixNano()-n.entered[0].at >= int64(c.within) {
		n.entered = n.entered[1:]
	}
	if beyond := len(n.failed) - c.room(n); beyond >= 0 {
		return n.failed[beyond].at.Add(c.within).Sub(now)
	}
	return 0
}

// prune drops the networks that have nothing recent, and any others where nobody is
// judged when all have.
func (c *crowd) prune() {
	for key, n := range c.networks {
		if n.judging == 0 && len(n.waiting) == 0 && c.full(n) == 0 && len(n.failed) == 0 && len(n.entered) == 0 {
			delete(c.networks, key)
		}
	}
	for key, n := range c.networks {
		if len(c.networks) < maxNetworks*3/4 {
			return
		}
		if n.judging == 0 && len(n.waiting) == 0 {
			delete(c.networks, key)
		}
	}
}
