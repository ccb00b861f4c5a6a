package booking

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

const (
	maxDescription = 4000 // characters
	maxFeatures    = 20
	maxClosings    = 100
	maxOdometer    = 2_000_000 // km
	maxAhead       = 730       // days: no series is booked further
	maxLongest     = 366 * 24 * time.Hour
	maxNotice      = 90 * 24 * time.Hour
	maxPeople      = 50
)

// describe writes what a resource is besides its name, and when it is closed.
func (s *Store) describe(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, r Resource) error {
	err := tx.Write(ctx, `
		UPDATE resources SET category = $3, description = $4, features = $5, hours = $6, holidays_off = $7, longest = $8, ahead = $9, notice = $10,
		approval = $11, titles_public = $12, plate = $13, energy = $14, odometer = $15, inspection = $16, insured = $17
		WHERE collectivity = $1 AND id = $2`,
		string(collectivity), string(r.ID), r.Category, r.Description, strings.Join(r.Features, "\n"), r.Hours.String(), r.HolidaysOff,
		int64(r.Longest/time.Minute), r.Ahead, int64(r.Notice/time.Minute), r.Approval, r.TitlesPublic,
		r.Vehicle.Plate, r.Vehicle.Energy, r.Vehicle.Odometer, r.Vehicle.Inspection, r.Vehicle.Insured)
	if err == nil {
		err = tx.Write(ctx, `DELETE FROM resource_closings WHERE collectivity = $1 AND resource = $2`, string(collectivity), string(r.ID))
	}
	for _, c := range r.Closings {
		if err == nil {
			err = tx.Write(ctx, `INSERT INTO resource_closings (collectivity, resource, first_day, last_day, reason) VALUES ($1, $2, $3, $4, $5)`,
				string(collectivity), string(r.ID), c.First, c.Last, c.Reason)
		}
	}
	return err
}

// closings are the closed days of a resource, or of all where it is "".
func (s *Store) closings(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id ResourceID) (map[ResourceID][]Closing, error) {
	rows, err := from.Query(ctx, `
		SELECT resource, first_day, last_day, reason FROM resource_closings
		WHERE collectivity = $1 AND ($2 = '' OR resource = $2) ORDER BY resource, first_day`, string(collectivity), string(id))
	found := map[ResourceID][]Closing{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var of ResourceID
		var c Closing
		err = rows.Scan(&of, &c.First, &c.Last, &c.Reason)
		found[of] = append(found[of], c)
		return none, err
	})
	return found, err
}

// checkFacts refuses what can't be so, and writes texts as they are kept.
func (r *Resource) checkFacts(wrong *portal.Check) {
	r.Category, r.Description = strings.TrimSpace(r.Category), strings.TrimSpace(strings.ReplaceAll(r.Description, "\r", ""))
	wrong.Text("category", r.Category, false, 80)
	checkLines(wrong, "description", r.Description, maxDescription)
	r.checkFeatures(wrong)
	limit := func(field string, value, most time.Duration, key string) {
		if value < 0 || value > most {
			wrong.Add(field, key)
		}
	}
	limit("longest", r.Longest, maxLongest, "booking.error.longest")
	limit("notice", r.Notice, maxNotice, "booking.error.notice")
	if r.Ahead < 0 || r.Ahead > maxAhead {
		wrong.Add("ahead", "booking.error.ahead", "max", maxAhead)
	}
	r.checkClosings(wrong)
	if r.Kind != Vehicle {
		r.Vehicle = VehicleFacts{}
		return
	}
	v := &r.Vehicle
	v.Plate = strings.ToUpper(strings.TrimSpace(v.Plate))
	wrong.Text("plate", v.Plate, false, 20)
	if v.Energy != "" && !slices.Contains(Energies, v.Energy) {
		wrong.Add("energy", "booking.error.energy")
	}
	if v.Odometer < 0 || v.Odometer > maxOdometer {
		wrong.Add("odometer", "booking.error.odometer")
	}
	date := func(field, day string) {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			wrong.Add(field, "booking.error.day")
		}
	}
	date("inspection", v.Inspection)
	date("insured", v.Insured)
}

// checkLines refuses lines of more than limit characters, or with what no text holds.
func checkLines(wrong *portal.Check, field, text string, limit int) {
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }):
		wrong.Add(field, "web.error.field.characters")
	case utf8.RuneCountInString(text) > limit:
		wrong.Add(field, "web.error.field.long", "limit", limit)
	}
}

func (r *Resource) checkFeatures(wrong *portal.Check) {
	var kept []string
	known := map[string]bool{}
	for _, one := range r.Features {
		one = strings.Join(strings.Fields(one), " ")
		if folded := i18n.Fold(one); one != "" && !known[folded] {
			known[folded] = true
			kept = append(kept, one)
		}
	}
	r.Features = kept
	switch {
	case len(kept) > maxFeatures:
		wrong.Add("features", "booking.error.features", "max", maxFeatures)
	case slices.ContainsFunc(kept, func(one string) bool { return !utf8.ValidString(one) || strings.ContainsFunc(one, unicode.IsControl) }):
		wrong.Add("features", "web.error.field.characters")
	case slices.ContainsFunc(kept, func(one string) bool { return utf8.RuneCountInString(one) > 60 }):
		wrong.Add("features", "web.error.field.long", "limit", 60)
	}
}

func (r *Resource) checkClosings(wrong *portal.Check) {
	slices.SortFunc(r.Closings, func(a, b Closing) int { return strings.Compare(a.First, b.First) })
	for i := range r.Closings {
		c := &r.Closings[i]
		c.Reason = strings.TrimSpace(c.Reason)
		if c.Last == "" {
			c.Last = c.First
		}
		first, err := time.Parse(time.DateOnly, c.First)
		last, err2 := time.Parse(time.DateOnly, c.Last)
		switch {
		case err != nil || err2 != nil:
			wrong.Add("closings", "booking.error.day")
		case last.Before(first):
			wrong.Add("closings", "booking.error.closing.order")
		case i > 0 && c.First <= r.Closings[i-1].Last:
			wrong.Add("closings", "booking.error.closing.overlap")
		case utf8.RuneCountInString(c.Reason) > 120:
			wrong.Add("closings", "web.error.field.long", "limit", 120)
		case !utf8.ValidString(c.Reason) || strings.ContainsFunc(c.Reason, unicode.IsControl):
			wrong.Add("closings", "web.error.field.characters")
		default:
			continue
		}
		return
	}
	if len(r.Closings) > maxClosings {
		wrong.Add("closings", "booking.error.closing.many", "max", maxClosings)
	}
}

// readPeople fills in who sees a resource and who accepts its bookings.
func (s *Store) readPeople(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, r *Resource) error {
	rows, err := from.Query(ctx, `
		SELECT does, kind, subject FROM resource_people WHERE collectivity = $1 AND resource = $2 ORDER BY does, kind, subject`,
		string(collectivity), string(r.ID))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var does string
		var to portal.Subject
		if err = rows.Scan(&does, &to.Kind, &to.ID); does == sees {
			r.Seers = append(r.Seers, to)
		} else {
			r.Approvers = append(r.Approvers, to)
		}
		return none, err
	})
	return err
}

// openPeople writes who sees a resource and who accepts its bookings.
func (s *Store) openPeople(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, r Resource) error {
	err := tx.Write(ctx, `DELETE FROM resource_people WHERE collectivity = $1 AND resource = $2`, string(collectivity), string(r.ID))
	for does, people := range map[string][]portal.Subject{sees: r.Seers, approves: r.Approvers} {
		for _, one := range people {
			if err == nil {
				err = tx.Write(ctx, `INSERT INTO resource_people (collectivity, resource, does, kind, subject) VALUES ($1, $2, $3, $4, $5)`,
					string(collectivity), string(r.ID), does, string(one.Kind), one.ID)
			}
		}
	}
	return err
}

// tellPeople writes into the journal who sees a resource and who accepts its bookings, when it are others.
func (s *Store) tellPeople(ctx context.Context, tx *database.Tx, caller portal.Caller, was, r Resource, address string) error {
	for _, one := range []struct {
		action  audit.Action
		was, is []portal.Subject
	}{{audit.ResourceSeers, was.Seers, r.Seers}, {audit.ResourceApprovers, was.Approvers, r.Approvers}} {
		if slices.Equal(one.was, one.is) {
			continue
		}
		before, err := s.namesOf(ctx, tx, caller.Collectivity, one.was)
		if err != nil {
			return err
		}
		after, err := s.namesOf(ctx, tx, caller.Collectivity, one.is)
		if err != nil {
			return err
		}
		line := s.line(caller, one.action, r, address)
		line.Detail = audit.Became(strings.Join(before, ", "), strings.Join(after, ", "))
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
	}
	return nil
}

// namesOf are the names of some agents and groups, sorted; of what is there no more there is none.
func (s *Store) namesOf(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, people []portal.Subject) ([]string, error) {
	ids := make([]string, len(people))
	for i, one := range people {
		ids[i] = string(one.Kind) + one.ID
	}
	among, args := database.Among([]any{string(collectivity)}, ids)
	rows, err := from.Query(ctx, `
		SELECT given_name || ' ' || family_name FROM agents WHERE collectivity = $1 AND 'agent' || id IN `+among+`
		UNION ALL SELECT name FROM agent_groups WHERE collectivity = $1 AND 'group' || id IN `+among, args...)
	names, err := database.Collect(rows, err, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
	slices.SortFunc(names, i18n.ByName)
	return names, err
}

// checkPeople refuses who is not of the collectivity.
func (s *Store) checkPeople(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, r *Resource, groups map[portal.GroupID]bool, wrong *portal.Check) (err error) {
	if r.Seers, err = s.checkNamed(ctx, tx, collectivity, "seers", r.Seers, groups, wrong); err != nil {
		return err
	}
	r.Approvers, err = s.checkNamed(ctx, tx, collectivity, "approvers", r.Approvers, groups, wrong)
	return err
}

func (s *Store) checkNamed(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, field string, people []portal.Subject, groups map[portal.GroupID]bool, wrong *portal.Check) ([]portal.Subject, error) {
	people = slices.SortedFunc(slices.Values(people), bySubject)
	people = slices.Compact(people)
	var agents []string
	unknown := false
	for _, one := range people {
		switch one.Kind {
		case portal.TheAgent:
			agents = append(agents, one.ID)
		case portal.TheGroup:
			unknown = unknown || !groups[portal.GroupID(one.ID)]
		default:
			unknown = true
		}
	}
	among, args := database.Among([]any{string(collectivity)}, agents)
	var found int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM agents WHERE collectivity = $1 AND id IN `+among, args...).Scan(&found); err != nil {
		return nil, err
	}
	switch {
	case unknown || found < len(agents):
		wrong.Add(field, "booking.error.people")
	case len(people) > maxPeople:
		wrong.Add(field, "booking.error.people.many", "max", maxPeople)
	}
	return people, nil
}

func bySubject(a, b portal.Subject) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

// Categories are those of the resources that the caller sees, each once, by name.
func (s *Store) Categories(ctx context.Context, caller portal.Caller) ([]string, error) {
	all, err := s.categories(ctx, caller)
	return all, wrap(err, "list categories")
}

func (s *Store) categories(ctx context.Context, caller portal.Caller) (all []string, err error) {
	hidden, err := s.hidden(ctx, caller)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, `SELECT id, category FROM resources WHERE collectivity = $1 AND category <> ''`, string(caller.Collectivity))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id ResourceID
		var name string
		if err = rows.Scan(&id, &name); !hidden[id] {
			all = append(all, name)
		}
		return none, err
	})
	slices.SortFunc(all, i18n.ByName)
	return slices.Compact(all), err
}

// agentsAt are the agents of the caller's collectivity who have one of some addresses, in lower case, by it.
func (s *Store) agentsAt(ctx context.Context, caller portal.Caller, addresses []string) (map[string]portal.AgentID, error) {
	found := map[string]portal.AgentID{}
	if len(addresses) == 0 {
		return found, nil
	}
	among, args := database.Among([]any{string(caller.Collectivity)}, addresses)
	rows, err := s.db.Query(ctx, `SELECT id, lower(email) FROM agents WHERE collectivity = $1 AND active AND lower(email) IN `+among, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.AgentID
		var address string
		err = rows.Scan(&id, &address)
		found[address] = id
		return none, err
	})
	return found, wrap(err, "find agents by address")
}
