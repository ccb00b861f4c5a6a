package widgets

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

const (
	homesPath    = "/admin/home"
	everyonePath = homesPath + "/everyone"
)

func groupPagePath(group portal.GroupID) string {
	if group == "" {
		return everyonePath
	}
	return homesPath + "/groups/" + string(group)
}

// frameRoutes are the pages where the administrator decides the home page of everyone
// and of groups.
func (h *Handler) frameRoutes() []web.Route {
	admin := web.Needs(portal.Admin)
	routes := []web.Route{
		{Method: "GET", Path: homesPath, Access: admin, Handler: h.showFrames},
		{Method: "POST", Path: homesPath + "/groups/{group}/first", Access: admin, Handler: h.putFirst},
	}
	for _, path := range []string{everyonePath, groupPagePath("{group}")} {
		routes = append(routes,
			web.Route{Method: "GET", Path: path, Access: admin, Handler: h.showFrame},
			web.Route{Method: "POST", Path: path, Access: admin, Handler: h.takeFrame},
			web.Route{Method: "POST", Path: path + "/reset", Access: admin, Handler: h.resetFrame},
			web.Route{Method: "POST", Path: path + "/restore", Access: admin, Handler: h.restoreFrame})
	}
	return routes
}

// framesPage lists the pages that the collectivity decided.
type framesPage struct {
	web.Page
	Everyone framed
	Groups   []framed
	Gone     []framed       // taken away, and may come back
	Without  []portal.Group // groups that have the page of everyone
	Full     bool           // no more groups may have their own
}

// framed is one page in the list.
type framed struct {
	portal.Group
	Href  string
	Boxes []string // titles of the boxes on the page of who decided nothing
	Own   bool     // something of it differs from the page above
	First bool
}

func (h *Handler) showFrames(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	if group := web.Query(r).Get("group"); group != "" {
		return web.Redirect(w, r, groupPagePath(portal.GroupID(group)))
	}
	pages, groups, err := h.framesOf(r)
	if err != nil {
		return err
	}
	page, kinds := &framesPage{Full: pages.ofGroups() >= maxGroupPages}, h.available(r.Context(), caller)
	describe := func(group portal.Group, merged []Place) framed {
		one := framed{Group: group, Href: groupPagePath(group.ID), Own: len(pages.of(group.ID).places) > 0}
		one.Boxes = h.Titles(web.Printer(r), among(kinds, merged))
		return one
	}
	page.Everyone = describe(portal.Group{}, pages.over(h.pool, nil))
	for _, stored := range pages {
		i := slices.IndexFunc(groups, func(g portal.Group) bool { return g.ID == stored.group })
		if i < 0 {
			continue // everyone's, or of a group that was deleted
		}
		one := describe(groups[i], pages.over(h.pool, []portal.GroupID{stored.group}))
		switch {
		case !stored.taken():
			one.First = len(page.Groups) == 0
			page.Groups = append(page.Groups, one)
		case stored.undoable(time.Now()):
			page.Gone = append(page.Gone, one)
		}
	}
	for _, group := range groups {
		if pages.of(group.ID).taken() {
			page.Without = append(page.Without, group)
		}
	}
	page.Title, page.Section = web.Printer(r).T("widgets.pages"), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "widgets/pages", page)
}

func (h *Handler) framesOf(r *http.Request) (framePages, []portal.Group, error) {
	caller := web.CallerOf(r)
	pages, err := h.layouts.pages(r.Context(), caller.Collectivity)
	if err != nil {
		return nil, nil, err
	}
	groups, err := h.groups.Groups(r.Context(), caller)
	return pages, groups, err
}

// boardPage decides one page.
type boardPage struct {
	web.Page
	Form   web.Form
	Group  portal.Group // zero for everyone
	Action string
	Was    string
	There  bool // it is decided today
	Before bool // the last change can be undone
	Board  Board
}

// groupOf is the group that the address names, zero for everyone.
func (h *Handler) groupOf(r *http.Request) (portal.Group, error) {
	id := portal.GroupID(web.Var(r, "group"))
	if id == "" {
		return portal.Group{}, nil
	}
	groups, err := h.groups.Groups(r.Context(), web.CallerOf(r))
	if err != nil {
		return portal.Group{}, err
	}
	i := slices.IndexFunc(groups, func(g portal.Group) bool { return g.ID == id })
	if i < 0 {
		return portal.Group{}, fmt.Errorf("widgets: group %q: %w", id, portal.ErrNotFound)
	}
	return groups[i], nil
}

// showFrame shows the page as it is, or as the fields of the address have it.
func (h *Handler) showFrame(w http.ResponseWriter, r *http.Request) error {
	group, err := h.groupOf(r)
	if err != nil {
		return err
	}
	var places []Place
	var pressed string
	query := web.Query(r)
	if query.Has("widget") {
		if places, pressed, err = ReadBoard(query); err != nil {
			return err
		}
	}
	page := &boardPage{Group: group, Was: query.Get("was")}
	return h.renderFrame(w, r, http.StatusOK, page, places, pressed)
}

// renderFrame shows the board over some places, nil for those that are stored.
func (h *Handler) renderFrame(w http.ResponseWriter, r *http.Request, status int, page *boardPage, places []Place, pressed string) error {
	caller, printer := web.CallerOf(r), web.Printer(r)
	pages, err := h.layouts.pages(r.Context(), caller.Collectivity)
	if err != nil {
		return err
	}
	kinds, stored := h.available(r.Context(), caller), pages.of(page.Group.ID)
	above := among(kinds, pages.above(h.pool, page.Group.ID))
	if places == nil {
		page.Was = stored.stamp()
		places = mergeFrames(above, stored.places)
	}
	page.Board = h.Board(printer, among(kinds, complete(places, above)), above)
	page.Board.Pressed = pressed
	page.There, page.Before, page.Action = !stored.taken(), stored.undoable(time.Now()), groupPagePath(page.Group.ID)
	page.Title, page.Section = printer.T("widgets.page.everyone"), "admin"
	if page.Group.ID != "" {
		page.Title = printer.T("widgets.page.group", "group", page.Group.Name)
	}
	return h.renderer.Render(w, r, status, "widgets/page", page)
}

func (h *Handler) takeFrame(w http.ResponseWriter, r *http.Request) error {
	group, err := h.groupOf(r)
	if err != nil {
		return err
	}
	if err := web.ParseForm(r); err != nil {
		return err
	}
	places, _, err := ReadBoard(r.PostForm)
	if err != nil {
		return err
	}
	was := r.PostForm.Get("was")
	err = h.SetHome(r.Context(), web.CallerOf(r), HomePage{Group: group, Shown: was, Places: places, From: web.ClientAddr(r)})
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page := &boardPage{Form: form, Group: group, Was: was}
		if err := h.nowStamped(r, page); err != nil {
			return err
		}
		return h.renderFrame(w, r, web.StatusOf(err), page, places, "")
	}
	if err != nil {
		return err
	}
	return h.frameChanged(w, r, group, "saved")
}

// nowStamped lets who was told of another's change save hers over it.
func (h *Handler) nowStamped(r *http.Request, page *boardPage) error {
	pages, err := h.layouts.pages(r.Context(), web.CallerOf(r).Collectivity)
	page.Was = pages.of(page.Group.ID).stamp()
	return err
}

// frameChanged says what was done to a page, with its way back.
func (h *Handler) frameChanged(w http.ResponseWriter, r *http.Request, group portal.Group, what string) error {
	key, args := "widgets.page."+what, []string(nil)
	if group.ID != "" {
		key, args = key+".group", []string{"group", group.Name}
	}
	web.SetUndo(w, r, "widgets.undo", groupPagePath(group.ID)+"/restore", key, args...)
	return web.Redirect(w, r, homesPath)
}

func (h *Handler) resetFrame(w http.ResponseWriter, r *http.Request) error {
	group, err := h.groupOf(r)
	if err != nil {
		return err
	}
	if err := h.ResetHome(r.Context(), web.CallerOf(r), group, web.ClientAddr(r)); err != nil {
		return err
	}
	return h.frameChanged(w, r, group, "reset")
}

func (h *Handler) restoreFrame(w http.ResponseWriter, r *http.Request) error {
	group, err := h.groupOf(r)
	if err != nil {
		return err
	}
	if err := h.RestoreHome(r.Context(), web.CallerOf(r), group, web.ClientAddr(r)); err != nil {
		return err
	}
	return h.frameChanged(w, r, group, "restored")
}

func (h *Handler) putFirst(w http.ResponseWriter, r *http.Request) error {
	group, err := h.groupOf(r)
	if err != nil {
		return err
	}
	if err := h.PutFirst(r.Context(), web.CallerOf(r), group, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "widgets.page.first", "group", strings.TrimSpace(group.Name))
	return web.Redirect(w, r, homesPath)
}
