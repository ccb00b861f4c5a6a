package web

import (
	"net/url"
	"strings"
)

// LocalPath returns target when it is a path of this site, and "/" for
// anything else: another host in any of its spellings, a scheme, a backslash
// or a control character that browsers read in their own way.
func LocalPath(target string) string {
	const home = "/"
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || len(target) > 2000 {
		return home
	}
	for _, char := range target {
		if char <= ' ' || char == '\\' || char == 0x7f {
			return home
		}
	}
	parsed, err := url.Parse(target)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" || parsed.User != nil {
		return home
	}
	// A decoded path that starts with two slashes, or holds a backslash, becomes
	// another host in the hands of a careless proxy.
	if strings.HasPrefix(parsed.Path, "//") || strings.ContainsAny(parsed.Path, "\\\r\n\t\x00") {
		return home
	}
	return target
}
