package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// concernSource is a room that is asked what of a collectivity asks for attention.
type concernSource struct {
	Key string // of its name: "server.attention.of.mail"
	Ask portal.Concerns
}

// concernSources are asked together, each once. What they ask a caller about is theirs
// to know.
func (s *Server) concernSources() []concernSource {
	return []concernSource{
		{"signin", s.Journal.Concerns},
		{"mirror", s.Mirror.Concerns},
		{"mail", s.Post.Concerns},
		{"agendas", s.Remote.Concerns},
		{"agents", s.Directory.Concerns},
		{"applications", s.Applications.Concerns},
		{"factors", s.SSO.Concerns},
		{"webhooks", s.Webhooks.Concerns},
		{"room", s.Quotas.Concerns},
		{"news", s.News.Concerns},
		{"vehicles", s.Booking.Concerns},
		{"export", s.Leaving.Concerns},
	}
}

// attentionTime is how long the first page of an administration waits for all that it
// asks: what did not answer is said.
const attentionTime = 2 * time.Second

// attention is what asks for the caller's attention.
type attention struct {
	Parts  []attentionPart // the worst first; none when all is well
	Steps  []concernShown  // that a new collectivity did not take yet
	Unread []string        // keys of the names of rooms that did not answer
}

// Calm says that nothing asks for anything, and that nothing kept silent.
func (a attention) Calm() bool { return len(a.Parts) == 0 && len(a.Unread) == 0 }

// attentionPart is what asks for attention in the same way.
type attentionPart struct {
	Key      string // "broken"
	Pill     string // its colour, beside its icon and its words
	Icon     string
	Concerns []concernShown
}

// concernShown is a concern in the reader's words.
type concernShown struct {
	portal.Concern
	Text, Reason string
	Rest         int       // of Count, beside those who are named
	Now          time.Time // of the page
}

var attentionParts = []attentionPart{
	portal.Broken:  {Key: "broken", Pill: "danger", Icon: "alert"},
	portal.Waiting: {Key: "waiting", Pill: "warn", Icon: "clock"},
	portal.Missing: {Key: "missing", Pill: "tint", Icon: "info"},
	portal.Coming:  {Key: "coming", Icon: "calendar"},
}

// attend asks every room, and returns what they answered in time.
func (a adminPage) attend(r *http.Request) attention {
	type answer struct {
		at       int
		concerns []portal.Concern
		err      error
	}
	ctx, cancel := context.WithTimeout(r.Context(), attentionTime)
	defer cancel()
	caller, answers := web.CallerOf(r), make(chan answer, len(a.sources))
	for i, source := range a.sources {
		go func() {
			one := answer{at: i}
			defer func() {
				if panicked := recover(); panicked != nil {
					one.concerns, one.err = nil, fmt.Errorf("panicked: %v\n%s", panicked, debug.Stack())
				}
				answers <- one
			}()
			one.concerns, one.err = source.Ask(ctx, caller)
		}()
	}
	found, silent := make([][]portal.Concern, len(a.sources)), map[int]error{}
	for i := range a.sources {
		silent[i] = context.DeadlineExceeded
	}
	for range a.sources {
		select {
		case one := <-answers:
			if found[one.at], silent[one.at] = one.concerns, one.err; one.err == nil {
				delete(silent, one.at)
			}
		case <-ctx.Done():
		}
	}
	var shown attention
	for i, source := range a.sources {
		if err, unread := silent[i]; unread && r.Context().Err() == nil { // else nobody reads the page any more
			a.log.Error("what asks for attention could not be read", "of", source.Key, "error", err)
			shown.Unread = append(shown.Unread, "server.attention.of."+source.Key)
		}
	}
	shown.sort(slices.Concat(found...), r)
	return shown
}

// sort puts concerns into the parts that they belong to, in words.
func (a *attention) sort(all []portal.Concern, r *http.Request) {
	printer, opens := web.Printer(r), opensFor(web.CallerOf(r))
	slices.SortStableFunc(all, func(one, other portal.Concern) int { return cmp.Compare(one.Gravity, other.Gravity) })
	for _, concern := range all {
		shown := inWords(concern, printer)
		shown.Now = web.Now(r)
		if !opens(shown.Path) {
			shown.Path = ""
		}
		for i := range shown.Named {
			if !opens(shown.Named[i].Path) {
				shown.Named[i].Path = ""
			}
		}
		if concern.Gravity == portal.Next {
			a.Steps = append(a.Steps, shown)
			continue
		}
		part := attentionParts[concern.Gravity]
		if last := len(a.Parts) - 1; last < 0 || a.Parts[last].Key != part.Key {
			a.Parts = append(a.Parts, part)
		}
		last := &a.Parts[len(a.Parts)-1]
		last.Concerns = append(last.Concerns, shown)
	}
}

func inWords(concern portal.Concern, printer *i18n.Printer) concernShown {
	shown := concernShown{Concern: concern, Rest: concern.Count - len(concern.Named)}
	shown.Named = slices.Clone(concern.Named)
	if concern.Count > 0 {
		shown.Text = printer.N(concern.Key, concern.Count, concern.Args...)
	} else {
		shown.Text = printer.T(concern.Key, concern.Args...)
	}
	if concern.Why != "" {
		shown.Reason = printer.T(concern.Why, concern.WhyArgs...)
	}
	return shown
}

// opensFor says which pages the caller may open: who assists opens few, and those of one
// agent or group, whose addresses vary, are not told here.
func opensFor(caller portal.Caller) func(path string) bool {
	if !web.Assists(caller) {
		return func(string) bool { return true }
	}
	return func(path string) bool {
		path, _, _ = strings.Cut(path, "?")
		return slices.Contains(assisted, "GET "+path)
	}
}
