package server_test

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"testing"

	"parvis/server/servertest"
)

// shield is a file that becomes a logo.
func shield(t testing.TB, ink color.Color) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 120, 60))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(ink), image.Point{}, draw.Src)
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// logo is the version of the collectivity's logo, which no other has.
func (e *estate) logo() string {
	e.t.Helper()
	sum := fnv.New32a()
	sum.Write([]byte(e.admin.Collectivity))
	ink := color.NRGBA{uint8(sum.Sum32()), uint8(sum.Sum32() >> 8), uint8(sum.Sum32() >> 16), 255}
	_, err := e.Directory.SetLogo(e.t.Context(), e.admin, shield(e.t, ink), "")
	e.must(err)
	c, err := e.Directory.Collectivity(e.t.Context(), e.admin.Collectivity)
	e.must(err)
	return c.Logo.Version
}

func (e *estate) logoPicture() string {
	return "/logo/" + string(e.admin.Collectivity) + "-" + e.logo() + ".png"
}

// TestALogoStandsOnEveryPageAndAtTheDoor: also on the page of sign-in, and no more
// once it is taken away, until that is taken back.
func TestALogoStandsOnEveryPageAndAtTheDoor(t *testing.T) {
	p := servertest.New(t)
	admin, agent, other := p.As("admin@bourg.example"), p.As("agent@bourg.example"), p.As("agent@agglo.example")
	const mark = `<img class="logo" src="/logo/bourg-`
	if body := agent.Get("/").Want(t, 200).Body; strings.Contains(body, mark) {
		t.Error("there is a logo before there is any")
	}
	admin.Upload("/admin/identity/logo", "logo.png", bytes.NewReader(shield(t, color.Black))).Want(t, 303)
	page := agent.Get("/").Want(t, 200, mark, `width="120" height="60"`).Body
	_, rest, _ := strings.Cut(page, mark)
	version, _, _ := strings.Cut(rest, ".png")
	picture := p.Anonymous().Get("/logo/bourg-"+version+".png").Want(t, 200, "PNG")
	if kind := picture.Header.Get("Content-Type"); kind != "image/png" {
		t.Errorf("the logo is %q", kind)
	}
	guest := p.Anonymous()
	guest.Post("/sign-in", "login", "agent@bourg.example").Want(t, 303)
	guest.Get("/sign-in/password").Want(t, 200, mark)
	if body := other.Get("/").Want(t, 200).Body; strings.Contains(body, "/logo/") {
		t.Error("another collectivity wears it")
	}
	admin.Post("/admin/identity/logo/remove").Want(t, 303)
	if body := agent.Get("/").Want(t, 200).Body; strings.Contains(body, mark) {
		t.Error("the logo stays once it was taken away")
	}
	admin.Get("/admin/identity").Want(t, 200, "/admin/identity/logo/restore/"+version)
	admin.Post("/admin/identity/logo/restore/"+version).Want(t, 303)
	agent.Get("/").Want(t, 200, mark+version)
	admin.Post("/admin/identity/logo/restore/0123").Want(t, 404, "trente jours")
}

func TestAnAdministratorNamesAndColoursHerCollectivity(t *testing.T) {
	p := servertest.New(t)
	admin, agent := p.As("admin@bourg.example"), p.As("agent@bourg.example")
	agent.Get("/").Want(t, 200)
	form := admin.Get("/admin/identity?name=Bourg&long_name=Ville+de+Bourg&colour=%23f0e68c&language=fr").
		Want(t, 200, "/theme/sample/f0e68c.css", "trop claire", `value="Ville de Bourg"`).Body
	_, rest, _ := strings.Cut(form, `name="was" value="`)
	was, _, _ := strings.Cut(rest, `"`)
	fields := []string{"was", was, "name", "Bourg-la-Neuve", "long_name", "Ville de Bourg-la-Neuve", "colour", "#7a1f3d", "phone", "02 38 44 32 28", "language", "fr"}
	admin.Post("/admin/identity", "was", was, "name", "", "long_name", "x", "colour", "rouge", "language", "fr").
		Want(t, 422, `id="name-error"`, `id="colour-error"`)
	admin.Post("/admin/identity", fields...).Want(t, 303)
	agent.Get("/").Want(t, 200, "Bourg-la-Neuve")
	guest := p.Anonymous()
	guest.Post("/sign-in", "login", "agent@bourg.example").Want(t, 303)
	guest.Get("/sign-in/password").Want(t, 200, "Ville de Bourg-la-Neuve")
	admin.Post("/admin/identity", fields...).Want(t, 409, "Un autre administrateur", `value="Bourg-la-Neuve"`)
	admin.Get("/admin/journal").Want(t, 200, "Identité de la collectivité changée", "nom complet")
}
