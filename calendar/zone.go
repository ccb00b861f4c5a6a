package calendar

import (
	_ "embed"
	"slices"
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

// Limits of one object: a name that nothing knows costs a tenth of a millisecond to look for, and a
// rule that never comes up some milliseconds to walk.
const (
	maxZones       = 50
	maxObservances = 100 // STANDARD and DAYLIGHT of all VTIMEZONE that are needed
)

// zoneLocation is the property of a VTIMEZONE that names IANA's.
const zoneLocation = "X-LIC-LOCATION"

// zoneTable resolves the TZIDs of one object. The zero value knows no VTIMEZONE.
type zoneTable struct {
	own         map[string]*ical.Component // VTIMEZONE by TZID
	found       []foundZone
	observances int // read so far
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
// nothing knows it. More than maxZones are a *Refusal.
func (z *zoneTable) find(tzid string) (*time.Location, error) {
	if i := slices.IndexFunc(z.found, func(f foundZone) bool { return f.tzid == tzid }); i >= 0 {
		return z.found[i].zone, nil
	}
	if len(z.found) == maxZones {
		return nil, refusal(Malformed, "more than %d time zones", maxZones)
	}
	found := z.look(tzid)
	z.found = append(z.found, foundZone{tzid, found})
	return found, nil
}

// foundZone is what a TZID stands for: nil when nothing knows it.
type foundZone struct {
	tzid string
	zone *time.Location
}

func (z *zoneTable) look(tzid string) *time.Location {
	own := z.own[tzid]
	if zone := ianaZone(tzid); zone != nil {
		return zone
	}
	if own != nil {
		if location := own.Props.Get(zoneLocation); location != nil {
			if zone := ianaZone(location.Value); zone != nil {
				return zone
			}
		}
	}
	if zone := ianaZone(windowsNames()[strings.ToLower(tzid)]); zone != nil {
		return zone
	}
	parts := strings.Split(tzid, "/")
	for _, length := range []int{3, 2} { // America/Argentina/Salta, Europe/Paris
		if len(parts) <= length {
			continue
		}
		if zone := ianaZone(strings.Join(parts[len(parts)-length:], "/")); zone != nil {
			return zone
		}
	}
	if own == nil {
		return nil
	}
	if z.observances += len(own.Children); z.observances > maxObservances {
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
		zone, err := zones.find(id)
		if zone != nil || err != nil {
			return zone, err
		}
	}
	return nil, refusal(Malformed, "no VTIMEZONE that makes sense")
}
