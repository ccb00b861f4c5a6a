package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// fullDisk hands nothing over of one agent.
type fullDisk portal.AgentID

func (f fullDisk) HandOver(_ context.Context, _ *database.Tx, _ portal.CollectivityID, from, _ portal.AgentID, _, _ string) error {
	if from == portal.AgentID(f) {
		return errors.New("the disk is full")
	}
	return nil
}

func (fullDisk) HandBack(context.Context, *database.Tx, portal.CollectivityID, portal.AgentID, string, string) error {
	return nil
}

// count is how many rows there are.
func (h *house) count(t *testing.T, what string) (rows int) {
	t.Helper()
	must(t, h.db.QueryRow(context.Background(), `SELECT COUNT(*) FROM `+what).Scan(&rows))
	return rows
}

// TestADepartureThatFailsKeepsNoOther: it is put behind the others, and tried again.
func TestADepartureThatFailsKeepsNoOther(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin, day := directory.Installation("bourg"), time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	must(t, h.PlanDeparture(ctx, admin, h.anne.Agent, directory.Departure{LastDay: day, Successor: h.both.Agent, Agenda: true}, "", ""))
	other := h.hire(t, "bourg", "noe@bourg.example", directory.Agent{GivenName: "Noé", FamilyName: "Martin"})
	must(t, h.PlanDeparture(ctx, admin, other.Agent, directory.Departure{LastDay: day}, "", ""))
	must(t, h.db.Write(ctx, `UPDATE planned_departures SET due = 1, last_day = '2020-01-31'`))
	h.Departing(fullDisk(h.anne.Agent))
	if closed, err := directory.NewDepartures(h.Store, nil).Step(ctx); closed != 1 || err == nil {
		t.Errorf("%d closed, %v", closed, err)
	}
	if h.count(t, `agents WHERE active AND id = '`+string(h.anne.Agent)+`'`) != 1 || h.count(t, `agents WHERE active AND id = '`+string(other.Agent)+`'`) != 0 {
		t.Error("the wrong one is closed")
	}
	if h.count(t, `planned_departures WHERE due > 1 AND done = 0 AND fault = ''`) != 1 {
		t.Error("what failed is first again")
	}
	if closed, err := directory.NewDepartures(h.Store, nil).Step(ctx); closed != 0 || err != nil {
		t.Errorf("at once, %d closed, %v", closed, err)
	}
	must(t, h.db.Write(ctx, `UPDATE planned_departures SET due = 1 WHERE done = 0`))
	h.Departing(fullDisk(""))
	if closed, err := directory.NewDepartures(h.Store, nil).Step(ctx); closed != 1 || err != nil {
		t.Errorf("later, %d closed, %v", closed, err)
	}
}

// TestManyDeparturesOfOneNight are done by one look, however many, and in a collectivity
// that is suspended too.
func TestManyDeparturesOfOneNight(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	must(t, h.db.Write(ctx, `UPDATE collectivities SET active = FALSE WHERE id = 'agglo'`))
	for i := range 60 {
		id := fmt.Sprintf("part-%02d", i)
		must(t, h.db.Write(ctx, `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, created) VALUES ('agglo', $1, 'P', 'Part', 'part p', 1)`, id))
		must(t, h.db.Write(ctx, `INSERT INTO planned_departures (collectivity, agent, id, last_day, due, agenda, planned, planned_by, rights)
			VALUES ('agglo', $1, $1, '2020-01-31', 1, FALSE, 1, '', 'admin')`, id))
	}
	if closed, err := directory.NewDepartures(h.Store, nil).Step(ctx); closed != 60 || err != nil {
		t.Errorf("%d closed, %v", closed, err)
	}
}

// TestWhoIsClosedOtherwiseLeavesOnce: of a card that something else closed nothing is told
// a second time.
func TestWhoIsClosedOtherwiseLeavesOnce(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	day := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	must(t, h.PlanDeparture(ctx, directory.Installation("bourg"), h.anne.Agent, directory.Departure{LastDay: day}, "", ""))
	must(t, h.db.Write(ctx, `UPDATE planned_departures SET due = 1, last_day = '2020-01-31'`))
	must(t, h.db.Write(ctx, `UPDATE agents SET active = FALSE, closed = 1 WHERE collectivity = 'bourg' AND id = $1`, string(h.anne.Agent)))
	if closed, err := directory.NewDepartures(h.Store, nil).Step(ctx); closed != 0 || err != nil {
		t.Errorf("%d closed, %v", closed, err)
	}
	if plans, lines := h.count(t, `planned_departures`), h.count(t, `audit_lines WHERE action = 'agent.closed'`); plans != 0 || lines != 0 {
		t.Errorf("%d departures wait, and the journal tells %d", plans, lines)
	}
	if h.count(t, `agents WHERE closed = 1`) != 1 {
		t.Error("she is closed a second time")
	}
}
