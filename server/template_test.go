package server_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/server/servertest"
)

// TestShippedTemplatesNameWhatIsThere: boxes, kinds and rights that exist, and a
// template for each kind.
func TestShippedTemplatesNameWhatIsThere(t *testing.T) {
	p := servertest.New(t)
	var known []string
	for _, place := range p.Home.Every() {
		known = append(known, place.Widget)
	}
	var kinds []string
	catalogue, err := i18n.Load(directory.Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range i18n.Languages() {
		for _, template := range directory.ShippedTemplates(catalogue.Printer(lang)) {
			kinds = append(kinds, template.Kinds...)
			if len(template.Places) == 0 || len(template.Groups) == 0 || template.Name == "" || template.About == "" {
				t.Errorf("%s is not whole", template.ID)
			}
			for _, place := range template.Places {
				if !slices.Contains(known, place.Widget) {
					t.Errorf("%s has a box %q", template.ID, place.Widget)
				}
			}
			if len(template.Places) != len(known) {
				t.Errorf("%s speaks of %d boxes, there are %d", template.ID, len(template.Places), len(known))
			}
			for _, group := range template.Groups {
				for _, right := range group.Rights {
					if !slices.Contains(directory.TemplateRights, right) {
						t.Errorf("%s gives %q to %s", template.ID, right, group.Name)
					}
				}
			}
		}
	}
	for _, kind := range directory.Kinds {
		if !slices.Contains(kinds, kind) {
			t.Errorf("no template for %s", kind)
		}
	}
}

// TestANewCollectivityBeginsWithItsTemplate: an operator adapts a template, which is
// suggested, and the first home page, the groups and their rights are what it says.
func TestANewCollectivityBeginsWithItsTemplate(t *testing.T) {
	p := servertest.New(t)
	op := p.As(operator)
	op.Get("/pool/templates").Want(t, 200, "Ceux de Parvis", "Commune de moins de 3\u00a0500 habitants")
	op.Get("/pool/templates/town").Want(t, 404)
	form := op.Get("/pool/templates/new?from=commune").Want(t, 200, "Agents techniques").Body
	kept := []string{
		"version", "0", "name", "Nos petites communes", "kind", "commune", "most", "2 000", "group", "Secrétariat", "rights-1", "news.edit", "rights-1", "agents.manage", "group", "", "group", "Élus",
		"widget", "news", "state", "locked", "size", "l", "widget", "agenda", "state", "suggested", "size", "s", "widget", "almanac", "state", "available", "size", "s",
	}
	if !strings.Contains(form, `name="rights-2" value="news.edit" checked`) {
		t.Error("the copy has not the rights of its groups")
	}
	for want, wrong := range map[string][]string{
		"au moins un type": {"kind", "planète"}, "deux fois": {"group", "SECRETARIAT"}, "ne donne pas": {"group", "x", "rights-4", "admin"},
	} {
		op.Post("/pool/templates", append(slices.Clone(kept), wrong...)...).Want(t, 422, want)
	}
	op.Post("/pool/templates", append([]string{"most", "beaucoup"}, kept...)...).Want(t, 422, "nombre d’habitants", `value="beaucoup"`)
	op.Post("/pool/templates", kept...).Want(t, 303)
	list := op.Get("/pool/templates").Want(t, 200, "Les vôtres", "Nos petites communes").Body
	path := regexp.MustCompile(`/pool/templates/[a-z2-7]{16}`).FindString(list)
	op.Get(path).Want(t, 200, `value="2000"`, `name="rights-1" value="agents.manage" checked`)
	op.Post(path, kept...).Want(t, 409, "a changé ce modèle", `name="version" value="1"`)
	op.Post(path+"/drop").Want(t, 303)
	op.Get(path).Want(t, 404)
	op.Post(path+"/restore").Want(t, 303)
	op.Get(path).Want(t, 200)

	draft := strings.TrimSuffix(op.Post("/pool/new", "id", "meung", "name", "Meung", "long_name", "Mairie de Meung", "kind", "commune", "insee", "45203", "zone", "Europe/Paris").
		Want(t, 303).Header.Get("Location"), "/look")
	op.Get(draft+"/template").Want(t, 200, "Nos petites communes", "Groupes\u00a0: Secrétariat, Élus.")
	op.Post(draft+"/template", "template", "nothing").Want(t, 422, "n’existe plus")
	id := path[strings.LastIndex(path, "/")+1:]
	if got := op.Post(draft+"/template", "template", id).Want(t, 303).Header.Get("Location"); got != draft+"/services" {
		t.Errorf("leads to %s", got)
	}
	op.Post(draft+"/first", "given_name", "Odile", "family_name", "Perrin", "address", "odile@meung.example", "by", "hand").Want(t, 303)
	op.Get(draft+"/open").Want(t, 200, "Nos petites communes")
	op.Post(path+"/drop").Want(t, 303) // what was looked at is what it gets
	link := strings.TrimPrefix(html.UnescapeString(between(t, op.Post(draft+"/open").Want(t, 201).Body, `<code class="secret">`, "<")), p.URL)

	install := directory.Installation("meung")
	groups, err := p.Directory.Groups(t.Context(), install)
	if err != nil || len(groups) != 2 || groups[0].Name != "Élus" {
		t.Fatalf("groups %+v, %v", groups, err)
	}
	given, err := p.Directory.RightsGiven(t.Context(), install)
	var rights []string
	for _, one := range given {
		if one.Subject.Kind == portal.TheGroup && one.Subject.ID == string(groups[1].ID) {
			rights = append(rights, string(one.Right))
		}
	}
	slices.Sort(rights)
	if err != nil || strings.Join(rights, " ") != "agents.manage news.edit" {
		t.Errorf("the secretary’s group has %v, %v", rights, err)
	}
	admin := p.Anonymous()
	follow(t, admin, link).Want(t, 200, "Mairie de Meung")
	choose(t, admin, "/sign-in/invitation", "password", chosen).Want(t, 303)
	home := admin.Get("/").Want(t, 200).Body
	if news, agenda := strings.Index(home, `id="box-news"`), strings.Index(home, `id="box-agenda"`); news < 0 || news > agenda {
		t.Error("the first home page is not that of the template")
	}
	if strings.Contains(home, `id="box-almanac"`) {
		t.Error("a box that the template leaves to be added is on the page")
	}
}
