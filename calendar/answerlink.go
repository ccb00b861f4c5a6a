package calendar

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"parvis/portal/database"
)

// answerLife is how long after an event its link is kept: an answer that comes late is still told.
const answerLife = 30 * 24 * time.Hour

// answerLink makes the secret of a link by which a person without an agenda here answers. The one
// that she had serves no more: she has a newer letter.
func (s *Store) answerLink(ctx context.Context, tx *database.Tx, organizer Person, address string, of *Object) (string, error) {
	secret := rand.Text()
	ends := of.indexRow().last
	if ends > s.now().AddDate(2, 0, 0).UnixMilli() {
		ends = s.now().AddDate(2, 0, 0).UnixMilli()
	}
	_, err := tx.Exec(ctx, `DELETE FROM calendar_answers WHERE collectivity = $1 AND organizer = $2 AND uid = $3 AND address = $4`,
		string(organizer.Collectivity), string(organizer.Agent), of.UID, address)
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO calendar_answers (collectivity, secret, organizer, uid, address, ends) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(organizer.Collectivity), digest(secret), string(organizer.Agent), of.UID, address, ends+answerLife.Milliseconds())
	return secret, err
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
