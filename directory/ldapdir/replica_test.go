package ldapdir

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// TestOneServerThatDoesNotAnswerIsLeftForAWhile follows the order in which
// servers are asked.
func TestOneServerThatDoesNotAnswerIsLeftForAWhile(t *testing.T) {
	s := &server{replicas: []*replica{{address: "first"}, {address: "second"}}}
	asked := func() (order string) {
		for one := range s.order() {
			order += one.address + " "
		}
		return order
	}
	first, second := &s.replicas[0].breaker, &s.replicas[1].breaker
	if got := asked(); got != "first second " {
		t.Errorf("order = %s", got)
	}
	first.note(false, time.Now())
	if got := asked(); got != "second first " {
		t.Errorf("order after a failure of the first = %s", got)
	}
	first.note(false, time.Now())
	first.note(false, time.Now())
	if got := asked(); got != "second " {
		t.Errorf("order after three = %s", got)
	}
	first.retryAt = time.Now().Add(-time.Second)
	if got := asked(); got != "first second " {
		t.Errorf("order after the pause = %s", got)
	}
	if got := asked(); got != "second " {
		t.Errorf("a second one tries too: %s", got)
	}
	first.note(true, time.Now())
	if got := asked(); got != "first second " {
		t.Errorf("order once it answers = %s", got)
	}
	for range breakerFailures {
		first.note(false, time.Now())
		second.note(false, time.Now())
	}
	if got := asked(); got != "" {
		t.Errorf("both silent, and asked: %s", got)
	}
}

func TestAnAnswerIsNeverAskedOfASecondServer(t *testing.T) {
	wrong := &ldap.Error{ResultCode: ldap.LDAPResultInvalidCredentials, Err: errors.New("")}
	gone := &ldap.Error{ResultCode: ldap.ErrorNetwork, Err: errors.New("closed")}
	for _, test := range []struct {
		first error
		asked int
	}{{nil, 1}, {wrong, 1}, {serviceError{wrong}, 1}, {errGroups, 1}, {gone, 2}, {errors.New("refused"), 2}, {certificateError{errors.New("x")}, 2}} {
		s := &server{replicas: []*replica{{}, {}}}
		asked := 0
		err := s.ask(t.Context(), func(*replica) error {
			if asked++; asked == 1 {
				return test.first
			}
			return nil
		})
		if asked != test.asked || (asked == 2) != (err == nil && test.first != nil) {
			t.Errorf("after %v: asked %d, err %v", test.first, asked, err)
		}
	}
}

// TestALeavingPersonOpensNoBreaker: else anybody could close the sign-in by
// hanging up three times.
func TestALeavingPersonOpensNoBreaker(t *testing.T) {
	s := &server{replicas: []*replica{{}}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * breakerFailures {
		_ = s.ask(ctx, func(*replica) error { return ctx.Err() })
	}
	if err := s.ask(t.Context(), func(*replica) error { return nil }); err != nil {
		t.Errorf("after others left: %v", err)
	}
}

func TestLocalhostIsTheMachinesOwnName(t *testing.T) {
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if names := certificateNames("localhost"); !slices.Contains(names, own) {
		t.Errorf("names of localhost = %v, want %s among them", names, own)
	}
	if names := certificateNames("dir.bourg.example"); len(names) != 1 || names[0] != "dir.bourg.example" {
		t.Errorf("names of another host = %v", names)
	}
}
