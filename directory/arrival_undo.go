package directory

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Why something is kept when an import is undone.
const (
	keptEntered = "directory.arrival.kept.entered"
	keptChanged = "directory.arrival.kept.changed"
	keptRight   = "directory.arrival.kept.right"
	keptGone    = "directory.arrival.kept.gone"
)

// undo takes back what a line did. Who signed in since stays; a field that somebody
// changed since stays as it is.
func (w *writing) undo(line ArrivalLine) error {
	card, there := w.cards[line.Agent]
	if !there || !card.Active {
		return w.close(line, "kept", keptGone)
	}
	if w.governs[line.Agent] {
		return w.close(line, "kept", keptRight)
	}
	if err := w.store.mayDecide(w.ctx, w.tx, w.caller, line.Agent); err != nil {
		if key := refused(err).Key; key != "" {
			return w.close(line, "kept", key)
		}
		return err
	}
	if line.Verdict == ToCreate {
		return w.withdraw(line, card)
	}
	return w.restore(line, card)
}

// withdraw takes somebody out of the directory again: her card is deleted when nothing
// hangs on it, and closed else.
func (w *writing) withdraw(line ArrivalLine, card Agent) error {
	var entered int64
	var named int
	err := w.tx.QueryRow(w.ctx, `
		SELECT a.entered, (SELECT COUNT(*) FROM agents m WHERE m.collectivity = $1 AND m.manager = $2)
			+ (SELECT COUNT(*) FROM rights_given g WHERE g.collectivity = $1 AND g.kind = 'agent' AND g.subject = $2)
		FROM agents a WHERE a.collectivity = $1 AND a.id = $2`, string(w.a.id), string(card.ID)).Scan(&entered, &named)
	if err != nil {
		return err
	}
	if entered > 0 {
		return w.close(line, "kept", keptEntered)
	}
	var mail string
	err = w.tx.QueryRow(w.ctx, `SELECT mail FROM invitations WHERE collectivity = $1 AND agent = $2`, string(w.a.id), string(card.ID)).Scan(&mail)
	if err == nil && mail != "" {
		err = w.inviter.post.Withdraw(w.ctx, w.tx, w.a.id, mail)
	}
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	if err := w.forgetDeparture(card.ID); err != nil {
		return err
	}
	said := audit.By(w.caller, audit.AgentWithdrawn)
	if card.Account == "" && named == 0 {
		err = forgetInvitation(w.ctx, w.tx, w.a.id, card.ID, true)
	} else {
		said.Action = audit.AgentClosed
		if card.Account != "" {
			w.accounts[card.Account] = true
		}
		err = w.shut(card.ID)
	}
	if err != nil {
		return err
	}
	said.At, said.Object, said.ObjectID, said.Address = w.store.now(), card.Name(), string(card.ID), w.a.address
	if err := audit.Write(w.ctx, w.tx, said); err != nil {
		return err
	}
	return w.close(line, "undone", "")
}

// shut closes a card, as CloseAgent does.
func (w *writing) shut(id portal.AgentID) error {
	if err := forgetInvitation(w.ctx, w.tx, w.a.id, id, false); err != nil {
		return err
	}
	return w.tx.Write(w.ctx, `UPDATE agents SET active = FALSE, closed = $1 WHERE collectivity = $2 AND id = $3`,
		database.Millis(w.store.now()), string(w.a.id), string(id))
}

// restore gives a card its former fields back, but for those that say something else by
// now, that a directory server gives, or that the caller may not write.
func (w *writing) restore(line ArrivalLine, card Agent) error {
	before := card
	given, err := givenFields(w.ctx, w.tx, w.a.id, card.ID)
	if err != nil {
		return err
	}
	kept, err := w.unwrite(line, &card, given)
	if err != nil {
		return err
	}
	if line.Place != nil && slices.Contains(given, "unit") {
		kept = true
	} else if line.Place != nil {
		stays, err := w.unplace(line, &card)
		if err != nil {
			return err
		}
		kept = kept || stays
	}
	stays, err := w.unjoin(line)
	if err != nil {
		return err
	}
	kept = kept || stays
	if stays, err = w.unleave(line, card.Name()); err != nil {
		return err
	}
	kept = kept || stays
	if fields := differing(before, card); len(fields) > 0 {
		if err := w.store.writeCard(w.ctx, w.tx, w.caller, before, card, w.chart.names[card.Unit]); err != nil {
			return err
		}
		said := audit.By(w.caller, audit.AgentChanged)
		said.At, said.Object, said.ObjectID, said.Detail, said.Address = w.store.now(), card.Name(), string(card.ID), strings.Join(fields, " "), w.a.address
		if err := audit.Write(w.ctx, w.tx, said); err != nil {
			return err
		}
	}
	if card.Account != "" {
		w.accounts[card.Account] = true
	}
	if kept {
		return w.close(line, "undone", keptChanged)
	}
	return w.close(line, "undone", "")
}

// unwrite gives the plain fields of a line back.
func (w *writing) unwrite(line ArrivalLine, card *Agent, given []string) (kept bool, err error) {
	for _, move := range line.Moves {
		for _, field := range cardFields {
			if field.name != move.Field || !plainField(field.name) {
				continue
			}
			if *field.of(card) != move.After || slices.Contains(given, field.name) {
				kept = true
				continue
			}
			if field.name == "email" {
				err := w.store.mayAddress(w.ctx, w.tx, w.caller, Agent{ID: card.ID, Email: move.Before})
				if refused(err).Key != "" {
					kept = true
					continue
				}
				if err != nil {
					return false, err
				}
			}
			*field.of(card) = move.Before
		}
	}
	return kept, nil
}

// unjoin takes somebody out of the groups that a line brought her into, but of one that
// is no more, that a rule fills by now, or that the caller may not fill.
func (w *writing) unjoin(line ArrivalLine) (kept bool, err error) {
	left := false
	for _, group := range line.Join {
		err := groupsByHand(w.ctx, w.tx, w.a.id, group)
		if err == nil {
			err = w.store.mayFill(w.ctx, w.tx, w.caller, group)
		}
		if refused(err).Key != "" {
			kept = kept || !errors.Is(err, portal.ErrInvalid)
			continue
		}
		if err == nil {
			err = moveGroups(w.ctx, w.tx, w.a.id, line.Agent, nil, []portal.GroupID{group})
		}
		if err != nil {
			return false, err
		}
		left = true
	}
	return kept, w.tellGroups(line.Agent, left)
}

// unplace puts somebody back where she was, unless she moved since, that place is no
// more, or it gives rights that the caller has not.
func (w *writing) unplace(line ArrivalLine, card *Agent) (kept bool, err error) {
	if card.Unit != line.Unit || line.Was != "" && w.chart.names[line.Was] == "" {
		return true, nil
	}
	for _, unit := range []portal.UnitID{line.Was, line.Unit} {
		if err := w.store.mayPlace(w.ctx, w.tx, w.caller, unit); err != nil {
			if refused(err).Key != "" {
				return true, nil
			}
			return false, err
		}
	}
	card.Unit = line.Was
	return false, nil
}

// unbuild deletes the units that an import created, the deepest first, where they are
// empty and named nowhere. It is done again after an interruption.
func (s *Arrivals) unbuild(ctx context.Context, caller portal.Caller, a Arrival) error {
	found, err := s.store.db.Query(ctx, `SELECT unit FROM arrival_units WHERE collectivity = $1 AND arrival = $2 ORDER BY depth DESC, unit`, string(a.id), a.ID)
	units, err := database.Collect(found, err, func(rows *sql.Rows) (id portal.UnitID, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return err
	}
	for _, unit := range units {
		err := s.store.DeleteUnit(ctx, caller, unit, a.address)
		if err != nil && !errors.Is(err, portal.ErrConflict) && !errors.Is(err, portal.ErrNotFound) && !errors.Is(err, portal.ErrDenied) {
			return err
		}
	}
	return nil
}
