package browser

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// events keeps what a page complains of; safe for concurrent use.
type events struct {
	mu       sync.Mutex
	hosts    []string
	allowed  []string
	requests []string // addresses asked, in order
	problems []string
}

func newEvents() *events { return &events{} }

func (e *events) allowHost(host string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hosts = append(e.hosts, host)
}

func (e *events) allow(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.allowed = append(e.allowed, text)
}

// listen is called by the browser for each of its events.
func (e *events) listen(event any) {
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.requests = append(e.requests, event.Request.URL)
	case *network.EventResponseReceived:
		e.response(event)
	case *network.EventLoadingFailed:
		// a page left before its end cancels what it was loading
		if !event.Canceled && event.ErrorText != "net::ERR_ABORTED" {
			e.add("%s not loaded: %s %s", event.Type, event.ErrorText, event.BlockedReason)
		}
	case *log.EventEntryAdded:
		e.entry(event.Entry)
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeAssert {
			e.add("console error: %s", arguments(event.Args))
		}
	case *runtime.EventExceptionThrown:
		e.add("exception: %s", exception(event.ExceptionDetails))
	}
}

// response notes a resource that the server refused. A page itself may be an answer of 404 or 422.
func (e *events) response(event *network.EventResponseReceived) {
	if event.Type != network.ResourceTypeDocument && event.Response.Status >= 400 {
		e.add("%s %s: status %d", event.Type, event.Response.URL, event.Response.Status)
	}
}

// entry notes what the browser itself logs, but for what response says already.
func (e *events) entry(entry *log.Entry) {
	if entry.Level == log.EntryLevelError && entry.Source != log.EntrySourceNetwork {
		e.add("console %s: %s (%s)", entry.Source, entry.Text, entry.URL)
	}
}

func (e *events) add(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.problems = append(e.problems, fmt.Sprintf(format, args...))
}

// list is every problem that is not allowed, with requests to unknown hosts.
func (e *events) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	problems := slices.Clone(e.problems)
	for _, address := range e.requests {
		if parsed, err := url.Parse(address); err == nil && strings.HasPrefix(parsed.Scheme, "http") && !slices.Contains(e.hosts, parsed.Host) {
			problems = append(problems, "request to another host: "+address)
		}
	}
	return slices.DeleteFunc(problems, func(problem string) bool {
		return slices.ContainsFunc(e.allowed, func(text string) bool { return strings.Contains(problem, text) })
	})
}

// asked is every address asked so far, in order.
func (e *events) asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.requests)
}

func arguments(args []*runtime.RemoteObject) string {
	var texts []string
	for _, arg := range args {
		text := arg.Description
		if text == "" && json.Unmarshal(arg.Value, &text) != nil {
			text = string(arg.Value)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " ")
}

func exception(details *runtime.ExceptionDetails) string {
	if details.Exception != nil && details.Exception.Description != "" {
		return details.Exception.Description
	}
	return details.Text
}
