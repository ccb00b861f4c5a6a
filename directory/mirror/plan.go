package mirror

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
)

// Kind says what a line of a run tells.
type Kind string

// The kinds, in the order in which they are shown.
const (
	Close   Kind = "close"
	Link    Kind = "link" // somebody with her address is there: an administrator says whether it is her
	Create  Kind = "create"
	Change  Kind = "change"
	Reopen  Kind = "reopen"
	Units   Kind = "unit"
	Groups  Kind = "group"
	Members Kind = "members" // of one group
	Skip    Kind = "skip"    // what was not taken, and why
)

// Kinds lists them.
var Kinds = []Kind{Close, Link, Create, Change, Reopen, Units, Groups, Members, Skip}

// Line is one thing that a run did, or would do.
type Line struct {
	Kind   Kind
	Key    string // of the entry, "" for none
	Agent  portal.AgentID
	Name   string // of the agent, the unit or the group
	Detail Detail
}

// Detail is what more a line tells.
type Detail struct {
	Changes []FieldChange `json:"changes,omitempty"`
	Reason  string        `json:"reason,omitempty"` // of audit.Reasons, or of a skip: "refused", "guard", "twins", "closed-here"
	Text    string        `json:"text,omitempty"`   // an address, names, the field that was refused
}

// FieldChange is a field of a card before and after, as one reads it.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Plan is what a reading makes of a directory.
type Plan struct {
	Lines     []Line
	Counts    map[Kind]int
	Mirroring directory.Mirroring
	Links     []Line
	Asks      bool   // more leave than the settings let go
	Closings  string // fingerprint of who leaves
	Kept      bool   // somebody stays who should have left: all is listed again

	emptied map[portal.AgentID]bool // of whose cards a field is emptied
	tied    int
	share   int
}

// planner compares one reading with one state.
type planner struct {
	settings Settings
	reading  ldapdir.Reading
	state    *directory.MirrorState
	now      time.Time
	plan     Plan

	agents  map[portal.AgentID]directory.Agent // as they will be
	before  map[portal.AgentID]directory.Agent
	byKey   map[string]portal.AgentID
	byMail  map[string][]portal.AgentID
	seen    map[string]bool // keys of the reading
	names   map[portal.UnitID]string
	named   map[string][]portal.UnitID // the same by folded name
	closing map[portal.AgentID]bool
	shown   map[portal.AgentID]bool // whose entries are in the reading
}

// planOf decides all that follows from a reading. It changes nothing of what it is
// given.
func planOf(settings Settings, reading ldapdir.Reading, state *directory.MirrorState, now time.Time) Plan {
	own := *state // units that are made are added to it
	own.UnitOf, own.Guarded = maps.Clone(state.UnitOf), maps.Clone(state.Guarded)
	p := &planner{
		settings: settings, reading: reading, state: &own, now: now,
		agents: map[portal.AgentID]directory.Agent{}, before: map[portal.AgentID]directory.Agent{}, byKey: map[string]portal.AgentID{},
		byMail: map[string][]portal.AgentID{}, seen: map[string]bool{}, names: map[portal.UnitID]string{}, closing: map[portal.AgentID]bool{},
		named: map[string][]portal.UnitID{}, shown: map[portal.AgentID]bool{},
	}
	p.plan.emptied, p.plan.tied, p.plan.share = map[portal.AgentID]bool{}, state.Tied, settings.Share
	p.plan.Mirroring.Administration = settings.Administration
	p.plan.Counts = map[Kind]int{}
	p.plan.Mirroring.UnitOf, p.plan.Mirroring.GroupOf = map[string]portal.UnitID{}, map[string]directory.MirroredGroup{}
	p.index()
	p.tree()
	p.people()
	p.departures()
	p.groups()
	p.weigh()
	p.finish()
	return p.plan
}

func (p *planner) index() {
	for _, agent := range p.state.Agents {
		p.agents[agent.ID], p.before[agent.ID] = agent, agent
		if agent.Email != "" {
			mail := i18n.Fold(agent.Email)
			p.byMail[mail] = append(p.byMail[mail], agent.ID)
		}
		if agent.SourceKey != "" {
			p.byKey[agent.SourceKey] = agent.ID
		}
	}
	for key, one := range p.state.People {
		if one.Agent != "" {
			p.byKey[key] = one.Agent
		}
	}
	for _, entry := range p.reading.People {
		p.seen[entry.Key] = true
	}
	if p.reading.Partly {
		p.others()
	}
	for _, unit := range p.state.Units {
		p.name(unit.ID, unit.Name)
	}
}

// others notes whom a reading of what changed does not name: who was there is.
func (p *planner) others() {
	gone := map[string]bool{}
	for _, key := range p.reading.Gone {
		gone[key] = true
	}
	for key, tie := range p.state.People {
		if tie.Version != "" && !gone[key] {
			p.seen[key] = true
		}
	}
}

// name notes what a unit is called.
func (p *planner) name(unit portal.UnitID, name string) {
	folded := i18n.Fold(name)
	p.names[unit], p.named[folded] = name, append(p.named[folded], unit)
}

// short says that the server shows less than everybody.
func (p *planner) short() bool { return p.reading.Keyless > 0 || p.reading.Referral != "" }

func (p *planner) say(line Line) { p.plan.Lines = append(p.plan.Lines, line) }

func (p *planner) skip(name, reason, text string) {
	p.say(Line{Kind: Skip, Name: name, Detail: Detail{Reason: reason, Text: text}})
}

// tree makes the units of the server's tree, renames and moves them.
func (p *planner) tree() {
	if p.settings.Units != UnitTree {
		return
	}
	parents := map[portal.UnitID]directory.Unit{}
	for _, node := range p.state.Units {
		parents[node.ID] = node.Unit
	}
	of := p.state.UnitOf
	for _, entry := range p.reading.Units {
		known := of[entry.Key]
		unit := directory.Unit{ID: known, Parent: of[entry.Parent], Name: entry.Name}
		if directory.CheckUnit(unit) != nil {
			p.skip(entry.Name, "name", "")
			continue
		}
		was, there := parents[unit.ID]
		if !there {
			unit.ID = p.unitUnder(unit.Parent, unit.Name)
			was, there = parents[unit.ID]
		}
		if unit.ID == "" {
			unit.ID = portal.UnitID(portal.NewID())
		}
		of[entry.Key] = unit.ID
		if above := (portal.Subject{Kind: portal.TheUnit, ID: string(unit.Parent)}); !there && len(p.state.Guarded[above]) > 0 {
			p.state.Guarded[portal.Subject{Kind: portal.TheUnit, ID: string(unit.ID)}] = p.state.Guarded[above] // a right reaches what is below
		}
		if known != unit.ID {
			p.plan.Mirroring.UnitOf[entry.Key] = unit.ID
		}
		unit.Position = was.Position
		if there && was == unit {
			continue
		}
		if there && was.Parent != unit.Parent && p.guarded(portal.TheUnit, string(unit.Parent)) {
			p.skip(unit.Name, "guard", p.names[unit.Parent])
			continue
		}
		if there && was.Parent != unit.Parent && p.holds(unit.ID) {
			p.skip(unit.Name, "last-admin-unit", "")
			continue
		}
		p.plan.Mirroring.Units = append(p.plan.Mirroring.Units, unit)
		line := Line{Kind: Units, Name: unit.Name}
		if there && was.Name != unit.Name {
			line.Detail.Changes = append(line.Detail.Changes, FieldChange{"name", was.Name, unit.Name})
		}
		if there && was.Parent != unit.Parent {
			line.Detail.Changes = append(line.Detail.Changes, FieldChange{"parent", p.names[was.Parent], p.names[unit.Parent]})
		}
		p.names[unit.ID], parents[unit.ID] = unit.Name, unit
		p.say(line)
	}
}

// unitUnder is the unit of a name that is there already, "" for none.
func (p *planner) unitUnder(parent portal.UnitID, name string) portal.UnitID {
	for _, node := range p.state.Units {
		if node.Parent == parent && i18n.Fold(node.Name) == i18n.Fold(name) {
			return node.ID
		}
	}
	return ""
}

// keeps says whether an agent stays where she is, since nobody else would govern.
func (p *planner) keeps(id portal.AgentID) bool { return p.state.Keep && p.state.Governs[id] }

// holds says whether somebody stays in a unit or below it, since nobody else would govern:
// what is given above would reach her no more if it moved.
func (p *planner) holds(unit portal.UnitID) bool {
	if !p.state.Keep {
		return false
	}
	within := map[portal.UnitID]bool{unit: true}
	for _, node := range p.state.Units { // those above come first
		within[node.ID] = within[node.ID] || within[node.Parent]
	}
	for id := range p.state.Governs {
		if within[p.before[id].Unit] {
			return true
		}
	}
	return false
}

// guarded says whether the server may put nobody there.
func (p *planner) guarded(kind portal.SubjectKind, id string) bool {
	return !p.settings.Administration && id != "" && len(p.state.Guarded[portal.Subject{Kind: kind, ID: id}]) > 0
}

// person is an entry on its way to a card.
type person struct {
	entry ldapdir.Entry
	tie   directory.Mirrored
	made  bool // the card is new
}

func (p *planner) people() {
	var all []person
	for _, entry := range p.reading.People {
		tie, known := p.state.People[entry.Key]
		switch {
		case !entry.Read:
			if known {
				p.expire(tie)
			}
			continue
		case known && tie.Agent != "":
		case p.byKey[entry.Key] != "": // she signed in before
			tie = directory.Mirrored{Key: entry.Key, Agent: p.byKey[entry.Key]}
		case entry.Closed != "":
			p.tie(directory.Mirrored{Key: entry.Key, Version: entry.Version}) // nobody yet
			continue
		default:
			if p.isThere(entry) {
				continue
			}
			tie = directory.Mirrored{Key: entry.Key, Agent: portal.AgentID(portal.NewID())}
			p.byKey[entry.Key] = tie.Agent
			all = append(all, person{entry, tie, true})
			continue
		}
		if _, there := p.agents[tie.Agent]; there {
			all = append(all, person{entry, tie, false})
		}
	}
	for _, entry := range p.reading.People {
		p.shown[p.byKey[entry.Key]] = true
	}
	if p.reading.Partly {
		read := map[string]bool{}
		for _, entry := range p.reading.People {
			read[entry.Key] = true
		}
		for _, key := range slices.Sorted(maps.Keys(p.state.People)) {
			if !read[key] && p.seen[key] {
				p.expire(p.state.People[key])
			}
		}
	}
	for _, one := range all {
		p.card(one)
	}
}

// expire closes who did not change and whose account has ended by its own date.
func (p *planner) expire(tie directory.Mirrored) {
	if p.before[tie.Agent].Active && tie.Closed.IsZero() && !tie.Ends.IsZero() && !tie.Ends.After(p.now) {
		p.leave(tie, audit.AccountExpired, tie.Version)
	}
}

// tie writes what ties an entry to its agent, if that is another than it was.
func (p *planner) tie(one directory.Mirrored) {
	if was, known := p.state.People[one.Key]; !known || !was.Same(one) {
		p.plan.Mirroring.People = append(p.plan.Mirroring.People, one)
	}
}

// isThere looks for the agent whom an unknown entry may be: one of her address
// whom no other entry has. An administrator decides about her.
func (p *planner) isThere(entry ldapdir.Entry) bool {
	if entry.Profile.Email == "" {
		return false
	}
	var found []portal.AgentID
	for _, id := range p.byMail[i18n.Fold(entry.Profile.Email)] {
		if key := p.agents[id].SourceKey; key == "" || !p.seen[key] {
			found = append(found, id)
		}
	}
	name := strings.TrimSpace(entry.Profile.GivenName + " " + entry.Profile.FamilyName)
	switch len(found) {
	case 0:
		return false
	case 1:
		line := Line{Kind: Link, Key: entry.Key, Agent: found[0], Name: name, Detail: Detail{Text: entry.Profile.Email}}
		p.plan.Links = append(p.plan.Links, line)
		p.say(line)
	default:
		p.skip(name, "twins", entry.Profile.Email)
	}
	return true
}

// card writes what the server says of a person over what her card says.
func (p *planner) card(one person) {
	agent := p.agents[one.tie.Agent]
	if one.made {
		agent = directory.Agent{ID: one.tie.Agent, Kind: directory.Employed}
	}
	before := agent
	agent.SourceKey = one.entry.Key
	given := p.fill(&agent, one)
	for _, field := range agent.Refused() {
		wrote := agent.Field(field)
		if wrote == nil {
			continue
		}
		p.skip(cmp.Or(agent.Name(), one.entry.DN), "refused", field)
		*wrote = *before.Field(field)
		given = slices.DeleteFunc(given, func(name string) bool { return name == field })
	}
	if len(agent.Refused()) > 0 { // without a name there is no card
		if one.made {
			delete(p.byKey, one.entry.Key)
			p.tie(directory.Mirrored{Key: one.entry.Key, Version: one.entry.Version}) // nobody yet
		}
		return
	}
	if agent.Unit != before.Unit && p.keeps(agent.ID) {
		p.skip(agent.Name(), "last-admin-stays", p.names[before.Unit])
		agent.Unit = before.Unit
	}
	p.agents[agent.ID] = agent
	tie := directory.Mirrored{Key: one.entry.Key, Agent: agent.ID, Version: one.entry.Version, Given: given, Ends: one.entry.Ends, Closed: one.tie.Closed}
	switch {
	case one.made:
		p.plan.Mirroring.Create = append(p.plan.Mirroring.Create, agent)
		p.say(Line{Kind: Create, Key: tie.Key, Agent: agent.ID, Name: agent.Name(), Detail: Detail{
			Changes: p.changes(directory.Agent{Kind: agent.Kind, GivenName: agent.GivenName, FamilyName: agent.FamilyName}, agent), // the line has her name
		}})
	case agent != before:
		p.plan.Mirroring.Change = append(p.plan.Mirroring.Change, agent)
		if changes := p.changes(before, agent); changes != nil {
			p.say(Line{Kind: Change, Key: tie.Key, Agent: agent.ID, Name: agent.Name(), Detail: Detail{Changes: changes}})
		}
	}
	switch {
	case one.made:
	case one.entry.Closed != "" && tie.Closed.IsZero():
		if before.Active {
			p.leaveWith(tie, one.entry.Closed)
			return
		}
		tie.Closed = p.now
	case one.entry.Closed == "" && !tie.Closed.IsZero():
		if !before.Active {
			p.back(one.tie, agent)
		}
		tie.Closed = time.Time{}
	}
	p.tie(tie)
}

// back opens the card of who is open again on the server. That takes back what the server
// said, and no later closing of ours: by a planned departure, or by hand.
func (p *planner) back(tie directory.Mirrored, agent directory.Agent) {
	if tie.Left.After(tie.Closed) {
		p.skip(agent.Name(), "closed-here", "")
		return
	}
	p.plan.Mirroring.Reopen = append(p.plan.Mirroring.Reopen, agent.ID)
	p.say(Line{Kind: Reopen, Key: tie.Key, Agent: agent.ID, Name: agent.Name()})
}

// fill takes from an entry what it says, and returns the fields that it gives. One
// that it gives no more is emptied; others are the collectivity's.
func (p *planner) fill(agent *directory.Agent, one person) (given []string) {
	profile := one.entry.Profile
	values := map[string]string{
		"given_name": profile.GivenName, "family_name": profile.FamilyName, "function": profile.Function, "email": profile.Email,
		"phone": profile.Phone, "mobile": profile.Mobile, "office": profile.Office,
		"manager": string(p.byKey[one.entry.Manager]), "unit": string(p.unitOf(one.entry, agent)),
	}
	for _, field := range Fields {
		value, wrote := strings.TrimSpace(values[field]), agent.Field(field)
		switch {
		case field == "manager" && value != "" && p.loops(agent.ID, portal.AgentID(value)):
			p.skip(agent.Name(), "loop", "")
		case value != "":
			*wrote = value
			given = append(given, field)
		case slices.Contains(one.tie.Given, field) && field != "family_name" && p.settings.asks(field):
			*wrote = ""
			p.plan.emptied[agent.ID] = true
		}
	}
	return given
}

// loops says whether a manager is managed by her agent.
func (p *planner) loops(agent, manager portal.AgentID) bool {
	const deepest = 50
	for range deepest {
		if manager == "" {
			return false
		}
		if manager == agent {
			return true
		}
		manager = p.agents[manager].Manager
	}
	return true
}

// unitOf is the unit that an entry names, "" when it names none or one where the
// server may put nobody.
func (p *planner) unitOf(entry ldapdir.Entry, agent *directory.Agent) portal.UnitID {
	if p.settings.Units == NoUnits || entry.Unit == "" {
		return ""
	}
	unit := p.state.UnitOf[entry.Unit]
	if p.settings.Units == UnitAttribute {
		unit = p.unitNamed(entry.Unit)
	}
	if unit != agent.Unit && p.guarded(portal.TheUnit, string(unit)) {
		p.skip(strings.TrimSpace(entry.Profile.GivenName+" "+entry.Profile.FamilyName), "guard", p.names[unit])
		return agent.Unit
	}
	return unit
}

// unitNamed is the unit of a name, made at the top when there is none; "" when
// there are several.
func (p *planner) unitNamed(name string) portal.UnitID {
	switch found := p.named[i18n.Fold(name)]; len(found) {
	case 0:
		unit := directory.Unit{ID: portal.UnitID(portal.NewID()), Name: name}
		if directory.CheckUnit(unit) != nil {
			return ""
		}
		p.name(unit.ID, name)
		p.plan.Mirroring.Units = append(p.plan.Mirroring.Units, unit)
		p.say(Line{Kind: Units, Name: name})
		return unit.ID
	case 1:
		return found[0]
	}
	return ""
}

// changes are those of a card, as one reads them.
func (p *planner) changes(before, after directory.Agent) (changes []FieldChange) {
	called := func(agent directory.Agent, field string) string {
		switch field {
		case "unit":
			return p.names[agent.Unit]
		case "manager":
			manager := p.agents[agent.Manager]
			return manager.Name()
		}
		return *agent.Field(field)
	}
	for _, field := range directory.Differing(before, after) {
		changes = append(changes, FieldChange{field, called(before, field), called(after, field)})
	}
	return changes
}

func (p *planner) leave(tie directory.Mirrored, reason audit.Reason, version string) {
	tie.Version = version
	p.leaveWith(tie, reason)
}

func (p *planner) leaveWith(tie directory.Mirrored, reason audit.Reason) {
	agent := p.agents[tie.Agent]
	tie.Closed = p.now
	p.closing[agent.ID] = true
	p.tie(tie)
	p.plan.Mirroring.Close = append(p.plan.Mirroring.Close, directory.Closing{Agent: agent.ID, Reason: reason, At: tie.Closed})
	p.say(Line{Kind: Close, Key: tie.Key, Agent: agent.ID, Name: agent.Name(), Detail: Detail{Reason: string(reason)}})
}

// departures closes those whom the server shows no more, if it showed all.
func (p *planner) departures() {
	if p.short() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(p.state.People)) {
		tie := p.state.People[key]
		switch agent, there := p.before[tie.Agent]; {
		case p.seen[key]:
		case there && agent.Active && tie.Closed.IsZero():
			p.leave(tie, audit.Gone, "")
		case tie.Version != "":
			if tie.Version = ""; tie.Closed.IsZero() && there && !agent.Active {
				tie.Closed = p.now
			}
			p.tie(tie)
		}
	}
}

// groups makes the groups of the server, and puts people in them and out.
func (p *planner) groups() {
	if !p.settings.WithGroups || p.reading.Groups == nil {
		return
	}
	taken := map[string]portal.GroupID{}
	for id, name := range p.state.Groups {
		taken[i18n.Fold(name)] = id
	}
	seen := map[string]bool{}
	for _, entry := range p.reading.Groups {
		seen[entry.Key] = true
		tie := p.state.GroupOf[entry.Key]
		group := directory.Group{ID: tie.ID, Name: entry.Name}
		if group.ID == "" {
			group.ID = portal.GroupID(portal.NewID())
		}
		if other, used := taken[i18n.Fold(group.Name)]; used && other != group.ID {
			group.Name += " (annuaire)" // the one made by hand keeps its members
		}
		if directory.CheckGroup(group) != nil {
			p.skip(entry.Name, "name", "")
			continue
		}
		if was, there := p.state.Groups[group.ID]; !there && tie.ID != "" {
			continue // deleted by hand
		} else if was != group.Name {
			p.plan.Mirroring.Groups = append(p.plan.Mirroring.Groups, group)
			line := Line{Kind: Groups, Name: group.Name}
			if there {
				line.Detail.Changes = []FieldChange{{"name", was, group.Name}}
			}
			p.say(line)
		}
		taken[i18n.Fold(group.Name)] = group.ID
		p.plan.Mirroring.GroupOf[entry.Key] = directory.MirroredGroup{ID: group.ID, Version: entry.Version}
		p.members(group, entry.Members)
	}
	for key, tie := range p.state.GroupOf {
		if name, there := p.state.Groups[tie.ID]; there && !seen[key] && !p.short() {
			p.members(directory.Group{ID: tie.ID, Name: name}, nil)
		}
	}
}

// members puts into a group whom the server says, and out all others who are
// still there, but those whom it should show and does not. A group that a rule fills
// by now is not the server's.
func (p *planner) members(group directory.Group, keys []string) {
	if p.state.Ruled[group.ID] {
		return
	}
	wanted := map[portal.AgentID]bool{}
	for _, key := range keys {
		id := p.byKey[key]
		if agent, there := p.agents[id]; there && !p.closing[id] && (agent.Active || p.before[id].ID == "" || slices.Contains(p.plan.Mirroring.Reopen, id)) {
			wanted[id] = true
		}
	}
	var joined, left []string
	for _, id := range p.state.Members[group.ID] {
		if wanted[id] {
			delete(wanted, id)
		} else if p.keeps(id) {
			p.skip(nameOf(p.agents[id]), "last-admin-stays", group.Name)
		} else if p.agents[id].Active && !p.closing[id] && (!p.short() || p.shown[id]) {
			p.plan.Mirroring.Leave = append(p.plan.Mirroring.Leave, directory.GroupMember{Group: group.ID, Agent: id})
			left = append(left, nameOf(p.agents[id]))
		}
	}
	if len(wanted) > 0 && p.guarded(portal.TheGroup, string(group.ID)) {
		p.skip(group.Name, "guard", strconv.Itoa(len(wanted)))
		wanted = nil
	}
	for id := range wanted {
		p.plan.Mirroring.Join = append(p.plan.Mirroring.Join, directory.GroupMember{Group: group.ID, Agent: id})
		joined = append(joined, nameOf(p.agents[id]))
	}
	if len(joined)+len(left) == 0 {
		return
	}
	line := Line{Kind: Members, Name: group.Name}
	for _, one := range []struct {
		field string
		names []string
	}{{"joined", joined}, {"left", left}} {
		if len(one.names) > 0 {
			slices.SortFunc(one.names, i18n.ByName)
			line.Detail.Changes = append(line.Detail.Changes, FieldChange{Field: one.field, After: shorten(one.names)})
		}
	}
	p.say(line)
}

func nameOf(agent directory.Agent) string { return agent.Name() }

// shorten lists names, the first of many.
func shorten(names []string) string {
	const shown = 12
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + "… (" + strconv.Itoa(len(names)) + ")"
}

// weigh keeps the last administrators, and says whether too many leave at once.
func (p *planner) weigh() {
	stays := len(p.state.Governs) > 0
	if p.state.Keep {
		p.keep(p.keeps)
		stays = false
	}
	for id := range p.state.Governs {
		stays = stays && p.closing[id]
	}
	if stays { // nobody would be left to answer
		p.keep(func(id portal.AgentID) bool { return p.state.Governs[id] })
	}
	members := 0
	for _, group := range p.state.Members {
		members += len(group)
	}
	made := p.plan.Mirroring
	p.plan.Asks = p.plan.tooMany(len(made.Close), p.plan.tied) || p.plan.tooMany(len(made.Leave), members) || p.plan.loses()
	p.plan.Closings = p.plan.leaving()
}

// loses says whether a field is emptied on too many cards.
func (p *Plan) loses() bool { return p.tooMany(len(p.emptied), p.tied) }

func (p *Plan) tooMany(leaving, of int) bool {
	const hundred = 100
	return leaving > floor && leaving*hundred > p.share*of
}

// leaving is the fingerprint of who leaves, "" when nobody does.
func (p *Plan) leaving() string {
	var leaving []string
	for _, one := range p.Mirroring.Close {
		leaving = append(leaving, string(one.Agent))
	}
	for _, one := range p.Mirroring.Leave {
		leaving = append(leaving, string(one.Group)+" "+string(one.Agent))
	}
	if p.loses() {
		for id := range p.emptied {
			leaving = append(leaving, "emptied "+string(id))
		}
	}
	if len(leaving) == 0 {
		return ""
	}
	slices.Sort(leaving)
	sum := sha256.Sum256([]byte(strings.Join(leaving, "\n")))
	return hex.EncodeToString(sum[:16])
}

// keep takes closings back.
func (p *planner) keep(whom func(id portal.AgentID) bool) {
	made := &p.plan.Mirroring
	made.Close = slices.DeleteFunc(made.Close, func(one directory.Closing) bool { return whom(one.Agent) })
	made.People = slices.DeleteFunc(made.People, func(one directory.Mirrored) bool { return whom(one.Agent) && one.Closed.Equal(p.now) })
	p.plan.Lines = slices.DeleteFunc(p.plan.Lines, func(line Line) bool { return line.Kind == Close && whom(line.Agent) })
	for id := range p.closing {
		if whom(id) {
			p.plan.Kept = true
			p.skip(nameOf(p.agents[id]), "last-admin", "")
		}
	}
}

// finish orders and counts the lines.
func (p *planner) finish() {
	slices.SortStableFunc(p.plan.Lines, func(a, b Line) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind)), cmp.Compare(i18n.Fold(a.Name), i18n.Fold(b.Name)))
	})
	for _, line := range p.plan.Lines {
		p.plan.Counts[line.Kind]++
	}
	p.plan.Mirroring.Detail = detailOf(p.plan.Counts)
}

// detailOf is what the journal says of lines: "create:3 change:1".
func detailOf(counts map[Kind]int) string {
	var words []string
	for _, kind := range Kinds {
		if count := counts[kind]; count > 0 && kind != Skip && kind != Link {
			words = append(words, string(kind)+":"+strconv.Itoa(count))
		}
	}
	return strings.Join(words, " ")
}

// errBehind and the others are why a reading is not compared, or closes nobody.
var (
	errBehind   = portal.UserError{Kind: portal.ErrUnavailable, Key: "mirror.fault.behind"}
	errOther    = portal.UserError{Kind: portal.ErrUnavailable, Key: "mirror.fault.other"}
	errNobody   = portal.UserError{Kind: portal.ErrUnavailable, Key: "mirror.fault.nobody"}
	errReferral = portal.UserError{Kind: portal.ErrUnavailable, Key: "mirror.fault.referral"}
	errKeyless  = portal.UserError{Kind: portal.ErrUnavailable, Key: "mirror.fault.keyless"}
)

// sound refuses a reading of a server that is not as far as it was: what it does
// not have yet has not left.
func sound(reading ldapdir.Reading, before ldapdir.Stamp) error {
	switch order := reading.Stamp.Since(before); {
	case order == ldapdir.Behind:
		return errBehind
	case order == ldapdir.Unknown && !reading.First:
		return errOther
	case reading.Shown == 0 && (!reading.Partly || len(reading.Gone) > 0):
		return errNobody
	}
	return nil
}

// shortfall is why a reading closes nobody though it serves, nil when it may.
func shortfall(reading ldapdir.Reading) error {
	switch {
	case reading.Referral != "":
		said := errReferral
		said.Args = []any{"address", reading.Referral}
		return said
	case reading.Keyless > 0:
		said := errKeyless
		said.Args = []any{"count", strconv.Itoa(reading.Keyless)}
		return said
	}
	return nil
}

// saidOf is the sentence of an error, not ok for one that has none.
func saidOf(err error) (said portal.UserError, ok bool) {
	var fields portal.FieldErrors
	if errors.As(err, &fields) && len(fields) > 0 {
		return fields[0], true
	}
	return said, errors.As(err, &said)
}
