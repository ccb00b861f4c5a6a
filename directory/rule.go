package directory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/i18n"
)

// RuleField is what of a card a condition looks at.
type RuleField string

// The fields that a rule may look at. Names, addresses and telephones say who a
// person is and not what she does.
const (
	RuleUnit     RuleField = "unit"
	RuleKind     RuleField = "kind"
	RuleFunction RuleField = "function"
	RuleOffice   RuleField = "office"
)

// RuleFields lists them in the order in which an administrator chooses.
var RuleFields = []RuleField{RuleUnit, RuleKind, RuleFunction, RuleOffice}

// RuleTest compares a field with the value of a condition.
type RuleTest string

// The tests.
const (
	TestWithin   RuleTest = "within"   // in the unit, or in one below it
	TestIs       RuleTest = "is"       // in the unit itself; of the kind
	TestOutside  RuleTest = "outside"  // neither in the unit nor below it
	TestIsNot    RuleTest = "is-not"   // of another kind
	TestContains RuleTest = "contains" // each word of the value begins a word of the field
	TestLacks    RuleTest = "lacks"    // the contrary
)

// Tests are those that suit a field, the usual one first.
func (f RuleField) Tests() []RuleTest {
	switch f {
	case RuleUnit:
		return []RuleTest{TestWithin, TestIs, TestOutside}
	case RuleKind:
		return []RuleTest{TestIs, TestIsNot}
	case RuleFunction, RuleOffice:
		return []RuleTest{TestContains, TestLacks}
	}
	return nil
}

// Condition is one line of a rule: "function contains direct".
type Condition struct {
	Field RuleField `json:"field"`
	Test  RuleTest  `json:"test"`
	Value string    `json:"value"` // a unit's id, a kind, or words as typed
}

// Rule says who is in a group by what their cards say.
type Rule struct {
	Any        bool        `json:"any,omitempty"` // one of the conditions is enough; else all must hold
	Conditions []Condition `json:"conditions"`
}

const (
	maxConditions = 12
	maxRuleText   = 80 // bytes of the value of a condition
	maxKeyWord    = 20 // letters of a word that a key holds
	emptyCard     = "*"
)

// check refuses a rule that says nothing. Fields of forms are "value-0" and so on.
func (r Rule) check(unitThere func(portal.UnitID) bool) error {
	var wrong portal.Check
	if len(r.Conditions) == 0 {
		wrong.Add("rule", "directory.error.rule.none")
	}
	if len(r.Conditions) > maxConditions {
		wrong.Add("rule", "directory.error.rule.many", "max", maxConditions)
		return wrong.OrNil()
	}
	for i, c := range r.Conditions {
		at := fmt.Sprintf("value-%d", i)
		switch {
		case !slices.Contains(c.Field.Tests(), c.Test):
			wrong.Add(at, "directory.error.rule.test")
		case c.Field == RuleUnit:
			if !unitThere(portal.UnitID(c.Value)) {
				wrong.Add(at, "directory.error.rule.unit")
			}
		case c.Field == RuleKind:
			if !slices.Contains(AgentKinds, AgentKind(c.Value)) {
				wrong.Add(at, "directory.error.agent-kind")
			}
		case i18n.Fold(c.Value) == "":
			wrong.Add(at, "directory.error.rule.words")
		default:
			wrong.Text(at, c.Value, true, maxRuleText)
		}
	}
	return wrong.OrNil()
}

// text is the rule as it is stored.
func (r Rule) text() string {
	text, _ := json.Marshal(r) // strings always marshal
	return string(text)
}

// parseRule reads what text wrote, the zero Rule from "".
func parseRule(text string) (rule Rule, err error) {
	if text == "" {
		return Rule{}, nil
	}
	if err := json.Unmarshal([]byte(text), &rule); err != nil {
		return Rule{}, fmt.Errorf("directory: a rule is not what was written: %w", err)
	}
	return rule, nil
}

// ruledCard is what of an agent a rule looks at.
type ruledCard struct {
	id       portal.AgentID
	active   bool
	kind     AgentKind
	unit     portal.UnitID
	above    []portal.UnitID // the unit and those above it
	function string          // folded, after a space
	office   string          // the same
}

func cardOf(a Agent, above []portal.UnitID) ruledCard {
	return ruledCard{
		id: a.ID, active: a.Active, kind: cmp.Or(a.Kind, Employed), unit: a.Unit, above: above,
		function: " " + i18n.Fold(a.Function), office: " " + i18n.Fold(a.Office),
	}
}

// judge is a rule made ready for many cards.
type judge struct {
	any   bool
	tests []func(card *ruledCard) bool
}

func (r Rule) judge() judge {
	j := judge{any: r.Any}
	for _, c := range r.Conditions {
		j.tests = append(j.tests, c.holds())
	}
	return j
}

// catches says whether the rule puts who has the card into the group. A rule
// without condition catches nobody.
func (j judge) catches(card *ruledCard) bool {
	for _, holds := range j.tests {
		if holds(card) == j.any {
			return j.any
		}
	}
	return !j.any && len(j.tests) > 0
}

func (c Condition) holds() func(card *ruledCard) bool {
	switch c.Field {
	case RuleUnit:
		unit := portal.UnitID(c.Value)
		if c.Test == TestIs {
			return func(card *ruledCard) bool { return card.unit == unit }
		}
		return func(card *ruledCard) bool { return slices.Contains(card.above, unit) == (c.Test == TestWithin) }
	case RuleKind:
		return func(card *ruledCard) bool { return (card.kind == AgentKind(c.Value)) == (c.Test == TestIs) }
	case RuleFunction:
		words := beginnings(c.Value)
		return func(card *ruledCard) bool { return allBegin(card.function, words) == (c.Test == TestContains) }
	case RuleOffice:
		words := beginnings(c.Value)
		return func(card *ruledCard) bool { return allBegin(card.office, words) == (c.Test == TestContains) }
	}
	return func(*ruledCard) bool { return false }
}

// allBegin says whether each of the beginnings, all with a space before them, is
// in a text of words, each after a space.
func allBegin(text string, beginnings []string) bool {
	for _, word := range beginnings {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// beginnings are the words of a value, each after a space.
func beginnings(value string) []string {
	words := strings.Fields(i18n.Fold(value))
	for i, word := range words {
		words[i] = " " + word
	}
	return words
}

// keys name what of a card the rule looks at: its answer about a card can't change
// while none of them comes to the card or leaves it. emptyCard is among them when
// the rule catches a card that says nothing.
func (r Rule) keys() []string {
	var keys []string
	for _, c := range r.Conditions {
		switch {
		case c.Field == RuleUnit && c.Test == TestIs:
			keys = append(keys, "own/"+c.Value)
		case c.Field == RuleUnit, c.Field == RuleKind:
			keys = append(keys, string(c.Field)+"/"+c.Value)
		default:
			for _, word := range strings.Fields(i18n.Fold(c.Value)) {
				keys = append(keys, string(c.Field)+"/"+firstLetters(word, maxKeyWord))
			}
		}
	}
	if r.judge().catches(&ruledCard{function: " ", office: " "}) {
		keys = append(keys, emptyCard)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// keys are all that a rule could look at in a card.
func (c ruledCard) keys() map[string]bool {
	keys := map[string]bool{"kind/" + string(c.kind): true}
	if c.unit != "" {
		keys["own/"+string(c.unit)] = true
	}
	for _, unit := range c.above {
		keys["unit/"+string(unit)] = true
	}
	for _, word := range strings.Fields(c.function) {
		addBeginnings(keys, "function/", word)
	}
	for _, word := range strings.Fields(c.office) {
		addBeginnings(keys, "office/", word)
	}
	return keys
}

// addBeginnings adds a key for each beginning of a word.
func addBeginnings(keys map[string]bool, field, word string) {
	word = firstLetters(word, maxKeyWord)
	for at, r := range word {
		keys[field+word[:at+utf8.RuneLen(r)]] = true
	}
}

// firstLetters cuts a word.
func firstLetters(word string, most int) string {
	for at := range word {
		if most--; most < 0 {
			return word[:at]
		}
	}
	return word
}

// unshared are the keys that one of two cards has and the other has not, sorted.
func unshared(a, b map[string]bool) []string {
	var keys []string
	for key := range a {
		if !b[key] {
			keys = append(keys, key)
		}
	}
	for key := range b {
		if !a[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
