package server_test

import (
	"errors"
	"testing"

	"parvis/portal"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestWhoOperatesThePoolMayAdministerACollectivity(t *testing.T) {
	p := servertest.New(t)
	bourg := server.Description{
		ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune",
		Domains: []string{"bourg.example"}, Administrators: []server.AdministratorDescription{{Login: "claire@bourg.example", FamilyName: "Morvan"}},
	}
	if err := p.Apply(t.Context(), bourg); err != nil {
		t.Fatal(err)
	}
	claire := p.Caller("claire@bourg.example", "bourg")
	if err := p.Directory.GrantPool(t.Context(), claire.Account); err != nil {
		t.Fatal(err)
	}
	if err := p.Directory.SetRights(t.Context(), claire, claire.Agent, []portal.Right{portal.EditNews}); err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(t.Context(), bourg); err != nil {
		t.Fatalf("the description given again: %v", err)
	}
	claire = p.Caller("claire@bourg.example", "bourg")
	for _, right := range []portal.Right{portal.Admin, portal.EditNews, portal.OperatePool} {
		if !claire.Can(right) {
			t.Errorf("she has lost the right %s", right)
		}
	}
}

func TestADirectoryIsDescribedWithItsGroups(t *testing.T) {
	p := servertest.New(t)
	described := func(change func(d *server.LDAPDescription)) server.Description {
		ldap := server.LDAPDescription{
			Kind: "active-directory", URL: "ldaps://dc1.bourg.example", Fallbacks: []string{"ldaps://dc2.bourg.example"}, BaseDN: "DC=bourg,DC=example",
			Groups: []server.GroupDescription{{From: "GG-Finances", Group: "argent", Name: "Argent"}, {From: "GG-Budget", Group: "argent"}},
		}
		if change != nil {
			change(&ldap)
		}
		return server.Description{
			ID: "bourg", Name: "Bourg", LongName: "Mairie de Bourg", Kind: "commune", Domains: []string{"bourg.example"},
			SignIn: &server.SignInDescription{Kind: string(sso.LDAP), LDAP: &ldap},
		}
	}
	for range 2 { // and again
		if err := p.Apply(t.Context(), described(nil)); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := p.Directory.Groups(t.Context(), p.Caller("admin@bourg.example", "bourg"))
	if err != nil || len(groups) == 0 || !hasGroup(groups, "argent") {
		t.Errorf("groups = %v, %v", groups, err)
	}
	for name, change := range map[string]func(d *server.LDAPDescription){
		"kind":     func(d *server.LDAPDescription) { d.Kind = "novell" },
		"fallback": func(d *server.LDAPDescription) { d.Fallbacks = []string{"dc2"} },
		"group":    func(d *server.LDAPDescription) { d.Groups = []server.GroupDescription{{From: "X", Group: "nowhere"}} },
	} {
		if err := p.Apply(t.Context(), described(change)); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: Apply = %v, want ErrInvalid", name, err)
		}
	}
}

func hasGroup(groups []portal.Group, id portal.GroupID) bool {
	for _, group := range groups {
		if group.ID == id {
			return true
		}
	}
	return false
}
