package sso_test

import (
	"slices"
	"testing"

	"parvis/sso"
)

func TestLevelsAreInTheirOrder(t *testing.T) {
	for asked, want := range map[string][]string{
		"eidas0":     {"eidas0", "eidas0-mfa", "eidas1", "eidas1-mfa", "eidas2", "eidas3"},
		"eidas0-mfa": {"eidas0-mfa", "eidas1-mfa", "eidas2", "eidas3"},
		"eidas1":     {"eidas1", "eidas1-mfa", "eidas2", "eidas3"},
		"eidas1-mfa": {"eidas1-mfa", "eidas2", "eidas3"},
		"eidas2":     {"eidas2", "eidas3"},
		"eidas3":     {"eidas3"},
		"loa-4":      {"loa-4"},
	} {
		if got := sso.LevelsFrom(asked); !slices.Equal(got, want) {
			t.Errorf("LevelsFrom(%q) = %q, want %q", asked, got, want)
		}
	}
	for _, none := range []string{"", "eidas", "EIDAS3", "eidas3 "} {
		if sso.LevelReaches(none, "eidas1") || sso.LevelIsTwofold(none) {
			t.Errorf("%q reaches eidas1, or is twofold", none)
		}
	}
}
