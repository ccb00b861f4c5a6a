package browser

import (
	"os"
	"path/filepath"
	"testing"
)

func TestPersonFillsAForm(t *testing.T) {
	t.Parallel()
	for _, script := range []bool{true, false} {
		p := New(t)
		if !script {
			p.NoJavaScript()
		}
		p.Open(site(t, "", ""))
		p.Fill("label=Nom", "Zoé")
		p.Fill("label=Nom", "Hélène D’Aumas 🌳")
		p.Select("label=Service", "Urbanisme")
		p.Set("label=Jour", "2026-11-21")
		p.Click("label=D’accord")
		if got, want := p.Value("#name"), "Hélène D’Aumas 🌳"; got != want {
			t.Errorf("value = %q, want %q", got, want)
		}
		p.Follow("text=Enregistrer")
		p.MustSee("Hélène D’Aumas 🌳, Urbanisme, 2026-11-21, on")
		if got, want := p.Title(), "Page"; got != want {
			t.Errorf("title = %q, want %q", got, want)
		}
		p.Back()
		p.MustSee("Bonjour Hélène")
	}
}

func TestScriptsRunOnlyWhenAllowed(t *testing.T) {
	t.Parallel()
	for script, want := range map[bool]string{true: "2", false: "0"} {
		p := New(t)
		if !script {
			p.NoJavaScript()
		}
		p.Open(site(t, "", ""))
		p.Click("text=Compter")
		p.Click("text=Compter")
		if got := p.Text("#n"); got != want {
			t.Errorf("with scripts %v the count is %s, want %s", script, got, want)
		}
	}
}

func TestPagesAreJudgedWithoutScriptsToo(t *testing.T) {
	t.Parallel()
	p := New(t)
	p.NoJavaScript()
	p.Open(site(t, "", ""))
	p.Axe(t)
	p.Geometry(t)
}

func TestKeyboardAloneReachesAndPresses(t *testing.T) {
	t.Parallel()
	p := New(t)
	p.Language("en")
	p.Open(site(t, "", ""))
	p.TabTo("text=un lien")
	if got, want := p.Focused(), `a "un lien"`; got != want {
		t.Errorf("focused = %s, want %s", got, want)
	}
	p.Press("Shift+Tab")
	if got, want := p.Focused(), `a "Aller au contenu"`; got != want {
		t.Errorf("focused = %s, want %s", got, want)
	}
	p.TabTo("text=Compter")
	p.Press("Space", "Enter")
	p.Until(`document.querySelector('#n').value === '2'`)
	p.Focus("text=un lien")
	p.PressAndFollow("Enter")
	p.MustSee("Ailleurs en en")
	p.MustNotSee("Bonjour")
	p.Gone("#name")
}

func TestFilesAreUploadedAndPagesKept(t *testing.T) {
	t.Setenv("PARVIS_SHOTS", t.TempDir())
	file := filepath.Join(t.TempDir(), "budget été.pdf")
	if err := os.WriteFile(file, []byte("%PDF-1.7"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := New(t)
	p.Size(360, 640)
	p.Open(site(t, "", ""))
	p.Upload("label=Pièce", file)
	var got struct {
		Name  string
		Width int
	}
	p.Evaluate(`({Name: document.querySelector('#file').files[0].name, Width: innerWidth})`, &got)
	if got.Name != "budget été.pdf" || got.Width != 360 {
		t.Errorf("page holds %+v, want the file in 360 px", got)
	}
	p.Screenshot("form/narrow")
	if info, err := os.Stat(filepath.Join(os.Getenv("PARVIS_SHOTS"), "form", "narrow.png")); err != nil || info.Size() < 1000 {
		t.Errorf("screenshot: %v, %v", info, err)
	}
}

func TestWindowsAreStrangersToEachOther(t *testing.T) {
	t.Parallel()
	address := site(t, "", "")
	first, second := New(t), New(t)
	first.Open(address)
	first.do("set a cookie", evaluate(`document.cookie = 'a=1'`))
	second.Open(address)
	var cookies string
	second.Evaluate(`document.cookie`, &cookies)
	if cookies != "" {
		t.Errorf("a window sees another's cookies: %q", cookies)
	}
}
