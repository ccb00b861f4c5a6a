package sso

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// judge checks the password of a sign-in under way and returns who it is of.
// Errors: ErrWrong, how long to wait, what the directory server answers, or
// that she may not enter.
func (s *Service) judge(ctx context.Context, login, password, address string) (who entry, err error) {
	err = s.fromAddress(ctx, address, func() (about []string, err error) {
		who, err = s.prove(ctx, login, password)
		return namesOf(who.account, login), err
	})
	return who, err
}

// namesOf are what a proof is about: whom it is of, where that is known, and the
// login that was typed.
func namesOf(account portal.AccountID, login string) []string {
	if account == "" {
		return []string{"login:" + login}
	}
	return []string{"account:" + string(account), "login:" + login}
}

// fromAddress has a proof from a network judged in its turn, and counts it there
// when it was wrong. What is told to wait was not judged, and is not counted.
func (s *Service) fromAddress(ctx context.Context, address string, judge func() (about []string, err error)) error {
	client := Network(address)
	if err := s.throttle.networks.begin(ctx, client); err != nil {
		return err
	}
	var failed, entered []string
	defer func() { s.throttle.networks.end(client, failed, entered) }() // also when judge panics
	about, err := judge()
	switch {
	case err == nil:
		entered = about
	case errors.Is(err, portal.ErrDenied) && !isProved(err) && ReasonOf(err) != audit.Throttled:
		failed = about
	}
	return err
}

func (s *Service) prove(ctx context.Context, login, password string) (entry, error) {
	place, err := s.people.Locate(ctx, login)
	if err != nil {
		return entry{}, err
	}
	method, err := s.Methods.Of(ctx, place.Collectivity.ID)
	if err != nil {
		return entry{}, err
	}
	switch method.Kind {
	case Embedded:
		account, err := s.people.AccountOf(ctx, login)
		if err != nil {
			return entry{}, err
		}
		return s.proveEmbedded(ctx, account, place.Collectivity.ID, login, password)
	case LDAP:
		return s.proveByDirectory(ctx, place, method, login, password)
	case OIDC: // as if it were nobody's: the answer must not show an account, nor its time
		return s.proveEmbedded(ctx, "", "", login, password)
	}
	return entry{}, ErrWrong
}

// proveEmbedded checks an embedded password. An unknown login goes the same way
// and costs the same.
func (s *Service) proveEmbedded(ctx context.Context, account portal.AccountID, home portal.CollectivityID, login, password string) (entry, error) {
	key := "login:" + login
	if account != "" {
		key = "account:" + string(account)
	}
	try, err := s.throttle.account(ctx, key, s.throttle.limits.Window)
	if err != nil {
		return entry{}, err
	}
	mark, err := s.Passwords.verify(ctx, account, password)
	if err != nil {
		err = s.failed(ctx, err, try)
		if account == "" {
			err = Because(err, audit.Unknown)
		}
		return entry{account: account}, err
	}
	return entry{account: account, home: home, kind: Embedded, mark: mark, tries: []attempt{try}}, nil
}

// proveByDirectory asks the collectivity's directory server, which counts the
// attempts by what it knows the person as.
func (s *Service) proveByDirectory(ctx context.Context, place Place, method Method, login, password string) (entry, error) {
	if s.directories == nil {
		return entry{}, errNoMethod
	}
	if password == "" {
		return entry{}, ErrWrong // a bind without password succeeds for anybody (RFC 4513 §5.1.2)
	}
	var try attempt
	profile, err := s.directories.Authenticate(ctx, method, login, password, func(key string) (err error) {
		try, err = s.throttle.account(ctx, string(method.Collectivity)+":"+key, s.throttle.limits.DirectoryWindow)
		return err
	})
	if err != nil {
		return entry{}, s.failed(ctx, err, try)
	}
	profile.Login, profile.Address = login, ownAddress(profile.Email, place.Domains)
	account, err := s.people.Admit(ctx, method.Collectivity, profile)
	if err != nil {
		return entry{}, errors.Join(errNotAllowed(err), s.throttle.cancel(context.WithoutCancel(ctx), try))
	}
	return entry{account: account, home: method.Collectivity, kind: LDAP, tries: []attempt{try}, counted: try.subject}, nil
}

// failed keeps an attempt whose password was wrong, and takes back one that
// ended before it was judged. The client may be gone: that changes neither.
func (s *Service) failed(ctx context.Context, err error, tries ...attempt) error {
	ctx = context.WithoutCancel(ctx)
	if errors.Is(err, portal.ErrDenied) && !isProved(err) {
		return errors.Join(err, s.throttle.fail(ctx, tries...))
	}
	return errors.Join(err, s.throttle.cancel(ctx, tries...))
}

// ownAddress is the canonical form of an address of the collectivity's domains,
// "" for any other: of those its directory server says nothing that counts.
func ownAddress(email string, domains []string) string {
	canonical, ok := CanonicalLogin(email)
	if ok && slices.Contains(domains, LoginDomain(canonical)) {
		return canonical
	}
	return ""
}

// begin leads from the login to the page that asks for its proof. Only an
// address leads to an issuer, by its domain: from where another login goes,
// one would read that it has an account.
func (s *Service) begin(w http.ResponseWriter, r *http.Request, typed string, f flow) error {
	login, ok := CanonicalLogin(typed)
	if ok {
		f.Login, f.Typed = login, typed
	}
	place, err := s.people.Locate(r.Context(), login)
	if err != nil {
		return err
	}
	method, err := s.Methods.Of(r.Context(), place.Collectivity.ID)
	if err != nil {
		return err
	}
	page := "/sign-in/password"
	if method.Kind == OIDC && place.ByDomain {
		f.State, f.Nonce, f.Verifier = portal.NewSecret(), portal.NewSecret(), portal.NewSecret()
		page = "/sign-in/issuer"
	}
	if err := s.writeFlow(w, r, f); err != nil {
		return err
	}
	return web.Redirect(w, r, page)
}
