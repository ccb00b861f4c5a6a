// Package carddav offers the directory of a collectivity, and those that others share with it, as address
// books that every agent's programs read: who is listed there, and what a card says, is in package directory.
package carddav

import (
	"context"
	"errors"
	"strings"

	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/i18n"
)

// slug is the last part of the address of the caller's own directory.
const slug = "directory"

// Shelf is the directory of the caller's collectivity, at its place in every home.
func Shelf(store *directory.Store, catalogue *i18n.Catalogue) addressbook.Shelf {
	return addressbook.Shelf{Slug: slug, Book: book{store: store, catalogue: catalogue}}
}

// Shared are the directories of others that the caller's collectivity may read now: a book of
// each, which is gone as soon as it may not, and the same one when it may again.
func Shared(store *directory.Store, catalogue *i18n.Catalogue) addressbook.Shelves {
	return func(ctx context.Context, caller portal.Caller) ([]addressbook.Shelf, error) {
		shares, err := store.Readable(ctx, caller)
		shelves := make([]addressbook.Shelf, len(shares))
		for i, share := range shares {
			shelves[i] = addressbook.Shelf{Slug: slug + "-of-" + string(share.ID), Book: book{store, catalogue, share.ID}}
		}
		return shelves, err
	}
}

// extension ends the names of cards: clients that look at names take them for what they are.
const extension = ".vcf"

type book struct {
	store     *directory.Store
	catalogue *i18n.Catalogue
	of        portal.CollectivityID // that shares it; "" for the caller's own
}

var _ addressbook.Book = book{}

// reader is the caller as she reads the book: in another directory nobody in particular.
func (b book) reader(ctx context.Context, caller portal.Caller) (portal.Caller, error) {
	if b.of == "" {
		return caller, nil
	}
	reader, _, err := b.store.ReaderIn(ctx, caller, b.of)
	return reader, err
}

func (b book) Look(ctx context.Context, caller portal.Caller) (addressbook.Look, error) {
	reader, err := b.reader(ctx, caller)
	if err != nil {
		return addressbook.Look{}, err
	}
	found, err := b.store.Book(ctx, reader)
	if err != nil {
		return addressbook.Look{}, err
	}
	language, err := b.store.LanguageOf(ctx, caller)
	name := b.catalogue.Printer(language).T("directory.book", "name", found.Body)
	return addressbook.Look{Name: name, Sync: found.Sync, Shared: true}, err
}

func entry(c directory.Card) addressbook.Entry {
	return addressbook.Entry{Name: string(c.Agent) + extension, ETag: c.ETag, Size: len(c.Octets), Modified: c.Modified, Octets: c.Octets}
}

func entries(all []directory.Card) []addressbook.Entry {
	found := make([]addressbook.Entry, len(all))
	for i, c := range all {
		found[i] = entry(c)
	}
	return found
}

func (b book) List(ctx context.Context, caller portal.Caller) ([]addressbook.Entry, error) {
	reader, err := b.reader(ctx, caller)
	if err != nil {
		return nil, err
	}
	all, err := b.store.Cards(ctx, reader)
	return entries(all), err
}

func (b book) Entries(ctx context.Context, caller portal.Caller, names []string) (map[string]addressbook.Entry, error) {
	reader, err := b.reader(ctx, caller)
	if err != nil {
		return nil, err
	}
	var agents []portal.AgentID
	for _, name := range names {
		if agent, ok := strings.CutSuffix(name, extension); ok {
			agents = append(agents, portal.AgentID(agent))
		}
	}
	all, err := b.store.CardsOf(ctx, reader, agents)
	found := make(map[string]addressbook.Entry, len(all))
	for _, c := range all {
		e := entry(c)
		found[e.Name] = e
	}
	return found, err
}

func (b book) Each(ctx context.Context, caller portal.Caller, visit func(addressbook.Entry) error) error {
	reader, err := b.reader(ctx, caller)
	if err != nil {
		return err
	}
	return b.store.EachCard(ctx, reader, func(c directory.Card) error { return visit(entry(c)) })
}

func (b book) Changes(ctx context.Context, caller portal.Caller, since dav.SyncToken, limit int) (addressbook.Changes, error) {
	reader, err := b.reader(ctx, caller)
	if err != nil {
		return addressbook.Changes{}, err
	}
	c, err := b.store.CardsSince(ctx, reader, since, limit)
	if errors.Is(err, directory.ErrSyncToken) {
		return addressbook.Changes{}, addressbook.ErrSyncToken
	}
	changes := addressbook.Changes{Changed: entries(c.Changed), Token: c.Token, More: c.More}
	for _, agent := range c.Gone {
		changes.Deleted = append(changes.Deleted, string(agent)+extension)
	}
	return changes, err
}
