package demo

// syndicat produces and carries the drinking water of nine communes along the Varenne.
func syndicat() Collectivity {
	return Collectivity{
		ID: "syndicat", Name: "Syndicat des eaux de la Varenne", LongName: "Syndicat intercommunal d’alimentation en eau potable de la Varenne", Kind: "syndicat",
		SIREN: "999000300", SIRET: "99900030000015", INSEE: "45997", Postcode: "45997",
		Population: 11850, SchoolZone: "B", TimeZone: "Europe/Paris",
		Latitude: 47.702, Longitude: 2.655,
		Brand: "#1f5fa8", Domain: "syndicat.example",
		Town:    "Saint-Firmin-des-Eaux",
		Address: "Usine des Sables, route de Châtillon, 45997 Saint-Firmin-des-Eaux",
		Phone:   "02 61 91 30 00", Email: "contact@syndicat.example",
		Units: []Unit{
			{ID: "comite", Name: "Comité syndical"},
			{ID: "bureau", Name: "Administration"},
			{ID: "exploitation", Name: "Exploitation"},
			{ID: "usine", Name: "Usine et forages", Parent: "exploitation"},
			{ID: "reseau", Name: "Réseau et branchements", Parent: "exploitation"},
		},
		Groups: []Group{
			{ID: "bureau", Name: "Administration"},
			{ID: "comite", Name: "Comité syndical"},
			{ID: "exploitation", Name: "Exploitation"},
		},
		Applications: []Application{
			{ID: "abonnes", Name: "Abonnés", URL: "https://abonnes.syndicat.example/", Description: "Contrats, relevés et factures d’eau", Icon: "people", Category: "Quotidien", Pinned: true},
			{ID: "supervision", Name: "Supervision", URL: "https://supervision.syndicat.example/", Description: "Réservoirs, pompes et chloration en direct", Icon: "alert", Category: "Exploitation", Audience: words("exploitation"), Pinned: true},
			{ID: "reseau", Name: "Plan du réseau", URL: "https://carte.agglo.example/eau", Description: "Conduites, vannes et déclarations de travaux", Icon: "map", Category: "Exploitation", Audience: words("exploitation bureau"), Pinned: true},
			{ID: "finances", Name: "Finances", URL: "https://finances.syndicat.example/", Description: "Budget M49, factures et mandats", Icon: "money", Category: "Ressources", Audience: words("bureau")},
		},
		Calendars: []Calendar{
			{ID: "syndicat", Name: "Syndicat", Colour: "#2e6b34", Editors: words("bureau exploitation")},
		},
		Mailboxes: []Mailbox{
			{Address: "eau@syndicat.example", Name: "Service des eaux", Audience: words("bureau exploitation")},
		},
	}
}

func syndicatTeam() []Person {
	return []Person{
		person("joel.pommereau@syndicat.example", "M.", "Joël", "Pommereau",
			agent("syndicat", "comite", "Président, maire de Saint-Firmin-des-Eaux", "02 61 91 30 03", "06 39 98 30 03", "", "comite bureau", "")),
		person("severine.cazenave@syndicat.example", "Mme", "Séverine", "Cazenave",
			agent("syndicat", "exploitation", "Directrice de l’exploitation", "02 61 91 30 10", "06 39 98 30 10", "Usine des Sables", "exploitation bureau", "admin news.edit documents.edit calendars.edit")),
		person("loic.prigent@syndicat.example", "M.", "Loïc", "Prigent",
			agent("syndicat", "reseau", "Fontainier, chef d’équipe", "02 61 91 30 20", "06 39 98 30 20", "Atelier", "exploitation", "")),
		person("wilfried.maximin@syndicat.example", "M.", "Wilfried", "Maximin",
			agent("syndicat", "reseau", "Fontainier", "", "06 39 98 30 21", "Atelier", "exploitation", "")),
		person("josette.barrault@syndicat.example", "Mme", "Josette", "Barrault",
			agent("syndicat", "bureau", "Gestionnaire des abonnés", "02 61 91 30 05", "", "Accueil", "bureau", "")),
		person("etienne.orhant@syndicat.example", "M.", "Étienne", "Orhant",
			agent("syndicat", "usine", "Technicien de l’usine et des forages", "02 61 91 30 12", "06 39 98 30 12", "Usine des Sables", "exploitation", "")),
	}
}
