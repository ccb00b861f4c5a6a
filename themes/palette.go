package themes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Palette is every colour role of one collectivity, for light and dark, derived from its one brand colour: the hue and
// a capped chroma come from the brand, the lightness is fixed by role, so that contrast doesn't depend on taste.
type Palette struct {
	Brand    Colour            // the colour as given
	Light    map[string]Colour // by role without dashes: "surface", "on-brand"; do not change
	Dark     map[string]Colour // the same roles
	Darkened bool              // the masthead is darker than the brand asked for: white words on it would be under 4.5:1
}

// DefaultBrand is the colour of a portal that has not chosen one.
const DefaultBrand = "#17566b"

// recipe says how one role gets its colour in one mode.
type recipe struct {
	lightness float64
	chroma    float64 // the chroma itself, or with seeded the most that the brand may give
	hue       float64 // degrees; unused with seeded
	seeded    bool
}

func fixed(lightness, chroma, hue float64) recipe { return recipe{lightness, chroma, hue, false} }

func seeded(lightness, most float64) recipe { return recipe{lightness, most, 0, true} }

// role is one intent with its recipe in light and in dark. The measured contrasts are in the tests.
type role struct {
	name        string
	light, dark recipe
}

func roles() []role {
	white := fixed(1, 0, 0)
	return []role{
		{"surface", fixed(.977, .004, 85), seeded(.19, .014)},
		{"surface-raised", white, seeded(.235, .016)},
		{"surface-sunken", fixed(.95, .006, 85), seeded(.155, .012)},
		{"surface-tint", seeded(.943, .017), seeded(.3, .03)},
		{"text", seeded(.25, .03), fixed(.94, .006, 85)},
		{"text-muted", seeded(.455, .022), fixed(.77, .01, 85)},
		{"line", fixed(.885, .006, 85), seeded(.345, .018)},
		{"rule", seeded(.25, .03), seeded(.62, .03)},
		{"edge", seeded(.58, .02), seeded(.62, .02)},
		{"link", seeded(.42, .1), seeded(.83, .08)},
		{"focus", fixed(.48, .2, 290), fixed(.85, .14, 88)},
		{"brand", seeded(.385, .085), seeded(.295, .055)},
		{"brand-deep", seeded(.32, .075), seeded(.23, .045)},
		{"on-brand", fixed(.985, .004, 85), fixed(.985, .004, 85)},
		{"on-brand-badge", seeded(.3, .07), seeded(.3, .07)},
		{"action", seeded(.42, .1), seeded(.83, .08)},
		{"action-hover", seeded(.34, .09), seeded(.9, .06)},
		{"on-action", white, seeded(.19, .014)},
		{"mark", fixed(.93, .09, 95), fixed(.42, .08, 90)},
		{"danger", fixed(.47, .17, 27), fixed(.81, .1, 25)},
		{"danger-soft", fixed(.957, .02, 27), fixed(.3, .055, 25)},
		{"warn", fixed(.45, .095, 62), fixed(.85, .11, 82)},
		{"warn-soft", fixed(.96, .035, 88), fixed(.31, .045, 78)},
		{"good", fixed(.43, .095, 152), fixed(.83, .1, 152)},
		{"good-soft", fixed(.957, .025, 152), fixed(.29, .04, 155)},
		{"cal-1", fixed(.5, .1, 225), fixed(.72, .09, 225)},
		{"cal-2", fixed(.52, .12, 55), fixed(.76, .1, 65)},
		{"cal-3", fixed(.5, .11, 150), fixed(.74, .1, 150)},
		{"cal-4", fixed(.5, .14, 330), fixed(.76, .1, 330)},
		{"cal-1-soft", fixed(.935, .02, 225), fixed(.305, .026, 225)},
		{"cal-2-soft", fixed(.935, .018, 55), fixed(.31, .026, 65)},
		{"cal-3-soft", fixed(.935, .022, 150), fixed(.305, .026, 150)},
		{"cal-4-soft", fixed(.935, .022, 330), fixed(.31, .028, 330)},
	}
}

// NewPalette derives a palette from a brand colour, "#17566b", "17566B" or "#abc". Any other text is ErrColour.
func NewPalette(brand string) (*Palette, error) {
	seed, err := ParseColour(brand)
	if err != nil {
		return nil, err
	}
	p := &Palette{Brand: seed, Light: map[string]Colour{}, Dark: map[string]Colour{}}
	of := seed.oklch()
	for _, role := range roles() {
		p.Light[role.name] = role.light.colour(of)
		p.Dark[role.name] = role.dark.colour(of)
	}
	p.Darkened = Contrast(p.Light["on-brand"], seed) < 4.5
	return p, nil
}

// ErrColour is the error of a text that is not a colour.
var ErrColour = errors.New("not a colour: write # and six hexadecimal digits, such as #17566b")

func (r recipe) colour(seed oklch) Colour {
	if !r.seeded {
		return oklch{r.lightness, r.chroma, r.hue}.colour()
	}
	return oklch{r.lightness, min(seed.c, r.chroma), seed.h}.colour()
}

// CSS is the stylesheet of one collectivity: every role as plain hex, light, dark by the system, dark by the account's
// choice (data-scheme on the root element). Dark is for screens only: paper is always white. About 1 KB compressed.
func (p *Palette) CSS() string {
	dark := declarations(p.Dark)
	var b strings.Builder
	b.WriteString("@layer tokens{:root{" + declarations(p.Light) + "}\n")
	b.WriteString("@media screen and (prefers-color-scheme:dark){:root:not([data-scheme=light]){" + dark + "}}\n")
	b.WriteString("@media screen{[data-scheme=dark]{" + dark + "}}}\n")
	return b.String()
}

func declarations(colours map[string]Colour) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(colours)) {
		fmt.Fprintf(&b, "--%s:%s;", name, colours[name])
	}
	return strings.TrimSuffix(b.String(), ";")
}
