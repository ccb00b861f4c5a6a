package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// cardField is what an administrator writes on a card, by the name of its field
// in forms.
type cardField struct {
	name string
	of   func(a *Agent) *string
}

// cardFields are in the order of the form.
var cardFields = []cardField{
	{"kind", func(a *Agent) *string { return (*string)(&a.Kind) }},
	{"given_name", func(a *Agent) *string { return &a.GivenName }},
	{"family_name", func(a *Agent) *string { return &a.FamilyName }},
	{"function", func(a *Agent) *string { return &a.Function }},
	{"unit", func(a *Agent) *string { return (*string)(&a.Unit) }},
	{"manager", func(a *Agent) *string { return (*string)(&a.Manager) }},
	{"email", func(a *Agent) *string { return &a.Email }},
	{"phone", func(a *Agent) *string { return &a.Phone }},
	{"mobile", func(a *Agent) *string { return &a.Mobile }},
	{"office", func(a *Agent) *string { return &a.Office }},
}

// differing names the fields in which two cards differ.
func differing(a, b Agent) []string {
	var names []string
	for _, field := range cardFields {
		if *field.of(&a) != *field.of(&b) {
			names = append(names, field.name)
		}
	}
	return names
}

// Meanwhile refuses a card that somebody else changed since it was shown. It is
// of kind portal.ErrConflict.
type Meanwhile struct {
	Now    Agent          // as it is
	By     portal.AgentID // who changed it, "" for a directory server
	At     time.Time
	Fields []string // that she changed, as the form names them
}

// Error is for logs.
func (m Meanwhile) Error() string {
	return fmt.Sprintf("%v: the card was changed at %v (%s)", portal.ErrConflict, m.At, strings.Join(m.Fields, ", "))
}

// Unwrap gives the kind.
func (m Meanwhile) Unwrap() error { return portal.ErrConflict }

// Merge is what a form should hold after a refusal: what was typed, and what the
// other wrote in the fields that were left as they were shown. Both says which
// fields the two filled in differently.
func (m Meanwhile) Merge(shown, typed Agent) (merged Agent, both []string) {
	for _, field := range cardFields {
		if !slices.Contains(m.Fields, field.name) {
			continue
		}
		switch wrote := *field.of(&m.Now); {
		case *field.of(&typed) == *field.of(&shown):
			*field.of(&typed) = wrote
		case *field.of(&typed) != wrote:
			both = append(both, field.name)
		}
	}
	return typed, both
}

// ChangeAgent replaces what the card of an agent says by what was typed over
// what was shown. Account and source key stay; closed cards can be changed too.
// Meanwhile when the card is no more what was shown; address is the client's,
// for the journal.
func (s *Store) ChangeAgent(ctx context.Context, caller portal.Caller, shown, typed Agent, address string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: change agent: %w", err)
	}
	var account portal.AccountID
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		ids, account, err = s.changeCard(ctx, tx, caller, shown, typed, address)
		return ids, err
	})
	if err != nil {
		return fmt.Errorf("directory: change agent: %w", err)
	}
	s.changedAccount(account)
	return nil
}

// changeCard is ChangeAgent inside of a transaction. It returns who is to be found
// anew, and the account that may do something else from now on.
func (s *Store) changeCard(ctx context.Context, tx *database.Tx, caller portal.Caller, shown, typed Agent, address string) (ids []string, account portal.AccountID, err error) {
	if err := typed.check(); err != nil {
		return nil, "", err
	}
	if err := s.governsAgent(ctx, tx, caller, typed.ID); err != nil {
		return nil, "", err
	}
	now, err := unchanged(ctx, tx, caller.Collectivity, shown, typed.ID)
	if err != nil {
		return nil, "", err
	}
	fields := differing(now, typed)
	if len(fields) == 0 {
		return nil, "", nil
	}
	if err := keepGiven(ctx, tx, caller.Collectivity, typed.ID, fields); err != nil {
		return nil, "", err
	}
	if err := s.mayDecide(ctx, tx, caller, typed.ID); err != nil {
		return nil, "", err
	}
	enter := s.mayPlace
	if typed.Unit != now.Unit {
		enter = s.mayBring
	}
	if err := enter(ctx, tx, caller, typed.Unit); err != nil {
		return nil, "", err
	}
	if typed.Email != now.Email {
		if err := s.mayAddress(ctx, tx, caller, typed); err != nil {
			return nil, "", err
		}
	}
	err = keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error {
		return s.updateAgent(ctx, tx, caller, typed)
	})
	if err != nil {
		return nil, "", err
	}
	line := audit.By(caller, audit.AgentChanged)
	line.At, line.Object, line.ObjectID = s.now(), typed.Name(), string(typed.ID)
	line.Detail, line.Address = strings.Join(fields, " "), address
	return []string{string(typed.ID)}, now.Account, audit.Write(ctx, tx, line)
}

// unchanged reads a card, and refuses when it is not what was shown.
func unchanged(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, shown Agent, id portal.AgentID) (Agent, error) {
	other := Meanwhile{}
	var at int64
	row := tx.QueryRow(ctx, `SELECT `+agentColumns+`, a.changed, a.changed_by`+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`,
		string(collectivity), string(id))
	now, err := scanAgent(func(dest ...any) error { return row.Scan(append(dest, &at, &other.By)...) })
	if err != nil {
		return Agent{}, err
	}
	if other.Fields = differing(shown, now); len(other.Fields) > 0 {
		other.Now, other.At = now, database.FromMillis(at)
		return Agent{}, other
	}
	return now, nil
}

// updateAgent writes a card, and what follows from it. A directory server writes
// as the installation does.
func (s *Store) updateAgent(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent) error {
	row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`, string(caller.Collectivity), string(agent.ID))
	was, err := scanAgent(row.Scan)
	if err != nil {
		return err
	}
	unit, err := unitName(ctx, tx, caller.Collectivity, agent.Unit)
	if err == nil {
		err = managerExists(ctx, tx, caller.Collectivity, agent)
	}
	if err != nil {
		return err
	}
	return s.writeCard(ctx, tx, caller, was, agent, unit)
}

// writeCard replaces a card by one that was found well, and brings its agent into the
// groups by rule; unit is the name of hers.
func (s *Store) writeCard(ctx context.Context, tx *database.Tx, caller portal.Caller, was, agent Agent, unit string) error {
	if err := s.replaceCard(ctx, tx, caller.Collectivity, agent, unit, caller.Agent); err != nil {
		return err
	}
	return s.followCard(ctx, tx, caller, &was, agent)
}

// replaceCard rewrites a row whose unit and manager are known to be there.
func (s *Store) replaceCard(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent Agent, unit string, by portal.AgentID) error {
	return database.OneRow(tx.Exec(ctx, `
		UPDATE agents SET given_name = $1, family_name = $2, sort_name = $3, search_text = $4, function = $5, unit = $6, email = $7,
			phone = $8, mobile = $9, office = $10, kind = $11, manager = $12, changed = $13, changed_by = $14
		WHERE collectivity = $15 AND id = $16`,
		agent.GivenName, agent.FamilyName, agent.sortName(), agent.searchText(unit), agent.Function, string(agent.Unit), agent.Email,
		agent.Phone, agent.Mobile, agent.Office, string(cmp.Or(agent.Kind, Employed)), string(agent.Manager), database.Millis(s.now()), string(by),
		string(collectivity), string(agent.ID)))
}

// maxManagers bounds the managers above an agent: nobody has more.
const maxManagers = 50

// managerExists refuses a manager who is not of the collectivity, and one whom
// the agent manages herself, through others or not. One whom she has already stays:
// what became of him is nothing that this change is about.
func managerExists(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent Agent) error {
	var same bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM agents WHERE collectivity = $1 AND id = $2 AND manager = $3)`,
		string(collectivity), string(agent.ID), string(agent.Manager)).Scan(&same)
	if err != nil || same {
		return err
	}
	above := agent.Manager
	for range maxManagers {
		if above == "" {
			return nil
		}
		if above == agent.ID {
			break
		}
		var next portal.AgentID
		err := tx.QueryRow(ctx, `SELECT manager FROM agents WHERE collectivity = $1 AND id = $2`, string(collectivity), string(above)).Scan(&next)
		if errors.Is(err, portal.ErrNotFound) {
			if above == agent.Manager {
				return portal.FieldErrors{portal.Invalid("manager", "directory.error.manager")}
			}
			return nil
		}
		if err != nil {
			return err
		}
		above = next
	}
	return portal.FieldErrors{portal.Invalid("manager", "directory.error.manager.loop")}
}
