package server

import (
	"context"

	"parvis/calendar"
	"parvis/directory"
	"parvis/portal"
)

// furnish gives a new collectivity what every one begins with: a calendar that all
// see and its editors fill. Its home page needs nothing: poolHome is that of who
// decided nothing.
func (s *Server) furnish(ctx context.Context, first portal.Caller, c directory.Collectivity) error {
	_, err := s.Calendar.CreateCalendar(ctx, first, calendar.NewCalendar{
		Name: s.catalogue.Printer(c.Language).T("server.calendar.first"), Shared: true,
	})
	return err
}
