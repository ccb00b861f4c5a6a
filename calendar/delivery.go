package calendar

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// carryOut tells everybody whom a plan concerns, in the transaction of the write.
func (s *Store) carryOut(ctx context.Context, tx *database.Tx, plan schedule, old *Object) error {
	if plan.tag != "" || old != nil {
		concern(ctx, plan.owner)
	}
	for _, one := range plan.to {
		var err error
		switch {
		case len(plan.answers) > 0:
			err = s.tellOrganizer(ctx, tx, plan, one, cmp.Or(plan.object, old))
		case one.status == statusDelivered:
			err = s.deliver(ctx, tx, one)
		case one.status == statusMailed:
			err = s.mail(ctx, tx, plan, one, cmp.Or(plan.object, old))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deliver brings an agenda to what its owner takes part in now, and tells her in her inbox.
func (s *Store) deliver(ctx context.Context, tx *database.Tx, to correspondent) error {
	method, message := methodRequest, to.has
	if to.has == nil {
		method, message = methodCancel, cancelled(to.had, s.now())
	}
	if err := s.renew(ctx, tx, to, newTag()); err != nil {
		return err
	}
	return s.inform(ctx, tx, *to.person, method, message)
}

// renew writes the copy of one who is invited. A tag that stays says that only answers of others
// changed.
func (s *Store) renew(ctx context.Context, tx *database.Tx, to correspondent, tag string) error {
	concern(ctx, *to.person)
	root := to.has
	switch kept := to.kept.object(); {
	case root == nil && kept == nil:
		return nil // she was never told
	case root == nil:
		root = cancelled(kept.root, s.now())
	case kept != nil:
		root = kept.under(root, to.person.parties())
	}
	octets := encode(root)
	object, err := Parse(octets)
	if err != nil {
		return err
	}
	if object.freeDeclined(to.person.parties()) {
		octets = encode(object.root)
	}
	caller := to.person.caller()
	if to.kept.name != "" {
		if tag == "" {
			tag = to.kept.tag
		}
		w := Written{ID: EventID(to.kept.id), ETag: etagOf(octets)}
		return s.keep(ctx, tx, caller, Calendar{ID: to.kept.calendar, stored: true}, to.kept.name, w, schedule{object: object, octets: octets, tag: tag, asked: object.awaits(to.person.parties())})
	}
	first, err := s.load(ctx, tx, caller, CalendarID(to.person.Agent), "")
	if err != nil || len(first) == 0 {
		return cmp.Or(err, portal.ErrNotFound)
	}
	name, err := s.freeName(ctx, tx, caller, first[0].ID, object.UID)
	if err != nil {
		return err
	}
	w := Written{ID: EventID(portal.NewID()), ETag: etagOf(octets), Created: true}
	return s.keep(ctx, tx, caller, first[0], name, w, schedule{object: object, octets: octets, tag: tag, asked: object.awaits(to.person.parties())})
}

var plainUID = regexp.MustCompile(`^[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,200}$`)

// freeName is the name under which an invitation is put: that of its UID, as clients choose it.
func (s *Store) freeName(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, uid string) (string, error) {
	name := uid + ".ics"
	if !plainUID.MatchString(uid) {
		return portal.NewID() + ".ics", nil
	}
	old, other, err := s.replaced(ctx, tx, caller, id, name, uid)
	if old.name != "" || other.name != "" {
		name = portal.NewID() + ".ics"
	}
	return name, err
}

// under is a new share with what its owner added to her copy: her alarms, whether it takes her
// time, and what her clients keep in properties of their own. That she declined it is no reason to
// be free when she is asked anew.
func (o *Object) under(share *ical.Component, me parties) *ical.Component {
	made, err := Parse(encode(share))
	if err != nil {
		return share
	}
	for _, it := range made.items {
		was := o.itemOf(it.key())
		if was == nil {
			continue
		}
		for _, child := range was.component.Children {
			it.component.Children = append(it.component.Children, clone(child))
		}
		stat, _ := it.statOf(me)
		before, _ := was.statOf(me)
		for name, props := range was.component.Props {
			if name == ical.PropTransparency && before == Declined && stat != Declined {
				continue
			}
			if name == ical.PropTransparency || name == ical.PropCategories || strings.HasPrefix(name, "X-") {
				it.component.Props[name] = props
			}
		}
	}
	return made.root
}

// cancelled is an object, or a share of one, that does not take place.
func cancelled(root *ical.Component, now time.Time) *ical.Component {
	made := clone(root)
	for _, c := range made.Children {
		if c.Name != ical.CompTimezone {
			number := sequenceOf(c) + 1 // what says none is number 0
			set(c, ical.PropStatus, "CANCELLED")
			touch(c, now)
			set(c, ical.PropSequence, strconv.Itoa(number))
		}
	}
	return made
}

// inform puts a message into an inbox.
func (s *Store) inform(ctx context.Context, tx *database.Tx, to Person, method string, root *ical.Component) error {
	message := clone(root)
	set(message, ical.PropMethod, method)
	octets := encode(message)
	uid := ""
	for _, c := range message.Children {
		if c.Name != ical.CompTimezone {
			uid = propText(c, ical.PropUID)
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO calendar_messages (collectivity, agent, name, method, uid, etag, created, octets) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(to.Collectivity), string(to.Agent), portal.NewID()+".ics", method, uid, etagOf(octets), database.Millis(s.now()), octets)
	return err
}

// mail tells one who has no agenda here.
func (s *Store) mail(ctx context.Context, tx *database.Tx, plan schedule, to correspondent, of *Object) error {
	letter := Letter{From: plan.owner, To: to.party, Method: methodRequest}
	root := to.has
	if root == nil {
		letter.Method, root = methodCancel, cancelled(to.had, s.now())
	}
	root = clone(root)
	set(root, ical.PropMethod, letter.Method)
	var err error
	if letter.Event, err = toldOf(cmp.Or(to.has, to.had), plan.zone); err != nil {
		return err
	}
	letter.Octets = encode(root)
	if letter.Method == methodRequest {
		if letter.Secret, err = s.answerLink(ctx, tx, plan.owner, to.party, of); err != nil {
			return err
		}
	}
	return s.courier.Carry(ctx, tx, letter)
}

// toldOf is what words tell somebody of an event: her share of it. Who is invited to one date of a
// series reads nothing of the others.
func toldOf(share *ical.Component, zone *time.Location) (Event, error) {
	o, err := Parse(encode(share))
	if err != nil {
		return Event{}, err
	}
	return eventOf(Calendar{Zone: zone}, Entry{}, o), nil
}

// tellOrganizer brings answers to who invited.
func (s *Store) tellOrganizer(ctx context.Context, tx *database.Tx, plan schedule, to correspondent, of *Object) error {
	reply := of.reply(plan.answers, plan.owner.parties(), s.now())
	switch to.status {
	case statusDelivered:
		if asked, err := s.record(ctx, tx, to, plan.owner.parties(), plan.answers); err != nil || !asked {
			return err
		}
		return s.inform(ctx, tx, *to.person, methodReply, reply)
	case statusMailed:
		set(reply, ical.PropMethod, methodReply)
		return s.courier.Carry(ctx, tx, Letter{
			From: plan.owner, To: to.party, Method: methodReply, Octets: encode(reply),
			Event: eventOf(Calendar{Zone: plan.zone}, Entry{}, of), Answer: shownAnswer(plan.answers[0].stat),
		})
	}
	return nil
}

// MaxAttendees is how many people one event invites: all their agendas are written at once.
const MaxAttendees = 500

// maxTold is how many bytes one write puts into the agendas of others: what is attached is written to
// each of them, twice.
const maxTold = 64 << 20

// MaxAnswers is how many instances one write answers: each is looked for in the series.
const MaxAnswers = 500

// refreshed is how many agendas an answer is written to beside the organizer's: with more people
// each answer would cost as much as all of them, and they read it at the next change.
const refreshed = 50

// record writes answers into the organizer's object, and into the copies of the others. It is
// false when the event is no more, or who answers was never asked.
func (s *Store) record(ctx context.Context, tx *database.Tx, organizer correspondent, from parties, answers []answer) (asked bool, err error) {
	object := organizer.kept.object()
	if object == nil || object.sideOf(organizer.person.parties()) != organizing || !slices.ContainsFunc(object.attendees(), from.has) {
		return false, nil
	}
	if err := object.noteAll(answers, from, organizer.kept.zone, s.now()); err != nil {
		return false, err
	}
	octets := encode(object.root)
	if object, err = Parse(octets); err != nil {
		return false, err
	}
	concern(ctx, *organizer.person)
	w := Written{ID: EventID(organizer.kept.id), ETag: etagOf(octets)}
	plan := schedule{object: object, octets: octets, tag: organizer.kept.tag}
	if err := s.keep(ctx, tx, organizer.person.caller(), Calendar{ID: organizer.kept.calendar, stored: true}, organizer.kept.name, w, plan); err != nil {
		return false, err
	}
	return true, s.refresh(ctx, tx, *organizer.person, object, from)
}

// refresh shows an answer to the others who are invited.
func (s *Store) refresh(ctx context.Context, tx *database.Tx, organizer Person, object *Object, from parties) error {
	attendees := object.attendees()
	if len(attendees) > refreshed {
		return nil
	}
	plan := schedule{owner: organizer}
	for _, party := range attendees {
		if !from.has(party) && !organizer.parties().has(party) && object.servesItself(party) {
			plan.to = append(plan.to, correspondent{party: party, has: object.shareOf(party)})
		}
	}
	if err := s.meet(ctx, tx, &plan, nil, object); err != nil {
		return err
	}
	for _, one := range plan.to {
		if one.status != statusDelivered || one.kept.tag == "" {
			continue
		}
		if err := s.renew(ctx, tx, one, ""); err != nil {
			return err
		}
	}
	return nil
}
