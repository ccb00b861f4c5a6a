package applications

import (
	"net/url"
	"regexp"

	"parvis/portal"
)

// checkHTTPS refuses anything but an absolute https address without credentials.
func checkHTTPS(check *portal.Check, field, value string) {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil || len(value) > 2000 {
		check.Add(field, "applications.error.https")
	}
}

// releaseName is a name that is an XML element of CAS, a claim of OpenID and a
// header of a reverse proxy at once.
var releaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,59}$`)
