package cas

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
	"parvis/sso"
)

// ask is what an application sends a browser with (CAS 3.0.3 §2.1.1).
type ask struct {
	text    string // the service as it was written, "" without
	service sso.Address
	renew   bool // she proves who she is, whatever session there is
	gateway bool // she is asked nothing
	method  string
	mark    string // of when she was sent to prove who she is, see mark
	posted  bool
}

// errUnknown refuses an address of no application: it is told by a page, since a
// redirection there would serve whoever wrote the address (CAS 3.0.3 §2.1.1).
var errUnknown = portal.UserError{Kind: portal.ErrDenied, Key: "cas.error.unknown"}

// readAsk reads the parameters of a sign-in. A parameter that is there twice is
// refused: we and the application could read different ones.
func readAsk(r *http.Request) (ask, error) {
	values, posted := web.Query(r), r.Method == http.MethodPost
	if posted {
		if err := web.ParseForm(r); err != nil {
			return ask{}, err
		}
		for name, typed := range r.PostForm {
			values[name] = append(values[name], typed...)
		}
	}
	return askOf(values, posted)
}

func askOf(values url.Values, posted bool) (a ask, err error) {
	for _, name := range []string{"service", "method", "asked"} {
		if len(values[name]) > 1 {
			return ask{}, errUnknown
		}
	}
	a = ask{
		text: values.Get("service"), renew: values.Has("renew"), gateway: values.Has("gateway"),
		method: strings.ToUpper(values.Get("method")), mark: values.Get("asked"), posted: posted,
	}
	if a.text == "" {
		return a, nil
	}
	if a.service, err = sso.ParseAddress(a.text); err != nil {
		return ask{}, errUnknown
	}
	// A service that brings a ticket of its own would have the application read
	// that one: a session of somebody else's choice.
	if query, err := url.ParseQuery(a.service.Query); err != nil || query.Has("ticket") {
		return ask{}, errUnknown
	}
	return a, nil
}

// mark is the sealed instant at which a person is asked to prove who she is for
// a service: only a proof given after it satisfies renew.
func (s *Server) mark(a ask) string {
	now := binary.BigEndian.AppendUint64(nil, uint64(s.Now().UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(s.Sealer.Seal(aboutMark+a.text, now))
}

const aboutMark = "cas/asked/"

// proofLife is how long a proof serves the ticket that it was given for: an
// address with its mark may stay in a browser's history.
const proofLife = 2 * time.Minute

// isFresh says whether a session was proved since its person was asked to.
func (s *Server) isFresh(a ask, signed sso.Signed) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(a.mark)
	if err != nil || signed.Identity == nil {
		return false
	}
	text, err := s.Sealer.Open(aboutMark+a.text, sealed)
	if err != nil || len(text) != 8 {
		return false
	}
	asked := time.UnixMilli(int64(binary.BigEndian.Uint64(text)))
	return signed.Since.After(asked) && s.Now().Before(signed.Since.Add(proofLife))
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	a, err := readAsk(r)
	if err != nil {
		return s.refuse(w, r, err)
	}
	signed, err := s.SSO.Sessions.Signed(r)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	if a.text == "" {
		return s.loginAlone(w, r, a, signed)
	}
	applications, err := s.Applications.At(r.Context(), sso.KindCAS, a.service)
	if err != nil {
		return err
	}
	if len(applications) == 0 {
		s.Log.Info("cas: service of no application", "origin", a.service.Origin)
		return s.refuse(w, r, errUnknown)
	}
	fresh := s.isFresh(a, signed)
	switch {
	case a.renew && !fresh:
		return s.askProof(w, r, a, signed)
	case signed.Identity == nil && a.gateway:
		return s.answer(w, r, a, "")
	case signed.Identity == nil:
		return s.askProof(w, r, a, signed)
	}
	return s.open(w, r, a, signed, fresh, applications)
}

// loginAlone is a sign-in for no application.
func (s *Server) loginAlone(w http.ResponseWriter, r *http.Request, a ask, signed sso.Signed) error {
	switch {
	case a.renew && signed.Identity != nil:
		return redirect(w, a, "/sign-in?again=1")
	case signed.Identity == nil:
		return redirect(w, a, "/sign-in")
	}
	return redirect(w, a, "/")
}

// open gives a signed-in person the ticket that she came for.
func (s *Server) open(w http.ResponseWriter, r *http.Request, a ask, signed sso.Signed, fresh bool, applications []sso.Application) error {
	caller, application, err := s.choose(r, signed.Identity.Caller, applications, a.service)
	switch {
	case err != nil && a.gateway && errors.Is(err, portal.ErrDenied):
		return s.answer(w, r, a, "")
	case errors.Is(err, portal.ErrDenied):
		return s.refuse(w, r, err)
	case err != nil:
		return err
	}
	if application.SecondFactor && !signed.SecondIn(application.Collectivity) {
		if a.gateway {
			return s.answer(w, r, a, "")
		}
		return s.askSecond(w, r, a)
	}
	secret, err := s.issue(application, a.service, ticket{
		kind: serviceTicket, account: caller.Account, session: signed.Identity.Session, fresh: fresh, client: web.ClientAddr(r),
	})
	if err != nil {
		return err
	}
	return s.answer(w, r, a, secret)
}

// issue is a ticket of an application for an address of it.
func (s *Server) issue(application sso.Application, service sso.Address, t ticket) (string, error) {
	t.collectivity, t.application, t.service = application.Collectivity, application.ID, digestOf(service.String())
	t.ends = s.Now().Add(ticketLife)
	return s.seal(t)
}

// choose finds the agent as whom a person opens an application: that of the
// collectivity that registered it, the one where she is now first. The error is
// of kind portal.ErrDenied when it is not hers to open.
func (s *Server) choose(r *http.Request, now portal.Caller, applications []sso.Application, address sso.Address) (portal.Caller, sso.Application, error) {
	var refusal error
	for _, application := range preferred(now.Collectivity, applications, address) {
		caller, err := s.callerIn(r.Context(), now, application.Collectivity)
		if errors.Is(err, portal.ErrNotFound) {
			continue // none of hers: to her it does not exist
		}
		if err == nil {
			err = s.Applications.Admit(r.Context(), caller, application)
		}
		switch {
		case err == nil:
			return caller, application, nil
		case !errors.Is(err, portal.ErrDenied):
			return portal.Caller{}, sso.Application{}, err
		}
		line := opened(caller, application, web.ClientAddr(r))
		line.At, line.Refused = s.Now(), audit.Barred
		if failure := audit.Write(r.Context(), s.DB, line); failure != nil {
			return portal.Caller{}, sso.Application{}, failure
		}
		if refusal == nil {
			refusal = err
		}
	}
	if refusal == nil {
		refusal = errUnknown
	}
	return portal.Caller{}, sso.Application{}, refusal
}

// preferred sorts the applications that an address belongs to: those of a
// collectivity first, and of each collectivity the one whose own address says
// most.
func preferred(current portal.CollectivityID, applications []sso.Application, address sso.Address) []sso.Application {
	sorted := slices.Clone(applications)
	slices.SortStableFunc(sorted, func(a, b sso.Application) int {
		if here := a.Collectivity == current; here != (b.Collectivity == current) {
			if here {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(string(a.Collectivity), string(b.Collectivity)), cmp.Compare(precision(b, address), precision(a, address)))
	})
	return sorted
}

// precision is the length of the longest path of an application that covers an
// address.
func precision(application sso.Application, address sso.Address) int {
	longest := 0
	for _, one := range application.Addresses {
		if one.Covers(address) {
			longest = max(longest, len(one.Path))
		}
	}
	return longest
}

func (s *Server) callerIn(ctx context.Context, now portal.Caller, collectivity portal.CollectivityID) (portal.Caller, error) {
	if now.Collectivity == collectivity {
		return now, nil
	}
	return s.SSO.CallerIn(ctx, now.Account, collectivity)
}

// back is where a person comes back to with what she was asked for, marked.
func back(a ask, mark string) (next string, err error) {
	values := url.Values{"service": {a.text}}
	if mark != "" {
		values.Set("asked", mark)
	}
	if a.renew {
		values.Set("renew", "true")
	}
	if a.method != "" {
		values.Set("method", a.method)
	}
	next = "/cas/login?" + values.Encode()
	if sso.SafeNext(next) != next {
		return "", portal.UserError{Kind: portal.ErrDenied, Key: "cas.error.long"}
	}
	return next, nil
}

// askSecond sends a signed-in person to give a second factor, and back here. The
// mark that she came with stays: when she proved the first one does not move.
func (s *Server) askSecond(w http.ResponseWriter, r *http.Request, a ask) error {
	next, err := back(a, a.mark)
	if err != nil {
		return s.refuse(w, r, err)
	}
	return s.SSO.StepUp(w, r, next)
}

// askProof sends a person to prove who she is, and back here.
func (s *Server) askProof(w http.ResponseWriter, r *http.Request, a ask, signed sso.Signed) error {
	next, err := back(a, s.mark(a))
	if err != nil {
		return s.refuse(w, r, err)
	}
	to := url.Values{"next": {next}}
	if signed.Identity != nil {
		to.Set("again", "1")
	}
	return redirect(w, a, "/sign-in?"+to.Encode())
}

// formEnd is where a sign-in that goes on to next ends, see sso.FormEnd.
func (s *Server) formEnd(ctx context.Context, next string) (origin string, err error) {
	query, ours := strings.CutPrefix(next, "/cas/login?")
	if !ours {
		return "", nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", nil // that address will be refused
	}
	a, err := askOf(values, false)
	if err != nil || a.text == "" {
		return "", nil // the same
	}
	applications, err := s.Applications.At(ctx, sso.KindCAS, a.service)
	if err != nil || len(applications) == 0 {
		return "", err
	}
	return a.service.Origin, nil
}

// redirect answers with another address: 303 after a form, so that it is not
// sent again with its secrets (CAS 3.0.3 §2.2.4, App. C).
func redirect(w http.ResponseWriter, a ask, to string) error {
	w.Header().Set("Location", to)
	status := http.StatusFound
	if a.posted {
		status = http.StatusSeeOther
	}
	w.WriteHeader(status)
	return nil
}

// postPage carries a ticket to an application in a form.
type postPage struct {
	web.Page
	Service, Ticket string
}

// answer goes back to the application, with a ticket or, "", without.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, a ask, secret string) error {
	switch {
	case secret == "":
		return redirect(w, a, a.text)
	case a.method == http.MethodPost:
		page := &postPage{Service: a.text, Ticket: secret}
		page.Title, page.Gate = web.Printer(r).T("cas.post.title"), true
		web.AllowFormTo(w, a.service.Origin)
		return s.Renderer.Render(w, r, http.StatusOK, "cas/post", page)
	case a.method == "HEADER":
		w.Header().Set("Service", a.text)
		w.Header().Set("Ticket", secret)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	return redirect(w, a, withTicket(a.text, secret))
}

// withTicket adds a ticket to a service, whose own query stays as it is.
func withTicket(service, secret string) string {
	return queried(service) + "ticket=" + secret
}

// queried is an address to which a parameter can be added.
func queried(address string) string {
	switch {
	case !strings.Contains(address, "?"):
		return address + "?"
	case strings.HasSuffix(address, "?"), strings.HasSuffix(address, "&"):
		return address
	}
	return address + "&"
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	return s.SSO.Refuse(w, r, err)
}

// logout ends the session (CAS 3.0.3 §2.3). It goes back to an application that
// is known, and nowhere else; url, of CAS 2.0, leads nowhere.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	a, err := askOf(web.Query(r), false)
	if err == nil && a.text != "" {
		var applications []sso.Application
		if applications, err = s.Applications.At(r.Context(), sso.KindCAS, a.service); err != nil {
			return err
		}
		if len(applications) == 0 {
			a.text = ""
		}
	}
	return s.SSO.SignOut(w, r, func() error {
		if a.text != "" {
			return redirect(w, a, a.text)
		}
		web.SetFlash(w, r, "sso.left")
		return redirect(w, a, "/sign-in")
	})
}
