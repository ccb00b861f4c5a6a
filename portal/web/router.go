package web

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Config is what a Router needs.
type Config struct {
	Identifier Identifier
	Renderer   *Renderer
	Catalogue  *i18n.Catalogue
	Log        *slog.Logger
	// BaseURL fixes the address of the installation, "https://parvis.example".
	// Empty: http and the Host header of each request (the demo).
	BaseURL string
	// TrustedProxies may say who the client is in X-Forwarded-For.
	TrustedProxies Networks
	// LogRequests writes a line for each request, not only for failures.
	LogRequests bool
	// Assisting is what an operator of the pool may open in a collectivity that she assists.
	Assisting Assisting
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Router sends each request to its route. The middleware order is written
// once, in ServeHTTP.
type Router struct {
	config   Config
	routes   []Route
	exact    map[string]map[string]*Route // path → method → route, without variables
	prefixes []prefixRoute                // longest first
	patterns *mux.Router
	crossing *http.CrossOriginProtection
	secure   bool
}

type prefixRoute struct {
	prefix string
	route  *Route
}

// NewRouter returns a router without routes.
func NewRouter(config Config) (*Router, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	rt := &Router{
		config:   config,
		exact:    map[string]map[string]*Route{},
		patterns: mux.NewRouter().UseEncodedPath(),
		crossing: http.NewCrossOriginProtection(),
	}
	if config.BaseURL != "" {
		base, err := url.Parse(config.BaseURL)
		if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
			return nil, fmt.Errorf("web: %w: address %q must look like https://parvis.example", portal.ErrInvalid, config.BaseURL)
		}
		rt.secure = base.Scheme == "https"
		rt.config.BaseURL = base.Scheme + "://" + base.Host
		if err := rt.crossing.AddTrustedOrigin(rt.config.BaseURL); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	return rt, nil
}

// Mount adds routes. It panics on a route that could never be answered, or
// that is there already: both are faults of the program.
func (rt *Router) Mount(routes ...Route) {
	for _, route := range routes {
		if route.Access == (Access{}) || route.Handler == nil || !strings.HasPrefix(route.Path, "/") {
			panic(fmt.Sprintf("web: route %s %s is not complete", route.Method, route.Path))
		}
		rt.routes = append(rt.routes, route)
		rt.place(&route)
	}
}

func (rt *Router) place(route *Route) {
	if prefix, ok := strings.CutSuffix(route.Path, "*"); ok {
		rt.prefixes = append(rt.prefixes, prefixRoute{prefix, route})
		slices.SortStableFunc(rt.prefixes, func(a, b prefixRoute) int { return cmp.Compare(len(b.prefix), len(a.prefix)) })
		return
	}
	if strings.Contains(route.Path, "{") {
		added := rt.patterns.NewRoute().Path(route.Path).Name(route.Method + " " + route.Path)
		if route.Method == "GET" {
			added.Methods("GET", "HEAD")
		} else if route.Method != "*" {
			added.Methods(route.Method)
		}
		added.Handler(patternHandler{route})
		return
	}
	methods := rt.exact[route.Path]
	if methods == nil {
		methods = map[string]*Route{}
		rt.exact[route.Path] = methods
	}
	if methods[route.Method] != nil {
		panic(fmt.Sprintf("web: route %s %s is there twice", route.Method, route.Path))
	}
	methods[route.Method] = route
}

// Routes returns every route, in the order of their mounting.
func (rt *Router) Routes() []Route { return slices.Clone(rt.routes) }

// patternHandler carries a Route through gorilla/mux, which is asked only
// which route matches: the router itself serves.
type patternHandler struct{ route *Route }

func (patternHandler) ServeHTTP(http.ResponseWriter, *http.Request) {}

// find returns the route of a request and its variables; nil without route,
// with wrongMethod when another method would have found one.
func (rt *Router) find(r *http.Request) (route *Route, vars map[string]string, wrongMethod bool) {
	method := r.Method
	if methods := rt.exact[r.URL.Path]; methods != nil {
		if method == http.MethodHead && methods[method] == nil {
			method = http.MethodGet
		}
		if route := cmp.Or(methods[method], methods["*"]); route != nil {
			return route, nil, false
		}
		wrongMethod = true
	}
	for _, candidate := range rt.prefixes {
		if strings.HasPrefix(r.URL.Path, candidate.prefix) && methodFits(candidate.route, method) {
			return candidate.route, nil, false
		}
	}
	var match mux.RouteMatch
	if rt.patterns.Match(r, &match) {
		if found, ok := match.Handler.(patternHandler); ok {
			vars, sound := decodeVars(match.Vars)
			if !sound {
				return nil, nil, false
			}
			return found.route, vars, false
		}
	}
	return nil, nil, wrongMethod || match.MatchErr == mux.ErrMethodMismatch
}

// allowed lists the methods that the address of a request answers to.
func (rt *Router) allowed(r *http.Request) string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if route, _, _ := rt.find(other); route != nil {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}

func methodFits(route *Route, method string) bool {
	return route.Method == "*" || route.Method == method || (route.Method == "GET" && method == http.MethodHead)
}

// decodeVars undoes percent-encoding segment by segment, so that an encoded
// slash stays inside of its variable. What no stored text can hold, a NUL or
// octets that are not UTF-8, names nothing: sound is false.
func decodeVars(vars map[string]string) (decoded map[string]string, sound bool) {
	for name, value := range vars {
		text, err := url.PathUnescape(value)
		if err != nil || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return nil, false
		}
		vars[name] = text
	}
	return vars, true
}
