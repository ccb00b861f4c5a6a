package directory

import (
	"net/http"
	"net/url"
	"slices"

	"parvis/portal"
	"parvis/portal/web"
)

// sharingRoutes are the directories of others, and the page where an administrator
// lets others read hers.
func (h *Handler) sharingRoutes() []web.Route {
	admin := web.Needs(portal.Admin)
	of := baseOf("{town}")
	return []web.Route{
		{Method: "GET", Path: of, Access: web.SignedIn, Handler: h.people},
		{Method: "GET", Path: of + "/chart", Access: web.SignedIn, Handler: h.chart},
		{Method: "GET", Path: of + "/agents/{id}", Access: web.SignedIn, Handler: h.card},
		{Method: "GET", Path: of + "/agents/{id}/photo", Access: web.SignedIn, Handler: h.photo},
		{Method: "GET", Path: sharingPath, Access: admin, Handler: h.showSharing},
		{Method: "POST", Path: sharingPath, Access: admin, Handler: h.share},
		{Method: "POST", Path: sharingPath + "/{town}/end", Access: admin, Handler: h.endShare},
		{Method: "POST", Path: sharingPath + "/{town}/restore", Access: admin, Handler: h.restoreShare},
	}
}

const sharingPath = "/admin/directory/sharing"

// whose is whose directory a page shows: the reader's own, or one that is shared with
// her collectivity.
type whose struct {
	Caller portal.Caller // in that collectivity; nobody in particular in another one
	Base   string        // "/directory", "/directory/of/bourg"
	Town   string        // its name, "" for her own
}

func (h *Handler) whose(r *http.Request) (whose, error) {
	caller, town := web.CallerOf(r), web.Var(r, "town")
	if town == "" {
		return whose{Caller: caller, Base: "/directory"}, nil
	}
	reader, name, err := h.store.ReaderIn(r.Context(), caller, portal.CollectivityID(town))
	return whose{Caller: reader, Base: baseOf(reader.Collectivity), Town: name}, err
}

// baseOf is where the pages of another directory begin.
func baseOf(town portal.CollectivityID) string { return "/directory/of/" + string(town) }

// elsewhere are the people of another directory who answer.
type elsewhere struct {
	In     whose
	People People
	Faces  []face
	More   string // where all of them are, "" when these are all
}

// shownElsewhere is how many people of each directory answer beside one's own.
const shownElsewhere = 6

// askElsewhere asks the directories that are read what was asked of one's own. Where
// somebody answers as it was typed, the nearest are of no use.
func (h *Handler) askElsewhere(r *http.Request, page *peoplePage) error {
	exact := page.People.Total > 0 && !page.People.Near
	for _, share := range page.Others {
		one := elsewhere{In: whose{Caller: share.reader(), Base: baseOf(share.ID), Town: share.Name}}
		var err error
		one.People, err = h.store.People(r.Context(), one.In.Caller, PeopleQuery{Text: page.Text, Size: shownElsewhere})
		if err != nil {
			return err
		}
		if one.People.Total == 0 {
			continue
		}
		exact = exact || !one.People.Near
		page.Elsewhere = append(page.Elsewhere, one)
	}
	if exact {
		page.Elsewhere = slices.DeleteFunc(page.Elsewhere, func(one elsewhere) bool { return one.People.Near })
		if page.People.Near {
			page.People, page.Faces = People{Page: 1}, nil
		}
	}
	for i := range page.Elsewhere {
		one := &page.Elsewhere[i]
		var err error
		if one.Faces, err = h.faces(r, one.In, one.People.Agents); err != nil {
			return err
		}
		for j := range one.Faces {
			one.Faces[j].Of = one.In.Town
		}
		if one.People.Total > len(one.Faces) {
			one.More = one.In.Base + "?" + url.Values{"q": {page.Text}}.Encode()
		}
	}
	return nil
}

// sharingPage lists who reads the directory.
type sharingPage struct {
	web.Page
	Form    web.Form
	Typed   string
	Readers []Share
	Former  []Share // who may be let again
	Read    []Share // whose directories are read here
}

func (h *Handler) showSharing(w http.ResponseWriter, r *http.Request) error {
	return h.renderSharing(w, r, http.StatusOK, &sharingPage{})
}

func (h *Handler) renderSharing(w http.ResponseWriter, r *http.Request, status int, page *sharingPage) error {
	all, err := h.store.SharedWith(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.Ended.IsZero() {
			page.Readers = append(page.Readers, one)
		} else {
			page.Former = append(page.Former, one)
		}
	}
	if page.Read, err = h.store.Readable(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("directory.sharing"), "admin"
	return h.renderer.Render(w, r, status, "directory/sharing", page)
}

func (h *Handler) share(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	typed := r.PostFormValue("collectivity")
	name, err := h.store.ShareDirectory(r.Context(), web.CallerOf(r), typed, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderSharing(w, r, web.StatusOf(err), &sharingPage{Form: form, Typed: typed})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.sharing.given", "name", name)
	return web.Redirect(w, r, sharingPath)
}

func (h *Handler) endShare(w http.ResponseWriter, r *http.Request) error {
	town := web.Var(r, "town")
	name, err := h.store.EndShare(r.Context(), web.CallerOf(r), portal.CollectivityID(town), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "directory.sharing.again", sharingPath+"/"+town+"/restore", "directory.sharing.ended", "name", name)
	return web.Redirect(w, r, sharingPath)
}

func (h *Handler) restoreShare(w http.ResponseWriter, r *http.Request) error {
	name, err := h.store.RestoreShare(r.Context(), web.CallerOf(r), portal.CollectivityID(web.Var(r, "town")), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.sharing.given", "name", name)
	return web.Redirect(w, r, sharingPath)
}
