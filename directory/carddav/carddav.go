// Package carddav offers the directory of a collectivity as an address book that every agent's programs
// read: who is listed there, and what a card says, is in package directory.
package carddav

import (
	"context"
	"errors"
	"strings"

	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/directory"
	"parvis/portal"
)

// Shelf is the directory of the caller's collectivity, at its place in every home.
func Shelf(store *directory.Store) addressbook.Shelf {
	return addressbook.Shelf{Slug: "directory", Book: book{store}}
}

// extension ends the names of cards: clients that look at names take them for what they are.
const extension = ".vcf"

type book struct{ store *directory.Store }

var _ addressbook.Book = book{}

func (b book) Look(ctx context.Context, caller portal.Caller) (addressbook.Look, error) {
	found, err := b.store.Book(ctx, caller)
	return addressbook.Look{Name: "Annuaire – " + found.Body, Sync: found.Sync, Shared: true}, err
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
	all, err := b.store.Cards(ctx, caller)
	return entries(all), err
}

func (b book) Entries(ctx context.Context, caller portal.Caller, names []string) (map[string]addressbook.Entry, error) {
	var agents []portal.AgentID
	for _, name := range names {
		if agent, ok := strings.CutSuffix(name, extension); ok {
			agents = append(agents, portal.AgentID(agent))
		}
	}
	all, err := b.store.CardsOf(ctx, caller, agents)
	found := make(map[string]addressbook.Entry, len(all))
	for _, c := range all {
		e := entry(c)
		found[e.Name] = e
	}
	return found, err
}

func (b book) Each(ctx context.Context, caller portal.Caller, visit func(addressbook.Entry) error) error {
	return b.store.EachCard(ctx, caller, func(c directory.Card) error { return visit(entry(c)) })
}

func (b book) Changes(ctx context.Context, caller portal.Caller, since dav.SyncToken, limit int) (addressbook.Changes, error) {
	c, err := b.store.CardsSince(ctx, caller, since, limit)
	if errors.Is(err, directory.ErrSyncToken) {
		return addressbook.Changes{}, addressbook.ErrSyncToken
	}
	changes := addressbook.Changes{Changed: entries(c.Changed), Token: c.Token, More: c.More}
	for _, agent := range c.Gone {
		changes.Deleted = append(changes.Deleted, string(agent)+extension)
	}
	return changes, err
}
