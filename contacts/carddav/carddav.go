// Package carddav offers the books of package contacts as address books that programs read and write: an agent's
// own, and those of her units and groups, all in her home, as clients look nowhere else.
package carddav

import (
	"context"
	"errors"

	"parvis/contacts"
	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/portal"
)

// Books are those of the caller's home, to which she may add.
func Books(store *contacts.Store) addressbook.Own {
	return addressbook.Own{
		Shelves: func(ctx context.Context, caller portal.Caller) ([]addressbook.Shelf, error) {
			all, err := store.Books(ctx, caller)
			shelves := make([]addressbook.Shelf, len(all))
			for i, b := range all {
				shelves[i] = addressbook.Shelf{Slug: b.Slug, Book: &book{store: store, Book: b}}
			}
			return shelves, err
		},
		Find: func(ctx context.Context, caller portal.Caller, slug string) (addressbook.Shelf, error) {
			b, err := store.BookAt(ctx, caller, slug)
			return addressbook.Shelf{Slug: slug, Book: &book{store: store, Book: b}}, err
		},
		Make: func(ctx context.Context, caller portal.Caller, slug, name, description string) error {
			_, err := store.CreateBook(ctx, caller, contacts.NewBook{Slug: slug, Name: name, Description: description}, "")
			return err
		},
	}
}

// unnamed is how clients see the first book, which has no name: a word of both languages, as a program tells no
// language of its person.
const unnamed = "Contacts"

// book is one as it was when its home was read; what is asked of it is checked anew.
type book struct {
	contacts.Book
	store *contacts.Store
}

var (
	_ addressbook.Writable   = (*book)(nil)
	_ addressbook.Changeable = (*book)(nil)
)

func (b *book) Look(context.Context, portal.Caller) (addressbook.Look, error) {
	return addressbook.Look{Name: b.displayName(), Description: b.Description, Sync: b.Sync, Shared: !b.Own(), ReadOnly: !b.Writable}, nil
}

// displayName is how clients call a book: that of a unit with its name.
func (b *book) displayName() string {
	switch {
	case b.Name == "":
		return unnamed
	case b.ToName != "" && b.ToName != b.Name:
		return b.Name + " (" + b.ToName + ")"
	}
	return b.Name
}

func (b *book) Change(ctx context.Context, caller portal.Caller, name, description *string) (bool, error) {
	err := b.store.ChangeBook(ctx, caller, b.ID, contacts.BookLook{Name: name, Description: description}, "")
	if errors.Is(err, portal.ErrInvalid) {
		return false, nil
	}
	return true, err
}

func (b *book) Remove(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error {
	_, err := b.store.RemoveBook(ctx, caller, b.ID, conditions, "")
	return answer(err)
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

func (b *book) List(ctx context.Context, caller portal.Caller) ([]addressbook.Entry, error) {
	all, err := b.store.List(ctx, caller, b.ID)
	return entries(all), err
}

func (b *book) Entries(ctx context.Context, caller portal.Caller, names []string) (map[string]addressbook.Entry, error) {
	all, err := b.store.Contacts(ctx, caller, b.ID, names)
	found := make(map[string]addressbook.Entry, len(all))
	for name, c := range all {
		found[name] = entry(c)
	}
	return found, err
}

func (b *book) Each(ctx context.Context, caller portal.Caller, visit func(addressbook.Entry) error) error {
	return b.store.Each(ctx, caller, b.ID, func(c contacts.Contact) error { return visit(entry(c)) })
}

func (b *book) Changes(ctx context.Context, caller portal.Caller, since dav.SyncToken, limit int) (addressbook.Changes, error) {
	c, err := b.store.ChangesSince(ctx, caller, b.ID, since, limit)
	return addressbook.Changes{Changed: entries(c.Changed), Deleted: c.Deleted, Token: c.Token, More: c.More}, answer(err)
}

func (b *book) Put(ctx context.Context, caller portal.Caller, name string, octets []byte, conditions dav.Conditions) (dav.Written, error) {
	written, err := b.store.Put(ctx, caller, b.ID, name, octets, conditions)
	return written, answer(err)
}

func (b *book) Rename(ctx context.Context, caller portal.Caller, name, as string, overwrite bool, conditions dav.Conditions) (dav.Written, error) {
	written, err := b.store.Rename(ctx, caller, b.ID, name, as, overwrite, conditions)
	return written, answer(err)
}

func (b *book) Delete(ctx context.Context, caller portal.Caller, name string, conditions dav.Conditions) error {
	return answer(b.store.Delete(ctx, caller, b.ID, name, conditions))
}

// answer turns the store's errors into those of address books.
func answer(err error) error {
	var taken *contacts.UIDTaken
	switch {
	case errors.As(err, &taken):
		return &addressbook.UIDTaken{Name: taken.Name}
	case contacts.IsFirst(err):
		return addressbook.ErrStays
	case errors.Is(err, contacts.ErrCondition):
		return addressbook.ErrCondition
	case errors.Is(err, contacts.ErrFull):
		return addressbook.ErrFull
	case errors.Is(err, contacts.ErrSyncToken):
		return addressbook.ErrSyncToken
	}
	return err
}
