package api_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parvis/directory/api"
	"parvis/directory/webhooks"
)

// document is what a client knows of the API.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

type parameter struct {
	Name, In string
	Required bool
	Schema   schema
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Format     string            `json:"format"`
	Enum       []string          `json:"enum"`
	Minimum    *float64          `json:"minimum"`
	Maximum    *float64          `json:"maximum"`
	MaxLength  int               `json:"maxLength"`
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

// guesser writes requests that a document allows, and some that it does not.
type guesser struct {
	*rand.Rand
	document
	known []string // identifiers that name something
	hook  string   // a webhook
}

func (g *guesser) resolve(s schema) schema {
	if s.Ref != "" {
		return g.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
	}
	return s
}

// odd are texts that break what was not thought of.
var odd = []string{
	"", " ", "a", "Zoé Le Goff", "x\x00y", "\xff\xfe", "'; DROP TABLE agents; --", "%", "_%", "../../x", strings.Repeat("é", 5000), "\u202e", "🧑‍🚒",
	"0", "-1", "null", "1e999", "2026-11-29", "2026-11-29T10:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "a@b.example", "02 61 91 01 42",
}

func (g *guesser) text() string {
	if g.IntN(3) == 0 {
		return g.known[g.IntN(len(g.known))]
	}
	return odd[g.IntN(len(odd))]
}

// value is one of a schema, most often.
func (g *guesser) value(s schema) any {
	s = g.resolve(s)
	if g.IntN(12) == 0 {
		return []any{nil, true, 1.5, "x", []any{}, map[string]any{}}[g.IntN(6)]
	}
	switch {
	case len(s.Enum) > 0 && g.IntN(8) > 0:
		return s.Enum[g.IntN(len(s.Enum))]
	case len(s.Properties) > 0:
		fields := map[string]any{}
		for name, one := range s.Properties {
			if slices.Contains(s.Required, name) && g.IntN(15) > 0 || g.IntN(2) == 0 {
				fields[name] = g.value(one)
				if name == "address" && g.IntN(2) == 0 {
					fields[name] = "https://paie.example/parvis"
				}
			}
		}
		return fields
	case s.Type == "integer":
		return g.IntN(1000) - 200
	}
	return g.text()
}

// request is a path, with its query, and a body for an operation.
func (g *guesser) request(path string, op operation) (string, string) {
	query := url.Values{}
	for _, one := range op.Parameters {
		value := fmt.Sprint(g.value(one.Schema))
		switch one.In {
		case "path":
			if strings.Contains(path, "/webhooks/{id}") && g.IntN(2) == 0 {
				value = g.hook
			}
			value = strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "") // no address of ours has others
			path = strings.ReplaceAll(path, "{"+one.Name+"}", url.PathEscape(value))
		case "query":
			if g.IntN(2) == 0 {
				query.Set(one.Name, value)
			}
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	content, has := op.RequestBody.Content["application/json"]
	if !has {
		return path, ""
	}
	body, err := json.Marshal(g.value(content.Schema))
	if err != nil {
		panic(err)
	}
	if g.IntN(20) == 0 {
		body = body[:len(body)/2]
	}
	return path, string(body)
}

// fits says what an answer lacks of its schema, "" for nothing.
func (g *guesser) fits(s schema, value any) string {
	s = g.resolve(s)
	object, isObject := value.(map[string]any)
	if len(s.Properties) > 0 && !isObject {
		return fmt.Sprintf("%v is no object", value)
	}
	for _, name := range s.Required {
		if _, there := object[name]; !there {
			return name + " is missing"
		}
	}
	for name, field := range object {
		told, known := s.Properties[name]
		if len(s.Properties) > 0 && !known {
			return name + " is not described"
		}
		if fault := g.fits(told, field); fault != "" {
			return name + ": " + fault
		}
	}
	text, isText := value.(string)
	if isText && len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		return text + " is none of its values"
	}
	if list, isList := value.([]any); isList && s.Items != nil {
		for _, one := range list {
			if fault := g.fits(*s.Items, one); fault != "" {
				return fault
			}
		}
	}
	return ""
}

// TestWhatIsServedIsWhatIsDescribed asks at random what the document allows: no answer is a fault of ours,
// and each has a status and a body that the document tells.
func TestWhatIsServedIsWhatIsDescribed(t *testing.T) {
	tw := newTowns(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := &guesser{Rand: rand.New(rand.NewPCG(seed, 1)), known: []string{string(tw.agent), string(tw.unit), string(tw.group), tw.right}}
	if err := json.Unmarshal([]byte(tw.Anonymous().Get(api.Prefix+"/openapi.json").Body), &g.document); err != nil {
		t.Fatal(err)
	}
	asked, reached := 0, map[int]int{}
	for path, operations := range g.Paths {
		for method, op := range operations {
			hooks := strings.Contains(path, "/webhooks")
			done := !hooks || strings.Contains(path, "{message}") || strings.HasSuffix(path, "/restore") // what is random names none of these
			for i := 0; i < 40 || !done && i < 1000; i++ {
				asked++
				if hooks && i%4 == 0 { // what was asked may have removed it
					g.hook = tw.hook(t)
				}
				at, body := g.request(path, op)
				got := tw.bourg.ask(strings.ToUpper(method), strings.TrimPrefix(at, api.Prefix), body, nil)
				reached[got.Status]++
				done = done || got.Status/100 == 2
				if fault := g.fault(op, got.Status, got.Body); fault != "" {
					t.Errorf("%s %s %s: %s: %.300s", method, at, body, fault, got.Body)
				}
			}
			if !done {
				t.Errorf("%s %s never did anything", method, path)
			}
		}
	}
	if asked < 800 || reached[200]+reached[201]+reached[204] < asked/5 || reached[422] < asked/20 || reached[404] > asked/2 {
		t.Errorf("%d asked, answers %v: nothing was tried", asked, reached)
	}
}

// hook is the one webhook of bourg.
func (tw *towns) hook(t testing.TB) string {
	t.Helper()
	if _, err := tw.DB.Exec(t.Context(), `DELETE FROM webhooks WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	hook, _, err := tw.Webhooks.Add(t.Context(), tw.Caller("admin@bourg.example", "bourg"), webhooks.Webhook{Address: "https://127.0.0.1/", Label: "Paie"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return hook.ID
}

// fault says what is wrong with an answer.
func (g *guesser) fault(op operation, status int, body string) string {
	told, described := op.Responses[strconv.Itoa(status)]
	switch {
	case status >= 500:
		return "a fault of ours"
	case !described && status == 404: // an identifier that is no part of a path leads elsewhere
		return ""
	case !described:
		return fmt.Sprintf("status %d is not described", status)
	case len(told.Content) == 0:
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return err.Error()
	}
	for _, content := range told.Content {
		if fault := g.fits(content.Schema, value); fault != "" {
			return fault
		}
	}
	return ""
}
