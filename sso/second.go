package sso

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// Ways to give a second factor, as the form names them.
const (
	useApp      = "app"
	useKey      = "key"
	useRecovery = "recovery"
)

// proceed lets a person in who proved one thing, or leads her to prove another
// when she has a second factor or must have one. It returns where she goes.
func (s *Service) proceed(w http.ResponseWriter, r *http.Request, who entry, under flow) (next string, err error) {
	identity, err := s.entering(r.Context(), who)
	if err != nil {
		return "", err
	}
	held, policy, err := s.heldAnd(r.Context(), identity.Caller)
	if err != nil {
		return "", errors.Join(err, s.throttle.cancel(context.WithoutCancel(r.Context()), who.tries...))
	}
	who.factors, who.detail = who.kind.factor(), string(who.kind)
	if !policy.Issuer || identity.Caller.Collectivity != who.home {
		who.vouched = ""
	}
	if !s.mustGive(who, under, held, policy.Binds(identity.Caller, s.now())) {
		who.detail = joined(who.detail, who.vouched)
		return under.Next, s.enter(w, r, identity, who)
	}
	// not forgiven: who knows the password could otherwise try codes for ever
	if err := s.throttle.cancel(r.Context(), who.tries...); err != nil {
		return "", err
	}
	under.Proved = &proved{
		ID: portal.NewID(), Account: who.account, Home: who.home, Into: identity.Caller.Collectivity, Kind: who.kind,
		Factors: who.factors, Vouched: who.vouched, Since: s.now().UnixMilli(), Counted: who.counted, Mark: who.mark, IDToken: who.idToken, Kiosk: who.kiosk,
	}
	return secondPage, s.writeFlow(w, r, under)
}

// mustGive says whether a person who proved one thing gives us a second factor
// before she is let in. One that her issuer asked for spares it, unless she comes
// to prove anew who she is and has one of ours: her factors are changed with that.
func (s *Service) mustGive(who entry, under flow, held Held, bound bool) bool {
	if hasSecond(who.vouched) && !(under.Again && held.Any()) {
		return false
	}
	return held.Any() || bound || under.Second
}

// heldAnd is what a caller has, and what her collectivity asks for, or the
// installation of who operates the pool.
func (s *Service) heldAnd(ctx context.Context, caller portal.Caller) (held Held, policy Policy, err error) {
	if held, err = s.Factors.Of(ctx, caller.Account); err != nil {
		return held, Policy{}, err
	}
	policy.Who = Nobody
	if caller.Collectivity != "" {
		policy, err = s.Policies.Of(ctx, caller.Collectivity)
	}
	if s.bindOperators && caller.Can(portal.OperatePool) {
		policy = Policy{Who: Everyone} // which no issuer of a collectivity satisfies
	}
	return held, policy, err
}

// secondForm asks for a second factor.
type secondForm struct {
	web.Page
	Form   web.Form
	Held   Held
	Use    string // useApp, useKey or useRecovery
	Flow   string
	Login  string
	Raises bool // she is signed in already
	Next   string
}

func (s *Service) showSecond(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Has("next") {
		next := SafeNext(r.URL.Query().Get("next"))
		if web.IdentityOf(r) == nil {
			return web.Redirect(w, r, "/sign-in?second=1&next="+url.QueryEscape(next))
		}
		return s.stepUp(w, r, next)
	}
	return s.whoseTurn(false, func(w http.ResponseWriter, r *http.Request, under flow, held Held) error {
		return s.renderSecond(w, r, http.StatusOK, under, held, r.URL.Query().Get("use"), web.Form{})
	})(w, r)
}

func (s *Service) renderSecond(w http.ResponseWriter, r *http.Request, status int, under flow, held Held, use string, form web.Form) error {
	page := &secondForm{
		Form: form, Held: held, Use: offered(held, use), Flow: under.Proved.ID, Login: under.Typed,
		Raises: under.Proved.Session != "", Next: under.Next,
	}
	page.Title, page.Gate = web.Printer(r).T("sso.second.title"), true
	if err := s.dress(r, &page.Page, under); err != nil {
		return err
	}
	if err := s.allowForms(w, r, under.Next); err != nil {
		return err
	}
	return s.render(w, r, status, "sso/second", page)
}

// dress gives a page of sign-in the colours of where the person goes: she proved
// that she belongs there.
func (s *Service) dress(r *http.Request, page *web.Page, under flow) error {
	identity, err := s.people.Identity(r.Context(), under.Proved.Account, under.Proved.Into)
	if err != nil {
		return errNotAllowed(err)
	}
	page.Wear(identity.Collectivity)
	return nil
}

// offered is the way to ask for first: the one chosen if the person has it.
func offered(held Held, use string) string {
	switch {
	case use == useRecovery && held.Codes > 0:
		return useRecovery
	case use == useKey && len(held.Keys) > 0, !held.HasApp():
		return useKey
	}
	return useApp
}

// second is a second factor that was given.
type second struct {
	factors string // "otp" (RFC 8176)
	detail  string // for the journal, "recovery"
	tries   []attempt
}

func (s *Service) takeSecond(w http.ResponseWriter, r *http.Request, under flow, held Held) error {
	use := useOf(r)
	given, err := s.judgeSecond(r, *under.Proved, use)
	if err == nil {
		err = s.letIn(w, r, under, given)
	}
	if err == nil {
		if use == useRecovery {
			tellCodesLeft(w, r, held.Codes-1)
		}
		return web.Redirect(w, r, under.Next)
	}
	if err := errors.Join(err, s.journalSecond(r, *under.Proved, use, err)); !isSaid(err) {
		return err
	}
	return s.refuseSecond(w, r, under, held, use, err)
}

func tellCodesLeft(w http.ResponseWriter, r *http.Request, left int) {
	if left == 0 {
		web.SetFlash(w, r, "sso.second.last")
		return
	}
	web.SetFlash(w, r, "sso.second.left", "count", strconv.Itoa(left))
}

// useOf is the way of a form, and nothing else: the journal tells it.
func useOf(r *http.Request) string {
	if typed := r.PostFormValue("use"); typed == useKey || typed == useRecovery {
		return typed
	}
	return useApp
}

func isSaid(err error) bool {
	var said portal.UserError
	return errors.As(err, &said)
}

// journalSecond writes a second factor that was refused, at a sign-in or above
// one.
func (s *Service) journalSecond(r *http.Request, of proved, use string, cause error) error {
	action := audit.SignIn
	if of.Session != "" {
		action = audit.StepUp
	}
	return s.journalFactor(r, of.Account, of.Into, action, use, cause)
}

// refuseSecond shows the form again with what happened.
func (s *Service) refuseSecond(w http.ResponseWriter, r *http.Request, under flow, held Held, use string, err error) error {
	var said portal.UserError
	errors.As(err, &said)
	status := http.StatusUnprocessableEntity
	switch {
	case said.Key == waitKey:
		status = http.StatusTooManyRequests
	case said.Key == errBusy.Key:
		status = http.StatusServiceUnavailable
	case said.Key == "sso.error.expired" || said.Key == "sso.error.closed":
		return s.refuse(w, r, err, under.Next)
	}
	s.log.Info("second factor refused", "request", web.RequestID(r), "error", err)
	said.Kind, said.Field = portal.ErrDenied, "code"
	if offered(held, use) == useKey {
		said.Field = ""
	}
	form, _ := web.FormErrors(r, said)
	return s.renderSecond(w, r, status, under, held, use, form)
}

// judgeSecond checks a second factor. It counts with the passwords of the same
// person, whichever name or way she used, and is not looked at when there were
// too many.
func (s *Service) judgeSecond(r *http.Request, of proved, use string) (given second, err error) {
	err = s.fromAddress(r.Context(), web.ClientAddr(r), func() (about []string, err error) {
		about = []string{"account:" + string(of.Account)}
		if given.tries, err = s.countSecond(r.Context(), of.Account, of.Counted); err != nil {
			return about, err
		}
		given.factors, given.detail, err = s.checkSecond(r, of.Account, use)
		if err != nil {
			return about, s.failed(r.Context(), err, given.tries...)
		}
		return about, nil
	})
	return given, err
}

// countSecond counts an attempt on a person by her account, and by what the
// server that checks her password knows her as.
func (s *Service) countSecond(ctx context.Context, account portal.AccountID, counted string) ([]attempt, error) {
	own, err := s.throttle.account(ctx, "account:"+string(account), s.throttle.limits.Window)
	if err != nil || counted == "" {
		return []attempt{own}, err
	}
	there, err := s.throttle.begin(ctx, counted, s.throttle.limits.DirectoryWindow)
	if err != nil {
		return nil, errors.Join(err, s.throttle.cancel(context.WithoutCancel(ctx), own))
	}
	return []attempt{own, there}, nil
}

func (s *Service) checkSecond(r *http.Request, account portal.AccountID, use string) (factors, detail string, err error) {
	switch use {
	case useKey:
		parsed, err := parseKey(r.PostFormValue("answer"))
		if err != nil {
			return "", "", err
		}
		proof, err := s.answerKey(r, keySecond, account, parsed)
		return proof.factors(), useKey, err
	case useRecovery:
		return "otp", useRecovery, s.Factors.acceptRecovery(r.Context(), account, r.PostFormValue("code"))
	}
	return "otp", "otp", s.Factors.acceptCode(r.Context(), account, r.PostFormValue("code"))
}

// letIn ends a sign-in under way with its second factor: the session opens, or is
// raised.
func (s *Service) letIn(w http.ResponseWriter, r *http.Request, under flow, given second) error {
	of := *under.Proved
	if of.Session != "" {
		return s.raise(w, r, of, given)
	}
	who := entry{
		account: of.Account, home: of.Home, kind: of.Kind, factors: joined(of.Factors, given.factors), vouched: of.Vouched,
		detail: joined(string(of.Kind), given.detail), since: time.UnixMilli(of.Since), once: "flow:" + of.ID,
		tries: given.tries, counted: of.Counted, mark: of.Mark, idToken: of.IDToken, kiosk: of.Kiosk,
	}
	identity, err := s.entering(r.Context(), who)
	if err != nil {
		return err
	}
	return s.enter(w, r, identity, who)
}

// joined puts references side by side, each once.
func joined(factors, more string) string {
	all := strings.Fields(factors)
	for _, one := range strings.Fields(more) {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return strings.Join(all, " ")
}

// askSecondKey asks for one of the keys of the person whose sign-in is under
// way, or for a first one.
func (s *Service) askSecondKey(w http.ResponseWriter, r *http.Request) error {
	under, held, ok, err := s.secondOf(r)
	if err != nil {
		return err
	}
	if !ok || held.Any() && len(held.Keys) == 0 {
		return portal.ErrNotFound
	}
	identity, err := s.people.Identity(r.Context(), under.Proved.Account, under.Proved.Into)
	if err != nil {
		return errNotAllowed(err)
	}
	user, err := s.keyUserOf(r.Context(), under.Proved.Account, identity.PersonName)
	if err != nil {
		return err
	}
	if held.Any() {
		return s.askKey(w, r, keySecond, user)
	}
	if under.Proved.Kiosk {
		return portal.ErrNotFound // nothing is kept there
	}
	return s.askKey(w, r, keyNew, user)
}
