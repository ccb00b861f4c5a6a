package server

import "parvis/portal/web"

// seenPages are those that an administrator who sees the desk of an agent is shown too:
// what the collectivity gives to the agent. All others are refused to her, those to
// come too: mail and agenda, what waits, the account, searches, files, and whatever
// opens an application.
var seenPages = map[string]bool{
	"/": true, "/boxes/{id}": true, "/apps": true, "/news": true, "/news/{id}": true, "/directory": true, "/directory/agents/{id}": true, "/directory/agents/{id}/photo": true, "/directory/chart": true,
	"/help": true, "/sitemap": true, "/accessibility": true, "/legal": true, "/privacy": true, "/theme/{file}": true,
}

// seenRoutes marks them.
func seenRoutes(routes []web.Route) []web.Route {
	for i := range routes {
		routes[i].Seen = routes[i].Method == "GET" && seenPages[routes[i].Path]
	}
	return routes
}
