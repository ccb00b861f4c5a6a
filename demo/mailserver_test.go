package demo_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"parvis/demo"
	"parvis/portal"
	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// The whole way: the story's letters by IMAP over TLS, read by the product.
func TestTheDemoHasMailOfItsOwn(t *testing.T) {
	ctx, story, now := context.Background(), demo.Pool(), time.Now()
	parvis := servertest.Demo(t)
	post, err := demo.StartMail(story, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := post.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := post.Connect(ctx, parvis.Server, story); err != nil {
		t.Fatal(err)
	}
	unread, letters := map[string]int{}, map[string]int{}
	for _, letter := range story.At(now).Letters {
		letters[letter.To]++
		if !letter.Read {
			unread[letter.To]++
		}
		if letter.At.After(now) {
			t.Errorf("%q comes at %v, after %v", letter.Subject, letter.At, now)
		}
	}
	for login, want := range map[string][]string{
		"agent@bourg.example":          {"agent@bourg.example", "mairie@bourg.example"},
		"agnes.le-bihan@bourg.example": {"agnes.le-bihan@bourg.example", "urbanisme@bourg.example"},
		"secretaire@bourg.example":     {"secretaire@bourg.example", "mairie@bourg.example", "urbanisme@bourg.example"},
		"admin@bourg.example":          {"admin@bourg.example"},
		"admin@agglo.example":          {"admin@agglo.example", "assistance@agglo.example"},
	} {
		person, _ := story.Person(login)
		caller := parvis.Caller(login, portal.CollectivityID(person.Agents[0].Collectivity))
		reading, err := parvis.Mail.Mailboxes(ctx, caller, 20)
		if err != nil {
			t.Errorf("%s: %v", login, err)
			continue
		}
		var got []string
		for _, box := range reading.Boxes {
			got = append(got, box.Address)
			if box.Unread != unread[box.Address] || len(box.Messages) != letters[box.Address] {
				t.Errorf("%s in %s: %d unread of %d, want %d of %d", login, box.Address, box.Unread, len(box.Messages), unread[box.Address], letters[box.Address])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s reads %v, want %v", login, got, want)
		}
	}
}

func TestNobodyOpensTheDemoMailWithoutItsPassword(t *testing.T) {
	ctx, story := context.Background(), demo.Pool()
	parvis := servertest.Demo(t)
	post, err := demo.StartMail(story, time.Now(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { post.Close() })
	stolen := *post
	stolen.MasterPassword = "wrong"
	if err := stolen.Connect(ctx, parvis.Server, story); err != nil {
		t.Fatal(err)
	}
	caller := parvis.Caller("agent@bourg.example", "bourg")
	if reading, err := parvis.Mail.Mailboxes(ctx, caller, 1); err == nil {
		t.Errorf("a wrong master password opens %+v", reading)
	}
}
