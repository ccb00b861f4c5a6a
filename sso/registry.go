package sso

import (
	"context"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/audit"
)

// Registry is what the directory servers say of people without their passwords.
type Registry interface {
	// Preview tells what a canonical login would get.
	Preview(ctx context.Context, method Method, login string) (Found, error)
	// Gone tells which keys are of nobody who may enter any more, and why. An
	// error when the servers don't answer, or show nobody: nothing is known then.
	Gone(ctx context.Context, method Method, keys []string) (map[string]audit.Reason, error)
	// Describe lists the settings of a method, without its secret.
	Describe(method Method) ([]Setting, error)
}

// Setting is one line of a method's settings; Key is of the catalogue.
type Setting struct{ Key, Value string }

// Found is what a directory server knows of a login.
type Found struct {
	Entries    int    // 0, 1, or 2 for several: then the rest is empty
	DN         string // "uid=anne,ou=agents,dc=bourg,dc=example"
	Attributes []EntryAttribute
	Profile    Profile
	Groups     []string     // names of the directory's groups, sorted; the first of many
	GroupCount int          // of all
	Refused    audit.Reason // why the server would not let her in, "" when it would
}

// EntryAttribute is one that the settings name.
type EntryAttribute struct {
	Field string // "given_name"
	Name  string // "givenName"
	Value string // "" when the entry has none
}

// Admission is what the directory would make of a profile.
type Admission struct {
	Known  bool     // there is an agent already
	Groups []string // names of all our groups that she would be in
}

// Preview is what a login would get, had she given the right password.
type Preview struct {
	Login     string
	Found     Found
	Admission Admission
	Refused   audit.Reason // "" when she would enter
	Fault     error        // portal.UserError of what does not work, nil
}

// Enters says whether she would.
func (p Preview) Enters() bool { return p.Refused == "" && p.Fault == nil }

// errOtherLogin is for a login that leads to no method of the caller's.
var (
	errOtherLogin = portal.UserError{Kind: portal.ErrInvalid, Key: "sso.admin.elsewhere"}
	errNoTrial    = portal.UserError{Kind: portal.ErrInvalid, Key: "sso.admin.no-trial"}
)

// Preview tries a login of the caller's collectivity without a password, and
// writes that into the journal. A login that names nobody is not kept.
func (s *Service) Preview(ctx context.Context, caller portal.Caller, typed, address string) (Preview, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Preview{}, fmt.Errorf("sso: try a sign-in: %w", err)
	}
	tried, err := s.preview(ctx, caller.Collectivity, typed)
	var said portal.UserError
	if errors.As(err, &said) {
		tried.Fault, err = said, nil
	}
	if err != nil {
		return Preview{}, fmt.Errorf("sso: try a sign-in: %w", err)
	}
	line := audit.By(caller, audit.SignInTried)
	line.At, line.Refused, line.Address = s.now(), tried.Refused, address
	if tried.Found.Entries == 1 {
		line.Object = tried.Login
	}
	if tried.Fault != nil {
		line.Refused = ReasonOf(tried.Fault)
	}
	return tried, audit.Write(ctx, s.db, line)
}

func (s *Service) preview(ctx context.Context, collectivity portal.CollectivityID, typed string) (Preview, error) {
	login, ok := CanonicalLogin(typed)
	if !ok {
		return Preview{Login: typed}, portal.UserError{Kind: portal.ErrInvalid, Key: "sso.error.login"}
	}
	tried := Preview{Login: login}
	place, err := s.people.Locate(ctx, login)
	if err != nil {
		return tried, err
	}
	if collectivity == "" || place.Collectivity.ID != collectivity {
		return tried, errOtherLogin
	}
	method, err := s.Methods.Of(ctx, collectivity)
	if err != nil {
		return tried, err
	}
	if method.Kind != LDAP || s.registry == nil {
		return tried, errNoTrial
	}
	if tried.Found, err = s.registry.Preview(ctx, method, login); err != nil {
		return tried, err
	}
	switch {
	case tried.Found.Entries == 0:
		tried.Refused = audit.Unknown
		return tried, nil
	case tried.Found.Entries > 1:
		tried.Refused = audit.Ambiguous
		return tried, nil
	}
	profile := tried.Found.Profile
	profile.Login, profile.Address = login, ownAddress(profile.Email, place.Domains)
	tried.Admission, err = s.people.TryAdmit(ctx, collectivity, profile)
	closed := errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrInvalid)
	if err != nil && !closed {
		return tried, err
	}
	waits, waitErr := s.throttle.waits(ctx, string(collectivity)+":"+profile.Key, s.throttle.limits.DirectoryWindow)
	switch {
	case waitErr != nil:
		return tried, waitErr
	case tried.Found.Refused != "":
		tried.Refused = tried.Found.Refused
	case closed:
		tried.Refused = audit.Closed
	case waits:
		tried.Refused = audit.Throttled
	}
	return tried, nil
}
