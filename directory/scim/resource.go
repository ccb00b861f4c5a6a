package scim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/directory"
	"parvis/portal"
)

// The schemas that are served.
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

type meta struct {
	Type     string     `json:"resourceType"`
	Created  *time.Time `json:"created,omitempty"`
	Modified *time.Time `json:"lastModified,omitempty"`
	Location string     `json:"location"`
	Version  string     `json:"version,omitempty"`
}

// User is an agent (RFC 7643 §4.1 and §4.3).
type User struct {
	Schemas     []string    `json:"schemas"`
	ID          string      `json:"id"`
	ExternalID  string      `json:"externalId,omitempty"`
	UserName    string      `json:"userName"`
	Name        name        `json:"name"`
	DisplayName string      `json:"displayName,omitempty"`
	Title       string      `json:"title,omitempty"`
	UserType    string      `json:"userType,omitempty"`
	Active      bool        `json:"active"`
	Emails      []value     `json:"emails,omitempty"`
	Phones      []value     `json:"phoneNumbers,omitempty"`
	Groups      []value     `json:"groups,omitempty"`
	Enterprise  *enterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Meta        meta        `json:"meta"`
}

type name struct {
	Formatted string `json:"formatted,omitempty"`
	Family    string `json:"familyName,omitempty"`
	Given     string `json:"givenName,omitempty"`
}

// value is one of several.
type value struct {
	Value   string `json:"value"`
	Ref     string `json:"$ref,omitempty"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type enterprise struct {
	Department string   `json:"department,omitempty"`
	Manager    *manager `json:"manager,omitempty"`
}

type manager struct {
	Value string `json:"value"`
	Ref   string `json:"$ref,omitempty"`
	Name  string `json:"displayName,omitempty"`
}

// Group is a group (RFC 7643 §4.2).
type Group struct {
	Schemas     []string `json:"schemas"`
	ID          string   `json:"id"`
	ExternalID  string   `json:"externalId,omitempty"`
	DisplayName string   `json:"displayName"`
	Members     []value  `json:"members,omitempty"`
	Meta        meta     `json:"meta"`
}

// list is a page of resources (RFC 7644 §3.4.2).
type list struct {
	Schemas   []string `json:"schemas"`
	Total     int      `json:"totalResults"`
	Start     int      `json:"startIndex"`
	Count     int      `json:"itemsPerPage"`
	Resources []any    `json:"Resources"`
}

func listOf(all []document) list {
	told := list{Schemas: []string{listSchema}, Total: len(all), Start: 1, Count: len(all), Resources: []any{}}
	for _, one := range all {
		told.Resources = append(told.Resources, one)
	}
	return told
}

func (s *Service) at(kind, id string) string {
	return s.URL + Prefix + "/" + kind + "/" + url.PathEscape(id)
}

func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// versionOf is the weak tag of what is written.
func versionOf(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		panic(err) // texts alone
	}
	sum := sha256.Sum256(text)
	return `W/"` + hex.EncodeToString(sum[:8]) + `"`
}

// known is an agent with what programs know her by.
type known struct {
	directory.Enrolled
	userName, external string
	created            time.Time
	boss               string // her manager's name
	groups             []directory.Group
}

func (k known) version() string {
	a := k.Agent
	return versionOf(a.GivenName, a.FamilyName, a.Function, a.Unit, a.UnitName, a.Email, a.Phone, a.Mobile, a.Kind, a.Manager, a.Active, k.userName, k.external, k.groups)
}

// user is how an agent is sent; version that of her whole card.
func (s *Service) user(k known, version string) User {
	u := User{
		Schemas: []string{userSchema, enterpriseSchema}, ID: string(k.ID), ExternalID: k.external, UserName: k.userName,
		Name: name{k.Name(), k.FamilyName, k.GivenName}, DisplayName: k.Name(), Title: k.Function, UserType: string(k.Kind), Active: k.Active,
		Meta: meta{"User", instant(k.created), instant(later(k.Changed, k.Closed)), s.at("Users", string(k.ID)), version},
	}
	if k.Changed.IsZero() && k.Closed.IsZero() {
		u.Meta.Modified = u.Meta.Created
	}
	if k.Email != "" {
		u.Emails = []value{{Value: k.Email, Type: "work", Primary: true}}
	}
	for _, phone := range []value{{Value: k.Phone, Type: "work", Primary: true}, {Value: k.Mobile, Type: "mobile", Primary: k.Phone == ""}} {
		if phone.Value != "" {
			u.Phones = append(u.Phones, phone)
		}
	}
	for _, group := range k.groups {
		u.Groups = append(u.Groups, value{Value: string(group.ID), Ref: s.at("Groups", string(group.ID)), Display: group.Name, Type: "direct"})
	}
	if k.UnitName != "" || k.Manager != "" {
		u.Enterprise = &enterprise{Department: k.UnitName}
		if k.Manager != "" {
			u.Enterprise.Manager = &manager{string(k.Manager), s.at("Users", string(k.Manager)), k.boss}
		}
	}
	return u
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// group is how a group is sent.
func (s *Service) group(one grouped) Group {
	g := Group{Schemas: []string{groupSchema}, ID: string(one.ID), ExternalID: one.external, DisplayName: one.Name, Meta: meta{Type: "Group", Location: s.at("Groups", string(one.ID))}}
	if !one.whole {
		return g
	}
	for _, member := range one.members {
		g.Members = append(g.Members, value{Value: string(member.ID), Ref: s.at("Users", string(member.ID)), Display: member.Name(), Type: "User"})
	}
	g.Meta.Version = one.version()
	return g
}

// grouped is a group with what programs know it by.
type grouped struct {
	directory.Group
	external string
	members  []directory.Agent
	whole    bool // its members were read
}

func (g grouped) version() string {
	ids := make([]string, len(g.members))
	for i, member := range g.members {
		ids[i] = string(member.ID)
	}
	slices.Sort(ids)
	return versionOf(g.Name, g.external, ids)
}

// always are sent whatever is asked for (RFC 7643 §2.2, "returned").
var always = []string{"id", "schemas"}

// shape leaves out of a resource what was not asked for (RFC 7644 §3.9).
func (a *asked) shape(resource any) (any, error) {
	only, without := attributesOf(a.URL.Query().Get("attributes")), attributesOf(a.URL.Query().Get("excludedAttributes"))
	if len(only) == 0 && len(without) == 0 {
		return resource, nil
	}
	text, err := json.Marshal(resource)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	prune(fields, "", func(path string) (keep, whole bool) {
		if slices.Contains(always, path) {
			return true, true
		}
		if len(only) > 0 {
			for _, one := range only {
				if one == path || strings.HasPrefix(path, one+".") {
					return true, true
				}
				if strings.HasPrefix(one, path+".") {
					keep = true
				}
			}
			return keep, false
		}
		return !slices.Contains(without, path), false
	})
	return fields, nil
}

// prune drops fields, by their path in lower case.
func prune(fields map[string]any, before string, judge func(path string) (keep, whole bool)) {
	for key, one := range fields {
		path := before + strings.ToLower(key)
		keep, whole := judge(path)
		if !keep {
			delete(fields, key)
		}
		if !keep || whole {
			continue
		}
		switch inner := one.(type) {
		case map[string]any:
			prune(inner, path+".", judge)
		case []any:
			for _, each := range inner {
				if inside, isMap := each.(map[string]any); isMap {
					prune(inside, path+".", judge)
				}
			}
		}
	}
}

// attributesOf reads a list of attributes, without the schemas that may stand before
// them.
func attributesOf(text string) []string {
	var all []string
	for one := range strings.SplitSeq(text, ",") {
		if one = canonical(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

// canonical is an attribute in lower case, one of the extension with its schema and a
// dot: "urn:…:user.department".
func canonical(path string) string {
	path = strings.ToLower(strings.TrimSpace(path))
	for _, core := range []string{userSchema, groupSchema} {
		path = strings.TrimPrefix(path, strings.ToLower(core)+":")
	}
	if rest, inside := strings.CutPrefix(path, strings.ToLower(enterpriseSchema)+":"); inside {
		return strings.ToLower(enterpriseSchema) + "." + rest
	}
	return path
}

// wants says whether an attribute is to be sent.
func (a *asked) wants(attribute string) bool {
	only, without := attributesOf(a.URL.Query().Get("attributes")), attributesOf(a.URL.Query().Get("excludedAttributes"))
	if len(only) > 0 {
		return slices.ContainsFunc(only, func(one string) bool { return one == attribute || strings.HasPrefix(one, attribute+".") })
	}
	return !slices.Contains(without, attribute)
}

// tell sends a resource with its version.
func (a *asked) tell(resource any, at meta) (any, error) {
	if at.Version != "" {
		a.header.Set("ETag", at.Version)
		if a.Method == http.MethodGet && strings.Contains(a.Header.Get("If-None-Match"), at.Version) {
			a.status = http.StatusNotModified
			return nil, nil
		}
	}
	if a.status == http.StatusCreated {
		a.header.Set("Location", at.Location)
	}
	return a.shape(resource)
}

// join fills in the groups of agents.
func (s *Service) join(ctx context.Context, caller portal.Caller, all []known) error {
	ids := make([]portal.AgentID, len(all))
	for i, one := range all {
		ids[i] = one.ID
	}
	of, err := s.Store.GroupsOfAgents(ctx, caller, ids)
	for i := range all {
		all[i].groups = of[all[i].ID]
	}
	return err
}

// nameBosses fills in the names of managers.
func (s *Service) nameBosses(ctx context.Context, caller portal.Caller, all []known) error {
	var bosses []portal.AgentID
	for _, one := range all {
		if one.Manager != "" {
			bosses = append(bosses, one.Manager)
		}
	}
	names, err := s.Store.Names(ctx, caller, bosses)
	for i := range all {
		all[i].boss = names[all[i].Manager]
	}
	return err
}
