package scim

import (
	"net/http"
	"strings"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
)

// document is a description as JSON.
type document = map[string]any

// config says what is there (RFC 7643 §5).
func (s *Service) config() any {
	supported := func(is bool) document { return document{"supported": is} }
	return document{
		"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"documentationUri": s.URL + "/help",
		"patch":            supported(true), "changePassword": supported(false), "sort": supported(true), "etag": supported(true),
		"bulk":   document{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": document{"supported": true, "maxResults": maxCount},
		"authenticationSchemes": []document{
			{"type": "oauthbearertoken", "name": "Bearer", "description": "The base64 of a login and an app password, joined by a colon", "specUri": "https://www.rfc-editor.org/rfc/rfc6750", "primary": true},
			{"type": "httpbasic", "name": "Basic", "description": "A login and an app password", "specUri": "https://www.rfc-editor.org/rfc/rfc7617"},
		},
		"meta": document{"resourceType": "ServiceProviderConfig", "location": s.URL + Prefix + "/ServiceProviderConfig"},
	}
}

func (s *Service) resourceTypes() []document {
	kind := func(name, schema string, extensions ...document) document {
		return document{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name, "endpoint": "/" + name + "s",
			"schema": schema, "schemaExtensions": append([]document{}, extensions...),
			"meta": document{"resourceType": "ResourceType", "location": s.at("ResourceTypes", name)},
		}
	}
	return []document{kind("User", userSchema, document{"schema": enterpriseSchema, "required": false}), kind("Group", groupSchema)}
}

// named answers with one of some documents.
func (s *Service) named(all func() []document) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, one := range all() {
			if strings.EqualFold(one["id"].(string), web.Var(r, "id")) {
				return answer(w, http.StatusOK, one)
			}
		}
		return s.refuse(w, r, portal.ErrNotFound)
	}
}

// attribute describes one (RFC 7643 §7).
func attribute(name, kind, says string, more ...document) document {
	told := document{
		"name": name, "type": kind, "description": says, "multiValued": false, "required": false, "caseExact": false,
		"mutability": "readWrite", "returned": "default", "uniqueness": "none",
	}
	for _, one := range more {
		for key, value := range one {
			told[key] = value
		}
	}
	return told
}

var (
	readOnly = document{"mutability": "readOnly"}
	needed   = document{"required": true}
	exactly  = document{"caseExact": true}
	many     = document{"multiValued": true}
)

func parts(all ...document) document { return document{"subAttributes": all} }

func schemas() []document {
	schema := func(id, name, says string, all ...document) document {
		return document{
			"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "description": says, "attributes": all,
			"meta": document{"resourceType": "Schema", "location": Prefix + "/Schemas/" + id},
		}
	}
	var kinds []string
	for _, kind := range directory.AgentKinds {
		kinds = append(kinds, string(kind))
	}
	external := attribute("externalId", "string", "identifier at the provider", exactly)
	ref := func(of string) document { return document{"referenceTypes": []string{of}} }
	return []document{
		schema(userSchema, "User", "An agent of the collectivity",
			attribute("userName", "string", "what she is known by, one in the collectivity: without it, her login or her address", needed, document{"uniqueness": "server"}),
			external,
			attribute("name", "complex", "her name", parts(
				attribute("formatted", "string", "given and family name", readOnly), attribute("familyName", "string", "family name"), attribute("givenName", "string", "given name"))),
			attribute("displayName", "string", "given and family name", readOnly),
			attribute("title", "string", "her function"),
			attribute("userType", "string", "employed, of the council, or of another body", document{"canonicalValues": kinds}),
			attribute("active", "boolean", "false closes her card and lets her in no more"),
			attribute("emails", "complex", "her address: one is kept", many, parts(
				attribute("value", "string", "address"), attribute("type", "string", "kind", document{"canonicalValues": []string{"work"}}), attribute("primary", "boolean", "the one"))),
			attribute("phoneNumbers", "complex", "two are kept", many, parts(
				attribute("value", "string", "number, as written"), attribute("type", "string", "kind", document{"canonicalValues": []string{"work", "mobile"}}),
				attribute("primary", "boolean", "that of work, or the only one", readOnly))),
			attribute("groups", "complex", "the groups that she is in", many, readOnly, parts(
				attribute("value", "string", "identifier", readOnly, exactly), attribute("$ref", "reference", "address", readOnly, exactly, ref("Group")),
				attribute("display", "string", "name", readOnly), attribute("type", "string", "kind", readOnly, document{"canonicalValues": []string{"direct"}}))),
		),
		schema(enterpriseSchema, "EnterpriseUser", "Where she works",
			attribute("department", "string", "her unit, by its name or its identifier: it must be there"),
			attribute("manager", "complex", "her manager", parts(
				attribute("value", "string", "identifier of an agent", exactly), attribute("$ref", "reference", "address", readOnly, exactly, ref("User")), attribute("displayName", "string", "name", readOnly))),
		),
		schema(groupSchema, "Group", "A group of agents",
			attribute("displayName", "string", "its name, one in the collectivity", needed, document{"uniqueness": "server"}),
			external,
			attribute("members", "complex", "active agents; of a group that follows a rule they can't be written", many, parts(
				attribute("value", "string", "identifier of an agent", exactly, document{"mutability": "immutable"}),
				attribute("$ref", "reference", "address", exactly, ref("User"), document{"mutability": "immutable"}),
				attribute("display", "string", "name", readOnly), attribute("type", "string", "kind", document{"canonicalValues": []string{"User"}, "mutability": "immutable"}))),
		),
	}
}
