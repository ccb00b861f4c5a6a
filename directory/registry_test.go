package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

// recheck looks at the sessions as the background work does.
func (h *house) recheck(t testing.TB) {
	t.Helper()
	must(t, h.service.Recheck(context.Background()))
}

// isIn says whether a session goes on.
func (b *person) isIn(name string) bool {
	b.t.Helper()
	return b.home() == "home of "+name+" in bourg"
}

func TestSessionsEndWhenTheirPersonLeavesTheDirectoryServer(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	marc, gael := servers.PersonByUID("marc.dupont"), servers.PersonByUID("gael.yvetot")
	leaves, stays := h.browser(t), h.browser(t)
	leaves.enter(marc.Mail, marc.Password)
	stays.enter(gael.Mail, gael.Password)
	here := h.as(t, h.luc) // an agent who is in no directory server
	server.Modify(t, "dn: "+marc.DN()+"\nchangetype: delete\n")
	h.recheck(t)
	if !leaves.isIn("Marc Dupont") {
		t.Error("asked about a session that has just begun")
	}
	h.later(16 * time.Minute)
	stays.home()
	leaves.home()
	server.Stop(t)
	h.recheck(t)
	if !leaves.isIn("Marc Dupont") || !stays.isIn(gael.Name()) {
		t.Error("a silent server ends sessions")
	}
	h.browser(t).signIn(gael.Mail, gael.Password).want(t, http.StatusServiceUnavailable, "ne répond pas")
	server.Start(t)
	h.recheck(t)
	if leaves.isIn("Marc Dupont") {
		t.Error("who left goes on")
	}
	if !stays.isIn(gael.Name()) || here.get("/").status != http.StatusOK {
		t.Error("others are put out")
	}
	closed := slices.IndexFunc(h.journal(t), func(line audit.Entry) bool {
		return line.Action == audit.SessionClosed && line.Refused == audit.Gone && line.Name == "Marc Dupont"
	})
	if closed < 0 {
		t.Errorf("the journal does not tell: %+v", h.journal(t))
	}
}

// TestAPhoneStopsWhileItsPersonIsNotInTheDirectoryServer, however it is used, and
// goes on when she is back.
func TestAPhoneStopsWhileItsPersonIsNotInTheDirectoryServer(t *testing.T) {
	server, h, ctx := servers.LDAP(t), newHouse(t), context.Background()
	marc := servers.PersonByUID("marc.dupont")
	rdn, agents, _ := strings.Cut(marc.DN(), ",")
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) { settings.BaseDN = agents })
	move := func(from, to string) {
		server.Modify(t, "dn: "+rdn+","+from+"\nchangetype: modrdn\nnewrdn: "+rdn+"\ndeleteoldrdn: 0\nnewsuperior: "+to+"\n")
		h.later(16 * time.Minute)
		h.recheck(t)
	}
	b := h.browser(t)
	b.enter(marc.Mail, marc.Password)
	made := b.post("/account/app-passwords", url.Values{"name": {"Téléphone"}, "scope": {"calendar"}})
	secret := secretOf(t, made.body)
	local := got(h.service.AppPasswords.Create(ctx, h.luc, phone))(t) // an agent who is in no directory server
	serves := func(login, secret string) error {
		_, err := h.service.AppPasswords.Authenticate(ctx, login, secret, "192.0.2.7")
		return err
	}
	must(t, serves(marc.Mail, secret))
	const elsewhere = "ou=services," + servers.BaseDN
	for range 2 {
		move(agents, elsewhere)
		if err := serves(marc.Mail, secret); !errors.Is(err, portal.ErrDenied) || errors.Is(err, sso.ErrWrong) || sso.ReasonOf(err) != audit.Gone {
			t.Errorf("she left, and her telephone gets %v", err)
		}
		must(t, serves("luc@agglo.example", local))
		move(elsewhere, agents)
		must(t, serves(marc.Mail, secret))
	}
	move(agents, elsewhere)
	back := h.browser(t)
	if last := back.signIn(marc.Mail, marc.Password); last.status == http.StatusSeeOther {
		t.Error("she signs in from outside of the directory")
	}
	told := map[audit.Action]int{}
	for _, line := range h.journal(t) {
		if line.Name == "Marc Dupont" {
			told[line.Action]++
		}
	}
	if told[audit.AppPasswordStopped] != 3 || told[audit.AppPasswordResumed] != 2 {
		t.Errorf("the journal tells %v", told)
	}
	must(t, h.service.Methods.Set(ctx, sso.Method{Collectivity: "bourg", Kind: sso.Embedded}))
	h.later(16 * time.Minute)
	h.recheck(t)
	must(t, serves(marc.Mail, secret)) // no server decides about her any more
}

func secretOf(t testing.TB, page string) string {
	t.Helper()
	found := regexp.MustCompile(`<code class="secret">([^<]+)</code>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no password in\n%s", page)
	}
	return found[1]
}

// TestAServiceAccountThatSeesNobodyEndsNoSession: lost rights look like a town
// where everybody left.
func TestAServiceAccountThatSeesNobodyEndsNoSession(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	marc := servers.PersonByUID("marc.dupont")
	b := h.browser(t)
	b.enter(marc.Mail, marc.Password)
	h.later(16 * time.Minute)
	b.home()
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) { settings.BaseDN = "ou=services," + servers.BaseDN })
	h.recheck(t)
	if !b.isIn("Marc Dupont") {
		t.Error("nobody seen, and a session ends")
	}
}

func TestSessionsEndWhenTheDomainDisablesAnAccount(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	h.useDomain(t, domain, nil)
	marc := servers.PersonByUID("marc.dupont")
	leaves, stays := h.browser(t), h.browser(t)
	leaves.enter("parti@bourg.example", servers.DomainPassword)
	stays.enter(marc.Mail, marc.Password)
	h.later(16 * time.Minute)
	leaves.home()
	stays.home()
	domain.Disable(t, "parti")
	h.recheck(t)
	if leaves.isIn("Camille d’État") || !stays.isIn("Marc Dupont") {
		t.Error("the wrong session ended")
	}
	closed := slices.IndexFunc(h.journal(t), func(line audit.Entry) bool { return line.Action == audit.SessionClosed })
	if closed < 0 || h.journal(t)[closed].Refused != audit.Disabled {
		t.Errorf("journal = %+v", h.journal(t))
	}
}

func TestAnAdministratorTriesALogin(t *testing.T) {
	domain, h := servers.ActiveDirectory(t), newHouse(t)
	h.makeGroups(t, "regie")
	h.useDomain(t, domain, func(settings *ldapdir.Settings) {
		settings.Groups = []ldapdir.GroupRule{{From: servers.NestedGroups()[0], To: "regie"}}
	})
	must(t, h.SetRights(context.Background(), directory.Installation("bourg"), h.anne.Agent, []portal.Right{portal.Admin}))
	admin := h.as(t, h.anne)
	settings := admin.get("/admin/sign-in")
	settings.want(t, http.StatusOK, "Famille d’annuaire", "Active Directory", domain.URL, domain.BindDN, "sAMAccountName", "Régie → regie")
	if strings.Contains(settings.body, domain.BindPassword) {
		t.Error("the page shows the service account's password")
	}
	try := func(login string) answer { return admin.post("/admin/sign-in", url.Values{"login": {login}}) }
	try("emboite@bourg.example").want(t, http.StatusOK, "Peut entrer", "CN=emboite,OU=Agents", "objectGUID", "d’État", "Créé à la première connexion",
		">regie<", "Culture", "Domain Users")
	for login, says := range map[string]string{
		"desactive@bourg.example": "compte désactivé dans l’annuaire", "expire@bourg.example": "compte expiré", "a.changer@bourg.example": "mot de passe à changer",
		"mdp.expire@bourg.example": "mot de passe expiré", "personne@bourg.example": "compte inconnu", "accueil@bourg.example": "plusieurs fiches",
		"anne@agglo.example": "ne mène pas à votre collectivité", "*@bourg.example": "compte inconnu",
	} {
		try(login).want(t, http.StatusOK, "Ne peut pas entrer", says)
	}
	try(" ").want(t, http.StatusUnprocessableEntity, "Saisissez votre adresse")
	if _, err := h.AccountByLogin(context.Background(), "emboite@bourg.example"); err == nil {
		t.Error("a trial made an account")
	}
	objects := map[string]bool{}
	for _, line := range h.journal(t) {
		if line.Action == audit.SignInTried {
			objects[line.Object] = true
		}
	}
	if !objects["emboite@bourg.example"] || objects["personne@bourg.example"] {
		t.Errorf("the journal tells of %v", objects)
	}
	h.as(t, h.luc).get("/admin/sign-in").want(t, http.StatusNotFound)
}

func TestATrialOnOpenLDAPTellsGroupsAndWaits(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	h.useLDAP(t, server, nil)
	helene := servers.PersonByUID("helene.daumas")
	ctx, installation := context.Background(), directory.Installation("bourg")
	tried := got(h.service.Preview(ctx, installation, helene.Mail, ""))(t)
	if !tried.Enters() || tried.Found.GroupCount != 2 || tried.Found.Profile.Key != helene.EntryUUID() || tried.Admission.Known {
		t.Errorf("Preview = %+v", tried)
	}
	for range 4 {
		h.browser(t).signIn(helene.Mail, "wrong")
	}
	if tried = got(h.service.Preview(ctx, installation, helene.Mail, ""))(t); tried.Refused != audit.Throttled {
		t.Errorf("Preview after four failures = %+v", tried)
	}
	server.Stop(t)
	if tried = got(h.service.Preview(ctx, installation, helene.Mail, ""))(t); tried.Enters() || tried.Fault == nil {
		t.Errorf("Preview of a silent server = %+v", tried)
	}
	if _, err := h.service.Preview(ctx, h.luc, helene.Mail, ""); err == nil {
		t.Error("an agent without the right tries logins")
	}
}

func TestThePageOfALoginTriedIsValidAndAccessible(t *testing.T) {
	server, h := servers.LDAP(t), newHouse(t)
	must(t, h.SetRights(context.Background(), directory.Installation("bourg"), h.anne.Agent, []portal.Right{portal.Admin}))
	p := browser.New(t)
	p.Open(h.server.URL + "/sign-in?next=/account")
	p.Fill("#login", "anne@bourg.example")
	p.Follow("text=Continuer")
	p.Fill("#password", password)
	p.Follow("text=Se connecter")
	h.makeGroups(t, "admins")
	h.useLDAP(t, server, func(settings *ldapdir.Settings, _ *sso.Method) {
		settings.Groups = []ldapdir.GroupRule{{From: "Administrateurs", To: "admins"}}
	})
	p.Open(h.server.URL + "/admin/sign-in")
	for _, login := range []string{"", "helene.daumas@bourg.example", "accueil@bourg.example"} {
		if login != "" {
			p.Fill("#login", login)
			p.Follow("text=Essayer")
		}
		for _, width := range []int{1366, 360} {
			p.Size(width, 768)
			p.Axe(t)
			p.Screenshot(fmt.Sprintf("directory/login-tried-%d-%d", len(login), width))
		}
		p.Geometry(t)
	}
	for _, problem := range p.Problems() {
		t.Error(problem)
	}
	h.as(t, h.anne).checkHTML("/admin/sign-in", url.Values{"login": {"helene.daumas@bourg.example"}})
}

// checkHTML judges a page with a form, before and after.
func (b *person) checkHTML(path string, form url.Values) {
	b.t.Helper()
	for _, page := range []answer{b.get(path), b.post(path, form), b.post(path, nil)} {
		browser.HTML(b.t, []byte(page.body))
	}
}
