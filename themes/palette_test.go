package themes_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"parvis/themes"
)

// pair is two roles that meet on a page and the least contrast they may have in light and in dark. Text needs 4.5 and
// shapes 3 (WCAG 2.2, 1.4.3 and 1.4.11); the look asks more of most.
type pair struct {
	front, back string
	light, dark float64
}

func pairs() []pair {
	var list []pair
	add := func(light, dark float64, fronts, backs string) {
		for _, front := range strings.Fields(fronts) {
			for _, back := range strings.Fields(backs) {
				list = append(list, pair{front, back, light, dark})
			}
		}
	}
	papers := "surface surface-raised surface-sunken surface-tint"
	add(13.3, 10.9, "text", papers+" danger-soft warn-soft good-soft")
	add(12.9, 11, "text", "cal-1-soft cal-2-soft cal-3-soft cal-4-soft")
	add(12.5, 7, "text", "mark")
	add(6, 6.4, "text-muted", papers)
	add(6.6, 7.8, "link action", papers)
	add(6.1, 4.7, "link", "mark")
	add(3.5, 4.4, "edge rule", "surface surface-raised surface-sunken")
	add(3, 3, "edge", "surface-tint")
	add(6.2, 10.3, "focus", "surface surface-raised surface-sunken")
	add(3, 3, "focus", "surface-tint")
	add(8.7, 12.6, "on-brand", "brand brand-deep")
	add(7, 7, "on-brand-badge", "on-brand")
	add(7.6, 10.4, "on-action", "action action-hover")
	add(6.2, 7, "danger", papers+" danger-soft")
	add(6.2, 7, "warn", papers+" warn-soft")
	add(6.2, 7, "good", papers+" good-soft")
	add(4.5, 5.5, "cal-1 cal-2 cal-3 cal-4", "surface surface-raised")
	add(3, 3, "cal-1", "cal-1-soft")
	add(3, 3, "cal-2", "cal-2-soft")
	add(3, 3, "cal-3", "cal-3-soft")
	add(3, 3, "cal-4", "cal-4-soft")
	add(11, 11, "surface", "text") // the toast
	return list
}

func TestEveryPairIsReadableWhateverTheBrand(t *testing.T) {
	seeds := map[themes.Colour]bool{}
	for r := 0; r < 256; r += 17 { // 16 × 16 × 16
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 17 {
				seeds[themes.Colour{R: uint8(r), G: uint8(g), B: uint8(b)}] = true
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n := random.Uint32()
		seeds[themes.Colour{R: uint8(n), G: uint8(n >> 8), B: uint8(n >> 16)}] = true
	}
	if len(seeds) < 4500 {
		t.Fatalf("only %d colours", len(seeds))
	}
	list := pairs()
	lowest := map[pair][2]float64{}
	for seed := range seeds {
		palette, err := themes.NewPalette(seed.String())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list {
			low, ok := lowest[p]
			if !ok {
				low = [2]float64{21, 21}
			}
			low[0] = min(low[0], themes.Contrast(palette.Light[p.front], palette.Light[p.back]))
			low[1] = min(low[1], themes.Contrast(palette.Dark[p.front], palette.Dark[p.back]))
			lowest[p] = low
		}
	}
	for _, p := range list {
		if low := lowest[p]; low[0] < p.light || low[1] < p.dark || low[0] == 21 {
			t.Errorf("%s on %s: %.2f light, %.2f dark; want %.1f, %.1f", p.front, p.back, low[0], low[1], p.light, p.dark)
		}
	}
	t.Logf("%d colours × 2 modes × %d pairs", len(seeds), len(list))
}

func TestThePaletteSaysWhenTheBrandIsTooPaleForTheMasthead(t *testing.T) {
	for brand, want := range map[string]bool{"#17566b": false, "#000": false, "#ffe000": true, "#ffffff": true, "#9cc": true, "#0000ff": false} {
		palette, err := themes.NewPalette(brand)
		if err != nil {
			t.Fatal(err)
		}
		if palette.Darkened != want {
			t.Errorf("%s: Darkened = %v, want %v", brand, palette.Darkened, want)
		}
	}
}

func TestThePaletteIsPlainHexForBothSchemes(t *testing.T) {
	palette, err := themes.NewPalette("#8a1c3b")
	if err != nil {
		t.Fatal(err)
	}
	css := palette.CSS()
	for _, want := range []string{"--brand:" + palette.Light["brand"].String(), "prefers-color-scheme:dark", "[data-scheme=dark]{", "--brand:" + palette.Dark["brand"].String()} {
		if !strings.Contains(css, want) {
			t.Errorf("CSS lacks %q:\n%s", want, css)
		}
	}
	if strings.Contains(css, "oklch") || len(css) > 4096 {
		t.Errorf("CSS of %d bytes:\n%s", len(css), css)
	}
	if strings.Count(css, "{") != strings.Count(css, "}") {
		t.Errorf("unbalanced braces:\n%s", css)
	}
}

// The ratios are those that WCAG's own examples and every checker give.
func TestContrastIsThatOfWCAG(t *testing.T) {
	white := themes.Colour{R: 255, G: 255, B: 255}
	for hex, want := range map[string]float64{"#777777": 4.48, "#767676": 4.54, "#ffffff": 1, "#000000": 21, "#0000ff": 8.59, "#ff0000": 4.00} {
		colour, err := themes.ParseColour(hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := themes.Contrast(colour, white); got < want-.005 || got > want+.005 {
			t.Errorf("Contrast(%s, white) = %.3f, want %.2f", hex, got, want)
		}
	}
}

func TestColoursAreReadOrRefused(t *testing.T) {
	for text, want := range map[string]string{"#17566b": "#17566b", "17566B": "#17566b", " #abc ": "#aabbcc", "#FFF": "#ffffff"} {
		got, err := themes.ParseColour(text)
		if err != nil || got.String() != want {
			t.Errorf("ParseColour(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "#", "red", "#12", "#12345", "#1234567", "#gggggg", "+12345", "#-1-2-3", "##17566b", "é1f", "rgb(1,2,3)", "#1_2_3", strings.Repeat("f", 5000)} {
		if _, err := themes.ParseColour(text); !errors.Is(err, themes.ErrColour) || len(err.Error()) > 200 {
			t.Errorf("ParseColour(%.20q) error = %v", text, err)
		}
		if _, err := themes.NewPalette(text); !errors.Is(err, themes.ErrColour) {
			t.Errorf("NewPalette(%.20q) error = %v", text, err)
		}
	}
}

func FuzzParseColour(f *testing.F) {
	for _, seed := range []string{"#17566b", "abc", "", "#", "éé", "+fffff", "#０００", "0x1234"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		colour, err := themes.ParseColour(text)
		if err != nil {
			if !errors.Is(err, themes.ErrColour) {
				t.Fatalf("ParseColour(%q): %v", text, err)
			}
			return
		}
		again, err := themes.ParseColour(colour.String())
		if err != nil || again != colour {
			t.Fatalf("ParseColour(%q) = %v, read back as %v, %v", text, colour, again, err)
		}
		if want := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "#"); len(want) == 6 && colour.String() != "#"+want {
			t.Fatalf("ParseColour(%q) = %v", text, colour)
		}
	})
}

func BenchmarkNewPalette(b *testing.B) {
	for b.Loop() {
		if _, err := themes.NewPalette("#17566b"); err != nil {
			b.Fatal(err)
		}
	}
}
