package dav

import "testing"

func TestATokenIsAnsweredWhileTheLogKnows(t *testing.T) {
	now := SyncToken{Epoch: "e", Sequence: 10}
	for uri, want := range map[string]bool{
		"":                        true,
		"urn:parvis:sync:e-10":    true,
		"urn:parvis:sync:e-5":     true,
		"urn:parvis:sync:e-4":     false, // forgotten
		"urn:parvis:sync:e-2-5":   true,  // a first reading that goes on
		"urn:parvis:sync:e-2-4":   false,
		"urn:parvis:sync:e-11":    false,
		"urn:parvis:sync:other-7": false,
	} {
		token, err := ParseSyncToken(uri)
		if err != nil || token.Answered(now, 5) != want {
			t.Errorf("%s answered = %v, want %v (%v)", uri, !want, want, err)
		}
		if uri != "" && token.URI() != uri {
			t.Errorf("%s is written %s", uri, token.URI())
		}
	}
	for _, wrong := range []string{"x", "e-1", "urn:parvis:sync:", "urn:parvis:sync:e", "urn:parvis:sync:e--1", "urn:parvis:sync:e-1-2-3", "urn:parvis:sync:-1"} {
		if token, err := ParseSyncToken(wrong); err == nil {
			t.Errorf("%s is read as %+v", wrong, token)
		}
	}
}
