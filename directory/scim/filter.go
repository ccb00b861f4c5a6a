package scim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"parvis/portal/database"
)

const (
	// maxFilter bounds a filter in bytes, and maxTerms what it compares.
	maxFilter = 2000
	maxTerms  = 40
)

// kind is how an attribute is compared.
type kind int

const (
	text     kind = iota // letters are alike in upper and lower case
	exact                // they are not
	truth                // true or false
	instants             // ms since the epoch
)

// column is an attribute as SQL.
type column struct {
	sql  string
	kind kind
	// near is what an index finds for a comparison by eq, of a text in lower case.
	near string
	// test takes the place of a comparison by eq and ne: "EXISTS (… = %s)".
	test string
}

// attributes are what filters may speak of. An attribute with several values has a row
// for each: their columns by the names of the sub-attributes.
type attributes struct {
	columns map[string]column
	several map[string][]map[string]column
}

// statement writes a condition and gathers its parameters.
type statement struct {
	attributes
	args  []any
	terms int
}

// where is the condition of a filter; "" is true. Parameters follow those in args.
func (s *statement) where(text string) (string, error) {
	if text == "" {
		return "TRUE", nil
	}
	if len(text) > maxFilter {
		return "", errFilter
	}
	parsed, err := filter.ParseFilter([]byte(text))
	if err != nil {
		return "", errFilter
	}
	return s.condition(parsed, s.columns)
}

// param adds a parameter, and returns its mark.
func (s *statement) param(value any) string {
	s.args = append(s.args, value)
	return "$" + strconv.Itoa(len(s.args))
}

func (s *statement) condition(node filter.Expression, columns map[string]column) (string, error) {
	if s.terms++; s.terms > maxTerms {
		return "", errFilter
	}
	switch node := node.(type) {
	case *filter.LogicalExpression:
		left, err := s.condition(node.Left, columns)
		if err != nil {
			return "", err
		}
		right, err := s.condition(node.Right, columns)
		return "(" + left + " " + strings.ToUpper(string(node.Operator)) + " " + right + ")", err
	case *filter.NotExpression:
		inner, err := s.condition(node.Expression, columns)
		return "(NOT " + inner + ")", err
	case *filter.ValuePath:
		return s.anyOf(canonical(node.AttributePath.String()), func(row map[string]column) (string, error) { return s.condition(node.ValueFilter, row) })
	case *filter.AttributeExpression:
		path := canonical(node.AttributePath.String())
		if found, known := columns[path]; known {
			return s.compare(found, node)
		}
		above, below, nested := strings.Cut(path, ".")
		if _, known := s.several[above]; !known {
			return "", errFilter
		}
		if !nested {
			below = "value"
		}
		return s.anyOf(above, func(row map[string]column) (string, error) {
			found, known := row[below]
			if !known {
				return "", errFilter
			}
			return s.compare(found, node)
		})
	}
	return "", errFilter
}

// anyOf is met when one of several values meets a condition. Those that are not there
// meet none.
func (s *statement) anyOf(attribute string, condition func(row map[string]column) (string, error)) (string, error) {
	all, known := s.several[attribute]
	if !known {
		return "", errFilter
	}
	var any []string
	for _, row := range all {
		one, err := condition(row)
		if err != nil {
			return "", err
		}
		if there := row["value"]; there.sql != "" {
			one = "(" + there.sql + " <> '' AND " + one + ")"
		}
		any = append(any, one)
	}
	return "(" + strings.Join(any, " OR ") + ")", nil
}

// compare writes one comparison (RFC 7644 §3.4.2.2).
func (s *statement) compare(c column, node *filter.AttributeExpression) (string, error) {
	if c.test != "" {
		return s.tested(c, node)
	}
	operator := node.Operator
	if operator == filter.PR {
		switch c.kind {
		case truth:
			return "TRUE", nil
		case instants:
			return "(" + c.sql + " > 0)", nil
		}
		return "(" + c.sql + " <> '')", nil
	}
	signs := map[filter.CompareOperator]string{filter.EQ: "=", filter.NE: "<>", filter.GT: ">", filter.GE: ">=", filter.LT: "<", filter.LE: "<="}
	sign, ordered := signs[operator]
	switch c.kind {
	case truth:
		wanted, ok := boolean(node.CompareValue)
		if !ok || operator != filter.EQ && operator != filter.NE {
			return "", errFilter
		}
		if wanted == (operator == filter.EQ) {
			return c.sql, nil
		}
		return "(NOT " + c.sql + ")", nil
	case instants:
		words, _ := node.CompareValue.(string)
		at, err := time.Parse(time.RFC3339, words)
		if err != nil || !ordered {
			return "", errFilter
		}
		return "(" + c.sql + " " + sign + " " + s.param(database.Millis(at)) + ")", nil
	}
	if node.CompareValue == nil && (operator == filter.EQ || operator == filter.NE) { // "eq null" is "not (… pr)"
		return "(" + c.sql + " " + sign + " '')", nil
	}
	words, ok := textOf(node.CompareValue)
	if !ok {
		return "", errFilter
	}
	ours, theirs := c.sql, func(value string) string { return "CAST(" + s.param(value) + " AS TEXT)" }
	if c.kind == text {
		ours = "lower(" + c.sql + ")"
		theirs = func(value string) string { return "lower(CAST(" + s.param(value) + " AS TEXT))" }
	}
	if operator == filter.EQ && c.near != "" {
		indexed := words
		if c.kind == text {
			indexed = strings.ToLower(words)
		}
		return "(" + fmt.Sprintf(c.near, "CAST("+s.param(indexed)+" AS TEXT)") + " AND " + ours + " = " + theirs(words) + ")", nil
	}
	if ordered {
		return "(" + ours + " " + sign + " " + theirs(words) + ")", nil
	}
	like := theirs(escapeLike(words))
	switch operator {
	case filter.CO:
		return "(" + ours + " LIKE '%' || " + like + ` || '%' ESCAPE '\')`, nil
	case filter.SW:
		return "(" + ours + " LIKE '' || " + like + ` || '%' ESCAPE '\')`, nil
	case filter.EW:
		return "(" + ours + " LIKE '%' || " + like + ` ESCAPE '\')`, nil
	}
	return "", errFilter
}

// tested is a comparison with what lies in another table: eq, ne and pr alone.
func (s *statement) tested(c column, node *filter.AttributeExpression) (string, error) {
	words, ok := textOf(node.CompareValue)
	switch {
	case node.Operator == filter.PR:
		return fmt.Sprintf(c.test, "<> ''"), nil
	case node.Operator == filter.EQ && ok:
		return fmt.Sprintf(c.test, "= CAST("+s.param(words)+" AS TEXT)"), nil
	case node.Operator == filter.NE && ok:
		return fmt.Sprintf("(NOT "+c.test+")", "= CAST("+s.param(words)+" AS TEXT)"), nil
	}
	return "", errFilter
}

// escapeLike makes a text stand for itself in a LIKE.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}

// textOf is a compared text. The parser leaves the escapes of JSON in it.
func textOf(value any) (string, bool) {
	written, ok := value.(string)
	if !ok {
		return "", false
	}
	var words string
	if err := json.Unmarshal([]byte(`"`+written+`"`), &words); err != nil {
		return written, !strings.Contains(written, "\x00")
	}
	return words, !strings.Contains(words, "\x00")
}

// boolean is true or false, as a text too: Entra ID writes "True".
func boolean(value any) (is, ok bool) {
	switch value := value.(type) {
	case bool:
		return value, true
	case string:
		is, err := strconv.ParseBool(strings.ToLower(value))
		return is, err == nil
	}
	return false, false
}
