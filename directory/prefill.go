package directory

import (
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/territory"
)

// Prefilled is what is known of the public body of an INSEE code or a SIREN.
func Prefilled(code string) (Collectivity, bool) {
	place, ok := territory.ByINSEE(code)
	if !ok {
		if place, ok = territory.BySIREN(code); !ok {
			return Collectivity{}, false
		}
	}
	c := Collectivity{
		ID: IdentifierOf(place.Name), Name: place.Name, LongName: place.Titled(), Kind: "epci",
		SIREN: place.SIREN, INSEE: place.INSEE(), Zone: place.TimeZone(),
	}
	if place.Kind == territory.Commune {
		c.Kind = "commune"
	}
	return c, true
}

// maxIdentifier is how long an identifier may be.
const maxIdentifier = 40

// IdentifierOf makes one of a name: "Saint-Denis-de-l’Hôtel" gives
// "saint-denis-de-l-hotel".
func IdentifierOf(name string) portal.CollectivityID {
	made := strings.ReplaceAll(i18n.Fold(name), " ", "-")
	if len(made) > maxIdentifier {
		made = made[:maxIdentifier]
	}
	return portal.CollectivityID(strings.Trim(made, "-"))
}
