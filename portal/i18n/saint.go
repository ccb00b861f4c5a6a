package i18n

import (
	"strings"
	"time"
)

// SaintOf names the day as the post office almanac does: "Sainte Flora" on 24 November, "Jour de l’An" on 1 January.
// The names are French in every language. Feasts that move with Easter are not here: see PublicHolidays.
func SaintOf(t time.Time) string {
	name := strings.Split(saints[t.Month()-1], ", ")[t.Day()-1]
	switch kind, rest, _ := strings.Cut(name, " "); kind {
	case "S":
		return "Saint " + rest
	case "Ste":
		return "Sainte " + rest
	case "Ss":
		return "Saints " + rest
	}
	return name
}

// saints has one line a month and one name a day, 29 February too. S, Ste and Ss stand for Saint, Sainte and Saints.
var saints = [12]string{
	"Jour de l’An, S Basile, Ste Geneviève, S Odilon, S Édouard, Épiphanie, S Raymond, S Lucien, Ste Alix, S Guillaume, S Paulin, Ste Tatiana, Ste Yvette, Ste Nina, S Rémi, S Marcel, Ste Roseline, Ste Prisca, S Marius, S Sébastien, Ste Agnès, S Vincent, S Barnard, S François de Sales, Conversion de saint Paul, Ste Paule, Ste Angèle, S Thomas d’Aquin, S Gildas, Ste Martine, Ste Marcelle",
	"Ste Ella, Présentation du Seigneur, S Blaise, Ste Véronique, Ste Agathe, S Gaston, Ste Eugénie, Ste Jacqueline, Ste Apolline, S Arnaud, Notre-Dame de Lourdes, S Félix, Ste Béatrice, S Valentin, S Claude, Ste Julienne, S Alexis, Ste Bernadette, S Gabin, Ste Aimée, S Damien, Ste Isabelle, S Lazare, S Modeste, S Roméo, S Nestor, Ste Honorine, S Romain, S Auguste",
	"S Aubin, S Charles le Bon, S Guénolé, S Casimir, Ste Olive, Ste Colette, Ste Félicité, S Jean de Dieu, Ste Françoise, S Vivien, Ste Rosine, Ste Justine, S Rodrigue, Ste Mathilde, Ste Louise, Ste Bénédicte, S Patrice, S Cyrille, S Joseph, S Herbert, Ste Clémence, Ste Léa, S Victorien, Ste Catherine de Suède, Annonciation, Ste Larissa, S Habib, S Gontran, Ste Gwladys, S Amédée, S Benjamin",
	"S Hugues, Ste Sandrine, S Richard, S Isidore, Ste Irène, S Marcellin, S Jean-Baptiste de La Salle, Ste Julie, S Gautier, S Fulbert, S Stanislas, S Jules, Ste Ida, S Maxime, S Paterne, S Benoît-Joseph, S Anicet, S Parfait, Ste Emma, Ste Odette, S Anselme, S Alexandre, S Georges, S Fidèle, S Marc, Ste Alida, Ste Zita, Ste Valérie, Ste Catherine de Sienne, S Robert",
	"Fête du Travail, S Boris, Ss Philippe et Jacques, S Sylvain, Ste Judith, Ste Prudence, Ste Gisèle, Victoire de 1945, S Pacôme, Ste Solange, Ste Estelle, S Achille, Ste Rolande, S Matthias, Ste Denise, S Honoré, S Pascal, S Éric, S Yves, S Bernardin, S Constantin, S Émile, S Didier, S Donatien, Ste Sophie, S Bérenger, S Augustin, S Germain, S Aymard, S Ferdinand, Visitation",
	"S Justin, Ste Blandine, S Kévin, Ste Clotilde, S Igor, S Norbert, S Gilbert, S Médard, Ste Diane, S Landry, S Barnabé, S Guy, S Antoine de Padoue, S Élisée, Ste Germaine, S Jean-François Régis, S Hervé, S Léonce, S Romuald, S Silvère, S Rodolphe, S Alban, Ste Audrey, S Jean-Baptiste, S Prosper, S Anthelme, S Fernand, S Irénée, Ss Pierre et Paul, S Martial",
	"S Thierry, S Martinien, S Thomas, S Florent, S Antoine, Ste Mariette, S Raoul, S Thibaut, Ste Amandine, S Ulrich, S Benoît, S Olivier, Ss Henri et Joël, Fête nationale, S Donald, Notre-Dame du Mont-Carmel, Ste Charlotte, S Frédéric, S Arsène, Ste Marina, S Victor, Ste Marie-Madeleine, Ste Brigitte, Ste Christine, S Jacques, Ss Anne et Joachim, Ste Nathalie, S Samson, Ste Marthe, Ste Juliette, S Ignace de Loyola",
	"S Alphonse, S Julien Eymard, Ste Lydie, S Jean-Marie Vianney, S Abel, Transfiguration, S Gaétan, S Dominique, S Amour, S Laurent, Ste Claire, Ste Clarisse, S Hippolyte, S Évrard, Assomption, S Armel, S Hyacinthe, Ste Hélène, S Jean Eudes, S Bernard, S Christophe, S Fabrice, Ste Rose de Lima, S Barthélemy, S Louis, Ste Natacha, Ste Monique, S Augustin, Ste Sabine, S Fiacre, S Aristide",
	"S Gilles, Ste Ingrid, S Grégoire, Ste Rosalie, Ste Raïssa, S Bertrand, Ste Reine, Nativité de Marie, S Alain, Ste Inès, S Adelphe, S Apollinaire, S Aimé, Croix glorieuse, S Roland, Ste Édith, S Renaud, Ste Nadège, Ste Émilie, S Davy, S Matthieu, S Maurice, S Constant, Ste Thècle, S Hermann, Ss Côme et Damien, S Vincent de Paul, S Venceslas, S Michel, S Jérôme",
	"Ste Thérèse de l’Enfant-Jésus, S Léger, S Gérard, S François d’Assise, Ste Fleur, S Bruno, S Serge, Ste Pélagie, S Denis, S Ghislain, S Firmin, S Wilfried, S Géraud, S Juste, Ste Thérèse d’Avila, Ste Edwige, S Baudouin, S Luc, S René, Ste Adeline, Ste Céline, Ste Élodie, S Jean de Capistran, S Florentin, S Crépin, S Dimitri, Ste Émeline, Ss Simon et Jude, S Narcisse, Ste Bienvenue, S Quentin",
	"Toussaint, Défunts, S Hubert, S Charles, Ste Sylvie, Ste Bertille, Ste Carine, S Geoffroy, S Théodore, S Léon, Armistice de 1918, S Christian, S Brice, S Sidoine, S Albert, Ste Marguerite, Ste Élisabeth, Ste Aude, S Tanguy, S Edmond, Présentation de Marie, Ste Cécile, S Clément, Ste Flora, Ste Catherine, Ste Delphine, S Séverin, S Jacques de la Marche, S Saturnin, S André",
	"Ste Florence, Ste Viviane, S François Xavier, Ste Barbara, S Gérald, S Nicolas, S Ambroise, Immaculée Conception, S Pierre Fourier, S Romaric, S Daniel, Ste Jeanne-Françoise de Chantal, Ste Lucie, Ste Odile, Ste Ninon, Ste Alice, S Gaël, S Gatien, S Urbain, S Abraham, S Pierre Canisius, Ste Françoise-Xavière, S Armand, Ste Adèle, Noël, S Étienne, S Jean, Ss Innocents, S David, S Roger, S Sylvestre",
}
