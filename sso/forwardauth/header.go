package forwardauth

import (
	"fmt"
	"net/http"
	"strings"

	"parvis/sso"
)

// maxHeaders bounds the identity headers in bytes: nginx reads an answer's head
// into 4 KiB unless it is told otherwise.
const maxHeaders = 3 << 10

// headersOf are the identity headers that the proxy hands to the application:
// "Parvis-User", and "Parvis-Mail" for an attribute that it reads as "mail". An
// attribute that does not fit, such as thousands of groups, is left out whole,
// since half of a list would lie, and named in "Parvis-Left-Out".
func headersOf(released sso.Release) http.Header {
	headers := http.Header{}
	headers.Set("Parvis-User", headerText(released.User))
	size := len(headers.Get("Parvis-User"))
	for _, attribute := range released.Attributes {
		values := make([]string, len(attribute.Values))
		for i, value := range attribute.Values {
			values[i] = headerText(value)
		}
		text := strings.Join(values, ", ")
		if size+len(attribute.Name)+len(text) > maxHeaders {
			headers.Add("Parvis-Left-Out", attribute.Name)
			continue
		}
		size += len(attribute.Name) + len(text)
		headers.Set("Parvis-"+strings.ReplaceAll(attribute.Name, "_", "-"), text)
	}
	return headers
}

// headerText writes a text in the octets that a header may hold: what is not
// ASCII, and what could end or divide a header, is percent-encoded.
func headerText(text string) string {
	var out strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '%' || c == ',' {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
