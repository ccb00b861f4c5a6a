package calendar

import (
	"bytes"
	"time"

	"github.com/emersion/go-ical"
)

// noteAll writes answers into an organizer's object, a *Refusal where it becomes too large: an
// exception holds all that its series does, and an attendee may make thousands.
func (o *Object) noteAll(answers []answer, from parties, zone *time.Location, now time.Time) error {
	room := MaxObjectSize
	for _, one := range answers {
		had := len(o.items)
		o.note(one, from, zone, now)
		for _, made := range o.items[had:] {
			var b bytes.Buffer
			encodeComponent(&b, made.component)
			if room -= b.Len(); room < 0 {
				return refusal(TooLarge, "answers to %d instances", len(answers))
			}
		}
	}
	return nil
}

// note writes one answer into an organizer's object; that to one instance of a series makes an
// exception of it.
func (o *Object) note(one answer, from parties, zone *time.Location, now time.Time) {
	it := o.itemOf(one.key)
	if it == nil {
		if _, invited := o.items[0].statOf(from); !invited {
			return // to this instance neither
		}
		if it = o.itemAt(one.at.at(zone), zone); it == nil {
			return // the series has no such instance any more
		}
	}
	for _, p := range attendeesOf(it.component, from...) {
		setParam(p, ical.ParamParticipationStatus, one.stat)
		setParam(p, paramStatus, "2.0")
		delete(p.Params, ical.ParamRSVP)
	}
	set(it.component, ical.PropDateTimeStamp, stamp(now))
}

// itemAt is the exception for one instance, made when there is none; nil where there is no such
// instance.
func (o *Object) itemAt(recurrence time.Time, zone *time.Location) *item {
	if it := o.override(recurrence, zone); it != nil {
		return it
	}
	it, err := o.makeOverride(recurrence, zone)
	if err != nil {
		return nil
	}
	o.items = append(o.items, it)
	return it
}

// reply is an iTIP REPLY: of each item that was answered, what identifies it and who answers.
func (o *Object) reply(answers []answer, me parties, now time.Time) *ical.Component {
	root := bare(o.root)
	for _, one := range answers {
		it := o.itemOf(one.key)
		isNew := it == nil
		if isNew {
			it = o.items[0]
		}
		c := ical.NewComponent(o.Component)
		for _, name := range []string{
			ical.PropUID, ical.PropOrganizer, ical.PropSequence, ical.PropSummary, ical.PropRecurrenceID, ical.PropDateTimeStart, ical.PropDateTimeEnd, ical.PropDuration,
		} {
			if p := it.component.Props.Get(name); p != nil && !(isNew && name != ical.PropUID && name != ical.PropOrganizer && name != ical.PropSequence && name != ical.PropSummary) {
				c.Props.Set(p)
			}
		}
		if isNew {
			setMoment(c, ical.PropRecurrenceID, it.momentLike(one.at))
		}
		set(c, ical.PropDateTimeStamp, stamp(now))
		if found := attendeesOf(it.component, me...); len(found) > 0 {
			mine := *found[0]
			mine.Params = ical.Params{ical.ParamParticipationStatus: {one.stat}}
			if name := found[0].Params.Get(ical.ParamCommonName); name != "" {
				mine.Params.Set(ical.ParamCommonName, name)
			}
			c.Props.Set(&mine)
		}
		root.Children = append(root.Children, c)
	}
	return root
}

// momentLike is an instance as the dates of its series are written.
func (it *item) momentLike(recurrence moment) moment {
	first := it.firstMoment()
	if first == nil {
		return recurrence
	}
	like := *first
	like.wall = recurrence.wallIn(like.place(time.UTC), time.UTC)
	return like
}
