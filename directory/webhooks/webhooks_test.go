package webhooks_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/webhooks"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/outbox"
	"parvis/portal/outgoing"
	"parvis/portal/seal"
	"parvis/todo"
)

// got is one request that a receiver was sent.
type got struct {
	id, timestamp, body string
	signatures          []string
}

func (g got) kind(t testing.TB) string {
	t.Helper()
	var told struct{ Type string }
	if err := json.Unmarshal([]byte(g.body), &told); err != nil {
		t.Fatalf("%q: %v", g.body, err)
	}
	return told.Type
}

// signed says whether one of the signatures is by a secret.
func (g got) signed(t testing.TB, secret string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	io.WriteString(mac, g.id+"."+g.timestamp+"."+g.body)
	return slices.Contains(g.signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// receiver is a program that is told.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	all    []got
	answer func(w http.ResponseWriter, r *http.Request, one got)
}

func receive(t testing.TB) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		one := got{request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp"), string(body), strings.Fields(request.Header.Get("webhook-signature"))}
		r.mu.Lock()
		r.all = append(r.all, one)
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, request, one)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// say answers what follows.
func (r *receiver) say(answer func(w http.ResponseWriter, r *http.Request, one got)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func status(code int) func(w http.ResponseWriter, r *http.Request, one got) {
	return func(w http.ResponseWriter, _ *http.Request, _ got) { w.WriteHeader(code) }
}

// take returns what was received since.
func (r *receiver) take() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

func kindsOf(t testing.TB, all []got) (kinds []string) {
	t.Helper()
	for _, one := range all {
		kinds = append(kinds, one.kind(t))
	}
	return kinds
}

// post is two collectivities with their directory, and a clock.
type post struct {
	*webhooks.Store
	t         testing.TB
	db        *database.DB
	directory *directory.Store
	sealer    *seal.Sealer
	mu        sync.Mutex
	at        time.Time
}

var (
	bourg = portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	agglo = portal.Caller{Collectivity: "agglo", Rights: []portal.Right{portal.Admin}}
)

func open(t testing.TB) *post {
	t.Helper()
	p := &post{t: t, db: databasetest.New(t), at: time.Now().Truncate(time.Second)}
	p.directory = directory.New(p.db)
	databasetest.AddCollectivities(t, p.db, "bourg", "agglo")
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	p.sealer = sealer
	p.Store = p.node(true)
	return p
}

// faults are errors that were logged: there are to be none.
type faults struct{ testing.TB }

func (f faults) Write(line []byte) (int, error) {
	f.Errorf("logged: %s", line)
	return len(line), nil
}

// node is another Parvis over the same store.
func (p *post) node(inside bool) *webhooks.Store {
	log := slog.New(slog.NewTextHandler(faults{p.t}, &slog.HandlerOptions{Level: slog.LevelError}))
	networks := outgoing.NewNetworks(p.db, log)
	must(p.t, networks.Refresh(p.t.Context()))
	return webhooks.New(webhooks.Options{DB: p.db, Sealer: p.sealer, Log: log, Client: webhooks.NewClient(inside, networks), AllowInside: inside, Now: p.now})
}

func (p *post) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *post) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = p.at.Add(d)
}

// catchUp puts the clock after all that happened: events are stamped by the clock of the
// wall, which a busy machine lets run.
func (p *post) catchUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.After(p.at) {
		p.at = now
	}
	p.at = p.at.Add(time.Second)
}

func (p *post) add(caller portal.Caller, address string, kinds ...outbox.Kind) (id, secret string) {
	p.t.Helper()
	added, secret, err := p.Add(p.t.Context(), caller, webhooks.Webhook{Address: address, Label: "Paie", Kinds: kinds}, "192.0.2.1")
	if err != nil {
		p.t.Fatal(err)
	}
	return added.ID, secret
}

func (p *post) hire(caller portal.Caller, name string) portal.AgentID {
	p.t.Helper()
	id, err := p.directory.AddAgent(p.t.Context(), caller, directory.Agent{FamilyName: name}, "192.0.2.1")
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *post) flush() {
	p.t.Helper()
	p.catchUp()
	must(p.t, p.Flush(p.t.Context()))
}

func (p *post) deliveries(caller portal.Caller, id string) []webhooks.Delivery {
	p.t.Helper()
	all, err := p.Deliveries(p.t.Context(), caller, id, "", "", 1000)
	must(p.t, err)
	return all
}

func (p *post) get(caller portal.Caller, id string) webhooks.Webhook {
	p.t.Helper()
	one, err := p.Get(p.t.Context(), caller, id)
	must(p.t, err)
	return one
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAnotherCollectivityHearsAndSeesNothing is the story of two collectivities.
func TestAnotherCollectivityHearsAndSeesNothing(t *testing.T) {
	p, ctx := open(t), t.Context()
	ours, theirs := receive(t), receive(t)
	id, secret := p.add(bourg, ours.URL)
	p.add(agglo, theirs.URL)
	she := p.hire(bourg, "Le Goff")
	p.flush()
	if all := ours.take(); len(all) != 1 || !all[0].signed(t, secret) || !strings.Contains(all[0].body, `"agent":"`+string(she)+`"`) || strings.Contains(all[0].body, "Goff") {
		t.Errorf("bourg was told %+v, want one signed message that names her by her identifier", all)
	}
	if all := theirs.take(); len(all) != 0 {
		t.Errorf("agglo was told %+v of bourg", all)
	}
	message := p.deliveries(bourg, id)[0].ID
	for name, try := range map[string]func() error{
		"read":       func() error { _, err := p.Get(ctx, agglo, id); return err },
		"change":     func() error { return p.Change(ctx, agglo, id, webhooks.Webhook{Address: theirs.URL, Label: "x"}, "") },
		"try":        func() error { _, err := p.Try(ctx, agglo, id); return err },
		"rotate":     func() error { _, err := p.Rotate(ctx, agglo, id, ""); return err },
		"pause":      func() error { return p.Pause(ctx, agglo, id, "") },
		"resume":     func() error { return p.Resume(ctx, agglo, id, "") },
		"remove":     func() error { return p.Remove(ctx, agglo, id, "") },
		"restore":    func() error { return p.Restore(ctx, agglo, id, "") },
		"deliveries": func() error { _, err := p.Deliveries(ctx, agglo, id, "", "", 10); return err },
		"resend":     func() error { return p.Resend(ctx, agglo, id, message) },
	} {
		if err := try(); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s of another collectivity's = %v, want ErrNotFound", name, err)
		}
		agent := portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.ManageAgents}}
		if _, err := p.Get(ctx, agent, id); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("an agent who does not govern reads it: %v", err)
		}
	}
	if all, err := p.All(ctx, agglo); err != nil || len(all) != 1 || all[0].ID == id {
		t.Errorf("agglo lists %v, %v", all, err)
	}
	p.flush()
	if len(ours.take())+len(theirs.take()) != 0 {
		t.Error("what was refused was sent")
	}
}

// TestWhatHappensIsTold does each thing once, and reads what a program is told.
func TestWhatHappensIsTold(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	p.add(bourg, r.URL)
	she := p.hire(bourg, "Le Goff")
	unit, err := p.directory.AddUnit(ctx, bourg, directory.Unit{Name: "Voirie"}, "")
	must(t, err)
	group, err := p.directory.AddGroup(ctx, bourg, "Encadrants", "")
	must(t, err)
	shown, err := p.directory.Agent(ctx, bourg, she)
	must(t, err)
	typed := shown
	typed.Unit, typed.Function = unit, "Cantonnier"
	must(t, p.directory.ChangeAgent(ctx, bourg, shown, typed, ""))
	must(t, p.directory.ChangeGroups(ctx, bourg, she, []portal.GroupID{group}, nil, ""))
	right, err := p.directory.Give(ctx, bourg, directory.Given{Right: portal.EditNews, Subject: portal.Subject{Kind: portal.TheUnit, ID: string(unit)}}, "")
	must(t, err)
	_, err = p.directory.Take(ctx, bourg, right, "")
	must(t, err)
	_, err = p.directory.Give(ctx, bourg, directory.Given{Right: portal.ManageAgents, In: unit, Subject: portal.Subject{Kind: portal.Everyone}}, "")
	must(t, err)
	must(t, p.directory.CloseAgent(ctx, bourg, she, ""))
	must(t, p.directory.ReopenAgent(ctx, bourg, she, ""))
	p.flush()
	all := r.take()
	want := []string{
		`agent.created {"collectivity":"bourg","agent":"SHE"}`, `unit.created {"collectivity":"bourg","unit":"UNIT"}`,
		`group.created {"collectivity":"bourg","group":"GROUP"}`, `agent.changed {"collectivity":"bourg","agent":"SHE","fields":["function","unit"]}`,
		`agent.groups {"collectivity":"bourg","agent":"SHE"}`, `right.given {"collectivity":"bourg","unit":"UNIT","right":"news.edit"}`,
		`right.taken {"collectivity":"bourg","unit":"UNIT","right":"news.edit"}`,
		`right.given {"collectivity":"bourg","right":"agents.manage","everyone":true,"within":"UNIT"}`,
		`agent.closed {"collectivity":"bourg","agent":"SHE"}`, `agent.reopened {"collectivity":"bourg","agent":"SHE"}`,
	}
	var told []string
	for _, one := range all {
		var message struct {
			Type string
			Data json.RawMessage
		}
		must(t, json.Unmarshal([]byte(one.body), &message))
		told = append(told, message.Type+" "+strings.NewReplacer(string(she), "SHE", string(unit), "UNIT", string(group), "GROUP").Replace(string(message.Data)))
	}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// TestAChangeAndItsMessageAreOne: what is taken back was never told.
func TestAChangeAndItsMessageAreOne(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	p.add(bourg, r.URL)
	undone := errors.New("undone")
	err := p.db.Tx(ctx, func(tx *database.Tx) error {
		if err := outbox.Put(ctx, tx, "bourg", outbox.Event{Kind: outbox.AgentCreated, Agent: "a"}); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	p.flush()
	if all := r.take(); len(all) != 0 {
		t.Errorf("told %+v, which never happened", all)
	}
}

func TestAProgramHearsWhatItChose(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	p.add(bourg, r.URL, outbox.AgentClosed, outbox.AgentReopened)
	she := p.hire(bourg, "Le Goff")
	must(t, p.directory.CloseAgent(ctx, bourg, she, ""))
	p.flush()
	if kinds := kindsOf(t, r.take()); !slices.Equal(kinds, []string{"agent.closed"}) {
		t.Errorf("told %v, want agent.closed alone", kinds)
	}
}

func TestTheSecretIsShownOnceAndRotates(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, first := p.add(bourg, r.URL)
	var kept, former []byte
	must(t, p.db.QueryRow(ctx, `SELECT secret, former FROM webhooks`).Scan(&kept, &former))
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(first, "whsec_"))
	if len(key) < 24 || strings.Contains(string(kept), string(key)) {
		t.Errorf("a secret of %d bytes lies in clear in the store", len(key))
	}
	second, err := p.Rotate(ctx, bourg, id, "")
	must(t, err)
	p.hire(bourg, "Le Goff")
	p.flush()
	if one := r.take()[0]; !one.signed(t, first) || !one.signed(t, second) || len(one.signatures) != 2 {
		t.Errorf("%v, want signatures by both secrets", one.signatures)
	}
	p.pass(25 * time.Hour)
	p.hire(bourg, "Morel")
	p.flush()
	if one := r.take()[0]; one.signed(t, first) || !one.signed(t, second) {
		t.Error("the former secret signs still, or the new one does not")
	}
}

// TestAMessageIsTriedForDays counts the tries of one that is never taken while others
// are.
func TestAMessageIsTriedForDays(t *testing.T) {
	p := open(t)
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	p.hire(bourg, "Poison")
	p.flush()
	poison := p.deliveries(bourg, id)[0].ID
	must(t, p.Resend(t.Context(), bourg, id, poison))
	r.take()
	r.say(func(w http.ResponseWriter, _ *http.Request, one got) {
		if one.id == poison {
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "pas\x00 d’agent\r\n\u202e"+strings.Repeat("é", 9000))
		}
	})
	tries, begun := 0, p.now()
	var gaps []time.Duration
	last := begun
	for i := range 5 * 24 * 12 {
		if i%100 == 0 {
			p.hire(bourg, fmt.Sprint("Morel", i))
		}
		p.flush()
		for _, one := range r.take() {
			if one.id == poison {
				tries++
				gaps = append(gaps, p.now().Sub(last))
				last = p.now()
			}
		}
		p.pass(5 * time.Minute)
	}
	if tries != 10 || !slices.IsSorted(gaps[2:]) {
		t.Errorf("%d tries, after %v; want 10, further and further apart", tries, gaps)
	}
	if one := p.get(bourg, id); one.State != webhooks.On || one.Waiting != 0 {
		t.Errorf("one message that is not taken stops its webhook: %+v", one)
	}
	found, err := p.Deliveries(t.Context(), bourg, id, webhooks.Lost, "", 10)
	must(t, err)
	if len(found) != 1 || found[0].ID != poison || found[0].Status != 500 || len([]rune(found[0].Answer)) > 300 || strings.ContainsAny(found[0].Answer, "\x00\r\n\u202e") {
		t.Errorf("given up: %+v", found)
	}
}

// TestADeadAddressStopsAndIsToldOf: nothing is taken for days.
func TestADeadAddressStopsAndIsToldOf(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	r.say(status(http.StatusBadGateway))
	waiting := 0
	p.OnWaiting(func(portal.CollectivityID) { waiting++ })
	for i := range 300 {
		p.hire(bourg, fmt.Sprint("Morel", i))
	}
	p.flush()
	if tries := len(r.take()); tries != 3 {
		t.Errorf("%d tries at once of an address that refuses everything, want 3", tries)
	}
	for range 6 * 24 {
		p.flush()
		p.pass(time.Hour)
	}
	if tries := len(r.take()); tries > 60 {
		t.Errorf("%d tries in six days", tries)
	}
	if one := p.get(bourg, id); one.State != webhooks.Stopped || one.Waiting != 0 {
		t.Errorf("after six days: %+v", one)
	}
	source := webhooks.Source{Store: p.Store}
	if count, err := source.Count(ctx, bourg); err != nil || count != 1 || waiting == 0 {
		t.Errorf("the inbox counts %d, %v", count, err)
	}
	if count, _ := source.Count(ctx, agglo); count != 0 {
		t.Errorf("agglo's inbox counts %d", count)
	}
	if _, err := source.Act(ctx, todo.Request{Caller: bourg}, id, "x", nil); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("Act = %v", err)
	}
	var lines int
	must(t, p.db.QueryRow(ctx, `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND action = 'webhook.stopped'`).Scan(&lines))
	if lines != 1 {
		t.Errorf("%d lines in the journal", lines)
	}
	r.say(nil)
	must(t, p.Resume(ctx, bourg, id, ""))
	p.flush()
	if kinds := kindsOf(t, r.take()); !slices.Equal(kinds, []string{"directory.changed"}) {
		t.Errorf("resumed: told %v, want that all is to be read again", kinds)
	}
}

func TestAnAddressThatIsGoneIsLeftAlone(t *testing.T) {
	p := open(t)
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	r.say(status(http.StatusGone))
	p.hire(bourg, "Le Goff")
	p.hire(bourg, "Morel")
	p.flush()
	if tries := len(r.take()); tries != 1 || p.get(bourg, id).State != webhooks.Stopped {
		t.Errorf("%d tries and %s after 410", tries, p.get(bourg, id).State)
	}
}

// TestASlowAddressHoldsUpNoOtherCollectivity: agglo's are told while all of bourg's hang.
func TestASlowAddressHoldsUpNoOtherCollectivity(t *testing.T) {
	p := open(t)
	hung, quick := receive(t), receive(t)
	release := make(chan struct{})
	hung.say(func(http.ResponseWriter, *http.Request, got) { <-release })
	for range 10 {
		p.add(bourg, hung.URL)
	}
	p.add(agglo, quick.URL)
	p.hire(bourg, "Le Goff")
	p.hire(agglo, "Morel")
	told := make(chan struct{})
	quick.say(func(http.ResponseWriter, *http.Request, got) { close(told) })
	p.catchUp()
	done := make(chan error, 1)
	go func() { done <- p.Flush(context.WithoutCancel(t.Context())) }()
	select {
	case <-told:
		close(release)
		must(t, <-done)
	case err := <-done: // each try ends after ten seconds
		close(release)
		t.Fatalf("agglo's had no turn before bourg's were given up: %v", err)
	}
}

// TestEachHasItsTurn: a collectivity sends to two at a time, and who had no place is next.
func TestEachHasItsTurn(t *testing.T) {
	p := open(t)
	r := receive(t)
	for range 10 {
		p.add(bourg, r.URL, outbox.AgentCreated)
	}
	p.hire(bourg, "Le Goff")
	p.flush()
	if all := r.take(); len(all) != 10 {
		t.Errorf("%d of ten programs were told", len(all))
	}
}

// TestTwoNodesSendOnce: each try is one node's.
func TestTwoNodesSendOnce(t *testing.T) {
	p := open(t)
	r := receive(t)
	p.add(bourg, r.URL)
	for i := range 20 {
		p.hire(bourg, fmt.Sprint("Morel", i))
	}
	p.catchUp()
	other := p.node(true)
	var both sync.WaitGroup
	for _, node := range []*webhooks.Store{p.Store, other, p.node(true)} {
		both.Go(func() {
			for range 5 {
				if err := node.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	p.flush()
	ids := map[string]int{}
	for _, one := range r.take() {
		ids[one.id]++
	}
	for id, times := range ids {
		if times != 1 {
			t.Errorf("%s was sent %d times", id, times)
		}
	}
	if len(ids) != 20 {
		t.Errorf("%d messages arrived, want 20", len(ids))
	}
}

// TestWhoDiesInTheMiddleIsTakenOver: a message whose sender was killed is sent again, by
// another node, under the same name.
func TestWhoDiesInTheMiddleIsTakenOver(t *testing.T) {
	p := open(t)
	r := receive(t)
	p.add(bourg, r.URL)
	p.hire(bourg, "Le Goff")
	p.catchUp()
	ctx, kill := context.WithCancel(t.Context())
	r.say(func(http.ResponseWriter, *http.Request, got) { kill() })
	_ = p.node(true).Flush(ctx) // it was killed
	first := r.take()
	r.say(nil)
	must(t, p.exec(`UPDATE webhooks SET lease = 'dead', leased = $1`, database.Millis(p.now().Add(time.Minute)))) // as kill -9 leaves it
	p.flush()
	if again := r.take(); len(again) != 0 {
		t.Errorf("sent %d while another node holds the webhook", len(again))
	}
	p.pass(2 * time.Minute)
	p.flush()
	if again := r.take(); len(first) != 1 || len(again) != 1 || again[0].id != first[0].id {
		t.Errorf("first %+v, then %+v", first, again)
	}
}

func (p *post) exec(query string, args ...any) error {
	_, err := p.db.Exec(p.t.Context(), query, args...)
	return err
}

// TestARightThatEndsIsTold once, on whatever nodes look.
func TestARightThatEndsIsTold(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	she := p.hire(bourg, "Le Goff")
	p.add(bourg, r.URL, outbox.RightLapsed)
	unit, err := p.directory.AddUnit(ctx, bourg, directory.Unit{Name: "Voirie"}, "")
	must(t, err)
	_, err = p.directory.Give(ctx, bourg, directory.Given{Right: portal.ManageAgents, In: unit, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(she)}, Ends: time.Now().Add(time.Hour)}, "")
	must(t, err)
	p.flush()
	if all := r.take(); len(all) != 0 {
		t.Errorf("told %+v before", all)
	}
	p.pass(2 * time.Hour)
	other := p.node(true)
	must(t, other.Flush(ctx))
	p.flush()
	p.flush()
	if all := r.take(); len(all) != 1 || !strings.Contains(all[0].body, `"type":"right.lapsed"`) || !strings.Contains(all[0].body, string(she)) ||
		!strings.Contains(all[0].body, `"within":"`+string(unit)+`"`) {
		t.Errorf("told %+v, want once that it ended", all)
	}
}

// TestACrowdIsOneMessage: a program isn't told for hours what it reads in a minute.
func TestACrowdIsOneMessage(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	must(t, p.db.Tx(ctx, func(tx *database.Tx) error {
		for i := range 2100 {
			kind := outbox.AgentCreated
			if i == 7 {
				kind = outbox.AgentErased
			}
			if err := outbox.Put(ctx, tx, "bourg", outbox.Event{Kind: kind, Agent: portal.AgentID(fmt.Sprint("a", i))}); err != nil {
				return err
			}
		}
		return nil
	}))
	p.flush()
	if kinds := kindsOf(t, r.take()); !slices.Equal(kinds, []string{"agent.erased", "directory.changed"}) {
		t.Errorf("told %d messages, %v", len(kinds), kinds[:min(5, len(kinds))])
	}
	many := make([]outbox.Event, 10_000)
	for i := range many {
		many[i] = outbox.Event{Kind: outbox.AgentCreated, Agent: portal.AgentID(fmt.Sprint("b", i)), At: p.now()}
	}
	must(t, p.db.Tx(ctx, func(tx *database.Tx) error { return outbox.PutAll(ctx, tx, "bourg", many) }))
	if one := p.get(bourg, id); one.Waiting != 1 {
		t.Errorf("%d messages wait after a change of 10,000 agents", one.Waiting)
	}
}

// TestAnAddressInsideIsCalledForWhomItIsAllowed, and for no other collectivity.
func TestAnAddressInsideIsCalledForWhomItIsAllowed(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	other, _ := p.add(agglo, r.URL)
	must(t, p.exec(`INSERT INTO collectivity_networks (collectivity, network) VALUES ('bourg', '127.0.0.1/32')`)) // as no operator can
	node := p.node(false)
	if outcome, err := node.Try(ctx, bourg, id); err != nil || !outcome.Taken {
		t.Errorf("an address that is allowed: %+v, %v", outcome, err)
	}
	if outcome, err := node.Try(ctx, agglo, other); err != nil || outcome.Answer != "webhooks.fault.inside" {
		t.Errorf("for another collectivity: %+v, %v", outcome, err)
	}
}

// TestAnAddressInsideIsNotCalled, nor is where an address sends us.
func TestAnAddressInsideIsNotCalled(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL) // written while it was allowed
	outcome, err := p.node(false).Try(ctx, bourg, id)
	must(t, err)
	if outcome.Taken || outcome.Answer != "webhooks.fault.inside" || len(r.take()) != 0 {
		t.Errorf("an address inside: %+v", outcome)
	}
	if _, _, err := p.node(false).Add(ctx, bourg, webhooks.Webhook{Address: "http://paie.example/", Label: "Paie"}, ""); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("an address without TLS = %v", err)
	}
	other := receive(t)
	r.say(func(w http.ResponseWriter, request *http.Request, _ got) {
		http.Redirect(w, request, other.URL, http.StatusTemporaryRedirect)
	})
	outcome, err = p.Try(ctx, bourg, id)
	must(t, err)
	if outcome.Taken || outcome.Status != http.StatusTemporaryRedirect || len(other.take()) != 0 {
		t.Errorf("a redirection: %+v", outcome)
	}
	for _, address := range []string{"", "paie", "ftp://paie.example", "https://", "https://a:b@paie.example", "https://paie.example/#x", "javascript:alert(1)", "https://paie.example/ x", "https://" + strings.Repeat("a", 600)} {
		if _, _, err := p.Add(ctx, bourg, webhooks.Webhook{Address: address, Label: "Paie"}, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("Add(%q) = %v, want ErrInvalid", address, err)
		}
	}
}

// TestAnAssistanceOpensNoWayThatOutlivesIt: who assists tries, pauses and names, and
// neither directs messages elsewhere nor reads a secret.
func TestAnAssistanceOpensNoWayThatOutlivesIt(t *testing.T) {
	p, ctx := open(t), t.Context()
	id, _ := p.add(bourg, "https://paie.example/")
	helper := portal.Caller{Account: "exploitation", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	_, _, added := p.Add(ctx, helper, webhooks.Webhook{Address: "https://ailleurs.example/", Label: "x"}, "")
	_, rotated := p.Rotate(ctx, helper, id, "")
	for what, err := range map[string]error{
		"added": added, "rotated": rotated, "directed": p.Change(ctx, helper, id, webhooks.Webhook{Address: "https://ailleurs.example/", Label: "Paie"}, ""),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", what, err)
		}
	}
	must(t, p.Change(ctx, helper, id, webhooks.Webhook{Address: "https://paie.example/", Label: "Paye"}, ""))
	must(t, p.Pause(ctx, helper, id, ""))
}

// TestOneRefusalAfterAQuietWeekStopsNothing: what was refused long ago says nothing of
// today, until today's was refused for hours.
func TestOneRefusalAfterAQuietWeekStopsNothing(t *testing.T) {
	p := open(t)
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	r.say(status(http.StatusInternalServerError))
	p.hire(bourg, "Poison")
	for range 40 {
		p.flush()
		p.pass(4 * time.Hour)
	}
	if one := p.get(bourg, id); one.Waiting != 0 || one.State != webhooks.On {
		t.Fatalf("after a week: %+v", one)
	}
	p.put(outbox.Event{Kind: outbox.AgentChanged, Agent: "a", At: p.now()})
	p.flush()
	if one := p.get(bourg, id); one.State != webhooks.On {
		t.Errorf("one refusal after a quiet week: %s", one.State)
	}
	for range 10 {
		p.pass(time.Hour)
		p.flush()
	}
	if one := p.get(bourg, id); one.State != webhooks.Stopped {
		t.Errorf("refused for hours after a week: %s", one.State)
	}
}

// put tells bourg's programs of an event.
func (p *post) put(event outbox.Event) {
	p.t.Helper()
	must(p.t, p.db.Tx(p.t.Context(), func(tx *database.Tx) error { return outbox.Put(p.t.Context(), tx, "bourg", event) }))
}

// TestASuspendedCollectivityTellsNothing until it is open again.
func TestASuspendedCollectivityTellsNothing(t *testing.T) {
	p := open(t)
	r := receive(t)
	p.add(bourg, r.URL)
	p.hire(bourg, "Le Goff")
	must(t, p.exec(`UPDATE collectivities SET active = FALSE WHERE id = 'bourg'`))
	p.flush()
	if len(r.take()) != 0 {
		t.Error("a suspended collectivity tells")
	}
	must(t, p.exec(`UPDATE collectivities SET active = TRUE WHERE id = 'bourg'`))
	p.flush()
	if len(r.take()) != 1 {
		t.Error("what waited is not told")
	}
}

func TestARemovalCanBeTakenBack(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, secret := p.add(bourg, r.URL)
	must(t, p.Remove(ctx, bourg, id, ""))
	p.hire(bourg, "Le Goff")
	p.flush()
	if len(r.take()) != 0 {
		t.Error("a removed webhook is told")
	}
	must(t, p.Restore(ctx, bourg, id, ""))
	p.hire(bourg, "Morel")
	p.flush()
	all := r.take()
	if kinds := kindsOf(t, all); !slices.Equal(kinds, []string{"directory.changed", "agent.created"}) && !slices.Equal(kinds, []string{"agent.created", "directory.changed"}) || !all[0].signed(t, secret) {
		t.Errorf("restored: told %v", kinds)
	}
	must(t, p.Remove(ctx, bourg, id, ""))
	p.pass(31 * 24 * time.Hour)
	if err := p.Restore(ctx, bourg, id, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("Restore after a month = %v", err)
	}
	must(t, p.Clean(ctx))
	var count int
	must(t, p.db.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM webhooks) + (SELECT COUNT(*) FROM webhook_messages)`).Scan(&count))
	if count != 0 {
		t.Errorf("%d rows are left of it", count)
	}
}

// mirror writes what a directory server says of new agents.
func (p *post) mirror(from, to int) {
	p.t.Helper()
	state, err := p.directory.MirrorState(p.t.Context(), "bourg")
	must(p.t, err)
	must(p.t, p.directory.Mirror(p.t.Context(), "bourg", state, func(*database.Tx) (directory.Mirroring, error) {
		var made directory.Mirroring
		for i := from; i < to; i++ {
			id := portal.AgentID(fmt.Sprint("m", i))
			made.Create = append(made.Create, directory.Agent{ID: id, FamilyName: fmt.Sprint("Morel ", i), Active: true})
			made.People = append(made.People, directory.Mirrored{Key: string(id), Agent: id})
		}
		return made, nil
	}))
}

// TestAMirrorIsToldAndNoStorm: few agents one by one, ten thousand at once.
func TestAMirrorIsToldAndNoStorm(t *testing.T) {
	p := open(t)
	r := receive(t)
	p.add(bourg, r.URL, outbox.AgentCreated)
	p.mirror(0, 3)
	p.flush()
	if kinds := kindsOf(t, r.take()); !slices.Equal(kinds, []string{"agent.created", "agent.created", "agent.created"}) {
		t.Errorf("three agents of a mirror: told %v", kinds)
	}
	p.mirror(3, 1003)
	p.flush()
	if all := r.take(); len(all) != 1 || !strings.Contains(all[0].body, `"type":"directory.changed"`) || !strings.Contains(all[0].body, `"count":1000`) {
		t.Errorf("a thousand: told %d, %+v", len(all), all[:min(2, len(all))])
	}
}

// TestARemovedOneComesBackAsItWas: off, or stopped, until somebody has it told again.
func TestARemovedOneComesBackAsItWas(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	off, _ := p.add(bourg, r.URL)
	must(t, p.Pause(ctx, bourg, off, ""))
	stopped, _ := p.add(bourg, r.URL)
	r.say(status(http.StatusGone))
	p.hire(bourg, "Le Goff")
	p.flush()
	r.say(nil)
	r.take()
	for id, want := range map[string]webhooks.State{off: webhooks.Off, stopped: webhooks.Stopped} {
		must(t, p.Remove(ctx, bourg, id, ""))
		must(t, p.Restore(ctx, bourg, id, ""))
		p.hire(bourg, "Morel")
		p.flush()
		if one := p.get(bourg, id); one.State != want || one.Waiting != 0 || len(r.take()) != 0 {
			t.Errorf("one that was %s comes back %s, and %d messages wait", want, one.State, one.Waiting)
		}
	}
	must(t, p.Resume(ctx, bourg, off, ""))
	must(t, p.Remove(ctx, bourg, off, ""))
	must(t, p.Restore(ctx, bourg, off, ""))
	if one := p.get(bourg, off); one.State != webhooks.On {
		t.Errorf("one that was resumed before its removal comes back %s", one.State)
	}
}

// TestEachMessageGoesWhereItIsToGoNow: an address and a secret that change while a batch is
// sent are those of the message after.
func TestEachMessageGoesWhereItIsToGoNow(t *testing.T) {
	p, ctx := open(t), t.Context()
	former, latter := receive(t), receive(t)
	id, first := p.add(bourg, former.URL)
	var second string
	former.say(func(http.ResponseWriter, *http.Request, got) {
		var err error
		if second, err = p.Rotate(ctx, bourg, id, ""); err != nil {
			t.Error(err)
		}
		if err := p.Change(ctx, bourg, id, webhooks.Webhook{Address: latter.URL, Label: "Paie"}, ""); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{"Le Goff", "Morel", "Diallo"} {
		p.hire(bourg, name)
	}
	p.flush()
	if sent, after := former.take(), latter.take(); len(sent) != 1 || !sent[0].signed(t, first) || len(after) != 2 || !after[0].signed(t, second) || !after[1].signed(t, first) {
		t.Errorf("%d messages to the former address, %d to the latter; want 1, and 2 that both secrets sign", len(sent), len(after))
	}
}

// TestACrowdIsThinnedOutWhileTheirCollectivityIsSuspended, and one who is to be forgotten
// is told of when it is open again.
func TestACrowdIsThinnedOutWhileTheirCollectivityIsSuspended(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	other, _ := p.add(agglo, r.URL)
	must(t, p.exec(`UPDATE collectivities SET active = FALSE WHERE id = 'bourg'`))
	for _, collectivity := range []portal.CollectivityID{"bourg", "agglo"} {
		must(t, p.db.Tx(ctx, func(tx *database.Tx) error {
			for i := range 2100 {
				kind := outbox.AgentCreated
				if i == 7 {
					kind = outbox.AgentErased
				}
				if err := outbox.Put(ctx, tx, collectivity, outbox.Event{Kind: kind, Agent: portal.AgentID(fmt.Sprint("a", i))}); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	p.catchUp()
	must(t, p.Clean(ctx))
	if waiting := p.get(bourg, id).Waiting; waiting != 2 {
		t.Errorf("%d messages wait in a suspended collectivity, want 2", waiting)
	}
	if waiting := p.get(agglo, other).Waiting; waiting != 2100 {
		t.Errorf("%d messages wait in one that is open, want all until they are sent", waiting)
	}
	must(t, p.Remove(ctx, agglo, other, ""))
	must(t, p.exec(`UPDATE collectivities SET active = TRUE WHERE id = 'bourg'`))
	p.flush()
	if kinds := kindsOf(t, r.take()); !slices.Equal(kinds, []string{"agent.erased", "directory.changed"}) {
		t.Errorf("open again: told %v", kinds)
	}
}

// TestATestThatIsTakenEndsThePause of an address that took nothing: what waits is sent at
// once. It turns on nothing that is off, and puts forward no message put off for itself.
func TestATestThatIsTakenEndsThePause(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	r.say(status(http.StatusBadGateway))
	for _, name := range []string{"Le Goff", "Morel", "Diallo"} {
		p.hire(bourg, name)
	}
	p.flush()
	r.take()
	try := func() {
		t.Helper()
		if _, err := p.Try(ctx, bourg, id); err != nil {
			t.Fatal(err)
		}
		r.take()
		p.flush()
	}
	try()
	if all := r.take(); len(all) != 0 || p.get(bourg, id).Failing.IsZero() {
		t.Errorf("a test that was refused had %d messages sent", len(all))
	}
	r.say(nil)
	try()
	if all := r.take(); len(all) != 3 {
		t.Errorf("after a test that was taken %d messages are sent, want the 3 that wait", len(all))
	}
	if one := p.get(bourg, id); !one.Failing.IsZero() || one.Delivered.IsZero() {
		t.Errorf("after a test that was taken: %+v", one)
	}
	r.say(func(w http.ResponseWriter, _ *http.Request, one got) {
		if strings.Contains(one.body, "agent.created") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	p.hire(bourg, "Poison")
	p.flush()
	must(t, p.exec(`UPDATE webhooks SET failing = 0, streak = 0`)) // another was taken since
	try()
	if all := r.take(); len(all) != 0 {
		t.Errorf("%d tries of a message that is put off for itself, want none by a test", len(all))
	}
	must(t, p.Pause(ctx, bourg, id, ""))
	try()
	if one := p.get(bourg, id); one.State != webhooks.Off {
		t.Errorf("a test that was taken turned it %s", one.State)
	}
}

// TestAReceiverAsksForTime with Retry-After, and is given an hour at the most.
func TestAReceiverAsksForTime(t *testing.T) {
	p := open(t)
	r := receive(t)
	p.add(bourg, r.URL)
	r.say(func(w http.ResponseWriter, _ *http.Request, _ got) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	p.hire(bourg, "Le Goff")
	p.flush()
	if tries := len(r.take()); tries != 1 {
		t.Fatalf("%d tries at once", tries)
	}
	p.hire(bourg, "Morel")
	p.pass(30 * time.Minute)
	p.flush()
	if tries := len(r.take()); tries != 0 {
		t.Errorf("%d tries while it asked to be left alone", tries)
	}
	r.say(nil)
	p.pass(31 * time.Minute)
	p.flush()
	if all := r.take(); len(all) != 2 {
		t.Errorf("%d messages after an hour, want both", len(all))
	}
}

// TestNothingIsSentAgainToWhatIsOff by an administrator.
func TestNothingIsSentAgainToWhatIsOff(t *testing.T) {
	p, ctx := open(t), t.Context()
	r := receive(t)
	id, _ := p.add(bourg, r.URL)
	p.hire(bourg, "Le Goff")
	p.flush()
	message := p.deliveries(bourg, id)[0].ID
	must(t, p.Pause(ctx, bourg, id, ""))
	if err := p.Resend(ctx, bourg, id, message); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("sent again to one that is off: %v", err)
	}
}
