package server

import (
	"context"

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
