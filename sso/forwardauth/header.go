package forwardauth

import (
	"fmt"
	"net/http"
	"strings"

	"parvis/sso"
)

// headersOf are the identity headers that the proxy hands to the application:
// "Parvis-User", and "Parvis-Mail" for an attribute that it reads as "mail".
func headersOf(released sso.Release) http.Header {
	headers := http.Header{}
	headers.Set("Parvis-User", headerText(released.User))
	for _, attribute := range released.Attributes {
		values := make([]string, len(attribute.Values))
		for i, value := range attribute.Values {
			values[i] = headerText(value)
		}
		headers.Set("Parvis-"+strings.ReplaceAll(attribute.Name, "_", "-"), strings.Join(values, ", "))
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
