package directory_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
)

// emblem is a logo of width by height dots within an empty margin.
func emblem(t testing.TB, width, height, margin int, ink color.Color) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, width+2*margin, height+2*margin))
	for y := range height {
		for x := range width {
			picture.Set(margin+x, margin+y, ink)
		}
	}
	var file bytes.Buffer
	must(t, png.Encode(&file, picture))
	return file.Bytes()
}

// TestACollectivityDecidesHowItIsShownItself: nobody of another one does, nor an
// agent who does not administer it.
func TestACollectivityDecidesHowItIsShownItself(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	bourg, agglo := tw.appoint(t, tw.anne), tw.appoint(t, tw.luc)
	before := got(tw.Collectivity(ctx, agglo.Collectivity))(t)
	got(tw.SetLogo(ctx, bourg, emblem(t, 60, 60, 0, color.Black), ""))(t)
	logo := got(tw.Collectivity(ctx, bourg.Collectivity))(t).Logo
	here := got(tw.Collectivity(ctx, bourg.Collectivity))(t).Branding()
	typed := here
	typed.Name = "Autre"
	must(t, tw.SetBranding(ctx, bourg, here.Stamp(), typed, ""))
	if after := got(tw.Collectivity(ctx, agglo.Collectivity))(t); after.Branding() != before.Branding() || after.Logo != before.Logo {
		t.Errorf("the other collectivity is %v, was %v", after, before)
	}
	if _, err := tw.RestoreLogo(ctx, agglo, logo.Version, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the logo of another collectivity: %v, want ErrNotFound", err)
	}
	if _, err := tw.LogoPicture(ctx, agglo.Collectivity, logo.Version); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the logo of another collectivity: %v, want ErrNotFound", err)
	}
	_, set := tw.SetLogo(ctx, tw.both, nil, "")
	_, restore := tw.RestoreLogo(ctx, tw.both, logo.Version, "")
	for operation, err := range map[string]error{"logo": set, "logo before": restore, "name": tw.SetBranding(ctx, tw.both, typed.Stamp(), here, "")} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s by an agent: %v, want ErrDenied", operation, err)
		}
	}
}

func TestALogoKeepsItsShapeAndNothingElse(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.anne)
	for name, c := range map[string]struct {
		file          []byte
		width, height int
	}{
		"small, as it is":              {emblem(t, 60, 40, 0, color.Black), 60, 40},
		"margins are cut off":          {emblem(t, 60, 40, 30, color.Black), 60, 40},
		"high":                         {emblem(t, 300, 600, 0, color.Black), 60, 120},
		"wide":                         {emblem(t, 1200, 100, 0, color.Black), 480, 40},
		"wide and high, in a margin":   {emblem(t, 960, 960, 200, color.Black), 120, 120},
		"a line keeps a dot of height": {emblem(t, 4000, 2, 20, color.Black), 480, 1},
	} {
		got(tw.SetLogo(ctx, admin, c.file, ""))(t)
		logo := got(tw.Collectivity(ctx, admin.Collectivity))(t).Logo
		octets := got(tw.LogoPicture(ctx, admin.Collectivity, logo.Version))(t)
		picture := got(png.Decode(bytes.NewReader(octets)))(t)
		if size := picture.Bounds().Size(); size != (image.Point{c.width, c.height}) || size != (image.Point{logo.Width, logo.Height}) {
			t.Errorf("%s: %v, said to be %d by %d, want %d by %d", name, size, logo.Width, logo.Height, c.width, c.height)
		}
	}
}

func TestALogoStaysTransparent(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.anne)
	ring := image.NewNRGBA(image.Rect(0, 0, 90, 90))
	for y := range 90 {
		for x := range 90 {
			if x < 10 || y < 10 || x >= 80 || y >= 80 {
				ring.Set(x, y, color.NRGBA{200, 0, 0, 255})
			}
		}
	}
	var file bytes.Buffer
	must(t, png.Encode(&file, ring))
	got(tw.SetLogo(ctx, admin, file.Bytes(), ""))(t)
	logo := got(tw.Collectivity(ctx, admin.Collectivity))(t).Logo
	picture := got(png.Decode(bytes.NewReader(got(tw.LogoPicture(ctx, admin.Collectivity, logo.Version))(t))))(t)
	if _, _, _, alpha := picture.At(45, 45).RGBA(); alpha != 0 {
		t.Errorf("the middle is %v, want transparent", picture.At(45, 45))
	}
	if red, _, blue, alpha := picture.At(3, 45).RGBA(); red < 0xb000 || blue > 0x2000 || alpha < 0xf000 {
		t.Errorf("the edge is %v, want red", picture.At(3, 45))
	}
}

func TestWhatIsNoLogoIsRefusedInASentence(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.anne)
	for name, c := range map[string]struct {
		file []byte
		key  string
	}{
		"svg":     {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "photo.kind"},
		"cut":     {held(t)[:900], "photo.broken"},
		"bomb":    {bomb(t), "photo.pixels"},
		"tiny":    {emblem(t, 200, 10, 0, color.Black), "photo.small"},
		"nothing": {plain(t, 200, 200), "logo.empty"},
	} {
		var refused portal.UserError
		_, err := tw.SetLogo(ctx, admin, c.file, "")
		if !errors.As(err, &refused) || refused.Field != "file" || refused.Key != "directory.error."+c.key {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
	if logo := got(tw.Collectivity(ctx, admin.Collectivity))(t).Logo; logo != (directory.Logo{}) {
		t.Errorf("a refused file left %v", logo)
	}
}

// TestALogoComesBackForThirtyDays: after it was taken away, or another took its
// place; not later. The one that is shown stays whatever its age.
func TestALogoComesBackForThirtyDays(t *testing.T) {
	c, ctx := newCouncil(t), context.Background()
	admin := c.admin
	pass := func(days int) {
		c.exec(t, `UPDATE collectivity_logos SET put_away = put_away - $1 WHERE put_away > 0`, int64(days)*24*time.Hour.Milliseconds())
	}
	shown := func() directory.Logo {
		t.Helper()
		return got(c.Collectivity(ctx, admin.Collectivity))(t).Logo
	}
	got(c.SetLogo(ctx, admin, emblem(t, 60, 60, 0, color.Black), ""))(t)
	first := shown()
	if before := got(c.SetLogo(ctx, admin, emblem(t, 80, 60, 0, color.Black), ""))(t); before != first {
		t.Errorf("the logo before was %v, want %v", before, first)
	}
	second := shown()
	pass(29)
	must(t, c.CleanLogos(ctx, admin.Collectivity))
	got(c.RestoreLogo(ctx, admin, first.Version, ""))(t)
	if shown() != first {
		t.Errorf("%v is shown, want %v", shown(), first)
	}
	pass(31)
	must(t, c.CleanLogos(ctx, admin.Collectivity))
	if _, err := c.RestoreLogo(ctx, admin, second.Version, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a logo of two months ago: %v, want ErrNotFound", err)
	}
	got(c.LogoPicture(ctx, admin.Collectivity, first.Version))(t)
	got(c.SetLogo(ctx, admin, nil, ""))(t)
	if shown() != (directory.Logo{}) {
		t.Errorf("%v is shown, want none", shown())
	}
	got(c.SetLogo(ctx, admin, emblem(t, 60, 60, 0, color.Black), ""))(t) // the same again
	pass(31)
	must(t, c.CleanLogos(ctx, admin.Collectivity))
	got(c.LogoPicture(ctx, admin.Collectivity, first.Version))(t)
}

func TestTwoAdministratorsDoNotOverwriteEachOther(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := tw.appoint(t, tw.anne)
	shown := got(tw.Collectivity(ctx, admin.Collectivity))(t).Branding()
	first, second := shown, shown
	first.Colour, second.Phone = "#7A1F3D", "02 38 44 32 28"
	must(t, tw.SetBranding(ctx, admin, shown.Stamp(), first, ""))
	if err := tw.SetBranding(ctx, admin, shown.Stamp(), second, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a form that somebody else overtook: %v, want ErrConflict", err)
	}
	now := got(tw.Collectivity(ctx, admin.Collectivity))(t)
	if now.Colour != "#7a1f3d" || now.Phone != shown.Phone {
		t.Errorf("colour %s, phone %q", now.Colour, now.Phone)
	}
	for name, wrong := range map[string]directory.Branding{
		"name": {LongName: "x", Colour: "#000000", Language: "fr"}, "colour": {Name: "x", LongName: "x", Colour: "red", Language: "fr"},
		"language": {Name: "x", LongName: "x", Colour: "#000000", Language: "br"}, "phone": {Name: "x", LongName: "x", Colour: "#000000", Language: "fr", Phone: "abc"},
	} {
		var refused portal.FieldErrors
		if err := tw.SetBranding(ctx, admin, now.Branding().Stamp(), wrong, ""); !errors.As(err, &refused) || refused[0].Field != name {
			t.Errorf("a wrong %s: %v", name, err)
		}
	}
}
