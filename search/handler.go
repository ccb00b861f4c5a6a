package search

import (
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the search page.
//
//go:embed locales/*.json
var Locales embed.FS

// Handler serves the search page.
type Handler struct {
	finder   finder
	renderer *web.Renderer
}

// NewHandler returns the page over an index and the people whom others lend.
func NewHandler(index Index, others Others, renderer *web.Renderer) *Handler {
	return &Handler{finder: finder{index, others}, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/search", Access: web.SignedIn, Handler: h.show},
		{Method: "GET", Path: "/search/suggestions", Access: web.SignedIn, Handler: h.suggest},
	}
}

// maxText is the longest text that is searched, in characters.
const maxText = 200

// page is what search/page shows.
type page struct {
	web.Page
	Query   Query
	Results Results
	Hits    []hit
	Facets  []facet
	Links   themes.Pages
	First   int // rank of the first hit shown, from 1
	Last    int

	SortHref    string // the same answer in the other order
	AnywayHref  string // without any choice; "" when none was made
	CorrectHref string // the corrected text, searched for itself
}

// hit is a Hit with the words of its page.
type hit struct {
	Hit
	Icon      string // name in the sprite, without "i-"
	KindLabel string
	Outside   bool // the address is of another site
}

// facet is one list of choices.
type facet struct {
	Name    string // "kind", part of ids
	Label   string
	Choices []choice
}

// choice is one link of a facet.
type choice struct {
	Label   string
	Href    string
	N       int
	Current bool
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	query := queryOf(r)
	p := &page{Query: query}
	p.Section = "search"
	p.Page.Query = query.Text
	printer := web.Printer(r)
	if strings.TrimSpace(query.Text) == "" {
		p.Title = printer.T("search.title")
		return h.renderer.Render(w, r, http.StatusOK, "search/page", p)
	}
	results, err := h.finder.search(r.Context(), web.CallerOf(r), query)
	if err != nil {
		return err
	}
	p.Results = results
	p.Title = printer.N("search.found", results.Total, "text", query.Text)
	p.fill(printer, r.URL)
	p.Links = web.PageLinks(r, printer.T("search.pages"), results.Page, results.Pages)
	return h.renderer.Render(w, r, http.StatusOK, "search/page", p)
}

// explained gives the sentence of an index that can't be read.
func explained(err error) error {
	return fmt.Errorf("%w: %w", portal.UserError{Kind: portal.ErrUnavailable, Key: "search.error.unavailable"}, err)
}

// queryOf reads a query from an address. What is not understood is left out:
// any address shows a page.
func queryOf(r *http.Request) Query {
	values := r.URL.Query()
	query := Query{
		Text:   cleanText(values.Get("q")),
		Unit:   cleanText(values.Get("unit")),
		ByDate: values.Get("sort") == "date",
		Page:   web.PageNumber(r),
		Now:    web.Now(r),
	}
	for _, kind := range Kinds {
		if values.Get("kind") == string(kind) {
			query.Kind = kind
		}
	}
	switch period := Period(values.Get("period")); period {
	case ThisYear, LastMonth:
		query.Period = period
	}
	return query
}

// cleanText makes a typed text one line of at most maxText characters.
func cleanText(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, " ")), " ")
	if utf8.RuneCountInString(text) > maxText {
		text = string([]rune(text)[:maxText])
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// fill turns the results into links and words.
func (p *page) fill(printer *i18n.Printer, address *url.URL) {
	p.First = (p.Results.Page-1)*PageSize + 1
	p.Last = p.First + len(p.Results.Hits) - 1
	for _, found := range p.Results.Hits {
		p.Hits = append(p.Hits, shownHit(printer, found))
	}
	p.Facets = p.facets(printer, address)
	if p.Query.ByDate {
		p.SortHref = with(address, "sort", "")
	} else {
		p.SortHref = with(address, "sort", "date")
	}
	if p.Query.Kind != "" || p.Query.Unit != "" || p.Query.Period != AnyTime {
		p.AnywayHref = address.Path + "?" + url.Values{"q": {p.Query.Text}}.Encode()
	}
	if p.Results.Correction != "" {
		p.CorrectHref = with(address, "q", p.Results.Correction)
	}
}

func shownHit(printer *i18n.Printer, found Hit) hit {
	one := hit{Hit: found, Icon: strings.TrimPrefix(found.Icon, "i-"), KindLabel: kindLabel(printer, "search.kind.", found.Kind)}
	if one.Icon == "" {
		one.Icon = "file"
	}
	one.Outside = !strings.HasPrefix(found.URL, "/")
	return one
}

// kindLabel is the word for a kind; its own name for one that nobody named.
func kindLabel(printer *i18n.Printer, prefix string, kind Kind) string {
	if key := prefix + string(kind); printer.Has(key) {
		return printer.T(key)
	}
	return string(kind)
}

// with is an address with one of its choices changed, on its first page; ""
// takes the choice away.
func with(address *url.URL, name, value string) string {
	values := address.Query()
	values.Del("page")
	if value == "" {
		values.Del(name)
	} else {
		values.Set(name, value)
	}
	return address.Path + "?" + values.Encode()
}

func (p *page) facets(printer *i18n.Printer, address *url.URL) []facet {
	found := p.Results.Facets
	kinds := facet{Name: "kind", Label: printer.T("search.facet.kind")}
	kinds.Choices = append(kinds.Choices, choice{printer.T("search.all.kind"), with(address, "kind", ""), found.All, p.Query.Kind == ""})
	for _, count := range found.Kinds {
		kinds.Choices = append(kinds.Choices, choice{
			kindLabel(printer, "search.kinds.", Kind(count.Value)), with(address, "kind", count.Value), count.N, string(p.Query.Kind) == count.Value,
		})
	}
	units := facet{Name: "unit", Label: printer.T("search.facet.unit")}
	units.Choices = append(units.Choices, choice{printer.T("search.all.unit"), with(address, "unit", ""), found.AnyUnit, p.Query.Unit == ""})
	for _, count := range found.Units {
		units.Choices = append(units.Choices, choice{count.Value, with(address, "unit", count.Value), count.N, p.Query.Unit == count.Value})
	}
	periods := facet{Name: "period", Label: printer.T("search.facet.period")}
	periods.Choices = append(periods.Choices, choice{printer.T("search.all.period"), with(address, "period", ""), found.AnyTime, p.Query.Period == AnyTime})
	for _, count := range found.Periods {
		if chosen := string(p.Query.Period) == count.Value; count.N > 0 || chosen {
			periods.Choices = append(periods.Choices, choice{
				printer.T("search.period." + count.Value), with(address, "period", count.Value), count.N, chosen,
			})
		}
	}
	var facets []facet
	for _, one := range []facet{kinds, units, periods} {
		if len(one.Choices) > 1 {
			facets = append(facets, one)
		}
	}
	return facets
}

// suggestionCount is how many suggestions are shown while typing.
const suggestionCount = 7

// suggest answers with a fragment: the list of what the text begins, empty
// when there is nothing.
func (h *Handler) suggest(w http.ResponseWriter, r *http.Request) error {
	found, err := h.finder.suggest(r.Context(), web.CallerOf(r), cleanText(r.URL.Query().Get("q")), suggestionCount)
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	hits := make([]hit, len(found))
	for i := range found {
		hits[i] = shownHit(printer, found[i])
	}
	fragment, err := h.renderer.Execute(printer.Lang(), "search/suggestions", hits)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store") // desks are shared, and rights change
	_, err = w.Write(fragment)
	return err
}
