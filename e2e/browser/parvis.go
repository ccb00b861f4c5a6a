package browser

import "testing"

// SignIn goes through the two pages of sign-in of a Parvis at an address.
func (p *Page) SignIn(address, login, password string) {
	p.t.Helper()
	p.Open(address + "/sign-in")
	p.Fill("#login", login)
	p.Follow("button.main")
	p.Fill("#password", password)
	p.Follow("button.main")
}

// Judge opens a page and runs the checkers on it, wide and narrow, of which one is dark;
// the page is loaded once.
func (p *Page) Judge(t testing.TB, address string, dark bool) {
	t.Helper()
	p.judgeShapes(t, address, dark)
	p.Geometry(t)
}

// JudgeAgain is Judge for a page that was judged in another language or in two other shapes: texts may be
// longer or shorter there, and the way of the keyboard is the same.
func (p *Page) JudgeAgain(t testing.TB, address string, dark bool) {
	t.Helper()
	p.judgeShapes(t, address, dark)
	for _, fault := range p.textFaults() {
		t.Errorf("geometry: %s: %s", p.URL(), fault)
	}
}

func (p *Page) judgeShapes(t testing.TB, address string, dark bool) {
	t.Helper()
	p.Size(1366, 768)
	p.Scheme(dark)
	p.Open(address)
	p.Axe(t)
	p.Size(360, 640)
	p.Scheme(!dark)
	p.Axe(t)
}

// JudgeAsItStands runs the checkers on the page that is shown.
func (p *Page) JudgeAsItStands(t testing.TB) {
	t.Helper()
	p.Axe(t)
	p.Geometry(t)
	HTML(t, p.Source())
}

// JudgeAndKeep is JudgeAsItStands, with pictures in both sizes and schemes in the folder
// Pictures.
func (p *Page) JudgeAndKeep(t testing.TB, name string) {
	t.Helper()
	p.JudgeAsItStands(t)
	if Pictures() == "" {
		return
	}
	for suffix, dark := range map[string]bool{"": false, "-dark": true} {
		p.Scheme(dark)
		p.Size(1366, 900)
		p.Screenshot(name + suffix)
		p.Size(360, 640)
		p.Screenshot(name + "-360" + suffix)
	}
	p.Scheme(false)
	p.Size(1366, 768)
}
