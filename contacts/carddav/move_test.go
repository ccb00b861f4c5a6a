package carddav_test

import "testing"

func TestACardGetsAnotherName(t *testing.T) {
	s := newServer(t)
	const own = "/dav/contacts/claire/personal/"
	card := func(uid string) string {
		return "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:" + uid + "\r\nFN:Anne\r\nKIND:group\r\nMEMBER:urn:uuid:b\r\nPHOTO:data:image/png;base64,iVBORw0KGgo=\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nEND:VCARD\r\n"
	}
	s.do("PUT", own+"a.vcf", card("a")).want(t, 201)
	s.do("PUT", own+"b.vcf", card("b")).want(t, 201)
	etag := s.do("GET", own+"a.vcf", "").want(t, 200).Header.Get("ETag")
	token := s.do("REPORT", own, syncBody("", "")).want(t, 207, own+"a.vcf").token()
	s.do("MOVE", own+"a.vcf", "", "Destination", own+"c.vcf", "If-Match", `"x"`).want(t, 412)
	s.do("MOVE", own+"a.vcf", "", "Destination", own+"b.vcf", "Overwrite", "F").want(t, 412)
	s.do("MOVE", own+"a.vcf", "", "Destination", own+"b.vcf").want(t, 403, "no-uid-conflict", own+"b.vcf")
	s.do("COPY", own+"a.vcf", "", "Destination", own+"c.vcf").want(t, 403, "no-uid-conflict", own+"a.vcf")
	s.do("PUT", own+"a.vcf", card("c")).want(t, 403, "no-uid-conflict", own+"a.vcf")
	s.do("MOVE", own+"a.vcf", "", "Destination", "/dav/contacts/paul/personal/a.vcf").want(t, 409)
	s.do("MOVE", own+"a.vcf", "", "Destination", own+"c.vcf", "As", "claire+contacts.read").want(t, 403, "need-privileges")
	moved := s.do("MOVE", own+"a.vcf", "", "Destination", s.url+own+"c.vcf", "If-Match", etag).want(t, 201)
	if got := moved.Header.Get("ETag"); got != etag {
		t.Errorf("ETag %s, want that before, %s", got, etag)
	}
	if got := s.do("GET", own+"c.vcf", "").want(t, 200); got.body != card("a") {
		t.Errorf("it became %s", got.body)
	}
	s.do("GET", own+"a.vcf", "").want(t, 404)
	s.do("REPORT", own, syncBody(token, "")).
		want(t, 207, own+"a.vcf</D:href><D:status>HTTP/1.1 404", own+"c.vcf")
	s.do("MOVE", own+"a.vcf", "", "Destination", own+"d.vcf").want(t, 404)
}
