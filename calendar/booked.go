package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// paramComment is how programs show what an attendee says with her answer: Google's, Cyrus's and others'.
const paramComment = "X-RESPONSE-COMMENT"

// invitedResource is a resource and how an object names it: by its address, its path, or both.
type invitedResource struct {
	Resource
	as parties
}

// resourcesOf are the resources that objects invite, by their ids, but for who the owner is herself.
func (s *Store) resourcesOf(ctx context.Context, tx *database.Tx, owner Person, objects ...*Object) (found []invitedResource, err error) {
	var named []string
	for _, o := range objects {
		for _, party := range o.attendees() {
			if !slices.Contains(named, party) && !owner.parties().has(party) {
				named = append(named, party)
			}
		}
	}
	if s.resources == nil || len(named) == 0 {
		return nil, nil
	}
	known, err := s.resources.Among(ctx, tx, owner.Collectivity, named)
	for _, party := range named {
		one, is := known[party]
		if !is {
			continue
		}
		i := slices.IndexFunc(found, func(other invitedResource) bool { return other.ID == one.ID })
		if i < 0 {
			i, found = len(found), append(found, invitedResource{Resource: one})
		}
		found[i].as = append(found[i].as, party)
	}
	return found, err
}

// book has resources answer to an event in the transaction of its write, and writes their answers
// into it. They do whatever SCHEDULE-AGENT says: nobody else could answer for them. old is nil for what
// nobody was invited to, plan.object for what is deleted or invites nobody any more.
func (s *Store) book(ctx context.Context, tx *database.Tx, plan *schedule, old *Object) (names parties, changed bool, err error) {
	object := plan.object
	found, err := s.resourcesOf(ctx, tx, plan.owner, object, old)
	if err == nil && len(found) == 0 {
		err = s.giveBack(ctx, tx, plan.owner.Collectivity, plan.event) // of what has another name since
	}
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	claim := Claim{Collectivity: plan.owner.Collectivity, Event: plan.event, Holder: plan.owner.Agent}
	now := s.now()
	asked := map[string]invitedResource{}
	for _, one := range found {
		names = append(names, one.as...)
		if object == nil || object.Component != EventComponent || len(object.inviting(one.as)) == 0 {
			continue
		}
		asked[one.ID] = one
		claim.Wishes = append(claim.Wishes, object.wish(one, old, now))
		claim.UID = object.UID
	}
	if err := s.inTurn(ctx, claim); err != nil {
		return nil, false, err
	}
	verdicts, err := s.resources.Decide(ctx, tx, claim)
	if err != nil {
		return nil, false, err
	}
	for _, verdict := range verdicts {
		if why := verdict.declines(); why != "" && ctx.Value(certainKey{}) != nil {
			return nil, false, &Declining{why}
		}
		one := asked[verdict.Resource]
		answered, wrote, err := object.settle(one, verdict, old, now)
		if err != nil {
			return nil, false, err
		}
		changed = changed || wrote
		if len(answered) > 0 {
			if err := s.inform(ctx, tx, plan.owner, methodReply, object.answering(answered, one.as, now)); err != nil {
				return nil, false, err
			}
		}
	}
	return names, changed, nil
}

// declines tells why a resource declines, all or the first date; "" when it accepts or waits.
func (v Verdict) declines() string {
	if v.Why == "" && len(v.Refused) > 0 {
		return v.Refused[0].Why
	}
	return v.Why
}

// Book makes an event of the caller's own agenda that invites one resource. What the resource declines is not
// written: *Declining.
// The draft says what it is called, when it is and how it repeats.
func (s *Store) Book(ctx context.Context, caller portal.Caller, one Offered, d Draft) (EventID, error) {
	d.Calendar, d.Guests = CalendarID(caller.Agent), &Guests{All: []Guest{{Party: one.Party, Name: one.Name}}}
	if one.Type == typeRoom {
		d.Location = one.Where()
	}
	return s.CreateEvent(context.WithValue(ctx, certainKey{}, true), caller, d)
}

// bookForOther is book for an event that its owner does not invite to, and that holds resources: she has
// it from a colleague who left, or has left herself. What she moves or deletes must not keep them.
func (s *Store) bookForOther(ctx context.Context, tx *database.Tx, plan schedule, old *Object) (schedule, error) {
	if s.resources == nil {
		return plan, nil
	}
	holds, err := s.resources.Holds(ctx, tx, plan.owner.Collectivity, plan.event)
	if err != nil || !holds {
		return plan, err
	}
	_, changed, err := s.book(ctx, tx, &plan, old)
	if plan.object != nil {
		plan.tag = newTag() // the next write is to know what it was
	}
	if err == nil && changed {
		plan.octets = encode(plan.object.root)
		plan.object, err = Parse(plan.octets)
	}
	return plan, err
}

// unasked is for what is written without a word to anybody: it holds nothing, and says so.
func (s *Store) unasked(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, plan schedule) (schedule, error) {
	if err := s.giveBack(ctx, tx, collectivity, plan.event); err != nil {
		return plan, err
	}
	found, err := s.resourcesOf(ctx, tx, Person{Collectivity: collectivity}, plan.object)
	changed := false
	for _, one := range found {
		for _, it := range plan.object.inviting(one.as) {
			for _, p := range attendeesOf(it.component, one.as...) {
				if partStat(p) == NeedsAction {
					continue
				}
				changed = true
				setParam(p, ical.ParamParticipationStatus, NeedsAction)
				delete(p.Params, paramStatus)
				delete(p.Params, paramComment)
			}
		}
	}
	if err == nil && changed {
		plan.octets = encode(plan.object.root)
		plan.object, err = Parse(plan.octets)
	}
	return plan, err
}

// giveBack frees what an event held.
func (s *Store) giveBack(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, event EventID) error {
	if s.resources == nil {
		return nil
	}
	_, err := s.resources.Decide(ctx, tx, Claim{Collectivity: collectivity, Event: event})
	return err
}

// inviting are the items to which somebody is invited, by any of her names.
func (o *Object) inviting(who parties) (items []*item) {
	for _, it := range o.items {
		if len(attendeesOf(it.component, who...)) > 0 {
			items = append(items, it)
		}
	}
	return items
}

// wish is what an object wants of a resource: what is to come and takes time, but for what it declined
// and is not asked again.
func (o *Object) wish(one invitedResource, old *Object, now time.Time) Wish {
	w := Wish{Resource: one.ID, Exceptions: o.exceptions()}
	wanted := map[*item]bool{}
	for _, it := range o.inviting(one.as) {
		w.Exceptions += boolToInt(!it.repeats()) // it is one date
		wanted[it] = it.takesTime() && !o.staysDeclined(it, old, one)
	}
	add := func(occ occurrence) error {
		if !occ.end.After(occ.start) {
			return nil
		}
		slot := Slot{Start: occ.start.UTC(), End: occ.end.UTC()}
		if occ.item.isOverride || occ.item.repeats() {
			slot.Recurrence = occ.recurrence.UTC()
		}
		if occ.item.repeats() {
			w.After = latest(w.After, slot.Start)
		}
		if w.Slots = append(w.Slots, slot); len(w.Slots) > MaxBooked {
			return errStop
		}
		return nil
	}
	horizon := now.Add(BookingHorizon)
	for _, it := range o.items {
		if !wanted[it] {
			continue
		}
		reach := o.window(now, time.Time{}, one.Zone)
		if it.repeats() {
			reach.to = horizon
		}
		_ = reach.walk(it, add) // its only error is errStop
	}
	if main := o.items[0]; main.repeats() && wanted[main] {
		switch next := o.window(horizon, time.Time{}, one.Zone).next(main); {
		case next == nil:
			w.After = time.Time{}
		case w.After.IsZero():
			_ = add(*next)
		}
	}
	slices.SortStableFunc(w.Slots, func(a, b Slot) int { return a.Start.Compare(b.Start) })
	return w
}

// next is the earliest instance of an item that starts in a window and lasts, nil for none. A rule comes
// before the dates that are added to it, so what is found first is not always the earliest.
func (w window) next(it *item) (next *occurrence) {
	earlier := func(occ occurrence) error {
		if !occ.start.Before(w.from) && occ.end.After(occ.start) && (next == nil || occ.start.Before(next.start)) {
			next = &occ
		}
		return nil
	}
	_ = w.walk(it, func(occ occurrence) error {
		if _ = earlier(occ); next != nil {
			return errStop
		}
		return nil
	})
	if next != nil && len(it.added) > 0 {
		w.to = next.start
		_ = w.walk(it, earlier)
	}
	return next
}

// exceptions is how many dates of a series can be made exceptions before the object is too large, or
// too much for the agendas of all who are invited. A series that mixes days with hours, or dates of
// lengths of their own, has none.
func (o *Object) exceptions() int {
	main := o.items[0]
	if !main.repeats() || slices.ContainsFunc(main.added, func(a addition) bool {
		return a.end != nil || a.span != nil || a.start.isDate() != main.firstMoment().isDate()
	}) {
		return 0
	}
	of, all := sizeOf(o.items[0].component), len(encode(o.root))
	room := min(MaxObjectSize, maxTold/max(1, len(o.attendees()))) - all
	return max(0, min(maxExceptions, room/max(1, 2*of)))
}

// staysDeclined says whether a resource declined an item that is as it was, and the client knows it:
// asking again is to write another answer, or to move it.
func (o *Object) staysDeclined(it *item, old *Object, one invitedResource) bool {
	if old == nil || !allDeclined(it, one.as) || slices.ContainsFunc(attendeesOf(it.component, one.as...), func(p *ical.Prop) bool {
		return param(p, paramForce) == methodRequest
	}) {
		return false
	}
	was := old.itemOf(it.key())
	return was != nil && was.takesTime() && allDeclined(was, one.as) && old.before(it, one.Zone) == nil
}

func allDeclined(it *item, who parties) bool {
	found := attendeesOf(it.component, who...)
	return len(found) > 0 && !slices.ContainsFunc(found, func(p *ical.Prop) bool { return partStat(p) != Declined })
}

// settle writes a verdict into an object. answered are the items that are declined and were not before, and those
// that are decided and waited for it.
func (o *Object) settle(one invitedResource, verdict Verdict, old *Object, now time.Time) (answered []*item, changed bool, err error) {
	write := func(it *item, stat, why string) {
		for _, p := range attendeesOf(it.component, one.as...) {
			changed = one.introduce(p) || changed
			was := partStat(p)
			if p.Params.Get(paramStatus) == "2.0" && was+p.Params.Get(paramComment) == stat+quotable(why) && p.Params.Get(ical.ParamRSVP) == "" && p.Params.Get(paramForce) == "" {
				continue
			}
			changed = true
			if (stat == Declined && was != Declined || stat == Accepted && was == Tentative) && !slices.Contains(answered, it) {
				answered = append(answered, it)
			}
			setParam(p, ical.ParamParticipationStatus, stat)
			setParam(p, paramStatus, "2.0")
			delete(p.Params, ical.ParamRSVP)
			delete(p.Params, paramForce)
			delete(p.Params, paramComment)
			if why != "" {
				setParam(p, paramComment, quotable(why))
			}
		}
	}
	refused, others := o.refusedItems(verdict.Refused, one.Zone)
	waiting := o.waitingItems(verdict.Waiting, one.Zone)
	for _, it := range o.inviting(one.as) {
		why, isRefused := refused[it]
		switch {
		case it.status() == "CANCELLED":
		case !it.takesTime():
			write(it, Declined, one.Idle)
		case o.staysDeclined(it, old, one):
			write(it, Declined, said(one.as, it, old.itemOf(it.key())))
		case verdict.Why != "":
			write(it, Declined, verdict.Why)
		case isRefused:
			write(it, Declined, why)
		case waiting[it]:
			write(it, Tentative, verdict.Wait)
		default:
			write(it, Accepted, "")
		}
	}
	for _, slot := range others {
		it, err := o.makeOverride(slot.Recurrence, one.Zone)
		if err != nil {
			return nil, false, fmt.Errorf("exception of %v: %w", slot.Recurrence, err)
		}
		o.items = append(o.items, it)
		set(it.component, ical.PropDateTimeStamp, stamp(now))
		write(it, Declined, slot.Why)
	}
	return answered, changed, nil
}

// waitingItems are the items of which some date waits for somebody to accept it.
func (o *Object) waitingItems(slots []Slot, zone *time.Location) map[*item]bool {
	waiting := map[*item]bool{}
	for _, slot := range slots {
		it := o.items[0]
		if own := o.override(slot.Recurrence, zone); own != nil && !slot.Recurrence.IsZero() {
			it = own
		}
		waiting[it] = true
	}
	return waiting
}

// refusedItems are the items whose slots are refused, with why, and the slots that have no item of their
// own.
func (o *Object) refusedItems(refused []RefusedSlot, zone *time.Location) (items map[*item]string, others []RefusedSlot) {
	items = map[*item]string{}
	for _, slot := range refused {
		it := o.override(slot.Recurrence, zone)
		switch {
		case slot.Recurrence.IsZero():
			items[o.items[0]] = slot.Why
		case it != nil:
			items[it] = slot.Why
		default:
			others = append(others, slot)
		}
	}
	return items, others
}

// introduce says what a resource is, where a client knows no more than its address.
func (one invitedResource) introduce(p *ical.Prop) (changed bool) {
	if p.Params.Get(ical.ParamCommonName) == "" {
		setParam(p, ical.ParamCommonName, quotable(one.Name))
		changed = true
	}
	if param(p, ical.ParamCalendarUserType) != one.Type {
		setParam(p, ical.ParamCalendarUserType, one.Type)
		changed = true
	}
	return changed
}

// said is what somebody said with her answer: clients leave out what they don't know.
func said(who parties, items ...*item) string {
	for _, it := range items {
		for _, p := range attendeesOf(it.component, who...) {
			if text := p.Params.Get(paramComment); text != "" {
				return text
			}
		}
	}
	return ""
}

// quotable is a text as a parameter can hold it (RFC 5545 §3.2).
func quotable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ':
			return ' '
		}
		return r
	}, text)
}

// answering is the iTIP REPLY of a resource about some items.
func (o *Object) answering(items []*item, who parties, now time.Time) *ical.Component {
	var all []answer
	for _, it := range items {
		stat, _ := it.statOf(who)
		all = append(all, answer{it.key(), it.recurrenceID, stat})
	}
	reply := o.reply(all, who, now)
	made := slices.DeleteFunc(slices.Clone(reply.Children), func(c *ical.Component) bool { return c.Name == ical.CompTimezone })
	for i, c := range made {
		if text := said(who, items[i]); text != "" {
			setText(c, ical.PropComment, text)
		}
	}
	return reply
}

// Rebook decides anew what an event that is not written now holds: instances of a series that came
// near, and what can't be booked any more. Its organizer and those whom she invited hear of what is
// declined. An event that is there no more gives back what it held.
func (s *Store) Rebook(ctx context.Context, collectivity portal.CollectivityID, held Held) error {
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		return s.rebook(ctx, tx, collectivity, held)
	})
	return wrap(err, "calendar: book %q anew", held.Event)
}

func (s *Store) rebook(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, held Held) error {
	var kept copied
	var owner portal.AgentID
	var zone string
	err := tx.QueryRow(ctx, `
		SELECT o.calendar, c.slug, o.name, o.id, o.etag, o.schedule_tag, o.octets, c.owner, CASE c.zone WHEN '' THEN t.zone ELSE c.zone END
		FROM calendar_objects o
		JOIN calendars c ON c.collectivity = $1 AND c.id = o.calendar
		JOIN collectivities t ON t.id = o.collectivity
		WHERE o.collectivity = $1 AND o.id = $2`, string(collectivity), string(held.Event)).
		Scan(&kept.calendar, &kept.slug, &kept.name, &kept.id, &kept.etag, &kept.tag, &kept.octets, &owner, &zone)
	object, old := kept.object(), (*Object)(nil)
	if errors.Is(err, portal.ErrNotFound) || err == nil && object == nil {
		return s.giveBack(ctx, tx, collectivity, held.Event)
	}
	if err != nil {
		return err
	}
	person, err := s.people.AgentNamed(ctx, tx, collectivity, owner)
	if errors.Is(err, portal.ErrNotFound) {
		return nil // who has left decides nothing: what she booked stays
	}
	if err != nil {
		return err
	}
	if old, err = Parse(kept.octets); err != nil {
		return err
	}
	if err := s.askAgain(ctx, tx, person, object, held.Again); err != nil {
		return err
	}
	plan := schedule{owner: person, zone: zoneNamed(zone), event: held.Event, object: object, octets: kept.octets, tag: kept.tag}
	var changed bool
	if object.sideOf(person.parties()) == organizing {
		changed, err = s.organize(ctx, tx, &plan, old, false)
	} else {
		_, changed, err = s.book(ctx, tx, &plan, old)
	}
	if err != nil || !changed {
		return err
	}
	plan.octets = encode(object.root)
	if plan.object, err = Parse(plan.octets); err != nil {
		return err
	}
	w := Written{ID: held.Event, ETag: etagOf(plan.octets)}
	if err := s.keep(ctx, tx, person.caller(), Calendar{ID: kept.calendar, stored: true}, kept.name, w, plan); err != nil {
		return err
	}
	return s.carryOut(ctx, tx, plan, old)
}

// askAgain forgets what some resources answered.
func (s *Store) askAgain(ctx context.Context, tx *database.Tx, owner Person, object *Object, resources []string) error {
	if len(resources) == 0 {
		return nil
	}
	found, err := s.resourcesOf(ctx, tx, owner, object)
	for _, one := range found {
		if !slices.Contains(resources, one.ID) {
			continue
		}
		for _, it := range object.inviting(one.as) {
			for _, p := range attendeesOf(it.component, one.as...) {
				setParam(p, ical.ParamParticipationStatus, NeedsAction)
			}
		}
	}
	return err
}

// KeepBooked books what came within BookingHorizon of the series of a collectivity, a month at a time.
func (s *Store) KeepBooked(ctx context.Context, collectivity portal.CollectivityID) error {
	if s.resources == nil {
		return nil
	}
	const month = 31 * 24 * time.Hour
	due, err := s.resources.Due(ctx, collectivity, s.now().Add(BookingHorizon-month))
	gone, other := s.gone(ctx, collectivity)
	err = errors.Join(err, other)
	for _, held := range append(due, gone...) {
		err = errors.Join(err, s.Rebook(ctx, collectivity, held))
	}
	return wrap(err, "calendar: keep booked")
}

// gone are the events that hold resources and are there no more.
func (s *Store) gone(ctx context.Context, collectivity portal.CollectivityID) (gone []Held, err error) {
	all, err := s.resources.Held(ctx, s.db, collectivity)
	for part := range slices.Chunk(all, 4096) {
		list, args := database.Among([]any{string(collectivity)}, part)
		rows, err := s.db.Query(ctx, `SELECT id FROM calendar_objects WHERE collectivity = $1 AND id IN `+list, args...)
		there, err := database.Collect(rows, err, scanString)
		if err != nil {
			return nil, err
		}
		slices.Sort(there)
		for _, event := range part {
			if _, found := slices.BinarySearch(there, string(event)); !found {
				gone = append(gone, Held{Event: event})
			}
		}
	}
	return gone, err
}

// takenResources are when the resources among some parties are taken, by the name of each; an event, by its
// UID, is not counted.
func (s *Store) takenResources(ctx context.Context, caller portal.Caller, parties []string, from, until time.Time, but string) (map[string][]BusyTime, error) {
	if s.resources == nil {
		return nil, nil
	}
	known, err := s.resources.Among(ctx, s.db, caller.Collectivity, parties)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	var ids []string
	for _, one := range known {
		ids = append(ids, one.ID)
	}
	taken, err := s.resources.Taken(ctx, caller, ids, from, until, but)
	times := make(map[string][]BusyTime, len(known))
	for party, one := range known {
		if busy, sees := taken[one.ID]; sees {
			times[party] = joinBusy(busy)
		}
	}
	return times, err
}
