// Package calendar keeps the agents' and the collectivity's calendars: calendar objects with
// their octets as received, an index of when they happen, recurrence, rights, and a log of changes
// that clients synchronise by. The protocol lives in calendar/caldav, agendas on other servers in
// calendar/remote.
package calendar

// CalendarID names a calendar of a collectivity, "k3v9m2p7q4r8s6t2".
type CalendarID string
