package demo

// agglo gathers 22 communes around Varenne-Saint-Mesmin and lends its services to the smaller
// ones: permits, procurement, maps, and the desk itself.
func agglo() Collectivity {
	return Collectivity{
		ID: "agglo", Name: "Val de Varenne", LongName: "Communauté d’agglomération du Val de Varenne", Kind: "epci",
		SIREN: "999000201", SIRET: "99900020100015", INSEE: "45998", Postcode: "45998",
		Population: 58400, SchoolZone: "B", TimeZone: "Europe/Paris",
		Latitude: 47.741, Longitude: 2.548,
		Brand: "#5b3a8c", Domain: "agglo.example",
		Town:    "Varenne-Saint-Mesmin",
		Address: "12, quai des Tanneurs, 45998 Varenne-Saint-Mesmin",
		Phone:   "02 61 91 20 00", Email: "contact@agglo.example",
		Units: []Unit{
			{ID: "elus", Name: "Conseil communautaire"},
			{ID: "direction", Name: "Direction générale"},
			{ID: "ressources", Name: "Direction des ressources", Parent: "direction"},
			{ID: "finances", Name: "Finances", Parent: "ressources"},
			{ID: "numerique", Name: "Service commun du numérique", Parent: "ressources"},
			{ID: "territoire", Name: "Direction du territoire", Parent: "direction"},
			{ID: "mobilites", Name: "Mobilités", Parent: "territoire"},
			{ID: "habitat", Name: "Habitat et autorisations d’urbanisme", Parent: "territoire"},
			{ID: "environnement", Name: "Environnement et déchets", Parent: "territoire"},
		},
		Groups: []Group{
			{ID: "direction", Name: "Direction"},
			{ID: "encadrants", Name: "Encadrants"},
			{ID: "elus", Name: "Élus"},
			{ID: "bureau", Name: "Bureau communautaire"},
			{ID: "finances", Name: "Finances"},
			{ID: "numerique", Name: "Numérique"},
			{ID: "territoire", Name: "Territoire"},
		},
		Applications: []Application{
			{ID: "messagerie", Name: "Messagerie", URL: "https://courriel.agglo.example/", Description: "Le courrier électronique, dans le navigateur", Icon: "mail", Category: "Quotidien", Pinned: true},
			{ID: "finances", Name: "Finances", URL: "https://finances.agglo.example/", Description: "Budget principal et budgets annexes", Icon: "money", Category: "Ressources", Audience: words("finances direction encadrants"), Pinned: true},
			{ID: "marches", Name: "Marchés publics", URL: "https://marches.agglo.example/", Description: "Consultations de l’agglomération et des communes", Icon: "doc", Category: "Ressources", Audience: words("finances direction")},
			{ID: "sig", Name: "Carte du territoire", URL: "https://carte.agglo.example/", Description: "Réseaux, zonages, arrêts et itinéraires", Icon: "map", Category: "Territoire", Pinned: true},
			{ID: "permis", Name: "Permis de construire", URL: "https://permis.agglo.example/", Description: "Instruction pour dix-neuf communes", Icon: "home", Category: "Territoire", Audience: words("territoire")},
			{ID: "transport", Name: "Transport scolaire", URL: "https://cars.agglo.example/", Description: "Inscriptions, circuits et incidents", Icon: "car", Category: "Territoire", Audience: words("territoire"), Pinned: true},
			{ID: "dechets", Name: "Déchets", URL: "https://dechets.agglo.example/", Description: "Tournées, bacs et déchèteries", Icon: "apps", Category: "Territoire", Audience: words("territoire")},
			{ID: "tickets", Name: "Assistance informatique", URL: "https://assistance.agglo.example/", Description: "Les demandes de l’agglomération et de ses communes", Icon: "info", Category: "Quotidien", Pinned: true},
		},
		Calendars: []Calendar{
			{ID: "agglomeration", Name: "Agglomération", Colour: "#5b3a8c", Editors: words("direction")},
			{ID: "bureau", Name: "Bureau communautaire", Colour: "#1f6f4a", Audience: words("elus bureau direction"), Editors: words("direction")},
		},
		Mailboxes: []Mailbox{
			{Address: "assistance@agglo.example", Name: "Assistance informatique", Audience: words("numerique")},
		},
	}
}

func aggloTeam() []Person {
	return []Person{
		person("agent@agglo.example", "Mme", "Maïwenn", "Kerdoncuff",
			agent("agglo", "mobilites", "Chargée de mission mobilités", "02 61 91 20 30", "06 39 98 20 30", "Bureau 108", "territoire", "news.edit")),
		person("admin@agglo.example", "M.", "Jérôme", "d’Hauteville",
			agent("agglo", "numerique", "Responsable du service commun du numérique", "02 61 91 20 50", "06 39 98 20 50", "Bureau 210", "numerique encadrants", "admin news.edit documents.edit calendars.edit")),
		person("veronique.saint-ange@agglo.example", "Mme", "Véronique", "Saint-Ange",
			agent("agglo", "direction", "Directrice générale des services", "02 61 91 20 01", "06 39 98 20 01", "Bureau 301", "direction encadrants finances", "news.edit documents.edit")),
		person("philippe.garaudet@agglo.example", "M.", "Philippe", "Garaudet",
			agent("agglo", "elus", "Président", "02 61 91 20 03", "06 39 98 20 03", "Bureau du président", "elus bureau direction", "")),
		person("chantal.m-bape-rivoire@agglo.example", "Mme", "Chantal", "M’Bapé-Rivoire",
			agent("agglo", "finances", "Directrice des ressources", "02 61 91 20 20", "", "Bureau 220", "finances direction encadrants", "documents.edit")),
		person("arnaud.lecoeur@agglo.example", "M.", "Arnaud", "Lecœur",
			agent("agglo", "finances", "Contrôleur de gestion", "02 61 91 20 21", "", "Bureau 221", "finances", "")),
		person("emilie.jossaume@agglo.example", "Mme", "Émilie", "Jossaume",
			agent("agglo", "habitat", "Instructrice des autorisations d’urbanisme", "02 61 91 20 40", "", "Bureau 112", "territoire", "")),
		person("xavier.mourgues@agglo.example", "M.", "Xavier", "Mourgues",
			agent("agglo", "territoire", "Directeur du territoire", "02 61 91 20 35", "06 39 98 20 35", "Bureau 105", "territoire direction encadrants", "documents.edit")),
		person("tehani.maihota@agglo.example", "Mme", "Tehani", "Maihota",
			agent("agglo", "environnement", "Animatrice du tri et du compostage", "02 61 91 20 45", "06 39 98 20 45", "Bureau 115", "territoire", "")),
		person("gerard.thibaudat@agglo.example", "M.", "Gérard", "Thibaudat",
			agent("agglo", "environnement", "Responsable des déchèteries", "02 61 91 20 46", "06 39 98 20 46", "Déchèterie des Bruyères", "territoire encadrants", "")),
		person("samia.ouazzani@agglo.example", "Mme", "Samia", "Ouazzani",
			agent("agglo", "numerique", "Technicienne d’assistance", "02 61 91 20 55", "", "Bureau 211", "numerique", "")),
	}
}
