package widgets

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLinksStayHereOrGoOverHTTPS(t *testing.T) {
	for link, want := range map[string]bool{
		"/": true, "/news/7?a=b#c": true, "https://etat-civil.example/": true, "https://x.example:8443/": true,
		"": false, "news": false, "//evil.example/": false, `/\evil.example/`: false, `\\evil.example`: false, "http://x.example/": false,
		"javascript:alert(1)": false, " https://x.example/": false, "https:x": false, "https://": false, "data:text/html,x": false,
		"/\t/evil.example": false, "mailto:a@b.example": false, "HTTPS://x.example/": true, "?a=b": false, "#x": false,
	} {
		if got := safeLink(link); got != want {
			t.Errorf("safeLink(%q) = %v, want %v", link, got, want)
		}
	}
}

// FuzzClean holds that no text of a widget is more than a line of text, and
// that no link leaves the portal but for https.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{
		"", "Devis du portail", "a\nb\tc", "\xff\xfe", "\u202eevil", "\x00\x1b[31m", strings.Repeat("é", 600), "🏛️",
		"https://x.example/", "//evil.example", "/\\evil", "javascript:alert(1)",
	} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "portal.example", Path: "/"}
	f.Fuzz(func(t *testing.T, text string) {
		got := cleanText(text)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxText {
			t.Fatalf("cleanText(%q) = %q", text, got)
		}
		for _, r := range got {
			if r < ' ' || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				t.Fatalf("cleanText(%q) = %q holds %U", text, got, r)
			}
		}
		if cleanText(got) != got {
			t.Fatalf("cleanText(%q) = %q, and again %q", text, got, cleanText(got))
		}
		if safeLink(text) {
			parsed, err := url.Parse(text)
			if err != nil {
				t.Fatalf("safeLink(%q) takes what can't be parsed", text)
			}
			if to := base.ResolveReference(parsed); to.Scheme != "https" || (strings.HasPrefix(text, "/") && to.Host != base.Host) {
				t.Fatalf("safeLink(%q) leads to %s", text, to)
			}
		}
	})
}
