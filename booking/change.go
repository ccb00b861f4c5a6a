package booking

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/post"
)

// resourcesPath is the page of all resources.
const resourcesPath = "/admin/resources"

// maxSeats is more than any hall of a town has.
const maxSeats = 10_000

// ResourceChanged refuses what was typed over a resource that another administrator changed since it was
// shown. It is of kind portal.ErrConflict.
type ResourceChanged struct{ Now Resource }

// Error is for logs.
func (c ResourceChanged) Error() string {
	return fmt.Sprintf("%v: resource %q changed", portal.ErrConflict, c.Now.ID)
}

// Unwrap gives the kind.
func (c ResourceChanged) Unwrap() error { return portal.ErrConflict }

// Resource is one of the caller's collectivity, for its administrator; portal.ErrNotFound.
func (s *Store) Resource(ctx context.Context, caller portal.Caller, id ResourceID) (Resource, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Resource{}, fmt.Errorf("booking: read %q: %w", id, err)
	}
	r, err := s.read(ctx, s.db, caller.Collectivity, id)
	return r, wrap(err, "read")
}

func (s *Store) read(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id ResourceID) (Resource, error) {
	rows, err := from.Query(ctx, ofCollectivity+` AND r.id = $2`, string(collectivity), string(id))
	found, err := database.Collect(rows, err, scan)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Resource{}, err
	}
	r := found[0]
	rows, err = from.Query(ctx, `SELECT group_id FROM resource_groups WHERE collectivity = $1 AND resource = $2 ORDER BY group_id`,
		string(collectivity), string(id))
	if r.Groups, err = database.Collect(rows, err, func(rows *sql.Rows) (id portal.GroupID, err error) { return id, rows.Scan(&id) }); err != nil {
		return r, err
	}
	if err := s.readPeople(ctx, from, collectivity, &r); err != nil {
		return r, err
	}
	closings, err := s.closings(ctx, from, collectivity, id)
	r.Closings = closings[id]
	return r, err
}

// Create adds a resource for the administrator of the caller's collectivity, and names it. What is wrong
// in it is portal.FieldErrors. address is where the request came from.
func (s *Store) Create(ctx context.Context, caller portal.Caller, r Resource, address string) (ResourceID, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("booking: create: %w", err)
	}
	r.ID, r.Active = ResourceID(portal.NewID()), true
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.check(ctx, tx, caller.Collectivity, &r); err != nil {
			return err
		}
		now := database.Millis(s.now())
		_, err := tx.Exec(ctx, `
			INSERT INTO resources (collectivity, id, kind, name, place, seats, address, active, turn, created, modified)
			VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, 0, $8, $8)`,
			string(caller.Collectivity), string(r.ID), string(r.Kind), r.Name, r.Place, r.Seats, r.Address, now)
		if err == nil {
			err = s.describe(ctx, tx, caller.Collectivity, r)
		}
		if err != nil {
			return err
		}
		if err := s.open(ctx, tx, caller, Resource{}, r, address); err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ResourceCreated, r, address)
	})
	return r.ID, wrap(err, "create")
}

// Change writes a resource over the one of its id, which must be as it was when it had this Modified;
// ResourceChanged otherwise. Whether it is withdrawn, and its photograph, stay as they are. What waits to be
// accepted is accepted when nobody is to do so any more.
func (s *Store) Change(ctx context.Context, caller portal.Caller, r Resource, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("booking: change: %w", err)
	}
	opened := false
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		was, err := s.read(ctx, tx, caller.Collectivity, r.ID)
		if err != nil {
			return err
		}
		opened = was.Approval && !r.Approval
		if err := s.check(ctx, tx, caller.Collectivity, &r); err != nil {
			return err
		}
		if !was.Modified.Equal(r.Modified) {
			return ResourceChanged{was}
		}
		err = tx.Write(ctx, `
			UPDATE resources SET kind = $3, name = $4, place = $5, seats = $6, address = $7, modified = $8 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(r.ID), string(r.Kind), r.Name, r.Place, r.Seats, r.Address, s.after(was))
		if err == nil {
			err = s.describe(ctx, tx, caller.Collectivity, r)
		}
		if err != nil {
			return err
		}
		if err := s.checkKept(ctx, tx, caller.Collectivity, was, r); err != nil {
			return err
		}
		if err := s.open(ctx, tx, caller, was, r, address); err != nil || was.same(r) {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ResourceChanged, r, address)
	})
	if err == nil && opened && s.withdrawn != nil {
		s.withdrawn(caller.Collectivity) // nobody is to accept what waits
	}
	return wrap(err, "change")
}

// after is when a resource is changed that was changed before: another moment, whatever the clock says.
func (s *Store) after(was Resource) int64 {
	return max(database.Millis(s.now()), database.Millis(was.Modified)+1)
}

// SetActive withdraws a resource, or has it booked again; its name is for who is told. One that is
// withdrawn gives back what is to come, and who booked it is told.
func (s *Store) SetActive(ctx context.Context, caller portal.Caller, id ResourceID, active bool, address string) (name string, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return "", fmt.Errorf("booking: withdraw: %w", err)
	}
	var borrowers []portal.CollectivityID
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		r, err := s.read(ctx, tx, caller.Collectivity, id)
		if err != nil || r.Active == active {
			return err
		}
		name = r.Name
		err = tx.Write(ctx, `UPDATE resources SET active = $3, turn = turn + 1, modified = $4 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(id), active, s.after(r))
		if err != nil {
			return err
		}
		action := audit.ResourceWithdrawn
		if active {
			action = audit.ResourceRestored
		} else if borrowers, err = s.releaseResource(ctx, tx, caller.Collectivity, id); err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, action, r, address)
	})
	if err == nil {
		s.changedFor(borrowers...)
		for _, borrower := range borrowers {
			s.tidyAgendas(ctx, borrower)
		}
	}
	if err == nil && name != "" && !active && s.withdrawn != nil {
		s.withdrawn(caller.Collectivity)
	}
	return name, wrap(err, "withdraw")
}

// same says whether two resources are told alike, whoever may book them, sees them and accepts bookings.
func (r Resource) same(other Resource) bool { return reflect.DeepEqual(r.facts(), other.facts()) }

// facts are what is told of a resource itself. Its photograph is told alone.
func (r Resource) facts() Resource {
	r.Groups, r.Seers, r.Approvers, r.Modified, r.Photo, r.Active = nil, nil, nil, time.Time{}, "", false
	r.Closings, r.Features = slices.Clone(r.Closings), slices.Clone(r.Features)
	return r
}

// open writes who may book a resource.
func (s *Store) open(ctx context.Context, tx *database.Tx, caller portal.Caller, was, r Resource, address string) error {
	err := tx.Write(ctx, `DELETE FROM resource_groups WHERE collectivity = $1 AND resource = $2`, string(caller.Collectivity), string(r.ID))
	for _, group := range r.Groups {
		if err == nil {
			err = tx.Write(ctx, `INSERT INTO resource_groups (collectivity, resource, group_id) VALUES ($1, $2, $3)`,
				string(caller.Collectivity), string(r.ID), string(group))
		}
	}
	if err != nil {
		return err
	}
	if err := s.openPeople(ctx, tx, caller.Collectivity, r); err != nil {
		return err
	}
	line := s.line(caller, audit.ResourceAudience, r, address)
	if err := audit.WriteAudience(ctx, tx, line, was.Groups, r.Groups); err != nil {
		return err
	}
	return s.tellPeople(ctx, tx, caller, was, r, address)
}

func (s *Store) line(caller portal.Caller, action audit.Action, r Resource, address string) audit.Line {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Address = s.now(), r.Name, string(r.ID), address
	return line
}

func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, r Resource, address string) error {
	return audit.Write(ctx, tx, s.line(caller, action, r, address))
}

// check refuses what a resource can't be, and writes its texts as they are kept. Its address must be
// nobody else's: what is sent there is for it.
func (s *Store) check(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, r *Resource) error {
	r.Name, r.Place, r.Address = strings.TrimSpace(r.Name), strings.TrimSpace(r.Place), strings.ToLower(strings.TrimSpace(r.Address))
	var wrong portal.Check
	wrong.Text("name", r.Name, true, 120)
	wrong.Text("place", r.Place, false, 120)
	if !slices.Contains(Kinds, r.Kind) {
		wrong.Add("kind", "booking.error.kind")
	}
	if r.Seats < 0 || r.Seats > maxSeats {
		wrong.Add("seats", "booking.error.seats", "max", maxSeats)
	}
	if r.Address != "" {
		err := s.checkAddress(ctx, tx, collectivity, r)
		var said portal.UserError
		if errors.As(err, &said) {
			wrong.Add(said.Field, said.Key, said.Args...)
		} else if err != nil {
			return err
		}
	}
	slices.Sort(r.Groups)
	r.Groups = slices.Compact(r.Groups)
	known, err := s.groups(ctx, tx, collectivity)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(r.Groups, func(id portal.GroupID) bool { return !known[id] }) {
		wrong.Add("groups", "booking.error.group")
	}
	r.checkFacts(&wrong)
	if err := s.checkPeople(ctx, tx, collectivity, r, known, &wrong); err != nil {
		return err
	}
	return wrong.OrNil()
}

func (s *Store) checkAddress(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, r *Resource) error {
	clean, err := post.CleanAddress(r.Address)
	if err != nil || len(clean) > 254 {
		return portal.Invalid("address", "booking.error.address")
	}
	r.Address = strings.ToLower(clean)
	var resource, agent bool
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM resources WHERE collectivity = $1 AND address = $2 AND id <> $3),
		       EXISTS (SELECT 1 FROM agents WHERE collectivity = $1 AND lower(email) = $2)`,
		string(collectivity), r.Address, string(r.ID)).Scan(&resource, &agent)
	switch {
	case err != nil:
		return err
	case resource:
		return portal.Invalid("address", "booking.error.address.resource")
	case agent:
		return portal.Invalid("address", "booking.error.address.agent")
	}
	return nil
}

// checkKept refuses another address of what is booked: events know it by the one that it has. Of what is
// withdrawn only those are left who are not told yet, and agents who left, whom nobody tells.
func (s *Store) checkKept(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, was, r Resource) error {
	if was.Address == "" || was.Address == r.Address {
		return nil
	}
	var booked bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT 1 FROM bookings b WHERE b.collectivity = $1 AND b.resource = $2 AND b.ends > $3
		AND ($4 OR EXISTS (SELECT 1 FROM agents a WHERE a.collectivity = $1 AND a.id = b.holder AND a.active)))`,
		string(collectivity), string(r.ID), database.Millis(s.now()), was.Active).Scan(&booked)
	if err == nil && booked {
		err = portal.FieldErrors{portal.Invalid("address", "booking.error.address.booked")}
	}
	return err
}

func (s *Store) groups(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID) (map[portal.GroupID]bool, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM agent_groups WHERE collectivity = $1`, string(collectivity))
	known := map[portal.GroupID]bool{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.GroupID
		err = rows.Scan(&id)
		known[id] = true
		return none, err
	})
	return known, err
}

// NamingGroup lists the resources of the caller's collectivity that a group may book, that it alone sees, or whose
// bookings it accepts.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `
		SELECT r.id, r.name FROM resources r WHERE r.collectivity = $1 AND (
			EXISTS (SELECT 1 FROM resource_groups g WHERE g.collectivity = $1 AND g.resource = r.id AND g.group_id = $2)
			OR EXISTS (SELECT 1 FROM resource_people p WHERE p.collectivity = $1 AND p.resource = r.id AND p.kind = 'group' AND p.subject = $2))
		ORDER BY r.name, r.id`, string(caller.Collectivity), string(group))
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		mention := portal.Mention{Kind: "booking.mention", Icon: "building"}
		var id string
		err := rows.Scan(&id, &mention.Name)
		mention.Path = resourcesPath + "/" + id
		return mention, err
	})
	return mentions, wrap(err, "list what names a group")
}
