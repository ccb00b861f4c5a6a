package upstream

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"parvis/portal"
	"parvis/sso"
)

// claims are what an issuer says, as JSON has it: numbers are json.Number.
type claims map[string]any

func readClaims(text []byte) (claims, error) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var read claims
	if err := decoder.Decode(&read); err != nil {
		return nil, fmt.Errorf("upstream: claims: %w", err)
	}
	if read == nil {
		return nil, fmt.Errorf("upstream: claims: %w: null", portal.ErrInvalid)
	}
	return read, nil
}

// find returns the claim that a path names, nil for none. A name may hold dots
// itself ("https://bourg.example/roles"): the longest that is there counts.
func (c claims) find(path string) any {
	if value, there := c[path]; there {
		return value
	}
	for end := strings.LastIndexByte(path, '.'); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		if inner, isObject := c[path[:end]].(map[string]any); isObject {
			if value := claims(inner).find(path[end+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

// first is the first of several paths that is there, and its values.
func (c claims) first(paths string) (path string, values []string) {
	for path := range strings.FieldsSeq(paths) {
		if values := textsOf(c.find(path)); len(values) > 0 {
			return path, values
		}
	}
	return "", nil
}

// text is the first value of the first of several paths, without spaces around.
func (c claims) text(paths string) string {
	if _, values := c.first(paths); len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	return ""
}

// textsOf are the texts of a claim: of a text, a number, a truth, or a list of
// them. Empty ones say nothing.
func textsOf(value any) (texts []string) {
	switch value := value.(type) {
	case string:
		if strings.TrimSpace(value) != "" {
			return []string{value}
		}
	case json.Number:
		return []string{value.String()}
	case bool:
		return []string{strconv.FormatBool(value)}
	case []any:
		for _, one := range value {
			if _, isList := one.([]any); !isList {
				texts = append(texts, textsOf(one)...)
			}
		}
	}
	return texts
}

// verified says whether the address is, where it is said; not ok for what is no
// truth. Some issuers write it as a text.
func (c claims) verified(trusted bool) (verified, ok bool) {
	value, said := c["email_verified"]
	switch {
	case !said:
		return trusted, true
	case value == true || value == "true":
		return true, true
	case value == false || value == "false":
		return false, true
	}
	return false, false
}

// fields are what the settings read, in the order of a card.
func (a Attributes) fields() []struct{ name, paths string } {
	return []struct{ name, paths string }{
		{"given_name", a.GivenName},
		{"family_name", a.FamilyName},
		{"email", a.Email},
		{"function", a.Function},
		{"unit", a.Unit},
		{"phone", a.Phone},
		{"mobile", a.Mobile},
		{"office", a.Office},
		{"groups", a.Groups},
	}
}

// shown is what the settings take from the claims, each with the claim that it
// comes from.
func (a Attributes) shown(from claims) []sso.EntryAttribute {
	var all []sso.EntryAttribute
	for _, field := range a.fields() {
		if field.paths == "" {
			continue
		}
		path, values := from.first(field.paths)
		all = append(all, sso.EntryAttribute{Field: field.name, Name: cmp.Or(path, field.paths), Value: strings.Join(values, ", ")})
	}
	return all
}

// profile is the person that the claims tell of.
func (s Settings) profile(from claims) sso.Profile {
	a := s.Attributes
	profile := sso.Profile{
		GivenName: from.text(a.GivenName), FamilyName: from.text(a.FamilyName), Email: from.text(a.Email), Function: from.text(a.Function),
		UnitName: from.text(a.Unit), Phone: from.text(a.Phone), Mobile: from.text(a.Mobile), Office: from.text(a.Office),
	}
	if len(s.Groups) == 0 || from.leftOut(a.Groups) {
		return profile
	}
	_, values := from.first(a.Groups)
	for _, rule := range s.Groups {
		profile.Managed = append(profile.Managed, rule.To)
		if slices.Contains(values, rule.From) {
			profile.Groups = append(profile.Groups, rule.To)
		}
	}
	return profile
}

// leftOut says whether an issuer tells that it has a claim and did not send it:
// Entra ID does above 200 groups (OpenID Connect Core §5.6.2).
func (c claims) leftOut(paths string) bool {
	elsewhere, _ := c["_claim_names"].(map[string]any)
	return slices.ContainsFunc(strings.Fields(paths), func(path string) bool {
		_, there := elsewhere[path]
		return there && c.find(path) == nil
	})
}

// Bounds of what is shown of an answer.
const (
	maxShown = 200 // claims
	maxValue = 300 // bytes of one
)

// protocol are claims about the token rather than the person.
var protocol = []string{"iss", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash", "azp", "jti", "sid", "auth_time"}

// list flattens the claims about the person, by path.
func (c claims) list() []sso.Claim {
	var all []sso.Claim
	var add func(prefix string, from claims, depth int)
	add = func(prefix string, from claims, depth int) {
		for name, value := range from {
			if prefix == "" && slices.Contains(protocol, name) {
				continue
			}
			if inner, isObject := value.(map[string]any); isObject && depth < 5 {
				add(prefix+name+".", inner, depth+1)
				continue
			}
			all = append(all, sso.Claim{Name: prefix + name, Value: shorten(strings.Join(textsOf(value), ", "))})
		}
	}
	add("", c, 0)
	slices.SortFunc(all, func(a, b sso.Claim) int { return cmp.Compare(a.Name, b.Name) })
	return all[:min(len(all), maxShown)]
}

// shorten cuts a text at a letter's edge.
func shorten(text string) string {
	if len(text) <= maxValue {
		return text
	}
	end := maxValue
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// references are the authentication methods that we know (RFC 8176), under the
// names that ProConnect and others give them.
var references = map[string]string{
	"pwd": "pwd", "pin": "pin", "otp": "otp", "totp": "otp", "hwk": "hwk", "sc": "hwk", "swk": "swk", "pop": "swk", "mfa": "mfa",
}

// twofold are levels beside ProConnect's that tell of a second factor.
var twofold = []string{
	"https://proconnect.gouv.fr/assurance/self-asserted-2fa", "https://proconnect.gouv.fr/assurance/consistency-checked-2fa",
	"https://refeds.org/profile/mfa",
}

// factorsOf is what an issuer says that the person proved. A code alone is left
// out: it may have come by mail, and nothing says that there was more.
func factorsOf(level string, methods []string) string {
	var all []string
	add := func(one string) {
		if one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	for _, method := range methods {
		add(references[method])
	}
	if sso.LevelIsTwofold(level) || slices.Contains(twofold, level) {
		add("mfa")
	}
	if slices.Equal(all, []string{"otp"}) {
		return ""
	}
	return strings.Join(all, " ")
}
