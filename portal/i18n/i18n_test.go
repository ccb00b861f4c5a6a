package i18n_test

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal/i18n"
)

// catalogue loads one room made of the two bodies.
func catalogue(t testing.TB, fr, en string) *i18n.Catalogue {
	t.Helper()
	cat, err := i18n.Load(room(fr, en))
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func room(fr, en string) fstest.MapFS {
	return fstest.MapFS{"locales/fr.json": {Data: []byte(fr)}, "locales/en.json": {Data: []byte(en)}}
}

func printers(t testing.TB) (fr, en *i18n.Printer) {
	cat := catalogue(t, `{}`, `{}`)
	return cat.Printer(i18n.French), cat.Printer(i18n.English)
}

// plain shows the unbreakable spaces: ~ is U+00A0, _ is U+202F.
func plain(s string) string { return strings.NewReplacer("\u00a0", "~", "\u202f", "_").Replace(s) }

func TestASentenceIsFilledFromItsPairs(t *testing.T) {
	cat := catalogue(t,
		`{"hello":"Bonjour {name}","braces":"{{a}} {x}","bold":"<b>{name}</b> et {link}"}`,
		`{"hello":"Hello {name}","braces":"{{a}} {x}","bold":"<b>{name}</b> and {link}"}`)
	fr, en := cat.Printer("fr"), cat.Printer("en")
	for _, test := range []struct{ got, want string }{
		{fr.T("hello", "name", "Élodie"), "Bonjour Élodie"},
		{en.T("hello", "name", "{name}"), "Hello {name}"},
		{fr.T("hello"), "Bonjour {name}"},
		{fr.T("hello", "other", 1, "name", 12000), "Bonjour 12_000"},
		{fr.T("braces", "x", 2), "{a} 2"},
		{fr.T("nothing.here"), "⟦nothing.here⟧"},
		{fr.T("hello", "name"), "Bonjour {name}"},
		{string(fr.TH("bold", "name", "<i>", "link", i18n.ISODate(time.Unix(0, 0).UTC()))), "<b>&lt;i&gt;</b> et 1970-01-01"},
		{string(fr.TH("<b>")), "⟦&lt;b&gt;⟧"},
		{cat.Printer("de").T("hello", "name", "x"), "Bonjour x"},
	} {
		if plain(test.got) != test.want {
			t.Errorf("got %q, want %q", plain(test.got), test.want)
		}
	}
}

func TestPluralsFollowEachLanguage(t *testing.T) {
	cat := catalogue(t,
		`{"unread":{"one":"{n} article de {who}","other":"{n} articles de {who}"}}`,
		`{"unread":{"one":"{n} article by {who}","other":"{n} articles by {who}"}}`)
	for _, test := range []struct {
		lang i18n.Language
		n    int
		want string
	}{
		{"fr", 0, "0 article de x"},
		{"fr", 1, "1 article de x"},
		{"fr", 2, "2 articles de x"},
		{"fr", -1, "−1 article de x"},
		{"fr", 10_000_000, "10_000_000 articles de x"},
		{"fr", 10_000_001, "10_000_001 articles de x"},
		{"en", 0, "0 articles by x"},
		{"en", 1, "1 article by x"},
		{"en", 2418, "2,418 articles by x"},
	} {
		if got := plain(cat.Printer(test.lang).N("unread", test.n, "who", "x")); got != test.want {
			t.Errorf("%s N(%d) = %q, want %q", test.lang, test.n, got, test.want)
		}
	}
}

func TestABrokenCatalogueNamesEveryKeyAtFault(t *testing.T) {
	_, err := i18n.Load(
		room(`{"a":"x","twice":"1","twice":"2","hole":"{n}","form":{"one":"1","other":"2"},"bad":"{no space}"}`,
			`{"b":"x","twice":"1","hole":"{m}","form":"x","bad":"ok","half":{"one":"x"}}`),
		room(`{"a":"again"}`, `{"c":3}`))
	if err == nil {
		t.Fatal("Load accepted a broken catalogue")
	}
	for _, want := range []string{
		"fr.json: twice: key given twice", "fr.json: a: key given twice", "en.json: a: missing", "fr.json: b: missing",
		"hole: placeholders [n] in French, [m] in English", "form: a plural in one language only", "fr.json: bad: bad placeholder",
		"en.json: half: want exactly", "en.json: c: want a string",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
	for _, body := range []string{``, `[]`, `{"a":"x"`, `{"a":"x"} more`, `{"a"`} {
		if _, err := i18n.Load(room(body, `{"a":"x"}`)); err == nil {
			t.Errorf("Load accepted %q", body)
		}
	}
	if _, err := i18n.Load(fstest.MapFS{"fr.json": {Data: []byte(`{}`)}}); err == nil || !strings.Contains(err.Error(), "en.json") {
		t.Errorf("a source without en.json: %v", err)
	}
}

func TestTemplatesAskOnlyForKeysThatExist(t *testing.T) {
	cat := catalogue(t, `{"a":"x","many":{"one":"1","other":"2"}}`, `{"a":"x","many":{"one":"1","other":"2"}}`)
	got, err := cat.Missing(fstest.MapFS{
		"templates/x.html": {Data: []byte(`{{define "x"}}{{t "a"}}{{if t "b"}}{{n "many" 2}}{{else}}{{n "a" 2}}{{end}}{{range .}}{{. | printf (t "c")}}{{end}}{{template "y" (t "d")}}{{end}}`)},
		"templates/x.txt":  {Data: []byte(`{{t "ignored"}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"templates/x.html: a", "templates/x.html: b", "templates/x.html: c", "templates/x.html: d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := cat.Missing(fstest.MapFS{"x.html": {Data: []byte(`{{if}}`)}}); err == nil {
		t.Error("a broken template passed")
	}
}

func TestDatesReadAsEachLanguagePrintsThem(t *testing.T) {
	fr, en := printers(t)
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 9, 35, 0, 0, paris)
	at := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, paris) }
	for _, test := range []struct{ name, got, want string }{
		{"long", fr.DateLong(now, now), "mardi 24~novembre"},
		{"long, other year", fr.DateLong(at(2025, 12, 1, 0, 0), now), "lundi 1er~décembre 2025"},
		{"long en", en.DateLong(at(2025, 12, 1, 0, 0), now), "Monday 1~December 2025"},
		{"first html", string(fr.DateLongHTML(at(2026, 12, 1, 0, 0), now)), "mardi 1<sup>er</sup>~décembre"},
		{"21 html", string(fr.DateHTML(at(2026, 12, 21, 0, 0), now)), "21~décembre"},
		{"short", fr.DateShort(at(2026, 7, 20, 0, 0), now), "20~juil."},
		{"short, other year", fr.DateShort(at(2024, 2, 29, 0, 0), now), "29~févr. 2024"},
		{"no now, year", fr.DateShort(at(2026, 7, 20, 0, 0), time.Time{}), "20~juil. 2026"},
		{"short en", en.DateShort(now, now), "24~Nov"},
		{"UTC read in Paris", fr.DateShort(time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC), now), "24~nov."},
		{"range in a month", fr.DateRange(at(2026, 2, 16, 0, 0), at(2026, 2, 20, 0, 0), now), "16 – 20~févr."},
		{"range over months", fr.DateRange(at(2026, 11, 30, 0, 0), at(2026, 12, 4, 0, 0), now), "30~nov. – 4~déc."},
		{"range over years", fr.DateRange(at(2026, 12, 30, 0, 0), at(2027, 1, 1, 0, 0), now), "30~déc. 2026 – 1er~janv. 2027"},
		{"range of a day", fr.DateRange(now, now, now), "24~nov."},
		{"today", fr.NearDay(at(2026, 11, 24, 23, 59), now), "aujourd’hui"},
		{"tomorrow", fr.NearDay(at(2026, 11, 25, 0, 0), now), "demain"},
		{"yesterday", fr.NearDay(at(2026, 11, 23, 23, 59), now), "hier"},
		{"monday", fr.NearDay(at(2026, 11, 30, 8, 0), now), "lundi"},
		{"in a week", fr.NearDay(at(2026, 12, 1, 8, 0), now), "1er~déc."},
		{"four days ago", fr.NearDay(at(2026, 11, 20, 8, 0), now), "20~nov."},
		{"monday en", en.NearDay(at(2026, 11, 30, 8, 0), now), "Monday"},
		{"moment today", fr.Moment(at(2026, 11, 24, 8, 5), now), "8~h~05"},
		{"moment before", fr.Moment(at(2026, 11, 23, 8, 5), now), "hier"},
		{"near clock", fr.NearClock(at(2026, 11, 20, 16, 40), now), "20~nov., 16~h~40"},
		{"hour", fr.Clock(at(2026, 1, 1, 8, 0)), "8~h"},
		{"midnight", fr.Clock(at(2026, 1, 1, 0, 0)), "0~h"},
		{"hours", fr.ClockRange(at(2026, 1, 1, 9, 0), at(2026, 1, 1, 12, 30)), "9~h – 12~h~30"},
		{"hour en", en.Clock(at(2026, 1, 1, 8, 5)), "8:05"},
		{"month", fr.MonthYear(now), "novembre 2026"},
		{"week", fr.Week(now), "semaine~48"},
		{"short day", fr.DayShort(now), "mar."},
		{"iso", i18n.ISO(now), "2026-11-24T09:35:00+01:00"},
		{"summer time: a 23-hour day", fr.NearDay(at(2026, 3, 29, 23, 0), at(2026, 3, 28, 12, 0)), "demain"},
	} {
		if plain(test.got) != test.want {
			t.Errorf("%s: got %q, want %q", test.name, plain(test.got), test.want)
		}
	}
}

func TestNumbersReadAsEachLanguagePrintsThem(t *testing.T) {
	fr, en := printers(t)
	for _, test := range []struct{ got, want string }{
		{fr.Number(0), "0"},
		{fr.Number(999), "999"},
		{fr.Number(2418), "2_418"},
		{fr.Number(-1234567), "−1_234_567"},
		{fr.Number(12.5), "12,5"},
		{fr.Number(-0.001), "0"},
		{fr.Number(2418.604), "2_418,6"},
		{fr.Number(3.0), "3"},
		{en.Number(1234.5), "1,234.5"},
		{en.Number(1234567), "1,234,567"},
		{en.Number(1234.0), "1,234"},
		{fr.Number(math.Inf(1)), "+Inf"},
		{fr.Number(int64(math.MinInt64)), "−9_223_372_036_854_775_808"},
		{fr.Number("x"), "x"},
		{fr.Signed(1), "+~1"},
		{fr.Signed(-5), "−~5"},
		{fr.Signed(0), "0"},
		{fr.Signed(-0.5), "−~0,5"},
		{en.Signed(1), "+1"},
		{fr.Money(241860), "2_418,60~€"},
		{fr.Money(-5), "−0,05~€"},
		{en.Money(241860), "€2,418.60"},
		{en.Money(-100), "−€1.00"},
		{fr.Size(0), "0~octet"},
		{fr.Size(812), "812~octets"},
		{fr.Size(12 * 1024), "12~Ko"},
		{fr.Size(1468006), "1,4~Mo"},
		{fr.Size(2 << 30), "2,0~Go"},
		{fr.Size(1 << 60), "1_048_576~To"},
		{en.Size(1), "1~byte"},
		{en.Size(1023 * 1024), "1.0~MB"},
		{fr.Duration(25 * time.Minute), "25~min"},
		{fr.Duration(90 * time.Minute), "1~h~30"},
		{fr.Duration(2 * time.Hour), "2~h"},
		{fr.Duration(24 * time.Hour), "1~jour"},
		{fr.Duration(70 * time.Hour), "3~jours"},
		{fr.Duration(-time.Hour), "0~min"},
		{en.Duration(90 * time.Minute), "1~h~30~min"},
	} {
		if plain(test.got) != test.want {
			t.Errorf("got %q, want %q", plain(test.got), test.want)
		}
	}
	now := time.Date(2026, 11, 24, 9, 35, 0, 0, time.UTC)
	for _, test := range []struct {
		in     time.Duration
		fr, en string
	}{
		{25 * time.Minute, "dans~25~min", "in~25~min"}, {-90 * time.Minute, "il y a~1~h~30", "1~h~30~min~ago"}, {10 * time.Second, "maintenant", "now"},
	} {
		if got := plain(fr.Until(now.Add(test.in), now)); got != test.fr {
			t.Errorf("Until(%v) = %q, want %q", test.in, got, test.fr)
		}
		if got := plain(en.Until(now.Add(test.in), now)); got != test.en {
			t.Errorf("Until(%v) = %q, want %q", test.in, got, test.en)
		}
	}
}

func TestTelephonesAreReadByPairsAndDialAbroad(t *testing.T) {
	for _, test := range []struct{ in, text, tel string }{
		{"0261910142", "02~61~91~01~42", "tel:+33261910142"},
		{"02.61.91.01.42", "02~61~91~01~42", "tel:+33261910142"},
		{"+33 2 61 91 01 42", "02~61~91~01~42", "tel:+33261910142"},
		{"+33 (0)2 61 91 01 42", "02~61~91~01~42", "tel:+33261910142"},
		{"0033261910142", "02~61~91~01~42", "tel:+33261910142"},
		{"06 39 98 01 24", "06~39~98~01~24", "tel:+33639980124"},
		{"0639 12 34 56", "06~39~12~34~56", "tel:+262639123456"},
		{"0262 20 30 40", "02~62~20~30~40", "tel:+262262203040"},
		{"+590 590 12 34 56", "05~90~12~34~56", "tel:+590590123456"},
		{"0696123456", "06~96~12~34~56", "tel:+596696123456"},
		{"0594123456", "05~94~12~34~56", "tel:+594594123456"},
		{"3939", "39~39", "tel:3939"},
		{"15", "15", "tel:15"},
		{"115", "115", "tel:115"},
		{"+49 30 1234567", "+49~30~1234567", "tel:+49301234567"},
		{"0049301234567", "0049301234567", "tel:+49301234567"},
		{"poste 42", "poste~42", "tel:42"},
		{"", "", ""},
		{"javascript:alert(1)", "javascript:alert(1)", "tel:1"},
	} {
		if got := plain(i18n.Phone(test.in)); got != test.text {
			t.Errorf("Phone(%q) = %q, want %q", test.in, got, test.text)
		}
		if got := string(i18n.Tel(test.in)); got != test.tel {
			t.Errorf("Tel(%q) = %q, want %q", test.in, got, test.tel)
		}
	}
}

func TestEasterFallsOnItsKnownDays(t *testing.T) {
	for year, want := range map[int]string{2024: "03-31", 2025: "04-20", 2026: "04-05", 2027: "03-28", 2038: "04-25"} {
		if got := i18n.Easter(year).Format("01-02"); got != want {
			t.Errorf("Easter(%d) = %s, want %s", year, got, want)
		}
	}
}

func TestPublicHolidaysFollowTheLawOfEachRegion(t *testing.T) {
	cat := catalogue(t, `{}`, `{}`)
	for _, test := range []struct {
		year   int
		region i18n.Region
		want   string
	}{
		{2026, i18n.Region{}, "0101 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225"},
		{2026, i18n.Region{GoodFriday: true}, "0101 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225"},
		{2026, i18n.Region{AlsaceMoselle: true}, "0101 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225 1226"},
		{2026, i18n.Region{AlsaceMoselle: true, GoodFriday: true}, "0101 0403 0406 0501 0508 0514 0525 0714 0815 1101 1111 1225 1226"},
		{2026, i18n.Region{Overseas: i18n.Mayotte}, "0101 0406 0427 0501 0508 0514 0525 0714 0815 1101 1111 1225"},
		{2026, i18n.Region{Overseas: i18n.Martinique}, "0101 0406 0501 0508 0514 0522 0525 0714 0815 1101 1111 1225"},
		{2026, i18n.Region{Overseas: i18n.Guadeloupe}, "0101 0406 0501 0508 0514 0525 0527 0714 0815 1101 1111 1225"},
		{2026, i18n.Region{Overseas: i18n.Guyane}, "0101 0406 0501 0508 0514 0525 0610 0714 0815 1101 1111 1225"},
		{2026, i18n.Region{Overseas: i18n.Reunion}, "0101 0406 0501 0508 0514 0525 0714 0815 1101 1111 1220 1225"},
		{1997, i18n.Region{}, "0101 0331 0501 0508 0508 0519 0714 0815 1101 1111 1225"},
		{2038, i18n.Region{}, "0101 0426 0501 0508 0603 0614 0714 0815 1101 1111 1225"},
	} {
		var days []string
		for _, holiday := range i18n.PublicHolidays(test.year, test.region) {
			days = append(days, holiday.Date.Format("0102"))
			if !cat.Has(holiday.Key) {
				t.Errorf("no name for %s", holiday.Key)
			}
		}
		if got := strings.Join(days, " "); got != test.want {
			t.Errorf("PublicHolidays(%d, %+v) =\n%s, want\n%s", test.year, test.region, got, test.want)
		}
	}
	if key, ok := i18n.HolidayOn(time.Date(2026, 7, 14, 15, 0, 0, 0, time.UTC), i18n.Region{}); key != "holiday.national" || !ok {
		t.Errorf("14 July is %q, %v", key, ok)
	}
	if key, ok := i18n.HolidayOn(time.Date(2026, 7, 15, 0, 0, 0, 0, time.UTC), i18n.Region{}); ok {
		t.Errorf("15 July is %q", key)
	}
}

func TestEveryDayOfALeapYearHasItsSaint(t *testing.T) {
	count := 0
	for day := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() == 2028; day = day.AddDate(0, 0, 1) {
		name := i18n.SaintOf(day)
		if len(name) < 4 || strings.HasPrefix(name, "S ") || strings.HasPrefix(name, "Ste ") {
			t.Errorf("SaintOf(%s) = %q", i18n.ISODate(day), name)
		}
		count++
	}
	if count != 366 {
		t.Errorf("%d days named, want 366", count)
	}
	for date, want := range map[string]string{
		"2026-01-01": "Jour de l’An", "2026-01-31": "Sainte Marcelle", "2028-02-29": "Saint Auguste", "2026-02-28": "Saint Romain",
		"2026-03-19": "Saint Joseph", "2026-03-31": "Saint Benjamin", "2026-04-23": "Saint Georges", "2026-04-30": "Saint Robert",
		"2026-05-31": "Visitation", "2026-06-24": "Saint Jean-Baptiste", "2026-06-30": "Saint Martial", "2026-07-26": "Saints Anne et Joachim",
		"2026-07-31": "Saint Ignace de Loyola", "2026-08-31": "Saint Aristide", "2026-09-29": "Saint Michel", "2026-10-31": "Saint Quentin",
		"2026-11-24": "Sainte Flora", "2026-11-30": "Saint André", "2026-12-06": "Saint Nicolas", "2026-12-31": "Saint Sylvestre",
	} {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		if got := i18n.SaintOf(day); got != want {
			t.Errorf("SaintOf(%s) = %q, want %q", date, got, want)
		}
	}
}

func TestWeeksStartOnMonday(t *testing.T) {
	for _, test := range []struct {
		year, week int
		want       string
	}{{2026, 48, "2026-11-23"}, {2026, 53, "2026-12-28"}, {2027, 1, "2027-01-04"}, {2025, 1, "2024-12-30"}} {
		if got := i18n.ISODate(i18n.MondayOf(test.year, test.week)); got != test.want {
			t.Errorf("MondayOf(%d, %d) = %s, want %s", test.year, test.week, got, test.want)
		}
	}
	for in, want := range map[string]string{"2026-11-29": "2026-11-23", "2026-11-23": "2026-11-23", "2026-11-30": "2026-11-30"} {
		day, err := time.Parse(time.DateOnly, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := i18n.ISODate(i18n.Monday(day)); got != want {
			t.Errorf("Monday(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestTheBrowserPicksTheLanguage(t *testing.T) {
	for header, want := range map[string]i18n.Language{
		"": "fr", "en-GB,en;q=0.9": "en", "de,en;q=0.5": "en", "fr-CA,en;q=0.5": "fr", "de": "fr", ";;;q": "fr", "en;q=0.1,fr;q=0.9": "fr",
	} {
		if got := i18n.Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
}

func TestTemplatesWriteTelephoneLinksAndRaisedOrdinals(t *testing.T) {
	fr, _ := printers(t)
	page := `<a href="{{tel .Phone}}">{{phone .Phone}}</a> {{dateLong .At .Now}} {{clock .At .Now}} {{lang}}`
	got := render(t, fr, page, map[string]any{
		"Phone": "0261910142", "At": time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC),
		"Now": time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("CET", 3600)),
	})
	want := `<a href="tel:&#43;33261910142">02~61~91~01~42</a> mardi 1<sup>er</sup>~décembre 8~h fr`
	if plain(got) != want {
		t.Errorf("got  %s\nwant %s", plain(got), want)
	}
}
