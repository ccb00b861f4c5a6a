package web

import (
	"net/http"
	"strconv"
	"strings"

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

// PageOf is a page of a list that is all in memory, of at most size things, and which
// page it is of how many, one at the least: the last one when the number is beyond.
func PageOf[T any](all []T, number, size int) (part []T, page, pages int) {
	pages = max(1, (len(all)+size-1)/size)
	page = max(1, min(number, pages))
	first := (page - 1) * size
	return all[first:min(first+size, len(all))], page, pages
}

// Filtered is an address with the filters of the list that is shown, without its page: of
// the file of all of it, or of the list again after a change.
func Filtered(r *http.Request, path string) string {
	narrowed := Query(r)
	for _, place := range []string{"page", "before", "at"} {
		narrowed.Del(place)
	}
	return strings.TrimSuffix(path+"?"+narrowed.Encode(), "?")
}
