// Package news holds the articles that editors publish to the agents of their
// collectivity, from a date to a date and for an audience: their store, their
// pages, their box and what search may find of them.
package news

import (
	"strings"
	"time"
	"unicode/utf8"

	"parvis/portal"
)

// ArticleID names an article inside its collectivity, "k3v9m2p7q4r8s6t2".
type ArticleID string

// Article is one piece of news. Its instants are in UTC.
type Article struct {
	ID         ArticleID
	Title      string
	Body       string // Markdown
	AuthorName string
	Starts     time.Time        // shown from this instant
	Ends       time.Time        // in the archive from this instant
	Changed    time.Time        // last change
	Audience   []portal.GroupID // empty: everyone of the collectivity
}

// Draft is what an editor types.
type Draft struct {
	Title    string
	Body     string
	Starts   time.Time
	Ends     time.Time
	Audience []portal.GroupID
}

const (
	maxTitle = 200     // characters
	maxBody  = 100_000 // bytes
)

// check returns portal.FieldErrors for what an editor must correct.
func (d Draft) check() error {
	var refused portal.FieldErrors
	title := strings.TrimSpace(d.Title)
	switch {
	case title == "":
		refused = append(refused, portal.Invalid("title", "news.error.title"))
	case utf8.RuneCountInString(title) > maxTitle:
		refused = append(refused, portal.Invalid("title", "news.error.titlelong", "max", maxTitle))
	}
	switch {
	case strings.TrimSpace(d.Body) == "":
		refused = append(refused, portal.Invalid("body", "news.error.body"))
	case len(d.Body) > maxBody:
		refused = append(refused, portal.Invalid("body", "news.error.bodylong"))
	}
	if d.Starts.IsZero() {
		refused = append(refused, portal.Invalid("starts", "news.error.starts"))
	}
	switch {
	case d.Ends.IsZero():
		refused = append(refused, portal.Invalid("ends", "news.error.ends"))
	case !d.Ends.After(d.Starts):
		refused = append(refused, portal.Invalid("ends", "news.error.order"))
	}
	return refused.OrNil()
}
