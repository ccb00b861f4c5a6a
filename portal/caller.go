package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Caller is who asks: one account acting as one agent of one collectivity. It
// is the second argument of every feature method, built once where a request
// comes in. The zero Caller may do nothing and sees nothing.
type Caller struct {
	Account      AccountID
	Agent        AgentID
	Collectivity CollectivityID
	Unit         UnitID    // "" when the agent is in no unit
	Units        []UnitID  // sorted: hers and those above it
	Groups       []GroupID // sorted
	Rights       []Right   // sorted: those that hold in the whole collectivity
	// Narrowed are those that hold in some units alone, sorted by right, then by unit.
	// No unit is in it that is not there any more.
	Narrowed []Holding
	// AtKiosk says that a code typed on a kiosk let her in: she holds no right, and is told no title of an agenda but
	// of her own.
	AtKiosk bool
}

// Can says whether the caller holds a right. The local administrator holds
// every right of the collectivity, but not the pool's.
func (c Caller) Can(right Right) bool {
	if slices.Contains(c.Rights, right) {
		return true
	}
	return right != OperatePool && slices.Contains(c.Rights, Admin)
}

// CanIn says whether the caller holds a right in a unit, given with those above it;
// nil is outside of any unit.
func (c Caller) CanIn(right Right, chain []UnitID) bool {
	return c.Can(right) || slices.ContainsFunc(c.Narrowed, func(one Holding) bool {
		return one.Right == right && one.Unit != "" && slices.Contains(chain, one.Unit)
	})
}

// CanSomewhere says whether the caller holds a right in the collectivity or in a unit.
func (c Caller) CanSomewhere(right Right) bool { return c.Can(right) || len(c.Where(right)) > 0 }

// Where lists the units that a right of the caller's is narrowed to, sorted; nil when
// she does not hold it, and when she holds it everywhere.
func (c Caller) Where(right Right) (units []UnitID) {
	if c.Can(right) {
		return nil
	}
	for _, one := range c.Narrowed {
		if one.Right == right && one.Unit != "" {
			units = append(units, one.Unit)
		}
	}
	return units
}

// CanAny says whether the caller holds one of some rights.
func (c Caller) CanAny(rights ...Right) bool { return slices.ContainsFunc(rights, c.Can) }

// Administers says whether the caller governs the collectivity, or a part of it:
// she has pages under /admin.
func (c Caller) Administers() bool { return slices.ContainsFunc(Administration, c.CanSomewhere) }

// Require returns ErrDenied when the caller does not hold the right.
func (c Caller) Require(right Right) error {
	if c.Can(right) {
		return nil
	}
	return fmt.Errorf("%w: needs the right %q", ErrDenied, right)
}

// Assists says whether the caller administers a collectivity without being one of its
// agents: she operates the pool, and assists it for an hour.
func (c Caller) Assists() bool { return c.Agent == "" && c.Account != "" && c.Collectivity != "" }

// RequireSomewhere returns ErrDenied when the caller holds the right nowhere. What she
// then does is still to be bounded by where she holds it.
func (c Caller) RequireSomewhere(right Right) error {
	if c.CanSomewhere(right) {
		return nil
	}
	return c.Require(right)
}

// In says whether the caller's agent belongs to the group.
func (c Caller) In(group GroupID) bool {
	_, found := slices.BinarySearch(c.Groups, group)
	return found
}

// Reaches says whether the caller holds every right of another of the same
// collectivity, wherever that one holds it: whoever does not must not become her, nor
// decide for her.
func (c Caller) Reaches(other Caller) bool {
	return c.Collectivity == other.Collectivity &&
		!slices.ContainsFunc(other.Rights, func(right Right) bool { return !c.Can(right) }) &&
		!slices.ContainsFunc(other.Narrowed, func(one Holding) bool { return !c.Holds(one) })
}

// Holds says whether the caller may do what somebody who holds a right may.
func (c Caller) Holds(one Holding) bool {
	if one.Unit == "" {
		return c.Can(one.Right)
	}
	return c.CanIn(one.Right, one.Above)
}

// Decides says whether the caller governs an agent: she manages the agents of that
// one's unit, and holds whatever that one holds.
func (c Caller) Decides(other Caller) bool {
	return c.CanIn(ManageAgents, other.Units) && c.Reaches(other)
}

// Is says whether the caller is one of those whom a subject names.
func (c Caller) Is(subject Subject) bool {
	switch subject.Kind {
	case Everyone:
		return c.Agent != ""
	case TheAgent:
		return string(c.Agent) == subject.ID && subject.ID != ""
	case TheGroup:
		return c.In(GroupID(subject.ID))
	case TheUnit:
		_, found := slices.BinarySearch(c.Units, UnitID(subject.ID))
		return found
	}
	return false
}

// InAudience says whether an object shown to these groups is shown to the
// caller. An empty audience is everyone of the collectivity.
func (c Caller) InAudience(audience []GroupID) bool {
	return len(audience) == 0 || slices.ContainsFunc(audience, c.In)
}

// Audience is a key shared by all callers who see the same things: same
// collectivity, units, groups and rights. Shared caches use it; it starts with the
// collectivity so that two of them can't meet.
func (c Caller) Audience() string {
	var text strings.Builder
	for _, unit := range c.Units {
		text.WriteString(string(unit))
		text.WriteByte(' ')
	}
	text.WriteByte('/')
	for _, group := range c.Groups {
		text.WriteString(string(group))
		text.WriteByte(' ')
	}
	text.WriteByte('/')
	for _, right := range c.Rights {
		text.WriteString(string(right))
		text.WriteByte(' ')
	}
	for _, one := range c.Narrowed {
		text.WriteString("/" + string(one.Right) + " " + string(one.Unit))
	}
	sum := sha256.Sum256([]byte(text.String()))
	return string(c.Collectivity) + "/" + hex.EncodeToString(sum[:8])
}
