// Package demo tells the fictional pool that `parvis demo` serves and that tests and
// benchmarks lean on: four public bodies around one small town of the Loire, the people who
// work for them, their applications, news, agenda, mail and documents. A Story is data and files
// only; Load feeds it to the features of a server, and StartMail serves its mail.
//
// Everything is invented. Telephone numbers come from the ranges that Arcep reserves for
// works of fiction (plan national de numérotation, décision 2018-0881), host names
// from RFC 6761's `.example`, SIREN numbers start with 999.
package demo

import "strings"

// Story is the whole pool, before it is dated: At places its news and agenda around a day.
// Slices are in the order a reader expects; each call of Pool gives fresh ones.
type Story struct {
	Collectivities []Collectivity
	People         []Person
	Folders        []Folder
	Documents      []Document

	articles []article
	events   []event
	mail     []letter
}

// Pool tells the story. It panics only when the files compiled into the binary are
// malformed, which the package's tests refuse.
func Pool() Story {
	return Story{
		Collectivities: []Collectivity{bourg(), agglo(), syndicat(), ccas()},
		People: concat(operators(), bourgTeam(), bourgCouncil(), aggloTeam(), syndicatTeam(),
			ccasTeam()),
		Folders:   folders(),
		Documents: allDocuments(),
		articles:  articles(),
		events:    concat(bourgAgenda(), councilAgenda(), technicalAgenda(), neighbourAgenda()),
		mail:      concat(bourgLetters(), neighbourLetters(), sharedLetters()),
	}
}

// Collectivity finds a public body by its identifier, for example "bourg".
func (s Story) Collectivity(id string) (Collectivity, bool) {
	for _, c := range s.Collectivities {
		if c.ID == id {
			return c, true
		}
	}
	return Collectivity{}, false
}

// Person finds someone by login, for example "agent@bourg.example".
func (s Story) Person(login string) (Person, bool) {
	for _, p := range s.People {
		if p.Login == login {
			return p, true
		}
	}
	return Person{}, false
}

func concat[T any](parts ...[]T) []T {
	var all []T
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// words splits a list of identifiers written as one string, "direction elus"; empty gives nil.
func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Fields(list)
}
