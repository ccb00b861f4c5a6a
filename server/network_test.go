package server_test

import (
	"strings"
	"testing"

	"parvis/server/servertest"
)

// TestAnOperatorAllowsInternalAddresses, tries one with what holds, and both journals say so.
func TestAnOperatorAllowsInternalAddresses(t *testing.T) {
	p := servertest.New(t)
	op, path := p.As(operator), "/pool/collectivities/bourg/outgoing"
	op.Post(path, "do", "save", "networks", "10.1.2.0/24\n127.0.0.1").Want(t, 422, `id="networks-error"`, "127.0.0.1", "10.1.2.0/24\n127.0.0.1</textarea>")
	op.Post(path, "do", "test", "address", strings.TrimPrefix(p.URL, "http://")).Want(t, 200, "n’est pas permis à cette collectivité")
	op.Post(path, "do", "test", "address", "bourg").Want(t, 422, `id="address-error"`)
	op.Post(path, "do", "save", "networks", "10.1.2.0/24\n192.168.1.9\n").Want(t, 303)
	op.Get(path).Want(t, 200, "10.1.2.0/24\n192.168.1.9\n")
	if strings.Contains(op.Get("/pool/collectivities/agglo/outgoing").Body, "10.1.2.0/24</textarea>") {
		t.Error("another collectivity has them")
	}
	op.Get("/pool/journal").Want(t, 200, "Adresses internes permises")
	p.As("admin@bourg.example").Get("/admin/journal").Want(t, 200, "Adresses internes permises")
}

// TestAnOperatorIsToldOfWhatAnotherSaved over limits and addresses; saved again, hers hold.
func TestAnOperatorIsToldOfWhatAnotherSaved(t *testing.T) {
	p := servertest.New(t)
	op := p.As(operator)
	for _, c := range []struct {
		path, field, first, second, told, kept string
		more                                   []string
	}{
		{"/pool/collectivities/bourg/outgoing", "networks", "10.1.2.0/24", "10.9.9.0/24", "entre-temps : 10.1.2.0/24.", "10.9.9.0/24", []string{"do", "save"}},
		{"/pool/collectivities/bourg/quotas", "agents", "901", "902", "a fixé cette limite à 901 entre-temps", `value="902"`, []string{"choice-agents", "bound"}},
		{"/pool/quotas", "agents", "903", "904", "a fixé cette limite à 903 entre-temps", `value="904"`, []string{"choice-agents", "bound"}},
	} {
		shown := func(body string) string { return between(t, body, `name="shown" value="`, `"`) }
		before := shown(op.Get(c.path).Body)
		post := func(shown, typed string) servertest.Answer {
			return op.Post(c.path, append(c.more[:len(c.more):len(c.more)], c.field, typed, "shown", shown)...)
		}
		post(before, c.first).Want(t, 303)
		post(before, "0/0").Want(t, 422, `name="shown" value="`+before+`"`)
		refused := post(before, c.second).Want(t, 409, c.told, c.kept)
		post(shown(refused.Body), c.second).Want(t, 303)
		op.Get(c.path).Want(t, 200, c.kept)
	}
	path := "/pool/collectivities/bourg/quotas"
	shown := func(body string) string { return between(t, body, `name="shown" value="`, `"`) }
	before := shown(op.Get(path).Body)
	op.Post(path, "shown", before, "choice-agents", "bound", "agents", "905", "choice-documents", "bound", "documents", "7").Want(t, 303)
	refused := op.Post(path, "shown", before, "choice-agents", "bound", "agents", "906", "choice-documents", "pool").Want(t, 409, `value="906"`, `name="choice-documents" value="bound" checked`, `name="documents" value="7"`)
	op.Post(path, "shown", shown(refused.Body), "choice-agents", "bound", "agents", "906", "choice-documents", "bound", "documents", "7").Want(t, 303)
	before = shown(op.Get(path).Want(t, 200, `value="906"`, `value="7"`).Body)
	op.Post(path, "shown", before, "choice-agents", "bound", "agents", "906", "choice-documents", "bound", "documents", "8").Want(t, 303)
	op.Post(path, "shown", before, "choice-agents", "bound", "agents", "907", "choice-documents", "bound", "documents", "7").Want(t, 303) // each another one
	op.Get(path).Want(t, 200, `value="907"`, `value="8"`)
}
