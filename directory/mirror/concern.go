package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// overdue is how late a mirror may be before its administrator is told: it runs every
// few minutes, and once a day at the least.
const overdue = 2 * time.Hour

// Concerns tells the administrator of a collectivity what its mirror asks of her: in one
// question, where Of reads the settings too.
func (m *Mirror) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	if !caller.Can(portal.Admin) {
		return nil, nil
	}
	var fault, waiting string
	var failing, next, checked int64
	var links int
	err := m.db.QueryRow(ctx, `
		SELECT failing, fault, waiting, next, checked, (SELECT COUNT(*) FROM mirror_links l WHERE l.collectivity = $1)
		FROM mirrors WHERE collectivity = $1 AND active`, string(caller.Collectivity)).Scan(&failing, &fault, &waiting, &next, &checked, &links)
	if errors.Is(err, portal.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: what is wrong: %w", err)
	}
	var all []portal.Concern
	add := func(gravity portal.Gravity, key, path string) *portal.Concern {
		all = append(all, portal.Concern{Gravity: gravity, Key: key, Path: path, Icon: "refresh"})
		return &all[len(all)-1]
	}
	why := func(one *portal.Concern) {
		if said := readSentence(fault); said != nil {
			one.Why = said.Key
			for _, arg := range said.Args {
				one.WhyArgs = append(one.WhyArgs, arg)
			}
		}
	}
	switch {
	case failing > 0:
		one := add(portal.Broken, "mirror.concern.failing", address)
		one.Since = database.FromMillis(failing)
		why(one)
	case next > 0 && m.now().Sub(database.FromMillis(next)) > overdue:
		one := add(portal.Broken, "mirror.concern.overdue", address)
		one.Since = database.FromMillis(checked)
	case fault != "":
		why(add(portal.Waiting, "mirror.concern.held", address))
	}
	if waiting != "" {
		add(portal.Waiting, "mirror.concern.asks", address+"/runs/"+waiting).Why = "mirror.asks.why"
	}
	if links > 0 {
		add(portal.Waiting, "mirror.concern.links", address+"#links").Count = links
	}
	return all, nil
}
