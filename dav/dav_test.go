package dav

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSplitUndoesJoin(t *testing.T) {
	for _, parts := range [][]string{{"a"}, {"a b", "c%d"}, {"é@;?", "x.ics"}} {
		path := Join(Prefix, parts...)
		for _, path := range []string{path, path + "/"} {
			if got, ok := Split(Prefix, path); !ok || !cmp.Equal(got, parts) {
				t.Errorf("Split(%q) = %q, %v; want %q", path, got, ok, parts)
			}
		}
	}
	for _, path := range []string{"/", "/davx", "/dav/a//b", "/dav/../x", "/dav/%2e%2e/x", "/dav/a%2Fb", "/dav/a%00", "/dav/%FF", "/dav/%zz"} {
		if got, ok := Split(Prefix, path); ok {
			t.Errorf("Split(%q) = %q, want refused", path, got)
		}
	}
}

func TestNamespacesAreResolvedFromTheInside(t *testing.T) {
	root, ok, err := readNode(strings.NewReader(`<a:x xmlns:a="A" xmlns="D"><y z="1"/><a:y xmlns:a="B">t<!-- c -->u</a:y><y xmlns=""/></a:x>`))
	if err != nil || !ok {
		t.Fatal(err)
	}
	var got []xml.Name
	for _, c := range root.Children {
		got = append(got, c.Name)
	}
	want := []xml.Name{{Space: "D", Local: "y"}, {Space: "B", Local: "y"}, {Space: "", Local: "y"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if root.Name.Space != "A" || root.Children[0].Attribute("z") != "1" || root.Children[1].Text != "tu" {
		t.Errorf("%+v", root)
	}
}

func TestHostileXMLIsRefusedQuickly(t *testing.T) {
	for name, body := range map[string]string{
		"deep":       strings.Repeat("<a>", maxDepth+1),
		"many":       "<a>" + strings.Repeat("<b/>", maxNodes) + "</a>",
		"attributes": "<a " + strings.Repeat(`b="" `, maxNodes) + "/>",
		"namespaces": "<a" + strings.Repeat(` xmlns:p="u"`, 40_000) + ">" + strings.Repeat("<b/>", 50_000) + "</a>",
		"entities":   `<!DOCTYPE a [<!ENTITY x "yyyy">]><a>&x;</a>`,
		"undeclared": `<p:a/>`,
		"colon":      `<a><:b/></a>`,
		"digit":      `<a xmlns:p="x"><p:1/></a>`,
		"crossed":    `<a><b></a></b>`,
		"two":        `<a/><b/>`,
		"text after": `<a/>x`,
		"half":       `<a><b>`,
		"text":       `x`,
	} {
		start := time.Now() // a few ms of work; quadratic readers need minutes
		_, _, err := readNode(strings.NewReader(body))
		answer, known := asError(err)
		if err == nil || !known || answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %v, want 400", name, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestWhatIsWrittenCanBeRead(t *testing.T) {
	hostile := "a<b>&\"'\r\n\t\x00\x0b]]>\xff\uFFFEé\U0001F600"
	var b bytes.Buffer
	w := newWriter(&b)
	w.Element(xml.Name{Space: `urn:"x"&`, Local: "p"}, func() { w.Text(Name("q"), hostile) })
	if err := w.out.Flush(); err != nil {
		t.Fatal(err)
	}
	var read struct {
		XMLName xml.Name
		Q       string `xml:"q"`
	}
	text := strings.Replace(b.String(), "<X:p", `<X:p xmlns:D="DAV:"`, 1)
	if err := xml.Unmarshal([]byte(text), &read); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if want := "a<b>&\"'\r\n\t\uFFFD\uFFFD]]>\uFFFD\uFFFDé\U0001F600"; read.Q != want || read.XMLName.Space != `urn:"x"&` {
		t.Errorf("read %q in %q, want %q", read.Q, read.XMLName.Space, want)
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		header, value, etag string
		want                bool
	}{
		{"If-Match", `"a"`, `"a"`, true},
		{"If-Match", `"b", "a"`, `"a"`, true},
		{"If-Match", `W/"a"`, `"a"`, true},
		{"If-Match", `"a-gzip"`, `"a"`, true},
		{"If-Match", `"b"`, `"a"`, false},
		{"If-Match", `*`, `"a"`, true},
		{"If-Match", `*`, ``, false},
		{"If-None-Match", `*`, `"a"`, false},
		{"If-None-Match", `*`, ``, true},
		{"If-None-Match", `"a"`, `"a"`, false},
		{"If-None-Match", `"b"`, `"a"`, true},
		{"Other", `*`, ``, true},
	} {
		r := httptest.NewRequest("PUT", "/", nil)
		r.Header.Set(c.header, c.value)
		if got := conditionsOf(r).Hold(c.etag); got != c.want {
			t.Errorf("%s: %s on %q = %v, want %v", c.header, c.value, c.etag, got, c.want)
		}
	}
}

func FuzzReadNode(f *testing.F) {
	f.Add(`<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><getetag/><C:calendar-data><C:expand start="x"/></C:calendar-data></prop></propfind>`)
	f.Add(`<a xmlns:b="c"><b:d>&amp;<![CDATA[x]]></b:d></a>`)
	f.Fuzz(func(t *testing.T, body string) {
		start := time.Now()
		root, ok, err := readNode(strings.NewReader(body))
		if err != nil || !ok {
			return
		}
		all, err := changes(&Node{Children: []*Node{{Name: Name("set"), Children: []*Node{{Name: Name("prop"), Children: root.Children}}}}})
		if err != nil {
			return
		}
		var b bytes.Buffer
		m := &Multistatus{http: httptest.NewRecorder(), x: newWriter(&b)}
		m.x.out.WriteString("<r" + declareAllSpaces + ">")
		m.patched(all, nil)
		m.x.out.WriteString("</r>")
		if err := m.x.out.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
			t.Errorf("names of %q written back are no XML: %v\n%s", body, err, b.Bytes())
		}
		if took := time.Since(start); took > 10*time.Second { // of milliseconds: a busy machine is no fault
			t.Errorf("took %v", took)
		}
	})
}
