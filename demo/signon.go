package demo

import (
	"parvis/applications"
	"parvis/sso"
)

// signOn is where an application lives and what it is told of a person; nothing
// for a link.
func (a Application) signOn() ([]sso.Address, []applications.Release, error) {
	if a.Kind == "" {
		return nil, nil, nil
	}
	var addresses []sso.Address
	for _, text := range a.Addresses {
		address, err := sso.ParseAddress(text)
		if err != nil {
			return nil, nil, err
		}
		addresses = append(addresses, address)
	}
	return addresses, []applications.Release{
		{Name: "mail", Attribute: applications.Email},
		{Name: "givenName", Attribute: applications.GivenName},
		{Name: "sn", Attribute: applications.FamilyName},
		{Name: "displayName", Attribute: applications.DisplayName},
		{Name: "ou", Attribute: applications.UnitName},
		{Name: "memberOf", Attribute: applications.Groups},
	}, nil
}
