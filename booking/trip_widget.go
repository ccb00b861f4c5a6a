package booking

import (
	"context"
	"strconv"
	"time"

	"parvis/widgets"
)

// parked is what the box of vehicles says of those that are out, and of those that the reader may take.
type parked struct {
	notice widgets.Notice
	states map[ResourceID]string         // of what is out: until when, and who has it
	late   map[ResourceID]string         // "En retard"
	hers   map[ResourceID]widgets.Action // that takes what she has booked
}

func (w Widget) garage(ctx context.Context, request widgets.Request) (g parked, err error) {
	if w.kind != Vehicle {
		return g, nil
	}
	p, now := request.Printer, request.Now
	out, err := w.store.out(ctx, request.Caller.Collectivity)
	if err != nil {
		return g, err
	}
	own, err := w.store.Mine(ctx, request.Caller)
	g.states, g.late, g.hers = map[ResourceID]string{}, map[ResourceID]string{}, map[ResourceID]widgets.Action{}
	for id, trip := range out {
		g.states[id] = withDriver(p, trip, now)
		if trip.Late(now) {
			g.late[id] = p.T("booking.trip.late")
		}
	}
	for _, one := range own {
		facts := one.Resource.Vehicle
		if one.mayTake(out, now) && (facts.Odometer > 0 || facts.Energy == muscle) { // else its page asks for the km
			g.hers[one.Resource.ID] = widgets.Action{Name: takeOut, Text: p.T("booking.trip.submit.out"), About: one.Resource.Name, Main: true, Values: widgets.Values{
				"resource": string(one.Resource.ID), "event": one.Event, "of": strconv.FormatInt(max(0, one.Recurrence.UnixMilli()), 10),
			}}
		}
	}
	for i, trip := range statesOf(p, out, request.Caller, now) {
		if i > 0 { // the first due; the others are on the page of her bookings
			break
		}
		g.notice = widgets.Notice{Text: p.T("booking.trip.named", "name", trip.Vehicle, "state", trip.State), Link: widgets.Link{Text: p.T("booking.trip.give"), URL: tripPath(trip.ID, "/back")}}
		if trip.IsLate {
			g.notice.Tone = widgets.Warn
		}
	}
	return g, err
}

// take takes what the caller has booked, with the km of the last time.
func (w Widget) take(ctx context.Context, request widgets.Request, values widgets.Values) (widgets.Sentence, error) {
	taking := Taking{Resource: ResourceID(values.Text("resource")), Event: values.Text("event"), Leg: Leg{Level: NoLevel}}
	if ms, err := strconv.ParseInt(values.Text("of"), 10, 64); err == nil && ms > 0 {
		taking.Recurrence = time.UnixMilli(ms).UTC()
	}
	own, err := w.store.OwnOf(ctx, request.Caller, taking.Event)
	if err != nil {
		return widgets.Sentence{}, err
	}
	taking.Leg.Km = own.Resource.Vehicle.Odometer
	trip, err := w.store.CheckOut(ctx, request.Caller, taking, "")
	return widgets.Sentence{Key: "booking.trip.done.out", Args: []string{"name", trip.Vehicle}, Undo: tripPath(trip.ID, "/undo")}, err
}
