package dav

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Node is an element of a request body.
type Node struct {
	Name     xml.Name
	Attr     []xml.Attr
	Text     string // all text directly inside
	Children []*Node
}

// Child is the first child of a name, nil when there is none.
func (n *Node) Child(name xml.Name) *Node {
	i := slices.IndexFunc(n.Children, func(c *Node) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return n.Children[i]
}

// Attribute is the value of an attribute without namespace, "" when there is none.
func (n *Node) Attribute(local string) string {
	for _, a := range n.Attr {
		if a.Name.Local == local && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// readNode reads a body as one XML element; ok is false for an empty one. Errors are *Error with
// 400 or 413.
func readNode(body io.Reader) (root *Node, ok bool, err error) {
	p := parser{tokens: xml.NewDecoder(body)}
	for {
		token, err := p.tokens.RawToken()
		if errors.Is(err, io.EOF) && root != nil && len(p.open) == 0 {
			return root, true, nil
		}
		if errors.Is(err, io.EOF) && root == nil && p.nodes == 0 {
			return nil, false, nil
		}
		if err == nil {
			err = p.take(token, &root)
		}
		if err != nil {
			return nil, false, badBody(err)
		}
	}
}

func badBody(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{Status: http.StatusRequestEntityTooLarge, Text: "the body is too large"}
	}
	return &Error{Status: http.StatusBadRequest, Text: "the body is no well-formed XML: " + err.Error()}
}

// parser builds nodes from raw tokens. It resolves namespaces itself: encoding/xml does it in a
// map per document, which a flood of declarations makes slow and large.
type parser struct {
	tokens *xml.Decoder
	open   []*Node
	raw    []xml.Name   // as written, of open
	scopes [][]xml.Attr // xmlns attributes of open
	spaces int          // how many these are
	texts  [][]byte     // of open; joined once, at the end
	nodes  int
}

var errLimits = errors.New("too deep or too long")

func (p *parser) take(token xml.Token, root **Node) error {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t, root)
	case xml.EndElement:
		n := len(p.open) - 1
		if n < 0 || p.raw[n] != t.Name {
			return errors.New("unexpected end of an element")
		}
		p.open[n].Text = string(p.texts[n])
		p.spaces -= len(p.scopes[n])
		p.open, p.raw, p.scopes, p.texts = p.open[:n], p.raw[:n], p.scopes[:n], p.texts[:n]
	case xml.CharData:
		p.nodes++
		if n := len(p.open); n > 0 {
			p.texts[n-1] = append(p.texts[n-1], t...)
		} else if strings.TrimSpace(strings.TrimPrefix(string(t), "\ufeff")) != "" {
			return errors.New("text outside of the element")
		}
	case xml.Directive:
		return errors.New("a document type is not accepted")
	}
	if p.nodes > maxNodes {
		return errLimits
	}
	return nil
}

func (p *parser) start(t xml.StartElement, root **Node) error {
	p.nodes += 1 + len(t.Attr)
	if p.nodes > maxNodes || len(p.open) == maxDepth {
		return errLimits
	}
	if len(p.open) == 0 && *root != nil {
		return errors.New("two elements")
	}
	// encoding/xml lets ":a" and "p:1" through, which are no names once they have another prefix.
	if first, _ := utf8.DecodeRuneInString(t.Name.Local); first != '_' && !unicode.IsLetter(first) || strings.Contains(t.Name.Local, ":") {
		return errors.New("a name that is none")
	}
	var scope, attributes []xml.Attr
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			scope = append(scope, a)
		} else {
			attributes = append(attributes, xml.Attr{Name: a.Name, Value: strings.Clone(a.Value)})
		}
	}
	if p.spaces += len(scope); p.spaces > maxSpaces {
		return errLimits
	}
	p.scopes = append(p.scopes, scope)
	space, err := p.space(t.Name.Space)
	if err != nil {
		return err
	}
	n := &Node{Name: xml.Name{Space: space, Local: t.Name.Local}, Attr: attributes}
	if len(p.open) == 0 {
		*root = n
	} else {
		parent := p.open[len(p.open)-1]
		parent.Children = append(parent.Children, n)
	}
	p.open, p.raw, p.texts = append(p.open, n), append(p.raw, t.Name), append(p.texts, nil)
	return nil
}

// space resolves a prefix from the innermost declaration outwards.
func (p *parser) space(prefix string) (string, error) {
	for i := len(p.scopes) - 1; i >= 0; i-- {
		for _, a := range p.scopes[i] {
			if prefix == "" && a.Name.Space == "" || a.Name.Space == "xmlns" && a.Name.Local == prefix {
				return a.Value, nil
			}
		}
	}
	if prefix == "" {
		return "", nil
	}
	return "", errors.New("undeclared prefix " + prefix)
}
