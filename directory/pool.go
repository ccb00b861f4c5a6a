package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Hosted is a collectivity as the operator of the pool sees it: its name and
// its size, nothing of what it holds.
type Hosted struct {
	Collectivity
	Agents int // active ones
}

// Pool lists the collectivities by name, with their domains and sizes. It
// needs the right to operate the pool.
func (s *Store) Pool(ctx context.Context, caller portal.Caller) ([]Hosted, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("directory: pool: %w", err)
	}
	rows, err := s.db.Query(ctx, `
		SELECT c.id, c.name, c.kind, c.active,
			(SELECT count(*) FROM agents a WHERE a.collectivity = c.id AND a.active = $1)
		FROM collectivities c ORDER BY c.id`, true)
	hosted, err := database.Collect(rows, err, func(rows *sql.Rows) (one Hosted, err error) {
		return one, rows.Scan(&one.ID, &one.Name, &one.Kind, &one.Active, &one.Agents)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: pool: %w", err)
	}
	slices.SortStableFunc(hosted, func(a, b Hosted) int { return i18n.ByName(a.Name, b.Name) })
	domains, err := s.domains(ctx)
	if err != nil {
		return nil, err
	}
	for i := range hosted {
		hosted[i].Domains = domains[hosted[i].ID]
	}
	return hosted, nil
}

// domains are the e-mail domains of every collectivity, each sorted.
func (s *Store) domains(ctx context.Context) (map[portal.CollectivityID][]string, error) {
	rows, err := s.db.Query(ctx, `SELECT collectivity, domain FROM collectivity_domains ORDER BY domain`)
	byCollectivity := map[portal.CollectivityID][]string{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (domain string, err error) {
		var id portal.CollectivityID
		if err := rows.Scan(&id, &domain); err != nil {
			return "", err
		}
		byCollectivity[id] = append(byCollectivity[id], domain)
		return domain, nil
	})
	if err != nil {
		return nil, fmt.Errorf("directory: domains: %w", err)
	}
	return byCollectivity, nil
}

// ChangeCollectivity replaces what is known of a public body, its domains
// included. It is a step of set-up, like CreateCollectivity.
func (s *Store) ChangeCollectivity(ctx context.Context, c Collectivity) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return fmt.Errorf("directory: change collectivity %q: %w", c.ID, err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `
			UPDATE collectivities SET name = $2, long_name = $3, kind = $4, siren = $5, insee = $6, zone = $7, language = $8, colour = $9, phone = $10, siret = $11
			WHERE id = $1`, string(c.ID), c.Name, c.LongName, c.Kind, c.SIREN, c.INSEE, c.Zone, string(c.Language), c.Colour, c.Phone, c.SIRET))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM collectivity_domains WHERE collectivity = $1`, string(c.ID)); err != nil {
			return err
		}
		return insertDomains(ctx, tx, c)
	})
	if err != nil {
		return fmt.Errorf("directory: change collectivity %q: %w", c.ID, err)
	}
	s.bodies.Delete(c.ID)
	s.books.touchAll(c.ID)
	s.changed("")
	return nil
}
