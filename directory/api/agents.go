package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parvis/directory"
	"parvis/portal"
)

// Card is what is written on the card of an agent.
type Card struct {
	Kind       string `json:"kind" enum:"agent,elected,partner" doc:"agent: employed; elected: of the council; partner: of another body"`
	GivenName  string `json:"given_name"`
	FamilyName string `json:"family_name"`
	Function   string `json:"function"`
	Unit       string `json:"unit" doc:"identifier of a unit, empty for none"`
	Manager    string `json:"manager" doc:"identifier of an agent, empty for none"`
	Email      string `json:"email"`
	Phone      string `json:"phone" doc:"as written"`
	Mobile     string `json:"mobile"`
	Office     string `json:"office"`
}

// Agent is an agent as her administrator sees her.
type Agent struct {
	ID string `json:"id"`
	Card
	State   string     `json:"state" enum:"active,never,invited,listed,closed" doc:"never: has an account and never signed in; listed: without account"`
	Login   string     `json:"login,omitempty"`
	Entered *time.Time `json:"entered,omitempty" doc:"first sign-in"`
	Closed  *time.Time `json:"closed,omitempty"`
	Changed *time.Time `json:"changed,omitempty" doc:"last change of the card"`
}

func agentOf(one directory.Enrolled) Agent {
	return Agent{
		ID: string(one.ID),
		Card: Card{
			Kind: string(one.Kind), GivenName: one.GivenName, FamilyName: one.FamilyName, Function: one.Function, Unit: string(one.Unit),
			Manager: string(one.Manager), Email: one.Email, Phone: one.Phone, Mobile: one.Mobile, Office: one.Office,
		},
		State: one.State, Login: one.Login, Entered: instant(one.Entered), Closed: instant(one.Closed), Changed: instant(one.Changed),
	}
}

// instant is absent for a time that never was.
func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// write puts the card over an agent's.
func (c Card) write(onto directory.Agent) directory.Agent {
	onto.Kind, onto.GivenName, onto.FamilyName, onto.Function = directory.AgentKind(c.Kind), c.GivenName, c.FamilyName, c.Function
	onto.Unit, onto.Manager = portal.UnitID(c.Unit), portal.AgentID(c.Manager)
	onto.Email, onto.Phone, onto.Mobile, onto.Office = c.Email, c.Phone, c.Mobile, c.Office
	return onto
}

// tag is the version of a card, for If-Match.
func (c Card) tag() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts alone
	}
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// CardChange is what changes on a card; what is left out stays.
type CardChange struct {
	Kind       *string `json:"kind,omitempty" enum:"agent,elected,partner"`
	GivenName  *string `json:"given_name,omitempty"`
	FamilyName *string `json:"family_name,omitempty"`
	Function   *string `json:"function,omitempty"`
	Unit       *string `json:"unit,omitempty"`
	Manager    *string `json:"manager,omitempty"`
	Email      *string `json:"email,omitempty"`
	Phone      *string `json:"phone,omitempty"`
	Mobile     *string `json:"mobile,omitempty"`
	Office     *string `json:"office,omitempty"`
}

func (c CardChange) over(card Card) Card {
	for _, field := range []struct{ from, to *string }{
		{c.Kind, &card.Kind},
		{c.GivenName, &card.GivenName},
		{c.FamilyName, &card.FamilyName},
		{c.Function, &card.Function},
		{c.Unit, &card.Unit},
		{c.Manager, &card.Manager},
		{c.Email, &card.Email},
		{c.Phone, &card.Phone},
		{c.Mobile, &card.Mobile},
		{c.Office, &card.Office},
	} {
		if field.from != nil {
			*field.to = *field.from
		}
	}
	return card
}

// NewCard is the card of an agent who arrives.
type NewCard struct {
	Kind       string `json:"kind,omitempty" enum:"agent,elected,partner" default:"agent"`
	GivenName  string `json:"given_name,omitempty"`
	FamilyName string `json:"family_name"`
	Function   string `json:"function,omitempty"`
	Unit       string `json:"unit,omitempty"`
	Manager    string `json:"manager,omitempty"`
	Email      string `json:"email,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Mobile     string `json:"mobile,omitempty"`
	Office     string `json:"office,omitempty"`
}

type (
	agentsAsked struct {
		Text  string `query:"q" maxLength:"200" doc:"words of the name, the function, the unit, the address, the telephone"`
		Unit  string `query:"unit" maxLength:"64" doc:"with the units below it"`
		State string `query:"state" enum:"active,never,invited,listed,closed"`
		After string `query:"after" maxLength:"600" doc:"next of the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	// AgentList is a page of agents.
	AgentList struct {
		Agents []Agent `json:"agents" nullable:"false"`
		Next   string  `json:"next,omitempty" doc:"for after; absent on the last page"`
	}
	agentList struct{ Body AgentList }

	oneAsked struct {
		ID string `path:"id" maxLength:"64"`
	}
	agentTold struct {
		Tag  string `header:"ETag"`
		Body Agent
	}
	agentNew     struct{ Body NewCard }
	agentCreated struct {
		Location string `header:"Location"`
		Tag      string `header:"ETag"`
		Body     Agent
	}
	agentChange struct {
		ID    string `path:"id" maxLength:"64"`
		Match string `header:"If-Match" doc:"the ETag that was read: another change meanwhile is then refused with 412"`
		Body  CardChange
	}
	nothing struct{}
)

func told(one directory.Enrolled) *agentTold {
	agent := agentOf(one)
	return &agentTold{Tag: agent.tag(), Body: agent}
}

// agents registers what is about agents.
func (s *Service) agents() {
	const tag = "Agents"
	conflict := []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	operation(s, huma.Operation{
		OperationID: "listAgents", Method: http.MethodGet, Path: "/agents", Tags: []string{tag}, Summary: "List agents",
		Description: "In the order of family names, closed ones too. Who comes or goes meanwhile makes nobody else be left out or come twice.",
		Errors:      []int{http.StatusUnprocessableEntity},
	}, portal.ScopeDirectoryRead, s.listAgents)
	operation(s, huma.Operation{
		OperationID: "createAgent", Method: http.MethodPost, Path: "/agents", Tags: []string{tag}, Summary: "Add an agent",
		Description: "She is listed, and has no account until she is invited.", DefaultStatus: http.StatusCreated, Errors: []int{http.StatusUnprocessableEntity},
	}, portal.ScopeDirectory, s.createAgent)
	operation(s, huma.Operation{
		OperationID: "readAgent", Method: http.MethodGet, Path: "/agents/{id}", Tags: []string{tag}, Summary: "Read an agent", Errors: []int{http.StatusNotFound},
	}, portal.ScopeDirectoryRead, func(ctx context.Context, by session, in *oneAsked) (*agentTold, error) {
		return s.readAgent(ctx, by, in.ID)
	})
	operation(s, huma.Operation{
		OperationID: "changeAgent", Method: http.MethodPatch, Path: "/agents/{id}", Tags: []string{tag}, Summary: "Change a card",
		Errors: append(conflict, http.StatusPreconditionFailed),
	}, portal.ScopeDirectory, s.changeAgent)
	turn := func(id, word, summary string, turn func(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string) error) {
		operation(s, huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: "/agents/{id}/" + word, Tags: []string{tag}, Summary: summary,
			DefaultStatus: http.StatusOK, Errors: conflict,
		}, portal.ScopeDirectory, func(ctx context.Context, by session, in *oneAsked) (*agentTold, error) {
			if err := turn(ctx, by.Caller, portal.AgentID(in.ID), by.address); err != nil {
				return nil, err
			}
			return s.readAgent(ctx, by, in.ID)
		})
	}
	turn("closeAgent", "close", "Let an agent in no more", s.Store.CloseAgent)
	turn("reopenAgent", "reopen", "Take a closing back", s.Store.ReopenAgent)
}

func (s *Service) listAgents(ctx context.Context, by session, in *agentsAsked) (*agentList, error) {
	after, err := parsePlace(in.After)
	if err != nil {
		return nil, err
	}
	query := directory.RosterQuery{Text: in.Text, Unit: portal.UnitID(in.Unit), State: in.State}
	found, err := s.Store.RosterAfter(ctx, by.Caller, query, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	list := AgentList{Agents: []Agent{}}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		list.Next = placeOf(found[in.Limit-1])
	}
	for _, one := range found {
		list.Agents = append(list.Agents, agentOf(one))
	}
	return &agentList{list}, nil
}

func (s *Service) readAgent(ctx context.Context, by session, id string) (*agentTold, error) {
	one, err := s.Store.Enrolled(ctx, by.Caller, portal.AgentID(id))
	if err != nil {
		return nil, err
	}
	return told(one), nil
}

func (s *Service) createAgent(ctx context.Context, by session, in *agentNew) (*agentCreated, error) {
	id, err := s.Store.AddAgent(ctx, by.Caller, Card(in.Body).write(directory.Agent{}), by.address)
	if err != nil {
		return nil, err
	}
	now, err := s.readAgent(ctx, by, string(id))
	if err != nil {
		return nil, err
	}
	return &agentCreated{Location: Prefix + "/agents/" + string(id), Tag: now.Tag, Body: now.Body}, nil
}

func (s *Service) changeAgent(ctx context.Context, by session, in *agentChange) (*agentTold, error) {
	now, err := s.Store.Enrolled(ctx, by.Caller, portal.AgentID(in.ID))
	if err != nil {
		return nil, err
	}
	card := agentOf(now).Card
	if in.Match != "" && in.Match != "*" && in.Match != card.tag() {
		return nil, errMatch
	}
	if err := s.Store.ChangeAgent(ctx, by.Caller, now.Agent, in.Body.over(card).write(now.Agent), by.address); err != nil {
		return nil, err
	}
	return s.readAgent(ctx, by, in.ID)
}

// place is where a page of agents ends.
type place struct {
	Given  string `json:"g"`
	Family string `json:"f"`
	ID     string `json:"i"`
}

func placeOf(one directory.Enrolled) string {
	text, err := json.Marshal(place{one.GivenName, one.FamilyName, string(one.ID)})
	if err != nil {
		panic(err) // texts alone
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parsePlace reads what placeOf wrote; nil for the beginning.
func parsePlace(text string) (*directory.Enrolled, error) {
	if text == "" {
		return nil, nil
	}
	refused := portal.UserError{Kind: portal.ErrInvalid, Key: "api.error.after"}
	octets, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, refused
	}
	var at place
	if err := json.Unmarshal(octets, &at); err != nil || at.ID == "" {
		return nil, refused
	}
	return &directory.Enrolled{Agent: directory.Agent{ID: portal.AgentID(at.ID), GivenName: at.Given, FamilyName: at.Family}}, nil
}
