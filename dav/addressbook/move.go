package addressbook

import (
	"context"

	"parvis/dav"
	"parvis/portal"
)

// Move puts the card into a book. Between two books it is written first and deleted then: what stops in
// between leaves two cards and loses none.
func (c *card) Move(ctx context.Context, caller portal.Caller, to dav.Collection, name string, how dav.Transfer) (dav.Written, error) {
	target, ok := to.(*collection)
	if !ok {
		return dav.Written{}, dav.ErrPlace
	}
	source, takes := c.in.writable()
	book, writes := target.writable()
	switch {
	case !writes:
		return dav.Written{}, target.readOnly(target.Href())
	case !how.Copy && !takes:
		return dav.Written{}, c.in.readOnly(c.in.Href())
	case !how.Copy && target.slug == c.in.slug:
		written, err := book.Rename(ctx, caller, c.Name, name, how.Overwrite, how.Conditions)
		return written, answer(err, target.Href())
	case !how.Hold(c.ETag):
		return dav.Written{}, dav.ErrPrecondition
	}
	var fresh dav.Conditions
	if !how.Overwrite {
		fresh.NoneMatch = []string{"*"}
	}
	written, err := book.Put(ctx, caller, name, c.Octets, fresh)
	if err != nil || how.Copy {
		return written, answer(err, target.Href())
	}
	return written, answer(source.Delete(ctx, caller, c.Name, dav.Conditions{Match: []string{c.ETag}}), c.in.Href())
}
