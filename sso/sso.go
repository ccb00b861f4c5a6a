// Package sso signs people in and keeps them signed in: the sign-in pages,
// embedded passwords, sessions, throttling, and the passwords of phones and
// other programs. Which accounts and agents there are is the directory's
// business, asked through People; directory servers and OpenID issuers are
// spoken to by directory/ldapdir and sso/upstream, through PasswordServer and
// IssuerServer.
package sso

import (
	"context"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Place is where a login belongs.
type Place struct {
	Collectivity web.Collectivity // the zero value when the login is of none
	// ByDomain: the address's domain decided, which anybody may know. Otherwise
	// an account did, and the page must not show that there is one.
	ByDomain bool
	Domains  []string // of the collectivity's addresses
	SIRET    string   // of the collectivity, "" when unknown
}

// Suspended is a collectivity whose agents can't enter for now.
type Suspended struct {
	Name   string // "Bourg-sur-Loire"
	Notice string // what the pool tells them, "" for nothing more
}

// Profile is what a directory server or an issuer says about a person.
type Profile struct {
	Key        string // stable in its source: entryUUID; "" when there is none
	Login      string // canonical login that led here; a new account gets it
	Address    string // canonical address of the collectivity's domains that she may be known by too; "" for none
	GivenName  string
	FamilyName string
	Email      string
	Function   string
	Phone      string
	Mobile     string
	Office     string
	UnitName   string           // of the source; one that is no unit of the collectivity's changes nothing
	Managed    []portal.GroupID // groups that the source decides about: she is in those of Groups, and in no other
	Groups     []portal.GroupID
}

// People is what signing in asks of the directory.
type People interface {
	// Locate says where a canonical login belongs. A login of nobody and
	// nowhere is the zero Place, without error.
	Locate(ctx context.Context, login string) (Place, error)
	// Place is where the logins of a collectivity belong; portal.ErrNotFound for
	// one that is closed.
	Place(ctx context.Context, collectivity portal.CollectivityID) (Place, error)
	// SuspendedAt tells of the suspended collectivity of an id or of an e-mail
	// domain; its name is "" when there is none.
	SuspendedAt(ctx context.Context, collectivity portal.CollectivityID, domain string) (Suspended, error)
	// AccountOf returns the open account that signs in with a canonical login,
	// "" for none. A known and an unknown login cost the same.
	AccountOf(ctx context.Context, login string) (portal.AccountID, error)
	// Identity is who an account is in a collectivity, "" for the oldest of its
	// agents. portal.ErrNotFound when it may not enter.
	Identity(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error)
	// Desk is what an administrator, who asks, sees when she sees the desk of an agent
	// of her collectivity. portal.ErrDenied or portal.ErrNotFound when she may not,
	// or not any more.
	Desk(ctx context.Context, seer portal.Caller, agent portal.AgentID) (*web.Identity, error)
	// Admit returns the account of a person whom the collectivity's own source
	// vouches for, made or brought up to date with her agent. portal.ErrDenied
	// when she may not enter.
	Admit(ctx context.Context, collectivity portal.CollectivityID, profile Profile) (portal.AccountID, error)
	// TryAdmit tells what Admit would do, and changes nothing.
	TryAdmit(ctx context.Context, collectivity portal.CollectivityID, profile Profile) (Admission, error)
	// SourceKeys returns what accounts are known by in the collectivity's own
	// source; those that don't come from there are left out.
	SourceKeys(ctx context.Context, collectivity portal.CollectivityID, accounts []portal.AccountID) (map[portal.AccountID]string, error)
	// Collectivities lists the agents of an account, the oldest first.
	Collectivities(ctx context.Context, account portal.AccountID) ([]Agency, error)
	// LoginOf returns the login of an account.
	LoginOf(ctx context.Context, account portal.AccountID) (string, error)
	// Staff lists the active agents of the caller's collectivity who have an
	// account, by name, for its administrator.
	Staff(ctx context.Context, caller portal.Caller) ([]Member, error)
	// BareAdministrators counts those who govern the caller's collectivity for good
	// and have no second factor.
	BareAdministrators(ctx context.Context, caller portal.Caller) (int, error)
	// Groups lists the groups of the caller's collectivity, by name.
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
	// EmailOf returns the address on the card of a caller's agent, "" for none.
	EmailOf(ctx context.Context, caller portal.Caller) (string, error)
	// Entered writes down that an agent signed in, in the transaction that lets
	// her in.
	Entered(ctx context.Context, tx *database.Tx, caller portal.Caller) error
	// SetPreferences keeps a person's language and scheme, "" for none.
	SetPreferences(ctx context.Context, account portal.AccountID, language i18n.Language, scheme string) error
}

// Member is an agent as the one who administers sign-in sees her.
type Member struct {
	Agent   portal.AgentID
	Account portal.AccountID
	Login   string
	Name    string           // "Camille Le Goff"
	Groups  []portal.GroupID // sorted
	Rights  []portal.Right   // in this collectivity
	// Narrowed are those that she holds in some units of it alone.
	Narrowed []portal.Holding
}

// Agency is one agent that an account is, and where.
type Agency struct {
	Agent        portal.AgentID
	Collectivity portal.CollectivityID
}
