package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Mandate is what an elected member was elected or chosen for.
type Mandate struct {
	ID         string // drawn when it is ""
	Title      string // "Deuxième adjointe"
	Delegation string // "Urbanisme et habitat", "" without
	First      string // "2026-03-22", "" when unknown
	Last       string // included, "" while it lasts
}

// Since and Until are its days, for a page; the zero time for none.
func (m Mandate) Since() time.Time { return Absence{Last: m.First}.LastDay() }

// Until is the last day.
func (m Mandate) Until() time.Time { return Absence{Last: m.Last}.LastDay() }

// Over says whether it ended before a day.
func (m Mandate) Over(day string) bool { return m.Last != "" && m.Last < day }

// maxMandates bounds those of one agent.
const maxMandates = 50

func (m Mandate) check() error {
	var wrong portal.Check
	wrong.Text("title", m.Title, true, 160)
	wrong.Text("delegation", m.Delegation, false, 400)
	for field, day := range map[string]string{"first_day": m.First, "last_day": m.Last} {
		if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" {
			wrong.Add(field, "directory.error.day")
		}
	}
	if m.First != "" && m.Last != "" && m.Last < m.First {
		wrong.Add("last_day", "directory.error.absence.order")
	}
	return wrong.OrNil()
}

// Mandates are those of an agent of the caller's collectivity, the current ones
// first, then by their beginning, the latest first.
func (s *Store) Mandates(ctx context.Context, caller portal.Caller, agent portal.AgentID) ([]Mandate, error) {
	rows, err := s.db.Query(ctx, `SELECT id, title, delegation, first_day, last_day FROM mandates WHERE collectivity = $1 AND agent = $2`,
		string(caller.Collectivity), string(agent))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (m Mandate, err error) {
		return m, rows.Scan(&m.ID, &m.Title, &m.Delegation, &m.First, &m.Last)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list mandates: %w", err)
	}
	const lasts = "9999"
	slices.SortFunc(all, func(a, b Mandate) int {
		return cmp.Or(cmp.Compare(cmp.Or(b.Last, lasts), cmp.Or(a.Last, lasts)), cmp.Compare(b.First, a.First), cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// PutMandate adds a mandate to an agent, or changes the one of its id, for who keeps
// the cards; address is the client's, for the journal.
func (s *Store) PutMandate(ctx context.Context, caller portal.Caller, agent portal.AgentID, mandate Mandate, address string) error {
	if err := mandate.check(); err != nil {
		return fmt.Errorf("directory: put mandate: %w", err)
	}
	return s.changeMandates(ctx, caller, agent, address, func(tx *database.Tx) error {
		if mandate.ID != "" {
			return database.OneRow(tx.Exec(ctx, `
				UPDATE mandates SET title = $1, delegation = $2, first_day = $3, last_day = $4 WHERE collectivity = $5 AND id = $6 AND agent = $7`,
				mandate.Title, mandate.Delegation, mandate.First, mandate.Last, string(caller.Collectivity), mandate.ID, string(agent)))
		}
		var count int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM mandates WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(agent)).Scan(&count)
		if err == nil && count >= maxMandates {
			err = portal.FieldErrors{portal.Invalid("title", "directory.error.mandates.many", "max", maxMandates)}
		}
		if err != nil {
			return err
		}
		return tx.Write(ctx, `INSERT INTO mandates (collectivity, id, agent, title, delegation, first_day, last_day) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(caller.Collectivity), portal.NewID(), string(agent), mandate.Title, mandate.Delegation, mandate.First, mandate.Last)
	})
}

// DropMandate takes one away that was written by mistake; one that is over stays.
func (s *Store) DropMandate(ctx context.Context, caller portal.Caller, agent portal.AgentID, mandate, address string) error {
	return s.changeMandates(ctx, caller, agent, address, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `DELETE FROM mandates WHERE collectivity = $1 AND id = $2 AND agent = $3`,
			string(caller.Collectivity), mandate, string(agent)))
	})
}

func (s *Store) changeMandates(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string, change func(tx *database.Tx) error) error {
	err := caller.RequireSomewhere(portal.ManageAgents)
	if err == nil {
		err = s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
			name, err := nameOf(ctx, tx, caller.Collectivity, agent)
			if err == nil {
				err = s.mayDecide(ctx, tx, caller, agent)
			}
			if err == nil {
				err = change(tx)
			}
			if err != nil {
				return nil, err
			}
			line := audit.By(caller, audit.AgentChanged)
			line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), name, string(agent), "mandates", address
			return nil, audit.Write(ctx, tx, line)
		})
	}
	if err != nil {
		return fmt.Errorf("directory: change mandates: %w", err)
	}
	return nil
}
