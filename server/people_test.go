package server_test

import (
	"strings"
	"testing"

	"parvis/portal"
	"parvis/server/servertest"
)

// person is one who asks: an account as the agent that she is in one
// collectivity.
type person struct {
	who    string                // "secretary in bourg"
	login  string                // "" is anonymous
	in     portal.CollectivityID // "" for who is nobody's agent
	client *servertest.Client    // signed in, see world.client
}

// people are those who are tried with what is of one collectivity: its author
// and a colleague of hers first, then who manages the others, the secretary in
// each of hers, and those who are nobody's agents.
func (w *world) people(owner *estate) []person {
	all := []person{
		{who: "author in " + string(owner.id), login: owner.author, in: owner.id},
		{who: "colleague in " + string(owner.id), login: owner.colleague, in: owner.id},
	}
	for _, e := range w.estates {
		if e != owner {
			all = append(all, person{who: "manager in " + string(e.id), login: e.manager, in: e.id})
		}
	}
	return append(all,
		person{who: "secretary in bourg", login: secretary, in: "bourg"},
		person{who: "secretary in syndicat", login: secretary, in: "syndicat"},
		person{who: "operator", login: operator},
		person{who: "anonymous"},
	)
}

func (w *world) client(p person) *servertest.Client {
	w.t.Helper()
	if p.login == "" {
		return w.Anonymous()
	}
	return w.AsIn(p.login, p.in)
}

func (w *world) account(login string) portal.AccountID {
	w.t.Helper()
	account, err := w.Directory.AccountByLogin(w.t.Context(), login)
	if err != nil {
		w.t.Fatal(err)
	}
	return account.ID
}

// foreign are the words that a person may not read.
func (w *world) foreign(p person) (words []string) {
	for _, e := range w.estates {
		switch {
		case p.in == e.id && p.login == e.author:
		case p.in == e.id && p.login == e.colleague:
			words = append(words, e.group, e.own)
		case p.in == e.id:
			words = append(words, e.own)
		default:
			words = append(words, e.every, e.group, e.own, e.phone, e.theme)
			if !p.knows(e) {
				words = append(words, e.name)
			}
		}
	}
	return words
}

// knows says whether a person who is not in a collectivity now may read its name.
func (p person) knows(e *estate) bool {
	return p.login == operator || p.login == secretary && e.id != "agglo"
}

// silent fails an answer that tells a person what is not hers; echo is what she
// typed, which a page may repeat.
func (w *world) silent(t *testing.T, p person, asked, echo string, answer servertest.Answer) {
	t.Helper()
	if echo == "/" || echo == "" {
		echo = "\x00"
	}
	texts := map[string]string{"the body": answer.Body}
	for name, values := range answer.Header {
		texts["the header "+name] = strings.Join(values, "\n")
	}
	for where, text := range texts {
		text = strings.ReplaceAll(strings.ToLower(text), strings.ToLower(echo), "")
		for _, word := range w.foreign(p) {
			if i := strings.Index(text, word); i >= 0 {
				t.Errorf("%s: %s tells %q to %s:\n%s", asked, where, word, p.who, text[max(0, i-200):min(len(text), i+200)])
			}
		}
	}
}

// silentLog fails a log that tells what people wrote, or what opens something:
// a line holds identifiers.
func (w *world) silentLog(t *testing.T) {
	t.Helper()
	if !strings.Contains(w.Log(), "msg=request ") {
		t.Errorf("the log is not kept:\n%s", w.Log())
	}
	w.silentText(t, "the log", w.Log())
}

// silentText fails a text for the operator that tells anybody's content, or a
// password.
func (w *world) silentText(t *testing.T, name, text string) {
	t.Helper()
	text = strings.ToLower(text)
	forbidden := []string{servertest.Password, w.post.MasterPassword}
	for _, e := range w.estates {
		forbidden = append(forbidden, append(e.all(), e.password)...)
	}
	for _, word := range forbidden {
		if i := strings.Index(text, strings.ToLower(word)); i >= 0 {
			t.Errorf("%s tells %q:\n%s", name, word, text[max(0, i-400):min(len(text), i+200)])
		}
	}
}
