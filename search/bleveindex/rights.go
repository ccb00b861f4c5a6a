package bleveindex

import (
	"context"

	"parvis/portal"
	"parvis/search"
)

// bitset is a set of entries.
type bitset []uint64

func newBitset(size int) bitset { return make(bitset, (size+63)/64) }

func (b bitset) add(entry int)      { b[entry/64] |= 1 << (entry % 64) }
func (b bitset) has(entry int) bool { return b[entry/64]&(1<<(entry%64)) != 0 }

// allowedSets bounds the sets that a view keeps. Each is size/8 bytes.
const allowedSets = 512

// allowedTo is the set of the entries that the caller may see: everyone's,
// those of the groups, those of the agent. It is looked at before an entry is
// scored, counted or named, so that nothing else of it is ever computed.
func (v *view) allowedTo(ctx context.Context, caller portal.Caller) (bitset, error) {
	key := string(caller.Agent) + " " + caller.Audience()
	v.mu.Lock()
	set, ok := v.allowed[key]
	v.mu.Unlock()
	if ok {
		return set, nil
	}
	set, err := v.readAllowed(ctx, caller)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.allowed) >= allowedSets {
		clear(v.allowed)
	}
	v.allowed[key] = set
	return set, nil
}

// lent is the set of the people whom everyone of the collectivity sees: whoever reads
// it from another one sees these and nothing else, whatever she is called.
func (v *view) lent(ctx context.Context) (bitset, error) {
	allowed, err := v.allowedTo(ctx, portal.Caller{})
	if err != nil {
		return nil, err
	}
	const key = "people" // those of callers hold a space
	v.mu.Lock()
	set, ok := v.allowed[key]
	v.mu.Unlock()
	if ok {
		return set, nil
	}
	set = newBitset(v.size)
	err = v.eachEntry(ctx, fieldKind, string(search.KindPerson), func(entry int) {
		if allowed.has(entry) {
			set.add(entry)
		}
	})
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.allowed[key] = set
	return set, nil
}

func (v *view) readAllowed(ctx context.Context, caller portal.Caller) (bitset, error) {
	terms := []string{whoAll}
	for _, group := range caller.Groups {
		terms = append(terms, whoGroup+string(group))
	}
	if caller.Agent != "" {
		terms = append(terms, whoAgent+string(caller.Agent))
	}
	set := newBitset(v.size)
	for _, term := range terms {
		if err := v.eachEntry(ctx, fieldWho, term, set.add); err != nil {
			return nil, err
		}
	}
	return set, nil
}
