package audit

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// entitled reads what changed what agents may open or do: but rights, which the
// directory dates by itself, and a card only when its unit changed. Its list is that
// of the index audit_lines_entitling, word for word.
const entitled = `
	SELECT id, at, account, agent, login, action, refused, object, object_id, detail, address FROM audit_lines
	WHERE collectivity = $1 AND at >= $2 AND (at < $3 OR at = $3 AND id < $4) AND refused = ''
		AND action IN ('application.granted', 'application.revoked', 'members.changed', 'members.rule', 'members.card', 'members.unit', 'groups.set', 'unit.emptied', 'unit.moved', 'application.audience', 'thing.readers', 'thing.writers', 'agent.closed', 'agent.reopened', 'agent.changed')
		AND (action <> 'agent.changed' OR ' ' || detail || ' ' LIKE '% unit %')
	ORDER BY at DESC, id DESC LIMIT 0 + $5`

// Entitled returns the lines of the caller's collectivity since a moment that changed
// what agents may open or do, the newest first: those before a mark, and at most
// size. portal.ErrDenied but with the right to read the journal.
func (j *Journal) Entitled(ctx context.Context, caller portal.Caller, since time.Time, before Mark, size int) ([]Entry, error) {
	if err := caller.Require(portal.ReadJournal); err != nil {
		return nil, fmt.Errorf("audit: read what was entitled: %w", err)
	}
	before = cmp.Or(before, Mark{At: endOfTime})
	rows, err := j.db.Query(ctx, entitled, string(caller.Collectivity), database.Millis(since), before.At, before.ID, size)
	lines, err := database.Collect(rows, err, scanLine(caller.Collectivity))
	if err != nil {
		return nil, fmt.Errorf("audit: read what was entitled: %w", err)
	}
	return j.named(ctx, caller, lines)
}
