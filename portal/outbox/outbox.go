// Package outbox keeps what happened in a collectivity for the programs that it
// wants told: an event is written in the transaction of what it tells, and is there
// if and only if that is. Sending is the room directory/webhooks. An event names
// things and says nothing of them: who is told reads them, with her own rights.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Kind is what happened.
type Kind string

// All that is told. What a version of Parvis tells is never taken away.
const (
	AgentCreated  Kind = "agent.created"
	AgentChanged  Kind = "agent.changed"
	AgentClosed   Kind = "agent.closed"
	AgentReopened Kind = "agent.reopened"
	AgentErased   Kind = "agent.erased"
	AgentGroups   Kind = "agent.groups" // the groups of one agent changed
	GroupCreated  Kind = "group.created"
	GroupChanged  Kind = "group.changed" // its name, or how it is filled
	GroupMembers  Kind = "group.members" // those of one group changed
	GroupDeleted  Kind = "group.deleted"
	UnitCreated   Kind = "unit.created"
	UnitChanged   Kind = "unit.changed" // its name or its place
	UnitEmptied   Kind = "unit.emptied" // its agents are in another one
	UnitDeleted   Kind = "unit.deleted"
	RightGiven    Kind = "right.given"
	RightLent     Kind = "right.lent"
	RightTaken    Kind = "right.taken"
	RightLapsed   Kind = "right.lapsed" // it ended by its date
	// DirectoryChanged takes the place of many: read all of the directory again.
	DirectoryChanged Kind = "directory.changed"
	// Test is what an administrator sends to try.
	Test Kind = "webhook.test"
)

// Kinds lists what one may choose to be told, in the order shown. DirectoryChanged
// takes the place of any of them, so that it is always told.
var Kinds = []Kind{
	AgentCreated, AgentChanged, AgentClosed, AgentReopened, AgentErased, AgentGroups,
	GroupCreated, GroupChanged, GroupMembers, GroupDeleted, UnitCreated, UnitChanged, UnitEmptied, UnitDeleted,
	RightGiven, RightLent, RightTaken, RightLapsed,
}

// Event is one thing that happened. Fields that it does not speak of are zero.
type Event struct {
	Kind    Kind
	At      time.Time
	Agent   portal.AgentID
	Group   portal.GroupID
	Unit    portal.UnitID
	Fields  []string       // of a card that changed, "unit"
	Right   portal.Right   // with whose it is:
	Subject portal.Subject //
	Within  portal.UnitID  // and where it holds, "" for the whole collectivity
	Count   int            // of the changes that DirectoryChanged stands for, 0 unknown
}

// payload is how an event is sent (Standard Webhooks, "Payload structure").
type payload struct {
	Type      Kind      `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Collectivity portal.CollectivityID `json:"collectivity"`
	Agent        portal.AgentID        `json:"agent,omitempty"`
	Group        portal.GroupID        `json:"group,omitempty"`
	Unit         portal.UnitID         `json:"unit,omitempty"`
	Fields       []string              `json:"fields,omitempty"`
	Right        portal.Right          `json:"right,omitempty"`
	Everyone     bool                  `json:"everyone,omitempty"`
	Within       portal.UnitID         `json:"within,omitempty"`
	Count        int                   `json:"count,omitempty"`
}

// Payload is what is sent of an event, as JSON.
func (e Event) Payload(collectivity portal.CollectivityID) string {
	about := data{
		Collectivity: collectivity, Agent: e.Agent, Group: e.Group, Unit: e.Unit, Fields: e.Fields, Right: e.Right, Within: e.Within, Count: e.Count,
	}
	switch e.Subject.Kind {
	case portal.Everyone:
		about.Everyone = true
	case portal.TheAgent:
		about.Agent = portal.AgentID(e.Subject.ID)
	case portal.TheGroup:
		about.Group = portal.GroupID(e.Subject.ID)
	case portal.TheUnit:
		about.Unit = portal.UnitID(e.Subject.ID)
	}
	text, err := json.Marshal(payload{Type: e.Kind, Timestamp: e.At.UTC().Truncate(time.Millisecond), Data: about})
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return string(text)
}

// NewID names a message: those of one webhook are in the order of their events.
func NewID(at time.Time) string { return NameAt(at, portal.NewID()) }

// NameAt is the same for what has a name of its own, and must be told once.
func NameAt(at time.Time, name string) string {
	return "msg_" + fmt.Sprintf("%013s", strconv.FormatInt(max(0, at.UnixNano()), 36)) + name
}

// put hands an event to each webhook of its collectivity that wants it. Where there is
// none it costs the look for one.
const put = `
	INSERT INTO webhook_messages (collectivity, webhook, id, at, kind, agent, payload, due)
	SELECT w.collectivity, w.id, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($3 AS BIGINT) FROM webhooks w
	WHERE w.collectivity = $1 AND w.state = 'on' AND (w.kinds = '' OR $4 = 'directory.changed' OR w.kinds LIKE '% ' || CAST($4 AS TEXT) || ' %')`

// Put tells of an event, in the transaction of what it tells.
func Put(ctx context.Context, to database.Writer, collectivity portal.CollectivityID, event Event) error {
	if event.At.IsZero() {
		event.At = time.Now()
	}
	about := event.Agent
	if event.Subject.Kind == portal.TheAgent {
		about = portal.AgentID(event.Subject.ID)
	}
	if event.Kind == AgentErased {
		about = "" // it outlives what else speaks of her
	}
	err := to.Write(ctx, put, string(collectivity), NewID(event.At), database.Millis(event.At), string(event.Kind), string(about), event.Payload(collectivity))
	if err != nil {
		return fmt.Errorf("outbox: put %s: %w", event.Kind, err)
	}
	return nil
}

// Many is how many events of one change are told one by one. Of more, a program is
// told once that it is to read all again: it would do nothing else for hours.
const Many = 200

// PutAll tells of the events of one change, which may be as many as a collectivity has
// agents.
func PutAll(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	var told bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM webhooks WHERE collectivity = $1 AND state = 'on')`, string(collectivity)).Scan(&told)
	if err != nil {
		return fmt.Errorf("outbox: look for webhooks: %w", err)
	}
	if !told {
		return nil
	}
	if len(events) > Many {
		events = []Event{{Kind: DirectoryChanged, At: events[0].At, Count: len(events)}}
	}
	for _, event := range events {
		if err := Put(ctx, tx, collectivity, event); err != nil {
			return err
		}
	}
	return nil
}
