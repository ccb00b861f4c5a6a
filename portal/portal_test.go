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
