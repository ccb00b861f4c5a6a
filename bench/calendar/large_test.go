package calendar

import "testing"

// BenchmarkLarge asks a calendar of 50,000 events what the first synchronisation of a phone asks, and a week: the
// answers must be streamed, as peak-MiB tells.
func BenchmarkLarge(b *testing.B) {
	const large = 50_000
	site, _ := newSite(b, large)
	for _, one := range []struct{ name, method, body string }{
		{"propfind", "PROPFIND", listBody},
		{"first-sync", "REPORT", syncAllBody},
		{"week", "REPORT", weekBody},
		{"everything-with-data", "REPORT", allBody},
	} {
		b.Run(one.name, func(b *testing.B) {
			measure(b, 207, func(int) *discard { return ask(site, one.method, base, one.body) })
		})
	}
}

const (
	syncAllBody = `<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>`
	allBody     = `<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`
)
