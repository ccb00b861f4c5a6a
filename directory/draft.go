package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/post"
	"parvis/search"
	"parvis/sso"
)

// DraftID names a collectivity that is being written down.
type DraftID string

// First is who will administer a collectivity, and invite the others.
type First struct {
	GivenName, FamilyName, Address string
	Hand                           bool // her link is handed over, also where mail can be sent
}

// Draft is a collectivity before it exists. All of it may be missing.
type Draft struct {
	ID           DraftID `json:"-"`
	Collectivity Collectivity
	First        First
	Services     Services
	Template     *Template // what it begins with, nil for nothing but Parvis's own home page
	Chosen       bool      // that was decided
	Changed      time.Time `json:"-"`
	By           string    `json:"-"` // login of who changed it last
}

// Known says whether it is settled which body it is.
func (d Draft) Known() bool { return d.Collectivity.ID != "" }

// Administered says whether somebody is to administer it.
func (d Draft) Administered() bool { return d.First.Address != "" }

// draftLife is how long a draft that was dropped can be taken up again.
const draftLife = 30 * 24 * time.Hour

const draftColumns = `d.id, d.content, d.changed, p.login`

func scanDraft(scan func(dest ...any) error) (d Draft, err error) {
	var content string
	var changed int64
	var id DraftID
	var by string
	if err := scan(&id, &content, &changed, &by); err != nil {
		return Draft{}, err
	}
	if err := json.Unmarshal([]byte(content), &d); err != nil {
		return Draft{}, fmt.Errorf("directory: draft %q is not what was written: %w", id, err)
	}
	d.ID, d.Changed, d.By = id, database.FromMillis(changed), by
	return d, nil
}

// Drafts lists what is being written down, the last changed first. It needs the
// right to operate the pool, as all that is about drafts.
func (s *Store) Drafts(ctx context.Context, caller portal.Caller) ([]Draft, error) {
	return s.drafts(ctx, caller, `SELECT `+draftColumns+` FROM collectivity_drafts d JOIN accounts p ON p.id = d.account
		WHERE d.dropped = 0 ORDER BY d.changed DESC, d.id`)
}

// Dropped lists what was dropped and can still be taken up again, the last one first.
func (s *Store) Dropped(ctx context.Context, caller portal.Caller) ([]Draft, error) {
	return s.drafts(ctx, caller, `SELECT `+draftColumns+` FROM collectivity_drafts d JOIN accounts p ON p.id = d.account
		WHERE d.dropped > $1 ORDER BY d.dropped DESC, d.id`, database.Millis(s.now().Add(-draftLife)))
}

func (s *Store) drafts(ctx context.Context, caller portal.Caller, query string, args ...any) ([]Draft, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("directory: list drafts: %w", err)
	}
	rows, err := s.db.Query(ctx, query, args...)
	drafts, err := database.Collect(rows, err, func(rows *sql.Rows) (Draft, error) { return scanDraft(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("directory: list drafts: %w", err)
	}
	return drafts, nil
}

// Draft returns one; portal.ErrNotFound when it is not there any more.
func (s *Store) Draft(ctx context.Context, caller portal.Caller, id DraftID) (Draft, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Draft{}, fmt.Errorf("directory: read draft: %w", err)
	}
	return readDraft(ctx, s.db, id)
}

func readDraft(ctx context.Context, tx rows, id DraftID) (Draft, error) {
	row := tx.QueryRow(ctx, `SELECT `+draftColumns+` FROM collectivity_drafts d JOIN accounts p ON p.id = d.account
		WHERE d.id = $1 AND d.dropped = 0`, string(id))
	d, err := scanDraft(row.Scan)
	if err != nil {
		return Draft{}, fmt.Errorf("directory: read draft: %w", err)
	}
	return d, nil
}

// SaveIdentity writes down which body it is, in a new draft when id is "", and
// returns the draft's id. portal.FieldErrors also for a body that is in the pool
// already.
func (s *Store) SaveIdentity(ctx context.Context, caller portal.Caller, id DraftID, of Collectivity) (DraftID, error) {
	return s.saveDraft(ctx, caller, id, func(tx *database.Tx, d *Draft) error {
		c := &d.Collectivity
		c.ID, c.Name, c.LongName, c.Kind, c.SIREN, c.INSEE, c.Zone = of.ID, of.Name, of.LongName, of.Kind, of.SIREN, of.INSEE, of.Zone
		if err := c.checkOnly("id", "name", "long_name", "kind", "siren", "insee", "zone"); err != nil {
			return err
		}
		return isNew(ctx, tx, *c)
	})
}

// isNew refuses a body that the pool hosts already.
func isNew(ctx context.Context, tx *database.Tx, c Collectivity) error {
	var id portal.CollectivityID
	var name string
	err := tx.QueryRow(ctx, `SELECT id, name FROM collectivities WHERE id = $1 OR (siren = $2 AND $2 <> '') ORDER BY id LIMIT 1`,
		string(c.ID), c.SIREN).Scan(&id, &name)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		return nil
	case err != nil:
		return err
	case id == c.ID:
		return portal.FieldErrors{portal.Invalid("id", "directory.error.taken")}
	}
	return portal.FieldErrors{portal.Invalid("siren", "directory.error.hosted", "name", name)}
}

// SaveColour writes down its colour.
func (s *Store) SaveColour(ctx context.Context, caller portal.Caller, id DraftID, colour string) error {
	_, err := s.saveDraft(ctx, caller, id, func(_ *database.Tx, d *Draft) error {
		d.Collectivity.Colour = colour
		return d.Collectivity.checkOnly("colour")
	})
	return err
}

// SaveDomains writes down the domains of its addresses, and who is called when a
// sign-in fails. portal.FieldErrors also for a domain of another collectivity.
func (s *Store) SaveDomains(ctx context.Context, caller portal.Caller, id DraftID, domains []string, phone string) error {
	_, err := s.saveDraft(ctx, caller, id, func(tx *database.Tx, d *Draft) error {
		d.Collectivity.Domains, d.Collectivity.Phone = domains, phone
		d.Collectivity = d.Collectivity.withDefaults()
		if err := d.Collectivity.checkOnly("domains", "phone"); err != nil {
			return err
		}
		for _, domain := range d.Collectivity.Domains {
			var owner string
			err := tx.QueryRow(ctx, `SELECT collectivity FROM collectivity_domains WHERE domain = $1`, domain).Scan(&owner)
			if err == nil {
				return portal.FieldErrors{portal.Invalid("domains", "directory.error.domain.taken", "domain", domain)}
			}
			if !errors.Is(err, portal.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	return err
}

// SaveFirst writes down who will administer it.
func (s *Store) SaveFirst(ctx context.Context, caller portal.Caller, id DraftID, first First) error {
	_, err := s.saveDraft(ctx, caller, id, func(_ *database.Tx, d *Draft) error {
		d.First = first
		_, err := first.guest()
		return err
	})
	return err
}

// guest is the person as she is invited.
func (f First) guest() (Guest, error) {
	var wrong portal.Check
	wrong.Text("given_name", f.GivenName, true, 50)
	wrong.Text("family_name", f.FamilyName, true, 50)
	guest := Guest{GivenName: f.GivenName, FamilyName: f.FamilyName, Address: f.Address}
	clean, err := post.CleanAddress(f.Address)
	login, ok := sso.CanonicalLogin(clean)
	if err != nil || !ok {
		wrong.Add("address", "directory.invite.address")
	}
	guest.Login = login
	return guest, wrong.OrNil()
}

// saveDraft changes a draft, or begins one.
func (s *Store) saveDraft(ctx context.Context, caller portal.Caller, id DraftID, change func(tx *database.Tx, d *Draft) error) (DraftID, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return "", fmt.Errorf("directory: save draft: %w", err)
	}
	fresh := id == ""
	if fresh {
		id = DraftID(portal.NewID())
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) (err error) {
		var d Draft
		if !fresh {
			if d, err = readDraft(ctx, tx, id); err != nil {
				return err
			}
		}
		if err := change(tx, &d); err != nil {
			return err
		}
		content, err := json.Marshal(d)
		if err != nil {
			return err
		}
		now := database.Millis(s.now())
		_, err = tx.Exec(ctx, `
			INSERT INTO collectivity_drafts (id, content, begun, changed, account) VALUES ($1, $2, $3, $3, $4)
			ON CONFLICT (id) DO UPDATE SET content = excluded.content, changed = excluded.changed, account = excluded.account`,
			string(id), string(content), now, string(caller.Account))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("directory: save draft: %w", err)
	}
	return id, nil
}

// DropDraft puts a draft away for thirty days.
func (s *Store) DropDraft(ctx context.Context, caller portal.Caller, id DraftID) error {
	return s.setDropped(ctx, caller, id, database.Millis(s.now()))
}

// RestoreDraft takes a dropped one up again.
func (s *Store) RestoreDraft(ctx context.Context, caller portal.Caller, id DraftID) error {
	return s.setDropped(ctx, caller, id, 0)
}

func (s *Store) setDropped(ctx context.Context, caller portal.Caller, id DraftID, at int64) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: drop draft: %w", err)
	}
	err := database.OneRow(s.db.Exec(ctx, `UPDATE collectivity_drafts SET dropped = $1 WHERE id = $2`, at, string(id)))
	if err != nil {
		return fmt.Errorf("directory: drop draft: %w", err)
	}
	return nil
}

// CleanDrafts forgets drafts and templates that were dropped long ago.
func (s *Store) CleanDrafts(ctx context.Context) error {
	long := database.Millis(s.now().Add(-draftLife))
	_, err := s.db.Exec(ctx, `DELETE FROM collectivity_drafts WHERE dropped > 0 AND dropped < $1`, long)
	if err == nil {
		_, err = s.db.Exec(ctx, `DELETE FROM pool_templates WHERE dropped > 0 AND dropped < $1`, long)
	}
	if err != nil {
		return fmt.Errorf("directory: clean drafts: %w", err)
	}
	return nil
}

// checkOnly is check for some fields.
func (c Collectivity) checkOnly(fields ...string) error {
	var all portal.FieldErrors
	if !errors.As(c.withDefaults().check(), &all) {
		return nil
	}
	return slices.DeleteFunc(all, func(one portal.UserError) bool { return !slices.Contains(fields, one.Field) }).OrNil()
}

// errUnfinished: what a collectivity can't be without was not written down.
var errUnfinished = portal.UserError{Kind: portal.ErrInvalid, Key: "directory.draft.unfinished"}

// Opened is a collectivity that was just made.
type Opened struct {
	Collectivity Collectivity
	First        portal.Caller // who administers it, before she ever signed in
	Services     Services      // that were written down
	Template     *Template     // whose home page it is to have, nil for none; its groups are there
	Handed       Handed        // its link is "" when a letter carries it
}

// errOvertakenDraft: what is opened has another identifier than what was looked at.
var errOvertakenDraft = portal.UserError{Kind: portal.ErrConflict, Key: "directory.draft.overtaken"}

// finished is a draft of which everything needed was written down.
func (d Draft) finished() (c Collectivity, guest Guest, err error) {
	if !d.Known() || !d.Administered() {
		return c, guest, errUnfinished
	}
	c = d.Collectivity.withDefaults()
	if err = c.check(); err == nil {
		guest, err = d.First.guest()
	}
	return c, guest, err
}

// Open makes the collectivity of a draft, its groups, its first administrator and her
// invitation, all or nothing. The draft ends with it. portal.FieldErrors and portal.ErrInvalid when
// something of it can't be, such as a domain that was taken meanwhile.
func (n *Inviter) Open(ctx context.Context, caller portal.Caller, id DraftID, address string) (Opened, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Opened{}, fmt.Errorf("directory: open collectivity: %w", err)
	}
	seen, err := readDraft(ctx, n.store.db, id)
	if err != nil {
		return Opened{}, fmt.Errorf("directory: open collectivity: %w", err)
	}
	return n.open(ctx, caller, seen, address, func(tx *database.Tx) (Draft, error) {
		d, err := readDraft(ctx, tx, id) // another operator may have changed it
		if err == nil && d.Collectivity.ID != seen.Collectivity.ID {
			err = errOvertakenDraft
		}
		if err == nil {
			err = database.OneRow(tx.Exec(ctx, `DELETE FROM collectivity_drafts WHERE id = $1 AND dropped = 0`, string(id))) // who comes second finds none
		}
		return d, err
	})
}

// OpenNow is Open for what was never a draft.
func (n *Inviter) OpenNow(ctx context.Context, caller portal.Caller, d Draft, address string) (Opened, error) {
	err := caller.Require(portal.OperatePool)
	if err == nil {
		d.Services, err = d.Services.Cleaned()
	}
	if err != nil {
		return Opened{}, fmt.Errorf("directory: open collectivity: %w", err)
	}
	return n.open(ctx, caller, d, address, func(*database.Tx) (Draft, error) { return d, nil })
}

func (n *Inviter) open(ctx context.Context, caller portal.Caller, seen Draft, address string, take func(tx *database.Tx) (Draft, error)) (opened Opened, err error) {
	if _, _, err := seen.finished(); err != nil {
		return Opened{}, fmt.Errorf("directory: open collectivity: %w", err)
	}
	err = n.store.queued(ctx, seen.Collectivity.ID, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		d, err := take(tx)
		if err != nil {
			return nil, err
		}
		opened, err = n.insertOpened(ctx, tx, caller, d, address)
		return []string{string(opened.First.Agent)}, err
	})
	if err != nil {
		return Opened{}, fmt.Errorf("directory: open collectivity: %w", err)
	}
	n.store.changed("")
	n.post.Wake()
	return opened, nil
}

func (n *Inviter) insertOpened(ctx context.Context, tx *database.Tx, caller portal.Caller, d Draft, address string) (Opened, error) {
	c, guest, err := d.finished()
	if err == nil {
		err = isNew(ctx, tx, c)
	}
	if err == nil {
		err = n.store.insertCollectivity(ctx, tx, c)
	}
	if err == nil {
		err = n.store.tellBoth(ctx, tx, caller, audit.Line{Action: audit.CollectivityCreated, Object: c.Name, ObjectID: string(c.ID), Address: address})
	}
	installation := Installation(c.ID)
	if err == nil {
		err = n.store.layGroups(ctx, tx, installation, d.Template, address)
	}
	if err != nil {
		return Opened{}, err
	}
	one := invite{Guest: guest, made: true, hand: d.First.Hand}
	if one.agent.ID, err = n.settle(ctx, tx, installation, sso.Embedded, one, Placing{}); err != nil {
		return Opened{}, err
	}
	if err := replaceRights(ctx, tx, installation, one.agent.ID, []portal.Right{portal.Admin}, n.store.now()); err != nil {
		return Opened{}, err
	}
	opened := Opened{
		Collectivity: c, Services: d.Services, Template: d.Template, Handed: Handed{Name: guest.Name()},
		First: portal.Caller{Collectivity: c.ID, Agent: one.agent.ID, Rights: []portal.Right{portal.Admin}},
	}
	opened.Handed.Link, err = n.write(ctx, tx, installation, c, sso.Embedded, one)
	return opened, err
}
