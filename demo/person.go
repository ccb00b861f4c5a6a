package demo

// Person is someone who signs in, with an entry in each collectivity that employs or elects
// them. Passwords are the loader's business.
type Person struct {
	Login    string // e-mail address, unique in the pool
	Civility string // "Mme" or "M."
	Given    string
	Family   string
	Agents   []Agent // the main one first; never empty
	Operator bool    // runs the pool: the account has the right "pool.operate", no agent has it
}

// Name is the person's name as written in France: "Camille Le Goff".
func (p Person) Name() string { return p.Given + " " + p.Family }

// Agent is a person's entry in one collectivity.
type Agent struct {
	Collectivity string
	Unit         string
	Function     string // in the person's own gender
	Phone        string // national, by pairs; "" when none
	Mobile       string // professional; "" when none
	Office       string
	Groups       []string
	Rights       []string // "admin", "news.edit", "documents.edit", "calendars.edit"
}

// person and agent keep the tables of people one line each.
func person(login, civility, given, family string, agents ...Agent) Person {
	return Person{Login: login, Civility: civility, Given: given, Family: family, Agents: agents}
}

func agent(collectivity, unit, function, phone, mobile, office, groups, rights string) Agent {
	return Agent{
		Collectivity: collectivity, Unit: unit, Function: function,
		Phone: phone, Mobile: mobile, Office: office,
		Groups: words(groups), Rights: words(rights),
	}
}

// operators run the pool. The agglomeration lends its engineer to all the others, so he is
// one of its agents too.
func operators() []Person {
	payet := person("pool@pool.example", "M.", "Yannick", "Payet",
		agent("agglo", "numerique", "Exploitant du bureau virtuel mutualisé", "02 61 91 20 60", "06 39 98 20 60", "Bureau 212", "encadrants", ""))
	payet.Operator = true
	return []Person{payet}
}
