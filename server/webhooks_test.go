package server_test

import "parvis/portal"

// hook is a webhook of the collectivity with a message of the same name.
func (e *estate) hook() string {
	e.t.Helper()
	id, name := portal.NewID(), e.text()
	for _, write := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO webhooks (collectivity, id, address, label, kinds, secret, former, state, created, created_by, turned, rights_seen)
			VALUES ($1, $2, 'https://paie.invalid/', $3, ' unit.deleted ', '', '', 'on', 1, '', 1, 1)`, []any{id, name}},
		{`INSERT INTO webhook_messages (collectivity, webhook, id, at, kind, agent, payload, due, tries, answer) VALUES ($1, $2, $2, 1, 'unit.deleted', '', '{}', 0, 1, $3)`, []any{id, name}},
	} {
		_, err := e.DB.Exec(e.t.Context(), write.text, append([]any{string(e.id)}, write.args...)...)
		e.must(err)
	}
	return id
}
