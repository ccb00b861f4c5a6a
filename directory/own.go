package directory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// mayCorrect refuses a field that the caller's collectivity does not let agents
// write themselves.
func (s *Store) mayCorrect(ctx context.Context, caller portal.Caller, field Field) error {
	policy, err := policyIn(ctx, s.db, caller.Collectivity)
	if err == nil && (caller.Agent == "" || !policy.Of(field).Own) {
		err = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.own"}
	}
	return err
}

// ownFields are those that an agent types on her own card.
var ownFields = []Field{FieldFunction, FieldPhone, FieldMobile, FieldOffice}

// OwnCard is the caller's whole card, and the fields of it that she may type.
func (s *Store) OwnCard(ctx context.Context, caller portal.Caller) (Agent, []Field, error) {
	agent, err := s.bareAgent(ctx, caller, caller.Agent)
	if err != nil {
		return Agent{}, nil, err
	}
	fields, err := typedBy(ctx, s.db, caller)
	if err != nil {
		return Agent{}, nil, fmt.Errorf("directory: read own card: %w", err)
	}
	return agent, fields, nil
}

// typedBy are the fields that an agent may type on her own card: those that her
// collectivity lets her, but what its directory server would write over.
func typedBy(ctx context.Context, from rows, caller portal.Caller) ([]Field, error) {
	policy, err := policyIn(ctx, from, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	given, err := givenFields(ctx, from, caller.Collectivity, caller.Agent)
	var fields []Field
	for _, field := range ownFields {
		if policy.Of(field).Own && !slices.Contains(given, string(field)) {
			fields = append(fields, field)
		}
	}
	return fields, err
}

// CorrectOwn writes what the caller typed on her own card, in the fields that she
// may; all others stay, whatever was sent. Meanwhile when one of hers is no more
// what was shown; address is the client's, for the journal.
func (s *Store) CorrectOwn(ctx context.Context, caller portal.Caller, shown, typed Agent, address string) error {
	if caller.Agent == "" {
		return portal.ErrNotFound
	}
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		fields, err := typedBy(ctx, tx, caller)
		if err != nil {
			return nil, err
		}
		return s.correctOwn(ctx, tx, caller, fields, shown, typed, address)
	})
	if err != nil {
		return fmt.Errorf("directory: correct own card: %w", err)
	}
	s.changed(caller.Account)
	return nil
}

func (s *Store) correctOwn(ctx context.Context, tx *database.Tx, caller portal.Caller, fields []Field, shown, typed Agent, address string) ([]string, error) {
	now, err := scanAgent(tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2 AND a.active`,
		string(caller.Collectivity), string(caller.Agent)).Scan)
	if err != nil {
		return nil, err
	}
	before, fresh := now, now // as shown, and as typed, where she may type
	for _, field := range fields {
		*valueOf(&before, field), *valueOf(&fresh, field) = *valueOf(&shown, field), *valueOf(&typed, field)
	}
	if err := fresh.check(); err != nil {
		return nil, err
	}
	if _, err := unchanged(ctx, tx, caller.Collectivity, before, caller.Agent); err != nil {
		return nil, err
	}
	changed := differing(now, fresh)
	if len(changed) == 0 {
		return nil, nil
	}
	if err := s.updateAgent(ctx, tx, caller, fresh); err != nil {
		return nil, err
	}
	line := audit.By(caller, audit.AgentChanged)
	line.At, line.Object, line.ObjectID = s.now(), now.Name(), string(caller.Agent)
	line.Detail, line.Address = strings.Join(changed, " "), address
	return []string{string(caller.Agent)}, audit.Write(ctx, tx, line)
}

// valueOf is where a card keeps a field that is typed.
func valueOf(a *Agent, field Field) *string {
	for _, one := range cardFields {
		if one.name == string(field) {
			return one.of(a)
		}
	}
	panic("directory: " + string(field) + " is not typed")
}
