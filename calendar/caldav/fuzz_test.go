package caldav_test

import (
	"encoding/xml"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzReport sends bodies to a calendar as reports: whatever they hold, the answer is well-formed,
// quick and never a fault of ours.
func FuzzReport(f *testing.F) {
	site, _, _ := newSite(f)
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.SetBasicAuth("claire", "claire")
		r.Header.Set("Depth", "1")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w
	}
	for name, body := range map[string]string{
		"once":   on("once", 10),
		"weekly": event("weekly", "DTSTART;TZID=Europe/Paris:20200106T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY", "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"),
		"day":    event("day", "DTSTART;VALUE=DATE:20261112", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example"),
		"todo":   strings.ReplaceAll(event("todo", "COMPLETED:20261110T120000Z"), "VEVENT", "VTODO"),
	} {
		if got := ask("PUT", own+name+".ics", body); got.Code != 201 {
			f.Fatal(got.Code, got.Body)
		}
	}
	f.Add(ranged("20261101T000000Z", "20261201T000000Z"))
	f.Add(ranged("", "20261201T000000Z"))
	f.Add(query(`<C:comp-filter name="VEVENT" test="anyof"><C:prop-filter name="ATTENDEE"><C:param-filter name="PARTSTAT"><C:text-match collation="i;octet" negate-condition="yes">X</C:text-match></C:param-filter></C:prop-filter><C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter></C:comp-filter>`))
	f.Add(query(`<C:comp-filter name="VTODO"><C:time-range start="20261101T000000Z"/></C:comp-filter>`))
	f.Add(multiget(own+"once.ics", own+"%zz"))
	f.Add(syncBody("", "<limit><nresults>1</nresults></limit>"))
	f.Add(`<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20261110T000000Z" end="20261111T000000Z"/></C:free-busy-query>`)
	f.Add(`<principal-property-search xmlns="DAV:" test="anyof"><property-search><prop><displayname/></prop><match match-type="equals">Agent paul</match></property-search><prop><displayname/></prop></principal-property-search>`)
	f.Add(`<expand-property xmlns="DAV:"><property name="owner"><property name="group-membership"><property name="displayname"/></property></property><property name="x" namespace="urn:&quot;"/></expand-property>`)
	f.Fuzz(func(t *testing.T, body string) {
		start := time.Now()
		for _, at := range [][2]string{{"REPORT", own}, {"PROPFIND", own}, {"REPORT", "/dav/principals/claire/"}} {
			method := at[0]
			got := ask(method, at[1], body)
			if got.Code >= 500 && got.Code != 507 {
				t.Errorf("%s: %d %s", method, got.Code, got.Body)
			}
			if strings.HasPrefix(got.Header().Get("Content-Type"), "application/xml") {
				if err := xml.Unmarshal(got.Body.Bytes(), new(struct{})); err != nil {
					t.Errorf("%s: %v in %s", method, err, got.Body)
				}
			}
		}
		if took := time.Since(start); took > 10*time.Second { // of milliseconds: a busy machine is no fault
			t.Errorf("took %v", took)
		}
	})
}
