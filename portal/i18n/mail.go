package i18n

import (
	"html/template"
	"net/url"
	"strings"
)

// Mailto is the address that begins a message to one person: "mailto:anne@bourg.example", "" for what is no address
// of mail. What RFC 6068 §2 would read as copies, a subject or a text is escaped.
func Mailto(address string) template.URL {
	if name, host, ok := strings.Cut(address, "@"); !ok || name == "" || host == "" || strings.ContainsAny(address, " \t\r\n") {
		return ""
	}
	return template.URL("mailto:" + strings.ReplaceAll(url.PathEscape(address), "&", "%26"))
}
