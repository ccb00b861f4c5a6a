package directory_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/sso"
)

// TestWhoIsInvitedAnewIsTheSame: who came by an invitation to choose a password, and is asked
// in again once a directory server vouches for people, has one card, and the link is void.
func TestWhoIsInvitedAnewIsTheSame(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	got(h.db.Exec(ctx, `INSERT INTO collectivity_domains (collectivity, domain) VALUES ('bourg', 'bourg.example') ON CONFLICT DO NOTHING`))(t)
	got(h.inviter.Invite(ctx, admin, directory.ParseGuests("Zoé Roux <zoe@bourg.example>"), directory.Placing{Unit: "technique"}))(t)
	settings := ldapdir.Settings{URL: "ldaps://annuaire.invalid", BaseDN: "dc=bourg"}
	must(t, h.service.Methods.Set(ctx, sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Settings: got(json.Marshal(settings))(t)}))
	got(h.db.Exec(ctx, `UPDATE invitations SET created = created - $1 WHERE collectivity = 'bourg'`, time.Hour.Milliseconds()))(t)
	zoe := got(h.Roster(ctx, admin, directory.RosterQuery{Text: "Roux"}))(t).Agents[0]
	got(h.inviter.Again(ctx, admin, zoe.ID))(t)
	found := got(h.Roster(ctx, admin, directory.RosterQuery{Text: "Roux"}))(t)
	if found.Total != 1 || found.Agents[0].ID != zoe.ID || found.Agents[0].Login != "zoe@bourg.example" || found.Agents[0].State != directory.StateNever {
		t.Errorf("invited anew: %+v", found.Agents)
	}
	var links int
	must(t, h.db.QueryRow(ctx, `SELECT COUNT(*) FROM invitations WHERE collectivity = 'bourg'`).Scan(&links))
	if links != 0 {
		t.Errorf("%d links to choose a password that nobody asks for", links)
	}
}
