package demo

// ccas is the town's social service: its own legal person and budget, under the mayor's chair.
func ccas() Collectivity {
	return Collectivity{
		ID: "ccas", Name: "CCAS de Bourg-sur-Loire", LongName: "Centre communal d’action sociale de Bourg-sur-Loire", Kind: "ccas",
		Satellite: "bourg",
		SIREN:     "999000409", SIRET: "99900040900014", INSEE: "45999", Postcode: "45999",
		Population: 3240, SchoolZone: "B", TimeZone: "Europe/Paris",
		Latitude: 47.689, Longitude: 2.633,
		Brand: "#9a3412", Domain: "ccas.example",
		Town:    "Bourg-sur-Loire",
		Address: "4, rue des Mariniers, 45999 Bourg-sur-Loire",
		Phone:   "02 61 91 40 00", Email: "ccas@ccas.example",
		Units: []Unit{
			{ID: "conseil", Name: "Conseil d’administration"},
			{ID: "direction", Name: "Direction"},
			{ID: "accueil", Name: "Accueil social", Parent: "direction"},
			{ID: "domicile", Name: "Aide à domicile", Parent: "direction"},
		},
		Groups: []Group{
			{ID: "conseil", Name: "Conseil d’administration"},
			{ID: "direction", Name: "Direction"},
			{ID: "social", Name: "Travail social"},
			{ID: "domicile", Name: "Aide à domicile"},
		},
		Applications: []Application{
			{ID: "social", Name: "Dossiers sociaux", URL: "https://dossiers.ccas.example/", Description: "Demandes d’aide, suivis et commissions", Icon: "people", Category: "Social", Audience: words("social direction"), Pinned: true},
			{ID: "domicile", Name: "Plannings à domicile", URL: "https://domicile.ccas.example/", Description: "Tournées, pointages et remplacements", Icon: "calendar", Category: "Social", Audience: words("domicile direction"), Pinned: true},
			{ID: "portage", Name: "Portage de repas", URL: "https://repas.ccas.example/", Description: "Commandes, régimes et livraisons", Icon: "meal", Category: "Social", Pinned: true},
			{ID: "courrier", Name: "Courrier", URL: "https://courrier.bourg.example/ccas", Description: "Le courrier postal, avec la mairie", Icon: "post", Category: "Quotidien"},
		},
		Calendars: []Calendar{
			{ID: "ccas", Name: "CCAS", Colour: "#9a3412", Editors: words("direction social")},
		},
		Mailboxes: []Mailbox{
			{Address: "ccas@ccas.example", Name: "Accueil du CCAS", Audience: words("social direction")},
		},
	}
}

func ccasTeam() []Person {
	return []Person{
		person("brigitte.faugeron@ccas.example", "Mme", "Brigitte", "Faugeron",
			agent("ccas", "direction", "Directrice du CCAS", "02 61 91 40 01", "06 39 98 40 01", "Bureau 1", "direction social", "admin news.edit documents.edit calendars.edit"),
			agent("bourg", "direction", "Directrice du CCAS, invitée au comité de direction", "02 61 91 40 01", "06 39 98 40 01", "CCAS", "encadrants", "")),
		person("mathilde.etcheverry@ccas.example", "Mme", "Mathilde", "Etcheverry",
			agent("ccas", "accueil", "Conseillère en économie sociale et familiale", "02 61 91 40 10", "", "Bureau 2", "social", "")),
		person("hugo.pierrot@ccas.example", "M.", "Hugo", "Pierrot",
			agent("ccas", "accueil", "Agent d’accueil social", "02 61 91 40 11", "", "Accueil", "social", "")),
		person("marie-josephe.lurel@ccas.example", "Mme", "Marie-Josèphe", "Lurel",
			agent("ccas", "domicile", "Responsable de l’aide à domicile", "02 61 91 40 20", "06 39 98 40 20", "Bureau 3", "domicile direction", "documents.edit")),
		person("celine.ybert@ccas.example", "Mme", "Céline", "Ybert",
			agent("ccas", "domicile", "Auxiliaire de vie sociale", "", "06 39 98 40 21", "", "domicile", "")),
		person("loan.nguyen@ccas.example", "M.", "Loan", "Nguyen",
			agent("ccas", "domicile", "Livreur, portage de repas", "", "06 39 98 40 22", "Cuisine centrale", "domicile", "")),
		person("zelie.arnoux@ccas.example", "Mme", "Zélie", "Arnoux",
			agent("ccas", "domicile", "Auxiliaire de vie sociale", "", "06 39 98 40 23", "", "domicile", "")),
	}
}
