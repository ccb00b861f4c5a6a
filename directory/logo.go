package directory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/png"
	"time"

	"golang.org/x/image/draw"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/themes"
)

// Logo is the picture of a collectivity, before its name in the masthead.
type Logo struct {
	Version       string // "" for none
	Width, Height int    // pixels
}

const (
	// LogoWidth and LogoHeight bound what is kept of a logo, in pixels: three times
	// what a page shows, for fine screens.
	LogoWidth, LogoHeight = 480, 120
	// leastLogo is the shorter side of a file on which something can be told.
	leastLogo = 24
	// logoLife is how long one that another replaced may be had again.
	logoLife = 30 * 24 * time.Hour
)

// URL is the address of a collectivity's logo, "" without one. It changes with it.
func (l Logo) URL(of portal.CollectivityID) string {
	if l.Version == "" {
		return ""
	}
	return "/logo/" + string(of) + "-" + l.Version + ".png"
}

func (c Collectivity) logo() themes.Picture {
	return themes.Picture{URL: c.Logo.URL(c.ID), Width: c.Logo.Width, Height: c.Logo.Height}
}

// drawLogo makes of a file the PNG that is kept: without its transparent edge, no
// larger than LogoWidth by LogoHeight, with nothing in it but what is seen.
func drawLogo(ctx context.Context, octets []byte) ([]byte, Logo, error) {
	whole, err := unfolded(ctx, octets, leastLogo, 2*LogoHeight, image.Transparent)
	if err != nil {
		return nil, Logo{}, err
	}
	inked := inkOf(whole)
	if inked.Empty() {
		return nil, Logo{}, portal.Invalid("file", "directory.error.logo.empty")
	}
	width, height := inked.Dx(), inked.Dy()
	if width > LogoWidth {
		width, height = LogoWidth, max(1, height*LogoWidth/width)
	}
	if height > LogoHeight {
		width, height = max(1, width*LogoHeight/height), LogoHeight
	}
	scaled := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), whole, inked, draw.Src, nil)
	var file bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&file, scaled); err != nil {
		return nil, Logo{}, err
	}
	sum := sha256.Sum256(file.Bytes())
	return file.Bytes(), Logo{Version: hex.EncodeToString(sum[:8]), Width: width, Height: height}, nil
}

// inkOf bounds what is not transparent in a picture.
func inkOf(picture *image.RGBA) (inked image.Rectangle) {
	const faint = 8 // of 255: what no eye tells from nothing
	for y := picture.Rect.Min.Y; y < picture.Rect.Max.Y; y++ {
		for x := picture.Rect.Min.X; x < picture.Rect.Max.X; x++ {
			if picture.RGBAAt(x, y).A > faint {
				inked = inked.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return inked
}

// LogoPicture is a logo as PNG, one that was replaced in the last thirty days
// included; portal.ErrNotFound for any other.
func (s *Store) LogoPicture(ctx context.Context, of portal.CollectivityID, version string) ([]byte, error) {
	var octets []byte
	err := s.db.QueryRow(ctx, `SELECT octets FROM collectivity_logos WHERE collectivity = $1 AND version = $2`, string(of), version).Scan(&octets)
	if err != nil {
		return nil, fmt.Errorf("directory: read logo: %w", err)
	}
	return octets, nil
}

// SetLogo gives the caller's collectivity a logo, or with nil none; it returns the
// one before. The file is JPEG, PNG or WebP. A refusal is about the field "file".
func (s *Store) SetLogo(ctx context.Context, caller portal.Caller, file []byte, address string) (before Logo, err error) {
	err = caller.Require(portal.Admin)
	var octets []byte
	var logo Logo
	if err == nil && file != nil {
		octets, logo, err = drawLogo(ctx, file)
	}
	if err != nil {
		return before, fmt.Errorf("directory: set logo: %w", err)
	}
	return s.showLogo(ctx, caller, address, func(tx *database.Tx) (Logo, error) {
		if file == nil {
			return Logo{}, nil
		}
		return logo, tx.Write(ctx, `
			INSERT INTO collectivity_logos (collectivity, version, width, height, octets, put_away) VALUES ($1, $2, $3, $4, $5, 0)
			ON CONFLICT (collectivity, version) DO NOTHING`, string(caller.Collectivity), logo.Version, logo.Width, logo.Height, octets)
	})
}

// RestoreLogo shows one again that was replaced in the last thirty days;
// portal.ErrNotFound for any other.
func (s *Store) RestoreLogo(ctx context.Context, caller portal.Caller, version, address string) (before Logo, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return before, fmt.Errorf("directory: restore logo: %w", err)
	}
	return s.showLogo(ctx, caller, address, func(tx *database.Tx) (Logo, error) {
		logo := Logo{Version: version}
		return logo, tx.QueryRow(ctx, `SELECT width, height FROM collectivity_logos WHERE collectivity = $1 AND version = $2`,
			string(caller.Collectivity), version).Scan(&logo.Width, &logo.Height)
	})
}

// showLogo puts the present logo of the caller's collectivity away for another.
func (s *Store) showLogo(ctx context.Context, caller portal.Caller, address string, next func(tx *database.Tx) (Logo, error)) (before Logo, err error) {
	id := string(caller.Collectivity)
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		var name string
		err := tx.QueryRow(ctx, `SELECT name, logo, logo_width, logo_height FROM collectivities WHERE id = $1`, id).
			Scan(&name, &before.Version, &before.Width, &before.Height)
		if err != nil {
			return err
		}
		logo, err := next(tx)
		if err != nil || logo == before {
			return err
		}
		err = errors.Join(
			tx.Write(ctx, `UPDATE collectivities SET logo = $2, logo_width = $3, logo_height = $4 WHERE id = $1`, id, logo.Version, logo.Width, logo.Height),
			tx.Write(ctx, `UPDATE collectivity_logos SET put_away = $3 WHERE collectivity = $1 AND version = $2`, id, before.Version, database.Millis(s.now())),
			tx.Write(ctx, `UPDATE collectivity_logos SET put_away = 0 WHERE collectivity = $1 AND version = $2`, id, logo.Version))
		if err != nil {
			return err
		}
		line := audit.By(caller, audit.CollectivityChanged)
		line.At, line.Object, line.Detail, line.Address = s.now(), name, "logo", address
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return before, fmt.Errorf("directory: set logo: %w", err)
	}
	s.collectivityChanged(caller.Collectivity)
	return before, nil
}

// CleanLogos forgets those of a collectivity that were replaced long ago.
func (s *Store) CleanLogos(ctx context.Context, of portal.CollectivityID) error {
	_, err := s.db.Exec(ctx, `DELETE FROM collectivity_logos WHERE collectivity = $1 AND put_away > 0 AND put_away < $2`, string(of), database.Millis(s.now().Add(-logoLife)))
	if err != nil {
		return fmt.Errorf("directory: clean logos: %w", err)
	}
	return nil
}
