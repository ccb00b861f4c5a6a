package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/i18n"
)

// NewCollectivity is a public body to open. What is left out and stands in the shipped
// register of communes and their groupings is filled in from its INSEE code or SIREN.
type NewCollectivity struct {
	INSEE         string        `json:"insee,omitempty" maxLength:"5" doc:"of a commune"`
	SIREN         string        `json:"siren,omitempty" maxLength:"9"`
	ID            string        `json:"id,omitempty" maxLength:"40" doc:"made of the name when it is left out"`
	Name          string        `json:"name,omitempty" maxLength:"100"`
	LongName      string        `json:"long_name,omitempty" maxLength:"200"`
	Kind          string        `json:"kind,omitempty" enum:"commune,epci,syndicat,ccas"`
	Zone          string        `json:"zone,omitempty" maxLength:"40" doc:"time zone, Europe/Paris when it is left out"`
	Language      string        `json:"language,omitempty" enum:"fr,en"`
	Colour        string        `json:"colour,omitempty" maxLength:"7" doc:"#17566b"`
	Phone         string        `json:"phone,omitempty" maxLength:"40" doc:"who to call when a sign-in fails"`
	Domains       []string      `json:"domains,omitempty" maxItems:"50" doc:"of its e-mail addresses"`
	Template      string        `json:"template,omitempty" maxLength:"64" doc:"commune, town, epci, syndicate, ccas, or one of the pool's own"`
	Mail          string        `json:"mail,omitempty" maxLength:"260" doc:"its IMAP server, host or host:port"`
	Webmail       string        `json:"webmail,omitempty" maxLength:"500"`
	Applications  []Link        `json:"applications,omitempty" maxItems:"20" doc:"of every day"`
	Administrator Administrator `json:"administrator"`
}

// Link is an application by its address.
type Link struct {
	Name string `json:"name" maxLength:"80"`
	URL  string `json:"url" maxLength:"500"`
}

// Administrator is who will administer it, and invite the others.
type Administrator struct {
	GivenName  string `json:"given_name" maxLength:"50"`
	FamilyName string `json:"family_name" maxLength:"50"`
	Address    string `json:"address" maxLength:"254"`
	Hand       bool   `json:"hand,omitempty" doc:"answer with her link instead of sending it by mail"`
}

// OpenedCollectivity is one that is open.
type OpenedCollectivity struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	LongName string `json:"long_name"`
	Kind     string `json:"kind"`
	Link     string `json:"link,omitempty" doc:"by which its administrator enters, shown this once; absent when a letter carries it"`
}

type (
	collectivityNew    struct{ Body NewCollectivity }
	collectivityOpened struct{ Body OpenedCollectivity }
)

func (s *Service) collectivities() {
	operation(s, huma.Operation{
		OperationID: "openCollectivity", Method: http.MethodPost, Path: "/collectivities", Tags: []string{"Pool"}, Summary: "Open a collectivity",
		Description:   "For who operates the pool. It is open at once, with its administrator and her invitation, the groups and the home page of its template, a shared calendar and its services.",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
	}, portal.ScopePool, s.openCollectivity)
}

func (s *Service) openCollectivity(ctx context.Context, by session, in *collectivityNew) (*collectivityOpened, error) {
	template, err := s.Store.ChooseTemplate(ctx, by.Caller, by.printer, directory.TemplateID(in.Body.Template))
	if err != nil {
		return nil, err
	}
	d := in.Body.draft()
	d.Template = template
	opened, err := s.Inviter.OpenNow(ctx, by.Caller, d, by.address)
	if err != nil {
		return nil, err
	}
	c := opened.Collectivity
	if err := s.Furnish(ctx, opened); err != nil { // it is open, and works without
		s.Log.Error("a new collectivity lacks what others begin with", "collectivity", c.ID, "error", err)
	}
	return &collectivityOpened{OpenedCollectivity{ID: string(c.ID), Name: c.Name, LongName: c.LongName, Kind: c.Kind, Link: opened.Handed.Link}}, nil
}

// draft is what was asked, over what is known of the body.
func (n NewCollectivity) draft() directory.Draft {
	c, known := directory.Prefilled(n.INSEE)
	if !known {
		c, _ = directory.Prefilled(n.SIREN)
	}
	for _, one := range []struct {
		field *string
		given string
	}{
		{&c.INSEE, n.INSEE},
		{&c.SIREN, n.SIREN},
		{&c.Name, n.Name},
		{&c.LongName, n.LongName},
		{&c.Kind, n.Kind},
		{&c.Zone, n.Zone},
		{&c.Colour, n.Colour},
		{&c.Phone, n.Phone},
	} {
		if one.given != "" {
			*one.field = one.given
		}
	}
	switch {
	case n.ID != "":
		c.ID = portal.CollectivityID(n.ID)
	case n.Name != "":
		c.ID = directory.IdentifierOf(n.Name)
	}
	if c.LongName == "" {
		c.LongName = c.Name
	}
	c.Language, c.Domains = i18n.Language(n.Language), n.Domains
	d := directory.Draft{Collectivity: c, Services: directory.Services{Mail: n.Mail, Webmail: n.Webmail}}
	d.First = directory.First{GivenName: n.Administrator.GivenName, FamilyName: n.Administrator.FamilyName, Address: n.Administrator.Address, Hand: n.Administrator.Hand}
	for _, link := range n.Applications {
		d.Services.Links = append(d.Services.Links, directory.Service{Name: link.Name, URL: link.URL})
	}
	return d
}
