package directory

import (
	"net/http"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
)

// exportSize is how many agents are read at once for a file.
const exportSize = 500

// exportRoster writes the agents that the filters choose as a spreadsheet, part by
// part.
func (h *Handler) exportRoster(w http.ResponseWriter, r *http.Request) error {
	caller, query := web.CallerOf(r), rosterQuery(r)
	agents, err := h.store.RosterAfter(r.Context(), caller, query, nil, exportSize)
	if err != nil {
		return err
	}
	line := audit.By(caller, audit.AgentsExported)
	line.At, line.Address = h.store.now(), web.ClientAddr(r)
	if err := audit.Write(r.Context(), h.store.db, line); err != nil {
		return err
	}
	sheet := web.NewSpreadsheet(w, "agents-"+string(caller.Collectivity)+"-"+web.Now(r).Format(time.DateOnly)+".csv")
	sheet.Row(exportHeads(r)...)
	for len(agents) > 0 {
		err := h.exportAgents(r, caller, sheet, agents)
		if err == nil && (sheet.Flush() != nil || len(agents) < exportSize) {
			return nil // the reader left, or has all
		}
		if err == nil {
			agents, err = h.store.RosterAfter(r.Context(), caller, query, &agents[len(agents)-1], exportSize)
		}
		if err != nil {
			sheet.Row(web.Printer(r).T("directory.export.broken"))
			break // the status is sent: the last line says that the rest is missing
		}
	}
	sheet.Flush()
	return nil
}

func exportHeads(r *http.Request) []string {
	printer := web.Printer(r)
	var heads []string
	for _, field := range []string{"family_name", "given_name", "kind", "function", "unit", "manager", "email", "phone", "mobile", "office", "groups", "state", "login"} {
		heads = append(heads, printer.T("directory.field."+field))
	}
	return heads
}

// exportAgents adds rows. Managers and groups are read for all of them at once.
func (h *Handler) exportAgents(r *http.Request, caller portal.Caller, sheet *web.Spreadsheet, agents []Enrolled) error {
	printer := web.Printer(r)
	var managers []portal.AgentID
	for _, agent := range agents {
		if agent.Manager != "" {
			managers = append(managers, agent.Manager)
		}
	}
	names, err := h.store.Names(r.Context(), caller, managers)
	if err != nil {
		return err
	}
	groups, err := h.store.groupsOfAll(r.Context(), caller, agents)
	if err != nil {
		return err
	}
	for _, a := range agents {
		sheet.Row(a.FamilyName, a.GivenName, printer.T("directory.kind."+string(a.Kind)), a.Function, a.UnitName, names[a.Manager],
			a.Email, a.Phone, a.Mobile, a.Office, strings.Join(groups[a.ID], ", "), printer.T("directory.state."+a.State), a.Login)
	}
	return nil
}
