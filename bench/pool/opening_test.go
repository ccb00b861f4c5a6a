package pool_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/sso"
)

// BenchmarkOpening is a collectivity from the API to the first home page of its
// administrator: the request, her link, her password, and the page, each over HTTP.
func BenchmarkOpening(b *testing.B) {
	p := open(b)
	account, err := p.Directory.AccountByLogin(b.Context(), "admin@bourg.example")
	p.must(err)
	p.must(p.Directory.GrantPool(b.Context(), account.ID))
	password, err := p.SSO.AppPasswords.Create(b.Context(), p.Caller("admin@bourg.example", "bourg"), sso.AppPassword{
		Name: "Ouvertures", Scopes: portal.Scopes{portal.ScopePool}, Ends: time.Now().AddDate(0, 1, 0),
	})
	p.must(err)
	before := processor(b)
	var took, asked []time.Duration
	for n := 0; b.Loop(); n++ {
		started := time.Now()
		answered, home := p.opens(password, n)
		took, asked = append(took, time.Since(started)), append(asked, answered)
		if !strings.Contains(home, `id="box-todo"`) {
			b.Fatal("the home page is not that of the template")
		}
	}
	slices.Sort(took)
	slices.Sort(asked)
	b.ReportMetric(float64(processor(b)-before)/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(asked[len(asked)/2].Microseconds())/1000, "request-ms")
}

// opens returns how long the request took, and the first home page.
func (p *pool) opens(password string, n int) (time.Duration, string) {
	p.b.Helper()
	body := fmt.Sprintf(`{"name": "Neuve %d", "kind": "commune", "domains": ["n%d.example"], "template": "town",
		"administrator": {"given_name": "Odile", "family_name": "Perrin", "address": "odile@n%d.example", "hand": true}}`, n, n, n)
	request, err := http.NewRequestWithContext(p.b.Context(), http.MethodPost, p.URL+"/api/v1/collectivities", strings.NewReader(body))
	p.must(err)
	request.SetBasicAuth("admin@bourg.example", password)
	request.Header.Set("Content-Type", "application/json")
	began := time.Now()
	answer, err := http.DefaultClient.Do(request)
	p.must(err)
	answered := time.Since(began)
	var opened struct{ Link string }
	p.must(json.NewDecoder(answer.Body).Decode(&opened))
	answer.Body.Close()
	client := p.Anonymous()
	client.Get(strings.TrimPrefix(opened.Link, p.URL)).Want(p.b, http.StatusSeeOther)
	form := client.Get("/sign-in/invitation").Want(p.b, http.StatusOK).Body
	_, rest, _ := strings.Cut(form, `name="link" value="`)
	link, _, _ := strings.Cut(rest, `"`)
	client.Post("/sign-in/invitation", "link", html.UnescapeString(link), "password", "sept grands cormorans trouvent un vieux parapluie vert").Want(p.b, http.StatusSeeOther)
	return answered, client.Get("/").Want(p.b, http.StatusOK).Body
}
