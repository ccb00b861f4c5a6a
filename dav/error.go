package dav

import (
	"encoding/xml"
	"errors"
	"net/http"

	"parvis/portal"
)

// Error is an answer that is no success: a status and, when the specification names one, the
// precondition that failed (RFC 4918 §16).
type Error struct {
	Status    int
	Condition xml.Name // zero: none
	Href      string   // inside the condition, as no-uid-conflict has it; "" for none
	Privilege xml.Name // that is missing at Href, for need-privileges; zero: not said
	Text      string   // for the client's developer
}

func (e *Error) Error() string {
	if e.Condition.Local != "" {
		return http.StatusText(e.Status) + ": " + e.Condition.Local
	}
	return http.StatusText(e.Status) + ": " + e.Text
}

// Forbidden is a 403 with a precondition.
func Forbidden(condition xml.Name) *Error {
	return &Error{Status: http.StatusForbidden, Condition: condition}
}

// retryAfter is how long a client waits when the store doesn't answer, in seconds.
const retryAfter = "30"

// asError is the one table from an error to an answer. What has no kind is a part of ours that
// fails: the client is asked to come back, as Thunderbird turns a calendar off at the first 4xx
// and others at a 500. known is false for these, which are logged.
func asError(err error) (answer *Error, known bool) {
	switch {
	case errors.As(err, &answer):
		return answer, true
	case errors.Is(err, portal.ErrNotFound):
		return &Error{Status: http.StatusNotFound, Text: "there is nothing here"}, true
	case errors.Is(err, portal.ErrDenied):
		return Forbidden(Name("need-privileges")), true
	case errors.Is(err, portal.ErrConflict):
		return &Error{Status: http.StatusConflict, Text: "the resource is in another state"}, true
	case errors.Is(err, portal.ErrTooLarge):
		return &Error{Status: http.StatusRequestEntityTooLarge, Text: "too large"}, true
	case errors.Is(err, portal.ErrInvalid):
		return &Error{Status: http.StatusForbidden, Text: "what was sent can't be taken as it is"}, true
	default:
		return &Error{Status: http.StatusServiceUnavailable, Text: "try again later"}, errors.Is(err, portal.ErrUnavailable)
	}
}

func writeError(w http.ResponseWriter, e *Error) {
	h := w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Content-Length"} {
		h.Del(name)
	}
	if e.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	if e.Condition.Local == "" {
		http.Error(w, e.Text, e.Status)
		return
	}
	h.Set("Content-Type", "application/xml; charset=utf-8")
	w.WriteHeader(e.Status)
	x := newWriter(w)
	x.out.WriteString(xmlHead + "<D:error" + declareAllSpaces + ">")
	x.Element(e.Condition, func() {
		switch {
		case e.Privilege.Local != "":
			x.Element(Name("resource"), func() {
				x.Href(e.Href)
				x.Element(Name("privilege"), func() { x.Empty(e.Privilege) })
			})
		case e.Href != "":
			x.Href(e.Href)
		}
	})
	if e.Text != "" {
		x.Text(Name("responsedescription"), e.Text)
	}
	x.out.WriteString("</D:error>")
	_ = x.end() // the client is gone: nobody is left to tell
}

const xmlHead = `<?xml version="1.0" encoding="utf-8"?>` + "\n"
