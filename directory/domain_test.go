package directory_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

// useDomain makes bourg sign in by Active Directory, with what an administrator
// must give and no more.
func (h *house) useDomain(t testing.TB, domain *servers.Domain, change func(settings *ldapdir.Settings)) {
	t.Helper()
	settings := ldapdir.Settings{Kind: ldapdir.ActiveDirectory, URL: domain.URL, BindDN: domain.BindDN, BaseDN: domain.BaseDN}
	if change != nil {
		change(&settings)
	}
	must(t, h.service.Methods.Set(context.Background(), sso.Method{
		Collectivity: "bourg", Kind: sso.LDAP, Secret: domain.BindPassword,
		CA: string(got(os.ReadFile(domain.CAFile))(t)), Settings: got(json.Marshal(settings))(t),
	}))
}

// lastRefusal is the newest reason in bourg's journal.
func (h *house) lastRefusal(t testing.TB) audit.Reason {
	t.Helper()
	for _, line := range h.journal(t) {
		if line.Action == audit.SignIn {
			return line.Refused
		}
	}
	return ""
}

// journal is bourg's, the newest line first.
func (h *house) journal(t testing.TB) []audit.Entry {
	t.Helper()
	lines, _, err := audit.NewJournal(h.db, h.Store).Lines(context.Background(), directory.Installation("bourg"), audit.Query{})
	must(t, err)
	return lines
}

func TestEveryAgentOfTheDomainSignsInByAnyOfHerNames(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	for _, address := range []string{domain.URL, domain.SecureURL} {
		h.useDomain(t, domain, func(settings *ldapdir.Settings) { settings.URL = address })
		must(t, h.service.Check(context.Background(), "bourg"))
		for _, person := range servers.People() {
			login := strings.ReplaceAll(person.UID, "œ", "oe") + "@bourg.example"
			b := h.browser(t)
			b.enter(login, person.Password)
			if got, want := b.home(), "home of "+person.Name()+" in bourg"; got != want {
				t.Errorf("home of %s = %q, want %q", login, got, want)
			}
		}
	}
	zoe := servers.PersonByUID("zoe.a-b") // her address is not her account name
	h.browser(t).enter(zoe.Mail, zoe.Password)
	people := got(h.People(context.Background(), h.anne, directory.PeopleQuery{Text: zoe.FamilyName}))(t)
	if people.Total != 1 {
		t.Errorf("zoe is %d agents, want one by all her names", people.Total)
	}
	if key := people.Agents[0].SourceKey; len(key) != 36 || strings.Count(key, "-") != 4 {
		t.Errorf("source key = %q, want an objectGUID in its usual form", key)
	}
}

func TestTheDomainSaysTheStateOfAnAccountWithTheRightPasswordAlone(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	h.useDomain(t, domain, nil)
	for code, want := range map[string]struct {
		says   string
		reason audit.Reason
	}{
		"533": {"votre compte est désactivé", audit.Disabled},
		"701": {"votre compte a expiré", audit.AccountExpired},
		"532": {"Votre mot de passe a expiré", audit.PasswordExpired},
		"773": {"choisir un nouveau mot de passe", audit.MustChange},
	} {
		var login string
		for _, state := range servers.DomainStates() {
			if state.Code == code {
				login = state.Account + "@bourg.example"
			}
		}
		if last := h.browser(t).signIn(login, "wrong"); strings.Contains(last.body, want.says) {
			t.Errorf("%s: the state shows without the password", login)
		} else {
			last.want(t, http.StatusUnprocessableEntity, wrongText)
		}
		for range 5 { // the right password is no failed attempt
			h.browser(t).signIn(login, servers.DomainPassword).want(t, http.StatusUnprocessableEntity, want.says)
		}
		if reason := h.lastRefusal(t); reason != want.reason {
			t.Errorf("%s: journal = %q, want %q", login, reason, want.reason)
		}
	}
	h.browser(t).signIn("personne@bourg.example", servers.DomainPassword).want(t, http.StatusUnprocessableEntity, wrongText)
	if reason := h.lastRefusal(t); reason != audit.Unknown {
		t.Errorf("nobody: journal = %q", reason)
	}
}

// TestCVE_2025_24806_TheDomainIsNeverAskedAFifthTimeByAnyName (Authelia, whose
// limiter counted names apart): sAMAccountName, user principal name and address
// are one person, and a domain locks at five.
func TestCVE_2025_24806_TheDomainIsNeverAskedAFifthTimeByAnyName(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	h.useDomain(t, domain, nil)
	zoe := servers.PersonByUID("zoe.a-b")
	byName := zoe.UID + "@bourg.example" // both her sAMAccountName and her user principal name
	for _, login := range []string{zoe.Mail, byName, strings.ToUpper(zoe.Mail), strings.ToUpper(byName)} {
		h.browser(t).signIn(login, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	for _, login := range []string{byName, zoe.Mail} {
		h.browser(t).signIn(login, zoe.Password).want(t, http.StatusTooManyRequests, waitText)
	}
	h.later(30 * time.Minute)
	h.browser(t).enter(byName, zoe.Password) // the domain did not lock her
}

func TestALockedAccountIsToldNothing(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	h.useDomain(t, domain, nil)
	login := "a.verrouiller@bourg.example"
	for range 6 { // as another application would
		h.later(31 * time.Minute)
		h.browser(t).signIn(login, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	h.browser(t).signIn(login, servers.DomainPassword).want(t, http.StatusUnprocessableEntity, wrongText)
	if reason := h.lastRefusal(t); reason != audit.Locked {
		t.Errorf("journal = %q, want %q", reason, audit.Locked)
	}
}

// groupsOf are the groups that a person is in once she signed in.
func (h *house) groupsOf(t testing.TB, login, password string) []portal.GroupID {
	t.Helper()
	h.browser(t).enter(login, password)
	account := got(h.AccountByLogin(context.Background(), login))(t)
	return got(h.CallerFor(context.Background(), account.ID, "bourg"))(t).Groups
}

func (h *house) makeGroups(t testing.TB, ids ...portal.GroupID) {
	t.Helper()
	for _, id := range ids {
		got(h.CreateGroup(context.Background(), directory.Installation("bourg"), directory.Group{ID: id, Name: string(id)}))(t)
	}
}

func TestGroupsOfTheDomainGiveOurs(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	h.makeGroups(t, "regie", "culture", "tous", "domaine", "argent", "main")
	h.useDomain(t, domain, func(settings *ldapdir.Settings) {
		nested := servers.NestedGroups()
		settings.Groups = []ldapdir.GroupRule{
			{From: nested[0], To: "regie"},
			{From: domain.GroupDN(nested[1]), To: "culture"},
			{From: strings.ToUpper(nested[2]), To: "tous"},
			{From: "Domain Users", To: "domaine"}, // the primary group is in no memberOf
			{From: "Finances", To: "argent"},
			{From: "Finances", To: "absent"}, // none of ours
		}
	})
	must(t, h.service.Check(context.Background(), "bourg"))
	want := []portal.GroupID{"culture", "domaine", "regie", "tous"}
	if got := h.groupsOf(t, "emboite@bourg.example", servers.DomainPassword); !slices.Equal(got, want) {
		t.Errorf("groups = %v, want %v: nested ones, around a cycle", got, want)
	}
	elodie := servers.PersonByUID("elodie.chatelain")
	if got, want := h.groupsOf(t, elodie.Mail, elodie.Password), []portal.GroupID{"argent", "domaine"}; !slices.Equal(got, want) {
		t.Errorf("groups of Élodie = %v, want %v", got, want)
	}
	if line := h.journal(t)[1]; line.Action != audit.GroupsSet || line.Detail != "+argent +domaine" {
		t.Errorf("journal = %+v", line)
	}
	h.useDomain(t, domain, func(settings *ldapdir.Settings) {
		settings.Groups = []ldapdir.GroupRule{{From: "Nulle part", To: "main"}}
	})
	if err := h.service.Check(context.Background(), "bourg"); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Check of a rule about nothing = %v", err)
	}
}
