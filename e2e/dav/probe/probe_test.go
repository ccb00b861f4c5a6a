package probe_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"parvis/calendar"
	"parvis/e2e/dav/probe"
	"parvis/portal"
	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// unkept are the promises that Parvis doesn't keep, with why; docs/conformance.md tells of them.
var unkept = map[string]string{
	"a property that the server doesn't know is kept": "each would be kept for nobody who asks",
	"i;ascii-casemap knows no accents":                "it is the default: who looks for ÉCOLE means École",
	"Depth: 0 asks about the calendar alone":          "clients that leave the header out would find nothing",
}

// target is a portal in which two agents share calendars as the checks need it.
func target(t *testing.T) probe.Target {
	t.Helper()
	p := servertest.New(t)
	const login, colleague = "agent@bourg.example", "collegue@bourg.example"
	she, other := p.Caller(login, "bourg"), p.Caller(colleague, "bourg")
	found := probe.Target{
		URL:       p.URL,
		Person:    probe.Account{Login: login, Password: p.AppPassword(login, "bourg")},
		Colleague: probe.Account{Login: colleague, Password: p.AppPassword(colleague, "bourg")},
	}
	share := func(level calendar.Level) (own, there string) {
		made, err := p.Calendar.CreateCalendar(t.Context(), she, calendar.NewCalendar{Name: "Partagé", Slug: "shared-" + string(level)})
		if err != nil {
			t.Fatal(err)
		}
		to := portal.Subject{Kind: portal.TheAgent, ID: string(other.Agent)}
		if _, err := p.Calendar.Share(t.Context(), she, calendar.Share{Calendar: made.ID, To: to, Level: level}, ""); err != nil {
			t.Fatal(err)
		}
		return "/dav/calendars/" + string(she.Agent) + "/" + made.Slug + "/", "/dav/calendars/" + string(other.Agent) + "/" + string(made.ID) + "/"
	}
	found.ReadOwn, found.Read = share(calendar.LevelRead)
	found.WriteOwn, found.Write = share(calendar.LevelWrite)
	found.BusyOwn, found.Busy = share(calendar.LevelBusy)
	return found
}

// TestParvisAnswersAsTheRFCsSay runs every check, and knows the few that fail.
func TestParvisAnswersAsTheRFCsSay(t *testing.T) {
	results, err := probe.Run(t.Context(), target(t), os.Getenv("PARVIS_PROBE"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		why, known := unkept[r.Name]
		switch {
		case r.Outcome == probe.Failed && !known:
			t.Errorf("%s: %s (%s):\n\twant %s\n\tgot %s", r.Group, r.Name, r.Source, r.Want, r.Got)
		case r.Outcome == probe.NotRun:
			t.Errorf("%s: %s was not run: %s", r.Group, r.Name, r.Got)
		case r.Outcome == probe.Passed && known:
			t.Errorf("%s: %s passes: take it from the list (%s)", r.Group, r.Name, why)
		}
	}
	var table strings.Builder
	probe.Table(&table, []string{"Parvis"}, results)
	t.Log("\n" + table.String())
}

// TestChecksHaveNamesOfTheirOwn: a list of those that fail names each of them.
func TestChecksHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, check := range probe.Checks() {
		if name := check.Group + ": " + check.Name; seen[name] || check.Name == "" || check.Source == "" || !slices.Contains(probe.Groups, check.Group) {
			t.Errorf("check %q (%s)", name, check.Source)
		} else {
			seen[name] = true
		}
	}
}
