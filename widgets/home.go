package widgets

import (
	"hash/maphash"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"parvis/portal/i18n"
	"parvis/portal/web"
)

// page is one agent's home page, put together: everything in it is of the
// versions that its ETag is made of. It never changes.
type page struct {
	version uint64
	etag    []string // a header's value, shared by all answers

	frameVersion, topVersion uint64
	head, top, tail          *fragment

	body, packed []byte // plain and gzip; at least one

	stamp
}

// stamp says until when a page is known to be today's without looking at its
// boxes: nothing changed anywhere, all of them stay fresh, and so does whom it
// was made for.
type stamp struct {
	identity string // web.Identity.Version
	notices  string // web.Renderer.Announced
	day      int
	sequence uint64
	until    time.Time // zero when a box is not fresh, or never kept
}

// current says whether the page can be served as it is.
func (s stamp) current(identity *web.Identity, notices string, day int, sequence uint64) bool {
	return s.sequence == sequence && s.day == day && s.notices == notices && s.identity == identity.Version && time.Now().Before(s.until)
}

func (p *page) weight() uint32 {
	size := 500 + len(p.body) + len(p.packed)
	for _, part := range []*fragment{p.head, p.top, p.tail} {
		size += len(part.html) + len(part.deflated)
	}
	return uint32(size)
}

// around returns the fragments of the whole page in order.
func (p *page) around(boxes []*fragment) []*fragment {
	all := append(make([]*fragment, 0, len(boxes)+4), p.head, p.top)
	return append(append(all, boxes...), bottom, p.tail)
}

// bottom closes what the template "widgets/top" opened.
var bottom = newFragment([]byte("</div></div></div>"))

// showHome answers with the caller's page. Warm, it renders nothing and asks
// the store for nothing; when nothing changed it sends nothing.
func (h *Handler) showHome(w http.ResponseWriter, r *http.Request) error {
	identity := web.IdentityOf(r)
	rd := reader{caller: identity.Caller, printer: web.Printer(r), now: web.Now(r), seen: identity.Seer != nil}
	key := deskKey{rd.caller.Collectivity, rd.caller.Agent, rd.printer.Lang()}
	sequence := h.sequence.Load()
	known, _ := h.pages.GetIfPresent(key)
	announces, zipped := web.HasFlash(r), web.AcceptsGzip(r)
	notices := h.renderer.Announced(r)
	if known != nil && !announces && known.has(zipped) && known.current(identity, notices, dayOf(rd.now), sequence) {
		return known.answer(w, r, zipped)
	}
	desk, err := h.deskOf(r.Context(), identity, key)
	if err != nil {
		return err
	}
	rd.audience = desk.audience
	boxes, facts, until, err := h.load(r, desk, rd)
	if err != nil {
		return err
	}
	made, err := h.assemble(w, r, known, desk, rd, boxes, facts, versionsOf(identity, desk, rd, notices, h.renderer.Waiting(r), boxes, facts))
	if err != nil {
		return err
	}
	if announces {
		made.etag = nil
		return made.answer(w, r, zipped)
	}
	made.stamp = stamp{identity: identity.Version, notices: notices, day: dayOf(rd.now), sequence: sequence, until: until}
	h.pages.Set(key, made)
	return made.answer(w, r, zipped)
}

// load peeks at every box and at what greets, waits the page's time for those
// that must be loaded, and renders what was not rendered yet. It returns too
// until when all of them are fresh.
func (h *Handler) load(r *http.Request, desk *desk, rd reader) ([]*fragment, []Fact, time.Time, error) {
	states := make([]shown, len(desk.boxes)+len(desk.greeters))
	for i, box := range desk.boxes {
		states[i] = h.peek(box.kind, rd)
	}
	greeting := states[len(desk.boxes):]
	for i, k := range desk.greeters {
		greeting[i] = h.peek(k, rd)
	}
	h.wait(r.Context(), states, h.limits.Page)
	fragments, until := make([]*fragment, len(desk.boxes)), desk.until
	for i, box := range desk.boxes {
		made, err := h.fragment(box, states[i], rd)
		if err != nil {
			return nil, nil, time.Time{}, err
		}
		fragments[i] = made
		if end := states[i].freshUntil(box.kind.manifest); end.Before(until) {
			until = end
		}
	}
	var facts []Fact
	for i, state := range greeting {
		if end := state.freshUntil(desk.greeters[i].manifest); end.Before(until) {
			until = end
		}
		if !state.late && (state.age == fresh || state.age == stale) {
			facts = append(facts, state.loaded.facts...)
		}
	}
	return fragments, facts, until, nil
}

// versions are what a page and its parts are made of.
type versions struct{ frame, top, page uint64 }

func versionsOf(identity *web.Identity, desk *desk, rd reader, notices string, waiting int, boxes []*fragment, facts []Fact) versions {
	var sum maphash.Hash
	sum.SetSeed(versionSeed)
	var v versions
	day := dayOf(rd.now)
	sum.WriteString(identity.Version)
	sum.WriteString(string(rd.printer.Lang()))
	sum.WriteString(notices)
	maphash.WriteComparable(&sum, day)
	maphash.WriteComparable(&sum, waiting)
	v.frame = sum.Sum64()
	maphash.WriteComparable(&sum, desk.version)
	for _, fact := range facts {
		maphash.WriteComparable(&sum, fact)
	}
	v.top = sum.Sum64()
	for _, box := range boxes {
		maphash.WriteComparable(&sum, box.version)
	}
	v.page = sum.Sum64()
	return v
}

// topView is what stands above the boxes.
type topView struct {
	Date  template.HTML // the Printer's own words and digits
	Saint string
	Facts []Fact
	Apps  []App
	Boxes bool
	Seen  bool // by an administrator, who arranges nothing
}

// assemble makes the page anew, out of what the known one still holds.
func (h *Handler) assemble(w http.ResponseWriter, r *http.Request, known *page, desk *desk, rd reader, boxes []*fragment, facts []Fact, v versions) (*page, error) {
	made := &page{
		version: v.page, frameVersion: v.frame, topVersion: v.top,
		etag: []string{`W/"` + strconv.FormatUint(v.page, 36) + `"`},
	}
	if known != nil && known.frameVersion == v.frame && !web.HasFlash(r) {
		made.head, made.tail = known.head, known.tail
	} else if err := h.frame(w, r, made); err != nil {
		return nil, err
	}
	if known != nil && known.topVersion == v.top {
		made.top = known.top
	} else {
		html, err := h.renderer.Execute(rd.printer.Lang(), "widgets/top", topView{
			Date: rd.printer.DateLongHTML(rd.now, rd.now), Saint: i18n.SaintOf(rd.now),
			Facts: facts, Apps: desk.apps, Boxes: len(boxes) > 0, Seen: rd.seen,
		})
		if err != nil {
			return nil, err
		}
		made.top = newFragment(html)
	}
	if known != nil && known.version == v.page && !web.HasFlash(r) {
		made.etag, made.body, made.packed = known.etag, known.body, known.packed
	}
	if made.has(web.AcceptsGzip(r)) {
		return made, nil
	}
	if web.AcceptsGzip(r) {
		made.packed = joinGzip(made.around(boxes))
	} else {
		made.body = join(made.around(boxes))
	}
	return made, nil
}

// frame renders what stands around the page. It is the page's own address
// that the frame comes back to, whatever was typed after it.
func (h *Handler) frame(w http.ResponseWriter, r *http.Request, made *page) error {
	plain := r.Clone(r.Context())
	plain.URL = &url.URL{Path: "/"}
	frame := &web.Page{}
	frame.Title, frame.Section = web.Printer(r).T("widgets.title"), "home"
	head, tail, err := h.renderer.Frame(w, plain, frame)
	if err != nil {
		return err
	}
	made.head, made.tail = newFragment(head), newFragment(tail)
	return nil
}

func (p *page) has(zipped bool) bool {
	if zipped {
		return p.packed != nil
	}
	return p.body != nil
}

// Header values shared by all answers.
var (
	htmlType    = []string{"text/html; charset=utf-8"}
	varyHeader  = []string{"Accept-Encoding, Cookie"}
	gzipCoding  = []string{"gzip"}
	ifNoneMatch = "If-None-Match"
)

// answer sends the page in one piece, or says that the browser has it.
func (p *page) answer(w http.ResponseWriter, r *http.Request, zipped bool) error {
	if p.etag != nil && matches(r, p.etag) {
		return notModified(w, p.etag)
	}
	header, body := w.Header(), p.body
	header["Content-Type"], header["Vary"] = htmlType, varyHeader
	if p.etag != nil {
		header["Etag"] = p.etag
	}
	if zipped {
		body = p.packed
		header["Content-Encoding"] = gzipCoding
	}
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.Write(body) // a client that left is no fault of ours
	return nil
}

func notModified(w http.ResponseWriter, etag []string) error {
	header := w.Header()
	header["Vary"], header["Etag"] = varyHeader, etag
	w.WriteHeader(http.StatusNotModified)
	return nil
}

// matches says whether the browser has this version (RFC 9110 §13.1.2).
func matches(r *http.Request, etag []string) bool {
	given := r.Header.Get(ifNoneMatch)
	if given == etag[0] {
		return true
	}
	for candidate := range strings.SplitSeq(given, ",") {
		if strings.TrimSpace(candidate) == etag[0] {
			return true
		}
	}
	return false
}

// boxBudget is how long a box that is asked for alone is waited for: what its
// load may take, with the time to get a loader.
func (k *kind) boxBudget() time.Duration { return k.manifest.Deadline + time.Second }
