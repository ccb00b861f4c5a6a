package demo

import "time"

// Short names keep each appointment on one line.
const (
	mon, tue, wed, thu, fri, sat, sun = time.Monday, time.Tuesday, time.Wednesday, time.Thursday,
		time.Friday, time.Saturday, time.Sunday

	mairie    = "bourg/mairie"
	technical = "bourg/services-techniques"
	council   = "bourg/conseil"

	camille   = "bourg/agent@bourg.example"
	aissatou  = "bourg/collegue@bourg.example"
	helene    = "bourg/responsable@bourg.example"
	thierry   = "bourg/admin@bourg.example"
	marieAnge = "bourg/secretaire@bourg.example"
	elections = aissatou + "#Permanences électorales"
	maiwenn   = "agglo/agent@agglo.example"
	jerome    = "agglo/admin@agglo.example"
	yannick   = "agglo/pool@pool.example"
)

func bourgAgenda() []event {
	return []event{
		weekly(mairie, mon, "08:30-09:30", "Réunion de service", "Bureau 3", "Semaine à venir, absences, mariages et obsèques annoncés."),
		fortnightly(mairie, tue, "09:30-11:00", "Comité de direction", "Salle du conseil", "Ordre du jour préparé par Marie-Ange Bonnefoy, la veille à midi."),
		once(mairie, -2, sat, "15:00-15:45", "Mariage Perrault – Da Silva", "Salle des mariages", "Célébré par Laurence d’Anglejan. 60 invités, parking de la Marine réservé."),
		once(mairie, -1, sat, "11:00-11:45", "Mariage Le Cam – Beaujour", "Salle des mariages", "Célébré par madame la maire. Livret de famille à préparer pour vendredi."),
		once(mairie, 1, sat, "16:00-16:45", "Mariage Oudinot – Traoré", "Salle des mariages", "Célébré par Pascal Oudin. Un interprète en langue des signes est présent."),
		once(mairie, 2, sat, "10:30-11:15", "Parrainage civil", "Salle des mariages", "Deux enfants. Certificats signés par madame la maire."),
		once(mairie, 0, sat, "09:00-18:00", "Repas des aînés", "Salle des fêtes", "140 convives inscrits. Service par le CCAS et les élus, cuisine centrale dès 8 h."),
		once(mairie, 1, wed, "14:00-17:00", "Don du sang", "Salle des fêtes", "Installation par les services techniques à 13 h."),
		allDay(mairie, 2, mon, 5, "Inscriptions au centre de loisirs d’hiver", "Accueil de la mairie", "Dossiers papier acceptés au guichet 2 ; les autres passent par le portail famille."),
		allDay(mairie, 3, fri, 1, "Marché de Noël", "Place de la Marine", "32 exposants. Circulation fermée de 7 h à 22 h."),
		allDay(mairie, -1, thu, 1, "Journée de la mission locale", "Salle des mariages", "Entretiens sur rendez-vous, 12 jeunes attendus."),

		weekly(camille, tue, "14:00-15:00", "Point état civil", "Bureau 2", "Avec Aïssatou : actes de la semaine, mentions en retard, concessions échues."),
		weekly(camille, thu, "09:00-12:00", "Guichet des titres d’identité", "Accueil, guichet 1", "Rendez-vous toutes les vingt minutes."),
		once(camille, -2, wed, "10:00-11:30", "Entretien professionnel", "Bureau 3", "Avec Hélène Dubreuil. Apporter la fiche de poste et les souhaits de formation."),
		once(camille, -1, mon, "10:00-11:00", "Visite du cimetière", "Entrée nord", "Relevé des concessions arrivées à terme, allées C à F, avec Bruno L’Hermitte."),
		once(camille, -1, fri, "11:00-12:00", "Rendez-vous notaire", "Bureau 1", "Succession d’une concession perpétuelle : vérifier les ayants droit."),
		once(camille, 0, mon, "14:00-16:00", "Relecture des délibérations", "", "Numérotation et visas avant le contrôle de légalité."),
		once(camille, 0, wed, "09:00-12:00", "Formation : rédiger une mention marginale", "En ligne", "Organisée par le centre de formation. Lien reçu par courriel."),
		once(camille, 0, thu, "14:30-16:30", "Recensement, préparation", "Salle des mariages", "Sacoches, carnets de tournée et secteurs des sept agents recenseurs."),
		once(camille, 0, fri, "15:00-16:00", "Audition avant mariage", "Bureau 2", "Futurs époux reçus séparément, puis ensemble."),
		once(camille, 1, tue, "10:00-11:00", "Commission de contrôle des listes électorales", "Salle du conseil", "Tableau des inscriptions et radiations à imprimer en cinq exemplaires."),
		once(camille, 1, thu, "13:30-14:30", "Versement aux archives", "Archives, sous-sol", "Registres de 1925 à 1934 : gants et chariot."),
		allDay(camille, 2, fri, 1, "RTT", "", ""),
		once(camille, 2, tue, "17:00-18:30", "Réunion du marché de Noël", "Salle des fêtes", "Plan des chalets, sono, buvette."),
		allDay(camille, 3, thu, 2, "Congé", "", ""),
		once(camille, 1, wed, "09:30-10:30", "Columbarium : choix des plaques", "Bureau 2", "Trois modèles à voir, devis à l’appui. Réponse à la marbrerie dans la semaine.").with(
			Guest{Address: "collegue@bourg.example", Answer: says},
			Guest{Address: "bruno.lhermitte@bourg.example", Answer: refuses},
			Guest{Address: "responsable@bourg.example", Answer: waits, Optional: true},
			Guest{Address: "atelier@marbrerie-pellerin.example", Name: "Marbrerie Pellerin", Answer: waits}),

		weekly(aissatou, tue, "14:00-15:00", "Point état civil", "Bureau 2", "Avec Camille."),
		weekly(aissatou, fri, "09:00-10:30", "Registres : reliure et tables", "Bureau 2", ""),
		once(aissatou, -1, wed, "14:00-15:30", "Réunion des bureaux de vote", "Salle du conseil", "Présidents et assesseurs des trois bureaux."),
		once(aissatou, 0, tue, "10:30-11:30", "Reconnaissance anticipée", "Bureau 2", "Avec pièce d’identité et justificatif de domicile."),
		once(aissatou, 0, fri, "11:00-12:00", "Formation aux procurations", "Poste de police", "Avec Stéphane Arrighi."),
		allDay(aissatou, 1, mon, 2, "Formation : nationalité et état civil", "Orléans", "Convocation au dossier. Véhicule de service réservé."),
		once(aissatou, 2, wed, "09:30-11:00", "Commission électorale, préparation", "Bureau 3", ""),
		once(elections, 1, fri, "16:00-18:00", "Permanence : inscriptions sur les listes", "Accueil, guichet 2", "Tenue par Camille."),
		once(elections, 2, fri, "16:00-18:00", "Permanence : inscriptions sur les listes", "Accueil, guichet 2", "Tenue par Aïssatou."),
		once(elections, 3, mon, "16:00-18:00", "Permanence : inscriptions sur les listes", "Accueil, guichet 2", "Tenue par Aïssatou."),

		weekly(helene, mon, "10:00-11:00", "Point avec le directeur général", "Bureau 5", "Effectifs, guichets, école."),
		fortnightly(helene, thu, "09:00-10:30", "Réunion cantine et périscolaire", "Cuisine centrale", "Avec Nathalie Bouchereau et Fatima El Mansouri."),
		once(helene, -2, wed, "10:00-11:30", "Entretien professionnel de Camille Le Goff", "Bureau 3", ""),
		once(helene, -1, tue, "14:00-15:30", "Entretien professionnel d’Aïssatou N’Diaye", "Bureau 3", ""),
		once(helene, 0, wed, "14:00-15:30", "Entretien professionnel de Sylvie Guégan", "Bureau 3", ""),
		once(helene, 0, tue, "16:00-17:00", "Budget 2027 du service : arbitrages", "Bureau 7", "Avec Patrick Chausson. Venir avec les devis du mobilier d’accueil."),
		once(helene, 0, thu, "11:00-12:00", "Conseil d’école, préparation", "École des Mariniers", ""),
		once(helene, 1, mon, "18:00-20:00", "Conseil d’école", "École des Mariniers", "Effectifs, travaux de l’été, cantine."),
		once(helene, 1, fri, "09:00-12:00", "Recrutement d’une animatrice : entretiens", "Salle du conseil", "Quatre candidates. Grille d’entretien dans le dossier partagé."),
		allDay(helene, 2, thu, 2, "Congé", "", ""),
		once(helene, 1, thu, "10:00-11:30", "Guichets en 2027 : horaires et remplacements", "Bureau 3", "Bilan du samedi matin, puis proposition pour le comité social.").with(
			Guest{Address: "agent@bourg.example", Answer: waits},
			Guest{Address: "collegue@bourg.example", Answer: says},
			Guest{Address: "sylvie.guegan@bourg.example", Answer: says, Optional: true}),

		weekly(thierry, wed, "09:00-10:00", "Point avec le service commun du numérique", "En visioconférence", "Avec Jérôme d’Hauteville : demandes ouvertes, sécurité, mises à jour."),
		once(thierry, -1, thu, "08:00-12:00", "Remplacement de l’onduleur", "Local informatique", "Messagerie arrêtée de 8 h à 8 h 30."),
		once(thierry, 0, tue, "10:00-11:00", "Nouveaux arrivants : comptes et téléphones", "Bureau 11", "Deux arrivées au périscolaire."),
		once(thierry, 0, fri, "14:00-16:00", "Exercice de restauration des sauvegardes", "Local informatique", "Chronométrer et noter au registre."),
		once(thierry, 1, tue, "14:00-15:30", "Sensibilisation à l’hameçonnage", "Salle du conseil", "Premier groupe : accueil, enfance, associations."),
		once(thierry, 2, tue, "14:00-15:30", "Sensibilisation à l’hameçonnage", "Dépôt", "Second groupe : services techniques."),
		allDay(thierry, 3, mon, 5, "Congé", "", ""),

		weekly(marieAnge, mon, "11:00-12:00", "Parapheur de madame la maire", "Bureau du maire", ""),
		weekly(marieAnge, tue, "13:30-17:30", "Permanence au syndicat des eaux", "Usine des Sables", ""),
		weekly(marieAnge, fri, "13:30-17:00", "Permanence au syndicat des eaux", "Usine des Sables", ""),
		once(marieAnge, -1, wed, "09:00-12:00", "Convocations du conseil municipal", "Bureau 1", "Cinq jours francs : dernier envoi vendredi."),
		once(marieAnge, 0, thu, "09:00-10:00", "Mandats et bordereaux", "Bureau 8", "Avec Inès Belkacem."),
		once(marieAnge, 0, fri, "09:00-11:00", "Procès-verbal du dernier conseil : relecture", "Bureau 1", "Avec la secrétaire de séance, Mireille Castaing."),
		once(marieAnge, 1, wed, "10:00-11:30", "Comité syndical : projets de délibération", "Usine des Sables", "Prix de l’eau 2027 et renouvellement de conduites."),
		once(marieAnge, 1, fri, "09:00-12:00", "Affichage des délibérations", "Panneau de la mairie", "Liste affichée et publiée sous huit jours."),
		allDay(marieAnge, 3, wed, 3, "Congé", "", ""),
	}
}

func councilAgenda() []event {
	return []event{
		fortnightly(council, thu, "18:00-19:30", "Bureau municipal", "Salle du conseil", "Maire et adjoints, directeur général."),
		once(council, -2, mon, "18:30-20:00", "Commission finances", "Salle du conseil", "Orientations budgétaires, tarifs, subventions. Rapporteur : Pascal Oudin."),
		once(council, -1, tue, "10:00-11:30", "Commission travaux", "Salle du conseil", "Pont de la Varenne, chauffage de l’école, éclairage de la rue du Port."),
		once(council, 0, tue, "10:00-11:30", "Commission travaux", "Salle du conseil", "Suite : choix du revêtement de la rue des Tanneurs."),
		once(council, 0, wed, "18:00-19:30", "Commission vie associative", "Salle du conseil", "Subventions 2027 : 41 dossiers."),
		once(council, 1, thu, "19:00-22:00", "Conseil municipal", "Salle du conseil", "Quatorze points. Séance publique, retransmise."),
		once(council, 2, tue, "18:30-20:00", "Commission urbanisme", "Salle du conseil", "Modification simplifiée du plan local d’urbanisme."),
		once(council, 2, sat, "09:30-12:00", "Visite de quartier : les Mariniers", "Départ de l’école", "Ouverte aux habitants."),
		allDay(council, 3, mon, 2, "Congrès des maires du département", "Orléans", "Madame la maire et Rose-Hélène Célestine."),
	}
}

func technicalAgenda() []event {
	return []event{
		weekly(technical, mon, "07:45-08:15", "Répartition du travail", "Dépôt", "Bruno L’Hermitte et Lucie Escoubès."),
		weekly(technical, fri, "08:30-10:00", "Tournée des bâtiments", "Départ du dépôt", "École, mairie, salle des fêtes, vestiaires."),
		fortnightly(technical, wed, "14:00-15:00", "Contrôle des aires de jeux", "Parc du château", "Registre de sécurité à signer."),
		once(technical, -2, thu, "09:00-12:00", "Relève des compteurs", "Tous bâtiments", "Eau, gaz, électricité : noter la date et l’heure."),
		once(technical, -1, mon, "13:30-16:30", "Taille des tilleuls", "Mail des Mariniers", "Stationnement interdit côté pair."),
		allDay(technical, -1, wed, 2, "Révision de la balayeuse", "Garage de l’agglomération", ""),
		once(technical, 0, mon, "10:00-11:00", "Visite du cimetière", "Entrée nord", "Portail à reprendre, devis de serrurerie."),
		once(technical, 0, thu, "09:00-10:00", "Livraison du sel", "Dépôt", "Huit tonnes en vrac, deux palettes de sacs."),
		once(technical, 0, fri, "13:30-15:30", "Commission de sécurité", "Salle des fêtes", "Visite périodique. Registre, extincteurs, alarme, éclairage de secours."),
		allDay(technical, 1, mon, 5, "Fermeture du pont de la Varenne", "Pont de la Varenne", "Reprise des joints. Déviation par la rue du Port, passage piéton maintenu."),
		once(technical, 1, tue, "08:00-12:00", "Pose des illuminations", "Place de la Marine", "Nacelle louée. Raphaël Oster et Kévin Vaudoit."),
		once(technical, 2, wed, "09:00-11:00", "Réunion de chantier : chauffage de l’école", "École des Mariniers", "Avec le bureau d’études et l’entreprise."),
		once(technical, 2, fri, "08:00-16:00", "Habilitation électrique : recyclage", "Dépôt", "Raphaël Oster et Dominique Pautrat."),
		once(technical, 3, thu, "14:00-17:00", "Montage des chalets", "Place de la Marine", "32 chalets, plan affiché au dépôt."),
	}
}

// neighbourAgenda is what happens in the three other collectivities.
func neighbourAgenda() []event {
	return []event{
		weekly("agglo/agglomeration", mon, "09:30-11:00", "Comité de direction", "Salle Varenne", ""),
		once("agglo/agglomeration", 0, thu, "14:00-16:30", "Conférence des secrétaires de mairie", "Salle Varenne", "Calendrier budgétaire, bureau virtuel, groupement de commandes."),
		allDay("agglo/agglomeration", 1, tue, 2, "Réduction des déchets : stands", "Déchèterie des Bruyères", ""),
		once("agglo/bureau", -1, wed, "18:00-20:00", "Bureau communautaire", "Salle Varenne", "Douze points, dont le pacte financier."),
		once("agglo/bureau", 1, wed, "18:00-20:00", "Bureau communautaire", "Salle Varenne", ""),
		once("agglo/bureau", 2, wed, "18:30-21:30", "Conseil communautaire", "Salle polyvalente de Varenne-Saint-Mesmin", "Débat sur le budget 2027."),

		weekly(maiwenn, tue, "09:00-10:00", "Point mobilités", "Bureau 105", "Avec Xavier Mourgues."),
		once(maiwenn, -2, thu, "14:00-16:00", "Comité des usagers des cars", "Salle Varenne", ""),
		once(maiwenn, -1, wed, "10:00-12:00", "Relevé des arrêts de la ligne 4", "Bourg-sur-Loire, place de la Marine", "Avec Jean-Luc Sautereau : quais, éclairage, accessibilité."),
		once(maiwenn, 0, wed, "09:30-11:30", "Schéma cyclable : bureau d’études", "Bureau 108", "Rendu de la phase 2."),
		once(maiwenn, 0, fri, "10:00-11:00", "Déviation du pont de la Varenne : cars scolaires", "En visioconférence", "Circuits 12 et 14, horaires avancés de dix minutes."),
		once(maiwenn, 1, thu, "14:00-17:00", "Atelier covoiturage", "Maison de l’agglomération", ""),
		allDay(maiwenn, 2, mon, 1, "RTT", "", ""),
		once(maiwenn, 3, tue, "09:00-12:00", "Comité de pilotage du schéma cyclable", "Salle Varenne", ""),

		weekly(jerome, wed, "09:00-10:00", "Point avec Bourg-sur-Loire", "En visioconférence", "Avec Thierry Rakotomalala."),
		once(jerome, -1, tue, "14:00-16:00", "Revue de sécurité", "Bureau 210", "Comptes inactifs, droits, mises à jour."),
		once(jerome, 0, mon, "14:00-15:00", "Budget du service commun", "Bureau 220", "Avec Chantal M’Bapé-Rivoire."),
		once(jerome, 0, thu, "09:00-12:00", "Comité du bureau virtuel", "Salle Varenne", "Ouverture à trois communes de plus."),
		once(jerome, 1, fri, "10:00-11:30", "Fournisseur de téléphonie", "Bureau 210", ""),
		once(jerome, 2, thu, "14:00-15:30", "Plan de reprise : exercice sur table", "Salle Varenne", ""),

		weekly(yannick, thu, "16:00-17:00", "Sauvegardes : contrôle de la semaine", "Bureau 212", ""),
		once(yannick, 0, wed, "12:30-13:30", "Mise à jour du bureau virtuel", "Bureau 212", "Coupure de deux minutes au plus."),
		once(yannick, 1, mon, "10:00-11:30", "Ouverture d’une collectivité", "En visioconférence", "Identité, connexion, agents, applications."),
		once(yannick, 2, wed, "14:00-17:00", "Essai de restauration trimestriel", "Salle des serveurs", ""),

		weekly("syndicat/syndicat", mon, "08:00-08:45", "Réunion d’exploitation", "Usine des Sables", "Réservoirs, fuites, branchements."),
		once("syndicat/syndicat", -1, thu, "09:00-12:00", "Lavage du réservoir des Coteaux", "Réservoir des Coteaux", "Secteur alimenté par le réservoir bas."),
		once("syndicat/syndicat", 1, wed, "14:00-16:00", "Recherche de fuite", "Bourg-sur-Loire, rue du Port", "Écoute nocturne prévue si rien n’est trouvé."),
		once("syndicat/syndicat", 1, fri, "18:00-20:00", "Bureau du syndicat", "Usine des Sables", ""),
		once("syndicat/syndicat", 2, fri, "18:30-21:00", "Comité syndical", "Usine des Sables", "Prix de l’eau, programme de travaux, rapport annuel."),
		allDay("syndicat/syndicat", 2, tue, 1, "Coupure d’eau : Saint-Firmin, rue Haute", "Saint-Firmin-des-Eaux", "De 9 h à 15 h. Avis distribués l’avant-veille."),

		weekly("ccas/ccas", tue, "09:00-10:30", "Réunion d’équipe", "CCAS", ""),
		weekly("ccas/ccas", thu, "14:00-17:00", "Permanence sociale", "CCAS, bureau 2", "Sur rendez-vous."),
		once("ccas/ccas", 0, sat, "09:00-18:00", "Repas des aînés", "Salle des fêtes", "Quatre bénévoles manquent encore pour le service."),
		once("ccas/ccas", 1, tue, "14:00-16:00", "Commission des aides", "CCAS", "Dossiers anonymisés, onze demandes."),
		once("ccas/ccas", 2, thu, "17:30-19:30", "Conseil d’administration", "Salle du conseil", "Budget 2027, tarifs du portage de repas."),
		once("ccas/ccas", 2, sat, "09:00-12:00", "Distribution des colis", "Départ de la mairie", "Cent douze colis, sept tournées."),
	}
}
