package webhooks

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
)

const (
	// lookEvery is how often the worker looks for what is due: nothing wakes it when
	// something happens, so that what happens pays nothing for it.
	lookEvery = 2 * time.Second
	// cleanEvery is how often what is too old is forgotten.
	cleanEvery = time.Hour
	// lease is how long a webhook is one node's. It is longer than a try, and taken
	// anew before each.
	lease = time.Minute
	// maxSenders are those of a node, and sendersEach those of a collectivity among
	// them. Addresses that were slow or dead share half of them, so that they hold up
	// each other alone.
	maxSenders  = 64
	sendersEach = 2
	// batch is how many messages a sender takes up before others have their turn.
	batch = 100
	// crowd is from how many waiting messages on a webhook is told to read all again
	// instead.
	crowd = 2000
	// longestAsked bounds what a receiver may ask for with Retry-After.
	longestAsked = time.Hour
	// patience is how long nothing may be taken before a webhook stops, and grace how
	// old a message must be that decides it: where little happens, the last refusal may
	// be that of days ago.
	patience = 5 * 24 * time.Hour
	grace    = 6 * time.Hour
)

// pauses are the times between the tries of a message, as Standard Webhooks advises:
// it is given up after three days.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// free is how many tries in a row may fail before the webhook itself is left alone: one
// message that its receiver can't take holds up no other.
const free = 3

// pause is how long a webhook is left alone after some tries in a row that failed.
func pause(streak int64) time.Duration {
	if streak < free {
		return 0
	}
	return pauses[min(streak-free, 4)] // at most five hours: it is known soon that it is back
}

// Run sends what is due until ctx ends, then waits for its senders.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	defer s.join()
	var cleaned time.Time
	for {
		err := s.Look(ctx)
		if now := s.Now(); err == nil && now.Sub(cleaned) >= cleanEvery {
			cleaned, err = now, s.Clean(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Error("webhooks: look", "error", err)
		}
		select {
		case <-ticker.C:
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// join waits until every sender has ended.
func (s *Store) join() {
	for range cap(s.all) {
		s.all <- struct{}{}
	}
	for range cap(s.all) {
		<-s.all
	}
}

// Flush sends all that is due, and returns when it was tried once. It is for tests and
// tools.
func (s *Store) Flush(ctx context.Context) error {
	for {
		err := s.Look(ctx)
		s.join()
		select {
		case <-s.wake: // somebody had no place
			if err == nil && ctx.Err() == nil {
				continue
			}
		default:
		}
		return err
	}
}

// Look tells of rights that ended, and starts senders for the webhooks with something
// due.
func (s *Store) Look(ctx context.Context) error {
	if err := s.lapse(ctx); err != nil {
		return err
	}
	due, err := s.due(ctx)
	if err != nil {
		return err
	}
	for _, one := range due {
		leave, ok := s.start(one)
		if !ok {
			continue
		}
		go func() {
			defer leave()
			if err := s.send(ctx, one); err != nil && ctx.Err() == nil {
				s.Log.Error("webhooks: send", "collectivity", one.collectivity, "webhook", one.id, "error", err)
			}
		}()
	}
	return nil
}

// sender is a webhook with something due.
type sender struct {
	collectivity portal.CollectivityID
	id           string
}

// due lists the webhooks with something due, those first of which it is due longest.
func (s *Store) due(ctx context.Context) ([]sender, error) {
	now := database.Millis(s.Now())
	rows, err := s.DB.Query(ctx, `
		SELECT collectivity, id FROM (
			SELECT w.collectivity, w.id, (SELECT MIN(m.due) FROM webhook_messages m WHERE m.collectivity = w.collectivity AND m.webhook = w.id AND m.due > 0) AS since
			FROM webhooks w JOIN collectivities c ON c.id = w.collectivity
			WHERE w.state = 'on' AND c.active AND w.resumes <= $1 AND w.leased <= $1
		) AS waiting WHERE since <= $1 ORDER BY since, id`, now)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (one sender, err error) { return one, rows.Scan(&one.collectivity, &one.id) })
	if err != nil {
		return nil, fmt.Errorf("webhooks: find what is due: %w", err)
	}
	return found, nil
}

// start takes a place for a sender, unless there is none; leave gives it back.
func (s *Store) start(one sender) (leave func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending[one] {
		return nil, false
	}
	if s.busy[one.collectivity] >= sendersEach {
		s.left = true
		return nil, false
	}
	places := []chan struct{}{s.all}
	if s.slow[one] {
		places = append(places, s.late)
	}
	for i, place := range places {
		select {
		case place <- struct{}{}:
		default:
			for _, taken := range places[:i] {
				<-taken
			}
			s.left = true
			return nil, false
		}
	}
	s.sending[one] = true
	s.busy[one.collectivity]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sending, one)
		if s.busy[one.collectivity]--; s.busy[one.collectivity] == 0 {
			delete(s.busy, one.collectivity)
		}
		for _, place := range places {
			<-place
		}
		if s.left { // somebody waits for a place
			s.left = false
			s.Wake()
		}
	}, true
}

// send sends what is due to a webhook, in order, while this node holds it.
func (s *Store) send(ctx context.Context, one sender) error {
	_, mine, err := s.hold(ctx, one)
	if err != nil || !mine {
		return err
	}
	defer s.release(context.WithoutCancel(ctx), one)
	if err := s.thin(ctx, one); err != nil {
		return err
	}
	messages, err := s.messages(ctx, one)
	if err != nil {
		return err
	}
	for _, message := range messages {
		to, mine, err := s.hold(ctx, one)
		if err != nil || !mine {
			return err
		}
		outcome := s.post(ctx, to, message.ID, message.Payload)
		if ctx.Err() != nil {
			return nil // stopped in the middle: it is tried again
		}
		goesOn, err := s.settle(ctx, to, message, outcome)
		if err != nil || !goesOn {
			return err
		}
	}
	return nil
}

// hold makes a webhook this node's, or keeps it: of all nodes one sends to it. It returns
// where the next message goes: an address or a secret may have changed since the last one.
func (s *Store) hold(ctx context.Context, one sender) (to target, mine bool, err error) {
	now := s.Now()
	to, err = s.targetOf(one.collectivity, one.id, s.DB.Change(ctx, `UPDATE webhooks SET lease = $3, leased = $4
		WHERE collectivity = $1 AND id = $2 AND state = 'on' AND resumes <= $5 AND (lease = $3 OR leased <= $5 OR leased > $6)
		RETURNING address, secret, former, former_ends`,
		string(one.collectivity), one.id, s.node, database.Millis(now.Add(lease)), database.Millis(now), database.Millis(now.Add(2*lease))))
	if errors.Is(err, portal.ErrNotFound) {
		return target{}, false, nil
	}
	return to, err == nil, err
}

func (s *Store) release(ctx context.Context, one sender) {
	err := s.DB.Write(ctx, `UPDATE webhooks SET leased = 0 WHERE collectivity = $1 AND id = $2 AND lease = $3`, string(one.collectivity), one.id, s.node)
	if err != nil {
		s.Log.Warn("webhooks: release", "error", err) // it ends by itself
	}
}

// messages are those that are due, the oldest first.
func (s *Store) messages(ctx context.Context, one sender) ([]Delivery, error) {
	rows, err := s.DB.Query(ctx, `SELECT `+deliveryColumns+` FROM webhook_messages m WHERE m.collectivity = $1 AND m.webhook = $2 AND m.due > 0 AND m.due <= $3
		ORDER BY m.due, m.id LIMIT 0 + $4`, string(one.collectivity), one.id, database.Millis(s.Now()), batch)
	return database.Collect(rows, err, func(rows *sql.Rows) (Delivery, error) { return scanDelivery(rows.Scan) })
}

// thin replaces a crowd of messages by one: read all again. Who is to be forgotten is
// told one by one.
func (s *Store) thin(ctx context.Context, one sender) error {
	var count int
	err := s.DB.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT id FROM webhook_messages WHERE collectivity = $1 AND webhook = $2 AND due > 0 LIMIT 0 + $3) AS crowd`,
		string(one.collectivity), one.id, crowd+1).Scan(&count)
	if err != nil || count <= crowd {
		return err
	}
	return s.DB.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `DELETE FROM webhook_messages WHERE collectivity = $1 AND webhook = $2 AND due > 0 AND kind <> 'agent.erased'`,
			string(one.collectivity), one.id)
		if err != nil {
			return err
		}
		gone, err := result.RowsAffected()
		if err != nil || gone == 0 {
			return err
		}
		now := s.Now()
		return s.put(ctx, tx, one.collectivity, one.id, outbox.Event{Kind: outbox.DirectoryChanged, At: now, Count: int(gone)}, now)
	})
}

// settle keeps what came of a message, and says whether the next one may be tried.
func (s *Store) settle(ctx context.Context, to target, message Delivery, outcome Outcome) (goesOn bool, err error) {
	s.remember(to, !outcome.Taken || outcome.Took > late)
	now := s.Now()
	var next time.Time
	if message.Tries < len(pauses) {
		next = now.Add(max(pauses[message.Tries], outcome.After))
	}
	if err := s.note(ctx, to, message.ID, message.Tries, outcome, next); err != nil {
		return false, err
	}
	if outcome.Taken {
		return true, s.DB.Write(ctx, `UPDATE webhooks SET delivered = $3, failing = 0, streak = 0, resumes = 0 WHERE collectivity = $1 AND id = $2`,
			string(to.collectivity), to.id, database.Millis(now))
	}
	var streak, failing int64
	err = s.DB.Change(ctx, `UPDATE webhooks SET streak = streak + 1, failing = CASE WHEN failing = 0 THEN CAST($3 AS BIGINT) ELSE failing END
		WHERE collectivity = $1 AND id = $2 RETURNING streak, failing`, string(to.collectivity), to.id, database.Millis(now)).Scan(&streak, &failing)
	if err != nil {
		return false, err
	}
	if outcome.Gone() || now.Sub(database.FromMillis(failing)) > patience && now.Sub(message.At) > grace {
		return false, s.stop(ctx, to)
	}
	wait := max(s.pausing(streak), outcome.After)
	if wait == 0 {
		return true, nil
	}
	return false, s.DB.Write(ctx, `UPDATE webhooks SET resumes = $3 WHERE collectivity = $1 AND id = $2`, string(to.collectivity), to.id, database.Millis(now.Add(wait)))
}

// remember says whether an address is a slow one, for its next sender.
func (s *Store) remember(to target, isSlow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key := (sender{to.collectivity, to.id}); isSlow {
		s.slow[key] = true
	} else {
		delete(s.slow, key)
	}
}

// stop tells a webhook nothing any more, and its administrators that it is so.
func (s *Store) stop(ctx context.Context, to target) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		var label string
		err := tx.QueryRow(ctx, `SELECT label FROM webhooks WHERE collectivity = $1 AND id = $2 AND state = 'on'`, string(to.collectivity), to.id).Scan(&label)
		if err != nil {
			return err
		}
		if err := s.turn(ctx, tx, to.collectivity, to.id, Stopped); err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.Line{
			Collectivity: to.collectivity, At: s.Now(), Action: audit.WebhookStopped, Object: label, ObjectID: to.id, Detail: to.address,
		})
	})
	if errors.Is(err, portal.ErrNotFound) {
		return nil // somebody turned it off meanwhile
	}
	if err == nil {
		s.remember(to, false)
		s.changed(to.collectivity)
	}
	return err
}

// lapse tells of the rights that ended by their date: nothing is written when that
// comes. Several nodes may look at once: a message is one, by its name.
func (s *Store) lapse(ctx context.Context) error {
	now := s.Now()
	type lapsed struct {
		sender
		right, kind, subject, name, within string
		ends                               int64
	}
	rows, err := s.DB.Query(ctx, `
		SELECT w.collectivity, w.id, r.id, r.kind, r.subject, r.right_name, r.in_unit, r.ends FROM webhooks w
		JOIN rights_given r ON r.collectivity = w.collectivity
		WHERE w.state = 'on' AND r.taken = 0 AND r.ends > 0 AND r.ends > w.rights_seen AND r.ends <= $1`, database.Millis(now))
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (one lapsed, err error) {
		return one, rows.Scan(&one.collectivity, &one.id, &one.right, &one.kind, &one.subject, &one.name, &one.within, &one.ends)
	})
	if err != nil {
		return fmt.Errorf("webhooks: find rights that ended: %w", err)
	}
	if len(found) == 0 {
		return nil
	}
	bySender := map[sender][]lapsed{}
	for _, one := range found {
		bySender[one.sender] = append(bySender[one.sender], one)
	}
	for to, all := range bySender {
		err := s.DB.Tx(ctx, func(tx *database.Tx) error {
			seen := int64(0)
			var kinds string
			err := tx.QueryRow(ctx, `SELECT kinds FROM webhooks WHERE collectivity = $1 AND id = $2 AND state = 'on'`, string(to.collectivity), to.id).Scan(&kinds)
			if err != nil {
				return err
			}
			wants := Webhook{Kinds: parseKinds(kinds)}.Wants(outbox.RightLapsed)
			for _, one := range all {
				seen = max(seen, one.ends)
				ended := database.FromMillis(one.ends)
				event := outbox.Event{Kind: outbox.RightLapsed, At: ended, Right: portal.Right(one.name), Subject: portal.Subject{Kind: portal.SubjectKind(one.kind), ID: one.subject}, Within: portal.UnitID(one.within)}
				if event.Subject.Kind == portal.TheAgent {
					event.Agent = portal.AgentID(one.subject)
				}
				if !wants {
					continue
				}
				if err := putAs(ctx, tx, to.collectivity, to.id, outbox.NameAt(ended, one.right), event, now); err != nil {
					return err
				}
			}
			return tx.Write(ctx, `UPDATE webhooks SET rights_seen = $3 WHERE collectivity = $1 AND id = $2 AND rights_seen < $3`, string(to.collectivity), to.id, seen)
		})
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return fmt.Errorf("webhooks: tell of rights that ended: %w", err)
		}
	}
	return nil
}

// Clean forgets what became of messages a month ago, and webhooks that can't be had
// again. It thins out what waits in collectivities that are suspended: nothing is sent
// there, which does so otherwise.
func (s *Store) Clean(ctx context.Context) error {
	rows, err := s.DB.Query(ctx, `SELECT w.collectivity, w.id FROM webhooks w JOIN collectivities c ON w.collectivity = c.id WHERE w.state = 'on' AND NOT c.active`)
	shut, err := database.Collect(rows, err, func(rows *sql.Rows) (one sender, err error) { return one, rows.Scan(&one.collectivity, &one.id) })
	for _, one := range shut {
		if err == nil {
			err = s.thin(ctx, one)
		}
	}
	if err != nil {
		return fmt.Errorf("webhooks: thin out: %w", err)
	}
	err = s.DB.Write(ctx, `DELETE FROM webhook_messages WHERE due = 0 AND at < $1`, database.Millis(s.Now().Add(-keptMessages)))
	if err == nil { // those of a webhook are no younger than its removal, which gave them up
		err = s.DB.Write(ctx, `DELETE FROM webhooks WHERE state = 'removed' AND turned < $1`, database.Millis(s.Now().Add(-max(keptRemoved, keptMessages))))
	}
	if err != nil {
		return fmt.Errorf("webhooks: clean: %w", err)
	}
	return nil
}
