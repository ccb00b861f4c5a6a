package i18n

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Number writes a whole number or a float, thousands apart, at most two decimals, the true minus: "2 418", "−12,5".
// v is an int, an int64 or a float64; anything else is written as fmt.Sprint does.
func (p *Printer) Number(v any) string {
	switch n := v.(type) {
	case int:
		return p.whole(int64(n))
	case int64:
		return p.whole(n)
	case float64:
		return p.float(n)
	}
	return fmt.Sprint(v)
}

// Signed writes a change, always with its sign: "+ 1", "− 5", "0"; in English "+1", "−5".
func (p *Printer) Signed(v any) string {
	text := p.Number(v)
	space := p.pick(nbsp, "")
	if rest, negative := strings.CutPrefix(text, minus); negative {
		return minus + space + rest
	}
	if text == "0" {
		return text
	}
	return "+" + space + text
}

// Money writes cents of euro: Money(241860) is "2 418,60 €", in English "€2,418.60".
func (p *Printer) Money(cents int64) string {
	sign, magnitude := split(cents)
	amount := p.group(strconv.FormatUint(magnitude/100, 10)) + p.pick(",", ".") + twoDigits(int(magnitude%100))
	if p.lang == English {
		return sign + "€" + amount
	}
	return sign + amount + nbsp + "€"
}

// Size writes a count of bytes as file managers do: "812 octets", "12 Ko", "1,4 Mo"; 1 Ko is 1024 bytes.
func (p *Printer) Size(bytes int64) string {
	if bytes < 1024 {
		if p.lang == French && bytes < 2 || bytes == 1 {
			return p.whole(bytes) + nbsp + p.pick("octet", "byte")
		}
		return p.whole(bytes) + nbsp + p.pick("octets", "bytes")
	}
	value, unit := float64(bytes)/1024, 0
	for value >= 999.5 && unit < 3 {
		value /= 1024
		unit++
	}
	names := [4]string{"KB", "MB", "GB", "TB"}
	if p.lang == French {
		names = [4]string{"Ko", "Mo", "Go", "To"}
	}
	digits := 1
	if unit == 0 || value >= 10 {
		digits = 0
	}
	return p.decimals(value, digits) + nbsp + names[unit]
}

// Duration writes a length of time, rounded to the minute and never negative: "25 min", "1 h 30", "3 jours".
func (p *Printer) Duration(d time.Duration) string {
	minutes := max(int(d.Round(time.Minute)/time.Minute), 0)
	switch {
	case minutes < 60:
		return p.whole(int64(minutes)) + nbsp + "min"
	case minutes < 24*60:
		return p.hours(minutes/60, minutes%60)
	}
	days := (minutes + 12*60) / (24 * 60)
	return p.whole(int64(days)) + nbsp + p.days(days)
}

// Until writes how far t is: "dans 25 min", "dans 3 jours", "il y a 1 h 30", "maintenant" within half a minute.
func (p *Printer) Until(t, now time.Time) string {
	d := t.Sub(now)
	switch {
	case d.Abs() < 30*time.Second:
		return p.pick("maintenant", "now")
	case d > 0:
		return p.pick("dans", "in") + nbsp + p.Duration(d)
	case p.lang == English:
		return p.Duration(-d) + nbsp + "ago"
	}
	return "il y a" + nbsp + p.Duration(-d)
}

func (p *Printer) hours(hours, minutes int) string {
	text := strconv.Itoa(hours) + nbsp + "h"
	if minutes == 0 {
		return text
	}
	text += nbsp + twoDigits(minutes)
	if p.lang == English {
		text += nbsp + "min"
	}
	return text
}

func (p *Printer) days(n int) string {
	if n == 1 {
		return p.pick("jour", "day")
	}
	return p.pick("jours", "days")
}

func (p *Printer) whole(n int64) string {
	sign, magnitude := split(n)
	return sign + p.group(strconv.FormatUint(magnitude, 10))
}

// split gives the true minus, or nothing, and the magnitude; unsigned, because the least int64 has no opposite.
func split(n int64) (string, uint64) {
	if n < 0 {
		return minus, uint64(-(n + 1)) + 1
	}
	return "", uint64(n)
}

func (p *Printer) float(f float64) string {
	text := p.decimals(f, 2)
	if strings.ContainsAny(text, ",.") && !math.IsNaN(f) && !math.IsInf(f, 0) {
		mark := p.pick(",", ".")
		whole, rest, found := cutLast(text, mark)
		if !found {
			return text
		}
		if rest = strings.TrimRight(rest, "0"); rest == "" {
			return whole
		}
		return whole + mark + rest
	}
	return text
}

// decimals writes f rounded to so many digits after the mark.
func (p *Printer) decimals(f float64, digits int) string {
	text := strconv.FormatFloat(math.Abs(f), 'f', digits, 64)
	whole, rest, _ := strings.Cut(text, ".")
	out := p.group(whole)
	if rest != "" {
		out += p.pick(",", ".") + rest
	}
	if f < 0 && strings.Trim(text, "0.") != "" {
		return minus + out
	}
	return out
}

// group parts digits by thousands: a narrow unbreakable space in French, a comma in English.
func (p *Printer) group(digits string) string {
	if len(digits) <= 3 || digits[0] < '0' || digits[0] > '9' {
		return digits
	}
	head := (len(digits)-1)%3 + 1
	var b strings.Builder
	b.WriteString(digits[:head])
	for i := head; i < len(digits); i += 3 {
		b.WriteString(p.pick(narrow, ","))
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}

func cutLast(s, mark string) (before, after string, found bool) {
	i := strings.LastIndex(s, mark)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(mark):], true
}
