package demo

import (
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed news
var newsFiles embed.FS

// Article is a piece of news, in Markdown.
type Article struct {
	ID           string // unique in its collectivity: "pont-de-la-varenne"
	Collectivity string
	Title        string
	Author       string    // login
	Audience     []string  // groups that read it; empty: everyone of the collectivity
	Start, End   time.Time // shown in [Start, End)
	Body         string    // Markdown, no title
}

// article is an Article told in days around one that is not known yet.
type article struct {
	text       Article
	start, end int // days from now
}

// articles reads news/COLLECTIVITY/NAME.md.
func articles() []article {
	var all []article
	for _, m := range matters(newsFiles, "news") {
		all = append(all, article{
			text: Article{
				ID:           strings.TrimSuffix(path.Base(m.path), ".md"),
				Collectivity: path.Base(path.Dir(m.path)),
				Title:        m.field["title"],
				Author:       m.field["author"],
				Audience:     words(m.field["audience"]),
				Body:         m.body,
			},
			start: m.days("start"), end: m.days("end"),
		})
	}
	return all
}

// at dates the article; it appears on a working day in the morning, at an hour that its place in
// the story varies, and leaves at midnight.
func (a article) at(now time.Time, n int) Article {
	placed := a.text
	placed.Title, placed.Body = dated(placed.Title, now), dated(placed.Body, now)
	morning := 8*time.Hour + time.Duration(n*17%120)*time.Minute
	day := midnight(now, a.start)
	if a.start <= 0 {
		day = workdayBefore(day, 0)
	}
	placed.Start = day.Add(morning)
	if a.start == 0 && placed.Start.After(now) { // whatever the hour of now, today's news is already there
		placed.Start = day
	}
	placed.End = midnight(now, a.end)
	return placed
}

func (m matter) days(key string) int {
	n, err := strconv.Atoi(m.field[key])
	if err != nil {
		panic(fmt.Sprintf("demo: %s: %s: %v", m.path, key, err))
	}
	return n
}

// Dated is what moves with the day: news, agenda and mail.
type Dated struct {
	News    []Article
	Events  []Event
	Letters []Letter // oldest first
}

// introduce names who invites and who is invited, where they are people of the story.
func (s Story) introduce(e *Event) {
	if host, ok := s.Person(e.Owner); ok {
		e.Host = host.Name()
	}
	for i := range e.Guests {
		if person, ok := s.Person(e.Guests[i].Address); ok {
			e.Guests[i].Name = person.Name()
		}
	}
}

// At tells the story around now: agenda from two weeks before to three weeks after its week,
// news begun and still to come. now's zone should be the collectivities', Europe/Paris.
func (s Story) At(now time.Time) Dated {
	var d Dated
	for n, a := range s.articles {
		d.News = append(d.News, a.at(now, n))
	}
	for n, e := range s.events {
		placed := e.at(now, n)
		s.introduce(&placed)
		d.Events = append(d.Events, placed)
	}
	d.Letters = s.letters(now)
	return d
}
