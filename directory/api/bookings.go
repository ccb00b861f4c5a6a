package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Bookings knows the rooms, vehicles and equipment that an agent may book, and books them by the events of her agenda.
type Bookings interface {
	// Resources lists those that the caller sees, by name, with their free times between two instants.
	Resources(ctx context.Context, caller portal.Caller, printer *i18n.Printer, from, to time.Time) ([]Bookable, error)
	// Mine lists the caller's bookings to come, by start.
	Mine(ctx context.Context, caller portal.Caller) ([]Booking, error)
	// Book makes one; a portal.UserError says why it is refused.
	Book(ctx context.Context, caller portal.Caller, wanted NewBooking) (Booking, error)
	// Cancel deletes an event of the caller's that holds something, with all its dates.
	Cancel(ctx context.Context, caller portal.Caller, event string) error
}

// Bookable is a room, a vehicle or equipment.
type Bookable struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind" enum:"room,vehicle,equipment"`
	Category    string   `json:"category" doc:"in the collectivity's words"`
	Name        string   `json:"name"`
	Place       string   `json:"place"`
	Seats       int      `json:"seats" doc:"0 where nobody counts"`
	Description string   `json:"description"`
	Features    []string `json:"features" nullable:"false"`
	Approval    bool     `json:"approval" doc:"somebody accepts each booking"`
	Bookable    bool     `json:"bookable" doc:"false: only others may book it"`
	Free        []Free   `json:"free" nullable:"false" doc:"when nobody has it and it is open"`
}

// Free is a time, half-open.
type Free struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Booking is a time at which an agent has a resource.
type Booking struct {
	ID       string    `json:"id" doc:"of the event in her agenda: a series has one for all its dates"`
	Resource string    `json:"resource"`
	Name     string    `json:"name" doc:"of the resource"`
	Title    string    `json:"title"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	State    string    `json:"state" enum:"accepted,waiting" doc:"waiting: it holds the time until somebody accepts it"`
}

// NewBooking is a booking to make.
type NewBooking struct {
	Resource string    `json:"resource" maxLength:"64"`
	Title    string    `json:"title,omitempty" doc:"of the event, the resource's name without one"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

type (
	// BookableList is what can be booked.
	BookableList struct {
		Resources []Bookable `json:"resources" nullable:"false"`
	}
	// BookingList is what somebody booked.
	BookingList struct {
		Bookings []Booking `json:"bookings" nullable:"false"`
	}
	bookableAsked struct {
		From time.Time `query:"from" doc:"now without one"`
		To   time.Time `query:"to" doc:"a week later without one; at most 62 days later"`
	}
	bookableList struct{ Body BookableList }
	bookingList  struct{ Body BookingList }
	bookingNew   struct{ Body NewBooking }
	bookingMade  struct {
		Location string `header:"Location"`
		Body     Booking
	}
)

func (s *Service) bookings() {
	const tag = "Bookings"
	operation(s, huma.Operation{
		OperationID: "listResources", Method: http.MethodGet, Path: "/resources", Tags: []string{tag}, Summary: "List what can be booked, and when it is free",
	}, portal.ScopeCalendarRead, s.listResources)
	operation(s, huma.Operation{
		OperationID: "listBookings", Method: http.MethodGet, Path: "/bookings", Tags: []string{tag}, Summary: "List one's own bookings to come",
		Description: "At most 500 dates, the next first.",
	}, portal.ScopeCalendarRead, func(ctx context.Context, by session, _ *nothing) (*bookingList, error) {
		found, err := s.Bookings.Mine(ctx, by.Caller)
		return &bookingList{BookingList{found}}, err
	})
	operation(s, huma.Operation{
		OperationID: "book", Method: http.MethodPost, Path: "/bookings", Tags: []string{tag}, Summary: "Book a resource",
		Description:   "Writes an event into the agent's agenda that invites the resource. What the resource refuses is a conflict whose detail says why, and leaves nothing behind.",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, portal.ScopeCalendar, func(ctx context.Context, by session, in *bookingNew) (*bookingMade, error) {
		made, err := s.Bookings.Book(ctx, by.Caller, in.Body)
		return &bookingMade{Location: Prefix + "/bookings/" + made.ID, Body: made}, err
	})
	operation(s, huma.Operation{
		OperationID: "cancelBooking", Method: http.MethodDelete, Path: "/bookings/{id}", Tags: []string{tag}, Summary: "Cancel a booking",
		Description:   "Deletes the event, with all dates of a series.",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	}, portal.ScopeCalendar, func(ctx context.Context, by session, in *oneAsked) (*nothing, error) {
		return nil, s.Bookings.Cancel(ctx, by.Caller, in.ID)
	})
}

func (s *Service) listResources(ctx context.Context, by session, in *bookableAsked) (*bookableList, error) {
	from, to := in.From, in.To
	if from.IsZero() {
		from = time.Now()
	}
	if to.IsZero() {
		to = from.AddDate(0, 0, 7)
	}
	found, err := s.Bookings.Resources(ctx, by.Caller, by.printer, from, to)
	return &bookableList{BookableList{found}}, err
}
