package search_test

import (
	"testing"

	"parvis/search"
)

// TestLentPeopleAreShownAsTheyMayBeSeenNow: the index may be behind.
func TestLentPeopleAreShownAsTheyMayBeSeenNow(t *testing.T) {
	s := newSite(t)
	clerk := search.Document{
		Kind: search.KindPerson, ID: "clerk", Title: "Zélie Quintard", Body: "Fontainière", Summary: "Fontainière", Detail: "Fontainière",
		Phone: "02 61 91 01 77", Unit: "Voirie", URL: "/directory/agents/clerk",
	}
	gone := search.Document{Kind: search.KindPerson, ID: "gone", Title: "Paul Quintard", URL: "/directory/agents/gone"}
	note := search.Document{Kind: search.KindDocument, ID: "note", Title: "Note de Quintard"}
	s.put(t, "bourg", clerk, gone, note)
	s.put(t, "agglo", search.Document{Kind: search.KindPerson, ID: "own", Title: "Ida Quintard", URL: "/directory/agents/own"})

	seen := clerk
	seen.URL = "/directory/of/bourg/agents/clerk"
	s.lent["clerk"] = seen
	page := s.get(t, "stranger", searchFor("quintard"))
	holds(t, "lent", page, ">Tout<span class=\"muted\">2</span>", "Bourg-sur-Loire", `href="/directory/of/bourg/agents/clerk"`, `href="tel:&#43;33261910177"`, `Zélie <mark>Quintard</mark>`,
		`href="/directory/agents/own"`, "!Paul", "!Note de", `!href="/directory/agents/clerk"`)
	holds(t, "suggested", s.get(t, "stranger", "/search/suggestions?q=quin"), "Bourg-sur-Loire", `href="/directory/of/bourg/agents/clerk"`, "!Paul", "!Note")
	holds(t, "to bourg itself", s.get(t, "hr", searchFor("quintard")), ">Tout<span class=\"muted\">3</span>", "!Ida", "!Bourg-sur-Loire</b>")

	seen.Title, seen.Summary, seen.Detail, seen.Phone = "Zélie Aubry", "", "", ""
	s.lent["clerk"] = seen
	holds(t, "behind", s.get(t, "stranger", searchFor("quintard")), "Zélie Aubry", "!Zélie Quintard", "!Fontainière", "!0261", "!33261910177", "!<mark>Fontainière")
	holds(t, "a function that is hidden", s.get(t, "stranger", searchFor("fontainière")), "Zélie Aubry", "!<mark>Fontainière")
	delete(s.lent, "clerk")
	holds(t, "gone", s.get(t, "stranger", searchFor("quintard")), "Ida <mark>", "!Zélie")
	holds(t, "gone alone", s.get(t, "stranger", searchFor("0261910177")), "Rien de ce que vous pouvez consulter", "!Zélie")
}
