package cas

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
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

// success is whose a ticket is, and where it opens.
type success struct {
	ticket      ticket
	signed      sso.Signed
	application sso.Application
	service     sso.Address // that it was given for, once it was compared
	release     sso.Release
	iou         string // of the proxy-granting ticket, "" without
}

// validate judges a ticket, once: whatever it finds, the ticket is void then.
// The error is a failure, or the store's.
func (s *Server) validate(ctx context.Context, q question) (success, error) {
	if q.ticket == "" {
		return success{}, errRequest
	}
	t, err := s.shown(ctx, q.ticket)
	if errors.Is(err, portal.ErrNotFound) {
		return success{}, errTicket
	}
	if err != nil {
		return success{}, err
	}
	if !s.Now().Before(t.ends) {
		return success{}, s.replayed(ctx, t, q)
	}
	answer, reason, verdict := s.judge(ctx, t, q)
	err = s.spend(ctx, answer, q, reason, verdict)
	if errors.Is(err, portal.ErrNotFound) {
		return success{}, s.replayed(ctx, t, q)
	}
	if err = cmp.Or(verdict, err); err != nil {
		return success{}, err
	}
	if q.callback != "" {
		answer.iou, err = s.grant(ctx, t, answer.application, q.callback)
	}
	return answer, err
}

// judge says whose a ticket is, or why it opens nothing; the reason is one that
// honest applications don't give, for the journal, "" for the others.
func (s *Server) judge(ctx context.Context, t ticket, q question) (answer success, reason audit.Reason, err error) {
	answer.ticket = t
	answer.application, err = s.Applications.Application(ctx, sso.KindCAS, t.collectivity, t.application)
	if errors.Is(err, portal.ErrNotFound) {
		return answer, "", errService // removed meanwhile
	}
	if err != nil {
		return answer, "", err
	}
	answer.service, err = sso.ParseAddress(q.service)
	switch {
	case q.service == "":
		return answer, "", errRequest
	case err != nil || digestOf(answer.service.String()) != t.service:
		return answer, audit.WrongService, errService
	case t.kind == proxyTicket && !q.proxied:
		return answer, "", errSpec
	case q.renew && !t.fresh:
		return answer, "", errNotFresh
	}
	answer.signed, err = s.SSO.Sessions.Of(ctx, t.account, t.session, t.collectivity)
	if errors.Is(err, portal.ErrNotFound) {
		return answer, "", errTicket // she signed out meanwhile, or was closed
	}
	if err != nil {
		return answer, "", err
	}
	answer.release, err = s.Applications.Release(ctx, answer.signed.Identity.Caller, answer.application)
	if errors.Is(err, portal.ErrDenied) {
		return answer, "", errNobody
	}
	return answer, "", err
}

// spend marks a ticket as judged; portal.ErrNotFound when it was before. What the
// session remembers of it and the journal's line are there if and only if it is.
func (s *Server) spend(ctx context.Context, answer success, q question, reason audit.Reason, verdict error) error {
	t := answer.ticket
	var line audit.Line
	switch {
	case verdict == nil:
		line = opened(answer.signed.Identity.Caller, answer.application, t.client)
		line.At = s.Now()
	case reason != "":
		line = s.refusal(ctx, t, reason, q.client)
	}
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		if err := burn(ctx, tx, t); err != nil {
			return err
		}
		if verdict == nil {
			err := s.SSO.Participants.Join(ctx, tx, sso.Participant{
				Collectivity: t.collectivity, Session: t.session, Account: t.account, Application: t.application,
				Protocol: protocol, Reference: s.sealReference(t.collectivity, q.ticket), Address: answer.service.String(),
			})
			if err != nil {
				return err
			}
		}
		if line.Action == "" {
			return nil
		}
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("cas: spend ticket: %w", err)
	}
	return nil
}

// opened is the journal's line about an application that a person opens.
func opened(caller portal.Caller, application sso.Application, client string) audit.Line {
	line := audit.By(caller, audit.ApplicationOpened)
	line.Object, line.ObjectID, line.Detail, line.Address = application.Name, application.ID, protocol, client
	return line
}

// refusal is the journal's line about a ticket that was refused for a reason
// that honest applications don't give.
func (s *Server) refusal(ctx context.Context, t ticket, reason audit.Reason, client string) audit.Line {
	line := audit.Line{
		At: s.Now(), Collectivity: t.collectivity, Account: t.account, Action: audit.TicketRefused, Refused: reason,
		Object: t.application, ObjectID: t.application, Detail: protocol, Address: client,
	}
	if application, err := s.Applications.Application(ctx, sso.KindCAS, t.collectivity, t.application); err == nil {
		line.Object = application.Name
	}
	if caller, err := s.SSO.CallerIn(ctx, t.account, t.collectivity); err == nil {
		line.Agent = caller.Agent
	}
	return line
}

// replayed is the failure of a ticket that is too late. One that was judged
// before is worth a line: somebody else holds it.
func (s *Server) replayed(ctx context.Context, t ticket, q question) error {
	err := s.shownAgain(ctx, t)
	if err == nil {
		err = audit.Write(context.WithoutCancel(ctx), s.DB, s.refusal(ctx, t, audit.Replayed, q.client))
	}
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
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
