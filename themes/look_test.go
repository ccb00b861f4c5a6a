package themes_test

import (
	"strings"
	"testing"

	"parvis/themes"
)

func sample(content string) themes.Frame {
	return themes.Frame{Title: "Accueil", Section: "home", Lang: "fr", CollectivityName: "Bourg-sur-Loire", SignedIn: true}
}

func TestTheFrameRenders(t *testing.T) {
	tmpl, _ := look(t, "fr")
	if page := execute(t, tmpl, "frame", sample("")); !strings.Contains(page, "Aller au contenu") {
		t.Error(page)
	}
}
