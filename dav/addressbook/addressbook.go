// Package addressbook serves address books as CardDAV (RFC 6352) on the core of package dav: homes,
// properties and reports. What is in a book, and who may see or change it, is in the features, which
// offer a Book; what a card is, in package vcard.
package addressbook

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
)

// Book is an address book, whoever asks. All of its methods answer portal.ErrNotFound to whom it does
// not exist for.
type Book interface {
	// Look is how the caller sees the book.
	Look(ctx context.Context, caller portal.Caller) (Look, error)
	// List is every card without its octets.
	List(ctx context.Context, caller portal.Caller) ([]Entry, error)
	// Entries are those of the names that exist, with octets.
	Entries(ctx context.Context, caller portal.Caller, names []string) (map[string]Entry, error)
	// Each visits every card with its octets, until visit returns an error.
	Each(ctx context.Context, caller portal.Caller, visit func(Entry) error) error
	// Changes says what happened since a token, at most limit (0: all); ErrSyncToken when that is no
	// longer known.
	Changes(ctx context.Context, caller portal.Caller, since dav.SyncToken, limit int) (Changes, error)
}

// Writable is a Book in which its caller writes.
type Writable interface {
	Book
	// Put writes a card. Errors: *vcard.Refusal, *UIDTaken, ErrCondition, ErrFull.
	Put(ctx context.Context, caller portal.Caller, name string, octets []byte, conditions dav.Conditions) (dav.Written, error)
	// Rename gives one another name. Errors: ErrCondition, *UIDTaken, portal.ErrNotFound.
	Rename(ctx context.Context, caller portal.Caller, name, as string, overwrite bool, conditions dav.Conditions) (dav.Written, error)
	// Delete deletes one. Errors: ErrCondition, portal.ErrNotFound.
	Delete(ctx context.Context, caller portal.Caller, name string, conditions dav.Conditions) error
}

// Changeable is a Book that its caller names and deletes.
type Changeable interface {
	Book
	// Change gives it a name and a description, nil for as it is. false for what can't be taken.
	Change(ctx context.Context, caller portal.Caller, name, description *string) (bool, error)
	// Remove deletes it with all its cards. Errors: ErrCondition, ErrStays.
	Remove(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error
}

// Look is what a book tells of itself.
type Look struct {
	Name        string
	Description string // "" for none
	Sync        dav.SyncToken
	Shared      bool // of the collectivity: nobody is its owner
	ReadOnly    bool // a Writable in which this caller does not write
}

// Entry is a card of a book.
type Entry struct {
	Name     string // last part of its address
	ETag     string // quoted
	Size     int    // bytes
	Modified time.Time
	Octets   []byte // nil in listings
}

// Changes answers Book.Changes.
type Changes struct {
	Changed []Entry  // without octets
	Deleted []string // names
	Token   dav.SyncToken
	More    bool // there are changes after Token
}

// The refusals of books beside those of package portal.
var (
	// ErrSyncToken: the client must read everything again.
	ErrSyncToken = fmt.Errorf("addressbook: sync token: %w", portal.ErrInvalid)
	// ErrCondition: the card is not in the state that the conditions ask for.
	ErrCondition = fmt.Errorf("addressbook: %w: the card changed meanwhile", portal.ErrConflict)
	// ErrStays: the book is always there.
	ErrStays = fmt.Errorf("addressbook: %w: the book stays", portal.ErrDenied)
	// ErrFull: the book holds as many cards, or bytes, as it may.
	ErrFull = fmt.Errorf("addressbook: full: %w", portal.ErrTooLarge)
)

// UIDTaken: another card of the book has the UID already, or the one that would be written over has
// another. It is a portal.ErrConflict.
type UIDTaken struct{ Name string }

func (e *UIDTaken) Error() string {
	return fmt.Sprintf("addressbook: the UID is that of %.60q", e.Name)
}

// Unwrap makes it portal.ErrConflict.
func (e *UIDTaken) Unwrap() error { return portal.ErrConflict }

// segment is the first part of every book's address: /dav/contacts/{agent}/{book}/{card}.
const segment = "contacts"

const homesHref = dav.Prefix + segment + "/"

func homeHref(agent portal.AgentID) string { return dav.Join(homesHref, string(agent)) + "/" }

func name(local string) xml.Name { return xml.Name{Space: dav.CardDAV, Local: local} }

// Shelf is a book at its place in every home.
type Shelf struct {
	Slug string // last part of its address, "personal"
	Book Book
}

// Place puts books into homes: a Shelf, the same in each; Shelves, other ones in others.
type Place interface {
	shelves(ctx context.Context, caller portal.Caller) ([]Shelf, error)
}

func (s Shelf) shelves(context.Context, portal.Caller) ([]Shelf, error) { return []Shelf{s}, nil }

// Shelves are the books of one caller's home, in their order.
type Shelves func(ctx context.Context, caller portal.Caller) ([]Shelf, error)

func (s Shelves) shelves(ctx context.Context, caller portal.Caller) ([]Shelf, error) {
	return s(ctx, caller)
}

// Maker makes a book of the caller's own at an address. Errors: portal.ErrInvalid for a name or a description that
// can't be taken, portal.ErrDenied for an address that is no book's, portal.ErrConflict for one that is taken.
type Maker func(ctx context.Context, caller portal.Caller, slug, name, description string) error

// Own are the books of one caller's home that she may add to.
type Own struct {
	Shelves
	// Find is the one at an address, without reading all the others; portal.ErrNotFound.
	Find func(ctx context.Context, caller portal.Caller, slug string) (Shelf, error)
	Make Maker
}

// shelf is the book of a place at an address; portal.ErrNotFound.
func shelf(ctx context.Context, caller portal.Caller, place Place, slug string) (Shelf, error) {
	if own, ok := place.(Own); ok {
		return own.Find(ctx, caller, slug)
	}
	books, err := place.shelves(ctx, caller)
	if err != nil {
		return Shelf{}, err
	}
	if i := slices.IndexFunc(books, func(s Shelf) bool { return s.Slug == slug }); i >= 0 {
		return books[i], nil
	}
	return Shelf{}, portal.ErrNotFound
}

// Home is what address books put into the DAV tree; every caller finds these in her home.
func Home(places ...Place) dav.Home {
	return dav.Home{
		Segment: segment, Scope: portal.ScopeContacts,
		Open: func(caller portal.Caller) dav.Collection { return &homes{places, caller} },
		Properties: []dav.Property[*dav.Principal]{
			{Name: name("addressbook-home-set"), OnDemand: true, Value: func(p *dav.Principal) dav.Value {
				return dav.Href(homeHref(p.Caller.Agent))
			}},
		},
	}
}

// homes is the collection of all homes, in which a caller finds her own alone.
type homes struct {
	places []Place
	caller portal.Caller
}

var homesTable = dav.NewTable(append(
	dav.Common(func(h *homes) portal.Caller { return h.caller }, dav.ReadOnly[*homes]),
	dav.Property[*homes]{Name: dav.Name("resourcetype"), Value: func(*homes) dav.Value { return dav.Elements(dav.Name("collection")) }},
)...)

func (h *homes) Href() string { return homesHref }

func (h *homes) Property(name xml.Name) dav.Value { return homesTable.Of(h, name) }

func (h *homes) PropertyNames(onDemand bool) []xml.Name { return homesTable.Names(h, onDemand) }

func (h *homes) Child(_ context.Context, caller portal.Caller, name string) (dav.Resource, error) {
	if name != string(caller.Agent) {
		return nil, portal.ErrNotFound
	}
	return &home{h.places, caller}, nil
}

func (h *homes) Children(_ context.Context, caller portal.Caller) ([]dav.Resource, error) {
	return []dav.Resource{&home{h.places, caller}}, nil
}

// home holds the books of one agent.
type home struct {
	places []Place
	caller portal.Caller
}

var homeTable = dav.NewTable(append(
	dav.Common(func(h *home) portal.Caller { return h.caller }, func(h *home) dav.Privileges { return dav.Privileges{Write: h.maker() != nil} }),
	dav.Property[*home]{Name: dav.Name("resourcetype"), Value: func(*home) dav.Value { return dav.Elements(dav.Name("collection")) }},
	dav.Property[*home]{Name: dav.Name("owner"), OnDemand: true, Value: func(h *home) dav.Value {
		return dav.Href(dav.PrincipalHref(h.caller.Agent))
	}},
)...)

func (h *home) Href() string { return homeHref(h.caller.Agent) }

func (h *home) Property(name xml.Name) dav.Value { return homeTable.Of(h, name) }

func (h *home) PropertyNames(onDemand bool) []xml.Name { return homeTable.Names(h, onDemand) }

func (h *home) Child(ctx context.Context, caller portal.Caller, slug string) (dav.Resource, error) {
	for _, place := range h.places {
		found, err := shelf(ctx, caller, place, slug)
		if errors.Is(err, portal.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return open(ctx, caller, found)
	}
	return nil, portal.ErrNotFound
}

func (h *home) Children(ctx context.Context, caller portal.Caller) ([]dav.Resource, error) {
	var resources []dav.Resource
	for _, place := range h.places {
		books, err := place.shelves(ctx, caller)
		if err != nil {
			return nil, err
		}
		for _, shelf := range books {
			c, err := open(ctx, caller, shelf)
			if errors.Is(err, portal.ErrNotFound) {
				continue // it is shared no more since it was listed
			}
			if err != nil {
				return nil, err
			}
			resources = append(resources, c)
		}
	}
	return resources, nil
}

func open(ctx context.Context, caller portal.Caller, shelf Shelf) (*collection, error) {
	look, err := shelf.Book.Look(ctx, caller)
	if err != nil {
		return nil, err
	}
	return &collection{Look: look, slug: shelf.Slug, book: shelf.Book, caller: caller}, nil
}

// Make makes a book (RFC 6352 §6.3.1, by the extended MKCOL of RFC 5689).
func (h *home) Make(ctx context.Context, caller portal.Caller, slug, method string, changes []dav.Change) ([]xml.Name, error) {
	maker := h.maker()
	if maker == nil || method != "MKCOL" {
		e := dav.Forbidden(name("addressbook-collection-location-ok"))
		e.Text = "address books can't be added"
		return nil, e
	}
	shownAs, description, isBook := slug, "", false
	var refused []xml.Name
	for _, change := range changes {
		switch {
		case change.Remove:
			refused = append(refused, change.Name)
		case change.Name == dav.Name("resourcetype"):
			isBook = change.Value.Child(name("addressbook")) != nil
		case change.Name == dav.Name("displayname"):
			shownAs = cmp.Or(strings.TrimSpace(change.Value.Text), slug)
		case change.Name == addressBookDescription:
			description = strings.TrimSpace(change.Value.Text)
		default:
			refused = append(refused, change.Name)
		}
	}
	switch {
	case len(refused) > 0:
		return refused, nil
	case !isBook:
		return nil, dav.Forbidden(dav.Name("valid-resourcetype"))
	}
	err := maker(ctx, caller, slug, shownAs, description)
	switch {
	case errors.Is(err, portal.ErrInvalid):
		return []xml.Name{dav.Name("displayname")}, nil
	case errors.Is(err, portal.ErrDenied):
		return nil, dav.Forbidden(name("addressbook-collection-location-ok"))
	}
	return nil, err
}

// maker makes books in this home, nil where nobody does.
func (h *home) maker() Maker {
	for _, place := range h.places {
		if own, ok := place.(Own); ok {
			return own.Make
		}
	}
	return nil
}

// answer turns the books' errors into DAV's; base is the book's address.
func answer(err error, base string) error {
	var refused *vcard.Refusal
	var taken *UIDTaken
	switch {
	case errors.As(err, &refused):
		e := dav.Forbidden(condition(refused.Reason))
		e.Text = refused.Text
		return e
	case errors.As(err, &taken):
		e := dav.Forbidden(name("no-uid-conflict"))
		e.Href = dav.Join(base, taken.Name)
		return e
	case errors.Is(err, ErrCondition):
		return dav.ErrPrecondition
	case errors.Is(err, ErrFull):
		return &dav.Error{Status: http.StatusInsufficientStorage, Condition: dav.Name("quota-not-exceeded"), Text: "the address book is full"}
	case errors.Is(err, ErrSyncToken):
		return dav.Forbidden(dav.Name("valid-sync-token"))
	case errors.Is(err, ErrStays):
		return &dav.Error{Status: http.StatusForbidden, Text: "this address book can't be deleted"}
	default:
		return err
	}
}

// condition is the precondition of RFC 6352 §6.3.2.1 for what a card broke.
func condition(reason vcard.Reason) xml.Name {
	switch reason {
	case vcard.Unsupported:
		return name("supported-address-data")
	case vcard.TooLarge:
		return name("max-resource-size")
	default:
		return name("valid-address-data")
	}
}
