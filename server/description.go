package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/mail"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/sso"
	"parvis/sso/upstream"
	"parvis/weather"
)

// Description is a collectivity as its operator writes it down in a file. What
// is left out of a section keeps its default; a section that is left out
// changes nothing of what is there.
type Description struct {
	ID       string   `toml:"id"` // "bourg", for ever
	Name     string   `toml:"name"`
	LongName string   `toml:"long_name"`
	Kind     string   `toml:"kind"` // "commune", "epci", "syndicat" or "ccas"
	SIREN    string   `toml:"siren"`
	SIRET    string   `toml:"siret"`
	INSEE    string   `toml:"insee"`
	Zone     string   `toml:"zone"`
	Language string   `toml:"language"`
	Colour   string   `toml:"colour"`
	Phone    string   `toml:"phone"`
	Domains  []string `toml:"domains"`
	// Administrators get an account and an agent here when they have none; those
	// who are left out keep their right.
	Administrators []AdministratorDescription `toml:"administrator"`
	SignIn         *SignInDescription         `toml:"sign_in"`
	Mail           *MailDescription           `toml:"mail"`
	Sender         *SenderDescription         `toml:"sender"`
	Weather        *PlaceDescription          `toml:"weather"`
}

// AdministratorDescription is a local administrator.
type AdministratorDescription struct {
	Login      string `toml:"login"`
	GivenName  string `toml:"given_name"`
	FamilyName string `toml:"family_name"`
}

// SignInDescription says how the agents prove who they are.
type SignInDescription struct {
	Kind       string           `toml:"kind"`        // "password", "ldap" or "oidc"
	SecretFile string           `toml:"secret_file"` // bind password or client secret
	CAFile     string           `toml:"ca_file"`     // PEM of the only authority to trust
	LDAP       *LDAPDescription `toml:"ldap"`
	OIDC       *OIDCDescription `toml:"oidc"`
}

// LDAPDescription is a directory, on one server or several.
type LDAPDescription struct {
	Kind       string                `toml:"kind"` // "openldap" or "active-directory"
	URL        string                `toml:"url"`
	Fallbacks  []string              `toml:"fallbacks"` // asked when URL does not answer
	BindDN     string                `toml:"bind_dn"`
	BaseDN     string                `toml:"base_dn"`
	Filter     string                `toml:"filter"`
	GroupBase  string                `toml:"group_base"`
	Groups     []GroupDescription    `toml:"group"`
	Attributes AttributesDescription `toml:"attributes"`
}

// AttributesDescription name the attributes that are not those of the kind.
type AttributesDescription struct {
	Key        string `toml:"key"`
	GivenName  string `toml:"given_name"`
	FamilyName string `toml:"family_name"`
	Email      string `toml:"email"`
	Function   string `toml:"function"`
	Phone      string `toml:"phone"`
	Mobile     string `toml:"mobile"`
	Office     string `toml:"office"`
}

// GroupDescription is a group of the directory whose members are in one of ours.
type GroupDescription struct {
	From  string `toml:"from"`  // its name, DN or SID
	Group string `toml:"group"` // ours, "finances"
	Name  string `toml:"name"`  // makes ours when it is missing
}

// OIDCDescription is an OpenID issuer. What is left out is its preset's.
type OIDCDescription struct {
	Preset        string             `toml:"preset"` // "" or "proconnect"
	Issuer        string             `toml:"issuer"`
	ClientID      string             `toml:"client_id"`
	Create        bool               `toml:"create"` // let in people of the domains who are not known yet
	TrustEmail    bool               `toml:"trust_email"`
	Scopes        []string           `toml:"scopes"`
	Algorithm     string             `toml:"algorithm"`
	PlainUserinfo bool               `toml:"plain_userinfo"`
	Level         string             `toml:"level"`
	Recheck       bool               `toml:"recheck"` // ask again about those who entered
	Consent       bool               `toml:"consent"` // whom it asks first
	SIRETs        []string           `toml:"sirets"`
	Providers     []string           `toml:"providers"`
	Claims        ClaimsDescription  `toml:"claims"`
	Groups        []GroupDescription `toml:"group"`
}

// ClaimsDescription names the claims that are not those of the preset.
type ClaimsDescription struct {
	GivenName  string `toml:"given_name"`
	FamilyName string `toml:"family_name"`
	Email      string `toml:"email"`
	Function   string `toml:"function"`
	Unit       string `toml:"unit"`
	Phone      string `toml:"phone"`
	Mobile     string `toml:"mobile"`
	Office     string `toml:"office"`
	Groups     string `toml:"groups"`
}

// MailDescription is an IMAP server.
type MailDescription struct {
	Address            string              `toml:"address"`
	Security           string              `toml:"security"` // "tls" or "starttls"
	CAFile             string              `toml:"ca_file"`
	SignIn             string              `toml:"sign_in"` // "password" or "master"
	MasterUser         string              `toml:"master_user"`
	Separator          string              `toml:"separator"`
	MasterPasswordFile string              `toml:"master_password_file"`
	Webmail            string              `toml:"webmail"`
	Shared             []SharedDescription `toml:"shared"`
}

// SenderDescription is in whose name Parvis writes: the SMTP server of the
// installation must let the address write.
type SenderDescription struct {
	Name    string `toml:"name"`    // "" is the long name
	Address string `toml:"address"` // "" is the installation's
}

// SharedDescription is a mailbox of a service.
type SharedDescription struct {
	Address string   `toml:"address"`
	Name    string   `toml:"name"`
	Groups  []string `toml:"groups"`
}

// PlaceDescription is where the weather is asked for.
type PlaceDescription struct {
	Name      string  `toml:"name"`
	Latitude  float64 `toml:"latitude"`
	Longitude float64 `toml:"longitude"`
}

// Apply creates the collectivity or brings it to its description.
func (s *Server) Apply(ctx context.Context, d Description) error {
	id := portal.CollectivityID(d.ID)
	described := directory.Collectivity{
		ID: id, Name: d.Name, LongName: d.LongName, Kind: d.Kind, SIREN: d.SIREN, SIRET: d.SIRET, INSEE: d.INSEE,
		Zone: d.Zone, Language: i18n.Language(d.Language), Colour: d.Colour, Phone: d.Phone, Domains: d.Domains,
	}
	_, err := s.Directory.Collectivity(ctx, id)
	if errors.Is(err, portal.ErrNotFound) {
		err = s.Directory.CreateCollectivity(ctx, described)
	} else if err == nil {
		err = s.Directory.ChangeCollectivity(ctx, described)
	}
	if err != nil {
		return err
	}
	caller := directory.Installation(id)
	for _, apply := range []func() error{
		func() error { return s.applyAdministrators(ctx, caller, d.Administrators) },
		func() error { return s.applySignIn(ctx, id, d.SignIn) },
		func() error { return s.applyGroups(ctx, caller, d.SignIn) },
		func() error { return s.applyMail(ctx, caller, d.Mail) },
		func() error { return s.applySender(ctx, id, d.Sender) },
	} {
		if err := apply(); err != nil {
			return err
		}
	}
	if d.Weather == nil {
		return nil
	}
	return s.Weather.SetPlace(ctx, caller, weather.Place{Name: d.Weather.Name, Latitude: d.Weather.Latitude, Longitude: d.Weather.Longitude})
}

// applyAdministrators makes sure that each has an account, an agent here and
// the administrator's right.
func (s *Server) applyAdministrators(ctx context.Context, caller portal.Caller, administrators []AdministratorDescription) error {
	for _, described := range administrators {
		account, err := s.Directory.AccountByLogin(ctx, described.Login)
		if errors.Is(err, portal.ErrNotFound) {
			account.ID, err = s.Directory.CreateAccount(ctx, caller, described.Login)
		}
		if err != nil {
			return err
		}
		acting, err := s.Directory.CallerFor(ctx, account.ID, caller.Collectivity)
		if errors.Is(err, portal.ErrNotFound) {
			acting.Agent, err = s.Directory.CreateAgent(ctx, caller, directory.Agent{
				Account: account.ID, GivenName: described.GivenName, FamilyName: described.FamilyName, Email: described.Login,
			})
		}
		if err != nil {
			return err
		}
		if acting.Can(portal.Admin) {
			continue
		}
		given := directory.Given{Subject: portal.Subject{Kind: portal.TheAgent, ID: string(acting.Agent)}, Right: portal.Admin}
		if _, err := s.Directory.Give(ctx, caller, given, ""); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) applySignIn(ctx context.Context, id portal.CollectivityID, d *SignInDescription) error {
	if d == nil {
		return nil
	}
	method := sso.Method{Collectivity: id, Kind: sso.Kind(d.Kind)}
	var settings any
	switch {
	case method.Kind == sso.LDAP && d.LDAP != nil:
		settings = d.LDAP.settings()
	case method.Kind == sso.OIDC && d.OIDC != nil:
		settings = d.OIDC.settings()
	case method.Kind == sso.Embedded:
		settings = struct{}{}
	default:
		return fmt.Errorf("%w: sign_in.kind = %q needs a section [sign_in.%s]", portal.ErrInvalid, d.Kind, d.Kind)
	}
	var err error
	if method.Settings, err = json.Marshal(settings); err != nil {
		return fmt.Errorf("server: sign-in settings: %w", err)
	}
	if err := s.checkSignIn(ctx, method); err != nil {
		return err // now, rather than at the first sign-in
	}
	if method.Secret, err = readSecret(d.SecretFile); err != nil {
		return err
	}
	if method.CA, err = readSecret(d.CAFile); err != nil {
		return err
	}
	return s.SSO.Methods.Set(ctx, method)
}

// checkSignIn says what in a method can't work.
func (s *Server) checkSignIn(ctx context.Context, method sso.Method) error {
	switch method.Kind {
	case sso.LDAP:
		_, err := ldapdir.Parse(method.Settings)
		return err
	case sso.OIDC:
		settings, err := upstream.Parse(method.Settings)
		if err != nil || settings.Preset != upstream.ProConnect || len(settings.SIRETs) > 0 {
			return err
		}
		of, err := s.Directory.Collectivity(ctx, method.Collectivity)
		if err == nil && of.SIRET == "" {
			return fmt.Errorf("%w: siret is missing: ProConnect says which establishment an agent is of, and it is compared", portal.ErrInvalid)
		}
		return err
	}
	return nil
}

// settings are the same as the issuers' room knows them.
func (d OIDCDescription) settings() upstream.Settings {
	settings := upstream.Settings{
		Preset: upstream.Preset(d.Preset), Issuer: d.Issuer, ClientID: d.ClientID, Create: d.Create, TrustEmail: d.TrustEmail,
		Scopes: d.Scopes, Algorithm: d.Algorithm, PlainUserinfo: d.PlainUserinfo, Level: d.Level, SIRETs: d.SIRETs, Providers: d.Providers,
		Recheck: d.Recheck, Consent: d.Consent, Attributes: upstream.Attributes(d.Claims),
	}
	for _, group := range d.Groups {
		settings.Groups = append(settings.Groups, upstream.GroupRule{From: group.From, To: portal.GroupID(group.Group)})
	}
	return settings
}

// settings are the same as the directory's room knows them.
func (d LDAPDescription) settings() ldapdir.Settings {
	settings := ldapdir.Settings{
		Kind: ldapdir.Kind(d.Kind), URL: d.URL, Fallbacks: d.Fallbacks, BindDN: d.BindDN, BaseDN: d.BaseDN,
		Filter: d.Filter, GroupBase: d.GroupBase, Attributes: ldapdir.Attributes(d.Attributes),
	}
	for _, group := range d.Groups {
		settings.Groups = append(settings.Groups, ldapdir.GroupRule{From: group.From, To: portal.GroupID(group.Group)})
	}
	return settings
}

// applyGroups makes the groups that the source's rules name and that are
// missing. One without a name must be there.
func (s *Server) applyGroups(ctx context.Context, caller portal.Caller, d *SignInDescription) error {
	var rules []GroupDescription
	if d != nil && d.LDAP != nil {
		rules = append(rules, d.LDAP.Groups...)
	}
	if d != nil && d.OIDC != nil {
		rules = append(rules, d.OIDC.Groups...)
	}
	if len(rules) == 0 {
		return nil
	}
	known, err := s.Directory.Groups(ctx, caller)
	if err != nil {
		return err
	}
	for _, described := range rules {
		id := portal.GroupID(described.Group)
		if slices.ContainsFunc(known, func(group portal.Group) bool { return group.ID == id }) {
			continue
		}
		if described.Name == "" {
			return fmt.Errorf("%w: a rule about groups: there is no group %q, and no name to make it with", portal.ErrInvalid, id)
		}
		made := portal.Group{ID: id, Name: described.Name}
		if _, err := s.Directory.CreateGroup(ctx, caller, made); err != nil {
			return err
		}
		known = append(known, made)
	}
	return nil
}

func (s *Server) applyMail(ctx context.Context, caller portal.Caller, d *MailDescription) error {
	if d == nil {
		return nil
	}
	described := mail.Server{
		Address: d.Address, Security: mail.Security(d.Security), SignIn: mail.SignIn(d.SignIn),
		MasterUser: d.MasterUser, Separator: d.Separator, Webmail: d.Webmail,
	}
	if described.Separator == "" {
		described.Separator = "*"
	}
	var err error
	if described.MasterPassword, err = readSecret(d.MasterPasswordFile); err != nil {
		return err
	}
	if described.CA, err = readSecret(d.CAFile); err != nil {
		return err
	}
	if err := s.Mail.SetServer(ctx, caller, described); err != nil {
		return err
	}
	for _, box := range d.Shared {
		shared := mail.Shared{Address: box.Address, Name: box.Name}
		for _, group := range box.Groups {
			shared.Audience = append(shared.Audience, portal.GroupID(group))
		}
		if err := s.Mail.SetShared(ctx, caller, shared); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) applySender(ctx context.Context, id portal.CollectivityID, d *SenderDescription) error {
	if d == nil {
		return nil
	}
	return s.Post.SetSender(ctx, id, post.Sender{Name: d.Name, Address: d.Address})
}

// MakeOperator lets an account operate the pool, with a password that Parvis
// keeps. The account is made when nobody signs in with the login yet. It is a
// step of set-up, from the machine's own terminal.
func (s *Server) MakeOperator(ctx context.Context, login, password string) error {
	account, err := s.Directory.AccountByLogin(ctx, login)
	if errors.Is(err, portal.ErrNotFound) {
		account.ID, err = s.Directory.CreateAccount(ctx, directory.Installation(""), login)
	}
	if err != nil {
		return err
	}
	if err := s.SSO.Passwords.Set(ctx, password, account.ID); err != nil {
		return err
	}
	return s.Directory.GrantPool(ctx, account.ID)
}

// readSecret is the content of a file without its final line break, "" for no
// file.
func readSecret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", portal.ErrInvalid, err)
	}
	for len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r') {
		text = text[:len(text)-1]
	}
	return string(text), nil
}
