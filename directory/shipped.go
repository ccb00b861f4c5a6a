package directory

import (
	"context"
	"errors"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// shipped are the templates that come with Parvis. Boxes are in their order: "agenda!"
// stays on the page, "weather-" can be added, ":s" is a size. Groups are keys of the
// catalogue and what they may do.
var shipped = []struct {
	id     TemplateID
	kinds  string
	most   int
	boxes  string
	groups []shippedGroup
}{
	{"commune", "commune", 3500, "todo agenda mail news weather directory:s almanac oncall contacts- rooms- vehicles- bookings- applications-", []shippedGroup{
		{"councillors", ""}, {"secretary", "news.edit documents.edit calendars.edit"}, {"technicians", ""},
	}},
	{"town", "commune", 0, "todo news agenda mail directory:s weather almanac oncall contacts- rooms- vehicles- bookings- applications-", []shippedGroup{
		{"councillors", ""}, {"direction", ""}, {"managers", ""}, {"communication", "news.edit"}, {"assembly", "documents.edit calendars.edit"},
	}},
	{"epci", "epci", 0, "todo agenda mail news directory:s almanac oncall weather- contacts- rooms- vehicles- bookings- applications-", []shippedGroup{
		{"delegates", ""}, {"direction", ""}, {"managers", ""}, {"communication", "news.edit"}, {"assembly", "documents.edit calendars.edit"},
	}},
	{"syndicate", "syndicat", 0, "todo agenda mail news directory:s weather oncall almanac- contacts- rooms- vehicles- bookings- applications-", []shippedGroup{
		{"committee", ""}, {"operations", ""}, {"secretary", "news.edit documents.edit calendars.edit"},
	}},
	{"ccas", "ccas", 0, "todo agenda! mail directory:m news almanac oncall- weather- contacts- rooms- vehicles- bookings- applications-", []shippedGroup{
		{"board", ""}, {"social", ""}, {"home-help", ""}, {"secretary", "news.edit documents.edit calendars.edit"},
	}},
}

type shippedGroup struct{ key, rights string }

// ShippedTemplates are those that come with Parvis, in a language.
func ShippedTemplates(printer *i18n.Printer) []Template {
	var all []Template
	for _, one := range shipped {
		key := "directory.template." + string(one.id)
		t := Template{ID: one.id, Name: printer.T(key), About: printer.T(key + ".about"), Kinds: strings.Fields(one.kinds), Most: one.most, Shipped: true}
		for _, box := range strings.Fields(one.boxes) {
			t.Places = append(t.Places, placeOf(box))
		}
		for _, group := range one.groups {
			made := TemplateGroup{Name: printer.T("directory.template.group." + group.key)}
			for _, right := range strings.Fields(group.rights) {
				made.Rights = append(made.Rights, portal.Right(right))
			}
			t.Groups = append(t.Groups, made)
		}
		all = append(all, t)
	}
	return all
}

func placeOf(box string) widgets.Place {
	name, size, _ := strings.Cut(box, ":")
	place := widgets.Place{Widget: strings.TrimRight(name, "!-"), Size: widgets.Size(size), State: widgets.Suggested}
	switch {
	case strings.HasSuffix(name, "!"):
		place.State = widgets.Locked
	case strings.HasSuffix(name, "-"):
		place.State = widgets.Available
	}
	return place
}

// AllTemplates are the pool's own, then those that come with Parvis.
func (s *Store) AllTemplates(ctx context.Context, caller portal.Caller, printer *i18n.Printer) ([]Template, error) {
	own, err := s.Templates(ctx, caller, false)
	return append(own, ShippedTemplates(printer)...), err
}

// ChooseTemplate is the template of an identifier, nil for "", or a portal.FieldErrors
// about the field "template".
func (s *Store) ChooseTemplate(ctx context.Context, caller portal.Caller, printer *i18n.Printer, id TemplateID) (*Template, error) {
	if id == "" {
		return nil, nil
	}
	all := ShippedTemplates(printer)
	if i := slices.IndexFunc(all, func(t Template) bool { return t.ID == id }); i >= 0 {
		return &all[i], nil
	}
	t, err := s.Template(ctx, caller, id)
	if errors.Is(err, portal.ErrNotFound) {
		return nil, portal.FieldErrors{portal.Invalid("template", "directory.error.template.gone")}
	}
	return &t, err
}
