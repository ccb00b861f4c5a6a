package scim

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database/databasetest"
)

// quick fails for an input that takes too long.
func quick(t *testing.T, input string) func() {
	begun := time.Now()
	return func() {
		if took := time.Since(begun); took > 5*time.Second { // the machine may be busy
			t.Errorf("%q took %v", input, took)
		}
	}
}

// FuzzFilter: a filter is refused, or is SQL that the store runs, of one collectivity.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "bjensen"`, `name.familyName co "O'Malley"`, `title pr and not (userType eq "x")`, `emails[type eq "work" and value co "@example.com"]`,
		`meta.lastModified ge "2011-05-13T04:42:34Z"`, `groups eq "x" or (id pr)`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "\\%_"`,
		`active eq true`, `userName eq "\""`, `((((`, `userName eq null`, `phoneNumbers.value ew "é"`, `userName eq "\u0000"`, `id ne "' OR 1=1 --"`, `title eq 1e999`,
	} {
		f.Add(seed)
	}
	db := databasetest.New(f)
	databasetest.AddCollectivities(f, db, "bourg", "agglo")
	_, err := db.Exec(context.Background(), `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, search_text, function, unit, email, phone, mobile, office, source_key, active, created, kind, manager)
		VALUES ('agglo', 'a', 'A', 'A', 'a', 'a', 'a', '', 'a@b.example', '1', '2', '', '', TRUE, 1, 'agent', '')`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return // refused before
		}
		defer quick(t, text)()
		write := &statement{attributes: userAttributes, args: []any{"bourg"}}
		where, err := write.where(text)
		var ours refusal
		if err != nil {
			if !errors.As(err, &ours) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		var count int
		if err := db.QueryRow(t.Context(), `SELECT COUNT(*)`+userFrom+where, write.args...).Scan(&count); err != nil || count != 0 {
			t.Errorf("%q: %s finds %d of another collectivity, %v", text, where, count, err)
		}
	})
}

// FuzzPatch: a change is refused, or leaves a draft of texts; done twice it says the same.
func FuzzPatch(f *testing.F) {
	for _, seed := range []string{
		`{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"a@b.example"}]}`,
		`{"Operations":[{"op":"add","value":{"name.givenName":"Zoé","active":"False"}}]}`,
		`{"Operations":[{"op":"remove","path":"phoneNumbers[type eq \"mobile\"]"}]}`,
		`{"Operations":[{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":[{"value":"x"}]}]}`,
		`{"Operations":[{"op":"replace","path":"name","value":{"familyName":"Roux"}},{"op":"remove","path":"title"}]}`,
		`{"Operations":[{"op":"add","path":"members","value":[{"value":"a"}]},{"op":"remove","path":"members[value eq \"a\"]"}]}`,
		`{"Operations":[{"op":"add","path":"","value":[]}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		defer quick(t, body)()
		p, err := patchOf(&asked{body: []byte(body)})
		if err != nil {
			return
		}
		once := draft{userName: "zoe", family: "Roux", active: true}
		var ours refusal
		if err := p.apply(&once); err != nil && !errors.As(err, &ours) {
			t.Errorf("%s: %v", body, err)
		} else if err == nil {
			twice := once
			if err := p.apply(&twice); err == nil && once != twice && !strings.Contains(body, "[") {
				t.Errorf("%s: %+v, then %+v", body, once, twice)
			}
		}
		group := crowd{name: "x", members: map[portal.AgentID]bool{"a": true}}
		if err := p.applyTo(&group); err != nil && !errors.As(err, &ours) {
			t.Errorf("%s: %v", body, err)
		}
		var object map[string]any
		if json.Unmarshal([]byte(body), &object) == nil {
			var d draft
			if err := d.merge(object); err != nil && !errors.As(err, &ours) {
				t.Errorf("%s: %v", body, err)
			}
		}
	})
}
