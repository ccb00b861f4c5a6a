package mirror_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/mirror"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
)

// steps makes a desk write few people at once, and calls between with the number of each
// step that begins.
func (d *desk) steps(size int, between func(step int)) {
	options, usual, asked := d.options, d.options.Now, 0
	options.Step = size
	options.Now = func() time.Time {
		asked++
		between(asked)
		return usual()
	}
	d.Mirror = mirror.New(options)
}

// chiefs gives everybody of the server a manager who comes after her by her key, but two.
func chiefs(t testing.TB, server *servers.Directory) {
	t.Helper()
	people := servers.People()
	var changes strings.Builder
	for i := range len(people) - 1 {
		fmt.Fprintf(&changes, "dn: %s\nchangetype: modify\nreplace: manager\nmanager: %s\n\n", people[i].DN(), people[i+1].DN())
	}
	server.Modify(t, changes.String())
}

// whole fails where the directory is not what the server says: each of its people once,
// with her manager and her groups.
func (d *desk) whole(t testing.TB, settings mirror.Settings) {
	t.Helper()
	state := got(d.store.MirrorState(context.Background(), "bourg"))(t)
	there, by := map[string]directory.Agent{}, map[portal.AgentID]string{}
	for _, agent := range state.Agents {
		if agent.SourceKey == "" {
			continue
		}
		if _, twice := there[agent.SourceKey]; twice {
			t.Errorf("%s is there twice", agent.Name())
		}
		there[agent.SourceKey], by[agent.ID] = agent, agent.SourceKey
	}
	people := servers.People()
	for i, person := range people {
		agent := there[person.EntryUUID()]
		manager := ""
		if i+1 < len(people) {
			manager = people[i+1].EntryUUID()
		}
		if agent.Email != person.Mail || by[agent.Manager] != manager {
			t.Errorf("%s has the address %q and the manager %q, want %q and %q", person.UID, agent.Email, by[agent.Manager], person.Mail, manager)
		}
	}
	for _, group := range servers.Groups() {
		for id, name := range state.Groups {
			if name == group.Name && len(state.Members[id]) != len(group.Members) {
				t.Errorf("%s has %d members, want %d", name, len(state.Members[id]), len(group.Members))
			}
		}
	}
	if len(there) != len(people) || len(state.Groups) != len(servers.Groups()) {
		t.Errorf("%d people and %d groups, want %d and %d", len(there), len(state.Groups), len(people), len(servers.Groups()))
	}
}

// TestAFirstReadingIsWrittenInSteps: others write between two of them, and what they wrote
// is seen.
func TestAFirstReadingIsWrittenInSteps(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	chiefs(t, server)
	settings := d.uses(t, "bourg", server)
	settings.Units, settings.WithGroups = mirror.UnitAttribute, true
	d.begin(t, "bourg", settings)
	marc := servers.PersonByUID("marc.dupont")
	wrote := make(chan error, 1)
	d.steps(3, func(step int) {
		if step != 5 { // inside of a step: it is there after it
			return
		}
		go func() {
			_, err := d.store.AddAgent(ctx, d.admin["bourg"], directory.Agent{FamilyName: "Entre deux"}, "")
			wrote <- err
		}()
	})
	run := d.runs(t, "bourg", mirror.Done)
	must(t, <-wrote)
	d.whole(t, settings)
	if d.agent(t, "bourg", "entre deux"); d.agent(t, "bourg", "dupont").UnitName != marc.Unit {
		t.Errorf("his unit is %q", d.agent(t, "bourg", "dupont").UnitName)
	}
	lines, total, err := d.Lines(ctx, d.admin["bourg"], mirror.LineQuery{Run: run.ID, Kind: mirror.Create})
	must(t, err)
	if kept := got(d.RunOf(ctx, d.admin["bourg"], run.ID))(t); total != len(servers.People()) || kept.Counts[mirror.Create] != total || run.Counts[mirror.Create] != total {
		t.Errorf("%d lines of who came, %d are counted, want %d: %+v", total, kept.Counts[mirror.Create], len(servers.People()), lines)
	}
	if journal := d.journal(t, "bourg", audit.DirectoryMirrored); len(journal) < 4 {
		t.Errorf("journal = %q, want a line a step", journal)
	}
	if again := d.runs(t, "bourg", mirror.Done); again.Changed() {
		t.Errorf("a second run changed %v", again.Counts)
	}
}

// TestAReadingThatWasStoppedIsGoneOnWith, wherever it was stopped.
func TestAReadingThatWasStoppedIsGoneOnWith(t *testing.T) {
	server := servers.LDAP(t)
	chiefs(t, server)
	for stop := 2; ; stop++ {
		d := newDesk(t)
		settings := d.uses(t, "bourg", server)
		settings.Units, settings.WithGroups = mirror.UnitAttribute, true
		d.begin(t, "bourg", settings)
		ctx, kill := context.WithCancel(context.Background())
		d.steps(5, func(step int) {
			if step == stop {
				kill()
			}
		})
		_, err := d.Once(ctx, "bourg", "")
		kill()
		if err == nil {
			if stop < 8 {
				t.Fatalf("it was done before the step %d", stop)
			}
			return
		}
		d.Mirror = mirror.New(d.options)
		if stop%2 == 0 { // what is known is not read again
			_, err := d.db.Exec(context.Background(), `UPDATE mirrors SET listed = $1`, time.Now().UnixMilli())
			must(t, err)
		}
		before := d.total(t, "bourg") - 1
		run := d.runs(t, "bourg", mirror.Done)
		if d.whole(t, settings); run.Counts[mirror.Create] != len(servers.People())-before {
			t.Errorf("stopped at %d with %d people, the next one made %d", stop, before, run.Counts[mirror.Create])
		}
		for i, one := range got(d.Runs(context.Background(), d.admin["bourg"]))(t) {
			if want := map[bool]mirror.Outcome{true: mirror.Done, false: mirror.Going}[i == 0]; one.Outcome != want {
				t.Errorf("stopped at %d, run %d is %s, want %s", stop, i, one.Outcome, want)
			}
		}
	}
}

// TestTooManyDeparturesAskBeforeAnyStep, and once allowed they are not asked about again,
// though it was stopped among them.
func TestTooManyDeparturesAskBeforeAnyStep(t *testing.T) {
	server := servers.LDAP(t)
	d := newDesk(t)
	d.begin(t, "bourg", d.uses(t, "bourg", server))
	d.runs(t, "bourg", mirror.Done)
	total := d.total(t, "bourg")
	const leave = 14
	for _, person := range servers.People()[:leave] {
		server.Modify(t, "dn: "+person.DN()+"\nchangetype: delete\n")
	}
	server.Modify(t, "dn: uid=neuve,ou=agents,"+servers.BaseDN+"\nchangetype: add\nobjectClass: inetOrgPerson\nuid: neuve\ncn: N\nsn: Neuve\n")
	d.steps(2, func(int) {})
	asked := d.runs(t, "bourg", mirror.Asks)
	if d.total(t, "bourg") != total || asked.Leaving() != leave {
		t.Fatalf("it asks about %d, and %d of %d are there", asked.Leaving(), d.total(t, "bourg"), total)
	}
	must(t, d.Allow(context.Background(), d.admin["bourg"], asked.Closings, ""))
	ctx, kill := context.WithCancel(context.Background())
	defer kill()
	d.steps(2, func(int) {
		if d.left(t) > 0 {
			kill()
		}
	})
	if _, err := d.Once(ctx, "bourg", ""); err == nil {
		t.Fatal("it was not stopped")
	}
	left := d.left(t)
	d.Mirror = mirror.New(d.options)
	d.runs(t, "bourg", mirror.Done)
	if now := d.left(t); left == 0 || left == leave || now != leave || d.total(t, "bourg") != total-leave+1 {
		t.Errorf("%d had left when it was stopped and %d have now, %d are there", left, now, d.total(t, "bourg"))
	}
}

// left counts who is closed.
func (d *desk) left(t testing.TB) (count int) {
	t.Helper()
	must(t, d.db.QueryRow(context.Background(), `SELECT COUNT(*) FROM agents WHERE collectivity = 'bourg' AND NOT active`).Scan(&count))
	return count
}

// TestTwoNodesWriteStepsAtOnce: one does, and the other finds all done.
func TestTwoNodesWriteStepsAtOnce(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	chiefs(t, server)
	settings := d.uses(t, "bourg", server)
	settings.Units, settings.WithGroups = mirror.UnitAttribute, true
	d.begin(t, "bourg", settings)
	d.steps(2, func(int) {})
	one := d.Mirror
	d.steps(2, func(int) {})
	ran := make(chan error)
	for _, node := range []*mirror.Mirror{one, d.Mirror} {
		go func() {
			run, err := node.Once(ctx, "bourg", "")
			if err == nil && run.Outcome != mirror.Done {
				err = fmt.Errorf("run = %s %+v", run.Outcome, run.Fault)
			}
			ran <- err
		}()
	}
	for range 2 {
		if err := <-ran; err != nil {
			t.Error(err)
		}
	}
	d.whole(t, settings)
}
