package directory_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/sso"
)

// useLDAP makes bourg sign in by a directory server.
func (h *house) useLDAP(t testing.TB, server *servers.Directory, change func(settings *ldapdir.Settings, method *sso.Method)) {
	t.Helper()
	settings := ldapdir.Settings{URL: server.URL, BindDN: server.BindDN, BaseDN: server.BaseDN}
	method := sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Secret: server.BindPassword, CA: string(got(os.ReadFile(server.CAFile))(t))}
	if change != nil {
		change(&settings, &method)
	}
	method.Settings = got(json.Marshal(settings))(t)
	must(t, h.service.Methods.Set(context.Background(), method))
}

func TestEveryAgentOfTheDirectoryServerSignsIn(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	for _, secure := range []bool{false, true} {
		h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) {
			if secure {
				settings.URL = server.SecureURL
			}
		})
		for _, person := range servers.People() {
			b := h.browser(t)
			b.enter(person.UID+"@bourg.example", person.Password)
			if got, want := b.home(), "home of "+person.Name()+" in bourg"; got != want {
				t.Errorf("home of %s = %q, want %q", person.UID, got, want)
			}
		}
	}
	marc := servers.PersonByUID("marc.dupont")
	people := got(h.People(context.Background(), h.anne, directory.PeopleQuery{Text: "dupont"}))(t)
	if people.Total != 1 || people.Agents[0].Function != marc.Title || people.Agents[0].Phone != marc.Phone || people.Agents[0].Email != marc.Mail {
		t.Errorf("card = %+v, want what the directory server says of %+v", people.Agents, marc)
	}
}

func TestADirectoryServerRefusesInTheSameWords(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	marc := servers.PersonByUID("marc.dupont")
	for _, test := range []struct{ login, password string }{
		{marc.Mail, "wrong"},
		{marc.Mail, ""},
		{"nobody@bourg.example", marc.Password},
		{"accueil@bourg.example", servers.PersonByUID("lea.vasseur").Password}, // two persons share it
		{"*@bourg.example", marc.Password},
		{"marc.*@bourg.example", marc.Password},
		{`marc.dupont)(uid=*@bourg.example`, marc.Password},
		{`\2a@bourg.example`, marc.Password},
		{"é'*(\\😀@bourg.example", marc.Password},
		{strings.Repeat("m", 4096) + "@bourg.example", marc.Password},
		{"anne@bourg.example", password}, // her embedded password is no more asked
	} {
		h.browser(t).signIn(test.login, test.password).want(t, http.StatusUnprocessableEntity, wrongText)
	}
}

func TestADirectoryServerIsNeverAskedAFifthTimeByAnyName(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	zoe := servers.PersonByUID("zoe.a-b") // her address is not her account name
	byName := zoe.UID + "@bourg.example"
	for _, login := range []string{zoe.Mail, byName, strings.ToUpper(zoe.Mail), byName} {
		h.browser(t).signIn(login, "wrong").want(t, http.StatusUnprocessableEntity, wrongText)
	}
	for _, login := range []string{zoe.Mail, byName} {
		h.browser(t).signIn(login, zoe.Password).want(t, http.StatusTooManyRequests, waitText, "30\u00a0min")
	}
	h.browser(t).enter("marc.dupont@bourg.example", servers.PersonByUID("marc.dupont").Password)
	h.later(15 * time.Minute)
	h.browser(t).signIn(zoe.Mail, zoe.Password).want(t, http.StatusTooManyRequests)
	h.later(15 * time.Minute)
	h.browser(t).enter(zoe.Mail, zoe.Password)
}

func TestTroubleWithTheDirectoryServerIsSaidInASentence(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	ctx, marc := context.Background(), servers.PersonByUID("marc.dupont")
	tests := []struct {
		name, says string
		change     func(settings *ldapdir.Settings, method *sso.Method)
	}{
		{"another authority", "Le certificat de l’annuaire n’est pas reconnu", func(_ *ldapdir.Settings, method *sso.Method) {
			method.CA = string(got(os.ReadFile(server.WrongCAFile))(t))
		}},
		{"another authority, LDAPS", "Le certificat de l’annuaire n’est pas reconnu", func(settings *ldapdir.Settings, method *sso.Method) {
			settings.URL, method.CA = server.SecureURL, string(got(os.ReadFile(server.WrongCAFile))(t))
		}},
		{"the system's authorities", "Le certificat de l’annuaire n’est pas reconnu", func(_ *ldapdir.Settings, method *sso.Method) { method.CA = "" }},
		{"service account", "refuse le compte de service", func(_ *ldapdir.Settings, method *sso.Method) { method.Secret = "wrong" }},
		{"base", "ne connaît pas la branche", func(settings *ldapdir.Settings, _ *sso.Method) { settings.BaseDN = "ou=nowhere," + server.BaseDN }},
		{"settings", "Les réglages de l’annuaire", func(settings *ldapdir.Settings, _ *sso.Method) { settings.Filter = "(((" }},
		{"plain", "Les réglages de l’annuaire", func(settings *ldapdir.Settings, _ *sso.Method) {
			settings.URL, settings.Plain = "ldap://192.0.2.1", true
		}},
		{"nobody there", "L’annuaire de votre collectivité ne répond pas", func(settings *ldapdir.Settings, _ *sso.Method) { settings.URL = "ldap://127.0.0.1:9" }},
	}
	for _, test := range tests {
		h.useLDAP(t, server, test.change)
		last := h.browser(t).signIn(marc.Mail, marc.Password)
		last.want(t, http.StatusServiceUnavailable, test.says, marc.Mail)
		if err := h.service.Check(ctx, "bourg"); err == nil {
			t.Errorf("%s: Check finds nothing wrong", test.name)
		}
	}
	h.useLDAP(t, server, nil)
	must(t, h.service.Check(ctx, "bourg"))
	for range 6 { // trouble is no failure of hers
		h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) { settings.URL = "ldap://127.0.0.1:9" })
		h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable)
	}
	h.useLDAP(t, server, nil)
	h.browser(t).enter(marc.Mail, marc.Password)
}

func TestADirectoryServerThatStopsOrHangsIsToldApartFromAWrongPassword(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	marc := servers.PersonByUID("marc.dupont")
	h.browser(t).enter(marc.Mail, marc.Password) // leaves connections open
	server.Stop(t)
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable, "ne répond pas")
	server.Start(t)
	h.browser(t).enter(marc.Mail, marc.Password)
	server.Freeze()
	start := time.Now()
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable, "ne répond pas")
	if took := time.Since(start); took > 40*time.Second { // for ever without a deadline; ours are 8 s
		t.Errorf("a hung server keeps her waiting %v", took)
	}
	for range 2 {
		h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable)
	}
	start = time.Now()
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable, "ne répond pas")
	if took := time.Since(start); took > 4*time.Second { // waiting again would be 5 s
		t.Errorf("after three failures she still waits %v", took)
	}
	server.Thaw()
}

func TestADirectoryServerLetsNobodyIntoAnotherCollectivity(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	ctx := context.Background()
	// Agglo's own directory server says that one of its people has an address of bourg.
	method := sso.Method{Collectivity: "agglo", Kind: sso.LDAP, Secret: server.BindPassword, CA: string(got(os.ReadFile(server.CAFile))(t))}
	method.Settings = got(json.Marshal(ldapdir.Settings{URL: server.URL, BindDN: server.BindDN, BaseDN: server.BaseDN, Filter: "(uid={name})"}))(t)
	must(t, h.service.Methods.Set(ctx, method))
	marc := servers.PersonByUID("marc.dupont")
	inBourg := h.hire(t, "bourg", marc.Mail, directory.Agent{GivenName: "Marc", FamilyName: "de Bourg"})
	b := h.browser(t)
	b.enter("marc.dupont@agglo.example", marc.Password)
	if got, want := b.home(), "home of Marc Dupont in agglo"; got != want {
		t.Errorf("home = %q, want %q", got, want)
	}
	memberships := got(h.Memberships(ctx, inBourg.Account))(t)
	if len(memberships) != 1 || memberships[0].Collectivity != portal.CollectivityID("bourg") {
		t.Errorf("bourg's account is now %+v", memberships)
	}
}

// TestReferralsAreNotFollowed: a server that points elsewhere, beside what it finds
// or in its place, makes us ask nobody else.
func TestReferralsAreNotFollowed(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	elsewhere := got(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { elsewhere.Close() })
	var asked atomic.Int64
	go func() {
		for {
			conn, err := elsewhere.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			conn.Close()
		}
	}()
	dn := "ou=ailleurs," + server.BaseDN
	server.Modify(t, "dn: "+dn+"\nchangetype: add\nobjectClass: referral\nobjectClass: extensibleObject\nou: ailleurs\nref: ldap://"+elsewhere.Addr().String()+"/"+dn+"\n")
	marc := servers.PersonByUID("marc.dupont")
	h.useLDAP(t, server, nil)
	h.browser(t).enter(marc.Mail, marc.Password)
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) { settings.BaseDN = dn })
	h.browser(t).signIn(marc.Mail, marc.Password).want(t, http.StatusServiceUnavailable, "ne connaît pas la branche")
	if asked.Load() != 0 {
		t.Errorf("the server that it points to was asked %d times", asked.Load())
	}
}
