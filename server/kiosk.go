package server

import (
	"cmp"
	"context"
	"slices"
	"time"

	"parvis/directory"
	"parvis/kiosk"
	"parvis/oncall"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/widgets"
)

// kioskPages are all that somebody may do whom a code let in at a kiosk: what is her own in bookings, duties and presence.
// All others are refused to her, those to come too.
var kioskPages = map[string]bool{
	"GET /kiosk": true, "POST /kiosk/done": true, "GET /theme/{file}": true,
	"GET /bookings": true, "POST /bookings": true, "GET /bookings/mine": true, "POST /bookings/events/{event}/cancel": true, "POST /bookings/waits": true, "POST /bookings/waits/{id}/leave": true,
	"GET /bookings/resources/{id}": true, "GET /resources/{id}/photo": true,
	"POST /bookings/loans/{loan}/cancel": true, "POST /bookings/loans/{loan}/km": true,
	"GET /bookings/trips/new": true, "POST /bookings/trips": true, "GET /bookings/trips/{id}": true, "GET /bookings/trips/{id}/photo": true,
	"GET /bookings/trips/{id}/back": true, "POST /bookings/trips/{id}/back": true, "POST /bookings/trips/{id}/undo": true,
	"GET /oncall/mine": true, "POST /oncall/swaps/{id}/answer": true, "POST /oncall/swaps/{id}/withdraw": true,
	"GET /presence": true, "POST /presence/week": true, "POST /presence/days": true,
}

// kioskRoutes marks them.
func kioskRoutes(routes []web.Route) []web.Route {
	for i := range routes {
		routes[i].Kiosk = kioskPages[routes[i].Method+" "+routes[i].Path]
	}
	return routes
}

// kioskPeople tells kiosks who uses them.
type kioskPeople struct{ directory.SignIn }

// Wall implements kiosk.People.
func (k kioskPeople) Wall(ctx context.Context, collectivity portal.CollectivityID) (web.Collectivity, error) {
	place, err := k.Place(ctx, collectivity)
	return place.Collectivity, err
}

// Users implements kiosk.People.
func (k kioskPeople) Users(ctx context.Context, collectivity portal.CollectivityID, of portal.Subject) ([]kiosk.Person, error) {
	found, err := k.Store.Users(ctx, collectivity, of)
	people := make([]kiosk.Person, len(found))
	for i, one := range found {
		people[i] = kiosk.Person{ID: one.ID, Name: one.Name(), Function: one.Function}
	}
	return people, err
}

// Uses implements kiosk.People: the organisation chart, then the groups.
func (k kioskPeople) Uses(ctx context.Context, caller portal.Caller) ([]kiosk.Use, error) {
	units, err := k.Units(ctx, caller)
	if err != nil {
		return nil, err
	}
	var uses []kiosk.Use
	for _, one := range units {
		uses = append(uses, kiosk.Use{Subject: portal.Subject{Kind: portal.TheUnit, ID: string(one.ID)}, Name: one.Name, Depth: one.Depth})
	}
	groups, err := k.Groups(ctx, caller)
	for _, one := range groups {
		uses = append(uses, kiosk.Use{Subject: portal.Subject{Kind: portal.TheGroup, ID: string(one.ID)}, Name: one.Name})
	}
	return uses, err
}

// boards tells a kiosk what hangs on its wall.
type boards struct{ server *Server }

// OnCall implements kiosk.Boards: what the box of duties says.
func (b boards) OnCall(ctx context.Context, caller portal.Caller, p *i18n.Printer, now time.Time) ([]kiosk.Call, error) {
	content, err := oncall.NewWidget(b.server.OnCall).Load(ctx, widgets.Request{Caller: caller, Printer: p, Now: now})
	calls := make([]kiosk.Call, len(content.Items))
	for i, one := range content.Items {
		calls[i] = kiosk.Call{Team: one.Title, Detail: one.Detail, Phone: one.Phone}
	}
	return calls, err
}

// mostBoards is how many things stand on a wall.
const mostBoards = 40

// Booked implements kiosk.Boards: what is taken first.
func (b boards) Booked(ctx context.Context, caller portal.Caller, p *i18n.Printer, now time.Time) ([]kiosk.Board, error) {
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	things, taken, err := b.server.Booking.Wall(ctx, caller, day, day.AddDate(0, 0, 1))
	all := make([]kiosk.Board, 0, len(things))
	for _, thing := range things {
		one := kiosk.Board{Icon: thing.Kind.Icon(), Name: thing.Name}
		for _, at := range taken[thing.ID] {
			key := "kiosk.booked.who"
			if at.Title != "" {
				key = "kiosk.booked.what"
			}
			hours := p.ClockRange(at.Start.In(now.Location()), at.End.In(now.Location()))
			one.Times = append(one.Times, p.T(key, "hours", hours, "who", cmp.Or(at.Name, p.T("kiosk.booked.taken")), "what", at.Title))
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b kiosk.Board) int { return min(len(b.Times), 1) - min(len(a.Times), 1) })
	return all[:min(len(all), mostBoards)], err
}
