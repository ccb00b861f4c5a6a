package weather

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"parvis/portal"
)

// OpenMeteo asks a service that speaks the Open-Meteo forecast API
// (open-meteo.com/en/docs), which several weather offices' data come in.
type OpenMeteo struct {
	url    string
	client *http.Client
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 256 << 10

// NewOpenMeteo returns a source at url, "https://meteo.example/v1/forecast".
// It follows no redirect: the address is the operator's choice.
func NewOpenMeteo(url string) *OpenMeteo {
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	return &OpenMeteo{url, client}
}

// Forecast asks for today and tomorrow.
func (o *OpenMeteo) Forecast(ctx context.Context, place Place) (Forecast, error) {
	query := url.Values{
		"latitude":      {strconv.FormatFloat(place.Latitude, 'f', 4, 64)},
		"longitude":     {strconv.FormatFloat(place.Longitude, 'f', 4, 64)},
		"current":       {"temperature_2m,precipitation,weather_code"},
		"hourly":        {"temperature_2m,precipitation,weather_code"},
		"forecast_days": {"2"}, "timeformat": {"unixtime"}, "timezone": {"UTC"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url+"?"+query.Encode(), nil)
	if err != nil {
		return Forecast{}, fmt.Errorf("weather: %w: %w", portal.ErrInvalid, err)
	}
	response, err := o.client.Do(request)
	if err != nil {
		return Forecast{}, unavailable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return Forecast{}, unavailable(fmt.Errorf("status %d", response.StatusCode))
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Forecast{}, unavailable(err)
	}
	return parseOpenMeteo(text)
}

func unavailable(err error) error {
	return fmt.Errorf("weather: %w: %w", portal.UserError{Kind: portal.ErrUnavailable, Key: "weather.error.unreachable"}, err)
}

type openMeteoAnswer struct {
	Current struct {
		Time        int64   `json:"time"`
		Temperature float64 `json:"temperature_2m"`
		Rain        float64 `json:"precipitation"`
		Code        int     `json:"weather_code"`
	} `json:"current"`
	Hourly struct {
		Time        []int64   `json:"time"`
		Temperature []float64 `json:"temperature_2m"`
		Rain        []float64 `json:"precipitation"`
		Code        []int     `json:"weather_code"`
	} `json:"hourly"`
}

func parseOpenMeteo(text []byte) (Forecast, error) {
	var answer openMeteoAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return Forecast{}, unavailable(err)
	}
	hourly := answer.Hourly
	count := len(hourly.Time)
	if answer.Current.Time == 0 || len(hourly.Temperature) != count || len(hourly.Rain) != count || len(hourly.Code) != count || count > 400 {
		return Forecast{}, unavailable(errors.New("the answer is not a forecast"))
	}
	forecast := Forecast{
		At:  time.Unix(answer.Current.Time, 0).UTC(),
		Now: Conditions{answer.Current.Temperature, answer.Current.Rain, skyOf(answer.Current.Code)},
	}
	for i := range count {
		forecast.Hours = append(forecast.Hours, Hour{
			time.Unix(hourly.Time[i], 0).UTC(),
			Conditions{hourly.Temperature[i], hourly.Rain[i], skyOf(hourly.Code[i])},
		})
	}
	return forecast, nil
}

// skyOf reads a code of WMO table 4677 as Open-Meteo uses it.
func skyOf(code int) Sky {
	switch {
	case code >= 95:
		return Storm
	case code >= 71 && code <= 77, code == 85, code == 86:
		return Snow
	case code >= 51:
		return Rain
	case code == 45 || code == 48:
		return Fog
	case code >= 2:
		return Cloudy
	}
	return Clear
}
