package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
)

// chosen is a password that nobody guesses.
const chosen = "sept grands cormorans trouvent un vieux parapluie vert"

// plain is the subject and the plain text of a letter.
func plain(t *testing.T, letter string) (subject, text string) {
	t.Helper()
	message, err := netmail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	decoder := mime.WordDecoder{}
	if subject, err = decoder.DecodeHeader(message.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	part, err := multipart.NewReader(message.Body, params["boundary"]).NextRawPart()
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		t.Fatal(err)
	}
	return subject, string(body)
}

// linkIn is the path of the link of a letter, which leads to the portal.
func linkIn(t *testing.T, p *servertest.Portal, letter string) string {
	t.Helper()
	_, text := plain(t, letter)
	found := regexp.MustCompile(`(?m)^(https?://[^/\s]+)(/\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link in:\n%s", text)
	}
	if found[1] != p.URL {
		t.Fatalf("the link leads to %s and not to %s", found[1], p.URL)
	}
	return found[2]
}

// follow opens a link and returns the page behind it.
func follow(t *testing.T, client *servertest.Client, link string) servertest.Answer {
	t.Helper()
	path, _, _ := strings.Cut(link, "?")
	first := client.Get(link).Want(t, 303)
	if got := first.Header.Get("Location"); got != path {
		t.Fatalf("the link leads to %q, want %q without its secret", got, path)
	}
	return client.Get(path)
}

// choose sends the form behind a link, as the page shows it now.
func choose(t *testing.T, client *servertest.Client, path string, fields ...string) servertest.Answer {
	t.Helper()
	shown := between(t, client.Get(path).Body, `name="link" value="`, `"`)
	return client.Post(path, append([]string{"link", shown}, fields...)...)
}

// tagOf is how a form names the link that it is for.
func tagOf(link string) string {
	_, key, _ := strings.Cut(link, "key=")
	sum := sha256.Sum256([]byte("form of " + key))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// invite asks people in from the page, and returns its last answer.
func invite(t *testing.T, admin *servertest.Client, lines string) servertest.Answer {
	t.Helper()
	preview := admin.Post("/admin/agents/invite", "lines", lines, "do", "send").Want(t, 200, "à inviter") // never sent unseen
	seen := between(t, preview.Body, `name="seen" value="`, `"`)
	return admin.Post("/admin/agents/invite", "lines", lines, "seen", seen, "do", "send")
}

func TestAnInvitedPersonOpensHerAccount(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.As("admin@bourg.example")
	admin.Post("/admin/agents/invite", "lines", "Anne d'Été <anne@bourg.example>\nsans adresse", "do", "send").Want(t, 422, "1 ligne à corriger", "Il manque une adresse")
	if n := p.ReceivedSoFar("anne@bourg.example"); n != 0 {
		t.Fatalf("%d letters left before every line was well", n)
	}
	invite(t, admin, "Anne d'Été <anne@bourg.example>").Want(t, 303)
	letter := p.Received("anne@bourg.example", 1)
	if subject, text := plain(t, letter); !strings.Contains(subject, "vous ouvre un accès") || !strings.Contains(text, "Bonjour Anne d'Été") {
		t.Errorf("the letter says %q\n%s", subject, text)
	}
	admin.Get("/admin/agents?state=invited").Want(t, 200, "Anne d&#39;Été", "Invitation envoyée")
	admin.Get("/admin/agents?state=closed").Want(t, 200, "Aucun agent n’est dans ce cas.") // and no advice about words
	invite := linkIn(t, p, letter)
	anne := p.Anonymous()
	follow(t, anne, invite).Want(t, 200, "Choisir un mot de passe", "anne@bourg.example")
	choose(t, anne, "/sign-in/invitation", "password", "Anne-Ete-2026!").Want(t, 422, "contient votre nom")
	choose(t, anne, "/sign-in/invitation", "password", "Motdepasse123!").Want(t, 422, "premiers que l’on essaie")
	choose(t, anne, "/sign-in/invitation", "password", chosen, "show", "1").Want(t, 200, `type="text" value="sept grands`)
	if got := choose(t, anne, "/sign-in/invitation", "password", chosen).Want(t, 303).Header.Get("Location"); got != "/" {
		t.Errorf("the password leads to %q, want home", got)
	}
	anne.Get("/").Want(t, 200, "Anne")
	anne.Get("/account").Want(t, 200, "anne@bourg.example")
	follow(t, p.Anonymous(), invite).Want(t, 403, "Ce lien ne sert plus")
	if got := p.Anonymous().SignIn("anne@bourg.example", chosen).Header.Get("Location"); got != "/" {
		t.Errorf("her password leads to %q", got)
	}
	admin.Get("/admin/agents?state=active").Want(t, 200, "Anne d&#39;Été")
}

func TestANewLinkEndsTheOneBefore(t *testing.T) {
	p := servertest.NewSending(t)
	admin, caller := p.As("admin@bourg.example"), p.Caller("admin@bourg.example", "bourg")
	invite(t, admin, "Anne Nouvelle <anne@bourg.example>").Want(t, 303)
	old := linkIn(t, p, p.Received("anne@bourg.example", 1))
	roster, err := p.Directory.Roster(t.Context(), caller, directory.RosterQuery{State: directory.StateInvited})
	if err != nil || roster.Total != 1 {
		t.Fatalf("roster = %+v, %v", roster, err)
	}
	anne := "/admin/agents/" + string(roster.Agents[0].ID)
	admin.Post(anne+"/invite").Want(t, 303) // at once: told to wait
	if _, err := p.DB.Exec(t.Context(), `UPDATE invitations SET created = created - 120000`); err != nil {
		t.Fatal(err)
	}
	admin.Post(anne+"/invite").Want(t, 303)
	fresh := linkIn(t, p, p.Received("anne@bourg.example", 2))
	follow(t, p.Anonymous(), old).Want(t, 403)
	client := p.Anonymous()
	follow(t, client, fresh).Want(t, 200)
	admin.Post(anne+"/cancel").Want(t, 303)
	client.Post("/sign-in/invitation", "password", chosen).Want(t, 403)
	admin.Post(anne+"/cancel").Want(t, 404)
	if roster, err = p.Directory.Roster(t.Context(), caller, directory.RosterQuery{Text: "nouvelle"}); err != nil || roster.Total != 0 {
		t.Errorf("who was never here stays in the list: %+v, %v", roster, err)
	}
	if n := p.ReceivedSoFar("anne@bourg.example"); n != 2 {
		t.Errorf("%d letters, want 2", n)
	}
}

// TestAnAccountOfElsewhereJoins: one address, two collectivities, and neither
// learns of the other.
func TestAnAccountOfElsewhereJoins(t *testing.T) {
	p := servertest.NewSending(t)
	bourg := p.As("admin@bourg.example")
	lines := "Léa Moreau <agent@agglo.example>\nZoé Rien <personne@agglo.example>"
	preview := bourg.Post("/admin/agents/invite", "lines", lines).Want(t, 200, "2 personnes à inviter").Body
	if strings.Contains(preview, "error") || strings.Contains(strings.ToLower(preview), "agglo</") {
		t.Errorf("the preview tells who has an account:\n%s", preview)
	}
	invite(t, bourg, lines).Want(t, 303)
	client := p.Anonymous()
	link := linkIn(t, p, p.Received("agent@agglo.example", 1))
	follow(t, client, link).Want(t, 200, "Vous avez déjà un compte")
	client.Post("/sign-in/invitation", "link", tagOf(link), "password", chosen).Want(t, 303)
	if got := p.Anonymous().SignIn("agent@agglo.example", servertest.Password).Header.Get("Location"); got != "/" {
		t.Fatalf("the password of agglo leads to %q: an invitation changed it", got)
	}
	stranger := p.Anonymous()
	follow(t, stranger, linkIn(t, p, p.Received("agent@agglo.example", 1)))
	stranger.SignIn("collegue@bourg.example", servertest.Password)
	stranger.Get("/account/invitation").Want(t, 303) // she is somebody else
	stranger.Post("/account/invitation", "link", tagOf(link)).Want(t, 403)

	client.SignIn("agent@agglo.example", servertest.Password)
	client.Get("/account/invitation").Want(t, 200, "Rejoindre")
	choose(t, client, "/account/invitation").Want(t, 303)
	account, err := p.Directory.AccountByLogin(t.Context(), "agent@agglo.example")
	if err != nil {
		t.Fatal(err)
	}
	memberships, err := p.Directory.Memberships(t.Context(), account.ID)
	if err != nil || len(memberships) != 2 || memberships[0].Collectivity != "agglo" {
		t.Errorf("memberships = %+v, %v, want agglo first and bourg", memberships, err)
	}
	// Of agglo's domain and without account: bourg can't make one.
	other := p.Anonymous()
	link = linkIn(t, p, p.Received("personne@agglo.example", 1))
	follow(t, other, link).Want(t, 200, "Connectez-vous")
	other.Post("/sign-in/invitation", "link", tagOf(link), "password", chosen).Want(t, 303)
	if _, err := p.Directory.AccountByLogin(t.Context(), "personne@agglo.example"); err == nil {
		t.Error("bourg made an account with an address of agglo")
	}
}

func TestAForgottenPasswordIsReplacedByMail(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	open := p.As(login)
	phone := p.AppPassword(login, "bourg")
	ask := func(login string, headers ...string) servertest.Answer {
		form := strings.NewReader(url.Values{"login": {login}}.Encode())
		return p.Anonymous().Do("POST", "/sign-in/forgotten", form, append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
	}
	known, unknown := ask(login).Want(t, 200), ask("nobody@bourg.example").Want(t, 200)
	if got, want := strings.ReplaceAll(unknown.Body, "nobody@bourg.example", login), known.Body; got != want {
		t.Error("the page tells who has an account")
	}
	known.Want(t, 200, "Mairie de Bourg-sur-Loire", `33261910100">`) // whom to call when nothing comes
	first := linkIn(t, p, p.Received(login, 1))
	// The link never comes from the request (CVE-2013-4202 and its many sisters).
	ask(login, "Host", "voleur.example", "X-Forwarded-Host", "voleur.example").Want(t, 200)
	second := linkIn(t, p, p.Received(login, 2))
	follow(t, p.Anonymous(), first).Want(t, 403)

	client := p.Anonymous()
	follow(t, client, second).Want(t, 200, login)
	choose(t, client, "/sign-in/reset", "password", "court").Want(t, 422, "trop facile")
	if got := choose(t, client, "/sign-in/reset", "password", chosen).Want(t, 303).Header.Get("Location"); got != "/" {
		t.Errorf("the new password leads to %q", got)
	}
	client.Get("/").Want(t, 200)
	open.Get("/account").Want(t, 303)
	if _, err := p.SSO.AppPasswords.Authenticate(t.Context(), login, phone, "192.0.2.1"); err != nil {
		t.Errorf("her phone's password: %v", err)
	}
	if subject, text := plain(t, p.Received(login, 3)); subject != "Votre mot de passe a changé" || strings.Contains(text, "http") {
		t.Errorf("the notice says %q\n%s", subject, text)
	}
	follow(t, p.Anonymous(), second).Want(t, 403)
	if got := p.Anonymous().SignIn(login, servertest.Password).Status; got == 303 {
		t.Error("the old password still opens")
	}

	// Who floods a mailbox fills nobody's: three an hour.
	for range 4 {
		ask(login).Want(t, 200)
	}
	p.Received(login, 4)
	if err := p.SSO.Resets.Handle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.SSO.Resets.Handle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.ReceivedSoFar(login); n != 4 {
		t.Errorf("%d letters, want 4: three links and a notice", n)
	}
	for range 10 {
		ask("flood@bourg.example")
	}
	ask("flood@bourg.example").Want(t, 429)

	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.PasswordAsked})
	if err != nil || len(lines) != 4 || lines[0].Refused != audit.Throttled {
		t.Errorf("the journal tells %+v, %v, want three and why not the fourth", lines, err)
	}
}

func TestAResetDoesNotPassTheSecondFactor(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	withFactor(t, p, login, "bourg")
	p.Anonymous().Post("/sign-in/forgotten", "login", login)
	client := p.Anonymous()
	follow(t, client, linkIn(t, p, p.Received(login, 1)))
	if got := choose(t, client, "/sign-in/reset", "password", chosen, "apps", "1").Want(t, 303).Header.Get("Location"); got != "/sign-in/second" {
		t.Errorf("a reset leads to %q, want to the second factor", got)
	}
	client.Get("/account").Want(t, 303)
}

func TestOnesOwnPassword(t *testing.T) {
	p := servertest.NewSending(t)
	const login = "agent@bourg.example"
	client, other := p.As(login), p.As(login)
	client.Get("/account/password").Want(t, 200, "Mot de passe actuel")
	client.Post("/account/password", "old", "faux", "password", chosen).Want(t, 422, "pas votre mot de passe actuel")
	client.Post("/account/password", "old", servertest.Password, "password", servertest.Password).Want(t, 422, "passe actuel")
	client.Post("/account/password", "old", servertest.Password, "password", "Camille.LeGoff1").Want(t, 422, "contient votre nom")
	client.Post("/account/password", "old", servertest.Password, "password", chosen).Want(t, 303)
	client.Get("/account").Want(t, 200, "Mot de passe changé")
	other.Get("/account").Want(t, 303)
	p.Received(login, 1)
	for range 4 {
		client.Post("/account/password", "old", "faux", "password", "Xq7!vTm2#kRz")
	}
	client.Post("/account/password", "old", chosen, "password", "Xq7!vTm2#kRz").Want(t, 429, "Trop d’essais")
	if got := p.Anonymous().SignIn(login, chosen).Status; got != 429 {
		t.Errorf("wrong old passwords count nothing at the sign-in: %d", got)
	}
}

func TestAnAdministratorAsksInHerOwnAgentsAlone(t *testing.T) {
	p := servertest.NewSending(t)
	bourg, syndicat := p.As("admin@bourg.example"), p.As("admin@syndicat.example")
	invite(t, bourg, "Anne Nouvelle <anne@bourg.example>").Want(t, 303)
	var anne string
	if err := p.DB.QueryRow(t.Context(), `SELECT agent FROM invitations`).Scan(&anne); err != nil {
		t.Fatal(err)
	}
	for _, act := range []string{"invite", "cancel", "password"} {
		syndicat.Post("/admin/agents/"+anne+"/"+act).Want(t, 404)
	}
	if body := syndicat.Get("/admin/agents?q=anne").Want(t, 200).Body; strings.Contains(body, "anne@bourg.example") {
		t.Error("syndicat sees bourg's guest")
	}
	p.As(operator).Get("/admin/agents").Want(t, 303)
	// The secretary signs in at bourg: syndicat may not give her a password.
	there, here := p.Caller(secretary, "syndicat"), p.Caller(secretary, "bourg")
	if body := syndicat.Get("/admin/agents?q=giraud").Want(t, 200).Body; strings.Contains(body, string(there.Agent)+"/password") {
		t.Error("syndicat is offered to reset who signs in at bourg")
	}
	syndicat.Post("/admin/agents/"+string(there.Agent)+"/password").Want(t, 403, "autre collectivité")
	bourg.Post("/admin/agents/"+string(here.Agent)+"/password").Want(t, 303)
	client := p.Anonymous()
	follow(t, client, linkIn(t, p, p.Received(secretary, 1))).Want(t, 200, secretary)
	agent := p.Caller("collegue@bourg.example", "bourg")
	p.As("collegue@bourg.example").Post("/admin/agents/"+string(agent.Agent)+"/password").Want(t, 404)
	if _, err := p.Directory.Roster(t.Context(), agent, directory.RosterQuery{}); err == nil {
		t.Error("an agent without right lists the roster")
	}
	if _, err := p.Inviter.Invite(t.Context(), agent, directory.ParseGuests("A B <x@bourg.example>"), directory.Placing{}); err == nil {
		t.Error("an agent without right invites")
	}
	elsewhere := directory.Placing{Groups: []portal.GroupID{"nulle-part"}}
	if _, err := p.Inviter.Invite(t.Context(), p.Caller("admin@bourg.example", "bourg"), directory.ParseGuests("A B <x@bourg.example>"), elsewhere); err == nil {
		t.Error("a group that is not here takes a guest")
	}
}

// TestWithoutMailLinksAreHandedOver: each is shown once, to the administrator.
func TestWithoutMailLinksAreHandedOver(t *testing.T) {
	p := servertest.New(t)
	admin := p.As("admin@bourg.example")
	body := invite(t, admin, "Anne Nouvelle <anne@bourg.example>").Want(t, 201, "Anne Nouvelle", "ne sera plus montré").Body
	link := html.UnescapeString(between(t, body, `<code class="secret">`, `</code>`))
	client := p.Anonymous()
	follow(t, client, strings.TrimPrefix(link, p.URL)).Want(t, 200)
	choose(t, client, "/sign-in/invitation", "password", chosen).Want(t, 303)
	client.Get("/").Want(t, 200)
	if body := admin.Get("/admin/agents").Want(t, 200, "ne peut pas envoyer de courrier").Body; strings.Contains(body, "key=") {
		t.Error("the list shows a link")
	}
	p.Anonymous().Get("/sign-in/forgotten").Want(t, 200, "ne peut pas envoyer de courrier")
	agent := p.Caller("agent@bourg.example", "bourg")
	admin.Post("/admin/agents/"+string(agent.Agent)+"/password").Want(t, 201, "/sign-in/reset?key=")
}
