package demo

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// contractAgents are the accounts that tests and benchmarks of the whole product sign in with,
// and the collectivities where each is an agent.
var contractAgents = map[string][]string{
	"agent@bourg.example":       {"bourg"},
	"collegue@bourg.example":    {"bourg"},
	"responsable@bourg.example": {"bourg"},
	"admin@bourg.example":       {"bourg"},
	"agent@agglo.example":       {"agglo"},
	"admin@agglo.example":       {"agglo"},
	"secretaire@bourg.example":  {"bourg", "syndicat"},
	"pool@pool.example":         {"agglo"},
}

func TestContractAccountsExist(t *testing.T) {
	story := Pool()
	for login, want := range contractAgents {
		person, ok := story.Person(login)
		if !ok {
			t.Errorf("no person signs in as %s", login)
			continue
		}
		var got []string
		for _, a := range person.Agents {
			got = append(got, a.Collectivity)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is an agent of %v, want %v", login, got, want)
		}
	}
	for _, login := range []string{"admin@bourg.example", "admin@agglo.example"} {
		if person, _ := story.Person(login); !slices.Contains(person.Agents[0].Rights, "admin") {
			t.Errorf("%s lacks the right admin", login)
		}
	}
	if operator, _ := story.Person("pool@pool.example"); !operator.Operator {
		t.Error("pool@pool.example does not run the pool")
	}
}

func TestCollectivitiesHaveValidIdentity(t *testing.T) {
	digits := regexp.MustCompile(`^\d+$`)
	for _, c := range Pool().Collectivities {
		if len(c.SIREN) != 9 || !digits.MatchString(c.SIREN) || !luhn(c.SIREN) {
			t.Errorf("%s: SIREN %q is not 9 digits with a Luhn key", c.ID, c.SIREN)
		}
		if len(c.SIRET) != 14 || !luhn(c.SIRET) || !strings.HasPrefix(c.SIRET, c.SIREN) {
			t.Errorf("%s: SIRET %q is not its SIREN and 5 digits with a Luhn key", c.ID, c.SIRET)
		}
		if c.Domain != c.ID+".example" {
			t.Errorf("%s: domain %q", c.ID, c.Domain)
		}
		if _, err := time.LoadLocation(c.TimeZone); err != nil {
			t.Errorf("%s: %v", c.ID, err)
		}
		if !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(c.Brand) {
			t.Errorf("%s: brand %q", c.ID, c.Brand)
		}
	}
}

// luhn checks a number's key (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			digit *= 2
		}
		sum += digit/10 + digit%10
	}
	return sum%10 == 0
}

func TestIdentifiersAreUnique(t *testing.T) {
	story := Pool()
	seen := map[string]bool{}
	claim := func(kind string, parts ...string) {
		key := kind + " " + strings.Join(parts, "/")
		if seen[key] {
			t.Errorf("%s appears twice", key)
		}
		seen[key] = true
	}
	for _, c := range story.Collectivities {
		claim("collectivity", c.ID)
		claim("SIREN", c.SIREN)
		claim("brand", c.Brand)
		for _, u := range c.Units {
			claim("unit", c.ID, u.ID)
			if u.Parent != "" && !seen["unit "+c.ID+"/"+u.Parent] {
				t.Errorf("unit %s/%s comes before its parent %s", c.ID, u.ID, u.Parent)
			}
		}
		for _, g := range c.Groups {
			claim("group", c.ID, g.ID)
		}
		for _, a := range c.Applications {
			claim("application", c.ID, a.ID)
		}
		for _, k := range c.Calendars {
			claim("calendar", c.ID, k.ID)
		}
	}
	for _, p := range story.People {
		claim("login", p.Login)
		claim("name", p.Name())
	}
	for _, f := range story.Folders {
		claim("folder", f.Collectivity, f.ID)
	}
	for _, d := range story.Documents {
		claim("document", d.Collectivity, d.ID)
		claim("file", d.Collectivity, d.Folder, d.FileName)
	}
	dated := story.At(tuesday)
	for _, a := range dated.News {
		claim("article", a.Collectivity, a.ID)
	}
	for _, e := range dated.Events {
		claim("event", e.ID)
	}
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	story := Pool()
	for _, p := range story.People {
		if len(p.Agents) == 0 {
			t.Errorf("%s is an agent of nothing", p.Login)
		}
		for _, a := range p.Agents {
			c, ok := story.Collectivity(a.Collectivity)
			if !ok || !slices.ContainsFunc(c.Units, func(u Unit) bool { return u.ID == a.Unit }) {
				t.Errorf("%s: no unit %s/%s", p.Login, a.Collectivity, a.Unit)
			}
			wantGroups(t, story, p.Login, a.Collectivity, a.Groups)
			for _, right := range a.Rights {
				if !slices.Contains([]string{"admin", "news.edit", "documents.edit", "calendars.edit"}, right) {
					t.Errorf("%s: no right %q", p.Login, right)
				}
			}
		}
	}
	for _, c := range story.Collectivities {
		for _, app := range c.Applications {
			wantGroups(t, story, "application "+app.ID, c.ID, app.Audience)
		}
		for _, k := range c.Calendars {
			wantGroups(t, story, "calendar "+k.ID, c.ID, slices.Concat(k.Audience, k.Editors))
			if len(k.Editors) == 0 {
				t.Errorf("calendar %s/%s: nobody writes in it", c.ID, k.ID)
			}
		}
		for _, box := range c.Mailboxes {
			wantGroups(t, story, "mailbox "+box.Address, c.ID, box.Audience)
		}
		if _, ok := story.Collectivity(c.Satellite); c.Satellite != "" && !ok {
			t.Errorf("%s depends on %q, which does not exist", c.ID, c.Satellite)
		}
	}
	for _, f := range story.Folders {
		wantGroups(t, story, "folder "+f.ID, f.Collectivity, slices.Concat(f.Audience, f.Editors))
	}
	for _, d := range story.Documents {
		wantAgent(t, story, d.Collectivity, d.Author)
		if !slices.ContainsFunc(story.Folders, func(f Folder) bool { return f.Collectivity == d.Collectivity && f.ID == d.Folder }) {
			t.Errorf("document %s: no folder %s/%s", d.ID, d.Collectivity, d.Folder)
		}
	}
	for _, a := range story.At(tuesday).News {
		wantAgent(t, story, a.Collectivity, a.Author)
		wantGroups(t, story, "article "+a.ID, a.Collectivity, a.Audience)
	}
}

func wantGroups(t *testing.T, story Story, what, collectivity string, groups []string) {
	t.Helper()
	c, _ := story.Collectivity(collectivity)
	for _, id := range groups {
		if !slices.ContainsFunc(c.Groups, func(g Group) bool { return g.ID == id }) {
			t.Errorf("%s: no group %s/%s", what, collectivity, id)
		}
	}
}

func wantAgent(t *testing.T, story Story, collectivity, login string) {
	t.Helper()
	person, _ := story.Person(login)
	if !slices.ContainsFunc(person.Agents, func(a Agent) bool { return a.Collectivity == collectivity }) {
		t.Errorf("%q is not an agent of %s", login, collectivity)
	}
}

func TestPoolHasTheSizeItPromises(t *testing.T) {
	story := Pool()
	agents := 0
	for _, p := range story.People {
		agents += len(p.Agents)
	}
	if agents < 55 || agents > 75 {
		t.Errorf("%d agents, want about 60", agents)
	}
	news := map[string]int{}
	for _, a := range story.At(tuesday).News {
		news[a.Collectivity]++
	}
	if news["bourg"] < 12 || news["agglo"] == 0 || news["syndicat"] == 0 || news["ccas"] == 0 {
		t.Errorf("articles: %v, want 12 in bourg and some in each other", news)
	}
}

// Icons come from the one sheet of the product.
func TestApplicationsHaveAnIcon(t *testing.T) {
	sheet, err := os.ReadFile("../themes/icons.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Pool().Collectivities {
		for _, a := range c.Applications {
			if !bytes.Contains(sheet, []byte(`id="i-`+a.Icon+`"`)) {
				t.Errorf("application %s/%s: no icon %q", c.ID, a.ID, a.Icon)
			}
		}
	}
}

func TestAMobileRingsOnePerson(t *testing.T) {
	owner := map[string]string{}
	for _, p := range Pool().People {
		for _, a := range p.Agents {
			if other := owner[a.Mobile]; a.Mobile != "" && other != "" && other != p.Login {
				t.Errorf("mobile %s belongs to %s and to %s", a.Mobile, other, p.Login)
			}
			owner[a.Mobile] = p.Login
		}
	}
}

var reserved = regexp.MustCompile(`^(01 99 00|02 61 91|03 53 01|04 65 71|05 36 49|06 39 98) \d\d \d\d$`)

// A telephone that rings at someone's home would be a fault of the demo: only Arcep's numbers
// for fiction, in fields as in texts.
func TestTelephonesAreFictional(t *testing.T) {
	story := Pool()
	check := func(where, phone string) {
		if phone != "" && !reserved.MatchString(phone) {
			t.Errorf("%s: telephone %q is not reserved for fiction", where, phone)
		}
	}
	for _, c := range story.Collectivities {
		check(c.ID, c.Phone)
	}
	for _, p := range story.People {
		for _, a := range p.Agents {
			check(p.Login, a.Phone)
			check(p.Login, a.Mobile)
		}
	}
	inText := regexp.MustCompile(`\b0\d(?:[ \x{a0}]\d\d){4}\b`)
	for where, text := range frenchTexts(story) {
		for _, phone := range inText.FindAllString(text, -1) {
			check(where, strings.ReplaceAll(phone, "\u00a0", " "))
		}
	}
}

func TestAddressesStayInExample(t *testing.T) {
	story := Pool()
	for _, c := range story.Collectivities {
		for _, app := range c.Applications {
			u, err := url.Parse(app.URL)
			if err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".example") {
				t.Errorf("application %s/%s: address %q", c.ID, app.ID, app.URL)
			}
		}
	}
	address := regexp.MustCompile(`[\w.-]+@[\w.-]+\w`)
	for where, text := range frenchTexts(story) {
		for _, found := range address.FindAllString(text, -1) {
			if !strings.HasSuffix(found, ".example") {
				t.Errorf("%s: address %q", where, found)
			}
		}
	}
}

// frenchTexts is everything a person reads, by where it comes from.
func frenchTexts(story Story) map[string]string {
	texts := map[string]string{}
	for _, c := range story.Collectivities {
		texts["collectivity "+c.ID] = strings.Join([]string{c.Name, c.LongName, c.Address}, "\n")
		for _, u := range c.Units {
			texts["unit "+c.ID+"/"+u.ID] = u.Name
		}
		for _, g := range c.Groups {
			texts["group "+c.ID+"/"+g.ID] = g.Name
		}
		for _, a := range c.Applications {
			texts["application "+c.ID+"/"+a.ID] = a.Name + "\n" + a.Category + "\n" + a.Description
		}
		for _, k := range c.Calendars {
			texts["calendar "+c.ID+"/"+k.ID] = k.Name
		}
	}
	for _, p := range story.People {
		for _, a := range p.Agents {
			texts["person "+p.Login+" in "+a.Collectivity] = strings.Join([]string{p.Name(), a.Function, a.Office}, "\n")
		}
	}
	for _, f := range story.Folders {
		texts["folder "+f.Collectivity+"/"+f.ID] = f.Name
	}
	for _, d := range story.Documents {
		texts["document "+d.key()] = d.Title + "\n" + d.FileName + "\n" + d.source.Body
	}
	dated := story.At(tuesday)
	for _, a := range dated.News {
		texts["article "+a.Collectivity+"/"+a.ID] = a.Title + "\n" + a.Body
	}
	for _, c := range story.Collectivities {
		for _, box := range c.Mailboxes {
			texts["mailbox "+box.Address] = box.Name
		}
	}
	for i, l := range dated.Letters {
		texts[fmt.Sprintf("letter %d to %s", i, l.To)] = strings.Join([]string{l.From, l.Address, l.Subject, l.Body}, "\n")
	}
	for _, e := range dated.Events {
		texts["event "+e.ID] = e.Title + "\n" + e.Location + "\n" + e.Description
	}
	return texts
}

func TestTextsFollowFrenchTypography(t *testing.T) {
	faults := map[string]*regexp.Regexp{
		"straight apostrophe":            regexp.MustCompile(`'`),
		"ordinary space before a mark":   regexp.MustCompile(` [:;!?»]`),
		"ordinary space after «":         regexp.MustCompile(`« `),
		"wrong space before ; ! ?":       regexp.MustCompile(`\x{a0}[;!?]`),
		"wrong space before : or »":      regexp.MustCompile(`\x{202f}[:»]`),
		"three points for an ellipsis":   regexp.MustCompile(`\.\.\.`),
		"ordinary space in a number":     regexp.MustCompile(`\d \d{3}(\D|$)`),
		"ordinary space before a unit":   regexp.MustCompile(`\d (?:[€%]|°C|M€|kg|km|kW|m²|m³)`),
		"ordinary space around an hour":  regexp.MustCompile(`\d h\b|\dh\d|\d\x{a0}h \d`),
		"ordinary space in a phone":      regexp.MustCompile(`\b0\d \d\d \d\d`),
		"hyphen where a minus is needed": regexp.MustCompile(`\| ?-\d`),
		"placeholder left":               regexp.MustCompile(`[{}]`),
	}
	for where, text := range frenchTexts(Pool()) {
		for fault, pattern := range faults {
			if found := pattern.FindStringIndex(text); found != nil {
				from, to := max(0, found[0]-20), min(len(text), found[1]+20)
				t.Errorf("%s: %s in %q", where, fault, text[from:to])
			}
		}
	}
}

func TestDocumentSourcesHaveSubstance(t *testing.T) {
	for _, d := range Pool().Documents {
		if n := len(strings.Fields(d.source.Body)); n < 150 || n > 650 {
			t.Errorf("document %s: %d words, want 150 to 650", d.key(), n)
		}
		if bytes.ContainsAny([]byte(d.FileName), `/\:*?"<>|`) {
			t.Errorf("document %s: file name %q would not save on every system", d.key(), d.FileName)
		}
	}
}
