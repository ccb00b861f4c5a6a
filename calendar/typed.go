package calendar

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"parvis/portal/i18n"
)

// maxTyped is the longest line that is read, in characters; what follows is not.
const maxTyped = 500

// typed is what one line says of an event to be: "réunion mardi 14h salle du conseil".
type typed struct {
	Draft
	Doubts []doubt // what was guessed, or may mean something else: to be shown, never silent
}

// doubt is a sentence of the catalogue; its arguments are name, value pairs. A day is a time.Time.
type doubt struct {
	Key  string
	Args []any
}

// readTyped reads a line in the reader's language, or in the other one where that says more of when.
// now is in the reader's zone.
func readTyped(text string, lang i18n.Language, now time.Time) typed {
	own, other := newTypedReader(text, now), newTypedReader(text, now)
	first, second := frenchLine, englishLine
	if lang == i18n.English {
		first, second = englishLine, frenchLine
	}
	own.all(first)
	if other.all(second); other.understood() > own.understood() {
		own = other
	}
	return own.result()
}

// language is how one language writes what a line may hold.
type language struct {
	duration, untilDay, rhythm, noRhythm *regexp.Regexp
	dates                                []datePattern
	clockRange, clock, about             *regexp.Regexp
	periods                              []period
	units                                map[string]int // of durations, in minutes
	numbers                              map[string]int
	rhythms                              map[string]Every // by the first letters of what repeats
	days                                 []string         // Monday first, by their first letters
	months                               []string
}

// datePattern is one way to write a day, or two.
type datePattern struct {
	re   *regexp.Regexp
	read func(r *typedReader, l *language, m map[string]string) (from, to time.Time, ok bool)
}

// period is a part of the day, in minutes.
type period struct {
	re       *regexp.Regexp
	from, to int // equal for the whole day
}

// typedReader reads one line: what is understood is taken out of it, and the rest is the title.
type typedReader struct {
	text   []rune
	folded []byte // as long: lower case ASCII without accents, '~' for the rest, '\n' for what was taken
	now    time.Time
	today  time.Time

	from, to   time.Time // days, both included
	begin, end int       // minutes of the day, -1 for none
	days       int       // how many a duration names
	minutes    int
	whole      bool
	every      Every
	until      time.Time
	doubts     []doubt
	said       int // where what says when ends
	// fallback is the hours that the word of the day stands for, when no other is written.
	fallback *fallback
}

type fallback struct {
	text     string
	from, to int
}

func newTypedReader(text string, now time.Time) *typedReader {
	r := &typedReader{now: now, today: midnight(now), begin: -1, end: -1}
	r.text = []rune(strings.Join(strings.Fields(text), " "))
	r.text = r.text[:min(len(r.text), maxTyped)]
	for _, c := range r.text {
		r.folded = append(r.folded, foldRune(c))
	}
	r.folded = bytes.ReplaceAll(r.folded, []byte("apres-midi"), []byte("apres_midi")) // which has no noon in it
	return r
}

// foldRune is a letter as patterns write it.
func foldRune(c rune) byte {
	switch c {
	case '’', '‘':
		return '\''
	case '–', '—', '‑', '→':
		return '-'
	}
	c = unicode.ToLower(c)
	if c >= 0x80 {
		c = []rune(norm.NFD.String(string(c)))[0]
	}
	if c < ' ' || c >= 0x7f {
		return '~'
	}
	return byte(c)
}

// understood counts what is known of when.
func (r *typedReader) understood() int {
	return boolToInt(!r.from.IsZero()) + boolToInt(r.begin >= 0) + boolToInt(r.every != Once) + boolToInt(r.days+r.minutes > 0 || r.whole)
}

func (r *typedReader) doubt(key string, args ...any) {
	r.doubts = append(r.doubts, doubt{"calendar.typed." + key, args})
}

// find is the first match of a pattern with its groups by name, nil for none.
func (r *typedReader) find(re *regexp.Regexp) (at []int, groups map[string]string) {
	at = re.FindSubmatchIndex(r.folded)
	if at == nil {
		return nil, nil
	}
	groups = map[string]string{}
	for i, name := range re.SubexpNames() {
		name = strings.TrimRight(name, "_") // where two ways to write it name the same
		if name != "" && at[2*i] >= 0 && groups[name] == "" {
			groups[name] = string(r.folded[at[2*i]:at[2*i+1]])
		}
		if name == "after" { // only looked at
			at[1] = at[2*i]
		}
	}
	return at[:2], groups
}

// take takes a match out of the line and returns it as it was typed.
func (r *typedReader) take(at []int) string {
	for i := at[0]; i < at[1]; i++ {
		r.folded[i] = '\n'
	}
	r.said = max(r.said, at[1])
	return strings.Trim(string(r.text[at[0]:at[1]]), " ,")
}

// all reads a line in a language. The order matters: "pendant 2h" is no hour, "mardi 3" no duration.
func (r *typedReader) all(l *language) {
	r.readDuration(l)
	r.readRhythm(l)
	r.readDates(l)
	r.readClocks(l)
	r.readPeriods(l)
	if f := r.fallback; f != nil && r.begin < 0 && !r.whole {
		r.begin, r.end = f.from, f.to
		r.doubt("period", "text", f.text, "from", f.from, "to", f.to)
	}
}

func (r *typedReader) readDuration(l *language) {
	at, m := r.find(l.duration)
	if at == nil {
		return
	}
	n, ok := number(l, m["n"])
	unit := l.units[firstOf(m["unit"], l.units)]
	if !ok || n < 1 || n > 366 || unit == 0 {
		return
	}
	r.take(at)
	extra, _ := strconv.Atoi(m["m"])
	if m["half"] != "" {
		extra = unit / 2
	}
	if unit >= 24*60 {
		r.days = n * unit / (24 * 60)
		return
	}
	r.minutes = n*unit + extra
}

// firstOf is the key with which a word begins, "" for none.
func firstOf[T any](word string, keys map[string]T) string {
	best := ""
	for key := range keys {
		if strings.HasPrefix(word, key) && len(key) > len(best) {
			best = key
		}
	}
	return best
}

func number(l *language, word string) (int, bool) {
	if n, ok := l.numbers[word]; ok {
		return n, true
	}
	n, err := strconv.Atoi(word)
	return n, err == nil
}

// indexOf is which of some names a word begins like, -1 for none.
func indexOf(names []string, word string) int {
	return slices.IndexFunc(names, func(name string) bool { return word != "" && strings.HasPrefix(word, name) })
}

// readRhythm reads "tous les lundis … jusqu’au 30 juin".
func (r *typedReader) readRhythm(l *language) {
	if at, _ := r.find(l.noRhythm); at != nil {
		r.doubt("rhythm", "text", r.take(at))
		return
	}
	at, m := r.find(l.rhythm)
	if at == nil {
		return
	}
	r.take(at)
	switch {
	case m["day"] != "":
		r.every = Weekly
		r.from = r.coming(indexOf(l.days, m["day"]), true)
	case m["n"] != "":
		n, _ := strconv.Atoi(m["n"])
		r.every, r.from = Monthly, r.dayOfMonth(n)
	default:
		r.every = l.rhythms[firstOf(m["unit"], l.rhythms)]
	}
	if r.every == Once {
		r.every = Daily
	}
	at, _ = r.find(l.untilDay)
	if at == nil {
		return
	}
	rest := &typedReader{text: r.text[at[1]:], folded: slices.Clone(r.folded[at[1]:]), now: r.now, today: r.today}
	if first, ok := rest.readDate(l); ok && first[0] <= 1 {
		r.until = rest.from
		if rest.from = rest.to; !rest.from.IsZero() {
			r.until = rest.to
		}
		r.take([]int{at[0], at[1] + first[1]})
	}
}

// readDates takes the first day, or days, and says when there are others.
func (r *typedReader) readDates(l *language) {
	rhythmDay := r.from
	if _, ok := r.readDate(l); !ok {
		if r.from.IsZero() && r.every != Once {
			r.from = r.today
		}
		return
	}
	if !rhythmDay.IsZero() && r.every == Weekly && r.from.Weekday() != rhythmDay.Weekday() {
		r.doubt("weekday", "date", r.from, "day", rhythmDay.Weekday())
	}
	other := *r
	other.folded, other.doubts = slices.Clone(r.folded), nil
	if at, ok := other.readDate(l); ok {
		r.doubt("other-day", "text", strings.Trim(string(r.text[at[0]:at[1]]), " ,"))
	}
}

// readDate reads the day that is written first, and where; ok is false when there is none.
func (r *typedReader) readDate(l *language) (first []int, ok bool) {
	type match struct {
		at     []int
		groups map[string]string
		datePattern
	}
	var found []match
	for _, p := range l.dates {
		if at, groups := r.find(p.re); at != nil {
			found = append(found, match{at, groups, p})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int {
		if a.at[0] != b.at[0] {
			return a.at[0] - b.at[0]
		}
		return b.at[1] - a.at[1]
	})
	for _, m := range found {
		doubts := len(r.doubts)
		from, to, ok := m.read(r, l, m.groups)
		if !ok {
			if len(r.doubts) > doubts { // it can be nothing else: no pattern may read a part of it
				return nil, false
			}
			continue
		}
		r.from, r.to = from, to
		r.take(m.at)
		return m.at, true
	}
	return nil, false
}

// coming is the next day of a name, today's own only in a rhythm.
func (r *typedReader) coming(weekday int, orToday bool) time.Time {
	ahead := (weekday - (int(r.today.Weekday())+6)%7 + 7) % 7
	if ahead == 0 && !orToday {
		ahead = 7
	}
	return addDays(r.today, ahead)
}

// dayOfMonth is the next day of a number, in this month or a later one that has it.
func (r *typedReader) dayOfMonth(n int) time.Time {
	for i := range 4 {
		year, month := r.today.Year(), r.today.Month()+time.Month(i)
		t := time.Date(year, month, n, 0, 0, 0, 0, r.today.Location())
		if t.Day() == n && !t.Before(r.today) {
			return t
		}
	}
	return time.Time{}
}

// date is a day of a month; without a year the next one. What is no day is said to be none.
func (r *typedReader) date(day, month int, year, asTyped string) (time.Time, bool) {
	y := r.today.Year()
	given := year != ""
	if given {
		y, _ = strconv.Atoi(year)
		if y < 100 {
			y += 2000
		}
	}
	t := time.Date(y, time.Month(month), day, 0, 0, 0, 0, r.today.Location())
	if !given && t.Before(r.today) {
		t = time.Date(y+1, time.Month(month), day, 0, 0, 0, 0, r.today.Location())
	}
	if month < 1 || month > 12 || t.Day() != day || y < firstYearShown || y > lastYearShown {
		r.doubt("no-such-day", "text", asTyped)
		return time.Time{}, false
	}
	return t, true
}

// checkWeekday says when a day is not that of its name.
func (r *typedReader) checkWeekday(l *language, name string, t time.Time) {
	if i := indexOf(l.days, name); i >= 0 && (int(t.Weekday())+6)%7 != i {
		r.doubt("weekday", "date", t, "day", time.Weekday((i+1)%7))
	}
}

// readClocks reads the hours.
func (r *typedReader) readClocks(l *language) {
	if at, m := r.find(l.clockRange); at != nil {
		begin, ok1 := clockOf(m["from"], m["to"])
		end, ok2 := clockOf(m["to"], "")
		if ok1 && ok2 {
			r.take(at)
			r.begin, r.end = begin, end
		}
	}
	if at, m := r.find(l.clock); at != nil && r.begin < 0 {
		if begin, ok := clockOf(m["from"], ""); ok {
			r.take(at)
			r.begin = r.plausible(begin, m["from"])
		}
	}
	if r.begin < 0 {
		return
	}
	if at, _ := r.find(l.about); at != nil {
		r.doubt("about", "text", r.take(at))
	}
	if at, m := r.find(l.clock); at != nil {
		if _, ok := clockOf(m["from"], ""); ok {
			r.doubt("other-hour", "text", strings.TrimSpace(string(r.text[at[0]:at[1]])))
		}
	}
}

// plausible is an hour as people mean it: of a day at work, "at 3" is in the afternoon, and "2h" may be.
func (r *typedReader) plausible(minutes int, word string) int {
	if minutes >= 7*60 || minutes == 0 || strings.ContainsAny(word, ":m") {
		return minutes
	}
	if onlyDigits(word) {
		r.doubt("afternoon", "hour", minutes+12*60)
		return minutes + 12*60
	}
	r.doubt("night", "hour", minutes, "other", minutes+12*60)
	return minutes
}

func onlyDigits(word string) bool { _, ok := digits(word); return ok && word != "" }

// clockWord is what clockOf reads: 9, 9h, 9h30, 9:30, 9 am, 9:30pm, and names.
var clockWord = regexp.MustCompile(`^(\d{1,2})(?: ?(?:h|heures?)(?: ?(\d\d))?|:(\d\d))? ?(am|pm)?$`)

// clockOf reads an hour in minutes of the day. A bare number takes am or pm of the hour that follows
// it in a range.
func clockOf(word, next string) (minutes int, ok bool) {
	switch word {
	case "midi", "noon":
		return 12 * 60, true
	case "midi et demi", "midi et demie":
		return 12*60 + 30, true
	case "minuit", "midnight":
		return 0, true
	}
	m := clockWord.FindStringSubmatch(word)
	if m == nil {
		return 0, false
	}
	hour, _ := strconv.Atoi(m[1])
	minute, _ := strconv.Atoi(m[2] + m[3])
	half := m[4]
	if half == "" && strings.HasSuffix(next, "m") && hour <= 12 {
		half = next[len(next)-2:]
		if end, ok := clockOf(next, ""); ok && half == "pm" && hour%12*60+minute+12*60 > end {
			half = "am" // "11-1pm" begins before noon
		}
	}
	if half != "" && (hour < 1 || hour > 12) || hour > 24 || minute > 59 || hour == 24 && minute > 0 {
		return 0, false
	}
	if half != "" {
		hour %= 12
	}
	if half == "pm" {
		hour += 12
	}
	return hour*60 + minute, true
}

// readPeriods reads "demain matin", "toute la journée".
func (r *typedReader) readPeriods(l *language) {
	for _, p := range l.periods {
		at, _ := r.find(p.re)
		if at == nil || r.whole {
			continue
		}
		if p.from == p.to {
			r.take(at)
			r.whole = r.begin < 0
			continue
		}
		if r.from.IsZero() || !isTaken(r.folded, at[0]) {
			continue // "réunion du matin" is a title
		}
		text := r.take(at)
		switch {
		case r.begin < 0:
			r.begin, r.end = p.from, p.to
			r.doubt("period", "text", text, "from", p.from, "to", p.to)
		case r.begin < 12*60 && p.from >= 12*60: // "demain après-midi à 3h"
			r.begin += 12 * 60
			r.dropDoubt("night")
			if r.end >= 0 && r.end < 12*60 {
				r.end += 12 * 60
			}
		}
	}
}

func (r *typedReader) dropDoubt(key string) {
	r.doubts = slices.DeleteFunc(r.doubts, func(d doubt) bool { return d.Key == "calendar.typed."+key })
}

// isTaken says whether what stands before a place was taken out of the line.
func isTaken(folded []byte, at int) bool {
	for at--; at >= 0 && folded[at] == ' '; at-- {
	}
	return at >= 0 && folded[at] == '\n'
}

// result makes an event of what was read.
func (r *typedReader) result() typed {
	t := typed{}
	t.Title, t.Location = r.rest()
	t.Repeat = Repeat{Every: r.every, Until: r.until}
	r.fillDay()
	if r.whole || r.begin < 0 {
		r.wholeDays(&t)
	} else {
		r.hours(&t)
	}
	if !r.to.IsZero() && r.to.Before(r.from) || !r.until.IsZero() && r.until.Before(r.from) {
		r.doubt("backwards")
	}
	if r.from.Before(r.today) {
		r.doubt("past", "date", r.from)
	}
	if t.Title == "" {
		r.doubt("no-title")
	}
	t.Doubts = r.doubts
	return t
}

// fillDay chooses a day when none is written.
func (r *typedReader) fillDay() {
	if !r.from.IsZero() {
		return
	}
	r.from = r.today
	if r.begin >= 0 && r.begin <= minuteOfDay(r.now) || r.begin < 0 && !r.whole {
		r.from = addDays(r.today, 1)
	}
	r.doubt("no-day", "date", r.from)
}

func (r *typedReader) wholeDays(t *typed) {
	t.AllDay, t.Start = true, r.from
	last := later(r.from, r.to)
	if r.days > 1 && r.to.IsZero() {
		last = addDays(r.from, r.days-1)
	}
	t.End = addDays(last, 1)
	if !r.whole && r.to.IsZero() && r.days == 0 {
		r.doubt("no-hour")
	}
	if r.minutes > 0 {
		r.doubt("no-begin")
	}
}

func (r *typedReader) hours(t *typed) {
	at := func(day time.Time, minutes int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), 0, minutes, 0, 0, day.Location())
	}
	t.Start = at(r.from, r.begin)
	last := later(r.from, r.to)
	if r.days > 1 {
		last = addDays(r.from, r.days-1)
	}
	switch {
	case r.end < 0 && r.minutes > 0:
		t.End = t.Start.Add(time.Duration(r.minutes) * time.Minute)
	case r.end < 0:
		t.End = t.Start.Add(time.Hour)
		if !last.Equal(r.from) {
			t.End = at(last, r.begin+60)
		}
	default:
		t.End = at(last, r.end)
		if !t.End.After(t.Start) {
			t.End = at(addDays(last, 1), r.end)
		}
	}
	if hours := t.End.Sub(t.Start).Hours(); hours > 12 || !last.Equal(r.from) {
		r.doubt("long", "from", r.from, "to", t.End)
	}
}

// rest is the title and the place: what was not taken.
func (r *typedReader) rest() (title, place string) {
	var fragments []string
	for start := 0; start < len(r.folded); {
		if r.folded[start] == '\n' {
			start++
			continue
		}
		end := start
		for end < len(r.folded) && r.folded[end] != '\n' {
			end++
		}
		fragment, where := r.fragment(start, end, len(fragments) > 0)
		if where != "" && place == "" {
			place = where
		}
		if fragment != "" {
			fragments = append(fragments, fragment)
		}
		start = end
	}
	return capital(strings.Join(fragments, " ")), place
}

// placeLead is how a place is led in, where what says when ends or before its noun.
var (
	placeNoun = regexp.MustCompile(`(?:^|[ ,])(?:(?:a la|a l'|au|en|dans la|dans le|in the|in|at the|at|@|lieu ?:) ?)?\b(salle|bureau|mairie|amphi|amphitheatre|hall|gymnase|mediatheque|maison|visio|visioconference|teams|room|office|town hall|meeting room|council chamber)\b`)
	placeLead = regexp.MustCompile(`^[ ,]*(?:(?:a la|au|aux|a|en|dans la|dans le|in the|in|at the|at) |(?:a l'|dans l') ?|(?P<kept>chez ))`)
	placeIn   = regexp.MustCompile(`(?:^| )(?:@ ?|lieu ?: ?)`)
	ofPlace   = regexp.MustCompile(`(?:^|[ '])(?:de|du|des|la|le|les|l|d|un|une|notre|the|a|of)[ ']?$`)
	loose     = regexp.MustCompile(`(?:^|[ ,])(?:le|a|de|du|au|on|at|from|the|l|les|pour le|for|par)$`)
)

// fragment is what one uncut part of the line says: text, and a place that follows it.
func (r *typedReader) fragment(start, end int, titled bool) (text, place string) {
	folded := string(r.folded[start:end])
	write := func(from, to int) string {
		return strings.Trim(string(r.text[start+from:start+to]), " ,;:-–.()")
	}
	if at := placeIn.FindStringIndex(folded); at != nil {
		return write(0, at[0]), write(at[1], len(folded))
	}
	if at := placeNoun.FindStringSubmatchIndex(folded); at != nil {
		before := strings.TrimRight(folded[:at[0]], " ,")
		if (before != "" || titled) && !ofPlace.MatchString(before) {
			return write(0, at[0]), write(at[2], len(folded))
		}
	}
	if at := placeLead.FindStringSubmatchIndex(folded); at != nil && titled && start >= r.said && strings.TrimSpace(folded[at[1]:]) != "" {
		if at[2] >= 0 {
			return "", write(at[2], len(folded))
		}
		return "", write(at[1], len(folded))
	}
	if at := loose.FindStringIndex(strings.TrimRight(folded, " ,")); at != nil && end < len(r.folded) {
		return write(0, at[0]), ""
	}
	return write(0, len(folded)), ""
}
