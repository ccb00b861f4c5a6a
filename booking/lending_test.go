package booking

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
)

var paris = zoneOf("Europe/Paris")

// moment is an hour of a day in Paris, "2026-12-01 10:00".
func moment(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
	if err != nil {
		panic(err)
	}
	return t
}

// pool has three collectivities: agglo, which lends a minibus to bourg, and syndicat, which is to see nothing of it.
// It is Monday 30 November 2026, at eight.
type pool struct {
	*Store
	t       testing.TB
	at      atomic.Int64 // milliseconds
	words   *i18n.Printer
	minibus ResourceID
}

func newPool(t testing.TB) *pool {
	t.Helper()
	db := databasetest.New(t)
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	p := &pool{Store: New(db, catalogue), t: t, words: catalogue.Printer(i18n.French)}
	p.travel("2026-11-30 08:00")
	p.now = func() time.Time { return time.UnixMilli(p.at.Add(1)) } // what happens later is later
	for _, id := range []string{"agglo", "bourg", "syndicat"} {
		p.exec(`INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $2, $1, 'commune', 0)`, id, strings.ToUpper(id[:1])+id[1:])
		for _, name := range []string{"anne", "boris"} {
			p.exec(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ($1, $2, $3, 'Roy', $2, 0)`, id, name+"-"+id, strings.ToUpper(name[:1])+name[1:])
		}
	}
	p.minibus, err = p.Create(t.Context(), p.admin("agglo"), Resource{Kind: Vehicle, Name: "Minibus", Place: "Siège", Seats: 9}, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pool) travel(text string) { p.at.Store(moment(text).UnixMilli()) }

func (p *pool) exec(query string, args ...any) {
	p.t.Helper()
	if _, err := p.db.Exec(p.t.Context(), query, args...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pool) admin(of portal.CollectivityID) portal.Caller {
	return portal.Caller{Account: "admin", Agent: portal.AgentID("anne-" + string(of)), Collectivity: of, Rights: []portal.Right{portal.Admin}}
}

func (p *pool) agent(of portal.CollectivityID, groups ...portal.GroupID) portal.Caller {
	return portal.Caller{Account: "agent", Agent: portal.AgentID("boris-" + string(of)), Collectivity: of, Groups: groups}
}

// convention proposes terms of agglo to bourg, and has them accepted.
func (p *pool) convention(terms Terms) LendingID {
	p.t.Helper()
	if terms.From == "" {
		terms.From = "2026-01-01"
	}
	terms.Resources = []ResourceID{p.minibus}
	id, err := p.Propose(p.t.Context(), p.admin("agglo"), Proposal{Borrower: "bourg", Title: "Prêt du minibus", Terms: terms}, "")
	if err == nil {
		err = p.AnswerTerms(p.t.Context(), p.admin("bourg"), id, 1, true, "", "")
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

// borrow takes the minibus, and says in words why not.
func (p *pool) borrow(caller portal.Caller, from, to string) (Loan, string) {
	p.t.Helper()
	loan, err := p.BookLent(p.t.Context(), caller, p.words, p.minibus, moment(from), moment(to), "Sortie")
	return loan, p.said(err)
}

func (p *pool) said(err error) string {
	var said portal.UserError
	var fields portal.FieldErrors
	switch {
	case err == nil:
		return ""
	case errors.As(err, &fields):
		return p.words.T(fields[0].Key, fields[0].Args...)
	case errors.As(err, &said):
		return p.words.T(said.Key, said.Args...)
	case errors.Is(err, portal.ErrNotFound):
		return "not found"
	}
	p.t.Errorf("it fails with %v", err)
	return err.Error()
}

// own books the minibus for an agent of agglo, as an event does.
func (p *pool) own(event, from, to string) string {
	var verdicts []Verdict
	err := p.db.Tx(p.t.Context(), func(tx *database.Tx) (err error) {
		verdicts, err = p.Decide(p.t.Context(), tx, Claim{
			Collectivity: "agglo", Event: event, UID: event, Holder: "boris-agglo", MaxSlots: 10,
			Wishes: []Wish{{Resource: p.minibus, Slots: []Slot{{Start: moment(from), End: moment(to)}}}},
		})
		return err
	})
	if err != nil {
		p.t.Error(err)
		return err.Error()
	}
	return verdicts[0].Why
}

func (p *pool) count(query string, args ...any) (n int) {
	p.t.Helper()
	if err := p.db.QueryRow(p.t.Context(), query, args...).Scan(&n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// A third collectivity sees nothing of a convention, and can do nothing about it; an agent who doesn't administer
// decides nothing; the borrower decides nothing that is the lender's, and the reverse.
func TestAConventionIsOfItsTwoParties(t *testing.T) {
	p := newPool(t)
	ctx := t.Context()
	terms := Terms{From: "2026-01-01", Resources: []ResourceID{p.minibus}}
	id, err := p.Propose(ctx, p.admin("agglo"), Proposal{Borrower: "bourg", Title: "Prêt", Terms: terms}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00"); said == "" {
		t.Error("what nobody accepted yet lends")
	}
	for name, do := range map[string]func() error{
		"the lender accepts": func() error { return p.AnswerTerms(ctx, p.admin("agglo"), id, 1, true, "", "") },
		"a third accepts":    func() error { return p.AnswerTerms(ctx, p.admin("syndicat"), id, 1, true, "", "") },
		"an agent accepts":   func() error { return p.AnswerTerms(ctx, p.agent("bourg"), id, 1, true, "", "") },
		"a third reads":      func() error { _, err := p.Lending(ctx, p.admin("syndicat"), id); return err },
		"an agent reads":     func() error { _, err := p.Lending(ctx, p.agent("bourg"), id); return err },
		"a third ends":       func() error { return p.EndLending(ctx, p.admin("syndicat"), id, "2026-12-31", "") },
		"borrower's terms":   func() error { return p.ChangeTerms(ctx, p.admin("bourg"), id, terms, "") },
		"lender's groups":    func() error { return p.ChooseGroups(ctx, p.admin("agglo"), id, nil, "") },
		"a third's resource": func() error {
			_, err := p.Propose(ctx, p.admin("syndicat"), Proposal{Borrower: "bourg", Title: "Prêt", Terms: terms}, "")
			return err
		},
		"to herself": func() error {
			_, err := p.Propose(ctx, p.admin("agglo"), Proposal{Borrower: "agglo", Title: "Prêt", Terms: terms}, "")
			return err
		},
	} {
		var fields portal.FieldErrors
		if err := do(); !errors.Is(err, portal.ErrNotFound) && !errors.Is(err, portal.ErrDenied) && !errors.As(err, &fields) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.AnswerTerms(ctx, p.admin("bourg"), id, 1, true, "", ""); err != nil {
		t.Fatal(err)
	}
	loan, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00")
	if said != "" {
		t.Fatal(said)
	}
	if _, said := p.borrow(p.agent("syndicat"), "2026-12-02 10:00", "2026-12-02 12:00"); said != "not found" {
		t.Errorf("a third borrows: %q", said)
	}
	all, err := p.Lendings(ctx, p.admin("syndicat"))
	if err != nil || len(all) > 0 {
		t.Errorf("a third lists %v, %v", all, err)
	}
	for name, do := range map[string]func() error{
		"a third cancels":    func() error { _, err := p.CancelLoan(ctx, p.admin("syndicat"), loan.ID); return err },
		"the lender cancels": func() error { _, err := p.CancelLoan(ctx, p.admin("agglo"), loan.ID); return err },
		"a colleague": func() error {
			c := p.agent("bourg")
			c.Agent = "anne-bourg"
			_, err := p.CancelLoan(ctx, c, loan.ID)
			return err
		},
		"borrower withdraws": func() error { return p.WithdrawLoan(ctx, p.admin("bourg"), id, loan.ID, "Panne", "") },
		"a third withdraws":  func() error { return p.WithdrawLoan(ctx, p.admin("syndicat"), id, loan.ID, "Panne", "") },
		"a third measures":   func() error { return p.Measure(ctx, p.admin("syndicat"), loan.ID, 12, "") },
	} {
		if err := do(); !errors.Is(err, portal.ErrNotFound) && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := p.count(`SELECT COUNT(*) FROM bookings WHERE collectivity = 'agglo'`); n != 1 {
		t.Errorf("%d bookings, want the loan's", n)
	}
}

// The lender reads who has the keys; the borrower's agents read nothing of the lender's bookings but when.
func TestWhoReadsWhatOfALoan(t *testing.T) {
	p := newPool(t)
	p.convention(Terms{})
	if _, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00"); said != "" {
		t.Fatal(said)
	}
	if why := p.own("secret", "2026-12-01 14:00", "2026-12-01 16:00"); why != "" {
		t.Fatal(why)
	}
	from, until := moment("2026-12-01 00:00"), moment("2026-12-02 00:00")
	plan, err := p.Plan(t.Context(), p.agent("agglo"), p.words, from, until)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range plan.Bookings[p.minibus] {
		names = append(names, b.Name+"|"+b.Event+"|"+b.Title)
	}
	if diff := cmp.Diff([]string{"Bourg — Boris Roy||", "Boris Roy|secret|"}, names); diff != "" {
		t.Errorf("the lender reads (-want +got):\n%s", diff)
	}
	lent, err := p.LentPlan(t.Context(), p.admin("bourg"), p.words, from, until)
	if err != nil || len(lent.Resources) != 1 || lent.Resources[0].LentBy != "Agglo" {
		t.Fatalf("bourg sees %+v, %v", lent.Resources, err)
	}
	names = nil
	for _, b := range lent.Bookings[p.minibus] {
		names = append(names, b.Name+"|"+b.Event+"|"+b.Title+"|"+string(b.Holder))
	}
	if diff := cmp.Diff([]string{"Boris Roy|||boris-bourg", "|||"}, names); diff != "" {
		t.Errorf("the borrower reads (-want +got):\n%s", diff)
	}
	if other, err := p.LentPlan(t.Context(), p.admin("syndicat"), p.words, from, until); err != nil || len(other.Resources) > 0 || len(other.Bookings) > 0 {
		t.Errorf("a third sees %+v, %v", other, err)
	}
}

// What a convention says of how far ahead, how soon, for whom and until when is kept.
func TestAConventionKeepsItsRules(t *testing.T) {
	p := newPool(t)
	ctx := t.Context()
	id := p.convention(Terms{Ahead: 14, Notice: 24 * time.Hour})
	p.exec(`INSERT INTO agent_groups (collectivity, id, name) VALUES ('bourg', 'sport', 'Sport')`)
	for _, c := range []struct{ from, to, want string }{
		{"2026-11-30 18:00", "2026-11-30 19:00", "au moins"},
		{"2026-12-20 10:00", "2026-12-20 11:00", "au plus tard"},
		{"2026-11-29 10:00", "2026-11-29 11:00", "à venir"},
		{"2026-12-10 10:00", "2026-12-10 11:00", ""},
		{"2026-12-10 10:30", "2026-12-10 11:30", "Il y a déjà une réservation"},
	} {
		if _, said := p.borrow(p.agent("bourg"), c.from, c.to); (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", c.from, said, c.want)
		}
	}
	if why := p.own("far", "2027-03-01 10:00", "2027-03-01 11:00"); why != "" {
		t.Errorf("the lender's own agents book as far as ever: %q", why)
	}
	if err := p.ChooseGroups(ctx, p.admin("bourg"), id, []portal.GroupID{"sport"}, ""); err != nil {
		t.Fatal(err)
	}
	if _, said := p.borrow(p.agent("bourg"), "2026-12-11 10:00", "2026-12-11 11:00"); said != "not found" {
		t.Errorf("who is in no group borrows: %q", said)
	}
	loan, said := p.borrow(p.agent("bourg", "sport"), "2026-12-11 10:00", "2026-12-11 11:00")
	if said != "" {
		t.Error(said)
	}
	if err := p.EndLending(ctx, p.admin("agglo"), id, "2026-12-10", ""); err != nil {
		t.Fatal(err)
	}
	if _, said := p.borrow(p.agent("bourg", "sport"), "2026-12-11 10:00", "2026-12-11 11:00"); !strings.Contains(said, "convention") {
		t.Errorf("after the end: %q", said)
	}
	if n := p.count(`SELECT COUNT(*) FROM bookings WHERE event = $1`, loan.ID); n != 0 {
		t.Error("what was granted beyond the end holds its time")
	}
	told, err := p.told(ctx, p.agent("bourg"))
	if err != nil || len(told) != 1 || told[0].Kind != noticeReleased {
		t.Errorf("who was to take it is told %+v, %v", told, err)
	}
}

// Quotas are those of calendar months and years in the lender's zone; a loan over the turn of a month counts in both.
func TestQuotas(t *testing.T) {
	p := newPool(t)
	p.convention(Terms{Month: 10 * time.Hour, Days: 5})
	for _, c := range []struct{ from, to, want string }{
		{"2026-12-01 08:00", "2026-12-01 14:00", ""},
		{"2026-12-02 08:00", "2026-12-02 13:00", "reste 4\u00a0h en décembre"},
		{"2026-12-31 22:00", "2027-01-01 04:00", ""}, // 2 in December, 4 in January
		{"2026-12-03 08:00", "2026-12-03 11:00", "reste 2\u00a0h en décembre"},
		{"2026-12-03 08:00", "2026-12-03 10:00", ""},
		{"2026-12-04 08:00", "2026-12-04 08:30", "reste 0\u00a0min en décembre"},
		{"2027-01-02 00:00", "2027-01-02 06:30", "reste 6\u00a0h en janvier"},
		{"2027-01-08 08:00", "2027-01-08 09:00", ""}, // the second day of 2027
		{"2027-02-01 08:00", "2027-02-01 09:00", ""}, // the third
		{"2027-02-02 23:00", "2027-02-03 01:00", ""}, // and two more
		{"2027-03-02 08:00", "2027-03-02 09:00", "en reste 0 en 2027"},
		{"2028-03-02 08:00", "2028-03-02 09:00", ""},
	} {
		if _, said := p.borrow(p.agent("bourg"), c.from, c.to); (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q, want %q", c.from, said, c.want)
		}
	}
}

// The lender's approvers accept loans, or refuse them with a reason; what nobody answers in time lapses.
func TestLoansThatTheLenderAccepts(t *testing.T) {
	p := newPool(t)
	ctx := t.Context()
	p.convention(Terms{Approval: true})
	loan, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00")
	if said != "" || loan.State != LoanWaiting {
		t.Fatalf("%q, %+v", said, loan)
	}
	if why := p.own("own", "2026-12-01 11:00", "2026-12-01 13:00"); why == "" {
		t.Error("what waits holds no time")
	}
	asked, err := p.Asked(ctx, p.admin("agglo"), 10)
	if err != nil || len(asked) != 1 || asked[0].Who != "Bourg — Boris Roy" || asked[0].Title != "" {
		t.Fatalf("agglo is asked %+v, %v", asked, err)
	}
	if others, err := p.Asked(ctx, p.admin("bourg"), 10); err != nil || len(others) > 0 {
		t.Errorf("bourg is asked %+v, %v", others, err)
	}
	state := func(id string) string {
		var state string
		var pending bool
		err := p.db.QueryRow(ctx, `SELECT o.state, COALESCE(b.pending, FALSE) FROM lending_loans o LEFT JOIN bookings b ON b.collectivity = o.collectivity AND b.event = o.id WHERE o.id = $1`, id).Scan(&state, &pending)
		if err != nil {
			t.Fatal(err)
		}
		if pending {
			state += " pending"
		}
		return state
	}
	answer := func(to RequestState) {
		t.Helper()
		asked, err := p.Asked(ctx, p.admin("agglo"), 10)
		if err == nil {
			_, err = p.Answer(ctx, p.admin("agglo"), asked[0].ID, to, "Contrôle technique")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	answer(Accepted)
	if got := state(loan.ID); got != "granted" {
		t.Errorf("once accepted: %s", got)
	}
	if _, waits, err := p.TakeBack(ctx, p.admin("agglo"), asked[0].ID); err != nil || !waits || state(loan.ID) != "waiting pending" {
		t.Errorf("taken back: %v, %v, %s", waits, err, state(loan.ID))
	}
	answer(RefusedByHer)
	if got := state(loan.ID); got != "refused" {
		t.Errorf("once refused: %s", got)
	}
	if why := p.own("own", "2026-12-01 11:00", "2026-12-01 13:00"); why != "" {
		t.Errorf("what was refused holds its time: %q", why)
	}
	late, said := p.borrow(p.agent("bourg"), "2026-12-02 10:00", "2026-12-02 12:00")
	if said != "" {
		t.Fatal(said)
	}
	p.travel("2026-12-02 10:00")
	if err := p.SweepLoans(ctx); err != nil || state(late.ID) != "lapsed" {
		t.Errorf("not answered in time: %s, %v", state(late.ID), err)
	}
	told, err := p.told(ctx, p.agent("bourg"))
	var kinds []lendingNotice
	for _, one := range told {
		kinds = append(kinds, one.Kind)
	}
	if diff := cmp.Diff([]lendingNotice{noticeGranted, noticeLoanRefused, noticeLapsed}, kinds); diff != "" || err != nil {
		t.Errorf("she is told (-want +got), %v:\n%s", err, diff)
	}
}

// A loan is given back by who took it, or taken back with a reason; one in progress ends then.
func TestALoanEndsBeforeItsTime(t *testing.T) {
	p := newPool(t)
	ctx := t.Context()
	id := p.convention(Terms{})
	first, _ := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00")
	if _, err := p.CancelLoan(ctx, p.agent("bourg"), first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.CancelLoan(ctx, p.agent("bourg"), first.ID); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("cancelled twice: %v", err)
	}
	second, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00")
	if said != "" {
		t.Errorf("what was given back is free: %q", said)
	}
	if err := p.WithdrawLoan(ctx, p.admin("agglo"), id, second.ID, " ", ""); p.said(err) == "" {
		t.Error("withdrawn without a reason")
	}
	if err := p.WithdrawLoan(ctx, p.admin("agglo"), id, second.ID, "Panne", ""); err != nil {
		t.Fatal(err)
	}
	third, _ := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 18:00")
	p.travel("2026-12-01 12:30")
	if _, err := p.CancelLoan(ctx, p.admin("bourg"), third.ID); err != nil {
		t.Fatal(err)
	}
	l, err := p.Lending(ctx, p.admin("bourg"), id)
	if err != nil {
		t.Fatal(err)
	}
	loans, err := p.Loans(ctx, p.admin("bourg"), l, moment("2026-01-01 00:00"), moment("2027-01-01 00:00"))
	var states []string
	for _, one := range loans {
		states = append(states, fmt.Sprint(one.State, " ", one.End.Sub(one.Start).Truncate(time.Second), " ", one.Reason))
	}
	slices.Sort(states)
	if diff := cmp.Diff([]string{"cancelled 2h0m0s ", "granted 2h30m0s ", "withdrawn 2h0m0s Panne"}, states); diff != "" || err != nil {
		t.Errorf("loans (-want +got), %v:\n%s", err, diff)
	}
	if why := p.own("own", "2026-12-01 12:31", "2026-12-01 13:00"); why != "" {
		t.Errorf("what came back early is free: %q", why)
	}
	if n := p.count(`SELECT COUNT(*) FROM audit_lines WHERE action = 'loan.withdrawn'`); n != 2 {
		t.Errorf("%d journals have the withdrawal, want both", n)
	}
}

// A collectivity that is suspended lends and borrows no more; a resource that is withdrawn is lent no more.
func TestConventionsEndWithTheirParties(t *testing.T) {
	for _, gone := range []string{"agglo", "bourg"} {
		p := newPool(t)
		id := p.convention(Terms{})
		if _, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00"); said != "" {
			t.Fatal(said)
		}
		p.exec(`UPDATE collectivities SET active = FALSE WHERE id = $1`, gone)
		if err := p.SweepLoans(t.Context()); err != nil {
			t.Fatal(err)
		}
		l, err := p.Lending(t.Context(), p.admin("agglo"), id)
		if err != nil || l.Ended.IsZero() || l.Last != "2026-11-30" || l.EndedBy != "" || p.count(`SELECT COUNT(*) FROM bookings`) != 0 {
			t.Errorf("without %s: %+v, %v", gone, l, err)
		}
		if n := p.count(`SELECT COUNT(*) FROM audit_lines WHERE action = 'lending.ended'`); n != 2 {
			t.Errorf("%d journals have the end, want both", n)
		}
	}
	p := newPool(t)
	p.convention(Terms{})
	if _, said := p.borrow(p.agent("bourg"), "2026-12-01 10:00", "2026-12-01 12:00"); said != "" {
		t.Fatal(said)
	}
	if _, err := p.SetActive(t.Context(), p.admin("agglo"), p.minibus, false, ""); err != nil {
		t.Fatal(err)
	}
	if n := p.count(`SELECT COUNT(*) FROM lending_loans WHERE state = 'released'`); n != 1 {
		t.Error("a loan of what is withdrawn holds")
	}
	if _, said := p.borrow(p.agent("bourg"), "2026-12-03 10:00", "2026-12-03 12:00"); said == "" {
		t.Error("what is withdrawn is lent")
	}
}

var raceRounds = flag.Int("rounds", 3, "rounds of the race for what is lent")

// Fifty want the minibus at one time, half of them from the lender, half by the convention: one has it.
func TestFiftyRaceForWhatIsLent(t *testing.T) {
	p := newPool(t)
	p.convention(Terms{})
	wins := [2]int{}
	for round := range *raceRounds {
		at := moment("2026-12-01 08:00").Add(time.Duration(round) * time.Hour)
		from, to := at.Format("2006-01-02 15:04"), at.Add(time.Hour).Format("2006-01-02 15:04")
		var wait sync.WaitGroup
		said := make([]string, 50)
		for i := range said {
			wait.Go(func() {
				if i%2 == 0 {
					said[i] = p.own(fmt.Sprint("own", round, "-", i), from, to)
				} else {
					_, said[i] = p.borrow(p.agent("bourg"), from, to)
				}
			})
		}
		wait.Wait()
		won := 0
		for i, why := range said {
			if why == "" {
				won++
				wins[i%2]++
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d have the minibus", round, won)
		}
	}
	double := p.count(`SELECT COUNT(*) FROM bookings a JOIN bookings b ON b.collectivity = a.collectivity AND b.resource = a.resource AND b.event <> a.event
		AND b.starts < a.ends AND b.ends > a.starts`)
	if all := p.count(`SELECT COUNT(*) FROM bookings`); double != 0 || all != *raceRounds {
		t.Errorf("%d bookings, %d double", all, double)
	}
	t.Logf("the lender's people had %d, the borrower's %d", wins[0], wins[1])
}

// Fifty loans at different hours of one month: no more are granted than the quota has.
func TestFiftyRaceForAQuota(t *testing.T) {
	p := newPool(t)
	p.convention(Terms{Month: 7 * time.Hour})
	var wait sync.WaitGroup
	var won atomic.Int64
	for i := range 50 {
		at := moment("2026-12-01 00:00").Add(time.Duration(i) * time.Hour)
		wait.Go(func() {
			if _, said := p.borrow(p.agent("bourg"), at.Format("2006-01-02 15:04"), at.Add(time.Hour).Format("2006-01-02 15:04")); said == "" {
				won.Add(1)
			} else if !strings.Contains(said, "7") {
				t.Errorf("she is told %q", said)
			}
		})
	}
	wait.Wait()
	if n := p.count(`SELECT COUNT(*) FROM lending_loans`); won.Load() != 7 || n != 7 {
		t.Errorf("%d of 50 hours granted, %d kept, want 7", won.Load(), n)
	}
}

// A rate that changed within a year shows both; hours are to the nearest cent, days are those of the calendar, and the
// yearly part is by the day.
func TestTheShareOfAYear(t *testing.T) {
	p := newPool(t)
	ctx := t.Context()
	p.travel("2026-01-01 00:00")
	id := p.convention(Terms{Hour: 450, Day: 1000, Km: 35, Year: 36_500})
	change := Terms{From: "2026-07-01", Resources: []ResourceID{p.minibus}, Hour: 501, Day: 1200, Km: 40, Year: 73_000}
	if err := p.ChangeTerms(ctx, p.admin("agglo"), id, change, ""); err != nil {
		t.Fatal(err)
	}
	if err := p.AnswerTerms(ctx, p.admin("bourg"), id, 2, true, "", ""); err != nil {
		t.Fatal(err)
	}
	lend := func(from, to string, km int64) {
		t.Helper()
		loan, said := p.borrow(p.agent("bourg"), from, to)
		if said != "" {
			t.Fatal(said)
		}
		if km >= 0 {
			p.at.Store(moment(to).UnixMilli())
			if err := p.Measure(ctx, p.agent("bourg"), loan.ID, km, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	lend("2026-03-02 08:00", "2026-03-02 12:00", 120) // 4 × 4.50 + 10 + 120 × 0.35 = 70.00
	lend("2026-06-30 22:00", "2026-07-01 02:00", 0)   // by the day on which it began: 4 × 4.50 + 2 × 10 = 38.00
	lend("2026-07-01 08:00", "2026-07-01 08:10", 0)   // 10 min of 5.01 = 0.835, so 0.84, + 12.00
	lend("2026-09-07 08:00", "2026-09-09 18:00", -1)  // 58 × 5.01 + 3 × 12 = 326.58, and nobody said how far
	p.travel("2026-11-01 08:00")
	cancelled, _ := p.borrow(p.agent("bourg"), "2026-12-01 08:00", "2026-12-01 12:00")
	if _, err := p.CancelLoan(ctx, p.agent("bourg"), cancelled.ID); err != nil {
		t.Fatal(err)
	}
	if _, said := p.borrow(p.agent("bourg"), "2026-12-30 08:00", "2026-12-30 12:00"); said != "" {
		t.Fatal(said)
	}
	write := func(share Share) (lines []string) {
		for _, one := range share.Lines {
			lines = append(lines, fmt.Sprintf("%s: %v, %d days, %d km by %d/h: %d", one.Start.In(paris).Format("01-02"), one.End.Sub(one.Start), one.Days, one.Km, one.Terms.Hour, one.Amount))
		}
		for _, one := range share.Fixed {
			lines = append(lines, fmt.Sprintf("%s to %s: %d of %d days of %d: %d", one.From, one.Until, one.Days, one.Of, one.Terms.Year, one.Amount))
		}
		return append(lines, fmt.Sprintf("%v, %d days, %d km, %d unmeasured, %d rates: %d", share.Hours, share.Days, share.Km, share.Unmeasured, len(share.Rates()), share.Total))
	}
	want := []string{
		"03-02: 4h0m0s, 1 days, 120 km by 450/h: 7000",
		"06-30: 4h0m0s, 2 days, 0 km by 450/h: 3800",
		"07-01: 10m0s, 1 days, 0 km by 501/h: 1284",
		"09-07: 58h0m0s, 3 days, -1 km by 501/h: 32658",
		"2026-01-01 to 2026-06-30: 181 of 365 days of 36500: 18100",
		"2026-07-01 to 2026-11-01: 124 of 365 days of 73000: 24800",
		"66h10m0s, 7 days, 120 km, 1 unmeasured, 2 rates: 87642",
	}
	for _, party := range []portal.CollectivityID{"agglo", "bourg"} {
		share, err := p.Statement(ctx, p.admin(party), id, 2026)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, write(share)); diff != "" {
			t.Errorf("%s reads (-want +got):\n%s", party, diff)
		}
	}
	p.travel("2027-01-04 08:00")
	share, err := p.Statement(ctx, p.admin("bourg"), id, 2026)
	if got := write(share); err != nil || got[4] != "12-30: 4h0m0s, 1 days, -1 km by 501/h: 3204" || share.Fixed[1].Days != 184 || share.Total != 87642+3204+60*200 {
		t.Errorf("once the year is over: %v, %v", got, err)
	}
	if _, err := p.Statement(ctx, p.admin("syndicat"), id, 2026); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a third reads the statement: %v", err)
	}
	if _, err := p.Statement(ctx, p.agent("bourg"), id, 2026); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent reads the statement: %v", err)
	}
}

// What people type for amounts and kilometres is read whole or refused, and written back as it is read.
func FuzzAmounts(f *testing.F) {
	for _, text := range []string{"", "4,50", "4.5 €", "1\u202f240", "0", "-1", "1,234", "12 km", "9999999999999", "+3", "1,+5", "٣"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cents := readEuros(text)
		if cents < -1 || cents > 0 && readEuros(inEuros(cents)) != cents {
			t.Errorf("%q is %d, written %q", text, cents, inEuros(cents))
		}
		if km := readKm(text); km > 0 && readKm(fmt.Sprint(km)) != km {
			t.Errorf("%q is %d km", text, km)
		}
	})
}

func TestAmountsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "4,50": 450, "4.5 €": 450, "1 240": 124_000, "0,05": 5, "0,40": 40, "12": 1200, "1,234": -1, "-1": -1, "cher": -1, "1,x": -1} {
		if got := readEuros(text); got != want {
			t.Errorf("%q is %d cents, want %d", text, got, want)
		}
	}
	for cents, want := range map[int64]string{0: "0,00", 5: "0,05", 450: "4,50", 124_000: "1240,00"} {
		if got := centsText(cents); got != want {
			t.Errorf("%d cents are %q, want %q", cents, got, want)
		}
	}
}

// fullAgenda takes no event.
type fullAgenda struct{}

func (fullAgenda) Note(context.Context, portal.Caller, string, string, time.Time, time.Time) (string, error) {
	return "", errors.New("no room")
}

func (fullAgenda) Forget(context.Context, portal.CollectivityID, portal.AgentID, string) error {
	return errors.New("no room")
}

// TestALoanThatNoAgendaTakesIsTold: she has it, so that an error would send her to look for another.
func TestALoanThatNoAgendaTakesIsTold(t *testing.T) {
	p := newPool(t)
	p.convention(Terms{})
	p.OnLoan(fullAgenda{})
	loan, err := p.BookLent(t.Context(), p.agent("bourg"), p.words, p.minibus, moment("2026-12-10 09:00"), moment("2026-12-10 11:00"), "Sortie")
	if err != nil || loan.State != LoanGranted {
		t.Fatalf("%+v, %v", loan, err)
	}
	if mine, err := p.MyLoans(t.Context(), p.agent("bourg")); err != nil || len(mine) != 1 {
		t.Errorf("her loans: %+v, %v", mine, err)
	}
}
