package portal

import "slices"

// Right is a thing that an agent may do in one collectivity, "news.edit".
type Right string

// The rights that exist today. A feature declares no right of its own, so
// that this list is the whole of what an administrator can give.
const (
	// Admin is the local administrator: everything inside one collectivity, and
	// nobody else gives rights.
	Admin Right = "admin"
	// ManageAgents governs who is in the directory and who may sign in: agents,
	// units, groups, invitations.
	ManageAgents Right = "agents.manage"
	// ManageApplications governs the applications and who may open them.
	ManageApplications Right = "applications.manage"
	// ReadJournal reads and exports the journal of the collectivity.
	ReadJournal Right = "journal.read"
	// EditNews writes and publishes articles.
	EditNews Right = "news.edit"
	// EditDocuments writes in every folder that the agent can see.
	EditDocuments Right = "documents.edit"
	// EditCalendars writes in the calendars of the collectivity.
	EditCalendars Right = "calendars.edit"
	// ManageDuties plans who is on call, in all teams, and decides what it is worth.
	ManageDuties Right = "duties.manage"
	// OperatePool governs the installation, and sees no data of a collectivity.
	OperatePool Right = "pool.operate"
)

// Rights lists every right, in the order shown to an administrator.
var Rights = append(slices.Clone(CollectivityRights), OperatePool)

// CollectivityRights are those that a collectivity gives to its own.
var CollectivityRights = []Right{
	Admin, ManageAgents, ManageApplications, ReadJournal, EditNews, EditDocuments, EditCalendars, ManageDuties,
}

// Administration are the rights that have pages under /admin.
var Administration = []Right{Admin, ManageAgents, ManageApplications, ReadJournal}

// Narrowable are the rights that can be given for one unit and those below it. The
// others hold in the whole collectivity: what they govern is in no unit.
var Narrowable = []Right{ManageAgents}

// Holding is a right and where it holds.
type Holding struct {
	Right Right
	Unit  UnitID   // and those below it; "" for the whole collectivity
	Above []UnitID // sorted: that unit and those above it; nil for the whole collectivity
}

// SubjectKind says what a subject names.
type SubjectKind string

// The kinds of subjects.
const (
	Everyone SubjectKind = "everyone" // of the collectivity
	TheAgent SubjectKind = "agent"
	TheGroup SubjectKind = "group"
	TheUnit  SubjectKind = "unit" // and those below it
)

// Subject is who something is given to, in one collectivity.
type Subject struct {
	Kind SubjectKind
	ID   string // "" for everyone
}
