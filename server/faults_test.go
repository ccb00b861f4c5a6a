package server_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"parvis/documents"
	"parvis/portal"
	"parvis/sso"
)

// TestFaultsTellNoContent makes everything fail that writes a line in the log:
// it names a collectivity and identifiers, never what people wrote.
func TestFaultsTellNoContent(t *testing.T) {
	w := newWorld(t)
	for _, e := range w.estates {
		e.breakDown()
		client := w.As(e.author)
		client.Get("/boxes/mail?fragment=1")
		client.Get("/mail")
		client.Post("/calendar/remote/" + e.remoteAccount() + "/refresh")
		client.Get("/search?q=" + e.own + `"(`)
		client.Get("/documents/" + e.own)
		anonymous := w.Anonymous()
		anonymous.SignIn(e.login(e.every), e.own)
		anonymous.Get("/sign-in/callback/" + string(e.id) + "?state=" + e.own + "&code=" + e.own + "&error=" + e.own)
		e.phoneInTrouble()
	}
	w.WaitForIndex()
	for _, want := range []string{"box not loaded", "a document has no text", "sign-in"} {
		if !strings.Contains(w.Log(), want) {
			t.Errorf("the log does not tell %q: nothing failed", want)
		}
	}
	w.silentLog(t)
}

// breakDown leaves the collectivity servers that answer nothing and files that
// can't be read.
func (e *estate) breakDown() {
	e.t.Helper()
	e.breakServers()
	for name, content := range map[string][]byte{
		".docx": wordFile(`<?xml version="1.0" encoding="` + e.own + `"?>`),
		".odt":  []byte("PK\x03\x04" + e.own),
		".eml":  []byte("From: x@courriel.example\r\nSubject: x\r\n" + e.own + " " + e.group + "\r\n\r\n" + e.every + "\r\n"),
	} {
		file, err := e.Documents.Receive(e.t.Context(), e.caller, e.text(e.own)+name, bytes.NewReader(content), 0)
		e.must(err)
		_, err = e.Documents.Add(e.t.Context(), e.caller, e.every, e.folderID, []documents.Upload{{File: file}})
		e.must(err)
	}
}

// breakServers sends mail and sign-in where nobody answers.
func (e *estate) breakServers() {
	e.t.Helper()
	server := e.mailServer
	server.Address, server.MasterUser, server.MasterPassword = "127.0.0.1:9", e.own, e.own
	e.must(e.Mail.SetServer(e.t.Context(), e.admin, server))
	method := sso.Method{Collectivity: e.id, Kind: sso.Embedded, Settings: json.RawMessage("{}")}
	switch e.id {
	case "bourg":
		method.Kind, method.Secret = sso.LDAP, e.own
		method.Settings = json.RawMessage(`{"url":"ldaps://127.0.0.1:9","bind_dn":"cn=` + e.group + `,dc=example","base_dn":"ou=` + e.every + `,dc=example"}`)
	case "agglo":
		method.Kind, method.Secret = sso.OIDC, e.own
		method.Settings = json.RawMessage(`{"issuer":"https://127.0.0.1:9/","client_id":"` + e.group + `"}`)
	}
	e.must(e.SSO.Methods.Set(e.t.Context(), method))
}

// phoneInTrouble sends what a calendar can't keep, and passwords that open
// nothing.
func (e *estate) phoneInTrouble() {
	e.t.Helper()
	home := "/dav/calendars/" + string(e.caller.Agent) + "/personal/"
	phone := newPhone(e.Anonymous(), e.author, e.password)
	phone.ask("PUT", home+e.own+".ics", "BEGIN:VCALENDAR\r\nSUMMARY:"+e.own+"\r\n")
	phone.ask("REPORT", home, "<"+e.own+">")
	phone.ask("PROPFIND", "/dav/"+e.own+"/", "<"+e.own+"/>")
	newPhone(e.Anonymous(), e.login(e.every), e.own).ask("PROPFIND", home, "")
}

// wordFile is a .docx whose text begins so.
func wordFile(head string) []byte {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"word/document.xml":   head + `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`,
	} {
		part, err := archive.Create(name)
		if err != nil {
			panic(err) // in memory
		}
		part.Write([]byte(text))
	}
	archive.Close()
	return out.Bytes()
}

// TestCheckTellsNoSecret tries the servers of three collectivities: each report
// names its own collectivity, and none tells a password or what agents wrote.
func TestCheckTellsNoSecret(t *testing.T) {
	w := newWorld(t)
	w.Anonymous().Do("GET", "/", nil) // a line of the log, which shows that it is kept
	w.judgeReports(t, map[string]bool{})
	for _, e := range w.estates {
		e.breakServers()
	}
	w.judgeReports(t, map[string]bool{
		"bourg sign-in": true, "agglo sign-in": true, "bourg mail": true, "agglo mail": true, "syndicat mail": true,
	})
	w.silentLog(t)
}

// judgeReports compares what "parvis check" prints with which checks must fail.
func (w *world) judgeReports(t *testing.T, faults map[string]bool) {
	t.Helper()
	reports, err := w.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tried := map[portal.CollectivityID]int{}
	for _, report := range reports {
		tried[report.Collectivity]++
		name := string(report.Collectivity) + " " + report.What
		if failed := report.Fault != ""; failed != faults[name] {
			t.Errorf("%s: fault %q, want one: %v", name, report.Fault, faults[name])
		}
		w.silentText(t, name, report.Fault)
	}
	for _, e := range w.estates {
		if tried[e.id] != 3 {
			t.Errorf("%d servers of %s are tried, want sign-in, mail and weather", tried[e.id], e.id)
		}
	}
}
