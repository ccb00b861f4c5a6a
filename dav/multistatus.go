package dav

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// Multistatus writes a 207 answer as it is found. Nothing is sent before the first response, so
// that an error until then still has its own status.
type Multistatus struct {
	http    http.ResponseWriter
	x       *Writer
	want    Wanted
	started bool
	// readOnly: the program may write nothing here, whatever its person may.
	readOnly bool
	instead  bool // another answer was written
}

// Wanted are the properties that a request asks for.
type Wanted struct {
	Names    []xml.Name // asked by name, or added to allprop by include
	All      bool       // allprop
	OnlyName bool       // propname
	Minimal  bool       // Prefer: return=minimal (RFC 8144): missing properties are not listed
}

// Instead answers 200 with octets, for the reports whose answer is no multistatus.
func (m *Multistatus) Instead(contentType string, octets []byte) error {
	m.started, m.instead = true, true
	m.http.Header().Set("Content-Type", contentType)
	m.http.WriteHeader(http.StatusOK)
	_, err := m.http.Write(octets)
	return err
}

func (m *Multistatus) start() {
	if m.started {
		return
	}
	m.started = true
	m.http.Header().Set("Content-Type", "application/xml; charset=utf-8")
	m.http.WriteHeader(http.StatusMultiStatus)
	m.x.out.WriteString(xmlHead + "<D:multistatus" + declareAllSpaces + ">")
}

// end closes the answer; token is that of sync-collection, "" for other reports.
func (m *Multistatus) end(token string) error {
	if m.instead {
		return nil
	}
	m.start()
	if token != "" {
		m.x.Text(Name("sync-token"), token)
	}
	m.x.out.WriteString("</D:multistatus>")
	return m.x.end()
}

// Status writes a response that is only a status, as for what is gone.
func (m *Multistatus) Status(href string, status int) {
	m.start()
	m.x.Element(Name("response"), func() {
		m.x.Href(href)
		m.x.Text(Name("status"), statusLine(status))
	})
}

// Fail writes a response with the error that one resource met.
func (m *Multistatus) Fail(href string, e *Error) {
	m.start()
	m.x.Element(Name("response"), func() {
		m.x.Href(href)
		m.x.Text(Name("status"), statusLine(e.Status))
		if e.Condition.Local != "" {
			m.x.Element(Name("error"), func() { m.x.Empty(e.Condition) })
		}
	})
}

// Resource writes a response with the properties asked for, at the address by which the client
// asked.
func (m *Multistatus) Resource(href string, r Resource) {
	m.start()
	m.x.out.WriteString("<D:response>")
	m.x.Href(href)
	names := m.want.Names
	if m.want.All || m.want.OnlyName {
		names = append(r.PropertyNames(m.want.OnlyName), names...)
	}
	missing := m.found(r, names)
	if len(missing) > 0 && !m.want.Minimal {
		m.propstat(http.StatusNotFound, func() {
			for _, name := range missing {
				m.x.Empty(name)
			}
		})
	}
	m.x.out.WriteString("</D:response>")
}

// found writes the properties that r has and returns the names of the others.
func (m *Multistatus) found(r Resource, names []xml.Name) (missing []xml.Name) {
	opened := false
	for _, name := range names {
		value := m.property(r, name)
		if value == nil {
			missing = append(missing, name)
			continue
		}
		if !opened {
			opened = true
			m.x.out.WriteString("<D:propstat><D:prop>")
		}
		if m.want.OnlyName {
			m.x.Empty(name)
			continue
		}
		m.x.open(name)
		value(m.x)
		m.x.close(name)
	}
	if !opened && len(missing) > 0 && !m.want.Minimal {
		return missing
	}
	if !opened { // a response holds at least one propstat
		m.x.out.WriteString("<D:propstat><D:prop>")
	}
	m.x.out.WriteString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
	return missing
}

func (m *Multistatus) propstat(status int, inside func()) {
	m.x.Element(Name("propstat"), func() {
		m.x.Element(Name("prop"), inside)
		m.x.Text(Name("status"), statusLine(status))
	})
}

func statusLine(status int) string {
	return "HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status)
}
