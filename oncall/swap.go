package oncall

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// SwapState says what became of an offer.
type SwapState string

// The states. Each has its word in the catalogue, "oncall.swap.offered".
const (
	Offered   SwapState = "offered"
	Accepted  SwapState = "accepted"
	Refused   SwapState = "refused"
	Withdrawn SwapState = "withdrawn" // by who offered it
	Undone    SwapState = "undone"    // by a manager, after it was accepted
	Void      SwapState = "void"      // the duty became another one before any answer
)

// Swap is a time on call that a member asked a colleague to take over.
type Swap struct {
	ID           string
	Team         TeamID
	Period       PeriodID
	Level        int
	Giver, Taker portal.AgentID
	Starts, Ends time.Time // a part of the period, or all of it
	State        SwapState
	Told         time.Time // when the giver was told of her duty
	Message      string
	Asked        time.Time
	Answered     time.Time
	DecidedBy    portal.AgentID // who undid it or did it again, "" for nobody

	GiverName, TakerName, TeamName, DecidedName string
}

// maxMessage bounds what goes with an offer, in characters.
const maxMessage = 500

// Offer asks a colleague of the team to take over the caller's duty, or a part of it that is to come, and
// names the offer. portal.FieldErrors name "taker", "starts", "ends" and "message".
func (s *Store) Offer(ctx context.Context, caller portal.Caller, period PeriodID, taker portal.AgentID, starts, ends time.Time, message string) (id string, err error) {
	id, message = portal.NewID(), strings.TrimSpace(message)
	err = s.tx(ctx, caller, "offer a duty", func(tx *database.Tx) error {
		p, err := s.period(ctx, tx, caller.Collectivity, period)
		if err == nil && (p.Agent != caller.Agent || caller.Agent == "") {
			err = portal.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.turn(ctx, tx, caller.Collectivity, p.Team); err != nil {
			return err
		}
		team, err := s.team(ctx, tx, caller.Collectivity, p.Team)
		if err != nil {
			return err
		}
		if err := s.checkOffer(team, p, taker, starts, ends, message); err != nil {
			return err
		}
		var waits bool
		err = tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT 1 FROM duty_swaps WHERE collectivity = $1 AND giver = $2 AND state = 'offered' AND team = $3 AND level = $4 AND starts < $5 AND ends > $6)`,
			string(caller.Collectivity), string(caller.Agent), string(p.Team), p.Level, database.Millis(ends), database.Millis(starts)).Scan(&waits)
		if err != nil {
			return err
		}
		if waits {
			return portal.FieldErrors{portal.Invalid("starts", "oncall.error.offered")}
		}
		return tx.Write(ctx, `
			INSERT INTO duty_swaps (collectivity, id, team, period, level, giver, taker, starts, ends, state, told, message, asked, answered, decided_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'offered', $10, $11, $12, 0, '')`,
			string(caller.Collectivity), id, string(p.Team), string(p.ID), p.Level, string(caller.Agent), string(taker), database.Millis(starts), database.Millis(ends),
			database.Millis(p.Told), message, database.Millis(s.now()))
	})
	return id, err
}

func (s *Store) checkOffer(team Team, p Period, taker portal.AgentID, starts, ends time.Time, message string) error {
	var wrong portal.Check
	member := team.member(taker)
	switch {
	case taker == p.Agent:
		wrong.Add("taker", "oncall.error.self")
	case member == nil || !member.Active:
		wrong.Add("taker", "oncall.error.member")
	}
	switch {
	case starts.IsZero():
		wrong.Add("starts", "oncall.error.moment")
	case ends.IsZero():
		wrong.Add("ends", "oncall.error.moment")
	case !ends.After(starts):
		wrong.Add("ends", "oncall.error.end")
	case starts.Before(p.Starts) || ends.After(p.Ends):
		wrong.Add("starts", "oncall.error.outside")
	case !starts.After(s.now()):
		wrong.Add("starts", "oncall.error.past")
	}
	wrong.Text("message", message, false, maxMessage)
	return wrong.OrNil()
}

const swapColumns = `
	SELECT w.id, w.team, w.period, w.level, w.giver, w.taker, w.starts, w.ends, w.state, w.told, w.message, w.asked, w.answered, w.decided_by, t.name,
		COALESCE(g.given_name || ' ' || g.family_name, ''), COALESCE(k.given_name || ' ' || k.family_name, ''), COALESCE(d.given_name || ' ' || d.family_name, '')
	FROM duty_swaps w JOIN duty_teams t ON t.collectivity = $1 AND t.id = w.team
	LEFT JOIN agents g ON g.collectivity = $1 AND g.id = w.giver
	LEFT JOIN agents k ON k.collectivity = $1 AND k.id = w.taker
	LEFT JOIN agents d ON d.collectivity = $1 AND d.id = w.decided_by
	WHERE w.collectivity = $1`

func scanSwap(rows *sql.Rows) (w Swap, err error) {
	var starts, ends, told, asked, answered int64
	err = rows.Scan(&w.ID, &w.Team, &w.Period, &w.Level, &w.Giver, &w.Taker, &starts, &ends, &w.State, &told, &w.Message, &asked, &answered, &w.DecidedBy, &w.TeamName,
		&w.GiverName, &w.TakerName, &w.DecidedName)
	w.Starts, w.Ends, w.Told = database.FromMillis(starts), database.FromMillis(ends), database.FromMillis(told)
	w.Asked, w.Answered = database.FromMillis(asked), database.FromMillis(answered)
	return w, err
}

// swap is one of a collectivity; portal.ErrNotFound.
func (s *Store) swap(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id string) (Swap, error) {
	rows, err := from.Query(ctx, swapColumns+` AND w.id = $2`, string(collectivity), id)
	found, err := database.Collect(rows, err, scanSwap)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Swap{}, err
	}
	return found[0], nil
}

// swapsListed bounds a history.
const swapsListed = 100

// Swaps lists those of a team of the caller's collectivity, the last first, for who plans it or is in it;
// for "" the caller's own.
func (s *Store) Swaps(ctx context.Context, caller portal.Caller, id TeamID) ([]Swap, error) {
	agent, all := caller.Agent, false
	if id != "" {
		team, err := s.team(ctx, s.db, caller.Collectivity, id)
		if err != nil {
			return nil, fmt.Errorf("oncall: list swaps: %w", err)
		}
		if all = team.Manages(caller); all {
			agent = ""
		}
	}
	if agent == "" && !all {
		return nil, nil
	}
	rows, err := s.db.Query(ctx, swapColumns+`
		AND (w.team = $2 OR $2 = '') AND (w.giver = $3 OR w.taker = $3 OR $3 = '')
		ORDER BY w.asked DESC, w.id LIMIT 0 + $4`, string(caller.Collectivity), string(id), string(agent), swapsListed)
	swaps, err := database.Collect(rows, err, scanSwap)
	if err != nil {
		return nil, fmt.Errorf("oncall: list swaps: %w", err)
	}
	return swaps, nil
}

// late refuses what somebody did first, or time did.
func late(key string) error { return portal.UserError{Kind: portal.ErrConflict, Key: key} }

// Answer accepts or refuses what a colleague offered to the caller. It may be answered once, and until it
// begins: portal.ErrConflict with its sentence otherwise.
func (s *Store) Answer(ctx context.Context, caller portal.Caller, id string, accept bool, address string) (Swap, error) {
	return s.decide(ctx, caller, id, "answer an offer", func(tx *database.Tx, team Team, w Swap) error {
		switch {
		case w.Taker != caller.Agent:
			return portal.ErrNotFound
		case w.State != Offered:
			return late("oncall.error.answered")
		case !accept:
			if err := s.setState(ctx, tx, caller, w, Refused, ""); err != nil {
				return err
			}
			return s.note(ctx, tx, caller, w.Giver, refused, w, 1)
		case !w.Starts.After(s.now()):
			return late("oncall.error.begun")
		}
		if !team.Includes(w.Taker) {
			return late("oncall.error.no-member")
		}
		if err := s.give(ctx, tx, caller, w, w.Giver, w.Taker, s.now(), BySwap); err != nil {
			return err
		}
		if err := s.setState(ctx, tx, caller, w, Accepted, ""); err != nil {
			return err
		}
		if err := s.note(ctx, tx, caller, w.Giver, accepted, w, 1); err != nil {
			return err
		}
		for _, manager := range team.Managers {
			if manager.Agent == w.Giver || !manager.Active {
				continue
			}
			if err := s.note(ctx, tx, caller, manager.Agent, swapped, w, 1); err != nil {
				return err
			}
		}
		return s.tell(ctx, tx, caller, audit.DutySwapped, team, swapText(w), address)
	})
}

// swapText is a swap as the journal holds it.
func swapText(w Swap) string {
	return w.GiverName + " → " + w.TakerName + " · " + spanText(w.Starts, w.Ends)
}

// decide runs what becomes of a swap in the turn of its team, and returns it as it was.
func (s *Store) decide(ctx context.Context, caller portal.Caller, id, what string, fn func(tx *database.Tx, team Team, w Swap) error) (w Swap, err error) {
	err = s.tx(ctx, caller, what, func(tx *database.Tx) error {
		known, err := s.swap(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		if err := s.turn(ctx, tx, caller.Collectivity, known.Team); err != nil {
			return err
		}
		if w, err = s.swap(ctx, tx, caller.Collectivity, id); err != nil { // as it is once it is one's turn
			return err
		}
		team, err := s.team(ctx, tx, caller.Collectivity, w.Team)
		if err != nil {
			return err
		}
		return fn(tx, team, w)
	})
	return w, err
}

func (s *Store) setState(ctx context.Context, tx *database.Tx, caller portal.Caller, w Swap, state SwapState, by portal.AgentID) error {
	answered := database.Millis(s.now())
	if state == Offered {
		answered = 0
	}
	return tx.Write(ctx, `UPDATE duty_swaps SET state = $3, answered = $4, decided_by = $5 WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), w.ID, string(state), answered, string(by))
}

// Withdraw takes an offer of the caller's back that nobody answered yet.
func (s *Store) Withdraw(ctx context.Context, caller portal.Caller, id string) (Swap, error) {
	return s.decide(ctx, caller, id, "withdraw an offer", func(tx *database.Tx, _ Team, w Swap) error {
		switch {
		case w.Giver != caller.Agent:
			return portal.ErrNotFound
		case w.State != Offered:
			return late("oncall.error.answered")
		}
		return s.setState(ctx, tx, caller, w, Withdrawn, "")
	})
}

// TakeBack has the caller's own answer of the last hour forgotten: the offer waits for her again.
func (s *Store) TakeBack(ctx context.Context, caller portal.Caller, id, address string) (Swap, error) {
	return s.decide(ctx, caller, id, "take an answer back", func(tx *database.Tx, team Team, w Swap) error {
		switch {
		case w.Taker != caller.Agent:
			return portal.ErrNotFound
		case w.State != Accepted && w.State != Refused || w.DecidedBy != "" || w.Answered.Before(s.now().Add(-undoTime)):
			return late("oncall.error.undo")
		case !w.Starts.After(s.now()):
			return late("oncall.error.begun")
		}
		if w.State == Accepted {
			if err := s.giveBack(ctx, tx, caller, w); err != nil {
				return err
			}
			if err := s.note(ctx, tx, caller, w.Giver, undone, w, 1); err != nil {
				return err
			}
			if err := s.tell(ctx, tx, caller, audit.DutySwapUndone, team, swapText(w), address); err != nil {
				return err
			}
		}
		return s.setState(ctx, tx, caller, w, Offered, "")
	})
}

// Undo gives back what was swapped, for who plans the team, and until it begins: who had the duty has it
// again as she was told of it. Both are told.
func (s *Store) Undo(ctx context.Context, caller portal.Caller, id, address string) (Swap, error) {
	return s.overrule(ctx, caller, id, Accepted, Undone, address)
}

// Redo puts in force again what a manager had undone.
func (s *Store) Redo(ctx context.Context, caller portal.Caller, id, address string) (Swap, error) {
	return s.overrule(ctx, caller, id, Undone, Accepted, address)
}

func (s *Store) overrule(ctx context.Context, caller portal.Caller, id string, from, to SwapState, address string) (Swap, error) {
	return s.decide(ctx, caller, id, "overrule a swap", func(tx *database.Tx, team Team, w Swap) error {
		switch {
		case !team.Manages(caller):
			return portal.ErrNotFound
		case w.State != from:
			return late("oncall.error.overruled")
		case !w.Starts.After(s.now()):
			return late("oncall.error.begun")
		}
		kind, action := undone, audit.DutySwapUndone
		err := error(nil)
		if to == Undone {
			err = s.giveBack(ctx, tx, caller, w)
		} else {
			kind, action = redone, audit.DutySwapRedone
			err = s.give(ctx, tx, caller, w, w.Giver, w.Taker, s.now(), BySwap)
		}
		if err == nil {
			err = s.setState(ctx, tx, caller, w, to, caller.Agent)
		}
		for _, agent := range []portal.AgentID{w.Giver, w.Taker} {
			if err == nil {
				err = s.note(ctx, tx, caller, agent, kind, w, 1)
			}
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, action, team, swapText(w), address)
	})
}

// giveBack hands what was swapped to who had it, as she had it: what she had by a swap herself was not told late.
func (s *Store) giveBack(ctx context.Context, tx *database.Tx, caller portal.Caller, w Swap) error {
	var swapped bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM duty_swaps WHERE collectivity = $1 AND taker = $2 AND state = 'accepted' AND team = $3 AND level = $4
			AND starts <= $5 AND ends >= $6 AND answered >= $7 AND id <> $8)`,
		string(caller.Collectivity), string(w.Giver), string(w.Team), w.Level, database.Millis(w.Starts), database.Millis(w.Ends), database.Millis(w.Told), w.ID).Scan(&swapped)
	if err != nil {
		return err
	}
	origin := ByHand
	if swapped {
		origin = BySwap
	}
	return s.give(ctx, tx, caller, w, w.Taker, w.Giver, w.Told, origin)
}

// give hands a time on call from one agent to another, in the turn of the team: what is around it stays
// with who had it. Parts of one period that are the same agent's again become one again. Who is there no
// more, or on call already, gets nothing.
func (s *Store) give(ctx context.Context, tx *database.Tx, caller portal.Caller, w Swap, from, to portal.AgentID, told time.Time, origin Origin) error {
	all, err := s.periods(ctx, tx, caller.Collectivity, Query{From: w.Starts.Add(-time.Millisecond), To: w.Ends.Add(time.Millisecond)})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(p Period) bool {
		return p.Team == w.Team && p.Level == w.Level && p.Agent == from && !p.Starts.After(w.Starts) && !p.Ends.Before(w.Ends)
	})
	if at < 0 {
		return late("oncall.error.changed")
	}
	if name, err := s.activeAgent(ctx, tx, caller.Collectivity, to); err != nil || name == "" {
		if err == nil {
			err = late("oncall.error.gone")
		}
		return err
	}
	if slices.ContainsFunc(all, func(p Period) bool { return p.Agent == to && p.Overlaps(w.Starts, w.Ends) }) {
		return late("oncall.error.double")
	}
	if err := s.void(ctx, tx, caller, Period{Team: w.Team, Level: w.Level, Agent: from, Starts: w.Starts, Ends: w.Ends}); err != nil {
		return err
	}
	parts, gone := cut(all, all[at], w, to, told, origin)
	for _, id := range gone {
		if err := tx.Write(ctx, `DELETE FROM duty_periods WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id)); err != nil {
			return err
		}
	}
	for _, part := range parts {
		if err := s.insert(ctx, tx, caller.Collectivity, part); err != nil {
			return err
		}
	}
	return nil
}

// cut is what a period becomes of which a part is another's: her part first, one with what she has beside it, and what
// is left around it; gone are the periods in whose place these are.
func cut(all []Period, had Period, w Swap, to portal.AgentID, told time.Time, origin Origin) (parts []Period, gone []PeriodID) {
	given := Period{
		ID: PeriodID(portal.NewID()), Team: had.Team, Level: had.Level, Agent: to, Starts: w.Starts, Ends: w.Ends,
		Told: told, Origin: origin, Root: had.Root,
	}
	parts, gone = []Period{given}, []PeriodID{had.ID}
	if had.Starts.Before(w.Starts) {
		before := had
		before.Ends = w.Starts
		parts = append(parts, before)
	}
	if had.Ends.After(w.Ends) {
		after := had
		after.Starts = w.Ends
		if had.Starts.Before(w.Starts) {
			after.ID = PeriodID(portal.NewID())
		}
		parts = append(parts, after)
	}
	for _, p := range all { // what is beside it and was one with it
		if p.Team != given.Team || p.Level != given.Level || p.Agent != to || p.Root != given.Root || !p.Told.Equal(told) {
			continue
		}
		switch {
		case p.Ends.Equal(parts[0].Starts):
			parts[0].Starts, parts[0].ID, parts[0].Origin = p.Starts, p.ID, p.Origin
		case p.Starts.Equal(parts[0].Ends):
			parts[0].Ends, parts[0].Origin = p.Ends, p.Origin
		default:
			continue
		}
		gone = append(gone, p.ID)
	}
	return parts, gone
}

// void ends the offers of a period that became another one.
func (s *Store) void(ctx context.Context, tx *database.Tx, caller portal.Caller, was Period) error {
	return tx.Write(ctx, `
		UPDATE duty_swaps SET state = 'void', answered = $7
		WHERE collectivity = $1 AND team = $2 AND level = $3 AND giver = $4 AND state = 'offered' AND starts < $5 AND ends > $6`,
		string(caller.Collectivity), string(was.Team), was.Level, string(was.Agent), database.Millis(was.Ends), database.Millis(was.Starts), database.Millis(s.now()))
}
