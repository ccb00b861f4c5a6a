package calendar

import (
	"time"

	"github.com/emersion/go-ical"
)

// Plain is an event that another feature tells programs of, and that nobody answers or changes there.
type Plain struct {
	UID           string
	Title, Detail string
	Starts, Ends  time.Time
	Changed       time.Time
}

// PlainCalendar writes such events as an iCalendar object (RFC 5545), in UTC. They take no time: who is
// told of them is as free as before.
func PlainCalendar(name string, events []Plain) []byte {
	root := ical.NewComponent(ical.CompCalendar)
	root.Props.SetText(ical.PropVersion, "2.0")
	root.Props.SetText(ical.PropProductID, "-//Parvis//Parvis//FR")
	root.Props.SetText("X-WR-CALNAME", name)
	for _, one := range events {
		c := ical.NewComponent(ical.CompEvent)
		c.Props.SetText(ical.PropUID, one.UID)
		c.Props.SetDateTime(ical.PropDateTimeStamp, one.Changed.UTC())
		c.Props.SetDateTime(ical.PropDateTimeStart, one.Starts.UTC())
		c.Props.SetDateTime(ical.PropDateTimeEnd, one.Ends.UTC())
		c.Props.SetText(ical.PropSummary, one.Title)
		if one.Detail != "" {
			c.Props.SetText(ical.PropDescription, one.Detail)
		}
		c.Props.SetText(ical.PropTransparency, "TRANSPARENT")
		root.Children = append(root.Children, c)
	}
	return encode(root)
}
