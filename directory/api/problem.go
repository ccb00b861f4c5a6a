package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// problem is what a program reads of an error (RFC 9457): a sentence for its
// person, and the field for itself.
func (s *Service) problem(printer *i18n.Printer, status int, err error) *huma.ErrorModel {
	told := &huma.ErrorModel{Status: status, Title: http.StatusText(status)}
	var fields portal.FieldErrors
	var one portal.UserError
	switch {
	case errors.As(err, &fields):
		for _, field := range fields {
			told.Errors = append(told.Errors, &huma.ErrorDetail{Location: "body." + field.Field, Message: printer.T(field.Key, field.Args...)})
		}
		told.Detail = printer.N("api.error.fields", len(fields))
	case errors.As(err, &one):
		told.Detail = printer.T(one.Key, one.Args...)
	case errors.Is(err, portal.ErrConflict):
		told.Detail = printer.T("api.error.conflict")
	case status == http.StatusInternalServerError:
		s.Log.Error("api: request failed", "error", err)
		told.Detail = printer.T("api.error.ours")
	default:
		told.Detail = printer.T(sentences[status])
	}
	return told
}

// errMatch is for who changes another version than she read.
var errMatch = errors.New("api: another version")

func statusOf(err error) int {
	if errors.Is(err, errMatch) {
		return http.StatusPreconditionFailed
	}
	return web.StatusOf(err)
}

// sentences are for errors that bring none.
var sentences = map[int]string{
	http.StatusNotFound:              "api.error.notfound",
	http.StatusForbidden:             "api.error.right",
	http.StatusRequestEntityTooLarge: "web.error.toolarge",
	http.StatusPreconditionFailed:    "api.error.match",
	http.StatusUnprocessableEntity:   "web.error.invalid",
	http.StatusServiceUnavailable:    "web.error.unavailable",
}

// refuse answers who may not begin.
func (s *Service) refuse(w http.ResponseWriter, printer *i18n.Printer, status int, err error) {
	told := s.problem(printer, status, err)
	if told.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Parvis", charset="UTF-8"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(told.Status)
	_ = json.NewEncoder(w).Encode(told) // who went away reads nothing
}
