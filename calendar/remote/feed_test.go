package remote

import (
	"context"
	"testing"

	"parvis/calendar"
)

func TestAPanicBehindAPageIsTheFaultOfOneAccount(t *testing.T) {
	s, c := newStore(t, nil)
	id := mustAdd(t, s, canned(t, object("a", "SUMMARY:Budget", "DTSTART:20261124T130000Z")))
	s.Sealer = nil // opening the password panics
	c.add(readEvery)
	titles(t, s, claire)
	s.wait.Wait()
	got, feeds := titles(t, s, claire)
	if len(got) != 1 || feeds[0].State != calendar.FeedLate {
		t.Errorf("%q in state %v, want what was known, late", got, feeds[0].State)
	}
	a, err := s.account(context.Background(), claire, id)
	if err != nil || a.Fault != "remote.fault.unreadable" || s.due(a) {
		t.Errorf("%+v, due %v, %v; want to be asked later", a, s.due(a), err)
	}
}
