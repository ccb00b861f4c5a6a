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
	"parvis/portal/database/databasetest"
)

func TestTheWindowSlides(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ctx := context.Background()
	throttle := newThrottle(databasetest.New(t), Limits{}, func() time.Time { return now })
	attempt := func() error {
		try, err := throttle.account(ctx, "account:a", 15*time.Minute)
		if err != nil {
			return err
		}
		return throttle.fail(ctx, try)
	}
	if err := attempt(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(14 * time.Minute)
	for range 3 {
		if err := attempt(); err != nil {
			t.Fatal(err)
		}
	}
	var said portal.UserError
	if err := attempt(); !errors.As(err, &said) || said.Args[1] != 1 {
		t.Errorf("fifth attempt = %v, want to wait 1 minute", err)
	}
	now = now.Add(time.Minute) // the first one left the window, the three others did not
	if err := attempt(); err != nil {
		t.Errorf("after a minute: %v", err)
	}
	if err := attempt(); !errors.As(err, &said) || said.Args[1] != 14 {
		t.Errorf("and again = %v, want to wait 14 minutes", err)
	}
}

func TestAttemptsCountBeforeTheyAreJudged(t *testing.T) {
	ctx := context.Background()
	throttle := newThrottle(databasetest.New(t), Limits{}, time.Now)
	begin := func(key string) (attempt, error) { return throttle.account(ctx, key, time.Hour) }
	var tries []attempt
	for range 4 {
		try, err := begin("account:a")
		if err != nil {
			t.Fatal(err)
		}
		tries = append(tries, try)
	}
	if _, err := begin("account:a"); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a fifth while four are judged = %v, want ErrDenied", err)
	}
	if other, err := begin("account:b"); err != nil {
		t.Errorf("another account: %v", err)
	} else if err := throttle.cancel(ctx, other); err != nil {
		t.Error(err)
	}
	if err := throttle.cancel(ctx, tries[0]); err != nil {
		t.Fatal(err)
	}
	last, err := begin("account:a")
	if err != nil {
		t.Fatalf("after one was taken back: %v", err)
	}
	for _, try := range tries[1:] {
		if err := throttle.fail(ctx, try); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := begin("account:a"); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a fifth after three failures and one in flight = %v, want ErrDenied", err)
	}
	if err := throttle.forgive(ctx, throttle.db, last); err != nil {
		t.Fatal(err)
	}
	throttle.land(last)
	for range 4 {
		if _, err := begin("account:a"); err != nil {
			t.Errorf("after a success: %v", err)
		}
	}
	if len(throttle.flights) > 1 {
		t.Errorf("flights = %v, want those of one account", throttle.flights)
	}
}

// TestOfManyAttemptsAtOnceAsManyPassAsTheLimitSays: not more, and not fewer, since
// each that is refused for another that is refused keeps a person out for nothing.
func TestOfManyAttemptsAtOnceAsManyPassAsTheLimitSays(t *testing.T) {
	ctx := context.Background()
	throttle := newThrottle(databasetest.New(t), Limits{}, time.Now)
	for round := range 10 {
		var all sync.WaitGroup
		var passed atomic.Int32
		for range 20 {
			all.Go(func() {
				_, err := throttle.account(ctx, "account:"+strconv.Itoa(round), time.Hour)
				if err == nil {
					passed.Add(1)
				} else if !errors.Is(err, portal.ErrDenied) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if passed.Load() != 4 {
			t.Errorf("%d of 20 at once passed, want 4", passed.Load())
		}
	}
}

func TestTheMemoryOfAddressesIsBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	window := newWindow(2, time.Minute, func() time.Time { return now })
	for i := range maxKeys * 2 {
		window.add(strconv.Itoa(i))
	}
	if len(window.times) > maxKeys {
		t.Errorf("%d keys kept, want at most %d", len(window.times), maxKeys)
	}
	window.add("a")
	window.add("a")
	if wait := window.add("a"); wait != time.Minute {
		t.Errorf("third in a minute waits %v, want 1m", wait)
	}
}

func TestIPv6SubscribersCountAsOne(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "strange": "strange",
	} {
		if got := Network(address); got != want {
			t.Errorf("Network(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestDevicesAreNamed(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                               "Firefox, Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0":                "Edge, Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari, iPhone",
		"curl/8": "", "": "",
	} {
		if got := DeviceOf(agent); got != want {
			t.Errorf("DeviceOf(%q) = %q, want %q", agent, got, want)
		}
	}
}
