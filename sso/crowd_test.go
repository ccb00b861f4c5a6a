package sso

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/portal"
)

// TestARushOfOneTownHallPasses: 500 agents behind one address, all at once, one in
// five of whom mistypes first, and a directory that takes its time.
func TestARushOfOneTownHallPasses(t *testing.T) {
	c, ctx := newCrowd(40, 15*time.Minute, time.Now), context.Background()
	var judging, most, refused atomic.Int32
	try := func(who string, right bool) {
		if err := c.begin(ctx, "town"); err != nil {
			refused.Add(1)
			return
		}
		most.Store(max(most.Load(), judging.Add(1)))
		time.Sleep(time.Millisecond)
		judging.Add(-1)
		if right {
			c.end("town", nil, []string{who})
		} else {
			c.end("town", []string{who}, nil)
		}
	}
	var everybody sync.WaitGroup
	for n := range 500 {
		everybody.Go(func() {
			who := strconv.Itoa(n)
			if n%5 == 0 {
				try(who, false)
			}
			try(who, true)
		})
	}
	everybody.Wait()
	if refused.Load() > 0 {
		t.Errorf("%d were refused", refused.Load())
	}
	if n := c.networks[c.hash("town")]; len(n.failed) != 0 || len(n.entered) != 500 || n.judging != 0 || len(n.waiting) != 0 {
		t.Errorf("%d failures, %d entered, %d judged, %d waiting at the end", len(n.failed), len(n.entered), n.judging, len(n.waiting))
	}
	if most.Load() > 40+500/peopleEach {
		t.Errorf("%d were judged at once", most.Load())
	}
}

// TestASprayIsStopped: one password tried on many accounts, one after the other, by
// somebody who has an account of her own, or all at once.
func TestASprayIsStopped(t *testing.T) {
	ctx := context.Background()
	for name, own := range map[string]bool{"a stranger": false, "an insider": true} {
		c, judged := newCrowd(40, 15*time.Minute, time.Now), 0
		for n := range 300 {
			if err := c.begin(ctx, "a"); err == nil {
				judged++
				c.end("a", []string{strconv.Itoa(n)}, nil)
			} else if !errors.Is(err, portal.ErrDenied) {
				t.Fatal(err)
			}
			if own && c.begin(ctx, "a") == nil {
				c.end("a", nil, []string{"own"})
			}
		}
		if judged != 40 {
			t.Errorf("%s: %d guesses were judged, want 40", name, judged)
		}
	}
	c, judged := newCrowd(40, 15*time.Minute, time.Now), atomic.Int32{}
	var all sync.WaitGroup
	for n := range 300 {
		all.Go(func() {
			if c.begin(ctx, "a") == nil {
				judged.Add(1)
				time.Sleep(5 * time.Millisecond)
				c.end("a", []string{strconv.Itoa(n)}, nil)
			}
		})
	}
	all.Wait()
	if got := judged.Load(); got < 40 || got > 79 {
		t.Errorf("%d guesses at once were judged, want 40 and at most those that were under way", got)
	}
}

// TestWhoIsJudgedRefusesNobody: one beyond waits for a turn, and is let go when it
// does not come.
func TestWhoIsJudgedRefusesNobody(t *testing.T) {
	c, ctx := newCrowd(2, time.Minute, time.Now), context.Background()
	for range 2 {
		if err := c.begin(ctx, "a"); err != nil {
			t.Fatal(err)
		}
	}
	waiting := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.networks[c.hash("a")].waiting)
	}
	result, leaving := make(chan error), make(chan error)
	gone, leave := context.WithCancel(ctx)
	go func() { leaving <- c.begin(gone, "a") }()
	for waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	go func() { result <- c.begin(ctx, "a") }()
	for waiting() < 2 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-leaving; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	if err := c.begin(ctx, "b"); err != nil {
		t.Errorf("another network: %v", err)
	}
	c.end("a", []string{"x"}, nil)
	if err := <-result; err != nil {
		t.Errorf("who waited: %v", err)
	}
	c.patience = time.Millisecond
	if err := c.begin(ctx, "a"); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("who waited in vain: %v, want ErrUnavailable", err)
	}
	c.patience = time.Minute
	go func() { result <- c.begin(ctx, "a") }()
	for waiting() < 1 {
		time.Sleep(time.Millisecond)
	}
	c.end("a", []string{"y"}, nil)
	if err := <-result; !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who waited while two failed: %v, want ErrDenied", err)
	}
	c.end("a", nil, nil)
	if n := c.networks[c.hash("a")]; n.judging != 0 || len(n.waiting) != 0 {
		t.Errorf("%d judged and %d waiting at the end", n.judging, len(n.waiting))
	}
}

// TestACrowdForgets what is old, whom it let in, and the networks beyond those that
// it can hold.
func TestACrowdForgets(t *testing.T) {
	now, ctx := time.Unix(1_800_000_000, 0), context.Background()
	c := newCrowd(1, time.Minute, func() time.Time { return now })
	fail := func(who string) error {
		err := c.begin(ctx, "a")
		if err == nil {
			c.end("a", []string{who}, nil)
		}
		return err
	}
	if err := fail("x"); err != nil {
		t.Fatal(err)
	}
	var said portal.UserError
	if err := fail("x"); !errors.As(err, &said) || said.Args[1] != 1 {
		t.Errorf("beyond the limit: %v, want to wait 1 minute", err)
	}
	now = now.Add(time.Minute)
	if err := c.begin(ctx, "a"); err != nil {
		t.Fatalf("a minute later: %v", err)
	}
	c.end("a", nil, nil)
	if len(c.networks) != 0 {
		t.Errorf("%d networks are held, want none", len(c.networks))
	}
	for n := range maxNetworks + 10 {
		key := strconv.Itoa(n)
		if err := c.begin(ctx, key); err != nil {
			t.Fatal(err)
		}
		c.end(key, []string{"x"}, nil)
	}
	if len(c.networks) > maxNetworks {
		t.Errorf("%d networks are held, want at most %d", len(c.networks), maxNetworks)
	}
}

// TestACrowdHoldsSoManyPeople and no more, and those who were let in long ago allow
// no more guesses.
func TestACrowdHoldsSoManyPeople(t *testing.T) {
	now, ctx := time.Unix(1_800_000_000, 0), context.Background()
	c := newCrowd(40, 15*time.Minute, func() time.Time { return now })
	for n := range maxEntered + 10 {
		if err := c.begin(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		c.end("a", nil, []string{strconv.Itoa(n)})
	}
	if held := len(c.networks[c.hash("a")].entered); held != maxEntered {
		t.Errorf("%d people are held, want %d", held, maxEntered)
	}
	now = now.Add(15 * time.Minute)
	judged := 0
	for n := range 100 {
		if c.begin(ctx, "a") == nil {
			judged++
			c.end("a", []string{strconv.Itoa(n)}, nil)
		}
	}
	if judged != 40 {
		t.Errorf("%d guesses were judged after everybody’s time, want 40", judged)
	}
}
