package portal

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of refusal. Wrap them with the operation:
// fmt.Errorf("calendar: put event %q: %w", uid, portal.ErrConflict).
var (
	// ErrNotFound: there is no such thing, or the caller may not see it.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the caller sees the thing but may not do this to it.
	ErrDenied = errors.New("denied")
	// ErrInvalid: what was sent can't be taken as it is.
	ErrInvalid = errors.New("invalid")
	// ErrConflict: somebody else was there first.
	ErrConflict = errors.New("conflict")
	// ErrTooLarge: more than the limit was sent.
	ErrTooLarge = errors.New("too large")
	// ErrUnavailable: a server that this needs does not answer; try again.
	ErrUnavailable = errors.New("unavailable")
)

// UserError is a refusal with the sentence that the person reads.
type UserError struct {
	Kind  error  // one of the kinds above
	Key   string // of the sentence in the catalogue, "calendar.error.end"
	Args  []any  // name, value, … of the sentence's placeholders
	Field string // the form field it is about, "" for the whole form
}

// Error is for logs: the person reads the catalogue's sentence.
func (e UserError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%v (%s)", e.Kind, e.Key)
	}
	return fmt.Sprintf("%v (%s, field %s)", e.Kind, e.Key, e.Field)
}

// Unwrap gives the kind, for errors.Is.
func (e UserError) Unwrap() error { return e.Kind }

// Invalid is the UserError of one refused form field.
func Invalid(field, key string, args ...any) UserError {
	return UserError{Kind: ErrInvalid, Key: key, Args: args, Field: field}
}

// FieldErrors are all that is wrong in a form, in the order of its fields.
type FieldErrors []UserError

// Error joins the refusals, for logs.
func (errs FieldErrors) Error() string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap makes errors.Is(errs, ErrInvalid) hold.
func (errs FieldErrors) Unwrap() error { return ErrInvalid }

// OrNil returns the errors, or nil when there are none.
func (errs FieldErrors) OrNil() error {
	if len(errs) == 0 {
		return nil
	}
	return errs
}
