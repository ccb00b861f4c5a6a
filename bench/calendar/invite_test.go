package calendar

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"parvis/calendar"
	"parvis/calendar/caldav"
	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

// colleagues are agents who have an agenda: claire and agent-0000 to agent-1999.
type colleagues struct{}

func (colleagues) AtAddresses(_ context.Context, _ database.Reader, _ portal.CollectivityID, addresses []string) (map[string]calendar.Person, error) {
	found := map[string]calendar.Person{}
	for _, address := range addresses {
		found[address] = colleague(strings.TrimSuffix(address, "@bourg.example"))
	}
	return found, nil
}

func (colleagues) AgentNamed(_ context.Context, _ database.Reader, _ portal.CollectivityID, agent portal.AgentID) (calendar.Person, error) {
	return colleague(string(agent)), nil
}

func colleague(id string) calendar.Person {
	return calendar.Person{Collectivity: "bourg", Agent: portal.AgentID(id), Name: id, Address: id + "@bourg.example"}
}

// invitation is a meeting to which claire invites a number of agents.
func invitation(i, attendees int) string {
	var b strings.Builder
	b.WriteString("ORGANIZER:mailto:claire@bourg.example\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:claire@bourg.example\r\n")
	for n := range attendees {
		fmt.Fprintf(&b, "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:agent-%04d@bourg.example\r\n", n)
	}
	return strings.Replace(event(events+i), "STATUS:", b.String()+"STATUS:", 1)
}

// BenchmarkInvite writes a meeting of 10 and of 100 people, and the answer of one of them, beside
// few agendas and beside 2,000: the second must cost what the first does.
func BenchmarkInvite(b *testing.B) {
	for _, agents := range []int{100, 2000} {
		ctx, db := context.Background(), databasetest.New(b)
		if _, err := db.Exec(ctx, `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ('bourg', 'Bourg', 'Bourg', 'commune', 0)`); err != nil {
			b.Fatal(err)
		}
		store := calendar.NewStore(db)
		store.Scheduling(colleagues{}, nil)
		for n := range agents {
			she := portal.Caller{Agent: portal.AgentID(fmt.Sprintf("agent-%04d", n)), Account: "a", Collectivity: "bourg"}
			if _, err := store.Put(ctx, she, calendar.CalendarID(she.Agent), "event.ics", []byte(event(n)), calendar.Condition{}); err != nil {
				b.Fatal(err)
			}
		}
		site := dav.NewSite(everyone{}, everyone{}, slog.New(slog.DiscardHandler), caldav.Home(store))
		next := 0
		for _, attendees := range []int{10, 100} {
			b.Run(fmt.Sprintf("put-of-%d-among-%d", attendees, agents), func(b *testing.B) {
				measure(b, 201, func(int) *discard {
					next++
					return ask(site, "PUT", fmt.Sprintf("/dav/calendars/claire/personal/meeting-%06d.ics", next), invitation(next, attendees))
				})
			})
		}
		b.Run(fmt.Sprintf("answer-of-10-among-%d", agents), func(b *testing.B) {
			answer(b, store, &next)
		})
	}
}

// answer is agent-0000 who accepts one meeting of ten after the other.
func answer(b *testing.B, store *calendar.Store, next *int) {
	ctx, she := context.Background(), portal.Caller{Agent: "agent-0000", Account: "a", Collectivity: "bourg"}
	measure(b, 200, func(int) *discard {
		b.StopTimer()
		*next++
		text := invitation(*next, 10)
		if _, err := store.Put(ctx, claire, calendar.CalendarID(claire.Agent), fmt.Sprintf("meeting-%06d.ics", *next), []byte(text), calendar.Condition{}); err != nil {
			b.Fatal(err)
		}
		accepted := strings.Replace(text, "NEEDS-ACTION;RSVP=TRUE:mailto:agent-0000", "ACCEPTED:mailto:agent-0000", 1)
		b.StartTimer()
		if _, err := store.Put(ctx, she, calendar.CalendarID(she.Agent), fmt.Sprintf("answer-%06d.ics", *next), []byte(accepted), calendar.Condition{}); err != nil {
			b.Fatal(err)
		}
		return &discard{status: 200}
	})
}
