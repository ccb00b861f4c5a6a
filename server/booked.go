package server

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/dav"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// booked is the resources as invitations see them.
type booked struct{ booking *booking.Store }

// Among implements calendar.Resources.
func (b booked) Among(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, parties []string) (map[string]calendar.Resource, error) {
	ids, paths := []booking.ResourceID{}, map[booking.ResourceID]string{}
	for _, party := range parties {
		if id, isPath := strings.CutPrefix(party, dav.Prefix+"principals/"); isPath {
			id := booking.ResourceID(strings.TrimSuffix(id, "/"))
			ids, paths[id] = append(ids, id), party
		}
	}
	byAddress, byID, err := b.booking.Among(ctx, from, collectivity, parties, ids)
	found := map[string]calendar.Resource{}
	for address, one := range byAddress {
		found[address] = bookable(one)
	}
	for id, one := range byID {
		found[paths[id]] = bookable(one)
	}
	return found, err
}

func bookable(one booking.Named) calendar.Resource {
	return calendar.Resource{ID: string(one.ID), Name: one.Name, Type: one.Kind.UserType(), Zone: one.Zone, Idle: one.Idle}
}

// Offer implements calendar.Resources.
func (b booked) Offer(ctx context.Context, caller portal.Caller, holder portal.AgentID, text string, limit int) ([]calendar.Offered, error) {
	found, err := b.booking.Find(ctx, caller, text, limit)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	barred, err := b.booking.Barred(ctx, caller.Collectivity, holder)
	offered := make([]calendar.Offered, len(found))
	for i, r := range found {
		offered[i] = offer(r)
		offered[i].Barred = barred[r.ID]
	}
	return offered, err
}

func offer(r booking.Resource) calendar.Offered {
	one := davResource(r)
	return calendar.Offered{
		Resource: calendar.Resource{ID: string(r.ID), Name: r.Name, Type: one.Type},
		Icon:     r.Kind.Icon(), Party: cmp.Or(r.Address, dav.PrincipalHref(one.Agent)), Place: r.Place, Seats: r.Seats,
	}
}

// joinBooking has the calendar do what bookings ask of it.
func (s *Server) joinBooking() {
	s.Calendar.Booking(booked{s.Booking})
	s.Booking.OnWithdrawn(s.withdrawn)
	s.Booking.OnLoan(loanAgenda{s.Calendar})
	s.Booking.OnTurn(s.Calendar.Turn)
	s.Booking.OnTitles(func(ctx context.Context, caller portal.Caller) (booking.Reader, error) {
		reads, owners, err := s.Calendar.Reads(ctx, caller)
		return booking.Reader{Reads: func(in, class string) bool { return reads(calendar.CalendarID(in), class) }, Owners: owners}, err
	})
	s.Booking.OnForemen(foremen{s.Directory})
	s.Booking.OnHolidays(s.Calendar.HolidaysOf)
	s.Booking.OnAnswered(func(ctx context.Context, id portal.CollectivityID, held booking.Held) error {
		return s.Calendar.Rebook(ctx, id, heldEvent(held))
	})
	s.Booking.OnBook(func(ctx context.Context, caller portal.Caller, wanted booking.Wanted) (string, string, error) {
		event, err := s.Calendar.Book(ctx, caller, offer(wanted.Resource), draftOf(wanted))
		var declining *calendar.Declining
		if errors.As(err, &declining) {
			return "", declining.Why, nil
		}
		return string(event), "", err
	})
	s.Booking.OnSeries(func(wanted booking.Wanted, most int) ([]booking.Slot, error) {
		dates, err := draftOf(wanted).Dates(most)
		slots := make([]booking.Slot, len(dates))
		for i, date := range dates {
			slots[i] = booking.Slot(date)
		}
		return slots, err
	})
	s.Booking.OnCancel(func(ctx context.Context, caller portal.Caller, event string, date time.Time) (string, error) {
		target := calendar.Target{Event: calendar.EventID(event), At: date}
		if !date.IsZero() {
			target.Scope = calendar.OneDate
		}
		undo, err := s.Calendar.Remove(ctx, caller, target)
		return calendar.UndoPath(undo), err
	})
}

func draftOf(wanted booking.Wanted) calendar.Draft {
	return calendar.Draft{
		Title: wanted.Title, Start: wanted.Start, End: wanted.End, Without: wanted.Without,
		Repeat: calendar.Repeat{Every: calendar.Every(wanted.Series.Every), Until: wanted.Series.Until},
	}
}

func heldEvent(one booking.Held) calendar.Held {
	held := calendar.Held{Event: calendar.EventID(one.Event), Holder: one.Holder}
	for _, id := range one.Again {
		held.Again = append(held.Again, string(id))
	}
	return held
}

// Decide implements calendar.Resources.
func (b booked) Decide(ctx context.Context, tx *database.Tx, claim calendar.Claim) ([]calendar.Verdict, error) {
	asked := booking.Claim{
		Collectivity: claim.Collectivity, Event: string(claim.Event), UID: claim.UID, Holder: claim.Holder, MaxSlots: calendar.MaxBooked,
	}
	for _, wish := range claim.Wishes {
		one := booking.Wish{Resource: booking.ResourceID(wish.Resource), After: wish.After, Exceptions: wish.Exceptions}
		for _, slot := range wish.Slots {
			one.Slots = append(one.Slots, booking.Slot(slot))
		}
		asked.Wishes = append(asked.Wishes, one)
	}
	answered, err := b.booking.Decide(ctx, tx, asked)
	verdicts := make([]calendar.Verdict, len(answered))
	for i, one := range answered {
		verdicts[i] = calendar.Verdict{Resource: string(one.Resource), Why: one.Why}
		for _, refused := range one.Refused {
			verdicts[i].Refused = append(verdicts[i].Refused, calendar.RefusedSlot{Slot: calendar.Slot(refused.Slot), Why: refused.Why})
		}
		verdicts[i].Wait = one.Wait
		for _, slot := range one.Waiting {
			verdicts[i].Waiting = append(verdicts[i].Waiting, calendar.Slot(slot))
		}
	}
	return verdicts, err
}

// Taken implements calendar.Resources.
func (b booked) Taken(ctx context.Context, caller portal.Caller, resources []string, from, until time.Time, but string) (map[string][]calendar.BusyTime, error) {
	ids := make([]booking.ResourceID, len(resources))
	for i, id := range resources {
		ids[i] = booking.ResourceID(id)
	}
	found, err := b.booking.TakenFor(ctx, caller, ids, from, until, but)
	taken := make(map[string][]calendar.BusyTime, len(found))
	for id, times := range found {
		taken[string(id)] = nil
		for _, one := range times {
			taken[string(id)] = append(taken[string(id)], calendar.BusyTime{From: one.From, To: one.To})
		}
	}
	return taken, err
}

// Broken implements calendar.Resources.
func (b booked) Broken(ctx context.Context, caller portal.Caller, resources []string, start, end time.Time) (map[string]string, error) {
	ids := make([]booking.ResourceID, len(resources))
	for i, id := range resources {
		ids[i] = booking.ResourceID(id)
	}
	found, err := b.booking.Broken(ctx, caller, ids, start, end)
	why := make(map[string]string, len(found))
	for id, text := range found {
		why[string(id)] = text
	}
	return why, err
}

// Due implements calendar.Resources.
func (b booked) Due(ctx context.Context, collectivity portal.CollectivityID, until time.Time) ([]calendar.Held, error) {
	found, err := b.booking.Due(ctx, collectivity, until)
	due := make([]calendar.Held, len(found))
	for i, one := range found {
		due[i] = heldEvent(one)
	}
	return due, err
}

// HandOver implements calendar.Resources.
func (b booked) HandOver(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, events []string, to portal.AgentID) error {
	return b.booking.HandOver(ctx, tx, collectivity, events, to)
}

// Held implements calendar.Resources.
func (b booked) Held(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) ([]calendar.EventID, error) {
	found, err := b.booking.Held(ctx, from, collectivity)
	held := make([]calendar.EventID, len(found))
	for i, event := range found {
		held[i] = calendar.EventID(event)
	}
	return held, err
}

// Holds implements calendar.Resources.
func (b booked) Holds(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, event calendar.EventID) (bool, error) {
	return b.booking.Holds(ctx, from, collectivity, string(event))
}

// withdrawn has those who booked what is withdrawn told at once: what fails is done by the next
// housekeeping.
func (s *Server) withdrawn(id portal.CollectivityID) {
	ctx, cancel := context.WithTimeout(context.Background(), withdrawing)
	defer cancel()
	if err := s.Calendar.KeepBooked(ctx, id); err != nil {
		s.log.Error("bookings of what was withdrawn", "collectivity", id, "error", err)
	}
}

// withdrawing is how long an administrator waits until all who booked are told.
const withdrawing = 10 * time.Second

// foremen tells bookings who books for whom.
type foremen struct{ *directory.Store }

// Under implements booking.Foremen.
func (f foremen) Under(ctx context.Context, caller portal.Caller) ([]booking.Someone, error) {
	found, err := f.Store.Under(ctx, caller)
	people := make([]booking.Someone, len(found))
	for i, one := range found {
		people[i] = booking.Someone{ID: one.ID, Name: one.Name()}
	}
	return people, err
}
