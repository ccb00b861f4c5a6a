package server_test

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/server/servertest"
	"parvis/sso"
)

// TestNobodysMailboxIsFilledByInvitations: inviting and taking back is counted by
// address.
func TestNobodysMailboxIsFilledByInvitations(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.As("admin@bourg.example")
	lines := "Anne Nouvelle <anne@ailleurs.example>"
	for nth := range 3 {
		invite(t, admin, lines).Want(t, 303)
		p.Received("anne@ailleurs.example", nth+1)
		var anne string
		if err := p.DB.QueryRow(t.Context(), `SELECT agent FROM invitations WHERE collectivity = 'bourg'`).Scan(&anne); err != nil {
			t.Fatal(err)
		}
		admin.Post("/admin/agents/"+anne+"/cancel").Want(t, 303)
	}
	admin.Post("/admin/agents/invite", "lines", lines).Want(t, 422, "trois invitations aujourd’hui")
	if _, err := p.Inviter.Invite(t.Context(), p.Caller("admin@bourg.example", "bourg"), directory.ParseGuests(lines), directory.Placing{}); err == nil {
		t.Error("a fourth letter leaves")
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE invitation_letters SET at = at - 86500000`); err != nil {
		t.Fatal(err)
	}
	admin.Post("/admin/agents/invite", "lines", lines).Want(t, 200, "1 personne à inviter")
}

// TestAServerVouchesForItsOwnGuestsAlone: where no password is to be chosen, an
// account becomes an agent at once. That of another domain, only by its person.
func TestAServerVouchesForItsOwnGuestsAlone(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	if err := p.SSO.Methods.Set(t.Context(), sso.Method{Collectivity: "bourg", Kind: sso.LDAP}); err != nil {
		t.Fatal(err)
	}
	listed, err := p.Directory.CreateAgent(t.Context(), admin, directory.Agent{GivenName: "Léa", FamilyName: "Moreau", Email: "agent@agglo.example"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inviter.Again(t.Context(), admin, listed); err == nil {
		t.Error("an account of agglo's domain is bourg's agent, and nobody asked its person")
	}
	account, err := p.Directory.AccountByLogin(t.Context(), "agent@agglo.example")
	if err != nil {
		t.Fatal(err)
	}
	if memberships, err := p.Directory.Memberships(t.Context(), account.ID); err != nil || len(memberships) != 1 {
		t.Errorf("memberships = %+v, %v, want agglo alone", memberships, err)
	}
}

// TestAnInvitationGoesToTheAccountsOwnAddress: the card of an agent may show one
// that several people read.
func TestAnInvitationGoesToTheAccountsOwnAddress(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	account, err := p.Directory.CreateAccount(t.Context(), admin, "nouveau@bourg.example")
	if err != nil {
		t.Fatal(err)
	}
	agent, err := p.Directory.CreateAgent(t.Context(), admin, directory.Agent{Account: account, FamilyName: "Nouveau", Email: "accueil@bourg.example"})
	if err != nil {
		t.Fatal(err)
	}
	p.As("admin@bourg.example").Post("/admin/agents/"+string(agent)+"/invite").Want(t, 303)
	linkIn(t, p, p.Received("nouveau@bourg.example", 1))
	if n := p.ReceivedSoFar("accueil@bourg.example"); n != 0 {
		t.Error("the link to her first password went to the mailbox on her card")
	}
}

// guest invites one person and returns her agent and her link.
func guest(t *testing.T, p *servertest.Portal, name, address string) (agent portal.AgentID, link string) {
	t.Helper()
	invite(t, p.As("admin@bourg.example"), name+" <"+address+">").Want(t, 303)
	link = linkIn(t, p, p.Received(address, 1))
	if err := p.DB.QueryRow(t.Context(), `SELECT agent FROM invitations WHERE collectivity = 'bourg' AND login = $1`, address).Scan(&agent); err != nil {
		t.Fatal(err)
	}
	return agent, link
}

// TestAnInvitationEnds by its age, and with its agent.
func TestAnInvitationEnds(t *testing.T) {
	p := servertest.NewSending(t)
	agent, closed := guest(t, p, "Anne Nouvelle", "anne@bourg.example")
	client := p.Anonymous()
	follow(t, client, closed).Want(t, 200)
	if err := p.Directory.CloseAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent, ""); err != nil {
		t.Fatal(err)
	}
	client.Get("/sign-in/invitation").Want(t, 403, "Ce lien ne sert plus")
	client.Post("/sign-in/invitation", "link", tagOf(closed), "password", chosen).Want(t, 403, "Ce lien ne sert plus")

	_, old := guest(t, p, "Bob Nouveau", "bob@bourg.example")
	client = p.Anonymous()
	follow(t, client, old).Want(t, 200)
	if _, err := p.DB.Exec(t.Context(), `UPDATE invitations SET expires = expires - 604800000`); err != nil {
		t.Fatal(err)
	}
	client.Get("/sign-in/invitation").Want(t, 403, "Ce lien ne sert plus")
	client.Post("/sign-in/invitation", "link", tagOf(old), "password", chosen).Want(t, 403, "Ce lien ne sert plus")
	key, err := url.Parse(old)
	if err != nil {
		t.Fatal(err)
	}
	err = p.DB.Tx(t.Context(), func(tx *database.Tx) error { // it may end between the page and the transaction
		_, err := directory.SignIn{Store: p.Directory}.Accept(t.Context(), tx, key.Query().Get("key"), "")
		return err
	})
	if !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("used up once it is over: %v, want ErrNotFound", err)
	}
	for _, login := range []string{"anne@bourg.example", "bob@bourg.example"} {
		if _, err := p.Directory.AccountByLogin(t.Context(), login); err == nil {
			t.Errorf("%s has an account by a link that was over", login)
		}
	}
}

// TestAnInvitationReplacesNoPassword, not even where the collectivity vouches for
// the account.
func TestAnInvitationReplacesNoPassword(t *testing.T) {
	p := servertest.NewSending(t)
	account, err := p.Directory.CreateAccount(t.Context(), p.Caller("admin@bourg.example", "bourg"), "nouveau@bourg.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SSO.Passwords.Set(t.Context(), servertest.Password, account); err != nil {
		t.Fatal(err)
	}
	before := passwordOf(t, p, account)
	_, link := guest(t, p, "Paul Nouveau", "nouveau@bourg.example")
	client := p.Anonymous()
	follow(t, client, link).Want(t, 200, "Vous avez déjà un compte")
	client.Post("/sign-in/invitation", "link", tagOf(link), "password", chosen).Want(t, 303)
	if passwordOf(t, p, account) != before {
		t.Error("an invitation replaced a password")
	}
}

// passwordOf is what is kept of the password of an account.
func passwordOf(t *testing.T, p *servertest.Portal, account portal.AccountID) (hash string) {
	t.Helper()
	if err := p.DB.QueryRow(t.Context(), `SELECT hash FROM account_passwords WHERE account = $1`, string(account)).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return hash
}

// actions are what the journal of bourg tells of some agent's, the oldest first.
func actions(t *testing.T, p *servertest.Portal, about func(audit.Entry) bool) (all []audit.Action) {
	t.Helper()
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range slices.Backward(lines) {
		if about(line) {
			all = append(all, line.Action)
		}
	}
	return all
}

// TestInvitationsAreInTheJournal: who was asked in, by whom, and what became of it.
func TestInvitationsAreInTheJournal(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.As("admin@bourg.example")
	anne, link := guest(t, p, "Anne Nouvelle", "anne@bourg.example")
	client := p.Anonymous()
	follow(t, client, link)
	choose(t, client, "/sign-in/invitation", "password", chosen).Want(t, 303)
	bob, _ := guest(t, p, "Bob Nouveau", "bob@bourg.example")
	admin.Post("/admin/agents/"+string(bob)+"/cancel").Want(t, 303)
	lea, link := guest(t, p, "Léa Moreau", "agent@agglo.example")
	client = p.As("agent@agglo.example")
	follow(t, client, link)
	choose(t, client, "/account/invitation").Want(t, 303)
	for agent, want := range map[portal.AgentID][]audit.Action{
		anne: {audit.AgentInvited, audit.InvitationAccepted},
		bob:  {audit.AgentInvited, audit.InvitationCancelled},
		lea:  {audit.AgentInvited, audit.InvitationAccepted},
	} {
		got := actions(t, p, func(line audit.Entry) bool {
			return line.Action != audit.SignIn && (line.ObjectID == string(agent) || line.Agent == agent)
		})
		if !slices.Equal(got, want) {
			t.Errorf("the journal tells of %s: %v, want %v", agent, got, want)
		}
	}
}

// TestALetterThatWaitsGoesWithItsInvitation: its link would lead nowhere.
func TestALetterThatWaitsGoesWithItsInvitation(t *testing.T) {
	p := servertest.NewSending(t)
	agent, _ := guest(t, p, "Anne Nouvelle", "anne@bourg.example")
	allSent(t, p)
	_, err := p.DB.Exec(t.Context(), `INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires)
		SELECT collectivity, mail, 'x', created, created + 1800000, expires FROM invitations`) // as if the server had not taken it yet
	if err != nil || countRows(t, p, "outgoing_mail") != 1 {
		t.Fatal("no letter waits", err)
	}
	p.As("admin@bourg.example").Post("/admin/agents/"+string(agent)+"/cancel").Want(t, 303)
	if rows := countRows(t, p, "outgoing_mail"); rows != 0 {
		t.Errorf("%d letters wait, want none", rows)
	}
}
