package widgets

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parvis/portal"
)

// Kind is the type of a field.
type Kind string

// The kinds of fields.
const (
	Text   Kind = "text"
	Number Kind = "number" // whole
	Flag   Kind = "flag"   // "true" or ""
	OneOf  Kind = "one-of" // one of Choices
	URL    Kind = "url"    // https
)

// Field is one typed value of a widget's settings or of an action.
type Field struct {
	Name     string // "folder"
	Kind     Kind
	Label    string // key; "" for an action's field, which is never typed by hand
	Help     string // key; "" for none
	Default  string
	Required bool
	Max      int      // of a text, in characters; of a number, its value; 0 is 200 and 1,000,000
	Choices  []Choice // of OneOf
}

// Choice is a value that a field may take.
type Choice struct {
	Value string
	Label string // key
}

// ActionType declares an action: what its buttons may send.
type ActionType struct {
	Name   string // "approve"
	Fields []Field
}

// Values are the values of fields, by name, as written in a form.
type Values map[string]string

// Text is a value as it is written; "" when there is none.
func (v Values) Text(name string) string { return v[name] }

// Number is a whole number; 0 when there is none.
func (v Values) Number(name string) int {
	number, _ := strconv.Atoi(v[name]) // checked by Read
	return number
}

// Flag says whether a flag is raised.
func (v Values) Flag(name string) bool { return v[name] == "true" }

// Read takes the declared fields out of a form, and nothing else. It returns
// portal.FieldErrors when one does not hold its type.
func Read(fields []Field, form url.Values) (Values, error) {
	values := Values{}
	var refused portal.FieldErrors
	for _, field := range fields {
		value := strings.TrimSpace(form.Get(field.Name))
		if key := field.refuse(value); key != "" {
			refused = append(refused, portal.Invalid(field.Name, key, "max", field.max()))
			continue
		}
		values[field.Name] = value
	}
	return values, refused.OrNil()
}

// Defaults are the values of fields that nobody decided.
func Defaults(fields []Field) Values {
	values := Values{}
	for _, field := range fields {
		values[field.Name] = field.Default
	}
	return values
}

// with returns the values with those of others that are declared and hold
// their type: what a database keeps may be older than the declaration.
func (v Values) with(fields []Field, others Values) Values {
	for _, field := range fields {
		if value, ok := others[field.Name]; ok && field.refuse(value) == "" {
			v[field.Name] = value
		}
	}
	return v
}

// refuse returns the key of the sentence that says why a value is not of the
// field's type, "" when it is.
func (f Field) refuse(value string) string {
	if value == "" {
		if f.Required {
			return "widgets.field.required"
		}
		return ""
	}
	switch f.Kind {
	case Number:
		if number, err := strconv.Atoi(value); err != nil || number < 0 || number > f.max() {
			return "widgets.field.number"
		}
	case Flag:
		if value != "true" {
			return "widgets.field.choice"
		}
	case OneOf:
		if !slices.ContainsFunc(f.Choices, func(c Choice) bool { return c.Value == value }) {
			return "widgets.field.choice"
		}
	case URL:
		if !strings.HasPrefix(value, "https://") || !safeLink(value) {
			return "widgets.field.url"
		}
	}
	if f.Kind != Number && utf8.RuneCountInString(value) > f.max() {
		return "widgets.field.long"
	}
	return ""
}

func (f Field) max() int {
	switch {
	case f.Max > 0:
		return f.Max
	case f.Kind == Number:
		return 1_000_000
	}
	return 200
}

// safeLink says whether an address is a path of ours or https, without the
// spellings that browsers read as another host ("//host", "/\host").
func safeLink(link string) bool {
	address, err := url.Parse(link)
	if err != nil || strings.ContainsAny(link, "\\\t\r\n") {
		return false
	}
	if address.Scheme == "https" {
		return address.Host != ""
	}
	return address.Scheme == "" && address.Host == "" && strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//")
}
