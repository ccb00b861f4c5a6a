package directory

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

const (
	rightsPath = "/admin/rights"
	rightsSize = 50 // rights given on a page
)

// rightsList narrows the rights given to those of a page. Its names in an address are
// not those of the form beside it, which searches for an agent.
type rightsList struct {
	Who         string       // words of whom they are given to
	Only        portal.Right // "" for all
	Total       int          // of all pages
	Page, Pages int
	Links       themes.Pages
}

func rightsListOf(r *http.Request) rightsList {
	query := web.Query(r)
	return rightsList{Who: query.Get("who"), Only: portal.Right(query.Get("only")), Page: web.PageNumber(r)}
}

// Narrow says whether a filter is set.
func (l rightsList) Narrow() bool { return l.Who != "" || l.Only != "" }

// Address is that of the list as it is, to come back to after a change.
func (l rightsList) Address() string {
	query := url.Values{}
	for name, value := range map[string]string{"who": l.Who, "only": string(l.Only)} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if l.Page > 1 {
		query.Set("page", strconv.Itoa(l.Page))
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// Download is the address of the file of the whole list.
func (l rightsList) Download() string {
	l.Page = 1
	return rightsPath + ".csv" + l.Address()
}

// chosen are the rights that the filters keep; everyone is what the page calls all
// agents.
func (l rightsList) chosen(given []Given, everyone string) []Given {
	words := wordsSought(l.Who)
	return slices.DeleteFunc(slices.Clone(given), func(one Given) bool {
		name := one.Name // "" for who is gone, too
		if one.Subject.Kind == portal.Everyone {
			name = everyone
		}
		return l.Only != "" && one.Right != l.Only || !allBegin(" "+i18n.Fold(name), words)
	})
}

// lay puts a page of the rights given under each right. One that nobody has stands on
// the first page, where no filter is set.
func (l *rightsList) lay(given []Given) map[portal.Right][]Given {
	l.Total = len(given)
	laid := map[portal.Right][]Given{}
	var here []Given
	here, l.Page, l.Pages = web.PageOf(given, l.Page, rightsSize)
	for _, one := range here {
		laid[one.Right] = append(laid[one.Right], one)
	}
	if l.Page > 1 || l.Narrow() {
		return laid
	}
	for _, right := range portal.CollectivityRights {
		if !slices.ContainsFunc(given, func(one Given) bool { return one.Right == right }) {
			laid[right] = nil
		}
	}
	return laid
}

// exportRights writes the rights that the filters choose, whatever their page.
func (h *Handler) exportRights(w http.ResponseWriter, r *http.Request) error {
	printer, now := web.Printer(r), web.Now(r)
	given, err := h.store.RightsGiven(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	sheet, err := h.sheet(w, r, printer.T("directory.rights.file"), audit.RightsExported)
	if err != nil {
		return err
	}
	sheet.Row(printer.T("directory.rights.which"), printer.T("directory.rights.to"), printer.T("directory.rights.where"), printer.T("directory.rights.first"),
		printer.T("directory.rights.lastday"), printer.T("directory.rights.given-by"), printer.T("directory.rights.lender"))
	for _, one := range rightsListOf(r).chosen(given, printer.T("directory.rights.everyone")) {
		where := printer.T("directory.rights.whole")
		if one.In != "" {
			where = cmp.Or(one.InName, printer.T("directory.rights.in.gone"))
		}
		sheet.Row(printer.T("directory.right."+string(one.Right)), subjectText(printer, one.Subject, one.Name), where,
			firstDay(one).In(now.Location()).Format(time.DateOnly), dayCell(one.Ends, now), one.By, one.Lender)
	}
	sheet.Flush()
	return nil
}

func firstDay(given Given) time.Time {
	if given.Starts.After(given.Created) {
		return given.Starts
	}
	return given.Created
}
