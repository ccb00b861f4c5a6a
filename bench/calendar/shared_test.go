package calendar

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/calendar/caldav"
	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database/databasetest"
)

const (
	sharers  = 1000 // agents whose calendar is shared
	withHer  = 30   // of them, who share with claire
	homeBody = `<propfind xmlns="DAV:" xmlns:S="http://calendarserver.org/ns/"><prop><displayname/><resourcetype/><owner/><current-user-privilege-set/><sync-token/><S:getctag/></prop></propfind>`
)

// sharedSite is a site where calendars of a number of agents are shared, by turns with an agent, a group and
// a unit: withHer of them with claire, the others with others.
func sharedSite(b *testing.B, agents int) (*dav.Site, *calendar.Store) {
	b.Helper()
	ctx, db := context.Background(), databasetest.New(b)
	exec := func(text string, args ...any) {
		b.Helper()
		if _, err := db.Exec(ctx, text, args...); err != nil {
			b.Fatal(err)
		}
	}
	exec(`INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ('bourg', 'Bourg', 'Bourg', 'commune', 0)`)
	exec(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', 'claire', 'Claire', 'Morel', 'morel claire', 0)`)
	for _, id := range []string{"hers", "others"} {
		exec(`INSERT INTO agent_groups (collectivity, id, name) VALUES ('bourg', $1, $1)`, id)
		exec(`INSERT INTO units (collectivity, id, name) VALUES ('bourg', $1, $1)`, id)
	}
	if db.Engine() == "sqlite" {
		exec(`PRAGMA synchronous = OFF`)
	}
	store := calendar.NewStore(db)
	for i := range agents {
		she := portal.Caller{Agent: portal.AgentID(fmt.Sprintf("agent-%04d", i)), Account: "a", Collectivity: "bourg"}
		exec(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('bourg', $1, 'Agent', $1, $1, 0)`, string(she.Agent))
		to := "others"
		if i%(agents/withHer) == 0 && i/(agents/withHer) < withHer {
			to = "hers"
		}
		subject := portal.Subject{Kind: []portal.SubjectKind{portal.TheGroup, portal.TheUnit, portal.TheAgent}[i%3], ID: to}
		if subject.Kind == portal.TheAgent && to == "hers" {
			subject.ID = "claire"
		} else if subject.Kind == portal.TheAgent {
			subject.ID = "agent-0000"
			if i == 0 {
				subject.ID = "agent-0001"
			}
		}
		if _, err := store.Share(ctx, she, calendar.Share{Calendar: calendar.CalendarID(she.Agent), To: subject, Level: calendar.LevelRead}, ""); err != nil {
			b.Fatal(err)
		}
		if i%10 == 1 {
			if _, err := store.Share(ctx, she, calendar.Share{Calendar: calendar.CalendarID(she.Agent), To: portal.Subject{Kind: portal.Everyone}, Level: calendar.LevelBusy}, ""); err != nil {
				b.Fatal(err)
			}
		}
	}
	if db.Engine() != "sqlite" {
		exec(`ANALYZE`) // PostgreSQL does by itself, later
	}
	return dav.NewSite(member{}, everyone{}, slog.New(slog.DiscardHandler), caldav.Home(store)), store
}

// member signs claire in with her group and her unit.
type member struct{}

func (member) Authenticate(context.Context, string, string, string) (portal.Program, error) {
	she := claire
	she.Groups, she.Units = []portal.GroupID{"hers"}, []portal.UnitID{"hers"}
	return portal.Program{Caller: she, Scopes: portal.Scopes{portal.ScopeCalendar}}, nil
}

// BenchmarkSharedHome lists a home with 30 calendars of colleagues among those of 30, and of 1,000: the
// second must cost what the first does.
func BenchmarkSharedHome(b *testing.B) {
	for _, agents := range []int{withHer, sharers} {
		site, _ := sharedSite(b, agents)
		b.Run(fmt.Sprintf("home-30-of-%d", agents), func(b *testing.B) {
			measure(b, 207, func(int) *discard { return ask(site, "PROPFIND", "/dav/calendars/claire/", homeBody) })
		})
		b.Run(fmt.Sprintf("one-shared-of-%d", agents), func(b *testing.B) {
			measure(b, 207, func(int) *discard { return ask(site, "PROPFIND", "/dav/calendars/claire/agent-0000/", listBody) })
		})
	}
}

// BenchmarkBusy asks when 100 agents with 50 appointments each are taken during a week.
func BenchmarkBusy(b *testing.B) {
	_, store := sharedSite(b, 100)
	var agents []portal.AgentID
	for i := range 100 {
		she := portal.Caller{Agent: portal.AgentID(fmt.Sprintf("agent-%04d", i)), Account: "a", Collectivity: "bourg"}
		agents = append(agents, she.Agent)
		for n := range 50 {
			_, err := store.Put(context.Background(), she, calendar.CalendarID(she.Agent), fmt.Sprintf("event-%05d.ics", n), []byte(event(events-n)), calendar.Condition{})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*((events-20)%weeks))
	b.Run("busy-100-agents", func(b *testing.B) {
		measure(b, 200, func(int) *discard {
			found, err := store.Busy(context.Background(), claire, agents, from, from.AddDate(0, 0, 7))
			if err != nil || len(found) != 100 {
				b.Fatal(len(found), err)
			}
			return &discard{status: 200}
		})
	})
}
