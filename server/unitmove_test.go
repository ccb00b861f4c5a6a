package server_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestWhatWasMovedAtOnceIsPutBack on pages: but who moved since, with the unit made again
// where it was deleted, and by nobody of another collectivity.
func TestWhatWasMovedAtOnceIsPutBack(t *testing.T) {
	p := servertest.New(t)
	ctx, caller, admin := t.Context(), p.Caller("admin@bourg.example", "bourg"), p.As("admin@bourg.example")
	unit := func(name string, parent portal.UnitID) portal.UnitID {
		t.Helper()
		id, err := p.Directory.AddUnit(ctx, caller, directory.Unit{Name: name, Parent: parent}, "")
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	voirie, parcs := unit("Voirie", ""), unit("Parcs", "")
	below := unit("Éclairage", voirie)
	agent, colleague := p.Caller("agent@bourg.example", "bourg").Agent, p.Caller("collegue@bourg.example", "bourg").Agent
	put(t, p, `UPDATE agents SET unit = '`+string(voirie)+`' WHERE collectivity = 'bourg' AND id IN ('`+string(agent)+`', '`+string(colleague)+`')`)
	put(t, p, `UPDATE agents SET unit = '`+string(parcs)+`' WHERE collectivity = 'bourg' AND id = '`+string(caller.Agent)+`'`)
	admin.Post("/admin/units/"+string(voirie)+"/empty", "unit", string(parcs)).Want(t, http.StatusSeeOther)
	body := admin.Get("/admin/units").Want(t, http.StatusOK, "Déplacements récents", "3 agents et services").Body
	undo := "/admin/units/moves/" + between(t, body, `/admin/units/moves/`, `"`)

	p.As("admin@agglo.example").Post(undo).Want(t, http.StatusNotFound)
	if _, _, err := p.Directory.UndoMove(ctx, p.Caller("admin@agglo.example", "agglo"), strings.Split(undo, "/")[4], ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("another administrator puts it back: %v", err)
	}
	if body := p.As("admin@agglo.example").Get("/admin/units").Body; strings.Contains(body, "Déplacements récents") {
		t.Error("another administrator reads of the move")
	}

	put(t, p, `UPDATE agents SET unit = '' WHERE collectivity = 'bourg' AND id = '`+string(colleague)+`'`) // she moved since
	admin.Post("/admin/units/"+string(voirie)+"/delete").Want(t, http.StatusSeeOther)
	admin.Post(undo).Want(t, http.StatusSeeOther)
	admin.Get("/admin/units").Want(t, http.StatusOK, "Remis en place", "2 agents et services", "Laissé où c’est désormais", "1 agent ou service", "Voirie")
	for id, want := range map[portal.AgentID]portal.UnitID{agent: voirie, colleague: "", caller.Agent: parcs} {
		if got := countWhere(t, p, `agents WHERE collectivity = 'bourg' AND id = '`+string(id)+`' AND unit = '`+string(want)+`'`); got != 1 {
			t.Errorf("%s is not in %q", id, want)
		}
	}
	if got := countWhere(t, p, `units WHERE collectivity = 'bourg' AND id = '`+string(below)+`' AND parent = '`+string(voirie)+`'`); got != 1 {
		t.Error("the unit below is not back")
	}
	admin.Post(undo).Want(t, http.StatusNotFound)
	admin.Post("/admin/units/"+string(voirie)+"/empty", "unit", string(parcs)).Want(t, http.StatusSeeOther)
	put(t, p, `UPDATE unit_moves SET moved = 1`)
	late := admin.Get("/admin/units").Body
	if strings.Contains(late, "Déplacements récents") {
		t.Error("what is older than thirty days is offered")
	}
	if err := p.Directory.ForgetMoves(ctx, "bourg"); err != nil || countWhere(t, p, "unit_moves")+countWhere(t, p, "unit_move_items") != 0 {
		t.Errorf("it is kept: %v", err)
	}
}
