package dav

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
)

// stateList is one list of an If header (RFC 4918 §10.4): all of it must hold of one resource.
type stateList struct {
	path   string // of the resource; "" for that of the request
	states []state
}

// state is an ETag, quoted, or a token of a state: a lock, of which there are none here, or a sync
// token (RFC 6578 §5).
type state struct {
	not         bool
	etag, token string
}

var errIf = &Error{Status: http.StatusBadRequest, Text: "the If header can't be read"}

// maxStates is how many states an If header may name: each may be looked up.
const maxStates = 100

// parseIf reads an If header.
func parseIf(text string) (lists []stateList, err error) {
	path, tagged, count := "", false, 0
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		switch text[0] {
		case '<':
			href, rest, closed := strings.Cut(text[1:], ">")
			if path = pathOf(href); !closed || path == "" || len(lists) > 0 && !tagged {
				return nil, errIf
			}
			tagged, text = true, rest
		case '(':
			list := stateList{path: path}
			if list.states, text, err = parseStates(text[1:]); err != nil {
				return nil, err
			}
			if count += len(list.states); count > maxStates {
				return nil, errIf
			}
			lists = append(lists, list)
		default:
			return nil, errIf
		}
	}
	if len(lists) == 0 {
		return nil, errIf
	}
	return lists, nil
}

// parseStates reads a list up to its closing parenthesis, and returns what follows it.
func parseStates(text string) (states []state, rest string, err error) {
	var next state
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		var closed bool
		switch {
		case text[0] == ')' && !next.not && len(states) > 0:
			return states, text[1:], nil
		case len(text) > 3 && strings.EqualFold(text[:3], "not") && !next.not:
			next.not, text = true, text[3:]
			continue
		case text[0] == '[':
			next.etag, text, closed = strings.Cut(text[1:], "]")
			tags := etags([]string{next.etag})
			if len(tags) != 1 {
				return nil, "", errIf
			}
			next.etag = tags[0]
		case text[0] == '<':
			next.token, text, closed = strings.Cut(text[1:], ">")
		}
		if !closed {
			return nil, "", errIf
		}
		states, next = append(states, next), state{}
	}
	return nil, "", errIf
}

// checkIf refuses a request whose If header doesn't hold. One that names only the ETag of the request's
// resource becomes If-Match, which is checked within the write.
func (q *query) checkIf(parts []string) error {
	if len(q.Header["If"]) == 0 {
		return nil
	}
	lists, err := parseIf(strings.Join(q.Header["If"], " "))
	if err != nil {
		return err
	}
	if tags := q.onlyETags(lists); tags != nil && len(q.Header["If-Match"]) == 0 {
		q.Header["If-Match"] = tags
	}
	for _, list := range lists {
		at, ok := parts, true
		if list.path != "" {
			at, ok = Split(Prefix, list.path)
		}
		holds, err := q.holds(at, ok, list.states)
		if holds || err != nil {
			return err
		}
	}
	return ErrPrecondition
}

// onlyETags are the ETags of which the request's resource must have one, nil for any other condition.
func (q *query) onlyETags(lists []stateList) (tags []string) {
	for _, list := range lists {
		one := list.states[0]
		if len(list.states) > 1 || one.not || one.etag == "" || list.path != "" && list.path != q.URL.EscapedPath() {
			return nil
		}
		tags = append(tags, one.etag)
	}
	return tags
}

// holds says whether the resource at a place is in all the states; known is false for an address that
// is none here.
func (q *query) holds(parts []string, known bool, states []state) (bool, error) {
	var r Resource
	if known {
		home, found := q.site.homeOf(parts)
		if !found || q.scopes.Read(home.Scope) {
			var err error
			if r, err = q.find(parts); err != nil && !errors.Is(err, portal.ErrNotFound) {
				return false, err
			}
		}
	}
	is := func(name, value string) bool {
		if r == nil || value == "" {
			return false
		}
		has := r.Property(Name(name))
		return has != nil && slices.Contains(wordsOf(has), value)
	}
	for _, one := range states {
		if (is("getetag", one.etag) || is("sync-token", one.token)) == one.not {
			return false, nil
		}
	}
	return true, nil
}
