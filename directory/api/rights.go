package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/audit"
)

// Right is a right that somebody of the collectivity has.
type Right struct {
	ID      string     `json:"id"`
	Right   string     `json:"right" doc:"admin, agents.manage, applications.manage, journal.read, news.edit, documents.edit, calendars.edit, duties.manage"`
	Kind    string     `json:"kind" enum:"everyone,agent,group,unit" doc:"unit: with those below it"`
	Subject string     `json:"subject" doc:"identifier; empty for everyone"`
	Name    string     `json:"name"`
	Unit    string     `json:"unit,omitempty" doc:"where the right holds: a unit and those below it; absent for the whole collectivity"`
	Starts  *time.Time `json:"starts,omitempty"`
	Ends    *time.Time `json:"ends,omitempty"`
	LentBy  string     `json:"lent_by,omitempty" doc:"identifier of the agent who lends it"`
}

// NewRight is a right to give.
type NewRight struct {
	Right   string     `json:"right"`
	Kind    string     `json:"kind" enum:"everyone,agent,group,unit"`
	Subject string     `json:"subject,omitempty"`
	Unit    string     `json:"unit,omitempty" doc:"narrows the right to a unit and those below it: for agents.manage alone"`
	Ends    *time.Time `json:"ends,omitempty"`
}

func rightOf(one directory.Given) Right {
	return Right{
		ID: one.ID, Right: string(one.Right), Kind: string(one.Subject.Kind), Subject: one.Subject.ID, Name: one.Name,
		Unit: string(one.In), Starts: instant(one.Starts), Ends: instant(one.Ends), LentBy: string(one.LentBy),
	}
}

type (
	// RightList is what is given and not over.
	RightList struct {
		Rights []Right `json:"rights" nullable:"false"`
	}
	rightList  struct{ Body RightList }
	rightNew   struct{ Body NewRight }
	rightGiven struct {
		Body struct {
			ID string `json:"id"`
		}
	}
)

func (s *Service) rights() {
	const tag = "Rights"
	operation(s, huma.Operation{
		OperationID: "listRights", Method: http.MethodGet, Path: "/rights", Tags: []string{tag}, Summary: "List what is given",
	}, portal.ScopeRightsRead, func(ctx context.Context, by session, _ *nothing) (*rightList, error) {
		found, err := s.Store.RightsGiven(ctx, by.Caller)
		if err != nil {
			return nil, err
		}
		list := RightList{Rights: make([]Right, len(found))}
		for i, one := range found {
			list.Rights[i] = rightOf(one)
		}
		return &rightList{list}, nil
	})
	operation(s, huma.Operation{
		OperationID: "giveRight", Method: http.MethodPost, Path: "/rights", Tags: []string{tag}, Summary: "Give a right",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusUnprocessableEntity},
	}, portal.ScopeRights, func(ctx context.Context, by session, in *rightNew) (*rightGiven, error) {
		given := directory.Given{Right: portal.Right(in.Body.Right), Subject: portal.Subject{Kind: portal.SubjectKind(in.Body.Kind), ID: in.Body.Subject}, In: portal.UnitID(in.Body.Unit)}
		if in.Body.Ends != nil {
			given.Ends = *in.Body.Ends
		}
		out := &rightGiven{}
		var err error
		out.Body.ID, err = s.Store.Give(ctx, by.Caller, given, by.address)
		return out, err
	})
	operation(s, huma.Operation{
		OperationID: "takeRight", Method: http.MethodDelete, Path: "/rights/{id}", Tags: []string{tag}, Summary: "Take a right away",
		Description:   "It can be given back for thirty days. The last who governs the collectivity keeps hers.",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, portal.ScopeRights, func(ctx context.Context, by session, in *oneAsked) (*nothing, error) {
		_, err := s.Store.Take(ctx, by.Caller, in.ID, by.address)
		return nil, err
	})
}

// Line is a line of the journal.
type Line struct {
	At      time.Time `json:"at"`
	Action  string    `json:"action"`
	Refused string    `json:"refused,omitempty" doc:"why, when it was"`
	Agent   string    `json:"agent,omitempty" doc:"identifier of who acted"`
	Name    string    `json:"name,omitempty"`
	Object  string    `json:"object,omitempty"`
	ID      string    `json:"object_id,omitempty"`
	Detail  string    `json:"detail,omitempty"`
	Address string    `json:"address,omitempty"`
}

type (
	linesAsked struct {
		Action string    `query:"action" maxLength:"60"`
		Agent  string    `query:"agent" maxLength:"64"`
		From   time.Time `query:"from"`
		To     time.Time `query:"to" doc:"the first instant after"`
		Before string    `query:"before" maxLength:"100" doc:"next of the page before"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
	}
	// LineList are lines, the newest first.
	LineList struct {
		Lines []Line `json:"lines" nullable:"false"`
		Next  string `json:"next,omitempty" doc:"for before; absent on the last page"`
	}
	lineList struct{ Body LineList }
)

func (s *Service) journal() {
	operation(s, huma.Operation{
		OperationID: "listJournal", Method: http.MethodGet, Path: "/journal", Tags: []string{"Journal"}, Summary: "Read the journal",
		Errors: []int{http.StatusUnprocessableEntity},
	}, portal.ScopeJournalRead, func(ctx context.Context, by session, in *linesAsked) (*lineList, error) {
		found, next, err := s.Journal.Lines(ctx, by.Caller, audit.Query{
			Action: audit.Action(in.Action), Agent: portal.AgentID(in.Agent), From: in.From, To: in.To, Before: audit.ParseMark(in.Before), Size: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		list := LineList{Lines: make([]Line, len(found)), Next: next.String()}
		for i, one := range found {
			list.Lines[i] = Line{
				At: one.At.UTC(), Action: string(one.Action), Refused: string(one.Refused), Agent: string(one.Agent), Name: one.Name,
				Object: one.Object, ID: one.ObjectID, Detail: one.Detail, Address: one.Address,
			}
		}
		return &lineList{list}, nil
	})
}

// Me is who a program works for.
type Me struct {
	Collectivity string   `json:"collectivity"`
	Agent        string   `json:"agent"`
	Scopes       []string `json:"scopes" nullable:"false"`
	Rights       []string `json:"rights" nullable:"false" doc:"those that hold in the whole collectivity"`
	Narrowed     []Held   `json:"narrowed" nullable:"false" doc:"those that hold in a unit and those below it"`
}

// Held is a right where it holds.
type Held struct {
	Right string `json:"right"`
	Unit  string `json:"unit"`
}

type meTold struct{ Body Me }

func (s *Service) me() {
	operation(s, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/me", Tags: []string{"Me"}, Summary: "Whom this program works for, and what it may do",
	}, "", func(_ context.Context, by session, _ *nothing) (*meTold, error) {
		me := Me{Collectivity: string(by.Collectivity), Agent: string(by.Agent), Scopes: []string{}, Rights: []string{}, Narrowed: []Held{}}
		for _, scope := range by.Scopes {
			me.Scopes = append(me.Scopes, string(scope))
		}
		for _, right := range by.Rights {
			me.Rights = append(me.Rights, string(right))
		}
		for _, one := range by.Narrowed {
			me.Narrowed = append(me.Narrowed, Held{string(one.Right), string(one.Unit)})
		}
		return &meTold{me}, nil
	})
}
