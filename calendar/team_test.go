package calendar

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

// TestATeamIsSeenAsFarAsItIsOpen has four people with a meeting and a private hour each, open to the
// reader in four ways.
func TestATeamIsSeenAsFarAsItIsOpen(t *testing.T) {
	s := staffed(t)
	reader := portal.Caller{Collectivity: "bourg", Agent: "zoe"}
	day := time.Date(2026, 11, 30, 0, 0, 0, 0, zoneNamed("Europe/Paris"))
	for _, agent := range []portal.AgentID{"claire", "paul", "odile", "zoe"} {
		owner := portal.Caller{Collectivity: "bourg", Agent: agent}
		for name, lines := range map[string]string{
			"meeting": "DTSTART:20261130T080000Z\r\nDTEND:20261130T100000Z\r\nSUMMARY:Conseil de " + string(agent),
			"private": "DTSTART:20261130T093000Z\r\nDTEND:20261130T110000Z\r\nCLASS:PRIVATE\r\nSUMMARY:Médecin",
			"free":    "DTSTART;VALUE=DATE:20261130\r\nTRANSP:TRANSPARENT\r\nSUMMARY:Télétravail",
			"gone":    "DTSTART:20261130T150000Z\r\nDTEND:20261130T160000Z\r\nSTATUS:CANCELLED\r\nSUMMARY:Annulé",
		} {
			text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:" + name + string(agent) + "\r\nDTSTAMP:20261101T000000Z\r\n" + lines + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
			if _, err := s.Put(context.Background(), owner, personal(owner), name+".ics", []byte(text), Condition{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	claire := portal.Caller{Collectivity: "bourg", Agent: "claire"}
	mustShare(t, s, claire, toAgent(reader), LevelRead)
	duties, err := s.CreateCalendar(context.Background(), claire, NewCalendar{Slug: "duties", Name: "Astreintes"})
	if err == nil {
		_, err = s.db.Exec(context.Background(), `UPDATE calendars SET busy = FALSE WHERE id = $1`, string(duties.ID))
	}
	if err == nil {
		_, err = s.Share(context.Background(), claire, Share{Calendar: duties.ID, To: toAgent(reader), Level: LevelRead}, "")
	}
	for id, lines := range map[CalendarID]string{
		duties.ID:        "DTSTART;VALUE=DATE:20261130\r\nSUMMARY:Astreinte", // takes no time
		personal(claire): "DTSTART:20261130T093000Z\r\nDTEND:20261130T110000Z\r\nSTATUS:TENTATIVE\r\nSUMMARY:Peut-être",
	} {
		text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:also\r\nDTSTAMP:20261101T000000Z\r\n" + lines + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
		if err == nil {
			_, err = s.Put(context.Background(), claire, id, "also.ics", []byte(text), Condition{})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	mustShare(t, s, portal.Caller{Collectivity: "bourg", Agent: "paul"}, toAgent(reader), LevelBusy)
	stranger := portal.Caller{Collectivity: "agglo", Agent: "claire"}
	for _, c := range []struct {
		caller portal.Caller
		agent  portal.AgentID
		want   string
	}{
		{reader, "claire", "00:00-00:00 Télétravail; 00:00-00:00 Astreinte; 09:00-11:00 Conseil de claire; 10:30-12:00 Peut-être; 11:00-12:00 ?"},
		{reader, "paul", "09:00-12:00 ?"},
		{reader, "odile", "09:00-12:00 ?"},
		{reader, "zoe", "00:00-00:00 Télétravail; 09:00-11:00 Conseil de zoe; 10:30-12:00 Médecin"},
		{stranger, "odile", ""},
		{stranger, "claire", ""}, // who has this id there
	} {
		found, err := s.team(context.Background(), c.caller, []portal.AgentID{c.agent}, day, addDays(day, 1))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range found[c.agent] {
			title := "?"
			if one.Instance != nil {
				title = one.Instance.Title
			}
			got = append(got, fmt.Sprintf("%s-%s %s", one.Start.Format("15:04"), one.End.Format("15:04"), title))
		}
		if got := strings.Join(got, "; "); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.caller.Agent, c.agent, got, c.want)
		}
	}
}
