package server

import (
	"context"
	"errors"
	"time"

	"parvis/mail"
	"parvis/portal"
)

const (
	// answersEvery is how often mailboxes are looked through for answers to invitations.
	answersEvery = 5 * time.Minute
	// askingByMail is of how many agents of a collectivity; a round longer than
	// answersEvery delays the next.
	askingByMail = 500
	// answersGiveUp is after how many mailboxes that don't answer a server is left alone
	// until the next round.
	answersGiveUp = 3
)

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
	var failures []error
	for _, c := range collectivities {
		if _, err := s.Mail.Server(ctx, c.ID); errors.Is(err, portal.ErrNotFound) {
			continue
		}
		failures = append(failures, s.mailedAnswersOf(ctx, c.ID))
	}
	return errors.Join(failures...)
}

func (s *Server) mailedAnswersOf(ctx context.Context, collectivity portal.CollectivityID) error {
	asking, err := s.Calendar.AskingByMail(ctx, collectivity, askingByMail)
	if err != nil {
		return err
	}
	var failures []error
	for _, agent := range asking {
		err := s.Mail.Answers(ctx, collectivity, agent, func(ctx context.Context, answer mail.Answer) error {
			_, err := s.Calendar.RecordReply(ctx, collectivity, agent, answer.From, answer.Text)
			if errors.Is(err, portal.ErrInvalid) {
				return nil // no answer at all: the next one may be
			}
			return err
		})
		if err == nil || errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrDenied) {
			continue // no mailbox of hers, or a password that her page asks for
		}
		if failures = append(failures, err); len(failures) == answersGiveUp {
			break
		}
	}
	return errors.Join(failures...)
}
