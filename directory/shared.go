package directory

import (
	"slices"

	"golang.org/x/net/publicsuffix"
)

// mailProviders are domains that anybody may have an address of, as small town halls
// often do: the access providers of France and the large mail services.
var mailProviders = []string{
	"9online.fr", "aliceadsl.fr", "aol.com", "bbox.fr", "cegetel.net", "club-internet.fr", "free.fr", "gmail.com", "gmx.com", "gmx.fr",
	"googlemail.com", "hotmail.com", "hotmail.fr", "icloud.com", "laposte.net", "live.com", "live.fr", "mac.com", "mail.com", "me.com",
	"msn.com", "neuf.fr", "noos.fr", "nordnet.com", "nordnet.fr", "numericable.fr", "orange.fr", "outlook.com", "outlook.fr", "ozone.net",
	"proton.me", "protonmail.com", "sfr.fr", "tuta.com", "tutanota.com", "voila.fr", "wanadoo.fr", "yahoo.com", "yahoo.fr", "yopmail.com",
}

// isShared says whether a domain is of many bodies, "wanadoo.fr" or "gouv.fr"
// (publicsuffix.org). Given to one collectivity, it would decide how everybody with
// such an address signs in, and let that one speak for them.
func isShared(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain || slices.Contains(mailProviders, domain)
}
