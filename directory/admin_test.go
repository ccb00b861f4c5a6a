package directory_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
)

// appoint makes an agent one, and returns her as she asks.
func (tw *town) appoint(t testing.TB, who portal.Caller) portal.Caller {
	t.Helper()
	ctx := context.Background()
	must(t, tw.SetRights(ctx, directory.Installation(who.Collectivity), who.Agent, []portal.Right{portal.Admin}))
	return got(tw.CallerFor(ctx, who.Account, who.Collectivity))(t)
}

// TestAdministrationStaysInItsCollectivity: the administrator of another sees and
// changes nothing.
func TestAdministrationStaysInItsCollectivity(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.luc)
	must(t, tw.AddMember(ctx, directory.Installation("bourg"), "encadrants", tw.anne.Agent))
	_, enrolled := tw.Enrolled(ctx, admin, tw.anne.Agent)
	_, leaving := tw.Leaving(ctx, admin, tw.anne.Agent)
	for operation, err := range map[string]error{
		"read": enrolled, "foresee": leaving,
		"close":  tw.CloseAgent(ctx, admin, tw.anne.Agent, ""),
		"reopen": tw.ReopenAgent(ctx, admin, tw.anne.Agent, ""),
		"group":  tw.ChangeGroups(ctx, admin, tw.anne.Agent, nil, []portal.GroupID{"encadrants"}, ""),
		"change": tw.ChangeAgent(ctx, admin, directory.Agent{}, directory.Agent{ID: tw.anne.Agent, FamilyName: "x"}, ""),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("agglo's administrator may %s bourg's agent: %v, want ErrNotFound", operation, err)
		}
	}
	for _, agent := range got(tw.RosterAfter(ctx, admin, directory.RosterQuery{}, nil, 100))(t) {
		if agent.ID == tw.anne.Agent {
			t.Error("bourg's agent is in agglo's file")
		}
	}
	for _, group := range got(tw.GroupsOf(ctx, admin, tw.anne.Agent))(t) {
		if group.In {
			t.Errorf("bourg's agent is shown in agglo's %s", group.Name)
		}
	}
	typed := got(tw.Enrolled(ctx, admin, tw.luc.Agent))(t).Agent
	shown := typed
	typed.Manager = tw.anne.Agent
	wantFields(t, tw.ChangeAgent(ctx, admin, shown, typed, ""), "manager")
	if caller := got(tw.CallerFor(ctx, tw.anne.Account, "bourg"))(t); !caller.In("encadrants") {
		t.Error("bourg's agent lost her group")
	}
}

func TestOnlyAnAdministratorAdministers(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	_, enrolled := tw.Enrolled(ctx, tw.anne, tw.anne.Agent)
	_, leaving := tw.Leaving(ctx, tw.anne, tw.anne.Agent)
	_, groups := tw.GroupsOf(ctx, tw.anne, tw.anne.Agent)
	_, file := tw.RosterAfter(ctx, tw.anne, directory.RosterQuery{}, nil, 1)
	for operation, err := range map[string]error{
		"read": enrolled, "foresee": leaving, "list groups": groups, "export": file,
		"reopen": tw.ReopenAgent(ctx, tw.anne, tw.anne.Agent, ""),
		"group":  tw.ChangeGroups(ctx, tw.anne, tw.anne.Agent, []portal.GroupID{"encadrants"}, nil, ""),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", operation, err)
		}
	}
}

// TestAnAdministratorIsAlwaysLeft: two who close each other at once don't both
// succeed.
func TestAnAdministratorIsAlwaysLeft(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	anne := tw.appoint(t, tw.anne)
	if err := tw.CloseAgent(ctx, anne, anne.Agent, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("the last administrator closed herself: %v", err)
	}
	if !got(tw.Leaving(ctx, anne, anne.Agent))(t).Last {
		t.Error("the last administrator isn't told so")
	}
	zoe := tw.appoint(t, tw.both)
	if got(tw.Leaving(ctx, anne, anne.Agent))(t).Last {
		t.Error("one of two administrators is said to be the last")
	}
	operator := portal.Caller{Account: "p", Rights: []portal.Right{portal.OperatePool}}
	must(t, tw.SetAccountActive(ctx, operator, zoe.Account, false))
	if err := tw.CloseAgent(ctx, zoe, anne.Agent, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("closed, and the other one cannot sign in: %v", err)
	}
	must(t, tw.SetAccountActive(ctx, operator, zoe.Account, true))
	var both sync.WaitGroup
	results := make([]error, 2)
	for i, pair := range [][2]portal.Caller{{anne, zoe}, {zoe, anne}} {
		both.Go(func() { results[i] = tw.CloseAgent(ctx, pair[0], pair[1].Agent, "") })
	}
	both.Wait()
	refused := 0
	for _, err := range results {
		if errors.Is(err, portal.ErrConflict) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d of two closings refused, want 1: %v", refused, results)
	}
}

func TestAClosingIsUndoneForThirtyDays(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	must(t, h.AddMember(ctx, admin, "encadrants", h.anne.Agent))
	must(t, h.SetRights(ctx, admin, h.anne.Agent, []portal.Right{portal.EditNews}))
	before := got(h.CallerFor(ctx, h.anne.Account, "bourg"))(t)
	for _, c := range []struct {
		days int
		want portal.Caller
	}{{29, before}, {31, portal.Caller{Account: before.Account, Agent: before.Agent, Collectivity: "bourg", Unit: before.Unit, Units: before.Units}}} {
		must(t, h.CloseAgent(ctx, admin, h.anne.Agent, ""))
		must(t, h.CloseAgent(ctx, admin, h.anne.Agent, "")) // a button pressed twice
		if _, err := h.CallerFor(ctx, h.anne.Account, "bourg"); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("a closed agent enters: %v", err)
		}
		got(h.db.Exec(ctx, `UPDATE agents SET closed = closed - $1 WHERE id = $2`, int64(c.days)*24*time.Hour.Milliseconds(), string(h.anne.Agent)))(t)
		must(t, h.ReopenAgent(ctx, admin, h.anne.Agent, ""))
		if diff := cmp.Diff(c.want, got(h.CallerFor(ctx, h.anne.Account, "bourg"))(t)); diff != "" {
			t.Errorf("after %d days (-want +got):\n%s", c.days, diff)
		}
	}
	var closed, reopened int
	must(t, h.db.QueryRow(ctx, `SELECT COALESCE(SUM(CASE WHEN action = $1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN action = $2 THEN 1 ELSE 0 END), 0)
		FROM audit_lines WHERE collectivity = 'bourg'`, string(audit.AgentClosed), string(audit.AgentReopened)).Scan(&closed, &reopened))
	if closed != 2 || reopened != 2 {
		t.Errorf("the journal tells of %d closings and %d reopenings, want 2 and 2", closed, reopened)
	}
}

// TestTheSecondAdministratorIsToldWhatTheFirstChanged, and loses nothing of what
// she typed.
func TestTheSecondAdministratorIsToldWhatTheFirstChanged(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.both)
	shown := got(tw.Enrolled(ctx, admin, tw.anne.Agent))(t).Agent
	first, second := shown, shown
	first.Function, first.Office = "Officière d’état civil", "Bureau 14"
	second.Function, second.Mobile = "Référente élections", "06 39 98 01 24"
	must(t, tw.ChangeAgent(ctx, admin, shown, first, "192.0.2.1"))
	var other directory.Meanwhile
	if err := tw.ChangeAgent(ctx, admin, shown, second, ""); !errors.As(err, &other) || !errors.Is(err, portal.ErrConflict) {
		t.Fatalf("the second change: %v, want a conflict", err)
	}
	if other.By != admin.Agent || other.At.IsZero() || !slices.Equal(other.Fields, []string{"function", "office"}) {
		t.Errorf("told of %+v", other)
	}
	merged, both := other.Merge(shown, second)
	if merged.Function != second.Function || merged.Mobile != second.Mobile || merged.Office != first.Office || !slices.Equal(both, []string{"function"}) {
		t.Errorf("the form holds %+v, both wrote %v", merged, both)
	}
	must(t, tw.ChangeAgent(ctx, admin, other.Now, merged, ""))
	card := got(tw.Enrolled(ctx, admin, tw.anne.Agent))(t)
	if card.Agent != merged {
		t.Errorf("card (-want +got):\n%s", cmp.Diff(merged, card.Agent))
	}
}

func TestNobodyManagesHerManager(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	manage := func(agent, manager portal.AgentID) error {
		shown := got(tw.Enrolled(ctx, admin, agent))(t).Agent
		typed := shown
		typed.Manager = manager
		return tw.ChangeAgent(ctx, admin, shown, typed, "")
	}
	marc := got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Dupont", Manager: tw.anne.Agent}))(t)
	must(t, manage(tw.anne.Agent, tw.both.Agent))
	wantFields(t, manage(tw.both.Agent, marc), "manager")
	wantFields(t, manage(marc, marc), "manager")
	wantFields(t, manage(marc, "nobody"), "manager")
	must(t, manage(marc, ""))
	must(t, manage(tw.both.Agent, marc))
}

func TestTheRosterIsNarrowedByServiceAndBelow(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	got(tw.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}))(t)
	got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Dupont", Unit: "voirie"}))(t)
	for unit, want := range map[portal.UnitID]int{"": 3, "technique": 2, "voirie": 1, "nowhere": 0} {
		if roster := got(tw.Roster(ctx, admin, directory.RosterQuery{Unit: unit}))(t); roster.Total != want {
			t.Errorf("in %q: %d, want %d", unit, roster.Total, want)
		}
	}
}

// table reads a file that the pages gave.
func table(t testing.TB, body string) [][]string {
	t.Helper()
	rest, marked := strings.CutPrefix(body, "\ufeff")
	if !marked {
		t.Error("the file has no mark of UTF-8")
	}
	reader := csv.NewReader(strings.NewReader(rest))
	reader.Comma = ';'
	return got(reader.ReadAll())(t)
}

func TestTheRosterIsExportedWhole(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	h.appoint(t, h.anne)
	must(t, h.AddMember(ctx, admin, "encadrants", h.anne.Agent))
	for i := range 1100 {
		got(h.CreateAgent(ctx, admin, directory.Agent{FamilyName: fmt.Sprintf("Nom%d", i%600), Function: "=1+1", Mobile: "+33 6 39 98 01 24", Manager: h.anne.Agent}))(t)
	}
	browser := h.as(t, h.anne)
	whole := browser.post("/admin/agents.csv", nil)
	whole.want(t, http.StatusOK)
	rows := table(t, whole.body)
	if len(rows) != 1103 {
		t.Errorf("%d rows, want a head and 1,102 agents", len(rows))
	}
	dupont := rows[len(rows)-3] // before Petit
	if !slices.Equal(dupont, []string{"Nom99", "", "Agent", "'=1+1", "", "Anne-Élodie L’Hénoret", "", "", "'+33 6 39 98 01 24", "", "", "Fiche sans compte", ""}) {
		t.Errorf("row = %q", dupont)
	}
	some := table(t, browser.post("/admin/agents.csv?q=henoret&unit=technique&state=never", nil).body)
	if len(some) != 2 || some[1][10] != "Encadrants" || some[1][12] != "anne@bourg.example" {
		t.Errorf("what is filtered = %q", some)
	}
}

// TestARefusedCardKeepsWhatWasTyped, with the sentence at its field.
func TestARefusedCardKeepsWhatWasTyped(t *testing.T) {
	h := newHouse(t)
	h.appoint(t, h.anne)
	browser, path := h.as(t, h.anne), "/admin/agents/"+string(h.both.Agent)
	form := h.cardForm(t, h.both.Agent)
	form.Set("family_name", "")
	form.Set("phone", "appelez-moi")
	refused := browser.post(path, form)
	refused.want(t, http.StatusUnprocessableEntity, `id="family_name-error"`, `id="phone-error"`, `value="appelez-moi"`, `href="#phone"`)
	form.Set("family_name", "Petit")
	form.Set("phone", "02 61 91 01 43")
	form.Set("manager", "personne")
	form.Set("mobile", "non")
	browser.post(path, form).want(t, http.StatusUnprocessableEntity, `id="manager-error"`, `value="personne"`, `id="mobile-error"`, "02 61 91 01 43")
	form.Set("mobile", "")
	form.Set("manager", "henoret")
	form.Set("kind", "elected")
	if saved := browser.post(path, form); saved.status != http.StatusSeeOther || saved.location != path {
		t.Fatalf("saved: %d to %q\n%s", saved.status, saved.location, saved.body)
	}
	card := got(h.Enrolled(context.Background(), directory.Installation("bourg"), h.both.Agent))(t)
	if card.Phone != "02 61 91 01 43" || card.Manager != h.anne.Agent || card.Kind != directory.Elected {
		t.Errorf("card = %+v", card.Agent)
	}
	form.Set("function", "Secrétaire")
	browser.post(path, form).want(t, http.StatusConflict, "a modifié cette fiche entre-temps", `value="Secrétaire"`, "responsable")
}

// cardForm is what the page of an agent would send unchanged.
func (h *house) cardForm(t testing.TB, id portal.AgentID) url.Values {
	t.Helper()
	page := h.as(t, h.anne).get("/admin/agents/" + string(id)).body
	_, rest, _ := strings.Cut(page, `name="was" value="`)
	was, _, _ := strings.Cut(rest, `"`)
	form := got(url.ParseQuery(strings.ReplaceAll(was, "&amp;", "&")))(t)
	form.Set("was", strings.ReplaceAll(was, "&amp;", "&"))
	return form
}

// TestAnAgentIsClosedAndReopenedFromHerPage, once the page has said what follows.
func TestAnAgentIsClosedAndReopenedFromHerPage(t *testing.T) {
	h := newHouse(t)
	h.appoint(t, h.anne)
	must(t, h.AddMember(context.Background(), directory.Installation("bourg"), "encadrants", h.both.Agent))
	browser, path := h.as(t, h.anne), "/admin/agents/"+string(h.both.Agent)
	her := h.as(t, h.both)
	browser.get(path+"/close").want(t, http.StatusOK, "mots de passe d’application", "Encadrants", "trente jours")
	browser.get("/admin/agents/"+string(h.anne.Agent)+"/close").want(t, http.StatusOK, "Il ne resterait personne")
	if home := her.get("/"); home.status != http.StatusOK {
		t.Fatalf("before: %d", home.status)
	}
	browser.post(path+"/close", nil).want(t, http.StatusSeeOther)
	if home := her.get("/"); home.status == http.StatusOK && strings.Contains(home.body, "in bourg") {
		t.Error("a closed agent still enters")
	}
	browser.get(path).want(t, http.StatusOK, "Fiche fermée", "Rouvrir")
	browser.post(path+"/reopen", nil).want(t, http.StatusSeeOther)
	browser.get("/admin/agents?state=closed").want(t, http.StatusOK, "Aucun agent n’est dans ce cas")
	browser.post("/admin/agents/"+string(h.anne.Agent)+"/close", nil).want(t, http.StatusSeeOther)
	browser.get("/admin/agents").want(t, http.StatusOK, "Il ne resterait personne")
}

// TestGroupsThatNobodyTickedStay: only what changed since the page was shown is
// written.
func TestGroupsThatNobodyTickedStay(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	h.appoint(t, h.anne)
	got(h.CreateGroup(ctx, admin, directory.Group{ID: "accueil", Name: "Accueil"}))(t)
	must(t, h.AddMember(ctx, admin, "accueil", h.both.Agent)) // by another, once the page was shown
	path := "/admin/agents/" + string(h.both.Agent) + "/groups"
	h.as(t, h.anne).post(path, url.Values{"was": {""}, "groups": {"encadrants"}}).want(t, http.StatusSeeOther)
	caller := got(h.CallerFor(ctx, h.both.Account, "bourg"))(t)
	if !caller.In("accueil") || !caller.In("encadrants") {
		t.Errorf("groups = %v", caller.Groups)
	}
	h.as(t, h.anne).post(path, url.Values{"was": {"encadrants accueil"}, "groups": {"nowhere", "encadrants"}}).want(t, http.StatusSeeOther)
	if caller := got(h.CallerFor(ctx, h.both.Account, "bourg"))(t); !caller.In("accueil") {
		t.Error("half of a refused change was written")
	}
}
