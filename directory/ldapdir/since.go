package ldapdir

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
)

const (
	// sinceTime bounds one answer: the keys of all who did not change are in it.
	sinceTime = 30 * time.Second
	// someManagers is how many managers are read one by one; for more, all are listed.
	someManagers = 20
)

// errUntold: the server does not tell all that changed since a stamp. Everybody is listed.
var errUntold = errors.New("ldapdir: what changed is not told")

// since is what a server tells of a branch by content synchronization (RFC 4533), which
// syncprov gives on OpenLDAP.
type since struct {
	changed []*ldap.Entry
	there   map[string]bool // keys of who is there, changed or not; nil where gone says who left
	gone    []string
}

// since reads what changed of the people, and who left. It lists nobody: it is errUntold
// where that would not tell all that a list does.
func (r *reader) since() error {
	before := r.known.Stamp
	if order := r.found.Stamp.Since(before); r.known.Versions == nil || r.isAD() || before == "" || order != Later && order != Equal ||
		!strings.EqualFold(r.wanted.Attributes.Key, entryUUID) {
		return errUntold
	}
	// The move of a branch changes no entry below it.
	around, err := r.sync(Branch{r.wanted.People.Base, "(!(objectClass=person))"}, noAttribute)
	if err != nil {
		return err
	}
	if len(around.changed) > 0 {
		return errUntold
	}
	told, err := r.sync(r.wanted.People, append(r.personAttributes(), r.versionAttributes()...)...)
	if err != nil {
		return err
	}
	if told.there != nil || r.wanted.Groups.Base != "" {
		if err := r.versions(); err != nil {
			return err
		}
	}
	if err := r.units(); err != nil {
		return err
	}
	for _, step := range []func(told *since) error{r.tell, r.tellManagers, r.tellGroups} {
		if err := step(told); err != nil {
			return err
		}
	}
	r.found.Partly = true
	return nil
}

// tell fills in who changed and who left.
func (r *reader) tell(told *since) error {
	changed := map[string]bool{}
	for _, entry := range told.changed {
		one := r.person(entry)
		if one.Key == "" || changed[one.Key] {
			return errUntold
		}
		one.Version = r.version(entry)
		changed[one.Key] = true
		r.found.People = append(r.found.People, one)
	}
	for _, key := range told.gone {
		if !changed[key] {
			r.found.Gone = append(r.found.Gone, key)
		}
	}
	if told.there == nil {
		return nil
	}
	r.found.Shown = len(changed)
	for key := range told.there {
		if changed[key] {
			continue
		}
		if r.found.Shown++; r.before[key] == "" {
			return errUntold // shown since without a change, by a right of the service account
		}
	}
	for key, version := range r.before {
		if version != "" && !told.there[key] && !changed[key] {
			r.found.Gone = append(r.found.Gone, key)
		}
	}
	return nil
}

// tellManagers finds the keys of the managers of those who changed.
func (r *reader) tellManagers(*since) error {
	keys := map[string]string{}
	for i := range r.found.People {
		one := &r.found.People[i]
		if one.managerDN == "" {
			continue
		}
		at := foldDN(one.managerDN)
		if _, asked := keys[at]; !asked {
			if len(keys) == someManagers {
				return errUntold
			}
			entry, err := r.entry(one.managerDN, r.wanted.Attributes.Key)
			if err != nil && !ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultReferral) {
				return err
			}
			keys[at] = ""
			if entry != nil {
				keys[at] = r.wanted.Attributes.key(entry)
			}
		}
		one.Manager = keys[at]
	}
	return nil
}

// tellGroups is errUntold where members may be others than they were: they are named by
// where they are, which a list tells.
func (r *reader) tellGroups(*since) error {
	if r.wanted.Groups.Base == "" {
		return nil
	}
	for _, one := range r.found.People {
		_, place, _ := strings.Cut(one.Version, " ")
		if _, was, known := strings.Cut(r.before[one.Key], " "); !known || was != place {
			return errUntold
		}
	}
	same, err := r.sameGroups()
	if err == nil && (!same || r.found.Keyless > 0) {
		err = errUntold
	}
	return err
}

// sync asks for what changed in a branch since the stamp that the caller knows.
func (r *reader) sync(branch Branch, attributes ...string) (*since, error) {
	ctx, cancel := context.WithTimeout(r.ctx, sinceTime)
	defer cancel()
	r.conn.SetTimeout(sinceTime)
	defer r.conn.SetTimeout(operationTimeout)
	request := r.request(branch, attributes...)
	request.TimeLimit = int(sinceTime / time.Second)
	const ahead = 64
	cookie := "rid=000,csn=" + strings.ReplaceAll(string(r.known.Stamp), " ", ";")
	answer := r.conn.Syncrepl(ctx, request, ahead, ldap.SyncRequestModeRefreshOnly, []byte(cookie), true)
	r.found.Asked++
	told, ended, elsewhere := &since{there: map[string]bool{}}, false, false
	for answer.Next() {
		if answer.Entry() != nil {
			r.found.Received++
		}
		if referral := answer.Referral(); referral != "" && !ownPartition(referral) {
			elsewhere = true
		}
		for _, control := range answer.Controls() {
			ended = told.note(answer.Entry(), control) || ended
		}
	}
	switch err := answer.Err(); {
	case r.ctx.Err() != nil:
		return nil, r.ctx.Err()
	case broken(err) && !ldap.IsErrorWithCode(err, ldap.LDAPResultTimeLimitExceeded):
		return nil, err
	case err != nil || !ended || elsewhere: // no such control, more than it gives at once, a stamp that it does not know
		return nil, errUntold
	}
	return told, nil
}

// note takes what a control tells, of an entry or of many, and says whether it ends the
// answer.
func (s *since) note(entry *ldap.Entry, control ldap.Control) (ended bool) {
	switch control := control.(type) {
	case *ldap.ControlSyncState:
		switch key := control.EntryUUID.String(); control.State {
		case ldap.SyncStatePresent:
			s.there[key] = true
		case ldap.SyncStateDelete:
			s.gone = append(s.gone, key)
		default:
			s.changed = append(s.changed, entry)
		}
	case *ldap.ControlSyncInfo:
		set := control.SyncIdSet
		if set == nil {
			return false
		}
		for _, key := range set.SyncUUIDs {
			if set.RefreshDeletes {
				s.gone = append(s.gone, key.String())
			} else {
				s.there[key.String()] = true
			}
		}
	case *ldap.ControlSyncDone:
		if control.RefreshDeletes {
			s.there = nil // who is there was not told
		}
		return true
	}
	return false
}
