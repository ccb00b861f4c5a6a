package server

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"parvis/applications"
	"parvis/calendar"
	"parvis/directory"
	"parvis/directory/pool"
	"parvis/mail"
	"parvis/portal"
	"parvis/widgets"
)

// furnish gives a new collectivity what every one begins with, a calendar that all
// see and its editors fill, the services that were written down and the home page of
// its template. Without one it has poolHome. What fails keeps nothing else from being
// there.
func (s *Server) furnish(ctx context.Context, opened directory.Opened) error {
	first, c := opened.First, opened.Collectivity
	_, err := s.Calendar.CreateCalendar(ctx, first, calendar.NewCalendar{
		Name: s.catalogue.Printer(c.Language).T("server.calendar.first"), Shared: true,
	})
	if opened.Template != nil {
		err = errors.Join(err, s.Home.SetHome(ctx, directory.Installation(c.ID), widgets.HomePage{Places: opened.Template.Places}))
	}
	if server, ok := mailServer(opened.Services); ok {
		err = errors.Join(err, s.Mail.SetServer(ctx, first, server))
	}
	for n, link := range opened.Services.Links {
		_, failed := s.Applications.Create(ctx, first, applications.Application{Name: link.Name, URL: link.URL, Position: n, Pinned: true}, "")
		err = errors.Join(err, failed)
	}
	return err
}

// mailServer is where each opens her mailbox with her own password.
func mailServer(services directory.Services) (mail.Server, bool) {
	return mail.Server{Address: services.Mail, Security: mail.TLS, SignIn: mail.ByPassword, Webmail: services.Webmail}, services.Mail != ""
}

// tryServices asks all of them at once, in the order in which they are shown.
func (s *Server) tryServices(ctx context.Context, services directory.Services) []pool.Trial {
	var trials []pool.Trial
	var asks []func() error
	if server, ok := mailServer(services); ok {
		trials = append(trials, pool.Trial{Name: server.Address})
		asks = append(asks, func() error { return mail.Try(ctx, server) })
	}
	links := services.Links
	if services.Webmail != "" {
		links = append([]directory.Service{{Name: services.Webmail, URL: services.Webmail}}, links...)
	}
	for _, link := range links {
		trials = append(trials, pool.Trial{Name: link.Name})
		asks = append(asks, func() error { return s.tryPage(ctx, link.URL) })
	}
	var all sync.WaitGroup
	for i, ask := range asks {
		all.Go(func() { trials[i].Err = ask() })
	}
	all.Wait()
	return trials
}

// tryPage asks for a page. Any answer but a fault of the server or a page that is not
// there will do: an application may send whom it does not know to a sign-in.
func (s *Server) tryPage(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return portal.UserError{Kind: portal.ErrUnavailable, Key: "pool.services.silent"}
	}
	answer, err := s.outside.Do(request)
	if err != nil {
		return portal.UserError{Kind: portal.ErrUnavailable, Key: "pool.services.silent"}
	}
	answer.Body.Close()
	if answer.StatusCode >= 500 || answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone {
		return portal.UserError{Kind: portal.ErrUnavailable, Key: "pool.services.status", Args: []any{"status", answer.StatusCode}}
	}
	return nil
}
