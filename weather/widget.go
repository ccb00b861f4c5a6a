package weather

import (
	"context"
	"errors"
	"math"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// Widget is the box of the weather, one content for a whole collectivity.
type Widget struct {
	store  *Store
	source Source // nil: no box
}

// NewWidget returns the box over the places and a source, which may be nil.
func NewWidget(store *Store, source Source) Widget { return Widget{store, source} }

// Manifest says that the weather is everybody's.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "weather", Title: "weather.title", Help: "weather.help", Icon: "rain",
		Sizes:           []widgets.Size{widgets.Small},
		SettingsVersion: 1,
		Scope:           widgets.ScopeCollectivity,
		Fresh:           15 * time.Minute, Stale: 12 * time.Hour, Deadline: 5 * time.Second,
	}
}

// Configured says whether there is a source, and a place to ask it for.
func (w Widget) Configured(ctx context.Context, collectivity portal.CollectivityID) (bool, error) {
	if w.source == nil {
		return false, nil
	}
	_, err := w.store.Place(ctx, collectivity)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// shownHours are how far ahead the box lists, every step hours.
const shownHours, step = 9, 3

// Load asks the source for the collectivity's place.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	place, err := w.store.Place(ctx, request.Caller.Collectivity)
	if err != nil {
		return widgets.Content{}, err
	}
	forecast, err := w.source.Forecast(ctx, place)
	if err != nil {
		return widgets.Content{}, err
	}
	return content(forecast, place, request.Printer, request.Now), nil
}

// Check tries the source for the collectivity's place.
func (w Widget) Check(ctx context.Context, request widgets.Request) error {
	_, err := w.Load(ctx, request)
	return err
}

func content(forecast Forecast, place Place, printer *i18n.Printer, now time.Time) widgets.Content {
	content := widgets.Content{
		Figures: []widgets.Figure{{
			Label: printer.T("weather.sky."+string(forecast.Now.Sky)) + " · " + place.Name,
			Value: degrees(printer, forecast.Now.Celsius), Unit: "°C",
		}},
		Notice: widgets.Notice{Text: capital(rainSentence(forecast, printer, now))},
		Layout: widgets.Times,
	}
	next := 0
	for _, hour := range forecast.Hours {
		if hour.From.Before(now) || hour.From.After(now.Add(shownHours*time.Hour)) {
			continue
		}
		if next%step == 0 {
			content.Items = append(content.Items, widgets.Item{
				When:  printer.Clock(hour.From.In(now.Location())),
				Title: degrees(printer, hour.Celsius) + "\u00a0°C", Detail: printer.T("weather.sky." + string(hour.Sky)),
			})
		}
		next++
	}
	return content
}

// Facts are the temperature and the rain to come, for the greeting.
func (Widget) Facts(content widgets.Content) []widgets.Fact {
	if len(content.Figures) == 0 {
		return nil
	}
	figure := content.Figures[0]
	return []widgets.Fact{{Icon: "rain", Text: figure.Value + "\u00a0" + figure.Unit + ", " + uncapital(content.Notice.Text)}}
}

// capital and uncapital make a sentence of words, and words of a sentence.
func capital(text string) string   { return recase(text, unicode.ToUpper) }
func uncapital(text string) string { return recase(text, unicode.ToLower) }

func recase(text string, change func(rune) rune) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return ""
	}
	return string(change(first)) + text[size:]
}

func rainSentence(forecast Forecast, printer *i18n.Printer, now time.Time) string {
	from, to, found := forecast.rainSpell(now)
	switch {
	case !found:
		return printer.T("weather.dry")
	case !from.After(now):
		return printer.T("weather.rainuntil", "to", printer.Clock(to.In(now.Location())))
	}
	return printer.T("weather.rain", "from", printer.Clock(from.In(now.Location())), "to", printer.Clock(to.In(now.Location())))
}

func degrees(printer *i18n.Printer, celsius float64) string {
	return printer.Number(int(math.Round(celsius)))
}
