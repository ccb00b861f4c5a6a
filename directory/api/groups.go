package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"parvis/directory"
	"parvis/portal"
)

// Group is a group of agents.
type Group struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Members int    `json:"members" doc:"active ones"`
}

// GroupName is a group to add, or its new name.
type GroupName struct {
	Name string `json:"name"`
}

// Member is one of a group.
type Member struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type (
	// GroupList are all groups, by name.
	GroupList struct {
		Groups []Group `json:"groups" nullable:"false"`
	}
	groupList    struct{ Body GroupList }
	groupNew     struct{ Body GroupName }
	groupCreated struct {
		Location string `header:"Location"`
		Body     Group
	}
	groupTold   struct{ Body Group }
	groupChange struct {
		ID   string `path:"id" maxLength:"64"`
		Body GroupName
	}
	membersAsked struct {
		ID   string `path:"id" maxLength:"64"`
		Page int    `query:"page" minimum:"1" maximum:"100000" default:"1"`
	}
	// MemberList is a page of members, by family name.
	MemberList struct {
		Members []Member `json:"members" nullable:"false"`
		Total   int      `json:"total"`
		Page    int      `json:"page"`
		Pages   int      `json:"pages"`
	}
	memberList  struct{ Body MemberList }
	memberAsked struct {
		ID    string `path:"id" maxLength:"64"`
		Agent string `path:"agent" maxLength:"64"`
	}
)

func (s *Service) groups() {
	const tag = "Groups"
	refusals := []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	operation(s, huma.Operation{
		OperationID: "listGroups", Method: http.MethodGet, Path: "/groups", Tags: []string{tag}, Summary: "List groups",
	}, portal.ScopeDirectoryRead, s.listGroups)
	operation(s, huma.Operation{
		OperationID: "createGroup", Method: http.MethodPost, Path: "/groups", Tags: []string{tag}, Summary: "Add a group",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusUnprocessableEntity},
	}, portal.ScopeDirectory, func(ctx context.Context, by session, in *groupNew) (*groupCreated, error) {
		id, err := s.Store.AddGroup(ctx, by.Caller, in.Body.Name, by.address)
		if err != nil {
			return nil, err
		}
		return &groupCreated{Location: Prefix + "/groups/" + string(id), Body: Group{ID: string(id), Name: in.Body.Name}}, nil
	})
	operation(s, huma.Operation{
		OperationID: "renameGroup", Method: http.MethodPatch, Path: "/groups/{id}", Tags: []string{tag}, Summary: "Rename a group", Errors: refusals,
	}, portal.ScopeDirectory, s.renameGroup)
	operation(s, huma.Operation{
		OperationID: "deleteGroup", Method: http.MethodDelete, Path: "/groups/{id}", Tags: []string{tag}, Summary: "Delete a group that nothing names",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, portal.ScopeDirectory, func(ctx context.Context, by session, in *oneAsked) (*nothing, error) {
		return nil, s.Store.DeleteGroup(ctx, by.Caller, portal.GroupID(in.ID), by.address)
	})
	operation(s, huma.Operation{
		OperationID: "listMembers", Method: http.MethodGet, Path: "/groups/{id}/members", Tags: []string{tag}, Summary: "List the members of a group",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, portal.ScopeDirectoryRead, s.listMembers)
	move := func(id, method, summary string, move func(ctx context.Context, by session, group portal.GroupID, agent portal.AgentID) error) {
		operation(s, huma.Operation{
			OperationID: id, Method: method, Path: "/groups/{id}/members/{agent}", Tags: []string{tag}, Summary: summary,
			DefaultStatus: http.StatusNoContent, Errors: refusals,
		}, portal.ScopeDirectory, func(ctx context.Context, by session, in *memberAsked) (*nothing, error) {
			return nil, move(ctx, by, portal.GroupID(in.ID), portal.AgentID(in.Agent))
		})
	}
	move("addMember", http.MethodPut, "Put an agent into a group", func(ctx context.Context, by session, group portal.GroupID, agent portal.AgentID) error {
		return s.Store.ChangeGroups(ctx, by.Caller, agent, []portal.GroupID{group}, nil, by.address)
	})
	move("removeMember", http.MethodDelete, "Take an agent out of a group", func(ctx context.Context, by session, group portal.GroupID, agent portal.AgentID) error {
		return s.Store.ChangeGroups(ctx, by.Caller, agent, nil, []portal.GroupID{group}, by.address)
	})
}

func (s *Service) listGroups(ctx context.Context, by session, _ *nothing) (*groupList, error) {
	found, err := s.Store.CountedGroups(ctx, by.Caller)
	if err != nil {
		return nil, err
	}
	list := GroupList{Groups: make([]Group, len(found))}
	for i, one := range found {
		list.Groups[i] = Group{ID: string(one.ID), Name: one.Name, Members: one.Members}
	}
	return &groupList{list}, nil
}

func (s *Service) renameGroup(ctx context.Context, by session, in *groupChange) (*groupTold, error) {
	id := portal.GroupID(in.ID)
	now, err := s.Store.InGroup(ctx, by.Caller, id, 1)
	if err != nil {
		return nil, err
	}
	if err := s.Store.RenameGroup(ctx, by.Caller, now.Name, directory.Group{ID: id, Name: in.Body.Name}, by.address); err != nil {
		return nil, err
	}
	return &groupTold{Group{ID: in.ID, Name: in.Body.Name, Members: now.Total}}, nil
}

func (s *Service) listMembers(ctx context.Context, by session, in *membersAsked) (*memberList, error) {
	found, err := s.Store.InGroup(ctx, by.Caller, portal.GroupID(in.ID), in.Page)
	if err != nil {
		return nil, err
	}
	list := MemberList{Members: make([]Member, len(found.Agents)), Total: found.Total, Page: found.Page, Pages: found.Pages}
	for i, one := range found.Agents {
		list.Members[i] = Member{ID: string(one.ID), Name: one.Name()}
	}
	return &memberList{list}, nil
}
