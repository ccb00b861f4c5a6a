package oncall

import (
	"context"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// spanIn tells a time on call in the zone of now: "du vendredi 4 décembre, 17 h, au vendredi 11 décembre,
// 17 h".
func spanIn(p *i18n.Printer, from, to, now time.Time) string {
	from, to = from.In(now.Location()), to.In(now.Location())
	if midnight(from).Equal(midnight(to)) {
		return p.T("oncall.span.day", "day", p.DateLong(from, now), "from", p.Clock(from), "to", p.Clock(to))
	}
	return p.T("oncall.span", "from", p.DateLong(from, now), "at", p.Clock(from), "to", p.DateLong(to, now), "until", p.Clock(to))
}

// untilIn tells when a duty ends: "jusqu’à vendredi, 17 h".
func untilIn(p *i18n.Printer, to, now time.Time) string {
	to = to.In(now.Location())
	if midnight(to).Equal(midnight(now)) {
		return p.T("oncall.until.today", "at", p.Clock(to))
	}
	return p.T("oncall.until", "day", p.DateLong(to, now), "at", p.Clock(to))
}

// Widget is the box of who is on call, and the line under the greeting.
type Widget struct{ store *Store }

// NewWidget returns the box over the store.
func NewWidget(store *Store) Widget { return Widget{store} }

var _ widgets.Greeter = Widget{}

// Manifest says that a whole collectivity shares the box: numbers that not everyone may read are not in it.
// It is loaded again each minute, since hands are changed at any.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "oncall", Title: "oncall.title", Help: "oncall.widget.help", Icon: "phone",
		Sizes: []widgets.Size{widgets.Small, widgets.Medium}, Link: "/oncall", LinkText: "oncall.widget.all",
		SettingsVersion: 1, Scope: widgets.ScopeCollectivity,
		Fresh: time.Minute, Stale: time.Minute, Deadline: time.Second,
	}
}

// Configured says whether anybody takes turns: elsewhere there is no box.
func (w Widget) Configured(ctx context.Context, collectivity portal.CollectivityID) (any bool, err error) {
	return w.store.any(ctx, collectivity)
}

// Load is who is called first, and then, team by team.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	p := request.Printer
	all, err := w.store.Now(ctx, request.Caller, request.Now)
	if err != nil {
		return widgets.Content{}, err
	}
	content := widgets.Content{Empty: widgets.Empty{Title: p.T("oncall.widget.nobody"), Text: p.T("oncall.widget.nobody.next")}}
	for _, one := range all {
		detail := p.T("oncall.widget.who", "name", one.Name, "until", untilIn(p, one.Ends, request.Now))
		item := widgets.Item{Title: one.TeamName, Detail: detail, Link: teamPath(one.Team), Phone: one.Phone}
		if one.Level > 1 {
			item.Title = p.T("oncall.widget.level", "team", one.TeamName, "level", levelText(p, one.Level))
		} else {
			item.When = p.T("oncall.widget.fact", "name", one.Name) // not shown beside a number: it is the fact
		}
		content.Items = append(content.Items, item)
	}
	return content, nil
}

// facts is how many stand under the greeting.
const facts = 2

// levelText names a level: "1er appel", "2e appel".
func levelText(p *i18n.Printer, level int) string {
	if level == 1 {
		return p.T("oncall.level.first")
	}
	return p.T("oncall.level.next", "n", level)
}

// Facts are the first who are called: an escalation is in the box.
func (Widget) Facts(content widgets.Content) (all []widgets.Fact) {
	for _, item := range content.Items {
		if item.Phone != "" && item.When != "" && len(all) < facts {
			all = append(all, widgets.Fact{Icon: "phone", Text: item.When, Phone: item.Phone})
		}
	}
	return all
}
