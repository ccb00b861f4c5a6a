package caldav

import (
	"context"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// Move puts the object into a calendar.
func (o *object) Move(ctx context.Context, caller portal.Caller, to dav.Collection, objectName string, how dav.Transfer) (dav.Written, error) {
	target, ok := to.(*collection)
	switch {
	case !ok:
		return dav.Written{}, dav.ErrPlace
	case o.Hidden:
		return dav.Written{}, dav.Needs("read", o.href)
	case !how.Copy && !o.in.Writable:
		return dav.Written{}, dav.Needs("unbind", o.in.Href())
	case !target.Writable:
		return dav.Written{}, dav.Needs("bind", target.Href())
	}
	written, err := o.in.store.Move(ctx, caller, o.in.ID, o.Name, target.ID, objectName, calendar.Transfer{
		Copy: how.Copy, Overwrite: how.Overwrite, Condition: calendar.Condition(how.Conditions),
	})
	return writtenOf(written), answer(err, target.Href())
}
