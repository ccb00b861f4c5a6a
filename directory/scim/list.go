package scim

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// The text of agents. Who was deleted by a program is not there for it, until somebody
// reopens her.
const (
	userFrom = ` FROM agents a
		LEFT JOIN units u ON u.collectivity = a.collectivity AND u.id = a.unit
		LEFT JOIN accounts p ON p.id = a.account
		LEFT JOIN scim_agents s ON s.collectivity = a.collectivity AND s.agent = a.id
		WHERE a.collectivity = $1 AND COALESCE(s.deleted, 0) = 0 AND `
	userName = `COALESCE(NULLIF(s.user_name, ''), p.login, NULLIF(a.email, ''), a.id)`
	modified = `CASE WHEN a.changed > 0 AND a.changed >= a.closed THEN a.changed WHEN a.closed > 0 THEN a.closed ELSE a.created END`
	full     = `(a.given_name || CASE WHEN a.given_name <> '' AND a.family_name <> '' THEN ' ' ELSE '' END || a.family_name)`

	groupFrom = ` FROM agent_groups g
		LEFT JOIN scim_groups x ON x.collectivity = g.collectivity AND x.group_id = g.id
		WHERE g.collectivity = $1 AND `
)

// inGroup and ofGroup are who is in a group.
const (
	inGroup = `EXISTS (SELECT 1 FROM agent_group_members m WHERE m.collectivity = a.collectivity AND m.agent = a.id AND m.group_id %s)`
	ofGroup = `EXISTS (SELECT 1 FROM agent_group_members m WHERE m.collectivity = g.collectivity AND m.group_id = g.id AND m.agent %s)`
)

var ext = strings.ToLower(enterpriseSchema)

var userAttributes = attributes{
	columns: map[string]column{
		"id": {sql: "a.id", kind: exact}, "externalid": {sql: "COALESCE(s.external_id, '')", kind: exact, near: nearExternal},
		"username": {sql: userName, near: nearName}, "displayname": {sql: full}, "name.formatted": {sql: full}, "name": {sql: full},
		"name.givenname": {sql: "a.given_name"}, "name.familyname": {sql: "a.family_name"},
		"title": {sql: "a.function"}, "usertype": {sql: "a.kind"}, "active": {sql: "a.active", kind: truth},
		"meta.created": {sql: "a.created", kind: instants}, "meta.lastmodified": {sql: modified, kind: instants},
		ext + ".department": {sql: "COALESCE(u.name, '')"}, ext + ".manager": {sql: "a.manager", kind: exact}, ext + ".manager.value": {sql: "a.manager", kind: exact},
	},
	several: map[string][]map[string]column{
		"emails": {{"value": {sql: "a.email"}, "type": {sql: "'work'"}, "primary": {sql: "TRUE", kind: truth}}},
		"phonenumbers": {
			{"value": {sql: "a.phone"}, "type": {sql: "'work'"}, "primary": {sql: "TRUE", kind: truth}},
			{"value": {sql: "a.mobile"}, "type": {sql: "'mobile'"}, "primary": {sql: "a.phone = ''", kind: truth}},
		},
		"groups": {{"value": {test: inGroup}}},
	},
}

var groupAttributes = attributes{
	columns: map[string]column{
		"id": {sql: "g.id", kind: exact}, "externalid": {sql: "COALESCE(x.external_id, '')", kind: exact}, "displayname": {sql: "g.name"},
	},
	several: map[string][]map[string]column{"members": {{"value": {test: ofGroup}}}},
}

// nearName and nearExternal are what an index finds of those who may have a name: it is
// what identity providers ask before each change. They repeat what the indexes leave out,
// or those would not serve.
const (
	nearName = `a.id IN (SELECT n.agent FROM scim_agents n WHERE n.collectivity = $1 AND n.folded = %[1]s AND n.folded <> '' AND n.deleted = 0
		UNION ALL SELECT l.id FROM agents l JOIN accounts q ON q.id = l.account WHERE l.collectivity = $1 AND q.login = %[1]s
		UNION ALL SELECT e.id FROM agents e WHERE e.collectivity = $1 AND lower(e.email) = lower(%[1]s)
		UNION ALL SELECT %[1]s)`
	nearExternal = `a.id IN (SELECT n.agent FROM scim_agents n WHERE n.collectivity = $1 AND n.external_id = %[1]s AND n.external_id <> '')`
)

// page is which resources are asked for (RFC 7644 §3.4.2.4).
type page struct{ start, count int }

func pageOf(query url.Values) (page, error) {
	p := page{1, defaultCount}
	for name, into := range map[string]*int{"startIndex": &p.start, "count": &p.count} {
		if text := query.Get(name); text != "" {
			number, err := strconv.Atoi(text)
			if err != nil {
				return page{}, errValue(name)
			}
			*into = number
		}
	}
	const last = 1_000_000
	return page{min(max(1, p.start), last), min(max(0, p.count), maxCount)}, nil
}

// order is how resources are sorted; what is equal by their id.
func order(a attributes, query url.Values, usual, id string) (string, error) {
	by := query.Get("sortBy")
	if by == "" {
		return usual + ", " + id, nil
	}
	found, known := a.columns[canonical(by)]
	if rows := a.several[strings.TrimSuffix(canonical(by), ".value")]; !known && len(rows) > 0 {
		found = rows[0]["value"]
		known = found.sql != ""
	}
	if !known {
		return "", errPath(by)
	}
	sorted := found.sql
	if found.kind == text {
		sorted = "lower(" + sorted + ")"
	}
	if strings.EqualFold(query.Get("sortOrder"), "descending") {
		sorted += " DESC"
	}
	return sorted + ", " + id, nil
}

// find counts what a filter finds, and reads a page of it.
func find[T any](ctx context.Context, s *Service, a *asked, of attributes, columns, from, usual, id string, scan func(rows *sql.Rows) (T, error)) (told list, found []T, err error) {
	query := a.URL.Query()
	which, err := pageOf(query)
	if err != nil {
		return list{}, nil, err
	}
	sorted, err := order(of, query, usual, id)
	if err != nil {
		return list{}, nil, err
	}
	write := &statement{attributes: of, args: []any{string(a.Collectivity)}}
	where, err := write.where(query.Get("filter"))
	if err != nil {
		return list{}, nil, err
	}
	told = list{Schemas: []string{listSchema}, Start: which.start, Resources: []any{}}
	if err := s.DB.QueryRow(ctx, `SELECT COUNT(*)`+from+where, write.args...).Scan(&told.Total); err != nil {
		return list{}, nil, fmt.Errorf("scim: count: %w", err)
	}
	if which.count == 0 || told.Total < which.start {
		return told, nil, nil
	}
	limit, offset := write.param(which.count), write.param(which.start-1)
	rows, err := s.DB.Query(ctx, columns+from+where+` ORDER BY `+sorted+` LIMIT 0 + `+limit+` OFFSET 0 + `+offset, write.args...)
	found, err = database.Collect(rows, err, scan)
	if err != nil {
		return list{}, nil, fmt.Errorf("scim: list: %w", err)
	}
	told.Count = len(found)
	return told, found, nil
}

const userColumns = `SELECT a.id, ` + userName + `, COALESCE(s.external_id, ''), a.created`

func scanKnown(scan func(dest ...any) error) (one known, err error) {
	var created int64
	err = scan(&one.ID, &one.userName, &one.external, &created)
	one.created = database.FromMillis(created)
	return one, err
}

func (s *Service) listUsers(a *asked) (any, error) {
	if err := a.Require(portal.ManageAgents); err != nil {
		return nil, err
	}
	ctx := a.Context()
	told, found, err := find(ctx, s, a, userAttributes, userColumns, userFrom, "a.sort_name", "a.id", func(rows *sql.Rows) (known, error) { return scanKnown(rows.Scan) })
	if err != nil {
		return nil, err
	}
	ids := make([]portal.AgentID, len(found))
	for i, one := range found {
		ids[i] = one.ID
	}
	cards, err := s.Store.EnrolledAmong(ctx, a.Caller, ids)
	if err != nil {
		return nil, err
	}
	byID := map[portal.AgentID]directory.Enrolled{}
	for _, card := range cards {
		byID[card.ID] = card
	}
	here := found[:0]
	for _, one := range found {
		if card, there := byID[one.ID]; there { // she was not erased meanwhile
			one.Enrolled = card
			here = append(here, one)
		}
	}
	if err := s.join(ctx, a.Caller, here); err != nil {
		return nil, err
	}
	versions := make([]string, len(here))
	shown := make([]directory.Enrolled, len(here))
	for i, one := range here {
		versions[i], shown[i] = one.version(), one.Enrolled
	}
	if err := s.Store.Veil(ctx, a.Caller, shown); err != nil {
		return nil, err
	}
	for i := range here {
		here[i].Enrolled = shown[i]
	}
	if err := s.nameBosses(ctx, a.Caller, here); err != nil {
		return nil, err
	}
	for i, one := range here {
		resource, err := a.shape(s.user(one, versions[i]))
		if err != nil {
			return nil, err
		}
		told.Resources = append(told.Resources, resource)
	}
	told.Count = len(told.Resources)
	return told, nil
}

// knownBy reads one agent that is there for a program.
func (s *Service) knownBy(ctx context.Context, caller portal.Caller, id string) (known, error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return known{}, err
	}
	one, err := scanKnown(s.DB.QueryRow(ctx, userColumns+userFrom+`a.id = $2`, string(caller.Collectivity), id).Scan)
	if err == nil {
		one.Enrolled, err = s.Store.Enrolled(ctx, caller, one.ID)
	}
	all := []known{one}
	if err == nil {
		err = s.join(ctx, caller, all)
	}
	return all[0], err
}

func (s *Service) readUser(a *asked) (any, error) { return s.tellUser(a, a.id()) }

// tellUser answers with an agent as she is now.
func (s *Service) tellUser(a *asked, id string) (any, error) {
	one, err := s.knownBy(a.Context(), a.Caller, id)
	if err != nil {
		return nil, err
	}
	all := []known{one}
	if err := s.nameBosses(a.Context(), a.Caller, all); err != nil {
		return nil, err
	}
	told := s.user(all[0], one.version())
	return a.tell(told, told.Meta)
}

const groupColumns = `SELECT g.id, g.name, COALESCE(x.external_id, '')`

func scanGrouped(scan func(dest ...any) error) (one grouped, err error) {
	return one, scan(&one.ID, &one.Name, &one.external)
}

func (s *Service) listGroups(a *asked) (any, error) {
	if err := a.Require(portal.ManageAgents); err != nil {
		return nil, err
	}
	told, found, err := find(a.Context(), s, a, groupAttributes, groupColumns, groupFrom, "lower(g.name)", "g.id", func(rows *sql.Rows) (grouped, error) { return scanGrouped(rows.Scan) })
	if err != nil {
		return nil, err
	}
	if err := s.fill(a, found); err != nil {
		return nil, err
	}
	for _, one := range found {
		resource, err := a.shape(s.group(one))
		if err != nil {
			return nil, err
		}
		told.Resources = append(told.Resources, resource)
	}
	return told, nil
}

// fill reads the members of groups, when they are wanted.
func (s *Service) fill(a *asked, groups []grouped) error {
	if !a.wants("members") && a.Method == "GET" {
		return nil
	}
	ids := make([]portal.GroupID, len(groups))
	for i, group := range groups {
		ids[i] = group.ID
	}
	members, err := s.Store.GroupMembersOf(a.Context(), a.Caller, ids)
	for i := range groups {
		groups[i].members, groups[i].whole = members[groups[i].ID], true
	}
	return err
}

// groupedBy reads one group.
func (s *Service) groupedBy(a *asked, id string) (grouped, error) {
	if err := a.Require(portal.ManageAgents); err != nil {
		return grouped{}, err
	}
	one, err := scanGrouped(s.DB.QueryRow(a.Context(), groupColumns+groupFrom+`g.id = $2`, string(a.Collectivity), id).Scan)
	if err != nil {
		return grouped{}, err
	}
	all := []grouped{one}
	err = s.fill(a, all)
	return all[0], err
}

// errOther says that a group is no more what was read.
var errOther = errors.New("scim: the group changed meanwhile")

// still refuses, in the transaction of a change, a group that is no more of the version
// which was read before it.
func (s *Service) still(a *asked, read grouped) func(tx *database.Tx) error {
	return func(tx *database.Tx) error {
		ctx, of, id := a.Context(), string(a.Collectivity), string(read.ID)
		now, err := scanGrouped(tx.QueryRow(ctx, groupColumns+groupFrom+`g.id = $2`, of, id).Scan)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT m.agent FROM agent_group_members m JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
			WHERE m.collectivity = $1 AND m.group_id = $2 AND a.active`, of, id)
		now.members, err = database.Collect(rows, err, func(rows *sql.Rows) (one directory.Agent, err error) { return one, rows.Scan(&one.ID) })
		if err == nil && now.version() != read.version() {
			err = errOther
		}
		return err
	}
}

func (s *Service) readGroup(a *asked) (any, error) { return s.tellGroup(a, a.id()) }

func (s *Service) tellGroup(a *asked, id string) (any, error) {
	one, err := s.groupedBy(a, id)
	if err != nil {
		return nil, err
	}
	told := s.group(one)
	return a.tell(told, told.Meta)
}
