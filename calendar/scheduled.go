package calendar

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/post"
)

// Person is somebody who has an agenda in the pool.
type Person struct {
	Collectivity portal.CollectivityID
	Agent        portal.AgentID
	Name         string // "Claire Morel"
	Address      string // of her mail, lower case; "" when she has none
}

// parties are the names by which invitations call her.
func (p Person) parties() parties {
	names := parties{principals + string(p.Agent) + "/"}
	if p.Address != "" {
		names = append(names, p.Address)
	}
	return names
}

// caller writes in her own agenda, with no right beyond that.
func (p Person) caller() portal.Caller {
	return portal.Caller{Collectivity: p.Collectivity, Agent: p.Agent}
}

// People knows who can be invited.
type People interface {
	// AtAddresses finds active agents by mail addresses in lower case: those of the near
	// collectivity, and of all others that are in service where the address has their domain.
	AtAddresses(ctx context.Context, from database.Reader, near portal.CollectivityID, addresses []string) (map[string]Person, error)
	// AgentNamed is one active agent; portal.ErrNotFound.
	AgentNamed(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, agent portal.AgentID) (Person, error)
}

// Courier takes what is to be told to people who have no agenda here.
type Courier interface {
	// Sends says whether letters of a collectivity leave at all.
	Sends(collectivity portal.CollectivityID) bool
	// Carry queues a letter in the transaction of what it tells.
	Carry(ctx context.Context, tx *database.Tx, letter Letter) error
	// Leave sends what was queued, once that is done.
	Leave()
}

// Letter is an iTIP message to one address (RFC 6047).
type Letter struct {
	From   Person
	To     string // "jean@exemple.fr"
	Method string // "REQUEST", "CANCEL", "REPLY"
	Octets []byte // with METHOD
	Secret string // of the link by which she answers, "" without
	Event  Event  // for the words of the letter
	Answer string // of a REPLY: Accepted…
}

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
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		others.people = nil // it may be tried again
		return do(context.WithValue(ctx, concernedKey{}, &others), tx)
	})
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
}

// scheduling says what a write means for others, and what the object becomes by it. old is nil for
// a new object, object for one that is deleted.
func (s *Store) scheduling(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, c Calendar, old, object *Object, octets []byte, condition Condition) (schedule, error) {
	plan := schedule{object: object, octets: octets, zone: c.Zone}
	invites := func(o *Object) bool { return o != nil && o.organizer() != "" }
	if s.people == nil || c.Shared() || !invites(old) && (!invites(object) || condition.Quiet) {
		return plan, nil
	}
	owner, err := s.people.AgentNamed(ctx, tx, collectivity, c.Owner)
	if errors.Is(err, portal.ErrNotFound) {
		return plan, nil // who has left invites nobody, and answers nothing
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
		return plan, nil
	case was == attending && is == organizing, was == organizing && is == attending:
		return schedule{}, refusal(AttendeeChange, "another organizer")
	case is == attending || is == bystander && was == attending:
		if was != attending {
			old = nil
		}
		changed, err = s.attend(ctx, tx, &plan, c.Zone, old, condition.Quiet)
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
	plan.to = concerned(old, object, me)
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
