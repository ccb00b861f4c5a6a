package openid

import (
	"testing"
	"time"

	"parvis/sso"
)

// TestAProofIsForTheRequestThatItWasGivenFor: whoever finds the address of a request
// that was kept, while the session goes on, is asked to prove who she is.
func TestAProofIsForTheRequestThatItWasGivenFor(t *testing.T) {
	asked := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		since, now time.Duration // after it was asked
		first      bool          // it is asked now
		maxAge     int
		prompt     string
		want       bool
	}{
		"proved just now":             {time.Minute, 2 * time.Minute, false, -1, "login", false},
		"proved before it was asked":  {-time.Minute, 2 * time.Minute, false, -1, "login", true},
		"found later":                 {time.Minute, 7 * time.Minute, false, -1, "login", true},
		"found later, nothing wanted": {time.Minute, 7 * time.Minute, false, -1, "", false},
		"found later, young enough":   {time.Minute, 7 * time.Minute, false, 3600, "", false},
		"found later, too old":        {time.Minute, 7 * time.Minute, false, 60, "", true},
		"too old, and proved since":   {time.Minute, 3 * time.Minute, false, 1, "", false},
		"not proved for it":           {time.Minute, time.Minute, true, -1, "login", true},
	} {
		p := &Provider{now: func() time.Time { return asked.Add(c.now) }}
		at := asked
		if c.first {
			at = time.Time{}
		}
		asking := request{MaxAge: c.maxAge, Prompt: []string{c.prompt}}
		if got := p.mustProveAnew(sso.Signed{Since: asked.Add(c.since)}, asking, at); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
