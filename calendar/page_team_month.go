package calendar

import (
	"context"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// maxMonthTeam is how many people the sheet of a month has room for.
const maxMonthTeam = 500

// planRow is one person's month: a cell a day, and the same in words.
type planRow struct {
	Someone
	Cells template.HTML
	Words []string
}

// markOrder is the order in which words are written.
var markOrder = []MarkKind{MarkAway, MarkDuty, MarkTelework, MarkElsewhere}

// planWords are the words of a month, looked up once a page and escaped: it has 15,000 cells.
type planWords struct {
	printer     *i18n.Printer
	short, long map[MarkKind]string // for the cells
	half        map[string]string   // "" , " le matin", " l’après-midi"
	hours       map[load]string
	free        string
}

func newPlanWords(p *i18n.Printer) *planWords {
	w := &planWords{printer: p, short: map[MarkKind]string{}, long: map[MarkKind]string{}, half: map[string]string{"": ""}, hours: map[load]string{}}
	for _, kind := range markOrder {
		w.short[kind] = template.HTMLEscapeString(p.T("calendar.mark.short." + string(kind)))
		w.long[kind] = template.HTMLEscapeString(p.T("calendar.mark." + string(kind)))
	}
	for _, half := range []string{"morning", "afternoon"} {
		w.half[half] = ", " + template.HTMLEscapeString(p.T("calendar.mark.half."+half))
	}
	w.free = template.HTMLEscapeString(p.T("calendar.team.free"))
	return w
}

// taken are the hours of a load, each begun hour counted: "3 h"; "jour" for all of them.
func (w *planWords) taken(l load) string {
	words, known := w.hours[l]
	if !known {
		words = w.printer.T("calendar.mark.all-day")
		if l < quartersADay {
			words = w.printer.Duration((l.Duration() + time.Hour - 1).Truncate(time.Hour))
		}
		words = template.HTMLEscapeString(words)
		w.hours[l] = words
	}
	return words
}

// fillMonth reads what each does in a month.
func (h *TeamHandler) fillMonth(ctx context.Context, caller portal.Caller, p *i18n.Printer, page *teamPage, from, to time.Time) error {
	agents := idsOf(page.People)
	loads, err := h.store.loadsOf(ctx, caller, agents, from, to)
	if err != nil {
		return err
	}
	marks, err := h.marksOf(ctx, caller, agents, from, addDays(to, -1))
	if err != nil {
		return err
	}
	words, dates := newPlanWords(p), make([]string, len(page.Days))
	for i, day := range page.Days {
		dates[i] = day.Date.Format(time.DateOnly)
	}
	for _, one := range page.People {
		byDay := map[string][]Mark{}
		for _, mark := range marks[one.ID] {
			byDay[mark.Day] = append(byDay[mark.Day], mark)
		}
		row := planRow{Someone: one, Words: words.summary(byDay, dates)}
		var cells strings.Builder
		for i, day := range page.Days {
			var taken load
			if days := loads[one.ID]; days != nil {
				taken = days[i]
			}
			weekend := day.Date.Weekday() == time.Saturday || day.Date.Weekday() == time.Sunday
			words.cell(&cells, day.Past || weekend || day.Holiday != "", marksOn(byDay[dates[i]], dates[i]), taken)
		}
		row.Cells = template.HTML(cells.String()) // of escaped words alone
		page.Plan = append(page.Plan, row)
	}
	return nil
}

func idsOf(people []Someone) []portal.AgentID {
	agents := make([]portal.AgentID, len(people))
	for i, one := range people {
		agents[i] = one.ID
	}
	return agents
}

// cell writes a day of one person; off is one that is over, or on which nobody works.
func (w *planWords) cell(out *strings.Builder, off bool, marks []Mark, taken load) {
	if off {
		out.WriteString(`<td class="out">`)
	} else {
		out.WriteString(`<td>`)
	}
	for _, mark := range marks {
		out.WriteString(`<span class="pill"><span aria-hidden="true">`)
		out.WriteString(w.short[mark.Kind])
		if mark.Half != "" {
			out.WriteString("½")
		}
		out.WriteString(`</span><span class="vh">`)
		out.WriteString(w.long[mark.Kind])
		if mark.Name != "" {
			out.WriteString(" " + template.HTMLEscapeString(mark.Name))
		}
		out.WriteString(w.half[mark.Half])
		out.WriteString(`</span></span>`)
	}
	switch {
	case taken > 0:
		out.WriteString(`<small>` + w.taken(taken) + `</small>`)
	case len(marks) == 0:
		out.WriteString(`<span class="vh">` + w.free + `</span>`)
	}
	out.WriteString(`</td>`)
}

// summary says a month in words, a kind a line: "En télétravail : 1, 8 – 10".
func (w *planWords) summary(byDay map[string][]Mark, dates []string) (lines []string) {
	for _, kind := range markOrder {
		var days []int
		for i, date := range dates {
			if slices.ContainsFunc(marksOn(byDay[date], date), func(one Mark) bool { return one.Kind == kind }) {
				days = append(days, i+1)
			}
		}
		if len(days) > 0 {
			lines = append(lines, w.printer.T("calendar.mark.days", "what", w.printer.T("calendar.mark."+string(kind)), "days", runs(days)))
		}
	}
	return lines
}

// runs writes days of a month, sorted, those that follow one another as one: "1, 8 – 10".
func runs(days []int) string {
	var text strings.Builder
	for i := 0; i < len(days); {
		last := i
		for last+1 < len(days) && days[last+1] == days[last]+1 {
			last++
		}
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteString(strconv.Itoa(days[i]))
		if last > i {
			text.WriteString("\u00a0–\u00a0" + strconv.Itoa(days[last]))
		}
		i = last + 1
	}
	return text.String()
}
