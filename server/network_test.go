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
