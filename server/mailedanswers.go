package server

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"parvis/mail"
	"parvis/portal"
)

const (
	// answersEvery is how often mailboxes are looked through for answers to invitations.
	answersEvery = 5 * time.Minute
	// askingByMail is of how many agents of a collectivity at the most.
	askingByMail = 500
	// answersBudget is after how long a collectivity's round ends, but for the look that goes
	// on: the next round begins after it.
	answersBudget = 30 * time.Second
	// answersGiveUp is after how many mailboxes that don't answer a server is left alone
	// until the next round.
	answersGiveUp = 3
	// answersRefused is how long a mailbox is left alone whose login the server refused: who
	// refuses many in a row shuts the portal out.
	answersRefused = time.Hour
)

// answerTurn is where a collectivity's rounds stand. A restart begins anew.
type answerTurn struct {
	last    portal.AgentID               // whose mailbox was looked at last
	refused map[portal.AgentID]time.Time // whose login was refused, and when
}

// answerTurns are those of all collectivities.
type answerTurns struct {
	sync.Mutex
	turns map[portal.CollectivityID]*answerTurn
}

// readMailedAnswers records, as long as ctx lives, what programs of people without an
// agenda here answer by mail. Only the mailboxes of agents who wait for such an answer are
// opened.
func (s *Server) readMailedAnswers(ctx context.Context) error {
	ticker := time.NewTicker(answersEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		if err := s.ReadMailedAnswers(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("answers to invitations", "error", err)
		}
	}
}

// ReadMailedAnswers is one round. What can't be read in one collectivity keeps nobody else
// waiting.
func (s *Server) ReadMailedAnswers(ctx context.Context) error {
	collectivities, err := s.Directory.Collectivities(ctx)
	if err != nil {
		return err
	}
	asked, err := s.Calendar.WhereAskedByMail(ctx)
	if err != nil {
		return err
	}
	var failures []error
	for _, c := range collectivities {
		if !asked[c.ID] {
			continue
		}
		if _, err := s.Mail.Server(ctx, c.ID); errors.Is(err, portal.ErrNotFound) {
			continue
		}
		failures = append(failures, s.mailedAnswersOf(ctx, c.ID))
	}
	return errors.Join(failures...)
}

func (s *Server) mailedAnswersOf(ctx context.Context, collectivity portal.CollectivityID) error {
	s.answers.Lock()
	defer s.answers.Unlock()
	turn := s.answers.turns[collectivity]
	if turn == nil {
		turn = &answerTurn{refused: map[portal.AgentID]time.Time{}}
		s.answers.turns[collectivity] = turn
	}
	asking, err := s.Calendar.AskingByMail(ctx, collectivity, turn.last, askingByMail)
	if err != nil {
		return err
	}
	return turn.round(asking, time.Now, func(agent portal.AgentID) error {
		return s.Mail.Answers(ctx, collectivity, agent, func(ctx context.Context, answer mail.Answer) error {
			_, err := s.Calendar.RecordReply(ctx, collectivity, agent, answer.From, answer.Received, answer.Text)
			if errors.Is(err, portal.ErrInvalid) {
				return nil // no answer at all: the next one may be
			}
			return err
		})
	})
}

// round looks at one mailbox after the other, until the server seems to be away or the time
// is over. A login that is refused is told only where no mailbox opens: it may be that of the
// master user.
func (t *answerTurn) round(agents []portal.AgentID, now func() time.Time, look func(portal.AgentID) error) error {
	begun, opened, away := now(), false, 0
	maps.DeleteFunc(t.refused, func(_ portal.AgentID, at time.Time) bool { return begun.Sub(at) >= answersRefused })
	var failures, refusals []error
	for _, agent := range agents {
		if _, refused := t.refused[agent]; refused {
			continue
		}
		if away == answersGiveUp || now().Sub(begun) >= answersBudget {
			break
		}
		err := look(agent)
		t.last = agent
		switch {
		case err == nil:
			opened = true
		case errors.Is(err, mail.ErrTaken): // our own fault: the server answers
			opened = true
			failures = append(failures, err)
		case errors.Is(err, portal.ErrNotFound): // no mailbox of hers, or a password that her page asks for
		case errors.Is(err, portal.ErrDenied):
			t.refused[agent] = begun
			refusals = append(refusals, err)
		default:
			away++
			failures = append(failures, err)
		}
	}
	if !opened && len(refusals) > 0 {
		failures = append(failures, refusals[0])
	}
	return errors.Join(failures...)
}
