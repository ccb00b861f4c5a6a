package news

import (
	"bytes"
	"fmt"
	stdhtml "html"
	"html/template"
	"strings"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown drops raw HTML; typed links become links, and tables are known.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Linkify, extension.Strikethrough),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(demote{}, 100))),
)

// sanitiser lets through what markdown makes of a text, minus images from
// elsewhere, which would tell others who reads what.
var sanitiser = func() *bluemonday.Policy {
	policy := bluemonday.NewPolicy()
	policy.AllowElements("h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "ul", "ol", "li", "blockquote",
		"pre", "code", "em", "strong", "del", "table", "thead", "tbody", "tr", "th", "td")
	policy.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("https", "http", "mailto", "tel")
	policy.AllowRelativeURLs(true)
	policy.RequireNoReferrerOnLinks(true)
	return policy
}()

var textOnly = bluemonday.StrictPolicy()

// demote makes a typed "# Title" a second-level heading: the page's h1 is the
// article's title.
type demote struct{}

func (demote) Transform(document *ast.Document, _ text.Reader, _ parser.Context) {
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		if heading, ok := node.(*ast.Heading); ok {
			heading.Level = min(heading.Level+1, 6)
		}
	}
}

// render returns the article's HTML, cleaned by sanitiser.
func render(body string) (template.HTML, error) {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(body), &out); err != nil {
		return "", fmt.Errorf("news: render: %w", err)
	}
	return template.HTML(sanitiser.SanitizeBytes(out.Bytes())), nil
}

// plain returns the article's words, for search and summaries. Blocks are
// parted by line breaks.
func plain(body string) string {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(body), &out); err != nil {
		return body
	}
	lines := strings.Split(stdhtml.UnescapeString(textOnly.Sanitize(out.String())), "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// lead returns the words of the paragraphs, for summaries: headings, lists and
// tables make no sentence.
func lead(body string) string {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(body), &out); err != nil {
		return body
	}
	var words []string
	for _, block := range strings.Split(out.String(), "<p>")[1:] {
		paragraph, _, _ := strings.Cut(block, "</p>")
		words = append(words, stdhtml.UnescapeString(textOnly.Sanitize(paragraph)))
	}
	return strings.Join(words, " ")
}

// summaryLength is what fits on two lines of a box, in characters.
const summaryLength = 160

// summary is the start of a plain text, cut at a word.
func summary(text string) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if utf8.RuneCountInString(text) <= summaryLength {
		return text
	}
	cut := string([]rune(text)[:summaryLength])
	if space := strings.LastIndexByte(cut, ' '); space > 0 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " ,;:.") + "…"
}
