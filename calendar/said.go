package calendar

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"parvis/portal/database"
)

// saidLife is how long it is kept when somebody answered: no mail is read that is as old.
const saidLife = 30 * 24 * time.Hour

// lastSaid is when somebody answered last, and the last number of an invitation that she answered.
type lastSaid struct {
	sequence int
	at       time.Time
}

// date tells when each answer was given. DTSTAMP is by the clock of who answers: one that is ahead would win
// over all that she says until then, so that it is no later than the mail came. That hour, which stays when
// the mail is read again, is also that of an answer without DTSTAMP: programs leave it out.
func (r mailedReply) date(received, now time.Time) {
	if received.IsZero() || received.After(now) {
		received = now
	}
	for i := range r.all {
		one := &r.all[i]
		one.said = received
		if one.stamp != nil && one.stamp.at(time.UTC).Before(received) {
			one.said = one.stamp.at(time.UTC)
		}
	}
}

// since marks what is not later than what was said before of the same instance, or before what was said of
// all: by number first, then by hour (RFC 5546 §2.1.5). An earlier number of the same hour may be later.
func (r mailedReply) since(before map[int64]lastSaid, object *Object) mailedReply {
	r.all = slices.Clone(r.all)
	last := object.lastSequence()
	for i := range r.all {
		one := &r.all[i]
		number := min(one.sequence, last)
		same, wasSaid := before[one.key()]
		all, ofAll := before[always]
		one.isOld = wasSaid && number <= same.sequence && !one.said.After(same.at) || ofAll && number <= all.sequence && one.said.Before(all.at)
	}
	return r
}

func (o *Object) lastSequence() (last int) {
	for _, it := range o.items {
		last = max(last, sequenceOf(it.component))
	}
	return last
}

// saidBefore is when somebody without an agenda here answered, by instance.
func (s *Store) saidBefore(ctx context.Context, tx *database.Tx, organizer Person, uid, address string) (map[int64]lastSaid, error) {
	before := map[int64]lastSaid{}
	rows, err := tx.Query(ctx, `SELECT recurrence, sequence, said FROM calendar_said WHERE collectivity = $1 AND organizer = $2 AND uid = $3 AND address = $4`,
		string(organizer.Collectivity), string(organizer.Agent), uid, address)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (key int64, err error) {
		var one lastSaid
		var at int64
		err = rows.Scan(&key, &one.sequence, &at)
		one.at = database.FromMillis(at)
		before[key] = one
		return key, err
	})
	return before, err
}

// noteSaid keeps when the answers of a mail that fit were given.
func (s *Store) noteSaid(ctx context.Context, tx *database.Tx, organizer Person, address string, object *Object, reply mailedReply, fit []answer) error {
	for _, one := range reply.all {
		fits := slices.ContainsFunc(fit, func(answer answer) bool { return one.instance == nil || answer.key == one.key() })
		if !fits || one.isOld {
			continue
		}
		if err := s.keepSaid(ctx, tx, organizer, object.UID, address, one.key(), lastSaid{min(one.sequence, object.lastSequence()), one.said}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) keepSaid(ctx context.Context, tx *database.Tx, organizer Person, uid, address string, key int64, one lastSaid) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO calendar_said (collectivity, organizer, uid, address, recurrence, sequence, said) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (collectivity, organizer, uid, address, recurrence) DO UPDATE SET
			sequence = CASE WHEN excluded.sequence > calendar_said.sequence THEN excluded.sequence ELSE calendar_said.sequence END,
			said = CASE WHEN excluded.said > calendar_said.said THEN excluded.said ELSE calendar_said.said END`,
		string(organizer.Collectivity), string(organizer.Agent), uid, address, key, one.sequence, database.Millis(one.at))
	return err
}
