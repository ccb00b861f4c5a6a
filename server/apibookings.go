package server

import (
	"context"
	"time"

	"parvis/booking"
	"parvis/directory/api"
	"parvis/portal"
	"parvis/portal/i18n"
)

// apiBookings is what can be booked as programs see it.
type apiBookings struct{ booking *booking.Store }

// Resources implements api.Bookings.
func (b apiBookings) Resources(ctx context.Context, caller portal.Caller, printer *i18n.Printer, from, to time.Time) ([]api.Bookable, error) {
	plan, err := b.booking.Plan(ctx, caller, printer, from, to)
	all := make([]api.Bookable, len(plan.Resources))
	for i, r := range plan.Resources {
		all[i] = api.Bookable{
			ID: string(r.ID), Kind: string(r.Kind), Category: r.Category, Name: r.Name, Place: r.Place, Seats: r.Seats, Description: r.Description,
			Features: append([]string{}, r.Features...), Approval: r.Approval, Bookable: !plan.Barred[r.ID], Free: []api.Free{},
		}
		for _, one := range plan.FreeTimes(r.ID, from, to) {
			all[i].Free = append(all[i].Free, api.Free{From: one.From, To: one.To})
		}
	}
	return all, err
}

// Mine implements api.Bookings.
func (b apiBookings) Mine(ctx context.Context, caller portal.Caller) ([]api.Booking, error) {
	found, err := b.booking.Mine(ctx, caller)
	all := make([]api.Booking, len(found))
	for i, one := range found {
		all[i] = apiBooking(one)
	}
	return all, err
}

func apiBooking(one booking.Own) api.Booking {
	state := "accepted"
	if one.Pending {
		state = "waiting"
	}
	return api.Booking{ID: one.Event, Resource: string(one.Resource.ID), Name: one.Resource.Name, Title: one.Title, From: one.Start, To: one.End, State: state}
}

// Book implements api.Bookings.
func (b apiBookings) Book(ctx context.Context, caller portal.Caller, wanted api.NewBooking) (api.Booking, error) {
	event, err := b.booking.Book(ctx, caller, booking.ResourceID(wanted.Resource), wanted.From, wanted.To, wanted.Title)
	if err != nil {
		return api.Booking{}, err
	}
	own, err := b.booking.OwnOf(ctx, caller, event)
	return apiBooking(own), err
}

// Cancel implements api.Bookings.
func (b apiBookings) Cancel(ctx context.Context, caller portal.Caller, event string) error {
	_, err := b.booking.Cancel(ctx, caller, event, time.Time{})
	return err
}
