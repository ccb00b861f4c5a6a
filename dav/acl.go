package dav

import (
	"encoding/xml"
	"errors"

	"parvis/portal"
)

// ACE is one entry of an access control list (RFC 3744 §5.5), which grants.
type ACE struct {
	Principal string // address of a principal; "" for whoever is signed in
	Privileges
}

// Guarded is a resource that says who has which privileges on it, as far as its caller may know. One
// that is not says those of its caller.
type Guarded interface{ ACL() []ACE }

// errProtected refuses to change an access control list (RFC 3744 §8.1.1): who may what is chosen on
// pages, where it is understood.
var errProtected = Forbidden(Name("no-protected-ace-conflict"))

// aclOf is DAV:acl: it is read here and changed on pages, so that all of it is protected.
func aclOf(r Resource, caller string, own Privileges) Value {
	all := accessOf(r, caller, own)
	return func(w *Writer) {
		for _, ace := range all {
			w.Element(Name("ace"), func() {
				w.Element(Name("principal"), func() {
					if ace.Principal == "" {
						w.Empty(Name("authenticated"))
					} else {
						w.Href(ace.Principal)
					}
				})
				w.Element(Name("grant"), func() { ace.value()(w) })
				w.Empty(Name("protected"))
			})
		}
	}
}

// accessOf are the entries of a resource's access control list.
func accessOf(r Resource, caller string, own Privileges) []ACE {
	if guarded, ok := r.(Guarded); ok {
		return guarded.ACL()
	}
	return []ACE{{Principal: caller, Privileges: own}}
}

// aclPrincipals answers acl-principal-prop-set (RFC 3744 §9.2): properties of those whom an access control
// list names. Who left since is left out.
func (q *query) aclPrincipals(r Resource, root *Node) error {
	want, err := WantedOf(root, q.minimal())
	if err != nil {
		return err
	}
	if err := q.learn(r, []xml.Name{Name("acl")}); err != nil {
		return err
	}
	m := q.multistatus(want)
	told := map[string]bool{"": true} // whoever is signed in is no principal
	for _, ace := range accessOf(r, PrincipalHref(q.caller.Agent), Privileges{}) {
		if told[ace.Principal] || len(told) > maxExpanded {
			continue
		}
		told[ace.Principal] = true
		one, err := q.reach(ace.Principal)
		if errors.Is(err, portal.ErrNotFound) {
			continue
		}
		if err != nil {
			return m.finish(err, "")
		}
		m.Resource(ace.Principal, one)
	}
	return m.end("")
}

// supportedPrivileges is the tree of privileges (RFC 3744 §5.3).
func supportedPrivileges(w *Writer) {
	w.supported("all", "Everything", func() {
		w.supported("read", "Read", func() {
			w.supported("read-current-user-privilege-set", "Read own privileges", nil)
			w.Element(Name("supported-privilege"), func() {
				w.Element(Name("privilege"), func() { w.Empty(readFreeBusy) })
				w.Text(Name("description"), "Read when somebody is taken")
			})
		})
		w.supported("write", "Write", func() {
			w.supported("write-content", "Change", nil)
			w.supported("write-properties", "Change properties", nil)
			w.supported("bind", "Add", nil)
			w.supported("unbind", "Delete", nil)
		})
	})
}

func (w *Writer) supported(privilege, description string, inside func()) {
	w.Element(Name("supported-privilege"), func() {
		w.Element(Name("privilege"), func() { w.Empty(Name(privilege)) })
		w.Text(Name("description"), description)
		if inside != nil {
			inside()
		}
	})
}
