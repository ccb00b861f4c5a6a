package documents

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/search/extract"
	"parvis/themes"
)

// people knows the callers of this package's tests by a header.
type people struct{}

func (people) Identify(r *http.Request) (*web.Identity, error) {
	caller, known := map[string]portal.Caller{
		"editor": editor, "finance": finance, "elected": elected, "other": other, "foreign": foreign,
	}[r.Header.Get("X-Who")]
	if !known {
		return nil, nil
	}
	zone, err := time.LoadLocation("Europe/Paris")
	return &web.Identity{Caller: caller, PersonName: "Camille Le Goff", Language: i18n.Language(r.Header.Get("X-Lang")), Collectivity: web.Collectivity{
		ID: caller.Collectivity, Name: string(caller.Collectivity), Language: i18n.French, Zone: zone,
	}}, err
}

type townGroups struct{}

func (townGroups) Groups(context.Context, portal.Caller) ([]portal.Group, error) {
	return []portal.Group{{ID: "elus", Name: "Élus"}, {ID: "finances", Name: "Finances <script>"}}, nil
}

// site is a desk with its pages.
type site struct {
	*desk
	router *web.Router
}

func newSite(t testing.TB) *site {
	t.Helper()
	d := newDesk(t)
	catalogue, err := i18n.Load(themes.Locales, web.Locales, Locales, extract.Locales)
	if err != nil {
		t.Fatal(err)
	}
	if missing, err := catalogue.Missing(Templates); err != nil || len(missing) > 0 {
		t.Errorf("the templates ask for sentences that nobody wrote: %v, %v", missing, err)
	}
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(catalogue, assets.URL, nil, Templates)
	if err != nil {
		t.Fatal(err)
	}
	router, err := web.NewRouter(web.Config{Identifier: people{}, Renderer: renderer, Catalogue: catalogue, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	router.Mount(NewHandler(d.Store, townGroups{}, renderer).Routes()...)
	return &site{d, router}
}

func (s *site) send(r *http.Request, who string) *httptest.ResponseRecorder {
	r.Header.Set("X-Who", who)
	r.Header.Set("Accept-Encoding", "identity")
	w := httptest.NewRecorder()
	s.router.ServeHTTP(w, r)
	return w
}

func (s *site) get(path, who string) *httptest.ResponseRecorder {
	return s.send(httptest.NewRequest("GET", path, nil), who)
}

func (s *site) post(path, who string, fields ...string) *httptest.ResponseRecorder {
	var form []string
	for i := 0; i < len(fields); i += 2 {
		form = append(form, fields[i]+"="+strings.ReplaceAll(fields[i+1], " ", "+"))
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(strings.Join(form, "&")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(r, who)
}

// uploadForm is a form with files: pairs of name and content.
func uploadForm(t testing.TB, path string, files ...string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(files); i += 2 {
		part, err := form.CreateFormFile("file", files[i])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, files[i+1])
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	return r
}

func wantPage(t *testing.T, w *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("status = %d, want %d", w.Code, status)
	}
	page := html.UnescapeString(w.Body.String())
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
	if strings.Contains(page, "⟦") || strings.Contains(page, "<no value>") {
		t.Errorf("the page has holes:\n%s", page)
	}
}

func TestAPersonUploadsAndFindsHerFiles(t *testing.T) {
	s := newSite(t)
	wantPage(t, s.get("/documents", "editor"), 200, "Aucun dossier pour l’instant.", "Nouveau dossier")
	wantPage(t, s.get("/documents", "other"), 200, "Aucun dossier ne vous est ouvert.")
	created := s.post("/documents/folders", "editor", "name", "Marchés publics", "writers", "finances")
	if created.Code != 303 {
		t.Fatalf("create folder = %d %s", created.Code, created.Body)
	}
	folder := created.Header().Get("Location")
	wantPage(t, s.get(folder, "finance"), 200, "Ce dossier est vide.", "Déposer des documents")
	uploaded := s.send(uploadForm(t, folder+"/upload", "Cahier des charges.pdf", "%PDF-1.7", `C:\\temp\\Bordereau été.xlsx`, "PK\x03\x04"), "finance")
	if uploaded.Code != 303 || uploaded.Header().Get("Location") != folder {
		t.Fatalf("upload = %d %s", uploaded.Code, uploaded.Body)
	}
	wantPage(t, s.get(folder, "other"), 200, "2 documents", "Cahier des charges", "Bordereau été", "Lecture en attente")
	if page := s.get(folder, "other").Body.String(); strings.Contains(page, "Déposer des documents") {
		t.Error("who only reads is offered to upload")
	}
	wantPage(t, s.get("/documents", "other"), 200, "Marchés publics", "Bordereau été")
}

func TestTheDocumentPageSaysItsState(t *testing.T) {
	s := newSite(t)
	folder := s.folder(t, FolderDraft{Name: "Conseil", Writers: []portal.GroupID{"finances"}})
	id := s.add(t, finance, folder, "vide.pdf", "")
	readAll(t, NewWorker(s.Store, newExtractor(t, extract.Options{}), quiet))
	wantPage(t, s.get("/documents", "finance"), 200, "1 document n’est trouvable que par son nom.")
	wantPage(t, s.get("/documents/unread", "finance"), 200, "vide", "Ce fichier est vide", "Relire le fichier")
	wantPage(t, s.get("/documents/unread", "other"), 200, "Tous les documents sont lus.")
	wantPage(t, s.get("/documents/"+string(id), "finance"), 200, "Trouvable par son nom", "Ce fichier est vide", "Relire le fichier", "Nouvelle version")
	if page := s.get("/documents/"+string(id), "other").Body.String(); strings.Contains(page, "Relire") || strings.Contains(page, "corbeille") {
		t.Error("who only reads is offered changes")
	}
	if w := s.send(uploadForm(t, "/documents/"+string(id)+"/versions", "plein.txt", "un mot"), "finance"); w.Code != 303 {
		t.Fatalf("replace = %d %s", w.Code, w.Body)
	}
	wantPage(t, s.get("/documents/"+string(id), "other"), 200, "plein.txt", "Versions précédentes", "/documents/"+string(id)+"/versions/1")
	english := httptest.NewRequest("GET", "/documents/"+string(id), nil)
	english.Header.Set("X-Lang", "en")
	wantPage(t, s.send(english, "other"), 200, "Waiting to be read", "Earlier versions")
}

func TestRefusedFormsKeepWhatWasTyped(t *testing.T) {
	s := newSite(t)
	folder := s.folder(t, FolderDraft{Name: "Conseil"})
	id := s.add(t, editor, folder, "note.txt", "x")
	wantPage(t, s.post("/documents/folders", "editor", "name", "CONSEIL", "writers", "finances"), 409,
		`value="CONSEIL"`, "existe déjà", `name="writers" value="finances" checked`, `href="#name"`)
	wantPage(t, s.post("/documents/folders", "editor", "name", "Bureau", "readers", "elus"), 422, `value="Bureau"`, "Cochez au moins un de vos groupes", `value="elus" checked`)
	wantPage(t, s.post("/documents/"+string(id), "editor", "title", " ", "folder", string(folder)), 422, "Donnez un titre", `aria-describedby="title-error"`)
	wantPage(t, s.post("/documents/folders/"+string(folder)+"/delete", "editor"), 409, "n’est pas vide")
	wantPage(t, s.send(uploadForm(t, "/documents/folders/"+string(folder)+"/upload"), "editor"), 422, "Choisissez un fichier")
	wantPage(t, s.send(uploadForm(t, "/documents/folders/"+string(folder)+"/upload", "NOTE.TXT", "y"), "editor"), 409, "«\u00a0NOTE.TXT\u00a0» existe déjà")
}

func TestDeleteGoesToTheBinAndBack(t *testing.T) {
	s := newSite(t)
	folder := s.folder(t, FolderDraft{Name: "Conseil"})
	id := string(s.add(t, editor, folder, "note.txt", "x"))
	wantPage(t, s.get("/documents/bin", "editor"), 200, "La corbeille est vide.")
	if w := s.post("/documents/"+id+"/delete", "editor"); w.Code != 303 {
		t.Fatalf("delete = %d", w.Code)
	}
	wantPage(t, s.get("/documents/"+id, "editor"), 404)
	wantPage(t, s.get("/documents/"+id+"/file", "editor"), 404)
	wantPage(t, s.get("/documents/bin", "editor"), 200, "note.txt", "Restaurer")
	if w := s.post("/documents/"+id+"/restore", "editor"); w.Code != 303 {
		t.Fatalf("restore = %d", w.Code)
	}
	wantPage(t, s.get("/documents/"+id, "editor"), 200, "note.txt")
}

func TestPagesRefuseLikeTheStore(t *testing.T) {
	s := newSite(t)
	folder := "/documents/folders/" + string(s.folder(t, FolderDraft{Name: "RH", Readers: []portal.GroupID{"elus", "finances"}}))
	id := "/documents/" + string(s.add(t, editor, FolderID(strings.TrimPrefix(folder, "/documents/folders/")), "x.txt", "secret canari"))
	for _, who := range []string{"other", "foreign", "elected"} {
		want := http.StatusNotFound
		if who == "elected" {
			want = http.StatusForbidden // she reads them
		}
		for _, path := range []string{folder + "/edit", id + "/edit"} {
			if w := s.get(path, who); w.Code != want {
				t.Errorf("GET %s as %s = %d, want %d", path, who, w.Code, want)
			}
		}
		for _, path := range []string{folder, folder + "/delete", id, id + "/delete", id + "/retry"} {
			if w := s.post(path, who, "name", "pris", "title", "pris"); w.Code != want {
				t.Errorf("POST %s as %s = %d, want %d", path, who, w.Code, want)
			}
		}
		for _, path := range []string{folder + "/upload", id + "/versions"} {
			if w := s.send(uploadForm(t, path, "a.txt", "a"), who); w.Code != want {
				t.Errorf("POST %s as %s = %d, want %d", path, who, w.Code, want)
			}
		}
		if who == "elected" {
			continue
		}
		for _, path := range []string{folder, folder + "/upload", id + "/versions", id, id + "/file", id + "/versions/1", "/documents/folders/new?parent=" + strings.TrimPrefix(folder, "/documents/folders/")} {
			if w := s.get(path, who); w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "canari") {
				t.Errorf("GET %s as %s = %d, want 404", path, who, w.Code)
			}
		}
	}
	// An address that a refused form left in the browser leads back to its page.
	for path, want := range map[string]string{folder + "/upload": folder, folder + "/delete": folder, id + "/versions": id, "/documents/folders": "/documents"} {
		if w := s.get(path, "editor"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("GET %s = %d %s, want %s", path, w.Code, w.Header().Get("Location"), want)
		}
	}
	for _, parent := range []string{"absent", "%FF", "%00"} {
		if w := s.get("/documents/folders/new?parent="+parent, "editor"); w.Code != http.StatusNotFound {
			t.Errorf("a new folder in %s: %d, want 404", parent, w.Code)
		}
	}
	for _, path := range []string{"/documents", folder, id, id + "/file", "/documents/bin"} {
		if w := s.get(path, ""); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/sign-in") {
			t.Errorf("GET %s signed out = %d %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestFilesComeDownHarmless(t *testing.T) {
	s := newSite(t)
	folder := s.folder(t, FolderDraft{Name: "Conseil"})
	path := func(name, content string) string {
		return "/documents/" + string(s.add(t, editor, folder, name, content)) + "/file"
	}
	script, plan := path(`été "1";.html`, "<script>alert(1)</script>"), path("plan.pdf", "%PDF-1.7 octets")
	picture := path("logo.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`)
	for _, test := range []struct{ path, kind, disposition, name, policy string }{
		{script + "?inline", octets, "attachment", `été "1";.html`, filePolicy},
		{picture + "?inline", octets, "attachment", "logo.svg", filePolicy},
		{plan, "application/pdf", "attachment", "plan.pdf", filePolicy},
		{plan + "?inline", "application/pdf", "inline", "plan.pdf", pdfPolicy},
		{path("a.txt", "été") + "?inline", "text/plain; charset=utf-8", "inline", "a.txt", filePolicy},
	} {
		w := s.get(test.path, "other")
		disposition, params, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
		got := []string{w.Header().Get("Content-Type"), disposition, params["filename"], w.Header().Get("Content-Security-Policy"), w.Header().Get("X-Content-Type-Options")}
		want := []string{test.kind, test.disposition, test.name, test.policy, "nosniff"}
		if w.Code != 200 || err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("GET %s = %d %q, %v, want %q", test.path, w.Code, got, err, want)
		}
	}
	etag := s.get(plan, "other").Header().Get("ETag")
	again := httptest.NewRequest("GET", plan, nil)
	again.Header.Set("If-None-Match", etag)
	if w := s.send(again, "other"); w.Code != http.StatusNotModified {
		t.Errorf("with its ETag %s = %d, want 304", etag, w.Code)
	}
	part := httptest.NewRequest("GET", plan, nil)
	part.Header.Set("Range", "bytes=5-7")
	if w := s.send(part, "other"); w.Code != http.StatusPartialContent || w.Body.String() != "1.7" {
		t.Errorf("range = %d %q", w.Code, w.Body)
	}
	if w := s.get(strings.TrimSuffix(plan, "file")+"versions/../../../etc/passwd", "other"); w.Code == 200 {
		t.Error("a path from the address reached a file")
	}
}

func TestABrokenUploadIsRefusedInASentence(t *testing.T) {
	s := newSite(t)
	folder := s.folder(t, FolderDraft{Name: "RH"})
	for name, body := range map[string]string{
		"nothing":           "",
		"NUL in the name":   "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\x00.txt\"\r\n\r\nx\r\n--b--\r\n",
		"cut in its head":   "--b\r\nContent-Disposition: form-da",
		"cut in its octets": "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx",
	} {
		r := httptest.NewRequest("POST", "/documents/folders/"+string(folder)+"/upload", strings.NewReader(body))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		if w := s.send(r, "editor"); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, w.Code)
		}
	}
}

func TestALargeUploadIsRefusedEarlyAndLeavesNothing(t *testing.T) {
	s := newSite(t)
	folder := s.folder(t, FolderDraft{Name: "Conseil"})
	path := "/documents/folders/" + string(folder) + "/upload"
	announced := httptest.NewRequest("POST", path, failingReader{})
	announced.Header.Set("Content-Type", "multipart/form-data; boundary=B")
	announced.ContentLength = 2 << 30
	wantPage(t, s.send(announced, "editor"), http.StatusRequestEntityTooLarge, "Cet envoi dépasse 1\u00a0Mo. Rien n’a été déposé", "Conseil")

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	head := "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"énorme.bin\"\r\n\r\n"
	counted := &countingReader{from: io.MultiReader(strings.NewReader(head), letters{})}
	streamed := httptest.NewRequest("POST", path, counted)
	streamed.Header.Set("Content-Type", "multipart/form-data; boundary=B")
	streamed.ContentLength = -1
	wantPage(t, s.send(streamed, "editor"), http.StatusRequestEntityTooLarge, "Cet envoi dépasse 1\u00a0Mo")
	runtime.ReadMemStats(&after)
	if counted.read > 4<<20 {
		t.Errorf("%d bytes were read of an endless upload, want little over the limit", counted.read)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("the upload allocated %d bytes", grown)
	}
	cut := uploadForm(t, path, "a.txt", strings.Repeat("a", 1000))
	cut.Body = io.NopCloser(io.LimitReader(cut.Body, 500))
	wantPage(t, s.send(cut, "editor"), http.StatusUnprocessableEntity, "L’envoi s’est interrompu")
	twice := uploadForm(t, path, "a.bin", strings.Repeat("a", 700<<10), "b.bin", strings.Repeat("b", 700<<10))
	wantPage(t, s.send(twice, "editor"), http.StatusRequestEntityTooLarge, "Cet envoi dépasse")
	if kept := s.kept(t); len(kept) > 0 {
		t.Errorf("on disk: %v, want nothing", kept)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { panic("the body of a refused upload was read") }

type countingReader struct {
	from io.Reader
	read int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read += n
	return n, err
}

func TestPagesStandHostileNames(t *testing.T) {
	s := newSite(t)
	const nasty = `<img src=x onerror=alert(1)>"'{{.}} ` + "\u202eفارسی 😀"
	folder := s.folder(t, FolderDraft{Name: nasty})
	id := s.add(t, editor, folder, nasty+".pdf", "%PDF-")
	bin := s.add(t, editor, folder, "b"+nasty+".pdf", "%PDF-")
	if err := s.Delete(t.Context(), editor, bin); err != nil {
		t.Fatal(err)
	}
	for range 60 { // two pages
		s.add(t, editor, folder, portal.NewID()+".txt", "x")
	}
	paths := []string{
		"/documents", "/documents/bin", "/documents/unread", "/documents/folders/new", "/documents/folders/" + string(folder),
		"/documents/folders/" + string(folder) + "?page=2", "/documents/folders/" + string(folder) + "/edit",
		"/documents/folders/new?parent=" + string(folder), "/documents/" + string(id), "/documents/" + string(id) + "/edit",
	}
	for _, path := range paths {
		w := s.get(path, "editor")
		wantPage(t, w, 200)
		page := w.Body.String()
		if strings.Contains(page, "<img") || strings.Contains(page, "<script>") || strings.Contains(page, "\u202e") {
			t.Errorf("GET %s lets mark-up through:\n%s", path, page)
		}
		if strings.Count(page, "<h1") != 1 {
			t.Errorf("GET %s has %d h1", path, strings.Count(page, "<h1"))
		}
	}
}
