package sso

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/post"
	"parvis/portal/web"
)

const (
	// resetLife is how long a link to a new password serves.
	resetLife = time.Hour
	// resetsPerHour and resetsPerDay bound the letters to one mailbox, whoever
	// asks; administrators have resetsPerHour of their own.
	resetsPerHour = 3
	resetsPerDay  = 6
	// asksByNetwork is how many times one network address may ask in Limits.Window.
	asksByNetwork = 10
	// requestLife is how long a request may wait to be looked at: later, the
	// person has asked again.
	requestLife = resetLife
)

// Resets are the links that let people choose a new password.
type Resets struct {
	s    *Service
	asks *window // by network address
	sent *window // by account, what administrators sent
	wake chan struct{}
	turn sync.Mutex // of Handle
}

func newResets(s *Service, limits Limits) *Resets {
	return &Resets{
		s: s, asks: newWindow(asksByNetwork, limits.withDefaults().Window, s.now), sent: newWindow(resetsPerHour, time.Hour, s.now),
		wake: make(chan struct{}, 1),
	}
}

// aboutRequest is what the sealed login of a request is about.
func aboutRequest(id string) string { return "sso/reset/" + id }

// ask writes down that somebody forgot the password of a login, which may be
// nobody's. It costs the same for all; who it is comes later, in handle.
func (rs *Resets) ask(ctx context.Context, login, address string) error {
	if wait := rs.asks.add(Network(address)); wait > 0 {
		return errWait(wait)
	}
	id := portal.NewID()
	_, err := rs.s.db.Exec(ctx, `INSERT INTO reset_requests (id, login, address, at) VALUES ($1, $2, $3, $4)`,
		id, rs.s.sealer.Seal(aboutRequest(id), []byte(login)), address, database.Millis(rs.s.now()))
	if err != nil {
		return fmt.Errorf("sso: ask for a new password: %w", err)
	}
	select {
	case rs.wake <- struct{}{}:
	default: // it will look
	}
	return nil
}

// requestsEvery is how often requests are looked for, beside those of this node.
const requestsEvery = 10 * time.Second

// Run answers requests until the context ends.
func (rs *Resets) Run(ctx context.Context) error {
	ticker := time.NewTicker(requestsEvery)
	defer ticker.Stop()
	for {
		if err := rs.Handle(ctx); err != nil && ctx.Err() == nil {
			rs.s.log.Error("requests for new passwords not answered", "error", err)
		}
		select {
		case <-rs.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// request is one line of the page of forgotten passwords.
type request struct {
	id, login, address string
	at                 time.Time
}

// Handle answers the requests that wait, one caller after the other: what floods is counted behind its transaction.
func (rs *Resets) Handle(ctx context.Context) error {
	rs.turn.Lock()
	defer rs.turn.Unlock()
	rows, err := rs.s.db.Query(ctx, `SELECT id, login, address, at FROM reset_requests ORDER BY at LIMIT 100`)
	var sealed []byte
	var at int64
	waiting, err := database.Collect(rows, err, func(rows *sql.Rows) (one request, err error) {
		if err = rows.Scan(&one.id, &sealed, &one.address, &at); err != nil {
			return one, err
		}
		one.at = database.FromMillis(at)
		if login, err := rs.s.sealer.Open(aboutRequest(one.id), sealed); err == nil {
			one.login = string(login) // sealed with another key: nobody's
		}
		return one, nil
	})
	if err != nil {
		return fmt.Errorf("sso: read requests: %w", err)
	}
	var failures []error
	for _, one := range waiting { // one that fails must not keep the others
		failures = append(failures, rs.handle(ctx, one))
	}
	if len(waiting) > 0 {
		rs.s.post.Wake()
	}
	return errors.Join(failures...)
}

// handle sends what a request leads to: a link, word of who keeps the password,
// or nothing for nobody.
func (rs *Resets) handle(ctx context.Context, one request) error {
	var who person
	if rs.s.now().Sub(one.at) <= requestLife {
		var err error
		if who, err = rs.person(ctx, one.login); err != nil {
			return err
		}
	}
	flooded := false // the transaction may run several times: what it finds is counted once, behind it
	err := rs.s.db.Tx(ctx, func(tx *database.Tx) error {
		flooded = false
		err := database.OneRow(tx.Exec(ctx, `DELETE FROM reset_requests WHERE id = $1`, one.id))
		if errors.Is(err, portal.ErrNotFound) || err == nil && who.identity == nil {
			return nil // another node was first; or there is nobody to write to, or too late
		}
		if err != nil {
			return err
		}
		line := who.line(audit.PasswordAsked, one.address, rs.s.now())
		letter, refused, err := rs.answer(ctx, tx, who)
		if err != nil {
			return err
		}
		if line.Refused = refused; refused == audit.Throttled {
			if flooded = true; rs.s.flood.full(flood(who)) > 0 {
				return nil // a flood must not fill the journal
			}
		}
		if letter.Address != "" {
			if _, err := rs.s.post.Put(ctx, tx, letter); err != nil && !errors.Is(err, portal.ErrInvalid) {
				return err
			} else if err != nil {
				line.Refused = audit.NoAddress
			}
		}
		return audit.Write(ctx, tx, line)
	})
	if err == nil && flooded {
		rs.s.flood.add(flood(who))
	}
	return err
}

// flood is what the refusals of a person's requests are counted by.
func flood(who person) string { return "reset " + string(who.identity.Caller.Account) }

// answer is the letter about a request and why it holds no link. Without an
// address nothing is sent.
func (rs *Resets) answer(ctx context.Context, tx *database.Tx, who person) (post.Letter, audit.Reason, error) {
	switch {
	case who.address == "":
		return post.Letter{}, audit.NoAddress, nil
	case who.identity.Caller.Can(portal.OperatePool):
		return post.Letter{}, audit.Closed, nil // the terminal of the machine is the way
	}
	full, err := rs.full(ctx, tx, who.identity.Caller.Account)
	if err != nil || full {
		return post.Letter{}, audit.Throttled, err
	}
	if who.kind != Embedded {
		if _, err := rs.insert(ctx, tx, who.identity.Caller.Account, true); err != nil { // counts the letter
			return post.Letter{}, "", err
		}
		return rs.elsewhere(who), audit.NotOurs, nil
	}
	secret, err := rs.insert(ctx, tx, who.identity.Caller.Account, false)
	return rs.letter(who, secret, "sso.letter.reset.why"), "", err
}

// full says whether an account was sent as many letters as it may be.
func (rs *Resets) full(ctx context.Context, tx *database.Tx, account portal.AccountID) (bool, error) {
	now := rs.s.now()
	var hour, day int
	err := tx.QueryRow(ctx, `
		SELECT COUNT(CASE WHEN created > $1 THEN 1 END), COUNT(*) FROM password_resets WHERE account = $2 AND created > $3`,
		database.Millis(now.Add(-time.Hour)), string(account), database.Millis(now.AddDate(0, 0, -1))).Scan(&hour, &day)
	return hour >= resetsPerHour || day >= resetsPerDay, err
}

// insert makes a link, which puts an end to those before it, and returns its
// secret. A dead one only counts.
func (rs *Resets) insert(ctx context.Context, tx *database.Tx, account portal.AccountID, dead bool) (secret string, err error) {
	now := rs.s.now()
	secret = portal.NewSecret()
	if err := killLinks(ctx, tx, account); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO password_resets (hash, account, created, expires, dead) VALUES ($1, $2, $3, $4, $5)`,
		portal.HashSecret(secret), string(account), database.Millis(now), database.Millis(now.Add(resetLife)), dead)
	return secret, err
}

// killLinks ends every link of an account.
func killLinks(ctx context.Context, tx database.Writer, account portal.AccountID) error {
	_, err := tx.Exec(ctx, `UPDATE password_resets SET dead = TRUE WHERE account = $1 AND NOT dead`, string(account))
	return err
}

// Clean forgets the links that count no more.
func (rs *Resets) Clean(ctx context.Context) error {
	_, err := rs.s.db.Exec(ctx, `DELETE FROM password_resets WHERE created < $1`, database.Millis(rs.s.now().AddDate(0, 0, -2)))
	if err != nil {
		return fmt.Errorf("sso: clean links: %w", err)
	}
	return nil
}

// find returns the account whose link holds a secret; portal.ErrNotFound when it
// serves no more.
func (rs *Resets) find(ctx context.Context, secret string) (account portal.AccountID, err error) {
	err = rs.s.db.QueryRow(ctx, `SELECT account FROM password_resets WHERE hash = $1 AND NOT dead AND expires > $2`,
		portal.HashSecret(secret), database.Millis(rs.s.now())).Scan(&account)
	if err != nil {
		return "", fmt.Errorf("sso: find link: %w", err)
	}
	return account, nil
}

// spend uses a link up, in the transaction of what it lets do.
func (rs *Resets) spend(ctx context.Context, tx database.Writer, secret string) error {
	return database.OneRow(tx.Exec(ctx, `UPDATE password_resets SET dead = TRUE WHERE hash = $1 AND NOT dead AND expires > $2`,
		portal.HashSecret(secret), database.Millis(rs.s.now())))
}

// person is somebody whose password is spoken of.
type person struct {
	identity *web.Identity         // where her login leads; nil for nobody
	home     portal.CollectivityID // whose method she signs in by
	login    string
	address  string // where she is written to, "" for nowhere
	kind     Kind   // how she signs in
	help     string // whom to ask, where Parvis keeps no password
}

// person finds who a canonical login is. Nobody is the zero person, without
// error.
func (rs *Resets) person(ctx context.Context, login string) (person, error) {
	account, err := rs.s.people.AccountOf(ctx, login)
	if err != nil || account == "" {
		return person{}, err
	}
	return rs.personOf(ctx, account, login)
}

// personOf is person for an account and its login.
func (rs *Resets) personOf(ctx context.Context, account portal.AccountID, login string) (person, error) {
	place, err := rs.s.people.Locate(ctx, login)
	if err != nil {
		return person{}, err
	}
	identity, err := rs.s.people.Identity(ctx, account, place.Collectivity.ID)
	if errors.Is(err, portal.ErrNotFound) {
		identity, err = rs.s.people.Identity(ctx, account, "")
	}
	if errors.Is(err, portal.ErrNotFound) || err == nil && identity.Caller.Agent == "" {
		return person{}, nil // may not enter; or operates the pool, and is nobody's agent
	}
	if err != nil {
		return person{}, err
	}
	who := person{identity: identity, home: place.Collectivity.ID, login: login, address: login}
	if LoginDomain(login) == "" { // a code: the card of the collectivity that vouches for it says where she reads
		if who.address, err = rs.s.people.EmailOf(ctx, identity.Caller); err != nil {
			return person{}, err
		}
	}
	method, err := rs.s.Methods.Of(ctx, place.Collectivity.ID)
	if err != nil {
		return person{}, err
	}
	who.kind = method.Kind
	who.help, err = rs.help(ctx, place.Collectivity.ID)
	return who, err
}

// line is one of the journal about a person, by whom nobody has proved to be.
func (p person) line(action audit.Action, address string, now time.Time) audit.Line {
	line := audit.By(p.identity.Caller, action)
	line.At, line.Address = now, address
	return line
}

// help is what the administrator of a collectivity wrote about passwords that
// Parvis does not keep, "" for nothing.
func (rs *Resets) help(ctx context.Context, collectivity portal.CollectivityID) (text string, err error) {
	err = rs.s.db.QueryRow(ctx, `SELECT help FROM password_helps WHERE collectivity = $1`, string(collectivity)).Scan(&text)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return "", fmt.Errorf("sso: read help: %w", err)
	}
	return text, nil
}

// maxHelp bounds that text, in bytes.
const maxHelp = 600

func (rs *Resets) setHelp(ctx context.Context, caller portal.Caller, text string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("sso: set help: %w", err)
	}
	if len(text) > maxHelp {
		return fmt.Errorf("sso: set help: %w", portal.FieldErrors{portal.Invalid("help", "sso.error.help")})
	}
	err := rs.s.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO password_helps (collectivity, help) VALUES ($1, $2)
			ON CONFLICT (collectivity) DO UPDATE SET help = excluded.help`, string(caller.Collectivity), text)
		if err != nil {
			return err
		}
		return audit.Write(ctx, tx, audit.By(caller, audit.PasswordHelp))
	})
	if err != nil {
		return fmt.Errorf("sso: set help: %w", err)
	}
	return nil
}

// linkTo is the address of a link. It is made of the configured address of the
// installation and never of a request's, which whoever asks may choose.
func (s *Service) linkTo(path, secret string) string {
	return s.url + path + "?key=" + url.QueryEscape(secret)
}

// letter begins a letter to a person.
func (rs *Resets) begin(who person, subject string) post.Letter {
	language := who.identity.Language
	if language == "" {
		language = who.identity.Collectivity.Language
	}
	printer := rs.s.catalogue.Printer(language)
	return post.Letter{
		Collectivity: who.identity.Caller.Collectivity, Sender: who.identity.Collectivity.LongName,
		Name: who.identity.PersonName, Address: who.address, Language: printer.Lang(),
		Subject: printer.T(subject), Before: []string{printer.T("sso.letter.hello", "name", who.identity.PersonName)},
	}
}

// letter carries a link, and says why in a sentence.
func (rs *Resets) letter(who person, secret, why string) post.Letter {
	letter := rs.begin(who, "sso.letter.reset")
	printer := rs.s.catalogue.Printer(letter.Language)
	letter.Before = append(letter.Before, printer.T(why, "login", who.login))
	letter.Link, letter.Label = rs.s.linkTo("/sign-in/reset", secret), printer.T("sso.letter.reset.do")
	letter.After = []string{printer.T("sso.letter.reset.life"), printer.T("sso.letter.reset.other")}
	letter.Expires = rs.s.now().Add(resetLife)
	return letter
}

// elsewhere tells who keeps a password that Parvis does not.
func (rs *Resets) elsewhere(who person) post.Letter {
	letter := rs.begin(who, "sso.letter.elsewhere")
	printer := rs.s.catalogue.Printer(letter.Language)
	letter.Before = append(letter.Before, printer.T("sso.letter.elsewhere."+string(who.kind), "name", who.identity.Collectivity.LongName))
	if who.help != "" {
		letter.Before = append(letter.Before, who.help)
	}
	letter.After = []string{printer.T("sso.letter.reset.other")}
	return letter
}

// notice tells a person that her password has changed, so that she hears of it
// when it was somebody else.
func (rs *Resets) notice(ctx context.Context, tx database.Writer, who person, device string) error {
	if !rs.s.post.Sends() || who.address == "" {
		return nil
	}
	letter := rs.begin(who, "sso.letter.changed")
	printer, now := rs.s.catalogue.Printer(letter.Language), rs.s.now()
	if zone := who.identity.Collectivity.Zone; zone != nil {
		now = now.In(zone)
	}
	when := printer.DateLong(now, now) + ", " + printer.Clock(now)
	letter.Before = append(letter.Before, printer.T("sso.letter.changed.when", "login", who.login, "when", when))
	if device != "" {
		letter.Before = append(letter.Before, printer.T("sso.letter.changed.device", "device", device))
	}
	letter.After = []string{printer.T("sso.letter.changed.other")}
	if _, err := rs.s.post.Put(ctx, tx, letter); err != nil && !errors.Is(err, portal.ErrInvalid) {
		return err
	}
	return nil
}

// errManyLinks: one mailbox takes so many letters.
var errManyLinks = portal.UserError{Kind: portal.ErrConflict, Key: "sso.error.many-links"}

// errOutranked: a link to the password of who may do more would give that.
var errOutranked = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.outranked"}

// send makes a link for an agent whose login is of the caller's collectivity, and
// returns it when no mail can be sent. What strangers asked for does not count:
// it would keep her administrator from helping her.
func (rs *Resets) send(ctx context.Context, caller portal.Caller, member Member, address string) (link string, err error) {
	who, err := rs.personOf(ctx, member.Account, member.Login)
	if err != nil {
		return "", err
	}
	if who.identity == nil || who.kind != Embedded || who.identity.Caller.Collectivity != caller.Collectivity || who.identity.Caller.Can(portal.OperatePool) {
		return "", errElsewhere
	}
	if !caller.Decides(who.identity.Caller) {
		return "", errOutranked
	}
	mailed := rs.s.post.Sends() && who.address != ""
	if mailed && rs.sent.full(string(member.Account)) > 0 {
		return "", errManyLinks
	}
	err = rs.s.db.Tx(ctx, func(tx *database.Tx) error {
		secret, err := rs.insert(ctx, tx, member.Account, false)
		if err != nil {
			return err
		}
		link = rs.s.linkTo("/sign-in/reset", secret)
		if mailed {
			link = ""
			if _, err := rs.s.post.Put(ctx, tx, rs.letter(who, secret, "sso.letter.reset.sent")); err != nil {
				return err
			}
		}
		line := audit.By(caller, audit.PasswordSent)
		line.At, line.Object, line.ObjectID, line.Address = rs.s.now(), member.Name, string(member.Agent), address
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return "", fmt.Errorf("sso: send link: %w", err)
	}
	if mailed {
		rs.sent.add(string(member.Account))
	}
	rs.s.post.Wake()
	return link, nil
}
