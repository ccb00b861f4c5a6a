package cas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/portal/outgoing"
	"parvis/portal/web"
	"parvis/sso"
)

// newSecret is a text of 256 random bits in [a-z2-7], "PGT-" before it.
func newSecret(kind string) string { return kind + "-" + portal.NewSecret() }

const (
	// maxProxies bounds a chain of applications that act for a person.
	maxProxies = 8
	// maxCallback bounds what an application may answer, in bytes.
	maxCallback = 64 << 10
)

// grant gives an application a proxy-granting ticket by its callback, and
// returns the IOU by which it finds it (CAS 3.0.3 §2.5.4). Only an address where
// the application is registered is called: anything else would make us call
// whatever its author likes.
func (s *Server) grant(ctx context.Context, from ticket, application sso.Application, callback string) (string, error) {
	address, err := sso.ParseAddress(callback)
	if err != nil || !strings.HasPrefix(address.Origin, "https://") {
		return "", errCallback
	}
	if !livesAt(application, address) {
		return "", errNoProxy
	}
	if len(from.proxies) >= maxProxies {
		return "", errNoProxy
	}
	secret, iou := newSecret(grantingTicket), newSecret("PGTIOU")
	granted := granting{
		hash: digestOf(secret), collectivity: from.collectivity, application: from.application,
		account: from.account, session: from.session, proxies: append([]string{address.String()}, from.proxies...),
	}
	// It is written first: the application may use it as soon as it has it.
	if err := s.insert(ctx, granted); err != nil {
		return "", err
	}
	if err := s.call(outgoing.In(ctx, from.collectivity), address.String(), url.Values{"pgtId": {secret}, "pgtIou": {iou}}); err != nil {
		s.Log.Info("cas: proxy callback failed", "collectivity", from.collectivity, "application", from.application, "error", withoutQuery(err))
		return "", errors.Join(errCallback, s.forget(context.WithoutCancel(ctx), granted.hash))
	}
	return iou, nil
}

// livesAt says whether an address is on a host and port of an application.
func livesAt(application sso.Application, address sso.Address) bool {
	for _, one := range application.Addresses {
		if one.Origin == address.Origin {
			return true
		}
	}
	return false
}

// call asks an address with parameters, and wants 200.
func (s *Server) call(ctx context.Context, address string, values url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, outgoing.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, queried(address)+values.Encode(), nil)
	if err != nil {
		return err
	}
	return s.send(request, http.StatusOK)
}

// send sends a request to an application and reads its answer, whose status
// must be wanted; 0 for any below 400.
func (s *Server) send(request *http.Request, wanted int) error {
	request.Header.Set("User-Agent", "Parvis")
	response, err := s.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxCallback+1))
	switch {
	case err != nil:
		return err
	case n > maxCallback:
		return fmt.Errorf("cas: answer of more than %d bytes", maxCallback)
	case wanted != 0 && response.StatusCode != wanted, response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("cas: answered %s", response.Status)
	}
	return nil
}

// withoutQuery is an error of a request without its address, which holds
// secrets.
func withoutQuery(err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}

// proxy gives an application a ticket for another, in the name of the person
// whose proxy-granting ticket it holds (CAS 3.0.3 §2.7).
func (s *Server) proxy(w http.ResponseWriter, r *http.Request) error {
	values := web.Query(r)
	write, err := writerOf(values)
	var secret string
	if err == nil {
		secret, err = s.proxied(r.Context(), values, web.ClientAddr(r))
	}
	if err != nil {
		return write(w, failed("proxyFailure", s.told(err)))
	}
	return write(w, node{name: "proxySuccess", children: []node{{name: "proxyTicket", text: secret}}})
}

// proxied issues the ticket. The other application is one of the same
// collectivity: a ticket never leaves it.
func (s *Server) proxied(ctx context.Context, values url.Values, client string) (secret string, err error) {
	if len(values["pgt"]) != 1 || len(values["targetService"]) != 1 || values.Get("pgt") == "" || values.Get("targetService") == "" {
		return "", errProxyRequest
	}
	granted, signed, err := s.holder(ctx, values.Get("pgt"))
	if errors.Is(err, portal.ErrNotFound) {
		return "", errGranting
	}
	if err != nil {
		return "", err
	}
	service, err := sso.ParseAddress(values.Get("targetService"))
	if err != nil {
		return "", errTarget
	}
	application, err := s.target(ctx, signed, service)
	if err != nil {
		return "", err
	}
	return s.issue(application, service, ticket{kind: proxyTicket, granting: granted.hash, client: client})
}

// holder is whose a proxy-granting ticket is; portal.ErrNotFound when it is none
// of ours, when its session ended, or when the application that got it is gone.
func (s *Server) holder(ctx context.Context, secret string) (granting, sso.Signed, error) {
	granted, err := s.granted(ctx, digestOf(secret))
	if err != nil {
		return granting{}, sso.Signed{}, err
	}
	if _, err := s.Applications.Application(ctx, sso.KindCAS, granted.collectivity, granted.application); err != nil {
		return granting{}, sso.Signed{}, err
	}
	signed, err := s.SSO.Sessions.Of(ctx, granted.account, granted.session, granted.collectivity)
	return granted, signed, err
}

// target is the application of the person's collectivity at an address, which she
// may open with what she proved: nobody can be asked for more here.
func (s *Server) target(ctx context.Context, signed sso.Signed, service sso.Address) (sso.Application, error) {
	caller := signed.Identity.Caller
	applications, err := s.Applications.At(ctx, sso.KindCAS, service)
	if err != nil {
		return sso.Application{}, err
	}
	for _, application := range preferred(caller.Collectivity, applications, service) {
		if application.Collectivity != caller.Collectivity {
			break
		}
		if application.SecondFactor && !signed.SecondIn(application.Collectivity) {
			continue
		}
		if err = s.Applications.Admit(ctx, caller, application); err == nil {
			return application, nil
		}
		if !errors.Is(err, portal.ErrDenied) {
			return sso.Application{}, err
		}
	}
	return sso.Application{}, errTarget
}
