package weather

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

var admin = portal.Caller{Agent: "a", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}

// noon is Tuesday 24 November 2026, 12:00 in Paris.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.FixedZone("Paris", 3600))

// answer is what the service says: rain from 15 to 17 h.
func answer() string {
	var times, degrees, rain, codes []string
	midnight := noon.Add(-12 * time.Hour)
	for hour := range 24 {
		times = append(times, fmt.Sprint(midnight.Add(time.Duration(hour)*time.Hour).Unix()))
		degrees = append(degrees, "8.6")
		if hour == 15 || hour == 16 {
			rain, codes = append(rain, "1.2"), append(codes, "61")
		} else {
			rain, codes = append(rain, "0"), append(codes, "3")
		}
	}
	return fmt.Sprintf(`{"current":{"time":%d,"temperature_2m":8.6,"precipitation":0,"weather_code":3},
		"hourly":{"time":[%s],"temperature_2m":[%s],"precipitation":[%s],"weather_code":[%s]}}`, noon.Unix(),
		strings.Join(times, ","), strings.Join(degrees, ","), strings.Join(rain, ","), strings.Join(codes, ","))
}

func newWidget(t *testing.T, handler http.HandlerFunc) (Widget, *Store) {
	t.Helper()
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	store := NewStore(db)
	if err := store.SetPlace(context.Background(), admin, Place{"Bourg-sur-Loire", 47.4, 0.7}); err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(handler)
	t.Cleanup(service.Close)
	return NewWidget(store, NewOpenMeteo(service.URL+"/v1/forecast")), store
}

func request(t *testing.T, collectivity portal.CollectivityID) widgets.Request {
	t.Helper()
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	return widgets.Request{Caller: portal.Caller{Collectivity: collectivity}, Printer: catalogue.Printer(i18n.French), Now: noon}
}

func TestTheBoxSaysWhenItRains(t *testing.T) {
	var asked string
	widget, _ := newWidget(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query().Get("latitude")
		fmt.Fprint(w, answer())
	})
	content, err := widget.Load(context.Background(), request(t, "bourg"))
	if err != nil {
		t.Fatal(err)
	}
	if asked != "47.4000" {
		t.Errorf("asked for latitude %q", asked)
	}
	facts := widget.Facts(content)
	if want := "9\u00a0°C, pluie de 15\u00a0h à 17\u00a0h"; len(facts) != 1 || facts[0].Text != want {
		t.Errorf("facts = %+v, want %q", facts, want)
	}
	if len(content.Items) != 4 || content.Items[1].When != "15\u00a0h" || content.Items[1].Detail != "Pluie" {
		t.Errorf("items = %+v", content.Items)
	}
}

func TestWithoutSourceOrPlaceThereIsNoBox(t *testing.T) {
	ctx := context.Background()
	widget, store := newWidget(t, func(http.ResponseWriter, *http.Request) {})
	for name, test := range map[string]struct {
		widget       Widget
		collectivity portal.CollectivityID
		want         bool
	}{
		"source and place": {widget, "bourg", true},
		"no place":         {widget, "agglo", false},
		"no source":        {NewWidget(store, nil), "bourg", false},
	} {
		if got, err := test.widget.Configured(ctx, test.collectivity); got != test.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestASourceInTroubleIsUnavailable(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"500":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"half": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer()[:100]) },
		"html": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"uneven": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"current":{"time":1},"hourly":{"time":[1]}}`)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"huge":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxAnswer), answer()) },
	} {
		widget, _ := newWidget(t, handler)
		if _, err := widget.Load(context.Background(), request(t, "bourg")); !errors.Is(err, portal.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	slow, _ := newWidget(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := slow.Load(ctx, request(t, "bourg")); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("slow: %v", err)
	}
}

func TestOnlyAnAdministratorSetsThePlace(t *testing.T) {
	_, store := newWidget(t, nil)
	ctx := context.Background()
	if err := store.SetPlace(ctx, portal.Caller{Collectivity: "bourg"}, Place{"x", 1, 1}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent: %v", err)
	}
	if err := store.SetPlace(ctx, admin, Place{"x", 91, 0}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("latitude 91: %v", err)
	}
	if _, err := store.Place(ctx, "agglo"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("agglo has bourg's place: %v", err)
	}
}

func FuzzOpenMeteo(f *testing.F) {
	f.Add([]byte(answer()))
	f.Fuzz(func(t *testing.T, text []byte) {
		forecast, err := parseOpenMeteo(text)
		if err == nil {
			forecast.rainSpell(noon)
		}
	})
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	widget, _ := newWidget(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer()) })
	widgetstest.Conforms(t, widget, request(t, "bourg"), Locales)
}
