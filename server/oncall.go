package server

import (
	"context"
	"net/http"

	"parvis/calendar"
	"parvis/directory"
	"parvis/oncall"
	"parvis/portal"
)

// dutyAbsences tells who plans duties who is away.
type dutyAbsences struct{ directory *directory.Store }

// Absent implements oncall.Absences.
func (a dutyAbsences) Absent(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last string) (map[portal.AgentID][]oncall.Absence, error) {
	found, err := a.directory.AwayBetween(ctx, caller, agents, first, last)
	away := make(map[portal.AgentID][]oncall.Absence, len(found))
	for agent, absences := range found {
		for _, one := range absences {
			away[agent] = append(away[agent], oncall.Absence(one))
		}
	}
	return away, err
}

// dutyPeople tells the pages of duties whom one may choose.
type dutyPeople struct{ directory *directory.Store }

// Find implements oncall.People.
func (d dutyPeople) Find(ctx context.Context, caller portal.Caller, text string) ([]oncall.Someone, error) {
	found, err := appDirectory{d.directory}.Find(ctx, caller, text)
	people := make([]oncall.Someone, len(found))
	for i, one := range found {
		people[i] = oncall.Someone(one)
	}
	return people, err
}

// Units implements oncall.People.
func (d dutyPeople) Units(ctx context.Context, caller portal.Caller) ([]oncall.Place, error) {
	found, err := sharingDirectory{d.directory}.Units(ctx, caller)
	units := make([]oncall.Place, len(found))
	for i, one := range found {
		units[i] = oncall.Place(one)
	}
	return units, err
}

// dutyCalendar writes duties as agendas read them.
func dutyCalendar(name string, events []oncall.Event) []byte {
	plain := make([]calendar.Plain, len(events))
	for i, one := range events {
		plain[i] = calendar.Plain(one)
	}
	return calendar.PlainCalendar(name, plain)
}

// onShared says whether a request comes from a computer that several people share.
func (s *Server) onShared(r *http.Request) (bool, error) {
	signed, err := s.SSO.Sessions.Signed(r)
	return signed.Kiosk, err
}
