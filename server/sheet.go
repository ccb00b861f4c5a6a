package server

import (
	"context"
	"slices"
	"time"

	"parvis/calendar"
	"parvis/oncall"
	"parvis/portal"
	"parvis/portal/i18n"
)

// sheetBoards tells the sheet of a unit's week who is called, and what is booked.
type sheetBoards struct{ server *Server }

// Duties implements calendar.Boards: of a team the names on call on each day, in the order in which they begin.
func (b sheetBoards) Duties(ctx context.Context, caller portal.Caller, monday time.Time) ([]calendar.BoardLine, error) {
	teams, err := b.server.OnCall.Teams(ctx, caller, false)
	if err != nil {
		return nil, err
	}
	periods, err := b.server.OnCall.Periods(ctx, caller, oncall.Query{From: monday, To: monday.AddDate(0, 0, 7)})
	var lines []calendar.BoardLine
	for _, team := range teams {
		line := calendar.BoardLine{Name: team.Name}
		for i := range line.Days {
			day, next := monday.AddDate(0, 0, i), monday.AddDate(0, 0, i+1)
			for _, one := range periods {
				if one.Team == team.ID && one.Starts.Before(next) && one.Ends.After(day) && !slices.Contains(line.Days[i], one.Name) {
					line.Days[i] = append(line.Days[i], one.Name)
				}
			}
		}
		lines = append(lines, line)
	}
	return lines, err
}

// Booked implements calendar.Boards. Who prints it may see more than who walks by: it is read as nobody's agent.
func (b sheetBoards) Booked(ctx context.Context, caller portal.Caller, p *i18n.Printer, monday time.Time) ([]calendar.BoardLine, error) {
	var lines []calendar.BoardLine
	for i := range 7 {
		boards, err := boards(b).Booked(ctx, portal.Caller{Collectivity: caller.Collectivity}, p, monday.AddDate(0, 0, i))
		if err != nil {
			return nil, err
		}
		for _, one := range boards {
			if len(one.Times) == 0 {
				continue
			}
			at := slices.IndexFunc(lines, func(line calendar.BoardLine) bool { return line.Name == one.Name })
			if at < 0 {
				at, lines = len(lines), append(lines, calendar.BoardLine{Name: one.Name})
			}
			lines[at].Days[i] = one.Times
		}
	}
	slices.SortFunc(lines, func(a, b calendar.BoardLine) int { return i18n.ByName(a.Name, b.Name) })
	return lines, nil
}
