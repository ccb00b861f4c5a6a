package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parvis/directory"
	"parvis/portal"
)

// Unit is a direction or a service of the organisation chart.
type Unit struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Parent string `json:"parent" doc:"identifier of the unit above, empty at the top"`
	Agents int    `json:"agents" doc:"active agents in the unit itself"`
}

// NewUnit is a unit to add.
type NewUnit struct {
	Name   string `json:"name"`
	Parent string `json:"parent,omitempty"`
}

// UnitChange is what changes of a unit; what is left out stays.
type UnitChange struct {
	Name   *string `json:"name,omitempty"`
	Parent *string `json:"parent,omitempty"`
}

type (
	// UnitList is the organisation chart, each unit followed by those below it.
	UnitList struct {
		Units []Unit `json:"units" nullable:"false"`
	}
	unitList    struct{ Body UnitList }
	unitNew     struct{ Body NewUnit }
	unitTold    struct{ Body Unit }
	unitCreated struct {
		Location string `header:"Location"`
		Body     Unit
	}
	unitChange struct {
		ID   string `path:"id" maxLength:"64"`
		Body UnitChange
	}
)

func (s *Service) units() {
	const tag = "Units"
	refusals := []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	operation(s, huma.Operation{
		OperationID: "listUnits", Method: http.MethodGet, Path: "/units", Tags: []string{tag}, Summary: "Read the organisation chart",
	}, portal.ScopeDirectoryRead, s.listUnits)
	operation(s, huma.Operation{
		OperationID: "createUnit", Method: http.MethodPost, Path: "/units", Tags: []string{tag}, Summary: "Add a unit",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusUnprocessableEntity},
	}, portal.ScopeDirectory, s.createUnit)
	operation(s, huma.Operation{
		OperationID: "changeUnit", Method: http.MethodPatch, Path: "/units/{id}", Tags: []string{tag}, Summary: "Rename or move a unit", Errors: refusals,
	}, portal.ScopeDirectory, s.changeUnit)
	operation(s, huma.Operation{
		OperationID: "deleteUnit", Method: http.MethodDelete, Path: "/units/{id}", Tags: []string{tag}, Summary: "Delete an empty unit",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, portal.ScopeDirectory, func(ctx context.Context, by session, in *oneAsked) (*nothing, error) {
		return nil, s.Store.DeleteUnit(ctx, by.Caller, portal.UnitID(in.ID), by.address)
	})
}

func (s *Service) listUnits(ctx context.Context, by session, _ *nothing) (*unitList, error) {
	found, err := s.Store.GovernedUnits(ctx, by.Caller)
	if err != nil {
		return nil, err
	}
	list := UnitList{Units: make([]Unit, len(found))}
	for i, one := range found {
		list.Units[i] = Unit{ID: string(one.ID), Name: one.Name, Parent: string(one.Parent), Agents: one.Agents}
	}
	return &unitList{list}, nil
}

func (s *Service) createUnit(ctx context.Context, by session, in *unitNew) (*unitCreated, error) {
	unit := directory.Unit{Name: in.Body.Name, Parent: portal.UnitID(in.Body.Parent)}
	id, err := s.Store.AddUnit(ctx, by.Caller, unit, by.address)
	if err != nil {
		return nil, err
	}
	return &unitCreated{Location: Prefix + "/units/" + string(id), Body: Unit{ID: string(id), Name: unit.Name, Parent: in.Body.Parent}}, nil
}

func (s *Service) changeUnit(ctx context.Context, by session, in *unitChange) (*unitTold, error) {
	now, holds, err := s.Store.InUnit(ctx, by.Caller, portal.UnitID(in.ID))
	if err != nil {
		return nil, err
	}
	typed := now
	if in.Body.Name != nil {
		typed.Name = *in.Body.Name
	}
	if in.Body.Parent != nil {
		typed.Parent = portal.UnitID(*in.Body.Parent)
	}
	if err := s.Store.ChangeUnit(ctx, by.Caller, now, typed, by.address); err != nil {
		return nil, err
	}
	return &unitTold{Unit{ID: in.ID, Name: typed.Name, Parent: string(typed.Parent), Agents: holds.Agents}}, nil
}
