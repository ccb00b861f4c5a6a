package dav

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
)

func TestTroubleIsWhatAPersonCanDoSomethingAbout(t *testing.T) {
	for _, c := range []struct {
		err           error
		written, read Trouble
	}{
		{Forbidden(Name("no-uid-conflict")), TroubleTwice, ""},
		{Forbidden(Name("unique-scheduling-object-resource")), TroubleTwice, ""},
		{fmt.Errorf("store: %w", portal.ErrDenied), TroubleReadOnly, ""},
		{Forbidden(Name("valid-calendar-data")), TroubleUnreadable, ""},
		{Forbidden(Name("supported-address-data")), TroubleUnreadable, ""},
		{portal.ErrTooLarge, TroubleLarge, ""},
		{Forbidden(Name("max-instances")), TroubleTooMany, ""},
		{Forbidden(Name("allowed-attendee-scheduling-object-change")), TroubleOrganizer, ""},
		{&Error{Status: http.StatusConflict}, TroubleGone, ""},
		{&Error{Status: http.StatusBadRequest}, TroubleRefused, ""},
		{errors.New("disk full"), TroubleDown, TroubleDown},
		{ErrPrecondition, "", ""},
		{portal.ErrNotFound, "", ""},
		{&Error{Status: http.StatusInsufficientStorage, Condition: Name("number-of-matches-within-limits")}, TroubleRefused, ""},
		{Forbidden(Name("sync-traversal-supported")), TroubleRefused, ""},
	} {
		if written, read := troubleOf(c.err, true), troubleOf(c.err, false); written != c.written || read != c.read {
			t.Errorf("%v: writing %q, reading %q; want %q, %q", c.err, written, read, c.written, c.read)
		}
	}
}

func TestTheSubjectIsThatOfTheEventOrCard(t *testing.T) {
	for body, want := range map[string]string{
		"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY;LANGUAGE=fr:Budget\\, pre\r\n mier tour\\nA\r\nBEGIN:VALARM\r\nSUMMARY:x\r\n": "Budget, premier tour A",
		"BEGIN:VCARD\nFN:Zo\u00e9 \x00Martin\n":                  "Zoé Martin",
		"summary:Réunion":                                        "Réunion",
		"BEGIN:VEVENT\r\nX-SUMMARY:no\r\nDESCRIPTION:SUMMARY:no": "",
		"SUMMARY:" + strings.Repeat("é", 500):                    strings.Repeat("é", longestSubject-1) + "…",
		"":                                                       "",
	} {
		if got := subjectIn([]byte(body)); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
}

func FuzzSubject(f *testing.F) {
	f.Add([]byte("SUMMARY:a\\,b\r\n c"))
	f.Add([]byte("FN;X=\"\xff:\":\x00"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		subject := subjectIn(octets)
		if !utf8.ValidString(subject) || utf8.RuneCountInString(subject) > longestSubject || strings.ContainsFunc(subject, unicode.IsControl) {
			t.Errorf("%q", subject)
		}
	})
}
