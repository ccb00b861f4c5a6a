package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// invite writes to the next of those whom an import created, once the day has come: each
// letter in a transaction with how far it came.
func (s *Arrivals) invite(ctx context.Context, caller portal.Caller, a Arrival) (bool, error) {
	found, err := s.store.db.Query(ctx, `SELECT `+lineColumns+` FROM arrival_lines
		WHERE collectivity = $1 AND plan = $2 AND line > $3 AND verdict = 'create' AND outcome = 'done' ORDER BY line LIMIT 0 + $4`,
		string(a.id), a.plan, a.invited, written)
	lines, err := database.Collect(found, err, func(rows *sql.Rows) (ArrivalLine, error) { return scanLine(rows) })
	if err != nil {
		return false, err
	}
	if len(lines) == 0 {
		err := s.store.db.Write(ctx, `UPDATE arrivals SET invited = -1 WHERE collectivity = $1 AND id = $2`, string(a.id), a.ID)
		return true, err
	}
	c, err := s.store.Collectivity(ctx, a.id)
	if err != nil {
		return false, err
	}
	kind, err := s.inviter.kind(ctx, a.id)
	if err != nil {
		return false, err
	}
	for _, line := range lines {
		refusal, err := s.inviteLine(ctx, a, line, "", func(tx *database.Tx, agent Agent) error {
			_, err := s.inviter.again(ctx, tx, caller, c, kind, agent)
			return err
		})
		if err == nil && refusal != "" {
			_, err = s.inviteLine(ctx, a, line, refusal, nil)
		}
		if err != nil {
			return false, fmt.Errorf("directory: invite line %d: %w", line.Number, err)
		}
	}
	s.inviter.invited(kind, a.id)
	s.inviter.post.Wake()
	return true, nil
}

// errInvited: another node wrote to her.
var errInvited = errors.New("directory: invited already")

// inviteLine writes to the agent of a line, or writes down why not.
func (s *Arrivals) inviteLine(ctx context.Context, a Arrival, line ArrivalLine, reason string, write func(tx *database.Tx, agent Agent) error) (refusal string, err error) {
	err = s.store.queued(ctx, a.id, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		now, err := s.read(ctx, tx, a.id, a.ID)
		if err != nil {
			return nil, err
		}
		if now.State != ArrivalDone || now.invited < 0 || now.invited >= line.Number {
			return nil, errInvited
		}
		if reason == "" {
			row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`, string(a.id), string(line.Agent))
			agent, err := scanAgent(row.Scan)
			if err == nil && agent.Active {
				err = write(tx, agent)
			}
			if err != nil && !errors.Is(err, portal.ErrNotFound) {
				return nil, err
			}
		} else {
			err := tx.Write(ctx, `UPDATE arrival_lines SET reason = $1 WHERE collectivity = $2 AND plan = $3 AND line = $4`,
				reason, string(a.id), a.plan, line.Number)
			if err != nil {
				return nil, err
			}
		}
		return nil, tx.Write(ctx, `UPDATE arrivals SET invited = $1 WHERE collectivity = $2 AND id = $3`, line.Number, string(a.id), a.ID)
	})
	if key := refused(err).Key; key != "" && reason == "" {
		return key, nil
	}
	if errors.Is(err, errInvited) {
		err = nil
	}
	return "", err
}
