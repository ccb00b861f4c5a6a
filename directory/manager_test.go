package directory_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/portal/seal"
	"parvis/sso"
)

// TestAManagerWhoIsNoMoreKeepsNobodyOut: cancelling an invitation deletes its agent,
// and those whom she managed sign in as before.
func TestAManagerWhoIsNoMoreKeepsNobodyOut(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	catalogue := got(i18n.Load(directory.Locales))(t)
	sealer := got(seal.Open(filepath.Join(t.TempDir(), "key")))(t)
	inviter := directory.NewInviter(h.Store, h.service.Methods, post.New(post.Options{DB: h.db, Sealer: sealer, Log: slog.New(slog.DiscardHandler)}), catalogue, "https://parvis.example")
	got(inviter.Invite(ctx, admin, directory.ParseGuests("Nina Sol <nina@bourg.example>"), directory.Placing{}))(t)
	var nina portal.AgentID
	must(t, h.db.QueryRow(ctx, `SELECT agent FROM invitations WHERE collectivity = 'bourg'`).Scan(&nina))
	manage := func(manager portal.AgentID) error {
		shown := got(h.Agent(ctx, admin, h.anne.Agent))(t)
		typed := shown
		typed.Manager = manager
		return h.ChangeAgent(ctx, admin, shown, typed, "")
	}
	must(t, manage(nina))
	must(t, inviter.Cancel(ctx, admin, nina))
	if card := got(h.Agent(ctx, admin, h.anne.Agent))(t); card.Manager != "" {
		t.Errorf("anne's manager is %q, and is no more", card.Manager)
	}

	got(h.db.Exec(ctx, `UPDATE agents SET manager = 'gone' WHERE collectivity = 'bourg' AND id = $1`, string(h.anne.Agent)))(t) // before they were cleared
	got(directory.SignIn{Store: h.Store}.Admit(ctx, "bourg", sso.Profile{Key: "uuid-1", Login: "anne@bourg.example", GivenName: "Annette"}))(t)
	must(t, manage(""))
	wantFields(t, manage("gone"), "manager")
}
