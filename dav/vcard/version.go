package vcard

import (
	"regexp"
	"slices"
	"strings"
)

// As is the card in a version. Only what the two versions write differently is written anew; all other
// lines, unknown ones too, keep their octets.
func (c *Card) As(version Version) *Card {
	if c.Version == version {
		return c
	}
	convert := toV4
	if version == V3 {
		convert = toV3
	}
	made := &Card{Version: version, UID: c.UID, Name: c.Name, lines: make([]line, 0, len(c.lines)+1)}
	for _, l := range c.lines {
		if l.Name == "VERSION" {
			l = line{Property: Property{Name: "VERSION", Value: string(version)}}
		} else if p, changed := convert(l.Property); changed {
			l = line{Property: p}
		}
		made.lines = append(made.lines, l)
	}
	// 3.0 wants both (RFC 2426 §3.1.1 and §3.1.2), 4.0 FN alone (RFC 6350 §6.2.1).
	if version == V3 && len(made.Properties("N")) == 0 {
		made.lines = append(made.lines, line{Property: Property{Name: "N", Value: Structured(c.Name, "", "", "", "")}})
	}
	if len(made.Properties("FN")) == 0 {
		made.lines = append(made.lines, line{Property: Property{Name: "FN", Value: Escape(c.Name)}})
	}
	return made
}

// groupsOfApple are the properties by which 3.0 carries 4.0's groups of people.
var groupsOfApple = map[string]string{"KIND": "X-ADDRESSBOOKSERVER-KIND", "MEMBER": "X-ADDRESSBOOKSERVER-MEMBER"}

// toV4 is a 3.0 property in 4.0; changed is false when it is written the same there.
func toV4(p Property) (Property, bool) {
	before := p.String()
	p.Params = slices.Clone(p.Params)
	if p.dropType("pref") {
		p.setParam("PREF", "1")
	}
	switch p.Name {
	case "PHOTO", "LOGO", "SOUND", "KEY":
		p.toURI()
	case "EMAIL":
		p.dropType("internet")
	case "TEL":
		p.dropType("voice")
	case "GEO":
		if lat, lon, ok := strings.Cut(p.Value, ";"); ok {
			p.Value = "geo:" + lat + "," + lon
		}
	case "BDAY", "ANNIVERSARY", "REV":
		p.dateToV4()
	case "X-ADDRESSBOOKSERVER-KIND":
		p.Name = "KIND"
	case "X-ADDRESSBOOKSERVER-MEMBER":
		p.Name = "MEMBER"
	}
	p.dropParam("CHARSET")
	return p, p.String() != before
}

// toV3 is the inverse of toV4.
func toV3(p Property) (Property, bool) {
	before := p.String()
	p.Params = slices.Clone(p.Params)
	if pref := p.Values("PREF"); len(pref) > 0 {
		p.dropParam("PREF")
		if pref[0] == "1" {
			p.addType("PREF")
		}
	}
	for i, param := range p.Params { // TYPE="voice,home": 3.0 has no list between quotes
		if param.Name == "TYPE" {
			p.Params[i].Values = p.Values("TYPE")
		}
	}
	switch p.Name {
	case "PHOTO", "LOGO", "SOUND", "KEY":
		p.fromURI()
	case "TEL":
		if number, ok := cutScheme(p.Value, "tel:"); ok {
			p.Value, _, _ = strings.Cut(number, ";")
			p.dropParam("VALUE")
		}
	case "GEO":
		if place, ok := cutScheme(p.Value, "geo:"); ok {
			lat, rest, _ := strings.Cut(place, ",")
			lon, _, _ := strings.Cut(strings.ReplaceAll(rest, ",", ";"), ";")
			p.Value = lat + ";" + lon
			p.dropParam("VALUE")
		}
	case "BDAY", "ANNIVERSARY", "REV":
		p.dateToV3()
	case "KIND", "MEMBER":
		p.Name = groupsOfApple[p.Name]
	}
	return p, p.String() != before
}

func cutScheme(value, scheme string) (rest string, ok bool) {
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return value, false
	}
	return value[len(scheme):], true
}

// toURI makes a file of base64 a data URI: 4.0 has no ENCODING.
func (p *Property) toURI() {
	encoding := p.Values("ENCODING")
	if len(encoding) == 0 || !slices.Contains([]string{"B", "BASE64"}, strings.ToUpper(encoding[0])) {
		return
	}
	kind := "application/octet-stream"
	if types := p.Values("TYPE"); len(types) > 0 {
		kind = mediaType(p.Name, types[0])
		p.dropType(types[0])
	}
	p.dropParam("ENCODING")
	p.dropParam("VALUE")
	p.Value = "data:" + kind + ";base64," + strings.Join(strings.Fields(p.Value), "")
}

// fromURI undoes toURI.
func (p *Property) fromURI() {
	data, ok := cutScheme(p.Value, "data:")
	kind, octets, isBase64 := strings.Cut(data, ";base64,")
	if !ok || !isBase64 {
		p.dropParam("MEDIATYPE")
		if strings.Contains(p.Value, ":") {
			p.setParam("VALUE", "uri")
		}
		return
	}
	_, kind, _ = strings.Cut(kind, "/")
	kind, _, _ = strings.Cut(kind, ";")
	p.dropParam("VALUE")
	p.dropParam("MEDIATYPE")
	p.setParam("ENCODING", "b")
	if kind != "" && isName(strings.NewReplacer("+", "-", ".", "-").Replace(kind)) {
		p.setParam("TYPE", strings.ToUpper(kind))
	}
	p.Value = octets
}

// mediaType is that of a 3.0 TYPE such as JPEG.
func mediaType(property, kind string) string {
	kind = strings.ToLower(kind)
	if strings.Contains(kind, "/") {
		return kind
	}
	switch property {
	case "SOUND":
		return "audio/" + kind
	case "KEY":
		return "application/" + kind
	}
	return "image/" + kind
}

var (
	dashedDate = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?)?$`)
	packedDate = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z|[+-]\d{2}:?\d{2})?)?$`)
	noYear     = regexp.MustCompile(`^--(\d{2})-?(\d{2})$`)
)

// omitYear is how Apple writes a birthday without year in 3.0.
const omitYear = "X-APPLE-OMIT-YEAR"

func (p *Property) dateToV4() {
	found := dashedDate.FindStringSubmatch(p.Value)
	if found == nil {
		return
	}
	if omitted := p.Values(omitYear); len(omitted) > 0 && omitted[0] == found[1] {
		p.dropParam(omitYear)
		p.Value = "--" + found[2] + found[3]
	} else {
		p.Value = found[1] + found[2] + found[3]
		if found[4] != "" {
			p.Value += "T" + found[4] + found[5] + found[6] + strings.ReplaceAll(found[7], ":", "")
		}
	}
	if kind := p.Values("VALUE"); len(kind) > 0 && strings.EqualFold(kind[0], "date") {
		p.dropParam("VALUE") // the default here
	}
}

func (p *Property) dateToV3() {
	if found := noYear.FindStringSubmatch(p.Value); found != nil {
		p.setParam(omitYear, "1604")
		p.Value = "1604-" + found[1] + "-" + found[2]
		return
	}
	if found := packedDate.FindStringSubmatch(p.Value); found != nil {
		p.Value = found[1] + "-" + found[2] + "-" + found[3]
		if found[4] != "" {
			p.Value += "T" + found[4] + ":" + found[5] + ":" + found[6] + found[7]
		}
	}
}

func (p *Property) dropParam(name string) {
	p.Params = slices.DeleteFunc(p.Params, func(param Param) bool { return param.Name == name })
}

func (p *Property) setParam(name, value string) {
	p.dropParam(name)
	p.Params = append(p.Params, Param{Name: name, Values: []string{value}})
}

// dropType takes a kind out of every TYPE, and says whether it was there.
func (p *Property) dropType(kind string) (found bool) {
	kept := make([]Param, 0, len(p.Params))
	for _, param := range p.Params {
		if param.Name == "TYPE" {
			var values []string
			for _, value := range (Property{Params: []Param{param}}).Values("TYPE") {
				if strings.EqualFold(value, kind) {
					found = true
				} else {
					values = append(values, value)
				}
			}
			if len(values) == 0 {
				continue
			}
			param.Values = values
		}
		kept = append(kept, param)
	}
	if found {
		p.Params = kept
	}
	return found
}

func (p *Property) addType(kind string) {
	for i, param := range p.Params {
		if param.Name == "TYPE" {
			p.Params[i].Values = append(p.Values("TYPE"), kind)
			return
		}
	}
	p.Params = append(p.Params, Param{Name: "TYPE", Values: []string{kind}})
}
