package server_test

import (
	"testing"

	"parvis/portal"
	"parvis/server"
	"parvis/server/servertest"
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
