package extract

import (
	"errors"
	"fmt"
)

// Reason says why a file has no text, or not all of it. Its sentence is Key in the catalogue.
type Reason string

// Reasons of a Failure.
const (
	ReasonEmpty       Reason = "empty"       // 0 bytes
	ReasonEncrypted   Reason = "encrypted"   // needs a password
	ReasonDamaged     Reason = "damaged"     // not what its kind promises
	ReasonTooLarge    Reason = "large"       // past a limit of Limits or of the child's memory
	ReasonUnsupported Reason = "unsupported" // a kind without text, or that we don't read
	ReasonOldOffice   Reason = "old-office"  // Word, Excel or PowerPoint of before 2007
	ReasonTimeout     Reason = "timeout"     // longer than Options.Timeout
	ReasonCrashed     Reason = "crashed"     // the child died while reading
)

// Notes of a Result.
const (
	NoteCut     Reason = "cut"     // the beginning only
	NoteScanned Reason = "scanned" // pictures of text
)

// Reasons lists every reason and note, for tests of catalogues.
func Reasons() []Reason {
	return []Reason{
		ReasonEmpty, ReasonEncrypted, ReasonDamaged, ReasonTooLarge, ReasonUnsupported,
		ReasonOldOffice, ReasonTimeout, ReasonCrashed, NoteCut, NoteScanned,
	}
}

// Key of the reason's sentence in Locales.
func (r Reason) Key() string { return "extract." + string(r) }

// Final tells whether reading the same file again can only give the same answer.
func (r Reason) Final() bool { return r != ReasonTimeout && r != ReasonCrashed }

// Failure is a file that couldn't be read, with the reason for a person. An Extractor's failures have a cause
// that may be logged; a Reader's cause quotes the file.
type Failure struct {
	Reason Reason
	Cause  error // may be nil
}

func (f *Failure) Error() string {
	if f.Cause == nil {
		return "extract: " + string(f.Reason)
	}
	return fmt.Sprintf("extract: %s: %v", f.Reason, f.Cause)
}

func (f *Failure) Unwrap() error { return f.Cause }

func failure(reason Reason, cause error) error {
	return &Failure{Reason: reason, Cause: cause}
}

// asFailure gives every error of a parser a reason: what a parser doesn't understand is damaged.
func asFailure(err error) error {
	var known *Failure
	var fatal *loadError
	if errors.As(err, &fatal) {
		return err
	}
	if errors.As(err, &known) {
		return known
	}
	return &Failure{Reason: ReasonDamaged, Cause: err}
}

// loadError is trouble of ours, not of the file: PDFium can't be loaded.
type loadError struct{ cause error }

func (e *loadError) Error() string { return e.cause.Error() }
func (e *loadError) Unwrap() error { return e.cause }
