package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/directory"
	"parvis/oncall"
	"parvis/portal"
	"parvis/portal/web"
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

// plainCalendar writes duties, or bookings, as agendas read them.
func plainCalendar[T oncall.Event | booking.Entry](name string, events []T) []byte {
	plain := make([]calendar.Plain, len(events))
	for i, one := range events {
		plain[i] = calendar.Plain(one)
	}
	return calendar.PlainCalendar(name, plain)
}

// dutyMarks tells the planning of a team who is on call.
type dutyMarks struct{ duties *oncall.Store }

// Marks implements calendar.Marks: every day that a duty touches, under the name of its team.
func (d dutyMarks) Marks(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last time.Time) (map[portal.AgentID][]calendar.Mark, error) {
	periods, err := d.duties.Periods(ctx, caller, oncall.Query{From: first, To: last.AddDate(0, 0, 1)})
	if err != nil {
		return nil, err
	}
	teams, err := d.duties.Teams(ctx, caller, true)
	if err != nil {
		return nil, err
	}
	names := map[oncall.TeamID]string{}
	for _, team := range teams {
		names[team.ID] = team.Name
	}
	asked := make(map[portal.AgentID]bool, len(agents))
	for _, agent := range agents {
		asked[agent] = true
	}
	all := map[portal.AgentID][]calendar.Mark{}
	for _, one := range periods {
		if !asked[one.Agent] {
			continue
		}
		for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
			mark := calendar.Mark{Kind: calendar.MarkDuty, Day: day.Format(time.DateOnly), Name: names[one.Team]}
			if one.Starts.Before(day.AddDate(0, 0, 1)) && one.Ends.After(day) && !slices.Contains(all[one.Agent], mark) {
				all[one.Agent] = append(all[one.Agent], mark)
			}
		}
	}
	return all, nil
}

// onShared says whether a request comes from a computer that several people share.
func (s *Server) onShared(r *http.Request) (bool, error) {
	if web.AtKiosk(r) {
		return true, nil
	}
	signed, err := s.SSO.Sessions.Signed(r)
	return signed.Kiosk, err
}
