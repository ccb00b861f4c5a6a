package directory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Branding is what a collectivity decides itself of how it is shown. What makes it
// the body it is (SIREN, domains, time zone) is its operator's.
type Branding struct {
	Name     string // "Bourg-sur-Loire"
	LongName string // "Mairie de Bourg-sur-Loire"
	Colour   string // "#17566b"
	Phone    string // who to call when a sign-in fails, "" for nobody
	Language i18n.Language
}

// Branding is how a collectivity is shown.
func (c Collectivity) Branding() Branding {
	return Branding{c.Name, c.LongName, cmp.Or(c.Colour, defaultColour), c.Phone, c.Language}
}

// Stamp changes with any of it.
func (b Branding) Stamp() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", b))
	return hex.EncodeToString(sum[:8])
}

// SetBranding changes how the caller's collectivity is shown; shown is the Stamp of
// what she was shown. portal.ErrConflict when another administrator changed it
// meanwhile, portal.FieldErrors when a field is refused.
func (s *Store) SetBranding(ctx context.Context, caller portal.Caller, shown string, b Branding, address string) error {
	err := caller.Require(portal.Admin)
	if err == nil {
		b, err = b.checked()
	}
	if err == nil {
		err = s.db.Tx(ctx, func(tx *database.Tx) error { return s.writeBranding(ctx, tx, caller, shown, b, address) })
	}
	if err != nil {
		return fmt.Errorf("directory: set branding: %w", err)
	}
	s.collectivityChanged(caller.Collectivity)
	return nil
}

func (b Branding) checked() (Branding, error) {
	b.Colour = strings.ToLower(strings.TrimSpace(b.Colour))
	c := Collectivity{Name: b.Name, LongName: b.LongName, Colour: b.Colour, Phone: b.Phone, Language: b.Language}
	return b, c.checkOnly("name", "long_name", "colour", "phone", "language")
}

func (s *Store) writeBranding(ctx context.Context, tx *database.Tx, caller portal.Caller, shown string, b Branding, address string) error {
	id := string(caller.Collectivity)
	c, err := scanCollectivity(tx.QueryRow(ctx, `SELECT `+collectivityColumns+` FROM collectivities WHERE id = $1`, id).Scan)
	if err != nil {
		return err
	}
	now := c.Branding()
	if now.Stamp() != shown {
		return portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.branding.meanwhile", Args: []any{"name", now.LongName, "colour", now.Colour}}
	}
	changed := b.changes(now)
	if len(changed) == 0 {
		return nil
	}
	err = tx.Write(ctx, `UPDATE collectivities SET name = $2, long_name = $3, colour = $4, phone = $5, language = $6 WHERE id = $1`,
		id, b.Name, b.LongName, b.Colour, b.Phone, string(b.Language))
	if err != nil {
		return err
	}
	line := audit.By(caller, audit.CollectivityChanged)
	line.At, line.Object, line.Detail, line.Address = s.now(), b.Name, strings.Join(changed, " "), address
	return audit.Write(ctx, tx, line)
}

// changes are the fields that differ, as the journal names them.
func (b Branding) changes(from Branding) (changed []string) {
	for _, one := range []struct {
		field    string
		now, was string
	}{
		{"name", b.Name, from.Name},
		{"long_name", b.LongName, from.LongName},
		{"colour", b.Colour, from.Colour},
		{"phone", b.Phone, from.Phone},
		{"language", string(b.Language), string(from.Language)},
	} {
		if one.now != one.was {
			changed = append(changed, one.field)
		}
	}
	return changed
}
