package territory

import (
	"slices"
	"strings"
)

// zones are the départements of the school holidays' zones, by académie (Code de
// l'éducation, art. D. 521-1 and the decree of 15 November 2022).
var zones = map[string][]string{
	"A": {
		"25", "39", "70", "90", // Besançon
		"24", "33", "40", "47", "64", // Bordeaux
		"03", "15", "43", "63", // Clermont-Ferrand
		"21", "58", "71", "89", // Dijon
		"07", "26", "38", "73", "74", // Grenoble
		"19", "23", "87", // Limoges
		"01", "42", "69", // Lyon
		"16", "17", "79", "86", // Poitiers
	},
	"B": {
		"04", "05", "13", "84", // Aix-Marseille
		"02", "60", "80", // Amiens
		"59", "62", // Lille
		"54", "55", "57", "88", // Nancy-Metz
		"44", "49", "53", "72", "85", // Nantes
		"06", "83", // Nice
		"14", "27", "50", "61", "76", // Normandie
		"18", "28", "36", "37", "41", "45", // Orléans-Tours
		"08", "10", "51", "52", // Reims
		"22", "29", "35", "56", // Rennes
		"67", "68", // Strasbourg
	},
	"C": {
		"77", "93", "94", // Créteil
		"11", "30", "34", "48", "66", // Montpellier
		"75",                                           // Paris
		"09", "12", "31", "32", "46", "65", "81", "82", // Toulouse
		"78", "91", "92", "95", // Versailles
	},
	"Corse": {"2A", "2B"},
}

// SchoolZone is the zone of the school holidays: "A", "B", "C", "Corse", or ""
// overseas, where each academy has its own.
func (p Place) SchoolZone() string {
	for zone, departements := range zones {
		if slices.Contains(departements, p.Departement) {
			return zone
		}
	}
	return ""
}

// overseas are the time zones of the départements and territories far away.
var overseas = map[string]string{
	"971": "America/Guadeloupe", "972": "America/Martinique", "973": "America/Cayenne", "974": "Indian/Reunion",
	"975": "America/Miquelon", "976": "Indian/Mayotte", "977": "America/St_Barthelemy", "978": "America/Marigot",
	"984": "Indian/Kerguelen", "986": "Pacific/Wallis", "987": "Pacific/Tahiti", "988": "Pacific/Noumea",
}

// TimeZone is the IANA name of the place's zone.
func (p Place) TimeZone() string {
	if zone := overseas[p.Departement]; zone != "" {
		return zone
	}
	return "Europe/Paris"
}

// Titled is the name of the body that governs the place: "Mairie du Havre",
// "Communauté d’agglomération Chartres Métropole".
func (p Place) Titled() string {
	if p.Kind == Commune {
		return "Mairie " + p.of()
	}
	for short, long := range map[string]string{
		"CC ": "Communauté de communes ", "CA ": "Communauté d’agglomération ", "CU ": "Communauté urbaine ",
	} {
		if rest, found := strings.CutPrefix(p.Name, short); found {
			return long + rest
		}
	}
	return p.Name
}

// of joins "de" and the name, by INSEE's TNCC.
func (p Place) of() string {
	switch p.link {
	case '1':
		return "d’" + p.Name
	case '2':
		return "du " + strings.TrimPrefix(p.Name, "Le ")
	case '4':
		return "des " + strings.TrimPrefix(p.Name, "Les ")
	}
	return "de " + p.Name
}
