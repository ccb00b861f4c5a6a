package i18n_test

import (
	"testing"

	"parvis/portal/i18n"
)

func TestMailto(t *testing.T) {
	for address, want := range map[string]string{
		"anne+parc@bourg.example":          "mailto:anne+parc@bourg.example",
		"a@b.example?bcc=c@d.example&x=%0": "mailto:a@b.example%3Fbcc=c@d.example%26x=%250",
		"a@b.example,c@d.example":          "mailto:a@b.example%2Cc@d.example",
		"élu@bourg.example":                "mailto:%C3%A9lu@bourg.example",
		"au secrétariat":                   "", "@b.example": "", "a@": "", "": "", "a b@c.example": "",
	} {
		if got := string(i18n.Mailto(address)); got != want {
			t.Errorf("%q is %q, want %q", address, got, want)
		}
	}
}
