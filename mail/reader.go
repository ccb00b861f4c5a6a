package mail

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"parvis/portal"
)

// maxVisits bounds the connections that one reading opens at a time.
const maxVisits = 4

// Reading is what one look at the caller's mailboxes gave.
type Reading struct {
	Boxes   []Mailbox // her own first, then the shared ones by name
	Missing []Missed  // mailboxes that could not be read
	// NeedsPassword: her own mailbox opens with a password that she has not given.
	NeedsPassword bool
	Webmail       string
}

// Missed is a mailbox that could not be read, and why.
type Missed struct {
	Mailbox
	Err error
}

// Unread is the sum over all mailboxes.
func (r Reading) Unread() (sum int) {
	for _, box := range r.Boxes {
		sum += box.Unread
	}
	return sum
}

// Mailboxes reads the caller's mailboxes, with at most latest messages of
// each. portal.ErrNotFound when the collectivity has no mail server; the error
// of the mailboxes when none of them could be read.
func (s *Store) Mailboxes(ctx context.Context, caller portal.Caller, latest int) (Reading, error) {
	server, err := s.Server(ctx, caller.Collectivity)
	if err != nil {
		return Reading{}, err
	}
	reading := Reading{Webmail: server.Webmail}
	visits, err := s.visits(ctx, caller, server, &reading)
	if err != nil {
		return Reading{}, err
	}
	makeVisits(ctx, server, visits, latest)
	var failures []error
	for _, visit := range visits {
		if errors.Is(visit.err, portal.ErrDenied) && server.SignIn == ByPassword {
			// Trying a password that is wrong by now would lock her account.
			if err := s.forgetRefused(context.WithoutCancel(ctx), caller, visit.who); err != nil {
				return Reading{}, err
			}
			reading.NeedsPassword = true
			continue
		}
		if visit.err != nil {
			reading.Missing = append(reading.Missing, Missed{visit.box, visit.err})
			failures = append(failures, visit.err)
			continue
		}
		reading.Boxes = append(reading.Boxes, visit.box)
	}
	if len(reading.Boxes) == 0 && len(failures) > 0 {
		return Reading{}, errors.Join(failures...)
	}
	return reading, nil
}

// visiting is one mailbox to read.
type visiting struct {
	box Mailbox
	who credentials
	err error
}

func (s *Store) visits(ctx context.Context, caller portal.Caller, server Server, reading *Reading) ([]*visiting, error) {
	var visits []*visiting
	who, err := s.personal(ctx, caller, server)
	switch {
	case errors.Is(err, portal.ErrNotFound):
		reading.NeedsPassword = server.SignIn == ByPassword
	case err != nil:
		return nil, err
	default:
		address, err := s.address(ctx, caller)
		if err != nil {
			return nil, err
		}
		visits = append(visits, &visiting{box: Mailbox{Address: address}, who: who})
	}
	if server.SignIn != ByMaster {
		return visits, nil // nothing opens a shared mailbox
	}
	shared, err := s.sharedOf(ctx, caller)
	if err != nil {
		return nil, err
	}
	for _, one := range shared {
		visits = append(visits, &visiting{box: Mailbox{Address: one.Address, Name: one.Name}, who: server.as(one.Address)})
	}
	return visits, nil
}

func makeVisits(ctx context.Context, server Server, visits []*visiting, latest int) {
	places := make(chan struct{}, maxVisits)
	var wait sync.WaitGroup
	for _, one := range visits {
		wait.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			found, err := visit(ctx, server, one.who, latest)
			if server.SignIn == ByMaster && errors.Is(err, portal.ErrDenied) {
				err = masterRefused(err) // the server's fault for everybody, not this agent's
			}
			one.box.Unread, one.box.Messages, one.err = found.Unread, found.Messages, err
		})
	}
	wait.Wait()
}

// GivePassword tries the caller's password on the mail server and, when it
// opens her mailbox, keeps it sealed.
func (s *Store) GivePassword(ctx context.Context, caller portal.Caller, login, password string) error {
	server, err := s.Server(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	if server.SignIn != ByPassword {
		return fmt.Errorf("mail: the server asks for no password of the agent: %w", portal.ErrNotFound)
	}
	var refused portal.FieldErrors
	if login == "" {
		refused = append(refused, portal.Invalid("login", "mail.error.login"))
	}
	if password == "" {
		refused = append(refused, portal.Invalid("password", "mail.error.password"))
	}
	if err := refused.OrNil(); err != nil {
		return fmt.Errorf("mail: give password: %w", err)
	}
	if wait := s.attempts.wait(caller.Agent, time.Now()); wait > 0 {
		return fmt.Errorf("mail: give password: %w", portal.UserError{
			Kind: portal.ErrDenied, Key: "mail.error.wait",
			Args: []any{"minutes", int(wait.Minutes()) + 1},
		})
	}
	if _, err := visit(ctx, server, credentials{login: login, password: password}, 0); err != nil {
		if errors.Is(err, portal.ErrDenied) {
			s.attempts.failed(caller.Agent, time.Now())
		}
		return err
	}
	return s.keepPassword(ctx, caller, login, password)
}

// Check connects to the collectivity's server and, where a master user opens
// mailboxes, opens the first shared one. nil when all is well or there is no
// server; else an error with a sentence.
func (s *Store) Check(ctx context.Context, collectivity portal.CollectivityID) error {
	server, err := s.Server(ctx, collectivity)
	if errors.Is(err, portal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var address string
	err = s.db.QueryRow(ctx, `SELECT address FROM mail_shared WHERE collectivity = $1 ORDER BY address LIMIT 1`, collectivity).Scan(&address)
	if server.SignIn == ByMaster && err == nil {
		_, err := visit(ctx, server, server.as(address), 0)
		return err
	}
	return Try(ctx, server)
}

// tryTimeout bounds a connection that is only tried.
const tryTimeout = 5 * time.Second

// Try connects to a server that nobody uses yet, and waits for its greeting. An error
// has a sentence.
func Try(ctx context.Context, server Server) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	client, err := connect(ctx, server)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.WaitGreeting(); err != nil {
		return unreachable(err)
	}
	return nil
}
