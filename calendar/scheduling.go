package calendar

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// Answers to an invitation, in the words of RFC 5545 §3.2.12.
const (
	NeedsAction = "NEEDS-ACTION"
	Accepted    = "ACCEPTED"
	Declined    = "DECLINED"
	Tentative   = "TENTATIVE"
)

// Methods of iTIP (RFC 5546).
const (
	methodRequest = "REQUEST"
	methodReply   = "REPLY"
	methodCancel  = "CANCEL"
)

// Parameters of RFC 6638 §7.
const (
	paramAgent  = "SCHEDULE-AGENT"
	paramStatus = "SCHEDULE-STATUS"
	paramForce  = "SCHEDULE-FORCE-SEND"
)

// principals begins the path of a principal, by which clients may name who is invited.
const principals = "/dav/principals/"

// partyOf is how ORGANIZER and ATTENDEE name somebody: a mail address in lower case, or the path of
// a principal. Apple's clients write a urn and the address beside it.
func partyOf(p *ical.Prop) string {
	value := strings.TrimSpace(p.Value)
	if at := strings.Index(value, principals); at >= 0 {
		return strings.TrimSuffix(value[at:], "/") + "/"
	}
	scheme, rest, _ := strings.Cut(value, ":")
	if strings.EqualFold(scheme, "mailto") {
		return strings.ToLower(rest)
	}
	if email := p.Params.Get("EMAIL"); email != "" {
		return strings.ToLower(email)
	}
	return strings.ToLower(value)
}

// parties are the names that one person goes by.
type parties []string

func (p parties) has(party string) bool { return slices.Contains(p, party) }

// side is what somebody is to an object.
type side int

const (
	bystander side = iota // nobody is invited, or she is neither
	organizing
	attending
)

// sideOf is what these names are to an object; nobody to none.
func (o *Object) sideOf(me parties) side {
	if o == nil {
		return bystander
	}
	organizer := o.organizer()
	switch {
	case organizer == "" || len(o.attendees()) == 0:
		return bystander
	case me.has(organizer):
		return organizing
	case slices.ContainsFunc(o.attendees(), me.has):
		return attending
	default:
		return bystander
	}
}

// organizer is the party that invites, "" for none.
func (o *Object) organizer() string {
	if o == nil {
		return "" // stored under older limits
	}
	for _, it := range o.items {
		if p := it.component.Props.Get(ical.PropOrganizer); p != nil {
			return partyOf(p)
		}
	}
	return ""
}

// checkOrganizer refuses components of several organizers (RFC 6638 §3.2.4.2).
func (o *Object) checkOrganizer() error {
	for _, it := range o.items {
		if p := it.component.Props.Get(ical.PropOrganizer); p == nil || partyOf(p) != o.organizer() {
			return refusal(SeveralOrganizers, "components of several organizers")
		}
	}
	return nil
}

// attendees are all whom an object names, each once, in order.
func (o *Object) attendees() (all []string) {
	if o == nil {
		return nil
	}
	for _, it := range o.items {
		for i := range it.component.Props[ical.PropAttendee] {
			if party := partyOf(&it.component.Props[ical.PropAttendee][i]); !slices.Contains(all, party) {
				all = append(all, party)
			}
		}
	}
	return all
}

// attendeesOf are the ATTENDEE properties that name one of these parties, all with none.
func attendeesOf(c *ical.Component, who ...string) (found []*ical.Prop) {
	props := c.Props[ical.PropAttendee]
	for i := range props {
		if len(who) == 0 || slices.Contains(who, partyOf(&props[i])) {
			found = append(found, &props[i])
		}
	}
	return found
}

// param is the value of a parameter in capitals.
func param(p *ical.Prop, name string) string { return strings.ToUpper(p.Params.Get(name)) }

func setParam(p *ical.Prop, name, value string) {
	if p.Params == nil {
		p.Params = ical.Params{}
	}
	p.Params.Set(name, value)
}

// partStat is the answer of an ATTENDEE; without one it is NeedsAction.
func partStat(p *ical.Prop) string {
	if stat := param(p, ical.ParamParticipationStatus); stat != "" {
		return stat
	}
	return NeedsAction
}

// servesItself says whether the server is to deliver to this party (RFC 6638 §7.1): a client that
// sends mail itself says so, and everybody would be invited twice.
func (o *Object) servesItself(party string) bool {
	for _, it := range o.items {
		for _, p := range attendeesOf(it.component, party) {
			if agent := param(p, paramAgent); agent != "" && agent != "SERVER" {
				return false
			}
		}
	}
	return true
}

// isForced says whether the client asks for a message to be sent again.
func (o *Object) isForced(party string) bool {
	return slices.ContainsFunc(o.items, func(it *item) bool {
		return slices.ContainsFunc(attendeesOf(it.component, party), func(p *ical.Prop) bool { return param(p, paramForce) == methodRequest })
	})
}

// key tells the items of an object apart: the instant of the instance that was changed alone.
// Floating times are read in UTC: it is compared with keys of the same object alone.
func (it *item) key() int64 {
	if !it.isOverride {
		return always
	}
	return it.recurrenceID.at(time.UTC).Unix()
}

func (o *Object) itemOf(key int64) *item {
	for _, it := range o.items {
		if it.key() == key {
			return it
		}
	}
	return nil
}

// shareOf is what a party gets of an object: the components in which she takes part, without the
// alarms of who wrote them. nil when she takes part in none. From a series in which she misses
// instances these are taken out.
func (o *Object) shareOf(party string) *ical.Component {
	if o == nil {
		return nil
	}
	root := bare(o.root)
	var master *ical.Component
	for _, it := range o.items {
		if len(attendeesOf(it.component, party)) > 0 {
			c := clone(it.component)
			c.Children = slices.DeleteFunc(c.Children, func(child *ical.Component) bool { return child.Name == ical.CompAlarm })
			forget(c, paramStatus, paramForce, paramAgent, paramComment) // what an attendee says is for who invites
			root.Children = append(root.Children, c)
			if !it.isOverride {
				master = c
			}
		} else if it.isOverride && master != nil {
			master.Props.Add(momentProp(ical.PropExceptionDates, it.recurrenceID))
		}
	}
	if !slices.ContainsFunc(root.Children, func(c *ical.Component) bool { return c.Name != ical.CompTimezone }) {
		return nil
	}
	return root
}

// bare is a calendar with the time zones of another and nothing else.
func bare(root *ical.Component) *ical.Component {
	made := newRoot()
	for _, c := range root.Children {
		if c.Name == ical.CompTimezone {
			made.Children = append(made.Children, clone(c))
		}
	}
	return made
}

// clone copies a component with all that it holds.
func clone(c *ical.Component) *ical.Component {
	made := &ical.Component{Name: c.Name, Props: make(ical.Props, len(c.Props))}
	for name, props := range c.Props {
		for _, p := range props {
			params := make(ical.Params, len(p.Params))
			for key, values := range p.Params {
				params[key] = slices.Clone(values)
			}
			p.Params = params
			made.Props[name] = append(made.Props[name], p)
		}
	}
	for _, child := range c.Children {
		made.Children = append(made.Children, clone(child))
	}
	return made
}

// forget takes parameters out of ORGANIZER and ATTENDEE.
func forget(c *ical.Component, params ...string) {
	for _, name := range []string{ical.PropOrganizer, ical.PropAttendee} {
		for _, p := range c.Props[name] {
			for _, param := range params {
				delete(p.Params, param)
			}
		}
	}
}

// tells is what a share says that is worth a message: not how it was stamped, and not who answered.
func tells(share *ical.Component) string {
	if share == nil {
		return ""
	}
	share = clone(share)
	share.Children = slices.DeleteFunc(share.Children, func(c *ical.Component) bool { return c.Name == ical.CompTimezone })
	for _, c := range share.Children {
		for name := range c.Props {
			switch {
			case strings.HasPrefix(name, "X-"):
				delete(c.Props, name)
			case name == ical.PropDateTimeStamp, name == ical.PropLastModified, name == ical.PropCreated, name == ical.PropSequence:
				delete(c.Props, name)
			}
		}
		forget(c, ical.ParamParticipationStatus, ical.ParamRSVP)
	}
	return string(encode(share))
}

// reschedule asks everybody anew about what now happens at another time (RFC 5546 §2.1.4), unless
// the client says an answer of its own, and numbers the change.
func (o *Object) reschedule(old *Object, organizer parties, zone *time.Location) (changed bool) {
	for _, it := range o.items {
		was := old.before(it, zone)
		if was == nil {
			continue
		}
		for _, p := range attendeesOf(it.component) {
			before := attendeesOf(was.component, partyOf(p))
			if !organizer.has(partyOf(p)) && len(before) > 0 && partStat(before[0]) == partStat(p) {
				setParam(p, ical.ParamParticipationStatus, NeedsAction)
				changed = true
			}
		}
		if sequenceOf(it.component) <= sequenceOf(was.component) {
			set(it.component, ical.PropSequence, strconv.Itoa(sequenceOf(was.component)+1))
			changed = true
		}
	}
	return changed
}

// keepNumbers has what was put back from an older version follow on the one that people know: a lower
// number is old news to their programs (RFC 5546 §2.1.5).
func (o *Object) keepNumbers(old *Object) (changed bool) {
	for _, it := range o.items {
		was := old.itemOf(it.key())
		if was != nil && sequenceOf(it.component) < sequenceOf(was.component) {
			set(it.component, ical.PropSequence, strconv.Itoa(sequenceOf(was.component)+1))
			changed = true
		}
	}
	return changed
}

// before is what an item was when it happened at another time, nil when it did not: itself, or the
// series of which it was an instance like the others.
func (o *Object) before(it *item, zone *time.Location) *item {
	if was := o.itemOf(it.key()); was != nil {
		if sameClocks(it, was, zone) && (sameTiming(it, was, zone) || it.shortens(was, zone)) {
			return nil
		}
		return was
	}
	series := o.itemOf(always)
	if series == nil || it.inPlace(series, zone) {
		return nil
	}
	return series
}

func sequenceOf(c *ical.Component) int {
	p := c.Props.Get(ical.PropSequence)
	if p == nil {
		return 0
	}
	n, err := strconv.Atoi(p.Value)
	if err != nil || n < 0 || n >= 1<<30 {
		return 0
	}
	return n
}

// keepStatus keeps how earlier messages went where a client left it out.
func (o *Object) keepStatus(kept *Object) (changed bool) {
	for _, it := range o.items {
		was := kept.itemOf(it.key())
		if was == nil {
			continue
		}
		for _, p := range attendeesOf(it.component) {
			before := attendeesOf(was.component, partyOf(p))
			if len(before) > 0 && p.Params.Get(paramStatus) == "" && before[0].Params.Get(paramStatus) != "" {
				setParam(p, paramStatus, before[0].Params.Get(paramStatus))
				changed = true
			}
		}
	}
	return changed
}

// keepAnswers takes the answers of others as they are kept: a client that wrote before it read them
// loses none. mine are those that it may write.
func (o *Object) keepAnswers(kept *Object, mine parties) (changed bool) {
	for _, it := range o.items {
		was := kept.itemOf(it.key())
		if was == nil {
			continue
		}
		for _, p := range attendeesOf(it.component) {
			before := attendeesOf(was.component, partyOf(p))
			if !mine.has(partyOf(p)) && len(before) > 0 && partStat(before[0]) != partStat(p) {
				setParam(p, ical.ParamParticipationStatus, partStat(before[0]))
				changed = true
			}
		}
	}
	return changed
}

// answer is what somebody who is invited says of an event.
type answer struct {
	key  int64  // of the instance, always for all
	at   moment // as her copy has it: a day is the same one where the clocks show another hour
	stat string
}

// answers are what a change of an attendee's copy tells its organizer: new is nil when it was
// deleted, old when there was none.
func answers(old, new *Object, me parties, zone *time.Location) (all []answer) {
	if new == nil {
		for _, it := range old.items {
			if stat, invited := it.statOf(me); invited && stat != Declined && it.status() != "CANCELLED" {
				all = append(all, answer{it.key(), it.recurrenceID, Declined})
			}
		}
		return all
	}
	for _, it := range new.items {
		stat, invited := it.statOf(me)
		before := NeedsAction
		if old != nil {
			before = old.statAt(it, me)
		}
		if invited && stat != before {
			all = append(all, answer{it.key(), it.recurrenceID, stat})
		}
	}
	return append(all, missed(old, new, me, zone)...)
}

// missed are the instances that an attendee took out of her copy of a series that she is invited to.
func missed(old, new *Object, me parties, zone *time.Location) (all []answer) {
	if old == nil || new.items[0].isOverride || old.items[0].isOverride {
		return nil
	}
	if _, invited := new.items[0].statOf(me); !invited {
		return nil
	}
	for _, m := range new.items[0].excluded {
		if !slices.ContainsFunc(old.items[0].excluded, func(was moment) bool { return was.at(zone).Equal(m.at(zone)) }) {
			all = append(all, answer{m.at(time.UTC).Unix(), m, Declined})
		}
	}
	return all
}

// statOf is what these parties answered to an item.
func (it *item) statOf(me parties) (stat string, invited bool) {
	found := attendeesOf(it.component, me...)
	if len(found) == 0 {
		return "", false
	}
	return partStat(found[0]), true
}

// statAt is what was answered to an item, or to the series that it belongs to.
func (o *Object) statAt(it *item, me parties) string {
	was := o.itemOf(it.key())
	if was == nil {
		was = o.itemOf(always)
	}
	if was == nil {
		return NeedsAction
	}
	stat, _ := was.statOf(me)
	return stat
}

func (it *item) status() string { return strings.ToUpper(propText(it.component, ical.PropStatus)) }

// checkAttendee refuses what an attendee may not change (RFC 6638 §3.2.2.1): who invites, and when
// it happens. What else she wrote is hers, until the organizer writes again.
func (o *Object) checkAttendee(old *Object, zone *time.Location) error {
	if o.organizer() != old.organizer() {
		return refusal(AttendeeChange, "another organizer")
	}
	for _, it := range o.items {
		was := old.itemOf(it.key())
		if was == nil {
			if was = old.itemOf(always); was == nil || !it.isOverride || !it.inPlace(was, zone) {
				return refusal(AttendeeChange, "an instance that the organizer does not have")
			}
			continue
		}
		if !sameTiming(it, was, zone) {
			return refusal(AttendeeChange, "another time than the organizer's")
		}
	}
	return nil
}

// inPlace says whether an override happens when its instance would without it.
func (it *item) inPlace(master *item, zone *time.Location) bool {
	if it.start == nil || master.start == nil {
		return it.start == master.start
	}
	start := it.recurrenceID.at(zone)
	return it.start.at(zone).Equal(start) && it.lasts(zone) == master.lasts(zone)
}

// lasts is how long an item is.
func (it *item) lasts(zone *time.Location) time.Duration {
	start := it.start.at(zone)
	return it.endOf(it.start.wall, start, it.start.place(zone), nil).Sub(start)
}

// sameTiming says whether two items happen at the same instants, however they are written: phones
// write a DURATION for an end, and a zone under a name of their own.
func sameTiming(a, b *item, zone *time.Location) bool {
	if (a.start == nil) != (b.start == nil) || (a.rule == nil) != (b.rule == nil) || !sameDates(a, b, zone) {
		return false
	}
	first, other := a.firstMoment(), b.firstMoment()
	if first == nil || other == nil {
		return first == other
	}
	if !first.at(zone).Equal(other.at(zone)) || a.start != nil && a.lasts(zone) != b.lasts(zone) {
		return false
	}
	return a.rule == nil || *a.ruleIn(first.place(zone)) == *b.ruleIn(other.place(zone))
}

// shortens says whether a series is another one that ends earlier: of the dates that stay nobody is
// asked again.
func (it *item) shortens(was *item, zone *time.Location) bool {
	if it.rule == nil || was.rule == nil {
		return false
	}
	start := was.firstMoment()
	if start == nil {
		return false
	}
	now, before := *it.ruleIn(start.place(zone)), *was.ruleIn(start.place(zone))
	earlier := now.hasUntil && before.count == 0 && (!before.hasUntil || now.until <= before.until) || now.count > 0 && now.count <= before.count
	now.count, now.until, now.hasUntil, now.untilUTC = before.count, before.until, before.hasUntil, before.untilUTC
	same := *it
	same.rule = &now
	return earlier && now == before && sameTiming(&same, was, zone)
}

// sameClocks says whether the instances of two series follow the clocks of one zone.
func sameClocks(a, b *item, zone *time.Location) bool {
	first, other := a.firstMoment(), b.firstMoment()
	return a.rule == nil || first.isDate() == other.isDate() && first.place(zone).String() == other.place(zone).String()
}

// sameDates says whether two items have the same RDATE.
func sameDates(a, b *item, zone *time.Location) bool {
	instants := func(it *item) (all []int64) {
		for _, one := range it.added {
			all = append(all, one.start.at(zone).Unix())
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(instants(a), instants(b))
}
