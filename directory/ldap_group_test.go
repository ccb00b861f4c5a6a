package directory_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/sso"
)

// groupLDIF is a groupOfNames.
func groupLDIF(name string, members ...string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "dn:: %s\nobjectClass: groupOfNames\n", base64.StdEncoding.EncodeToString([]byte(groupDN(name))))
	for _, member := range members {
		fmt.Fprintf(&text, "member:: %s\n", base64.StdEncoding.EncodeToString([]byte(member)))
	}
	return text.String() + "\n"
}

func groupDN(name string) string { return servers.Group{Name: name}.DN() }

func TestGroupsOfTheDirectoryServerGiveOurs(t *testing.T) {
	helene, gael := servers.PersonByUID("helene.daumas"), servers.PersonByUID("gael.yvetot")
	server := servers.LDAP(t,
		groupLDIF("L'équipe d'été", helene.DN(), groupDN("Étage 3, aile \"Sud\"")),
		groupLDIF("Étage 3, aile \"Sud\"", groupDN("L'équipe d'été")), // a cycle
		groupLDIF("Régisseurs", helene.DN()),
		"dn: ou=autres,"+servers.BaseDN+"\nobjectClass: organizationalUnit\n\ndn: cn=Régisseurs,ou=autres,"+servers.BaseDN+"\nobjectClass: groupOfNames\nmember: "+gael.DN()+"\n\n")
	h := newHouse(t)
	h.makeGroups(t, "ete", "etage", "admins", "regie", "agents", "main")
	settings := func(settings *ldapdir.Settings, _ *sso.Method) {
		settings.BaseDN = "ou=agents," + servers.BaseDN
		settings.Groups = []ldapdir.GroupRule{
			{From: "L'équipe d'été", To: "ete"},
			{From: groupDN("Étage 3, aile \"Sud\""), To: "etage"},
			{From: strings.ToUpper(groupDN("Administrateurs")), To: "admins"},
			{From: "Tous les agents", To: "agents"},
			{From: "Régisseurs", To: "regie"}, // there are two
		}
	}
	h.useLDAP(t, server, settings)
	if err := h.service.Check(context.Background(), "bourg"); err == nil {
		t.Error("Check finds nothing wrong with a name that two groups have")
	}
	if got, want := h.groupsOf(t, helene.Mail, helene.Password), []portal.GroupID{"admins", "agents", "etage", "ete"}; !slices.Equal(got, want) {
		t.Errorf("groups of Hélène = %v, want %v", got, want)
	}

	account := got(h.AccountByLogin(context.Background(), helene.Mail))(t)
	caller := got(h.CallerFor(context.Background(), account.ID, "bourg"))(t)
	must(t, h.AddMember(context.Background(), directory.Installation("bourg"), "main", caller.Agent))
	server.Modify(t, "dn: "+groupDN("Administrateurs")+"\nchangetype: modify\ndelete: member\nmember: "+helene.DN()+"\n")
	if got, want := h.groupsOf(t, helene.Mail, helene.Password), []portal.GroupID{"agents", "etage", "ete", "main"}; !slices.Equal(got, want) {
		t.Errorf("groups once she is no administrator = %v, want %v: those of no rule stay", got, want)
	}
	if got, want := h.groupsOf(t, gael.Mail, gael.Password), []portal.GroupID{"agents"}; !slices.Equal(got, want) {
		t.Errorf("groups of Gaël = %v, want %v: a namesake gives nothing", got, want)
	}
}

// TestTenThousandGroupsOfOnePersonAreRead is the bound: beyond, the rest is
// ignored.
func TestTenThousandGroupsOfOnePersonAreRead(t *testing.T) {
	marc := servers.PersonByUID("marc.dupont")
	var all strings.Builder
	for i := range 9_997 { // and she is in two of all the agents' own
		all.WriteString(groupLDIF(fmt.Sprintf("Groupe %05d", i), marc.DN()))
	}
	all.WriteString(groupLDIF("Enfoui", groupDN("Groupe 09996")))
	server, h := servers.LDAP(t, all.String()), newHouse(t)
	h.makeGroups(t, "premier", "enfoui")
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) {
		settings.Groups = []ldapdir.GroupRule{{From: "Groupe 00000", To: "premier"}, {From: "Enfoui", To: "enfoui"}}
	})
	start := time.Now()
	if got, want := h.groupsOf(t, marc.Mail, marc.Password), []portal.GroupID{"enfoui", "premier"}; !slices.Equal(got, want) {
		t.Errorf("groups = %v, want %v", got, want)
	}
	t.Logf("10,000 groups in %v", time.Since(start))
}

// TestTheNextServerServesAtOnce: two servers of one directory, of which the
// first stops, hangs, and comes back.
func TestTheNextServerServesAtOnce(t *testing.T) {
	first := servers.LDAP(t)
	second, h := first.Replica(t), newHouse(t)
	h.useLDAP(t, first, func(settings *ldapdir.Settings, _ *sso.Method) { settings.Fallbacks = []string{second.SecureURL} })
	marc := servers.PersonByUID("marc.dupont")
	enter := func(when string) {
		t.Helper()
		start := time.Now()
		b := h.browser(t)
		b.enter(marc.Mail, marc.Password)
		if got, want := b.home(), "home of Marc Dupont in bourg"; got != want {
			t.Errorf("%s: home = %q", when, got)
		}
		if took := time.Since(start); took > 20*time.Second { // asked one by one, they would take minutes
			t.Errorf("%s: %v", when, took)
		}
	}
	enter("both there")
	must(t, h.service.Check(context.Background(), "bourg"))
	first.Stop(t)
	enter("the first stopped")
	enter("it is left")
	if err := h.service.Check(context.Background(), "bourg"); err == nil {
		t.Error("Check says nothing of a server that stopped")
	}
	h.browser(t).signIn(marc.Mail, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	second.Stop(t)
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable, "ne répond pas")
	second.Start(t)
	first.Start(t)
	enter("both are back")
	first.Freeze()
	h.useLDAP(t, first, func(settings *ldapdir.Settings, _ *sso.Method) { settings.Fallbacks = []string{second.SecureURL} })
	h.browser(t).enter(marc.Mail, marc.Password) // waits for the first, once
	enter("the first hangs")
	first.Thaw()
}

// TestALockOfTheDirectoryServerLooksLikeAWrongPassword: ppolicy answers a plain
// 49, and so do we (draft-behera-ldap-password-policy §8.1).
func TestALockOfTheDirectoryServerLooksLikeAWrongPassword(t *testing.T) {
	marc := servers.PersonByUID("marc.dupont")
	server, h := servers.LDAP(t, "dn: cn=verrou,"+servers.BaseDN+"\nobjectClass: applicationProcess\nobjectClass: pwdPolicy\ncn: verrou\n"+
		"pwdAttribute: userPassword\npwdLockout: TRUE\npwdMaxFailure: 5\npwdLockoutDuration: 0\n\n"), newHouse(t)
	server.Modify(t, "dn: "+marc.DN()+"\nchangetype: modify\nadd: pwdPolicySubentry\npwdPolicySubentry: cn=verrou,"+servers.BaseDN+"\n")
	h.useLDAP(t, server, nil)
	for range 4 {
		h.browser(t).signIn(marc.Mail, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	h.browser(t).signIn(marc.Mail, "wrong").want(t, http.StatusTooManyRequests, waitText)
	h.later(30 * time.Minute)
	h.browser(t).enter(marc.Mail, marc.Password) // the directory did not lock her
	for range 5 {                                // as another application would
		h.later(31 * time.Minute)
		h.browser(t).signIn(marc.Mail, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	h.later(31 * time.Minute)
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusUnprocessableEntity, wrongText)
}

func TestLongNamesWithAccentsAndApostrophesSignIn(t *testing.T) {
	long := strings.Repeat("é'ab-", 37) + "d'Œuvre-l’Île*)" // 200 letters
	uid, encoded := "longue", base64.StdEncoding.EncodeToString([]byte(long))
	server := servers.LDAP(t, "dn:: "+base64.StdEncoding.EncodeToString([]byte("cn="+long+",ou=agents,"+servers.BaseDN))+
		"\nobjectClass: inetOrgPerson\nuid: "+uid+"\nsn:: "+encoded+"\nmail: "+uid+"@bourg.example\nuserPassword: "+servers.DomainPassword+"\n\n")
	h := newHouse(t)
	h.makeGroups(t, "agents")
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) {
		settings.Groups = []ldapdir.GroupRule{{From: "Tous les agents", To: "agents"}}
	})
	if got := h.groupsOf(t, uid+"@bourg.example", servers.DomainPassword); len(got) != 0 {
		t.Errorf("groups = %v", got)
	}
}

func TestLocalhostShowsTheCertificateOfTheMachine(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) {
		settings.URL = strings.Replace(server.SecureURL, "127.0.0.1", "localhost", 1)
	})
	marc := servers.PersonByUID("marc.dupont")
	h.browser(t).enter(marc.Mail, marc.Password)
}

// TestARenamedPersonStaysTheSame: her entryUUID is her, not her DN nor a login.
func TestARenamedPersonStaysTheSame(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	marc := servers.PersonByUID("marc.dupont")
	h.browser(t).enter(marc.Mail, marc.Password)
	server.Modify(t, "dn: "+marc.DN()+"\nchangetype: modrdn\nnewrdn: uid=marc.durand\ndeleteoldrdn: 1\n\n"+
		"dn: uid=marc.durand,ou=agents,"+servers.BaseDN+"\nchangetype: modify\nreplace: mail\nmail: marc.durand@bourg.example\n-\nreplace: sn\nsn: Durand\n")
	b := h.browser(t)
	b.enter("marc.durand@bourg.example", marc.Password)
	if !b.isIn("Marc Durand") {
		t.Errorf("home = %q", b.home())
	}
	people := got(h.People(context.Background(), h.anne, directory.PeopleQuery{Text: "marc"}))(t)
	if people.Total != 1 || people.Agents[0].SourceKey != marc.EntryUUID() {
		t.Errorf("agents = %+v, want the same one", people.Agents)
	}
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusUnprocessableEntity, wrongText)
}
