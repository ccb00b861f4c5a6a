package directory

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/outbox"
	"parvis/portal/post"
	"parvis/search"
	"parvis/sso"
)

// invitationLife is how long the link of an invitation serves.
const invitationLife = 7 * 24 * time.Hour

// betweenLinks keeps a form sent twice from writing twice.
const betweenLinks = time.Minute

// Inviter asks people to become agents.
type Inviter struct {
	store     *Store
	methods   *sso.Methods
	post      *post.Queue
	catalogue *i18n.Catalogue
	url       string // of the installation, which letters lead to
}

// NewInviter returns the inviter over a store. url is the configured address of
// the installation: links never come from a request.
func NewInviter(store *Store, methods *sso.Methods, queue *post.Queue, catalogue *i18n.Catalogue, url string) *Inviter {
	return &Inviter{store: store, methods: methods, post: queue, catalogue: catalogue, url: url}
}

// Handed is a link that nobody could be sent, for the administrator to hand over.
type Handed struct {
	Name string
	Link string // "" where nothing is to be chosen
}

// Placing is where invited people go.
type Placing struct {
	Unit   portal.UnitID
	Groups []portal.GroupID
}

// invite is one person about to be invited.
type invite struct {
	Guest
	agent   Agent            // there already when it has an ID
	account portal.AccountID // to be attached at once, where no password is to be chosen
	made    bool
	hand    bool // the link is handed over, also where mail can be sent
}

// Judge completes guests with what the caller's collectivity knows of them: who
// is here already, and whose address can't be invited. It discloses nothing of
// another collectivity: an address with an account elsewhere is as good as new.
func (n *Inviter) Judge(ctx context.Context, caller portal.Caller, guests []Guest) ([]Guest, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: judge guests: %w", err)
	}
	kind, err := n.kind(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	judged := make([]Guest, len(guests))
	for i, guest := range guests {
		if guest.Fault == "" {
			if _, guest.Fault, err = n.judge(ctx, n.store.db, caller, kind, guest); err != nil {
				return nil, fmt.Errorf("directory: judge guests: %w", err)
			}
		}
		judged[i] = guest
	}
	return judged, nil
}

func (n *Inviter) kind(ctx context.Context, collectivity portal.CollectivityID) (sso.Kind, error) {
	method, err := n.methods.Of(ctx, collectivity)
	return method.Kind, err
}

// judge finds what is known of a guest here; fault says why she can't be invited.
func (n *Inviter) judge(ctx context.Context, tx rows, caller portal.Caller, kind sso.Kind, guest Guest) (one invite, fault string, err error) {
	one = invite{Guest: guest, made: true}
	row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`
		WHERE a.collectivity = $1 AND (a.account IN (SELECT id FROM accounts WHERE login = $2) OR (a.account IS NULL AND lower(a.email) = $2))
		ORDER BY a.account IS NULL, a.created LIMIT 1`, string(caller.Collectivity), guest.Login)
	known, err := scanAgent(row.Scan)
	switch {
	case errors.Is(err, portal.ErrNotFound):
	case err != nil:
		return one, "", err
	case !known.Active:
		return one, "directory.invite.closed", nil
	case known.Account != "":
		return one, "directory.invite.here", nil
	default:
		one.agent, one.made = known, false
		if err := n.store.mayDecide(ctx, tx, caller, known.ID); err != nil {
			key := refused(err).Key
			if key != "" {
				err = nil
			}
			return one, key, err
		}
		var count int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM invitations WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(known.ID)).Scan(&count)
		if err != nil {
			return one, "", err
		}
		if count > 0 {
			return one, "directory.invite.again", nil
		}
	}
	err = n.roomFor(ctx, tx, caller, guest.Login)
	if err == nil && kind != sso.Embedded {
		err = n.ownGuest(ctx, tx, caller, guest.Login)
	}
	var said portal.UserError
	if errors.As(err, &said) {
		return one, said.Key, nil
	}
	return one, "", err
}

// errNotOwn is for an address that the collectivity's own server would not know.
var errNotOwn = portal.UserError{Kind: portal.ErrInvalid, Key: "directory.invite.domain"}

// ownGuest refuses a login of no domain of the caller's collectivity, where its
// server vouches for guests: the account would become its agent without a word of
// its person.
func (n *Inviter) ownGuest(ctx context.Context, tx rows, caller portal.Caller, login string) error {
	owner, err := ownerOf(ctx, tx, login)
	if err == nil && owner != caller.Collectivity {
		err = errNotOwn
	}
	return err
}

// ownerOf is the collectivity that the domain of a login belongs to, "" for none.
func ownerOf(ctx context.Context, tx rows, login string) (owner portal.CollectivityID, err error) {
	err = tx.QueryRow(ctx, `SELECT collectivity FROM collectivity_domains WHERE domain = $1`, sso.LoginDomain(login)).Scan(&owner)
	if errors.Is(err, portal.ErrNotFound) {
		return "", nil
	}
	return owner, err
}

// errGuests: a line has changed its answer since it was shown.
var errGuests = portal.FieldErrors{portal.Invalid("lines", "directory.invite.changed")}

// Invite makes guests agents of the caller's collectivity and writes to each,
// all or none. Where no mail can be sent it returns the links to hand over.
// portal.FieldErrors when one of them can't be invited: see Judge.
func (n *Inviter) Invite(ctx context.Context, caller portal.Caller, guests []Guest, where Placing) ([]Handed, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: invite: %w", err)
	}
	c, err := n.store.Collectivity(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	kind, err := n.kind(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	var handed []Handed
	err = n.store.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		handed = nil
		for _, guest := range guests {
			one, fault, err := n.judge(ctx, tx, caller, kind, guest)
			if err != nil {
				return nil, err
			}
			if fault != "" || guest.Fault != "" {
				return nil, errGuests
			}
			one.agent.ID, err = n.settle(ctx, tx, caller, kind, one, where)
			if err != nil {
				return nil, err
			}
			link, err := n.write(ctx, tx, caller, c, kind, one)
			if err != nil {
				return nil, err
			}
			handed, ids = append(handed, Handed{guest.Name(), link}), append(ids, string(one.agent.ID))
		}
		return ids, nil
	})
	if err != nil {
		return nil, fmt.Errorf("directory: invite: %w", err)
	}
	n.invited(kind, caller.Collectivity)
	n.post.Wake()
	if n.post.Sends() {
		return nil, nil
	}
	return handed, nil
}

// invited tells of a change of who is an agent. Where no password is to be chosen,
// accounts that may be known elsewhere became agents at once.
func (n *Inviter) invited(kind sso.Kind, collectivity portal.CollectivityID) {
	if kind == sso.Embedded {
		n.store.changedIn(collectivity)
		return
	}
	n.store.changed("")
}

// settle makes the agent of a guest. Where no password is to be chosen she has
// her account at once: her own server will vouch for her.
func (n *Inviter) settle(ctx context.Context, tx *database.Tx, caller portal.Caller, kind sso.Kind, one invite, where Placing) (portal.AgentID, error) {
	agent := one.agent
	if one.made {
		agent = Agent{ID: portal.AgentID(portal.NewID()), GivenName: one.GivenName, FamilyName: one.FamilyName, Email: one.Address, Unit: where.Unit}
		if err := agent.check(); err != nil {
			return "", err
		}
		if err := n.store.insertAgent(ctx, tx, caller, agent); err != nil {
			return "", err
		}
		made := outbox.Event{Kind: outbox.AgentCreated, At: n.store.now(), Agent: agent.ID}
		if err := outbox.Put(ctx, tx, caller.Collectivity, made); err != nil {
			return "", err
		}
	}
	if !one.made {
		if err := n.store.mayDecide(ctx, tx, caller, agent.ID); err != nil {
			return "", err
		}
	}
	if err := groupsByHand(ctx, tx, caller.Collectivity, where.Groups...); err != nil {
		return "", err
	}
	if err := n.store.mayFill(ctx, tx, caller, where.Groups...); err != nil {
		return "", err
	}
	for _, group := range where.Groups {
		_, err := tx.Exec(ctx, `INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(caller.Collectivity), string(group), string(agent.ID))
		if err != nil {
			return "", err
		}
	}
	if !one.made && len(where.Groups) > 0 {
		err := outbox.Put(ctx, tx, caller.Collectivity, outbox.Event{Kind: outbox.AgentGroups, At: n.store.now(), Agent: agent.ID})
		if err != nil {
			return "", err
		}
	}
	if kind == sso.Embedded {
		return agent.ID, nil
	}
	account, err := accountFor(ctx, tx, n.store, caller.Collectivity, one.Login)
	if err != nil {
		return "", err
	}
	return agent.ID, n.store.attach(ctx, tx, caller.Collectivity, agent.ID, account)
}

// accountFor is the account of a login that the collectivity vouches for, made
// when there is none.
func accountFor(ctx context.Context, tx *database.Tx, s *Store, collectivity portal.CollectivityID, login string) (account portal.AccountID, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM accounts WHERE login = $1`, login).Scan(&account)
	if errors.Is(err, portal.ErrNotFound) {
		return s.insertAccount(ctx, tx, Installation(collectivity), login)
	}
	return account, err
}

// attach makes an account the agent that nobody was yet. portal.ErrConflict when
// the account is another agent here.
func (s *Store) attach(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID, account portal.AccountID) error {
	latest, err := s.attachable(ctx, tx, Installation(collectivity), account)
	if errors.Is(err, portal.ErrInvalid) {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.account.here"}
	}
	if err != nil {
		return err
	}
	created := max(database.Millis(s.now()), latest+1) // the oldest agent of an account stays the oldest
	return database.OneRow(tx.Exec(ctx, `UPDATE agents SET account = $1, created = $2 WHERE collectivity = $3 AND id = $4 AND account IS NULL AND active`,
		string(account), created, string(collectivity), string(agent)))
}

// write makes the invitation of an agent and its letter. It returns the link
// when there is one and no mail can be sent.
func (n *Inviter) write(ctx context.Context, tx *database.Tx, caller portal.Caller, c Collectivity, kind sso.Kind, one invite) (link string, err error) {
	line := audit.By(caller, audit.AgentInvited)
	line.At, line.Object, line.ObjectID, line.Detail = n.store.now(), one.Name(), string(one.agent.ID), string(kind)
	if err := audit.Write(ctx, tx, line); err != nil {
		return "", err
	}
	if kind != sso.Embedded {
		if n.post.Sends() {
			_, err = n.put(ctx, tx, one.Login, n.welcome(c, one))
		}
		return "", err
	}
	secret := portal.NewSecret()
	link = n.url + "/sign-in/invitation?key=" + url.QueryEscape(secret)
	mail := ""
	if n.post.Sends() && !one.hand {
		if mail, err = n.put(ctx, tx, one.Login, n.letter(c, one, link)); err != nil {
			return "", err
		}
		link = ""
	}
	now := n.store.now()
	_, err = tx.Exec(ctx, `
		INSERT INTO invitations (collectivity, agent, login, hash, made, mail, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (collectivity, agent) DO UPDATE SET hash = excluded.hash, mail = excluded.mail, created = excluded.created, expires = excluded.expires`,
		string(caller.Collectivity), string(one.agent.ID), one.Login, portal.HashSecret(secret), one.made, mail,
		database.Millis(now), database.Millis(now.Add(invitationLife)))
	return link, err
}

// begin is a letter in the collectivity's language: nobody knows the guest's.
func (n *Inviter) begin(c Collectivity, one invite, subject string) (post.Letter, *i18n.Printer) {
	printer := n.catalogue.Printer(c.Language)
	return post.Letter{
		Collectivity: c.ID, Sender: c.LongName, Name: one.Name(), Address: one.Address, Language: printer.Lang(),
		Subject: printer.T(subject, "name", c.LongName),
		Before:  []string{printer.T("directory.letter.hello", "name", one.Name())},
	}, printer
}

func (n *Inviter) letter(c Collectivity, one invite, link string) post.Letter {
	letter, printer := n.begin(c, one, "directory.letter.invited")
	letter.Before = append(letter.Before, printer.T("directory.letter.invited.why", "name", c.LongName))
	letter.Link, letter.Label = link, printer.T("directory.letter.invited.do")
	letter.After = []string{printer.T("directory.letter.invited.life", "login", one.Login), printer.T("directory.letter.invited.other")}
	letter.Expires = n.store.now().Add(invitationLife)
	return letter
}

// welcome points at the desk, where she signs in as everywhere else.
func (n *Inviter) welcome(c Collectivity, one invite) post.Letter {
	letter, printer := n.begin(c, one, "directory.letter.welcome")
	letter.Before = append(letter.Before, printer.T("directory.letter.welcome.why", "name", c.LongName))
	letter.Link, letter.Label = n.url+"/", printer.T("directory.letter.welcome.do")
	letter.After = []string{printer.T("directory.letter.welcome.how", "login", one.Login)}
	letter.Expires = n.store.now().Add(invitationLife)
	return letter
}

// errNotInvited is for an agent who has an account already.
var errNotInvited = portal.UserError{Kind: portal.ErrInvalid, Key: "directory.invite.here"}

// Again sends an agent of the caller's collectivity another link, the only one
// that serves from then on; it also invites one who was only listed. It returns
// the link when no mail can be sent.
func (n *Inviter) Again(ctx context.Context, caller portal.Caller, id portal.AgentID) (Handed, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return Handed{}, fmt.Errorf("directory: invite again: %w", err)
	}
	c, err := n.store.Collectivity(ctx, caller.Collectivity)
	if err != nil {
		return Handed{}, err
	}
	kind, err := n.kind(ctx, caller.Collectivity)
	if err != nil {
		return Handed{}, err
	}
	agent, err := n.store.bareAgent(ctx, caller, id)
	if err != nil {
		return Handed{}, err
	}
	var handed Handed
	err = n.store.db.Tx(ctx, func(tx *database.Tx) (err error) {
		handed, err = n.again(ctx, tx, caller, c, kind, agent)
		return err
	})
	if err != nil {
		return Handed{}, fmt.Errorf("directory: invite again: %w", err)
	}
	n.invited(kind, caller.Collectivity)
	n.post.Wake()
	return handed, nil
}

// again is Again in a transaction.
func (n *Inviter) again(ctx context.Context, tx *database.Tx, caller portal.Caller, c Collectivity, kind sso.Kind, agent Agent) (Handed, error) {
	if err := n.store.mayDecide(ctx, tx, caller, agent.ID); err != nil {
		return Handed{}, err
	}
	one, err := n.guestOf(ctx, tx, caller, agent)
	if err == nil {
		err = n.roomFor(ctx, tx, caller, one.Login)
	}
	if err != nil {
		return Handed{}, err
	}
	if one.account == "" && kind != sso.Embedded {
		if err := n.ownGuest(ctx, tx, caller, one.Login); err != nil {
			return Handed{}, err
		}
		one.made = false // she is there, though she may have come by an invitation to choose a password
		if _, err := n.settle(ctx, tx, caller, kind, one, Placing{}); err != nil {
			return Handed{}, err
		}
		if err := tx.Write(ctx, `DELETE FROM invitations WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(agent.ID)); err != nil {
			return Handed{}, err
		}
	}
	link, err := n.write(ctx, tx, caller, c, kind, one)
	return Handed{agent.Name(), link}, err
}

// guestOf is an agent as she is invited again; letters that wait for her are
// taken back.
func (n *Inviter) guestOf(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent) (invite, error) {
	one := invite{agent: agent, Guest: Guest{GivenName: agent.GivenName, FamilyName: agent.FamilyName, Address: agent.Email}}
	var mail string
	var created int64
	err := tx.QueryRow(ctx, `SELECT login, made, mail, created FROM invitations WHERE collectivity = $1 AND agent = $2`,
		string(caller.Collectivity), string(agent.ID)).Scan(&one.Login, &one.made, &mail, &created)
	switch {
	case err == nil && n.store.now().Sub(database.FromMillis(created)) < betweenLinks:
		return one, portal.UserError{Kind: portal.ErrConflict, Key: "directory.invite.soon"}
	case err == nil:
		one.Address = one.Login
		return one, n.post.Withdraw(ctx, tx, caller.Collectivity, mail)
	case !errors.Is(err, portal.ErrNotFound):
		return one, err
	}
	clean, faulty := post.CleanAddress(agent.Email)
	login, ok := sso.CanonicalLogin(clean)
	if faulty != nil || !ok {
		return one, portal.UserError{Kind: portal.ErrInvalid, Key: "directory.invite.no-address"}
	}
	one.Login, one.account = login, agent.Account
	if one.account == "" {
		return one, nil
	}
	return one, n.neverEntered(ctx, tx, caller, agent, &one)
}

// neverEntered lets an agent be invited again who has an account that she never
// entered by: the link is for its login.
func (n *Inviter) neverEntered(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent, one *invite) error {
	var count int
	err := tx.QueryRow(ctx, `
		SELECT p.login, (SELECT COUNT(*) FROM account_passwords w WHERE w.account = a.account) + CASE WHEN a.entered > 0 THEN 1 ELSE 0 END
		FROM agents a JOIN accounts p ON p.id = a.account WHERE a.collectivity = $1 AND a.id = $2`,
		string(caller.Collectivity), string(agent.ID)).Scan(&one.Login, &count)
	if err != nil {
		return err
	}
	place, err := SignIn{Store: n.store}.Locate(ctx, one.Login)
	if err == nil && (count > 0 || place.Collectivity.ID != caller.Collectivity) {
		err = errNotInvited
	}
	if sso.LoginDomain(one.Login) != "" {
		one.Address = one.Login // a card may show a mailbox that several people read
	}
	return err
}

// Cancel takes an invitation back: its link serves no more, its letter does not
// leave if it has not, and an agent who came with it goes with it.
func (n *Inviter) Cancel(ctx context.Context, caller portal.Caller, id portal.AgentID) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: cancel invitation: %w", err)
	}
	err := n.store.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		var mail string
		var made bool
		err := tx.QueryRow(ctx, `SELECT mail, made FROM invitations WHERE collectivity = $1 AND agent = $2`,
			string(caller.Collectivity), string(id)).Scan(&mail, &made)
		if err != nil {
			return nil, err
		}
		if err := n.store.mayDecide(ctx, tx, caller, id); err != nil {
			return nil, err
		}
		line := audit.By(caller, audit.InvitationCancelled)
		line.At, line.ObjectID = n.store.now(), string(id)
		if line.Object, err = nameOf(ctx, tx, caller.Collectivity, id); err != nil {
			return nil, err
		}
		if err := audit.Write(ctx, tx, line); err != nil {
			return nil, err
		}
		if err := n.post.Withdraw(ctx, tx, caller.Collectivity, mail); err != nil {
			return nil, err
		}
		return []string{string(id)}, forgetInvitation(ctx, tx, caller.Collectivity, id, made)
	})
	if err != nil {
		return fmt.Errorf("directory: cancel invitation: %w", err)
	}
	n.store.changedIn(caller.Collectivity)
	return nil
}

func nameOf(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id portal.AgentID) (string, error) {
	var agent Agent
	err := tx.QueryRow(ctx, `SELECT given_name, family_name FROM agents WHERE collectivity = $1 AND id = $2`,
		string(collectivity), string(id)).Scan(&agent.GivenName, &agent.FamilyName)
	return agent.Name(), err
}

// forgetInvitation deletes an invitation, and the agent who was nobody without it: who has
// an account by now stays.
func forgetInvitation(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id portal.AgentID, made bool) error {
	all := func(texts ...string) error {
		for _, text := range texts {
			if err := tx.Write(ctx, text, string(collectivity), string(id)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := all(`DELETE FROM invitations WHERE collectivity = $1 AND agent = $2`); err != nil || !made {
		return err
	}
	err := all(`DELETE FROM agent_group_members WHERE collectivity = $1 AND agent = $2`,
		`DELETE FROM deleted_group_members WHERE collectivity = $1 AND agent = $2`,
		`DELETE FROM rights_given WHERE collectivity = $1 AND kind = 'agent' AND subject = $2`)
	if err == nil {
		err = database.OneRow(tx.Exec(ctx, `DELETE FROM agents WHERE collectivity = $1 AND id = $2 AND account IS NULL`, string(collectivity), string(id)))
	}
	if errors.Is(err, portal.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = all(`DELETE FROM scim_agents WHERE collectivity = $1 AND agent = $2`, `UPDATE agents SET manager = '' WHERE collectivity = $1 AND manager = $2`)
	}
	if err != nil {
		return err
	}
	return outbox.Put(ctx, tx, collectivity, outbox.Event{Kind: outbox.AgentErased, Agent: id})
}

// States says what became of the letters of invitations.
func (n *Inviter) States(ctx context.Context, caller portal.Caller, letters []string) (map[string]post.State, error) {
	return n.post.States(ctx, caller.Collectivity, letters)
}

// Sends says whether letters can leave.
func (n *Inviter) Sends() bool { return n.post.Sends() }

var _ sso.Invitations = SignIn{}

// Invitation returns the one whose link holds a secret; portal.ErrNotFound when
// it serves no more, or its agent was closed.
func (d SignIn) Invitation(ctx context.Context, secret string) (sso.Invitation, error) {
	var one sso.Invitation
	var agent Agent
	var collectivity portal.CollectivityID
	err := d.db.QueryRow(ctx, `
		SELECT i.collectivity, i.agent, i.login, a.given_name, a.family_name FROM invitations i
		JOIN agents a ON a.collectivity = i.collectivity AND a.id = i.agent
		JOIN collectivities c ON c.id = i.collectivity
		WHERE i.hash = $1 AND i.expires > $2 AND a.active AND c.active`, portal.HashSecret(secret), database.Millis(d.now())).
		Scan(&collectivity, &one.Agent, &one.Login, &agent.GivenName, &agent.FamilyName)
	if err != nil {
		return sso.Invitation{}, fmt.Errorf("directory: find invitation: %w", err)
	}
	one.Name = agent.Name()
	c, err := d.remembered(ctx, collectivity)
	if err != nil {
		return sso.Invitation{}, err
	}
	one.Collectivity = c.shown(d.Theme)
	if one.Account, err = d.AccountOf(ctx, one.Login); err != nil {
		return sso.Invitation{}, err
	}
	one.Vouched, err = d.vouches(ctx, collectivity, one)
	return one, err
}

// vouches says whether a collectivity speaks for the login that it invited: one
// of its own domains, or a new one of nobody's domain. A login that leads to it
// already is its own too.
func (d SignIn) vouches(ctx context.Context, collectivity portal.CollectivityID, one sso.Invitation) (bool, error) {
	owner, err := ownerOf(ctx, d.db, one.Login)
	if err != nil || owner != "" {
		return owner == collectivity, err
	}
	if one.Account == "" {
		return true, nil
	}
	place, err := d.Locate(ctx, one.Login)
	return place.Collectivity.ID == collectivity, err
}

// Accept uses an invitation up, in the transaction of what it lets do.
func (d SignIn) Accept(ctx context.Context, tx *database.Tx, secret string, account portal.AccountID) (portal.AccountID, error) {
	var collectivity portal.CollectivityID
	var agent portal.AgentID
	var login string
	err := tx.QueryRow(ctx, `SELECT collectivity, agent, login FROM invitations WHERE hash = $1 AND expires > $2`,
		portal.HashSecret(secret), database.Millis(d.now())).Scan(&collectivity, &agent, &login)
	if err != nil {
		return "", fmt.Errorf("directory: accept invitation: %w", err)
	}
	if account == "" {
		account, err = d.insertAccount(ctx, tx, Installation(collectivity), login)
		if err != nil && !errors.Is(err, portal.ErrInvalid) && !database.IsDuplicate(err) {
			return "", fmt.Errorf("directory: accept invitation: %w", err) // it may only have met another
		}
		if err != nil {
			return "", portal.UserError{Kind: portal.ErrConflict, Key: "directory.invite.since"}
		}
	}
	held, err := accountOf(ctx, tx, collectivity, agent)
	if err == nil && held != account { // it may be hers already, without a password
		err = d.attach(ctx, tx, collectivity, agent, account)
	}
	if err != nil {
		return "", fmt.Errorf("directory: accept invitation: %w", err)
	}
	return account, forgetInvitation(ctx, tx, collectivity, agent, false)
}

// EmailOf returns the address on the card of a caller's agent.
func (d SignIn) EmailOf(ctx context.Context, caller portal.Caller) (email string, err error) {
	err = d.db.QueryRow(ctx, `SELECT email FROM agents WHERE collectivity = $1 AND id = $2 AND active`,
		string(caller.Collectivity), string(caller.Agent)).Scan(&email)
	if err != nil {
		return "", fmt.Errorf("directory: read address: %w", err)
	}
	return email, nil
}

// Entered writes down when an agent first signed in.
func (d SignIn) Entered(ctx context.Context, tx *database.Tx, caller portal.Caller) error {
	if caller.Agent == "" {
		return nil
	}
	err := tx.Write(ctx, `UPDATE agents SET entered = $1 WHERE collectivity = $2 AND id = $3 AND entered = 0`,
		database.Millis(d.now()), string(caller.Collectivity), string(caller.Agent))
	if err != nil {
		return fmt.Errorf("directory: first sign-in: %w", err)
	}
	return nil
}
