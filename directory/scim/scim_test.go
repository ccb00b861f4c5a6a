package scim_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// provider is an identity provider with a token.
type provider struct {
	t      testing.TB
	client *servertest.Client
	token  string
}

func providerOf(t testing.TB, p *servertest.Portal, login string, in portal.CollectivityID, scopes ...portal.Scope) provider {
	t.Helper()
	password, err := p.SSO.AppPasswords.Create(t.Context(), p.Caller(login, in), sso.AppPassword{Name: "Entra", Scopes: scopes, Ends: time.Now().AddDate(0, 6, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return provider{t, p.Anonymous(), base64.StdEncoding.EncodeToString([]byte(login + ":" + password))}
}

// resource is what a test reads of any answer.
type resource struct {
	ID, ExternalID, UserName, DisplayName, Title, UserType, ScimType, Detail, Status string
	Active                                                                           bool
	Name                                                                             struct{ GivenName, FamilyName string }
	Emails, PhoneNumbers, Members, Groups                                            []struct {
		Value, Type, Display string
		Primary              bool
	}
	Enterprise struct {
		Department string
		Manager    struct{ Value, DisplayName string }
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	Meta                                   struct{ Version, Location, LastModified string }
	TotalResults, ItemsPerPage, StartIndex int
	Resources                              []resource
}

// ask sends a request with the token, and wants a status.
func (p provider) ask(method, path, body string, want int, headers ...string) resource {
	p.t.Helper()
	headers = append(headers, "Authorization", "Bearer "+p.token)
	if body != "" {
		headers = append(headers, "Content-Type", "application/scim+json")
	}
	answer := p.client.Do(method, "/scim/v2"+path, strings.NewReader(body), headers...)
	if answer.Status != want {
		p.t.Fatalf("%s %s %.300s: %d, want %d: %s", method, path, body, answer.Status, want, answer.Body)
	}
	var told resource
	if answer.Body != "" {
		if kind := answer.Header.Get("Content-Type"); kind != "application/scim+json" {
			p.t.Errorf("%s %s answers %q", method, path, kind)
		}
		if err := json.Unmarshal([]byte(answer.Body), &told); err != nil {
			p.t.Fatalf("%s %s: %v: %s", method, path, err, answer.Body)
		}
	}
	if want >= 400 && (told.Status != fmt.Sprint(want) || told.Detail == "") {
		p.t.Errorf("%s %s: the error is %+v", method, path, told)
	}
	return told
}

// names lists whom a filter finds, by their user names.
func (p provider) names(filter string) []string {
	p.t.Helper()
	var names []string
	for _, one := range p.ask("GET", "/Users?sortBy=userName&count=200&filter="+url.QueryEscape(filter), "", 200).Resources {
		names = append(names, one.UserName)
	}
	return names
}

func user(name, more string) string {
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + name + `"` + more + `}`
}

const patchOf = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[%s]}`

func patch(operations string) string { return fmt.Sprintf(patchOf, operations) }

// TestAnotherCollectivitysProviderSeesNothing is the story of two collectivities.
func TestAnotherCollectivitysProviderSeesNothing(t *testing.T) {
	p := servertest.New(t)
	bourg := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	agglo := providerOf(t, p, "admin@agglo.example", "agglo", portal.ScopeDirectory)
	she := bourg.ask("POST", "/Users", user("canari@bourg.example", `,"externalId":"canari","name":{"familyName":"Canari"}`), 201)
	group := bourg.ask("POST", "/Groups", `{"displayName":"Canaris","externalId":"canaris","members":[{"value":"`+she.ID+`"}]}`, 201)
	for _, path := range []string{"/Users/" + she.ID, "/Groups/" + group.ID} {
		agglo.ask("GET", path, "", 404)
		agglo.ask("DELETE", path, "", 404)
		agglo.ask("PUT", path, user("x", `,"displayName":"x"`), 404)
		agglo.ask("PATCH", path, patch(`{"op":"replace","path":"displayName","value":"x"}`), 404)
		bourg.ask("GET", path, "", 200)
	}
	for _, filter := range []string{`userName eq "canari@bourg.example"`, `externalId eq "canari"`, `name.familyName co "anar"`, `groups eq "` + group.ID + `"`, `id eq "` + she.ID + `"`, `not (userName pr)`, `userName eq "x" or id pr and displayName co "Canari"`} {
		if found := agglo.names(filter); len(found) != 0 {
			t.Errorf("agglo finds %v by %s", found, filter)
		}
	}
	for _, filter := range []string{`displayName eq "Canaris"`, `members eq "` + she.ID + `"`, `externalId eq "canaris"`} {
		if found := agglo.ask("GET", "/Groups?filter="+url.QueryEscape(filter), "", 200); found.TotalResults != 0 {
			t.Errorf("agglo finds %+v by %s", found, filter)
		}
	}
	mine := agglo.ask("POST", "/Groups", `{"displayName":"Les nôtres"}`, 201)
	agglo.ask("PATCH", "/Groups/"+mine.ID, patch(`{"op":"add","path":"members","value":[{"value":"`+she.ID+`"}]}`), 400)
	agglo.ask("POST", "/Users", user("chef@agglo.example", `,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"`+she.ID+`"}}`), 400)
	agglo.ask("POST", "/Users", user("canari@bourg.example", ""), 201) // a name is one in its collectivity
}

// TestWhoMayNotMayNot: the rights and the guards of the pages hold.
func TestWhoMayNotMayNot(t *testing.T) {
	p := servertest.New(t)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	full := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	reader := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectoryRead)
	reader.ask("GET", "/Users", "", 200)
	reader.ask("POST", "/Users", user("x", ""), 403)
	other := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeRights)
	other.ask("GET", "/Users", "", 403)
	provider{t, p.Anonymous(), "bm9ib2R5OnBhc3M="}.ask("GET", "/Users", "", 401)
	provider{t, p.Anonymous(), "???"}.ask("GET", "/Users", "", 401)
	// the last administrator
	full.ask("PATCH", "/Users/"+string(admin.Agent), patch(`{"op":"replace","value":{"active":false}}`), 409)
	full.ask("DELETE", "/Users/"+string(admin.Agent), "", 409)
	if full.ask("GET", "/Users/"+string(admin.Agent), "", 200).Active != true {
		t.Error("the last administrator is closed")
	}
	// who governs agents alone decides not about who governs all, nor about a group that gives rights
	agent := p.Caller("agent@bourg.example", "bourg").Agent
	if err := p.Directory.SetRights(ctx, admin, agent, []portal.Right{portal.ManageAgents}); err != nil {
		t.Fatal(err)
	}
	narrow := providerOf(t, p, "agent@bourg.example", "bourg", portal.ScopeDirectory)
	narrow.ask("PATCH", "/Users/"+string(admin.Agent), patch(`{"op":"replace","path":"title","value":"x"}`), 403)
	guarded := full.ask("POST", "/Groups", `{"displayName":"Direction"}`, 201)
	_, err := p.Directory.Give(ctx, admin, directory.Given{Right: portal.Admin, Subject: portal.Subject{Kind: portal.TheGroup, ID: guarded.ID}}, "")
	if err != nil {
		t.Fatal(err)
	}
	narrow.ask("PATCH", "/Groups/"+guarded.ID, patch(`{"op":"add","path":"members","value":[{"value":"`+string(agent)+`"}]}`), 403)
	narrow.ask("POST", "/Users", user("faux", `,"emails":[{"value":"maire@bourg.example"}]`), 400) // an address of the collectivity's own
	// a group by rule
	ruled := full.ask("POST", "/Groups", `{"displayName":"Élus"}`, 201)
	rule := directory.Rule{Conditions: []directory.Condition{{Field: "kind", Test: "is", Value: "elected"}}}
	preview, err := p.Directory.PreviewRule(ctx, admin, portal.GroupID(ruled.ID), rule)
	if err == nil {
		err = p.Directory.SetRule(ctx, admin, directory.RuleChange{Group: portal.GroupID(ruled.ID), Rule: rule, Seen: preview.Seen, Sure: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	full.ask("PATCH", "/Groups/"+ruled.ID, patch(`{"op":"add","path":"members","value":[{"value":"`+string(agent)+`"}]}`), 409)
	// a program whose person may do it no more
	if err := p.Directory.SetRights(ctx, admin, agent, nil); err != nil {
		t.Fatal(err)
	}
	again := narrow.client.Do("GET", "/scim/v2/Users", strings.NewReader(""), "Authorization", "Bearer "+narrow.token)
	if again.Status != 401 && again.Status != 403 {
		t.Errorf("a program without its right: %d", again.Status)
	}
}

// TestWhatEntraSends replays what Entra ID sends, with its own ways
// (learn.microsoft.com, "Develop a SCIM endpoint").
func TestWhatEntraSends(t *testing.T) {
	p := servertest.New(t)
	entra := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	_, err := p.Directory.AddUnit(t.Context(), p.Caller("admin@bourg.example", "bourg"), directory.Unit{Name: "Voirie"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if found := entra.ask("GET", `/Users?filter=`+url.QueryEscape(`userName eq "Test_User_dfeef4c5"`), "", 200); found.TotalResults != 0 || found.Resources == nil {
		t.Errorf("nobody yet: %+v", found)
	}
	made := entra.ask("POST", "/Users", `{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Test_User_ab6490ee", "active": true,
		"addresses": [{"primary": false, "type": "work", "country": "France"}],
		"emails": [{"primary": true, "type": "work", "value": "Test_User_fd0ea19b@testuser.com"}],
		"meta": {"resourceType": "User"},
		"name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "7", "department": "voirie"},
		"roles": []}`, 201)
	if made.Enterprise.Department != "Voirie" || made.Emails[0].Value != "Test_User_fd0ea19b@testuser.com" || !made.Active {
		t.Errorf("made %+v", made)
	}
	for _, filter := range []string{`userName eq "test_user_AB6490EE"`, `externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`, `emails[type eq "work" and value co "fd0ea19b"]`, `emails.value eq "test_user_fd0ea19b@testuser.com"`} {
		if found := entra.names(filter); !slices.Equal(found, []string{"Test_User_ab6490ee"}) {
			t.Errorf("%s finds %v", filter, found)
		}
	}
	entra.ask("POST", "/Users", user("TEST_USER_ab6490ee", ""), 409)
	path := "/Users/" + made.ID
	entra.ask("PATCH", path, patch(`
		{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updatedEmail@microsoft.com"},
		{"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
		{"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "06 12 34 56 78"},
		{"op": "Add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "02 00 00 00 00"},
		{"op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Bourg"},
		{"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "`+string(p.Caller("admin@bourg.example", "bourg").Agent)+`"}`), 200)
	entra.ask("PATCH", path, patch(`{"op": "replace", "value": {"displayName": "x", "name.givenName": "Ève", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "", "userName": "5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com"}}`), 200)
	now := entra.ask("GET", path, "", 200)
	if now.Name.FamilyName != "updatedFamilyName" || now.Name.GivenName != "Ève" || now.Emails[0].Value != "updatedEmail@microsoft.com" || now.Enterprise.Manager.DisplayName == "" ||
		now.Enterprise.Department != "" || now.UserName != "5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com" || len(now.PhoneNumbers) != 1 || now.PhoneNumbers[0].Type != "mobile" {
		t.Errorf("patched: %+v", now)
	}
	if now := entra.ask("PATCH", path, patch(`{"op": "Replace", "path": "active", "value": "False"}`), 200); now.Active {
		t.Error("“False” does not close")
	}
	if found := entra.names(`active eq false and userName sw "5b50"`); len(found) != 1 {
		t.Errorf("a closed one is not found: %v", found)
	}
	if now := entra.ask("PATCH", path, patch(`{"op": "Replace", "path": "active", "value": "True"}`), 200); !now.Active {
		t.Error("“True” does not reopen")
	}
	entra.ask("PATCH", path, patch(`{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"Inconnu"}`), 400)
	// groups
	group := entra.ask("POST", "/Groups", `{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
		"externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "displayName", "meta": {"resourceType": "Group"}}`, 201)
	at := "/Groups/" + group.ID
	entra.ask("POST", "/Groups", `{"displayName":"DisplayName"}`, 409)
	entra.ask("PATCH", at, patch(`{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "`+made.ID+`"}]}`), 204)
	if told := entra.ask("GET", at+"?excludedAttributes=members", "", 200); len(told.Members) != 0 {
		t.Errorf("members were not asked for: %+v", told)
	}
	found := entra.ask("GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`id eq "`+group.ID+`" and members eq "`+made.ID+`"`), "", 200)
	if found.TotalResults != 1 || len(found.Resources[0].Members) != 0 {
		t.Errorf("is she in it: %+v", found)
	}
	if she := entra.ask("GET", path, "", 200); len(she.Groups) != 1 || she.Groups[0].Display != "displayName" {
		t.Errorf("her groups: %+v", she.Groups)
	}
	entra.ask("PATCH", at, patch(`{"op": "Replace", "path": "displayName", "value": "Nouveau nom"}`), 204)
	entra.ask("PATCH", at, patch(`{"op": "Remove", "path": "members", "value": [{"$ref": null, "value": "`+made.ID+`"}]}`), 204)
	if told := entra.ask("GET", at, "", 200); len(told.Members) != 0 || told.DisplayName != "Nouveau nom" {
		t.Errorf("after: %+v", told)
	}
	entra.ask("DELETE", at, "", 204)
	entra.ask("GET", at, "", 404)
	entra.ask("DELETE", path, "", 204)
	entra.ask("GET", path, "", 404)
	entra.ask("DELETE", path, "", 404)
	if again := entra.ask("POST", "/Users", user("5b50642d-79fc-4410-9e90-4c077cdd1a59@testuser.com", ""), 201); again.ID == made.ID {
		t.Error("who comes under a name of before is who had it")
	}
	if err := p.Directory.ReopenAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), portal.AgentID(made.ID), ""); err != nil {
		t.Fatal(err)
	}
	if back := entra.ask("GET", path, "", 200); !back.Active {
		t.Error("an administrator reopened her, and she is not there")
	}
	if off := entra.ask("PATCH", path, patch(`{"op":"replace","path":"active","value":false}`), 200); off.Active {
		t.Error("reopened after a deletion, she can't be closed")
	}
	entra.ask("PATCH", path, patch(`{"op":"replace","path":"active","value":true}`), 200)
	if err := p.Directory.CloseAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), portal.AgentID(made.ID), ""); err != nil {
		t.Fatal(err)
	}
	if closed := entra.ask("GET", path, "", 200); closed.Active {
		t.Error("closed by an administrator, she is not there")
	}
}

// TestWhatOktaSends replays what Okta sends (developer.okta.com, "SCIM 2.0").
func TestWhatOktaSends(t *testing.T) {
	p := servertest.New(t)
	okta := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	okta.ask("GET", `/Users?filter=userName%20eq%20%22test.user@okta.local%22&startIndex=1&count=100`, "", 200)
	made := okta.ask("POST", "/Users", user("test.user@okta.local", `,"name":{"givenName":"Test","familyName":"User"},"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],
		"displayName":"Test User","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true`), 201)
	path := "/Users/" + made.ID
	put := okta.ask("PUT", path, user("test.user@okta.local", `,"id":"`+made.ID+`","name":{"givenName":"Another","middleName":"","familyName":"User"},"emails":[{"primary":true,"value":"test.user@okta.local","type":"work"}],"active":true,"groups":[],"meta":{"resourceType":"User"}`), 200)
	if put.Name.GivenName != "Another" || put.ExternalID != "" {
		t.Errorf("PUT: %+v", put)
	}
	if off := okta.ask("PATCH", path, patch(`{"op":"replace","value":{"active":false}}`), 200); off.Active {
		t.Error("not closed")
	}
	if on := okta.ask("PUT", path, user("test.user@okta.local", `,"name":{"givenName":"Another","familyName":"User"},"active":true`), 200); !on.Active || len(on.Emails) != 0 {
		t.Errorf("PUT: %+v", on)
	}
	group := okta.ask("POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Test SCIMv2","members":[{"value":"`+made.ID+`","display":"test.user@okta.local"}]}`, 201)
	at := "/Groups/" + group.ID
	okta.ask("PATCH", at, patch(`{"op":"replace","value":{"id":"`+group.ID+`","displayName":"Test SCIMv2 renommé"}}`), 204)
	okta.ask("PATCH", at, patch(`{"op":"remove","path":"members[value eq \"`+made.ID+`\"]"},{"op":"add","path":"members","value":[{"value":"`+made.ID+`","display":"x"}]}`), 204)
	okta.ask("PATCH", at, patch(`{"op":"replace","path":"members","value":[{"value":"`+string(p.Caller("agent@bourg.example", "bourg").Agent)+`"}]}`), 204)
	if told := okta.ask("GET", at, "", 200); len(told.Members) != 1 || told.Members[0].Value == made.ID || told.DisplayName != "Test SCIMv2 renommé" {
		t.Errorf("group: %+v", told)
	}
}

// TestTwoProvidersAtOnce: what another one wrote is not lost, and a change is whole.
func TestTwoProvidersAtOnce(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	made := one.ask("POST", "/Users", user("zoe@bourg.example", `,"name":{"familyName":"Roux"},"title":"Agente"`), 201)
	path, read := "/Users/"+made.ID, made.Meta.Version
	changed := one.ask("PATCH", path, patch(`{"op":"replace","path":"title","value":"Cheffe"}`), 200, "If-Match", read)
	one.ask("PATCH", path, patch(`{"op":"replace","path":"title","value":"Autre"}`), 412, "If-Match", read)
	one.ask("DELETE", path, "", 412, "If-Match", read)
	answer := one.client.Do("GET", "/scim/v2"+path, strings.NewReader(""), "Authorization", "Bearer "+one.token, "If-None-Match", changed.Meta.Version)
	if answer.Status != http.StatusNotModified {
		t.Errorf("If-None-Match: %d", answer.Status)
	}
	// the address is refused after the name was written: nothing of it stays
	one.ask("PATCH", path, patch(`{"op":"replace","path":"userName","value":"autre@bourg.example"},{"op":"replace","path":"emails","value":"pas une adresse"}`), 400)
	if now := one.ask("GET", path, "", 200); now.UserName != "zoe@bourg.example" || now.Title != "Cheffe" {
		t.Errorf("half a change: %+v", now)
	}
	group := one.ask("POST", "/Groups", `{"displayName":"Équipe"}`, 201)
	one.ask("PATCH", "/Groups/"+group.ID, patch(`{"op":"add","path":"members","value":[{"value":"`+made.ID+`"},{"value":"personne"}]},{"op":"replace","path":"displayName","value":"Autre"}`), 400)
	if now := one.ask("GET", "/Groups/"+group.ID, "", 200); len(now.Members) != 0 || now.DisplayName != "Équipe" {
		t.Errorf("half a change: %+v", now)
	}
}

// TestListsArePagedSortedAndCut as RFC 7644 §3.4.2 says.
func TestListsArePagedSortedAndCut(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@agglo.example", "agglo", portal.ScopeDirectory)
	for i := range 7 {
		one.ask("POST", "/Users", user(fmt.Sprintf("page%d@x.example", i), fmt.Sprintf(`,"name":{"familyName":"Roux","givenName":"P%d"},"title":"100%%_\\é"`, i)), 201)
	}
	const only = `userName sw "page"`
	var seen []string
	for start := 1; start <= 7; start += 3 {
		page := one.ask("GET", fmt.Sprintf("/Users?startIndex=%d&count=3&sortBy=userName&sortOrder=descending&attributes=userName&filter=%s", start, url.QueryEscape(only)), "", 200)
		if page.TotalResults != 7 || page.StartIndex != start || page.ItemsPerPage != len(page.Resources) {
			t.Errorf("page %+v", page)
		}
		for _, u := range page.Resources {
			seen = append(seen, u.UserName)
			if u.ID == "" || u.Name.FamilyName != "" || u.Title != "" {
				t.Errorf("not cut: %+v", u)
			}
		}
	}
	if len(seen) != 7 || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("seen %v", seen)
	}
	if none := one.ask("GET", "/Users?count=0&filter="+url.QueryEscape(only), "", 200); none.TotalResults != 7 || len(none.Resources) != 0 {
		t.Errorf("count=0: %+v", none)
	}
	if odd := one.ask("GET", "/Users?startIndex=-5&count=-1&filter="+url.QueryEscape(only), "", 200); odd.StartIndex != 1 || len(odd.Resources) != 0 {
		t.Errorf("below zero: %+v", odd)
	}
	one.ask("GET", "/Users?count=x", "", 400)
	one.ask("GET", "/Users?sortBy=secret", "", 400)
	for filter, want := range map[string]int{
		`title eq "100%_\\é" and ` + only: 7, `title co "0%_" and ` + only: 7, `title co "0__" and ` + only: 0, `title ew "\\é" and ` + only: 7, `title sw "1%0" and ` + only: 0,
		`name.givenName gt "P4" and ` + only: 2, `name.givenName le "p1" and ` + only: 2, `NOT (name.givenName eq "P1") AND ` + only: 6,
		`(name.givenName eq "P1" or name.givenName eq "P2") and ` + only: 2, `name.givenName eq "P1" or name.givenName eq "P2" and title eq "x"`: 1,
		`emails pr and ` + only: 0, `not (emails pr) and ` + only: 7, `meta.lastModified gt "2020-01-01T00:00:00Z" and ` + only: 7, `meta.created lt "2020-01-01T00:00:00Z" and ` + only: 0,
		`active eq "True" and ` + only: 7, `title ne null and ` + only: 7, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "PAGE3@x.example"`: 1,
		`phoneNumbers[type eq "mobile"] and ` + only: 0, `groups pr and ` + only: 0, `userType eq "agent" and ` + only: 7,
	} {
		if found := one.ask("GET", "/Users?filter="+url.QueryEscape(filter), "", 200); found.TotalResults != want {
			t.Errorf("%s finds %d, want %d", filter, found.TotalResults, want)
		}
	}
	for _, filter := range []string{
		"x", `password eq "x"`, `userName eq`, `userName zz "x"`, `active gt true`, `meta.created gt "hier"`, `emails[secret eq "x"]`, `userName eq "x" and`, strings.Repeat("(", 300), `title[value eq "x"]`,
		strings.Repeat(`userName pr and `, 60) + `userName pr`, `userName eq "` + strings.Repeat("x", 3000) + `"`, `id gt 5`, `groups co "x"`,
	} {
		if told := one.ask("GET", "/Users?filter="+url.QueryEscape(filter), "", 400); told.ScimType != "invalidFilter" {
			t.Errorf("%.40s: %+v", filter, told)
		}
	}
}

// TestWhatCannotBeIsRefused: each with its scimType.
func TestWhatCannotBeIsRefused(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	made := one.ask("POST", "/Users", user("zoe", ""), 201)
	group := one.ask("POST", "/Groups", `{"displayName":"Rédacteurs"}`, 201)
	for _, c := range []struct {
		method, path, body string
		status             int
		kind               string
	}{
		{"POST", "/Users", `{`, 400, "invalidSyntax"},
		{"POST", "/Users", `[]`, 400, "invalidSyntax"},
		{"POST", "/Users", `{}`, 400, "invalidValue"},
		{"POST", "/Users", user("x", `,"active":"peut-être"`), 400, "invalidValue"},
		{"POST", "/Users", user("x", `,"name":"Zoé"`), 400, "invalidValue"},
		{"POST", "/Users", user("x", `,"emails":[[1]]`), 400, "invalidValue"},
		{"POST", "/Users", user("x", `,"emails":[{"value":"pas une adresse"}]`), 400, "invalidValue"},
		{"POST", "/Users", user("x", `,"inconnu":1`), 400, "invalidPath"},
		{"POST", "/Users", user("x\\u0000", ""), 400, "invalidValue"},
		{"POST", "/Users", user("x\\ny", `,"title":"a\nb"`), 400, "invalidValue"},
		{"POST", "/Users", user(strings.Repeat("x", 300), ""), 400, "invalidValue"},
		{"PATCH", "/Users/" + made.ID, patch(""), 400, "invalidSyntax"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"copy","path":"title"}`), 400, "invalidSyntax"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"remove"}`), 400, "noTarget"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"remove","path":"userName"}`), 400, "mutability"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"replace","path":"id","value":"x"}`), 400, "mutability"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"replace","path":"emails[","value":"x"}`), 400, "invalidPath"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"replace","path":"secret","value":"x"}`), 400, "invalidPath"},
		{"PATCH", "/Users/" + made.ID, patch(`{"op":"replace","value":"x"}`), 400, "invalidValue"},
		{"POST", "/Groups", `{}`, 400, "invalidValue"},
		{"PATCH", "/Groups/" + group.ID, patch(`{"op":"remove","path":"displayName"}`), 400, "mutability"},
		{"PATCH", "/Groups/" + group.ID, patch(`{"op":"remove","path":"secret"}`), 400, "invalidPath"},
		{"PATCH", "/Groups/" + group.ID, patch(`{"op":"replace","path":"id","value":"x"}`), 400, "mutability"},
		{"PATCH", "/Groups/" + group.ID, patch(`{"op":"remove"}`), 400, "noTarget"},
		{"POST", "/Groups", `{"displayName":"x","members":[{"value":"g","type":"Group"}]}`, 400, "invalidValue"},
	} {
		if told := one.ask(c.method, c.path, c.body, c.status); told.ScimType != c.kind {
			t.Errorf("%s %s %.80s: %q, want %q", c.method, c.path, c.body, told.ScimType, c.kind)
		}
	}
	one.ask("POST", "/Users", user("x", "")+"x", 400)
	one.ask("GET", "/Rien", "", 404)
	for _, absent := range []string{"/Bulk", "/Me", "/.search", "/Users/.search", "/Groups/.search"} {
		one.ask("POST", absent, `{"schemas":[]}`, 501)
	}
	one.ask("GET", "/Me", "", 501)
	provider{t, p.Anonymous(), "???"}.ask("GET", "/Me", "", 501)
	for _, path := range []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"} {
		one.client.Get("/scim/v2"+path).Want(t, http.StatusOK, `"schemas"`)
	}
}

// TestWhatIsDeletedIsClosed, in the journal, and told to nobody's surprise.
func TestWhatIsDeletedIsClosed(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	made := one.ask("POST", "/Users", user("zoe@bourg.example", `,"name":{"familyName":"Roux"}`), 201)
	one.ask("DELETE", "/Users/"+made.ID, "", 204)
	for action, want := range map[string]int{"agent.created": 1, "agent.closed": 1} {
		var lines int
		err := p.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM audit_lines WHERE collectivity = 'bourg' AND object_id = $1 AND action = $2`, made.ID, action).Scan(&lines)
		if err != nil || lines != want {
			t.Errorf("%s: %d lines, %v", action, lines, err)
		}
	}
}

// TestANameIsOneInItsCollectivity, be it what a program wrote, a login or an address.
func TestANameIsOneInItsCollectivity(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	made := one.ask("POST", "/Users", user("zoe", ""), 201)
	_, err := p.Directory.AddAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), directory.Agent{FamilyName: "Roux", Email: "Roux@ailleurs.example"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ZOE", "Agent@bourg.example", "roux@ailleurs.example", made.ID} {
		want := 409
		if name == made.ID {
			want = 201 // she has a name
		}
		one.ask("POST", "/Users", user(name, ""), want)
	}
	if told := one.ask("PUT", "/Users/"+made.ID, user("roux@ailleurs.example", ""), 409); told.ScimType != "uniqueness" {
		t.Errorf("refused with %+v", told)
	}
	one.ask("PUT", "/Users/"+made.ID, user("Zoé", ""), 200)
	one.ask("POST", "/Users", user("zoe", ""), 201) // it is free
}

// TestAReplacementLeavesWhatItDoesNotKnow: a provider that knows no units takes nobody out
// of hers.
func TestAReplacementLeavesWhatItDoesNotKnow(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	if _, err := p.Directory.AddUnit(t.Context(), p.Caller("admin@bourg.example", "bourg"), directory.Unit{Name: "Voirie"}, ""); err != nil {
		t.Fatal(err)
	}
	const works = `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":`
	boss := string(p.Caller("agent@bourg.example", "bourg").Agent)
	made := one.ask("POST", "/Users", user("zoe", `,"title":"Agente",`+works+`{"department":"Voirie","manager":{"value":"`+boss+`"}}`), 201)
	if now := one.ask("PUT", "/Users/"+made.ID, user("zoe", ""), 200); now.Enterprise.Department != "Voirie" || now.Enterprise.Manager.Value != boss || now.Title != "" {
		t.Errorf("without the extension: %+v", now)
	}
	if now := one.ask("PUT", "/Users/"+made.ID, user("zoe", `,`+works+`{"department":"Voirie"}`), 200); now.Enterprise.Department != "Voirie" || now.Enterprise.Manager.Value != "" {
		t.Errorf("with a part of it: %+v", now)
	}
}

// TestAVersionIsOfAllThatIsSent: who joined a group is another one, for who keeps copies.
func TestAVersionIsOfAllThatIsSent(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	made := one.ask("POST", "/Users", user("zoe", ""), 201)
	one.ask("POST", "/Groups", `{"displayName":"Équipe","members":[{"value":"`+made.ID+`"}]}`, 201)
	now := one.ask("GET", "/Users/"+made.ID, "", 200, "If-None-Match", made.Meta.Version)
	listed := one.ask("GET", "/Users?filter="+url.QueryEscape(`userName eq "zoe"`), "", 200).Resources[0]
	if now.Meta.Version == made.Meta.Version || now.Meta.Version != listed.Meta.Version {
		t.Errorf("versions: made %s, in a group %s, listed %s", made.Meta.Version, now.Meta.Version, listed.Meta.Version)
	}
	one.ask("GET", "/Users/"+made.ID, "", 304, "If-None-Match", now.Meta.Version)
}

// TestATokenEnds by its last day, and when it is taken back.
func TestATokenEnds(t *testing.T) {
	p := servertest.New(t)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	for name, end := range map[string]func(id string) error{
		"taken back": func(id string) error { return p.SSO.AppPasswords.Revoke(ctx, admin, id) },
		"over": func(id string) error {
			_, err := p.DB.Exec(ctx, `UPDATE app_passwords SET ends = 1 WHERE collectivity = 'bourg' AND id = $1`, id)
			return err
		},
	} {
		one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
		all, err := p.SSO.AppPasswords.List(ctx, admin)
		if err == nil {
			err = end(all[len(all)-1].ID)
		}
		if err != nil || len(all) != 1 {
			t.Fatal(err, len(all))
		}
		if name == "over" {
			p.SSO.AppPasswords.Forget(admin.Account) // what is remembered serves for five seconds
		}
		one.ask("GET", "/Users", "", 401)
		if err := p.SSO.AppPasswords.Revoke(ctx, admin, all[0].ID); err != nil && name == "over" {
			t.Fatal(err)
		}
	}
}

// TestOneAddressOfSeveralIsKept: the primary one, or that of work, or the first.
func TestOneAddressOfSeveralIsKept(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	for emails, want := range map[string]string{
		`[{"value":"a@x.example","type":"work"},{"value":"b@x.example","primary":true},{"value":"c@x.example","type":"home"}]`: "b@x.example",
		`[{"value":"d@x.example","type":"home"},{"value":"e@x.example","type":"work"},{"value":"f@x.example","type":"work"}]`:  "e@x.example",
		`[{"value":"g@x.example","type":"home"},{"value":"h@x.example","type":"other"}]`:                                       "g@x.example",
	} {
		if made := one.ask("POST", "/Users", user(want, `,"emails":`+emails), 201); len(made.Emails) != 1 || made.Emails[0].Value != want {
			t.Errorf("of %s is kept %+v", emails, made.Emails)
		}
	}
}

// TestOneChangeOfAVersionIsTaken: of several that were made over the same version of a
// group, one is, be it a deletion.
func TestOneChangeOfAVersionIsTaken(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	const tried = 12
	for round := range 8 {
		group := one.ask("POST", "/Groups", fmt.Sprintf(`{"displayName":"Version %d"}`, round), 201)
		read := group.Meta.Version
		var taken atomic.Int64
		var changes sync.WaitGroup
		for i := range tried {
			changes.Go(func() {
				method, body := "PATCH", patch(fmt.Sprintf(`{"op":"replace","path":"externalId","value":"%d-%d"}`, round, i))
				if round%2 == 1 && i%2 == 0 {
					method, body = "DELETE", ""
				}
				answer := one.client.Do(method, "/scim/v2/Groups/"+group.ID, strings.NewReader(body), "Authorization", "Bearer "+one.token, "Content-Type", "application/scim+json", "If-Match", read)
				switch answer.Status {
				case http.StatusNoContent:
					taken.Add(1)
				case http.StatusPreconditionFailed:
				case http.StatusNotFound: // deleted
				default:
					t.Errorf("%s: %d: %s", method, answer.Status, answer.Body)
				}
			})
		}
		changes.Wait()
		if taken.Load() != 1 {
			t.Errorf("round %d: %d of %d changes of one version were taken, want 1", round, taken.Load(), tried)
		}
	}
}

// TestChangesWithoutAVersionAreAllTaken, one over the other.
func TestChangesWithoutAVersionAreAllTaken(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	group := one.ask("POST", "/Groups", `{"displayName":"Toutes"}`, 201)
	var ids []string
	for i := range 3 {
		ids = append(ids, one.ask("POST", "/Users", user(fmt.Sprintf("toutes-%d@bourg.example", i), ""), 201).ID)
	}
	var changes sync.WaitGroup
	for _, id := range ids {
		changes.Go(func() {
			answer := one.client.Do("PATCH", "/scim/v2/Groups/"+group.ID, strings.NewReader(patch(`{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`)),
				"Authorization", "Bearer "+one.token, "Content-Type", "application/scim+json")
			if answer.Status != http.StatusNoContent {
				t.Errorf("%d: %s", answer.Status, answer.Body)
			}
		})
	}
	changes.Wait()
	if now := one.ask("GET", "/Groups/"+group.ID, "", 200); len(now.Members) != len(ids) {
		t.Errorf("%d members, want %d", len(now.Members), len(ids))
	}
}

// TestTheMainNumberIsOne: that of work, or the only one.
func TestTheMainNumberIsOne(t *testing.T) {
	p := servertest.New(t)
	one := providerOf(t, p, "admin@bourg.example", "bourg", portal.ScopeDirectory)
	both := one.ask("POST", "/Users", user("deux@bourg.example", `,"phoneNumbers":[{"value":"01","type":"work"},{"value":"06","type":"mobile"}]`), 201)
	mobile := one.ask("POST", "/Users", user("un@bourg.example", `,"phoneNumbers":[{"value":"07","type":"mobile"}]`), 201)
	if got := one.names(`phoneNumbers[primary eq true and value eq "01"]`); !slices.Equal(got, []string{"deux@bourg.example"}) {
		t.Errorf("main number 01: %v", got)
	}
	if got := one.names(`phoneNumbers[primary eq true and value eq "06"]`); len(got) != 0 {
		t.Errorf("main number 06: %v", got)
	}
	if got := one.names(`phoneNumbers[primary eq true and value eq "07"]`); !slices.Equal(got, []string{"un@bourg.example"}) {
		t.Errorf("main number 07: %v", got)
	}
	for path, want := range map[string]string{
		"/Users/" + both.ID: "work 02 true, mobile 06 false", "/Users/" + mobile.ID: "mobile 02 true",
	} {
		one.ask("PATCH", path, patch(`{"op":"replace","path":"phoneNumbers[primary eq true].value","value":"02"}`), 200)
		var told []string
		for _, phone := range one.ask("GET", path, "", 200).PhoneNumbers {
			told = append(told, fmt.Sprint(phone.Type, " ", phone.Value, " ", phone.Primary))
		}
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("%s has %s, want %s", path, got, want)
		}
	}
	told := one.ask("PATCH", "/Users/"+both.ID, patch(`{"op":"remove","path":"phoneNumbers[primary eq false]"}`), 200)
	if len(told.PhoneNumbers) != 1 || told.PhoneNumbers[0].Value != "02" {
		t.Errorf("without the other number: %+v", told.PhoneNumbers)
	}
}
