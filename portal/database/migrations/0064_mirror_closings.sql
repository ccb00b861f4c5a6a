-- +goose Up

-- A card that a directory server's word closed bears the moment of that word, so that a
-- later closing by hand or by a planned departure is told from it.
UPDATE agents SET closed = (SELECT MAX(m.closed) FROM mirrored_agents m WHERE m.collectivity = agents.collectivity AND m.agent = agents.id)
WHERE NOT active AND closed > 0 AND EXISTS (
	SELECT 1 FROM mirrored_agents m WHERE m.collectivity = agents.collectivity AND m.agent = agents.id
		AND m.closed > 0 AND agents.closed BETWEEN m.closed AND m.closed + 600000 -- a run takes ten minutes at the most
);
