package server_test

import (
	"testing"

	"parvis/directory"
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
