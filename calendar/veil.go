package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/emersion/go-ical"
)

// veiled are the properties that a veiled component keeps: when it happens, and whether that takes
// time.
var veiled = []string{
	ical.PropDateTimeStart, ical.PropDateTimeEnd, ical.PropDue, ical.PropDuration, ical.PropDateTimeStamp,
	ical.PropRecurrenceRule, ical.PropRecurrenceDates, ical.PropExceptionDates, ical.PropRecurrenceID,
	ical.PropTransparency, ical.PropStatus,
}

// veiledParams are the parameters that they keep: others may hold any text.
var veiledParams = []string{ical.PropTimezoneID, "VALUE", "RANGE"}

// veiledWords are the values of TRANSP and STATUS that are kept: others may be any text.
var veiledWords = []string{"OPAQUE", "TRANSPARENT", "CONFIRMED", "TENTATIVE", "CANCELLED", "NEEDS-ACTION", "COMPLETED", "IN-PROCESS", "DRAFT", "FINAL"}

// veil is what somebody reads of an object who may know no more than when it happens. Its UID is the
// id, since that of the client may tell more; its words are those of the collectivity's language.
func (o *Object) veil(id EventID, language string) []byte {
	root := newRoot()
	for _, c := range o.root.Children {
		if c.Name == ical.CompTimezone {
			root.Children = append(root.Children, veilZone(c))
		}
	}
	for _, it := range o.items {
		c := ical.NewComponent(it.component.Name)
		for _, name := range veiled {
			for _, p := range it.component.Props[name] {
				if kept, ok := veilProp(p); ok {
					c.Props.Add(kept)
				}
			}
		}
		setText(c, ical.PropUID, string(id))
		setText(c, ical.PropSummary, veiledTitle(language))
		set(c, ical.PropClass, classPrivate)
		root.Children = append(root.Children, c)
	}
	return encode(root)
}

// veilZone is a time zone without what it tells beside its offsets.
func veilZone(zone *ical.Component) *ical.Component {
	c := ical.NewComponent(zone.Name)
	for _, name := range veiledZone {
		for _, p := range zone.Props[name] {
			if kept, ok := veilProp(p); ok {
				c.Props.Add(kept)
			}
		}
	}
	for _, child := range zone.Children {
		c.Children = append(c.Children, veilZone(child))
	}
	return c
}

// veiledZone are the properties that a time zone keeps.
var veiledZone = []string{
	ical.PropTimezoneID, ical.PropTimezoneOffsetFrom, ical.PropTimezoneOffsetTo, ical.PropDateTimeStart,
	ical.PropRecurrenceRule, ical.PropRecurrenceDates,
}

func veilProp(p ical.Prop) (*ical.Prop, bool) {
	if (p.Name == ical.PropTransparency || p.Name == ical.PropStatus) && !slices.Contains(veiledWords, strings.ToUpper(p.Value)) {
		return nil, false
	}
	if p.Name == ical.PropDateTimeStamp {
		if _, err := parseMoment(p.Value, nil, &zoneTable{}); err != nil {
			return nil, false
		}
	}
	kept := ical.Prop{Name: p.Name, Value: p.Value, Params: ical.Params{}}
	for _, name := range veiledParams {
		if values, ok := p.Params[name]; ok {
			kept.Params[name] = values
		}
	}
	return &kept, true
}

// veiledTitle is what phones show where they may show no title.
func veiledTitle(language string) string {
	if language == "en" {
		return "Busy"
	}
	return "Occupé"
}

// veilTag is the ETag of a veiled object: it changes with the object, and is never its own.
func veilTag(etag string) string {
	sum := sha256.Sum256([]byte("veiled " + etag))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// seen is an entry as the caller may see it in a calendar; false for one that she may not see at all,
// as it takes no time.
func (c Calendar) seen(e Entry) (Entry, bool) {
	if !c.hides(e.class) {
		return e, true
	}
	if c.Level == LevelBusy {
		if e.free || e.Component != EventComponent {
			return Entry{}, false
		}
		e.Name = c.nameOf(e)
	}
	e.Hidden, e.ETag, e.ScheduleTag, e.Size = true, veilTag(e.ETag), "", 0
	if e.Octets == nil {
		return e, true
	}
	o, err := Parse(e.Octets)
	if err != nil { // stored under older limits: nothing of it can be told
		return Entry{}, false
	}
	e.Octets = o.veil(e.ID, c.language)
	e.Size = len(e.Octets)
	return e, true
}

// nameOf is the name under which the caller knows an object.
func (c Calendar) nameOf(e Entry) string {
	if c.Level == LevelBusy {
		return string(e.ID) + objectSuffix
	}
	return e.Name
}

// seenOf are the entries that the caller may see, as she may.
func (c Calendar) seenOf(entries []Entry) []Entry {
	if c.Level == LevelFull {
		return entries
	}
	kept := entries[:0]
	for _, e := range entries {
		if as, ok := c.seen(e); ok {
			kept = append(kept, as)
		}
	}
	return kept
}

// objectSuffix ends the names of objects that we name.
const objectSuffix = ".ics"
