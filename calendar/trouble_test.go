package calendar

import (
	"slices"
	"testing"
	"time"

	"parvis/portal"
)

// homebound sends no letter.
type homebound struct{ satchel }

func (*homebound) Sends(portal.CollectivityID) bool { return false }

func TestWhyAnInvitationDoesNotArriveIsSaid(t *testing.T) {
	m := newMeetingPlace(t)
	m.Scheduling(m.people, &homebound{})
	m.put(m.paul, Condition{}, "DTSTART:20261124T080000Z", "SUMMARY:à Paul") // his own event has the UID
	m.put(m.claire, Condition{}, byClaire, toClaire, toPaul, toAnne, toJean, "ATTENDEE:/dav/principals/nobody/", atNine, atTen)
	invited, err := m.Invited(t.Context(), m.claire, m.eventOf(m.claire), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range invited.All {
		got = append(got, one.Address+" "+string(one.Trouble))
	}
	want := []string{"paul@bourg.example taken", "anne@agglo.example ", "jean@ailleurs.example mail", "/dav/principals/nobody/ unknown"}
	if !slices.Equal(got, want) {
		t.Errorf("troubles %q, want %q", got, want)
	}
}
