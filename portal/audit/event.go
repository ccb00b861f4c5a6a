package audit

import (
	"strings"

	"parvis/portal"
	"parvis/portal/outbox"
)

// events are the lines that the collectivity's programs are told of too. What changes
// without a line of its own is told where it is written.
var events = map[Action]outbox.Kind{
	AgentCreated: outbox.AgentCreated, AgentImported: outbox.AgentCreated, AgentChanged: outbox.AgentChanged,
	AgentClosed: outbox.AgentClosed, AgentReopened: outbox.AgentReopened,
	MembersChanged: outbox.AgentGroups, MembersByCard: outbox.AgentGroups, GroupsSet: outbox.AgentGroups,
	MembersByRule: outbox.GroupMembers, MembersByUnit: outbox.GroupMembers,
	GroupCreated: outbox.GroupCreated, GroupRestored: outbox.GroupCreated, GroupRenamed: outbox.GroupChanged, GroupRuled: outbox.GroupChanged,
	GroupByHand: outbox.GroupChanged, GroupDeleted: outbox.GroupDeleted,
	UnitCreated: outbox.UnitCreated, UnitChanged: outbox.UnitChanged, UnitMoved: outbox.UnitChanged, UnitEmptied: outbox.UnitEmptied, UnitDeleted: outbox.UnitDeleted,
	RightGiven: outbox.RightGiven, RightLent: outbox.RightLent, RightTaken: outbox.RightTaken,
}

// event is what a line tells programs; none for most.
func (l Line) event() (event outbox.Event, told bool) {
	kind, told := events[l.Action]
	if !told || l.Refused != "" || l.Collectivity == "" || l.Untold {
		return outbox.Event{}, false
	}
	event = outbox.Event{Kind: kind, At: l.At}
	switch about, _, _ := strings.Cut(string(kind), "."); about {
	case "agent":
		event.Agent = portal.AgentID(l.ObjectID)
		if l.Action == GroupsSet {
			event.Agent = l.Agent // a source says it of who signs in
		}
		if l.Action == AgentChanged {
			event.Fields = strings.Fields(l.Detail)
		}
	case "group":
		event.Group = portal.GroupID(l.ObjectID)
	case "unit":
		event.Unit = portal.UnitID(l.ObjectID)
	case "right":
		right, _, _ := strings.Cut(l.Detail, becomes)
		event.Right, event.Subject, event.Within = portal.Right(right), l.Subject, l.Within
	}
	return event, true
}
