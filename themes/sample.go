package themes

import (
	"math"
	"strings"
)

// Look is the data of "look": what becomes of a colour before it is anybody's.
type Look struct {
	Colour   string // "#17566b"
	Name     string // "Bourg-sur-Loire", "" for an example
	Logo     Picture
	Sheet    string // address of the colours
	Darkened bool   // the masthead is darker than the colour
	Schemes  []Scheme
}

// Scheme is how one of "light" and "dark" reads: contrasts, never better than they are.
type Scheme struct {
	Name              string
	Band, Text, Links float64
}

// SamplePath is where the style sheets of looks are served, each under its colour.
const SamplePath = "/theme/sample/"

// FirstLook is the look of the first that is a colour, or of DefaultBrand.
func FirstLook(name string, colours ...string) Look {
	for _, colour := range append(colours, DefaultBrand) {
		if palette, err := NewPalette(colour); err == nil {
			return lookOf(palette, name)
		}
	}
	panic("themes: DefaultBrand is no colour")
}

func lookOf(palette *Palette, name string) Look {
	look := Look{Colour: palette.Brand.String(), Name: name, Darkened: palette.Darkened}
	look.Sheet = SamplePath + strings.TrimPrefix(look.Colour, "#") + ".css"
	ratio := func(a, b Colour) float64 { return math.Floor(Contrast(a, b)*10) / 10 }
	for _, one := range []struct {
		name  string
		roles map[string]Colour
	}{{"light", palette.Light}, {"dark", palette.Dark}} {
		look.Schemes = append(look.Schemes, Scheme{
			Name:  one.name,
			Band:  ratio(one.roles["on-brand"], one.roles["brand"]),
			Text:  ratio(one.roles["text"], one.roles["surface"]),
			Links: ratio(one.roles["link"], one.roles["surface"]),
		})
	}
	return look
}

// Sample is the stylesheet of a place that shows a palette before it is anybody's:
// what is in ".look.light" wears its light colours, what is in ".look.dark" its
// dark ones, whatever the page wears.
func (p *Palette) Sample() string {
	return "@layer components{.look.light{" + declarations(p.Light) + "}\n.look.dark{" + declarations(p.Dark) + "}}\n"
}
