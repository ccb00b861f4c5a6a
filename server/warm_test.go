package server_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/server/servertest"
)

// warmPages are what is kept in memory or asked most, and what its author must
// read there once everything is loaded.
var warmPages = []struct {
	path string
	told func(e *estate) []string
}{
	{"/", func(e *estate) []string { return []string{e.name, e.theme, e.every, e.group, e.own} }},
	{"/boxes/agenda?fragment=1", func(e *estate) []string { return []string{e.group, e.own} }},
	{"/boxes/mail?fragment=1", func(e *estate) []string { return []string{e.group, e.own} }},
	{"/boxes/news?fragment=1", func(e *estate) []string { return []string{e.every, e.group} }},
	{"/boxes/applications?fragment=1", func(e *estate) []string { return []string{e.every, e.group} }},
	{"/boxes/weather?fragment=1", func(e *estate) []string { return []string{e.every} }},
	{"/mail", func(e *estate) []string { return []string{e.group, e.own} }},
	{"/apps", func(e *estate) []string { return []string{e.every, e.group} }},
	{"/news", func(e *estate) []string { return []string{e.every, e.group} }},
	{"/calendar", func(e *estate) []string { return []string{e.group, e.own} }},
	{"/calendar/remote", func(e *estate) []string { return []string{e.own} }},
	{"/documents", func(e *estate) []string { return []string{e.group} }},
	{"/documents/folders/new", func(e *estate) []string { return []string{e.group} }},
	{"/directory", func(e *estate) []string { return []string{e.every} }},
	{"/account", func(e *estate) []string { return []string{e.own} }},
}

// versions are the ETags that each person was given last, by path.
type versions map[string]map[string]string

// TestWarmCachesKeepCollectivitiesApart asks the same pages in turn as people of
// the three collectivities, plain, compressed, and with the versions that the
// others were given. The secretary has one browser and switches.
func TestWarmCachesKeepCollectivitiesApart(t *testing.T) {
	w := newWorld(t)
	her := w.AsIn(secretary, "bourg")
	people := []person{
		{who: "secretary in bourg", login: secretary, in: "bourg", client: her},
		{who: "secretary in syndicat", login: secretary, in: "syndicat", client: her},
	}
	for _, e := range w.estates {
		people = append(people, person{who: "author in " + string(e.id), login: e.author, in: e.id, client: w.As(e.author)},
			person{who: "colleague in " + string(e.id), login: e.colleague, in: e.id, client: w.As(e.colleague)})
	}
	const rounds = 3 // the first ones fill the caches
	given := versions{}
	for round := range rounds {
		for _, p := range people {
			if p.login == secretary {
				her.Post("/account/switch", "agent", string(w.Caller(secretary, p.in).Agent)).Want(t, http.StatusSeeOther)
			}
			w.askWarm(t, p, given, round == rounds-1)
		}
		time.Sleep(100 * time.Millisecond) // for the boxes that come after the page
	}
	w.silentLog(t)
}

// askWarm asks every warm page as one person; at last, her author reads what is
// hers, and no version of another's is hers.
func (w *world) askWarm(t *testing.T, p person, given versions, last bool) {
	t.Helper()
	e := w.of(p.in)
	for _, page := range warmPages {
		answer := p.client.Get(page.path)
		w.silent(t, p, page.path, "", answer)
		if !last {
			given.keep(page.path, p, answer)
			continue
		}
		w.silent(t, p, page.path+" compressed", "", inflated(t, p.client.Do("GET", page.path, nil, "Accept-Encoding", "gzip")))
		for _, word := range page.told(e) {
			if p.login == e.author && !strings.Contains(answer.Body, word) {
				t.Errorf("%s does not read %s on %s", p.who, word, page.path)
			}
		}
		for whose, theirs := range given[page.path] {
			if whose != p.who && p.client.Do("GET", page.path, nil, "If-None-Match", theirs).Status == http.StatusNotModified {
				t.Errorf("%s of %s is the same version to %s", page.path, whose, p.who)
			}
		}
	}
}

func (v versions) keep(path string, p person, answer servertest.Answer) {
	if version := answer.Header.Get("ETag"); version != "" {
		if v[path] == nil {
			v[path] = map[string]string{}
		}
		v[path][p.who] = version
	}
}

// inflated is a compressed answer as it reads.
func inflated(t *testing.T, answer servertest.Answer) servertest.Answer {
	t.Helper()
	if answer.Header.Get("Content-Encoding") != "gzip" {
		return answer
	}
	reader, err := gzip.NewReader(strings.NewReader(answer.Body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body = string(text)
	return answer
}
