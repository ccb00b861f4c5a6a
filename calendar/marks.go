package calendar

import (
	"context"
	"slices"
	"time"

	"parvis/portal"
)

// MarkKind is what a mark says.
type MarkKind string

// The kinds of marks. None says why somebody is away.
const (
	MarkAway      MarkKind = "away"
	MarkTelework  MarkKind = "telework"
	MarkElsewhere MarkKind = "elsewhere"
	MarkDuty      MarkKind = "duty"
)

// Mark is what else than an event the planning of a team tells of somebody on a day.
type Mark struct {
	Kind MarkKind
	Day  string // "2026-12-09"
	Half string // "morning", "afternoon"; "" for the whole day
	Name string // of a duty: "Exploitation"; "" for what has none
}

// Marks knows what other rooms say of agents from one day to another, both included, as the caller may see it.
// Whom they say nothing of is left out.
type Marks interface {
	Marks(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last time.Time) (map[portal.AgentID][]Mark, error)
}

// marksOf joins what all rooms say.
func (h *TeamHandler) marksOf(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last time.Time) (map[portal.AgentID][]Mark, error) {
	all := map[portal.AgentID][]Mark{}
	for _, source := range h.marks {
		found, err := source.Marks(ctx, caller, agents, first, last)
		if err != nil {
			return nil, err
		}
		for agent, marks := range found {
			all[agent] = append(all[agent], marks...)
		}
	}
	return all, nil
}

// marksOn are those of a day. Who is away is neither at home nor elsewhere then.
func marksOn(all []Mark, day string) (found []Mark) {
	for _, one := range all {
		if one.Day == day {
			found = append(found, one)
		}
	}
	if slices.ContainsFunc(found, func(one Mark) bool { return one.Kind == MarkAway && one.Half == "" }) {
		found = slices.DeleteFunc(found, func(one Mark) bool { return one.Kind == MarkTelework || one.Kind == MarkElsewhere })
	}
	return found
}
