package applications

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/todo"
)

// desk is an office with an application that anne may ask for, and a second
// administrator.
type desk struct {
	*office
	second   portal.Caller
	requests RequestSource
	own      AccessSource
	printer  *i18n.Printer
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	o := newOffice(t)
	o.add(t, Application{ID: "paie", Name: "Paie", Audience: []portal.GroupID{"elus"}, OnDemand: true})
	d := &desk{office: o, second: o.admin, requests: RequestSource{o.Store}, own: AccessSource{o.Store}}
	d.second.Account, d.second.Agent = "c-second", "second"
	d.printer = got(i18n.Load(Locales))(t).Printer(i18n.French)
	return d
}

func (d *desk) request(caller portal.Caller) todo.Request {
	return todo.Request{Caller: caller, Printer: d.printer, Now: d.clock, From: "192.0.2.1"}
}

// ask makes anne's request and returns its id.
func (d *desk) ask(t testing.TB) string {
	t.Helper()
	got(d.Ask(t.Context(), d.anne, "paie", "Je remplace  Luc\n", ""))(t)
	return d.last(t)
}

// last is the id of anne's last request.
func (d *desk) last(t testing.TB) string {
	t.Helper()
	return got(d.Offer(t.Context(), d.anne, "paie"))(t).Request.ID
}

func (d *desk) admitted(t testing.TB) bool {
	t.Helper()
	app := got(d.find(t.Context(), "bourg", "paie"))(t)
	err := d.Admit(t.Context(), d.anne, app.signOn("bourg"))
	if err != nil && !errors.Is(err, portal.ErrDenied) {
		t.Fatal(err)
	}
	return err == nil
}

// waitsFor are the titles of what waits for a caller, which its count must agree
// with.
func waitsFor(t testing.TB, d *desk, source todo.Source, caller portal.Caller) (titles []string) {
	t.Helper()
	list := got(source.List(t.Context(), d.request(caller), 10))(t)
	if count := got(source.Count(t.Context(), caller))(t); count != list.Total || count != len(list.Items) {
		t.Errorf("%d counted, %d in all, %d listed", count, list.Total, len(list.Items))
	}
	for _, item := range list.Items {
		titles = append(titles, item.Title)
	}
	return titles
}

// sentence is the key of what a person reads about an error.
func sentence(err error) string {
	var said portal.UserError
	errors.As(err, &said)
	return said.Key
}

// told is the journal of bourg, the newest line first.
func (d *desk) told(t testing.TB) []audit.Entry {
	t.Helper()
	lines, _, err := audit.NewJournal(d.db, d).Lines(t.Context(), d.admin, audit.Query{})
	must(t, err)
	return lines
}

// The promise before all others: what is asked in bourg is nothing in agglo.
func TestARequestStaysInItsCollectivity(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	got(d.Create(ctx, d.luc, Application{ID: "paie", Name: "Paie d’agglo", URL: "https://agglo.example/", Audience: []portal.GroupID{"elus"}, OnDemand: true}, ""))(t)
	id := d.ask(t)
	if waiting := waitsFor(t, d, d.requests, d.luc); len(waiting) != 0 {
		t.Errorf("agglo's administrator is told %q", waiting)
	}
	for _, action := range []string{grantAction, refuseAction} {
		if _, err := d.requests.Act(ctx, d.request(d.luc), id, action, todo.Values{"reason": "Non"}); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s by agglo's administrator: %v", action, err)
		}
	}
	if _, err := d.Withdraw(ctx, d.luc, "paie", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("withdrawn from agglo: %v", err)
	}
	got(d.requests.Act(ctx, d.request(d.admin), id, grantAction, nil))(t)
	if _, err := d.requests.Undo(ctx, d.request(d.luc), id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("taken back from agglo: %v", err)
	}
	if recent := got(d.requests.Recent(ctx, d.request(d.luc)))(t); len(recent) != 0 {
		t.Errorf("agglo's administrator did %+v", recent)
	}
	luc := d.luc
	luc.Agent, luc.Rights = "anne", nil // the same name in another collectivity
	if told := waitsFor(t, d, d.own, luc); len(told) != 0 {
		t.Errorf("agglo's anne is told %q", told)
	}
	if _, err := d.own.Act(ctx, d.request(luc), answerPrefix+id, seenAction, nil); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("read from agglo: %v", err)
	}
	if grants := got(d.Grants(ctx, d.luc, "paie"))(t); len(grants) != 0 {
		t.Errorf("agglo's accesses: %+v", grants)
	}
	if !d.admitted(t) {
		t.Error("agglo took away what bourg gave")
	}
}

// A right that is not the caller's makes requests that are not there.
func TestOnlyAnAdministratorAnswers(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id := d.ask(t)
	if _, err := d.requests.Act(ctx, d.request(d.anne), id, grantAction, nil); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("she answers herself: %v", err)
	}
	if _, err := d.Answer(ctx, d.anne, id, Answer{Grant: true}, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("by the store: %v", err)
	}
	if requests, err := d.Requests(ctx, d.anne, -1); !errors.Is(err, portal.ErrDenied) || len(requests) > 0 {
		t.Errorf("she lists %+v, %v", requests, err)
	}
	if waiting := waitsFor(t, d, d.requests, d.anne); len(waiting) != 0 || d.admitted(t) {
		t.Errorf("she is shown %q", waiting)
	}
}

// Each step of a request is a line of the journal: who, about which application,
// whose access, from where.
func TestEachStepOfARequestIsInTheJournal(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	const from = "192.0.2.1"
	type line struct {
		action audit.Action
		agent  portal.AgentID
		whose  string // access that an administrator decides about
	}
	anne, name, before := d.anne, "Anne-Élodie L’Hénoret", len(d.told(t))
	var want []line
	step := func(do func() error, lines ...line) {
		t.Helper()
		must(t, do())
		d.clock = d.clock.Add(time.Second)
		want = append(want, lines...)
	}
	ask := func() error { _, err := d.Ask(ctx, anne, "paie", "Je remplace Luc", from); return err }
	answer := func(grant bool) func() error {
		return func() error {
			_, err := d.Answer(ctx, d.admin, d.last(t), Answer{Grant: grant, Reason: "Non"}, from)
			return err
		}
	}
	takeBack := func() error { _, err := d.TakeBack(ctx, d.admin, d.last(t), from); return err }
	step(ask, line{audit.AccessAsked, "anne", ""})
	step(func() error { _, err := d.Withdraw(ctx, anne, "paie", from); return err }, line{audit.AccessWithdrawn, "anne", ""})
	step(ask, line{audit.AccessAsked, "anne", ""})
	step(answer(false), line{audit.AccessRefused, "admin", name})
	step(takeBack, line{audit.AccessReopened, "admin", name})
	step(answer(true), line{audit.ApplicationGranted, "admin", name})
	step(takeBack, line{audit.ApplicationRevoked, "admin", name}, line{audit.AccessReopened, "admin", name})
	step(answer(true), line{audit.ApplicationGranted, "admin", name})
	step(func() error { _, err := d.Revoke(ctx, d.second, "paie", "anne", from); return err }, line{audit.ApplicationRevoked, "second", name})
	step(func() error { _, err := d.GiveBack(ctx, d.second, "paie", "anne", from); return err }, line{audit.ApplicationGranted, "second", name})
	told, written := d.told(t), []line{}
	for _, one := range told[:len(told)-before] {
		written = append(written, line{one.Action, one.Agent, one.Detail})
		if one.Object != "Paie" || one.ObjectID != "paie" || one.Address != from {
			t.Errorf("line %+v", one)
		}
	}
	for _, lines := range [][]line{want, written} { // several are of one millisecond
		slices.SortFunc(lines, func(a, b line) int {
			return strings.Compare(string(a.action)+" "+string(a.agent), string(b.action)+" "+string(b.agent))
		})
	}
	if diff := cmp.Diff(want, written, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// Who was an administrator when she answered may be one no more: she takes nothing
// back, and is not told who answered either.
func TestARightThatWasTakenAwayTakesNothingBack(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id := d.ask(t)
	got(d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""))(t)
	former := d.admin
	former.Rights = nil
	if _, err := d.requests.Undo(ctx, d.request(former), id); !errors.Is(err, portal.ErrNotFound) || sentence(err) != "" {
		t.Errorf("taken back: %v", err)
	}
	if _, err := d.requests.Act(ctx, d.request(former), id, refuseAction, todo.Values{"reason": "Non"}); !errors.Is(err, portal.ErrNotFound) || sentence(err) != "" {
		t.Errorf("answered anew: %v", err)
	}
	if _, err := d.Withdraw(ctx, d.anne, "paie", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("withdrawn once it was answered: %v", err)
	}
	if request := got(d.Offer(ctx, d.anne, "paie"))(t).Request; !d.admitted(t) || request.State != Granted {
		t.Errorf("the access that was given is gone, or its answer: %+v", request)
	}
}

func TestSheAsksAndIsAnswered(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	offers := got(d.Offers(ctx, d.anne))(t)
	if len(offers) != 1 || !offers[0].MayAsk() {
		t.Fatalf("offered: %+v", offers)
	}
	id := d.ask(t)
	if again := d.ask(t); again != id {
		t.Errorf("asked twice: %s and %s", id, again)
	}
	list := got(d.requests.List(ctx, d.request(d.admin), 10))(t)
	if len(list.Items) != 1 || list.Items[0].Detail != "«\u00a0Je remplace Luc\u00a0»" || list.Items[0].Who != "Cantonnière" {
		t.Fatalf("what waits: %+v", list)
	}
	done := got(d.requests.Act(ctx, d.request(d.admin), id, grantUntilAction, todo.Values{"until": "2026-11-30"}))(t)
	if done.Said.Key != "applications.todo.granteduntil" || !d.admitted(t) {
		t.Errorf("granted: %+v", done)
	}
	if diff := cmp.Diff([]string{"Votre accès à «\u00a0Paie\u00a0» est accordé"}, waitsFor(t, d, d.own, d.anne)); diff != "" {
		t.Errorf("she is told (-want +got):\n%s", diff)
	}
	got(d.requests.Undo(ctx, d.request(d.admin), done.Token))(t)
	if d.admitted(t) || len(waitsFor(t, d, d.own, d.anne)) != 0 || len(waitsFor(t, d, d.requests, d.admin)) != 1 {
		t.Error("taken back, and something of the answer stays")
	}
	if _, err := d.requests.Undo(ctx, d.request(d.admin), done.Token); sentence(err) != "applications.error.late" {
		t.Errorf("taken back twice: %v", err)
	}
	got(d.requests.Act(ctx, d.request(d.admin), id, refuseAction, todo.Values{"reason": "Demandez à Luc"}))(t)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 1 || !strings.Contains(told[0], "refusé") {
		t.Errorf("refused, and she is told %q", told)
	}
	if last := got(d.Offer(ctx, d.anne, "paie"))(t); last.Request.Answer != "Demandez à Luc" || !last.MayAsk() {
		t.Errorf("after a refusal: %+v", last)
	}
	got(d.own.Act(ctx, d.request(d.anne), answerPrefix+id, seenAction, nil))(t)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 0 {
		t.Errorf("read, and she is told %q", told)
	}
	got(d.own.Undo(ctx, d.request(d.anne), answerPrefix+id))(t)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 1 {
		t.Errorf("to be read again: %q", told)
	}
	want := []string{
		"access.refused", "access.reopened", "application.revoked", "application.granted", "access.asked",
	}
	if diff := cmp.Diff(want, d.journal(t)[:len(want)]); diff != "" {
		t.Errorf("the journal (-want +got):\n%s", diff)
	}
}

// journal are the actions of bourg's lines, the last first.
func (d *desk) journal(t testing.TB) (actions []string) {
	t.Helper()
	rows := got(d.db.Query(t.Context(), `SELECT action FROM audit_lines WHERE collectivity = 'bourg' ORDER BY at DESC, action`))(t)
	defer rows.Close()
	for rows.Next() {
		var action string
		must(t, rows.Scan(&action))
		actions = append(actions, action)
	}
	return actions
}

func TestTheSecondAdministratorIsToldWhatTheFirstDid(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id := d.ask(t)
	got(d.Answer(ctx, d.admin, id, Answer{Reason: "Non"}, ""))(t)
	_, err := d.Answer(ctx, d.second, id, Answer{Grant: true}, "")
	var said portal.UserError
	if !errors.As(err, &said) || said.Key != "applications.error.answered.refused" || !errors.Is(err, portal.ErrConflict) || said.Args[1] != "Paul Petit" {
		t.Errorf("told %v %+v", err, said)
	}
	if d.admitted(t) {
		t.Error("the second answer counted")
	}
	if _, err := d.TakeBack(ctx, d.second, id, ""); sentence(err) != "applications.error.late" {
		t.Errorf("another's answer taken back: %v", err)
	}
}

func TestOneOfTwoAnswersAtOnceCounts(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id := d.ask(t)
	var both sync.WaitGroup
	answers := make(chan error, 8)
	for n := range cap(answers) {
		both.Go(func() {
			caller := []portal.Caller{d.admin, d.second}[n%2]
			_, err := d.Answer(ctx, caller, id, Answer{Grant: n%2 == 0, Reason: "Non"}, "")
			answers <- err
		})
	}
	both.Wait()
	close(answers)
	counted := 0
	for err := range answers {
		if err == nil {
			counted++
		} else if !errors.Is(err, portal.ErrConflict) {
			t.Errorf("the slower: %v", err)
		}
	}
	if counted != 1 {
		t.Errorf("%d answers counted", counted)
	}
	granted := got(d.Offer(ctx, d.anne, "paie"))(t).Request.State == Granted
	if granted != d.admitted(t) {
		t.Errorf("granted: %v, admitted: %v", granted, d.admitted(t))
	}
}

// An access that she had before the answer comes back as it was.
func TestTakingAnAnswerBackRestoresWhatSheHad(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	end := d.clock.AddDate(0, 0, 3)
	must(t, d.Grant(ctx, d.second, "paie", "anne", end, ""))
	given := d.clock
	d.clock = d.clock.Add(time.Minute)
	id := d.ask(t)
	got(d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""))(t)
	if grants := got(d.Grants(ctx, d.admin, "paie"))(t); !grants[0].Until.IsZero() || grants[0].By != "Paul Petit" {
		t.Errorf("prolonged: %+v", grants)
	}
	got(d.TakeBack(ctx, d.admin, id, ""))(t)
	want := []Grant{{Agent: "anne", Name: "Anne-Élodie L’Hénoret", Function: "Cantonnière", Since: given, Until: end, By: "Inès Roux"}}
	if diff := cmp.Diff(want, got(d.Grants(ctx, d.admin, "paie"))(t)); diff != "" {
		t.Errorf("taken back (-want +got):\n%s", diff)
	}
}

func TestAnAnswerIsNotTakenBackOverALaterChange(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id := d.ask(t)
	got(d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""))(t)
	for name, change := range map[string]struct {
		later time.Duration
		until time.Time
	}{
		"at the same moment": {0, d.clock.AddDate(1, 0, 0)},
		"to the same end":    {time.Minute, time.Time{}},
	} {
		answered := d.clock
		d.clock = answered.Add(change.later)
		must(t, d.Grant(ctx, d.second, "paie", "anne", change.until, ""))
		if _, err := d.TakeBack(ctx, d.admin, id, ""); sentence(err) != "applications.error.changedsince" || !d.admitted(t) {
			t.Errorf("over another's change %s: %v", name, err)
		}
		d.clock = answered
	}
	d.clock = d.clock.Add(3 * time.Minute)
	got(d.Revoke(ctx, d.second, "paie", "anne", ""))(t)
	if _, err := d.TakeBack(ctx, d.admin, id, ""); sentence(err) != "applications.error.changedsince" {
		t.Errorf("over another's withdrawal: %v", err)
	}
	again := d.ask(t)
	got(d.Answer(ctx, d.admin, again, Answer{Reason: "Non"}, ""))(t)
	d.ask(t)
	if _, err := d.TakeBack(ctx, d.admin, again, ""); sentence(err) != "applications.error.askedagain" {
		t.Errorf("while another request waits: %v", err)
	}
}

func TestAnAnswerIsTakenBackForAnHour(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id := d.ask(t)
	got(d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""))(t)
	if recent := got(d.requests.Recent(ctx, d.request(d.admin)))(t); len(recent) != 1 || recent[0].Token != id {
		t.Errorf("what may be taken back: %+v", recent)
	}
	d.clock = d.clock.Add(undoTime + time.Millisecond)
	if recent := got(d.requests.Recent(ctx, d.request(d.admin)))(t); len(recent) != 0 {
		t.Errorf("an hour later: %+v", recent)
	}
	if _, err := d.TakeBack(ctx, d.admin, id, ""); sentence(err) != "applications.error.late" || !d.admitted(t) {
		t.Errorf("taken back an hour later: %v", err)
	}
}

// Who left asks for nothing; who got in otherwise asks no more.
func TestARequestThatNeedsNoAnswerIsClosed(t *testing.T) {
	t.Run("she left", func(t *testing.T) {
		d, ctx := newDesk(t), context.Background()
		id := d.ask(t)
		d.left = true
		if waiting := waitsFor(t, d, d.requests, d.admin); len(waiting) != 0 {
			t.Errorf("she left and asks %q", waiting)
		}
		if _, err := d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""); sentence(err) != "applications.error.left" {
			t.Errorf("answered: %v", err)
		}
		must(t, d.Clean(ctx, "bourg", d.clock))
		d.left = false
		if waiting := waitsFor(t, d, d.requests, d.admin); len(waiting) != 0 {
			t.Errorf("she came back and asks %q", waiting)
		}
	})
	t.Run("her group may", func(t *testing.T) {
		d, ctx := newDesk(t), context.Background()
		id := d.ask(t)
		d.anne.Groups = []portal.GroupID{"elus", "encadrants"}
		if waiting := waitsFor(t, d, d.requests, d.admin); len(waiting) != 0 {
			t.Errorf("she may and asks %q", waiting)
		}
		if _, err := d.Answer(ctx, d.admin, id, Answer{Reason: "Non"}, ""); sentence(err) != "applications.error.hers" {
			t.Errorf("answered: %v", err)
		}
		if told := waitsFor(t, d, d.own, d.anne); len(told) != 1 {
			t.Errorf("she is told %q", told)
		}
	})
	t.Run("she was given access from its page", func(t *testing.T) {
		d, ctx := newDesk(t), context.Background()
		id := d.ask(t)
		must(t, d.Grant(ctx, d.second, "paie", "anne", time.Time{}, ""))
		if _, err := d.Answer(ctx, d.admin, id, Answer{Reason: "Non"}, ""); sentence(err) != "applications.error.answered.granted" {
			t.Errorf("answered: %v", err)
		}
	})
	t.Run("she withdrew it", func(t *testing.T) {
		d, ctx := newDesk(t), context.Background()
		id := d.ask(t)
		got(d.Withdraw(ctx, d.anne, "paie", ""))(t)
		if _, err := d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""); sentence(err) != "applications.error.answered.withdrawn" || d.admitted(t) {
			t.Errorf("answered: %v", err)
		}
		if offer := got(d.Offer(ctx, d.anne, "paie"))(t); !offer.MayAsk() {
			t.Errorf("after a withdrawal: %+v", offer)
		}
	})
}

func TestWhatIsNotOfferedCanNotBeAskedFor(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	d.add(t, Application{ID: "secret", Audience: []portal.GroupID{"elus"}})
	d.add(t, Application{ID: "tous"})
	for id, want := range map[string]error{"secret": portal.ErrNotFound, "none": portal.ErrNotFound, "tous": portal.ErrConflict} {
		if _, err := d.Ask(ctx, d.anne, id, "Pour voir", ""); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
	for _, reason := range []string{"", " \n ", strings.Repeat("é", maxReason+1)} {
		if _, err := d.Ask(ctx, d.anne, "paie", reason, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("for %.20q: %v", reason, err)
		}
	}
	must(t, d.Grant(ctx, d.admin, "secret", "anne", d.clock.Add(time.Hour), ""))
	got(d.Ask(ctx, d.anne, "secret", "Encore un mois", ""))(t) // what ends may be prolonged
}

// She is told a week before, and may read it once.
func TestAnEndIsToldAWeekBefore(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	end := d.clock.AddDate(0, 0, 8)
	must(t, d.Grant(ctx, d.admin, "paie", "anne", end, ""))
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 0 {
		t.Errorf("eight days before: %q", told)
	}
	d.clock = end.Add(-endsSoon)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 1 || !strings.Contains(told[0], "se termine le 2\u00a0décembre") {
		t.Errorf("seven days before: %q", told)
	}
	got(d.own.Act(ctx, d.request(d.anne), endPrefix+"paie", seenAction, nil))(t)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 0 {
		t.Errorf("read: %q", told)
	}
	must(t, d.Grant(ctx, d.admin, "paie", "anne", end.Add(time.Hour), ""))
	d.clock = end.Add(-time.Hour)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 1 {
		t.Errorf("another end: %q", told)
	}
	d.clock = end.Add(time.Hour)
	if told := waitsFor(t, d, d.own, d.anne); len(told) != 0 || d.admitted(t) {
		t.Errorf("ended: %q", told)
	}
}

func TestAnAccessTakenAwayIsGivenBackForAnHour(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	must(t, d.Grant(ctx, d.admin, "paie", "anne", time.Time{}, ""))
	got(d.Revoke(ctx, d.admin, "paie", "anne", ""))(t)
	if d.admitted(t) {
		t.Error("taken away, and she gets in")
	}
	if name := got(d.GiveBack(ctx, d.second, "paie", "anne", ""))(t); name == "" || !d.admitted(t) {
		t.Error("given back, and she does not get in")
	}
	got(d.Revoke(ctx, d.admin, "paie", "anne", ""))(t)
	d.clock = d.clock.Add(undoTime + time.Millisecond)
	if _, err := d.GiveBack(ctx, d.admin, "paie", "anne", ""); !errors.Is(err, portal.ErrNotFound) || d.admitted(t) {
		t.Errorf("given back an hour later: %v", err)
	}
}

// What is kept of an agent's applications is dropped by whatever opens or closes one to
// her: she waits for nothing, and nothing stays open.
func TestEachAnswerIsToldToWhoKeepsAccesses(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	id, told := d.ask(t), 0
	d.OnChange(func(_ portal.CollectivityID, agents ...portal.AgentID) {
		if slices.Contains(agents, "anne") {
			told++
		}
	})
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"an answer", func() error { _, err := d.Answer(ctx, d.admin, id, Answer{Grant: true}, ""); return err }},
		{"its way back", func() error { _, err := d.TakeBack(ctx, d.admin, id, ""); return err }},
		{"an access", func() error { return d.Grant(ctx, d.admin, "paie", "anne", time.Time{}, "") }},
		{"its withdrawal", func() error { _, err := d.Revoke(ctx, d.admin, "paie", "anne", ""); return err }},
		{"the way back of that", func() error { _, err := d.GiveBack(ctx, d.admin, "paie", "anne", ""); return err }},
	} {
		told = 0
		if must(t, step.do()); told != 1 {
			t.Errorf("%s is told %d times, want once", step.name, told)
		}
	}
}

// However many ask, their count is one question about all of them, and a page names
// those that it shows.
func TestAllWhoAskAreCountedByOneQuestion(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	for n := range 200 {
		who := portal.Caller{Agent: portal.AgentID(fmt.Sprint("asks-", n)), Account: "c", Collectivity: "bourg"}
		got(d.Ask(ctx, who, "paie", "Pour la paie", ""))(t)
	}
	d.named, d.stood = nil, nil
	if count := got(d.requests.Count(ctx, d.admin))(t); count != 200 {
		t.Errorf("%d counted, want 200", count)
	}
	if diff := cmp.Diff([]int{200}, d.stood); diff != "" || len(d.named) > 0 {
		t.Errorf("agents asked for (-want +got):\n%s, and names for %d", diff, d.named)
	}
	list := got(d.requests.List(ctx, d.request(d.admin), 3))(t)
	if list.Total != 200 || len(list.Items) != 3 || !strings.HasPrefix(list.Items[2].Title, "asks-") {
		t.Errorf("%d in all, %+v", list.Total, list.Items)
	}
	if diff := cmp.Diff([]int{3}, d.named); diff != "" {
		t.Errorf("names asked for (-want +got):\n%s", diff)
	}
	if _, err := d.CountRequests(ctx, d.anne); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent counts: %v", err)
	}
}
