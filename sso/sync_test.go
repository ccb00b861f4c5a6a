package sso

import (
	"testing"
	"time"
)

func TestWhatADeviceDidIsWrittenWhenItMatters(t *testing.T) {
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	var at Sync
	do := func(after time.Duration, did Synced) bool {
		t.Helper()
		now = now.Add(after)
		next, changed := at.after(did, now)
		if changed {
			at = next
		}
		return changed
	}
	well := Synced{Agent: "DAVx5/4.4", Path: "/dav/calendar/a/"}
	write := func(path, trouble string) Synced {
		return Synced{Agent: "DAVx5/4.4", Path: path, Writes: true, Trouble: trouble, Subject: "Budget"}
	}
	for i, step := range []struct {
		after   time.Duration
		did     Synced
		written bool
		trouble string
	}{
		{0, well, true, ""},
		{time.Minute, well, false, ""},
		{succeededEvery, well, true, ""},
		{time.Second, write("/a.ics", "twice"), true, "twice"},
		{time.Second, write("/a.ics", "twice"), false, "twice"}, // again at once
		{failedEvery, write("/a.ics", "twice"), true, "twice"},
		{time.Second, write("/b.ics", ""), false, "twice"}, // another is taken
		{time.Second, well, false, "twice"},
		{time.Second, write("/a.ics", ""), true, ""}, // taken at last
		{time.Second, write("/a.ics", outage), true, outage},
		{time.Second, well, true, ""}, // an outage is over for all
		{time.Second, Synced{Agent: "DAVx5/4.5"}, true, ""},
	} {
		if written := do(step.after, step.did); written != step.written || at.Trouble != step.trouble {
			t.Errorf("step %d: written %v, trouble %q; want %v, %q", i, written, at.Trouble, step.written, step.trouble)
		}
	}
	if at.Trouble != "" || !at.Failed.IsZero() || !at.Succeeded.Equal(now) {
		t.Errorf("at the end: %+v", at)
	}
}

func TestProgramsAreCalledAsPeopleCallThem(t *testing.T) {
	for agent, want := range map[string]string{
		"DAVx5/4.4.3-ose (2025/01/10; dav4jvm; okhttp/4.12.0) Android/15":                          "DAVx⁵",
		"iOS/17.5 (21F79) dataaccessd/1.0":                                                         "iPhone, iPad",
		"macOS/14.5 (23F79) CalendarAgent/1012.1":                                                  "Mac",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0":             "Thunderbird",
		"CalDavSynchronizer/4.4":                                                                   "Outlook CalDav Synchronizer",
		"vdirsyncer/0.19.3":                                                                        "vdirsyncer",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Thunderbird/128.0": "Thunderbird",
		"curl/8": "",
	} {
		if got := programOf(agent); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
}

func TestAHandOverEnds(t *testing.T) {
	now := time.Now()
	h := newHandOvers(func() time.Time { return now })
	secret, until := h.add(handOver{login: "a"})
	if one, found := h.find(secret); !found || one.login != "a" || !until.Equal(now.Add(handOverLife)) {
		t.Error("not found at once", one, until)
	}
	if now = until; func() bool { _, found := h.find(secret); return found }() {
		t.Error("found when its time is over")
	}
	for range maxHandOvers {
		if secret, _ := h.add(handOver{}); secret == "" {
			t.Fatal("full too early: the old one was kept")
		}
	}
	if secret, _ := h.add(handOver{}); secret != "" {
		t.Error("no bound")
	}
}
