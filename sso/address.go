package sso

import (
	"fmt"
	"net"
	"net/url"
	"path"
	"strings"

	"golang.org/x/net/idna"

	"parvis/portal"
)

// maxAddress bounds an address of an application in bytes.
const maxAddress = 2048

// Address is an absolute http or https address of an application that means the
// same to everyone who reads it: a CAS service, an OpenID redirect address, a
// page behind a reverse proxy.
type Address struct {
	Origin string // "https://glpi.bourg.example", without a default port
	Path   string // decoded, "/" at least, "/front/central.php"
	Query  string // as it was, without "?"
}

// ParseAddress reads an address; portal.ErrInvalid for one that a browser, a
// proxy and an application could read differently: user names, backslashes,
// control characters, fragments, dots that climb in any spelling, encoded
// slashes, hosts that are no name. What it accepts is compared in one form.
func ParseAddress(text string) (Address, error) {
	refused := func(why string) (Address, error) {
		return Address{}, fmt.Errorf("sso: address: %w: %s", portal.ErrInvalid, why)
	}
	strange := func(r rune) bool { return r <= ' ' || r > 0x7e || strings.ContainsRune("\\\"<>^`{|}#", r) }
	if len(text) > maxAddress || strings.ContainsFunc(text, strange) {
		return refused("characters that no address holds")
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Opaque != "" || parsed.User != nil || strings.Count(text, "@") > strings.Count(parsed.RawQuery+parsed.EscapedPath(), "@") {
		return refused("not an address")
	}
	if parsed.Scheme != "https" && parsed.Scheme != "http" {
		return refused("neither https nor http")
	}
	host, err := hostOf(parsed)
	if err != nil {
		return refused(err.Error())
	}
	if !soundPath(parsed) {
		return refused("a path that can be read in two ways")
	}
	return Address{Origin: parsed.Scheme + "://" + host, Path: orRoot(parsed.Path), Query: parsed.RawQuery}, nil
}

// hostOf is the host in lower case, with its port unless it is the scheme's own.
func hostOf(address *url.URL) (string, error) {
	host, port := strings.ToLower(address.Hostname()), address.Port()
	if strings.HasSuffix(address.Host, ":") {
		return "", fmt.Errorf("a colon without port")
	}
	if ip := net.ParseIP(host); ip == nil {
		if _, err := idna.Lookup.ToASCII(host); err != nil || host == "" || numeric(host) || strings.HasSuffix(host, ".") {
			return "", fmt.Errorf("not the name of a host")
		}
	} else if strings.Contains(host, ":") {
		host = "[" + ip.String() + "]"
	}
	if port == "" || port == "443" && address.Scheme == "https" || port == "80" && address.Scheme == "http" {
		return host, nil
	}
	return host + ":" + port, nil
}

// numeric says whether a browser would take a name for an IPv4 address in
// another spelling: "0x7f.1", "2130706433", "127.1" (WHATWG URL §3.5).
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	digits := strings.Trim(last, "0123456789") == ""
	return digits || strings.HasPrefix(last, "0x")
}

// soundPath says whether a path means the same to everybody. A parameter such
// as ";jsessionid=…" is left where it is, but not behind dots.
func soundPath(address *url.URL) bool {
	raw := strings.ToLower(address.EscapedPath())
	for _, encoded := range []string{"%2e", "%2f", "%5c", "%25", "%00", "%0a", "%0d", "%09", "%3b", "%23", "%3f"} {
		if strings.Contains(raw, encoded) {
			return false
		}
	}
	if address.Path == "" {
		return true
	}
	for segment := range strings.SplitSeq(address.Path[1:], "/") {
		name, _, _ := strings.Cut(segment, ";")
		if name == "." || name == ".." || strings.ContainsFunc(segment, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
			return false
		}
	}
	return strings.TrimSuffix(address.Path, "/") == strings.TrimSuffix(path.Clean(address.Path), "/")
}

func orRoot(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// Covers says whether other lies under this address: the same origin, and the
// same path or one below it, at the edge of a segment. The query of neither
// counts.
func (a Address) Covers(other Address) bool {
	if a.Origin != other.Origin {
		return false
	}
	below := strings.TrimSuffix(a.Path, "/") + "/"
	return a.Path == other.Path || strings.HasPrefix(other.Path, below) || other.Path == strings.TrimSuffix(below, "/")
}

// String writes the address back; ParseAddress reads the same from it.
func (a Address) String() string {
	text := a.Origin + (&url.URL{Path: a.Path}).EscapedPath()
	if a.Query != "" {
		text += "?" + a.Query
	}
	return text
}
