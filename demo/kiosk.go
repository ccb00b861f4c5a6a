package demo

import (
	"context"
	"fmt"

	"parvis/directory"
	"parvis/kiosk"
	"parvis/portal"
	"parvis/server"
)

// Yard is the kiosk of bourg's depot, and who enters there.
type Yard struct {
	Address string `json:"address"` // opens it once, on one device
	PINs    []PIN  `json:"pins"`
}

// PIN is the code of an agent.
type PIN struct {
	Name string `json:"name"`
	PIN  string `json:"pin"`
}

// depot is its name, of the unit of all that have no desk.
const (
	depot     = "Centre technique municipal"
	depotUnit = "techniques"
)

// depotPINs are the codes of two agents of the depot, by their logins.
var depotPINs = []struct{ login, name, pin string }{
	{"kevin.vaudoit@bourg.example", "Kévin Vaudoit", "7294"},
	{"teddy.hoarau@bourg.example", "Teddy Hoarau", "386150"},
}

// kiosks adds the depot's, and has two of its agents choose their codes.
func (l *loader) kiosks() error {
	admin, err := l.steward("bourg")
	if err != nil {
		return err
	}
	_, _, err = l.server.Kiosks.Create(l.ctx, admin, kiosk.Kiosk{Name: depot, Place: "Vestiaire", For: portal.Subject{Kind: portal.TheUnit, ID: depotUnit}}, "")
	if err != nil {
		return err
	}
	for _, one := range depotPINs {
		caller, _, err := l.caller("bourg", one.login, "")
		if err != nil {
			return err
		}
		if err := l.server.Kiosks.Choose(l.ctx, caller, one.pin, one.pin, ""); err != nil {
			return fmt.Errorf("%s: %w", one.login, err)
		}
	}
	return nil
}

// OpenYard gives the depot's kiosk a code, so that each start of the demo prints an address that opens it.
func OpenYard(ctx context.Context, s *server.Server, base string) (yard Yard, err error) {
	installation := directory.Installation("bourg")
	all, err := s.Kiosks.List(ctx, installation)
	for _, one := range all {
		if err == nil && one.Name == depot {
			var code string
			code, err = s.Kiosks.Recode(ctx, installation, one.ID, "")
			yard.Address = kiosk.OpeningLink(base, code)
		}
	}
	for _, one := range depotPINs {
		yard.PINs = append(yard.PINs, PIN{one.name, one.pin})
	}
	if err != nil {
		return Yard{}, fmt.Errorf("demo: open the depot's kiosk: %w", err)
	}
	return yard, nil
}
