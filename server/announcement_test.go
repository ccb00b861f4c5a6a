package server_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
	"parvis/server/servertest"
)

// localTime is a moment from now as the operator's form holds it.
func localTime(from time.Duration) string {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // the program carries its zones
	}
	return time.Now().Add(from).In(paris).Format("2006-01-02T15:04")
}

// announcing is who operates the pool, as a caller.
func announcing(t *testing.T, p *servertest.Portal) portal.Caller {
	t.Helper()
	account, err := p.Directory.AccountByLogin(t.Context(), operator)
	if err != nil {
		t.Fatal(err)
	}
	return portal.Caller{Account: account.ID, Rights: []portal.Right{portal.OperatePool}}
}

// announce publishes as the operator's form does.
func announce(t *testing.T, p *servertest.Portal, one directory.Announcement) string {
	t.Helper()
	if one.ID == "" {
		one.ID = portal.NewID()
	}
	if one.Until.IsZero() {
		one.Until = time.Now().Add(24 * time.Hour)
	}
	if err := p.Announcements.Publish(t.Context(), announcing(t, p), one, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	return one.ID
}

func shows(t *testing.T, client *servertest.Client, path, text string, want bool) {
	t.Helper()
	if got := strings.Contains(client.Get(path).Body, text); got != want {
		t.Errorf("%s shows %q = %v, want %v", path, text, got, want)
	}
}

// TestAnAnnouncementReachesThoseConcerned: one for a collectivity is not another's, one
// for administrators is not everybody's, and one that waits or is over is nobody's.
func TestAnAnnouncementReachesThoseConcerned(t *testing.T) {
	p := servertest.New(t)
	agent, admin := p.As("agent@bourg.example"), p.As("admin@bourg.example")
	neighbour, op := p.As("agent@agglo.example"), p.As(operator)
	agent.Get("/") // the page is kept from before
	agent.Get("/")
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Pour Bourg", Reach: directory.ReachChosen, Chosen: []portal.CollectivityID{"bourg"}})
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Pour le reste", Reach: directory.ReachChosen, Chosen: []portal.CollectivityID{"agglo", "syndicat"}})
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Pour administrer", Reach: directory.ReachAll, Administrators: true})
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Pour les syndicats", Reach: directory.ReachKinds, Kinds: []string{"syndicat"}})
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Pour demain", From: time.Now().Add(time.Hour), Reach: directory.ReachAll})
	for _, path := range []string{"/", "/news", "/account", "/nowhere"} {
		shows(t, agent, path, "Pour Bourg", true)
		shows(t, admin, path, "Pour Bourg", true)
		shows(t, neighbour, path, "Pour Bourg", false)
		shows(t, agent, path, "Pour le reste", false)
		shows(t, neighbour, path, "Pour le reste", true)
		shows(t, agent, path, "Pour administrer", false)
		shows(t, admin, path, "Pour administrer", true)
		shows(t, agent, path, "Pour les syndicats", false)
		shows(t, agent, path, "Pour demain", false)
	}
	shows(t, op, "/pool", "Pour Bourg", false)
	shows(t, op, "/pool/announcements", "Pour Bourg", true)
	shows(t, p.Anonymous(), "/sign-in", "Pour ", false)
	syndic := p.AsIn(secretary, "syndicat")
	shows(t, syndic, "/", "Pour les syndicats", true)
}

// TestAnIncidentIsToldAtSignIn: to everybody when it is everybody's, else on the page
// that knows whose agent signs in.
func TestAnIncidentIsToldAtSignIn(t *testing.T) {
	p := servertest.New(t)
	announce(t, p, directory.Announcement{Level: directory.Incident, French: "Messagerie lente partout", Reach: directory.ReachAll})
	announce(t, p, directory.Announcement{Level: directory.Incident, French: "Bourg hors ligne", Reach: directory.ReachChosen, Chosen: []portal.CollectivityID{"bourg"}})
	announce(t, p, directory.Announcement{Level: directory.Incident, French: "Pour administrer", Reach: directory.ReachAll, Administrators: true})
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Formation jeudi", Reach: directory.ReachAll})
	anybody := p.Anonymous()
	shows(t, anybody, "/sign-in", "Formation jeudi", false)
	anybody.Get("/sign-in").Want(t, 200, "Messagerie lente partout", `class="level incident"`, "(heure de Paris)")
	shows(t, anybody, "/sign-in", "Bourg hors ligne", false)
	shows(t, anybody, "/sign-in", "Pour administrer", false)
	shows(t, anybody, "/sign-in", "/away", false)
	anybody.Post("/sign-in", "login", "agent@bourg.example").Want(t, 303)
	shows(t, anybody, "/sign-in/password", "Bourg hors ligne", true)
	shows(t, anybody, "/sign-in/password", "(heure de Paris)", false)
	other := p.Anonymous()
	other.Post("/sign-in", "login", "agent@agglo.example").Want(t, 303)
	shows(t, other, "/sign-in/password", "Messagerie lente partout", true)
	shows(t, other, "/sign-in/password", "Bourg hors ligne", false)
}

// TestAnAnnouncementIsPutAwayUntilItChanges, by a form that needs no script; for the
// person who did alone, in all her collectivities.
func TestAnAnnouncementIsPutAwayUntilItChanges(t *testing.T) {
	p := servertest.New(t)
	id := announce(t, p, directory.Announcement{Level: directory.Information, French: "Première version", Reach: directory.ReachAll})
	other := announce(t, p, directory.Announcement{Level: directory.Information, French: "Une autre", Reach: directory.ReachAll})
	secretary, colleague := p.AsIn(secretary, "bourg"), p.As("agent@bourg.example")
	secretary.Get("/news").Want(t, 200, `action="/announcements/`+id+`/away"`, `<input type="hidden" name="next" value="/news">`)
	secretary.Post("/announcements/"+other+"/away", "next", "/").Want(t, 303)
	put := secretary.Post("/announcements/"+id+"/away", "next", "/news").Want(t, 303)
	if to := put.Header.Get("Location"); to != "/news" {
		t.Errorf("back to %q", to)
	}
	secretary.Get("/news").Want(t, 200, "/announcements/"+id+"/back") // undo
	for path, text := range map[string]string{"/": "Première version", "/news": "Une autre"} {
		shows(t, secretary, path, text, false)
		shows(t, colleague, path, text, true)
		shows(t, p.AsIn("secretaire@bourg.example", "syndicat"), path, text, false)
	}
	secretary.Post("/announcements/"+id+"/back").Want(t, 303)
	shows(t, secretary, "/", "Première version", true)
	shows(t, secretary, "/", "Une autre", false)
	secretary.Post("/announcements/"+id+"/away", "next", "https://voleur.example/").Want(t, 303)
	secretary.Post("/announcements/nowhere/away").Want(t, 404)

	op := p.As(operator)
	fields := []string{"level", "information", "french", "Deuxième version", "until", localTime(48 * time.Hour), "reach", "all", "readers", "everyone", "seen", "1"}
	op.Post("/pool/announcements/"+id, append(fields, "do", "publish")...).Want(t, 303)
	shows(t, secretary, "/", "Deuxième version", true)
	shows(t, secretary, "/", "Une autre", false)
	op.Post("/pool/announcements/"+id, append(fields, "do", "publish")...).Want(t, 409, "a changé entre-temps")
	op.Get("/pool/announcements/"+id).Want(t, 200, `/undo?seen=2"`)
	op.Post("/pool/announcements/"+id+"/undo?seen=1").Want(t, 303) // what another operator did since is hers
	op.Get("/pool/announcements").Want(t, 200, "a changé entre-temps")
	shows(t, secretary, "/", "Deuxième version", true)
	op.Post("/pool/announcements/"+id+"/undo?seen=2").Want(t, 303)
	shows(t, secretary, "/", "Première version", true)
	op.Post("/pool/announcements/"+id+"/undo?seen=3").Want(t, 303)
	op.Get("/pool/announcements").Want(t, 200, "a changé entre-temps")
	op.Post("/pool/announcements/"+id+"/end").Want(t, 303)
	shows(t, colleague, "/", "Première version", false)
	op.Get("/pool/announcements").Want(t, 200, "/pool/announcements/"+id+"/resume")
	op.Get("/pool/announcements/"+id).Want(t, 200, "Terminée", "/resume")
	op.Post("/pool/announcements/"+id+"/resume").Want(t, 303)
	shows(t, colleague, "/", "Première version", true)
	op.Get("/pool/journal").Want(t, 200, "Annonce publiée", "Annonce modifiée", "Modification d’une annonce annulée", "Annonce retirée avant son terme", "Annonce remise à l’affiche")
}

// TestWhatWasTakenAwayIsNeitherChangedNorUndone, until it is brought back; that, once and
// while its time lasts. What is old is forgotten.
func TestWhatWasTakenAwayIsNeitherChangedNorUndone(t *testing.T) {
	p, ctx := servertest.New(t), t.Context()
	op := announcing(t, p)
	both := []portal.CollectivityID{"agglo", "bourg"}
	id := announce(t, p, directory.Announcement{Level: directory.Information, French: "Première version", Reach: directory.ReachChosen, Chosen: both})
	one, err := p.Announcements.One(ctx, op, id)
	if err != nil {
		t.Fatal(err)
	}
	changed := one
	changed.French, changed.Chosen = "Deuxième version", both[1:]
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, portal.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", what, err)
		}
	}
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(p.Announcements.Change(ctx, op, changed, ""))
	changed.Version++
	done(p.Announcements.End(ctx, op, id, ""))
	done(p.Announcements.End(ctx, op, id, "")) // twice is once
	refused("undone", p.Announcements.Undo(ctx, op, id, changed.Version, ""))
	refused("changed", p.Announcements.Change(ctx, op, changed, ""))
	if now, err := p.Announcements.One(ctx, op, id); err != nil || now.French != changed.French || now.Ended.IsZero() || now.Version != changed.Version {
		t.Errorf("taken away it is %+v, %v", now, err)
	}
	done(p.Announcements.Resume(ctx, op, id, ""))
	done(p.Announcements.Resume(ctx, op, id, ""))
	shows(t, p.As("agent@bourg.example"), "/", changed.French, true)
	if got := countWhere(t, p, `audit_lines WHERE collectivity = '' AND action IN ('announcement.ended', 'announcement.resumed')`); got != 2 {
		t.Errorf("the journal tells %d times that it went and came", got)
	}
	put(t, p, `UPDATE announcements SET was = replace(was, 'agglo', 'partie')`) // one that left the pool since
	done(p.Announcements.Undo(ctx, op, id, changed.Version, ""))
	if now, err := p.Announcements.One(ctx, op, id); err != nil || now.French != one.French || !slices.Equal(now.Chosen, both[1:]) || !now.Ended.IsZero() {
		t.Errorf("undone once it is back: %+v, %v", now, err)
	}
	done(p.Announcements.End(ctx, op, id, ""))
	put(t, p, `UPDATE announcements SET shown_until = 1`)
	refused("brought back after its time", p.Announcements.Resume(ctx, op, id, ""))
	recent := announce(t, p, directory.Announcement{Level: directory.Information, French: "Récente", Reach: directory.ReachChosen, Chosen: both})
	done(p.Announcements.Clean(ctx))
	if all, targets := countWhere(t, p, `announcements`), countWhere(t, p, `announcement_targets`); all != 1 || targets != 2 {
		t.Errorf("%d announcements and %d of whom they reach are kept, want the recent one", all, targets)
	}
	concerned := func() int {
		count, err := p.Announcements.Concerned(ctx, op, directory.Announcement{ID: recent, Reach: directory.ReachChosen, Chosen: both})
		done(err)
		return count
	}
	if concerned() != 2 {
		t.Errorf("it reaches %d collectivities", concerned())
	}
	put(t, p, `UPDATE collectivities SET active = FALSE WHERE id = 'agglo'`)
	if concerned() != 1 {
		t.Errorf("with one suspended it reaches %d", concerned())
	}
}

// TestAnAnnouncementIsSeenBeforeItIsPublished: the preview says what is read and by whom,
// writes nothing, and what is sent twice is published once.
func TestAnAnnouncementIsSeenBeforeItIsPublished(t *testing.T) {
	p := servertest.New(t)
	op, agent := p.As(operator), p.As("agent@bourg.example")
	form := op.Get("/pool/announcements/new?to=bourg").Want(t, 200, ">bourg</textarea>")
	id := between(t, form.Body, `name="id" value="`, `"`)
	fields := func(more ...string) []string {
		return append([]string{
			"id", id, "level", "maintenance", "french", "Mise à  jour <b>du</b> serveur", "english", "Server upgrade", "begins", localTime(25 * time.Hour), "ends", localTime(26 * time.Hour),
			"reach", "chosen", "chosen", "bourg\nAgglo", "readers", "everyone",
		}, more...)
	}
	agglo, err := p.Directory.Collectivity(t.Context(), "agglo")
	if err != nil {
		t.Fatal(err)
	}
	named := fields("do", "preview")
	for i, field := range named {
		named[i] = strings.ReplaceAll(field, "Agglo", strings.ToUpper(agglo.Name))
	}
	op.Post("/pool/announcements", named...).Want(t, 200, "Mise à jour &lt;b&gt;du&lt;/b&gt; serveur", "Server upgrade", "2 collectivités ouvertes", `value="publish"`, "agglo, bourg")
	shows(t, op, "/pool/announcements", "Mise à jour", false)
	shows(t, agent, "/", "Mise à jour", false)
	for i := range named {
		if named[i] == "preview" {
			named[i] = "correct"
		}
	}
	op.Post("/pool/announcements", named...).Want(t, 200, `value="preview"`, "Mise à  jour &lt;b&gt;du&lt;/b&gt; serveur</textarea>")
	for i := range named {
		if named[i] == "correct" {
			named[i] = "publish"
		}
	}
	op.Post("/pool/announcements", named...).Want(t, 303)
	op.Post("/pool/announcements", named...).Want(t, 303)
	if got := strings.Count(op.Get("/pool/announcements").Body, "Mise à jour"); got != 1 {
		t.Errorf("it is listed %d times", got)
	}
	shows(t, agent, "/", "Mise à jour &lt;b&gt;du&lt;/b&gt; serveur", true)
	shows(t, op, "/pool/announcements?q=SERVEUR+upgr", "Mise à jour", false)
	shows(t, op, "/pool/announcements?q=a+jour", "Mise à jour", true)
	shows(t, op, "/pool/announcements?state=ended", "Mise à jour", false)
	for field, wrong := range map[string][]string{
		"french": {"french", " "}, "until": {"level", "information", "french", "X"}, "ends": {"ends", localTime(time.Hour)}, "chosen": {"chosen", "Nulle-Part"},
		"kinds": {"reach", "kinds"}, "begins": {"begins", "demain"}, "level": {"level", "panique"}, "reach": {"reach", "lune"},
	} {
		typed := fields("do", "preview")
		for i := 0; i < len(typed); i += 2 {
			for j := 0; j < len(wrong); j += 2 {
				if typed[i] == wrong[j] {
					typed[i+1] = wrong[j+1]
				}
			}
			if typed[i] == "chosen" && field != "chosen" {
				typed[i+1] = "bourg"
			}
		}
		op.Post("/pool/announcements", typed...).Want(t, 422, `id="`+field+`-error"`)
	}
	for _, c := range []struct{ until, says string }{{localTime(-time.Hour), "est passée"}, {localTime(400 * 24 * time.Hour), "un an au plus"}, {localTime(25*time.Hour + 30*time.Minute), "fin de l’intervention"}} {
		op.Post("/pool/announcements", append(fields("do", "preview", "until", c.until), "chosen", "")...).Want(t, 422, "")
		typed := fields("do", "preview", "until", c.until)
		for i := range typed {
			typed[i] = strings.ReplaceAll(typed[i], "bourg\nAgglo", "bourg")
		}
		op.Post("/pool/announcements", typed...).Want(t, 422, c.says)
	}
}

// TestMaintenanceSaysItsHoursWhereTheReaderIs: the same moment is another hour overseas.
func TestMaintenanceSaysItsHoursWhereTheReaderIs(t *testing.T) {
	p := servertest.New(t)
	c, err := p.Directory.Collectivity(t.Context(), "agglo")
	if err != nil {
		t.Fatal(err)
	}
	c.Zone = "Indian/Reunion"
	if err := p.Directory.ChangeCollectivity(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	begins := time.Now().UTC().Truncate(24 * time.Hour).Add(60 * 24 * time.Hour).Add(12 * time.Hour) // noon, in two months
	announce(t, p, directory.Announcement{
		Level: directory.Maintenance, French: "Travaux", Begins: begins, Ends: begins.Add(time.Hour), Until: begins.Add(time.Hour), Reach: directory.ReachAll,
	})
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	hour := func(zone *time.Location, at time.Time) string { return at.In(zone).Format("15") + "\u00a0h" }
	p.As("agent@bourg.example").Get("/").Want(t, 200, hour(paris, begins)+" – "+hour(paris, begins.Add(time.Hour)))
	p.As("agent@agglo.example").Get("/").Want(t, 200, "16\u00a0h – 17\u00a0h")
	english := p.As("agent@bourg.example")
	english.Post("/account/preferences", "language", "en", "scheme", "").Want(t, 303)
	english.Get("/news").Want(t, 200, `<span lang="fr">Travaux</span>`, begins.In(paris).Format("15")+":00")
}

// TestAPageAsksTheStoreNothingForAnnouncements, however many there are, whoever put them away.
func TestAPageAsksTheStoreNothingForAnnouncements(t *testing.T) {
	p := servertest.New(t)
	identity := &web.Identity{
		Caller: portal.Caller{Account: "a", Agent: "b", Collectivity: "bourg"}, Collectivity: web.Collectivity{ID: "bourg", Kind: "commune"}, Away: []string{"x.1"},
	}
	now := time.Now()
	if allocated := testing.AllocsPerRun(100, func() { p.Announcements.To(identity, web.Collectivity{}, now) }); allocated > 0 {
		t.Errorf("without any, %v allocations", allocated)
	}
	for range 50 {
		announce(t, p, directory.Announcement{Level: directory.Information, French: "Une de plus", Reach: directory.ReachAll})
	}
	p.Stop() // nothing reads in the background any more
	if err := p.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(p.Announcements.To(identity, web.Collectivity{}, time.Now())); got != 50 {
		t.Errorf("%d announced without a store, want 50", got)
	}
}

// TestAnotherNodeHearsOfAnAnnouncement when it reads again, which it does every few seconds.
func TestAnotherNodeHearsOfAnAnnouncement(t *testing.T) {
	p := servertest.New(t)
	other := directory.NewAnnouncements(p.Directory, nil)
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	identity := &web.Identity{Caller: portal.Caller{Agent: "b", Collectivity: "bourg"}, Collectivity: web.Collectivity{ID: "bourg", Kind: "commune"}}
	announce(t, p, directory.Announcement{Level: directory.Information, French: "Pour Bourg", Reach: directory.ReachChosen, Chosen: []portal.CollectivityID{"bourg", "agglo"}})
	announce(t, p, directory.Announcement{Level: directory.Incident, French: "Grave", Reach: directory.ReachAll})
	if err := other.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := other.To(identity, web.Collectivity{}, time.Now())
	if len(all) != 2 || all[0].French != "Grave" {
		t.Errorf("the other node announces %+v, want the incident first", all)
	}
}
