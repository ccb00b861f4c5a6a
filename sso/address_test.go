package sso

import (
	"net/url"
	"testing"

	"parvis/sso/ssotest"
)

func TestAnAddressHasOneSpelling(t *testing.T) {
	for text, want := range map[string]Address{
		"https://glpi.bourg.example":                           {"https://glpi.bourg.example", "/", ""},
		"HTTPS://GLPI.bourg.example:443/front/":                {"https://glpi.bourg.example", "/front/", ""},
		"http://127.0.0.1:9999/":                               {"http://127.0.0.1:9999", "/", ""},
		"https://app.example/a%20b?next=%2Fx&y=a@b":            {"https://app.example", "/a b", "next=%2Fx&y=a@b"},
		"https://app.example/login;jsessionid=A1B2":            {"https://app.example", "/login;jsessionid=A1B2", ""},
		"https://[::1]:8443/":                                  {"https://[::1]:8443", "/", ""},
		"https://xn--caf-dma.example/":                         {"https://xn--caf-dma.example", "/", ""},
		"https://app.example/%C3%A9t%C3%A9":                    {"https://app.example", "/été", ""},
		"https://app.example:8443/index.php?a[]=1&b=%7B%22%7D": {"https://app.example:8443", "/index.php", "a[]=1&b=%7B%22%7D"},
		"http://intranet/":                                     {"http://intranet", "/", ""},
	} {
		got, err := ParseAddress(text)
		if err != nil || got != want {
			t.Errorf("ParseAddress(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// TestALookAlikeOfARegisteredAddressIsNotIt: server/attacks_test.go has them at each
// door.
func TestALookAlikeOfARegisteredAddressIsNotIt(t *testing.T) {
	registered, err := ParseAddress(ssotest.Registered)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(ssotest.LookAlikes(), "") {
		if got, err := ParseAddress(text); err == nil && registered.Covers(got) {
			t.Errorf("%q passes as %+v", text, got)
		}
	}
	for _, text := range []string{
		"https://app.bourg.example/finances", "https://APP.bourg.example:443/finances/", "https://app.bourg.example/finances/budget?year=2026",
	} {
		if got, err := ParseAddress(text); err != nil || !registered.Covers(got) {
			t.Errorf("%q is refused: %v", text, err)
		}
	}
}

// FuzzAddress: what is accepted is read the same when written back, and by
// net/url.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{
		"https://glpi.bourg.example/front;jsessionid=1?a=b", "http://127.0.0.1:9999/", "https://[::1]/", "https://a/%C3%A9", "https://a@b/", "https://0x7f.1/",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := ParseAddress(text)
		if err != nil {
			return
		}
		again, err := ParseAddress(address.String())
		if err != nil || again != address {
			t.Fatalf("ParseAddress(%q) = %+v, written back %q is %+v, %v", text, address, address.String(), again, err)
		}
		parsed, err := url.Parse(address.String())
		if err != nil || parsed.User != nil || parsed.Fragment != "" || !address.Covers(address) {
			t.Fatalf("%q is read in another way: %v, %v", address.String(), parsed, err)
		}
	})
}
