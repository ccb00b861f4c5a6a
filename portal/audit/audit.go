// Package audit keeps the journal of each collectivity: who signed in, what was
// refused and why, what administrators changed. Features write a line in the
// transaction of what it tells; the administrator of a collectivity reads hers,
// and nobody changes one. Lines are kept six to twelve months (CNIL,
// délibération 2021-122) and hold no secret.
package audit

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outbox"
)

// Action is a kind of line.
type Action string

// Every action that a line may tell. Each has its sentence in the catalogue,
// "audit.action.sign-in".
const (
	SignIn             Action = "sign-in"
	SignOut            Action = "sign-out"
	SessionRevoked     Action = "session.revoked"
	SessionClosed      Action = "session.closed" // by what the directory server or the issuer says
	GroupsSet          Action = "groups.set"     // by what the directory server says
	SignInTried        Action = "sign-in.tried"  // what a login would get, by an administrator
	AppPasswordCreated Action = "app-password.created"
	AppPasswordRevoked Action = "app-password.revoked"
	AppPasswordRefused Action = "app-password.refused"
	AppPasswordStopped Action = "app-password.stopped" // by what the directory server or the issuer says
	AppPasswordResumed Action = "app-password.resumed" // by the same

	StepUp        Action = "step-up"
	FactorAdded   Action = "factor.added"
	FactorRemoved Action = "factor.removed"
	FactorCodes   Action = "factor.codes"
	FactorsReset  Action = "factor.reset"
	FactorPolicy  Action = "factor.policy"

	AgentInvited        Action = "agent.invited"
	InvitationCancelled Action = "invitation.cancelled"
	InvitationAccepted  Action = "invitation.accepted"
	PasswordAsked       Action = "password.asked" // a link to a new one, by who forgot hers
	PasswordSent        Action = "password.sent"  // the same, by an administrator
	PasswordChanged     Action = "password.changed"
	PasswordHelp        Action = "password.help"

	AgentCreated  Action = "agent.created"
	AgentChanged  Action = "agent.changed"
	AgentClosed   Action = "agent.closed"
	AgentReopened Action = "agent.reopened"
	// The day on which an account closes by itself.
	DeparturePlanned   Action = "departure.planned"
	DepartureCalledOff Action = "departure.called-off"

	AgentsExported Action = "agents.exported"
	CardsDecided   Action = "cards.decided"   // who sees their fields, and who corrects them
	MembersChanged Action = "members.changed" // by an administrator
	AgentImported  Action = "agent.imported"  // made by a line of a file
	AgentWithdrawn Action = "agent.withdrawn" // the same, undone
	ImportBegun    Action = "import.begun"
	ImportUndone   Action = "import.undone"
	UnitCreated    Action = "unit.created"
	UnitChanged    Action = "unit.changed"
	UnitMoved      Action = "unit.moved"   // below another one
	UnitEmptied    Action = "unit.emptied" // into another one
	UnitDeleted    Action = "unit.deleted"
	GroupCreated   Action = "group.created"
	GroupRenamed   Action = "group.renamed"
	GroupDeleted   Action = "group.deleted"
	GroupRestored  Action = "group.restored"
	GroupRuled     Action = "group.ruled" // its members follow a rule from now on
	GroupsExported Action = "groups.exported"
	UnitsExported  Action = "units.exported"
	GroupByHand    Action = "group.by-hand" // and no more
	MembersByRule  Action = "members.rule"  // who came in or went out since a rule was kept
	MembersByCard  Action = "members.card"  // the same, since a card was changed
	MembersByUnit  Action = "members.unit"  // the same, since the organisation chart was

	DirectoryMirrored Action = "directory.mirrored" // by what the directory server says
	MirrorChanged     Action = "mirror.changed"     // how
	MirrorAllowed     Action = "mirror.allowed"     // departures that asked for an answer
	MirrorLinked      Action = "mirror.linked"      // a card to its entry

	ApplicationOpened   Action = "application.opened"
	TicketRefused       Action = "ticket.refused"
	ClientChanged       Action = "client.changed"
	KeysRotated         Action = "keys.rotated"
	ApplicationCreated  Action = "application.created"
	ApplicationChanged  Action = "application.changed"
	AudienceChanged     Action = "application.audience" // to whom one is open
	ReadersChanged      Action = "thing.readers"        // of a folder, a shared calendar or a mailbox
	WritersChanged      Action = "thing.writers"        // of a folder or a shared calendar
	ApplicationDeleted  Action = "application.deleted"
	ApplicationRestored Action = "application.restored"
	ApplicationGranted  Action = "application.granted"
	ApplicationRevoked  Action = "application.revoked"
	AccessAsked         Action = "access.asked"
	AccessWithdrawn     Action = "access.withdrawn"
	AccessRefused       Action = "access.refused"
	AccessReopened      Action = "access.reopened" // an answer that was taken back

	ResourceCreated   Action = "resource.created" // a room, a vehicle, equipment
	ResourceChanged   Action = "resource.changed"
	ResourceAudience  Action = "resource.audience"  // who may book it
	ResourceSeers     Action = "resource.seers"     // who sees it
	ResourceApprovers Action = "resource.approvers" // who accepts its bookings
	ResourceWithdrawn Action = "resource.withdrawn"
	ResourceRestored  Action = "resource.restored"

	BookedFor    Action = "booking.for"           // by who manages her
	CancelledFor Action = "booking.for.cancelled" // the same, given back

	KioskCreated Action = "kiosk.created" // a device of a yard
	KioskCode    Action = "kiosk.code"    // what opens it, given again
	KioskOpened  Action = "kiosk.opened"  // by its code, on its device
	KioskRevoked Action = "kiosk.revoked"
	KioskEntered Action = "kiosk.entered" // by the code of an agent
	PINSet       Action = "pin.set"       // by herself
	PINGiven     Action = "pin.given"     // to replace when it is first used
	PINRemoved   Action = "pin.removed"
	PINLocked    Action = "pin.locked" // by wrong ones

	PresenceChanged Action = "presence.changed" // where somebody works, said by another

	DutyTeamCreated  Action = "duty.team.created" // who takes turns on call
	DutyTeamChanged  Action = "duty.team.changed"
	DutyTeamClosed   Action = "duty.team.closed"
	DutyTeamReopened Action = "duty.team.reopened"
	DutyMembers      Action = "duty.members"
	DutyManagers     Action = "duty.managers"
	DutyRota         Action = "duty.rota" // several weeks at once
	DutyAssigned     Action = "duty.assigned"
	DutyChanged      Action = "duty.changed"
	DutyRemoved      Action = "duty.removed"
	DutySwapped      Action = "duty.swapped" // between two members
	DutySwapUndone   Action = "duty.swap.undone"
	DutySwapRedone   Action = "duty.swap.redone"
	DutyCallOut      Action = "duty.call-out" // somebody else's intervention, changed
	DutyRate         Action = "duty.rate"     // what a duty is worth from a day on
	DutyExported     Action = "duty.exported" // a month's statement

	AddressBookCreated Action = "address-book.created" // of a unit or a group
	AddressBookChanged Action = "address-book.changed"
	AddressBookDeleted Action = "address-book.deleted"

	RightGiven Action = "right.given"
	RightLent  Action = "right.lent" // by who holds it, for a time
	RightTaken Action = "right.taken"
	// The desk of another, as its agent sees it: begun with its reason, and left.
	DeskSeen Action = "desk.seen"
	DeskLeft Action = "desk.left"
	// The access review as a file.
	ReviewExported       Action = "review.exported"
	RightsExported       Action = "rights.exported"
	ApplicationsExported Action = "applications.exported" // all of them, or who has access to one
	// What the operator of the pool did to a collectivity, in both journals.
	CollectivityCreated   Action = "collectivity.created"
	CollectivitySuspended Action = "collectivity.suspended"
	CollectivityResumed   Action = "collectivity.resumed"
	CollectivityChanged   Action = "collectivity.changed" // by its administrator
	PoolExported          Action = "pool.exported"
	HomeChanged           Action = "home.changed"     // the page of everyone, or of a group
	DirectoryShared       Action = "directory.shared" // in both journals
	DirectoryUnshared     Action = "directory.unshared"
	// What the pool announces to its collectivities, in its own journal.
	QuotasSet             Action = "quotas.set"
	NetworksAllowed       Action = "networks.allowed"
	TemplateKept          Action = "template.kept"
	TemplateDropped       Action = "template.dropped"
	TemplateRestored      Action = "template.restored"
	AnnouncementPublished Action = "announcement.published"
	AnnouncementChanged   Action = "announcement.changed"
	AnnouncementUndone    Action = "announcement.undone" // its last change
	AnnouncementEnded     Action = "announcement.ended"  // before its time
	AnnouncementResumed   Action = "announcement.resumed"
	// A collectivity that leaves or arrives, and what is erased for ever.
	CollectivityExported Action = "collectivity.exported"
	CollectivityRestored Action = "collectivity.restored"
	ErasureAsked         Action = "collectivity.erasure"
	ErasureRecalled      Action = "collectivity.recalled"
	CollectivityErased   Action = "collectivity.erased"
	AgentErased          Action = "agent.erased"

	// What the pool does in a collectivity that it assists, and what that one decides of it.
	AssistanceBegan     Action = "assistance.began"
	AssistanceEnded     Action = "assistance.ended"
	AssistanceSaw       Action = "assistance.saw" // a page
	AssistanceDid       Action = "assistance.did" // sent a form; what it changed has its own line
	AssistanceRefused   Action = "assistance.refused"
	AssistanceAllowed   Action = "assistance.allowed"
	AssistanceInvited   Action = "assistance.invited"
	AssistanceUninvited Action = "assistance.uninvited"

	// Programs that are told of what happens.
	WebhookAdded    Action = "webhook.added"
	WebhookChanged  Action = "webhook.changed"
	WebhookRotated  Action = "webhook.rotated" // its secret
	WebhookRemoved  Action = "webhook.removed"
	WebhookRestored Action = "webhook.restored"
	WebhookStopped  Action = "webhook.stopped" // since nobody answered for days
	WebhookResumed  Action = "webhook.resumed"

	Exported Action = "journal.exported"
	Kept     Action = "journal.kept"
)

// Actions lists them in the order in which a reader chooses.
var Actions = []Action{
	SignIn, SignOut, SessionRevoked, SessionClosed, GroupsSet, SignInTried, AppPasswordCreated, AppPasswordRevoked, AppPasswordRefused,
	AppPasswordStopped, AppPasswordResumed,
	StepUp, FactorAdded, FactorRemoved, FactorCodes, FactorsReset, FactorPolicy,
	AgentInvited, InvitationCancelled, InvitationAccepted, PasswordAsked, PasswordSent, PasswordChanged, PasswordHelp,
	AgentCreated, AgentChanged, AgentClosed, AgentReopened, DeparturePlanned, DepartureCalledOff, AgentsExported, CardsDecided, MembersChanged, AgentImported, AgentWithdrawn, ImportBegun, ImportUndone,
	UnitCreated, UnitChanged, UnitMoved, UnitEmptied, UnitDeleted,
	GroupCreated, GroupRenamed, GroupDeleted, GroupRestored, GroupRuled, GroupByHand, MembersByRule, MembersByCard, MembersByUnit,
	GroupsExported, UnitsExported,
	DirectoryMirrored, MirrorChanged, MirrorAllowed, MirrorLinked,
	ApplicationOpened, TicketRefused, ClientChanged, KeysRotated,
	ReadersChanged, WritersChanged,
	ApplicationCreated, ApplicationChanged, AudienceChanged, ApplicationDeleted, ApplicationRestored, ApplicationGranted, ApplicationRevoked, ApplicationsExported,
	AccessAsked, AccessWithdrawn, AccessRefused, AccessReopened,
	ResourceCreated, ResourceChanged, ResourceAudience, ResourceSeers, ResourceApprovers, ResourceWithdrawn, ResourceRestored,
	DutyTeamCreated, DutyTeamChanged, DutyTeamClosed, DutyTeamReopened, DutyMembers, DutyManagers, DutyRota, DutyAssigned, DutyChanged, DutyRemoved,
	DutySwapped, DutySwapUndone, DutySwapRedone, DutyCallOut, DutyRate, DutyExported,
	BookedFor, CancelledFor, KioskCreated, KioskCode, KioskOpened, KioskRevoked, KioskEntered, PINSet, PINGiven, PINRemoved, PINLocked,
	PresenceChanged, AddressBookCreated, AddressBookChanged, AddressBookDeleted,
	RightGiven, RightLent, RightTaken, DeskSeen, DeskLeft, ReviewExported, RightsExported,
	HomeChanged, DirectoryShared, DirectoryUnshared, CollectivityCreated, CollectivityChanged, CollectivitySuspended, CollectivityResumed, PoolExported,
	QuotasSet, NetworksAllowed, TemplateKept, TemplateDropped, TemplateRestored, AnnouncementPublished, AnnouncementChanged, AnnouncementUndone, AnnouncementEnded, AnnouncementResumed,
	CollectivityExported, CollectivityRestored, ErasureAsked, ErasureRecalled, CollectivityErased, AgentErased,
	AssistanceBegan, AssistanceEnded, AssistanceSaw, AssistanceDid, AssistanceRefused, AssistanceAllowed, AssistanceInvited, AssistanceUninvited,
	WebhookAdded, WebhookChanged, WebhookRotated, WebhookRemoved, WebhookRestored, WebhookStopped, WebhookResumed,
	Exported, Kept,
}

// Reason says truly why something was refused, where the person is told less.
type Reason string

// The reasons. Each has its words in the catalogue, "audit.reason.password".
const (
	Unknown      Reason = "unknown"       // no such account
	Password     Reason = "password"      // a wrong one
	Throttled    Reason = "throttled"     // too many attempts
	Closed       Reason = "closed"        // proved to be who she is, and may not enter
	Unavailable  Reason = "unavailable"   // the server that decides did not answer
	Issuer       Reason = "issuer"        // what the issuer answered is not sound
	Barred       Reason = "barred"        // the application is not open to her
	WrongService Reason = "wrong-service" // a ticket shown by another application than it was given to
	Replayed     Reason = "replayed"      // a ticket, a code or an answer that served before
	Factor       Reason = "factor"        // a wrong code, or a key whose answer is not sound
	Expired      Reason = "expired"       // too late, or begun in another browser
	Weak         Reason = "weak"          // not the level that the collectivity asks its issuer for
	Elsewhere    Reason = "elsewhere"     // of another establishment, or identified by another provider, than hers
	NotOurs      Reason = "not-ours"      // the password is kept by another server
	NoAddress    Reason = "no-address"    // nowhere to write to

	// What a directory server says of an entry.
	Disabled        Reason = "disabled"
	AccountExpired  Reason = "account-expired"
	MustChange      Reason = "must-change" // the password, before anything else
	PasswordExpired Reason = "password-expired"
	Locked          Reason = "locked"
	Gone            Reason = "gone"      // no more there
	Ambiguous       Reason = "ambiguous" // several entries have the login

	Unvouched Reason = "unvouched" // her issuer vouches for her no more
)

// Reasons lists them all.
var Reasons = []Reason{
	Unknown, Password, Throttled, Closed, Unavailable, Issuer, Barred, WrongService, Replayed, Factor, Expired, Weak, Elsewhere, NotOurs, NoAddress,
	Disabled, AccountExpired, MustChange, PasswordExpired, Locked, Gone, Ambiguous, Unvouched,
}

// Line is one thing that was done or refused.
type Line struct {
	ID           string // filled when written
	At           time.Time
	Collectivity portal.CollectivityID // "" for the installation itself
	Account      portal.AccountID      // who acted, "" for nobody known
	Agent        portal.AgentID
	Login        string // of one who is no agent; never what was typed and names nobody
	Action       Action
	Refused      Reason // "" when it was done
	Object       string // what it was done to, "Finances"
	ObjectID     string
	Detail       string // "ldap", "cas"
	Address      string // of the client, "192.0.2.14"

	// What the outbox tells of the line, and the journal does not keep.
	Subject portal.Subject // whose right it is
	Within  portal.UnitID  // where that right holds, "" for the whole collectivity
	Untold  bool           // it is one of many, or said before: who writes it tells the outbox
}

// By is a line about what a caller did in her collectivity.
func By(caller portal.Caller, action Action) Line {
	return Line{Collectivity: caller.Collectivity, Account: caller.Account, Agent: caller.Agent, Action: action}
}

// longest text of a line in bytes; what is longer is cut.
const maxText = 300

// Write adds a line: in a transaction it is there if and only if what it tells
// is, and so is what the collectivity's programs are told of it.
func Write(ctx context.Context, to database.Writer, line Line) error {
	if line.At.IsZero() {
		line.At = time.Now()
	}
	query := insert
	if line.Agent == "" && line.Account != "" && line.Login == "" {
		query = insertNamed
	}
	err := to.Write(ctx, query,
		string(line.Collectivity), newID(line.At), database.Millis(line.At), string(line.Account), string(line.Agent), cut(line.Login),
		string(line.Action), string(line.Refused), cut(line.Object), cut(line.ObjectID), cut(line.Detail), cut(line.Address))
	if err != nil {
		return fmt.Errorf("audit: write %s: %w", line.Action, err)
	}
	if event, told := line.event(); told {
		return outbox.Put(ctx, to, line.Collectivity, event)
	}
	return nil
}

// insertNamed is insert for who acts without being an agent: those who read the line
// know her by her login alone.
const (
	insert = `
		INSERT INTO audit_lines (collectivity, id, at, account, agent, login, action, refused, object, object_id, detail, address)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	insertNamed = `
		INSERT INTO audit_lines (collectivity, id, at, account, agent, login, action, refused, object, object_id, detail, address)
		VALUES ($1, $2, $3, $4, $5, COALESCE((SELECT login FROM accounts WHERE id = $4), $6), $7, $8, $9, $10, $11, $12)`
)

// newID names a line. Two of one millisecond are read in the order in which they
// happened, which their nanoseconds tell.
func newID(at time.Time) string {
	return fmt.Sprintf("%06d", at.Nanosecond()%int(time.Millisecond)) + portal.NewID()
}

// cut shortens a text at a letter's edge.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
