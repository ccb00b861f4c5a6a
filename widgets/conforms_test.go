package widgets_test

import (
	"context"
	"testing"

	"parvis/portal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

func TestTheWidgetOfTheTestsConforms(t *testing.T) {
	full := newBox("full", widgets.ScopeAgent)
	full.manifest.Link, full.manifest.LinkText = "/news", "widgets.title"
	full.load = func(_ context.Context, request widgets.Request) (widgets.Content, error) {
		return fullContent(request.Now), nil
	}
	widgetstest.Conforms(t, full, widgets.Request{Caller: portal.Caller{Collectivity: "bourg", Agent: "ada"}})
}
