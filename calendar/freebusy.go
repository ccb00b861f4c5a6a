package calendar

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// FreeBusy is a VCALENDAR with the VFREEBUSY of a calendar in a range of at most five years, both
// of its bounds given (RFC 4791 §7.10): when it takes time, and nothing of what for. Transparent
// and cancelled events take none.
func (s *Store) FreeBusy(ctx context.Context, caller portal.Caller, id CalendarID, r Range) ([]byte, error) {
	if r.From.IsZero() || r.To.IsZero() {
		return nil, fmt.Errorf("calendar: free-busy of %q: %w", id, portal.ErrInvalid)
	}
	if _, err := s.Calendar(ctx, caller, id); err != nil {
		return nil, err
	}
	found, err := s.Instances(ctx, caller, r.From.UTC(), r.To.UTC(), id)
	if err != nil {
		return nil, err
	}
	busy := ical.NewComponent(ical.CompFreeBusy)
	setText(busy, ical.PropUID, portal.NewID())
	set(busy, ical.PropDateTimeStamp, stamp(s.now()))
	set(busy, ical.PropDateTimeStart, stamp(r.From))
	set(busy, ical.PropDateTimeEnd, stamp(r.To))
	for _, kind := range []struct{ status, name string }{{"CONFIRMED", "BUSY"}, {"TENTATIVE", "BUSY-TENTATIVE"}} {
		if periods := merged(found, kind.status, r); len(periods) > 0 {
			busy.Props.Add(&ical.Prop{
				Name: ical.PropFreeBusy, Params: ical.Params{"FBTYPE": {kind.name}}, Value: strings.Join(periods, ","),
			})
		}
	}
	root := newRoot()
	root.Children = []*ical.Component{busy}
	return encode(root), nil
}

// merged writes the periods of the instances of a status, cut to the range and joined where they
// touch. No status is CONFIRMED.
func merged(instances []Instance, status string, r Range) []string {
	var all []Range
	for _, in := range instances {
		is := in.Status
		if is == "" {
			is = "CONFIRMED"
		}
		if in.Transparent || is != status || !in.End.After(in.Start) {
			continue
		}
		one := Range{latest(in.Start, r.From), earliest(in.End, r.To)}
		if n := len(all); n > 0 && !one.From.After(all[n-1].To) {
			all[n-1].To = latest(all[n-1].To, one.To)
			continue
		}
		all = append(all, one)
	}
	periods := make([]string, len(all))
	for i, p := range all {
		periods[i] = stamp(p.From) + "/" + stamp(p.To)
	}
	return periods
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
