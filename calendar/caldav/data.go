package caldav

import (
	"strings"
	"time"

	"parvis/calendar"
	"parvis/dav"
)

// wanted is the calendar-data that one report asks for (§9.6), and what it has cost.
type wanted struct {
	calendar.Data
	work time.Duration
}

// maxWanted is how long one report may expand and cut objects; reading and writing are not counted.
const maxWanted = 4 * time.Second

// of is one object as it is wanted. Beyond maxWanted it is calendar.ErrTooMuchWork. What can't be parsed
// stays as it is.
func (x *wanted) of(octets []byte, zone *time.Location) ([]byte, error) {
	if x.work > maxWanted {
		return nil, calendar.ErrTooMuchWork
	}
	begun := time.Now()
	defer func() { x.work += time.Since(begun) }()
	parsed, err := calendar.Parse(octets)
	if err != nil {
		return octets, nil
	}
	return parsed.As(x.Data, zone)
}

// wantedOf reads the calendar-data of a report; zero when there is none.
func wantedOf(body *dav.Node) (*wanted, error) {
	x := &wanted{}
	prop := body.Child(dav.Name("prop"))
	if prop == nil {
		return x, nil
	}
	n := prop.Child(calendarData)
	if n == nil {
		return x, nil
	}
	if kind := n.Attribute("content-type"); kind != "" && !strings.EqualFold(kind, "text/calendar") {
		return nil, dav.Forbidden(name("supported-calendar-data"))
	}
	for _, child := range n.Children {
		var err error
		switch child.Name {
		case name("comp"):
			if strings.EqualFold(child.Attribute("name"), "VCALENDAR") {
				part := partOf(child)
				x.Part = &part
			}
		case name("expand"):
			x.Expand, err = boundsOf(child)
		case name("limit-recurrence-set"):
			x.Limit, err = boundsOf(child)
		}
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// boundsOf reads a range that has both ends.
func boundsOf(n *dav.Node) (calendar.Range, error) {
	r, err := rangeOf(n)
	if err != nil || r.From.IsZero() || r.To.IsZero() {
		return r, errFilter
	}
	return r, nil
}

// partOf reads a comp (§9.6.1). One without anything in it is all of the component, as in the examples
// of the standard (§7.8.1).
func partOf(n *dav.Node) calendar.Part {
	empty := len(n.Children) == 0
	p := calendar.Part{Name: n.Attribute("name"), AllProps: empty, AllParts: empty, Props: map[string]bool{}}
	for _, child := range n.Children {
		switch child.Name {
		case name("allprop"):
			p.AllProps = true
		case name("allcomp"):
			p.AllParts = true
		case name("prop"):
			p.Props[strings.ToUpper(child.Attribute("name"))] = child.Attribute("novalue") == "yes"
		case name("comp"):
			p.Parts = append(p.Parts, partOf(child))
		}
	}
	return p
}
