package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/server/servertest"
)

// trouble breaks everything that the first page of an administration tells of, in one
// collectivity.
func trouble(t *testing.T, p *servertest.Portal, id portal.CollectivityID) {
	t.Helper()
	now := time.Now()
	ms := func(days int) int64 { return now.AddDate(0, 0, days).UnixMilli() }
	write := func(query string, args ...any) {
		t.Helper()
		if err := p.DB.Write(t.Context(), query, append([]any{string(id)}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	write(`UPDATE collectivities SET created = $2 WHERE id = $1`, ms(-400))
	write(`INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires, fault) VALUES ($1, 'perdue-' || $1, $2, $3, 0, $3, 'address')`, []byte{}, ms(-1))
	write(`INSERT INTO outgoing_mail (collectivity, id, letter, created, due, expires, tries, fault) VALUES ($1, 'retenue-' || $1, $2, $3, $4, $4, 2, 'unreachable')`, []byte{}, ms(-1), now.Add(30*time.Minute).UnixMilli())
	write(`INSERT INTO remote_accounts (collectivity, id, agent, name, url, login, sealed, created, fault) VALUES ($1, 'nuage', 'x', 'Nuage', 'https://nuage.example/', 'x', $2, 1, 'remote.fault.refused')`, []byte{})
	write(`INSERT INTO mirrors (collectivity, settings, active, next, checked, failing, fault, waiting) VALUES ($1, '{}', TRUE, $3, $2, $2, '{"key":"mirror.fault.nobody"}', 'tour')`, ms(-1), ms(300))
	write(`INSERT INTO mirror_links (collectivity, source_key, agent, name, email, since) VALUES ($1, 'cle', 'x', 'x', 'x', 1)`)
	write(`INSERT INTO audit_lines (collectivity, id, at, action, refused) VALUES ($1, 'silence', $2, 'sign-in', 'unavailable')`, now.Add(-time.Minute).UnixMilli())
	write(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ($1, 'seule', 'Seule', 'Sans Rien', 'sans rien seule', 1)`)
	write(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created, email) VALUES ($1, 'tardive', 'Tardive', 'Invitée', 'invitee tardive', 1, 'tardive@ailleurs.example')`)
	write(`INSERT INTO invitations (collectivity, agent, login, hash, made, created, expires) VALUES ($1, 'tardive', 'tardive@' || $1, $2, TRUE, 1, 2)`, []byte(id))
	write(`INSERT INTO agent_groups (collectivity, id, name, rule, ruled) VALUES ($1, 'regle', 'Vide', '{"conditions":[]}', TRUE)`)
	write(`INSERT INTO arrivals (collectivity, id, state, file_name, file, account, agent, address, created, begun) VALUES ($1, 'import-'|| $1, 'stopped', 'a.csv', $2, 'x', 'x', '', 1, 1)`, []byte{})
	write(`INSERT INTO rights_given (collectivity, id, kind, subject, right_name, ends, created) VALUES ($1, 'bientot', 'agent', 'seule', 'news.edit', $2, 1)`, ms(3))
	write(`INSERT INTO application_requests (collectivity, id, application, agent, reason, asked) VALUES ($1, 'demande', 'x', 'seule', 'x', $2)`, ms(-2))
	write(`INSERT INTO application_grants (collectivity, agent, application, until) VALUES ($1, 'seule', 'x', $2)`, ms(4))
	write(`INSERT INTO assistances (collectivity, id, account, login, reason, begun, ends) SELECT $1, 'aide-' || $1, id, login, 'x', $2, $3 FROM accounts WHERE login = 'pool@pool.example'`,
		now.Add(-time.Minute).UnixMilli(), now.Add(time.Hour).UnixMilli())
	hook := `INSERT INTO webhooks (collectivity, id, address, label, kinds, secret, former, state, created, created_by, turned, failing, rights_seen)
		VALUES ($1, $2, 'https://paie.example/', $2, '', $3, $3, $4, 1, 'x', 1, $5, 1)`
	write(hook, "arrete", []byte{}, "stopped", ms(-6))
	write(hook, "muet", []byte{}, "on", now.Add(-2*time.Hour).UnixMilli())
	write(hook, "distrait", []byte{}, "on", now.Add(-time.Minute).UnixMilli())
	write(hook, "en-pause", []byte{}, "off", ms(-6))
	var agents int64
	if err := p.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM agents WHERE collectivity = $1 AND active`, string(id)).Scan(&agents); err != nil {
		t.Fatal(err)
	}
	write(`INSERT INTO collectivity_quotas (collectivity, kind, bound) VALUES ($1, 'subscriptions', 1)`)
	write(`INSERT INTO collectivity_quotas (collectivity, kind, bound) VALUES ($1, 'agents', $2)`, agents)
	if err := p.Quotas.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// put writes what no page would.
func put(t *testing.T, p *servertest.Portal, query string) {
	t.Helper()
	if err := p.DB.Write(t.Context(), query); err != nil {
		t.Fatal(err)
	}
}

// troubles are the sentences of trouble, each with what governs it.
var troubles = map[string][]portal.Right{
	"1 message n’est pas parti, et ne partira plus":        {portal.Admin, portal.ManageAgents},
	"1 message attend de partir":                           {portal.Admin, portal.ManageAgents},
	"1 agenda d’un autre serveur ne se lit plus":           {portal.Admin},
	"L’annuaire n’est plus suivi":                          {portal.Admin},
	"La synchronisation attend votre réponse":              {portal.Admin},
	"1 entrée de l’annuaire est peut-être celle":           {portal.Admin},
	"Le serveur qui vérifie les identités n’a pas répondu": {portal.Admin},
	"1 agent n’a aucun moyen de se connecter":              {portal.Admin, portal.ManageAgents},
	"1 personne invitée n’est jamais venue":                {portal.Admin, portal.ManageAgents},
	"1 groupe automatique ne retient personne":             {portal.Admin, portal.ManageAgents},
	"Un import d’agents s’est arrêté en chemin":            {portal.Admin, portal.ManageAgents},
	"1 droit prend fin":                                    {portal.Admin},
	"1 demande d’accès attend une réponse":                 {portal.Admin, portal.ManageApplications},
	"1 accès à une application prend fin":                  {portal.Admin, portal.ManageApplications},
	"Qui héberge le bureau vous assiste":                   {portal.Admin},
	"Aucune archive de la collectivité":                    {portal.Admin},
	"Une seule personne administre":                        {portal.Admin},
	"1 administrateur n’a qu’un mot de passe":              {portal.Admin},
	"sans service": {portal.Admin, portal.ManageAgents},
	"1 logiciel n’est plus averti des changements":            {portal.Admin},
	"1 logiciel averti ne répond pas":                         {portal.Admin},
	"Plus aucun agenda d’un autre serveur ne peut être relié": {portal.Admin},
	"Plus aucun agent ne peut être ajouté":                    {portal.Admin, portal.ManageAgents},
}

// TestAttentionStaysInItsCollectivity: what is broken in one is told to its administrator
// and to nobody else's.
func TestAttentionStaysInItsCollectivity(t *testing.T) {
	p := servertest.New(t)
	before := p.As("admin@bourg.example").Get("/admin").Want(t, http.StatusOK).Body
	trouble(t, p, "agglo")
	if after := p.As("admin@bourg.example").Get("/admin").Body; after != before {
		t.Errorf("another collectivity’s troubles change the page:\n%s\nwas\n%s", after, before)
	}
	body := p.As("admin@agglo.example").Get("/admin").Want(t, http.StatusOK).Body
	for sentence := range troubles {
		if !strings.Contains(body, sentence) {
			t.Errorf("its administrator is not told %q", sentence)
		}
	}
	if strings.Contains(body, "Rien ne demande votre attention") {
		t.Error("a page with troubles is calm")
	}
}

// TestWhoGovernsAPartIsToldOfThatPart, and no link leads where she may not go.
func TestWhoGovernsAPartIsToldOfThatPart(t *testing.T) {
	for _, right := range portal.Administration {
		t.Run(string(right), func(t *testing.T) {
			p := servertest.New(t)
			trouble(t, p, "bourg")
			agent := p.Caller("agent@bourg.example", "bourg").Agent
			if err := p.Directory.SetRights(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent, []portal.Right{right}); err != nil {
				t.Fatal(err)
			}
			client := p.As("agent@bourg.example")
			body := client.Get("/admin").Want(t, http.StatusOK).Body
			for sentence, rights := range troubles {
				if strings.HasPrefix(sentence, "Une seule") {
					continue // there are two, for who is given all
				}
				want := false
				for _, one := range rights {
					want = want || one == right
				}
				sentence, _, _ = strings.Cut(strings.ReplaceAll(sentence, "1 administrateur n’a", "administrateur"), " qu’un")
				if told := strings.Contains(body, sentence); told != want {
					t.Errorf("%q is told: %v, want %v", sentence, told, want)
				}
			}
			for _, href := range linksOf(body) {
				if strings.HasPrefix(href, "/admin/agents/import/") || strings.HasPrefix(href, "/admin/mirror") {
					continue // these rows lead to nothing that was made in full
				}
				client.Get(href).Want(t, http.StatusOK)
			}
		})
	}
}

// linksOf are the addresses that the main part of a page leads to.
func linksOf(body string) (links []string) {
	_, main, _ := strings.Cut(body, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	for _, part := range strings.Split(main, `href="`)[1:] {
		href, _, _ := strings.Cut(part, `"`)
		if href, _, _ = strings.Cut(href, "#"); strings.HasPrefix(href, "/") && !strings.Contains(href, ".svg") {
			links = append(links, strings.ReplaceAll(href, "&amp;", "&"))
		}
	}
	return links
}

// TestWhoAssistsIsLedNowhereThatIsShut: she reads what is wrong, and each link opens.
func TestWhoAssistsIsLedNowhereThatIsShut(t *testing.T) {
	p := servertest.New(t)
	op := helping(t, p)
	trouble(t, p, "bourg")
	body := op.Get("/admin").Want(t, http.StatusOK, "Un import d’agents s’est arrêté en chemin", "1 demande d’accès attend").Body
	links := linksOf(body)
	if len(links) < 5 {
		t.Errorf("%d links, too few", len(links))
	}
	for _, href := range links {
		op.Get(href).Want(t, http.StatusOK)
	}
}

// TestACalmAdministrationSaysSo: with nothing broken and nothing missing, one sentence.
func TestACalmAdministrationSaysSo(t *testing.T) {
	p := servertest.New(t)
	put(t, p, `UPDATE collectivities SET created = 1 WHERE id = 'bourg'`)
	put(t, p, `UPDATE agents SET unit = 'u', email = 'x@bourg.example' WHERE collectivity = 'bourg'`)
	put(t, p, `INSERT INTO sso_policies (collectivity, who, starts, alone) VALUES ('bourg', 'administrators', 9000000000000, FALSE)`)
	put(t, p, `INSERT INTO audit_lines (collectivity, id, at, action) VALUES ('bourg', 'archive', 1, 'collectivity.exported')`)
	agent := p.Caller("agent@bourg.example", "bourg").Agent
	if err := p.Directory.SetRights(t.Context(), p.Caller("admin@bourg.example", "bourg"), agent, []portal.Right{portal.Admin}); err != nil {
		t.Fatal(err)
	}
	body := p.As("admin@bourg.example").Get("/admin").Want(t, http.StatusOK, "Rien ne demande votre attention.", "Les personnes", "Agents et accès").Body
	if strings.Contains(body, "À votre attention") || strings.Contains(body, "Prochaines étapes") {
		t.Error("a calm page asks for something")
	}
}

// TestANewCollectivityReadsItsNextSteps, until it took them or is no more new.
func TestANewCollectivityReadsItsNextSteps(t *testing.T) {
	p := servertest.New(t)
	put(t, p, `UPDATE collectivities SET colour = '#17566b' WHERE id = 'bourg'`)
	admin := p.As("admin@bourg.example")
	admin.Get("/admin").Want(t, http.StatusOK, "Prochaines étapes", "Publier une première actualité", "Ajouter les applications de tous les jours",
		"Nommer un second administrateur", `<a class="t" href="/admin/identity">Choisir la couleur`)
	admin.Post("/news", "title", "Bienvenue", "body", "Texte", "starts", today(), "ends", inDays(3)).Want(t, http.StatusSeeOther)
	if body := admin.Get("/admin").Body; strings.Contains(body, "Publier une première actualité") {
		t.Error("a step that was taken is still asked for")
	}
	put(t, p, `UPDATE collectivities SET created = 1 WHERE id = 'bourg'`)
	if body := admin.Get("/admin").Want(t, http.StatusOK, "Une seule personne administre").Body; strings.Contains(body, "Prochaines étapes") {
		t.Error("an old collectivity is asked for the steps of a new one")
	}
}

// TestEveryEntryHasAHeadingOfItsOwn: nothing is left under the last one, for who looks for it.
func TestEveryEntryHasAHeadingOfItsOwn(t *testing.T) {
	p := servertest.New(t)
	body := p.As("admin@bourg.example").Get("/admin").Want(t, http.StatusOK).Body
	if strings.Contains(body, "Le reste") {
		t.Error("an entry is on no shelf")
	}
	for entry, shelf := range map[string]string{`href="/admin/identity"`: "Ce que chacun voit", `href="/admin/home"`: "Ce que chacun voit", `href="/admin/webhooks"`: "Les personnes", `href="/admin/journal"`: "La vie de la collectivité"} {
		_, under, found := strings.Cut(body, ">"+shelf+"</h2>")
		under, _, _ = strings.Cut(under, "</section>")
		if !found || !strings.Contains(under, entry) {
			t.Errorf("%s is not under %q", entry, shelf)
		}
	}
}

// TestARoomThatFailsLeavesThePage: what could not be read is said, and all else is there.
func TestARoomThatFailsLeavesThePage(t *testing.T) {
	p := servertest.New(t)
	trouble(t, p, "bourg")
	put(t, p, `ALTER TABLE mirrors RENAME TO mirrors_away`)
	t.Cleanup(func() {
		_ = p.DB.Write(context.WithoutCancel(t.Context()), `ALTER TABLE mirrors_away RENAME TO mirrors`)
	})
	body := p.As("admin@bourg.example").Get("/admin").Want(t, http.StatusOK, "La synchronisation de l’annuaire\u00a0: n’a pas pu être lu", "1 agent n’a aucun moyen", "Agents et accès").Body
	if strings.Contains(body, "L’annuaire n’est plus suivi") {
		t.Error("a room that failed is told all the same")
	}
}
