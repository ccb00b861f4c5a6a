package portal

import (
	"errors"
	"fmt"
	"testing"
)

func TestIDsAreShortAndDistinct(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if len(id) != 16 || seen[id] {
			t.Fatalf("NewID() = %q, want 16 characters never seen before", id)
		}
		seen[id] = true
	}
	if got := len(NewSecret()); got != 52 {
		t.Errorf("len(NewSecret()) = %d, want 52", got)
	}
}

func TestTheLocalAdministratorHoldsEveryRightButThePools(t *testing.T) {
	admin := Caller{Rights: []Right{Admin}}
	for _, right := range Rights {
		if got, want := admin.Can(right), right != OperatePool; got != want {
			t.Errorf("admin.Can(%q) = %v, want %v", right, got, want)
		}
	}
	if (Caller{}).Can(Admin) {
		t.Error("the zero Caller is an administrator")
	}
	if err := (Caller{}).Require(EditNews); !errors.Is(err, ErrDenied) {
		t.Errorf("Require = %v, want ErrDenied", err)
	}
}

func TestAudienceTellsCollectivitiesAndGroupsApart(t *testing.T) {
	base := Caller{Collectivity: "bourg", Groups: []GroupID{"a", "b"}}
	same := Caller{Collectivity: "bourg", Groups: []GroupID{"a", "b"}, Agent: "another"}
	if base.Audience() != same.Audience() {
		t.Error("two agents with the same groups have different audiences")
	}
	others := []Caller{
		{Collectivity: "agglo", Groups: []GroupID{"a", "b"}},
		{Collectivity: "bourg", Groups: []GroupID{"a"}},
		{Collectivity: "bourg", Groups: []GroupID{"ab"}},
		{Collectivity: "bourg", Groups: []GroupID{"a"}, Rights: []Right{"b"}},
	}
	for _, other := range others {
		if other.Audience() == base.Audience() {
			t.Errorf("%+v shares the audience of %+v", other, base)
		}
	}
	if !base.InAudience(nil) || !base.InAudience([]GroupID{"z", "b"}) || base.InAudience([]GroupID{"z"}) {
		t.Error("InAudience does not follow the groups")
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	err := fmt.Errorf("calendar: create: %w", FieldErrors{Invalid("end", "calendar.error.end")})
	if !errors.Is(err, ErrInvalid) {
		t.Errorf("errors.Is(%v, ErrInvalid) = false", err)
	}
	if FieldErrors(nil).OrNil() != nil {
		t.Error("no field error is an error")
	}
}

// TestWhoDecidesAboutAnAgent manages the agents of her unit, and holds whatever she holds.
func TestWhoDecidesAboutAnAgent(t *testing.T) {
	in := func(units ...UnitID) Caller { return Caller{Collectivity: "bourg", Units: units} }
	narrowed := Caller{Collectivity: "bourg", Narrowed: []Holding{{Right: ManageAgents, Unit: "voirie", Above: []UnitID{"technique", "voirie"}}}}
	whole := Caller{Collectivity: "bourg", Rights: []Right{ManageAgents}}
	editor, elsewhere, below, above := in("technique", "voirie"), in("technique", "voirie"), in("parcs", "technique", "voirie"), in("technique", "voirie")
	editor.Rights = []Right{EditNews}
	elsewhere.Collectivity = "agglo"
	below.Narrowed = []Holding{{Right: ManageAgents, Unit: "parcs", Above: []UnitID{"parcs", "technique", "voirie"}}}
	above.Narrowed = []Holding{{Right: ManageAgents, Unit: "technique", Above: []UnitID{"technique"}}}
	for name, test := range map[string]struct {
		who, of Caller
		want    bool
	}{
		"in her unit":          {narrowed, in("technique", "voirie"), true},
		"below it":             {narrowed, in("parcs", "technique", "voirie"), true},
		"above it":             {narrowed, in("technique"), false},
		"beside it":            {narrowed, in("accueil"), false},
		"in none":              {narrowed, in(), false},
		"who holds more":       {narrowed, editor, false},
		"who manages a part":   {narrowed, below, true},
		"who manages above":    {narrowed, above, false},
		"in another one":       {narrowed, elsewhere, false},
		"anybody, by whole":    {whole, in(), true},
		"a manager, by whole":  {whole, above, true},
		"more, by whole":       {whole, editor, false},
		"by who holds nothing": {in("technique", "voirie"), in("technique", "voirie"), false},
		"by who edits alone":   {editor, in("technique", "voirie"), false},
	} {
		if got := test.who.Decides(test.of); got != test.want {
			t.Errorf("%s: Decides = %v, want %v", name, got, test.want)
		}
	}
}
