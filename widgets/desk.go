package widgets

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// desk is what stands on one agent's page before any box is loaded. It is
// kept until something in it changes, so that a warm page asks the store for
// nothing.
type desk struct {
	identity string // web.Identity.Version that it was made for
	sequence uint64 // of the changes known when it was made
	until    time.Time
	audience string

	boxes    []placed
	greeters []*kind
	apps     []App
	version  uint64 // of the boxes and the applications
}

// placed is a box with its kind.
type placed struct {
	Box
	kind *kind
}

// deskKept bounds how long another node's changes go unseen.
const deskKept = 5 * time.Minute

// deskOf returns the caller's desk, made anew when something changed.
func (h *Handler) deskOf(ctx context.Context, identity *web.Identity, key deskKey) (*desk, error) {
	changed := h.changedAt(contentKey{collectivity: key.collectivity, agent: key.agent, widget: deskID})
	found, ok := h.desks.GetIfPresent(key)
	if ok && found.identity == identity.Version && changed <= found.sequence && time.Now().Before(found.until) {
		return found, nil
	}
	made, err := h.newDesk(ctx, identity)
	switch {
	case err != nil && ok && found.identity == identity.Version:
		h.log.Warn("home page not renewed", "collectivity", key.collectivity, "error", err)
		return found, nil // the store is in trouble: the page stays as it was
	case err != nil:
		return nil, err
	}
	h.desks.Set(key, made)
	return made, nil
}

func (h *Handler) newDesk(ctx context.Context, identity *web.Identity) (*desk, error) {
	caller := identity.Caller
	d := &desk{identity: identity.Version, sequence: h.sequence.Load(), until: time.Now().Add(deskKept), audience: caller.Audience()}
	arrangement, err := h.arrangementOf(ctx, caller)
	if err != nil {
		return nil, err
	}
	for _, box := range arrangement.boxes() {
		k := h.catalogue.byID[box.Widget]
		box.Size = k.manifest.size(box.Size)
		d.boxes = append(d.boxes, placed{box, k})
	}
	for _, k := range h.available(ctx, caller) {
		if _, ok := k.widget.(Greeter); ok {
			d.greeters = append(d.greeters, k)
		}
	}
	if d.apps, err = h.pinned(ctx, caller); err != nil {
		return nil, err
	}
	d.version = d.hash()
	return d, nil
}

// pinned returns the applications with an address that may stand on a page.
func (h *Handler) pinned(ctx context.Context, caller portal.Caller) ([]App, error) {
	if h.pins == nil {
		return nil, nil
	}
	apps, err := h.pins.Pinned(ctx, caller)
	if err != nil {
		return nil, fmt.Errorf("widgets: pinned applications: %w", err)
	}
	var kept []App
	for _, app := range apps {
		app.Name = cleanText(app.Name)
		if app.Name == "" || !safeLink(app.URL) {
			continue
		}
		if !idPattern.MatchString(app.Icon) {
			app.Icon = "apps"
		}
		kept = append(kept, app)
	}
	return kept, nil
}

func (d *desk) hash() uint64 {
	var sum maphash.Hash
	sum.SetSeed(versionSeed)
	for _, box := range d.boxes {
		maphash.WriteComparable(&sum, box.Box)
	}
	for _, app := range d.apps {
		maphash.WriteComparable(&sum, app)
	}
	return sum.Sum64()
}

// arrangementOf reads the caller's frame and choices.
func (h *Handler) arrangementOf(ctx context.Context, caller portal.Caller) (arrangement, error) {
	frame, err := h.frameOf(ctx, caller)
	if err != nil {
		return arrangement{}, err
	}
	choices, err := h.layouts.choices(ctx, caller)
	if err != nil {
		return arrangement{}, err
	}
	return arrangement{frame: frame, choices: choices}, nil
}

// frameOf is the frame of the caller's collectivity with the boxes that she
// may have, and only them; those that nobody spoke of can be added.
func (h *Handler) frameOf(ctx context.Context, caller portal.Caller) ([]Place, error) {
	pages, err := h.layouts.pages(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	return among(h.available(ctx, caller), pages.over(h.pool, caller.Groups)), nil
}

// among is a frame with these kinds of boxes only, and all of them.
func among(all []*kind, merged []Place) []Place {
	kinds := map[string]*kind{}
	for _, k := range all {
		kinds[k.manifest.ID] = k
	}
	var frame []Place
	for _, place := range merged {
		k := kinds[place.Widget]
		if k == nil {
			continue
		}
		delete(kinds, place.Widget)
		place.Size = k.manifest.size(place.Size)
		frame = append(frame, place)
	}
	for _, k := range all {
		if kinds[k.manifest.ID] != nil {
			frame = append(frame, Place{Widget: k.manifest.ID, Size: k.manifest.Sizes[0], State: Available})
		}
	}
	return frame
}

// size is the wanted one when the box may have it, else the first it may have.
func (m Manifest) size(wanted Size) Size {
	for _, size := range m.Sizes {
		if size == wanted {
			return size
		}
	}
	return m.Sizes[0]
}
