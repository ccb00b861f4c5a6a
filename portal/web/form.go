package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"parvis/portal"
	"parvis/themes"
)

// FormErrors translates a refusal for the page that shows the form again. It
// returns false when the error is not about what was typed: hand that one on.
func FormErrors(r *http.Request, err error) (Form, bool) {
	var fields portal.FieldErrors
	if !errors.As(err, &fields) {
		var one portal.UserError
		if !errors.As(err, &one) || StatusOf(one) >= http.StatusInternalServerError || errors.Is(one, portal.ErrNotFound) {
			return Form{}, false
		}
		fields = portal.FieldErrors{one}
	}
	form := Form{}
	for _, field := range fields {
		form.Problems = append(form.Problems, themes.Problem{Field: field.Field, Text: Printer(r).T(field.Key, field.Args...)})
	}
	return form, true
}

// Redirect sends the browser to a page of ours after a POST (303).
func Redirect(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// ParseForm reads a form, and says in a sentence when it is too large or
// broken.
func ParseForm(r *http.Request) error {
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		cleanValues(r.Form)
		cleanValues(r.PostForm)
		return nil
	case errors.As(err, &tooLarge):
		return portal.UserError{Kind: portal.ErrTooLarge, Key: "web.error.toolarge"}
	}
	return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
}

// Query are the parameters of the address. What PostgreSQL can't store in a text
// is U+FFFD in them, and so names nothing rather than something else.
func Query(r *http.Request) url.Values {
	values := r.URL.Query()
	for _, each := range values {
		for i, value := range each {
			each[i] = strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return values
}

// cleanValues takes out what PostgreSQL can't store in a text: NUL, and octets
// that are not UTF-8.
func cleanValues(form url.Values) {
	for _, values := range form {
		for i, value := range values {
			values[i] = strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\x00", "")
		}
	}
}

// OneError is the form's refusal for a reason that no field holds.
func OneError(sentence string) Form {
	return Form{themes.Summary{Problems: []themes.Problem{{Text: sentence}}}}
}
