package sso

import (
	"context"
	"errors"

	"parvis/portal"
)

// ApplicationKind is how an application is opened.
type ApplicationKind string

// The kinds of applications.
const (
	KindLink    ApplicationKind = "link"    // an address, and a sign-in of its own
	KindCAS     ApplicationKind = "cas"     // CAS 3.0
	KindOIDC    ApplicationKind = "oidc"    // OpenID Connect
	KindForward ApplicationKind = "forward" // behind a reverse proxy that asks us
)

// Application is a business application that trusts this sign-in, in one
// collectivity: another that uses the same one registers it for itself.
type Application struct {
	Collectivity portal.CollectivityID
	ID           string // "glpi"
	Name         string // "Assistance informatique"
	Kind         ApplicationKind
	// Addresses are where it lives: a CAS service or a protected page lies under
	// one of them; an OpenID redirect address is one of them.
	Addresses []Address
	// SecondFactor asks for a second factor, whatever the collectivity asks for.
	SecondFactor bool
}

// Attribute is what an application is told about a person under a name of its
// own.
type Attribute struct {
	Name   string   // as the application reads it, "mail"
	Values []string // at least one
}

// Release is what an application is told about a person.
type Release struct {
	User       string // CAS's user, OpenID's preferred_username
	Attributes []Attribute
}

// askable is a refusal that the person may ask to be spared.
type askable struct {
	error
	path string
}

func (a askable) Unwrap() error { return a.error }

// Offering adds to the refusal of an application where the person may ask for it,
// a path of ours.
func Offering(err error, path string) error { return askable{err, path} }

// OfferOf is where the person may ask for what was refused, "" for nowhere.
func OfferOf(err error) string {
	var known askable
	if errors.As(err, &known) {
		return known.path
	}
	return ""
}

// Applications is what the protocols ask of the applications' catalogue.
type Applications interface {
	// At lists the applications of a kind that an address belongs to, in every
	// collectivity of the pool, by identifiers of collectivity and application.
	// None is no error.
	At(ctx context.Context, kind ApplicationKind, address Address) ([]Application, error)
	// Application returns one; portal.ErrNotFound when there is none, or when it
	// is of another kind.
	Application(ctx context.Context, kind ApplicationKind, collectivity portal.CollectivityID, id string) (Application, error)
	// Admit says whether a caller of the application's collectivity may open it:
	// nil, or a portal.UserError of kind portal.ErrDenied with the reason that she
	// reads.
	Admit(ctx context.Context, caller portal.Caller, application Application) error
	// Release is what the application is told about a caller.
	Release(ctx context.Context, caller portal.Caller, application Application) (Release, error)
}
