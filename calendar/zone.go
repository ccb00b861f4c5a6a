package calendar

import (
	_ "embed"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a server without zoneinfo must not lose every event's hour

	"github.com/emersion/go-ical"
)

//go:embed zones/windows.tsv
var windowsZones string

// windowsNames maps what Outlook and Exchange call a zone, "Romance Standard Time", to IANA's.
var windowsNames = sync.OnceValue(func() map[string]string {
	names := make(map[string]string, 150)
	for line := range strings.Lines(windowsZones) {
		windows, iana, _ := strings.Cut(strings.TrimSpace(line), "\t")
		names[strings.ToLower(windows)] = iana
	}
	return names
})

// zoneTable resolves the TZIDs of one object. The zero value knows no VTIMEZONE.
type zoneTable struct {
	own   map[string]*ical.Component // VTIMEZONE by TZID
	found map[string]*time.Location
}

func newZoneTable(root *ical.Component) *zoneTable {
	z := &zoneTable{}
	for _, c := range root.Children {
		if id := c.Props.Get(ical.PropTimezoneID); c.Name == ical.CompTimezone && id != nil {
			if z.own == nil {
				z.own = map[string]*ical.Component{}
			}
			z.own[id.Value] = c
		}
	}
	return z
}

// find resolves a TZID by IANA name, X-LIC-LOCATION, Windows name, an IANA name at its end
// ("/freeassociation.sourceforge.net/Europe/Paris"), else by the object's own VTIMEZONE; nil when
// nothing knows it.
func (z *zoneTable) find(tzid string) *time.Location {
	if found, ok := z.found[tzid]; ok {
		return found
	}
	found := z.look(tzid)
	if z.found == nil {
		z.found = map[string]*time.Location{}
	}
	z.found[tzid] = found
	return found
}

func (z *zoneTable) look(tzid string) *time.Location {
	own := z.own[tzid]
	if zone := ianaZone(tzid); zone != nil {
		return zone
	}
	if own != nil {
		if location := own.Props.Get("X-LIC-LOCATION"); location != nil {
			if zone := ianaZone(location.Value); zone != nil {
				return zone
			}
		}
	}
	if zone := ianaZone(windowsNames()[strings.ToLower(tzid)]); zone != nil {
		return zone
	}
	for rest := tzid; ; {
		_, after, more := strings.Cut(rest, "/")
		if !more {
			break
		}
		if zone := ianaZone(after); zone != nil && strings.Contains(after, "/") {
			return zone
		}
		rest = after
	}
	if own == nil {
		return nil
	}
	return ownZone(own)
}

// ianaZone is time.LoadLocation without its special names, cached: it reads a file each time.
func ianaZone(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil
	}
	if zone, ok := loadedZones.Load(name); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil // not cached: clients invent names without end
	}
	loadedZones.Store(name, zone)
	return zone
}

// loadedZones holds what time.LoadLocation returned, at most IANA's six hundred names.
var loadedZones sync.Map

// KnownZone says whether a name is one of IANA's.
func KnownZone(name string) bool { return ianaZone(name) != nil }

// ParseZone is the zone of a VCALENDAR that holds one VTIMEZONE, as clients write
// calendar-timezone; a *Refusal when there is none.
func ParseZone(octets []byte) (*time.Location, error) {
	root, err := decode(octets)
	if err != nil {
		return nil, err
	}
	zones := newZoneTable(root)
	for id := range zones.own {
		if zone := zones.find(id); zone != nil {
			return zone, nil
		}
	}
	return nil, refusal(Malformed, "no VTIMEZONE that makes sense")
}
