package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Photo is a photograph as JPEG, of the side that is asked for; portal.ErrNotFound
// for whom the caller may not see, and for a side that is not kept.
func (s *Store) Photo(ctx context.Context, caller portal.Caller, id portal.AgentID, side int) ([]byte, error) {
	agent, err := s.Agent(ctx, caller, id)
	if err == nil && agent.Photo == "" {
		err = portal.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("directory: read photo: %w", err)
	}
	var octets []byte
	err = s.db.QueryRow(ctx, `SELECT octets FROM agent_photos WHERE collectivity = $1 AND agent = $2 AND side = $3`,
		string(caller.Collectivity), string(id), side).Scan(&octets)
	if err != nil {
		return nil, fmt.Errorf("directory: read photo: %w", err)
	}
	return octets, nil
}

// SetPhoto gives an agent of the caller's collectivity a photograph: the caller
// herself when the collectivity lets her, or who keeps the cards. The file is JPEG,
// PNG or WebP; nil takes the photograph away. A refusal of the file is about the
// field "file".
func (s *Store) SetPhoto(ctx context.Context, caller portal.Caller, id portal.AgentID, file []byte, address string) error {
	err := s.mayPicture(ctx, caller, id)
	var kept map[int][]byte
	version := ""
	if err == nil && file != nil {
		sum := sha256.Sum256(file)
		version = hex.EncodeToString(sum[:6])
		kept, err = pictures(ctx, file)
	}
	if err != nil {
		return fmt.Errorf("directory: set photo: %w", err)
	}
	var account portal.AccountID
	err = s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		agent, err := scanAgent(tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`,
			string(caller.Collectivity), string(id)).Scan)
		if err != nil {
			return nil, err
		}
		account = agent.Account
		if id != caller.Agent {
			if err := s.mayDecide(ctx, tx, caller, id); err != nil {
				return nil, err
			}
		}
		if err := writePhoto(ctx, tx, caller.Collectivity, id, version, kept); err != nil {
			return nil, err
		}
		line := audit.By(caller, audit.AgentChanged)
		line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), agent.Name(), string(id), string(FieldPhoto), address
		return []string{string(id)}, audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("directory: set photo: %w", err)
	}
	s.changed(account)
	return nil
}

// mayPicture refuses who may not give that agent a photograph.
func (s *Store) mayPicture(ctx context.Context, caller portal.Caller, id portal.AgentID) error {
	if caller.CanSomewhere(portal.ManageAgents) {
		_, err := s.Enrolled(ctx, caller, id)
		if err == nil || id != caller.Agent {
			return err
		}
	}
	if id != caller.Agent {
		return caller.Require(portal.ManageAgents)
	}
	return s.mayCorrect(ctx, caller, FieldPhoto)
}

func writePhoto(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id portal.AgentID, version string, kept map[int][]byte) error {
	err := tx.Write(ctx, `UPDATE agents SET photo = $1 WHERE collectivity = $2 AND id = $3`, version, string(collectivity), string(id))
	if err == nil {
		err = tx.Write(ctx, `DELETE FROM agent_photos WHERE collectivity = $1 AND agent = $2`, string(collectivity), string(id))
	}
	for _, side := range photoSides {
		if err == nil && kept != nil {
			err = tx.Write(ctx, `INSERT INTO agent_photos (collectivity, agent, side, octets) VALUES ($1, $2, $3, $4)`,
				string(collectivity), string(id), side, kept[side])
		}
	}
	return err
}

// SquarePhoto makes of a file a square photograph, as JPEG written anew with nothing in it but what is seen, of a side
// in pixels that is at most PhotoLarge. What is no JPEG, PNG or WebP of a person's size is portal.ErrInvalid.
func SquarePhoto(ctx context.Context, octets []byte, side int) ([]byte, error) {
	const least = 16 // those of old telephones
	whole, err := unfolded(ctx, octets, least, 2*PhotoLarge, image.White)
	if err != nil {
		return nil, fmt.Errorf("directory: square photo: %w", err)
	}
	side = min(side, PhotoLarge)
	return scaled(squared(whole), side, side)
}

// WholePhoto makes of a file a photograph of all that it shows, as JPEG written anew with nothing in it but what is seen,
// whose longer side is at most PhotoWhole. What is no JPEG, PNG or WebP of a photograph's size is portal.ErrInvalid.
func WholePhoto(ctx context.Context, octets []byte) ([]byte, error) {
	const least = 16
	whole, err := unfolded(ctx, octets, least, PhotoWhole, image.White)
	if err != nil {
		return nil, fmt.Errorf("directory: whole photo: %w", err)
	}
	width, height := whole.Bounds().Dx(), whole.Bounds().Dy()
	if long := max(width, height); long > PhotoWhole {
		width, height = max(1, width*PhotoWhole/long), max(1, height*PhotoWhole/long)
	}
	return scaled(whole, width, height)
}
