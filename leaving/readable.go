package leaving

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"parvis/dav/vcard"
)

// What follows is in an archive to be read by people and by other programs: what is
// restored is tables/ and the octets of documents.

// shown are the settings that are the pool's to decide: whoever takes the
// collectivity in reads them, and decides. None holds a secret.
var shown = []struct{ path, query string }{
	{"settings/sign-in.json", `SELECT kind, settings, ca FROM sign_in_methods WHERE collectivity = $1`},
	{"settings/mail.json", `SELECT address, security, ca, sign_in, master_user, separator, webmail FROM mail_servers WHERE collectivity = $1`},
	{"settings/sender.json", `SELECT name, address FROM mail_senders WHERE collectivity = $1`},
	{"settings/second-factor.json", `SELECT who, starts, alone, issuer FROM sso_policies WHERE collectivity = $1`},
	{"settings/journal.json", `SELECT months FROM audit_settings WHERE collectivity = $1`},
	{"settings/home.json", `SELECT group_id, places FROM home_frames WHERE collectivity = $1 AND places <> '' ORDER BY group_id`},
	{"settings/weather.json", `SELECT name, latitude, longitude FROM weather_places WHERE collectivity = $1`},
}

func (j *exportJob) settings() error {
	for _, one := range shown {
		rows, err := j.view.Query(j.ctx, one.query, string(j.id))
		found, err := scanRows(rows, err)
		if err != nil {
			return err
		}
		for _, row := range found {
			for _, column := range []string{"settings", "places"} { // JSON in a column
				if text := row.text(column); json.Valid([]byte(text)) {
					row.values[column] = json.RawMessage(text)
				}
			}
			if err := j.json(one.path, row.values); err != nil {
				return err
			}
		}
	}
	return nil
}

// people writes the directory as cards.
func (j *exportJob) people() error {
	if err := j.out.begin("directory.vcf", zip.Deflate); err != nil {
		return err
	}
	return j.each("", Table{Key: []string{"id"}}, `
		SELECT id, given_name, family_name, function, email, phone, mobile, office,
			(SELECT name FROM units u WHERE u.collectivity = $1 AND u.id = agents.unit) AS unit_name
		FROM agents WHERE collectivity = $1 AND active`, func(r row) error {
		properties := []vcard.Property{
			{Name: "UID", Value: vcard.Escape(string(j.id) + "/" + r.text("id"))},
			{Name: "FN", Value: vcard.Escape(bytesTrim(r.text("given_name") + " " + r.text("family_name")))},
			{Name: "N", Value: vcard.Structured(r.text("family_name"), r.text("given_name"), "", "", "")},
			{Name: "ORG", Value: vcard.Structured(j.body.Name, r.text("unit_name"))},
		}
		for _, field := range []struct{ name, column string }{
			{"TITLE", "function"}, {"EMAIL", "email"}, {"TEL", "phone"}, {"TEL", "mobile"}, {"NOTE", "office"},
		} {
			if value := r.text(field.column); value != "" {
				properties = append(properties, vcard.Property{Name: field.name, Value: vcard.Escape(value)})
			}
		}
		_, err := j.out.Write(vcard.New(vcard.V4, properties...).Encode())
		return err
	})
}

func bytesTrim(text string) string { return string(bytes.TrimSpace([]byte(text))) }

// calendars writes each as one file of iCalendar.
func (j *exportJob) calendars() error {
	return j.each("", Table{Key: []string{"id"}}, `
		SELECT id, owner, name, (SELECT a.given_name || ' ' || a.family_name FROM agents a WHERE a.collectivity = $1 AND a.id = calendars.owner) AS person
		FROM calendars WHERE collectivity = $1`, func(calendar row) error {
		dir := "calendars/shared"
		if calendar.text("owner") != "" {
			dir = "calendars/" + safeName(bytesTrim(calendar.text("person")))
		}
		if err := j.out.begin(j.out.taken.take(dir, calendar.text("name")+".ics"), zip.Deflate); err != nil {
			return err
		}
		io.WriteString(j.out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Parvis//export//FR\r\n") // an error stays in the zip
		zones := map[string]bool{}
		err := j.under("calendar_objects", "calendar", calendar.text("id"), func(object row) error {
			octets, _ := object.values["octets"].([]byte)
			for _, component := range components(octets) {
				if bytes.HasPrefix(component, []byte("BEGIN:VTIMEZONE")) {
					if zones[string(component)] {
						continue
					}
					zones[string(component)] = true
				}
				if _, err := j.out.Write(component); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		_, err = io.WriteString(j.out, "END:VCALENDAR\r\n")
		return err
	})
}

// under visits the named octets below something, part by part.
func (j *exportJob) under(table, column, of string, visit func(row) error) error {
	after := ""
	for {
		rows, err := j.view.Query(j.ctx, `SELECT name, octets FROM `+table+` WHERE collectivity = $1 AND `+column+` = $2 AND name > $3 ORDER BY name LIMIT `+strconv.Itoa(rowsAtOnce),
			string(j.id), of, after)
		found, err := scanRows(rows, err)
		if err != nil {
			return err
		}
		for _, one := range found {
			after = one.text("name")
			if err := visit(one); err != nil {
				return err
			}
		}
		if len(found) < rowsAtOnce {
			return nil
		}
	}
}

// components are those right inside of a VCALENDAR, each with its lines.
func components(octets []byte) [][]byte {
	var all [][]byte
	var current []byte
	depth := 0
	for line := range bytes.Lines(octets) {
		line = append(bytes.TrimRight(line, "\r\n"), '\r', '\n')
		if isLine(line, "BEGIN:") {
			depth++
		}
		if depth >= 2 {
			current = append(current, line...)
		}
		if isLine(line, "END:") {
			if depth == 2 {
				all, current = append(all, current), nil
			}
			depth--
		}
	}
	return all
}

func isLine(line []byte, name string) bool {
	return len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name))
}

// contacts writes each address book as one file of cards: an agent's under her name, a unit's under its own.
func (j *exportJob) contacts() error {
	return j.each("", Table{Key: []string{"id"}}, `
		SELECT id, name, (SELECT a.given_name || ' ' || a.family_name FROM agents a WHERE a.collectivity = $1 AND a.id = contact_books.owner) AS person
		FROM contact_books WHERE collectivity = $1`, func(book row) error {
		name := strings.TrimSpace(book.text("person") + " " + book.text("name"))
		if err := j.out.begin(j.out.taken.take("contacts", name+".vcf"), zip.Deflate); err != nil {
			return err
		}
		return j.under("contacts", "book", book.text("id"), func(card row) error {
			octets, _ := card.values["octets"].([]byte)
			_, err := j.out.Write(append(bytes.TrimRight(bytes.TrimPrefix(octets, []byte("\ufeff")), "\r\n"), '\r', '\n'))
			return err
		})
	})
}

// news writes each article as a text.
func (j *exportJob) news() error {
	return j.each("", Table{Key: []string{"id"}}, `SELECT id, title, body FROM articles WHERE collectivity = $1 AND deleted = 0`, func(article row) error {
		if err := j.out.begin(j.out.taken.take("news", article.text("title")+".md"), zip.Deflate); err != nil {
			return err
		}
		_, err := fmt.Fprintf(j.out, "# %s\n\n%s\n", article.text("title"), article.text("body"))
		return err
	})
}

// documents writes every file once for each version that has it: current ones in
// their tree, those of the bin and older ones apart.
func (j *exportJob) documents() error {
	folders, err := j.folders()
	if err != nil {
		return err
	}
	return j.each("", Table{Key: []string{"document", "number"}}, `
		SELECT document, number, file_name, size, sha256,
			(SELECT d.folder FROM documents d WHERE d.collectivity = $1 AND d.id = document_versions.document) AS folder,
			(SELECT d.version FROM documents d WHERE d.collectivity = $1 AND d.id = document_versions.document) AS current,
			(SELECT d.deleted FROM documents d WHERE d.collectivity = $1 AND d.id = document_versions.document) AS deleted
		FROM document_versions WHERE collectivity = $1`, func(version row) error {
		dir := "documents"
		number, _ := version.values["number"].(int64)
		current, _ := version.values["current"].(int64)
		deleted, _ := version.values["deleted"].(int64)
		name := version.text("file_name")
		switch {
		case deleted > 0:
			dir = "documents-bin"
		case number != current:
			dir, name = "documents-versions", strconv.FormatInt(number, 10)+" - "+name
		}
		target := j.out.taken.take(path.Join(dir, folders[version.text("folder")]), name)
		return j.file(target, version.text("sha256"))
	})
}

func (j *exportJob) file(target, sum string) error {
	file, err := j.files.OpenFile(j.id, sum)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := j.out.begin(target, zip.Store); err != nil {
		return err
	}
	_, err = io.Copy(j.out, file)
	return err
}

// deepest bounds a path of folders, should a store hold a loop.
const deepest = 64

// folders are the paths of the tree.
func (j *exportJob) folders() (map[string]string, error) {
	type folder struct{ parent, name string }
	all := map[string]folder{}
	err := j.each("", Table{Key: []string{"id"}}, `SELECT id, parent, name FROM document_folders WHERE collectivity = $1`, func(r row) error {
		all[r.text("id")] = folder{r.text("parent"), safeName(r.text("name"))}
		return nil
	})
	paths := make(map[string]string, len(all))
	for id, one := range all {
		made := one.name
		for depth := 0; one.parent != "" && depth < deepest; depth++ {
			one = all[one.parent]
			made = path.Join(one.name, made)
		}
		paths[id] = made
	}
	return paths, err
}
