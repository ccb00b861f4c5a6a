package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/sso"
)

// Report is what trying one configured server gave.
type Report struct {
	Collectivity portal.CollectivityID // "" for the installation itself
	What         string                // "store", "outgoing mail", "sign-in", "mail", "weather"
	Fault        string                // a sentence, "" when all is well
}

// checkDeadline bounds the trial of one server.
const checkDeadline = 8 * time.Second

// Check tries the store and every configured server of every collectivity.
func (s *Server) Check(ctx context.Context) ([]Report, error) {
	reports := []Report{s.try(ctx, "", "store", func(ctx context.Context) error { return s.DB.Ping(ctx) })}
	if s.Post.Sends() {
		reports = append(reports, s.try(ctx, "", "outgoing mail", s.Post.Check))
	}
	collectivities, err := s.Directory.Collectivities(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range collectivities {
		reports = append(reports, s.try(ctx, c.ID, "sign-in", func(ctx context.Context) error { return s.SSO.Check(ctx, c.ID) }))
		if _, err := s.Mail.Server(ctx, c.ID); !errors.Is(err, portal.ErrNotFound) {
			reports = append(reports, s.try(ctx, c.ID, "mail", func(ctx context.Context) error { return s.Mail.Check(ctx, c.ID) }))
		}
		if place, err := s.Weather.Place(ctx, c.ID); err == nil && s.weatherSource != nil {
			reports = append(reports, s.try(ctx, c.ID, "weather", func(ctx context.Context) error {
				_, err := s.weatherSource.Forecast(ctx, place)
				return err
			}))
		}
	}
	return reports, nil
}

func (s *Server) try(ctx context.Context, collectivity portal.CollectivityID, what string, attempt func(context.Context) error) Report {
	ctx, cancel := context.WithTimeout(ctx, checkDeadline)
	defer cancel()
	report := Report{Collectivity: collectivity, What: what}
	if err := attempt(ctx); err != nil {
		report.Fault = s.Sentence(err)
	}
	return report
}

// Preview tells what a login would get, of whichever collectivity it is.
func (s *Server) Preview(ctx context.Context, login string) (string, error) {
	canonical, _ := sso.CanonicalLogin(login) // one that is none leads nowhere
	place, err := s.people().Locate(ctx, canonical)
	if err != nil {
		return "", err
	}
	tried, err := s.SSO.Preview(ctx, directory.Installation(place.Collectivity.ID), login, "")
	if err != nil {
		return "", err
	}
	return s.previewText(place.Collectivity.ID, tried), nil
}

// previewText is a preview as lines of a terminal.
func (s *Server) previewText(id portal.CollectivityID, tried sso.Preview) string {
	printer := s.catalogue.Printer(i18n.English)
	var text strings.Builder
	line := func(what, value string) {
		if value != "" {
			fmt.Fprintf(&text, "%-20s %s\n", what, value)
		}
	}
	line("collectivity", string(id))
	line(printer.T("sso.admin.entry"), tried.Found.DN)
	for _, attribute := range tried.Found.Attributes {
		line(printer.T("sso.admin.field."+attribute.Field), attribute.Value)
	}
	line(printer.T("sso.admin.found-groups"), strings.Join(tried.Found.Groups, ", "))
	line(printer.T("sso.admin.groups"), strings.Join(tried.Admission.Groups, ", "))
	switch {
	case tried.Enters():
		line(printer.T("sso.admin.enters"), tried.Login)
	case tried.Fault != nil:
		line(printer.T("sso.admin.refused"), s.Sentence(tried.Fault))
	default:
		line(printer.T("sso.admin.refused"), printer.T("audit.reason."+string(tried.Refused)))
	}
	return text.String()
}

// Sentence is what a person at the terminal reads about an error: the
// catalogue's sentence when there is one, in English like the commands.
func (s *Server) Sentence(err error) string {
	printer := s.catalogue.Printer(i18n.English)
	var fields portal.FieldErrors
	if errors.As(err, &fields) && len(fields) > 0 {
		return fields[0].Field + ": " + printer.T(fields[0].Key, fields[0].Args...)
	}
	var refusal portal.UserError
	if errors.As(err, &refusal) {
		return printer.T(refusal.Key, refusal.Args...)
	}
	return err.Error()
}

// Reindex puts every document of every collectivity into the indexing queue,
// after emptying the indexes, and returns how many wait.
func (s *Server) Reindex(ctx context.Context) (int, error) {
	collectivities, err := s.Directory.Collectivities(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range collectivities {
		if err := s.Indexer.Rebuild(ctx, c.ID); err != nil {
			return 0, err
		}
	}
	return s.Indexer.Pending(ctx)
}
