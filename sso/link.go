package sso

import (
	"context"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// linked returns the account that an issuer means: by (issuer, subject) once it
// is known, the first time by an address that the issuer verified and that is
// of the collectivity's own domains. Addresses change hands, subjects don't.
// An issuer opens its own collectivity alone: portal.ErrDenied when the agent
// was closed there, whatever the account is elsewhere.
func (s *Service) linked(ctx context.Context, place Place, answer Answer) (portal.AccountID, error) {
	var account portal.AccountID
	err := s.db.QueryRow(ctx, `SELECT account FROM account_links WHERE collectivity = $1 AND issuer = $2 AND subject = $3`,
		string(place.Collectivity.ID), answer.Issuer, answer.Subject).Scan(&account)
	if err == nil {
		if _, err := s.people.Identity(ctx, account, place.Collectivity.ID); err != nil {
			return "", errNotAllowed(err)
		}
		return account, nil
	}
	if !errors.Is(err, portal.ErrNotFound) {
		return "", fmt.Errorf("sso: find link: %w", err)
	}
	if account, err = s.firstLink(ctx, place, answer); err != nil {
		return "", err
	}
	_, err = s.db.Exec(ctx, `
		INSERT INTO account_links (collectivity, issuer, subject, account, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, string(place.Collectivity.ID), answer.Issuer, answer.Subject, string(account), database.Millis(s.now()))
	if err != nil {
		return "", fmt.Errorf("sso: link account: %w", err)
	}
	return account, nil
}

func (s *Service) firstLink(ctx context.Context, place Place, answer Answer) (portal.AccountID, error) {
	unlinked := portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.unlinked", Args: []any{"email", answer.Profile.Email}}
	email := ownAddress(answer.Profile.Email, place.Domains)
	switch {
	case !answer.EmailVerified:
		return "", portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.unverified"}
	case email == "":
		return "", unlinked
	}
	known, err := s.people.AccountOf(ctx, email)
	if err != nil {
		return "", err
	}
	if known != "" {
		if _, err := s.people.Identity(ctx, known, place.Collectivity.ID); err == nil {
			return known, nil
		} else if !errors.Is(err, portal.ErrNotFound) {
			return "", err
		}
	}
	if !answer.Create {
		return "", unlinked
	}
	profile := answer.Profile
	profile.Login = email
	account, err := s.people.Admit(ctx, place.Collectivity.ID, profile)
	if err != nil {
		return "", errNotAllowed(err)
	}
	return account, nil
}
