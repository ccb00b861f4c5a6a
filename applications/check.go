package applications

import "regexp"

// releaseName is a name that is an XML element of CAS, a claim of OpenID and a
// header of a reverse proxy at once.
var releaseName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,59}$`)
