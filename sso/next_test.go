package sso

import (
	"net/url"
	"strings"
	"testing"
)

// attacks are spellings that have led browsers, proxies or sign-in pages
// elsewhere (sign-on.md, "attacks to turn into tests").
var attacks = []string{
	"", "x", "news", "https://evil.example", "HTTPS://evil.example/", "http:evil.example", "//evil.example", "///evil.example",
	"/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example",
	"//user@evil.example", "//parvis.example@evil.example", "//parvis.example:pw@evil.example@x", "https:@evil.example", "https:/evil.example",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x",
	"/..//evil.example", "/../evil", "/a/../b", "/a/..;/admin", "/a;/b", "/./a", "/a/.", "/%2e%2e/evil", "/%2E./evil", "/.%2e/evil",
	"/%2f%2fevil.example", "/%2Fevil.example", "/%5cevil.example", "/a%00", "/a%0d%0aSet-Cookie:x=y", "/a%250a", "/a\r\nLocation: x", "/a\x00b",
	"/a#https://evil.example", "/#", "/a b", "/é", "/\u202egnp", "/\uff0fevil.example", "/%zz", "/sign-in", "/sign-in/password", "/sign-in?next=/x",
	"/sign-in/", "/sign-out", "/sign-out?x", "//", "/a//b", "//%09/evil.example", "/" + strings.Repeat("a", maxNext),
}

func TestNextLeadsNowhereElse(t *testing.T) {
	for _, attack := range attacks {
		if got := SafeNext(attack); got != home {
			t.Errorf("SafeNext(%q) = %q, want %q", attack, got, home)
		}
	}
}

func TestNextKeepsPagesOfOurs(t *testing.T) {
	for _, page := range []string{
		"/", "/news/7", "/calendar?week=48", "/directory?q=h%C3%A9noret&unit=technique", "/documents/", "/search?q=a%2Fb%26c",
		"/news/caf%C3%A9", "/x?next=//evil.example", "/sign-instead",
	} {
		if got := SafeNext(page); got != page {
			t.Errorf("SafeNext(%q) = %q, want it kept", page, got)
		}
	}
}

func FuzzSafeNext(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	base := &url.URL{Scheme: "https", Host: "parvis.example", Path: "/sign-in"}
	f.Fuzz(func(t *testing.T, next string) {
		safe := SafeNext(next)
		if !strings.HasPrefix(safe, "/") || strings.HasPrefix(safe, "//") || strings.ContainsAny(safe, "\\\r\n\t #\x00") {
			t.Fatalf("SafeNext(%q) = %q", next, safe)
		}
		parsed, err := base.Parse(safe)
		if err != nil || parsed.Host != base.Host || parsed.Scheme != base.Scheme || parsed.User != nil {
			t.Fatalf("SafeNext(%q) = %q leads to %v, %v", next, safe, parsed, err)
		}
		if again := SafeNext(safe); again != safe {
			t.Fatalf("SafeNext is not stable: %q, then %q", safe, again)
		}
	})
}
