package directory_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/portal/seal"
)

// listen has a program told of all that happens in bourg; it returns what was told since
// it was called last, sorted: "agent.changed anne unit".
func listen(t testing.TB, db *database.DB, names map[string]string) func() []string {
	t.Helper()
	ctx := context.Background()
	got(db.Exec(ctx, `INSERT INTO webhooks (collectivity, id, address, label, kinds, secret, former, state, created, created_by, turned, rights_seen)
		VALUES ('bourg', 'w', 'https://paie.invalid/', 'Paie', '', '', '', 'on', 1, '', 1, 1)`))(t)
	return func() (told []string) {
		t.Helper()
		rows := got(db.Query(ctx, `SELECT kind, payload FROM webhook_messages WHERE collectivity = 'bourg' AND webhook = 'w'`))(t)
		defer rows.Close()
		for rows.Next() {
			var kind, payload string
			must(t, rows.Scan(&kind, &payload))
			for id, name := range names {
				if strings.Contains(payload, `"`+id+`"`) {
					kind += " " + name
				}
			}
			if strings.Contains(payload, `"fields":["unit"]`) {
				kind += " unit"
			}
			told = append(told, kind)
		}
		must(t, rows.Err())
		got(db.Exec(ctx, `DELETE FROM webhook_messages WHERE collectivity = 'bourg'`))(t)
		slices.Sort(told)
		return told
	}
}

func wantHeard(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: told %q, want %q", what, got, want)
	}
}

// TestWhatIsTakenBackIsTold: programs hear of who is put back where she was, as they heard
// of her going.
func TestWhatIsTakenBackIsTold(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	unit := got(h.AddUnit(ctx, admin, directory.Unit{Name: "Voirie"}, ""))(t)
	anne := got(h.Agent(ctx, admin, h.anne.Agent))(t)
	placed := anne
	placed.Unit = unit
	must(t, h.ChangeAgent(ctx, admin, anne, placed, ""))
	told := listen(t, h.db, map[string]string{string(h.anne.Agent): "anne", string(unit): "voirie"})
	move := got(h.EmptyUnit(ctx, admin, unit, "", ""))(t)
	wantHeard(t, "emptied", told(), "unit.emptied voirie")
	if _, _, err := h.UndoMove(ctx, admin, move, ""); err != nil {
		t.Fatal(err)
	}
	wantHeard(t, "taken back", told(), "agent.changed anne unit")

	a := h.bring(t, admin, "Nom;Prénom;Courriel;Groupes\n"+anne.FamilyName+";"+anne.GivenName+";"+anne.Email+";Encadrants\n")
	h.begin(t, admin, a)
	wantHeard(t, "brought into a group", told(), "agent.groups anne")
	must(t, h.arrivals.Undo(ctx, admin, a.ID, ""))
	h.work(t)
	wantHeard(t, "and out of it", told(), "agent.groups anne")
}

// TestAnInvitationIsToldWhole: who came with it comes and goes, who was there joins groups,
// and who has an account by now is not said to be erased.
func TestAnInvitationIsToldWhole(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	catalogue := got(i18n.Load(directory.Locales))(t)
	sealer := got(seal.Open(filepath.Join(t.TempDir(), "key")))(t)
	inviter := directory.NewInviter(h.Store, h.service.Methods, post.New(post.Options{DB: h.db, Sealer: sealer, Log: slog.New(slog.DiscardHandler)}), catalogue, "https://parvis.example")
	told := listen(t, h.db, map[string]string{})
	invite := func(guest string) (who portal.AgentID) {
		t.Helper()
		got(inviter.Invite(ctx, admin, directory.ParseGuests(guest), directory.Placing{Groups: []portal.GroupID{"encadrants"}}))(t)
		must(t, h.db.QueryRow(ctx, `SELECT agent FROM invitations WHERE collectivity = 'bourg' ORDER BY created DESC LIMIT 1`).Scan(&who))
		return who
	}
	got(h.AddAgent(ctx, admin, directory.Agent{FamilyName: "Lune", Email: "lune@bourg.example"}, ""))(t)
	told()
	must(t, inviter.Cancel(ctx, admin, invite("Ana Lune <lune@bourg.example>")))
	wantHeard(t, "who was there", told(), "agent.groups")
	got(h.db.Exec(ctx, `INSERT INTO scim_agents (collectivity, agent, user_name, folded) VALUES ('bourg', $1, 'Nina', 'nina')`, string(invite("Nina Sol <nina@bourg.example>"))))(t)
	wantHeard(t, "invited", told(), "agent.created")
	var nina portal.AgentID
	must(t, h.db.QueryRow(ctx, `SELECT agent FROM scim_agents WHERE collectivity = 'bourg'`).Scan(&nina))
	must(t, inviter.Cancel(ctx, admin, nina))
	wantHeard(t, "cancelled", told(), "agent.erased")
	var names int
	must(t, h.db.QueryRow(ctx, `SELECT COUNT(*) FROM scim_agents WHERE collectivity = 'bourg'`).Scan(&names))
	if names != 0 {
		t.Error("what programs knew her by outlives her")
	}
	who := invite("Nina Sol <nina@bourg.example>")
	got(h.db.Exec(ctx, `UPDATE agents SET account = (SELECT MIN(id) FROM accounts) WHERE collectivity = 'bourg' AND id = $1`, string(who)))(t)
	told()
	must(t, inviter.Cancel(ctx, admin, who))
	wantHeard(t, "cancelled too late", told())
}
