package directory

import (
	"net/http"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// UnitQuery says which units of the organisation chart to list.
type UnitQuery struct {
	Text  string        // each of its words begins a word of the name
	State string        // "empty": without agents
	At    portal.UnitID // whose page is listed, where Page says none
	Page  int           // from 1; 0 for that of At
}

// unitsSize is how many units a page lists.
const unitsSize = 50

// unitQuery reads the filters of the address.
func unitQuery(r *http.Request) UnitQuery {
	query := web.Query(r)
	wanted := UnitQuery{Text: strings.TrimSpace(query.Get("q")), State: query.Get("state"), At: portal.UnitID(query.Get("at"))}
	if query.Get("page") != "" {
		wanted.Page = web.PageNumber(r)
	}
	return wanted
}

// Narrow says that units are listed out of their places.
func (q UnitQuery) Narrow() bool { return q.Text != "" || q.State != "" }

// keeps says whether a unit is asked for.
func (q UnitQuery) keeps(words []string, unit UnitNode) bool {
	return allBegin(" "+i18n.Fold(unit.Name), words) && (q.State == "" || q.State == "empty" && unit.Agents == 0)
}

// narrow keeps the rows of one page of those that are asked for.
func (p *unitsPage) narrow(chart []UnitNode) {
	if words := wordsSought(p.Query.Text); p.Query.Narrow() {
		paths := pathsOf(chart)
		p.Rows = slices.DeleteFunc(p.Rows, func(row unitRow) bool { return !p.Query.keeps(words, row.UnitNode) })
		for i := range p.Rows {
			p.Rows[i].Path = paths[p.Rows[i].ID]
		}
	}
	p.Total = len(p.Rows)
	if p.Query.Page == 0 {
		p.Query.Page = 1 + max(0, slices.IndexFunc(p.Rows, func(row unitRow) bool { return row.ID == p.Query.At }))/unitsSize
	}
	p.Query.Page = max(1, min(p.Query.Page, (p.Total+unitsSize-1)/unitsSize))
	first := (p.Query.Page - 1) * unitsSize
	p.Rows = p.Rows[min(first, p.Total):min(first+unitsSize, p.Total)]
}

// pathsOf names the units above each one of a chart: "Services techniques › Voirie".
func pathsOf(chart []UnitNode) map[portal.UnitID]string {
	paths := map[portal.UnitID]string{}
	var above []string // names of the units above the current one
	for _, unit := range chart {
		above = above[:unit.Depth]
		paths[unit.ID] = strings.Join(above, " › ")
		above = append(above, unit.Name)
	}
	return paths
}
