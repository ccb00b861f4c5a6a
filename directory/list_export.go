package directory

import (
	"net/http"
	"strconv"

	"parvis/portal/audit"
	"parvis/portal/web"
)

// sheet begins a file and tells the journal about it.
func (h *Handler) sheet(w http.ResponseWriter, r *http.Request, name string, action audit.Action) (*web.Spreadsheet, error) {
	caller := web.CallerOf(r)
	line := audit.By(caller, action)
	line.At, line.Address = h.store.now(), web.ClientAddr(r)
	if err := audit.Write(r.Context(), h.store.db, line); err != nil {
		return nil, err
	}
	return web.NewSpreadsheet(w, web.DatedName(r, name)), nil
}

// exportGroups writes the groups that the filters choose as a spreadsheet.
func (h *Handler) exportGroups(w http.ResponseWriter, r *http.Request) error {
	caller, printer := web.CallerOf(r), web.Printer(r)
	groups, err := h.store.findGroups(r.Context(), caller, groupQuery(r))
	if err == nil {
		err = h.store.countMembers(r.Context(), caller, groups)
	}
	if err != nil {
		return err
	}
	rules, err := h.store.rulesOf(r.Context(), caller)
	if err != nil {
		return err
	}
	units, err := h.store.Units(r.Context(), caller)
	if err != nil {
		return err
	}
	sheet, err := h.sheet(w, r, "groupes", audit.GroupsExported)
	if err != nil {
		return err
	}
	sheet.Row(printer.T("directory.group"), printer.T("directory.groups.head.count"), printer.T("directory.groups.head.filled"), printer.T("directory.groups.head.rule"))
	for _, group := range groups {
		filled, rule := GroupsFilledByHand, ""
		if group.Ruled {
			filled, rule = GroupsByRule, ruleWords(printer, units, rules[group.ID])
		}
		sheet.Row(group.Name, strconv.Itoa(group.Members), printer.T("directory.groups.state."+filled), rule)
	}
	sheet.Flush()
	return nil
}

// exportUnits writes the units that the filters choose as a spreadsheet.
func (h *Handler) exportUnits(w http.ResponseWriter, r *http.Request) error {
	caller, printer, query := web.CallerOf(r), web.Printer(r), unitQuery(r)
	units, err := h.store.GovernedUnits(r.Context(), caller)
	if err != nil {
		return err
	}
	sheet, err := h.sheet(w, r, "services", audit.UnitsExported)
	if err != nil {
		return err
	}
	paths, words := pathsOf(units), wordsSought(query.Text)
	sheet.Row(printer.T("directory.unit"), printer.T("directory.units.head.path"), printer.T("directory.units.head.count"))
	for _, unit := range units {
		if query.keeps(words, unit) {
			sheet.Row(unit.Name, paths[unit.ID], strconv.Itoa(unit.Agents))
		}
	}
	sheet.Flush()
	return nil
}
