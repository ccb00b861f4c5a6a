package dav

import (
	"context"
	"encoding/xml"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/portal"
)

// Resource is a thing with an address and properties, as one caller sees it. What else can be done
// with it is told by the interfaces below.
type Resource interface {
	// Href is its address, escaped; a collection's ends with a slash.
	Href() string
	// Property is nil when the resource has none of this name.
	Property(name xml.Name) Value
	// PropertyNames lists what allprop answers, or everything.
	PropertyNames(onDemand bool) []xml.Name
}

// Learner is a resource with properties for which its feature must be asked. Learn comes before them,
// with the names that a request asks for.
type Learner interface {
	Learn(ctx context.Context, names []xml.Name) error
}

// Collection holds other resources.
type Collection interface {
	Resource
	// Child is one of them; portal.ErrNotFound.
	Child(ctx context.Context, caller portal.Caller, name string) (Resource, error)
}

// Parent is a collection of few resources.
type Parent interface {
	// Children are all that the caller sees.
	Children(ctx context.Context, caller portal.Caller) ([]Resource, error)
}

// Lister is a collection of so many resources that they are written as they are found.
type Lister interface {
	// Each yields all that the caller sees, one after the other: one is over when the next comes.
	Each(ctx context.Context, caller portal.Caller, yield func(Resource)) error
}

// Getter has content.
type Getter interface {
	Get(ctx context.Context, caller portal.Caller) (Content, error)
}

// Negotiator has its content in several forms. Its ETag is that of all of them: it says which state a
// client changes, in whatever form it read it.
type Negotiator interface {
	// Accepted is the content in the form that an Accept header prefers, "" for none.
	Accepted(content Content, accept string) Content
}

// Content is what GET answers.
type Content struct {
	Body     io.ReadSeeker
	Type     string // "text/calendar; charset=utf-8"
	ETag     string // quoted
	Modified time.Time
	// ScheduleTag is quoted, "" for none.
	ScheduleTag string
}

// Putter is a collection in which resources are written.
type Putter interface {
	Put(ctx context.Context, caller portal.Caller, name string, body io.Reader, conditions Conditions) (Written, error)
}

// Written is what PUT did.
type Written struct {
	ETag        string // quoted
	ScheduleTag string // quoted (RFC 6638 §8.2), "" for none
	Created     bool
	// Changed says that what is stored is not what came: the client is to read it again, and is
	// told no ETag (RFC 4791 §5.3.4).
	Changed bool
}

// Deleter can be deleted.
type Deleter interface {
	Delete(ctx context.Context, caller portal.Caller, conditions Conditions) error
}

// Patcher has properties that can be changed.
type Patcher interface {
	// Patch makes all changes or, when some are refused, none.
	Patch(ctx context.Context, caller portal.Caller, changes []Change) (refused []xml.Name, err error)
}

// Change sets or removes one property.
type Change struct {
	Name   xml.Name
	Remove bool
	Value  *Node // nil when removed
}

// Poster answers questions.
type Poster interface {
	// Post answers what a body asks with an XML document.
	Post(ctx context.Context, caller portal.Caller, body io.Reader) (Value, error)
}

// Maker is a collection in which collections are made.
type Maker interface {
	// Make makes one; method is MKCOL or MKCALENDAR.
	Make(ctx context.Context, caller portal.Caller, name, method string, changes []Change) (refused []xml.Name, err error)
}

// Syncer is a collection that knows its changes (RFC 6578).
type Syncer interface {
	// Sync answers what changed since a token, "" for everything, at most limit (0: all) resources.
	// A token that isn't answered is Forbidden(Name("valid-sync-token")).
	Sync(ctx context.Context, caller portal.Caller, token string, limit int) (Changes, error)
}

// Changes answers Sync.
type Changes struct {
	Changed []Resource
	Deleted []string // hrefs
	Token   string
	More    bool // limit left some out
}

// Reporter answers reports of its own.
type Reporter interface {
	Reports() []xml.Name
	Report(ctx context.Context, caller portal.Caller, body *Node, answer *Multistatus) error
}

// Join escapes the parts of a path: Join("/dav/calendars/", "a b", "c") is "/dav/calendars/a%20b/c".
func Join(base string, parts ...string) string {
	for i, part := range parts {
		if i > 0 {
			base += "/"
		}
		base += url.PathEscape(part)
	}
	return base
}

// Split undoes Join for a path below base, the last empty part of a collection's path left out. ok
// is false for what is not below base and for parts that no resource has.
func Split(base, path string) (parts []string, ok bool) {
	rest, below := strings.CutPrefix(path, base)
	if !below {
		return nil, path+"/" == base
	}
	rest = strings.TrimSuffix(rest, "/")
	if rest == "" {
		return nil, true
	}
	for part := range strings.SplitSeq(rest, "/") {
		name, err := url.PathUnescape(part)
		if err != nil || name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || !utf8.ValidString(name) {
			return nil, false
		}
		parts = append(parts, name)
	}
	return parts, true
}
