package web

import (
	"net/http"
	"strconv"

	"parvis/themes"
)

// maxPageNumber bounds what an address may ask for: the cost of skipping rows
// grows with them.
const maxPageNumber = 10_000

// PageNumber is the page of a long list that the address asks for, from 1.
func PageNumber(r *http.Request) int {
	number, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || number < 1 || number > maxPageNumber {
		return 1
	}
	return number
}

// PageLinks are the links to the other pages of a list, keeping the rest of
// the address: at most five around the current one. A list of one page has none.
func PageLinks(r *http.Request, label string, current, last int) themes.Pages {
	pages := themes.Pages{Label: label}
	if last <= 1 {
		return pages
	}
	query := r.URL.Query()
	href := func(number int) string {
		query.Set("page", strconv.Itoa(number))
		return r.URL.Path + "?" + query.Encode()
	}
	for number := max(1, min(current-2, last-4)); number <= min(last, max(current+2, 5)); number++ {
		pages.Pages = append(pages.Pages, themes.Page{Number: number, Href: href(number), Current: number == current})
	}
	if current > 1 {
		pages.Previous = href(current - 1)
	}
	if current < last {
		pages.Next = href(current + 1)
	}
	return pages
}
