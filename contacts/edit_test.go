package contacts

import (
	"errors"
	"strings"
	"testing"

	"parvis/dav"
	"parvis/portal"
)

// edited is a card of lines after its form came back as it was but for change.
func edited(t *testing.T, lines string, change func(d *Draft)) (string, error) {
	t.Helper()
	ctx, s := t.Context(), newStore(t)
	octets := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\n" + lines + "END:VCARD\r\n"
	if _, err := s.Put(ctx, anne, "anne", "u.vcf", []byte(octets), dav.Conditions{}); err != nil {
		t.Fatal(err)
	}
	d, etag, err := s.Draft(ctx, anne, "anne", "u.vcf")
	if err != nil {
		t.Fatal(err)
	}
	change(&d)
	err = s.Change(ctx, anne, "anne", "u.vcf", etag, d)
	c, missing := s.Contact(ctx, anne, "anne", "u.vcf")
	if missing != nil {
		t.Fatal(missing)
	}
	return string(c.Octets), err
}

// TestWhatAFormKeeps of a card, beside what it shows.
func TestWhatAFormKeeps(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		change      func(d *Draft)
		want        string // of the card, "" for the refusal of a card without name
	}{
		{
			"a full name that is not that of the organisation", "N:;;;;\r\nFN:Standard\r\nORG:Mairie de Bour\r\n",
			func(d *Draft) { d.Organisation = "Mairie de Bourg" }, "FN:Standard\r\nORG:Mairie de Bourg\r\n",
		},
		{
			"a full name that is that of the organisation follows it", "N:;;;;\r\nFN:Mairie de Bour\r\nORG:Mairie de Bour\r\n",
			func(d *Draft) { d.Organisation = "Mairie de Bourg" }, "FN:Mairie de Bourg\r\nORG:Mairie de Bourg\r\n",
		},
		{
			"a card with a full name alone can be changed", "N:;;;;\r\nFN:Standard\r\nTEL:02 61 91 01 00\r\n",
			func(d *Draft) { d.Phones[0].Value = "02 61 91 01 01" }, "FN:Standard\r\nTEL:02 61 91 01 01\r\n",
		},
		{
			"a name that is taken away is asked for", "N:Dupré;Anne;;;\r\nFN:Anne Dupré\r\n",
			func(d *Draft) { d.Given, d.Family = "", "" }, "",
		},
		{
			"empty lines of what is not changed", "N:D;A;;;\r\nFN:A D\r\nORG:;\r\nTEL:\r\nX-ABUID:x\r\n",
			func(d *Draft) { d.Title = "Maire" }, "ORG:;\r\nTEL:\r\nX-ABUID:x\r\n",
		},
		{
			"a text typed over an encoded one is none", "N:D;A;;;\r\nFN:A D\r\nTITLE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Charg=E9\r\n",
			func(d *Draft) { d.Title = "Chargé de =41" }, "TITLE:Chargé de =41\r\n",
		},
	} {
		got, err := edited(t, c.lines, c.change)
		var fields portal.FieldErrors
		if c.want == "" && !errors.As(err, &fields) || c.want != "" && (err != nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %v\n%s", c.name, err, got)
		}
	}
}

// TestMembersWithLongNames that begin alike are taken: a program has no other way to write its group.
func TestMembersWithLongNames(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	long := strings.Repeat("a", maxName)
	group := "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:g\r\nKIND:group\r\nFN:G\r\nMEMBER:" + long + "1\r\nMEMBER:" + long + "2\r\nEND:VCARD\r\n"
	if _, err := s.Put(ctx, anne, "anne", "g.vcf", []byte(group), dav.Conditions{}); err != nil {
		t.Errorf("a group whose members have long names is refused: %v", err)
	}
}

// A form of more numbers than it holds is refused: those beyond would be lost without a word.
func TestAFormOfTooManyNumbersIsRefused(t *testing.T) {
	d := Draft{Family: "Petit"}
	for range maxReach {
		d.Phones = append(d.Phones, DraftReach{Value: "0238000000"})
	}
	if err := d.check(Person{}); err != nil {
		t.Fatal(err)
	}
	d.Phones = append(d.Phones, DraftReach{Value: "0238000001"})
	if err := d.check(Person{}); err == nil {
		t.Error("it is taken")
	}
}
