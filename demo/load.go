package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/applications"
	"parvis/calendar"
	"parvis/directory"
	"parvis/documents"
	"parvis/mail"
	"parvis/news"
	"parvis/portal"
	"parvis/server"
	"parvis/sso"
	"parvis/weather"
)

// Password opens every account of the demo.
const Password = "Mairie-Ouverte-2026"

// Account is what demo.json says of an account that tests lean on.
type Account struct {
	Login          string   `json:"login"`
	Password       string   `json:"password"`
	AppPassword    string   `json:"app_password,omitempty"`
	Roles          []string `json:"roles"`
	Collectivities []string `json:"collectivities"`
}

// Load fills an empty Parvis with the story as it stands at now, and returns
// the accounts of the demo contract. Only the features' own methods write: the
// demo holds nothing that a person could not have made. portal.ErrConflict when
// there are collectivities already: accounts with a password known to all must
// never come among real ones.
func Load(ctx context.Context, s *server.Server, now time.Time) ([]Account, error) {
	there, err := s.Directory.Collectivities(ctx)
	if err != nil {
		return nil, fmt.Errorf("demo: load: %w", err)
	}
	if len(there) > 0 {
		return nil, fmt.Errorf("%w: %s holds collectivities and is no demo, or one that was stopped half-made; give an empty folder", portal.ErrConflict, s.Config.Data)
	}
	l := &loader{
		ctx: ctx, server: s, now: now, story: Pool(),
		callers:   map[string]portal.Caller{},
		accounts:  map[string]portal.AccountID{},
		calendars: map[string]calendar.CalendarID{},
		folders:   map[string]documents.FolderID{},
	}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"collectivities", l.collectivities},
		{"people", l.people},
		{"news", l.news},
		{"calendars", l.agendas},
		{"resources", l.rooms},
		{"vehicles", l.vehicles},
		{"lending", l.lendings},
		{"duties", l.onCall},
		{"agendas in other hands", l.hands},
		{"contacts", l.contacts},
		{"documents", l.library},
		{"accesses", l.accesses},
		{"rights", l.rights},
		{"kiosks", l.kiosks},
		{"home pages", l.homes},
		{"shared directories", l.shares},
		{"announcements", l.notices},
	} {
		if err := step.run(); err != nil {
			return nil, fmt.Errorf("demo: load %s: %w", step.name, err)
		}
	}
	return l.contract()
}

type loader struct {
	ctx       context.Context
	server    *server.Server
	now       time.Time
	story     Story
	accounts  map[string]portal.AccountID
	callers   map[string]portal.Caller       // "bourg/agent@bourg.example"
	calendars map[string]calendar.CalendarID // "bourg/mairie"
	folders   map[string]documents.FolderID  // "bourg/budget"
}

func groupIDs(names []string) []portal.GroupID {
	ids := make([]portal.GroupID, len(names))
	for i, name := range names {
		ids[i] = portal.GroupID(name)
	}
	return ids
}

func (l *loader) collectivities() error {
	for _, c := range l.story.Collectivities {
		err := l.server.Directory.CreateCollectivity(l.ctx, directory.Collectivity{
			ID: portal.CollectivityID(c.ID), Name: c.Name, LongName: c.LongName, Kind: c.Kind, SIREN: c.SIREN, SIRET: c.SIRET, INSEE: c.INSEE,
			Zone: c.TimeZone, Colour: c.Brand, Phone: c.Phone, Domains: []string{c.Domain},
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.ID, err)
		}
		if err := l.furnish(c, directory.Installation(portal.CollectivityID(c.ID))); err != nil {
			return fmt.Errorf("%s: %w", c.ID, err)
		}
	}
	return nil
}

// furnish gives a collectivity its units, groups, applications, shared
// mailboxes and weather.
func (l *loader) furnish(c Collectivity, caller portal.Caller) error {
	for i, unit := range c.Units {
		_, err := l.server.Directory.CreateUnit(l.ctx, caller, directory.Unit{
			ID: portal.UnitID(unit.ID), Parent: portal.UnitID(unit.Parent), Name: unit.Name, Position: i,
		})
		if err != nil {
			return fmt.Errorf("unit %s: %w", unit.ID, err)
		}
	}
	for _, group := range c.Groups {
		if _, err := l.server.Directory.CreateGroup(l.ctx, caller, directory.Group{ID: portal.GroupID(group.ID), Name: group.Name}); err != nil {
			return fmt.Errorf("group %s: %w", group.ID, err)
		}
	}
	for i, app := range c.Applications {
		addresses, told, err := app.signOn()
		if err != nil {
			return fmt.Errorf("application %s: %w", app.ID, err)
		}
		_, err = l.server.Applications.Create(l.ctx, caller, applications.Application{
			ID: app.ID, Name: app.Name, Description: app.Description, URL: app.URL, Icon: app.Icon, Category: app.Category,
			Pinned: app.Pinned, OnDemand: app.OnDemand, Position: i, Audience: groupIDs(app.Audience), Kind: sso.ApplicationKind(app.Kind),
			Addresses: addresses, Releases: told,
		}, "")
		if err != nil {
			return fmt.Errorf("application %s: %w", app.ID, err)
		}
	}
	for _, box := range c.Mailboxes {
		if err := l.server.Mail.SetShared(l.ctx, caller, mail.Shared{Address: box.Address, Name: box.Name, Audience: groupIDs(box.Audience)}); err != nil {
			return fmt.Errorf("mailbox %s: %w", box.Address, err)
		}
	}
	return l.server.Weather.SetPlace(l.ctx, caller, weather.Place{Name: c.Town, Latitude: c.Latitude, Longitude: c.Longitude})
}

func (l *loader) people() error {
	var accounts []portal.AccountID
	for _, person := range l.story.People {
		account, err := l.server.Directory.CreateAccount(l.ctx, directory.Installation(""), person.Login)
		if err != nil {
			return fmt.Errorf("%s: %w", person.Login, err)
		}
		accounts, l.accounts[person.Login] = append(accounts, account), account
		if person.Operator {
			if err := l.server.Directory.GrantPool(l.ctx, account); err != nil {
				return fmt.Errorf("%s: %w", person.Login, err)
			}
		}
		for _, agent := range person.Agents {
			if err := l.hire(person, agent, account); err != nil {
				return fmt.Errorf("%s in %s: %w", person.Login, agent.Collectivity, err)
			}
		}
	}
	// One hash for all: a real installation hashes each password apart.
	return l.server.SSO.Passwords.Set(l.ctx, Password, accounts...)
}

func (l *loader) hire(person Person, agent Agent, account portal.AccountID) error {
	collectivity := portal.CollectivityID(agent.Collectivity)
	caller := directory.Installation(collectivity)
	id, err := l.server.Directory.CreateAgent(l.ctx, caller, directory.Agent{
		Account: account, GivenName: person.Given, FamilyName: person.Family, Function: agent.Function,
		Unit: portal.UnitID(agent.Unit), Email: person.Login, Phone: agent.Phone, Mobile: agent.Mobile, Office: agent.Office,
	})
	if err != nil {
		return err
	}
	for _, group := range agent.Groups {
		if err := l.server.Directory.AddMember(l.ctx, caller, portal.GroupID(group), id); err != nil {
			return fmt.Errorf("group %s: %w", group, err)
		}
	}
	rights := make([]portal.Right, len(agent.Rights))
	for i, right := range agent.Rights {
		rights[i] = portal.Right(right)
	}
	if err := l.server.Directory.SetRights(l.ctx, caller, id, rights); err != nil {
		return err
	}
	l.callers[agent.Collectivity+"/"+person.Login], err = l.server.Directory.CallerFor(l.ctx, account, collectivity)
	return err
}

// caller is a person acting in a collectivity, with a right that the story
// takes for granted.
func (l *loader) caller(collectivity, login string, right portal.Right) (portal.Caller, string, error) {
	caller, found := l.callers[collectivity+"/"+login]
	person, known := l.story.Person(login)
	if !found || !known {
		return portal.Caller{}, "", fmt.Errorf("%s is no agent of %s", login, collectivity)
	}
	if right != "" && !caller.Can(right) {
		caller.Rights = append([]portal.Right{}, right)
	}
	return caller, person.Name(), nil
}

// steward is an administrator of the collectivity, in all of its groups, who
// sets up what the story says.
func (l *loader) steward(collectivity string) (portal.Caller, error) {
	for _, person := range l.story.People {
		caller := l.callers[collectivity+"/"+person.Login]
		if !caller.Can(portal.Admin) {
			continue
		}
		described, _ := l.story.Collectivity(collectivity)
		caller.Groups = nil
		for _, group := range described.Groups {
			caller.Groups = append(caller.Groups, portal.GroupID(group.ID))
		}
		slices.Sort(caller.Groups)
		return caller, nil
	}
	return portal.Caller{}, fmt.Errorf("%s has no administrator", collectivity)
}

func (l *loader) news() error {
	for _, article := range l.story.At(l.now).News {
		caller, name, err := l.caller(article.Collectivity, article.Author, portal.EditNews)
		if err != nil {
			return err
		}
		_, err = l.server.News.Create(l.ctx, caller, name, news.Draft{
			Title: article.Title, Body: article.Body, Starts: article.Start, Ends: article.End, Audience: groupIDs(article.Audience),
		})
		if err != nil {
			return fmt.Errorf("%s: %w", article.ID, err)
		}
	}
	return nil
}

func (l *loader) agendas() error {
	for _, c := range l.story.Collectivities {
		caller, err := l.steward(c.ID)
		if err != nil {
			return err
		}
		for i, shared := range c.Calendars {
			made, err := l.server.Calendar.CreateCalendar(l.ctx, caller, calendar.NewCalendar{
				Name: shared.Name, Color: shared.Colour, Slug: shared.ID, Order: i, Shared: true,
				ReadGroups: groupIDs(shared.Audience), WriteGroups: groupIDs(shared.Editors),
			})
			if err != nil {
				return fmt.Errorf("calendar %s: %w", shared.ID, err)
			}
			l.calendars[c.ID+"/"+shared.ID] = made.ID
		}
	}
	for _, event := range l.story.At(l.now).Events {
		if err := l.plan(event); err != nil {
			return fmt.Errorf("event %s: %w", event.ID, err)
		}
	}
	return nil
}

func (l *loader) plan(event Event) error {
	caller, err := l.steward(event.Collectivity)
	if err != nil {
		return err
	}
	id := l.calendars[event.Collectivity+"/"+event.Calendar]
	if event.Owner != "" {
		if caller, _, err = l.caller(event.Collectivity, event.Owner, ""); err != nil {
			return err
		}
		own, err := l.server.Calendar.Calendars(l.ctx, caller)
		if err != nil {
			return err
		}
		if id = own[0].ID; event.Book != "" {
			if id, err = l.book(caller, event); err != nil {
				return err
			}
		}
	}
	_, err = l.server.Calendar.Put(l.ctx, caller, id, event.ID+".ics", event.ics(), calendar.Condition{})
	return err
}

// book is another calendar of a person's, which she shares with her colleagues of the elections.
func (l *loader) book(caller portal.Caller, event Event) (calendar.CalendarID, error) {
	key := event.Collectivity + "/" + event.Owner + "#" + event.Book
	if id, made := l.calendars[key]; made {
		return id, nil
	}
	made, err := l.server.Calendar.CreateCalendar(l.ctx, caller, calendar.NewCalendar{Name: event.Book, Color: "#1c9a4a"})
	if err == nil {
		l.calendars[key] = made.ID
		_, err = l.server.Calendar.Share(l.ctx, caller, calendar.Share{Calendar: made.ID, To: portal.Subject{Kind: portal.TheGroup, ID: "elections"}, Level: calendar.LevelWrite}, "")
	}
	return made.ID, err
}

// hands gives Camille's agenda into Aïssatou's until her holidays are over.
func (l *loader) hands() error {
	camille, _, err := l.caller("bourg", "agent@bourg.example", "")
	if err != nil {
		return err
	}
	aissatou, _, err := l.caller("bourg", "collegue@bourg.example", "")
	if err == nil {
		_, err = l.server.Calendar.Delegate(l.ctx, camille, calendar.Delegate{Agent: aissatou.Agent, Writes: true, Ends: dayIn(l.now, 4, mon)}, "")
	}
	return err
}

func (l *loader) library() error {
	for _, folder := range l.story.Folders {
		caller, err := l.steward(folder.Collectivity)
		if err != nil {
			return err
		}
		id, err := l.server.Documents.CreateFolder(l.ctx, caller, documents.FolderDraft{
			Name: folder.Name, Readers: groupIDs(folder.Audience), Writers: groupIDs(folder.Editors),
		})
		if err != nil {
			return fmt.Errorf("folder %s: %w", folder.ID, err)
		}
		l.folders[folder.Collectivity+"/"+folder.ID] = id
	}
	for _, document := range l.story.Documents {
		if err := l.file(document); err != nil {
			return fmt.Errorf("document %s: %w", document.ID, err)
		}
	}
	return nil
}

func (l *loader) file(document Document) error {
	caller, err := l.steward(document.Collectivity)
	if err != nil {
		return err
	}
	name, _, data, err := document.File()
	if err != nil {
		return err
	}
	incoming, err := l.server.Documents.Receive(l.ctx, caller, name, bytes.NewReader(data), 0)
	if err != nil {
		return err
	}
	defer incoming.Drop()
	author, _ := l.story.Person(document.Author)
	_, err = l.server.Documents.Add(l.ctx, caller, author.Name(), l.folders[document.Collectivity+"/"+document.Folder],
		[]documents.Upload{{File: incoming, Title: document.Title, Added: document.Date}})
	return err
}
