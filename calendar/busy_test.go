package calendar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

func TestBusyTimesOfColleaguesTellNoMoreThanTheHours(t *testing.T) {
	s, ctx := staffed(t), context.Background()
	claire, paul, odile := agent("bourg", "claire"), agent("bourg", "paul"), agent("bourg", "odile")
	at := func(name string, lines ...string) {
		octets := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:" + name + "\r\nDTSTAMP:20261101T000000Z\r\n" +
			strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
		mustPut(t, s, claire, name+".ics", octets)
	}
	at("once", "DTSTART:20261124T090000Z", "DTEND:20261124T100000Z", "SUMMARY:Secret")
	at("touches", "DTSTART:20261124T100000Z", "DTEND:20261124T103000Z")
	at("maybe", "DTSTART:20261124T093000Z", "DTEND:20261124T120000Z", "STATUS:TENTATIVE")
	at("free", "DTSTART:20261124T140000Z", "DTEND:20261124T150000Z", "TRANSP:TRANSPARENT")
	at("cancelled", "DTSTART:20261124T150000Z", "DTEND:20261124T160000Z", "STATUS:CANCELLED")
	at("weekly", "DTSTART;TZID=Europe/Paris:20200107T180000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/Paris:20261201T180000")
	at("timeless", "DTSTART:20261124T170000Z")
	at("before", "DTSTART:20261123T230000Z", "DTEND:20261124T003000Z")
	projects, err := s.CreateCalendar(ctx, claire, NewCalendar{Name: "Suivi"})
	if err != nil {
		t.Fatal(err)
	}
	free := false
	if err := s.ChangeLook(ctx, claire, projects.ID, Look{Busy: &free}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateEvent(ctx, claire, Draft{Calendar: projects.ID, Title: "Suivi", Start: time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	mustCreate(t, s, paul, meeting(paul, "Ailleurs", 30))
	mustCreate(t, s, agent("agglo", "claire"), meeting(agent("agglo", "claire"), "Autre", 24))
	from := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	found, err := s.Busy(ctx, odile, []portal.AgentID{"claire", "paul", "nobody"}, from, from.AddDate(0, 0, 8))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, one := range found["claire"] {
		word := ""
		if one.Tentative {
			word = "?"
		}
		said = append(said, one.From.Format("2 15:04")+"-"+one.To.Format("15:04")+word)
	}
	want := "24 00:00-00:30 24 09:00-10:30 24 10:30-12:00? 24 17:00-18:00"
	if got := strings.Join(said, " "); got != want {
		t.Errorf("she is taken %s, want %s", got, want)
	}
	if len(found) != 2 || len(found["paul"]) != 1 {
		t.Errorf("taken: %+v, want claire and paul", found)
	}
	if strings.Contains(fmt.Sprintf("%+v", found), "Secret") {
		t.Error("a title is told")
	}
	elsewhere, err := s.Busy(ctx, agent("agglo", "paul"), []portal.AgentID{"claire", "paul"}, from, from.AddDate(0, 0, 8))
	if err != nil || len(elsewhere) != 1 || len(elsewhere["claire"]) != 1 {
		t.Errorf("from another collectivity: %+v, %v, want her own claire's hour alone", elsewhere, err)
	}
	for name, c := range map[string]struct {
		agents []portal.AgentID
		days   int
	}{"too long": {nil, 63}, "backwards": {nil, -1}, "empty": {nil, 0}, "too many": {make([]portal.AgentID, 501), 1}} {
		if _, err := s.Busy(ctx, odile, c.agents, from, from.AddDate(0, 0, c.days)); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Busy(ctx, portal.Caller{Collectivity: "bourg"}, nil, from, from.AddDate(0, 0, 1)); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who is no agent asks: %v", err)
	}
}
