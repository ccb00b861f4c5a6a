package sso

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// secondPage is where a second factor is asked for, by the sign-in under way in
// this browser.
const secondPage = "/sign-in/second"

// Ways to give a second factor, as the form names them.
const (
	useApp      = "app"
	useKey      = "key"
	useRecovery = "recovery"
)

// StepUp leads a signed-in person to give a second factor, or to make one, and
// then to a page of ours: what an application's protocol answers when
// Application.SecondFactor asks for more than Signed.Second.
func (s *Service) StepUp(w http.ResponseWriter, r *http.Request, next string) error {
	return web.Redirect(w, r, secondPage+"?next="+url.QueryEscape(SafeNext(next)))
}

// proceed lets a person in who proved one thing, or leads her to prove another
// when she has a second factor or must have one. It returns where she goes.
func (s *Service) proceed(w http.ResponseWriter, r *http.Request, who entry, under flow) (next string, err error) {
	identity, err := s.entering(r.Context(), who)
	if err != nil {
		return "", err
	}
	held, must, err := s.heldAnd(r.Context(), identity.Caller)
	if err != nil {
		return "", errors.Join(err, s.throttle.cancel(context.WithoutCancel(r.Context()), who.tries...))
	}
	who.factors, who.detail = who.kind.factor(), string(who.kind)
	if !held.Any() && !must && !under.Second {
		return under.Next, s.enter(w, r, identity, who)
	}
	// not forgiven: who knows the password could otherwise try codes for ever
	if err := s.throttle.cancel(r.Context(), who.tries...); err != nil {
		return "", err
	}
	under.Proved = &proved{
		ID: portal.NewID(), Account: who.account, Home: who.home, Into: identity.Caller.Collectivity, Kind: who.kind,
		Factors: who.factors, Since: s.now().UnixMilli(), Counted: who.counted, IDToken: who.idToken, Kiosk: who.kiosk,
	}
	return secondPage, s.writeFlow(w, r, under)
}

// heldAnd is what a caller has, and whether her collectivity asks for it.
func (s *Service) heldAnd(ctx context.Context, caller portal.Caller) (held Held, must bool, err error) {
	if held, err = s.Factors.Of(ctx, caller.Account); err != nil {
		return held, false, err
	}
	if caller.Collectivity == "" {
		return held, false, nil // who operates the pool decides for herself
	}
	policy, err := s.Policies.Of(ctx, caller.Collectivity)
	return held, policy.Binds(caller, s.now()), err
}

// leadToSecond leads a signed-in person who goes into a collectivity that asks
// for a second factor to give it first; not led when there is no need.
func (s *Service) leadToSecond(w http.ResponseWriter, r *http.Request, into portal.CollectivityID) (led bool, err error) {
	signed, err := s.Sessions.Signed(r)
	if err != nil || signed.Second() {
		return false, err
	}
	there, err := s.people.Identity(r.Context(), signed.Identity.Caller.Account, into)
	if err != nil {
		return false, err
	}
	held, must, err := s.heldAnd(r.Context(), there.Caller)
	if err != nil || !must {
		return false, err
	}
	return true, s.raiseFrom(w, r, signed, held, into, home)
}

// raiseFrom begins to raise the session of a request.
func (s *Service) raiseFrom(w http.ResponseWriter, r *http.Request, signed Signed, held Held, into portal.CollectivityID, next string) error {
	if !held.Any() && s.now().Sub(signed.Since) > freshFor {
		return web.Redirect(w, r, "/sign-in?again=1&second=1&next="+url.QueryEscape(next))
	}
	caller := signed.Identity.Caller
	login, err := s.people.LoginOf(r.Context(), caller.Account)
	if err != nil {
		return err
	}
	err = s.writeFlow(w, r, flow{Login: login, Typed: login, Next: next, Proved: &proved{
		ID: portal.NewID(), Account: caller.Account, Into: into, Factors: signed.Factors, Since: signed.Since.UnixMilli(),
		Counted: signed.counted, Kiosk: signed.Kiosk, Session: signed.Identity.Session,
	}})
	if err != nil {
		return err
	}
	return web.Redirect(w, r, secondPage)
}

// stepUp begins to raise the session of who followed StepUp.
func (s *Service) stepUp(w http.ResponseWriter, r *http.Request, next string) error {
	signed, err := s.Sessions.Signed(r)
	if err != nil {
		return err
	}
	if signed.Second() {
		return web.Redirect(w, r, next)
	}
	held, err := s.Factors.Of(r.Context(), signed.Identity.Caller.Account)
	if err != nil {
		return err
	}
	return s.raiseFrom(w, r, signed, held, signed.Identity.Caller.Collectivity, next)
}

// secondOf returns the sign-in under way in this browser that waits for a second
// factor, and what its person has. One that raises a session is only that
// session's.
func (s *Service) secondOf(r *http.Request) (under flow, held Held, ok bool, err error) {
	under, ok = s.readFlow(r)
	if !ok || under.Proved == nil {
		return flow{}, Held{}, false, nil
	}
	if under.Proved.Session != "" {
		identity := web.IdentityOf(r)
		if identity == nil || identity.Session != under.Proved.Session || identity.Caller.Account != under.Proved.Account {
			return flow{}, Held{}, false, nil
		}
	}
	held, err = s.Factors.Of(r.Context(), under.Proved.Account)
	return under, held, true, err
}

// notUnderWay answers who comes to a step that is not, or no more: in another tab
// she may have ended it.
func (s *Service) notUnderWay(w http.ResponseWriter, r *http.Request) error {
	if web.IdentityOf(r) != nil {
		return web.Redirect(w, r, home)
	}
	if r.Method == http.MethodPost {
		return s.refuse(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}, home)
	}
	return web.Redirect(w, r, "/sign-in")
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
	under, held, ok, err := s.secondOf(r)
	switch {
	case err != nil:
		return err
	case !ok:
		return s.notUnderWay(w, r)
	case !held.Any():
		return web.Redirect(w, r, secondPage+"/new")
	}
	return s.renderSecond(w, r, http.StatusOK, under, held, r.URL.Query().Get("use"), web.Form{})
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
	return s.render(w, r, status, "sso/second", page)
}

// dress gives a page of sign-in the colours of where the person goes: she proved
// that she belongs there.
func (s *Service) dress(r *http.Request, page *web.Page, under flow) error {
	identity, err := s.people.Identity(r.Context(), under.Proved.Account, under.Proved.Into)
	if err != nil {
		return errNotAllowed(err)
	}
	page.CollectivityName, page.CollectivityLongName = identity.Collectivity.Name, identity.Collectivity.LongName
	page.CollectivityPhone, page.ThemeURL = identity.Collectivity.Phone, identity.Collectivity.ThemeURL
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

func (s *Service) takeSecond(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	under, held, ok, err := s.secondOf(r)
	switch {
	case err != nil:
		return err
	case !ok:
		return s.notUnderWay(w, r)
	case under.Proved.ID != r.PostFormValue("flow"), !held.Any():
		return web.Redirect(w, r, secondPage) // another tab began anew: look whose turn it is
	}
	use := useApp
	if typed := r.PostFormValue("use"); typed == useKey || typed == useRecovery {
		use = typed // and nothing else: the journal tells it
	}
	given, err := s.judgeSecond(r, *under.Proved, use)
	if err == nil {
		err = s.letIn(w, r, under, given)
	}
	if err == nil {
		if use == useRecovery {
			web.SetFlash(w, r, "sso.second.left", "count", strconv.Itoa(held.Codes-1))
		}
		return web.Redirect(w, r, under.Next)
	}
	if err := errors.Join(err, s.journalSecond(r, *under.Proved, use, err)); !isSaid(err) {
		return err
	}
	return s.refuseSecond(w, r, under, held, use, err)
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
	err = s.fromAddress(web.ClientAddr(r), func() error {
		if given.tries, err = s.countSecond(r.Context(), of.Account, of.Counted); err != nil {
			return err
		}
		given.factors, given.detail, err = s.checkSecond(r, of.Account, use)
		if err != nil {
			return s.failed(r.Context(), err, given.tries...)
		}
		return nil
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
		account: of.Account, home: of.Home, kind: of.Kind, factors: joined(of.Factors, given.factors),
		detail: joined(string(of.Kind), given.detail), since: time.UnixMilli(of.Since), once: "flow:" + of.ID,
		tries: given.tries, counted: of.Counted, idToken: of.IDToken, kiosk: of.Kiosk,
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

// raise gives the session of a request what its person proved beside, and a new
// secret: whoever knew the old one is out.
func (s *Service) raise(w http.ResponseWriter, r *http.Request, of proved, given second) error {
	hash, ok := hashOf(r)
	there, err := s.people.Identity(r.Context(), of.Account, of.Into)
	if err == nil && !ok {
		err = portal.ErrNotFound // signed out in another tab
	}
	if err != nil {
		return errors.Join(errNotAllowed(err), s.throttle.cancel(context.WithoutCancel(r.Context()), given.tries...))
	}
	if err := s.throttle.forgive(r.Context(), given.tries...); err != nil {
		return err
	}
	line := audit.By(there.Caller, audit.StepUp)
	line.At, line.Detail, line.Address = s.now(), given.detail, web.ClientAddr(r)
	var secret string
	err = s.db.Tx(r.Context(), func(tx *database.Tx) error {
		if err := s.spend(r.Context(), tx, "flow:"+of.ID); err != nil {
			return err
		}
		if secret, err = s.Sessions.raise(r.Context(), tx, hash, of.Account, joined(of.Factors, given.factors), of.Into); err != nil {
			return err
		}
		return audit.Write(r.Context(), tx, line)
	})
	s.Sessions.drop(hash)
	if err != nil {
		return err
	}
	clearCookie(w, r, flowCookie)
	clearCookie(w, r, keyCookie)
	setCookie(w, r, sessionCookie, secret, 0)
	return nil
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
	err := s.fromAddress(web.ClientAddr(r), func() (err error) {
		account, who, err = s.judgeKey(r, r.PostFormValue("answer"))
		return err
	})
	var identity *web.Identity
	if err == nil {
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

// pendingLife is how long a person may take to add an application.
const pendingLife = 15 * time.Minute

// pendingApp is the secret of an application about to be added. It travels
// sealed in the form, so that two tabs don't meet and nothing waits in the store.
type pendingApp struct {
	Secret  []byte `json:"s"`
	Expires int64  `json:"e"` // ms since the epoch
}

func aboutPending(account portal.AccountID) string { return "sso/otp/new/" + string(account) }

// newApp is what the page shows of an application about to be added.
type newApp struct {
	Sealed  string // pendingApp
	Text    string // the secret, "ABCD EFGH …"
	Picture picture
}

// offerApp returns what the page shows of a secret, a new one for nil.
func (s *Service) offerApp(account portal.AccountID, login string, secret []byte) (newApp, error) {
	if secret == nil {
		secret = newOTPSecret()
	}
	text, err := json.Marshal(pendingApp{secret, s.now().Add(pendingLife).UnixMilli()})
	if err != nil {
		return newApp{}, err
	}
	drawn, err := newPicture(otpAddress(secret, "Parvis", login))
	if err != nil {
		return newApp{}, err
	}
	sealed := base64.RawURLEncoding.EncodeToString(s.sealer.Seal(aboutPending(account), text))
	return newApp{sealed, otpText(secret), drawn}, nil
}

// readPending opens what offerApp sealed; nil when it is not of this account, or
// too old.
func (s *Service) readPending(account portal.AccountID, sealed string) []byte {
	octets, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil
	}
	text, err := s.sealer.Open(aboutPending(account), octets)
	var pending pendingApp
	if err != nil || json.Unmarshal(text, &pending) != nil || s.now().UnixMilli() > pending.Expires {
		return nil
	}
	return pending.Secret
}

// firstForm asks for a first factor at a sign-in.
type firstForm struct {
	web.Page
	Form  web.Form
	Flow  string
	App   newApp
	Keys  bool // she may make a key here
	Asked bool // by an application, not by the collectivity
}

func (s *Service) showFirstFactor(w http.ResponseWriter, r *http.Request) error {
	under, held, ok, err := s.secondOf(r)
	switch {
	case err != nil:
		return err
	case !ok:
		return s.notUnderWay(w, r)
	case held.Any():
		return web.Redirect(w, r, secondPage)
	}
	return s.renderFirst(w, r, http.StatusOK, under, nil, web.Form{})
}

func (s *Service) renderFirst(w http.ResponseWriter, r *http.Request, status int, under flow, secret []byte, form web.Form) (err error) {
	page := &firstForm{Form: form, Flow: under.Proved.ID, Keys: !under.Proved.Kiosk && takesKeys(web.BaseURL(r)), Asked: under.Second || under.Proved.Session != ""}
	login, err := s.people.LoginOf(r.Context(), under.Proved.Account)
	if err != nil {
		return err
	}
	if page.App, err = s.offerApp(under.Proved.Account, login, secret); err != nil {
		return err
	}
	page.Title, page.Gate = web.Printer(r).T("sso.first.title"), true
	if err := s.dress(r, &page.Page, under); err != nil {
		return err
	}
	return s.render(w, r, status, "sso/first", page)
}

// takeFirstFactor adds a first factor, which also ends the sign-in. Who has one
// must give it: a password alone adds none beside.
func (s *Service) takeFirstFactor(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	under, held, ok, err := s.secondOf(r)
	switch {
	case err != nil:
		return err
	case !ok:
		return s.notUnderWay(w, r)
	case held.Any(), under.Proved.ID != r.PostFormValue("flow"):
		return web.Redirect(w, r, secondPage)
	}
	there, err := s.people.Identity(r.Context(), under.Proved.Account, under.Proved.Into)
	if err != nil {
		return s.refuse(w, r, errNotAllowed(err), under.Next)
	}
	made, secret, err := s.addFirst(r, there.Caller, under.Proved.Kiosk)
	if err == nil {
		err = s.letIn(w, r, under, made.second)
	}
	if err == nil {
		return s.renderCodes(w, r, http.StatusCreated, made.codes, under.Next, true)
	}
	if form, refused := web.FormErrors(r, err); refused {
		return s.renderFirst(w, r, http.StatusUnprocessableEntity, under, secret, form)
	}
	return err
}

// made is a factor just added.
type made struct {
	second
	codes []string // to be shown once, none but with the first factor
}

// addFirst adds the factor of a form. It returns the secret of an application
// whose code was wrong, to show the same one again.
func (s *Service) addFirst(r *http.Request, caller portal.Caller, kiosk bool) (made, []byte, error) {
	what := addition{first: true, address: web.ClientAddr(r)}
	if r.PostFormValue("use") == useKey && !kiosk {
		done, err := s.addKeyOf(r, caller, web.Printer(r).T("sso.key.first"), what)
		return done, nil, err
	}
	return s.addAppOf(r, caller, what)
}

// addAppOf adds the application of a form, whose code shows that it works.
func (s *Service) addAppOf(r *http.Request, caller portal.Caller, what addition) (made, []byte, error) {
	secret := s.readPending(caller.Account, r.PostFormValue("pending"))
	if secret == nil {
		return made{}, nil, portal.FieldErrors{portal.Invalid("code", "sso.error.pending")}
	}
	step, ok := otpMatch(secret, r.PostFormValue("code"), s.now())
	if !ok {
		return made{}, secret, portal.FieldErrors{portal.Invalid("code", "sso.error.first-code")}
	}
	codes, err := s.Factors.addApp(r.Context(), caller, secret, step, what)
	return made{second{factors: "otp", detail: "otp"}, codes}, secret, err
}

// addKeyOf adds the key of a form.
func (s *Service) addKeyOf(r *http.Request, caller portal.Caller, name string, what addition) (made, error) {
	session, err := s.askedOf(r, keyNew, caller.Account)
	if err != nil {
		return made{}, err
	}
	user, err := s.keyUserOf(r.Context(), caller.Account, "")
	if err != nil {
		return made{}, err
	}
	credential, err := readNewKey(web.BaseURL(r), user, session, r.PostFormValue("answer"))
	if err != nil {
		return made{}, err
	}
	if err := checkKeyName(name); err != nil {
		return made{}, err // before the question is spent, so that she may correct it
	}
	if err := s.spend(r.Context(), s.db, "key:"+session.Challenge); err != nil {
		return made{}, err
	}
	codes, err := s.Factors.addKey(r.Context(), caller, name, credential, what)
	return made{second{factors: keyProof{credential: credential}.factors(), detail: useKey}, codes}, err
}
