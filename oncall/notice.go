package oncall

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// noticeKind says what an agent is told of.
type noticeKind string

// The kinds. Each has its sentence in the catalogue, "oncall.notice.assigned".
const (
	assigned noticeKind = "assigned" // she is on call, once or several times
	moved    noticeKind = "moved"    // at other hours than before
	removed  noticeKind = "removed"  // and no more
	accepted noticeKind = "accepted" // somebody takes over what she offered
	refused  noticeKind = "refused"  // and does not
	swapped  noticeKind = "swapped"  // two members of a team that she plans agreed
	undone   noticeKind = "undone"   // a manager took a swap back
	redone   noticeKind = "redone"   // and put it in force again
)

// noticesKept is how long an agent is told of what she does not say that she read.
const noticesKept = 60 * 24 * time.Hour

// undoTime is how long one may take back what one did.
const undoTime = time.Hour

// notice is one thing to tell an agent.
type notice struct {
	id           string
	kind         noticeKind
	team         TeamID
	teamName     string
	giver, taker string // names; "" for none
	starts, ends time.Time
	periods      int
	made, seen   time.Time
}

// noteFor tells an agent of a period of hers, but not what she did herself, nor what is over.
func (s *Store) noteFor(ctx context.Context, tx *database.Tx, caller portal.Caller, kind noticeKind, p Period, periods int) error {
	if p.Ends.Before(s.now()) {
		return nil
	}
	return s.note(ctx, tx, caller, p.Agent, kind, Swap{Team: p.Team, Starts: p.Starts, Ends: p.Ends}, periods)
}

// note tells an agent, and forgets what she was told long ago.
func (s *Store) note(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID, kind noticeKind, about Swap, periods int) error {
	if agent == caller.Agent {
		return nil
	}
	now := s.now()
	err := tx.Write(ctx, `DELETE FROM duty_notices WHERE collectivity = $1 AND agent = $2 AND made < $3`,
		string(caller.Collectivity), string(agent), database.Millis(now.Add(-noticesKept)))
	if err != nil {
		return err
	}
	return tx.Write(ctx, `
		INSERT INTO duty_notices (collectivity, id, agent, kind, team, giver, taker, starts, ends, periods, made, seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)`,
		string(caller.Collectivity), portal.NewID(), string(agent), string(kind), string(about.Team), string(about.Giver), string(about.Taker),
		database.Millis(about.Starts), database.Millis(about.Ends), periods, database.Millis(now))
}

// notices are what the caller has to read, the oldest first, and what she read within the last hour.
func (s *Store) notices(ctx context.Context, caller portal.Caller) (unread, read []notice, err error) {
	now := s.now()
	rows, err := s.db.Query(ctx, `
		SELECT n.id, n.kind, n.team, t.name, n.starts, n.ends, n.periods, n.made, n.seen,
			COALESCE(g.given_name || ' ' || g.family_name, ''), COALESCE(k.given_name || ' ' || k.family_name, '')
		FROM duty_notices n JOIN duty_teams t ON t.collectivity = $1 AND t.id = n.team
		LEFT JOIN agents g ON g.collectivity = $1 AND g.id = n.giver
		LEFT JOIN agents k ON k.collectivity = $1 AND k.id = n.taker
		WHERE n.collectivity = $1 AND n.agent = $2 AND n.made > $3 AND (n.seen = 0 OR n.seen > $4) ORDER BY n.made, n.id`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(now.Add(-noticesKept)), database.Millis(now.Add(-undoTime)))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (n notice, err error) {
		var starts, ends, made, seen int64
		err = rows.Scan(&n.id, &n.kind, &n.team, &n.teamName, &starts, &ends, &n.periods, &made, &seen, &n.giver, &n.taker)
		n.starts, n.ends, n.made, n.seen = database.FromMillis(starts), database.FromMillis(ends), database.FromMillis(made), database.FromMillis(seen)
		return n, err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("oncall: read notices: %w", err)
	}
	for _, one := range all {
		if one.seen.IsZero() {
			unread = append(unread, one)
		} else {
			read = append(read, one)
		}
	}
	return unread, read, nil
}

// see writes when the caller read a notice of hers; the zero time is not yet.
func (s *Store) see(ctx context.Context, caller portal.Caller, id string, when time.Time) error {
	err := database.OneRow(s.db.Exec(ctx, `UPDATE duty_notices SET seen = $4 WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id, database.Millis(when)))
	if err != nil {
		return fmt.Errorf("oncall: mark notice %.40q: %w", id, err)
	}
	s.changed(caller.Collectivity)
	return nil
}
