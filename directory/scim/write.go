package scim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// maxName bounds what programs know people and groups by, in letters.
const maxName = 256

var errTaken = refusal{http.StatusConflict, "uniqueness", "scim.error.taken", nil}

// card is what a draft makes of an agent; was is who she is, zero for a new one.
func (s *Service) card(ctx context.Context, caller portal.Caller, d draft, was directory.Agent) (directory.Agent, error) {
	for field, words := range map[string]string{"userName": d.userName, "externalId": d.external} {
		if utf8.RuneCountInString(words) > maxName || strings.ContainsFunc(words, unicode.IsControl) {
			return directory.Agent{}, errValue(field)
		}
	}
	if d.userName == "" {
		return directory.Agent{}, errValue("userName")
	}
	if d.given == "" && d.family == "" {
		d.family = cmp.Or(d.formatted, d.userName)
	}
	card := was
	card.Kind, card.GivenName, card.FamilyName, card.Function = directory.AgentKind(d.kind), d.given, d.family, d.title
	card.Email, card.Phone, card.Mobile, card.Manager = d.email, d.phone, d.mobile, portal.AgentID(d.manager)
	if d.department != was.UnitName {
		unit, err := s.Store.UnitNamed(ctx, caller, d.department)
		if err != nil {
			return directory.Agent{}, err
		}
		if unit == "" && d.department != "" {
			return directory.Agent{}, refusal{http.StatusBadRequest, "invalidValue", "scim.error.department", []any{"name", short(d.department)}}
		}
		card.Unit = unit
	}
	return card, nil
}

// keep writes what programs know an agent by, in the transaction of her card. Two agents
// have not one name.
func (s *Service) keep(ctx context.Context, tx *database.Tx, caller portal.Caller, id portal.AgentID, d draft) error {
	of, folded := string(caller.Collectivity), strings.ToLower(d.userName)
	var others int
	err := tx.QueryRow(ctx, `SELECT COUNT(*)`+userFrom+taken, of, folded, string(id)).Scan(&others)
	if err == nil && others > 0 {
		err = errTaken
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO scim_agents (collectivity, agent, user_name, folded, external_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (collectivity, agent) DO UPDATE SET user_name = excluded.user_name, folded = excluded.folded, external_id = excluded.external_id`,
		of, string(id), d.userName, folded, d.external)
	if database.IsDuplicate(err) {
		return errTaken
	}
	return err
}

// taken finds who else has a name in lower case: as a program wrote it, or what stands
// for it.
var taken = `a.id <> $3 AND ` + fmt.Sprintf(nearName, "CAST($2 AS TEXT)") + ` AND (s.folded = $2 OR COALESCE(s.folded, '') = '' AND lower(` + userName + `) = lower(CAST($2 AS TEXT)))`

func (s *Service) createUser(a *asked) (any, error) {
	var object map[string]any
	if err := a.decode(&object); err != nil {
		return nil, err
	}
	d := draft{active: true, kind: string(directory.Employed)}
	if err := d.merge(object); err != nil {
		return nil, err
	}
	ctx := a.Context()
	card, err := s.card(ctx, a.Caller, d, directory.Agent{})
	if err != nil {
		return nil, err
	}
	id, err := s.Store.Provision(ctx, a.Caller, directory.Provisioning{
		Typed: card, Active: d.active, Also: func(tx *database.Tx, id portal.AgentID) error { return s.keep(ctx, tx, a.Caller, id, d) },
	}, a.address)
	if err != nil {
		return nil, err
	}
	a.status = http.StatusCreated
	return s.tellUser(a, string(id))
}

// attempts bounds how often a change is made anew because of another one meanwhile.
const attempts = 5

// rewrite changes an agent as she is now.
func (s *Service) rewrite(a *asked, change func(now known, d *draft) error) (any, error) {
	ctx := a.Context()
	for attempt := 1; ; attempt++ {
		now, err := s.knownBy(ctx, a.Caller, a.id())
		if err == nil {
			err = a.match(now.version())
		}
		d := draftOf(now)
		if err == nil {
			err = change(now, &d)
		}
		if err != nil {
			return nil, err
		}
		card, err := s.card(ctx, a.Caller, d, now.Agent)
		if err == nil {
			_, err = s.Store.Provision(ctx, a.Caller, directory.Provisioning{
				Shown: now.Agent, Typed: card, Active: d.active,
				Also: func(tx *database.Tx, id portal.AgentID) error {
					if d.userName == now.userName && d.external == now.external {
						return nil
					}
					return s.keep(ctx, tx, a.Caller, id, d)
				},
			}, a.address)
		}
		var other directory.Meanwhile
		if errors.As(err, &other) && attempt < attempts {
			continue
		}
		if err != nil {
			return nil, err
		}
		return s.tellUser(a, a.id())
	}
}

func (s *Service) replaceUser(a *asked) (any, error) {
	var object map[string]any
	if err := a.decode(&object); err != nil {
		return nil, err
	}
	return s.rewrite(a, func(now known, d *draft) error {
		*d = draft{active: now.Active, kind: string(now.Kind)}
		if !speaksOf(object, ext) { // of where she works the provider knows nothing
			d.department, d.manager = now.UnitName, string(now.Manager)
		}
		return d.merge(object)
	})
}

func (s *Service) patchUser(a *asked) (any, error) {
	p, err := patchOf(a)
	if err != nil {
		return nil, err
	}
	return s.rewrite(a, func(_ known, d *draft) error { return p.apply(d) })
}

// deleteUser closes an agent: she is not there for programs any more, and can be
// reopened by an administrator.
func (s *Service) deleteUser(a *asked) (any, error) {
	ctx := a.Context()
	now, err := s.knownBy(ctx, a.Caller, a.id())
	if err == nil {
		err = a.match(now.version())
	}
	if err != nil {
		return nil, err
	}
	_, err = s.Store.Provision(ctx, a.Caller, directory.Provisioning{
		Shown: now.Agent, Typed: now.Agent, Active: false,
		Also: func(tx *database.Tx, id portal.AgentID) error {
			return tx.Write(ctx, `INSERT INTO scim_agents (collectivity, agent, user_name, folded, deleted) VALUES ($1, $2, '', '', 1)
				ON CONFLICT (collectivity, agent) DO UPDATE SET deleted = 1`, string(a.Collectivity), string(id))
		},
	}, a.address)
	return nil, err
}

// keepGroup writes what programs know a group by.
func keepGroup(ctx context.Context, tx *database.Tx, caller portal.Caller, id portal.GroupID, external string) error {
	if external == "" {
		return tx.Write(ctx, `DELETE FROM scim_groups WHERE collectivity = $1 AND group_id = $2`, string(caller.Collectivity), string(id))
	}
	return tx.Write(ctx, `INSERT INTO scim_groups (collectivity, group_id, external_id) VALUES ($1, $2, $3)
		ON CONFLICT (collectivity, group_id) DO UPDATE SET external_id = excluded.external_id`, string(caller.Collectivity), string(id), external)
}

func (s *Service) createGroup(a *asked) (any, error) {
	var object map[string]any
	if err := a.decode(&object); err != nil {
		return nil, err
	}
	return s.writeGroup(a, grouped{}, nil, func(c *crowd) error { return c.merge(object, true) })
}

// writeGroup adds a group, or changes one as it is now, if it is still.
func (s *Service) writeGroup(a *asked, now grouped, still func(tx *database.Tx) error, change func(c *crowd) error) (any, error) {
	was := map[portal.AgentID]bool{}
	for _, member := range now.members {
		was[member.ID] = true
	}
	wanted := crowd{name: now.Name, external: now.external, members: maps.Clone(was)}
	if err := change(&wanted); err != nil {
		return nil, err
	}
	if wanted.name == "" {
		return nil, errValue("displayName")
	}
	if utf8.RuneCountInString(wanted.external) > maxName || strings.ContainsFunc(wanted.external, unicode.IsControl) {
		return nil, errValue("externalId")
	}
	ctx := a.Context()
	write := directory.GroupProvisioning{ID: now.ID, Name: wanted.name, Still: still, Also: func(tx *database.Tx, id portal.GroupID) error {
		return keepGroup(ctx, tx, a.Caller, id, wanted.external)
	}}
	for id := range wanted.members {
		if !was[id] {
			write.Join = append(write.Join, id)
		}
	}
	for id := range was {
		if !wanted.members[id] {
			write.Leave = append(write.Leave, id)
		}
	}
	slices.Sort(write.Join)
	slices.Sort(write.Leave)
	id, err := s.Store.ProvisionGroup(ctx, a.Caller, write, a.address)
	if err != nil {
		return nil, groupRefusal(err)
	}
	if now.ID == "" {
		a.status = http.StatusCreated
	}
	return s.tellGroup(a, string(id))
}

// groupRefusal makes a name that another group has a conflict.
func groupRefusal(err error) error {
	var fields portal.FieldErrors
	if errors.As(err, &fields) && slices.ContainsFunc(fields, func(one portal.UserError) bool { return one.Key == "directory.error.group.name" }) {
		return refusal{http.StatusConflict, "uniqueness", "directory.error.group.name", fields[0].Args}
	}
	return err
}

// asItIs does something to a group that is there and of the version that was asked for,
// anew when another change came between.
func (s *Service) asItIs(a *asked, do func(now grouped) error) error {
	for attempt := 1; ; attempt++ {
		now, err := s.groupedBy(a, a.id())
		if err == nil {
			err = a.match(now.version())
		}
		if err == nil {
			err = do(now)
		}
		switch {
		case !errors.Is(err, errOther):
			return err
		case attempt == attempts:
			return errVersion
		}
	}
}

// changeGroup changes a group that is there.
func (s *Service) changeGroup(a *asked, change func(c *crowd) error) (told any, err error) {
	err = s.asItIs(a, func(now grouped) error {
		told, err = s.writeGroup(a, now, s.still(a, now), change)
		return err
	})
	return told, err
}

func (s *Service) replaceGroup(a *asked) (any, error) {
	var object map[string]any
	if err := a.decode(&object); err != nil {
		return nil, err
	}
	return s.changeGroup(a, func(c *crowd) error {
		*c = crowd{members: map[portal.AgentID]bool{}}
		return c.merge(object, true)
	})
}

// patchGroup answers without the group, which may be large, unless some of it is asked
// for.
func (s *Service) patchGroup(a *asked) (any, error) {
	p, err := patchOf(a)
	if err != nil {
		return nil, err
	}
	told, err := s.changeGroup(a, p.applyTo)
	if err != nil || a.URL.Query().Get("attributes") != "" {
		return told, err
	}
	return nil, nil
}

func (s *Service) deleteGroup(a *asked) (any, error) {
	return nil, s.asItIs(a, func(now grouped) error {
		return s.Store.DeleteGroupIf(a.Context(), a.Caller, now.ID, s.still(a, now), a.address)
	})
}
