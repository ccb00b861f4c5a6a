package server

import (
	"context"
	"time"
)

const (
	houseEvery = 24 * time.Hour
	// keptChanges is how long a calendar's log remembers deletions: a phone that
	// was away for longer reads everything again.
	keptChanges = 183 * 24 * time.Hour
)

// keepHouse drops, once a day, what no feature drops by itself.
func (s *Server) keepHouse(ctx context.Context) error {
	ticker := time.NewTicker(houseEvery)
	defer ticker.Stop()
	for {
		if err := s.forgetChanges(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("housekeeping", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Server) forgetChanges(ctx context.Context) error {
	collectivities, err := s.Directory.Collectivities(ctx)
	if err != nil {
		return err
	}
	before := time.Now().Add(-keptChanges)
	for _, c := range collectivities {
		if err := s.Calendar.ForgetChanges(ctx, c.ID, before); err != nil {
			return err
		}
	}
	return nil
}
