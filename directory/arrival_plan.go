package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/sheet"
	"parvis/sso"
)

// Verdict is what a line of a file comes to.
type Verdict string

// The verdicts.
const (
	ToCreate Verdict = "create"
	ToChange Verdict = "change"
	TheSame  Verdict = "same"  // as her card is
	Twice    Verdict = "twice" // a line above says the same person
	Faulty   Verdict = "fault" // nothing is written, and a sentence says what to do
)

// Verdicts lists them in the order in which they are shown.
var Verdicts = []Verdict{ToCreate, ToChange, TheSame, Twice, Faulty}

// Move is a field that a line fills in or changes. That of the unit and the groups
// hold their names.
type Move struct {
	Field  string `json:"field"` // of cardFields, or "groups"
	Before string `json:"before,omitempty"`
	After  string `json:"after"`
}

// ArrivalLine is one line of a file.
type ArrivalLine struct {
	Number  int // as a spreadsheet shows it
	Verdict Verdict
	Agent   portal.AgentID // whom it makes or is about
	Name    string
	Outcome string        // of an import, see arrival_lines
	Reason  string        // key of a sentence, "" for none
	Unit    portal.UnitID // where she was put
	lineDetail
}

// lineDetail is kept as JSON.
type lineDetail struct {
	Moves  []Move           `json:"moves,omitempty"`
	Place  *place           `json:"place,omitempty"` // nil when it stays
	Was    portal.UnitID    `json:"was,omitempty"`   // her unit before
	Join   []portal.GroupID `json:"join,omitempty"`  // groups that she is not in yet
	Faults []told           `json:"faults,omitempty"`
	Twin   int              `json:"twin,omitempty"` // line that says the same person
}

// Namesakes says what to do of a name that is known with another address.
type Namesakes string

// The ways.
const (
	LeaveNamesakes Namesakes = "leave" // for somebody to look at
	SamePerson     Namesakes = "same"  // her address changes
	NewPerson      Namesakes = "new"
)

// NamesakeWays lists them.
var NamesakeWays = []Namesakes{LeaveNamesakes, SamePerson, NewPerson}

// comer is one line as it was read.
type comer struct {
	number int
	card   Agent
	unit   string // as written
	groups []string
	login  string
	leaves string // her last day, "2026-12-31"
	faults []told
}

// plainField says whether a move is compared with the card as it is.
func plainField(name string) bool {
	return name != "unit" && name != "manager" && name != "groups" && name != leavesField
}

// readComer reads a row by what its columns hold.
func readComer(row sheet.Row, columns []Column) comer {
	c := comer{number: row.Number}
	var above string
	for i, column := range columns {
		text := row.Cell(i)
		if text == "" {
			continue
		}
		switch column {
		case FamilyColumn:
			c.card.FamilyName = text
		case GivenColumn:
			c.card.GivenName = text
		case NameColumn:
			c.card.GivenName, c.card.FamilyName = splitName(text)
		case EmailColumn:
			c.card.Email = plainAddress(text)
		case LoginColumn:
			c.login = text
		case PhoneColumn:
			c.card.Phone = withZero(text)
		case MobileColumn:
			c.card.Mobile = withZero(text)
		case FunctionColumn:
			c.card.Function = text
		case OfficeColumn:
			c.card.Office = text
		case AboveColumn:
			above = text
		case UnitColumn:
			c.unit = text
		case KindColumn:
			c.kind(text)
		case LeavesColumn:
			if c.leaves = readDay(text); c.leaves == "" {
				c.faults = append(c.faults, told{Field: leavesField, Key: "directory.error.departure.day"})
			}
		case GroupsColumn:
			for name := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
				if name = strings.TrimSpace(name); name != "" {
					c.groups = append(c.groups, name)
				}
			}
		}
	}
	if above != "" && i18n.Fold(above) != i18n.Fold(c.unit) {
		c.unit = strings.TrimSuffix(above+"/"+c.unit, "/")
	}
	return c
}

// kind reads what an agent is to her collectivity.
func (c *comer) kind(text string) {
	word, _, _ := strings.Cut(strings.NewReplacer("(", " ", "·", " ", ".", " ").Replace(i18n.Fold(text)), " ")
	switch word {
	case "agent", "agente", "agents", "titulaire", "contractuel", "contractuelle", "stagiaire", "vacataire", "employed", "employee":
		c.card.Kind = Employed
	case "elu", "elue", "elus", "maire", "adjoint", "adjointe", "conseiller", "conseillere", "elected", "councillor":
		c.card.Kind = Elected
	case "partenaire", "partenaires", "partner", "exterieur", "exterieure", "externe":
		c.card.Kind = Partner
	default:
		c.faults = append(c.faults, told{Field: "kind", Key: "directory.arrival.fault.kind", Args: []string{"text", text}})
	}
}

// plainAddress is the address alone of "Camille Le Goff <c.legoff@bourg.example>".
func plainAddress(text string) string {
	text = strings.TrimPrefix(text, "mailto:")
	if parsed, err := mail.ParseAddress(text); err == nil {
		return parsed.Address
	}
	return text
}

// withZero gives a French number the zero back that a spreadsheet took for nothing.
func withZero(number string) string {
	if len(number) == 9 && number[0] >= '1' && number[0] <= '9' && digits(number) == number {
		return "0" + number
	}
	return number
}

// known is an agent who is there.
type known struct {
	Agent
	login  string
	name   string // folded, as she is sorted
	groups map[portal.GroupID]bool
	given  []string // fields that a directory server gives
	leaves string   // her last day, "" for none that is planned
}

// planner compares a file with who is there.
type planner struct {
	namesakes Namesakes
	leaves    leaving
	all       []*known
	byAddress map[string][]*known // of her card or her account
	byLogin   map[string]*known
	byName    map[string][]*known
	chart     *charted
	groups    map[string][]CountedGroup // by folded name

	lines    []ArrivalLine
	matched  map[portal.AgentID]int  // line
	address  map[string]*ArrivalLine // of those to be created
	names    map[string]twins        // the same
	newUnits map[string]string       // path by its folded one
}

// maxNewUnits bounds what one import adds to the organisation chart: a wrong column
// would make a unit of each line.
const maxNewUnits = 500

// planner reads who is there.
func (s *Store) planner(ctx context.Context, caller portal.Caller, namesakes Namesakes) (*planner, error) {
	p := &planner{
		namesakes: namesakes, byAddress: map[string][]*known{}, byLogin: map[string]*known{}, byName: map[string][]*known{}, groups: map[string][]CountedGroup{},
		matched: map[portal.AgentID]int{}, address: map[string]*ArrivalLine{}, names: map[string]twins{}, newUnits: map[string]string{},
	}
	found, err := s.db.Query(ctx, `SELECT `+agentColumns+`, COALESCE(p.login, '')`+agentTables+`LEFT JOIN accounts p ON p.id = a.account
		WHERE a.collectivity = $1 ORDER BY a.active DESC, a.created, a.id`, string(caller.Collectivity))
	p.all, err = database.Collect(found, err, func(rows *sql.Rows) (*known, error) {
		one := &known{}
		var err error
		one.Agent, err = scanAgent(func(dest ...any) error { return rows.Scan(append(dest, &one.login)...) })
		return one, err
	})
	if err != nil {
		return nil, err
	}
	byID := make(map[portal.AgentID]*known, len(p.all))
	for _, one := range p.all {
		p.index(one)
		byID[one.ID] = one
	}
	units, err := unitsIn(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	p.chart = chartOf(units)
	if err := s.readGiven(ctx, caller, byID); err != nil {
		return nil, err
	}
	if p.leaves, err = s.leaving(ctx, caller, byID); err != nil {
		return nil, err
	}
	return p, s.readGroups(ctx, caller, p, byID)
}

// readGiven reads what fields of the cards a directory server gives.
func (s *Store) readGiven(ctx context.Context, caller portal.Caller, byID map[portal.AgentID]*known) error {
	found, err := s.db.Query(ctx, `SELECT m.agent, m.given FROM mirrored_agents m JOIN mirrors c ON c.collectivity = m.collectivity
		WHERE m.collectivity = $1 AND c.active`, string(caller.Collectivity))
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var given string
		err = rows.Scan(&agent, &given)
		if one := byID[agent]; one != nil {
			one.given = strings.Fields(given)
		}
		return none, err
	})
	return err
}

// readGroups reads the groups and who is in them.
func (s *Store) readGroups(ctx context.Context, caller portal.Caller, p *planner, byID map[portal.AgentID]*known) error {
	groups, err := s.countedGroups(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	for _, group := range groups {
		name := i18n.Fold(group.Name)
		p.groups[name] = append(p.groups[name], group)
	}
	found, err := s.db.Query(ctx, `SELECT agent, group_id FROM agent_group_members WHERE collectivity = $1`, string(caller.Collectivity))
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var group portal.GroupID
		err = rows.Scan(&agent, &group)
		if one := byID[agent]; one != nil {
			if one.groups == nil {
				one.groups = map[portal.GroupID]bool{}
			}
			one.groups[group] = true
		}
		return none, err
	})
	return err
}

func (p *planner) index(one *known) {
	one.name = one.sortName()
	p.byName[one.name] = append(p.byName[one.name], one)
	address := strings.ToLower(one.Email)
	if address != "" {
		p.byAddress[address] = append(p.byAddress[address], one)
	}
	if one.login != "" {
		p.byLogin[one.login] = one
		if one.login != address {
			p.byAddress[one.login] = append(p.byAddress[one.login], one)
		}
	}
}

// take judges one line after the other: those above count.
func (p *planner) take(c comer) {
	line := ArrivalLine{Number: c.number, Name: c.card.Name()}
	line.Faults = c.faults
	p.judge(c, &line)
	if line.Verdict == "" && len(line.Faults) > 0 {
		line.Verdict = Faulty
	}
	if line.Verdict == Faulty || line.Verdict == Twice {
		line.Moves, line.Place, line.Join = nil, nil, nil
	}
	p.lines = append(p.lines, line)
	if line.Verdict != ToCreate {
		return
	}
	kept := line
	if address := strings.ToLower(c.card.Email); address != "" {
		p.address[address] = &kept
	}
	name := c.card.sortName()
	same := p.names[name]
	if same.first == nil {
		same.first = &kept
	}
	if c.card.Email == "" && same.plain == nil {
		same.plain = &kept
	}
	p.names[name] = same
}

// twins are the first line of a name, and the first without an address: whoever has none
// may be the same person.
type twins struct{ first, plain *ArrivalLine }

func (p *planner) judge(c comer, line *ArrivalLine) {
	if c.card.FamilyName == "" {
		line.fault(told{Key: "directory.arrival.fault.name"})
		return
	}
	who, fault := p.match(c)
	switch {
	case fault.Key != "":
		line.fault(fault)
		return
	case who != nil && p.matched[who.ID] > 0:
		line.Verdict, line.Agent, line.Twin = Twice, who.ID, p.matched[who.ID]
		return
	case who == nil && p.above(c, line):
		return
	}
	var where *place
	if c.unit != "" {
		found, fault := p.chart.find(c.unit)
		if fault != nil {
			line.fault(*fault)
			return
		}
		where = &found
		if len(found.Make) > 0 && !p.promise(found) {
			line.fault(told{Field: "unit", Key: "directory.arrival.fault.many-units"})
			return
		}
	}
	var before known
	if who != nil {
		before = *who
		line.Agent = who.ID
		p.matched[who.ID] = c.number
	}
	p.compare(c, before, where, line)
	if len(line.Faults) > 0 {
		return
	}
	switch {
	case who == nil:
		line.Verdict, line.Agent = ToCreate, portal.AgentID(portal.NewID())
	case len(line.Moves) == 0:
		line.Verdict = TheSame
	default:
		line.Verdict = ToChange
	}
}

func (l *ArrivalLine) fault(what told) { l.Faults = append(l.Faults, what) }

// promise notes a unit to be created, unless they are too many.
func (p *planner) promise(where place) bool {
	path := p.chart.path(where)
	folded := i18n.Fold(path)
	if p.newUnits[folded] == "" {
		if len(p.newUnits) >= maxNewUnits {
			return false
		}
		p.newUnits[folded] = path
	}
	return true
}

// compare fills in what changes. An empty cell changes nothing.
func (p *planner) compare(c comer, before known, where *place, line *ArrivalLine) {
	after := before.Agent
	for _, field := range cardFields {
		said, was := *field.of(&c.card), *field.of(&before.Agent)
		if !plainField(field.name) || said == "" || said == was || sameText(field.name, said, was) {
			continue
		}
		if field.name == "kind" && was == "" && said == string(Employed) {
			continue // what a new one is anyway
		}
		*field.of(&after) = said
		line.Moves = append(line.Moves, Move{field.name, was, said})
	}
	if where != nil && (len(where.Make) > 0 || where.Unit != before.Unit) {
		line.Place, line.Was = where, before.Unit
		line.Moves = append(line.Moves, Move{"unit", before.UnitName, p.chart.path(*where)})
	}
	for _, move := range line.Moves {
		if slices.Contains(before.given, move.Field) {
			line.fault(told{Field: move.Field, Key: "directory.error.given"})
		}
	}
	p.join(c, before, line)
	p.leaves.judge(c, before, line)
	after.ID, after.SourceKey = "checked", ""
	var wrong portal.FieldErrors
	if errors.As(after.check(), &wrong) {
		for _, one := range wrong {
			line.fault(*toldOf(one.Field, one))
		}
	}
}

// sameText says whether what a line says, a, is on the card already, written otherwise.
func sameText(field, a, b string) bool {
	switch field {
	case "family_name", "given_name": // lists are often in capitals, without accents
		return i18n.Fold(a) == i18n.Fold(b) && accents(a) <= accents(b)
	case "email":
		return strings.EqualFold(a, b)
	case "phone", "mobile":
		return b != "" && digits(a) == digits(b)
	}
	return false
}

// accents counts the letters that are not of ASCII.
func accents(text string) (count int) {
	for _, r := range text {
		if r >= utf8.RuneSelf {
			count++
		}
	}
	return count
}

// join finds the groups that a line names.
func (p *planner) join(c comer, before known, line *ArrivalLine) {
	var names []string
	for _, name := range c.groups {
		switch found := p.groups[i18n.Fold(name)]; {
		case len(found) == 0:
			line.fault(told{Field: "groups", Key: "directory.arrival.fault.group", Args: []string{"name", name}})
		case len(found) > 1:
			line.fault(told{Field: "groups", Key: "directory.arrival.fault.groups", Args: []string{"name", name}})
		case before.groups[found[0].ID] || slices.Contains(line.Join, found[0].ID):
		case found[0].Ruled:
			line.fault(told{Field: "groups", Key: "directory.error.group.ruled", Args: []string{"name", name}})
		default:
			line.Join, names = append(line.Join, found[0].ID), append(names, found[0].Name)
		}
	}
	if len(names) > 0 {
		line.Moves = append(line.Moves, Move{"groups", "", strings.Join(names, ", ")})
	}
}

// above finds the person on a line above, among those to be created.
func (p *planner) above(c comer, line *ArrivalLine) bool {
	name := c.card.sortName()
	if address := strings.ToLower(c.card.Email); address != "" {
		if twin := p.address[address]; twin != nil {
			if i18n.Fold(twin.Name) == i18n.Fold(c.card.Name()) {
				line.Verdict, line.Twin = Twice, twin.Number
			} else {
				line.Verdict, line.Twin = Faulty, twin.Number
				line.fault(told{Field: "email", Key: "directory.arrival.fault.address-twice", Args: []string{"name", twin.Name, "line", fmt.Sprint(twin.Number)}})
			}
			return true
		}
	}
	twin := p.names[name].plain
	if c.card.Email == "" {
		twin = p.names[name].first
	}
	if twin == nil {
		return false
	}
	line.Verdict, line.Twin = Twice, twin.Number
	return true
}

// match finds who a line is about: by her login, by her address, by her name; nil for
// nobody who is there. A doubt is a fault, whose sentence says how to lift it.
func (p *planner) match(c comer) (*known, told) {
	if login, ok := sso.CanonicalLogin(c.login); ok {
		if one := p.byLogin[login]; one != nil {
			return open(one)
		}
	}
	name := c.card.sortName()
	if address := strings.ToLower(c.card.Email); address != "" {
		all := active(p.byAddress[address])
		if len(all) == 0 && len(p.byAddress[address]) > 0 {
			return open(p.byAddress[address][0])
		}
		same := named(all, name)
		switch {
		case len(same) == 1:
			return same[0], told{}
		case len(same) > 1:
			return nil, told{Key: "directory.arrival.fault.several", Args: []string{"name", c.card.Name()}}
		case len(all) == 1 && all[0].alike(c.card):
			return all[0], told{}
		case len(all) == 1:
			return nil, told{Field: "email", Key: "directory.arrival.fault.address", Args: []string{"name", all[0].Name()}}
		}
	}
	return p.matchName(c, name)
}

func (p *planner) matchName(c comer, name string) (*known, told) {
	all := p.byName[name]
	here := active(all)
	var fitting []*known
	for _, one := range here {
		if c.card.Email == "" || one.Email == "" {
			fitting = append(fitting, one)
		}
	}
	switch {
	case len(all) == 0:
		return nil, told{}
	case len(here) == 0:
		if c.card.Email == "" || all[0].Email == "" {
			return open(all[0])
		}
		return nil, told{}
	case len(fitting) == 1 && (len(here) == 1 || c.card.Email != ""):
		return fitting[0], told{}
	case len(fitting) > 0:
		return nil, told{Key: "directory.arrival.fault.several", Args: []string{"name", c.card.Name()}}
	case p.namesakes == NewPerson:
		return nil, told{}
	case p.namesakes == SamePerson && len(here) == 1:
		return here[0], told{}
	case len(here) > 1:
		return nil, told{Key: "directory.arrival.fault.several", Args: []string{"name", c.card.Name()}}
	}
	return nil, told{Field: "email", Key: "directory.arrival.fault.namesake", Args: []string{"name", here[0].Name(), "address", here[0].Email}}
}

// open refuses an agent whose card is closed.
func open(one *known) (*known, told) {
	if !one.Active {
		return nil, told{Key: "directory.arrival.fault.closed", Args: []string{"name", one.Name()}}
	}
	return one, told{}
}

// alike says whether one of two names is the same: people marry, and titles are typed
// wrong.
func (k *known) alike(card Agent) bool {
	return i18n.Fold(k.FamilyName) == i18n.Fold(card.FamilyName) || k.GivenName != "" && i18n.Fold(k.GivenName) == i18n.Fold(card.GivenName)
}

func active(all []*known) []*known {
	var kept []*known
	for _, one := range all {
		if one.Active {
			kept = append(kept, one)
		}
	}
	return kept
}

func named(all []*known, name string) []*known {
	var kept []*known
	for _, one := range all {
		if one.name == name {
			kept = append(kept, one)
		}
	}
	return kept
}

// toldOf keeps a refusal.
func toldOf(field string, refusal portal.UserError) *told {
	one := &told{Field: field, Key: refusal.Key}
	for _, arg := range refusal.Args {
		one.Args = append(one.Args, fmt.Sprint(arg))
	}
	return one
}
