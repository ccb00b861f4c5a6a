package calendar

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// Message is what was delivered to an agent: an iTIP message in her scheduling inbox (RFC 6638
// §2.2). What it says is in her agenda already.
type Message struct {
	Name    string // last part of its DAV address
	ETag    string // quoted
	Method  string // "REQUEST", "CANCEL", "REPLY"
	Created time.Time
	Octets  []byte
}

// messageLife is how long a message is kept that no client deletes.
const messageLife = 90 * 24 * time.Hour

// Messages are the caller's, the oldest first, 1,000 at the most.
func (s *Store) Messages(ctx context.Context, caller portal.Caller) ([]Message, error) {
	rows, err := s.db.Query(ctx, `
		SELECT name, etag, method, created, octets FROM calendar_messages
		WHERE collectivity = $1 AND agent = $2 AND created > $3 ORDER BY created, name LIMIT 1000`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now().Add(-messageLife)))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (m Message, err error) {
		var created int64
		err = rows.Scan(&m.Name, &m.ETag, &m.Method, &created, &m.Octets)
		m.Created = database.FromMillis(created)
		return m, err
	})
	return all, wrap(err, "calendar: messages")
}

// Message is one of the caller's; portal.ErrNotFound.
func (s *Store) Message(ctx context.Context, caller portal.Caller, name string) (Message, error) {
	m := Message{Name: name}
	var created int64
	err := s.db.QueryRow(ctx, `
		SELECT etag, method, created, octets FROM calendar_messages
		WHERE collectivity = $1 AND agent = $2 AND name = $3 AND created > $4`,
		string(caller.Collectivity), string(caller.Agent), name, database.Millis(s.now().Add(-messageLife))).Scan(&m.ETag, &m.Method, &created, &m.Octets)
	m.Created = database.FromMillis(created)
	return m, wrap(err, "calendar: message %.60q", name)
}

// DeleteMessage takes one out of the caller's inbox; portal.ErrNotFound.
func (s *Store) DeleteMessage(ctx context.Context, caller portal.Caller, name string) error {
	err := database.OneRow(s.db.Exec(ctx, `DELETE FROM calendar_messages WHERE collectivity = $1 AND agent = $2 AND name = $3`,
		string(caller.Collectivity), string(caller.Agent), name))
	return wrap(err, "calendar: delete message %.60q", name)
}

// ForgetMessages deletes what lies in the inboxes of a collectivity for too long, links whose time is
// over, and when people answered.
func (s *Store) ForgetMessages(ctx context.Context, collectivity portal.CollectivityID) error {
	_, err := s.db.Exec(ctx, `DELETE FROM calendar_messages WHERE collectivity = $1 AND created < $2`,
		string(collectivity), database.Millis(s.now().Add(-messageLife)))
	if err == nil {
		_, err = s.db.Exec(ctx, `DELETE FROM calendar_answers WHERE collectivity = $1 AND ends < $2`, string(collectivity), database.Millis(s.now()))
	}
	if err == nil {
		_, err = s.db.Exec(ctx, `DELETE FROM calendar_said WHERE collectivity = $1 AND said < $2`, string(collectivity), database.Millis(s.now().Add(-saidLife)))
	}
	return wrap(err, "calendar: forget messages of %q", collectivity)
}

// Asked is the answer about one of those whose time was asked for.
type Asked struct {
	Address string // as the question writes it
	Status  string // of RFC 5546 §3.6, "2.0;Success"
	Octets  []byte // a VCALENDAR with a VFREEBUSY; nil without success
}

// Availability answers a VFREEBUSY request (RFC 6638 §5): when the agents and resources that it names are taken.
// Times are told among colleagues: of who is not in the caller's collectivity nothing is said, not
// even whether there is anybody. *Refusal for what is no such request.
func (s *Store) Availability(ctx context.Context, caller portal.Caller, octets []byte) ([]Asked, error) {
	question, from, to, err := s.question(ctx, caller, octets)
	if err != nil {
		return nil, fmt.Errorf("calendar: availability: %w", err)
	}
	var addresses []string
	for _, p := range attendeesOf(question) {
		addresses = append(addresses, partyOf(p))
	}
	colleagues, err := s.colleagues(ctx, caller, addresses)
	if err != nil {
		return nil, fmt.Errorf("calendar: availability: %w", err)
	}
	taken, err := s.Busy(ctx, caller, slices.Collect(maps.Values(colleagues)), from, to)
	if err != nil {
		return nil, fmt.Errorf("calendar: availability: %w", err)
	}
	rooms, err := s.takenResources(ctx, caller, addresses, from, to, "")
	if err != nil {
		return nil, fmt.Errorf("calendar: availability: %w", err)
	}
	var all []Asked
	for _, p := range attendeesOf(question) {
		one := Asked{Address: p.Value, Status: "3.7;Invalid calendar user"}
		if times, is := rooms[partyOf(p)]; is {
			one.Status, one.Octets = "2.0;Success", s.freeBusyReply(question, p, times)
		} else if agent, here := colleagues[partyOf(p)]; here {
			one.Status, one.Octets = "2.0;Success", s.freeBusyReply(question, p, taken[agent])
		}
		all = append(all, one)
	}
	return all, nil
}

// maxAsked is of how many people one request asks.
const maxAsked = 500

// question reads the VFREEBUSY of a request, which the caller must ask herself.
func (s *Store) question(ctx context.Context, caller portal.Caller, octets []byte) (question *ical.Component, from, to time.Time, err error) {
	root, err := decode(octets)
	if err != nil {
		return nil, from, to, err
	}
	for _, c := range root.Children {
		if c.Name == ical.CompFreeBusy {
			question = c
		}
	}
	if question == nil || !strings.EqualFold(propText(root, ical.PropMethod), methodRequest) {
		return nil, from, to, refusal(Malformed, "METHOD:REQUEST with a VFREEBUSY expected")
	}
	if s.people == nil {
		return nil, from, to, portal.ErrDenied
	}
	me, err := s.people.AgentNamed(ctx, s.db, caller.Collectivity, caller.Agent)
	if err != nil {
		return nil, from, to, err
	}
	if p := question.Props.Get(ical.PropOrganizer); p == nil || !me.parties().has(partyOf(p)) {
		return nil, from, to, refusal(ForeignOrganizer, "the ORGANIZER is not who asks")
	}
	if n := len(attendeesOf(question)); n == 0 || n > maxAsked {
		return nil, from, to, refusal(Malformed, "%d ATTENDEE, 1 to %d expected", n, maxAsked)
	}
	zones := newZoneTable(root)
	var bounds [2]*moment
	for i, name := range []string{ical.PropDateTimeStart, ical.PropDateTimeEnd} {
		if err := readMoment(question, name, zones, &bounds[i]); err != nil {
			return nil, from, to, err
		}
		if bounds[i] == nil {
			return nil, from, to, refusal(Malformed, "%s missing", name)
		}
	}
	from, to = bounds[0].at(time.UTC), bounds[1].at(time.UTC)
	if !from.Before(to) || to.Sub(from) > maxBusyDays*24*time.Hour {
		return nil, from, to, refusal(OutOfRange, "more than %d days", maxBusyDays)
	}
	return question, from, to, nil
}

// freeBusyReply answers for one attendee.
func (s *Store) freeBusyReply(question *ical.Component, attendee *ical.Prop, taken []BusyTime) []byte {
	c := ical.NewComponent(ical.CompFreeBusy)
	for _, name := range []string{ical.PropUID, ical.PropOrganizer, ical.PropDateTimeStart, ical.PropDateTimeEnd} {
		if p := question.Props.Get(name); p != nil {
			c.Props.Set(p)
		}
	}
	c.Props.Set(attendee)
	set(c, ical.PropDateTimeStamp, stamp(s.now()))
	periods := map[bool][]string{}
	for _, one := range taken {
		periods[one.Tentative] = append(periods[one.Tentative], stamp(one.From)+"/"+stamp(one.To))
	}
	for _, kind := range []struct {
		tentative bool
		name      string
	}{{false, "BUSY"}, {true, "BUSY-TENTATIVE"}} {
		if found := periods[kind.tentative]; len(found) > 0 {
			c.Props.Add(&ical.Prop{Name: ical.PropFreeBusy, Params: ical.Params{"FBTYPE": {kind.name}}, Value: strings.Join(found, ",")})
		}
	}
	root := newRoot()
	set(root, ical.PropMethod, methodReply)
	root.Children = []*ical.Component{c}
	return encode(root)
}
