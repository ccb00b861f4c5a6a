package api_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/api"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// program asks the API for a person.
type program struct {
	t      testing.TB
	client *servertest.Client
	basic  string
}

// programOf gives a person a program with some scopes.
func programOf(t testing.TB, p *servertest.Portal, login string, in portal.CollectivityID, scopes ...portal.Scope) program {
	t.Helper()
	password, err := p.SSO.AppPasswords.Create(t.Context(), p.Caller(login, in), sso.AppPassword{
		Name: "Paie", Scopes: scopes, Ends: time.Now().AddDate(0, 6, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return program{t, p.Anonymous(), "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))}
}

// ask sends a request and returns the answer, whose body is decoded into out when it is not nil.
func (p program) ask(method, path, body string, out any, headers ...string) servertest.Answer {
	p.t.Helper()
	headers = append(headers, "Authorization", p.basic)
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	answer := p.client.Do(method, api.Prefix+path, strings.NewReader(body), headers...)
	if out != nil {
		if err := json.Unmarshal([]byte(answer.Body), out); err != nil {
			p.t.Fatalf("%s %s: %v: %s", method, path, err, answer.Body)
		}
	}
	return answer
}

var all = portal.AdministrativeScopes

// towns are two collectivities with an administrator each, and one thing of each kind.
type towns struct {
	*servertest.Portal
	bourg, agglo program
	agent        portal.AgentID // of bourg, as are the others
	unit         portal.UnitID
	group        portal.GroupID
	right        string
}

func newTowns(t testing.TB) *towns {
	t.Helper()
	p := servertest.New(t)
	tw := &towns{Portal: p}
	tw.bourg, tw.agglo = programOf(t, p, "admin@bourg.example", "bourg", all...), programOf(t, p, "admin@agglo.example", "agglo", all...)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	tw.unit, err = p.Directory.AddUnit(ctx, admin, directory.Unit{Name: "Voirie"}, "")
	must(err)
	tw.group, err = p.Directory.AddGroup(ctx, admin, "Astreinte", "")
	must(err)
	tw.agent, err = p.Directory.AddAgent(ctx, admin, directory.Agent{GivenName: "Zoé", FamilyName: "Abel", Unit: tw.unit}, "")
	must(err)
	tw.right, err = p.Directory.Give(ctx, admin, directory.Given{Right: portal.EditNews, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(tw.agent)}}, "")
	must(err)
	return tw
}

// named are all operations about the things of bourg.
func (tw *towns) named() [][3]string {
	agent, unit, group := "/agents/"+string(tw.agent), "/units/"+string(tw.unit), "/groups/"+string(tw.group)
	return [][3]string{
		{"GET", agent, ""},
		{"PATCH", agent, `{"function":"Intruse"}`},
		{"POST", agent + "/close", ""},
		{"POST", agent + "/reopen", ""},
		{"PATCH", unit, `{"name":"Intruse"}`},
		{"DELETE", unit, ""},
		{"PATCH", group, `{"name":"Intruse"}`},
		{"GET", group + "/members", ""},
		{"PUT", group + "/members/" + string(tw.agent), ""},
		{"DELETE", group + "/members/" + string(tw.agent), ""},
		{"DELETE", group, ""},
		{"DELETE", "/rights/" + tw.right, ""},
	}
}

var lists = []string{"/agents", "/units", "/groups", "/rights", "/journal"}

func TestTheAPIOfAnotherFindsNothing(t *testing.T) {
	tw := newTowns(t)
	for _, path := range lists {
		if got := tw.agglo.ask("GET", path, "", nil); got.Status != 200 || strings.Contains(got.Body, string(tw.agent)) ||
			strings.Contains(got.Body, string(tw.unit)) || strings.Contains(got.Body, "Astreinte") || strings.Contains(got.Body, tw.right) {
			t.Errorf("GET %s of another collectivity: %d %s", path, got.Status, got.Body)
		}
	}
	for _, one := range tw.named() {
		if got := tw.agglo.ask(one[0], one[1], one[2], nil); got.Status != 404 {
			t.Errorf("%s %s of another collectivity: %d %s", one[0], one[1], got.Status, got.Body)
		}
	}
	for name, body := range map[string]string{
		"unit of an agent":  `{"family_name":"X","unit":"` + string(tw.unit) + `"}`,
		"manager":           `{"family_name":"X","manager":"` + string(tw.agent) + `"}`,
		"subject of rights": `{"right":"news.edit","kind":"group","subject":"` + string(tw.group) + `"}`,
		"parent":            `{"name":"X","parent":"` + string(tw.unit) + `"}`,
	} {
		path := map[string]string{"subject of rights": "/rights", "parent": "/units"}[name]
		if path == "" {
			path = "/agents"
		}
		if got := tw.agglo.ask("POST", path, body, nil); got.Status != 422 {
			t.Errorf("%s of another collectivity: %d %s", name, got.Status, got.Body)
		}
	}
	var still api.Agent
	if tw.bourg.ask("GET", "/agents/"+string(tw.agent), "", &still); still.State != "listed" || still.Function != "" {
		t.Errorf("after it: %+v", still)
	}
}

// TestAProgramDoesWhatItsScopeSays asks everything with each scope.
func TestAProgramDoesWhatItsScopeSays(t *testing.T) {
	tw := newTowns(t)
	scopeOf := func(method, path string) portal.Scope {
		scope := portal.ScopeDirectory
		switch {
		case strings.HasPrefix(path, "/rights"):
			scope = portal.ScopeRights
		case path == "/journal":
			return portal.ScopeJournalRead
		}
		if method == "GET" {
			return scope.ReadOnly()
		}
		return scope
	}
	asked := tw.named()
	for _, path := range lists {
		asked = append(asked, [3]string{"GET", path, ""})
	}
	asked = append(asked, [3]string{"POST", "/agents", `{}`}, [3]string{"POST", "/units", `{}`}, [3]string{"POST", "/groups", `{}`}, [3]string{"POST", "/rights", `{}`})
	for _, held := range append(slices.Clone(portal.OwnScopes), all...) {
		with := programOf(t, tw.Portal, "admin@bourg.example", "bourg", held)
		for _, one := range asked {
			needed := scopeOf(one[0], one[1])
			path := strings.NewReplacer(string(tw.agent), "nobody", string(tw.unit), "nothing", string(tw.group), "nothing", tw.right, "nothing").Replace(one[1])
			got := with.ask(one[0], path, one[2], nil)
			if covered := held == needed || needed == held.ReadOnly(); covered == (got.Status == 403) {
				t.Errorf("%s %s with %s: %d %s", one[0], path, held, got.Status, got.Body)
			}
		}
	}
}

// TestAProgramDoesNoMoreThanItsPerson has one whose person lost her rights.
func TestAProgramDoesNoMoreThanItsPerson(t *testing.T) {
	tw := newTowns(t)
	tw.Hire(servertest.Person{Login: "bis@bourg.example", FamilyName: "Bis", Collectivities: []portal.CollectivityID{"bourg"}, Rights: []portal.Right{portal.Admin}})
	with := programOf(t, tw.Portal, "bis@bourg.example", "bourg", all...)
	bis := tw.Caller("bis@bourg.example", "bourg")
	if err := tw.Directory.SetRights(t.Context(), directory.Installation("bourg"), bis.Agent, nil); err != nil {
		t.Fatal(err)
	}
	asked := tw.named()
	for _, path := range lists {
		asked = append(asked, [3]string{"GET", path, ""})
	}
	asked = append(asked, [3]string{"POST", "/agents", `{"family_name":"X"}`}, [3]string{"POST", "/units", `{"name":"X"}`},
		[3]string{"POST", "/groups", `{"name":"X"}`}, [3]string{"POST", "/rights", `{"right":"admin","kind":"agent","subject":"` + string(bis.Agent) + `"}`})
	for _, one := range asked {
		if got := with.ask(one[0], one[1], one[2], nil); got.Status != 403 {
			t.Errorf("%s %s without right: %d %s", one[0], one[1], got.Status, got.Body)
		}
	}
	if err := tw.Directory.SetRights(t.Context(), directory.Installation("bourg"), bis.Agent, []portal.Right{portal.ManageAgents}); err != nil {
		t.Fatal(err)
	}
	if got := with.ask("PATCH", "/agents/"+string(tw.Caller("admin@bourg.example", "bourg").Agent), `{"function":"Rien"}`, nil); got.Status != 403 {
		t.Errorf("deciding about who may do more: %d %s", got.Status, got.Body)
	}
	if got := with.ask("PATCH", "/agents/"+string(bis.Agent), `{"function":"Chargée"}`, nil); got.Status != 200 {
		t.Errorf("her own card: %d %s", got.Status, got.Body)
	}
}

func TestWhoIsNotKnownIsToldHow(t *testing.T) {
	tw := newTowns(t)
	for name, with := range map[string]program{
		"nothing":          {t, tw.Anonymous(), ""},
		"a wrong password": {t, tw.Anonymous(), "Basic " + base64.StdEncoding.EncodeToString([]byte("admin@bourg.example:x"))},
		"her own password": {t, tw.Anonymous(), "Basic " + base64.StdEncoding.EncodeToString([]byte("admin@bourg.example:"+servertest.Password))},
		"her session":      {t, tw.As("admin@bourg.example"), ""},
	} {
		got := with.ask("GET", "/me", "", nil)
		if got.Status != 401 || !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Basic") || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("with %s: %d %v %s", name, got.Status, got.Header, got.Body)
		}
	}
}

func TestAPasswordThatAdministersEnds(t *testing.T) {
	tw := newTowns(t)
	reine, agent := tw.Caller("admin@bourg.example", "bourg"), tw.Caller("agent@bourg.example", "bourg")
	for name, c := range map[string]struct {
		caller portal.Caller
		ends   time.Time
		refuse string
	}{
		"never":       {reine, time.Time{}, "sso.error.app-ends-needed"},
		"two years":   {reine, time.Now().AddDate(2, 0, 0), "sso.error.app-ends-needed"},
		"a year":      {reine, time.Now().AddDate(1, 0, 0), ""},
		"of an agent": {agent, time.Now().AddDate(0, 1, 0), "sso.error.app-scope"},
	} {
		_, err := tw.SSO.AppPasswords.Create(t.Context(), c.caller, sso.AppPassword{Name: "x", Scopes: portal.Scopes{portal.ScopeDirectory}, Ends: c.ends})
		if c.refuse == "" && err != nil || c.refuse != "" && (err == nil || !strings.Contains(err.Error(), c.refuse)) {
			t.Errorf("%s: %v, want %q", name, err, c.refuse)
		}
	}
}

func TestAnAgentComesChangesAndLeaves(t *testing.T) {
	tw := newTowns(t)
	var zoe api.Agent
	made := tw.bourg.ask("POST", "/agents", `{"family_name":"Petit","given_name":"Zoé","unit":"`+string(tw.unit)+`","phone":"02 61 91 01 42"}`, &zoe)
	if made.Status != 201 || made.Header.Get("Location") != api.Prefix+"/agents/"+zoe.ID || zoe.Kind != "agent" || zoe.State != "listed" {
		t.Fatalf("created: %d %v %+v", made.Status, made.Header, zoe)
	}
	old := made.Header.Get("ETag")
	var changed api.Agent
	now := tw.bourg.ask("PATCH", "/agents/"+zoe.ID, `{"function":"Cheffe de la voirie"}`, &changed, "If-Match", old)
	if now.Status != 200 || changed.Function != "Cheffe de la voirie" || changed.Phone != zoe.Phone || now.Header.Get("ETag") == old {
		t.Errorf("changed: %d %+v", now.Status, changed)
	}
	if got := tw.bourg.ask("PATCH", "/agents/"+zoe.ID, `{"function":"Autre"}`, nil, "If-Match", old); got.Status != 412 {
		t.Errorf("over what was read before: %d %s", got.Status, got.Body)
	}
	var closed, back api.Agent
	tw.bourg.ask("POST", "/agents/"+zoe.ID+"/close", "", &closed)
	tw.bourg.ask("POST", "/agents/"+zoe.ID+"/reopen", "", &back)
	if closed.State != "closed" || closed.Closed == nil || back.State != "listed" || back.Closed != nil {
		t.Errorf("closed %+v, back %+v", closed, back)
	}
	var journal api.LineList
	tw.bourg.ask("GET", "/journal?limit=4", "", &journal)
	var actions []string
	for _, line := range journal.Lines {
		actions = append(actions, line.Action)
	}
	if want := []string{"agent.reopened", "agent.closed", "agent.changed", "agent.created"}; !slices.Equal(actions, want) {
		t.Errorf("journal = %v, want %v", actions, want)
	}
	if who := tw.Caller("admin@bourg.example", "bourg").Agent; journal.Lines[0].Agent != string(who) || journal.Next == "" {
		t.Errorf("line %+v of %s, next %q", journal.Lines[0], who, journal.Next)
	}
}

func TestAListIsReadInPages(t *testing.T) {
	tw := newTowns(t)
	var whole, page api.AgentList
	tw.bourg.ask("GET", "/agents", "", &whole)
	var ids []string
	for path, rounds := "/agents?limit=2", 0; path != "" && rounds < 100; rounds++ {
		page = api.AgentList{}
		tw.bourg.ask("GET", path, "", &page)
		for _, agent := range page.Agents {
			ids = append(ids, agent.ID)
		}
		if path = ""; page.Next != "" {
			path = "/agents?limit=2&after=" + page.Next
		}
	}
	var want []string
	for _, agent := range whole.Agents {
		want = append(want, agent.ID)
	}
	if len(want) < 5 || !slices.Equal(ids, want) {
		t.Errorf("in pages %v, at once %v", ids, want)
	}
	page = api.AgentList{}
	if tw.bourg.ask("GET", "/agents?q=abel&unit="+string(tw.unit)+"&state=listed", "", &page); len(page.Agents) != 1 {
		t.Errorf("found %+v", page)
	}
}

func TestUnitsGroupsAndRights(t *testing.T) {
	tw := newTowns(t)
	var unit api.Unit
	tw.bourg.ask("POST", "/units", `{"name":"Fauche","parent":"`+string(tw.unit)+`"}`, &unit)
	if got := tw.bourg.ask("PATCH", "/units/"+string(tw.unit), `{"parent":"`+unit.ID+`"}`, nil); got.Status != 422 || !strings.Contains(got.Body, "body.parent") {
		t.Errorf("a loop of units: %d %s", got.Status, got.Body)
	}
	if got := tw.bourg.ask("DELETE", "/units/"+string(tw.unit), "", nil); got.Status != 409 {
		t.Errorf("a unit with people: %d %s", got.Status, got.Body)
	}
	if got := tw.bourg.ask("DELETE", "/units/"+unit.ID, "", nil); got.Status != 204 || got.Body != "" {
		t.Errorf("an empty unit: %d %s", got.Status, got.Body)
	}
	member := "/groups/" + string(tw.group) + "/members"
	for range 2 { // twice is once
		if got := tw.bourg.ask("PUT", member+"/"+string(tw.agent), "", nil); got.Status != 204 {
			t.Errorf("a member: %d %s", got.Status, got.Body)
		}
	}
	var members api.MemberList
	if tw.bourg.ask("GET", member, "", &members); members.Total != 1 || members.Members[0].Name != "Zoé Abel" {
		t.Errorf("members %+v", members)
	}
	var rights api.RightList
	if tw.bourg.ask("GET", "/rights", "", &rights); len(rights.Rights) < 2 || !slices.ContainsFunc(rights.Rights, func(r api.Right) bool { return r.ID == tw.right && r.Right == "news.edit" }) {
		t.Errorf("rights %+v", rights)
	}
	if got := tw.bourg.ask("DELETE", "/rights/"+tw.right, "", nil); got.Status != 204 {
		t.Errorf("a right taken: %d %s", got.Status, got.Body)
	}
	for _, right := range rights.Rights {
		if right.Right == "admin" {
			if got := tw.bourg.ask("DELETE", "/rights/"+right.ID, "", nil); got.Status != 409 {
				t.Errorf("the last administrator: %d %s", got.Status, got.Body)
			}
		}
	}
}

// TestARefusalIsASentence reads it in both languages.
func TestARefusalIsASentence(t *testing.T) {
	tw := newTowns(t)
	for language, want := range map[string]string{"fr-FR": "Un champ est refusé", "en": "One field is refused"} {
		var problem struct {
			Status int
			Detail string
			Errors []struct{ Location, Message string }
		}
		got := tw.bourg.ask("POST", "/agents", `{"family_name":"Petit","email":"pas une adresse"}`, &problem, "Accept-Language", language)
		if got.Status != 422 || problem.Status != 422 || !strings.HasPrefix(problem.Detail, want) || len(problem.Errors) != 1 || problem.Errors[0].Location != "body.email" ||
			!strings.HasSuffix(problem.Errors[0].Message, ".") {
			t.Errorf("%s: %d %s", language, got.Status, got.Body)
		}
	}
}

// TestWhatNoStoreHoldsIsRefused: PostgreSQL has no text with an octet 0.
func TestWhatNoStoreHoldsIsRefused(t *testing.T) {
	tw := newTowns(t)
	for _, one := range [][3]string{
		{"GET", "/journal?action=x%00y", ""},
		{"GET", "/agents?unit=%00", ""},
		{"GET", "/agents?q=%FF", ""},
		{"POST", "/agents", `{"family_name":"Petit","unit":"x\u0000y"}`},
		{"POST", "/rights", `{"right":"admin","kind":"agent","subject":"\u0000"}`},
		{"PATCH", "/units/" + string(tw.unit), `{"parent":"\u0000"}`},
	} {
		if got := tw.bourg.ask(one[0], one[1], one[2], nil); got.Status != 422 || !strings.Contains(got.Body, "caractères") {
			t.Errorf("%s %s %s: %d %s", one[0], one[1], one[2], got.Status, got.Body)
		}
	}
	if got := tw.bourg.ask("POST", "/groups", `{"name":"`+strings.Repeat("é", 40_000)+`"}`, nil); got.Status != 413 {
		t.Errorf("a body that is too long: %d %.200s", got.Status, got.Body)
	}
}

var write = flag.Bool("write", false, "write docs/openapi.json anew")

// TestTheDocumentSaysWhatIsServed compares docs/openapi.json: go test ./directory/api -run Document -write
func TestTheDocumentSaysWhatIsServed(t *testing.T) {
	const name = "../../docs/openapi.json"
	p := servertest.New(t)
	served := []byte(p.Anonymous().Get(api.Prefix+"/openapi.json").Want(t, http.StatusOK).Body)
	if *write {
		if err := os.WriteFile(name, append(served, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(kept), served) {
		t.Error("docs/openapi.json is not what is served: go test ./directory/api -run Document -write")
	}
}

// TestAProgramGovernsItsWebhooks as its administrator would, and no other town's.
func TestAProgramGovernsItsWebhooks(t *testing.T) {
	tw := newTowns(t)
	reader := programOf(t, tw.Portal, "admin@bourg.example", "bourg", portal.ScopeDirectory, portal.ScopeWebhooksRead)
	reader.ask("POST", "/webhooks", `{"address": "https://127.0.0.1/", "label": "Paie"}`, nil).Want(t, http.StatusForbidden)
	tw.bourg.ask("POST", "/webhooks", `{"address": "http://paie.example/", "label": ""}`, nil).Want(t, http.StatusUnprocessableEntity)
	var made api.WebhookMade
	added := tw.bourg.ask("POST", "/webhooks", `{"address": "https://127.0.0.1/", "label": "Paie", "kinds": ["agent.closed"]}`, &made).Want(t, http.StatusCreated)
	if !strings.HasPrefix(made.Secret, "whsec_") || made.State != "on" || added.Header.Get("Location") != api.Prefix+"/webhooks/"+made.ID {
		t.Errorf("made %+v", made)
	}
	path := "/webhooks/" + made.ID
	for method, at := range map[string][]string{
		"GET": {path, path + "/deliveries"}, "DELETE": {path},
		"POST": {path + "/pause", path + "/resume", path + "/restore", path + "/rotate", path + "/try", path + "/deliveries/x/resend"},
	} {
		for _, one := range at {
			tw.agglo.ask(method, one, "", nil).Want(t, http.StatusNotFound)
		}
	}
	tw.agglo.ask("PUT", path, `{"address": "https://127.0.0.1/", "label": "Paie"}`, nil).Want(t, http.StatusNotFound)
	reader.ask("GET", path, "", nil).Want(t, http.StatusOK)
	var tried struct {
		Taken  bool
		Answer string
	}
	tw.bourg.ask("POST", path+"/try", "", &tried).Want(t, http.StatusOK)
	if tried.Taken || !strings.Contains(tried.Answer, "réseau") {
		t.Errorf("tried an address inside: %+v", tried)
	}
	var told api.DeliveryList
	if reader.ask("GET", path+"/deliveries?state=lost", "", &told).Want(t, http.StatusOK); len(told.Deliveries) != 1 || told.Deliveries[0].Type != "webhook.test" {
		t.Errorf("deliveries %+v", told)
	}
	var again struct{ Secret string }
	if tw.bourg.ask("POST", path+"/rotate", "", &again).Want(t, http.StatusOK); again.Secret == made.Secret || again.Secret == "" {
		t.Error("the secret is the same")
	}
	var now api.Webhook
	if tw.bourg.ask("POST", path+"/pause", "", &now).Want(t, http.StatusOK); now.State != "off" {
		t.Errorf("paused: %+v", now)
	}
	tw.bourg.ask("DELETE", path, "", nil).Want(t, http.StatusNoContent)
	tw.bourg.ask("GET", path, "", nil).Want(t, http.StatusNotFound)
	if tw.bourg.ask("POST", path+"/restore", "", &now).Want(t, http.StatusOK); now.State != "off" {
		t.Errorf("what was paused when it was removed is restored: %+v", now)
	}
	if tw.bourg.ask("POST", path+"/resume", "", &now).Want(t, http.StatusOK); now.State != "on" || now.Waiting != 1 {
		t.Errorf("resumed: %+v", now)
	}
	var document struct {
		Webhooks map[string]struct {
			Post struct{ Description string }
		}
	}
	if err := json.Unmarshal([]byte(tw.Anonymous().Get(api.Prefix+"/openapi.json").Body), &document); err != nil {
		t.Fatal(err)
	}
	for _, kind := range slices.Concat(outbox.Kinds, []outbox.Kind{outbox.DirectoryChanged, outbox.Test}) {
		if document.Webhooks[string(kind)].Post.Description == "" {
			t.Errorf("%s is not described", kind)
		}
	}
}

// TestAnOperatorsProgramOpensACollectivity, which no other program does, all or nothing.
func TestAnOperatorsProgramOpensACollectivity(t *testing.T) {
	tw := newTowns(t)
	account, err := tw.Directory.AccountByLogin(t.Context(), "admin@agglo.example")
	if err == nil {
		err = tw.Directory.GrantPool(t.Context(), account.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	operator := programOf(t, tw.Portal, "admin@agglo.example", "agglo", portal.ScopePool)
	const meung = `{"insee": "45203", "domains": ["meung.example"], "template": "commune", "applications": [{"name": "Cadastre", "url": "https://cadastre.example/"}],
		"administrator": {"given_name": "Odile", "family_name": "Perrin", "address": "odile@meung.example", "hand": true}}`
	tw.bourg.ask("POST", "/collectivities", meung, nil).Want(t, http.StatusForbidden)
	for body, want := range map[string]string{
		`{"insee": "45203"}`: "administrator",
		`{"insee": "45203", "administrator": {"given_name": "O", "family_name": "P", "address": "x"}}`:                                         "body.address",
		`{"administrator": {"given_name": "O", "family_name": "P", "address": "o@meung.example"}}`:                                             "",
		`{"insee": "45203", "domains": ["bourg.example"], "administrator": {"given_name": "O", "family_name": "P", "address": "o@a.example"}}`: "body.domains",
		`{"insee": "45203", "template": "nothing", "administrator": {"given_name": "O", "family_name": "P", "address": "o@meung.example"}}`:    "body.template",
		`{"insee": "45203", "webmail": "ftp://x", "administrator": {"given_name": "O", "family_name": "P", "address": "o@meung.example"}}`:     "body.webmail",
		`{"name": "Syndicat du Val", "administrator": {"given_name": "O", "family_name": "P", "address": "o@val.example"}}`:                    "body.kind",
		`{"insee": "45203", "id": "bourg", "administrator": {"given_name": "O", "family_name": "P", "address": "o@meung.example"}}`:            "body.id",
	} {
		if answer := operator.ask("POST", "/collectivities", body, nil).Want(t, http.StatusUnprocessableEntity); !strings.Contains(answer.Body, want) {
			t.Errorf("%s: the refusal does not speak of %s: %s", body, want, answer.Body)
		}
	}
	var opened api.OpenedCollectivity
	operator.ask("POST", "/collectivities", meung, &opened).Want(t, http.StatusCreated)
	if opened.ID != "meung-sur-loire" || opened.Kind != "commune" || !strings.HasPrefix(opened.Link, tw.URL) {
		t.Errorf("opened %+v", opened)
	}
	operator.ask("POST", "/collectivities", meung, nil).Want(t, http.StatusUnprocessableEntity)
	siren := `{"name": "Syndicat du Val", "kind": "syndicat", "siren": "214502031", "administrator": {"given_name": "O", "family_name": "P", "address": "o@val.example"}}`
	if answer := operator.ask("POST", "/collectivities", siren, nil).Want(t, http.StatusUnprocessableEntity); !strings.Contains(answer.Body, "body.siren") {
		t.Errorf("a body that the pool hosts already: %s", answer.Body)
	}
	groups, err := tw.Directory.Groups(t.Context(), directory.Installation("meung-sur-loire"))
	if err != nil || len(groups) != 3 {
		t.Errorf("%d groups, %v; want those of the template", len(groups), err)
	}
}

// TestAChangeOfANameReadsNoMentions: what names a group or a unit is asked for where it
// decides something alone.
func TestAChangeOfANameReadsNoMentions(t *testing.T) {
	tw := newTowns(t)
	var asked atomic.Int64
	tw.Directory.Mentioning(func(context.Context, database.Reader, portal.Caller, portal.UnitID) ([]portal.Mention, error) {
		asked.Add(1)
		return nil, nil
	}, func(context.Context, database.Reader, portal.Caller, portal.GroupID) ([]portal.Mention, error) {
		asked.Add(1)
		return nil, nil
	})
	var group api.Group
	tw.bourg.ask("PUT", "/groups/"+string(tw.group)+"/members/"+string(tw.agent), "", nil)
	if tw.bourg.ask("PATCH", "/groups/"+string(tw.group), `{"name":"Astreintes"}`, &group); group.Name != "Astreintes" || group.Members != 1 {
		t.Errorf("renamed: %+v", group)
	}
	tw.bourg.ask("GET", "/groups/"+string(tw.group)+"/members", "", nil)
	var unit api.Unit
	if tw.bourg.ask("PATCH", "/units/"+string(tw.unit), `{"name":"Voirie et réseaux"}`, &unit); unit.Name != "Voirie et réseaux" || unit.Agents != 1 {
		t.Errorf("renamed: %+v", unit)
	}
	if asked.Load() != 0 {
		t.Errorf("%d features are asked what names them", asked.Load())
	}
	if tw.bourg.ask("DELETE", "/groups/"+string(tw.group), "", nil); asked.Load() == 0 {
		t.Error("nobody is asked before a group is deleted")
	}
}
