package server_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
)

// TestACollectivityFromTheFormToItsFirstHomePage: an operator finds a commune by
// its name, goes through the screens, and its administrator arrives on her home
// page, all within the two seconds that a person waits for.
func TestACollectivityFromTheFormToItsFirstHomePage(t *testing.T) {
	p := servertest.NewSending(t)
	op := p.As(operator)
	op.Get("/pool/new?q=meung").Want(t, 200, "Meung-sur-Loire", `/pool/new?place=45203`) // the territory is read once
	found := op.Get("/pool/new?place=45203").Want(t, 200,
		`value="Meung-sur-Loire"`, `value="Mairie de Meung-sur-Loire"`, `value="214502031"`, `value="45203"`, `value="meung-sur-loire"`, "zone scolaire B")
	if strings.Contains(found.Body, "/pool/drafts/") {
		t.Error("looking begins a draft")
	}
	saved := op.Post("/pool/new", "id", "meung", "name", "Meung-sur-Loire", "long_name", "Mairie de Meung-sur-Loire", "kind", "commune",
		"siren", "214 502 031", "insee", "45203", "zone", "Europe/Paris").Want(t, 303)
	draft := strings.TrimSuffix(saved.Header.Get("Location"), "/look")
	op.Get(draft+"/look?colour=%23f0e68c").Want(t, 200, "/theme/sample/f0e68c.css", "trop claire")
	op.Get("/theme/sample/f0e68c.css").Want(t, 200, ".look.dark{", "--on-brand:")
	op.Post(draft+"/look", "colour", "#7a1f3d").Want(t, 303)
	op.Post(draft+"/sign-in", "domains", "@Meung.example\nmairie@meung.example", "phone", "02 38 44 32 28").Want(t, 303)
	op.Post(draft+"/first", "given_name", "Odile", "family_name", "Vallée", "address", "odile@meung.example", "by", "mail").Want(t, 303)
	op.Post(draft+"/services", "links", "Finances\n", "webmail", "https://courriel.meung.example/", "do", "try").Want(t, 422, `id="links-error"`, `id="mail-error"`, "Finances")
	op.Post(draft+"/services", "links", "Rien ici https://127.0.0.1:1/\n", "do", "try").Want(t, 200, "Rien ici", "Pas de réponse depuis ce serveur")
	if kept := op.Get(draft+"/services").Want(t, 200).Body; strings.Contains(kept, "Rien ici") {
		t.Error("what is only tried is kept")
	}
	op.Post(draft+"/services", "links", "Finances : https://finances.meung.example/\nwww.cadastre.example", "mail", "imap.meung.example").Want(t, 303)
	op.Get(draft+"/services").Want(t, 200, "imap.meung.example:993", "Finances https://finances.meung.example/", "cadastre.example https://www.cadastre.example")
	op.Get(draft+"/open").Want(t, 200, "Mairie de Meung-sur-Loire", "#7a1f3d", "Finances, cadastre.example", "@meung.example", "Odile Vallée", "Une invitation part à odile@meung.example")
	op.Post(draft+"/open").Want(t, 303)
	link := linkIn(t, p, p.Received("odile@meung.example", 1))
	odile := p.Anonymous()
	follow(t, odile, link).Want(t, 200, "Mairie de Meung-sur-Loire")
	choose(t, odile, "/sign-in/invitation", "password", chosen).Want(t, 303)
	home := odile.Get("/").Want(t, 200, "Meung-sur-Loire", "/theme/meung-", `href="/admin"`)
	if strings.Contains(home.Body, `href="/pool"`) {
		t.Error("its administrator is shown the pool")
	}
	odile.Get("/pool").Want(t, 404)
	odile.Get("/admin/agents").Want(t, 200, "Odile")
	odile.Get("/admin/journal").Want(t, 200, "Collectivité créée", operator)
	odile.Get("/calendar").Want(t, 200, "Agenda commun")
	odile.Get("/apps").Want(t, 200, "Finances", "https://finances.meung.example/", "cadastre.example")
	odile.Get("/mail").Want(t, 200, "pas encore reliée")
	op.Get(draft+"/open").Want(t, 404)
	op.Get("/pool/collectivities/meung").Want(t, 200, "Odile Vallée", "odile@meung.example", "Loiret", "Collectivité créée", "Mots de passe de Parvis")
	p.Anonymous().SignIn("odile@meung.example", chosen).Want(t, 303)
}

// TestADraftWaitsForAnotherOperator: what one began another ends; dropped, it
// comes back; nothing of it exists before it is opened.
func TestADraftWaitsForAnotherOperator(t *testing.T) {
	p := servertest.New(t)
	p.Hire(servertest.Person{Login: "relais@pool.example", Operator: true})
	op, other := p.As(operator), p.As("relais@pool.example")
	saved := op.Post("/pool/new", "id", "eaux", "name", "Eaux du Val", "long_name", "Syndicat des eaux du Val", "kind", "syndicat", "zone", "Europe/Paris").Want(t, 303)
	draft := strings.TrimSuffix(saved.Header.Get("Location"), "/look")
	other.Get("/pool").Want(t, 200, "En préparation", "Eaux du Val", operator, draft+"/open")
	other.Get(draft+"/open").Want(t, 200, "Syndicat des eaux du Val", "À compléter", "Indiquez au moins")
	other.Post(draft+"/open").Want(t, 422, "Indiquez au moins")
	if _, err := p.Directory.Collectivity(t.Context(), "eaux"); err == nil {
		t.Fatal("a draft is a collectivity")
	}
	op.Post(draft+"/drop").Want(t, 303)
	other.Get(draft+"/first").Want(t, 404)
	op.Get("/pool").Want(t, 200, draft+"/restore") // in the notice
	if list := other.Get("/pool").Want(t, 200, "1 préparation abandonnée", draft+"/restore"); strings.Contains(list.Body, draft+"/drop") {
		t.Error("a dropped draft is listed among the others")
	}
	op.Post(draft+"/restore").Want(t, 303)
	other.Post(draft+"/first", "given_name", "Max", "family_name", "Leroux", "address", "max@eaux.example").Want(t, 303)
	other.Get(draft+"/open").Want(t, 200, "Max Leroux", "Un lien d’invitation vous est montré")
	opened := other.Post(draft+"/open").Want(t, 201, "Transmettez ce lien", "/sign-in/invitation?key=")
	link := between(t, opened.Body, `<code class="secret">`, `</code>`)
	max := p.Anonymous()
	follow(t, max, strings.TrimPrefix(link, p.URL)).Want(t, 200, "Syndicat des eaux du Val")
	choose(t, max, "/sign-in/invitation", "password", chosen).Want(t, 303)
	max.Get("/admin").Want(t, 200)
	op.Post(draft+"/open").Want(t, 404)
	op.Post(draft+"/look", "colour", "#000000").Want(t, 404)
}

// TestTheScreensRefuseInASentence: what is wrong is said at its field, and what
// was typed stays.
func TestTheScreensRefuseInASentence(t *testing.T) {
	p := servertest.New(t)
	op := p.As(operator)
	fields := func(id, name, kind, siren, insee string) []string {
		return []string{"id", id, "name", name, "long_name", name, "kind", kind, "siren", siren, "insee", insee, "zone", "Europe/Paris"}
	}
	for _, c := range []struct {
		fields []string
		field  string
	}{
		{fields("Été", "Val", "commune", "", ""), "id"},
		{fields("bourg", "Val", "commune", "", ""), "id"},
		{fields("val", "", "commune", "", ""), "name"},
		{fields("val", strings.Repeat("é", 101), "commune", "", ""), "name"},
		{fields("val", "Val", "empire", "", ""), "kind"},
		{fields("val", "Val", "commune", "12", ""), "siren"},
		{fields("val", "Val", "commune", "", "4"), "insee"},
	} {
		answer := op.Post("/pool/new", c.fields...).Want(t, 422, `id="`+c.field+`-error"`)
		if c.fields[3] != "" {
			answer.Want(t, 422, c.fields[3])
		}
	}
	draft := strings.TrimSuffix(op.Post("/pool/new", fields("val", "Val", "commune", "", "")...).Want(t, 303).Header.Get("Location"), "/look")
	op.Post(draft+"/look", "colour", "rouge").Want(t, 422, `id="colour-error"`)
	op.Post(draft+"/sign-in", "domains", "bourg.example").Want(t, 422, `id="domains-error"`, "bourg.example")
	op.Post(draft+"/sign-in", "domains", "pas un domaine").Want(t, 422, `id="domains-error"`)
	op.Post(draft+"/first", "given_name", "", "family_name", "X", "address", "nulle part").Want(t, 422, `id="given_name-error"`, `id="address-error"`, "nulle part")
	op.Get("/pool/new?q="+strings.Repeat("%C3%A9", 2000)).Want(t, 200)
	op.Get("/pool/new?place=%00").Want(t, 200)
	for _, file := range []string{"rouge.css", "123.js", "..css", "12345g.css"} {
		op.Get("/theme/sample/"+file).Want(t, 404)
	}
}

// TestADomainTakenMeanwhileOpensNothing: all or nothing.
func TestADomainTakenMeanwhileOpensNothing(t *testing.T) {
	p := servertest.New(t)
	op := p.As(operator)
	draft := strings.TrimSuffix(op.Post("/pool/new", "id", "val", "name", "Val", "long_name", "Mairie du Val", "kind", "commune", "zone", "Europe/Paris").Want(t, 303).Header.Get("Location"), "/look")
	op.Post(draft+"/sign-in", "domains", "val.example").Want(t, 303)
	op.Post(draft+"/first", "given_name", "Max", "family_name", "Leroux", "address", "max@val.example").Want(t, 303)
	if err := p.Directory.CreateCollectivity(t.Context(), directory.Collectivity{ID: "autre", Name: "Autre", LongName: "Autre", Kind: "commune", Domains: []string{"val.example"}}); err != nil {
		t.Fatal(err)
	}
	op.Post(draft+"/open").Want(t, 422, "val.example")
	if _, err := p.Directory.Collectivity(t.Context(), "val"); err == nil {
		t.Error("half a collectivity is there")
	}
	op.Get(draft+"/first").Want(t, 200, "Leroux")
}

// TestASuspendedCollectivityIsShutAndSaysSo: its people are out at their next
// request, who works elsewhere too is not, and resumed it is as before.
func TestASuspendedCollectivityIsShutAndSaysSo(t *testing.T) {
	p := servertest.New(t)
	op, agent, secretaryIn, neighbour := p.As(operator), p.As("agent@bourg.example"), p.AsIn(secretary, "syndicat"), p.As("agent@agglo.example")
	app := p.AppPassword("agent@bourg.example", "bourg")
	agent.Get("/").Want(t, 200)
	op.Get("/pool/collectivities/bourg/suspend").Want(t, 200, "Ce qui va suivre", "Ses 5 agents", "Rien n’est effacé")
	op.Post("/pool/collectivities/bourg/suspend", "reason", " ").Want(t, 422, `id="reason-error"`)
	agent.Get("/").Want(t, 200) // asking changes nothing
	op.Post("/pool/collectivities/bourg/suspend", "reason", "Convention échue", "notice", "Appelez le syndicat au 02 61 91 01 00.").Want(t, 303)
	agent.Get("/news").Want(t, 303)
	agent.Get("/sign-in?next=/news").Want(t, 200, "Bourg-sur-Loire est suspendue", "Appelez le syndicat")
	neighbour.Get("/").Want(t, 200)
	secretaryIn.Get("/").Want(t, 200)
	if _, err := p.SSO.AppPasswords.Authenticate(t.Context(), "agent@bourg.example", app, "127.0.0.1"); err == nil {
		t.Error("a telephone still enters")
	}
	anew := p.Anonymous()
	anew.Post("/sign-in", "login", "agent@bourg.example", "next", "/").Want(t, 303)
	anew.Get("/sign-in/password").Want(t, 200, "Bourg-sur-Loire est suspendue", "Appelez le syndicat")
	if answer := anew.Post("/sign-in/password", "password", servertest.Password); answer.Status == 303 {
		t.Error("a new sign-in passes")
	}
	p.Anonymous().SignIn(secretary, servertest.Password).Want(t, 303) // to syndicat
	if strings.Contains(p.Anonymous().Get("/sign-in").Body, "suspendue") {
		t.Error("strangers are told")
	}
	op.Get("/pool?state=suspended").Want(t, 200, "Bourg-sur-Loire", "1 collectivité")
	page := op.Get("/pool/collectivities/bourg").Want(t, 200, "Suspendue depuis", "Collectivité suspendue", "Convention échue", "Appelez le syndicat", "/pool/collectivities/bourg/resume")
	if !strings.Contains(page.Body, operator) {
		t.Error("the journal does not say who")
	}
	op.Post("/pool/collectivities/bourg/suspend", "reason", "Convention échue", "notice", "Appelez le syndicat au 02 61 91 01 00.").Want(t, 303) // twice is once
	op.Post("/pool/collectivities/bourg/resume").Want(t, 303)
	agent.Get("/news").Want(t, 200)
	if _, err := p.SSO.AppPasswords.Authenticate(t.Context(), "agent@bourg.example", app, "127.0.0.1"); err != nil {
		t.Errorf("a telephone does not enter again: %v", err)
	}
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.CollectivitySuspended})
	if err != nil || len(lines) != 1 || lines[0].Name != operator {
		t.Errorf("its journal holds %+v, %v", lines, err)
	}
	p.As("admin@bourg.example").Get("/admin/journal").Want(t, 200, "Collectivité suspendue", "Convention échue", "Collectivité rouverte", operator)
	if strings.Contains(p.As("admin@agglo.example").Get("/admin/journal").Body, ">Collectivité suspendue</td>") {
		t.Error("another collectivity's journal tells it")
	}
}

// TestThePoolIsForItsOperatorAlone at the level of the stores: no person of a
// collectivity does any of it, its administrator included.
func TestThePoolIsForItsOperatorAlone(t *testing.T) {
	p := servertest.New(t)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	draft, err := p.Directory.SaveIdentity(ctx, operating(t, p), "", directory.Collectivity{ID: "val", Name: "Val", LongName: "Val", Kind: "commune"})
	if err != nil {
		t.Fatal(err)
	}
	for what, try := range map[string]func() error{
		"list":    func() error { _, err := p.Directory.Pool(ctx, admin, directory.PoolQuery{}); return err },
		"hosting": func() error { _, err := p.Directory.Hosting(ctx, admin, "bourg"); return err },
		"suspend": func() error {
			return p.Directory.Suspend(ctx, admin, "agglo", directory.Suspension{Reason: "Essai"}, "")
		},
		"resume":  func() error { return p.Directory.Resume(ctx, admin, "bourg", "") },
		"drafts":  func() error { _, err := p.Directory.Drafts(ctx, admin); return err },
		"draft":   func() error { _, err := p.Directory.Draft(ctx, admin, draft); return err },
		"save":    func() error { return p.Directory.SaveColour(ctx, admin, draft, "#000000") },
		"drop":    func() error { return p.Directory.DropDraft(ctx, admin, draft) },
		"open":    func() error { _, err := p.Inviter.Open(ctx, admin, draft, ""); return err },
		"journal": func() error { _, _, err := p.Journal.PoolLines(ctx, admin, "", audit.Query{}); return err },
		"last":    func() error { _, err := p.Journal.LastIn(ctx, admin, "bourg", audit.SignIn); return err },
		"entries": func() error { _, err := p.Journal.LastEntries(ctx, admin, nil); return err },
		"quiet":   func() error { _, err := p.Journal.QuietSince(ctx, admin, time.Now()); return err },
	} {
		if err := try(); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s by an administrator: %v, want ErrDenied", what, err)
		}
	}
}

// TestAThousandCollectivitiesAreOneQuickPage: a list of 1,000 is searched,
// narrowed, cut into pages and exported.
func TestAThousandCollectivitiesAreOneQuickPage(t *testing.T) {
	p := servertest.New(t)
	for i := range 1000 {
		err := p.Directory.CreateCollectivity(t.Context(), directory.Collectivity{
			ID: portal.CollectivityID(fmt.Sprintf("commune-%04d", i)), Name: fmt.Sprintf("Écluse %04d", i), LongName: "Mairie", Kind: "commune",
			Domains: []string{fmt.Sprintf("c%04d.example", i)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	op := p.As(operator)
	op.Get("/pool").Want(t, 200, "1 003 collectivités")
	started := time.Now()
	op.Get("/pool?page=7").Want(t, 200, `aria-current="page"`)
	t.Logf("a page of a list of 1,003: %v", time.Since(started).Round(time.Millisecond))
	op.Get("/pool?q=ecluse+0042").Want(t, 200, "Écluse 0042", "1 collectivité")
	op.Get("/pool?q=c0042.example").Want(t, 200, "Écluse 0042")
	op.Get("/pool?q=xyzzyx").Want(t, 200, "Aucune collectivité ne correspond")
	op.Get("/pool?kind=epci").Want(t, 200, "Agglo de Loire", "1 collectivité")
	if rows := strings.Count(op.Post("/pool/collectivities.csv?kind=commune").Want(t, 200, "Écluse 0999").Body, "\n"); rows != 1002 {
		t.Errorf("%d lines exported, want 1,001 communes and the heads", rows)
	}
}

// operating is who operates the pool.
func operating(t *testing.T, p *servertest.Portal) portal.Caller {
	t.Helper()
	account, err := p.Directory.AccountByLogin(t.Context(), operator)
	if err != nil {
		t.Fatal(err)
	}
	return portal.Caller{Account: account.ID, Rights: []portal.Right{portal.OperatePool}}
}
