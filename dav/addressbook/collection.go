package addressbook

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"

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
		{Name: name("addressbook-description"), OnDemand: true, Value: func(c *collection) dav.Value {
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

func (c *collection) privileges() dav.Privileges {
	_, writable := c.book.(Writable)
	return dav.Privileges{Write: writable}
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
		Text: "this address book is changed by those who keep the directory",
	}
}

// Put stores a card's octets as they come, whatever their Content-Type says.
func (c *collection) Put(ctx context.Context, caller portal.Caller, cardName string, body io.Reader, conditions dav.Conditions) (dav.Written, error) {
	book, ok := c.book.(Writable)
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

// Delete refuses: the collectivity's book is not hers, and her own is always there.
func (c *collection) Delete(context.Context, portal.Caller, dav.Conditions) error {
	if _, ok := c.book.(Writable); !ok {
		return c.readOnly(c.Href())
	}
	return &dav.Error{Status: http.StatusForbidden, Text: "this address book can't be deleted"}
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
