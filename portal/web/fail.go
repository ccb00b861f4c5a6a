package web

import (
	"context"
	"errors"
	"net/http"

	"parvis/portal"
)

var errWrongMethod = errors.New("method not allowed")

// StatusOf is the one table from an error's kind to an HTTP status.
func StatusOf(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, portal.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, portal.ErrDenied):
		return http.StatusForbidden
	case errors.Is(err, portal.ErrTooLarge), errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, portal.ErrConflict):
		return http.StatusConflict
	case errors.Is(err, portal.ErrInvalid):
		return http.StatusUnprocessableEntity
	case errors.Is(err, portal.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	case errors.Is(err, errWrongMethod):
		return http.StatusMethodNotAllowed
	}
	return http.StatusInternalServerError
}

// sentenceKeys are what a person reads when the error brings no sentence.
var sentenceKeys = map[int]string{
	http.StatusNotFound:              "web.error.notfound",
	http.StatusForbidden:             "web.error.denied",
	http.StatusRequestEntityTooLarge: "web.error.toolarge",
	http.StatusConflict:              "web.error.conflict",
	http.StatusUnprocessableEntity:   "web.error.invalid",
	http.StatusServiceUnavailable:    "web.error.unavailable",
	http.StatusMethodNotAllowed:      "web.error.notfound",
	http.StatusInternalServerError:   "web.error.internal",
}

// fail answers for a handler's error, and logs it once when it is ours.
func (rt *Router) fail(w *recorder, r *http.Request, err error) {
	if errors.Is(r.Context().Err(), context.Canceled) {
		return // the client left; nobody reads the answer
	}
	if status := StatusOf(err); status >= http.StatusInternalServerError && !errors.Is(err, errPanicked) {
		rt.config.Log.Error("request failed", "request", rt.requestID(requestOf(r)),
			"method", r.Method, "route", requestOf(r).route, "status", status, "error", err)
	}
	if w.code != 0 {
		return // half an answer is out already
	}
	rt.failAs(w, r, err)
}

// errorPage is the page of a refusal: what is, and what can be done.
type errorPage struct {
	Page
	Sentence  string
	RequestID string
	Retry     bool
}

func (rt *Router) failAs(w http.ResponseWriter, r *http.Request, err error) {
	status := StatusOf(err)
	about := requestOf(r)
	sentence := Sentence(r, err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	if rt.config.Renderer == nil || r.Header.Get("Sec-Fetch-Dest") == "empty" {
		http.Error(w, sentence, status)
		return
	}
	page := &errorPage{Sentence: sentence, RequestID: about.id, Retry: status >= http.StatusInternalServerError}
	page.Title = about.printer.T("web.error.title")
	if rendered := rt.config.Renderer.Render(w, r, status, "web/error", page); rendered != nil {
		rt.config.Log.Error("error page failed", "request", rt.requestID(about), "error", rendered)
		http.Error(w, sentence, status)
	}
}

// Sentence is what the person reads about an error, in her language.
func Sentence(r *http.Request, err error) string {
	printer := Printer(r)
	var fields portal.FieldErrors
	if errors.As(err, &fields) && len(fields) > 0 {
		err = fields[0]
	}
	var refusal portal.UserError
	if errors.As(err, &refusal) && refusal.Key != "" {
		return printer.T(refusal.Key, refusal.Args...)
	}
	return printer.T(sentenceKeys[StatusOf(err)])
}
