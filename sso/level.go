package sso

import "slices"

// Levels are what ProConnect calls how well a person is known, the weaker first:
// her identity (0 declared, 1 presumed, 2 verified, 3 verified face to face), and
// whether she proved a second factor. From eidas2 on she always did.
var Levels = []string{"eidas0", "eidas0-mfa", "eidas1", "eidas1-mfa", "eidas2", "eidas3"}

// rank is a level as two numbers, which are compared apart: a second factor does
// not make an identity better known.
type rank struct {
	identity int
	second   bool
}

var ranks = map[string]rank{
	"eidas0": {0, false}, "eidas0-mfa": {0, true}, "eidas1": {1, false}, "eidas1-mfa": {1, true}, "eidas2": {2, true}, "eidas3": {3, true},
}

// LevelReaches says whether a level is one that is asked for, or above it. A level
// that is none of Levels reaches itself alone.
func LevelReaches(level, asked string) bool {
	has, known := ranks[level]
	needs, comparable := ranks[asked]
	if !known || !comparable {
		return level == asked
	}
	return has.identity >= needs.identity && (has.second || !needs.second)
}

// LevelsFrom lists the levels that reach one, the weaker first.
func LevelsFrom(asked string) []string {
	if _, known := ranks[asked]; !known {
		return []string{asked}
	}
	return slices.DeleteFunc(slices.Clone(Levels), func(level string) bool { return !LevelReaches(level, asked) })
}

// LevelIsTwofold says whether a level tells of a second factor.
func LevelIsTwofold(level string) bool { return ranks[level].second }
