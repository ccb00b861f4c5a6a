package widgets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// layoutStore keeps what collectivities and agents decided of their pages.
type layoutStore struct{ db *database.DB }

// selectChoices reads one agent's decisions.
const selectChoices = `SELECT choices, previous FROM home_choices WHERE collectivity = $1 AND agent = $2`

// choices returns what the caller decided, the zero Choices when nothing.
func (s *layoutStore) choices(ctx context.Context, caller portal.Caller) (Choices, error) {
	choices, _, err := scanChoices(s.db.QueryRow(ctx, selectChoices, caller.Collectivity, caller.Agent))
	return choices, err
}

func scanChoices(row database.Row) (choices, previous Choices, err error) {
	var text, before string
	switch err := row.Scan(&text, &before); {
	case errors.Is(err, portal.ErrNotFound):
		return Choices{}, Choices{}, nil
	case err != nil:
		return Choices{}, Choices{}, fmt.Errorf("widgets: read choices: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &choices); err != nil {
		return Choices{}, Choices{}, fmt.Errorf("widgets: read choices: %w", err)
	}
	if err := json.Unmarshal([]byte(before), &previous); err != nil {
		return Choices{}, Choices{}, fmt.Errorf("widgets: read previous choices: %w", err)
	}
	return choices, previous, nil
}

// update lets change decide the caller's next choices out of the stored ones
// and the previous ones; false decides nothing. It returns what is then
// stored.
func (s *layoutStore) update(ctx context.Context, caller portal.Caller, change func(now, previous Choices) (Choices, bool)) (Choices, bool, error) {
	var stored Choices
	var changed bool
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		now, previous, err := scanChoices(tx.QueryRow(ctx, selectChoices, caller.Collectivity, caller.Agent))
		if err != nil {
			return err
		}
		stored, changed = change(now, previous)
		if !changed {
			return nil
		}
		return writeChoices(ctx, tx, caller, stored, now)
	})
	if err != nil {
		return Choices{}, false, fmt.Errorf("widgets: arrange: %w", err)
	}
	return stored, changed, nil
}

func writeChoices(ctx context.Context, tx *database.Tx, caller portal.Caller, choices, previous Choices) error {
	text, err := json.Marshal(choices)
	if err != nil {
		return err
	}
	before, err := json.Marshal(previous)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO home_choices (collectivity, agent, choices, previous, changed)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collectivity, agent) DO UPDATE
		SET choices = excluded.choices, previous = excluded.previous, changed = excluded.changed`,
		caller.Collectivity, caller.Agent, string(text), string(before), database.Millis(time.Now()))
	return err
}
