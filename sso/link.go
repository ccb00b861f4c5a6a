package sso

import (
	"context"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// linked returns the account that an issuer means: by (issuer, subject) once it
// is known, the first time by an address that the issuer verified and that is
// of the collectivity's own domains. Addresses change hands, subjects don't.
// Her entry follows what the issuer says of her.
func (s *Service) linked(ctx context.Context, place Place, answer Answer) (portal.AccountID, error) {
	login, isLinked, err := s.loginOf(ctx, place, answer)
	if err != nil {
		return "", err
	}
	account, err := s.people.Admit(ctx, place.Collectivity.ID, answer.person(login))
	if err != nil {
		return "", errNotAllowed(err)
	}
	if isLinked {
		return account, nil
	}
	_, err = s.db.Exec(ctx, `
		INSERT INTO account_links (collectivity, issuer, subject, account, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, string(place.Collectivity.ID), answer.Issuer, answer.Subject, string(account), database.Millis(s.now()))
	if err != nil {
		return "", fmt.Errorf("sso: link account: %w", err)
	}
	return account, nil
}

// person is whom an answer tells of, under a login of ours. An address that is not
// verified may be another's, whose mail she would be shown.
func (a Answer) person(login string) Profile {
	profile := a.Profile
	profile.Login = login
	if !a.EmailVerified {
		profile.Email = ""
	}
	return profile
}

// loginOf is the login of ours that an answer leads to, and whether it did
// before. An issuer opens accounts of its own collectivity alone: those whose
// login is of its domains, today, whatever it vouched for once, and that may
// enter it.
func (s *Service) loginOf(ctx context.Context, place Place, answer Answer) (login string, isLinked bool, err error) {
	var account portal.AccountID
	err = s.db.QueryRow(ctx, `SELECT account FROM account_links WHERE collectivity = $1 AND issuer = $2 AND subject = $3`,
		string(place.Collectivity.ID), answer.Issuer, answer.Subject).Scan(&account)
	if errors.Is(err, portal.ErrNotFound) {
		login, err = s.firstLogin(ctx, place, answer)
		return login, false, err
	}
	if err != nil {
		return "", false, fmt.Errorf("sso: find link: %w", err)
	}
	if login, err = s.people.LoginOf(ctx, account); err != nil {
		return "", false, err
	}
	if ownAddress(login, place.Domains) != login {
		return "", false, errUnlinked(login)
	}
	if _, err := s.people.Identity(ctx, account, place.Collectivity.ID); err != nil {
		return "", false, errNotAllowed(err)
	}
	return login, true, nil
}

// firstLogin is the login of one who comes for the first time: her address.
func (s *Service) firstLogin(ctx context.Context, place Place, answer Answer) (string, error) {
	email := ownAddress(answer.Profile.Email, place.Domains)
	switch {
	case answer.Profile.Email == "":
		return "", Because(portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.no-address"}, audit.Issuer)
	case !answer.EmailVerified:
		return "", Because(portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.unverified"}, audit.Issuer)
	case email == "":
		return "", errUnlinked(answer.Profile.Email)
	case answer.Create:
		return email, nil
	}
	known, err := s.people.AccountOf(ctx, email)
	if err != nil {
		return "", err
	}
	if known == "" {
		return "", errUnlinked(answer.Profile.Email)
	}
	if _, err := s.people.Identity(ctx, known, place.Collectivity.ID); errors.Is(err, portal.ErrNotFound) {
		return "", errUnlinked(answer.Profile.Email)
	} else if err != nil {
		return "", err
	}
	return email, nil
}

// errUnlinked is for one who is sound, and no agent of the collectivity.
func errUnlinked(address string) error {
	return portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.unlinked", Args: []any{"email", address}}
}
