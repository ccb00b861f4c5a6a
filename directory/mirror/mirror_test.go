package mirror_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/directory/mirror"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/seal"
	"parvis/sso"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func got[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return value
	}
}

// desk is two collectivities, each with an administrator.
type desk struct {
	*mirror.Mirror
	db      *database.DB
	store   *directory.Store
	methods *sso.Methods
	people  directory.SignIn
	admin   map[portal.CollectivityID]portal.Caller
	late    time.Duration
	options mirror.Options
	// meanwhile runs once, when a run has read how the mirror stands and not yet the server.
	meanwhile func()
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	ctx, d := context.Background(), &desk{db: databasetest.New(t), admin: map[portal.CollectivityID]portal.Caller{}}
	d.store = directory.New(d.db)
	d.people = directory.SignIn{Store: d.store}
	log := slog.New(slog.DiscardHandler)
	servers := ldapdir.New(log)
	t.Cleanup(servers.Close)
	service := sso.New(sso.Options{DB: d.db, People: d.people, Directories: servers, Sealer: got(seal.Open(filepath.Join(t.TempDir(), "key")))(t), Log: log})
	d.methods = service.Methods
	d.options = mirror.Options{
		DB: d.db, Directory: d.store, Servers: servers, Methods: d.methods, Log: log, Now: func() time.Time {
			if do := d.meanwhile; do != nil {
				d.meanwhile = nil
				do()
			}
			return time.Now().Add(d.late)
		},
	}
	d.Mirror = mirror.New(d.options)
	for id, domain := range map[portal.CollectivityID]string{"bourg": "bourg.example", "agglo": "agglo.example"} {
		must(t, d.store.CreateCollectivity(ctx, directory.Collectivity{ID: id, Name: string(id), LongName: string(id), Kind: "commune", Domains: []string{domain}}))
		install := directory.Installation(id)
		account := got(d.store.CreateAccount(ctx, install, "admin@"+domain))(t)
		agent := got(d.store.CreateAgent(ctx, install, directory.Agent{Account: account, GivenName: "Ada", FamilyName: "Ministre"}))(t)
		must(t, d.store.SetRights(ctx, install, agent, []portal.Right{portal.Admin}))
		d.admin[id] = got(d.store.CallerFor(ctx, account, id))(t)
	}
	return d
}

// uses makes a collectivity sign in by a server, and returns what it would mirror.
func (d *desk) uses(t testing.TB, id portal.CollectivityID, server *servers.Directory, fallbacks ...string) mirror.Settings {
	t.Helper()
	settings := ldapdir.Settings{URL: server.URL, Fallbacks: fallbacks, BindDN: server.BindDN, BaseDN: "ou=agents," + server.BaseDN}
	method := sso.Method{Collectivity: id, Kind: sso.LDAP, Secret: server.BindPassword, CA: string(got(os.ReadFile(server.CAFile))(t))}
	method.Settings = got(json.Marshal(settings))(t)
	must(t, d.methods.Set(context.Background(), method))
	return got(d.Of(context.Background(), d.admin[id]))(t).Settings
}

// begin saves settings and turns the mirror on.
func (d *desk) begin(t testing.TB, id portal.CollectivityID, settings mirror.Settings) {
	t.Helper()
	must(t, d.Save(context.Background(), d.admin[id], settings, "192.0.2.1"))
	must(t, d.Turn(context.Background(), d.admin[id], true, "192.0.2.1"))
}

// runs runs once and wants an outcome.
func (d *desk) runs(t testing.TB, id portal.CollectivityID, want mirror.Outcome) mirror.Run {
	t.Helper()
	run := got(d.Once(context.Background(), id, ""))(t)
	if run.Outcome != want {
		t.Fatalf("run = %s (%+v), want %s", run.Outcome, run.Fault, want)
	}
	return run
}

// agent finds the one active agent of a search.
func (d *desk) agent(t testing.TB, id portal.CollectivityID, text string) directory.Agent {
	t.Helper()
	found := got(d.store.People(context.Background(), d.admin[id], directory.PeopleQuery{Text: text}))(t)
	if found.Total != 1 {
		t.Fatalf("%d agents are found by %q in %s, want 1", found.Total, text, id)
	}
	return found.Agents[0]
}

func (d *desk) total(t testing.TB, id portal.CollectivityID) int {
	t.Helper()
	return got(d.store.People(context.Background(), d.admin[id], directory.PeopleQuery{}))(t).Total
}

// journal are the lines of an action, "object: detail".
func (d *desk) journal(t testing.TB, id portal.CollectivityID, action audit.Action) (lines []string) {
	t.Helper()
	rows, err := d.db.Query(context.Background(), `SELECT object || ': ' || detail FROM audit_lines WHERE collectivity = $1 AND action = $2 ORDER BY at, id`, string(id), string(action))
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	return lines
}

// change replaces one attribute of a person.
func change(person servers.Person, attribute, value string) string {
	return fmt.Sprintf("dn: %s\nchangetype: modify\nreplace: %s\n%s: %s\n", person.DN(), attribute, attribute, value)
}

func TestTwoCollectivitiesMirrorTwoServers(t *testing.T) {
	ctx, d := context.Background(), newDesk(t)
	ours, theirs := servers.LDAP(t), servers.LDAP(t)
	d.begin(t, "bourg", d.uses(t, "bourg", ours))
	d.begin(t, "agglo", d.uses(t, "agglo", theirs))
	marc := servers.PersonByUID("marc.dupont")
	theirs.Modify(t, change(marc, "title", "Canari"))
	first := d.runs(t, "bourg", mirror.Done)
	if first.Counts[mirror.Create] != len(servers.People()) || d.total(t, "agglo") != 1 {
		t.Errorf("bourg made %v, agglo has %d", first.Counts, d.total(t, "agglo"))
	}
	d.runs(t, "agglo", mirror.Done)
	here, there := d.agent(t, "bourg", "dupont"), d.agent(t, "agglo", "dupont")
	if here.Function != marc.Title || there.Function != "Canari" || here.ID == there.ID {
		t.Errorf("Marc is %q in bourg and %q in agglo", here.Function, there.Function)
	}
	theirs.Modify(t, "dn: "+marc.DN()+"\nchangetype: delete\n")
	d.runs(t, "agglo", mirror.Done)
	if d.agent(t, "bourg", "dupont").ID != here.ID {
		t.Error("a departure of agglo closed an agent of bourg")
	}
	for _, denied := range []error{
		second(d.RunOf(ctx, d.admin["agglo"], first.ID)),
		d.Allow(ctx, d.admin["agglo"], first.Closings, ""),
	} {
		if denied == nil {
			t.Error("agglo reads or answers a run of bourg")
		}
	}
	lines, total, err := d.Lines(ctx, d.admin["agglo"], mirror.LineQuery{Run: first.ID})
	if must(t, err); total != 0 || len(lines) != 0 {
		t.Errorf("agglo reads %d lines of a run of bourg", total)
	}
}

func second[T any](_ T, err error) error { return err }

func TestWhatTheServerGivesIsOnTheCard(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	settings := d.uses(t, "bourg", server)
	settings.Units, settings.WithGroups = mirror.UnitAttribute, true
	d.begin(t, "bourg", settings)
	d.runs(t, "bourg", mirror.Done)
	marc := servers.PersonByUID("marc.dupont")
	card := d.agent(t, "bourg", "dupont")
	if card.Email != marc.Mail || card.UnitName != marc.Unit || card.Phone != marc.Phone || card.SourceKey != marc.EntryUUID() {
		t.Errorf("card = %+v, want what the server says of %+v", card, marc)
	}
	// A field that it gives is refused by hand, one that it does not give is ours.
	typed := card
	typed.Function, typed.Office = "Roi", "Bureau 4"
	if err := d.store.ChangeAgent(ctx, d.admin["bourg"], card, typed, ""); err == nil || !strings.Contains(err.Error(), "function") {
		t.Errorf("writing a given field = %v, want a refusal", err)
	}
	typed.Function = card.Function
	must(t, d.store.ChangeAgent(ctx, d.admin["bourg"], card, typed, ""))
	server.Modify(t, change(marc, "title", "Adjoint"))
	if run := d.runs(t, "bourg", mirror.Done); run.Counts[mirror.Change] != 1 {
		t.Errorf("counts = %v, want one change", run.Counts)
	}
	if card = d.agent(t, "bourg", "dupont"); card.Function != "Adjoint" || card.Office != "Bureau 4" {
		t.Errorf("card = %+v, want the server's function and our office", card)
	}
	// One that it gives no more is emptied, and ours again.
	server.Modify(t, "dn: "+marc.DN()+"\nchangetype: modify\ndelete: telephoneNumber\n")
	d.runs(t, "bourg", mirror.Done)
	if card = d.agent(t, "bourg", "dupont"); card.Phone != "" {
		t.Errorf("phone = %q, which the server gives no more", card.Phone)
	}
	typed = card
	typed.Phone = "02 61 91 01 42"
	must(t, d.store.ChangeAgent(ctx, d.admin["bourg"], card, typed, ""))
	// The member of a group follows, and signs in as the agent that was read.
	groups := got(d.store.CountedGroups(ctx, d.admin["bourg"]))(t)
	at := slices.IndexFunc(groups, func(g directory.CountedGroup) bool { return g.Name == "Finances" })
	if len(groups) != len(servers.Groups()) || at < 0 || groups[at].Members != 2 {
		t.Errorf("groups = %+v, want those of the server", groups)
	}
	account := got(d.people.Admit(ctx, "bourg", sso.Profile{Key: marc.EntryUUID(), Login: marc.Mail, GivenName: "Marc", FamilyName: "Autre"}))(t)
	who := got(d.store.CallerFor(ctx, account, "bourg"))(t)
	if who.Agent != card.ID || d.agent(t, "bourg", "dupont").FamilyName != marc.FamilyName {
		t.Errorf("she signs in as %s, want %s with the name that her mirror gives", who.Agent, card.ID)
	}
}

func TestARunThatFindsNothingNewWritesNothing(t *testing.T) {
	d, server := newDesk(t), servers.LDAP(t)
	d.begin(t, "bourg", d.uses(t, "bourg", server))
	d.runs(t, "bourg", mirror.Done)
	lines := d.journal(t, "bourg", audit.DirectoryMirrored)
	for range 3 {
		if run := d.runs(t, "bourg", mirror.Done); run.Changed() {
			t.Errorf("a second run changed %v", run.Counts)
		}
	}
	if again := d.journal(t, "bourg", audit.DirectoryMirrored); len(lines) != 1 || len(again) != 1 {
		t.Errorf("journal = %q then %q, want one line of the first run", lines, again)
	}
}

func TestWhoLeavesIsClosedAndWhoComesBackIsTheSame(t *testing.T) {
	d, server := newDesk(t), servers.LDAP(t)
	d.begin(t, "bourg", d.uses(t, "bourg", server))
	d.runs(t, "bourg", mirror.Done)
	marc, ines := servers.PersonByUID("marc.dupont"), servers.PersonByUID("ines.dacosta")
	card := d.agent(t, "bourg", "dupont")
	for _, move := range []struct{ do, reason, undo string }{
		{
			"dn: " + marc.DN() + "\nchangetype: modrdn\nnewrdn: uid=marc.parti\ndeleteoldrdn: 1\nnewsuperior: ou=services," + servers.BaseDN + "\n", "gone",
			"dn: uid=marc.parti,ou=services," + servers.BaseDN + "\nchangetype: modrdn\nnewrdn: uid=marc.dupont\ndeleteoldrdn: 1\nnewsuperior: ou=agents," + servers.BaseDN + "\n",
		},
		{change(marc, "pwdAccountLockedTime", "000001010000Z"), "disabled", "dn: " + marc.DN() + "\nchangetype: modify\ndelete: pwdAccountLockedTime\n"},
	} {
		before := len(d.journal(t, "bourg", audit.AgentClosed))
		server.Modify(t, move.do)
		d.runs(t, "bourg", mirror.Done)
		if found := got(d.store.People(context.Background(), d.admin["bourg"], directory.PeopleQuery{Text: "dupont"}))(t); found.Total != 0 {
			t.Fatalf("%s: she is still there", move.reason)
		}
		if lines := d.journal(t, "bourg", audit.AgentClosed); len(lines) != before+1 || lines[before] != card.Name()+": "+move.reason {
			t.Errorf("journal = %q, want one line with %s", lines, move.reason)
		}
		server.Modify(t, move.undo)
		d.runs(t, "bourg", mirror.Done)
		if again := d.agent(t, "bourg", "dupont"); again.ID != card.ID {
			t.Errorf("%s: she came back as %s, want %s", move.reason, again.ID, card.ID)
		}
	}
	// Renamed and moved, she keeps her agent.
	was := d.agent(t, "bourg", "costa")
	server.Modify(t, "dn: "+ines.DN()+"\nchangetype: modrdn\nnewrdn: uid=ines.martin\ndeleteoldrdn: 1\n")
	server.Modify(t, "dn: uid=ines.martin,ou=agents,"+servers.BaseDN+"\nchangetype: modify\nreplace: sn\nsn: Martin\n")
	d.runs(t, "bourg", mirror.Done)
	if now := d.agent(t, "bourg", "martin"); now.ID != was.ID {
		t.Error("a renamed entry is another agent")
	}
}

func TestTooManyDeparturesAskTheAdministrator(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	d.begin(t, "bourg", d.uses(t, "bourg", server))
	d.runs(t, "bourg", mirror.Done)
	total := d.total(t, "bourg")
	for _, person := range servers.People()[:6] {
		server.Modify(t, "dn: "+person.DN()+"\nchangetype: delete\n")
	}
	server.Modify(t, change(servers.PersonByUID("marc.dupont"), "title", "Adjoint"))
	asked := d.runs(t, "bourg", mirror.Asks)
	if d.total(t, "bourg") != total || asked.Leaving() != 6 || d.agent(t, "bourg", "dupont").Function == "Adjoint" {
		t.Errorf("a run that asks did something: %v, %d of %d agents", asked.Counts, d.total(t, "bourg"), total)
	}
	if again := d.runs(t, "bourg", mirror.Asks); len(got(d.Runs(ctx, d.admin["bourg"]))(t)) != 2 || again.Closings != asked.Closings {
		t.Error("the same question is another one, or is asked in two runs")
	}
	if err := d.Allow(ctx, d.admin["bourg"], "0123", ""); err == nil {
		t.Error("an answer to another question is taken")
	}
	must(t, d.Allow(ctx, d.admin["bourg"], asked.Closings, ""))
	// One more leaves before the run: that is another question.
	server.Modify(t, "dn: "+servers.People()[6].DN()+"\nchangetype: delete\n")
	asked = d.runs(t, "bourg", mirror.Asks)
	must(t, d.Allow(ctx, d.admin["bourg"], asked.Closings, ""))
	d.runs(t, "bourg", mirror.Done)
	if got, want := d.total(t, "bourg"), total-7; got != want {
		t.Errorf("%d agents are left, want %d", got, want)
	}
}

func TestAServerThatShowsLessClosesNobody(t *testing.T) {
	d, server := newDesk(t), servers.LDAP(t)
	replica := server.Replica(t)
	d.begin(t, "bourg", d.uses(t, "bourg", server, replica.URL))
	server.Modify(t, change(servers.PersonByUID("marc.dupont"), "title", "Adjoint")) // the replica is behind
	d.runs(t, "bourg", mirror.Done)
	total := d.total(t, "bourg")
	server.Stop(t)
	if run := d.runs(t, "bourg", mirror.Failed); run.Fault.Key != "mirror.fault.behind" {
		t.Errorf("fault = %+v, want a replica that is behind", run.Fault)
	}
	if d.agent(t, "bourg", "dupont").Function != "Adjoint" {
		t.Error("a replica that is behind took a change back")
	}
	replica.Stop(t)
	if run := d.runs(t, "bourg", mirror.Failed); run.Fault.Key != "ldapdir.error.silent" {
		t.Errorf("fault = %+v, want a silent server", run.Fault)
	}
	if d.total(t, "bourg") != total {
		t.Error("somebody was closed")
	}
	server.Start(t)
	d.late = time.Minute // the breaker's pause
	for range 40 {
		if run := got(d.Once(context.Background(), "bourg", ""))(t); run.Outcome == mirror.Done {
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	t.Error("a server that is there again is not read")
}

// TestWhatHappensDuringARunIsNotLost: settings that are saved, a stop, and the run of
// another node.
func TestWhatHappensDuringARunIsNotLost(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	settings := d.uses(t, "bourg", server)
	marc := servers.PersonByUID("marc.dupont")
	without := settings
	without.Attributes = map[string]string{"family_name": "sn", "given_name": "givenName"}
	d.begin(t, "bourg", without)
	d.meanwhile = func() { must(t, d.Save(ctx, d.admin["bourg"], settings, "")) }
	d.runs(t, "bourg", mirror.Done)
	if card := d.agent(t, "bourg", "dupont"); card.Function != marc.Title {
		t.Errorf("her function is %q, want what the new settings read", card.Function)
	}
	server.Modify(t, change(marc, "title", "Adjoint"))
	d.meanwhile = func() { // the run of another node
		_, err := d.db.Exec(ctx, `UPDATE mirrors SET checked = checked + 1 WHERE collectivity = 'bourg'`)
		must(t, err)
	}
	d.runs(t, "bourg", mirror.Done)
	server.Modify(t, change(marc, "title", "Maire"))
	d.meanwhile = func() { must(t, d.Turn(ctx, d.admin["bourg"], false, "")) }
	if _, err := d.Once(ctx, "bourg", ""); err == nil {
		t.Error("a mirror that was stopped went on")
	}
	if card := d.agent(t, "bourg", "dupont"); card.Function != "Adjoint" {
		t.Errorf("her function is %q, which was written after the stop", card.Function)
	}
}

// TestARuleOverWhatTheServerSaysGivesNoAdministration, unless the administrator said so.
func TestARuleOverWhatTheServerSaysGivesNoAdministration(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	settings, admin := d.uses(t, "bourg", server), d.admin["bourg"]
	d.begin(t, "bourg", settings)
	d.runs(t, "bourg", mirror.Done)
	heads, plain := got(d.store.AddGroup(ctx, admin, "Direction", ""))(t), got(d.store.AddGroup(ctx, admin, "Titres", ""))(t)
	rule := directory.Rule{Conditions: []directory.Condition{{Field: directory.RuleFunction, Test: directory.TestContains, Value: "zélateur"}}}
	for _, group := range []portal.GroupID{heads, plain} {
		preview := got(d.store.PreviewRule(ctx, admin, group, rule))(t)
		must(t, d.store.SetRule(ctx, admin, directory.RuleChange{Group: group, Rule: rule, Seen: preview.Seen, Sure: true}))
	}
	got(d.store.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheGroup, ID: string(heads)}, Right: portal.Admin}, ""))(t)
	members := func(group portal.GroupID) int { return got(d.store.Members(ctx, admin, group, 1))(t).Total }
	server.Modify(t, change(servers.PersonByUID("marc.dupont"), "title", "Zélateur"))
	run := d.runs(t, "bourg", mirror.Done)
	if members(heads) != 0 || members(plain) != 1 {
		t.Errorf("the server gave administration to %d, and %d are in the other group, want 0 and 1", members(heads), members(plain))
	}
	lines, _, err := d.Lines(ctx, admin, mirror.LineQuery{Run: run.ID, Kind: mirror.Skip})
	must(t, err)
	kept := got(d.RunOf(ctx, admin, run.ID))(t)
	if len(lines) != 1 || lines[0].Name != "Direction" || lines[0].Detail.Reason != "guard" || kept.Counts[mirror.Skip] != 1 {
		t.Errorf("lines = %+v, counts = %v, want one that says so", lines, kept.Counts)
	}
	settings.Administration = true
	must(t, d.Save(ctx, admin, settings, ""))
	server.Modify(t, change(servers.PersonByUID("ines.dacosta"), "title", "Zélatrice et zélateur"))
	d.runs(t, "bourg", mirror.Done)
	if members(heads) != 1 {
		t.Errorf("%d are in the group, want the one who came since", members(heads))
	}
	server.Modify(t, change(servers.PersonByUID("ines.dacosta"), "title", "Agente"))
	d.runs(t, "bourg", mirror.Done)
	if members(heads) != 0 {
		t.Error("she is not taken out")
	}
}

// TestWhoComesBackLongAfterHasNoneOfHerRights, as when a card is opened by hand.
func TestWhoComesBackLongAfterHasNoneOfHerRights(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	admin, marc := d.admin["bourg"], servers.PersonByUID("marc.dupont")
	d.begin(t, "bourg", d.uses(t, "bourg", server))
	d.runs(t, "bourg", mirror.Done)
	card, group := d.agent(t, "bourg", "dupont"), got(d.store.AddGroup(ctx, admin, "Cabinet", ""))(t)
	must(t, d.store.AddMember(ctx, admin, group, card.ID))
	for _, c := range []struct {
		days, members int
	}{{29, 1}, {31, 0}} {
		server.Modify(t, change(marc, "pwdAccountLockedTime", "000001010000Z"))
		d.runs(t, "bourg", mirror.Done)
		_, err := d.db.Exec(ctx, `UPDATE agents SET closed = closed - $1 WHERE id = $2`, int64(c.days)*24*time.Hour.Milliseconds(), string(card.ID))
		must(t, err)
		server.Modify(t, "dn: "+marc.DN()+"\nchangetype: modify\ndelete: pwdAccountLockedTime\n")
		d.runs(t, "bourg", mirror.Done)
		if d.agent(t, "bourg", "dupont").ID != card.ID || got(d.store.Members(ctx, admin, group, 1))(t).Total != c.members {
			t.Errorf("after %d days her groups are not %d", c.days, c.members)
		}
	}
}

// TestTwoNodesReadAtOnce: nobody is created twice or closed by the slower one.
func TestTwoNodesReadAtOnce(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	d.begin(t, "bourg", d.uses(t, "bourg", server))
	nodes := []*mirror.Mirror{d.Mirror, mirror.New(d.options)}
	marc := servers.PersonByUID("marc.dupont")
	for n := range 4 {
		server.Modify(t, change(marc, "title", fmt.Sprint("Fonction ", n)))
		ran := make(chan error)
		for _, node := range nodes {
			go func() {
				run, err := node.Once(ctx, "bourg", "")
				if err == nil && run.Outcome != mirror.Done {
					err = fmt.Errorf("run = %s %+v", run.Outcome, run.Fault)
				}
				ran <- err
			}()
		}
		for range nodes {
			if err := <-ran; err != nil {
				t.Error(err)
			}
		}
		if total := d.total(t, "bourg"); total != len(servers.People())+1 {
			t.Fatalf("%d agents, want those of the server and the administrator", total)
		}
		if card := d.agent(t, "bourg", "dupont"); card.Function != fmt.Sprint("Fonction ", n) {
			t.Errorf("her function is %q after the change %d", card.Function, n)
		}
	}
	if lines := d.journal(t, "bourg", audit.DirectoryMirrored); len(lines) != 4 {
		t.Errorf("journal = %q, want a line a change", lines)
	}
}

// TestWhoWasClosedHereStaysClosed when the server opens her account again: it takes back
// its own word alone. The administrator is told.
func TestWhoWasClosedHereStaysClosed(t *testing.T) {
	marc := servers.PersonByUID("marc.dupont")
	lock, unlock := change(marc, "pwdAccountLockedTime", "000001010000Z"), "dn: "+marc.DN()+"\nchangetype: modify\ndelete: pwdAccountLockedTime\n"
	server := servers.LDAP(t)
	for name, c := range map[string]struct {
		story func(d *desk, card directory.Agent, server func(changes string))
		open  bool
		told  int
	}{
		"closed by the server alone": {func(_ *desk, _ directory.Agent, server func(string)) { server(lock) }, true, 0},
		"left while the server had her closed": {func(d *desk, card directory.Agent, server func(string)) {
			d.plans(t, card.ID)
			server(lock)
			d.departs(t, card.ID)
		}, false, 1},
		"opened by hand and closed again": {func(d *desk, card directory.Agent, server func(string)) {
			server(lock)
			must(t, d.store.ReopenAgent(context.Background(), d.admin["bourg"], card.ID, ""))
			time.Sleep(2 * time.Millisecond) // the moment of a closing is kept in milliseconds
			must(t, d.store.CloseAgent(context.Background(), d.admin["bourg"], card.ID, ""))
		}, false, 1},
		"left, and the server changes another thing": {func(d *desk, card directory.Agent, server func(string)) {
			d.plans(t, card.ID)
			d.departs(t, card.ID)
			server(change(marc, "title", fmt.Sprint("Adjoint ", time.Now().UnixNano())))
		}, false, 0},
		"left, and the server closes her and opens her again": {func(d *desk, card directory.Agent, server func(string)) {
			d.plans(t, card.ID)
			d.departs(t, card.ID)
			time.Sleep(2 * time.Millisecond)
			server(lock)
		}, true, 0},
		"a departure to come": {func(d *desk, card directory.Agent, server func(string)) {
			d.plans(t, card.ID)
			server(lock)
		}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, d := context.Background(), newDesk(t)
			server.Modify(t, change(marc, "pwdAccountLockedTime", "000001010000Z"))
			server.Modify(t, unlock)
			d.begin(t, "bourg", d.uses(t, "bourg", server))
			d.runs(t, "bourg", mirror.Done)
			card := d.agent(t, "bourg", "dupont")
			c.story(d, card, func(changes string) {
				server.Modify(t, changes)
				d.runs(t, "bourg", mirror.Done)
			})
			server.Modify(t, change(marc, "pwdAccountLockedTime", "000001010000Z")) // where it is already, the same
			server.Modify(t, unlock)
			run := d.runs(t, "bourg", mirror.Done)
			if found := got(d.store.People(ctx, d.admin["bourg"], directory.PeopleQuery{Text: "dupont"}))(t); (found.Total == 1) != c.open {
				t.Errorf("%d are open, want open %v", found.Total, c.open)
			}
			lines, total, err := d.Lines(ctx, d.admin["bourg"], mirror.LineQuery{Run: run.ID, Kind: mirror.Skip})
			must(t, err)
			if total != c.told || c.told > 0 && lines[0].Detail.Reason != "closed-here" {
				t.Errorf("lines = %+v, want %d that tell", lines, c.told)
			}
			if plan := got(d.store.Departure(ctx, d.admin["bourg"], card.ID))(t); name == "a departure to come" && (plan.ID == "" || !plan.Done.IsZero()) {
				t.Errorf("departure = %+v, want one that is still to come", plan)
			}
			if again := d.runs(t, "bourg", mirror.Done); again.Changed() {
				t.Errorf("a second run tells %v", again.Counts)
			}
			must(t, d.store.CloseAgent(ctx, d.admin["bourg"], card.ID, ""))
			must(t, d.store.ReopenAgent(ctx, d.admin["bourg"], card.ID, ""))
			d.runs(t, "bourg", mirror.Done)
			d.agent(t, "bourg", "dupont")
		})
	}
}

// plans says that an agent leaves at the end of tomorrow.
func (d *desk) plans(t testing.TB, agent portal.AgentID) {
	t.Helper()
	day := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	must(t, d.store.PlanDeparture(context.Background(), d.admin["bourg"], agent, directory.Departure{LastDay: day}, "", ""))
}

// departs lets the day of a departure be over.
func (d *desk) departs(t testing.TB, agent portal.AgentID) {
	t.Helper()
	ctx := context.Background()
	_, err := d.db.Exec(ctx, `UPDATE planned_departures SET last_day = '2020-01-01', due = 0 WHERE collectivity = 'bourg' AND agent = $1`, string(agent))
	must(t, err)
	if closed := got(directory.NewDepartures(d.store, slog.New(slog.DiscardHandler)).Step(ctx))(t); closed != 1 {
		t.Fatalf("%d left, want her", closed)
	}
}

// TestOnlyTheLastAdministratorIsSetAside: all the rest is written, and she is told of.
func TestOnlyTheLastAdministratorIsSetAside(t *testing.T) {
	ctx, d, server := context.Background(), newDesk(t), servers.LDAP(t)
	settings := d.uses(t, "bourg", server)
	settings.Units = mirror.UnitAttribute
	d.begin(t, "bourg", settings)
	d.runs(t, "bourg", mirror.Done)
	helene, marc := servers.PersonByUID("helene.daumas"), servers.PersonByUID("marc.dupont")
	card := d.agent(t, "bourg", "aumas")
	account := got(d.people.Admit(ctx, "bourg", sso.Profile{Key: helene.EntryUUID(), Login: helene.Mail, GivenName: "Hélène", FamilyName: "D'Aumas"}))(t)
	got(d.store.Give(ctx, d.admin["bourg"], directory.Given{Subject: portal.Subject{Kind: portal.TheUnit, ID: string(card.Unit)}, Right: portal.Admin}, ""))(t)
	must(t, d.store.SetRights(ctx, directory.Installation("bourg"), d.admin["bourg"].Agent, nil))
	d.admin["bourg"] = got(d.store.CallerFor(ctx, account, "bourg"))(t)
	server.Modify(t, change(marc, "title", "Adjoint")+"\n"+change(helene, "ou", "Culture"))
	run := d.runs(t, "bourg", mirror.Done)
	if d.agent(t, "bourg", "dupont").Function != "Adjoint" || d.agent(t, "bourg", "aumas").Unit != card.Unit {
		t.Error("the rest is not written, or the last administrator is moved")
	}
	lines, _, err := d.Lines(ctx, d.admin["bourg"], mirror.LineQuery{Run: run.ID, Kind: mirror.Skip})
	if must(t, err); len(lines) != 1 || lines[0].Name != card.Name() || lines[0].Detail.Reason != "last-admin-stays" {
		t.Errorf("lines = %+v, want one that tells of her", lines)
	}
	// Alone, she is told of too, once.
	server.Modify(t, change(helene, "ou", "Finances"))
	d.runs(t, "bourg", mirror.Done)
	server.Modify(t, change(helene, "pwdAccountLockedTime", "000001010000Z"))
	for range 3 {
		d.runs(t, "bourg", mirror.Done)
	}
	runs := got(d.Runs(ctx, d.admin["bourg"]))(t)
	if len(runs) != 3 || runs[0].Counts[mirror.Skip] == 0 {
		t.Errorf("runs = %+v, want the first, the one that set her aside and the one that kept her open", runs)
	}
	// Another one governs by now, and she is closed as her server says.
	must(t, d.store.SetRights(ctx, directory.Installation("bourg"), d.agent(t, "bourg", "dupont").ID, []portal.Right{portal.Admin}))
	got(d.people.Admit(ctx, "bourg", sso.Profile{Key: marc.EntryUUID(), Login: marc.Mail, GivenName: "Marc", FamilyName: "Dupont"}))(t)
	if run := d.runs(t, "bourg", mirror.Done); run.Leaving() != 1 {
		t.Errorf("counts = %v, want her departure", run.Counts)
	}
}
