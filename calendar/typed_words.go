package calendar

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// pattern compiles a pattern of words, in which names in capitals stand for what a language has.
func pattern(words map[string]string, text string) *regexp.Regexp {
	for name, expression := range words {
		text = strings.ReplaceAll(text, name, expression)
	}
	return regexp.MustCompile(text)
}

// frenchWords and englishWords are the parts of patterns. A number before "h" is an hour, never a day:
// the patterns of bare days end with what may follow one.
var frenchWords = map[string]string{
	"WD":    `lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun\.|mar\.|mer\.|jeu\.|ven\.|sam\.|dim\.`,
	"MO":    `janvier|janv\.?|fevrier|fevr\.?|mars|avril|avr\.|mai|juin|juillet|juil\.?|aout|septembre|sept\.?|octobre|oct\.|novembre|nov\.?|decembre|dec\.?`,
	"CLOCK": `\d{1,2} ?(?:h|heures?)(?: ?[0-5]\d)?|\d{1,2}:[0-5]\d|midi(?: et demie?)?|minuit`,
	"NUM":   `\d{1,3}|une?|deux|trois|quatre|cinq|six|dix`,
	"AFTER": `(?:$|[^0-9a-z/:h -]| (?:[^0-9h-]|$))`,
}

var englishWords = map[string]string{
	"WD":    `monday|tue(?:s|sday)?|wed(?:nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|saturday|sunday`,
	"MO":    `jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?`,
	"CLOCK": `\d{1,2}(?::[0-5]\d)? ?[ap]m|\d{1,2}:[0-5]\d|\d{1,2}h(?:[0-5]\d)?|noon|midnight`,
	"NUM":   `\d{1,3}|an?|one|two|three|four|five|six|ten`,
	"NTH":   `(?:st|nd|rd|th)?`,
}

func french(text string) *regexp.Regexp  { return pattern(frenchWords, text) }
func english(text string) *regexp.Regexp { return pattern(englishWords, text) }

var frenchLine = &language{
	duration: french(`\b(?:pendant|durant|duree ?:?|sur) (?P<n>NUM) ?(?P<unit>heures?|h|minutes?|min|mn|jours?|j|semaines?)(?: ?(?P<m>[0-5]\d))?(?P<half> et demie?)?\b`),
	untilDay: french(`\bjusqu'(?:au|a|en) ?`),
	rhythm: french(`\b(?:(?:tous les|toutes les|chaque) (?:(?P<day>lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)s?|(?P<unit>jours?|semaines?|mois|ans?|annees?))` +
		`|(?:tous les|le|chaque) (?P<n>\d{1,2}) (?:du|de chaque|de tous les) mois)\b`),
	noRhythm: french(`\b(?:(?:tous|toutes) les (?:NUM) (?:jours?|semaines?|mois|ans?|lundis?|mardis?|mercredis?|jeudis?|vendredis?|samedis?|dimanches?)` +
		`|(?:un|une) (?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|jour|semaine|mois) sur (?:NUM)` +
		`|(?:tous les|chaque) (?:premiers?|deuxiemes?|derniers?|1ers?) [a-z]+(?: du mois)?` +
		`|(?:tous les|chaque) (?:jours? ouvr[a-z]*|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)s?(?: ?,| et| ou) (?:le[s ]?)*(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)s?))\b`),
	dates: []datePattern{
		{french(`\b(?:du |de )?(?:(?P<w1>WD) )?(?P<d1>\d{1,2})(?:er)?(?: (?P<m1>MO))?(?: (?P<y1>\d{4}))?(?: au | a |-| - )(?:(?P<w2>WD) )?(?P<d2>\d{1,2})(?:er)? (?P<m2>MO)\b(?: (?P<y2>\d{4})\b)?`), readNamedRange},
		{french(`\b(?:du )?(?P<d1>\d{1,2})/(?P<n1>\d{1,2})(?:/(?P<y1>\d{4}|\d\d))?(?: au |-| - )(?P<d2>\d{1,2})/(?P<n2>\d{1,2})(?:/(?P<y2>\d{4}|\d\d))?\b`), readNamedRange},
		{french(`\b(?:du |de )(?P<w1>WD) (?:au |a )(?P<w2>WD)(?: (?P<next>prochain))?\b`), readWeekdayRange},
		{french(`\bdu (?P<d1>\d{1,2})(?:er)? au (?P<d2>\d{1,2})(?P<after>AFTER)`), readBareRange},
		{french(`(?:\b(?P<w1>WD) )?(?:\ble )?(?:(?P<w2>WD) )?\b(?P<d1>\d{1,2})(?:er)? (?P<m1>MO)\b(?: (?P<y1>\d{4})\b)?`), readNamedDate},
		{french(`(?:\b(?P<w1>WD) )?(?:\ble )?\b(?P<d1>\d{1,2})/(?P<n1>\d{1,2})(?:/(?P<y1>\d{4}|\d\d))?\b`), readNamedDate},
		{french(`(?:\ble )?\b(?P<y1>\d{4})-(?P<n1>\d\d)-(?P<d1>\d\d)\b`), readNamedDate},
		{french(`\b(?:le (?:(?P<w1>WD) )?|(?P<w2>WD) )(?P<d1>\d{1,2})(?:er)?(?P<after>AFTER)`), readBareDay},
		{french(`\b(?P<rel>aujourd'hui|apres.demain|demain|ce matin|cet apres.midi|ce soir|cette nuit)\b`), readRelative},
		{french(`\bdans (?P<n>NUM) (?P<unit>jours?|semaines?|mois|ans?)\b`), readAhead},
		{french(`\b(?:la )?semaine prochaine\b`), readNextWeek},
		{french(`\b(?:ce |le )?(?P<w1>WD)(?P<next> prochain)?(?: (?P<weeks>en huit|en quinze))?\b`), readWeekday},
	},
	clockRange: french(`\b(?:de |entre )?(?P<from>CLOCK|\d{1,2})(?: ?- ?| a | et | jusqu'a )(?P<to>CLOCK)\b`),
	clock:      french(`(?:\ba |\bdes |\ba partir de |\bavant )?\b(?P<from>CLOCK)\b`),
	about:      french(`\b(?:vers|environ|autour de)\b`),
	periods: []period{
		{french(`\b(?:pendant |durant )?(?:toute la journee|la journee entiere|journee entiere|jour entier|tout le jour)\b`), 0, 0},
		{french(`\b(?:ce |dans la |le )?(?:matinee|matin)\b`), 9 * 60, 12 * 60},
		{french(`\b(?:cet |l'|dans l')?apres.midi\b`), 14 * 60, 17 * 60},
		{french(`\b(?:ce |en |dans la )?(?:soiree|soir)\b`), 18 * 60, 20 * 60},
	},
	units:   map[string]int{"h": 60, "m": 1, "j": 24 * 60, "s": 7 * 24 * 60},
	numbers: map[string]int{"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "dix": 10},
	rhythms: map[string]Every{"j": Daily, "s": Weekly, "m": Monthly, "a": Yearly},
	days:    []string{"lun", "mar", "mer", "jeu", "ven", "sam", "dim"},
	months:  []string{"janv", "fev", "mars", "avr", "mai", "juin", "juil", "aout", "sept", "oct", "nov", "dec"},
}

var englishLine = &language{
	duration: english(`\bfor (?P<n>NUM) ?(?P<unit>hours?|hrs?|h|minutes?|mins?|days?|weeks?)(?P<half> and a half)?\b`),
	untilDay: english(`\b(?:until|till) `),
	rhythm: english(`\b(?:(?:every|each|on) (?:(?P<day>monday|tuesday|wednesday|thursday|friday|saturday|sunday)s|(?P<unit>day|week|month|year))` +
		`|(?:every|each) (?P<day_>WD)|(?P<unit_>daily|weekly|monthly|yearly|annually)|(?:on )?the (?P<n>\d{1,2})NTH of (?:each|every) month)\b`),
	noRhythm: english(`\b(?:every (?:other|second|third|NUM) [a-z]+|fortnightly|biweekly|(?:every|each) (?:week|working )?days?(?: of the week)?s? only|every weekday|weekdays` +
		`|(?:every|each) (?:WD)s?(?:,| and| or) (?:WD)s?|(?:every|each) (?:first|last) [a-z]+(?: of the month)?)\b`),
	dates: []datePattern{
		{english(`\b(?:from )?(?:(?P<w1>WD),? )?(?P<d1>\d{1,2})NTH(?: (?P<m1>MO))?(?: (?P<y1>\d{4}))?(?: to | until |-| - )(?:(?P<w2>WD),? )?(?P<d2>\d{1,2})NTH (?:of )?(?P<m2>MO)\b(?: (?P<y2>\d{4})\b)?`), readNamedRange},
		{english(`\b(?:from )?(?P<m1>MO) (?P<d1>\d{1,2})NTH(?: to | until |-| - )(?:(?P<m2>MO) )?(?P<d2>\d{1,2})NTH\b(?:,? (?P<y2>\d{4})\b)?`), readNamedRange},
		{english(`\b(?:from )(?P<w1>WD) (?:to |until )(?P<w2>WD)\b`), readWeekdayRange},
		{english(`(?:\bon )?(?:\b(?P<w1>WD),? )?(?:\bthe )?\b(?P<d1>\d{1,2})NTH (?:of )?(?P<m1>MO)\b(?:,? (?P<y1>\d{4})\b)?`), readNamedDate},
		{english(`(?:\bon )?(?:\b(?P<w1>WD),? )?\b(?P<m1>MO) (?P<d1>\d{1,2})(?:st|nd|rd|th|\b)(?:,? (?P<y1>\d{4})\b)?`), readNamedDate},
		{english(`(?:\bon )?(?:\b(?P<w1>WD),? )?\b(?P<d1>\d{1,2})/(?P<n1>\d{1,2})(?:/(?P<y1>\d{4}|\d\d))?\b`), readNamedDate},
		{english(`(?:\bon )?\b(?P<y1>\d{4})-(?P<n1>\d\d)-(?P<d1>\d\d)\b`), readNamedDate},
		{english(`(?:\bon )?(?:\b(?P<w1>WD),? )?\bthe (?P<d1>\d{1,2})(?:st|nd|rd|th)\b`), readBareDay},
		{english(`\b(?P<rel>the day after tomorrow|day after tomorrow|tomorrow|today|tonight|this morning|this afternoon|this evening)\b`), readRelative},
		{english(`\bin (?P<n>NUM) (?P<unit>days?|weeks?|months?|years?)\b`), readAhead},
		{english(`\bnext week\b`), readNextWeek},
		{english(`\b(?:on |this )?(?P<next>next )?(?P<w1>WD)(?: (?P<weeks>week))?\b`), readWeekday},
	},
	clockRange: english(`\b(?:from |between )?(?P<from>CLOCK|\d{1,2}(?::\d\d)?)(?: ?- ?| to | until | till | and )(?P<to>CLOCK|\d{1,2}\b)\b`),
	clock:      english(`(?:\bat |\bfrom )?\b(?P<from>CLOCK)\b|\bat (?P<from_>\d{1,2})\b`),
	about:      english(`\b(?:around|about)\b`),
	periods: []period{
		{english(`\b(?:all day(?: long)?|the whole day|whole day)\b`), 0, 0},
		{english(`\b(?:in the |this )?morning\b`), 9 * 60, 12 * 60},
		{english(`\b(?:in the |this )?afternoon\b`), 14 * 60, 17 * 60},
		{english(`\b(?:in the |this )?evening\b`), 18 * 60, 20 * 60},
	},
	units:   map[string]int{"h": 60, "m": 1, "d": 24 * 60, "w": 7 * 24 * 60},
	numbers: map[string]int{"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10},
	rhythms: map[string]Every{"d": Daily, "w": Weekly, "m": Monthly, "y": Yearly, "a": Yearly},
	days:    []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"},
	months:  []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
}

func monthOf(l *language, m map[string]string, n string) int {
	if word := m["m"+n]; word != "" {
		return indexOf(l.months, word) + 1
	}
	month, _ := strconv.Atoi(m["n"+n])
	return month
}

// namedDate is the first or the second day of a match, "n" its number.
func (r *typedReader) namedDate(l *language, m map[string]string, n string) (time.Time, bool) {
	day, _ := strconv.Atoi(m["d"+n])
	month := monthOf(l, m, n)
	asTyped := m["d"+n] + " " + m["m"+n]
	if m["m"+n] == "" {
		asTyped = m["d"+n] + "/" + m["n"+n]
	}
	t, ok := r.date(day, month, m["y"+n], asTyped)
	if ok {
		r.checkWeekday(l, m["w"+n], t)
	}
	return t, ok
}

func readNamedDate(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool) {
	if m["w1"] == "" {
		m["w1"] = m["w2"]
	}
	from, ok = r.namedDate(l, m, "1")
	return from, time.Time{}, ok
}

// readNamedRange reads "du 3 au 7 mars": the first day takes the month and the year that it lacks of
// the second.
func readNamedRange(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool) {
	if m["m2"] == "" && m["n2"] == "" {
		m["m2"] = m["m1"]
	}
	if m["m1"] == "" && m["n1"] == "" {
		m["m1"] = m["m2"]
	}
	given := m["y1"] != "" || m["y2"] != ""
	if given && m["y1"] == "" {
		m["y1"] = m["y2"]
		if monthOf(l, m, "1") > monthOf(l, m, "2") {
			year, _ := strconv.Atoi(m["y2"])
			m["y1"] = strconv.Itoa(year - 1)
		}
	}
	if from, ok = r.namedDate(l, m, "1"); !ok {
		return from, to, false
	}
	if m["y2"] == "" {
		m["y2"] = strconv.Itoa(from.Year())
		if monthOf(l, m, "1") > monthOf(l, m, "2") {
			m["y2"] = strconv.Itoa(from.Year() + 1)
		}
	}
	to, ok = r.namedDate(l, m, "2")
	return from, to, ok
}

func readWeekdayRange(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool) {
	first, last := indexOf(l.days, m["w1"]), indexOf(l.days, m["w2"])
	from = r.coming(first, true)
	return from, addDays(from, (last-first+7)%7), true
}

func readBareRange(r *typedReader, _ *language, m map[string]string) (from, to time.Time, ok bool) {
	first, _ := strconv.Atoi(m["d1"])
	last, _ := strconv.Atoi(m["d2"])
	if from = r.dayOfMonth(first); from.IsZero() || first == 0 {
		return from, to, false
	}
	to = addDays(from, last-first)
	if last < first {
		to = time.Date(from.Year(), from.Month()+1, last, 0, 0, 0, 0, from.Location())
	}
	if to.Day() != last {
		r.doubt("no-such-day", "text", m["d1"]+" – "+m["d2"])
		return from, to, false
	}
	return from, to, true
}

// readBareDay reads "le 15", "mardi 15", "the 15th". What follows it may not make it an hour.
func readBareDay(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool) {
	n, _ := strconv.Atoi(m["d1"])
	from = r.dayOfMonth(n)
	if n < 1 || from.IsZero() {
		r.doubt("no-such-day", "text", m["d1"])
		return from, to, false
	}
	r.checkWeekday(l, m["w1"]+m["w2"], from)
	return from, to, true
}

func readRelative(r *typedReader, _ *language, m map[string]string) (from, to time.Time, ok bool) {
	ahead := 0
	switch word := m["rel"]; {
	case strings.Contains(word, "after tomorrow"), strings.HasPrefix(word, "apres"):
		ahead = 2
	case word == "demain", word == "tomorrow":
		ahead = 1
	}
	for word, hours := range map[string][2]int{"matin": {9, 12}, "morning": {9, 12}, "midi": {14, 17}, "afternoon": {14, 17}, "soir": {18, 20}, "evening": {18, 20}, "night": {18, 20}, "nuit": {22, 24}} {
		if strings.HasSuffix(m["rel"], word) && r.begin < 0 {
			r.fallback = &fallback{m["rel"], hours[0] * 60, hours[1] * 60}
		}
	}
	return addDays(r.today, ahead), to, true
}

func readAhead(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool) {
	n, ok := number(l, m["n"])
	if !ok {
		return from, to, false
	}
	switch m["unit"][0] {
	case 'j', 'd':
		from = addDays(r.today, n)
	case 's', 'w':
		from = addDays(r.today, 7*n)
	case 'm':
		from = r.today.AddDate(0, n, 0)
	default:
		from = r.today.AddDate(n, 0, 0)
	}
	return from, to, from.Year() <= lastYearShown
}

// readNextWeek is Monday, which is a guess.
func readNextWeek(r *typedReader, _ *language, _ map[string]string) (from, to time.Time, ok bool) {
	from = r.coming(0, false)
	r.doubt("next-week", "date", from)
	return from, to, true
}

// readWeekday reads "mardi", "mardi prochain", "mardi en huit". Of two days that may be meant the other
// one is said.
func readWeekday(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool) {
	from = r.coming(indexOf(l.days, m["w1"]), false)
	switch {
	case m["weeks"] == "en quinze":
		return addDays(from, 14), to, true
	case m["weeks"] != "":
		return addDays(from, 7), to, true
	case from.Weekday() == r.today.Weekday():
		r.doubt("today-too", "date", from)
	case m["next"] != "" && from.Before(addDays(r.coming(0, false), 0)):
		r.doubt("next", "date", from, "other", addDays(from, 7))
	}
	return from, to, true
}
