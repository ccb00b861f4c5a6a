package directory

import (
	"context"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/post"
	"parvis/portal/quota"
)

// lettersADay bounds the letters of a collectivity's invitations to one address.
const lettersADay = 3

// errEnough is for an address that was written to lettersADay times.
var errEnough = portal.UserError{Kind: portal.ErrConflict, Key: "directory.invite.enough"}

// roomFor refuses an address that was written to often enough today.
func (n *Inviter) roomFor(ctx context.Context, tx rows, caller portal.Caller, login string) error {
	var count int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM invitation_letters WHERE collectivity = $1 AND login = $2 AND at > $3`,
		string(caller.Collectivity), login, n.yesterday()).Scan(&count)
	if err == nil && count >= lettersADay {
		err = errEnough
	}
	return err
}

// put queues a letter and counts it.
func (n *Inviter) put(ctx context.Context, tx *database.Tx, login string, letter post.Letter) (mail string, err error) {
	if mail, err = n.post.Put(ctx, tx, letter); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO invitation_letters (collectivity, login, mail, at) VALUES ($1, $2, $3, $4)`,
		string(letter.Collectivity), login, mail, database.Millis(n.store.now()))
	if err == nil {
		err = quota.Check(ctx, tx, letter.Collectivity, quota.Letters, func() (int64, error) {
			return quota.CountOne(ctx, tx, countLetters, letter.Collectivity, n.yesterday())
		})
	}
	return mail, err
}

const countLetters = `SELECT COUNT(*) FROM invitation_letters WHERE collectivity = $1 AND at > $2`

func (n *Inviter) yesterday() int64 { return database.Millis(n.store.now().AddDate(0, 0, -1)) }

// Used counts the letters that collectivities had sent in the last 24 hours.
func (n *Inviter) Used() quota.Use {
	return quota.Use{
		All: func(ctx context.Context) (map[portal.CollectivityID]int64, error) {
			return quota.Count(ctx, n.store.db, `SELECT collectivity, COUNT(*) FROM invitation_letters WHERE at > $1 GROUP BY collectivity`, n.yesterday())
		},
		One: func(ctx context.Context, id portal.CollectivityID) (int64, error) {
			return quota.CountOne(ctx, n.store.db, countLetters, id, n.yesterday())
		},
	}
}

// Clean forgets the letters of a collectivity that count no more.
func (n *Inviter) Clean(ctx context.Context, collectivity portal.CollectivityID) error {
	_, err := n.store.db.Exec(ctx, `DELETE FROM invitation_letters WHERE collectivity = $1 AND at < $2`,
		string(collectivity), database.Millis(n.store.now().AddDate(0, 0, -2)))
	if err != nil {
		return fmt.Errorf("directory: clean invitations: %w", err)
	}
	return nil
}
