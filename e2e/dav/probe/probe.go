// Package probe asks a CalDAV and CardDAV server what real clients ask, by some two hundred named checks, and tells which
// answers are those of the RFCs. It knows nothing of Parvis, so that other servers are measured in the same way.
package probe

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Account is a person of a server.
type Account struct{ Login, Password string }

// Target is a server under test.
type Target struct {
	URL    string // where discovery begins, "https://parvis.bourg.fr/"
	Person Account
	// Colleague is who is invited and who reads what Person shares; zero: such checks are not run.
	Colleague Account
	// Read, Write and Busy are addresses, in Colleague's home, of calendars that Person shares with her to read, to write in
	// and for busy times, as there is no common way to share; "" where there is none.
	Read, Write, Busy string
	// ReadOwn, WriteOwn and BusyOwn are the addresses of the same in Person's home.
	ReadOwn, WriteOwn, BusyOwn string
}

// Check is one promise of a specification.
type Check struct {
	Group, Name string
	Source      string // "RFC 4791 §5.3.2"; "clients" for what real ones need beyond the RFCs
	run         func(*session)
}

// Outcome is how a check went.
type Outcome int

// The outcomes.
const (
	Passed Outcome = iota
	Failed
	NotRun
)

// Result is a check that was tried.
type Result struct {
	Check
	Outcome   Outcome
	Want, Got string // of one that failed; Got says why one was not run
}

// Groups are the groups of checks in their order.
var Groups = []string{
	"discovery", "properties", "objects", "preconditions", "query", "sync", "scheduling", "sharing", "free-busy", "contacts", "limits", "concurrency",
}

// Checks are all of them.
func Checks() []Check {
	return slices.Concat(discovery(), properties(), objects(), preconditions(), queries(), syncs(), scheduling(), sharing(), freeBusy(),
		contacts(), limits(), concurrency())
}

// Run tries every check whose name contains a text, "" for all, and removes what it made.
func Run(ctx context.Context, target Target, only string) ([]Result, error) {
	s, err := open(ctx, target)
	if err != nil {
		return nil, err
	}
	defer s.clean()
	var results []Result
	for _, check := range Checks() {
		if strings.Contains(check.Group+": "+check.Name, only) {
			results = append(results, s.try(check))
		}
	}
	return results, nil
}

// failure ends a check.
type failure struct{ want, got string }

// skipped ends one that can't be run.
type skipped string

func (s *session) try(check Check) (result Result) {
	result.Check, s.group = check, check.Group
	defer func() {
		switch end := recover().(type) {
		case nil:
		case failure:
			result.Outcome, result.Want, result.Got = Failed, end.want, end.got
		case skipped:
			result.Outcome, result.Got = NotRun, string(end)
		default:
			panic(end)
		}
	}()
	check.run(s)
	return result
}

// that fails a check unless something holds.
func that(holds bool, want string, got any) {
	if !holds {
		panic(failure{want, fmt.Sprint(got)})
	}
}

// want fails a check unless the answer has one of the statuses.
func (a answer) want(statuses ...int) answer {
	that(slices.Contains(statuses, a.status), fmt.Sprint("status ", statuses), a)
	return a
}

// holds fails a check unless the body has all the texts.
func (a answer) holds(texts ...string) answer {
	for _, text := range texts {
		that(strings.Contains(a.body, text), "in the body: "+text, a)
	}
	return a
}

// lacks fails a check when the body has one of the texts.
func (a answer) lacks(texts ...string) answer {
	for _, text := range texts {
		that(!strings.Contains(a.body, text), "not in the body: "+text, a)
	}
	return a
}

// refused fails a check unless the answer is a 403 or 409 with a precondition in a DAV:error.
func (a answer) refused(conditions ...string) answer {
	a.want(http.StatusForbidden, http.StatusConflict)
	root := a.xml()
	that(root.name.Local == "error" && slices.ContainsFunc(root.children, func(n *node) bool { return slices.Contains(conditions, n.name.Local) }),
		"DAV:error with "+strings.Join(conditions, " or "), a)
	return a
}

// quick fails a check that took more than some seconds.
func (a answer) quick(seconds int) answer {
	that(a.took <= time.Duration(seconds)*time.Second, fmt.Sprint("an answer within ", seconds, " s"), a.took)
	return a
}

// calm fails a check whose answer is the server's own failure.
func (a answer) calm() answer {
	that(a.status < 500 || a.status == http.StatusInsufficientStorage, "no failure of the server", a)
	return a
}

// Count is how many checks of a group passed, and were run.
func Count(results []Result, group string) (passed, run int) {
	for _, r := range results {
		if group != "" && r.Group != group || r.Outcome == NotRun {
			continue
		}
		run++
		if r.Outcome == Passed {
			passed++
		}
	}
	return passed, run
}

// Table writes how many checks of each group passed, in Markdown, one column a server.
func Table(w io.Writer, names []string, servers ...[]Result) {
	row := func(first string, cell func(results []Result) string) {
		fmt.Fprintf(w, "| %s |", first)
		for _, results := range servers {
			fmt.Fprintf(w, " %s |", cell(results))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "| passed / run | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, group := range append(slices.Clone(Groups), "") {
		name := group
		if group == "" {
			name = "**all**"
		}
		row(name, func(results []Result) string {
			passed, run := Count(results, group)
			return fmt.Sprintf("%d / %d", passed, run)
		})
	}
}

// Report writes each check that did not pass.
func Report(w io.Writer, results []Result) {
	for _, r := range results {
		switch r.Outcome {
		case Failed:
			fmt.Fprintf(w, "failed: %s: %s (%s)\n\twant %s\n\tgot  %s\n", r.Group, r.Name, r.Source, r.Want, r.Got)
		case NotRun:
			fmt.Fprintf(w, "not run: %s: %s: %s\n", r.Group, r.Name, r.Got)
		}
	}
}
