package calendar

import (
	"net/url"
	"slices"
	"strings"

	"github.com/emersion/go-ical"
)

// Attached is a document beside an event, by its address on the web (RFC 5545 §3.8.1.1).
type Attached struct {
	URL  string
	Name string // as its client called it, else where it leads: "nuage.exemple.fr/rapport.pdf"
}

const (
	maxAttached = 20
	longestURL  = 2000 // bytes
)

// paramFileName is how clients name what they attach (RFC 8607 §4.2).
const paramFileName = "FILENAME"

// isLink says whether a property leads to a page or a file of the web: other attachments, such as files
// within the event, are their clients' and stay as they are.
func isLink(p *ical.Prop) bool {
	return !strings.EqualFold(p.Params.Get(ical.ParamValue), "BINARY") && isWebAddress(p.Value)
}

// isWebAddress says whether a text is the whole address of something on the web.
func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(text) <= longestURL
}

// attachedOf are those of an event, as it has them.
func attachedOf(event *ical.Component) (links []Attached) {
	for _, p := range event.Props[ical.PropAttach] {
		if !isLink(&p) {
			continue
		}
		one := Attached{URL: p.Value, Name: p.Params.Get(paramFileName)}
		if u, err := url.Parse(p.Value); err == nil && one.Name == "" {
			one.Name = strings.TrimSuffix(u.Host+u.Path, "/")
		}
		links = append(links, one)
	}
	return links
}

// readLinks are the addresses typed one a line; unread is the first that is none. One without a scheme is
// taken for https.
func readLinks(typed string) (links []Attached, unread string) {
	for _, word := range strings.Fields(typed) {
		text := word
		if !strings.Contains(text, "://") {
			text = "https://" + text
		}
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://"), "/")
		if !isWebAddress(text) || !strings.ContainsAny(host, ".:") {
			return nil, word
		}
		links = append(links, Attached{URL: text})
	}
	return links, ""
}

// writeLinks makes some links those of an event. One that was there keeps what its client says of it.
func writeLinks(event *ical.Component, links []Attached) {
	var kept, had []ical.Prop
	for _, p := range event.Props[ical.PropAttach] {
		if isLink(&p) {
			had = append(had, p)
		} else {
			kept = append(kept, p)
		}
	}
	for _, one := range links {
		at := slices.IndexFunc(had, func(p ical.Prop) bool { return p.Value == one.URL })
		if at >= 0 {
			kept = append(kept, had[at])
			continue
		}
		p := ical.NewProp(ical.PropAttach)
		p.Value = one.URL
		kept = append(kept, *p)
	}
	event.Props.Del(ical.PropAttach)
	for _, p := range kept {
		event.Props.Add(&p)
	}
}
