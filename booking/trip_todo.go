package booking

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/todo"
)

var _, _, _ todo.Source = IncidentSource{}, LateSource{}, PaperSource{}

// IncidentSource is the incidents of the vehicles that the caller governs.
type IncidentSource struct{ Store *Store }

const handleAction = "handle"

// Manifest implements todo.Source.
func (IncidentSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "incidents", Name: "booking.todo.incidents", Icon: "alert", Actions: []todo.Action{{Name: handleAction, Label: "booking.todo.handle"}}}
}

// Count implements todo.Source.
func (s IncidentSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	trips, err := s.Store.Incidents(ctx, caller)
	return len(trips), err
}

// List implements todo.Source. The page of each shows its photographs, and withdraws the vehicle.
func (s IncidentSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	trips, err := s.Store.Incidents(ctx, request.Caller)
	list := todo.List{Total: len(trips)}
	for _, trip := range trips[:min(len(trips), limit)] {
		list.Items = append(list.Items, todo.Item{
			ID: trip.ID, Title: request.Printer.T("booking.todo.incident", "name", trip.Vehicle), Who: trip.Who, Detail: trip.Back.Said,
			Since: trip.Back.Noted.In(request.Now.Location()), Link: tripPath(trip.ID, ""), Actions: []string{handleAction},
		})
	}
	return list, err
}

func handledWords(key string, trip Trip) todo.Sentence {
	return todo.Sentence{Key: key, Args: []string{"name", trip.Vehicle}}
}

// Recent implements todo.Source.
func (s IncidentSource) Recent(ctx context.Context, request todo.Request) (all []todo.Done, err error) {
	trips, err := s.Store.handledBy(ctx, request.Caller)
	for _, trip := range trips {
		all = append(all, todo.Done{Token: trip.ID, Said: handledWords("booking.todo.handled", trip), At: trip.Handled})
	}
	return all, err
}

// Act implements todo.Source.
func (s IncidentSource) Act(ctx context.Context, request todo.Request, item, _ string, _ todo.Values) (todo.Done, error) {
	trip, err := s.Store.Handle(ctx, request.Caller, item, true)
	return todo.Done{Token: item, Said: handledWords("booking.todo.handled", trip), At: request.Now}, err
}

// Undo implements todo.Source.
func (s IncidentSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	trip, err := s.Store.Handle(ctx, request.Caller, token, false)
	return handledWords("booking.todo.unhandled", trip), err
}

// LateSource is the vehicles that should be back: the caller's, and those that she governs.
type LateSource struct {
	Store *Store
	todo.OnPages
}

// Manifest implements todo.Source.
func (LateSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "late-vehicles", Name: "booking.todo.late", Icon: "car"}
}

// Count implements todo.Source.
func (s LateSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	trips, err := s.Store.LateTrips(ctx, caller)
	return len(trips), err
}

// List implements todo.Source.
func (s LateSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	trips, err := s.Store.LateTrips(ctx, request.Caller)
	list := todo.List{Total: len(trips)}
	p, zone := request.Printer, request.Now.Location()
	for _, trip := range trips[:min(len(trips), limit)] {
		item := todo.Item{
			ID: trip.ID, Detail: trip.stateWords(p, request.Now), Since: trip.Due.In(zone), Due: trip.Due.Add(-time.Millisecond).In(zone), Link: tripPath(trip.ID, "/back"),
			Title: p.T("booking.todo.late.mine", "name", trip.Vehicle),
		}
		if trip.Driver != request.Caller.Agent {
			item.Title, item.Who = p.T("booking.todo.late.other", "name", trip.Vehicle), trip.Who
		}
		list.Items = append(list.Items, item)
	}
	return list, err
}

// PaperSource is the inspections and insurances that end, of the vehicles that the caller governs.
type PaperSource struct {
	Store *Store
	todo.OnPages
}

// Manifest implements todo.Source.
func (PaperSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "vehicle-papers", Name: "booking.todo.papers", Icon: "car"}
}

// Count implements todo.Source.
func (s PaperSource) Count(ctx context.Context, caller portal.Caller) (int, error) {
	papers, err := s.Store.Papers(ctx, caller)
	return len(papers), err
}

// List implements todo.Source.
func (s PaperSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	papers, err := s.Store.Papers(ctx, request.Caller)
	list := todo.List{Total: len(papers)}
	for _, paper := range papers[:min(len(papers), limit)] {
		day, err := time.ParseInLocation(time.DateOnly, paper.Day, request.Now.Location())
		if err != nil {
			return list, fmt.Errorf("booking: day of %q: %w", paper.Resource, err)
		}
		key, link := "booking.paper."+paper.Kind+".soon", deskPath+"/resources/"+string(paper.Resource)
		if paper.Past {
			key = "booking.paper." + paper.Kind + ".past"
		}
		if request.Caller.Can(portal.Admin) {
			link = resourcesPath + "/" + string(paper.Resource)
		}
		list.Items = append(list.Items, todo.Item{
			ID: string(paper.Resource) + "-" + paper.Kind, Title: request.Printer.T(key, "name", paper.Vehicle, "day", request.Printer.Date(day, request.Now)),
			Since: day.AddDate(0, 0, -soon), Due: day.AddDate(0, 0, 1).Add(-time.Millisecond), Link: link, // on its day it is not late
		})
	}
	return list, err
}

// maxNamed is how many vehicles a concern names.
const maxNamed = 3

// Concerns tells who administers which inspections and insurances of vehicles end, or ended.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) (all []portal.Concern, err error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	papers, err := s.Papers(ctx, caller)
	at := map[string]int{}
	for _, paper := range papers {
		gravity, key := portal.Coming, "booking.concern."+paper.Kind+".soon"
		if paper.Past {
			gravity, key = portal.Missing, "booking.concern."+paper.Kind+".past"
		}
		if _, known := at[key]; !known {
			at[key] = len(all)
			all = append(all, portal.Concern{Gravity: gravity, Key: key, Path: resourcesPath + "?kind=" + string(Vehicle), Icon: "car"})
		}
		concern := &all[at[key]]
		if concern.Count++; len(concern.Named) < maxNamed {
			day, _ := time.Parse(time.DateOnly, paper.Day) // checked when it was written
			concern.Named = append(concern.Named, portal.Named{Name: paper.Vehicle, Path: resourcesPath + "/" + string(paper.Resource), Day: day.Add(12 * time.Hour)})
		}
	}
	return all, err
}
