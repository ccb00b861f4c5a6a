package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Right is a thing that an agent may do in one collectivity, "news.edit".
type Right string

// The rights that exist today. A feature declares no right of its own, so
// that this list is the whole of what an administrator can give.
const (
	// Admin is the local administrator: everything inside one collectivity.
	Admin Right = "admin"
	// EditNews writes and publishes articles.
	EditNews Right = "news.edit"
	// EditDocuments writes in every folder that the agent can see.
	EditDocuments Right = "documents.edit"
	// EditCalendars writes in the calendars of the collectivity.
	EditCalendars Right = "calendars.edit"
	// OperatePool governs the installation, and sees no data of a collectivity.
	OperatePool Right = "pool.operate"
)

// Rights lists every right, in the order shown to an administrator.
var Rights = []Right{Admin, EditNews, EditDocuments, EditCalendars, OperatePool}

// Caller is who asks: one account acting as one agent of one collectivity. It
// is the second argument of every feature method, built once where a request
// comes in. The zero Caller may do nothing and sees nothing.
type Caller struct {
	Account      AccountID
	Agent        AgentID
	Collectivity CollectivityID
	Unit         UnitID    // "" when the agent is in no unit
	Groups       []GroupID // sorted
	Rights       []Right   // sorted
}

// Can says whether the caller holds a right. The local administrator holds
// every right of the collectivity, but not the pool's.
func (c Caller) Can(right Right) bool {
	if slices.Contains(c.Rights, right) {
		return true
	}
	return right != OperatePool && slices.Contains(c.Rights, Admin)
}

// Require returns ErrDenied when the caller does not hold the right.
func (c Caller) Require(right Right) error {
	if c.Can(right) {
		return nil
	}
	return fmt.Errorf("%w: needs the right %q", ErrDenied, right)
}

// In says whether the caller's agent belongs to the group.
func (c Caller) In(group GroupID) bool {
	_, found := slices.BinarySearch(c.Groups, group)
	return found
}

// InAudience says whether an object shown to these groups is shown to the
// caller. An empty audience is everyone of the collectivity.
func (c Caller) InAudience(audience []GroupID) bool {
	return len(audience) == 0 || slices.ContainsFunc(audience, c.In)
}

// Audience is a key shared by all callers who see the same things: same
// collectivity, groups and rights. Shared caches use it; it starts with the
// collectivity so that two of them can't meet.
func (c Caller) Audience() string {
	var text strings.Builder
	for _, group := range c.Groups {
		text.WriteString(string(group))
		text.WriteByte(' ')
	}
	text.WriteByte('/')
	for _, right := range c.Rights {
		text.WriteString(string(right))
		text.WriteByte(' ')
	}
	sum := sha256.Sum256([]byte(text.String()))
	return string(c.Collectivity) + "/" + hex.EncodeToString(sum[:8])
}
