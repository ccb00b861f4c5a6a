// Package carddav offers the personal contacts of package contacts as an address book that its owner's
// programs read and write.
package carddav

import (
	"context"
	"errors"

	"parvis/contacts"
	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/portal"
)

// Shelf is the caller's own book, at its place in her home.
func Shelf(store *contacts.Store) addressbook.Shelf {
	return addressbook.Shelf{Slug: "personal", Book: book{store}}
}

// bookName is a word of both languages: a program tells no language of its person.
const bookName = "Contacts"

type book struct{ store *contacts.Store }

var _ addressbook.Writable = book{}

func (b book) Look(ctx context.Context, caller portal.Caller) (addressbook.Look, error) {
	found, err := b.store.Book(ctx, caller)
	return addressbook.Look{Name: bookName, Sync: found.Sync}, err
}

func entry(c contacts.Contact) addressbook.Entry {
	return addressbook.Entry{Name: c.Name, ETag: c.ETag, Size: c.Size, Modified: c.Modified, Octets: c.Octets}
}

func entries(all []contacts.Contact) []addressbook.Entry {
	found := make([]addressbook.Entry, len(all))
	for i, c := range all {
		found[i] = entry(c)
	}
	return found
}

func (b book) List(ctx context.Context, caller portal.Caller) ([]addressbook.Entry, error) {
	all, err := b.store.List(ctx, caller)
	return entries(all), err
}

func (b book) Entries(ctx context.Context, caller portal.Caller, names []string) (map[string]addressbook.Entry, error) {
	all, err := b.store.Contacts(ctx, caller, names)
	found := make(map[string]addressbook.Entry, len(all))
	for name, c := range all {
		found[name] = entry(c)
	}
	return found, err
}

func (b book) Each(ctx context.Context, caller portal.Caller, visit func(addressbook.Entry) error) error {
	return b.store.Each(ctx, caller, func(c contacts.Contact) error { return visit(entry(c)) })
}

func (b book) Changes(ctx context.Context, caller portal.Caller, since dav.SyncToken, limit int) (addressbook.Changes, error) {
	c, err := b.store.ChangesSince(ctx, caller, since, limit)
	return addressbook.Changes{Changed: entries(c.Changed), Deleted: c.Deleted, Token: c.Token, More: c.More}, answer(err)
}

func (b book) Put(ctx context.Context, caller portal.Caller, name string, octets []byte, conditions dav.Conditions) (dav.Written, error) {
	written, err := b.store.Put(ctx, caller, name, octets, conditions)
	return written, answer(err)
}

func (b book) Rename(ctx context.Context, caller portal.Caller, name, as string, overwrite bool, conditions dav.Conditions) (dav.Written, error) {
	written, err := b.store.Rename(ctx, caller, name, as, overwrite, conditions)
	return written, answer(err)
}

func (b book) Delete(ctx context.Context, caller portal.Caller, name string, conditions dav.Conditions) error {
	return answer(b.store.Delete(ctx, caller, name, conditions))
}

// answer turns the store's errors into those of address books.
func answer(err error) error {
	var taken *contacts.UIDTaken
	switch {
	case errors.As(err, &taken):
		return &addressbook.UIDTaken{Name: taken.Name}
	case errors.Is(err, contacts.ErrCondition):
		return addressbook.ErrCondition
	case errors.Is(err, contacts.ErrFull):
		return addressbook.ErrFull
	case errors.Is(err, contacts.ErrSyncToken):
		return addressbook.ErrSyncToken
	}
	return err
}
