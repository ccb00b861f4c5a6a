package addressbook

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
)

// collection is a book as a resource.
type collection struct {
	Look
	slug   string
	book   Book
	caller portal.Caller
}

var addressBookDescription = name("addressbook-description")

var collectionTable = dav.NewTable(append(
	dav.Common(func(c *collection) portal.Caller { return c.caller }, (*collection).privileges),
	[]dav.Property[*collection]{
		{Name: dav.Name("resourcetype"), Value: func(*collection) dav.Value {
			return dav.Elements(dav.Name("collection"), name("addressbook"))
		}},
		{Name: dav.Name("displayname"), Value: func(c *collection) dav.Value { return dav.Text(c.Name) }},
		{Name: dav.Name("owner"), OnDemand: true, Value: func(c *collection) dav.Value {
			if c.Shared {
				return dav.Elements()
			}
			return dav.Href(dav.PrincipalHref(c.caller.Agent))
		}},
		{Name: dav.Name("sync-token"), OnDemand: true, Value: func(c *collection) dav.Value { return dav.Text(c.Look.Sync.URI()) }},
		{Name: xml.Name{Space: dav.CalendarServer, Local: "getctag"}, OnDemand: true, Value: func(c *collection) dav.Value {
			return dav.Text(c.Look.Sync.String())
		}},
		{Name: addressBookDescription, OnDemand: true, Value: func(c *collection) dav.Value {
			if c.Description == "" {
				return nil
			}
			return dav.Text(c.Description)
		}},
		{Name: name("supported-address-data"), OnDemand: true, Value: func(*collection) dav.Value {
			return func(w *dav.Writer) {
				for _, version := range []vcard.Version{vcard.V4, vcard.V3} {
					w.Empty(name("address-data-type"), "content-type", mediaType, "version", string(version))
				}
			}
		}},
		{Name: name("supported-collation-set"), OnDemand: true, Value: func(*collection) dav.Value {
			return func(w *dav.Writer) {
				for _, collation := range collations {
					w.Text(name("supported-collation"), collation)
				}
			}
		}},
		{Name: name("max-resource-size"), OnDemand: true, Value: func(*collection) dav.Value { return dav.Text(strconv.Itoa(vcard.MaxSize)) }},
	}...,
)...)

// privileges are true ones: a client that is told it may write in a book that it only reads turns it off at the
// first refusal.
func (c *collection) privileges() dav.Privileges {
	_, writable := c.writable()
	return dav.Privileges{Write: writable}
}

// writable is the book when its caller writes in it.
func (c *collection) writable() (Writable, bool) {
	book, ok := c.book.(Writable)
	return book, ok && !c.ReadOnly
}

func (c *collection) Href() string { return dav.Join(homeHref(c.caller.Agent), c.slug) + "/" }

func (c *collection) Property(name xml.Name) dav.Value { return collectionTable.Of(c, name) }

func (c *collection) PropertyNames(onDemand bool) []xml.Name {
	return collectionTable.Names(c, onDemand)
}

func (c *collection) Child(ctx context.Context, caller portal.Caller, name string) (dav.Resource, error) {
	found, err := c.book.Entries(ctx, caller, []string{name})
	if err != nil {
		return nil, err
	}
	e, ok := found[name]
	if !ok {
		return nil, portal.ErrNotFound
	}
	return &card{Entry: e, in: c, href: dav.Join(c.Href(), name)}, nil
}

func (c *collection) Children(ctx context.Context, caller portal.Caller) ([]dav.Resource, error) {
	entries, err := c.book.List(ctx, caller)
	return c.cards(entries), err
}

func (c *collection) cards(entries []Entry) []dav.Resource {
	base := c.Href()
	resources := make([]dav.Resource, len(entries))
	for i, e := range entries {
		resources[i] = &card{Entry: e, in: c, href: dav.Join(base, e.Name)}
	}
	return resources
}

// readOnly is the 403 of what nobody changes through DAV.
func (c *collection) readOnly(href string) error {
	return &dav.Error{
		Status: http.StatusForbidden, Condition: dav.Name("need-privileges"), Href: href, Privilege: dav.Name("write"),
		Text: "this address book is changed by those who keep it",
	}
}

// Put stores a card's octets as they come, whatever their Content-Type says.
func (c *collection) Put(ctx context.Context, caller portal.Caller, cardName string, body io.Reader, conditions dav.Conditions) (dav.Written, error) {
	book, ok := c.writable()
	if !ok {
		return dav.Written{}, c.readOnly(c.Href())
	}
	octets, err := io.ReadAll(io.LimitReader(body, vcard.MaxSize+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return dav.Written{}, &dav.Error{Status: http.StatusBadRequest, Text: "the body breaks off"}
	}
	if err != nil {
		return dav.Written{}, err
	}
	written, err := book.Put(ctx, caller, cardName, octets, conditions)
	return written, answer(err, c.Href())
}

// Delete deletes a book that its caller made, with all its cards. That of the collectivity, or of a unit, is not
// hers, and her first one is always there.
func (c *collection) Delete(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error {
	book, ok := c.changeable()
	if !ok {
		return c.readOnly(c.Href())
	}
	return answer(book.Remove(ctx, caller, conditions), c.Href())
}

// changeable is the book when its caller names and deletes it from here: one of her own.
func (c *collection) changeable() (Changeable, bool) {
	book, ok := c.book.(Changeable)
	return book, ok && !c.Shared
}

// Patch changes how a book is called and what is said of it.
func (c *collection) Patch(ctx context.Context, caller portal.Caller, changes []dav.Change) ([]xml.Name, error) {
	book, ok := c.changeable()
	var shownAs, description *string
	var refused, all []xml.Name
	for _, change := range changes {
		all = append(all, change.Name)
		text := ""
		if change.Value != nil {
			text = strings.TrimSpace(change.Value.Text)
		}
		switch {
		case !ok:
			refused = append(refused, change.Name)
		case change.Name == dav.Name("displayname"):
			shownAs = &text
		case change.Name == addressBookDescription:
			description = &text
		default:
			refused = append(refused, change.Name)
		}
	}
	if len(refused) > 0 {
		return refused, nil
	}
	taken, err := book.Change(ctx, caller, shownAs, description)
	if err == nil && !taken {
		return all, nil
	}
	return nil, err
}

// Sync answers what changed since a token.
func (c *collection) Sync(ctx context.Context, caller portal.Caller, token string, limit int) (dav.Changes, error) {
	since, err := dav.ParseSyncToken(token)
	if err != nil {
		return dav.Changes{}, dav.Forbidden(dav.Name("valid-sync-token"))
	}
	changes, err := c.book.Changes(ctx, caller, since, limit)
	if err != nil {
		return dav.Changes{}, answer(err, c.Href())
	}
	answered := dav.Changes{Changed: c.cards(changes.Changed), Token: changes.Token.URI(), More: changes.More}
	for _, gone := range changes.Deleted {
		answered.Deleted = append(answered.Deleted, dav.Join(c.Href(), gone))
	}
	return answered, nil
}
