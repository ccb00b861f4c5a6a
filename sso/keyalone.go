package sso

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// askAnyKey asks for whichever key the browser has for us.
func (s *Service) askAnyKey(w http.ResponseWriter, r *http.Request) error {
	return s.askKey(w, r, keyAlone, keyUser{})
}

// takeKey signs in with a key and nothing else.
func (s *Service) takeKey(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	next := SafeNext(r.PostFormValue("next"))
	var account portal.AccountID
	var who entry
	err := s.fromAddress(r.Context(), web.ClientAddr(r), func() (about []string, err error) {
		account, who, err = s.judgeKey(r, r.PostFormValue("answer"))
		return []string{"account:" + string(account)}, err
	})
	var identity *web.Identity
	if err == nil {
		who.kiosk = r.PostFormValue("kiosk") != ""
		if identity, err = s.aloneAs(r.Context(), who); err == nil {
			err = s.enter(w, r, identity, who)
		}
	}
	if err == nil {
		return web.Redirect(w, r, next)
	}
	if err := errors.Join(err, s.journalKey(r, account, err)); !isSaid(err) {
		return err
	}
	return s.refuse(w, r, err, next)
}

// journalKey writes a key that was refused in the collectivity that its account
// goes to; of an account that is none, in the installation's own journal. What is
// no answer of a key names nobody, and is not kept.
func (s *Service) journalKey(r *http.Request, account portal.AccountID, cause error) error {
	if account == "" {
		return nil
	}
	var in portal.CollectivityID
	if identity, err := s.people.Identity(r.Context(), account, ""); err == nil {
		in = identity.Caller.Collectivity
	}
	return s.journalFactor(r, account, in, audit.SignIn, useKey, cause)
}

// judgeKey checks the answer of a key that is to do alone, and returns who it
// says it is of, also when it is refused.
func (s *Service) judgeKey(r *http.Request, answer string) (account portal.AccountID, who entry, err error) {
	parsed, err := parseKey(answer)
	if err != nil {
		return "", entry{}, err
	}
	const longest = 64 // bytes of a user handle (WebAuthn §5.4.3)
	handle := parsed.Response.UserHandle
	if len(handle) == 0 || len(handle) > longest {
		return "", entry{}, badKey(errors.New("it names nobody"), audit.Unknown)
	}
	account = portal.AccountID(strings.ToValidUTF8(strings.ReplaceAll(string(handle), "\x00", ""), ""))
	tries, err := s.countSecond(r.Context(), account, "")
	if err != nil {
		return account, entry{}, err
	}
	proof, err := s.answerKey(r, keyAlone, account, parsed)
	if err == nil && !proof.verified {
		err = badKey(errors.New("it did not verify its person"), audit.Factor)
	}
	if err != nil {
		return account, entry{}, s.failed(r.Context(), err, tries...)
	}
	return account, entry{account: account, kind: useKey, factors: joined(proof.factors(), "mfa"), detail: useKey, tries: tries}, nil
}

// errAlone is for who has a key, where the collectivity asks for the password too.
var errAlone = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.alone"}

// aloneAs is who a key lets in by itself: of the collectivity that her login leads
// to, if that one allows it.
func (s *Service) aloneAs(ctx context.Context, who entry) (*web.Identity, error) {
	login, err := s.people.LoginOf(ctx, who.account)
	if err != nil {
		return nil, errors.Join(errNotAllowed(err), s.throttle.cancel(context.WithoutCancel(ctx), who.tries...))
	}
	place, err := s.people.Locate(ctx, login)
	if err == nil {
		who.home = place.Collectivity.ID
		var policy Policy
		if policy, err = s.Policies.Of(ctx, place.Collectivity.ID); err == nil && !policy.Alone {
			err = errAlone
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.throttle.cancel(context.WithoutCancel(ctx), who.tries...))
	}
	return s.entering(ctx, who)
}
