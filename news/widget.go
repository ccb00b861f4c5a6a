package news

import (
	"context"
	"time"

	"parvis/widgets"
)

// Widget is the box of the current articles.
type Widget struct{ store *Store }

// NewWidget returns the box over the store.
func NewWidget(store *Store) Widget { return Widget{store} }

// Manifest says that readers with the same groups share one content.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "news", Title: "news.widget.title", Help: "news.widget.help", Icon: "news",
		Sizes: []widgets.Size{widgets.Medium, widgets.Small, widgets.Large},
		Link:  "/news", LinkText: "news.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAudience,
		Fresh:           time.Minute, Stale: time.Hour, Deadline: time.Second,
	}
}

// boxItems is how many articles a box shows.
const boxItems = 5

// Load reads the articles that are on now.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	articles, _, err := w.store.List(ctx, request.Caller, Current, boxItems, 0)
	if err != nil {
		return widgets.Content{}, err
	}
	content := widgets.Content{Empty: widgets.Empty{
		Title: request.Printer.T("news.widget.empty"), Text: request.Printer.T("news.widget.emptynext"),
	}}
	for _, article := range articles {
		content.Items = append(content.Items, widgets.Item{
			Title: article.Title, Detail: summary(lead(article.Body)),
			Link: "/news/" + string(article.ID), When: request.Printer.NearDay(article.Starts, request.Now), // published by the day
		})
	}
	return content, nil
}
