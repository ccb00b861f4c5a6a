package browser

import (
	_ "embed"
	"testing"
)

//go:embed geometry.js
var geometry string

// mostStops is how many elements the keyboard may visit on one page; the check ends there.
const mostStops = 300

// Geometry fails t for each fault of the page as it stands:
//   - WCAG 1.4.10: it scrolls sideways in 320 × 256 CSS pixels;
//   - WCAG 1.4.12, 1.4.4: with wider text spacing or text at 200 % it scrolls sideways or cuts text off;
//   - WCAG 2.5.8: a target is under 24 × 24 CSS pixels, links in a sentence excepted;
//   - WCAG 2.4.7, 2.4.11: an element that the keyboard reaches does not show it, is out of view or covered.
//
// The window's size is restored; the keyboard's place is lost.
func (p *Page) Geometry(t testing.TB) {
	t.Helper()
	for _, fault := range p.geometryFaults() {
		t.Errorf("geometry: %s: %s", p.URL(), fault)
	}
}

func (p *Page) geometryFaults() []string {
	p.t.Helper()
	return append(p.textFaults(), p.focusFaults()...)
}

// textFaults are those that do not ask for the keyboard.
func (p *Page) textFaults() []string {
	p.t.Helper()
	width, height := int(p.width), int(p.height)
	value[bool](p, "(window.parvisGeometry = "+geometry+") && true")
	faults := p.measure("targets()")
	faults = append(faults, p.measure("spacing()")...)
	faults = append(faults, p.measure("enlarged()")...)
	p.Size(320, 256)
	faults = append(faults, p.measure("overflow('reflow at 320 × 256')")...)
	p.Size(width, height)
	return faults
}

func (p *Page) measure(call string) []string {
	p.t.Helper()
	return value[[]string](p, "window.parvisGeometry."+call)
}

// focusFaults walks through the page with Tab until it leaves it.
func (p *Page) focusFaults() []string {
	p.t.Helper()
	var faults []string
	value[bool](p, "window.parvisGeometry.rest(), window.getSelection().removeAllRanges(), scrollTo(0, 0), true")
	for range mostStops {
		p.Press("Tab")
		stop := value[struct {
			End    bool     `json:"end"`
			Faults []string `json:"faults"`
		}](p, "window.parvisGeometry.focused()")
		faults = append(faults, stop.Faults...)
		if stop.End {
			return faults
		}
	}
	return faults
}
