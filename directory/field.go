package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Field is a part of a card that a collectivity shows to more people or to fewer.
// Names and units are no fields: who is in the directory is known to all of it.
type Field string

// The fields, by their names in forms.
const (
	FieldPhoto    Field = "photo"
	FieldFunction Field = "function"
	FieldManager  Field = "manager"
	FieldPhone    Field = "phone"
	FieldMobile   Field = "mobile"
	FieldEmail    Field = "email"
	FieldOffice   Field = "office"
	FieldPresence Field = "presence"
)

// Fields lists them in the order of a card.
var Fields = []Field{FieldPhoto, FieldFunction, FieldManager, FieldPhone, FieldMobile, FieldEmail, FieldOffice, FieldPresence}

// Correctable says whether a collectivity may let agents write the field of their
// own cards. The manager decides what others may see; mail is delivered and
// mailboxes are opened by the address.
func (f Field) Correctable() bool { return f != FieldManager && f != FieldEmail }

// SeenBy says who sees a field of a card, each including the next.
type SeenBy string

// Who sees a field. An agent sees all of her own card.
const (
	ByEveryone SeenBy = "everyone" // of the collectivity
	ByUnit     SeenBy = "unit"     // those of her unit, and ByManagers
	ByManagers SeenBy = "managers" // who is above her, and who keeps the cards
	ByNobody   SeenBy = "nobody"   // but her, and the form where her card is kept
)

// SeenBys lists them from the widest.
var SeenBys = []SeenBy{ByEveryone, ByUnit, ByManagers, ByNobody}

// Showing is what a collectivity decided about a field.
type Showing struct {
	Field  Field
	SeenBy SeenBy
	Own    bool // agents correct their own
}

// Policy is what a collectivity decided about every field, in the order of Fields.
type Policy []Showing

// undecided is the policy of a collectivity that decided nothing: all is shown, and
// an agent corrects what she alone knows.
func undecided() Policy {
	policy := make(Policy, len(Fields))
	for i, field := range Fields {
		policy[i] = Showing{field, ByEveryone, field.Correctable() && field != FieldFunction}
	}
	return policy
}

// Of is what was decided about a field.
func (p Policy) Of(field Field) Showing { return p[slices.Index(Fields, field)] }

// Seen says whether everyone sees a field.
func (p Policy) open(field Field) bool { return p.Of(field).SeenBy == ByEveryone }

// Encode writes a policy for a form to tell what was shown.
func (p Policy) Encode() string {
	words := make([]string, len(p))
	for i, one := range p {
		words[i] = fmt.Sprintf("%s:%s:%t", one.Field, one.SeenBy, one.Own)
	}
	return strings.Join(words, " ")
}

// Policy is what the caller's collectivity decided about the fields of cards.
func (s *Store) Policy(ctx context.Context, caller portal.Caller) (Policy, error) {
	policy, err := policyIn(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: read policy: %w", err)
	}
	return policy, nil
}

func policyIn(ctx context.Context, from rows, collectivity portal.CollectivityID) (Policy, error) {
	policy := undecided()
	found, err := from.Query(ctx, `SELECT field, seen_by, own FROM card_fields WHERE collectivity = $1`, string(collectivity))
	decided, err := database.Collect(found, err, func(rows *sql.Rows) (one Showing, err error) {
		return one, rows.Scan(&one.Field, &one.SeenBy, &one.Own)
	})
	for _, one := range decided {
		if i := slices.Index(Fields, one.Field); i >= 0 {
			policy[i] = one
		}
	}
	return policy, err
}

// SetPolicy decides about the fields of cards; shown is what the form showed, as
// Policy.Encode writes it. portal.ErrConflict when another administrator decided
// meanwhile. Who could see a field and may no more does not find it from then on.
func (s *Store) SetPolicy(ctx context.Context, caller portal.Caller, shown string, policy Policy, address string) error {
	err := caller.Require(portal.ManageAgents)
	if err == nil {
		err = policy.check()
	}
	if err == nil {
		err = s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
			return s.decideFields(ctx, tx, caller, shown, policy, address)
		})
	}
	if err != nil {
		return fmt.Errorf("directory: set policy: %w", err)
	}
	s.books.touchAll(caller.Collectivity)
	s.rewritten(caller.Collectivity)
	return nil
}

// check refuses what no form offers.
func (p Policy) check() error {
	var wrong portal.Check
	for i, field := range Fields {
		if len(p) != len(Fields) || p[i].Field != field || !slices.Contains(SeenBys, p[i].SeenBy) || p[i].Own && !field.Correctable() {
			wrong.Add(string(field), "directory.error.seen-by")
		}
	}
	return wrong.OrNil()
}

// decideFields writes a policy, and returns who must be found anew.
func (s *Store) decideFields(ctx context.Context, tx *database.Tx, caller portal.Caller, shown string, policy Policy, address string) ([]string, error) {
	now, err := policyIn(ctx, tx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	if now.Encode() != shown {
		return nil, portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.policy.meanwhile"}
	}
	var changed []string
	reindex := false
	for i, one := range policy {
		if one == now[i] {
			continue
		}
		changed = append(changed, string(one.Field))
		reindex = reindex || policy.open(one.Field) != now.open(one.Field)
		_, err := tx.Exec(ctx, `
			INSERT INTO card_fields (collectivity, field, seen_by, own) VALUES ($1, $2, $3, $4)
			ON CONFLICT (collectivity, field) DO UPDATE SET seen_by = excluded.seen_by, own = excluded.own`,
			string(caller.Collectivity), string(one.Field), string(one.SeenBy), one.Own)
		if err != nil {
			return nil, err
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	line := audit.By(caller, audit.CardsDecided)
	line.At, line.Detail, line.Address = s.now(), strings.Join(changed, " "), address
	if err := audit.Write(ctx, tx, line); err != nil || !reindex {
		return nil, err
	}
	found, err := tx.Query(ctx, `SELECT id FROM agents WHERE collectivity = $1 AND active`, string(caller.Collectivity))
	return database.Collect(found, err, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
}
