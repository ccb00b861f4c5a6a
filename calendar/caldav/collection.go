package caldav

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
)

// collection is a calendar.
type collection struct {
	calendar.Calendar
	store  *calendar.Store
	caller portal.Caller
	home   portal.AgentID // in whose home it is read
	open   []dav.ACE      // to whom the caller opened it, once it was asked
}

// syncPrefix makes a URI of a sync token, as RFC 6578 §6.2 asks for.
const syncPrefix = "urn:parvis:sync:"

// unnamed is how clients see a calendar that has no name: a word of both languages.
const unnamed = "Agenda"

var (
	calendarColor = xml.Name{Space: dav.AppleICal, Local: "calendar-color"}
	calendarOrder = xml.Name{Space: dav.AppleICal, Local: "calendar-order"}
)

var collectionTable = dav.NewTable(append(
	dav.Common(func(c *collection) portal.Caller { return c.caller }, (*collection).privileges),
	[]dav.Property[*collection]{
		{Name: dav.Name("resourcetype"), Value: func(*collection) dav.Value {
			return dav.Elements(dav.Name("collection"), name("calendar"))
		}},
		{Name: dav.Name("displayname"), Value: func(c *collection) dav.Value {
			return dav.Text(c.displayName())
		}},
		{Name: dav.Name("owner"), OnDemand: true, Value: func(c *collection) dav.Value {
			if c.Shared() {
				return dav.Elements()
			}
			return dav.Href(dav.PrincipalHref(c.Owner))
		}},
		{Name: dav.Name("sync-token"), OnDemand: true, Value: func(c *collection) dav.Value {
			return dav.Text(syncPrefix + c.Calendar.Sync.String())
		}},
		{Name: xml.Name{Space: dav.CalendarServer, Local: "getctag"}, OnDemand: true, Value: func(c *collection) dav.Value {
			return dav.Text(c.Calendar.Sync.String())
		}},
		{Name: calendarColor, OnDemand: true, Value: func(c *collection) dav.Value { return textIfAny(c.Color) }},
		{Name: calendarOrder, OnDemand: true, Value: func(c *collection) dav.Value { return dav.Text(strconv.Itoa(c.Order)) }},
		{Name: name("calendar-description"), OnDemand: true, Value: func(c *collection) dav.Value { return textIfAny(c.Description) }},
		{Name: name("calendar-timezone"), OnDemand: true, Value: func(c *collection) dav.Value {
			if c.ZoneText != "" {
				return dav.Text(c.ZoneText)
			}
			return dav.Text(calendar.ZoneText(c.Zone))
		}},
		{Name: name("calendar-timezone-id"), OnDemand: true, Value: func(c *collection) dav.Value { return dav.Text(c.Zone.String()) }},
		{Name: name("supported-calendar-component-set"), OnDemand: true, Value: func(c *collection) dav.Value {
			return func(w *dav.Writer) {
				for _, component := range c.Components {
					w.Empty(name("comp"), "name", component)
				}
			}
		}},
		{Name: name("supported-calendar-data"), OnDemand: true, Value: func(*collection) dav.Value {
			return func(w *dav.Writer) { w.Empty(name("calendar-data"), "content-type", "text/calendar", "version", "2.0") }
		}},
		{Name: name("supported-collation-set"), OnDemand: true, Value: func(*collection) dav.Value {
			return func(w *dav.Writer) {
				for _, collation := range collations {
					w.Text(name("supported-collation"), collation)
				}
			}
		}},
		{Name: name("schedule-calendar-transp"), OnDemand: true, Value: func(c *collection) dav.Value {
			if c.Busy {
				return dav.Elements(name("opaque"))
			}
			return dav.Elements(name("transparent"))
		}},
		{Name: name("max-resource-size"), OnDemand: true, Value: fixed(strconv.Itoa(calendar.MaxObjectSize))},
		{Name: name("max-attendees-per-instance"), OnDemand: true, Value: fixed(strconv.Itoa(calendar.MaxAttendees))},
		{Name: name("max-instances"), OnDemand: true, Value: fixed(strconv.Itoa(calendar.MaxInstances))},
		{Name: name("min-date-time"), OnDemand: true, Value: fixed("16000101T000000Z")},
		{Name: name("max-date-time"), OnDemand: true, Value: fixed("22001231T235959Z")},
	}...,
)...)

func fixed(text string) func(*collection) dav.Value {
	return func(*collection) dav.Value { return dav.Text(text) }
}

func textIfAny(text string) dav.Value {
	if text == "" {
		return nil
	}
	return dav.Text(text)
}

// displayName is how clients call a calendar, as pages do.
func (c *collection) displayName() string {
	switch {
	case c.OwnerName == "" || c.Named():
		return cmp.Or(c.Name, unnamed)
	case c.Name == "":
		return c.OwnerName
	}
	return c.Name + " (" + c.OwnerName + ")"
}

// Learn asks to whom the caller opened the calendar, which only she may know.
func (c *collection) Learn(ctx context.Context, names []xml.Name) error {
	if !c.Own() || !slices.Contains(names, dav.Name("acl")) {
		return nil
	}
	shares, err := c.store.Shares(ctx, c.caller)
	if err != nil {
		return err
	}
	for _, one := range shares {
		ace := dav.ACE{Privileges: dav.Privileges{FreeBusy: true, Write: one.Level.Writes()}}
		if one.To.Kind == portal.TheAgent {
			ace.Principal = dav.PrincipalHref(portal.AgentID(one.To.ID))
		} else if one.To.Kind != portal.Everyone {
			continue // groups and units are no principals here
		}
		if one.Calendar == c.ID {
			c.open = append(c.open, ace)
		}
	}
	return nil
}

// ACL says what the caller may do, and to which agents she opened the calendar.
func (c *collection) ACL() []dav.ACE {
	return append([]dav.ACE{{Principal: dav.PrincipalHref(c.caller.Agent), Privileges: c.privileges()}}, c.open...)
}

// privileges are what the caller may do with events. Her own name and colour of a calendar that she
// may only read are taken, and not told: Thunderbird takes write-properties alone for a calendar to
// write events in, and turns it off at the first refusal.
func (c *collection) privileges() dav.Privileges {
	return dav.Privileges{Write: c.Writable, FreeBusy: true}
}

func (c *collection) Href() string { return dav.Join(homeHref(c.home), c.Slug) + "/" }

func (c *collection) Property(name xml.Name) dav.Value { return collectionTable.Of(c, name) }

func (c *collection) PropertyNames(onDemand bool) []xml.Name {
	return collectionTable.Names(c, onDemand)
}

func (c *collection) Child(ctx context.Context, caller portal.Caller, name string) (dav.Resource, error) {
	e, err := c.store.Entry(ctx, caller, c.ID, name)
	if err != nil {
		return nil, err
	}
	return c.object(e), nil
}

// Each yields the objects.
func (c *collection) Each(ctx context.Context, caller portal.Caller, yield func(dav.Resource)) error {
	o, base := &object{in: c}, c.Href()
	return c.store.Each(ctx, caller, c.ID, func(e calendar.Entry) {
		o.Entry, o.href = e, dav.Join(base, e.Name)
		yield(o)
	})
}

func (c *collection) object(e calendar.Entry) *object {
	return &object{Entry: e, in: c, href: dav.Join(c.Href(), e.Name)}
}

func (c *collection) objects(entries []calendar.Entry) []dav.Resource {
	base := c.Href()
	resources := make([]dav.Resource, len(entries))
	for i, e := range entries {
		resources[i] = &object{Entry: e, in: c, href: dav.Join(base, e.Name)}
	}
	return resources
}

// Put stores the octets as they come, whatever their Content-Type says: old Outlook plugins send
// iCalendar as text/xml.
func (c *collection) Put(ctx context.Context, caller portal.Caller, objectName string, body io.Reader, conditions dav.Conditions) (dav.Written, error) {
	octets, err := readObject(body)
	if err != nil {
		return dav.Written{}, err
	}
	written, err := c.store.Put(ctx, caller, c.ID, objectName, octets, calendar.Condition(conditions))
	if err != nil {
		return dav.Written{}, answer(err, c.Href())
	}
	return writtenOf(written), nil
}

func writtenOf(w calendar.Written) dav.Written {
	return dav.Written{ETag: w.ETag, ScheduleTag: w.ScheduleTag, Created: w.Created, Changed: w.Changed}
}

// readObject reads a body that is one calendar object.
func readObject(body io.Reader) ([]byte, error) {
	octets, err := io.ReadAll(io.LimitReader(body, calendar.MaxObjectSize+1))
	if err != nil {
		return nil, badRead(err)
	}
	if len(octets) > calendar.MaxObjectSize {
		return nil, dav.Forbidden(name("max-resource-size"))
	}
	return octets, nil
}

// badRead is a body that breaks off: the client's connection, not our failure.
func badRead(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &dav.Error{Status: 400, Text: "the body breaks off"}
	}
	return err
}

// Delete deletes the calendar with all that is in it; one that a colleague opened to the caller leaves
// her home, and stays as it is.
func (c *collection) Delete(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error {
	if !conditions.Hold(`"` + c.Calendar.Sync.String() + `"`) {
		return dav.ErrPrecondition
	}
	if !c.Own() && !c.Shared() {
		return c.store.PutAway(ctx, caller, c.ID)
	}
	return c.store.DeleteCalendar(ctx, caller, c.ID)
}

// Patch changes how the calendar is shown.
func (c *collection) Patch(ctx context.Context, caller portal.Caller, changes []dav.Change) ([]xml.Name, error) {
	var look calendar.Look
	var refused []xml.Name
	for _, change := range changes {
		if !setLook(&look, change) {
			refused = append(refused, change.Name)
		}
	}
	if !c.Own() {
		refused = append(refused, sharedRefusals(look, changes)...)
	}
	if len(refused) > 0 {
		return refused, nil
	}
	return nil, c.store.ChangeLook(ctx, caller, c.ID, look)
}

// sharedRefusals are the properties of a calendar that are not the caller's own.
func sharedRefusals(look calendar.Look, changes []dav.Change) []xml.Name {
	var refused []xml.Name
	for _, change := range changes {
		switch change.Name {
		case dav.Name("displayname"), calendarColor, calendarOrder:
		default:
			refused = append(refused, change.Name)
		}
	}
	return refused
}

var colorForm = regexp.MustCompile(`^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$`)

// setLook puts one property into a look; false when it can't be set, or not so.
func setLook(look *calendar.Look, change dav.Change) bool {
	text := ""
	if change.Value != nil {
		text = strings.TrimSpace(change.Value.Text)
	}
	switch change.Name {
	case dav.Name("displayname"):
		look.Name = &text
		return len(text) <= 300
	case name("calendar-description"):
		look.Description = &text
		return len(text) <= 5000
	case calendarColor:
		look.Color = &text
		return text == "" || colorForm.MatchString(text)
	case calendarOrder:
		order, err := strconv.Atoi(text)
		look.Order = &order
		return change.Remove || err == nil
	case name("schedule-calendar-transp"):
		busy := change.Value == nil || change.Value.Child(name("transparent")) == nil
		look.Busy = &busy
		return true
	case name("calendar-free-busy-set"): // macOS says it at MKCALENDAR, in place of the above
		busy := change.Value == nil || change.Value.Child(name("NO")) == nil
		look.Busy = &busy
		return true
	case name("calendar-timezone"):
		return setZone(look, text)
	case name("calendar-timezone-id"):
		look.Zone = &text
		return calendar.KnownZone(text) || text == ""
	}
	return false
}

// setZone keeps the client's VTIMEZONE as text and the zone that it stands for.
func setZone(look *calendar.Look, text string) bool {
	zoneName := ""
	if text != "" {
		zone, err := calendar.ParseZone([]byte(text))
		if err != nil || len(text) > 64<<10 {
			return false
		}
		if calendar.KnownZone(zone.String()) {
			zoneName = zone.String()
		}
	}
	look.ZoneText, look.Zone = &text, &zoneName
	return true
}

// Sync answers what changed since a token.
func (c *collection) Sync(ctx context.Context, caller portal.Caller, token string, limit int) (dav.Changes, error) {
	var since calendar.SyncToken
	if token != "" {
		text, ok := strings.CutPrefix(token, syncPrefix)
		parsed, err := calendar.ParseSyncToken(text)
		if !ok || err != nil {
			return dav.Changes{}, dav.Forbidden(dav.Name("valid-sync-token"))
		}
		since = parsed
	}
	changes, err := c.store.ChangesSince(ctx, caller, c.ID, since, limit)
	if err != nil {
		return dav.Changes{}, answer(err, c.Href())
	}
	answered := dav.Changes{Changed: c.objects(changes.Changed), Token: syncPrefix + changes.Token.String(), More: changes.More}
	for _, gone := range changes.Deleted {
		answered.Deleted = append(answered.Deleted, dav.Join(c.Href(), gone))
	}
	return answered, nil
}
