package quota_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/quota"
)

// TestWhoGovernsWhatIsCountedIsTold, from nine tenths of a bound, of her collectivity alone.
func TestWhoGovernsWhatIsCountedIsTold(t *testing.T) {
	held := map[portal.CollectivityID]int64{"below": 89, "near": 90, "full": 100, "beyond": 120}
	uses := map[quota.Kind]quota.Use{}
	for _, kind := range quota.Kinds {
		uses[kind] = quota.Use{All: func(context.Context) (map[portal.CollectivityID]int64, error) { return held, nil }}
	}
	store := quota.New(databasetest.New(t), slog.New(slog.DiscardHandler), uses)
	operator := portal.Caller{Rights: []portal.Right{portal.OperatePool}}
	if err := store.Set(t.Context(), operator, "", "", map[quota.Kind]int64{quota.Agents: 100, quota.Documents: 100}, ""); err != nil {
		t.Fatal(err)
	}
	told := func(id portal.CollectivityID, right portal.Right) (keys []string) {
		t.Helper()
		all, err := store.Concerns(t.Context(), portal.Caller{Collectivity: id, Rights: []portal.Right{right}})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			keys = append(keys, one.Key)
		}
		return keys
	}
	for _, c := range []struct {
		id    portal.CollectivityID
		right portal.Right
		want  []string
	}{
		{"below", portal.Admin, nil},
		{"near", portal.Admin, []string{"quota.near.documents", "quota.near.agents"}},
		{"full", portal.Admin, []string{"quota.full.documents", "quota.full.agents"}},
		{"beyond", portal.ManageAgents, []string{"quota.full.agents"}},
		{"full", portal.EditNews, nil},
		{"elsewhere", portal.Admin, nil},
	} {
		if diff := cmp.Diff(c.want, told(c.id, c.right)); diff != "" {
			t.Errorf("%s with %s (-want +got)\n%s", c.id, c.right, diff)
		}
	}
}

// TestWhatAnotherOperatorBoundIsNotLost: who saw other bounds is told of each that is
// another now, and what is sent twice is no other change.
func TestWhatAnotherOperatorBoundIsNotLost(t *testing.T) {
	db, ctx := databasetest.New(t), t.Context()
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	one := func(context.Context, portal.CollectivityID) (int64, error) { return 0, nil }
	uses := map[quota.Kind]quota.Use{}
	for _, kind := range quota.Kinds {
		uses[kind] = quota.Use{One: one, All: func(context.Context) (map[portal.CollectivityID]int64, error) { return nil, nil }}
	}
	store := quota.New(db, slog.New(slog.DiscardHandler), uses)
	operator := portal.Caller{Rights: []portal.Right{portal.OperatePool}}
	got := func(shown string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return shown
	}
	var held []string
	for _, id := range []portal.CollectivityID{"", "bourg"} {
		for _, c := range []struct {
			shown string
			typed map[quota.Kind]int64
			told  []string
		}{
			{"", map[quota.Kind]int64{quota.Agents: 10}, nil},
			{"", map[quota.Kind]int64{quota.Agents: 10}, nil}, // sent twice
			{"", map[quota.Kind]int64{quota.Agents: 20}, []string{"agents quota.meanwhile.bound"}},
			{"", map[quota.Kind]int64{quota.Letters: 5}, nil}, // the agents stay
			{"agents=10 letters=5", map[quota.Kind]int64{quota.Agents: quota.None, quota.Documents: 3 << 20}, nil},
			{"agents=10 letters=5", map[quota.Kind]int64{quota.Agents: 7, quota.Documents: 9, quota.Letters: 6}, []string{"documents quota.meanwhile.documents", "agents quota.meanwhile.none", "letters quota.meanwhile.left"}},
			{"documents=3145728", map[quota.Kind]int64{quota.Documents: 3 << 20, quota.Letters: 8}, nil}, // the agents stay
			{"documents=3145728 agents=-1 letters=8", nil, nil},
		} {
			err := store.Set(ctx, operator, id, c.shown, c.typed, "")
			var others portal.FieldErrors
			var told []string
			if errors.As(err, &others) && errors.Is(err, portal.ErrConflict) {
				for _, other := range others {
					told = append(told, other.Field+" "+other.Key)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.told, told); diff != "" {
				t.Errorf("%q over %q, %v (-want +got)\n%s", id, c.shown, c.typed, diff)
			}
			held = append(held, got(store.Shown(ctx, operator, id)))
			if shown, err := store.Shown(ctx, operator, "agglo"); err != nil || shown != "" {
				t.Fatalf("another collectivity has %q, %v", shown, err)
			}
		}
	}
	once := []string{"agents=10", "agents=10", "agents=10", "agents=10 letters=5", "documents=3145728 agents=-1", "documents=3145728 agents=-1", "documents=3145728 agents=-1 letters=8", ""}
	if diff := cmp.Diff(append(once, once...), held); diff != "" {
		t.Errorf("what was held after each (-want +got)\n%s", diff)
	}
	for kind, bound := range map[quota.Kind]int64{quota.Agents: -2, quota.Documents: 1<<50 + 1} {
		if err := store.Set(ctx, operator, "bourg", "", map[quota.Kind]int64{kind: bound}, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s=%d: %v", kind, bound, err)
		}
	}
	for what, admin := range map[string]portal.Caller{
		"nobody's": {Collectivity: "bourg"}, "another collectivity's": {Collectivity: "agglo", Rights: []portal.Right{portal.Admin}},
	} {
		if _, err := store.Of(ctx, admin, "bourg"); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s administrator reads what is held: %v", what, err)
		}
		if _, err := store.Shown(ctx, admin, "bourg"); !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s administrator reads bounds: %v", what, err)
		}
	}
	if _, err := store.Of(ctx, portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}, "bourg"); err != nil {
		t.Errorf("her own: %v", err)
	}
}
