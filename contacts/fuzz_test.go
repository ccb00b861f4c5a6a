package contacts

import (
	"bytes"
	"strings"
	"testing"

	"parvis/dav/vcard"
)

// FuzzImport reads files of outside: what is taken is a card with a UID that no other of the file has, and comes
// back the same when the file is read again.
func FuzzImport(f *testing.F) {
	f.Add([]byte("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:A\r\nEND:VCARD\r\nBEGIN:VCARD\nVERSION:4.0\nFN:Sans\nEND:VCARD"))
	f.Add([]byte("\xef\xbb\xbfbegin:vcard\r\nVERSION:2.1\r\nBEGIN:VCARD\r\n BEGIN:VCARD\r\nEND:VCARD"))
	f.Add([]byte("BEGIN:VCARD\nVERSION:3.0\nPHOTO;ENCODING=b:AAAA\nX-ADDRESSBOOKSERVER-KIND:group\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:b\nUID:\nEND:VCARD"))
	f.Fuzz(func(t *testing.T, file []byte) {
		all, again := readFile(file), readFile(file)
		seen := map[string]bool{}
		for i, one := range all {
			if one.reason != "" {
				continue
			}
			if _, err := vcard.Parse(one.octets); err != nil {
				t.Fatalf("a card that is taken: %v", err)
			}
			if one.uid == "" || seen[one.uid] {
				t.Fatalf("UID %q", one.uid)
			}
			seen[one.uid] = true
			if again[i].uid != one.uid || !bytes.Equal(again[i].octets, one.octets) {
				t.Fatalf("read again it is %q, it was %q", again[i].octets, one.octets)
			}
		}
	})
}

// FuzzEdit writes a form over any card: it stays a card with its UID, what is not shown keeps its octets, and a form
// sent as it was read changes nothing.
func FuzzEdit(f *testing.F) {
	f.Add("item1.TEL;TYPE=CELL:06 39 98 01 24\r\nitem1.X-ABLabel:x\r\nN:A;B;;;\r\nFN:B A\r\nBDAY:19800412\r\nADR:;;rue;ville;;1;\r\nORG:a;b", "Éluard", "02 61")
	f.Add("CATEGORIES:a\\,b,c\r\nCATEGORIES:d\r\nNOTE:x\\ny\r\nEMAIL:mailto:a@b.example\r\nTEL;VALUE=uri:tel:+33;ext=1", "a;b,c\\", "")
	f.Fuzz(func(t *testing.T, lines, family, phone string) {
		card, err := vcard.Parse([]byte("BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u\r\nX-KEPT;X=\"a;b\":é\r\n " + "suite\r\n" + lines + "\r\nEND:VCARD\r\n"))
		if err != nil {
			return
		}
		before := string(card.Encode())
		d := draftOf(card)
		d.tidy()
		if got := string(draftOf(card).write(card).Encode()); len(card.Properties("FN")) > 0 && got != before {
			t.Fatalf("a form sent as it came:\n%q\n%q", before, got)
		}
		d.Family, d.Phones = family, append(d.Phones, DraftReach{Kind: "cell", Value: phone})
		if d.judge(personOf(card)) != nil {
			return
		}
		written, err := vcard.Parse(d.write(card).Encode())
		if err != nil || written.UID != "u" {
			t.Fatalf("%v in %q", err, d.write(card).Encode())
		}
		if !strings.Contains(string(written.Encode()), "X-KEPT;X=\"a;b\":é\r\n suite\r\n") {
			t.Fatalf("what is not shown changed: %q", written.Encode())
		}
		_ = indexOf(written)
	})
}
