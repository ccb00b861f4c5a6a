package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/search"
)

// AgentKind says what an agent is to her collectivity.
type AgentKind string

// The kinds of agents.
const (
	Employed AgentKind = "agent"
	Elected  AgentKind = "elected" // of the council
	Partner  AgentKind = "partner" // of another body: the trésorier, the architecte des Bâtiments de France
)

// AgentKinds lists them in the order in which an administrator chooses.
var AgentKinds = []AgentKind{Employed, Elected, Partner}

// Agent is the entry of a person in one collectivity's directory.
type Agent struct {
	ID         portal.AgentID   // given, or drawn when ""
	Account    portal.AccountID // "" for one who is listed and never signs in
	Kind       AgentKind        // "" is Employed when it is written
	GivenName  string
	FamilyName string
	Function   string // "Directrice générale des services"
	Unit       portal.UnitID
	UnitName   string // filled when read
	Email      string
	Phone      string // as written, "02 61 91 01 42"
	Mobile     string
	Office     string         // "Bureau 12"
	Manager    portal.AgentID // "" for nobody
	SourceKey  string         // entryUUID of the directory server it comes from
	Active     bool           // filled when read
	Photo      string         // version of her photograph, "" for none; filled when read
}

// Name is the name as written in France, "Camille Le Goff".
func (a Agent) Name() string {
	return strings.TrimSpace(a.GivenName + " " + a.FamilyName)
}

// Initials stand for a photograph: "CL".
func (a Agent) Initials() string {
	return strings.ToUpper(firstRune(a.GivenName) + firstRune(a.FamilyName))
}

func firstRune(text string) string {
	for _, r := range text {
		return string(r)
	}
	return ""
}

func (a Agent) check() error {
	var wrong portal.Check
	wrong.Identifier("id", string(a.ID))
	wrong.Text("given_name", a.GivenName, false, 100)
	wrong.Text("family_name", a.FamilyName, true, 100)
	wrong.Text("function", a.Function, false, 160)
	wrong.Text("office", a.Office, false, 80)
	wrong.Text("source_key", a.SourceKey, false, 200)
	if a.Kind != "" && !slices.Contains(AgentKinds, a.Kind) {
		wrong.Add("kind", "directory.error.agent-kind")
	}
	checkEmail(&wrong, "email", a.Email)
	checkPhone(&wrong, "phone", a.Phone)
	checkPhone(&wrong, "mobile", a.Mobile)
	return wrong.OrNil()
}

func (a Agent) sortName() string { return i18n.Fold(a.FamilyName + " " + a.GivenName) }

// searchText holds each word that finds the agent after a space: names,
// initials, function, unit, address, office, and telephones in full.
func (a Agent) searchText(unit string) string {
	name := initials(a.GivenName) + initials(a.FamilyName)
	words := []string{
		a.sortName(), name, initials(a.FamilyName) + initials(a.GivenName), i18n.Fold(a.Function), i18n.Fold(unit),
		i18n.Fold(a.Email), i18n.Fold(a.Office), digits(a.Phone), digits(a.Mobile),
	}
	return " " + strings.Join(words, " ")
}

// CreateAgent adds an agent to the caller's collectivity. A person who
// administers it may not attach an account that is an agent elsewhere: two
// agents are linked only by proving both sign-ins.
func (s *Store) CreateAgent(ctx context.Context, caller portal.Caller, agent Agent) (portal.AgentID, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: create agent: %w", err)
	}
	if agent.ID == "" {
		agent.ID = portal.AgentID(portal.NewID())
	}
	if err := agent.check(); err != nil {
		return "", fmt.Errorf("directory: create agent: %w", err)
	}
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		return []string{string(agent.ID)}, s.insertAgent(ctx, tx, caller, agent)
	})
	if err != nil {
		return "", fmt.Errorf("directory: create agent: %w", err)
	}
	s.changedAccount(agent.Account)
	return agent.ID, nil
}

// AddAgent adds an agent without account, by an administrator at an address.
func (s *Store) AddAgent(ctx context.Context, caller portal.Caller, agent Agent, address string) (portal.AgentID, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return "", fmt.Errorf("directory: add agent: %w", err)
	}
	agent.ID = portal.AgentID(portal.NewID())
	err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		return []string{string(agent.ID)}, s.addCard(ctx, tx, caller, agent, address)
	})
	if err != nil {
		return "", fmt.Errorf("directory: add agent: %w", err)
	}
	return agent.ID, nil
}

// addCard is AddAgent inside of a transaction.
func (s *Store) addCard(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent, address string) error {
	agent.Account = ""
	if err := agent.check(); err != nil {
		return err
	}
	if err := s.mayAddress(ctx, tx, caller, agent); err != nil {
		return err
	}
	if err := s.insertAgent(ctx, tx, caller, agent); err != nil {
		return err
	}
	line := audit.By(caller, audit.AgentCreated)
	line.At, line.Object, line.ObjectID, line.Address = s.now(), agent.Name(), string(agent.ID), address
	return audit.Write(ctx, tx, line)
}

func (s *Store) insertAgent(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent) error {
	latest, err := s.attachable(ctx, tx, caller, agent.Account)
	if err != nil {
		return err
	}
	created := max(database.Millis(s.now()), latest+1) // the oldest agent of an account is one, always the same
	unit, err := unitName(ctx, tx, caller.Collectivity, agent.Unit)
	if err == nil {
		err = managerExists(ctx, tx, caller.Collectivity, agent)
	}
	if err != nil {
		return err
	}
	if err := s.mayBring(ctx, tx, caller, agent.Unit); err != nil {
		return err
	}
	err = s.putAgent(ctx, tx, caller, agent, unit, created)
	if database.IsDuplicate(err) {
		return portal.FieldErrors{portal.Invalid("id", "directory.error.taken")}
	}
	return err
}

// putAgent writes a card that was found well, and brings its agent into the groups by
// rule; unit is the name of hers, created in ms.
func (s *Store) putAgent(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent, unit string, created int64) error {
	if err := insertCard(ctx, tx, caller.Collectivity, agent, unit, created); err != nil {
		return err
	}
	return s.followCard(ctx, tx, caller, nil, agent)
}

// insertCard inserts a row whose unit, manager and account are known to be there.
func insertCard(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent Agent, unit string, created int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO agents (collectivity, id, account, given_name, family_name, sort_name, search_text,
			function, unit, email, phone, mobile, office, source_key, active, created, kind, manager)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, TRUE, $15, $16, $17)`,
		string(collectivity), string(agent.ID), sql.NullString{String: string(agent.Account), Valid: agent.Account != ""},
		agent.GivenName, agent.FamilyName, agent.sortName(), agent.searchText(unit),
		agent.Function, string(agent.Unit), agent.Email, agent.Phone, agent.Mobile, agent.Office, agent.SourceKey, created,
		string(cmp.Or(agent.Kind, Employed)), string(agent.Manager))
	return err
}

// attachable refuses an account that is there already, or that only its owner
// may bring along. It returns when the account last became an agent, in ms.
func (s *Store) attachable(ctx context.Context, tx *database.Tx, caller portal.Caller, account portal.AccountID) (latest int64, err error) {
	if account == "" {
		return 0, nil
	}
	var exists, here, elsewhere int
	err = tx.QueryRow(ctx, `
		SELECT (SELECT COUNT(*) FROM accounts WHERE id = $1),
			(SELECT COUNT(*) FROM agents WHERE account = $1 AND collectivity = $2),
			(SELECT COUNT(*) FROM agents WHERE account = $1 AND collectivity <> $2),
			(SELECT COALESCE(MAX(created), 0) FROM agents WHERE account = $1)`,
		string(account), string(caller.Collectivity)).Scan(&exists, &here, &elsewhere, &latest)
	switch {
	case err != nil:
		return 0, err
	case exists == 0, elsewhere > 0 && !isInstallation(caller):
		return 0, portal.FieldErrors{portal.Invalid("account", "directory.error.account")}
	case here > 0:
		return 0, portal.FieldErrors{portal.Invalid("account", "directory.error.account.here")}
	}
	return latest, nil
}

// unitName is the name of a unit, "" for none; a field error when it is none
// of the collectivity's.
func unitName(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, unit portal.UnitID) (string, error) {
	if err := unitExists(ctx, tx, collectivity, "unit", unit); err != nil || unit == "" {
		return "", err
	}
	var name string
	err := tx.QueryRow(ctx, `SELECT name FROM units WHERE collectivity = $1 AND id = $2`, string(collectivity), string(unit)).Scan(&name)
	return name, err
}

// Names returns the names of agents of the caller's collectivity, closed ones
// too, by their identifiers; those of others are left out.
func (s *Store) Names(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]string, error) {
	names := map[portal.AgentID]string{}
	if len(agents) == 0 {
		return names, nil
	}
	args := []any{string(caller.Collectivity)}
	for _, agent := range agents {
		args = append(args, string(agent))
	}
	rows, err := s.db.Query(ctx, `SELECT id, given_name, family_name FROM agents WHERE collectivity = $1 AND id IN (`+
		database.Params(2, len(agents))+`)`, args...)
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (a Agent, err error) {
		return a, rows.Scan(&a.ID, &a.GivenName, &a.FamilyName)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: name agents: %w", err)
	}
	for _, agent := range found {
		names[agent.ID] = agent.Name()
	}
	return names, nil
}

const agentColumns = `a.id, COALESCE(a.account, ''), a.given_name, a.family_name, a.function, a.unit, COALESCE(u.name, ''),
	a.email, a.phone, a.mobile, a.office, a.source_key, a.active, a.kind, a.manager, a.photo`

const agentTables = ` FROM agents a LEFT JOIN units u ON u.collectivity = a.collectivity AND u.id = a.unit `

func scanAgent(scan func(dest ...any) error) (Agent, error) {
	var a Agent
	err := scan(&a.ID, &a.Account, &a.GivenName, &a.FamilyName, &a.Function, &a.Unit, &a.UnitName,
		&a.Email, &a.Phone, &a.Mobile, &a.Office, &a.SourceKey, &a.Active, &a.Kind, &a.Manager, &a.Photo)
	return a, err
}

// Agent returns the card of an active agent of the caller's collectivity as the
// caller may see it; portal.ErrNotFound for any other.
func (s *Store) Agent(ctx context.Context, caller portal.Caller, id portal.AgentID) (Agent, error) {
	seen, err := s.veil(ctx, caller)
	if err != nil {
		return Agent{}, fmt.Errorf("directory: read agent: %w", err)
	}
	agent, err := s.bareAgent(ctx, caller, id)
	return seen.over(agent), err
}

// bareAgent returns the whole card, for what shows it to nobody.
func (s *Store) bareAgent(ctx context.Context, caller portal.Caller, id portal.AgentID) (Agent, error) {
	row := s.db.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2 AND a.active`,
		string(caller.Collectivity), string(id))
	agent, err := scanAgent(row.Scan)
	if err != nil {
		return Agent{}, fmt.Errorf("directory: read agent: %w", err)
	}
	return agent, nil
}

// Portrait is all that the directory knows of one agent, to be told to the
// applications that she opens.
type Portrait struct {
	Agent
	Login string // of her account
	SIREN string // of her collectivity, "" when unknown
	SIRET string // the same
}

// Portrait returns the caller's own; portal.ErrNotFound when she has left.
func (s *Store) Portrait(ctx context.Context, caller portal.Caller) (Portrait, error) {
	var p Portrait
	var err error
	row := s.db.QueryRow(ctx, `SELECT `+agentColumns+`, COALESCE(p.login, ''), c.siren, c.siret`+agentTables+`
		LEFT JOIN accounts p ON p.id = a.account JOIN collectivities c ON c.id = a.collectivity
		WHERE a.collectivity = $1 AND a.id = $2 AND a.active`, string(caller.Collectivity), string(caller.Agent))
	p.Agent, err = scanAgent(func(dest ...any) error { return row.Scan(append(dest, &p.Login, &p.SIREN, &p.SIRET)...) })
	if err != nil {
		return Portrait{}, fmt.Errorf("directory: read portrait: %w", err)
	}
	return p, nil
}
