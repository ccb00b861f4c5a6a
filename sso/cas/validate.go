package cas

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
	"parvis/sso"
)

// failure is what an application is told instead (CAS 3.0.3 §2.5.3).
type failure struct{ code, description string }

func (f failure) Error() string { return "cas: " + f.code + ": " + f.description }

// The failures. Applications' authors read them, in English as their code.
var (
	errRequest       = failure{"INVALID_REQUEST", "Both service and ticket are required, once each."}
	errFormat        = failure{"INVALID_REQUEST", "The format is XML or JSON."}
	errSpec          = failure{"INVALID_TICKET_SPEC", "A proxy ticket is validated at proxyValidate."}
	errTicket        = failure{"INVALID_TICKET", "The ticket is not known, was used, or is too old."}
	errNotFresh      = failure{"INVALID_TICKET", "The ticket does not come from a sign-in, which renew asks for."}
	errService       = failure{"INVALID_SERVICE", "The ticket was given for another service, and is void now."}
	errNobody        = failure{"INVALID_TICKET", "What names this person to the application is not known."}
	errNoProxy       = failure{"UNAUTHORIZED_SERVICE_PROXY", "The service's callback is at none of its registered addresses."}
	errCallback      = failure{"INVALID_PROXY_CALLBACK", "The callback must be an https address that answers 200, without redirection, with a certificate that is trusted."}
	errTarget        = failure{"UNAUTHORIZED_SERVICE", "The target is no application that this person may open."}
	errGranting      = failure{"INVALID_TICKET", "The proxy-granting ticket is not known, or its session ended."}
	errProxyRequest  = failure{"INVALID_REQUEST", "Both pgt and targetService are required, once each."}
	errInternalError = failure{"INTERNAL_ERROR", "The ticket could not be judged. Send the person to sign in again."}
)

// question is what an application asks about a ticket (CAS 3.0.3 §2.5.1).
type question struct {
	service, ticket string
	callback        string // pgtUrl, "" without
	renew           bool
	proxied         bool // proxy tickets are answered for
	client          string
}

func questionOf(r *http.Request, values url.Values, proxied bool) (question, error) {
	q := question{
		service: values.Get("service"), ticket: values.Get("ticket"), callback: values.Get("pgtUrl"),
		renew: values.Has("renew"), proxied: proxied, client: web.ClientAddr(r),
	}
	for _, name := range []string{"service", "ticket", "pgtUrl"} {
		if len(values[name]) > 1 {
			return q, errRequest
		}
	}
	return q, nil
}

// success is whose a ticket is.
type success struct {
	ticket  ticket
	signed  sso.Signed
	release sso.Release
	iou     string // of the proxy-granting ticket, "" without
}

// validate judges a ticket, once: whatever it finds, the ticket is void then.
// The error is a failure, or the store's.
func (s *Server) validate(ctx context.Context, q question) (success, error) {
	t, err := s.spend(ctx, q)
	if err != nil {
		return success{}, err
	}
	signed, err := s.SSO.Sessions.Of(ctx, t.account, t.session, t.collectivity)
	if errors.Is(err, portal.ErrNotFound) {
		return success{}, errTicket // she signed out meanwhile, or was closed
	}
	if err != nil {
		return success{}, err
	}
	application, err := s.Applications.Application(ctx, sso.KindCAS, t.collectivity, t.application)
	if errors.Is(err, portal.ErrNotFound) {
		return success{}, errService // removed meanwhile
	}
	if err != nil {
		return success{}, err
	}
	answer := success{ticket: t, signed: signed}
	answer.release, err = s.Applications.Release(ctx, signed.Identity.Caller, application)
	if errors.Is(err, portal.ErrDenied) {
		return success{}, errNobody
	}
	if err != nil {
		return success{}, err
	}
	if q.callback != "" {
		if answer.iou, err = s.grant(ctx, t, application, q.callback); err != nil {
			return success{}, err
		}
	}
	return answer, nil
}

// spend burns the ticket of a question, then judges what it was given for.
func (s *Server) spend(ctx context.Context, q question) (ticket, error) {
	if q.ticket == "" {
		return ticket{}, errRequest
	}
	if !isOne(q.ticket, serviceTicket) && !isOne(q.ticket, proxyTicket) {
		return ticket{}, errTicket
	}
	t, err := s.burn(ctx, q.ticket)
	if errors.Is(err, portal.ErrNotFound) {
		return ticket{}, s.missed(ctx, q)
	}
	if err != nil {
		return ticket{}, err
	}
	service, err := sso.ParseAddress(q.service)
	switch {
	case q.service == "":
		return ticket{}, errRequest
	case err != nil || service.String() != t.service:
		s.journalRefusal(ctx, t, audit.WrongService, q.client)
		return ticket{}, errService
	case !s.Now().Before(t.ends):
		return ticket{}, errTicket
	case t.kind == proxyTicket && !q.proxied:
		return ticket{}, errSpec
	case q.renew && !t.fresh:
		return ticket{}, errNotFresh
	}
	return t, nil
}

// missed is the failure of a ticket that can't be burnt. One that was used
// before is worth a line: somebody else holds it.
func (s *Server) missed(ctx context.Context, q question) error {
	t, err := s.replayed(ctx, q.ticket)
	switch {
	case err == nil:
		s.journalRefusal(ctx, t, audit.Replayed, q.client)
	case !errors.Is(err, portal.ErrNotFound):
		return err
	}
	return errTicket
}

// told is the failure that an application is told; what is ours is logged.
func (s *Server) told(err error) failure {
	var known failure
	if errors.As(err, &known) {
		return known
	}
	if !errors.Is(err, context.Canceled) {
		s.Log.Error("cas: validation failed", "error", err)
	}
	return errInternalError
}

// validateXML answers for CAS 2.0 and 3.0 alike, with attributes in both: real
// applications read either.
func (s *Server) validateXML(proxied bool) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		values := web.Query(r)
		write, err := writerOf(values)
		var answer success
		var q question
		if err == nil {
			q, err = questionOf(r, values, proxied)
		}
		if err == nil {
			answer, err = s.validate(r.Context(), q)
		}
		if err != nil {
			return write(w, failed("authenticationFailure", s.told(err)))
		}
		return write(w, succeeded(answer))
	}
}

// validatePlain answers in the two lines of CAS 1.0 (CAS 3.0.3 §2.4.2).
func (s *Server) validatePlain(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	q, err := questionOf(r, web.Query(r), false)
	q.callback = "" // CAS 1.0 knows no proxies
	var answer success
	if err == nil {
		answer, err = s.validate(r.Context(), q)
	}
	text := "no\n"
	if err != nil {
		s.told(err)
	} else {
		text = "yes\n" + oneLine(answer.release.User) + "\n"
	}
	_, err = w.Write([]byte(text))
	return err
}
