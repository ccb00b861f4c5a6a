package server

import (
	"context"
	"errors"
	"time"
)

const (
	houseEvery = 24 * time.Hour
	// keptChanges is how long the log of a calendar or an address book remembers
	// deletions: a phone that was away for longer reads everything again.
	keptChanges = 183 * 24 * time.Hour
)

// keepHouse drops, once a day, what no feature drops by itself.
func (s *Server) keepHouse(ctx context.Context) error {
	ticker := time.NewTicker(houseEvery)
	defer ticker.Stop()
	for {
		if err := s.clean(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("housekeeping", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// clean erases first what is due: that waits for nothing which can't be cleaned.
func (s *Server) clean(ctx context.Context) error {
	_, err := s.Leaving.EraseDue(ctx)
	return errors.Join(err, s.cleanEach(ctx), s.Post.Clean(ctx), s.SSO.Resets.Clean(ctx), s.Directory.CleanDrafts(ctx), s.Announcements.Clean(ctx),
		s.Forward.Sweep(ctx), s.Journal.Clean(ctx, "", time.Now()))
}

func (s *Server) cleanEach(ctx context.Context) error {
	collectivities, err := s.Directory.Collectivities(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	var booked error
	for _, c := range collectivities {
		if err := s.Calendar.ForgetChanges(ctx, c.ID, now.Add(-keptChanges)); err != nil {
			return err
		}
		if err := s.Calendar.ForgetMessages(ctx, c.ID); err != nil {
			return err
		}
		booked = errors.Join(booked, s.Calendar.KeepBooked(ctx, c.ID), s.Booking.Clean(ctx, c.ID)) // one event must not keep all the rest
		if err := errors.Join(s.Contacts.ForgetChanges(ctx, c.ID, now.Add(-keptChanges)), s.Contacts.Clean(ctx, c.ID)); err != nil {
			return err
		}
		if err := errors.Join(s.Presence.Clean(ctx, c.ID), s.Kiosks.Clean(ctx, c.ID)); err != nil {
			return err
		}
		if err := s.Directory.ForgetCards(ctx, c.ID, now.Add(-keptChanges)); err != nil {
			return err
		}
		if err := s.Directory.ForgetGroups(ctx, c.ID); err != nil {
			return err
		}
		if err := errors.Join(s.Directory.CleanLogos(ctx, c.ID), s.Directory.ForgetDepartures(ctx, c.ID), s.Directory.ForgetMoves(ctx, c.ID)); err != nil {
			return err
		}
		if err := s.Directory.ForgetDeskViews(ctx, c.ID, now); err != nil {
			return err
		}
		if err := s.Applications.Clean(ctx, c.ID, now); err != nil {
			return err
		}
		if err := s.Journal.Clean(ctx, c.ID, now); err != nil {
			return err
		}
		if err := s.Inviter.Clean(ctx, c.ID); err != nil {
			return err
		}
		if err := s.OpenID.Sweep(ctx, c.ID); err != nil {
			return err
		}
	}
	return booked
}

// waitsEvery is how soon what nobody took in time goes to the next who waits.
const waitsEvery = time.Minute

// keepWaits passes on what became free, and tells for whom; it ends the loans that nobody keeps any more.
func (s *Server) keepWaits(ctx context.Context) error {
	ticker := time.NewTicker(waitsEvery)
	defer ticker.Stop()
	for {
		if err := s.passOn(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("what became free", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Server) passOn(ctx context.Context) error {
	waiting, err := s.Booking.Waiting(ctx)
	for _, id := range waiting {
		changed, failed := s.Booking.Sweep(ctx, id)
		if err = errors.Join(err, failed); changed {
			s.Inbox.Changed(id)
		}
	}
	return errors.Join(err, s.Booking.SweepLoans(ctx))
}
