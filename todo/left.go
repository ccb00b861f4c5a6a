package todo

import (
	"context"

	"parvis/portal"
)

// LeftBy counts what waits for an agent in her collectivity, and in no other of hers.
func (i *Inbox) LeftBy(ctx context.Context, she portal.Caller) ([]portal.Left, error) {
	left := portal.Left{Key: "todo.left"}
	for _, source := range i.sources {
		count, err := countOf(ctx, source, she)
		if err != nil {
			return nil, err
		}
		left.Count += count
	}
	return []portal.Left{left}, nil
}
