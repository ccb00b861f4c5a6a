package calendar

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"parvis/portal/i18n"
)

// typedNow is a Tuesday, at 9:35.
var typedNow = time.Date(2026, 11, 24, 9, 35, 0, 0, paris)

// lineOf writes what was read: when | title | place | rhythm | doubts.
func lineOf(t typed) string {
	when := t.Start.Format("2006-01-02 15:04") + " " + t.End.Format("15:04")
	switch last := addDays(t.End, -1); {
	case t.AllDay && sameDay(last, t.Start):
		when = t.Start.Format("2006-01-02")
	case t.AllDay:
		when = t.Start.Format("2006-01-02") + " " + last.Format("2006-01-02")
	case !sameDay(t.Start, t.End):
		when = t.Start.Format("2006-01-02 15:04") + " " + t.End.Format("2006-01-02 15:04")
	}
	rhythm := string(t.Repeat.Every)
	if !t.Repeat.Until.IsZero() {
		rhythm += " " + t.Repeat.Until.Format("2006-01-02")
	}
	var doubts []string
	for _, d := range t.Doubts {
		doubts = append(doubts, strings.TrimPrefix(d.Key, "calendar.typed."))
	}
	return strings.Join([]string{when, t.Title, t.Location, rhythm, strings.Join(doubts, " ")}, " | ")
}

var frenchLines = []struct{ typed, want string }{
	{"réunion mardi 14h salle du conseil", "2026-12-01 14:00 15:00 | Réunion | salle du conseil |  | today-too"},
	{"déjeuner demain 12h30-14h", "2026-11-25 12:30 14:00 | Déjeuner |  |  | "},
	{"congés du 3 au 7 mars", "2027-03-03 2027-03-07 | Congés |  |  | "},
	{"tous les lundis 9h point d'équipe", "2026-11-30 09:00 10:00 | Point d'équipe |  | weekly | "},
	{"point d’équipe tous les lundis à 9h salle 2", "2026-11-30 09:00 10:00 | Point d’équipe | salle 2 | weekly | "},
	{"réunion jeudi 9h", "2026-11-26 09:00 10:00 | Réunion |  |  | "},
	{"Réunion JEUDI 9H", "2026-11-26 09:00 10:00 | Réunion |  |  | "},
	{"réunion jeudi à 9 h 30", "2026-11-26 09:30 10:30 | Réunion |  |  | "},
	{"réunion jeudi 9:30", "2026-11-26 09:30 10:30 | Réunion |  |  | "},
	{"réunion jeudi 9h - 10h30", "2026-11-26 09:00 10:30 | Réunion |  |  | "},
	{"réunion jeudi 9h–10h30", "2026-11-26 09:00 10:30 | Réunion |  |  | "},
	{"réunion jeudi de 9h à 10h30", "2026-11-26 09:00 10:30 | Réunion |  |  | "},
	{"réunion jeudi de 9 à 11h", "2026-11-26 09:00 11:00 | Réunion |  |  | "},
	{"réunion jeudi 9-11h", "2026-11-26 09:00 11:00 | Réunion |  |  | "},
	{"réunion jeudi entre 9h et 10h", "2026-11-26 09:00 10:00 | Réunion |  |  | "},
	{"réunion jeudi 14 heures", "2026-11-26 14:00 15:00 | Réunion |  |  | "},
	{"déjeuner jeudi midi", "2026-11-26 12:00 13:00 | Déjeuner |  |  | "},
	{"déjeuner jeudi midi et demi au Café de la Gare", "2026-11-26 12:30 13:30 | Déjeuner | Café de la Gare |  | "},
	{"rendez-vous notaire vendredi 11h à Tours", "2026-11-27 11:00 12:00 | Rendez-vous notaire | Tours |  | "},
	{"rendez-vous vendredi 11h chez le notaire", "2026-11-27 11:00 12:00 | Rendez-vous | chez le notaire |  | "},
	{"vendredi 11h chez le notaire", "2026-11-27 11:00 12:00 | Chez le notaire |  |  | "},
	{"réunion mardi 14h avec Paul", "2026-12-01 14:00 15:00 | Réunion avec Paul |  |  | today-too"},
	{"visite de la salle des fêtes jeudi 10h", "2026-11-26 10:00 11:00 | Visite de la salle des fêtes |  |  | "},
	{"jeudi 10h commission travaux, salle des mariages", "2026-11-26 10:00 11:00 | Commission travaux | salle des mariages |  | "},
	{"jeudi 10h commission travaux @ Dépôt", "2026-11-26 10:00 11:00 | Commission travaux | Dépôt |  | "},
	{"commission lieu : Dépôt nord", "2026-11-25 | Commission | Dépôt nord |  | no-day no-hour"},
	{"formation 3 décembre 9h", "2026-12-03 09:00 10:00 | Formation |  |  | "},
	{"formation le 3 décembre à 9h", "2026-12-03 09:00 10:00 | Formation |  |  | "},
	{"formation jeudi 3 décembre 9h", "2026-12-03 09:00 10:00 | Formation |  |  | "},
	{"formation le jeudi 3 décembre 2026 de 9h à 17h", "2026-12-03 09:00 17:00 | Formation |  |  | "},
	{"formation mardi 3 décembre 9h", "2026-12-03 09:00 10:00 | Formation |  |  | weekday"},
	{"vœux du maire 1er janvier 11h", "2027-01-01 11:00 12:00 | Vœux du maire |  |  | "},
	{"conseil 3/12 18h", "2026-12-03 18:00 19:00 | Conseil |  |  | "},
	{"conseil 03/12/2026 18h30", "2026-12-03 18:30 19:30 | Conseil |  |  | "},
	{"conseil le 2026-12-03 18h30", "2026-12-03 18:30 19:30 | Conseil |  |  | "},
	{"conseil 3 mars 18h", "2027-03-03 18:00 19:00 | Conseil |  |  | "},
	{"conseil le 15 à 18h", "2026-12-15 18:00 19:00 | Conseil |  |  | "},
	{"conseil le 31 à 18h", "2026-12-31 18:00 19:00 | Conseil |  |  | "},
	{"conseil mardi 15 à 18h", "2026-12-15 18:00 19:00 | Conseil |  |  | "},
	{"conseil mercredi 15 à 18h", "2026-12-15 18:00 19:00 | Conseil |  |  | weekday"},
	{"conseil 31 février 18h", "2026-11-24 18:00 19:00 | Conseil 31 février |  |  | no-such-day no-day"},
	{"conseil 32/13 18h", "2026-11-24 18:00 19:00 | Conseil 32/13 |  |  | no-such-day no-day"},
	{"bilan 3 mars 2020 9h", "2020-03-03 09:00 10:00 | Bilan |  |  | past"},
	{"bilan 29 février 2028", "2028-02-29 | Bilan |  |  | no-hour"},
	{"congés du lundi 21 au vendredi 25 décembre", "2026-12-21 2026-12-25 | Congés |  |  | "},
	{"congés du 21 décembre au 3 janvier", "2026-12-21 2027-01-03 | Congés |  |  | "},
	{"congés du 21 décembre 2026 au 3 janvier 2027", "2026-12-21 2027-01-03 | Congés |  |  | "},
	{"congés du 28/12 au 3/1", "2026-12-28 2027-01-03 | Congés |  |  | "},
	{"congés 21-25 décembre", "2026-12-21 2026-12-25 | Congés |  |  | "},
	{"congés du 7 au 3 mars", "2027-03-07 | Congés |  |  | backwards"},
	{"congés du 26 au 28", "2026-11-26 2026-11-28 | Congés |  |  | "},
	{"salon du lundi au mercredi", "2026-11-30 2026-12-02 | Salon |  |  | "},
	{"stage du 1er au 3 décembre de 9h à 17h", "2026-12-01 09:00 2026-12-03 17:00 | Stage |  |  | long"},
	{"congé aujourd'hui", "2026-11-24 | Congé |  |  | no-hour"},
	{"congé demain toute la journée", "2026-11-25 | Congé |  |  | "},
	{"appel aujourd’hui 17h", "2026-11-24 17:00 18:00 | Appel |  |  | "},
	{"appel après-demain 17h", "2026-11-26 17:00 18:00 | Appel |  |  | "},
	{"appel dans 3 jours à 17h", "2026-11-27 17:00 18:00 | Appel |  |  | "},
	{"appel dans une semaine 17h", "2026-12-01 17:00 18:00 | Appel |  |  | "},
	{"appel lundi prochain 17h", "2026-11-30 17:00 18:00 | Appel |  |  | "},
	{"appel jeudi prochain 17h", "2026-11-26 17:00 18:00 | Appel |  |  | next"},
	{"appel jeudi en huit 17h", "2026-12-03 17:00 18:00 | Appel |  |  | "},
	{"appel la semaine prochaine", "2026-11-30 | Appel |  |  | next-week no-hour"},
	{"appel demain matin", "2026-11-25 09:00 12:00 | Appel |  |  | period"},
	{"appel demain après-midi à 3h", "2026-11-25 15:00 16:00 | Appel |  |  | "},
	{"appel ce soir", "2026-11-24 18:00 20:00 | Appel |  |  | period"},
	{"appel ce soir à 19h", "2026-11-24 19:00 20:00 | Appel |  |  | "},
	{"appel jeudi 3h", "2026-11-26 03:00 04:00 | Appel |  |  | night"},
	{"appel jeudi vers 15h", "2026-11-26 15:00 16:00 | Appel |  |  | about"},
	{"appel 8h", "2026-11-25 08:00 09:00 | Appel |  |  | no-day"},
	{"appel 17h", "2026-11-24 17:00 18:00 | Appel |  |  | no-day"},
	{"réunion jeudi 9h pendant 2h", "2026-11-26 09:00 11:00 | Réunion |  |  | "},
	{"réunion jeudi 9h pendant 1h30", "2026-11-26 09:00 10:30 | Réunion |  |  | "},
	{"réunion jeudi 9h durée 45 min", "2026-11-26 09:00 09:45 | Réunion |  |  | "},
	{"réunion jeudi 9h pendant une heure et demie", "2026-11-26 09:00 10:30 | Réunion |  |  | "},
	{"stage lundi pendant 3 jours", "2026-11-30 2026-12-02 | Stage |  |  | "},
	{"astreinte jeudi 22h-6h", "2026-11-26 22:00 2026-11-27 06:00 | Astreinte |  |  | "},
	{"astreinte jeudi 14h-12h", "2026-11-26 14:00 2026-11-27 12:00 | Astreinte |  |  | long"},
	{"chaque mardi 10h permanence", "2026-11-24 10:00 11:00 | Permanence |  | weekly | "},
	{"tous les jours 8h30 courrier", "2026-11-24 08:30 09:30 | Courrier |  | daily | "},
	{"chaque mois rapport le 5 décembre", "2026-12-05 | Rapport |  | monthly | no-hour"},
	{"tous les 15 du mois paie", "2026-12-15 | Paie |  | monthly | no-hour"},
	{"tous les ans 14 juillet cérémonie 11h", "2027-07-14 11:00 12:00 | Cérémonie |  | yearly | "},
	{"tous les lundis 9h point jusqu'au 30 juin", "2026-11-30 09:00 10:00 | Point |  | weekly 2027-06-30 | "},
	{"tous les lundis jusqu'au 30/06/2027 à 9h point", "2026-11-30 09:00 10:00 | Point |  | weekly 2027-06-30 | "},
	{"toutes les deux semaines jeudi 9h point", "2026-11-26 09:00 10:00 | Point |  |  | rhythm"},
	{"un lundi sur deux 9h point", "2026-11-25 09:00 10:00 | Point |  |  | rhythm no-day"},
	{"tous les lundis et jeudis 9h point", "2026-11-25 09:00 10:00 | Point |  |  | rhythm no-day"},
	{"réunion jeudi ou vendredi 9h", "2026-11-26 09:00 10:00 | Réunion ou vendredi |  |  | other-day"},
	{"réunion jeudi 9h ou 10h", "2026-11-26 09:00 10:00 | Réunion ou 10h |  |  | other-hour"},
	{"jeudi 9h", "2026-11-26 09:00 10:00 |  |  |  | no-title"},
	{"acheter 3 ramettes", "2026-11-25 | Acheter 3 ramettes |  |  | no-day no-hour"},
	{"marché public n° 2026-14", "2026-11-25 | Marché public n° 2026-14 |  |  | no-day no-hour"},
	{"point avec mon maire", "2026-11-25 | Point avec mon maire |  |  | no-day no-hour"},
	{"réunion du matin jeudi 10h", "2026-11-26 10:00 11:00 | Réunion du matin |  |  | "},
	{"meeting tomorrow at 2pm", "2026-11-25 14:00 15:00 | Meeting |  |  | "}, // an English line of a French reader
	{"", "2026-11-25 |  |  |  | no-day no-hour no-title"},
	{"!!! 🎉 jeudi 9h 🎉", "2026-11-26 09:00 10:00 | !!! 🎉 🎉 |  |  | "},
}

var englishLines = []struct{ typed, want string }{
	{"meeting tuesday 2pm council chamber", "2026-12-01 14:00 15:00 | Meeting | council chamber |  | today-too"},
	{"lunch tomorrow 12:30-2pm", "2026-11-25 12:30 14:00 | Lunch |  |  | "},
	{"leave from 3 to 7 March", "2027-03-03 2027-03-07 | Leave |  |  | "},
	{"leave March 3-7", "2027-03-03 2027-03-07 | Leave |  |  | "},
	{"leave from December 28 to January 3", "2026-12-28 2027-01-03 | Leave |  |  | "},
	{"every monday 9am team meeting", "2026-11-30 09:00 10:00 | Team meeting |  | weekly | "},
	{"team meeting on Mondays at 9am", "2026-11-30 09:00 10:00 | Team meeting |  | weekly | "},
	{"call on Thursday at 9:30", "2026-11-26 09:30 10:30 | Call |  |  | "},
	{"call Thursday 9am to 10:30am", "2026-11-26 09:00 10:30 | Call |  |  | "},
	{"call Thursday 9-10am", "2026-11-26 09:00 10:00 | Call |  |  | "},
	{"call Thursday 11-1pm", "2026-11-26 11:00 13:00 | Call |  |  | "},
	{"call Thursday at 3", "2026-11-26 15:00 16:00 | Call |  |  | afternoon"},
	{"call Thursday at 9", "2026-11-26 09:00 10:00 | Call |  |  | "},
	{"call Thursday at noon", "2026-11-26 12:00 13:00 | Call |  |  | "},
	{"call 3 December at 9am for 2 hours", "2026-12-03 09:00 11:00 | Call |  |  | "},
	{"call on December 3rd at 9am", "2026-12-03 09:00 10:00 | Call |  |  | "},
	{"call December 3, 2027 9am", "2027-12-03 09:00 10:00 | Call |  |  | "},
	{"call 3/12 9am", "2026-12-03 09:00 10:00 | Call |  |  | "},
	{"call on the 15th 9am", "2026-12-15 09:00 10:00 | Call |  |  | "},
	{"call next thursday 9am", "2026-11-26 09:00 10:00 | Call |  |  | next"},
	{"call in two weeks 9am", "2026-12-08 09:00 10:00 | Call |  |  | "},
	{"call the day after tomorrow 5pm", "2026-11-26 17:00 18:00 | Call |  |  | "},
	{"day off tomorrow all day", "2026-11-25 | Day off |  |  | "},
	{"lunch Friday noon at the Station Café", "2026-11-27 12:00 13:00 | Lunch | Station Café |  | "},
	{"report every month on 5 December", "2026-12-05 | Report |  | monthly | no-hour"},
	{"report daily at 8am until 18 December", "2026-11-24 08:00 09:00 | Report |  | daily 2026-12-18 | "},
	{"every other week meeting Thursday 9am", "2026-11-26 09:00 10:00 | Meeting |  |  | rhythm"},
	{"you may call Bob", "2026-11-25 | You may call Bob |  |  | no-day no-hour"},
	{"réunion jeudi 14h", "2026-11-26 14:00 15:00 | Réunion |  |  | "}, // a French line of an English reader
	{"call 30 February", "2026-11-25 | Call 30 February |  |  | no-such-day no-day no-hour"},
}

func TestALineIsReadAsItWasMeantOrDoubted(t *testing.T) {
	for _, c := range frenchLines {
		if got := lineOf(readTyped(c.typed, i18n.French, typedNow)); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.typed, got, c.want)
		}
	}
	for _, c := range englishLines {
		if got := lineOf(readTyped(c.typed, i18n.English, typedNow)); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.typed, got, c.want)
		}
	}
	if n := len(frenchLines) + len(englishLines); n < 80 {
		t.Errorf("%d lines", n)
	}
}

func FuzzTypedLine(f *testing.F) {
	for _, c := range frenchLines {
		f.Add(c.typed, int64(1_790_000_000))
	}
	for _, c := range englishLines {
		f.Add(c.typed, int64(1_793_500_000))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		now := time.Unix(unix, 0).In(paris)
		if now.Year() < firstYearShown || now.Year() > lastYearShown-10 {
			return
		}
		begun := time.Now()
		for _, lang := range []i18n.Language{i18n.French, i18n.English} {
			read := readTyped(text, lang, now)
			if read.Start.IsZero() || read.End.Before(read.Start) && len(read.Doubts) == 0 {
				t.Errorf("%q: from %v to %v without a doubt", text, read.Start, read.End)
			}
			for _, d := range read.Doubts {
				if len(d.Args)%2 != 0 {
					t.Errorf("%q: %v", text, d)
				}
			}
		}
		if took := time.Since(begun); took > slow {
			t.Errorf("took %v", took)
		}
	})
}

func TestATypedLineIsShownForConfirmation(t *testing.T) {
	d := newDesk(t)
	wants(t, d.get("/calendar", "claire"), `action="/calendar/new"`, `name="typed"`)
	page := d.get("/calendar/new?typed="+url.QueryEscape("réunion jeudi 14h-15h30 salle du conseil"), "claire")
	write(t, "form-typed.html", page)
	wants(t, page, "Compris", "<strong>Réunion</strong>", "jeudi 26\u00a0novembre, 14\u00a0h – 15\u00a0h\u00a030", `value="Réunion"`, `value="2026-11-26"`, `value="14:00"`, `value="15:30"`, `value="salle du conseil"`)
	lacks(t, page, "À vérifier", "⟦")
	doubtful := d.get("/calendar/new?typed="+url.QueryEscape("point mardi 3 décembre vers 9h tous les deux jours"), "claire")
	write(t, "form-doubts.html", doubtful)
	wants(t, doubtful, "À vérifier", "Le jeudi 3\u00a0décembre n’est pas un mardi.", "approximative", "tous les deux jours")
	for _, c := range append(frenchLines, englishLines...) {
		lacks(t, d.get("/calendar/new?typed="+url.QueryEscape(c.typed), "claire"), "⟦", "{date}", "{text}", "ZgotmplZ")
	}
	if got := titles(t, d.store, d.agents["claire"]); got != nil {
		t.Errorf("read, and stored as %q", got)
	}
}
