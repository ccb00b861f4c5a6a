package server

import (
	"context"
	"errors"
	"time"

	"parvis/calendar"
	"parvis/portal"
)

// loanAgenda keeps what people borrow from another collectivity in their own agendas.
type loanAgenda struct{ calendar *calendar.Store }

// Note implements booking.Agenda.
func (a loanAgenda) Note(ctx context.Context, caller portal.Caller, title, place string, start, end time.Time) (string, error) {
	event, err := a.calendar.CreateEvent(ctx, caller, calendar.Draft{Calendar: calendar.CalendarID(caller.Agent), Title: title, Location: place, Start: start, End: end})
	return string(event), err
}

// Forget implements booking.Agenda: as the agent herself, whose calendar it is.
func (a loanAgenda) Forget(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID, event string) error {
	err := a.calendar.DeleteEvent(ctx, portal.Caller{Collectivity: collectivity, Agent: agent}, calendar.EventID(event), "")
	if errors.Is(err, portal.ErrNotFound) {
		return nil
	}
	return err
}
