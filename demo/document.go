package demo

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"time"

	"parvis/demo/office"
)

//go:embed documents
var documentFiles embed.FS

// Folder is a place of a collectivity's library.
type Folder struct {
	Collectivity string
	ID           string // unique in its collectivity: "deliberations"
	Name         string
	Audience     []string // groups that read it; empty: everyone of the collectivity
	Editors      []string // groups that write in it; empty: those with the right documents.edit
}

// Document is one file of the library. Its text is a Markdown source that File renders in the
// format of its name.
type Document struct {
	ID           string // unique in its collectivity: "deliberations/2026-41-tarifs"
	Collectivity string
	Folder       string // identifier of its folder
	Title        string
	FileName     string    // "Délibération 2026-41.pdf"
	Author       string    // login of the agent who put it there
	Date         time.Time // day it was put there, UTC
	source       office.Source
}

// allDocuments reads documents/COLLECTIVITY/FOLDER/NAME.FORMAT.md. A letter may join another
// document, written "attach: FOLDER/NAME" in its heading.
func allDocuments() []Document {
	var all []Document
	attach := map[string]string{} // document → document, both "COLLECTIVITY/FOLDER/NAME"
	for _, m := range matters(documentFiles, "documents") {
		d := document(m)
		all = append(all, d)
		if joined := m.field["attach"]; joined != "" {
			attach[d.key()] = d.Collectivity + "/" + joined
		}
	}
	for i := range all {
		if joined, ok := attach[all[i].key()]; ok {
			all[i].source.Attachment = attachment(all, joined)
		}
	}
	return all
}

func document(m matter) Document {
	name := strings.TrimSuffix(path.Base(m.path), ".md")
	format := strings.TrimPrefix(path.Ext(name), ".")
	folder := path.Base(path.Dir(m.path))
	collectivity := path.Base(path.Dir(path.Dir(m.path)))
	return Document{
		ID:           folder + "/" + strings.TrimSuffix(name, "."+format),
		Collectivity: collectivity,
		Folder:       folder,
		Title:        m.field["title"],
		FileName:     m.field["file"] + "." + format,
		Author:       m.field["author"],
		Date:         m.day("date"),
		source: office.Source{
			Format: format, Title: m.field["title"], Issuer: m.field["issuer"], Date: m.day("date"),
			From: m.field["from"], To: m.field["to"], Body: m.body,
		},
	}
}

func (d Document) key() string { return d.Collectivity + "/" + d.ID }

func attachment(all []Document, key string) *office.Attachment {
	for _, d := range all {
		if d.key() == key {
			return &office.Attachment{Name: d.FileName, Source: d.source}
		}
	}
	panic(fmt.Sprintf("demo: no document %s to attach", key))
}

// File renders the document: the same bytes at each call. The MIME type follows the name.
func (d Document) File() (name, mime string, data []byte, err error) {
	mime, data, err = office.Render(d.source)
	if err != nil {
		return "", "", nil, fmt.Errorf("demo: document %s: %w", d.key(), err)
	}
	return d.FileName, mime, data, nil
}

// folders of the libraries, in the order a reader expects.
func folders() []Folder {
	return []Folder{
		{"bourg", "deliberations", "Délibérations", nil, words("direction")},
		{"bourg", "conseil", "Conseil municipal", words("elus conseil direction encadrants"), words("direction")},
		{"bourg", "budget", "Budget", words("finances direction encadrants elus"), words("finances")},
		{"bourg", "marches", "Marchés", words("finances direction techniques"), words("finances")},
		{"bourg", "ressources-humaines", "Ressources humaines", nil, words("rh")},
		{"bourg", "carrieres", "Carrières et effectifs", words("rh direction"), words("rh")},
		{"bourg", "urbanisme", "Urbanisme", words("urbanisme direction techniques"), words("urbanisme")},
		{"bourg", "technique", "Technique", words("techniques direction police"), words("techniques")},
		{"bourg", "vie-associative", "Vie associative", nil, words("associations")},
		{"bourg", "etat-civil", "État civil et élections", words("etat-civil elections direction"), words("etat-civil")},
		{"bourg", "courrier", "Courrier", words("direction encadrants"), words("direction")},
		{"agglo", "conseil", "Conseil communautaire", nil, words("direction")},
		{"agglo", "territoire", "Territoire", words("territoire direction"), words("territoire")},
		{"syndicat", "comite", "Comité syndical", words("comite bureau"), words("bureau")},
		{"syndicat", "exploitation", "Exploitation", nil, words("exploitation")},
		{"ccas", "conseil", "Conseil d’administration", words("conseil direction"), words("direction")},
		{"ccas", "pratique", "Pratique", nil, words("social direction")},
	}
}
