package demo

import (
	"context"
	"fmt"

	"parvis/directory"
	"parvis/portal"
	"parvis/server"
)

// scaleAgents is the size of a synthetic collectivity.
const scaleAgents = 20

// Scale adds synthetic collectivities, "s0001" and so on, to measure what the
// number of the others costs.
func Scale(ctx context.Context, s *server.Server, count int) error {
	for number := range count {
		id := fmt.Sprintf("s%04d", number+1)
		if err := synthetic(ctx, s, portal.CollectivityID(id), id+".example"); err != nil {
			return fmt.Errorf("demo: collectivity %s: %w", id, err)
		}
	}
	return nil
}

func synthetic(ctx context.Context, s *server.Server, id portal.CollectivityID, domain string) error {
	agents := make([]directory.Agent, scaleAgents)
	for i := range agents {
		agents[i] = directory.Agent{GivenName: "Agent", FamilyName: fmt.Sprintf("Numéro %02d", i+1), Email: fmt.Sprintf("agent%02d@%s", i+1, domain)}
	}
	return s.Directory.SetUpCollectivity(ctx, directory.Collectivity{
		ID: id, Name: "Commune " + string(id), LongName: "Mairie de " + string(id), Kind: "commune", Domains: []string{domain},
	}, agents)
}
