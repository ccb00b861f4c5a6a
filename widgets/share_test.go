package widgets

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"parvis/portal"
)

// TestASlowCollectivityLeavesLoadersToTheOthers: however many of its agents
// wait, those of any other are loaded at once.
func TestASlowCollectivityLeavesLoadersToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := named("mail", func(ctx context.Context, request Request) (Content, error) {
			if request.Caller.Collectivity == "bourg" || request.Caller.Collectivity == "agglo" {
				<-ctx.Done()
				return Content{}, ctx.Err()
			}
			return Content{Items: []Item{{Title: "unread"}}}, nil
		})
		h := testHost(t, Limits{Loaders: 64}, slow)
		defer closeHost(t, h)
		var waiting sync.WaitGroup
		defer waiting.Wait()
		for i := range 20 {
			rd := testReader(t, fmt.Sprint("agent", i))
			rd.caller.Collectivity = []portal.CollectivityID{"bourg", "agglo"}[i%2]
			waiting.Go(func() { ask(h, "mail", rd, time.Second) })
		}
		synctest.Wait()
		rd := testReader(t, "ada")
		rd.caller.Collectivity = "syndicat"
		began := time.Now()
		if got := titleOf(ask(h, "mail", rd, time.Second)); got != "unread" || time.Since(began) != 0 {
			t.Errorf("another collectivity's box = %q after %v, want it at once", got, time.Since(began))
		}
	})
}

func TestALoaderThatComesBackIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShare(1)
		if err := s.acquire(t.Context(), "bourg"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.acquire(ctx, "agglo"); err == nil {
			t.Error("one loader is held twice")
		}
		go func() {
			time.Sleep(time.Second)
			s.release("bourg")
		}()
		if err := s.acquire(t.Context(), "bourg"); err != nil || len(s.holds) != 1 {
			t.Errorf("held by %v, %v", s.holds, err)
		}
	})
}
