package oncall

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// MaxWeeks is how far a rota is made at once.
const MaxWeeks = 53

// Notice is how many clear days before its begin an agent is to be told of a duty: later raises what it is
// worth. The number of days is a rate of its own; this one is for what pages warn of.
const Notice = 15

// Wish is what a rota is made of.
type Wish struct {
	Team  Team
	Level int
	From  time.Time // the first handover, in the zone of the collectivity
	Weeks int
	// Last is when each member ended her last turn at the level; who is not in it had none.
	Last map[portal.AgentID]time.Time
	// Busy are periods of any team that overlap the weeks.
	Busy     []Period
	Absences map[portal.AgentID][]Absence
	Holiday  func(day time.Time) string // key of a public holiday, "" on other days
	Now      time.Time
}

// Turn is a week of a rota.
type Turn struct {
	Level        int
	Starts, Ends time.Time
	Agent        portal.AgentID // "" for a gap
	Name         string
	Taken        bool // somebody has it already: it is left as it is
	// Skipped are those whose turn it was, and why not.
	Skipped  []Skipped
	Holidays []Holiday
	Told     time.Time // when she was told; zero: when the rota is kept
	Late     bool      // less than 15 clear days before: it is worth more
	Repeated bool      // she also has the week before: nobody else could
}

// Skipped is a member who keeps her place for the next week.
type Skipped struct {
	Name string
	// Absent are the days that she is away; the zero Absence when she is on call elsewhere.
	Absent Absence
}

// Holiday is a public holiday in a turn.
type Holiday struct {
	Day time.Time
	Key string // of its name
}

// Rota makes a fair weekly turn: who is first in the queue takes the week and goes to its end. Who is away
// or on call elsewhere keeps her place, so that she has her turn when she is back; nobody has two weeks
// running while somebody else could. The queue begins with who has been free for the longest time. Weeks
// last seven days by the clock, those with a change of the hour too.
func Rota(wish Wish) []Turn {
	queue := queueOf(wish)
	var turns []Turn
	var before portal.AgentID
	for week := range wish.Weeks {
		turn := Turn{Level: wish.Level, Starts: addDays(wish.From, 7*week), Ends: addDays(wish.From, 7*(week+1))}
		turn.Holidays = holidaysIn(wish, turn)
		if there := wish.holder(turn); there != nil {
			turn.Taken, turn.Agent, turn.Name, before = true, there.Agent, there.Name, there.Agent
			queue = behind(queue, there.Agent)
			turns = append(turns, turn)
			continue
		}
		pick := -1
		for place, member := range queue {
			if why, away := wish.unavailable(member, turn); away {
				turn.Skipped = append(turn.Skipped, why)
				continue
			}
			if pick < 0 || queue[pick].Agent == before {
				pick = place
			}
			if queue[pick].Agent != before {
				break
			}
		}
		if pick >= 0 {
			member := queue[pick]
			turn.Agent, turn.Name, turn.Repeated = member.Agent, member.Name, member.Agent == before
			turn.Late = tooLate(wish.Now.In(turn.Starts.Location()), turn.Starts, Notice)
			queue = behind(queue, member.Agent)
		}
		before = turn.Agent
		turns = append(turns, turn)
	}
	return turns
}

// queueOf are the members who are there, those who have been free for the longest time first; the order
// of the team decides between those who never had a turn.
func queueOf(wish Wish) []Member {
	queue := slices.DeleteFunc(slices.Clone(wish.Team.Members), func(m Member) bool { return !m.Active })
	slices.SortStableFunc(queue, func(a, b Member) int { return wish.Last[a.Agent].Compare(wish.Last[b.Agent]) })
	return queue
}

// behind puts a member at the end of the queue.
func behind(queue []Member, agent portal.AgentID) []Member {
	at := slices.IndexFunc(queue, func(m Member) bool { return m.Agent == agent })
	if at < 0 {
		return queue
	}
	member := queue[at]
	return append(slices.Delete(slices.Clone(queue), at, at+1), member)
}

// holder is who has some of a turn already at its level, nil for nobody.
func (w Wish) holder(turn Turn) *Period {
	for i, p := range w.Busy {
		if p.Team == w.Team.ID && p.Level == w.Level && p.Overlaps(turn.Starts, turn.Ends) {
			return &w.Busy[i]
		}
	}
	return nil
}

// unavailable says why a member can't have a turn.
func (w Wish) unavailable(member Member, turn Turn) (why Skipped, away bool) {
	for _, absence := range w.Absences[member.Agent] {
		if absence.during(turn.Starts, turn.Ends) {
			return Skipped{member.Name, absence}, true
		}
	}
	busy := slices.ContainsFunc(w.Busy, func(p Period) bool {
		return p.Agent == member.Agent && p.Overlaps(turn.Starts, turn.Ends)
	})
	return Skipped{Name: member.Name}, busy
}

// during says whether a day of an absence is in a time of its zone.
func (a Absence) during(from, to time.Time) bool {
	return a.First <= to.Add(-time.Millisecond).Format(time.DateOnly) && from.Format(time.DateOnly) <= a.Last
}

// holidaysIn are the public holidays in a turn.
func holidaysIn(wish Wish, turn Turn) (all []Holiday) {
	if wish.Holiday == nil {
		return nil
	}
	for day := midnight(turn.Starts); day.Before(turn.Ends); day = addDays(day, 1) {
		if key := wish.Holiday(day); key != "" {
			all = append(all, Holiday{day, key})
		}
	}
	return all
}

// NextHandover is the first moment, not before another, at which a team hands over.
func (t Team) NextHandover(from time.Time) time.Time {
	day := midnight(from)
	for ; ; day = addDays(day, 1) {
		if moment := at(day, t.HandoverAt); day.Weekday() == t.HandoverDay && !moment.Before(from) {
			return moment
		}
	}
}

// TroubleKind says what is wrong with a planning.
type TroubleKind string

// The kinds, by which a sentence of the catalogue tells them: "oncall.trouble.gap".
const (
	Gap       TroubleKind = "gap"        // nobody is on call
	LeftGap   TroubleKind = "left"       // she who is has left
	Double    TroubleKind = "double"     // she is on call elsewhere at the same time
	Away      TroubleKind = "away"       // she stated an absence
	NoMember  TroubleKind = "no-member"  // she is no more in the team
	NoPhone   TroubleKind = "no-phone"   // nobody can call her
	NoManager TroubleKind = "no-manager" // nobody who is there plans the team
	Ending    TroubleKind = "ending"     // the planning ends soon
	Empty     TroubleKind = "empty"      // there is none
)

// Trouble is one thing to look at in a planning.
type Trouble struct {
	Kind         TroubleKind
	Level        int
	Name         string
	Other        string // team of the other duty
	Period       PeriodID
	Starts, Ends time.Time // the first and last instant that it is about; zero for none
	Absent       Absence
}

// Outlook is what troubles are looked for in.
type Outlook struct {
	Team     Team
	Periods  []Period // of all teams, those that overlap [From, To)
	Names    map[TeamID]string
	Absences map[portal.AgentID][]Absence
	From, To time.Time // in the zone of the collectivity
}

// endsSoon is how long before its end a planning is to be continued: who is on call is to be told fifteen
// days before.
const endsSoon = 30 * 24 * time.Hour

// Troubles are what is wrong with the planning of a team, in the order of time.
func (o Outlook) Troubles() (all []Trouble) {
	if !slices.ContainsFunc(o.Team.Managers, func(m Member) bool { return m.Active }) {
		all = append(all, Trouble{Kind: NoManager})
	}
	for level := 1; level <= MaxLevel; level++ {
		all = append(all, o.gaps(level)...)
	}
	for _, p := range o.Periods {
		if p.Team != o.Team.ID {
			continue
		}
		about := Trouble{Level: p.Level, Name: p.Name, Period: p.ID, Starts: p.Starts, Ends: p.Ends}
		add := func(kind TroubleKind) {
			about.Kind = kind
			all = append(all, about)
		}
		if !p.Active {
			add(LeftGap)
			continue
		}
		if member := o.Team.member(p.Agent); member == nil {
			add(NoMember)
		} else if member.Phone == "" {
			add(NoPhone)
		}
		for _, absence := range o.Absences[p.Agent] {
			if absence.during(p.Starts.In(o.From.Location()), p.Ends.In(o.From.Location())) {
				about.Absent = absence
				add(Away)
			}
		}
		for _, other := range o.Periods {
			twice := other.Agent == p.Agent && other.ID != p.ID && other.Overlaps(p.Starts, p.Ends)
			if twice && (other.Team != p.Team || other.ID > p.ID) {
				about.Other = o.Names[other.Team]
				add(Double)
			}
		}
	}
	return all
}

// gaps are when nobody is on call at a level, from the beginning until the last that is planned there.
func (o Outlook) gaps(level int) (all []Trouble) {
	covered := o.From
	any := false
	for _, p := range o.Periods { // by start
		if p.Team != o.Team.ID || p.Level != level {
			continue
		}
		if p.Starts.After(covered) {
			all = append(all, Trouble{Kind: Gap, Level: level, Starts: covered, Ends: p.Starts})
		}
		if any = true; p.Ends.After(covered) {
			covered = p.Ends
		}
	}
	switch {
	case !any && level == 1:
		return []Trouble{{Kind: Empty, Level: level}}
	case any && covered.Before(o.From.Add(endsSoon)):
		all = append(all, Trouble{Kind: Ending, Level: level, Starts: covered})
	}
	return all
}

// lookedBack is how far the last turns of members are looked for.
const lookedBack = 370 * 24 * time.Hour

// LastTurns is when each agent ended her last turn at a level of a team, to come or over.
func (s *Store) LastTurns(ctx context.Context, caller portal.Caller, team Team, level int) (map[portal.AgentID]time.Time, error) {
	rows, err := s.db.Query(ctx, `
		SELECT agent, MAX(ends) FROM duty_periods WHERE collectivity = $1 AND team = $2 AND level = $3 AND starts > $4 GROUP BY agent`,
		string(caller.Collectivity), string(team.ID), level, database.Millis(s.now().Add(-lookedBack)))
	last := map[portal.AgentID]time.Time{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var ends int64
		err = rows.Scan(&agent, &ends)
		last[agent] = database.FromMillis(ends)
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("oncall: last turns: %w", err)
	}
	return last, nil
}

// MakeRota makes a rota for who plans a team, and keeps nothing. from is a handover in the zone of the
// collectivity.
func (s *Store) MakeRota(ctx context.Context, caller portal.Caller, team Team, level int, from time.Time, weeks int, last map[portal.AgentID]time.Time) ([]Turn, error) {
	wish := Wish{Team: team, Level: level, From: from, Weeks: min(weeks, MaxWeeks), Last: last, Now: s.now()}
	to := addDays(from, 7*wish.Weeks)
	var err error
	if wish.Busy, err = s.periods(ctx, s.db, caller.Collectivity, Query{From: from, To: to}); err != nil {
		return nil, fmt.Errorf("oncall: make a rota: %w", err)
	}
	agents := make([]portal.AgentID, len(team.Members))
	for i, member := range team.Members {
		agents[i] = member.Agent
	}
	if wish.Absences, err = s.absences.Absent(ctx, caller, agents, from.Format(time.DateOnly), to.Format(time.DateOnly)); err != nil {
		return nil, fmt.Errorf("oncall: make a rota: %w", err)
	}
	if wish.Holiday, err = s.holidays.Holidays(ctx, caller); err != nil {
		return nil, fmt.Errorf("oncall: make a rota: %w", err)
	}
	return Rota(wish), nil
}
