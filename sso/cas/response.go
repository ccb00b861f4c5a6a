package cas

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"parvis/sso"
)

// node is an element of an answer: text, or children in their order.
type node struct {
	name     string
	code     string // its attribute "code", "" without
	text     string
	children []node
	list     bool // in JSON its children's texts are a list
}

// failed is the answer that tells a failure.
func failed(name string, f failure) node { return node{name: name, code: f.code, text: f.description} }

// succeeded is the answer that tells whose a ticket is. The order is that of the
// schema (CAS 3.0.3 App. A): user, attributes, proxyGrantingTicket, proxies.
func succeeded(s success) node {
	answer := node{name: "authenticationSuccess", children: []node{{name: "user", text: s.release.User}, attributes(s)}}
	if s.iou != "" {
		answer.children = append(answer.children, node{name: "proxyGrantingTicket", text: s.iou})
	}
	if len(s.ticket.proxies) > 0 {
		proxies := node{name: "proxies", list: true}
		for _, proxy := range s.ticket.proxies {
			proxies.children = append(proxies.children, node{name: "proxy", text: proxy})
		}
		answer.children = append(answer.children, proxies)
	}
	return answer
}

// released is what an application is told about a person: what the protocol
// says of the sign-in (CAS 3.0.3 §2.5.7), then what the catalogue releases.
func released(s success) []sso.Attribute {
	all := []sso.Attribute{
		{Name: "authenticationDate", Values: []string{instant(s.signed.Since)}},
		{Name: "longTermAuthenticationRequestTokenUsed", Values: []string{"false"}},
		{Name: "isFromNewLogin", Values: []string{yesNo(s.ticket.fresh)}},
	}
	own := len(all)
	for _, attribute := range s.release.Attributes {
		attribute.Name = elementName(attribute.Name)
		taken := attribute.Name == ""
		for _, one := range all[:own] {
			taken = taken || one.Name == attribute.Name
		}
		if !taken {
			all = append(all, attribute)
		}
	}
	return all
}

func attributes(s success) node {
	all := node{name: "attributes"}
	for _, attribute := range released(s) {
		for _, value := range attribute.Values {
			all.children = append(all.children, node{name: attribute.Name, text: value, list: true})
		}
	}
	return all
}

func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func yesNo(is bool) string {
	if is {
		return "true"
	}
	return "false"
}

// elementName makes a name fit for an XML element (XML Namespaces §3, NCName):
// what can't be in one is "_". "" for a name of which nothing is left.
func elementName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(name, "_") == "" {
		return ""
	}
	if first := []rune(name)[0]; !unicode.IsLetter(first) && first != '_' {
		return "_" + name
	}
	return name
}

// oneLine is a text without what would end its line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

// write sends an answer.
type write func(w http.ResponseWriter, answer node) error

// writerOf is the format that an application asks for. An unknown one is told in
// XML.
func writerOf(values url.Values) (write, error) {
	switch strings.ToUpper(values.Get("format")) {
	case "", "XML":
		return writeXML, nil
	case "JSON":
		return writeJSON, nil
	}
	return writeXML, errFormat
}

func writeXML(w http.ResponseWriter, answer node) error {
	var out bytes.Buffer
	out.WriteString(`<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">` + "\n")
	answer.xml(&out, "\t")
	out.WriteString("</cas:serviceResponse>\n")
	return send(w, "application/xml; charset=utf-8", out.Bytes())
}

func send(w http.ResponseWriter, kind string, body []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body) // an application that left is no fault of ours
	return nil
}

func (n node) xml(out *bytes.Buffer, indent string) {
	out.WriteString(indent + "<cas:" + n.name)
	if n.code != "" {
		out.WriteString(` code="` + n.code + `"`)
	}
	out.WriteByte('>')
	if len(n.children) > 0 {
		out.WriteByte('\n')
		for _, child := range n.children {
			child.xml(out, indent+"\t")
		}
		out.WriteString(indent)
	}
	escape(out, n.text)
	out.WriteString("</cas:" + n.name + ">\n")
}

// escape writes a text into XML; what XML can't hold becomes U+FFFD.
func escape(out *bytes.Buffer, text string) {
	_ = xml.EscapeText(out, []byte(text)) // a buffer takes everything
}

func writeJSON(w http.ResponseWriter, answer node) error {
	var out bytes.Buffer
	out.WriteString(`{"serviceResponse":{`)
	answer.json(&out)
	out.WriteString("}}\n")
	return send(w, "application/json; charset=utf-8", out.Bytes())
}

// json writes "name": value. Attributes are lists, since each may have several
// values; the values of one follow each other.
func (n node) json(out *bytes.Buffer) {
	quote(out, n.name)
	out.WriteByte(':')
	switch {
	case n.code != "":
		out.WriteString(`{"code":`)
		quote(out, n.code)
		out.WriteString(`,"description":`)
		quote(out, n.text)
		out.WriteByte('}')
	case n.list:
		out.WriteByte('[')
		for i, child := range n.children {
			comma(out, i)
			quote(out, child.text)
		}
		out.WriteByte(']')
	case len(n.children) > 0:
		out.WriteByte('{')
		for i, group := range grouped(n.children) {
			comma(out, i)
			group.json(out)
		}
		out.WriteByte('}')
	default:
		quote(out, n.text)
	}
}

// grouped makes one list of the values of each attribute.
func grouped(children []node) []node {
	var groups []node
	at := map[string]int{}
	for _, child := range children {
		if !child.list || len(child.children) > 0 {
			groups = append(groups, child)
			continue
		}
		i, known := at[child.name]
		if !known {
			i = len(groups)
			at[child.name] = i
			groups = append(groups, node{name: child.name, list: true})
		}
		groups[i].children = append(groups[i].children, child)
	}
	return groups
}

func comma(out *bytes.Buffer, i int) {
	if i > 0 {
		out.WriteByte(',')
	}
}

func quote(out *bytes.Buffer, text string) {
	quoted, _ := json.Marshal(text) // a text is always JSON
	out.Write(quoted)
}
