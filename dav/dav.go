// Package dav is the WebDAV core under calendars, address books and the document library: resources
// with properties, PROPFIND, PROPPATCH, REPORT, sync-collection, preconditions and multistatus
// answers (RFC 4918, 3744, 5689, 6578, 8144). A feature offers a Collection of its resources and a
// Site serves them; what an event or a contact is stays in the feature.
package dav

import "encoding/xml"

// Namespaces that have a prefix in every answer.
const (
	NS               = "DAV:"
	CalDAV           = "urn:ietf:params:xml:ns:caldav"
	CardDAV          = "urn:ietf:params:xml:ns:carddav"
	CalendarServer   = "http://calendarserver.org/ns/"
	AppleICal        = "http://apple.com/ns/ical/"
	declareAllSpaces = ` xmlns:D="` + NS + `" xmlns:C="` + CalDAV + `" xmlns:R="` + CardDAV +
		`" xmlns:S="` + CalendarServer + `" xmlns:A="` + AppleICal + `"`
)

// Name is a name in the namespace DAV:.
func Name(local string) xml.Name { return xml.Name{Space: NS, Local: local} }

// prefix is that of declareAllSpaces, "" for any other namespace.
func prefix(space string) string {
	switch space {
	case NS:
		return "D:"
	case CalDAV:
		return "C:"
	case CardDAV:
		return "R:"
	case CalendarServer:
		return "S:"
	case AppleICal:
		return "A:"
	}
	return ""
}

// Limits of a request body.
const (
	MaxBody  = 10 << 20 // bytes
	maxDepth = 64       // of XML elements
	maxNodes = 100_000  // XML elements, attributes and texts
	// maxSpaces is how many namespaces may be declared around an element: each name looks among them.
	maxSpaces = 100
	// maxProperties is how many different properties one request may name: each is answered for each
	// resource, and clients ask for thirty.
	maxProperties = 500
)
