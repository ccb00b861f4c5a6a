package directory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/search"
	"parvis/sso"
)

// town is a store with two collectivities, an agent in each, and one person who
// works for both.
type town struct {
	*directory.Store
	anne, luc       portal.Caller // agents of bourg and of agglo
	both, elsewhere portal.Caller // the same account in bourg and in agglo
}

func newTown(t testing.TB) *town {
	t.Helper()
	return newTownIn(t, directory.New(databasetest.New(t)))
}

func newTownIn(t testing.TB, store *directory.Store) *town {
	t.Helper()
	ctx := context.Background()
	for _, c := range []directory.Collectivity{
		{ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune", Domains: []string{"bourg.example"}, Phone: "02 61 91 01 00"},
		{ID: "agglo", Name: "Val", LongName: "Agglomération du Val", Kind: "epci", Domains: []string{"agglo.example"}},
	} {
		must(t, store.CreateCollectivity(ctx, c))
		admin := directory.Installation(c.ID)
		got(store.CreateUnit(ctx, admin, directory.Unit{ID: "technique", Name: "Services techniques"}))(t)
		got(store.CreateGroup(ctx, admin, directory.Group{ID: "encadrants", Name: "Encadrants"}))(t)
	}
	tw := &town{Store: store}
	tw.anne = tw.hire(t, "bourg", "anne@bourg.example", directory.Agent{GivenName: "Anne-Élodie", FamilyName: "L’Hénoret", Function: "Référente état civil", Unit: "technique", Phone: "02 61 91 01 42"})
	tw.luc = tw.hire(t, "agglo", "luc@agglo.example", directory.Agent{GivenName: "Luc", FamilyName: "Œuvray", Function: "Ingénieur", Unit: "technique", Phone: "02 61 91 20 60"})
	tw.both = tw.hire(t, "bourg", "sec@bourg.example", directory.Agent{GivenName: "Zoé", FamilyName: "Petit"})
	got(store.CreateAgent(ctx, directory.Installation("agglo"), directory.Agent{Account: tw.both.Account, GivenName: "Zoé", FamilyName: "Petit"}))(t)
	tw.elsewhere = got(store.CallerFor(ctx, tw.both.Account, "agglo"))(t)
	return tw
}

// hire creates an account with its agent and returns the caller that they are.
func (tw *town) hire(t testing.TB, collectivity portal.CollectivityID, login string, agent directory.Agent) portal.Caller {
	t.Helper()
	ctx, admin := context.Background(), directory.Installation(collectivity)
	agent.Account = got(tw.CreateAccount(ctx, admin, login))(t)
	got(tw.CreateAgent(ctx, admin, agent))(t)
	return got(tw.CallerFor(ctx, agent.Account, collectivity))(t)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got returns a value, or fails the test with the error that came with it.
func got[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return value
	}
}

func names(people directory.People) []string {
	var all []string
	for _, agent := range people.Agents {
		all = append(all, agent.Name())
	}
	return all
}

// TestStandingsAgreeWithWhoAsks: hundreds at once, each with her groups, none of
// another collectivity and none who left.
func TestStandingsAgreeWithWhoAsks(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	got(tw.CreateGroup(ctx, admin, directory.Group{ID: "accueil", Name: "Accueil"}))(t)
	for _, group := range []portal.GroupID{"encadrants", "accueil"} {
		must(t, tw.AddMember(ctx, admin, group, tw.anne.Agent))
	}
	must(t, tw.CloseAgent(ctx, admin, tw.both.Agent, ""))
	asked := []portal.AgentID{tw.anne.Agent, tw.luc.Agent, tw.both.Agent, tw.elsewhere.Agent}
	want := got(tw.CallerFor(ctx, tw.anne.Account, "bourg"))(t)
	for range 2 {
		if diff := cmp.Diff(map[portal.AgentID]portal.Caller{want.Agent: want}, got(tw.Standings(ctx, admin, asked))(t)); diff != "" {
			t.Errorf("of %d (-want +got):\n%s", len(asked), diff)
		}
		var crowd []portal.AgentID
		for n := range 600 {
			crowd = append(crowd, portal.AgentID(fmt.Sprint("nobody-", n)))
		}
		asked = append(crowd, asked...)
	}
	if none := got(tw.Standings(ctx, admin, nil))(t); len(none) != 0 {
		t.Errorf("of nobody: %v", none)
	}
}

func TestACollectivityNeverSeesTheAgentsOfAnother(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	if _, err := tw.Agent(ctx, tw.luc, tw.anne.Agent); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("card of another collectivity's agent: %v, want ErrNotFound", err)
	}
	for _, text := range []string{"", "anne", "henoret", "0261910142", "etat civil"} {
		people := got(tw.People(ctx, tw.luc, directory.PeopleQuery{Text: text}))(t)
		if slices.Contains(names(people), "Anne-Élodie L’Hénoret") {
			t.Errorf("People(%q) in agglo shows bourg's agent", text)
		}
	}
	if people := got(tw.People(ctx, tw.luc, directory.PeopleQuery{}))(t); people.Total != 2 {
		t.Errorf("agglo lists %d agents, want its 2", people.Total)
	}
	admin := directory.Installation("agglo")
	for operation, err := range map[string]error{
		"change":      tw.ChangeAgent(ctx, admin, directory.Agent{}, directory.Agent{ID: tw.anne.Agent, FamilyName: "X"}, ""),
		"close":       tw.CloseAgent(ctx, admin, tw.anne.Agent, ""),
		"rights":      tw.SetRights(ctx, admin, tw.anne.Agent, []portal.Right{portal.Admin}),
		"add to":      tw.AddMember(ctx, admin, "encadrants", tw.anne.Agent),
		"remove from": tw.RemoveMember(ctx, admin, "encadrants", tw.anne.Agent),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("agglo's administrator may %s bourg's agent: %v, want ErrNotFound", operation, err)
		}
	}
	if caller := got(tw.CallerFor(ctx, tw.anne.Account, "bourg"))(t); !cmp.Equal(caller, tw.anne) {
		t.Errorf("bourg's agent changed: %+v", caller)
	}
}

func TestOnlyAnAdministratorChangesTheDirectory(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	_, unit := tw.CreateUnit(ctx, tw.anne, directory.Unit{Name: "x"})
	_, group := tw.CreateGroup(ctx, tw.anne, directory.Group{Name: "x"})
	_, account := tw.CreateAccount(ctx, tw.anne, "x@bourg.example")
	_, agent := tw.CreateAgent(ctx, tw.anne, directory.Agent{FamilyName: "x"})
	for operation, err := range map[string]error{
		"create unit": unit, "create group": group, "create account": account, "create agent": agent,
		"change agent":  tw.ChangeAgent(ctx, tw.anne, directory.Agent{}, directory.Agent{ID: tw.anne.Agent, FamilyName: "x"}, ""),
		"close agent":   tw.CloseAgent(ctx, tw.anne, tw.both.Agent, ""),
		"set rights":    tw.SetRights(ctx, tw.anne, tw.anne.Agent, []portal.Right{portal.Admin}),
		"add member":    tw.AddMember(ctx, tw.anne, "encadrants", tw.anne.Agent),
		"close account": tw.SetAccountActive(ctx, directory.Installation("bourg"), tw.anne.Account, false),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s: %v, want ErrDenied", operation, err)
		}
	}
}

func TestAnAdministratorCannotTakeWhatIsAnothers(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.luc
	admin.Rights = []portal.Right{portal.Admin}
	if _, err := tw.CreateAccount(ctx, admin, "maire@bourg.example"); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("agglo made an account of bourg's domain: %v", err)
	}
	if _, err := tw.CreateAgent(ctx, admin, directory.Agent{Account: tw.anne.Account, FamilyName: "L’Hénoret"}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("agglo's administrator attached bourg's account: %v", err)
	}
	if err := tw.SetRights(ctx, admin, tw.luc.Agent, []portal.Right{portal.OperatePool}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("a collectivity gave the pool away: %v", err)
	}
}

func TestPeopleAreFoundAsPeopleType(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	for _, text := range []string{
		"hénoret", "HENORET", "anne", "anne-elodie", "elodie l'henoret", "aelh", "lhae", "référent", "etat civil",
		"techniques", "02 61 91 01 42", "0142", "+33 2 61 91 01 42", "an he",
	} {
		people := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Text: text}))(t)
		if !slices.Contains(names(people), "Anne-Élodie L’Hénoret") {
			t.Errorf("People(%q) = %v, want Anne-Élodie L’Hénoret", text, names(people))
		}
	}
	if people := got(tw.People(ctx, tw.luc, directory.PeopleQuery{Text: "oeuvray"}))(t); people.Total != 1 {
		t.Errorf(`People("oeuvray") finds %d, want Œuvray`, people.Total)
	}
	for _, text := range []string{"%", "_", "*", "(", `\`, "'", "😀", "nor", strings.Repeat("é", 4096), "a\x00b", "\xff"} {
		people, err := tw.People(ctx, tw.anne, directory.PeopleQuery{Text: text})
		if err != nil || people.Total != 0 {
			t.Errorf("People(%.20q) = %d agents, %v, want none", text, people.Total, err)
		}
	}
}

func TestPeopleComePageByPage(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	for _, name := range []string{"Bernard", "Émile", "Durand", "Étienne"} {
		got(tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: name}))(t)
	}
	var all []string
	for page := 1; page <= 3; page++ {
		people := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Page: page, Size: 2}))(t)
		if people.Total != 6 || people.Pages != 3 || people.Page != page {
			t.Errorf("page %d = %+v", page, people)
		}
		all = append(all, names(people)...)
	}
	want := []string{"Bernard", "Durand", "Émile", "Étienne", "Anne-Élodie L’Hénoret", "Zoé Petit"}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if past := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Page: 99, Size: 2}))(t); past.Page != 3 {
		t.Errorf("page 99 is page %d, want the last", past.Page)
	}
}

// operator is who operates the pool, and nobody's agent.
var operator = portal.Caller{Account: "p", Rights: []portal.Right{portal.OperatePool}}

func TestACallerIsWhatTheDirectorySaysNow(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	var told []portal.AccountID
	tw.OnChange(func(_ portal.CollectivityID, account portal.AccountID) { told = append(told, account) })
	must(t, tw.AddMember(ctx, admin, "encadrants", tw.anne.Agent))
	must(t, tw.SetRights(ctx, admin, tw.anne.Agent, []portal.Right{portal.EditNews}))
	caller := got(tw.CallerFor(ctx, tw.anne.Account, "bourg"))(t)
	if !caller.In("encadrants") || !caller.Can(portal.EditNews) || caller.Unit != "technique" {
		t.Errorf("caller = %+v", caller)
	}
	must(t, tw.CloseAgent(ctx, admin, tw.anne.Agent, ""))
	if _, err := tw.CallerFor(ctx, tw.anne.Account, "bourg"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a closed agent is a caller: %v", err)
	}
	if want := []portal.AccountID{tw.anne.Account, tw.anne.Account, tw.anne.Account}; !cmp.Equal(told, want) {
		t.Errorf("told of %v, want %v", told, want)
	}
	must(t, tw.SetAccountActive(ctx, operator, tw.both.Account, false))
	if _, err := tw.CallerFor(ctx, tw.both.Account, "agglo"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a closed account is a caller: %v", err)
	}
	must(t, tw.Suspend(ctx, operator, "agglo", directory.Suspension{Reason: "Essai"}, ""))
	if _, err := tw.CallerFor(ctx, tw.luc.Account, "agglo"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("an agent of a closed collectivity is a caller: %v", err)
	}
}

func TestAnAccountMayWorkForSeveralCollectivities(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	memberships := got(tw.Memberships(ctx, tw.both.Account))(t)
	if len(memberships) != 2 || memberships[0].Name != "Bourg-sur-Loire" || memberships[1].Name != "Val" {
		t.Errorf("memberships = %+v", memberships)
	}
	identity := got(directory.SignIn{Store: tw.Store}.Identity(ctx, tw.both.Account, "agglo"))(t)
	if identity.Caller.Collectivity != "agglo" || identity.PersonName != "Zoé Petit" || !identity.Memberships[1].Current {
		t.Errorf("identity = %+v", identity)
	}
}

func TestEveryRefusedFieldHasItsMessage(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	agent := directory.Agent{ID: "A B", GivenName: "a\nb", Function: strings.Repeat("x", 200), Email: "nobody", Phone: "ring me", Mobile: "1"}
	_, err := tw.CreateAgent(ctx, admin, agent)
	wantFields(t, err, "id", "given_name", "family_name", "function", "email", "phone", "mobile")
	err = tw.CreateCollectivity(ctx, directory.Collectivity{ID: "Bourg", Kind: "x", SIREN: "1", INSEE: "x", Zone: "Mars", Language: "de", Colour: "red", Domains: []string{"@"}})
	wantFields(t, err, "id", "name", "long_name", "kind", "siren", "insee", "zone", "language", "colour", "domains")
	err = tw.CreateCollectivity(ctx, directory.Collectivity{ID: "other", Name: "o", LongName: "o", Kind: "ccas", Domains: []string{"BOURG.example"}})
	wantFields(t, err, "domains")
	_, err = tw.CreateAccount(ctx, admin, "  ANNE@bourg.example ")
	wantFields(t, err, "login")
	_, err = tw.CreateAgent(ctx, admin, directory.Agent{FamilyName: "x", Unit: "nowhere"})
	wantFields(t, err, "unit")
	wantFields(t, tw.AddMember(ctx, admin, "nobody", tw.anne.Agent), "group")
}

func wantFields(t *testing.T, err error, want ...string) {
	t.Helper()
	var fields portal.FieldErrors
	if !errors.As(err, &fields) {
		t.Errorf("%v, want field errors", err)
		return
	}
	var got []string
	for _, field := range fields {
		got = append(got, field.Field)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refused fields (-want +got):\n%s", diff)
	}
}

func TestAChangeIsQueuedForSearch(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	source := directory.PeopleSource{Store: tw.Store}
	documents := got(source.Load(ctx, "bourg", []string{string(tw.anne.Agent), string(tw.luc.Agent)}))(t)
	if len(documents) != 1 || documents[0].Title != "Anne-Élodie L’Hénoret" || documents[0].Unit != "Services techniques" {
		t.Errorf("documents = %+v, want bourg's agent alone", documents)
	}
	must(t, tw.CloseAgent(ctx, directory.Installation("bourg"), tw.anne.Agent, ""))
	if documents := got(source.Load(ctx, "bourg", []string{string(tw.anne.Agent)}))(t); len(documents) != 0 {
		t.Errorf("a closed agent is still found: %+v", documents)
	}
	first := got(source.IDs(ctx, "bourg", "", 1))(t)
	if len(first) != 1 || first[0] != string(tw.both.Agent) {
		t.Errorf("ids = %v, want the active agent", first)
	}
	if rest := got(source.IDs(ctx, "bourg", first[0], 10))(t); len(rest) != 0 {
		t.Errorf("ids after the last = %v", rest)
	}
}

// TestOthersAreShownWhatTheSharedPagesShow: to whom the directory is shared with, by its
// address there, and nobody of whom the index may know more.
func TestOthersAreShownWhatTheSharedPagesShow(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	others, ids := directory.OtherPeople{Store: h.Store}, []string{string(h.anne.Agent), string(h.luc.Agent)}
	if lenders := got(others.Readable(ctx, h.luc))(t); len(lenders) != 0 {
		t.Errorf("nothing is shared: %v", lenders)
	}
	got(h.ShareDirectory(ctx, directory.Installation("bourg"), "agglo", ""))(t)
	if lenders := got(others.Readable(ctx, h.anne))(t); len(lenders) != 0 {
		t.Errorf("in the other direction: %v", lenders)
	}
	lenders := got(others.Readable(ctx, h.luc))(t)
	want := []search.Other{{Reader: portal.Caller{Collectivity: "bourg"}, Name: "Bourg-sur-Loire"}}
	if diff := cmp.Diff(want, lenders); diff != "" {
		t.Fatalf("who lends (-want +got):\n%s", diff)
	}
	if people := got(others.People(ctx, lenders[0].Reader, slices.Clone(ids)))(t); len(people) != 0 {
		t.Errorf("for whom the index is behind: %+v", people)
	}
	must(t, h.db.Write(ctx, `DELETE FROM search_queue WHERE collectivity = 'bourg'`))
	people := got(others.People(ctx, lenders[0].Reader, slices.Clone(ids)))(t)
	if len(people) != 1 || people[0].Title != "Anne-Élodie L’Hénoret" || people[0].URL != "/directory/of/bourg/agents/"+ids[0] {
		t.Errorf("people = %+v, want Anne alone, at her address there", people)
	}
}

func TestADirectoryServerSpeaksForItsOwnAgentsOnly(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	people := directory.SignIn{Store: tw.Store}
	profile := sso.Profile{Key: "uuid-1", Login: "marc@bourg.example", GivenName: "Marc", FamilyName: "Dupont", Phone: "call me", Function: "Chef"}
	account := got(people.Admit(ctx, "bourg", profile))(t)
	caller := got(tw.CallerFor(ctx, account, "bourg"))(t)
	card := got(tw.Agent(ctx, caller, caller.Agent))(t)
	if card.Name() != "Marc Dupont" || card.Phone != "" || card.SourceKey != "uuid-1" {
		t.Errorf("card = %+v, want the profile without its bad number", card)
	}
	profile.FamilyName, profile.Login = "Durand", "marc.durand@bourg.example"
	if again := got(people.Admit(ctx, "bourg", profile))(t); again != account {
		t.Errorf("renamed person is account %q, want %q still", again, account)
	}
	if card := got(tw.Agent(ctx, caller, caller.Agent))(t); card.Name() != "Marc Durand" {
		t.Errorf("name after the second sign-in = %q", card.Name())
	}
	if linked := got(people.Admit(ctx, "bourg", sso.Profile{Key: "uuid-2", Login: "anne@bourg.example", FamilyName: "L’Hénoret"}))(t); linked != tw.anne.Account {
		t.Errorf("known address is account %q, want %q", linked, tw.anne.Account)
	}
	if _, err := people.Admit(ctx, "agglo", sso.Profile{Key: "uuid-3", Login: "anne@bourg.example", FamilyName: "X"}); err == nil {
		t.Error("agglo's directory server took the account of a bourg address")
	}
	must(t, tw.CloseAgent(ctx, directory.Installation("bourg"), caller.Agent, ""))
	if _, err := people.Admit(ctx, "bourg", profile); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a closed agent was admitted: %v", err)
	}
}

func TestALoginIsLocatedByItsDomainFirst(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	people := directory.SignIn{Store: tw.Store}
	code := tw.hire(t, "bourg", "ag-0042", directory.Agent{FamilyName: "Jardinier"})
	tests := []struct {
		login        string
		collectivity portal.CollectivityID
		byDomain     bool
		account      portal.AccountID
	}{
		{"anne@bourg.example", "bourg", true, tw.anne.Account},
		{"nobody@bourg.example", "bourg", true, ""},
		{"sec@bourg.example", "bourg", true, tw.both.Account},
		{"ag-0042", "bourg", false, code.Account},
		{"ag-0043", "", false, ""},
		{"x@elsewhere.example", "", false, ""},
	}
	for _, test := range tests {
		place := got(people.Locate(ctx, test.login))(t)
		account := got(people.AccountOf(ctx, test.login))(t)
		if place.Collectivity.ID != test.collectivity || place.ByDomain != test.byDomain || account != test.account {
			t.Errorf("Locate(%q) = %+v, account %q, want %+v", test.login, place, account, test)
		}
	}
}

// TestADomainOfEverybodyBelongsToNoCollectivity: who has an address there would sign
// in through the one that got it.
func TestADomainOfEverybodyBelongsToNoCollectivity(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	create := func(id portal.CollectivityID, domain string) error {
		return tw.CreateCollectivity(ctx, directory.Collectivity{ID: id, Name: "Val", LongName: "Mairie de Val", Kind: "commune", Domains: []string{domain}})
	}
	for _, domain := range []string{"wanadoo.fr", " Orange.FR ", "gmail.com", "gouv.fr", "co.uk"} {
		var refused portal.FieldErrors
		if err := create("val", domain); !errors.As(err, &refused) || refused[0].Key != "directory.error.domain.shared" {
			t.Errorf("%s: %v, want that many use it", domain, err)
		}
	}
	for i, domain := range []string{"val.fr", "mairie-val.gouv.fr", "val.example"} {
		if err := create(portal.CollectivityID("val-"+strconv.Itoa(i)), domain); err != nil {
			t.Errorf("%s: %v", domain, err)
		}
	}
}

// TestADomainThatMovedIsFollowed: where a domain was is remembered, and not
// believed once the collectivity says otherwise.
func TestADomainThatMovedIsFollowed(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	people := directory.SignIn{Store: tw.Store}
	belongs := func(want portal.CollectivityID) {
		t.Helper()
		if place := got(people.Locate(ctx, "anne@bourg.example"))(t); place.ByDomain != (want != "") || place.ByDomain && place.Collectivity.ID != want {
			t.Errorf("anne is located in %q (by domain: %v), want %q", place.Collectivity.ID, place.ByDomain, want)
		}
	}
	belongs("bourg")
	bourg, agglo := got(tw.Store.Collectivity(ctx, "bourg"))(t), got(tw.Store.Collectivity(ctx, "agglo"))(t)
	bourg.Domains = nil
	if err := tw.Store.ChangeCollectivity(ctx, bourg); err != nil {
		t.Fatal(err)
	}
	belongs("")
	agglo.Domains = append(agglo.Domains, "bourg.example")
	if err := tw.Store.ChangeCollectivity(ctx, agglo); err != nil {
		t.Fatal(err)
	}
	belongs("agglo")
	if err := tw.Store.Suspend(ctx, operator, "agglo", directory.Suspension{Reason: "Essai"}, ""); err != nil {
		t.Fatal(err)
	}
	belongs("")
}

// TestFirstSignInsAtOnceMakeOneAgent is about PostgreSQL, where transactions run
// side by side: one that would write what another just wrote is run again, since
// each looks before it writes, and finds the agent.
func TestFirstSignInsAtOnceMakeOneAgent(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	for round := range 10 {
		profile := sso.Profile{Login: fmt.Sprintf("nouveau%d@bourg.example", round), FamilyName: "Nouveau"}
		var accounts [4]portal.AccountID
		var wait sync.WaitGroup
		for i := range accounts {
			wait.Go(func() {
				var err error
				if accounts[i], err = (directory.SignIn{Store: tw.Store}).Admit(ctx, "bourg", profile); err != nil {
					t.Errorf("round %d, sign-in %d: %v", round, i, err)
				}
			})
		}
		wait.Wait()
		for _, account := range accounts {
			if account != accounts[0] || account == "" {
				t.Errorf("round %d: accounts %v, want one", round, accounts)
				break
			}
		}
	}
}

func TestNamesAreListedInFrenchOrder(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	for i, name := range []string{"Vie associative", "Élections", "école", "Eau", "Œuvres"} {
		id := fmt.Sprintf("a%d", i)
		got(tw.CreateGroup(ctx, admin, directory.Group{ID: portal.GroupID(id), Name: name}))(t)
		got(tw.CreateUnit(ctx, admin, directory.Unit{ID: portal.UnitID(id), Name: name, Parent: "technique"}))(t)
		must(t, tw.CreateCollectivity(ctx, directory.Collectivity{ID: portal.CollectivityID(id), Name: name, LongName: name, Kind: "commune"}))
	}
	var groups, units, pool []string
	for _, group := range got(tw.Groups(ctx, admin))(t) {
		groups = append(groups, group.Name)
	}
	for _, unit := range got(tw.Units(ctx, admin))(t) {
		units = append(units, unit.Name)
	}
	for _, hosted := range got(tw.Pool(ctx, operator, directory.PoolQuery{}))(t).Rows {
		pool = append(pool, hosted.Name)
	}
	for what, lists := range map[string][2][]string{
		"groups": {groups, {"Eau", "école", "Élections", "Encadrants", "Œuvres", "Vie associative"}},
		"units":  {units, {"Services techniques", "Eau", "école", "Élections", "Œuvres", "Vie associative"}},
		"pool":   {pool, {"Bourg-sur-Loire", "Eau", "école", "Élections", "Œuvres", "Val", "Vie associative"}},
	} {
		if diff := cmp.Diff(lists[1], lists[0]); diff != "" {
			t.Errorf("order of %s (-want +got):\n%s", what, diff)
		}
	}
}
