package cas_test

import (
	"testing"

	"parvis/directory"
	"parvis/portal"
)

// TestATicketEndsWithItsCollectivity: suspended, it vouches for nobody.
func TestATicketEndsWithItsCollectivity(t *testing.T) {
	p := portalWith(t)
	ticket := ticketOf(t, p.As(agent), finances)
	operator := portal.Caller{Rights: []portal.Right{portal.OperatePool}}
	if err := p.Directory.Suspend(t.Context(), operator, "bourg", directory.Suspension{Reason: "Essai"}, ""); err != nil {
		t.Fatal(err)
	}
	if got := validate(t, p, finances, ticket).code(); got != "INVALID_TICKET" {
		t.Errorf("of a suspended collectivity: %q", got)
	}
}
