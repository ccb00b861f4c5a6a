package demo

// bourgLetters are those of the town's contract accounts, newest first.
func bourgLetters() []letter {
	return []letter{
		unread("agent@bourg.example", 0, "09:12", "Aïssatou N’Diaye", "collegue@bourg.example", "Audition du {vendredi+0} : il manque un justificatif", "Le futur époux n’a pas joint son justificatif de domicile. Peux-tu le rappeler ?"),
		unread("agent@bourg.example", 0, "08:47", "Étude Vasseur, notaires", "etude@vasseur-notaires.example", "Succession Rabier : copie intégrale d’acte de décès", "Nous vous remercions de nous adresser deux copies intégrales de l’acte."),
		unread("agent@bourg.example", 0, "08:05", "Hélène Dubreuil", "responsable@bourg.example", "Guichet du samedi : qui peut prendre le {samedi+2} ?", "Je cherche une personne de 9 h à 12 h, récupérée le lundi suivant."),
		read("agent@bourg.example", 1, "16:32", "Titres d’identité", "ne-pas-repondre@titres.example", "18 passeports sont arrivés pour votre guichet", "Le bordereau de remise est joint. Merci d’accuser réception sous deux jours."),
		unread("agent@bourg.example", 1, "14:20", "Julie Perdriau", "julie.perdriau@courriel.example", "Livret de famille après une naissance", "Bonjour, notre fils est né à Varenne-Saint-Mesmin. Devons-nous vous apporter le livret ?"),
		read("agent@bourg.example", 1, "10:03", "Gaël Quéméneur", "gael.quemeneur@bourg.example", "Plan des chalets, version 3", "J’ai déplacé le stand de la crèche près du porche. Ton avis ?"),
		read("agent@bourg.example", 2, "17:41", "Jean-Marc Beaujour", "jm.beaujour@courriel.example", "Merci pour la cérémonie", "Toute la famille vous remercie, et ma mère plus que les autres."),
		read("agent@bourg.example", 2, "11:15", "Archives départementales", "depot@archives.example", "Versement des registres de 1925 à 1934", "Le bordereau est visé. Le camion passera comme convenu."),
		read("agent@bourg.example", 3, "09:50", "Bruno L’Hermitte", "bruno.lhermitte@bourg.example", "Cimetière : relevé des allées C à F", "Seize concessions échues, photos dans le dossier."),
		read("agent@bourg.example", 4, "15:08", "Centre de formation", "inscriptions@formation.example", "Votre convocation : rédiger une mention marginale", "La session a lieu en ligne. Le lien vous parviendra la veille."),
		read("agent@bourg.example", 6, "08:30", "Odile Rousseau-Théry", "odile.rousseau-thery@bourg.example", "Votre compte rendu d’entretien professionnel", "Il est prêt à signer au bureau 9."),

		unread("collegue@bourg.example", 0, "08:55", "Camille Le Goff", "agent@bourg.example", "Mentions en retard : il en reste neuf", "J’ai classé par date d’arrivée, on les reprend au point état civil."),
		unread("collegue@bourg.example", 0, "08:18", "Listes électorales", "ne-pas-repondre@elections.example", "12 demandes d’inscription à instruire", "Ces demandes attendent votre décision."),
		read("collegue@bourg.example", 1, "15:45", "Stéphane Arrighi", "stephane.arrighi@bourg.example", "Procurations : salle et horaires", "Le poste de police vous attend avec deux ordinateurs."),
		read("collegue@bourg.example", 1, "09:22", "Mireille Castaing", "mireille.castaing@bourg.example", "Commission de contrôle : je serai présente", "Merci d’imprimer mon tableau en grand caractère."),
		unread("collegue@bourg.example", 2, "14:37", "Solène et Karim Benali", "benali.solene@courriel.example", "Reconnaissance anticipée : quelles pièces ?", "Nous avons rendez-vous la semaine du terme. Une carte périmée suffit-elle ?"),
		read("collegue@bourg.example", 3, "10:12", "Atelier de reliure Morisset", "atelier@morisset.example", "Devis de reliure : trois registres", "Prix inchangés depuis l’an passé, délai de six semaines."),
		read("collegue@bourg.example", 4, "11:48", "Hélène Dubreuil", "responsable@bourg.example", "Recensement : bravo pour les sept secteurs", "Madame la maire te remercie, devant tous les adjoints."),
		read("collegue@bourg.example", 5, "16:05", "Centre de formation", "inscriptions@formation.example", "Nationalité et état civil : votre inscription est confirmée", "Repas et stationnement sont pris en charge."),

		unread("responsable@bourg.example", 0, "09:04", "Nathalie Bouchereau", "nathalie.bouchereau@bourg.example", "Cantine : 14 repas de plus {lundi+1}", "La classe de CM2 rentre un jour plus tôt. Je préviens le fournisseur ce matin."),
		unread("responsable@bourg.example", 0, "08:40", "Patrick Chausson", "patrick.chausson@bourg.example", "Mobilier d’accueil : il me manque un devis", "Deux sur trois. Sans le dernier, la ligne passera en 2028."),
		unread("responsable@bourg.example", 0, "08:11", "École des Mariniers", "direction@ecole-mariniers.example", "Conseil d’école du {lundi+1} : ordre du jour", "Effectifs, travaux, cantine. Les parents posent six questions."),
		unread("responsable@bourg.example", 1, "17:20", "Claire Fontenoy", "claire.fontenoy@courriel.example", "Candidature au poste d’animatrice", "Vous trouverez ma lettre et mon parcours. Je suis libre en janvier."),
		read("responsable@bourg.example", 1, "14:02", "Camille Le Goff", "agent@bourg.example", "Guichet des titres : deux créneaux de plus", "On tient si quelqu’un prend le téléphone de 9 h à 10 h."),
		read("responsable@bourg.example", 1, "11:30", "François-Xavier Deschamps", "francois-xavier.deschamps@bourg.example", "Point du lundi : effectifs et école", "Apportez le tableau des absences."),
		read("responsable@bourg.example", 2, "16:48", "Aïssatou N’Diaye", "collegue@bourg.example", "Recensement : les sept contrats sont signés", "Les arrêtés partent au visa."),
		read("responsable@bourg.example", 3, "09:35", "Fatima El Mansouri", "fatima.el-mansouri@bourg.example", "Périscolaire : planning de décembre", "Il manque une personne le mercredi matin."),
		read("responsable@bourg.example", 4, "13:10", "Odile Rousseau-Théry", "odile.rousseau-thery@bourg.example", "Entretiens professionnels : deux restent à faire", "Date limite à la fin du mois prochain."),
		read("responsable@bourg.example", 7, "10:27", "Rose-Hélène Célestine", "rose-helene.celestine@bourg.example", "Tarifs du centre de loisirs : merci", "La note est claire, la commission l’a suivie."),

		unread("admin@bourg.example", 0, "09:20", "Jérôme d’Hauteville", "admin@agglo.example", "Faux message des impôts : adresses à bloquer", "La liste est à jour. Trois communes touchées, aucun compte perdu."),
		unread("admin@bourg.example", 0, "08:33", "Supervision", "supervision@agglo.example", "Sauvegarde de la nuit : réussie en 41 minutes", "Aucune erreur. Espace libre : 62 %."),
		unread("admin@bourg.example", 0, "08:02", "Sylvie Guégan", "sylvie.guegan@bourg.example", "L’imprimante de l’accueil bourre encore", "Même bac, même bruit. Nous imprimons chez Inès."),
		read("admin@bourg.example", 1, "15:55", "Odile Rousseau-Théry", "odile.rousseau-thery@bourg.example", "Deux arrivées au périscolaire : comptes à ouvrir", "Contrats du {lundi+1}. Téléphone pour la première seulement."),
		read("admin@bourg.example", 1, "10:40", "Opérateur de téléphonie", "facturation@telephonie.example", "Votre facture de novembre", "Montant : 412 €. Le détail par ligne est joint."),
		read("admin@bourg.example", 2, "14:14", "Raphaël Oster", "raphael.oster@bourg.example", "Onduleur : l’ancien part à la déchèterie", "Batterie sortie à part, bordereau gardé."),
		read("admin@bourg.example", 4, "09:05", "Yannick Payet", "pool@pool.example", "Bureau virtuel : mise à jour la semaine dernière, bilan", "Coupure de quarante secondes, rien à signaler."),
		read("admin@bourg.example", 5, "16:50", "Ousmane Diarra", "ousmane.diarra@bourg.example", "Inclusion numérique : une permanence à la médiathèque ?", "Un samedi par mois, avec deux bénévoles."),

		unread("secretaire@bourg.example", 0, "09:08", "Anne-Marie Vaillant", "anne-marie.vaillant@bourg.example", "Parapheur : je passe à 11 h", "Gardez-moi aussi la lettre aux riverains du pont."),
		unread("secretaire@bourg.example", 0, "08:50", "Contrôle de légalité", "ne-pas-repondre@actes.example", "Accusé de réception : délibération 2026-52", "Acte reçu et exécutoire après publication."),
		unread("secretaire@bourg.example", 0, "08:21", "Joël Pommereau", "joel.pommereau@syndicat.example", "Comité syndical : prix de l’eau, ma version", "J’ai gardé vos chiffres et raccourci la fin."),
		unread("secretaire@bourg.example", 1, "16:15", "Jean-Luc Sautereau", "jean-luc.sautereau@bourg.example", "Rue des Tanneurs : projet de délibération", "Deux variantes de revêtement, avec les prix."),
		read("secretaire@bourg.example", 1, "11:02", "Inès Belkacem", "ines.belkacem@bourg.example", "Bordereau 214 : une pièce sans service fait", "La facture du traiteur. Je la retire ou vous signez ?"),
		read("secretaire@bourg.example", 1, "09:30", "Josette Barrault", "josette.barrault@syndicat.example", "Trois abonnés demandent une fuite en non-valeur", "Les relevés sont joints."),
		read("secretaire@bourg.example", 2, "15:25", "Mireille Castaing", "mireille.castaing@bourg.example", "Procès-verbal : deux corrections", "Page 4 et page 7, sinon rien."),
		read("secretaire@bourg.example", 3, "14:44", "Conseil départemental", "assemblees@departement.example", "Congrès des maires : votre inscription", "Deux places réservées, déjeuner compris."),
		read("secretaire@bourg.example", 4, "10:19", "Gilbert Tessier", "gilbert.tessier@bourg.example", "Absent le {mardi+2}, pouvoir à Pascal Oudin", "Le pouvoir signé est à l’accueil."),
		read("secretaire@bourg.example", 6, "17:05", "Séverine Cazenave", "severine.cazenave@syndicat.example", "Rapport sur la qualité de l’eau", "Version définitive, à joindre à la convocation."),
	}
}

// neighbourLetters are those of the agglomeration's contract accounts.
func neighbourLetters() []letter {
	return []letter{
		unread("agent@agglo.example", 0, "09:16", "Jean-Luc Sautereau", "jean-luc.sautereau@bourg.example", "Pont de la Varenne : panneaux posés {vendredi+0}", "Les conducteurs verront la déviation dès le rond-point."),
		unread("agent@agglo.example", 0, "08:44", "Cars Ligériens", "exploitation@cars-ligeriens.example", "Circuits 12 et 14 : feuilles de route", "Départ avancé de dix minutes, conducteurs prévenus."),
		unread("agent@agglo.example", 1, "17:02", "Collectif Vélo Varenne", "bonjour@velo-varenne.example", "Stationnement vélo à la gare : nos relevés", "Quarante-deux vélos un mardi à 8 h, pour trente arceaux."),
		read("agent@agglo.example", 1, "14:30", "Xavier Mourgues", "xavier.mourgues@agglo.example", "Schéma cyclable : ma relecture", "Bravo pour les cartes. Deux remarques en page 12."),
		read("agent@agglo.example", 2, "10:55", "Bureau d’études Traverses", "contact@traverses.example", "Rendu de la phase 2", "Rapport, annexes et cartes au format ouvert."),
		read("agent@agglo.example", 3, "16:21", "Nadège Coutant", "nadege.coutant@courriel.example", "Arrêt Les Bruyères : l’abri prend l’eau", "Mes enfants attendent sous un parapluie, dans l’abri."),
		read("agent@agglo.example", 4, "09:14", "Émilie Jossaume", "emilie.jossaume@agglo.example", "Permis du lotissement : avis sur les accès", "Réponse utile avant la fin du mois."),
		read("agent@agglo.example", 6, "11:40", "Tehani Maihota", "tehani.maihota@agglo.example", "Covoiturage : on partage le stand ?", "Une table pour le compost, une pour toi."),

		unread("admin@agglo.example", 0, "09:01", "Thierry Rakotomalala", "admin@bourg.example", "Bourg-sur-Loire : deux agents ont cliqué", "Mots de passe changés dans le quart d’heure, postes vérifiés."),
		unread("admin@agglo.example", 0, "08:29", "Supervision", "supervision@agglo.example", "Disque du serveur de cartes : 81 % occupés", "Seuil d’alerte : 80 %. Trois semaines au rythme actuel."),
		unread("admin@agglo.example", 0, "08:06", "Yannick Payet", "pool@pool.example", "Ouverture de Châtillon-le-Sec : dossier complet", "La secrétaire choisit la couleur lundi."),
		unread("admin@agglo.example", 1, "16:40", "Chantal M’Bapé-Rivoire", "chantal.m-bape-rivoire@agglo.example", "Service commun : votre enveloppe 2027", "Plus 1,2 %, comme tout le monde. On en parle ?"),
		read("admin@agglo.example", 1, "11:25", "Fournisseur de téléphonie", "commercial@telephonie.example", "Notre proposition révisée", "Remise de 6 % sur les liens des communes."),
		read("admin@agglo.example", 2, "15:12", "Samia Ouazzani", "samia.ouazzani@agglo.example", "Assistance : 37 demandes closes cette semaine", "Délai médian de trois heures. Il reste neuf demandes."),
		read("admin@agglo.example", 3, "09:48", "Véronique Saint-Ange", "veronique.saint-ange@agglo.example", "Comité du bureau virtuel : j’y serai", "Prévoyez dix minutes sur les usages."),
		read("admin@agglo.example", 5, "14:33", "Centre de réponse aux incidents", "alertes@reponse-incidents.example", "Bulletin : hameçonnage visant les communes", "Indicateurs techniques joints."),

		unread("pool@pool.example", 0, "08:52", "Supervision", "supervision@agglo.example", "Bureau virtuel : sauvegarde vérifiée", "Restauration d’essai réussie en 6 minutes."),
		unread("pool@pool.example", 0, "08:15", "Jérôme d’Hauteville", "admin@agglo.example", "Trois communes de plus : dates à proposer", "Une demi-journée chacune, en janvier."),
		read("pool@pool.example", 1, "15:30", "Mairie de Châtillon-le-Sec", "mairie@chatillon.example", "Liste de nos agents", "Nous sommes quatre. Le blason est joint."),
		read("pool@pool.example", 2, "10:08", "Thierry Rakotomalala", "admin@bourg.example", "Merci pour la mise à jour", "Personne ne s’en est aperçu, ce qui est un compliment."),
		read("pool@pool.example", 4, "11:56", "Séverine Cazenave", "severine.cazenave@syndicat.example", "Supervision de l’usine : lien à ajouter", "Pour l’exploitation seulement, s’il vous plaît."),
	}
}

// sharedLetters are those of the services' mailboxes, then those that everyone of a
// collectivity receives.
func sharedLetters() []letter {
	return []letter{
		unread("mairie@bourg.example", 0, "09:25", "Yvonne Guillemard", "yvonne.guillemard@courriel.example", "Rue des Tanneurs : quand passe la balayeuse ?", "Les feuilles bouchent l’avaloir devant le 12."),
		unread("mairie@bourg.example", 0, "08:58", "Club des Mariniers", "secretariat@club-mariniers.example", "Réservation de la salle des fêtes en mars", "Un samedi, de préférence le deuxième."),
		unread("mairie@bourg.example", 0, "08:36", "Louis Ferrand", "louis.ferrand@courriel.example", "Lampadaire éteint quai de Loire", "Le troisième après la cale, depuis dimanche."),
		unread("mairie@bourg.example", 1, "17:10", "Syndicat des eaux de la Varenne", "eau@syndicat.example", "Rue du Port : recherche de fuite le {mercredi+1}", "La pression peut baisser. L’eau n’est pas coupée."),
		read("mairie@bourg.example", 1, "12:01", "Boulangerie Guignard", "guignard@boulangerie.example", "Galettes des vœux : combien de parts ?", "Il me faut le nombre avant Noël."),
		read("mairie@bourg.example", 1, "09:44", "Inès Da Silva", "ines.dasilva@courriel.example", "Dossier de mariage : date possible en mai", "Nous aimerions le 15 ou le 22."),
		read("mairie@bourg.example", 2, "16:27", "Harmonie de Bourg", "harmonie@musique.example", "Cérémonie aux monuments : merci de votre accueil", "Les trompettes ont apprécié la brioche."),
		read("mairie@bourg.example", 3, "11:33", "Patrice Oudinot", "p.oudinot@courriel.example", "Parking de la Marine : deux places réservées ?", "Pour le mariage, de 15 h à 18 h."),
		read("mairie@bourg.example", 4, "10:50", "Comité des fêtes", "bureau@comite-fetes.example", "Marché de Noël : liste des exposants", "Trente-deux, dont quatre nouveaux."),
		read("mairie@bourg.example", 6, "15:15", "Préfecture", "elections@prefecture.example", "Calendrier des opérations électorales", "À porter à la connaissance de la commission."),

		unread("urbanisme@bourg.example", 0, "09:10", "Cabinet Lerouge, architectes", "agence@lerouge-architectes.example", "Permis 26-014 : pièces complémentaires", "Plan de masse coté et notice d’insertion."),
		unread("urbanisme@bourg.example", 0, "08:31", "Antoine Marchais", "antoine.marchais@courriel.example", "Faut-il une déclaration pour un abri de 8 m² ?", "Il serait au fond du jardin, adossé au mur."),
		unread("urbanisme@bourg.example", 1, "15:38", "Émilie Jossaume", "emilie.jossaume@agglo.example", "Permis 26-011 : projet d’arrêté", "Avis favorable avec une prescription sur les tuiles."),
		read("urbanisme@bourg.example", 1, "10:16", "Étude Vasseur, notaires", "etude@vasseur-notaires.example", "Déclaration d’intention d’aliéner, 7, rue du Pont", "Réponse attendue sous deux mois."),
		read("urbanisme@bourg.example", 2, "14:05", "Architecte des bâtiments", "avis@patrimoine.example", "Ravalement, 3, place de la Marine : accord", "Sous réserve d’un enduit à la chaux."),
		read("urbanisme@bourg.example", 3, "16:59", "Géomètres du Val", "bornage@geometres.example", "Bornage de la parcelle AB 214", "Convocation des riverains jointe."),
		read("urbanisme@bourg.example", 5, "09:27", "Monique Tavernier", "monique.tavernier@courriel.example", "Haie de mon voisin", "Elle dépasse deux mètres. Que dit le règlement ?"),

		unread("assistance@agglo.example", 0, "09:19", "Sylvie Guégan", "sylvie.guegan@bourg.example", "Imprimante de l’accueil de Bourg-sur-Loire", "Bourrage au bac 2, pour la troisième fois."),
		unread("assistance@agglo.example", 0, "08:39", "Gérard Thibaudat", "gerard.thibaudat@agglo.example", "Déchèterie : plus de réseau depuis l’ouverture", "Les badges ne passent plus, nous notons à la main."),
		read("assistance@agglo.example", 1, "16:03", "Maïwenn Kerdoncuff", "agent@agglo.example", "Accès au dossier des cars pour un stagiaire", "Six semaines, lecture seule."),
		read("assistance@agglo.example", 2, "11:11", "Josette Barrault", "josette.barrault@syndicat.example", "Écran noir au démarrage", "Résolu en rallumant deux fois. Merci quand même."),

		unread("eau@syndicat.example", 0, "09:06", "Fabrice Lenoir", "fabrice.lenoir@courriel.example", "Eau trouble ce matin aux Coteaux", "Elle redevient claire après quelques minutes."),
		unread("eau@syndicat.example", 0, "08:24", "Mairie de Saint-Firmin-des-Eaux", "mairie@saint-firmin.example", "Coupure du {mardi+2} : l’école est prévenue", "Soixante bouteilles suffiront."),
		read("eau@syndicat.example", 1, "14:50", "Laboratoire départemental", "resultats@laboratoire.example", "Analyses du réservoir des Coteaux : conformes", "Rapport joint, douze paramètres."),
		read("eau@syndicat.example", 2, "10:30", "Agence immobilière du Quai", "gestion@quai-immobilier.example", "Changement d’abonné, 18, rue du Port", "Relevé contradictoire du compteur joint."),
		read("eau@syndicat.example", 4, "15:57", "Mairie de Bourg-sur-Loire", "mairie@bourg.example", "Rue du Port : la chaussée est humide", "Devant le 23, même par temps sec."),

		unread("ccas@ccas.example", 0, "09:13", "Paulette Hamelin", "paulette.hamelin@courriel.example", "Repas des aînés : je viens avec ma sœur", "Nous ne mangeons pas de champignons."),
		unread("ccas@ccas.example", 0, "08:42", "Centre hospitalier de la Varenne", "sorties@hopital.example", "Retour à domicile de M. Bouvier {vendredi+0}", "Portage de repas souhaité dès le soir."),
		read("ccas@ccas.example", 1, "16:36", "Épicerie solidaire", "equipe@epicerie-solidaire.example", "Collecte : 310 kg ce mois-ci", "Il manque du lait et des couches."),
		read("ccas@ccas.example", 3, "10:22", "Caisse d’allocations", "partenaires@allocations.example", "Permanence de décembre", "Deux matinées, même bureau."),

		read("bourg", 1, "08:10", "Odile Rousseau-Théry", "odile.rousseau-thery@bourg.example", "Congés de fin d’année : vos demandes", "La note complète est dans les documents, dossier Ressources humaines."),
		read("bourg", 3, "12:05", "Amicale du personnel", "amicale@bourg.example", "Arbre de Noël : inscrivez les enfants", "Réponse au bureau 4 ou par retour de courriel."),

		read("agglo", 1, "08:20", "Véronique Saint-Ange", "veronique.saint-ange@agglo.example", "Lettre de cadrage : réunion des encadrants", "Salle Varenne. Les fiches sont attendues le {vendredi+1}."),
		read("agglo", 3, "12:15", "Samia Ouazzani", "samia.ouazzani@agglo.example", "Mots de passe : trois conseils en une page", "À afficher près de l’ordinateur. Pas le mot de passe, la page."),

		read("syndicat", 1, "08:25", "Séverine Cazenave", "severine.cazenave@syndicat.example", "Astreintes de décembre", "Le tableau est affiché à l’atelier."),

		read("ccas", 1, "08:35", "Brigitte Faugeron", "brigitte.faugeron@ccas.example", "Repas des aînés : rendez-vous à 9 h", "Tabliers fournis, bonne humeur demandée."),
	}
}
