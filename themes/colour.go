package themes

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Colour is an sRGB colour of 8 bits a channel.
type Colour struct{ R, G, B uint8 }

// String is the colour as CSS writes it: "#17566b".
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// ParseColour reads "#17566b", "17566B" or "#abc", spaces around it ignored. Any other text is ErrColour.
func ParseColour(text string) (Colour, error) {
	hex := strings.TrimPrefix(strings.TrimSpace(text), "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	if len(hex) != 6 || strings.ContainsAny(hex, "+-_") {
		return Colour{}, fmt.Errorf("%.40q: %w", text, ErrColour)
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return Colour{}, fmt.Errorf("%.40q: %w", text, ErrColour)
	}
	return Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// Contrast is the contrast ratio of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
func Contrast(a, b Colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + .05) / (min(la, lb) + .05)
}

func (c Colour) luminance() float64 {
	r, g, b := c.linear()
	return .2126*r + .7152*g + .0722*b
}

func (c Colour) linear() (r, g, b float64) { return decode(c.R), decode(c.G), decode(c.B) }

// decode takes a channel to linear light, 0 to 1 (IEC 61966-2-1).
func decode(channel uint8) float64 {
	v := float64(channel) / 255
	if v <= .04045 {
		return v / 12.92
	}
	return math.Pow((v+.055)/1.055, 2.4)
}

func encode(v float64) uint8 {
	v = min(max(v, 0), 1)
	if v <= .0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - .055
	}
	return uint8(math.Round(v * 255))
}

// oklch is a colour in OKLCH: lightness 0 to 1, chroma from 0, hue in degrees (Björn Ottosson, 2020; CSS Color 4 §9).
type oklch struct{ l, c, h float64 }

func (c Colour) oklch() oklch {
	r, g, b := c.linear()
	l := math.Cbrt(.4122214708*r + .5363325363*g + .0514459929*b)
	m := math.Cbrt(.2119034982*r + .6806995451*g + .1073969566*b)
	s := math.Cbrt(.0883024619*r + .2817188376*g + .6299787005*b)
	lightness := .2104542553*l + .7936177850*m - .0040720468*s
	a := 1.9779984951*l - 2.4285922050*m + .4505937099*s
	bb := .0259040371*l + .7827717662*m - .8086757660*s
	return oklch{lightness, math.Hypot(a, bb), math.Atan2(bb, a) * 180 / math.Pi}
}

// colour gives the sRGB colour; out of gamut, chroma is lowered until it fits, hue and lightness stay.
func (o oklch) colour() Colour {
	if r, g, b := o.linear(); inGamut(r, g, b) {
		return Colour{encode(r), encode(g), encode(b)}
	}
	low, high := 0.0, o.c
	for range 24 { // halves the interval to less than a channel's step
		middle := (low + high) / 2
		if inGamut((oklch{o.l, middle, o.h}).linear()) {
			low = middle
		} else {
			high = middle
		}
	}
	r, g, b := oklch{o.l, low, o.h}.linear()
	return Colour{encode(r), encode(g), encode(b)}
}

func (o oklch) linear() (r, g, b float64) {
	angle := o.h * math.Pi / 180
	a, bb := o.c*math.Cos(angle), o.c*math.Sin(angle)
	l := cube(o.l + .3963377774*a + .2158037573*bb)
	m := cube(o.l - .1055613458*a - .0638541728*bb)
	s := cube(o.l - .0894841775*a - 1.2914855480*bb)
	r = 4.0767416621*l - 3.3077115913*m + .2309699292*s
	g = -1.2684380046*l + 2.6097574011*m - .3413193965*s
	b = -.0041960863*l - .7034186147*m + 1.7076147010*s
	return r, g, b
}

func cube(x float64) float64 { return x * x * x }

func inGamut(r, g, b float64) bool {
	const slack = 1e-4 // far below half a step of 8 bits
	inside := func(v float64) bool { return v >= -slack && v <= 1+slack }
	return inside(r) && inside(g) && inside(b)
}
