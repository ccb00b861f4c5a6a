package calendar

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// AskingByMail are the agents of a collectivity who invited people without an agenda here to what is not
// over: their mailboxes may hold answers. Those after one come first, in the order of their ids, then from
// the first on. At most limit.
func (s *Store) AskingByMail(ctx context.Context, collectivity portal.CollectivityID, after portal.AgentID, limit int) ([]portal.AgentID, error) {
	rows, err := s.db.Query(ctx, `
		SELECT k.organizer FROM calendar_answers k
		JOIN agents a ON a.collectivity = $1 AND a.id = k.organizer AND a.active
		WHERE k.collectivity = $1 AND k.ends > $2 GROUP BY k.organizer
		ORDER BY CASE WHEN k.organizer > $3 THEN 0 ELSE 1 END, k.organizer LIMIT 0 + $4`,
		string(collectivity), database.Millis(s.now().Add(answerLife)), string(after), limit)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (agent portal.AgentID, err error) {
		return agent, rows.Scan(&agent)
	})
	return found, wrap(err, "calendar: who of %q invites by mail", collectivity)
}

// WhereAskedByMail are the collectivities of AskingByMail, so that a round costs nothing for the others.
func (s *Store) WhereAskedByMail(ctx context.Context) (map[portal.CollectivityID]bool, error) {
	rows, err := s.db.Query(ctx, `SELECT DISTINCT collectivity FROM calendar_answers WHERE ends > $1`, database.Millis(s.now().Add(answerLife)))
	found := map[portal.CollectivityID]bool{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (id portal.CollectivityID, err error) {
		err = rows.Scan(&id)
		found[id] = true
		return id, err
	})
	return found, wrap(err, "calendar: where people are invited by mail")
}

// RecordReply records what a program answers to an agent's invitation by mail (RFC 6047): octets are an
// iTIP REPLY, from the address that the mail says it comes from, received when its server says. It is
// false, and nothing changes in the event, where the address was not asked, is that of somebody who answers
// in her own agenda, answers for somebody else, answers what is no more or happens at another hour now, said
// the same before, or something else since. *Refusal for what is no such reply.
func (s *Store) RecordReply(ctx context.Context, collectivity portal.CollectivityID, organizer portal.AgentID, from string, received time.Time, octets []byte) (recorded bool, err error) {
	reply, err := readReply(octets)
	if err != nil {
		return false, wrap(err, "calendar: reply by mail")
	}
	if s.people == nil || from == "" {
		return false, nil
	}
	reply.date(received, s.now())
	err = s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		recorded, err = s.recordReply(ctx, tx, collectivity, organizer, from, reply)
		return err
	})
	return recorded, wrap(err, "calendar: reply by mail")
}

func (s *Store) recordReply(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, organizer portal.AgentID, from string, reply mailedReply) (bool, error) {
	person, err := s.people.AgentNamed(ctx, tx, collectivity, organizer)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	here, err := s.people.AtAddresses(ctx, tx, collectivity, []string{from})
	if _, known := here[from]; err != nil || known {
		return false, err
	}
	kept, err := s.copyOf(ctx, tx, person, reply.uid)
	if err != nil {
		return false, err
	}
	object, me := kept.object(), parties{from}
	if object == nil || kept.tag == "" || object.sideOf(person.parties()) != organizing {
		return false, nil
	}
	before, err := s.saidBefore(ctx, tx, person, reply.uid, from)
	if err != nil {
		return false, err
	}
	reply = reply.since(before, object)
	all := object.answersIn(reply, me, kept.zone)
	if err := s.noteSaid(ctx, tx, person, from, object, reply, all); err != nil {
		return false, err
	}
	all = slices.DeleteFunc(all, func(one answer) bool { return object.hasAnswer(one, me) })
	if len(all) == 0 {
		return false, nil
	}
	told := object.reply(all, me, s.now())
	asked, err := s.record(ctx, tx, correspondent{party: object.organizer(), person: &person, kept: kept}, me, all)
	if err != nil || !asked {
		return false, err
	}
	return true, s.inform(ctx, tx, person, methodReply, told)
}

// mailedReply is an iTIP REPLY: what one says of an event, or of some of its instances.
type mailedReply struct {
	uid string
	all []mailedAnswer
}

type mailedAnswer struct {
	party, stat string
	instance    *moment // nil: the event as a whole
	start       *moment // when it happens for her, nil where she does not say
	sequence    int     // of the invitation that she answers
	stamp       *moment // DTSTAMP, nil where there is none
	said        time.Time
	isOld       bool // she said something else since
}

// key is that of the instance, always for the event as a whole.
func (a mailedAnswer) key() int64 {
	if a.instance == nil {
		return always
	}
	return a.instance.at(time.UTC).Unix()
}

// readReply reads a REPLY. Programs leave out of it what they please: only who answers what is needed.
func readReply(octets []byte) (mailedReply, error) {
	root, err := decode(octets)
	if err != nil {
		return mailedReply{}, err
	}
	if !strings.EqualFold(propText(root, ical.PropMethod), methodReply) {
		return mailedReply{}, refusal(Malformed, "METHOD:REPLY expected")
	}
	reply, zones := mailedReply{}, newZoneTable(root)
	for _, c := range root.Children {
		if c.Name != EventComponent {
			continue
		}
		who := attendeesOf(c)
		uid := propText(c, ical.PropUID)
		if len(who) != 1 || uid == "" || reply.uid != "" && uid != reply.uid || len(reply.all) == MaxAnswers {
			return mailedReply{}, refusal(Malformed, "VEVENT of one UID with one ATTENDEE expected")
		}
		reply.uid = uid
		one := mailedAnswer{party: partyOf(who[0]), stat: partStat(who[0]), sequence: sequenceOf(c)}
		if err := readMoment(c, ical.PropRecurrenceID, zones, &one.instance); err != nil {
			return mailedReply{}, err
		}
		if c.Props.Get(ical.PropDateTimeStart) != nil {
			if err := readMoment(c, ical.PropDateTimeStart, zones, &one.start); err != nil {
				return mailedReply{}, err
			}
		}
		if readMoment(c, ical.PropDateTimeStamp, zones, &one.stamp) != nil {
			one.stamp = nil // as good as none
		}
		reply.all = append(reply.all, one)
	}
	if reply.uid == "" {
		return mailedReply{}, refusal(Malformed, "a VEVENT expected")
	}
	return reply, nil
}

// answersIn are the answers of a reply that fit an event as it is.
func (o *Object) answersIn(reply mailedReply, me parties, zone *time.Location) (all []answer) {
	for _, one := range reply.all {
		if one.isOld || !me.has(one.party) || !slices.Contains([]string{Accepted, Declined, Tentative}, one.stat) {
			continue
		}
		if one.instance == nil {
			all = append(all, o.answersToAll(reply, one, me, zone)...)
			continue
		}
		found := answer{key: one.key(), at: *one.instance, stat: one.stat}
		it, at := o.itemOf(found.key), one.instance.at(zone)
		if it == nil {
			if it = o.itemOf(always); it == nil || !o.hasInstance(at, zone) {
				continue
			}
		} else if it.start != nil {
			at = it.start.at(zone)
		}
		if one.fits(it, at, zone) && it.takesAnswer(me) {
			all = append(all, found)
		}
	}
	return all
}

// answersToAll answers an event as a whole: of the dates that differ those too that were not answered,
// unless the reply speaks of them.
func (o *Object) answersToAll(reply mailedReply, one mailedAnswer, me parties, zone *time.Location) (all []answer) {
	for _, it := range o.items {
		before, _ := it.statOf(me)
		if it.isOverride && (before != NeedsAction || reply.speaksOf(it.key())) {
			continue
		}
		if first := it.firstMoment(); first != nil && (it.isOverride || one.fits(it, first.at(zone), zone)) && it.takesAnswer(me) {
			all = append(all, answer{it.key(), it.recurrenceID, one.stat})
		}
	}
	return all
}

func (r mailedReply) speaksOf(key int64) bool {
	return slices.ContainsFunc(r.all, func(one mailedAnswer) bool { return one.instance != nil && one.key() == key })
}

// fits says whether an answer is to an item as it is now: to its last number, or to an earlier one of
// the same hour, as what changed since may be its title.
func (a mailedAnswer) fits(it *item, at time.Time, zone *time.Location) bool {
	return a.sequence >= sequenceOf(it.component) || a.start != nil && a.start.at(zone).Equal(at)
}

// takesAnswer says whether somebody may answer an item.
func (it *item) takesAnswer(me parties) bool {
	_, invited := it.statOf(me)
	return invited && it.status() != "CANCELLED"
}

// hasAnswer says whether an answer is no news.
func (o *Object) hasAnswer(one answer, me parties) bool {
	it := o.itemOf(one.key)
	if it == nil {
		it = o.itemOf(always)
	}
	stat, _ := it.statOf(me)
	return stat == one.stat
}
