package web_test

import (
	"net/url"
	"strings"
	"testing"

	"parvis/portal/web"
)

func TestOnlyPathsOfThisSiteAreFollowed(t *testing.T) {
	for _, target := range []string{"/", "/news", "/search?q=a%26b", "/calendar?week=48#now", "/a//b", "/é"} {
		if got := web.LocalPath(target); got != target {
			t.Errorf("LocalPath(%q) = %q", target, got)
		}
	}
	for _, target := range []string{
		"", "news", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
		"https:evil.example", "javascript:alert(1)", "JavaScript:alert(1)", "/%5cevil.example", "/%2fevil.example", "/\tevil", "/\r\nSet-Cookie: a",
		"///evil.example", " /news", "/a\x00b", "/" + strings.Repeat("a", 3000), "data:text/html,x", "/%0d%0aLocation:x",
	} {
		if got := web.LocalPath(target); got != "/" {
			t.Errorf("LocalPath(%q) = %q, want /", target, got)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/news", "//evil.example", "/\\evil", "/%2f%2fevil"} {
		f.Add(seed)
	}
	here, _ := url.Parse("https://parvis.example/sign-in")
	f.Fuzz(func(t *testing.T, target string) {
		got := web.LocalPath(target)
		there, err := here.Parse(got)
		if err != nil || there.Host != here.Host || there.Scheme != here.Scheme {
			t.Errorf("LocalPath(%q) = %q leads to %v, %v", target, got, there, err)
		}
	})
}
