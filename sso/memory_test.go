package sso

import (
	"fmt"
	"testing"
	"time"
)

func TestMemory(t *testing.T) {
	now := time.Now()
	m := NewMemory[string, int](4, func() time.Time { return now })
	known := func(key string) string {
		value, _, found := m.Get(key)
		return fmt.Sprint(value, found)
	}
	m.Keep("a", "x", 1, m.Epoch())
	m.Keep("b", "x", 2, m.Epoch())
	m.Keep("c", "y", 3, m.Epoch())
	m.Keep("c", "y", 4, m.Epoch())
	if known("a") != "1 true" || known("c") != "4 true" || known("d") != "0 false" {
		t.Error(known("a"), known("c"), known("d"))
	}
	_, before, _ := m.Get("d")
	m.Forget("x")
	if known("a") != "0 false" || known("b") != "0 false" || known("c") != "4 true" {
		t.Error("forgetting x:", known("a"), known("b"), known("c"))
	}
	if m.Keep("d", "y", 5, before); known("d") != "0 false" {
		t.Error("what was being read when something was forgotten is kept")
	}
	m.Keep("e", "x", 6, m.Epoch())
	m.Keep("e", "w", 7, m.Epoch()) // it changed hands
	if m.Forget("x"); known("e") != "7 true" {
		t.Error("forgetting who had it before:", known("e"))
	}
	if m.Forget("w"); known("e") != "0 false" {
		t.Error("forgetting who has it by now:", known("e"))
	}
	now = now.Add(cacheLife)
	if known("c") != "0 false" {
		t.Error("what is too old still serves")
	}
	for i := range 100 {
		m.Keep(fmt.Sprint(i), "z", i, m.Epoch())
		if len(m.known) > 4 || len(m.of["z"]) != len(m.known)-len(m.of["y"]) {
			t.Fatalf("holds %d of at most 4, and %d keys", len(m.known), len(m.of["z"]))
		}
	}
	if known("99") != "99 true" {
		t.Error("the last one is not kept")
	}
	if m.Forget(""); len(m.known)+len(m.of) != 0 {
		t.Error("everybody's are not forgotten")
	}
}

// TestThoseThatAreForgottenAreNoOthers, and leave nothing behind that would grow.
func TestThoseThatAreForgottenAreNoOthers(t *testing.T) {
	m := NewMemory[string, int](100, time.Now)
	for range 50 {
		for key, value := range map[string]int{"a": 1, "b": 2} {
			m.Keep(key, "x", value, m.Epoch())
		}
		before := m.Epoch()
		m.ForgetThose(func(value int) bool { return value == 1 })
		m.Keep("late", "x", 3, before) // was being read meanwhile
	}
	if _, _, known := m.Get("a"); known {
		t.Error("what was to be forgotten is known")
	}
	if _, _, known := m.Get("late"); known {
		t.Error("what was read before the change is known")
	}
	if value, _, known := m.Get("b"); !known || value != 2 {
		t.Error("another one was forgotten")
	}
	if len(m.of["x"]) != 1 {
		t.Errorf("%d keys of the account, want 1", len(m.of["x"]))
	}
	if m.ForgetThose(func(int) bool { return true }); len(m.known)+len(m.of) != 0 {
		t.Errorf("%d known, %d accounts, want nothing", len(m.known), len(m.of))
	}
}
