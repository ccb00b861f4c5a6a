// Package todo is "À traiter": one inbox of all that waits for a person, from
// whatever feature. A feature is a Source; the inbox asks all of them, in each
// collectivity that the person works for, merges what they answer, and does what
// she decides under the rights of the agent that she is there. What an item means
// and how it is taken back are the source's own.
package todo

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Source is a feature in which something waits for people. Its methods are
// called from many goroutines, honour ctx within 100 ms, and check the rights of
// the caller: what is not hers to decide is not listed, and portal.ErrNotFound.
type Source interface {
	// Manifest says what the source is. It always returns the same.
	Manifest() Manifest
	// Count is how many items wait for the caller: as many as List has in all. It
	// is asked again after each change, and should cost one query.
	Count(ctx context.Context, caller portal.Caller) (int, error)
	// List returns the most pressing items in the order of Pressing, at most limit.
	List(ctx context.Context, request Request, limit int) (List, error)
	// Recent lists what the caller did within the last hour and may take back, the
	// last first.
	Recent(ctx context.Context, request Request) ([]Done, error)
	// Act does what the caller decided. Values are checked against the fields of
	// the action: needed ones are there, none is too long, a date is one. A
	// portal.UserError's sentence is what she reads, portal.FieldErrors name the
	// action's fields.
	Act(ctx context.Context, request Request, item, action string, values Values) (Done, error)
	// Undo takes back what the caller did, by its token.
	Undo(ctx context.Context, request Request, token string) (Sentence, error)
}

// OnPages is what a source embeds whose items are decided on pages of their own, to which
// they lead: here nothing is done, nor taken back.
type OnPages struct{}

// Recent implements Source.
func (OnPages) Recent(context.Context, Request) ([]Done, error) { return nil, nil }

// Act implements Source.
func (OnPages) Act(context.Context, Request, string, string, Values) (Done, error) {
	return Done{}, fmt.Errorf("todo: act: %w", portal.ErrNotFound)
}

// Undo implements Source.
func (OnPages) Undo(context.Context, Request, string) (Sentence, error) {
	return Sentence{}, fmt.Errorf("todo: undo: %w", portal.ErrNotFound)
}

// Manifest describes a source.
type Manifest struct {
	ID   string // for ever, lower-case letters and dashes: "access-requests"
	Name string // key of the catalogue: "Demandes d’accès"
	Icon string // a noun of the sprite, without its prefix
	// Actions are all that one may decide about its items.
	Actions []Action
}

// Request is what a source is asked for.
type Request struct {
	Caller  portal.Caller
	Printer *i18n.Printer // of the reader's language
	Now     time.Time     // in the reader's zone
	From    string        // address of the client, for the journal
}

// List is what waits in one source.
type List struct {
	Items []Item
	Total int // at least as many as Items
}

// Item is one thing that waits. Texts are plain, in the reader's language.
type Item struct {
	ID      string    // stable in its source, letters, digits, dots and dashes: "k3v9m2p7q4r8s6t2"
	Title   string    // "Camille Le Goff demande l’accès à Finances"
	Who     string    // who asks, and her function; "" when nobody does
	Detail  string    // in her words; "" for none
	Since   time.Time // when it began to wait
	Due     time.Time // when it should be done; zero for no date
	Link    string    // of the title: a path of ours or https; "" for none
	Actions []string  // names of the manifest's
}

// Action is what she may decide.
type Action struct {
	Name   string // lower-case letters and dashes: "grant"
	Label  string // key of the catalogue: "Accorder"
	Main   bool   // the first thing that one would do
	Fields []Field
}

// FieldKind is the type of a field.
type FieldKind string

// The kinds of fields.
const (
	Text FieldKind = "text" // one line
	Date FieldKind = "date" // "2026-12-12"
)

// Field is a value that goes with an action.
type Field struct {
	Name     string
	Kind     FieldKind
	Label    string // key of the catalogue
	Required bool
	Max      int // characters of a text; 0 is 200
}

// Values are those of fields, by name.
type Values map[string]string

// Sentence is a sentence of the catalogue with the name, value pairs of its
// placeholders.
type Sentence struct {
	Key  string
	Args []string
}

// Done is what was done, and how to take it back.
type Done struct {
	Token string // "" when there is no way back
	Said  Sentence
	At    time.Time
}

// Pressing orders items: what is late, then what has a date, then the oldest.
func Pressing(a, b Item) int {
	switch {
	case a.Due.IsZero() && b.Due.IsZero():
		return a.Since.Compare(b.Since)
	case a.Due.IsZero():
		return 1
	case b.Due.IsZero():
		return -1
	}
	return a.Due.Compare(b.Due)
}
