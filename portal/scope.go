package portal

import (
	"slices"
	"strings"
)

// Scope is what a program may do for its person with an app password: the name of
// a feature, and ":read" after it when it may only read there.
type Scope string

// The scopes that exist today. A feature that speaks a protocol adds its own two.
const (
	ScopeCalendar     Scope = "calendar"
	ScopeCalendarRead Scope = "calendar:read"
	ScopeContacts     Scope = "contacts"
	ScopeContactsRead Scope = "contacts:read"

	// Those of administration, for programs that work for who governs the
	// collectivity.
	ScopeDirectory     Scope = "directory" // agents, units, groups
	ScopeDirectoryRead Scope = "directory:read"
	ScopeRights        Scope = "rights"
	ScopeRightsRead    Scope = "rights:read"
	ScopeJournalRead   Scope = "journal:read"
	ScopeWebhooks      Scope = "webhooks"
	ScopeWebhooksRead  Scope = "webhooks:read"

	// ScopePool opens collectivities, for who operates the pool.
	ScopePool Scope = "pool"
)

// AllScopes lists them in the order shown to a person.
var AllScopes = slices.Concat(OwnScopes, AdministrativeScopes, []Scope{ScopePool})

// OwnScopes are about what is a person's own.
var OwnScopes = []Scope{ScopeCalendar, ScopeCalendarRead, ScopeContacts, ScopeContactsRead}

// AdministrativeScopes are about the collectivity.
var AdministrativeScopes = []Scope{ScopeDirectory, ScopeDirectoryRead, ScopeRights, ScopeRightsRead, ScopeJournalRead, ScopeWebhooks, ScopeWebhooksRead}

// ScopesFor are those that a caller may give to a program.
func ScopesFor(caller Caller) []Scope {
	scopes := slices.Clone(OwnScopes)
	if caller.Administers() {
		scopes = append(scopes, AdministrativeScopes...)
	}
	if caller.Can(OperatePool) {
		scopes = append(scopes, ScopePool)
	}
	return scopes
}

// Administrative says whether a scope is about the collectivity or the pool, and not
// about what is a person's own.
func (s Scope) Administrative() bool {
	return s == ScopePool || slices.Contains(AdministrativeScopes, s)
}

// ReadOnly is the scope that reads what this one writes.
func (s Scope) ReadOnly() Scope { return Scope(strings.TrimSuffix(string(s), ":read")) + ":read" }

// Scopes are all that a program may do.
type Scopes []Scope

// Write says whether a program may change what a scope is about.
func (all Scopes) Write(scope Scope) bool { return slices.Contains(all, scope) }

// Read says whether it may read it.
func (all Scopes) Read(scope Scope) bool {
	return all.Write(scope) || slices.Contains(all, scope.ReadOnly())
}

// Tidy leaves out what is said twice: who writes also reads.
func (all Scopes) Tidy() Scopes {
	var tidy Scopes
	for _, one := range all {
		writes := Scope(strings.TrimSuffix(string(one), ":read"))
		if slices.Contains(tidy, one) || writes != one && slices.Contains(all, writes) {
			continue
		}
		tidy = append(tidy, one)
	}
	return tidy
}

// String writes them, "calendar:read contacts".
func (all Scopes) String() string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = string(one)
	}
	return strings.Join(words, " ")
}

// ParseScopes reads what String wrote.
func ParseScopes(text string) Scopes {
	var all Scopes
	for _, word := range strings.Fields(text) {
		all = append(all, Scope(word))
	}
	return all
}

// Program is what speaks a protocol for an agent: a phone, a mail program.
type Program struct {
	Caller
	Scopes   Scopes
	Password string // id of the app password that it has
}
