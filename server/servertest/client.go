package servertest

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"parvis/portal"
	"parvis/sso"
)

// Client is a browser without a face: it keeps its cookies, follows no
// redirect, and fails its test when no answer comes.
type Client struct {
	URL string // of the portal

	t       testing.TB
	http    *http.Client
	mu      sync.Mutex // several goroutines may ask at once
	cookies map[string]string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Anonymous is a client that nobody signed in with.
func (p *Portal) Anonymous() *Client {
	transport := &http.Transport{DisableCompression: true}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &Client{URL: p.URL, t: p.t, cookies: map[string]string{}, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// As is a client that a person signed in with, in the first of her
// collectivities.
func (p *Portal) As(login string) *Client {
	p.t.Helper()
	return p.AsIn(login, "")
}

// AsIn is As in one of her collectivities.
func (p *Portal) AsIn(login string, collectivity portal.CollectivityID) *Client {
	p.t.Helper()
	account, err := p.Directory.AccountByLogin(p.t.Context(), login)
	if err != nil {
		p.t.Fatal(err)
	}
	if collectivity == "" {
		memberships, err := p.Directory.Memberships(p.t.Context(), account.ID)
		if err != nil {
			p.t.Fatal(err)
		}
		if len(memberships) > 0 {
			collectivity = memberships[0].Collectivity
		}
	}
	secret, err := p.SSO.Open(p.t.Context(), account.ID, collectivity)
	if err != nil {
		p.t.Fatal(err)
	}
	client := p.Anonymous()
	client.cookies[sso.CookieName(false)] = secret
	return client
}

// Try is Do for a portal that may be killed meanwhile.
func (c *Client) Try(method, path string, body io.Reader, headers ...string) (Answer, error) {
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, body)
	if err != nil {
		return Answer{}, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host // net/http sends no other
	}
	c.mu.Lock()
	for name, value := range c.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	c.mu.Unlock()
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	c.keep(response.Cookies())
	return Answer{response.StatusCode, response.Header, string(text)}, nil
}

// Cookie is the value of a cookie, "" when the client has none so named.
func (c *Client) Cookie(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cookies[name]
}

// Get opens a page as a click on a link does.
func (c *Client) Get(path string) Answer {
	c.t.Helper()
	return c.Do("GET", path, nil, "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin")
}

// Post sends a form: pairs of name and value.
func (c *Client) Post(path string, fields ...string) Answer {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return c.Do("POST", path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded",
		"Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin", "Origin", c.URL)
}

// Upload sends a file in the field "file", with pairs of name and value.
func (c *Client) Upload(path, fileName string, content io.Reader, fields ...string) Answer {
	c.t.Helper()
	reader, writer := io.Pipe()
	form := multipart.NewWriter(writer)
	go func() { writer.CloseWithError(writeForm(form, fileName, content, fields)) }()
	return c.Do("POST", path, reader, "Content-Type", form.FormDataContentType(), "Sec-Fetch-Dest", "document",
		"Sec-Fetch-Site", "same-origin", "Origin", c.URL)
}

func writeForm(form *multipart.Writer, fileName string, content io.Reader, fields []string) error {
	for i := 0; i+1 < len(fields); i += 2 {
		if err := form.WriteField(fields[i], fields[i+1]); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile("file", fileName)
	if err != nil {
		return err
	}
	if _, err := io.Copy(part, content); err != nil {
		return err
	}
	return form.Close()
}

// Do asks by any method, with pairs of header name and value; "Host" among them
// is the host that the request names.
func (c *Client) Do(method, path string, body io.Reader, headers ...string) Answer {
	c.t.Helper()
	answer, err := c.Try(method, path, body, headers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer
}

func (c *Client) keep(cookies []*http.Cookie) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cookie := range cookies {
		if cookie.MaxAge < 0 || cookie.Value == "" {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie.Value
		}
	}
}

// SignIn goes through the pages of sign-in and returns the answer to the
// password.
func (c *Client) SignIn(login, password string) Answer {
	c.t.Helper()
	if answer := c.Post("/sign-in", "login", login, "next", "/"); answer.Status != http.StatusSeeOther {
		return answer
	}
	return c.Post("/sign-in/password", "password", password)
}

// plain makes every space a plain one: a test says what is read, and words_test.go
// where a line may break.
var plain = strings.NewReplacer("\u00a0", " ", "\u202f", " ")

// Shows says whether a page says something, whatever its spaces.
func Shows(page, text string) bool {
	return strings.Contains(plain.Replace(page), plain.Replace(text))
}

// Want fails the test unless the answer has the status and shows every text.
func (a Answer) Want(t testing.TB, status int, texts ...string) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d:\n%.1500s", a.Status, status, a.Body)
	}
	for _, text := range texts {
		if !Shows(a.Body, text) {
			t.Errorf("the answer does not show %q:\n%.3000s", text, a.Body)
		}
	}
	return a
}
