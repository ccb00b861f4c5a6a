package themes

import (
	"math"
	"testing"
)

// Values of CSS Color 4 and of Ottosson's article for the sRGB primaries.
func TestOKLCHAgreesWithItsDefinition(t *testing.T) {
	for _, test := range []struct {
		colour Colour
		want   oklch
	}{
		{Colour{255, 0, 0}, oklch{.6280, .2577, 29.23}},
		{Colour{0, 255, 0}, oklch{.8664, .2948, 142.50}},
		{Colour{0, 0, 255}, oklch{.4520, .3132, -95.95}},
		{Colour{255, 255, 255}, oklch{1, 0, math.NaN()}},
	} {
		got := test.colour.oklch()
		if math.Abs(got.l-test.want.l) > 5e-4 || math.Abs(got.c-test.want.c) > 5e-4 || math.Abs(got.h-test.want.h) > .05 {
			t.Errorf("%v = %+v, want %+v", test.colour, got, test.want)
		}
	}
}

func TestOKLCHComesBackToTheSameColour(t *testing.T) {
	for n := 0; n < 1<<24; n += 997 {
		c := Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}
		if got := c.oklch().colour(); got != c {
			t.Fatalf("%v came back as %v", c, got)
		}
	}
}

func TestOutOfGamutKeepsHueAndLightness(t *testing.T) {
	want := oklch{.7, .4, 150}
	got := want.colour().oklch()
	if math.Abs(got.l-want.l) > .01 || math.Abs(got.h-want.h) > 1.5 || got.c >= want.c {
		t.Errorf("%+v became %+v", want, got)
	}
}
