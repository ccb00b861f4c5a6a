package calendar

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/post"
)

// Scheduling makes invitations go to people: without it they stay in the agenda of who writes them.
// It is a step of set-up.
func (s *Store) Scheduling(people People, courier Courier) { s.people, s.courier = people, courier }

// concernedBy are those whose agendas a transaction changes by invitations.
type concernedBy struct{ people []Person }

type concernedKey struct{}

// concern remembers one of them.
func concern(ctx context.Context, one Person) {
	if all, ok := ctx.Value(concernedKey{}).(*concernedBy); ok {
		all.people = append(all.people, one)
	}
}

// write is a transaction in which others are told: their letters leave, and their pages change,
// once it is done.
func (s *Store) write(ctx context.Context, do func(context.Context, *database.Tx) error) error {
	var others concernedBy
	run := func(ctx context.Context) error {
		return s.db.Tx(ctx, func(tx *database.Tx) error {
			others.people = nil // it may be tried again
			return do(context.WithValue(ctx, concernedKey{}, &others), tx)
		})
	}
	err := run(ctx)
	var wants *wantsTurn
	if errors.As(err, &wants) {
		done, late := s.turns.take(ctx, wants.of)
		if late != nil {
			return late
		}
		defer done()
		err = run(context.WithValue(ctx, turnKey{}, true))
	}
	if err != nil {
		return err
	}
	if s.courier != nil {
		s.courier.Leave()
	}
	for _, one := range others.people {
		if s.changedFor != nil {
			s.changedFor(one.Collectivity, one.Agent)
		}
	}
	return nil
}

// OnTold adds what is done when an agenda is changed by others: asked from many goroutines. It is
// a step of set-up.
func (s *Store) OnTold(do func(portal.CollectivityID, ...portal.AgentID)) { s.changedFor = do }

// How a message went, in the words of RFC 6638 §7.3.
const (
	statusMailed    = "1.1"
	statusDelivered = "1.2"
	statusUnknown   = "3.7" // no such calendar user
	statusFailed    = "5.1" // can't be delivered
)

// copied is an object that people are invited to, in the agenda of one of them.
type copied struct {
	calendar  CalendarID
	slug      string // of the calendar
	name, id  string
	etag, tag string
	octets    []byte
	zone      *time.Location
	parsed    *Object
}

// object is the copy parsed, nil when there is none or it can't be.
func (c *copied) object() *Object {
	if c.parsed == nil && c.octets != nil {
		c.parsed, _ = Parse(c.octets)
	}
	return c.parsed
}

// copyOf finds the object of a UID in the agendas of one agent; the zero value for none. One that an
// import brought invites nobody, yet it is the same event: beside it there can be no other. CROSS
// tells SQLite to begin with her few calendars.
func (s *Store) copyOf(ctx context.Context, tx *database.Tx, of Person, uid string) (copied, error) {
	rows, err := tx.Query(ctx, `
		SELECT o.calendar, c.slug, o.name, o.id, o.etag, o.schedule_tag, o.octets, CASE c.zone WHEN '' THEN t.zone ELSE c.zone END
		FROM calendars c
		CROSS JOIN calendar_objects o
		JOIN collectivities t ON t.id = o.collectivity
		WHERE c.collectivity = $1 AND c.owner = $2 AND o.collectivity = $1 AND o.calendar = c.id AND o.uid = $3
		ORDER BY o.schedule_tag = '', o.calendar <> $2, o.calendar LIMIT 1`,
		string(of.Collectivity), string(of.Agent), uid)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (c copied, err error) {
		var zone string
		err = rows.Scan(&c.calendar, &c.slug, &c.name, &c.id, &c.etag, &c.tag, &c.octets, &zone)
		c.zone = zoneNamed(zone)
		return c, err
	})
	if err != nil || len(found) == 0 {
		return copied{}, err
	}
	return found[0], nil
}

// correspondent is who is to hear of a change.
type correspondent struct {
	party    string          // as the object names her
	had, has *ical.Component // what she takes part in, before and now; nil: nothing
	person   *Person         // nil for one who has no agenda here
	kept     copied          // in her agenda
	status   string          // how it goes
}

// schedule is what a write does beyond the calendar that it goes to.
type schedule struct {
	owner   Person
	zone    *time.Location // of the calendar
	tag     string         // Schedule-Tag, "" for an object that nobody is invited to
	asked   bool           // the owner of the calendar has not answered
	object  *Object
	octets  []byte
	to      []correspondent // attendees, or the organizer
	answers []answer        // to the organizer
	event   EventID         // that is written
}

// scheduling says what a write means for others, and what the object becomes by it. old is nil for
// a new object, object for one that is deleted.
func (s *Store) scheduling(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, c Calendar, event EventID, old, object *Object, octets []byte, condition Condition) (schedule, error) {
	plan := schedule{object: object, octets: octets, zone: c.Zone, event: event}
	invites := func(o *Object) bool { return o != nil && o.organizer() != "" }
	if s.people == nil || c.Shared() || !invites(old) && (!invites(object) || condition.Quiet) {
		return s.unasked(ctx, tx, collectivity, plan)
	}
	owner, err := s.people.AgentNamed(ctx, tx, collectivity, c.Owner)
	if errors.Is(err, portal.ErrNotFound) {
		// Who has left invites nobody, and answers nothing: what she booked is moved with its event.
		plan.owner = Person{Collectivity: collectivity, Agent: c.Owner}
		return s.bookForOther(ctx, tx, plan, old)
	}
	if err != nil {
		return schedule{}, err
	}
	plan.owner = owner
	was, is := old.sideOf(owner.parties()), object.sideOf(owner.parties())
	if object == nil && was == attending {
		if kept, err := s.keepsAnother(ctx, tx, owner, c.ID, old.UID); err != nil || kept {
			return plan, err
		}
	}
	changed := false
	switch {
	case is == bystander && was == bystander:
		return s.bookForOther(ctx, tx, plan, old)
	case was == attending && is == organizing, was == organizing && is == attending:
		return schedule{}, refusal(AttendeeChange, "another organizer")
	case is == attending || is == bystander && was == attending:
		if was != attending {
			old = nil
		}
		changed, err = s.attend(ctx, tx, &plan, c.Zone, old, condition.Quiet)
		if err == nil && is == bystander {
			err = s.giveBack(ctx, tx, collectivity, event)
		}
	default:
		if is != organizing {
			plan.object = nil // for others: nobody is invited any more
		}
		if was != organizing {
			old = nil
		}
		changed, err = s.organize(ctx, tx, &plan, old, condition.ScheduleTag != "")
		plan.object = object
	}
	if err != nil {
		return schedule{}, err
	}
	if is != bystander {
		plan.tag = newTag()
	}
	if changed {
		plan.octets = encode(object.root)
		plan.object, err = Parse(plan.octets)
	}
	plan.asked = plan.object.awaits(owner.parties())
	return plan, err
}

// keepsAnother says whether an agent has an event in another of her calendars too: that of a colleague
// who left, and was invited like her, is no answer of hers when it goes.
func (s *Store) keepsAnother(ctx context.Context, tx *database.Tx, owner Person, beside CalendarID, uid string) (found bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM calendars c
		JOIN calendar_objects o ON o.collectivity = $1 AND o.calendar = c.id AND o.uid = $3 AND o.schedule_tag <> ''
		WHERE c.collectivity = $1 AND c.owner = $2 AND c.id <> $4)`,
		string(owner.Collectivity), string(owner.Agent), uid, string(beside)).Scan(&found)
	return found, err
}

// awaits says whether somebody is asked to an event and has not answered. A task has no page to do it.
func (o *Object) awaits(me parties) bool {
	return o.sideOf(me) == attending && o.Component == EventComponent && slices.ContainsFunc(o.items, func(it *item) bool {
		stat, invited := it.statOf(me)
		return invited && stat == NeedsAction && it.status() != "CANCELLED"
	})
}

func newTag() string { return `"` + portal.NewID() + `"` }

// organize is scheduling for who invites.
func (s *Store) organize(ctx context.Context, tx *database.Tx, plan *schedule, old *Object, keepAnswers bool) (changed bool, err error) {
	object, me := plan.object, plan.owner.parties()
	if object != nil {
		if err := object.checkOrganizer(); err != nil {
			return false, err
		}
		if n := len(object.attendees()); n > MaxAttendees || n*len(plan.octets) > maxTold {
			return false, refusal(TooManyAttendees, "%d ATTENDEE of %d bytes", n, len(plan.octets))
		}
		if old != nil {
			changed = keepAnswers && object.keepAnswers(old, me)
			changed = object.keepStatus(old) || changed
			changed = object.keepNumbers(old) || changed
			changed = object.reschedule(old, me, plan.zone) || changed
		}
	}
	booked, answered, err := s.book(ctx, tx, plan, old)
	if err != nil {
		return false, err
	}
	changed = answered || changed
	plan.to = concerned(old, object, append(booked, me...))
	if err := s.meet(ctx, tx, plan, old, object); err != nil {
		return false, err
	}
	return object != nil && object.mark(plan.to) || changed, nil
}

// concerned are the attendees who are to hear of an organizer's change.
func concerned(old, object *Object, me parties) (all []correspondent) {
	before, now, seen := newShares(old), newShares(object), map[string]bool{}
	for _, o := range []*Object{object, old} {
		for _, party := range o.attendees() {
			if seen[party] || me.has(party) || !o.servesItself(party) {
				continue
			}
			seen[party] = true
			had, has := before.to(party), now.to(party)
			if had.tells != has.tells || object != nil && object.isForced(party) {
				all = append(all, correspondent{party: party, had: had.root, has: has.root})
			}
		}
	}
	return all
}

// shares are what attendees get of an object, made once for all who take part in the same of its
// items: a meeting of a hundred is not written a hundred times to be compared.
type shares struct {
	object *Object
	made   map[string]share
}

// share is never changed: several people have it.
type share struct {
	root  *ical.Component // nil: nothing
	tells string
}

func newShares(of *Object) shares { return shares{of, map[string]share{}} }

func (s shares) to(party string) share {
	if s.object == nil {
		return share{}
	}
	part := make([]byte, len(s.object.items))
	for i, it := range s.object.items {
		part[i] = '0' + byte(boolToInt(len(attendeesOf(it.component, party)) > 0))
	}
	one, known := s.made[string(part)]
	if !known {
		one.root = s.object.shareOf(party)
		one.tells = tells(one.root)
		s.made[string(part)] = one
	}
	return one
}

// mark writes how each message went beside whom it went to.
func (o *Object) mark(to []correspondent) (changed bool) {
	for _, one := range to {
		for _, it := range o.items {
			for _, p := range attendeesOf(it.component, one.party) {
				delete(p.Params, paramForce)
				setParam(p, paramStatus, one.status)
				changed = true
			}
		}
	}
	return changed
}

// attend is scheduling for who is invited.
func (s *Store) attend(ctx context.Context, tx *database.Tx, plan *schedule, zone *time.Location, old *Object, quiet bool) (changed bool, err error) {
	object, me := plan.object, plan.owner.parties()
	if object != nil {
		if err := object.checkOrganizer(); err != nil {
			return false, err
		}
		if old != nil {
			if err := object.checkAttendee(old, zone); err != nil {
				return false, err
			}
			changed = object.keepAnswers(old, me)
			changed = object.retake(old, me) || changed
		}
		changed = object.freeDeclined(me) || changed
	}
	organizer := cmp.Or(object, old)
	if quiet || !organizer.organizerServed() {
		return changed, nil
	}
	switch plan.answers = answers(old, object, me, zone); {
	case len(plan.answers) == 0:
		return changed, nil
	case len(plan.answers) > MaxAnswers && object != nil:
		return false, refusal(TooManyInstances, "answers to %d instances", len(plan.answers))
	}
	plan.answers = plan.answers[:min(len(plan.answers), MaxAnswers)] // what is deleted is declined as far as it goes
	plan.to = []correspondent{{party: organizer.organizer()}}
	if err := s.meet(ctx, tx, plan, old, object); err != nil {
		return false, err
	}
	if object != nil {
		for _, it := range object.items {
			setParam(it.component.Props.Get(ical.PropOrganizer), paramStatus, plan.to[0].status)
			changed = true
		}
	}
	return changed, nil
}

// organizerServed says whether the server is to tell the organizer of answers.
func (o *Object) organizerServed() bool {
	p := o.items[0].component.Props.Get(ical.PropOrganizer)
	agent := param(p, paramAgent)
	return agent == "" || agent == "SERVER"
}

// freeDeclined makes what somebody declined take none of her time.
func (o *Object) freeDeclined(me parties) (changed bool) {
	for _, it := range o.items {
		stat, _ := it.statOf(me)
		if stat == Declined && it.component.Name == EventComponent && !strings.EqualFold(propText(it.component, ical.PropTransparency), "TRANSPARENT") {
			set(it.component, ical.PropTransparency, "TRANSPARENT")
			changed = true
		}
	}
	return changed
}

// retake makes what somebody declined, and does not any more, take her time again.
func (o *Object) retake(old *Object, me parties) (changed bool) {
	for _, it := range o.items {
		stat, invited := it.statOf(me)
		if invited && stat != Declined && old.statAt(it, me) == Declined && !it.takesTime() {
			it.component.Props.Del(ical.PropTransparency)
			changed = true
		}
	}
	return changed
}

// meet finds out who the correspondents of a plan are, and how it goes with each.
func (s *Store) meet(ctx context.Context, tx *database.Tx, plan *schedule, old, object *Object) error {
	var addresses []string
	for _, one := range plan.to {
		if strings.Contains(one.party, "@") {
			addresses = append(addresses, one.party)
		}
	}
	found, err := s.people.AtAddresses(ctx, tx, plan.owner.Collectivity, addresses)
	if err != nil {
		return err
	}
	invitation := cmp.Or(object, old)
	for i := range plan.to {
		one := &plan.to[i]
		if person, known := found[one.party]; known {
			one.person = &person
		} else if one.person, err = s.neighbour(ctx, tx, plan.owner.Collectivity, one.party); err != nil {
			return err
		}
		switch {
		case one.person != nil:
			one.status = statusDelivered
			if one.kept, err = s.copyOf(ctx, tx, *one.person, invitation.UID); err != nil {
				return err
			}
			if one.kept.name != "" && one.kept.object().organizer() != invitation.organizer() {
				one.status = one.beside()
			}
		case !isAddress(one.party):
			one.status = statusUnknown
		case s.courier == nil || !s.courier.Sends(plan.owner.Collectivity):
			one.status = statusFailed
		default:
			one.status = statusMailed
		}
	}
	return nil
}

// isAddress says whether a letter can be written to a party: of a client's mistake among many who are
// invited the others must not suffer.
func isAddress(party string) bool {
	_, err := post.CleanAddress(party)
	return err == nil
}

// beside is how it goes with one who has another event of the same UID: nobody's is written over, and
// two are only kept in two calendars.
func (one *correspondent) beside() string {
	if one.kept.tag != "" || one.kept.calendar == CalendarID(one.person.Agent) {
		return statusFailed
	}
	one.kept = copied{}
	return statusDelivered
}

// neighbour is the agent of a collectivity whom the path of a principal names, nil for none.
func (s *Store) neighbour(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, party string) (*Person, error) {
	id, isPath := strings.CutPrefix(party, principals)
	if !isPath {
		return nil, nil
	}
	person, err := s.people.AgentNamed(ctx, tx, collectivity, portal.AgentID(strings.TrimSuffix(id, "/")))
	if errors.Is(err, portal.ErrNotFound) {
		return nil, nil
	}
	return &person, err
}
