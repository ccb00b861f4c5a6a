package server

import (
	"context"
	"errors"
	"time"

	"parvis/applications"
	"parvis/booking"
	"parvis/calendar"
	"parvis/directory"
	"parvis/directory/mirror"
	"parvis/directory/webhooks"
	"parvis/oncall"
	"parvis/portal"
	"parvis/sso"
	"parvis/todo"
)

// openInbox joins what waits for people, from all features.
func (s *Server) openInbox() {
	s.Inbox = todo.New(workplaces{s.Directory, s.SSO.Policies}, s.log,
		applications.RequestSource{Store: s.Applications}, applications.AccessSource{Store: s.Applications}, mirror.Source{Mirror: s.Mirror}, directory.SuccessionSource{Store: s.Directory}, webhooks.Source{Store: s.Webhooks}, calendar.InvitationSource{Store: s.Calendar},
		booking.RequestSource{Store: s.Booking}, booking.OfferSource{Store: s.Booking}, booking.LendingSource{Store: s.Booking}, booking.LendingNotices{Store: s.Booking},
		booking.LateSource{Store: s.Booking}, booking.IncidentSource{Store: s.Booking}, booking.PaperSource{Store: s.Booking},
		oncall.SwapSource{Store: s.OnCall}, oncall.NoticeSource{Store: s.OnCall})
	s.Applications.OnWaiting(s.Inbox.Changed)
	s.Directory.OnDeparture(s.Inbox.Changed)
	s.Mirror.OnWaiting(func(id portal.CollectivityID) { s.Inbox.Changed(id) })
	s.Webhooks.OnWaiting(func(id portal.CollectivityID) { s.Inbox.Changed(id) })
	s.Calendar.OnTold(func(id portal.CollectivityID, agents ...portal.AgentID) {
		s.Inbox.Changed(id)
		s.Home.Changed(id, "agenda", agents...)
	})
	s.Booking.OnTrip(func(id portal.CollectivityID) {
		s.Inbox.Changed(id)
		s.Home.Changed(id, "vehicles")
		s.Home.Changed(id, "bookings")
	})
	s.Booking.OnLendingChange(func(id portal.CollectivityID) { s.Inbox.Changed(id) })
	s.OnCall.OnChange(func(id portal.CollectivityID) {
		s.Inbox.Changed(id)
		s.Home.Changed(id, "oncall")
	})
	s.Inbox.OnChange(func(id portal.CollectivityID, agents ...portal.AgentID) { s.Home.Changed(id, "todo", agents...) })
	s.renderer.CountWaiting(s.Inbox.Count)
}

// workplaces are the collectivities that an account works for.
type workplaces struct {
	directory *directory.Store
	policies  *sso.Policies
}

// Places lists them, the caller's own first. Another one that asks her for a second
// factor is shut: what she proved when she entered the first is not known here.
func (p workplaces) Places(ctx context.Context, caller portal.Caller) ([]todo.Place, error) {
	memberships, err := p.directory.Memberships(ctx, caller.Account)
	if err != nil {
		return nil, err
	}
	places := make([]todo.Place, 1, len(memberships))
	for _, one := range memberships {
		if one.Collectivity == caller.Collectivity {
			places[0] = todo.Place{Caller: caller, Name: one.Name}
			continue
		}
		place, err := p.place(ctx, caller.Account, one)
		if errors.Is(err, portal.ErrNotFound) {
			continue // it was closed just now
		}
		if err != nil {
			return nil, err
		}
		places = append(places, place)
	}
	if places[0].Caller.Agent == "" {
		return nil, portal.ErrNotFound // she left
	}
	return places, nil
}

func (p workplaces) place(ctx context.Context, account portal.AccountID, at directory.Membership) (todo.Place, error) {
	there, err := p.directory.CallerFor(ctx, account, at.Collectivity)
	if err != nil {
		return todo.Place{}, err
	}
	policy, err := p.policies.Of(ctx, at.Collectivity)
	return todo.Place{Caller: there, Name: at.Name, Shut: policy.Binds(there, time.Now())}, err
}
