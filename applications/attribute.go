package applications

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/sso"
)

// Attribute is something that we know of a person and may tell an application.
// Its words are in the catalogue, "applications.attribute.email".
type Attribute string

// What an application may be told.
const (
	Login       Attribute = "login"        // what she signs in with, "anne@bourg.example"
	ID          Attribute = "id"           // of her entry here: never changes, and no account shows in it
	SourceKey   Attribute = "source_key"   // entryUUID or objectGUID of the directory server
	Email       Attribute = "email"        //
	GivenName   Attribute = "given_name"   //
	FamilyName  Attribute = "family_name"  //
	DisplayName Attribute = "display_name" // "Camille Le Goff"
	Function    Attribute = "function"     // "Référente état civil"
	UnitName    Attribute = "unit"         // "Services techniques"
	UnitID      Attribute = "unit_id"      //
	Phone       Attribute = "phone"        // as written, "02 61 91 01 42"
	Mobile      Attribute = "mobile"       //
	Office      Attribute = "office"       //
	Groups      Attribute = "groups"       // their names, one value each
	GroupIDs    Attribute = "group_ids"    // one value each
	Place       Attribute = "collectivity" // its identifier, "bourg"
	SIREN       Attribute = "siren"        // of the collectivity, 9 digits
	SIRET       Attribute = "siret"        // of the collectivity, 14 digits
	Population  Attribute = "population"   // "agent": ProConnect tells them from contractors and partners
)

// Attributes lists them in the order in which an administrator chooses.
var Attributes = []Attribute{
	Login, ID, SourceKey, Email, GivenName, FamilyName, DisplayName, Function, UnitName, UnitID, Phone, Mobile, Office,
	Groups, GroupIDs, Place, SIREN, SIRET, Population,
}

// Subjects are those that name one person: two agents never share one.
var Subjects = []Attribute{Login, ID, SourceKey, Email}

// Person is an agent as applications may be told of her. What is not known is
// empty.
type Person struct {
	Login                                  string
	GivenName, FamilyName                  string
	Email, Phone, Mobile, Office, Function string
	Unit                                   string // its name
	SourceKey                              string
	SIREN, SIRET                           string // of her collectivity
}

// Release is what an application of her collectivity is told about a caller: a
// portal.UserError of kind portal.ErrDenied when what names her there is not
// known, since nobody may be taken for another. What is not known is left out.
func (s *Store) Release(ctx context.Context, caller portal.Caller, application sso.Application) (sso.Release, error) {
	app, err := s.find(ctx, application.Collectivity, application.ID)
	if err != nil {
		return sso.Release{}, err
	}
	return s.release(ctx, caller, app)
}

func (s *Store) release(ctx context.Context, caller portal.Caller, app Application) (sso.Release, error) {
	person, err := s.directory.Person(ctx, caller)
	if err != nil {
		return sso.Release{}, fmt.Errorf("applications: release: %w", err)
	}
	told := person.attributes(caller)
	if slices.ContainsFunc(app.Releases, func(r Release) bool { return r.Attribute == Groups }) {
		if told[Groups], err = s.groupNames(ctx, caller); err != nil {
			return sso.Release{}, fmt.Errorf("applications: release: %w", err)
		}
	}
	if len(told[app.Subject]) != 1 {
		return sso.Release{}, portal.UserError{Kind: portal.ErrDenied, Key: "applications.refused.nameless", Args: []any{"name", app.Name}}
	}
	release := sso.Release{User: told[app.Subject][0]}
	for _, each := range app.Releases {
		if values := told[each.Attribute]; len(values) > 0 {
			release.Attributes = append(release.Attributes, sso.Attribute{Name: each.Name, Values: values})
		}
	}
	return release, nil
}

// attributes are the values of every attribute but the names of groups, which
// cost a question more.
func (p Person) attributes(caller portal.Caller) map[Attribute][]string {
	told := map[Attribute][]string{}
	for attribute, value := range map[Attribute]string{
		Login: p.Login, ID: string(caller.Agent), SourceKey: p.SourceKey, Email: p.Email, GivenName: p.GivenName,
		FamilyName: p.FamilyName, DisplayName: strings.TrimSpace(p.GivenName + " " + p.FamilyName), Function: p.Function,
		UnitName: p.Unit, UnitID: string(caller.Unit), Phone: p.Phone, Mobile: p.Mobile, Office: p.Office,
		Place: string(caller.Collectivity), SIREN: p.SIREN, SIRET: p.SIRET, Population: "agent",
	} {
		if value != "" {
			told[attribute] = []string{value}
		}
	}
	for _, group := range caller.Groups {
		told[GroupIDs] = append(told[GroupIDs], string(group))
	}
	return told
}

func (s *Store) groupNames(ctx context.Context, caller portal.Caller) ([]string, error) {
	if len(caller.Groups) == 0 {
		return nil, nil
	}
	groups, err := s.directory.Groups(ctx, caller)
	var names []string
	for _, group := range groups {
		if caller.In(group.ID) {
			names = append(names, group.Name)
		}
	}
	return names, err
}
