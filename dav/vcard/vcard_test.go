package vcard

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

// text joins lines as a phone sends them.
func text(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

func card(lines ...string) string {
	return text(append(append([]string{"BEGIN:VCARD"}, lines...), "END:VCARD")...)
}

func parsed(t *testing.T, octets string) *Card {
	t.Helper()
	c, err := Parse([]byte(octets))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fromPhone is a 3.0 card as iOS writes it, with what only iOS knows.
var fromPhone = card("VERSION:3.0", "PRODID:-//Apple Inc.//iPhone OS 18.1//EN", "N:Le Goff;Camille;;;", "FN:Camille Le Goff",
	"ORG:Mairie\\, annexe;Voirie", "EMAIL;type=INTERNET;type=WORK;type=pref:camille@bourg.example",
	"item1.TEL;type=pref:+33 2 61 91 01 42", "item1.X-ABLabel:_$!<Other>!$_", "TEL;type=CELL;type=VOICE:06 39 98 01 24",
	"BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ", " SkZJRg==", "GEO:47.2;-1.5",
	"X-Strange;X-P=\"a;b\":valeur\\, brute", "REV:2026-11-29T08:05:00Z", "UID:8E1B4A52-1B5C-4B0F-9C60-7B1B5B0C0D11")

func TestACardIsReadWithWhatItIsKnownBy(t *testing.T) {
	c := parsed(t, fromPhone)
	if c.Version != V3 || c.UID != "8E1B4A52-1B5C-4B0F-9C60-7B1B5B0C0D11" || c.Name != "Camille Le Goff" {
		t.Errorf("read %q %q %q", c.Version, c.UID, c.Name)
	}
	tel := c.Properties("TEL")
	if len(tel) != 2 || tel[0].Group != "item1" || !tel[1].HasType("cell") || tel[1].Value != "06 39 98 01 24" {
		t.Errorf("telephones %+v", tel)
	}
	if got := c.Properties("X-STRANGE")[0]; got.Text() != "valeur, brute" || got.Values("X-P")[0] != "a;b" {
		t.Errorf("unknown property %+v", got)
	}
	if diff := cmp.Diff(fromPhone, string(c.Encode())); diff != "" {
		t.Errorf("not written as it came:\n%s", diff)
	}
}

func TestAnotherVersionChangesOnlyWhatItWritesDifferently(t *testing.T) {
	want := card("VERSION:4.0", "PRODID:-//Apple Inc.//iPhone OS 18.1//EN", "N:Le Goff;Camille;;;", "FN:Camille Le Goff",
		"ORG:Mairie\\, annexe;Voirie", "EMAIL;TYPE=WORK;PREF=1:camille@bourg.example",
		"item1.TEL;PREF=1:+33 2 61 91 01 42", "item1.X-ABLabel:_$!<Other>!$_", "TEL;TYPE=CELL:06 39 98 01 24",
		"BDAY:--0412", "PHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRg==", "GEO:geo:47.2,-1.5",
		"X-Strange;X-P=\"a;b\":valeur\\, brute", "REV:20261129T080500Z", "UID:8E1B4A52-1B5C-4B0F-9C60-7B1B5B0C0D11")
	four := parsed(t, fromPhone).As(V4)
	if diff := cmp.Diff(want, string(four.Encode())); diff != "" {
		t.Errorf("3.0 as 4.0:\n%s", diff)
	}
	want = card("VERSION:3.0", "PRODID:-//Apple Inc.//iPhone OS 18.1//EN", "N:Le Goff;Camille;;;", "FN:Camille Le Goff",
		"ORG:Mairie\\, annexe;Voirie", "EMAIL;TYPE=WORK,PREF:camille@bourg.example",
		"item1.TEL;TYPE=PREF:+33 2 61 91 01 42", "item1.X-ABLabel:_$!<Other>!$_", "TEL;TYPE=CELL:06 39 98 01 24",
		"BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRg==", "GEO:47.2;-1.5",
		"X-Strange;X-P=\"a;b\":valeur\\, brute", "REV:2026-11-29T08:05:00Z", "UID:8E1B4A52-1B5C-4B0F-9C60-7B1B5B0C0D11")
	if diff := cmp.Diff(want, string(parsed(t, string(four.Encode())).As(V3).Encode())); diff != "" {
		t.Errorf("and back:\n%s", diff)
	}
}

func TestAnOldVersionGetsWhatItDemands(t *testing.T) {
	c := parsed(t, card("VERSION:4.0", "UID:urn:uuid:1", "KIND:group", "FN:Élus, adjoints", "MEMBER:urn:uuid:2",
		`TEL;VALUE=uri;TYPE="voice,home";PREF=1:tel:+33-2-61-91-01-42;ext=5`, "PHOTO;MEDIATYPE=image/png:https://bourg.example/x.png"))
	want := card("VERSION:3.0", "UID:urn:uuid:1", "X-ADDRESSBOOKSERVER-KIND:group", "FN:Élus, adjoints", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:2",
		"TEL;TYPE=voice,home,PREF:+33-2-61-91-01-42", "PHOTO;VALUE=uri:https://bourg.example/x.png", `N:Élus\, adjoints;;;;`)
	if diff := cmp.Diff(want, string(c.As(V3).Encode())); diff != "" {
		t.Error(diff)
	}
}

func TestAHostileCardIsRefusedWithASentence(t *testing.T) {
	ok := []string{"VERSION:3.0", "UID:u", "FN:x"}
	with := func(lines ...string) string { return card(append(ok[:3:3], lines...)...) }
	for sentence, octets := range map[string]string{
		"a card starts with":      "",
		"a card starts with ":     "BEGIN:VCALENDAR\r\n",
		"END:VCARD is missing":    "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\n",
		"END:VCARD expected":      with("END:VEVENT"),
		"inside of a card":        with("BEGIN:VCARD"),
		"only one card":           with() + with(),
		"one VERSION":             card("UID:u", "FN:x"),
		"version \"2.1\" is not":  card("VERSION:2.1", "UID:u", "N:x"),
		"one UID":                 card("VERSION:3.0", "FN:x"),
		"one UID, this one has 2": with("UID:v"),
		"a UID has at most":       card("VERSION:3.0", "UID:"+strings.Repeat("u", 2000)),
		"no UTF-8":                with("NOTE:\xe9"),
		"no UTF-8 ":               with("NOTE:a\x00b"),
		"no property":             with("TEL;TYPE=cell"),
		"no property ":            with("TEL;TYPE=\"cell:06"),
		"no property  ":           with("un nom:x"),
		"no property   ":          with("TEL" + strings.Repeat(";TYPE=x", 60) + ":06"),
		"no property    ":         with("TEL;TYPE=" + strings.Repeat("x", 9000) + ":06"),
		"has more than":           with("FN:" + strings.Repeat("x", 70_000)),
		"at most 2000 properties": with(strings.Split(strings.Repeat("TEL:1\n", 2001), "\n")...),
		"bytes; at most":          with("NOTE:" + strings.Repeat("x", MaxSize)),
	} {
		_, err := Parse([]byte(octets))
		var refused *Refusal
		if !errors.As(err, &refused) || !errors.Is(err, portal.ErrInvalid) || !strings.Contains(refused.Text, strings.TrimSpace(sentence)) {
			t.Errorf("%.60q: %v, want a refusal with %q", octets, err, sentence)
		}
	}
}

func TestOurOwnLinesAreFoldedBetweenCharacters(t *testing.T) {
	long := strings.Repeat("é😀", 60)
	octets := New(V4, Property{Name: "UID", Value: "u"}, Property{Name: "NOTE", Params: []Param{{"X-P", []string{`a"b;c`}}}, Value: Escape(long + "\n;")}).Encode()
	for part := range strings.SplitSeq(string(octets), "\r\n") {
		if len(part) > 75 || strings.ToValidUTF8(part, "") != part {
			t.Errorf("line of %d bytes: %q", len(part), part)
		}
	}
	note := parsed(t, string(octets)).Properties("NOTE")[0]
	if note.Text() != long+"\n;" || note.Params[0].Values[0] != "ab;c" {
		t.Errorf("read again as %+v", note)
	}
}

func TestAPartOfACard(t *testing.T) {
	got := string(parsed(t, fromPhone).Only(map[string]bool{"FN": false, "UID": false, "PHOTO": true}))
	want := card("VERSION:3.0", "FN:Camille Le Goff", "PHOTO;ENCODING=b;TYPE=JPEG:", "UID:8E1B4A52-1B5C-4B0F-9C60-7B1B5B0C0D11")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(fromPhone))
	f.Add([]byte(card("VERSION:4.0", "UID:u", `TEL;VALUE=uri;TYPE="voice,home":tel:+33`, "BDAY:--0412", "PHOTO:data:image/png;base64,AAAA", "GEO:geo:1,2,3", "KIND:group")))
	f.Add([]byte("\xef\xbb\xbfBEGIN:VCARD\n\nVERSION:3.0\nUID:u\nNOTE:a\n \xc3\n \xa9\nTEL;HOME:1\nEND:VCARD"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		c, err := Parse(octets)
		if err != nil {
			return
		}
		for _, version := range []Version{V3, V4} {
			written := c.As(version).Encode()
			if len(written) > MaxSize {
				continue
			}
			again, err := Parse(written)
			if err != nil {
				t.Fatalf("as %s it can't be read: %v\n%q", version, err, written)
			}
			if again.UID != c.UID || c.Name != "" && again.Name != c.Name {
				t.Errorf("as %s it is %q %q, was %q %q", version, again.UID, again.Name, c.UID, c.Name)
			}
		}
	})
}
