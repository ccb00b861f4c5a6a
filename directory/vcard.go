package directory

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/i18n"
)

// VCard is the agent's entry as a card of version 4.0; body is the name of her collectivity, and rev
// when the card changed, zero for a card without REV; photo is a JPEG, nil for none.
func (a Agent) VCard(collectivity portal.CollectivityID, body string, rev time.Time, photo []byte) *vcard.Card {
	properties := []vcard.Property{
		{Name: "UID", Value: cardUID(collectivity, a.ID)},
		{Name: "KIND", Value: "individual"},
		{Name: "FN", Value: vcard.Escape(a.Name())},
		{Name: "N", Value: vcard.Structured(a.FamilyName, a.GivenName, "", "", "")},
	}
	add := func(name, value string, params ...vcard.Param) {
		properties = append(properties, vcard.Property{Name: name, Params: params, Value: value})
	}
	if a.UnitName == "" {
		add("ORG", vcard.Structured(body))
	} else {
		add("ORG", vcard.Structured(body, a.UnitName))
	}
	if a.Function != "" {
		add("TITLE", vcard.Escape(a.Function))
	}
	if a.Email != "" {
		add("EMAIL", vcard.Escape(a.Email), typed("work"))
	}
	properties = append(properties, telephone(a.Phone, "work", "voice")...)
	properties = append(properties, telephone(a.Mobile, "work", "cell")...)
	if a.Office != "" {
		add("ADR", vcard.Structured("", a.Office, "", "", "", "", ""), typed("work"))
	}
	if len(photo) > 0 {
		add("PHOTO", "data:image/jpeg;base64,"+base64.StdEncoding.EncodeToString(photo))
	}
	if !rev.IsZero() {
		add("REV", rev.UTC().Format("20060102T150405Z"))
	}
	return vcard.New(vcard.V4, properties...)
}

func typed(kinds ...string) vcard.Param { return vcard.Param{Name: "TYPE", Values: kinds} }

// telephone is a number that a phone dials from anywhere, or as it is written when it is an internal one.
func telephone(number string, kinds ...string) []vcard.Property {
	if number == "" {
		return nil
	}
	if dial := string(i18n.Tel(number)); strings.HasPrefix(dial, "tel:+") {
		return []vcard.Property{{Name: "TEL", Params: []vcard.Param{{Name: "VALUE", Values: []string{"uri"}}, typed(kinds...)}, Value: dial}}
	}
	return []vcard.Property{{Name: "TEL", Params: []vcard.Param{typed(kinds...)}, Value: vcard.Escape(number)}}
}

// cardUID is the same for ever: a UUID of version 8 (RFC 9562 §5.8) of the agent's name in the pool.
func cardUID(collectivity portal.CollectivityID, agent portal.AgentID) string {
	sum := sha256.Sum256([]byte("card\x00" + string(collectivity) + "\x00" + string(agent)))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	text := hex.EncodeToString(sum[:16])
	return "urn:uuid:" + strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
