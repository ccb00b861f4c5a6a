// Package widgets is the home page: the contract that a widget fulfils, the
// host that loads boxes without letting one harm the others, the merge of what
// the pool, the collectivity and the agent decided, and the page itself.
//
// A widget returns data and never HTML. Most widgets belong to a feature and
// live there (news.Widget); the server registers them here.
package widgets

import (
	"context"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Widget is a kind of box. Its methods are called from many goroutines.
type Widget interface {
	// Manifest says what the widget is. It always returns the same.
	Manifest() Manifest
	// Load returns what the box shows now. It honours ctx within 100 ms, its
	// deadline included. An error makes the host show the last known content
	// with its hour; a portal.UserError's sentence is shown beside it, any other
	// error is only logged. Errors of the kinds ErrDenied, ErrInvalid and
	// ErrNotFound are about this agent and don't count against the source.
	Load(ctx context.Context, request Request) (Content, error)
}

// Manifest describes a widget. Texts are keys of the catalogue.
type Manifest struct {
	ID    string // for ever, lower-case letters, digits and dashes: "agenda"
	Title string // key: "Agenda"
	Help  string // key: one sentence for who chooses boxes
	Icon  string // a noun of the sprite, without its prefix: "calendar"
	Sizes []Size // at least one; the first is the default
	First bool   // what waits for its reader: the one raised sheet of a home page

	Link     string // the full page, "/calendar", or https; "" for none
	LinkText string // key: "Tout l’agenda", never "Voir plus"; "" without Link

	Rights []portal.Right // the caller needs all of them to see the box

	SettingsVersion int     // starts at 1, grows when stored settings change meaning
	AdminSettings   []Field // decided once for the collectivity
	AgentSettings   []Field // decided by each agent; none when Scope hides the agent

	Actions []ActionType // what its buttons may post; needs Actor

	// Seen lets a box of ScopeAgent be shown too to an administrator who sees the
	// agent's desk: nothing in it is the agent's alone. The shared ones always are.
	Seen bool

	Scope    Scope
	Fresh    time.Duration // shown as it is, from the moment of its loading
	Stale    time.Duration // then shown with its hour while it is loaded again behind
	Deadline time.Duration // of one Load, at most MaxDeadline
}

// MaxDeadline bounds the deadline of any widget.
const MaxDeadline = 10 * time.Second

// Scope says who may be shown one loaded content, and so what Load is told of
// the caller: what it doesn't know, it can't give to another.
type Scope string

// The cache scopes, from the most private to the most shared.
const (
	// ScopeNone: the whole caller; nothing is kept.
	ScopeNone Scope = "none"
	// ScopeAgent: the whole caller; kept for this agent.
	ScopeAgent Scope = "agent"
	// ScopeAudience: collectivity, groups and rights; kept for those who share them.
	ScopeAudience Scope = "audience"
	// ScopeCollectivity: the collectivity alone; kept for all its agents.
	ScopeCollectivity Scope = "collectivity"
)

// Caller returns what a widget of this scope may know of the caller.
func (s Scope) Caller(caller portal.Caller) portal.Caller {
	switch s {
	case ScopeNone, ScopeAgent:
		return caller
	case ScopeAudience:
		return portal.Caller{Collectivity: caller.Collectivity, Groups: caller.Groups, Rights: caller.Rights}
	default:
		return portal.Caller{Collectivity: caller.Collectivity}
	}
}

// Request is what one Load is asked for.
type Request struct {
	Caller   portal.Caller // without agent when the scope is shared
	Printer  *i18n.Printer // of the reader's language
	Now      time.Time     // in the zone of the collectivity
	Settings Values        // the administrator's and the agent's, with defaults
	From     string        // address of the client who acts, for the journal; "" for a Load
}

// Configurable is a widget that needs a source. Where it is not configured,
// its box is absent from pages and from the list of boxes to add.
type Configurable interface {
	Configured(ctx context.Context, collectivity portal.CollectivityID) (bool, error)
}

// Greeter is a widget that also says something under the greeting: the weather,
// who is on call. It is loaded even when its box is not on the page.
type Greeter interface {
	// Facts takes what matters most out of a loaded content, at most two facts.
	Facts(content Content) []Fact
}

// Actor is a widget whose box has buttons.
type Actor interface {
	// Act does one of the manifest's actions for the whole caller, whatever the
	// scope, with values already checked against its fields. It checks rights by
	// itself, and returns the sentence that says what was done.
	Act(ctx context.Context, request Request, action string, values Values) (Sentence, error)
}

// Sentence is a sentence of the catalogue with the name, value pairs of its
// placeholders.
type Sentence struct {
	Key  string
	Args []string
	Undo string // a path of ours that takes it back when posted to, "" for no way back
}

// Watcher is a widget whose content changes when others say so: Host.Changed
// with one of its topics makes the next page load it again. A widget watches
// the topic of its own id without saying so.
type Watcher interface {
	Topics() []string
}

// Checker is a widget that can try its source, for "Tester la connexion".
type Checker interface {
	// Check returns nil, or a portal.UserError that says what is wrong.
	Check(ctx context.Context, request Request) error
}

// Migrator is a widget whose settings changed meaning.
type Migrator interface {
	// Migrate turns settings stored under an older version into today's.
	Migrate(version int, settings Values) Values
}
