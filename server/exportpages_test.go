package server_test

import (
	"archive/zip"
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/server/servertest"
)

// TestAnAdministratorTakesHerCollectivityAlong: asked on a page, made behind it,
// handed to her alone, for a day, and told in the journal.
func TestAnAdministratorTakesHerCollectivityAlong(t *testing.T) {
	p := servertest.New(t)
	admin, other := p.As("admin@bourg.example"), p.As("admin@agglo.example")
	admin.Get("/admin/export").Want(t, 200, "Aucune archive")
	admin.Post("/admin/export").Want(t, 303)
	var href string
	for range 500 {
		page := admin.Get("/admin/export").Body
		if href = regexp.MustCompile(`/admin/export/[a-z0-9]+`).FindString(page); href != "" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if href == "" {
		t.Fatal("no archive within 10 s")
	}
	answer := admin.Get(href).Want(t, 200)
	archive, err := zip.NewReader(strings.NewReader(answer.Body), int64(len(answer.Body)))
	if err != nil || len(archive.File) < 30 {
		t.Fatalf("the archive has %v, %v", archive, err)
	}
	if strings.Contains(answer.Body, "agglo.example") || !bytes.HasPrefix([]byte(answer.Body), []byte("PK")) {
		t.Error("the archive names another collectivity")
	}
	other.Get(href).Want(t, 404)
	p.As("redaction@bourg.example").Get(href).Want(t, 404)
	journal := admin.Get("/admin/journal?action=collectivity.exported").Want(t, 200).Body
	if strings.Count(journal, "Collectivité exportée") < 3 { // the filter, asked for, taken
		t.Errorf("the journal does not tell both: %s", journal)
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET created = created - 3600000`); err != nil {
		t.Fatal(err)
	}
	p.SSO.Forget("")
	if got := admin.Get(href); got.Status != 303 || !strings.HasPrefix(got.Header.Get("Location"), "/sign-in") {
		t.Errorf("an hour after the sign-in the archive is handed over: %d %s", got.Status, got.Header.Get("Location"))
	}
	p.Leaving.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if err := p.Leaving.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.As("admin@bourg.example").Get(href).Want(t, 404)
	if left, _ := os.ReadDir(p.Config.Data + "/exports/bourg"); len(left) > 0 {
		t.Errorf("%d archives are left", len(left))
	}
}

// TestErasuresAreAskedOnPages: a person who was closed, by her name; a collectivity,
// by its name, with a way back.
func TestErasuresAreAskedOnPages(t *testing.T) {
	p := servertest.New(t)
	admin, op := p.As("admin@bourg.example"), p.As(operator)
	card := "/admin/agents/" + string(p.Caller("collegue@bourg.example", "bourg").Agent)
	admin.Get(card+"/erase").Want(t, 303) // closed first
	admin.Post(card+"/close").Want(t, 303)
	admin.Get(card).Want(t, 200, "Effacer définitivement")
	admin.Get(card+"/erase").Want(t, 200, "Noé Martin")
	admin.Post(card+"/erase", "name", "Noé").Want(t, 422, "Recopiez le nom")
	p.As("admin@agglo.example").Post(card+"/erase", "name", "Noé Martin").Want(t, 404)
	admin.Post(card+"/erase", "name", "noé martin").Want(t, 303)
	page := admin.Get("/admin/erasures").Want(t, 200, "effacement-")
	certificate := regexp.MustCompile(`/admin/erasures/effacement-[a-z0-9]+`).FindString(page.Body)
	admin.Get(certificate).Want(t, 200, `"kind":"person"`, `"agents":1`)
	p.As("admin@agglo.example").Get(certificate).Want(t, 404)
	admin.Get(card).Want(t, 404)

	op.Get("/pool/collectivities/agglo/erase").Want(t, 200, "Agglo de Loire")
	op.Post("/pool/collectivities/agglo/erase", "name", "Bourg").Want(t, 422, "Recopiez le nom")
	op.Post("/pool/collectivities/agglo/erase", "name", "Agglo de Loire").Want(t, 303)
	op.Get("/pool/collectivities/agglo/erase").Want(t, 200, "sera effacée le")
	op.Post("/pool/collectivities/agglo/recall").Want(t, 303)
	op.Post("/pool/collectivities/agglo/resume").Want(t, 303)
	p.As("admin@agglo.example").Get("/admin").Want(t, 200)
	op.Get("/pool/erasures").Want(t, 200, "Rien n’a été effacé")
}
