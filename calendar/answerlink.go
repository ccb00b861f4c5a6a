package calendar

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
)

// answerLife is how long after an event its link is kept: an answer that comes late is still told.
const answerLife = 30 * 24 * time.Hour

// answerLink makes the secret of a link by which a person without an agenda here answers. The one
// that she had serves no more: she has a newer letter.
func (s *Store) answerLink(ctx context.Context, tx *database.Tx, organizer Person, address string, of *Object) (string, error) {
	secret := portal.NewSecret()
	ends := min(of.indexRow().last, s.now().AddDate(2, 0, 0).UnixMilli()) + answerLife.Milliseconds()
	_, err := tx.Exec(ctx, `DELETE FROM calendar_answers WHERE collectivity = $1 AND organizer = $2 AND uid = $3 AND address = $4`,
		string(organizer.Collectivity), string(organizer.Agent), of.UID, address)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO calendar_answers (collectivity, secret, organizer, uid, address, ends) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(organizer.Collectivity), digest(secret), string(organizer.Agent), of.UID, address, ends)
	return secret, err
}

// digest is what the store keeps of a secret.
func digest(secret string) string { return hex.EncodeToString(portal.HashSecret(secret)) }

// Invitation is what somebody without an agenda here is asked.
type Invitation struct {
	Event     Event
	Organizer string // "Claire Morel"
	From      string // her collectivity, "Mairie de Bourg-sur-Loire"
	Address   string // of who is asked
	Answer    string // that she gave: NeedsAction, Accepted, Declined or Tentative
	Zone      *time.Location
}

// invitation is an Invitation with what an answer is written into.
type invitation struct {
	Invitation
	organizer correspondent
}

// Invitation is what a link asks. portal.ErrNotFound when it is none, its time is over, the event is
// called off, or who had it is invited no more.
func (s *Store) Invitation(ctx context.Context, secret string) (Invitation, error) {
	var found invitation
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var err error
		found, err = s.invitationOf(ctx, tx, secret)
		return err
	})
	return found.Invitation, wrap(err, "calendar: invitation")
}

func (s *Store) invitationOf(ctx context.Context, tx *database.Tx, secret string) (invitation, error) {
	var collectivity portal.CollectivityID
	var agent portal.AgentID
	var uid string
	found := invitation{}
	var zone string
	err := tx.QueryRow(ctx, `
		SELECT a.collectivity, a.organizer, a.uid, a.address, c.long_name, c.zone FROM calendar_answers a
		JOIN collectivities c ON c.id = a.collectivity AND c.active WHERE a.secret = $1 AND a.ends > $2`,
		digest(secret), database.Millis(s.now())).Scan(&collectivity, &agent, &uid, &found.Address, &found.From, &zone)
	if err != nil {
		return invitation{}, err
	}
	if s.people == nil {
		return invitation{}, portal.ErrNotFound
	}
	person, err := s.people.AgentNamed(ctx, tx, collectivity, agent)
	if err != nil {
		return invitation{}, err
	}
	kept, err := s.copyOf(ctx, tx, person, uid)
	if err != nil {
		return invitation{}, err
	}
	object := kept.object()
	if object == nil || object.sideOf(person.parties()) != organizing || !slices.Contains(object.attendees(), found.Address) {
		return invitation{}, portal.ErrNotFound
	}
	found.organizer = correspondent{party: object.organizer(), person: &person, kept: kept}
	found.Organizer, found.Zone = person.Name, zoneNamed(zone)
	if found.Event, err = toldOf(object.shareOf(found.Address), kept.zone); err != nil {
		return invitation{}, err
	}
	if found.Event.Status == "CANCELLED" {
		return invitation{}, portal.ErrNotFound // called off without being deleted
	}
	found.Answer = NeedsAction
	for _, it := range object.items {
		if stat, invited := it.statOf(parties{found.Address}); invited {
			found.Answer = shownAnswer(stat)
			break
		}
	}
	return found, nil
}

// AnswerInvitation writes what the holder of a link answers, to all that she is invited to.
// portal.ErrInvalid for what is no answer; else as Invitation.
func (s *Store) AnswerInvitation(ctx context.Context, secret, stat string) error {
	if !slices.Contains([]string{Accepted, Declined, Tentative}, stat) {
		return portal.ErrInvalid
	}
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		asked, err := s.invitationOf(ctx, tx, secret)
		if err != nil {
			return err
		}
		me, object := parties{asked.Address}, asked.organizer.kept.object()
		var all []answer
		for _, it := range object.items {
			if _, invited := it.statOf(me); invited {
				all = append(all, answer{it.key(), it.recurrenceID, stat})
			}
		}
		if err := s.keepSaid(ctx, tx, *asked.organizer.person, object.UID, asked.Address, always, lastSaid{object.lastSequence(), s.now()}); err != nil {
			return err
		}
		reply := object.reply(all, me, s.now())
		if _, err := s.record(ctx, tx, asked.organizer, me, all); err != nil {
			return err
		}
		return s.inform(ctx, tx, *asked.organizer.person, methodReply, reply)
	})
	return wrap(err, "calendar: answer invitation")
}

// Attendee is one who is invited, as a page shows her.
type Attendee struct {
	Name, Address string // one of them may be ""
	Answer        string // NeedsAction, Accepted, Declined, Tentative
	Optional      bool
	Organizer     bool
	Me            bool
	ByMail        bool    // she has no agenda here: a letter went to her
	Trouble       Trouble // why the invitation did not reach her
	Comment       string  // what she says with her answer, as a room says when it is taken
	Type          string  // of a calendar user: "ROOM", "RESOURCE", "" for people
}

// Thing says that it is a room, a vehicle or equipment.
func (a Attendee) Thing() bool { return a.Type == typeRoom || a.Type == typeResource }

// Icon is its name in the theme.
func (a Attendee) Icon() string {
	switch a.Type {
	case typeRoom:
		return "room"
	case typeResource:
		return "key"
	}
	return "user"
}

// Trouble is why an invitation does not reach somebody.
type Trouble string

// The troubles, of SCHEDULE-STATUS (RFC 6638 §3.2.9).
const (
	TroubleUnknown Trouble = "unknown" // nobody is there, or it is no address
	TroubleMail    Trouble = "mail"    // no letter leaves the collectivity
	TroubleTaken   Trouble = "taken"   // another event of hers has the UID
)

// Invited is who is invited to an event.
type Invited struct {
	Organizer Attendee
	All       []Attendee // without her
	Mine      bool       // the owner of the calendar invites
	Asked     bool       // the owner of the calendar is invited
	Answer    string     // hers
}

// People are those who are invited, without what is booked.
func (i Invited) People() []Attendee { return i.only(false) }

// Things are the rooms, vehicles and equipment.
func (i Invited) Things() []Attendee { return i.only(true) }

func (i Invited) only(things bool) (found []Attendee) {
	for _, one := range i.All {
		if one.Thing() == things {
			found = append(found, one)
		}
	}
	return found
}

// Invited tells who is invited to an event that the caller sees, at one instance when it names one.
func (s *Store) Invited(ctx context.Context, caller portal.Caller, id EventID, recurrence time.Time) (Invited, error) {
	c, _, o, err := s.find(ctx, s.db, caller, id)
	if err != nil || s.people == nil || c.Shared() || o.organizer() == "" {
		return Invited{}, wrap(err, "calendar: who is invited to %.40q", id)
	}
	owner, err := s.people.AgentNamed(ctx, s.db, caller.Collectivity, c.Owner)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return Invited{}, wrap(err, "calendar: who is invited to %.40q", id)
	}
	invited := o.invited(owner.parties(), recurrence, c.Zone)
	if invited.Mine {
		err = s.explain(ctx, caller, &invited)
	}
	return invited, wrap(err, "calendar: who is invited to %.40q", id)
}

// explain tells why invitations did not arrive that could not be delivered: at a colleague's agenda or
// by mail.
func (s *Store) explain(ctx context.Context, caller portal.Caller, invited *Invited) error {
	var parties []string
	for _, one := range invited.All {
		if one.Trouble == TroubleMail {
			parties = append(parties, one.Address)
		}
	}
	if len(parties) == 0 {
		return nil
	}
	known, err := s.people.AtAddresses(ctx, s.db, caller.Collectivity, parties)
	for i := range invited.All {
		one := &invited.All[i]
		_, person := known[one.Address]
		if one.Trouble == TroubleMail && (person || strings.HasPrefix(one.Address, principals)) {
			one.Trouble = TroubleTaken
		}
	}
	return err
}

func (o *Object) invited(me parties, recurrence time.Time, zone *time.Location) Invited {
	it := o.items[0]
	for _, other := range o.items {
		if other.isOverride && other.recurrenceID.at(zone).Equal(recurrence) {
			it = other
		}
	}
	side := o.sideOf(me)
	invited := Invited{Mine: side == organizing, Asked: side == attending}
	if p := it.component.Props.Get(ical.PropOrganizer); p != nil {
		invited.Organizer = attendeeOf(p, me)
		invited.Organizer.Organizer = true
	}
	for _, p := range attendeesOf(it.component) {
		one := attendeeOf(p, me)
		if partyOf(p) == o.organizer() {
			continue
		}
		if one.Me {
			invited.Answer = one.Answer
		}
		invited.All = append(invited.All, one)
	}
	return invited
}

// shownAnswers are those that pages have words for.
var shownAnswers = []string{NeedsAction, Accepted, Declined, Tentative, "DELEGATED"}

// shownAnswer is an answer for which there are words: one that is not known is treated as none (RFC
// 5545 §3.2.12).
func shownAnswer(stat string) string {
	if !slices.Contains(shownAnswers, stat) {
		return NeedsAction
	}
	return stat
}

func attendeeOf(p *ical.Prop, me parties) Attendee {
	one := Attendee{
		Name: p.Params.Get(ical.ParamCommonName), Address: partyOf(p), Answer: shownAnswer(partStat(p)), Me: me.has(partyOf(p)),
		Optional: isOptional(p), ByMail: p.Params.Get(paramStatus) == statusMailed, Comment: p.Params.Get(paramComment),
		Type: strings.ToUpper(p.Params.Get(ical.ParamCalendarUserType)),
	}
	switch status := p.Params.Get(paramStatus); {
	case strings.HasPrefix(status, "3"):
		one.Trouble = TroubleUnknown
	case strings.HasPrefix(status, "5"):
		one.Trouble = TroubleMail
	}
	return one
}

// AnswerEvent answers an invitation that lies in a calendar of the caller: to one instance, or to all
// with the zero time. portal.ErrInvalid for what is no answer, portal.ErrNotFound where nobody is
// asked.
func (s *Store) AnswerEvent(ctx context.Context, caller portal.Caller, id EventID, recurrence time.Time, stat string) error {
	if !slices.Contains([]string{Accepted, Declined, Tentative}, stat) {
		return portal.ErrInvalid
	}
	err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, e, o, err := s.find(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if s.people == nil || c.Shared() || o.organizer() == "" {
			return portal.ErrNotFound
		}
		owner, err := s.people.AgentNamed(ctx, tx, caller.Collectivity, c.Owner)
		if err != nil {
			return err
		}
		if !o.answerFor(owner.parties(), recurrence, c.Zone, stat) {
			return portal.ErrNotFound
		}
		octets := encode(o.root)
		answered, err := Parse(octets)
		if err == nil {
			_, err = s.put(ctx, tx, caller, c.ID, e.Name, answered, octets, Condition{Match: []string{e.ETag}})
		}
		return err
	})
	return wrap(conflictForPage(err), "calendar: answer %.40q", id)
}

// answerFor writes an answer into a copy; false where these parties are not asked.
func (o *Object) answerFor(me parties, recurrence time.Time, zone *time.Location, stat string) (asked bool) {
	items := o.items
	if !recurrence.IsZero() {
		it := o.itemAt(recurrence, zone)
		if it == nil {
			return false
		}
		items = []*item{it}
	}
	for _, it := range items {
		for _, p := range attendeesOf(it.component, me...) {
			setParam(p, ical.ParamParticipationStatus, stat)
			delete(p.Params, ical.ParamRSVP)
			asked = o.sideOf(me) == attending
		}
		if stat != Declined && it.component.Props.Get(ical.PropTransparency) != nil {
			it.component.Props.Del(ical.PropTransparency)
		}
	}
	return asked
}
