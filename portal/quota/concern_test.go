package quota_test

import (
	"context"
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
	if err := store.Set(t.Context(), operator, "", map[quota.Kind]int64{quota.Agents: 100, quota.Documents: 100}, ""); err != nil {
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
