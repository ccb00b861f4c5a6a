package widgets

import (
	"fmt"
	"net/http"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// preferencesPage is the form of one box's own settings.
type preferencesPage struct {
	web.Page
	Form   web.Form
	ID     string
	Fields []fieldView
}

// fieldView is a field with its value.
type fieldView struct {
	Name, Label, Help, Value string
	Kind                     Kind
	Choices                  []choiceView
	Error                    themes.FieldError
	Described                string // ids of what explains it
}

type choiceView struct {
	Value, Label string
	Selected     bool
}

// showPreferences shows what the agent may decide of one box.
func (h *Handler) showPreferences(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	k, err := h.preferring(r)
	if err != nil {
		return err
	}
	values, err := h.settings.values(r.Context(), k, caller)
	if err != nil {
		return err
	}
	return h.renderPreferences(w, r, http.StatusOK, k, values, web.Form{})
}

// preferring is the widget of the route, when it has settings of an agent.
func (h *Handler) preferring(r *http.Request) (*kind, error) {
	k, err := h.find(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return nil, err
	}
	if len(k.manifest.AgentSettings) == 0 {
		return nil, fmt.Errorf("widgets: settings of %s: %w", k.manifest.ID, portal.ErrNotFound)
	}
	return k, nil
}

// savePreferences stores them, or shows the form again with what is wrong.
func (h *Handler) savePreferences(w http.ResponseWriter, r *http.Request) error {
	k, err := h.preferring(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if err := h.Prefer(r.Context(), web.CallerOf(r), k.manifest.ID, r.PostForm); err != nil {
		refused, ok := web.FormErrors(r, err)
		if !ok {
			return err
		}
		typed := Values{}
		for _, field := range k.manifest.AgentSettings {
			typed[field.Name] = r.PostForm.Get(field.Name)
		}
		return h.renderPreferences(w, r, http.StatusUnprocessableEntity, k, typed, refused)
	}
	web.SetFlash(w, r, "widgets.said-settings", "box", web.Printer(r).T(k.manifest.Title))
	return web.Redirect(w, r, "/home/edit#box-"+k.manifest.ID)
}

func (h *Handler) renderPreferences(w http.ResponseWriter, r *http.Request, status int, k *kind, values Values, refused web.Form) error {
	printer := web.Printer(r)
	page := &preferencesPage{ID: k.manifest.ID, Form: refused}
	page.Title = printer.T("widgets.settings-of", "box", printer.T(k.manifest.Title))
	page.Section = "home"
	for _, field := range k.manifest.AgentSettings {
		page.Fields = append(page.Fields, field.view(printer, values.Text(field.Name), refused.Error(field.Name)))
	}
	return h.renderer.Render(w, r, status, "widgets/preferences", page)
}

// view prepares a field for its form.
func (f Field) view(printer *i18n.Printer, value, refusal string) fieldView {
	view := fieldView{
		Name: f.Name, Kind: f.Kind, Value: value, Label: printer.T(f.Label),
		Error: themes.FieldError{Field: f.Name, Text: refusal},
	}
	var described []string
	if f.Help != "" {
		view.Help = printer.T(f.Help)
		described = append(described, f.Name+"-hint")
	}
	if refusal != "" {
		described = append(described, f.Name+"-error")
	}
	view.Described = strings.Join(described, " ")
	for _, choice := range f.Choices {
		view.Choices = append(view.Choices, choiceView{choice.Value, printer.T(choice.Label), choice.Value == value})
	}
	return view
}
