package dav

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/portal"
)

// Mover can be copied and moved into a collection of its feature.
type Mover interface {
	// Move puts the resource under a name of a collection and, but for a copy, takes it from where it
	// is, in one step: nobody meets it twice, or nowhere.
	Move(ctx context.Context, caller portal.Caller, to Collection, name string, how Transfer) (Written, error)
}

// Transfer is how a resource is copied or moved (RFC 4918 §9.8, §9.9).
type Transfer struct {
	Copy      bool
	Overwrite bool // what has that name already
	Conditions
}

// errElsewhere refuses a destination that this server doesn't serve (RFC 4918 §9.8.5).
var errElsewhere = &Error{Status: http.StatusBadGateway, Text: "the destination is on another server"}

// ErrPlace refuses to put a resource where none is put, or none of its feature.
var ErrPlace = &Error{Status: http.StatusForbidden, Text: "nothing can be copied or moved there"}

// move answers COPY and MOVE. Collections stay where they are: a calendar is renamed by its
// displayname, and its address is what phones know it by.
func (q *query) move(parts []string) error {
	to, err := q.destination()
	if err != nil {
		return err
	}
	how := Transfer{Copy: q.Method == "COPY", Conditions: conditionsOf(q.Request)}
	switch overwrite := strings.TrimSpace(q.Header.Get("Overwrite")); {
	case overwrite == "" || strings.EqualFold(overwrite, "T"):
		how.Overwrite = true
	case !strings.EqualFold(overwrite, "F"):
		return &Error{Status: http.StatusBadRequest, Text: "Overwrite is T or F"}
	}
	r, err := q.find(parts)
	if err != nil {
		return err
	}
	mover, ok := r.(Mover)
	_, isCollection := r.(Collection)
	switch {
	case isCollection:
		q.w.Header().Set("Allow", allowed(r))
		return &Error{Status: http.StatusMethodNotAllowed, Text: "a collection stays where it is: its displayname can be changed"}
	case !ok:
		return q.notAllowed(r)
	case slices.Equal(to, parts):
		return &Error{Status: http.StatusForbidden, Text: "source and destination are the same"}
	case len(to) == 0:
		return ErrPlace
	}
	parent, err := q.parent(to)
	if err != nil {
		return err
	}
	collection, ok := parent.(Collection)
	if !ok {
		return ErrPlace
	}
	written, err := mover.Move(q.Context(), q.caller, collection, to[len(to)-1], how)
	if err != nil {
		return err
	}
	q.wrote(written)
	return nil
}

// destination reads where a COPY or MOVE goes, and that the program may write there.
func (q *query) destination() ([]string, error) {
	text := strings.TrimSpace(q.Header.Get("Destination"))
	address, err := url.Parse(text)
	if err != nil || text == "" || address.Path == "" || address.Path[0] != '/' {
		return nil, &Error{Status: http.StatusBadRequest, Text: "a Destination is an address"}
	}
	if address.Host != "" && hostOf(address.Host) != hostOf(q.Host) {
		return nil, errElsewhere
	}
	parts, ok := Split(Prefix, address.EscapedPath())
	switch {
	case !ok && !strings.HasPrefix(address.Path, Prefix):
		return nil, errElsewhere // pages are no repository
	case !ok || strings.HasSuffix(address.Path, "/"):
		return nil, ErrPlace
	}
	if home, found := q.site.homeOf(parts); found && !q.scopes.Write(home.Scope) {
		return nil, Needs("bind", address.EscapedPath())
	}
	return parts, nil
}

// hostOf is a host without a port that goes without saying, which some clients write and some don't.
func hostOf(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}
