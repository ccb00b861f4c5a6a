package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
)

// Addressee is an agent as who writes to an address finds her.
type Addressee struct {
	Collectivity portal.CollectivityID
	Agent        portal.AgentID
	Name         string
	Address      string // lower case; "" where it is rather another's
	account      string
}

// addressedBy lists the agents of some addresses, ownDomain who has one of her collectivity's own
// domains. One card may bear the address of another collectivity's people: the agents of the
// collectivity whose domain it is come first, then those of the nearest one, and nobody else: what a
// card says in one collectivity must not draw what the others send.
const (
	addressedBy = `
	SELECT a.collectivity, a.id, a.given_name, a.family_name, lower(a.email), COALESCE(a.account, '')
	FROM agents a JOIN collectivities c ON c.id = a.collectivity AND c.active
	WHERE a.active AND (a.collectivity = $1 OR ` + ownDomain + `) AND lower(a.email) IN `

	ownDomain = `EXISTS (SELECT 1 FROM collectivity_domains d WHERE d.collectivity = a.collectivity AND lower(a.email) LIKE '%@' || d.domain)`

	addressedFirst = ` ORDER BY CASE WHEN ` + ownDomain + ` THEN 0 ELSE 1 END, a.created, a.collectivity, a.id`
)

// Addressees finds the active agents of mail addresses in lower case, one each: of the near
// collectivity, and of all others that are in service where the address has their domain.
func (s *Store) Addressees(ctx context.Context, from database.Reader, near portal.CollectivityID, addresses []string) (map[string]Addressee, error) {
	found := map[string]Addressee{}
	for some := range slices.Chunk(addresses, askedAtOnce) {
		list, args := database.Among([]any{string(near)}, some)
		rows, err := from.Query(ctx, addressedBy+list+addressedFirst, args...)
		all, err := database.Collect(rows, err, scanAddressee)
		if err != nil {
			return nil, fmt.Errorf("directory: find addressees: %w", err)
		}
		for _, one := range all {
			if _, known := found[one.Address]; !known {
				found[one.Address] = one
			}
		}
	}
	return found, nil
}

// Addressee is one active agent; portal.ErrNotFound. She has no address where the one on her
// card finds somebody else: nobody speaks for another by writing it there.
func (s *Store) Addressee(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, agent portal.AgentID) (Addressee, error) {
	rows, err := from.Query(ctx, `
		SELECT a.collectivity, a.id, a.given_name, a.family_name, lower(a.email), COALESCE(a.account, '')
		FROM agents a WHERE a.collectivity = $1 AND a.id = $2 AND a.active`, string(collectivity), string(agent))
	found, err := database.Collect(rows, err, scanAddressee)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Addressee{}, fmt.Errorf("directory: find addressee: %w", err)
	}
	she := found[0]
	if she.Address == "" {
		return she, nil
	}
	others, err := s.Addressees(ctx, from, collectivity, []string{she.Address})
	if other := others[she.Address]; (other.Collectivity != she.Collectivity || other.Agent != she.Agent) && cmp.Or(other.account, "-") != she.account {
		she.Address = ""
	}
	return she, err
}

func scanAddressee(rows *sql.Rows) (one Addressee, err error) {
	var given, family string
	err = rows.Scan(&one.Collectivity, &one.Agent, &given, &family, &one.Address, &one.account)
	one.Name = strings.TrimSpace(given + " " + family)
	return one, err
}
