package server_test

import (
	"regexp"
	"strings"
	"testing"

	"parvis/server/servertest"
)

// box is a box of a form to tick: its name, its value, and whether it is ticked.
var box = regexp.MustCompile(`<input type="checkbox" name="([^"]+)" value="([^"]+)"( checked)?>`)

// TestWhatADeletedGroupMayReadIsNotOpenedToAll: a form that is saved as it is shown
// changes nothing, though a group that it names is there no more: a colleague deleted
// it while the form in which it was ticked stood open.
func TestWhatADeletedGroupMayReadIsNotOpenedToAll(t *testing.T) {
	p := servertest.New(t)
	p.AddGroup("bourg", "passage", "Passage", "admin@bourg.example")
	p.AddGroup("bourg", "maison", "Maison", "admin@bourg.example")
	admin := p.As("admin@bourg.example")
	if err := p.Directory.DeleteGroup(t.Context(), p.Caller("admin@bourg.example", "bourg"), "passage", ""); err != nil {
		t.Fatal(err)
	}
	created := admin.Post("/documents/folders", "name", "Budget secret", "readers", "passage", "writers", "maison").Want(t, 303)
	folder := created.Header.Get("Location")
	created = admin.Post("/news", "title", "Réunion secrète", "body", "Texte", "starts", "2026-01-01", "ends", "2099-01-01", "group", "passage").Want(t, 303)
	article := created.Header.Get("Location")
	colleague := p.As("collegue@bourg.example")
	colleague.Get(folder).Want(t, 404)
	colleague.Get(article).Want(t, 404)
	for _, test := range []struct{ page, form string }{{folder + "/edit", folder}, {article + "/edit", article}} {
		shown := admin.Get(test.page).Want(t, 200, "Groupe supprimé").Body
		admin.Post(test.form, shownIn(shown)...).Want(t, 303)
		colleague.Get(test.form).Want(t, 404)
	}
	admin.Get(article).Want(t, 200, "Groupe supprimé")
}

// shownIn are the fields of a form, as they would be sent.
func shownIn(page string) (fields []string) {
	for _, match := range regexp.MustCompile(`<input[^>]*>`).FindAllString(page, -1) {
		name, value := attribute(match, "name"), attribute(match, "value")
		if ticked := box.FindStringSubmatch(match); ticked != nil && ticked[3] == "" || name == "" || name == "q" {
			continue
		}
		fields = append(fields, name, value)
	}
	if text := regexp.MustCompile(`(?s)<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>`).FindStringSubmatch(page); text != nil {
		fields = append(fields, text[1], strings.TrimSpace(text[2]))
	}
	return fields
}

func attribute(element, name string) string {
	if match := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(element); match != nil {
		return match[1]
	}
	return ""
}
