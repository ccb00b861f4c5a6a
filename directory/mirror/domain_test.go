package mirror_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"parvis/directory/ldapdir"
	"parvis/directory/mirror"
	"parvis/e2e/servers"
	"parvis/sso"
)

// TestADomainIsMirrored: a real Active Directory domain, with its nested groups,
// its closed accounts and its tree.
func TestADomainIsMirrored(t *testing.T) {
	ctx, d, domain := context.Background(), newDesk(t), servers.ActiveDirectory(t)
	settings := ldapdir.Settings{Kind: ldapdir.ActiveDirectory, URL: domain.URL, BindDN: domain.BindDN, BaseDN: domain.BaseDN}
	method := sso.Method{Collectivity: "bourg", Kind: sso.LDAP, Secret: domain.BindPassword, CA: string(got(os.ReadFile(domain.CAFile))(t))}
	method.Settings = got(json.Marshal(settings))(t)
	must(t, d.methods.Set(ctx, method))
	wanted := got(d.Of(ctx, d.admin["bourg"]))(t).Settings
	wanted.People.Base, wanted.Groups.Base = "OU=Agents,"+domain.BaseDN, "OU=Groupes,"+domain.BaseDN
	wanted.WithGroups, wanted.People.Filter = true, "(&"+wanted.People.Filter+"(mail=*))"
	d.begin(t, "bourg", wanted)
	d.runs(t, "bourg", mirror.Done)
	marc := servers.PersonByUID("marc.dupont")
	card := d.agent(t, "bourg", "dupont")
	if card.Function != marc.Title || card.Email != marc.Mail || len(card.SourceKey) != 36 {
		t.Errorf("card = %+v, want what the domain says of %+v", card, marc)
	}
	there := map[string]bool{}
	for _, agent := range got(d.store.MirrorState(ctx, "bourg"))(t).Agents {
		there[agent.Email] = true
	}
	for account, want := range map[string]bool{"desactive@bourg.example": false, "expire@bourg.example": false, "emboite@bourg.example": true} {
		if there[account] != want {
			t.Errorf("%s is there: %v, want %v", account, there[account], want)
		}
	}
	nested := d.agent(t, "bourg", "emboite@bourg.example")
	names := map[string]int{}
	for _, group := range got(d.store.CountedGroups(ctx, d.admin["bourg"]))(t) {
		names[group.Name] = group.Members
	}
	for _, name := range servers.NestedGroups() {
		if names[name] != 1 {
			t.Errorf("%s has %d members, want the one who is in it through others", name, names[name])
		}
	}
	again := d.runs(t, "bourg", mirror.Done)
	if again.Changed() {
		t.Errorf("a second run changed %v", again.Counts)
	}
	domain.Disable(t, "emboite")
	if run := d.runs(t, "bourg", mirror.Done); run.Leaving() != 1 {
		t.Errorf("counts = %v, want one departure", run.Counts)
	}
	domain.Modify(t, "dn: CN=emboite,OU=Agents,"+domain.BaseDN+"\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 512\n")
	d.runs(t, "bourg", mirror.Done)
	if back := d.agent(t, "bourg", "emboite@bourg.example"); back.ID != nested.ID {
		t.Error("who came back is another agent")
	}
	domain.Modify(t, "dn: CN=parti,OU=Agents,"+domain.BaseDN+"\nchangetype: modify\ndelete: mail\n")
	if run := d.runs(t, "bourg", mirror.Done); run.Leaving() != 1 {
		t.Errorf("counts = %v, want one departure", run.Counts)
	}
}
