package server

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parvis/mail"
	"parvis/portal"
)

func TestARoundOfMailboxesEndsAndTheNextGoesOn(t *testing.T) {
	away := fmt.Errorf("%w: away", portal.ErrUnavailable)
	taken := fmt.Errorf("%w: the database is busy", mail.ErrTaken)
	denied := fmt.Errorf("%w: no such mailbox", portal.ErrDenied)
	agents := []portal.AgentID{"a", "b", "c", "d", "e"}
	for _, c := range []struct {
		name   string
		errs   map[portal.AgentID]error
		takes  time.Duration // each look
		want   []portal.AgentID
		failed error
	}{
		{"all well", nil, time.Second, agents, nil},
		{"three that are away", map[portal.AgentID]error{"a": away, "b": away, "c": away}, time.Second, agents[:3], away},
		{"three without a mailbox", map[portal.AgentID]error{"a": denied, "b": denied, "c": denied}, time.Second, agents, nil},
		{"none opens", map[portal.AgentID]error{"a": denied, "b": denied, "c": denied, "d": denied, "e": denied}, time.Second, agents, denied},
		{"three of our own faults", map[portal.AgentID]error{"a": taken, "b": taken, "c": taken}, time.Second, agents, taken},
		{"a slow server", nil, answersBudget / 2, agents[:2], nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := time.Unix(0, 0)
			turn := &answerTurn{refused: map[portal.AgentID]time.Time{}}
			var looked []portal.AgentID
			look := func(agent portal.AgentID) error {
				looked, clock = append(looked, agent), clock.Add(c.takes)
				return c.errs[agent]
			}
			now := func() time.Time { return clock }
			if err := turn.round(agents, now, look); !errors.Is(err, c.failed) {
				t.Errorf("error %v, want %v", err, c.failed)
			}
			if !slices.Equal(looked, c.want) || turn.last != looked[len(looked)-1] {
				t.Errorf("looked at %v up to %q, want %v", looked, turn.last, c.want)
			}
			looked = nil
			again := slices.DeleteFunc(slices.Clone(c.want), func(agent portal.AgentID) bool { return errors.Is(c.errs[agent], portal.ErrDenied) })
			if _ = turn.round(agents, now, look); !slices.Equal(looked, again) {
				t.Errorf("then %v, want %v", looked, again)
			}
			looked, clock = nil, clock.Add(answersRefused)
			if _ = turn.round(agents, now, look); !slices.Equal(looked, c.want) {
				t.Errorf("an hour later %v, want %v", looked, c.want)
			}
		})
	}
}
