package calendar

import (
	"context"
	"fmt"
	"slices"
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

// office is one unit of maxTeam agents.
type office []Someone

func (o office) Units(context.Context, portal.Caller) ([]Place, error) {
	return []Place{{ID: "voirie", Name: "Voirie"}}, nil
}

func (o office) OwnUnit(context.Context, portal.Caller) (portal.UnitID, error) { return "voirie", nil }

func (o office) Team(context.Context, portal.Caller, portal.UnitID, int) ([]Someone, int, error) {
	return o, len(o), nil
}

// elsewhereSaid is what other rooms say of claire and paul.
type elsewhereSaid struct{ asked []portal.AgentID }

func (s *elsewhereSaid) Marks(_ context.Context, _ portal.Caller, agents []portal.AgentID, first, last time.Time) (map[portal.AgentID][]Mark, error) {
	s.asked = agents
	return map[portal.AgentID][]Mark{
		"claire": {{Kind: MarkTelework, Day: "2026-11-24"}, {Kind: MarkTelework, Day: "2026-11-25", Half: "morning"}, {Kind: MarkDuty, Day: "2026-11-26", Name: "<Exploitation>"}},
		"paul":   {{Kind: MarkAway, Day: "2026-11-24"}, {Kind: MarkAway, Day: "2026-11-25"}, {Kind: MarkTelework, Day: "2026-11-24"}, {Kind: MarkAway, Day: "2026-11-30"}},
	}, nil
}

func TestThePlanningOfAMonthTellsWhereEverybodyIsAndNotWhatFor(t *testing.T) {
	d, marks := newDesk(t), &elsewhereSaid{}
	d.router.Mount(NewTeamHandler(d.store, office{{ID: "claire", Name: "Claire Morel"}, {ID: "paul", Name: "Paul Petit"}}, d.renderer, nil, marks).Routes()...)
	d.add("paul", Draft{Title: "Secret", Start: at(27, 9, 0), End: at(27, 10, 30)})
	d.add("paul", Draft{Title: "Secret", Start: at(2, 14, 0), End: at(2, 16, 0), Repeat: Repeat{Every: Weekly}})
	page := d.get("/calendar/team?view=month&date=2026-11-24", "claire")
	write(t, "team-month.html", page)
	wants(t, page, `<table class="plan">`, "Novembre 2026", "<small>2\u00a0h</small>", ">T½</span>", "&lt;Exploitation&gt;",
		"En télétravail\u00a0: 24\u00a0–\u00a025", "Absence\u00a0: 24\u00a0–\u00a025, 30", "D’astreinte\u00a0: 26")
	lacks(t, page, "Secret", "⟦", "<Exploitation>")
	if got := strings.Count(page, "<td"); got != 60 {
		t.Errorf("%d cells, want 30 for each", got)
	}
	if got := strings.Count(page, "En télétravail\u00a0:"); got != 1 {
		t.Errorf("%d work at home: who is away does not", got)
	}
	// What changes is seen at once.
	id := d.add("paul", Draft{Title: "Secret", Start: at(20, 9, 0), End: at(20, 14, 45)})
	wants(t, d.get("/calendar/team?view=month&date=2026-11-24", "claire"), "<small>6\u00a0h</small>")
	if err := d.store.DeleteEvent(t.Context(), d.agents["paul"], id, ""); err != nil {
		t.Fatal(err)
	}
	lacks(t, d.get("/calendar/team?view=month&date=2026-11-24", "claire"), "<small>6\u00a0h</small>")
	wants(t, d.get("/calendar/team?view=week&date=2026-11-24", "claire"), "En télétravail, le matin", "D’astreinte &lt;Exploitation&gt;")
}

func TestALoadIsTheTimeOfItsDayAlone(t *testing.T) {
	from, until := time.Date(2026, 10, 24, 0, 0, 0, 0, paris), time.Date(2026, 10, 28, 0, 0, 0, 0, paris)
	hour := func(day, h int) time.Time { return time.Date(2026, 10, day, h, 0, 0, 0, paris) }
	got := loadOf([]BusyTime{
		{From: hour(24, 22), To: hour(25, 4)}, // over the night in which an hour comes twice
		{From: hour(25, 9), To: hour(25, 9).Add(time.Minute)},
		{From: hour(26, 0), To: hour(27, 0)},
	}, from, until)
	if want := []load{8, 21, 96, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if loadOf(nil, from, until) != nil {
		t.Error("who is free has a load")
	}
}

// BenchmarkTeam is the planning of a week of 60 people with 750 events each, two thirds of them open to the
// reader, beside as many other agendas as the name says.
func BenchmarkTeam(b *testing.B) {
	for _, others := range []int{0, 2000} {
		b.Run(fmt.Sprintf("beside-%d", others), func(b *testing.B) {
			d := newDesk(b)
			d.crowd(others)
			begun, n := processorTime(b), 0
			for b.Loop() {
				d.get("/calendar/team?unit=voirie&view=work&date=2026-11-24", "claire")
				n++
			}
			b.ReportMetric(float64((processorTime(b)-begun).Microseconds())/1e3/float64(n), "cpu-ms/op")
		})
	}
}

// crowd fills the agendas of the office, and those of others with 50 events each: copies of one that is written
// as all are.
func (d *desk) crowd(others int) {
	ctx, db := context.Background(), d.store.db
	exec := func(text string, args ...any) {
		d.t.Helper()
		if _, err := db.Exec(ctx, text, args...); err != nil {
			d.t.Fatal(err)
		}
	}
	if db.Engine() == "sqlite" {
		exec(`PRAGMA synchronous = OFF`)
	}
	for i := range 750 {
		draft := Draft{Title: "Rendez-vous", Location: "Bureau 2", Start: at(1+i%28, 8+i%9, 0).AddDate(0, -i%24, 0)}
		draft.End = draft.Start.Add(time.Hour)
		if i%30 == 0 {
			draft.Repeat.Every = Weekly
		}
		d.add("claire", draft)
	}
	exec(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', 'claire', 'Claire', 'Morel', 'morel claire', 0)`)
	var team office
	for i := range maxTeam + others {
		id, kept := fmt.Sprintf("agent-%04d", i), 750
		if i >= maxTeam {
			kept = 50
		} else {
			team = append(team, Someone{ID: portal.AgentID(id), Name: "Agent " + id})
		}
		exec(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', $1, 'Agent', $1, $1, 0)`, id)
		exec(`INSERT INTO calendars (collectivity, id, owner, slug, name, description, color, position, zone, zone_text, components, busy, epoch, sequence, forgotten, created)
			SELECT collectivity, $1, $1, slug, name, description, color, position, zone, zone_text, components, busy, epoch, sequence, forgotten, created
			FROM calendars WHERE collectivity = 'bourg' AND id = 'claire'`, id)
		exec(`INSERT INTO calendar_objects (collectivity, calendar, name, id, uid, etag, size, component, summary, status, first_start, last_end, exact,
				all_day, recurring, transparent, modified, octets)
			SELECT collectivity, $1, name, $1 || id, uid, etag, size, component, summary, status, first_start, last_end, exact,
				all_day, recurring, transparent, modified, octets
			FROM calendar_objects WHERE collectivity = 'bourg' AND calendar = 'claire' ORDER BY name LIMIT 0 + $2`, id, kept)
		if i < maxTeam && i%3 > 0 {
			owner := portal.Caller{Collectivity: "bourg", Agent: portal.AgentID(id)}
			mustShare(d.t, d.store, owner, toAgent(d.agents["claire"]), LevelRead)
		}
	}
	if db.Engine() != "sqlite" {
		exec(`ANALYZE`) // PostgreSQL does by itself, later
	}
	d.router.Mount(NewTeamHandler(d.store, team, d.renderer, nil).Routes()...)
}

// BenchmarkTeamMonth is the planning of a month of 500 people with 40 appointments in it each, a tenth of which repeats:
// as each reader meets it, and when an agenda of theirs changed since; and when nothing of it is known.
func BenchmarkTeamMonth(b *testing.B) {
	d := newDesk(b)
	d.crew(maxMonthTeam)
	read := func() { d.get("/calendar/team?unit=voirie&view=month&date=2026-11-24", "claire") }
	for name, before := range map[string]func(){
		"as-it-is":   func() {},
		"one-change": func() { d.add("claire", Draft{Title: "Point", Start: at(24, 9, 0), End: at(24, 10, 0)}) },
		"unknown":    func() { d.store.loads.kept = nil },
	} {
		b.Run(name, func(b *testing.B) {
			read()
			var spent time.Duration
			n := 0
			for b.Loop() {
				before()
				begun := processorTime(b)
				read()
				spent += processorTime(b) - begun
				n++
			}
			b.ReportMetric(float64(spent.Microseconds())/1e3/float64(n), "cpu-ms/op")
		})
	}
}

// crew is an office of people whose agendas are copies of claire's, with 40 appointments in November.
func (d *desk) crew(people int) {
	ctx, db := context.Background(), d.store.db
	exec := func(text string, args ...any) {
		d.t.Helper()
		if _, err := db.Exec(ctx, text, args...); err != nil {
			d.t.Fatal(err)
		}
	}
	for i := range 40 {
		draft := Draft{Title: "Rendez-vous", Start: at(2+i%28, 8+i%9, 0)}
		draft.End = draft.Start.Add(time.Hour)
		if i%10 == 0 {
			draft.Repeat.Every = Weekly
		}
		d.add("claire", draft)
	}
	team := office{{ID: "claire", Name: "Claire Morel"}}
	for i := range people - 1 {
		id := fmt.Sprintf("agent-%04d", i)
		team = append(team, Someone{ID: portal.AgentID(id), Name: "Agent " + id, Function: "Agent de voirie"})
		exec(`INSERT INTO calendars (collectivity, id, owner, slug, name, description, color, position, zone, zone_text, components, busy, epoch, sequence, forgotten, created)
			SELECT collectivity, $1, $1, slug, name, description, color, position, zone, zone_text, components, busy, epoch, sequence, forgotten, created
			FROM calendars WHERE collectivity = 'bourg' AND id = 'claire'`, id)
		exec(`INSERT INTO calendar_objects (collectivity, calendar, name, id, uid, etag, size, component, summary, status, first_start, last_end, exact,
				all_day, recurring, transparent, modified, octets)
			SELECT collectivity, $1, name, $1 || id, uid, etag, size, component, summary, status, first_start, last_end, exact,
				all_day, recurring, transparent, modified, octets
			FROM calendar_objects WHERE collectivity = 'bourg' AND calendar = 'claire'`, id)
	}
	d.router.Mount(NewTeamHandler(d.store, team, d.renderer, nil).Routes()...)
}
