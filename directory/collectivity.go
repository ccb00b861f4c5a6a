package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Collectivity is one public body of the pool.
type Collectivity struct {
	ID       portal.CollectivityID // "bourg"
	Name     string                // "Bourg-sur-Loire"
	LongName string                // "Mairie de Bourg-sur-Loire"
	Kind     string                // "commune", "epci", "syndicat" or "ccas"
	SIREN    string                // 9 digits, "" when unknown
	SIRET    string                // 14 digits, begins with SIREN; "" when unknown
	INSEE    string                // code of the commune, "" when unknown
	Zone     string                // IANA time zone; "" is Europe/Paris
	Language i18n.Language         // "" is French
	Colour   string                // brand colour, "#17566b"; "" is the product's
	Phone    string                // who to call when sign-in fails
	Logo     Logo
	Domains  []string // of its e-mail addresses, "bourg.example"
	Active   bool     // false: nobody enters
}

// Kinds lists the kinds of collectivities.
var Kinds = []string{"commune", "epci", "syndicat", "ccas"}

const defaultColour = "#17566b"

var (
	colourPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	sirenPattern  = regexp.MustCompile(`^[0-9]{9}$`)
	inseePattern  = regexp.MustCompile(`^([0-9]{2}|2[AB])[0-9]{3}$`)
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
)

func (c Collectivity) withDefaults() Collectivity {
	if c.Zone == "" {
		c.Zone = "Europe/Paris"
	}
	if c.Language == "" {
		c.Language = i18n.French
	}
	if c.Colour == "" {
		c.Colour = defaultColour
	}
	if siret, ok := portal.SIRET(c.SIRET); ok {
		c.SIRET = siret // without spaces
	}
	domains := make([]string, len(c.Domains))
	for i, domain := range c.Domains {
		domains[i] = strings.ToLower(strings.TrimSpace(domain))
	}
	c.Domains = domains
	return c
}

func (c Collectivity) check() error {
	var wrong portal.Check
	wrong.Identifier("id", string(c.ID))
	wrong.Text("name", c.Name, true, 100)
	wrong.Text("long_name", c.LongName, true, 200)
	checkPhone(&wrong, "phone", c.Phone)
	if !slices.Contains(Kinds, c.Kind) {
		wrong.Add("kind", "directory.error.kind")
	}
	if c.SIREN != "" && !sirenPattern.MatchString(c.SIREN) {
		wrong.Add("siren", "directory.error.siren")
	}
	if siret, ok := portal.SIRET(c.SIRET); c.SIRET != "" && (!ok || !strings.HasPrefix(siret, c.SIREN)) {
		wrong.Add("siret", "directory.error.siret")
	}
	if c.INSEE != "" && !inseePattern.MatchString(c.INSEE) {
		wrong.Add("insee", "directory.error.insee")
	}
	if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" {
		wrong.Add("zone", "directory.error.zone")
	}
	if _, known := i18n.Parse(string(c.Language)); !known {
		wrong.Add("language", "directory.error.language")
	}
	if !colourPattern.MatchString(c.Colour) {
		wrong.Add("colour", "directory.error.colour")
	}
	for _, domain := range c.Domains {
		if len(domain) > 253 || !domainPattern.MatchString(domain) {
			wrong.Add("domains", "directory.error.domain", "domain", domain)
		} else if isShared(domain) {
			wrong.Add("domains", "directory.error.domain.shared", "domain", domain)
		}
	}
	return wrong.OrNil()
}

// CreateCollectivity adds a public body to the pool, open at once. It is a step
// of set-up: no person of a collectivity may do it. FieldErrors when a field is
// refused, an identifier or a domain that is taken included.
func (s *Store) CreateCollectivity(ctx context.Context, c Collectivity) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return fmt.Errorf("directory: create collectivity %q: %w", c.ID, err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error { return s.insertCollectivity(ctx, tx, c) })
	if err != nil {
		return fmt.Errorf("directory: create collectivity %q: %w", c.ID, err)
	}
	return nil
}

func (s *Store) insertCollectivity(ctx context.Context, tx *database.Tx, c Collectivity) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO collectivities (id, name, long_name, kind, siren, siret, insee, zone, language, colour, phone, active, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, TRUE, $12)`,
		string(c.ID), c.Name, c.LongName, c.Kind, c.SIREN, c.SIRET, c.INSEE, c.Zone, string(c.Language), c.Colour, c.Phone, database.Millis(s.now()))
	if database.IsDuplicate(err) {
		return portal.FieldErrors{portal.Invalid("id", "directory.error.taken")}
	}
	if err != nil {
		return err
	}
	return insertDomains(ctx, tx, c)
}

func insertDomains(ctx context.Context, tx *database.Tx, c Collectivity) error {
	for _, domain := range c.Domains {
		_, err := tx.Exec(ctx, `INSERT INTO collectivity_domains (domain, collectivity) VALUES ($1, $2)`, domain, string(c.ID))
		if database.IsDuplicate(err) {
			return portal.FieldErrors{portal.Invalid("domains", "directory.error.domain.taken", "domain", domain)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// body is a collectivity read a moment ago.
type body struct {
	Collectivity
	zone  *time.Location  // loading one reads a file
	help  *web.Assistance // who assists it, nil for nobody
	until time.Time
}

// bodyLife bounds how long another node may take to see a collectivity change.
const bodyLife = 5 * time.Second

// remembered is Collectivity for what every request asks, read at most once in
// five seconds. A collectivity closed meanwhile lets nobody in all the same:
// callers are read from the store.
func (s *Store) remembered(ctx context.Context, id portal.CollectivityID) (body, error) {
	if found, ok := s.bodies.Load(id); ok && s.now().Before(found.(body).until) {
		return found.(body), nil
	}
	c, err := s.Collectivity(ctx, id)
	if err != nil {
		return body{}, err
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC // checked when it was written; a machine may lack it
	}
	help, err := s.helpedNow(ctx, id)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return body{}, err
	}
	read := body{c, zone, help, s.now().Add(bodyLife)}
	s.bodies.Store(id, read)
	return read, nil
}

const collectivityColumns = `id, name, long_name, kind, siren, siret, insee, zone, language, colour, phone, active, logo, logo_width, logo_height`

func scanCollectivity(scan func(dest ...any) error) (Collectivity, error) {
	var c Collectivity
	err := scan(&c.ID, &c.Name, &c.LongName, &c.Kind, &c.SIREN, &c.SIRET, &c.INSEE, &c.Zone, &c.Language, &c.Colour, &c.Phone, &c.Active,
		&c.Logo.Version, &c.Logo.Width, &c.Logo.Height)
	return c, err
}

// Collectivity returns a public body of the pool; portal.ErrNotFound when there
// is none with this identifier.
func (s *Store) Collectivity(ctx context.Context, id portal.CollectivityID) (Collectivity, error) {
	row := s.db.QueryRow(ctx, `SELECT `+collectivityColumns+` FROM collectivities WHERE id = $1`, string(id))
	c, err := scanCollectivity(row.Scan)
	if err != nil {
		return Collectivity{}, fmt.Errorf("directory: read collectivity %q: %w", id, err)
	}
	c.Domains, err = s.domainsOf(ctx, id)
	return c, err
}

// Collectivities lists the pool in order of identifiers, without their domains.
func (s *Store) Collectivities(ctx context.Context) ([]Collectivity, error) {
	rows, err := s.db.Query(ctx, `SELECT `+collectivityColumns+` FROM collectivities ORDER BY id`)
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (Collectivity, error) { return scanCollectivity(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("directory: list collectivities: %w", err)
	}
	return all, nil
}

func (s *Store) domainsOf(ctx context.Context, id portal.CollectivityID) ([]string, error) {
	rows, err := s.db.Query(ctx, `SELECT domain FROM collectivity_domains WHERE collectivity = $1 ORDER BY domain`, string(id))
	domains, err := database.Collect(rows, err, func(rows *sql.Rows) (string, error) {
		var domain string
		err := rows.Scan(&domain)
		return domain, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: read domains of %q: %w", id, err)
	}
	return domains, nil
}

// CollectivityByDomain returns the active collectivity that an e-mail domain
// belongs to; portal.ErrNotFound when none does.
func (s *Store) CollectivityByDomain(ctx context.Context, domain string) (portal.CollectivityID, error) {
	var id portal.CollectivityID
	err := s.db.QueryRow(ctx, `
		SELECT c.id FROM collectivity_domains d JOIN collectivities c ON c.id = d.collectivity
		WHERE d.domain = $1 AND c.active`, strings.ToLower(domain)).Scan(&id)
	if err != nil {
		return "", fmt.Errorf("directory: find domain: %w", err)
	}
	return id, nil
}
