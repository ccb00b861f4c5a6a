package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"parvis/e2e/dav/probe"
	"parvis/portal/database"
)

// perCollectivity is how many agents a synthetic collectivity of the demonstration has.
const perCollectivity = 20

// accounts are agents of the synthetic collectivities, each with an app password: those of the form are made one by
// one on a page, so these are written beside the server.
func (s *server) accounts(count int) ([]probe.Account, error) {
	ctx := context.Background()
	db, err := database.Open(ctx, "sqlite:"+filepath.Join(s.dir, "parvis.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var all []probe.Account
	for number := 0; len(all) < count; number++ {
		collectivity := fmt.Sprintf("s%04d", number/perCollectivity+1)
		login := fmt.Sprintf("agent%02d@%s.example", number%perCollectivity+1, collectivity)
		id, secret := fmt.Sprintf("%08d", number), strings.Repeat("a", 26)
		hash := sha256.Sum256([]byte(id + secret))
		var account string
		if err := db.QueryRow(ctx, `SELECT account FROM agents WHERE collectivity = $1 AND email = $2`, collectivity, login).Scan(&account); err != nil {
			return nil, fmt.Errorf("%s: %w", login, err)
		}
		err := database.OneRow(db.Exec(ctx, `
			INSERT INTO app_passwords (collectivity, id, account, name, hash, scopes, home, created) VALUES ($1, $2, $3, 'Téléphone', $4, 'calendar', $1, 0)`,
			collectivity, id, account, hash[:]))
		if err != nil {
			return nil, err
		}
		all = append(all, probe.Account{Login: login, Password: id + "-" + secret})
	}
	return all, nil
}

// agendas are the calendars of accounts, each with some events written by requests, eight at a time.
func (s *server) agendas(people []probe.Account, events int) ([]*calendar, error) {
	all := make([]*calendar, len(people))
	failures := make([]error, len(people))
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := worker; i < len(people); i += 8 {
				all[i], failures[i] = s.agenda(people[i], events)
			}
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// agenda is the first calendar of an account, with events in it.
func (s *server) agenda(owner probe.Account, events int) (*calendar, error) {
	c := &calendar{on: s, owner: owner, events: events}
	home, err := c.home()
	if err != nil {
		return nil, err
	}
	c.url = home + "personal/"
	for i := range events {
		if _, _, err := c.do(client, "PUT", c.url+name(i), "0", event(i), 201); err != nil {
			return nil, err
		}
	}
	return c, nil
}
