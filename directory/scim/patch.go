package scim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	filter "github.com/scim2/filter-parser/v2"

	"parvis/directory"
	"parvis/portal"
)

// draft is what a program writes of an agent.
type draft struct {
	userName, external                string
	given, family, formatted          string
	title, kind, email, phone, mobile string
	department, manager               string
	active                            bool
}

func draftOf(k known) draft {
	return draft{
		userName: k.userName, external: k.external, given: k.GivenName, family: k.FamilyName, title: k.Function, kind: string(k.Kind),
		email: k.Email, phone: k.Phone, mobile: k.Mobile, department: k.UnitName, manager: string(k.Manager), active: k.Active,
	}
}

// texts are the attributes that are one text.
func (d *draft) texts() map[string]*string {
	return map[string]*string{
		"username": &d.userName, "externalid": &d.external, "name.givenname": &d.given, "name.familyname": &d.family,
		"name.formatted": &d.formatted, "displayname": &d.formatted, "title": &d.title, ext + ".department": &d.department,
	}
}

// unkept are attributes of the schemas that a card has no place for: providers send them
// all the same, and what they hold is not lost there. Read-only ones are among them.
var unkept = []string{
	"schemas", "id", "meta", "groups", "nickname", "profileurl", "preferredlanguage", "locale", "timezone", "password", "ims", "photos", "addresses", "entitlements",
	"roles", "x509certificates", "name.middlename", "name.honorificprefix", "name.honorificsuffix",
	ext + ".employeenumber", ext + ".costcenter", ext + ".organization", ext + ".division", ext + ".manager.displayname", ext + ".manager.$ref",
}

// merge writes the attributes of an object.
func (d *draft) merge(object map[string]any) error {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := d.write(key, object[key], false); err != nil {
			return err
		}
	}
	return nil
}

// write writes a value where a path leads; add leaves other values of several.
func (d *draft) write(path string, value any, add bool) error {
	if strings.Contains(path, "[") {
		return d.writeSome(path, value)
	}
	at := canonical(path)
	if into := d.texts()[at]; into != nil {
		words, ok := plain(value)
		if !ok {
			return errValue(path)
		}
		*into = words
		return nil
	}
	switch at {
	case "active":
		is, ok := boolean(value)
		if !ok {
			return errValue(path)
		}
		d.active = is
		return nil
	case "usertype":
		if words, _ := plain(value); slices.Contains(directory.AgentKinds, directory.AgentKind(words)) {
			d.kind = words // others are the provider's own: "Employee"
		}
		return nil
	case "name", ext, strings.ToLower(userSchema):
		return d.inside(at, value)
	case "emails", "emails.value":
		return d.writeEmail(value)
	case "phonenumbers", "phonenumbers.value":
		return d.writePhones(value, add)
	case ext + ".manager", ext + ".manager.value":
		return d.writeManager(value)
	}
	above, _, _ := strings.Cut(at, ".")
	if strings.HasPrefix(at, ext) {
		above = at
	}
	if slices.Contains(unkept, at) || slices.Contains(unkept, above) || strings.HasPrefix(at, "urn:") && !strings.HasPrefix(at, ext) {
		return nil
	}
	return errPath(path)
}

// speaksOf says whether an object has something of a schema.
func speaksOf(object map[string]any, schema string) bool {
	for key := range object {
		if strings.HasPrefix(canonical(key), schema) {
			return true
		}
	}
	return false
}

// inside writes a complex attribute, or the attributes of a schema.
func (d *draft) inside(at string, value any) error {
	object, ok := value.(map[string]any)
	if value == nil {
		object, ok = map[string]any{}, true
	}
	if !ok {
		return errValue(at)
	}
	for key, one := range object {
		path := at + "." + key
		if strings.HasPrefix(at, "urn:") {
			path = at + ":" + key
		}
		if err := d.write(path, one, false); err != nil {
			return err
		}
	}
	return nil
}

// plain is a text; nothing is an empty one.
func plain(value any) (string, bool) {
	switch value := value.(type) {
	case nil:
		return "", true
	case string:
		return strings.TrimSpace(value), true
	}
	return "", false
}

// several are the values of an attribute that may have many: a list, one, or a text.
func several(value any) (all []map[string]any, ok bool) {
	switch value := value.(type) {
	case nil:
		return nil, true
	case string:
		return []map[string]any{{"value": value}}, true
	case map[string]any:
		return []map[string]any{value}, true
	case []any:
		for _, one := range value {
			inner, ok := several(one)
			if !ok || len(inner) > 1 {
				return nil, false
			}
			all = append(all, inner...)
		}
		return all, true
	}
	return nil, false
}

// field reads a sub-attribute whatever the case of its name.
func field(object map[string]any, name string) any {
	for key, value := range object {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}

// writeEmail keeps the main address, or that of work, or the first.
func (d *draft) writeEmail(value any) error {
	all, ok := several(value)
	if !ok {
		return errValue("emails")
	}
	d.email = ""
	best := -1
	for _, one := range all {
		rank := 0
		if is, _ := boolean(field(one, "primary")); is {
			rank = 2
		} else if kind, _ := plain(field(one, "type")); strings.EqualFold(kind, "work") {
			rank = 1
		}
		words, ok := plain(field(one, "value"))
		if !ok {
			return errValue("emails.value")
		}
		if rank > best && words != "" {
			best, d.email = rank, words
		}
	}
	return nil
}

// writePhones keeps a mobile and another one.
func (d *draft) writePhones(value any, add bool) error {
	all, ok := several(value)
	if !ok {
		return errValue("phoneNumbers")
	}
	if !add {
		d.phone, d.mobile = "", ""
	}
	for _, one := range all {
		words, ok := plain(field(one, "value"))
		if !ok {
			return errValue("phoneNumbers.value")
		}
		switch kind, _ := plain(field(one, "type")); strings.ToLower(kind) {
		case "mobile":
			d.mobile = words
		case "work", "", "other":
			d.phone = words
		}
	}
	return nil
}

// writeManager takes an identifier, by itself, in an object or in a list of one.
func (d *draft) writeManager(value any) error {
	all, ok := several(value)
	if !ok || len(all) > 1 {
		return errValue("manager")
	}
	d.manager = ""
	if len(all) == 1 {
		words, ok := plain(field(all[0], "value"))
		if !ok {
			return errValue("manager.value")
		}
		d.manager = words
	}
	return nil
}

// writeSome writes the values that a filter chooses: emails[type eq "work"].value.
func (d *draft) writeSome(path string, value any) error {
	parsed, err := parsePath(path)
	if err != nil {
		return err
	}
	if sub := parsed.SubAttributeName(); sub != "" && !strings.EqualFold(sub, "value") {
		return nil // of a value that is kept or not, its kind is ours
	}
	if all, ok := several(value); ok && len(all) == 1 {
		value = field(all[0], "value")
	}
	words, ok := plain(value)
	if !ok {
		return errValue(path)
	}
	hand := d.phone == "" && d.mobile != "" // her mobile is the main number
	slots := map[string][]slot{"emails": {{"work", true, &d.email}}, "phonenumbers": {{"work", !hand, &d.phone}, {"mobile", hand, &d.mobile}}}
	at := canonical(parsed.AttributePath.String())
	if _, known := slots[at]; !known && !slices.Contains(unkept, at) {
		return errPath(path)
	}
	for _, one := range slots[at] {
		if holds(parsed.ValueExpression, map[string]string{"type": one.kind, "value": *one.into, "primary": strconv.FormatBool(one.main)}) {
			*one.into = words
		}
	}
	return nil // a kind that a card has no place for: "fax"
}

// slot is the place that a card has for a value of several. One of them is the main one.
type slot struct {
	kind string
	main bool
	into *string
}

func parsePath(path string) (filter.Path, error) {
	if len(path) > maxFilter {
		return filter.Path{}, errPath(path)
	}
	parsed, err := filter.ParsePath([]byte(path))
	if err != nil {
		return filter.Path{}, errPath(path)
	}
	return parsed, nil
}

// holds says whether a value is one that a filter chooses.
func holds(node filter.Expression, of map[string]string) bool {
	switch node := node.(type) {
	case *filter.LogicalExpression:
		if node.Operator == filter.AND {
			return holds(node.Left, of) && holds(node.Right, of)
		}
		return holds(node.Left, of) || holds(node.Right, of)
	case *filter.NotExpression:
		return !holds(node.Expression, of)
	case *filter.AttributeExpression:
		has := strings.ToLower(of[strings.ToLower(node.AttributePath.AttributeName)])
		wanted, ok := textOf(node.CompareValue)
		if is, isTruth := node.CompareValue.(bool); isTruth {
			wanted, ok = strconv.FormatBool(is), true
		}
		wanted = strings.ToLower(wanted)
		switch node.Operator {
		case filter.PR:
			return has != ""
		case filter.EQ:
			return ok && has == wanted
		case filter.NE:
			return ok && has != wanted
		case filter.CO:
			return ok && strings.Contains(has, wanted)
		case filter.SW:
			return ok && strings.HasPrefix(has, wanted)
		case filter.EW:
			return ok && strings.HasSuffix(has, wanted)
		}
	}
	return false
}

// patch is a PATCH (RFC 7644 §3.5.2).
type patch struct {
	Operations []operation `json:"Operations"`
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patchOf reads one. Entra ID writes "Replace", with a capital.
func patchOf(a *asked) (patch, error) {
	var p patch
	if err := a.decode(&p); err != nil {
		return patch{}, err
	}
	if len(p.Operations) == 0 || len(p.Operations) > maxOperations {
		return patch{}, errSyntax
	}
	for i := range p.Operations {
		op := &p.Operations[i]
		op.Op = strings.ToLower(op.Op)
		if !slices.Contains([]string{"add", "replace", "remove"}, op.Op) {
			return patch{}, errSyntax
		}
		if op.Op == "remove" && op.Path == "" {
			return patch{}, refusal{http.StatusBadRequest, "noTarget", "scim.error.target", nil}
		}
	}
	return p, nil
}

// apply changes a draft.
func (p patch) apply(d *draft) error {
	for _, op := range p.Operations {
		var err error
		switch object, isObject := op.Value.(map[string]any); {
		case op.Op == "remove":
			err = d.remove(op.Path)
		case op.Path != "" && slices.Contains([]string{"id", "meta", "groups"}, canonical(op.Path)):
			err = errReadOnly(op.Path)
		case op.Path != "":
			err = d.write(op.Path, op.Value, op.Op == "add")
		case isObject:
			err = d.merge(object)
		default:
			err = errValue("value")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remove empties what a path leads to.
func (d *draft) remove(path string) error {
	switch canonical(path) {
	case "username", "active", "name.familyname", "name", "id", "meta", "groups":
		return errReadOnly(path)
	}
	return d.write(path, nil, false)
}

// crowd is what a program writes of a group.
type crowd struct {
	name, external string
	members        map[portal.AgentID]bool
}

// members reads identifiers of members.
func members(value any) (ids []portal.AgentID, err error) {
	all, ok := several(value)
	if !ok {
		return nil, errValue("members")
	}
	for _, one := range all {
		id, ok := plain(field(one, "value"))
		if kind, _ := plain(field(one, "type")); !ok || id == "" || kind != "" && !strings.EqualFold(kind, "User") {
			return nil, errValue("members.value") // groups are in no groups
		}
		ids = append(ids, portal.AgentID(id))
	}
	return ids, nil
}

// write writes an attribute of a group: whole replaces all members.
func (c *crowd) write(path string, value any, whole bool) error {
	switch canonical(path) {
	case "displayname", "externalid":
		words, ok := plain(value)
		if !ok {
			return errValue(path)
		}
		if canonical(path) == "displayname" {
			c.name = words
		} else {
			c.external = words
		}
		return nil
	case "members", "members.value":
		ids, err := members(value)
		if err != nil {
			return err
		}
		if whole {
			c.members = map[portal.AgentID]bool{}
		}
		for _, id := range ids {
			c.members[id] = true
		}
		return nil
	case "schemas", "id", "meta":
		return nil
	}
	if strings.HasPrefix(strings.ToLower(path), "urn:") {
		return nil
	}
	return errPath(path)
}

func (c *crowd) merge(object map[string]any, whole bool) error {
	for key, value := range object {
		if err := c.write(key, value, whole); err != nil {
			return err
		}
	}
	return nil
}

// applyTo changes a group.
func (p patch) applyTo(c *crowd) error {
	for _, op := range p.Operations {
		object, isObject := op.Value.(map[string]any)
		var err error
		switch {
		case op.Op == "remove":
			err = c.remove(op.Path, op.Value)
		case slices.Contains([]string{"id", "meta"}, canonical(op.Path)):
			err = errReadOnly(op.Path)
		case op.Path != "":
			err = c.write(op.Path, op.Value, op.Op == "replace")
		case isObject:
			err = c.merge(object, op.Op == "replace")
		default:
			err = errValue("value")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remove takes members out: all, those that a filter chooses, or, as Entra ID writes it,
// those of the value.
func (c *crowd) remove(path string, value any) error {
	switch canonical(path) {
	case "externalid":
		c.external = ""
		return nil
	case "displayname", "id", "meta":
		return errReadOnly(path)
	}
	parsed, err := parsePath(path)
	if err != nil {
		return err
	}
	if canonical(parsed.AttributePath.String()) != "members" {
		return errPath(path)
	}
	switch {
	case parsed.ValueExpression != nil:
		for id := range c.members {
			if holds(parsed.ValueExpression, map[string]string{"value": string(id), "type": "User"}) {
				delete(c.members, id)
			}
		}
	case value != nil:
		ids, err := members(value)
		if err != nil {
			return err
		}
		for _, id := range ids {
			delete(c.members, id)
		}
	default:
		c.members = map[portal.AgentID]bool{}
	}
	return nil
}
