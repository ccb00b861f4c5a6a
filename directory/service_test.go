package directory_test

import (
	"slices"
	"strings"
	"testing"

	"parvis/directory"
)

func TestApplicationsAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string][]directory.Service{
		"": nil,
		"Finances https://finances.example/\n\n  Cadastre : https://cadastre.example/plan?x=1  ": {{"Finances", "https://finances.example/"}, {"Cadastre", "https://cadastre.example/plan?x=1"}},
		"Gestion du temps | temps.example\r\n":                                                   {{"Gestion du temps", "https://temps.example"}},
		"https://www.courrier.example/":                                                          {{"courrier.example", "https://www.courrier.example/"}},
		"État civil – http://ec.example":                                                         {{"État civil", "http://ec.example"}},
		"Finances":                                                                               {{"Finances", ""}},
	} {
		if got := directory.ParseServices(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestServicesThatCannotBeAreRefusedInASentence(t *testing.T) {
	for text, c := range map[string]struct {
		services directory.Services
		field    string
	}{
		"no server":           {directory.Services{Mail: "courriel"}, "mail"},
		"two ports":           {directory.Services{Mail: "imap.example:993:1"}, "mail"},
		"webmail alone":       {directory.Services{Webmail: "https://courriel.example/"}, "mail"},
		"webmail in clear":    {directory.Services{Mail: "imap.example.org", Webmail: "http://courriel.example/"}, "webmail"},
		"a name alone":        {directory.Services{Links: []directory.Service{{"Finances", ""}}}, "links"},
		"an address in clear": {directory.Services{Links: []directory.Service{{"Finances", "http://finances.example/"}}}, "links"},
		"a script":            {directory.Services{Links: []directory.Service{{"Finances", "javascript:alert(1)"}}}, "links"},
		"too many":            {directory.Services{Links: directory.ParseServices(strings.Repeat("a https://a.example/\n", 21))}, "links"},
	} {
		_, err := c.services.Cleaned()
		t.Run(text, func(t *testing.T) { wantFields(t, err, c.field) })
	}
	clean := got(directory.Services{Mail: "imap.bourg.example"}.Cleaned())(t)
	if clean.Mail != "imap.bourg.example:993" {
		t.Errorf("the mail server is %q", clean.Mail)
	}
}

// FuzzParseServices: whatever is accepted reads the same again.
func FuzzParseServices(f *testing.F) {
	f.Add("Finances https://finances.example/")
	f.Add("a b : c.d\r\n\x00 https://[::1")
	f.Fuzz(func(t *testing.T, text string) {
		services, err := directory.Services{Links: directory.ParseServices(text)}.Cleaned()
		if err != nil {
			return
		}
		if again := directory.ParseServices(services.Text()); !slices.Equal(again, services.Links) {
			t.Errorf("%q becomes %q", services.Links, again)
		}
	})
}
