package cas_test

import "testing"

// TestATicketEndsWithItsCollectivity: suspended, it vouches for nobody.
func TestATicketEndsWithItsCollectivity(t *testing.T) {
	p := portalWith(t)
	ticket := ticketOf(t, p.As(agent), finances)
	p.Suspend("bourg")
	if got := validate(t, p, finances, ticket).code(); got != "INVALID_TICKET" {
		t.Errorf("of a suspended collectivity: %q", got)
	}
}
