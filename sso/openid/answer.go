package openid

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"parvis/portal"
	"parvis/portal/web"
)

// fault is an error that the protocol knows (RFC 6749 §4.1.2.1 and §5.2, OpenID
// Connect Core §3.1.2.6). Its description is for who writes the client.
type fault struct {
	code, description string
	status            int
}

func (f fault) Error() string { return "openid: " + f.code + ": " + f.description }

func (f fault) Unwrap() error { return portal.ErrInvalid }

// bad is a fault that a client makes.
func bad(code, description string) fault { return fault{code, description, http.StatusBadRequest} }

var (
	errClient = fault{"invalid_client", "unknown client, or wrong secret", http.StatusUnauthorized}
	errGrant  = bad("invalid_grant", "this code or token is not valid, was used, or has ended")
)

// answerJSON writes a JSON answer.
func answerJSON(w http.ResponseWriter, status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text) // who asked may have left
	return nil
}

// answerFault writes a fault as JSON; any other error goes on to the router.
func answerFault(w http.ResponseWriter, err error) error {
	var known fault
	if !errors.As(err, &known) {
		return err
	}
	if known.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Parvis"`)
	}
	return answerJSON(w, known.status, map[string]string{"error": known.code, "error_description": known.description})
}

// answerMissing is the 404 of an issuer that does not exist, for programs.
func answerMissing(w http.ResponseWriter, err error) error {
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	return answerJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
}

// answerTo sends the browser back to the application with parameters (OpenID
// Connect Core §3.1.2.5), by a redirect or, if it asked so, by a form.
func (p *Provider) answerTo(w http.ResponseWriter, r *http.Request, from issuer, redirect, mode string, parameters url.Values) error {
	parameters.Set("iss", from.url) // RFC 9207
	w.Header().Set("Cache-Control", "no-store")
	if mode == modeForm {
		return p.answerByForm(w, r, redirect, parameters)
	}
	address, err := url.Parse(redirect)
	if err != nil {
		return err // it was compared with a registered one
	}
	query := address.Query()
	for name, values := range parameters {
		query[name] = values
	}
	address.RawQuery = query.Encode()
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, address.String(), http.StatusSeeOther)
	return nil
}

// formPage posts an answer to the application: at once with a script, by a
// button without.
type formPage struct {
	web.Page
	Action string
	Fields url.Values
}

func (p *Provider) answerByForm(w http.ResponseWriter, r *http.Request, redirect string, parameters url.Values) error {
	origin, err := originOf(redirect)
	if err != nil {
		return err
	}
	web.AllowFormTo(w, origin)
	page := &formPage{Action: redirect, Fields: parameters}
	page.Title, page.Gate = web.Printer(r).T("openid.form.title"), true
	return p.renderer.Render(w, r, http.StatusOK, "openid/form", page)
}
