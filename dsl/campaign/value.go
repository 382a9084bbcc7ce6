package campaign

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A value of a campaign is plain Go: string, float64, bool, CivilDate,
// time.Time (UTC), time.Duration, []any (list and set), map[string]any (map and
// object), or nil for an absent one. A ref is the string key of its row.

// CivilDate is a day in the calendar, in no time zone.
type CivilDate struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads 2006-01-02.
func ParseDate(s string) (CivilDate, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return CivilDate{}, fmt.Errorf("%q is not a date: write it as 2026-12-31", s)
	}
	return DateOf(t), nil
}

// DateOf is the day of t in t's own location.
func DateOf(t time.Time) CivilDate {
	y, m, d := t.Date()
	return CivilDate{y, m, d}
}

// String writes 2006-01-02.
func (d CivilDate) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// In is the first instant of the day in loc.
func (d CivilDate) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// Compare orders days.
func (d CivilDate) Compare(e CivilDate) int { return strings.Compare(d.String(), e.String()) }

// MarshalText writes the day as String does.
func (d CivilDate) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the day back.
func (d *CivilDate) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// Coerce turns raw, as decoded from JSON or read from a CSV cell, into a value
// of type t. It accepts the spellings that people's exports have (numbers in
// strings, "true", dates with a time), and refuses what would lose meaning. An
// absent value (nil, and "" for all but strings) comes back as nil.
func Coerce(t Type, raw any) (any, error) {
	if raw == nil {
		return nil, nil
	}
	if s, ok := raw.(string); ok && t.Kind != String && t.Kind != Any {
		if s = strings.TrimSpace(s); s == "" {
			return nil, nil
		}
		raw = s
	}
	v, ok, err := coerce(t, raw)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s is not a %s", describe(raw), t)
	}
	return v, nil
}

func coerce(t Type, raw any) (v any, ok bool, err error) {
	switch t.Kind {
	case Any:
		return raw, true, nil
	case String, Ref:
		return coerceString(raw)
	case Number:
		return coerceNumber(raw)
	case Bool:
		return coerceBool(raw)
	case Date:
		return coerceDate(raw)
	case Time:
		return coerceTime(raw)
	case Duration:
		return coerceDuration(raw)
	case List, Set:
		return coerceList(t, raw)
	case Map:
		return coerceMap(t, raw)
	case Object:
		return coerceObject(t, raw)
	}
	return nil, false, nil
}

func coerceString(raw any) (any, bool, error) {
	switch r := raw.(type) {
	case string:
		return r, true, nil
	case float64: // shops write order numbers both ways
		return strconv.FormatFloat(r, 'f', -1, 64), true, nil
	}
	return nil, false, nil
}

func coerceNumber(raw any) (any, bool, error) {
	switch r := raw.(type) {
	case float64:
		return r, true, nil
	case int:
		return float64(r), true, nil
	case int64:
		return float64(r), true, nil
	case string:
		f, err := strconv.ParseFloat(r, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0), nil
	}
	return nil, false, nil
}

func coerceBool(raw any) (any, bool, error) {
	switch r := raw.(type) {
	case bool:
		return r, true, nil
	case string:
		b, err := strconv.ParseBool(strings.ToLower(r))
		return b, err == nil, nil
	}
	return nil, false, nil
}

func coerceDate(raw any) (any, bool, error) {
	switch r := raw.(type) {
	case CivilDate:
		return r, true, nil
	case string:
		if d, err := ParseDate(r); err == nil {
			return d, true, nil
		}
		if t, err := time.Parse(time.RFC3339Nano, r); err == nil {
			return DateOf(t), true, nil
		}
	}
	return nil, false, nil
}

func coerceTime(raw any) (any, bool, error) {
	switch r := raw.(type) {
	case time.Time:
		return r.UTC().Truncate(time.Microsecond), true, nil
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
			if t, err := time.Parse(layout, r); err == nil {
				return t.UTC().Truncate(time.Microsecond), true, nil
			}
		}
	}
	return nil, false, nil
}

func coerceDuration(raw any) (any, bool, error) {
	switch r := raw.(type) {
	case time.Duration:
		return r, true, nil
	case string:
		d, err := ParseDuration(r)
		return d, err == nil, err
	}
	return nil, false, nil
}

func coerceList(t Type, raw any) (any, bool, error) {
	var items []any
	switch r := raw.(type) {
	case []any:
		items = r
	case string: // a CSV cell: a|b|c
		for part := range strings.SplitSeq(r, "|") {
			items = append(items, strings.TrimSpace(part))
		}
	default:
		return nil, false, nil
	}
	out := make([]any, 0, len(items))
	for i, item := range items {
		v, err := Coerce(*t.Elem, item)
		if err != nil {
			return nil, false, fmt.Errorf("element %d: %w", i+1, err)
		}
		if v == nil || t.Kind == Set && t.Elem.Kind == String && slices.Contains(out, v) {
			continue
		}
		out = append(out, v)
	}
	return out, true, nil
}

func coerceMap(t Type, raw any) (any, bool, error) {
	r, ok := raw.(map[string]any)
	if !ok {
		return nil, false, nil
	}
	out := make(map[string]any, len(r))
	for k, item := range r {
		v, err := Coerce(*t.Elem, item)
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", k, err)
		}
		if v != nil {
			out[k] = v
		}
	}
	return out, true, nil
}

func coerceObject(t Type, raw any) (any, bool, error) {
	r, ok := raw.(map[string]any)
	if !ok {
		return nil, false, nil
	}
	out := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		v, err := Coerce(f.Type, r[f.Name])
		if err != nil {
			return nil, false, fmt.Errorf("%s: %w", f.Name, err)
		}
		if v != nil {
			out[f.Name] = v
		}
	}
	return out, true, nil
}

func describe(raw any) string {
	switch r := raw.(type) {
	case string:
		if len(r) > 40 {
			r = r[:40] + "…"
		}
		return strconv.Quote(r)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprint(raw)
}

var durationUnits = map[byte]time.Duration{
	'w': 7 * 24 * time.Hour, 'd': 24 * time.Hour, 'h': time.Hour, 'm': time.Minute, 's': time.Second,
}

// ParseDuration reads a duration as campaigns write it: whole numbers with the
// units w, d, h, m and s, composed from large to small ("2d12h"). A day is 24
// hours, a minute is m.
func ParseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration: write whole numbers with w, d, h, m or s, such as 90d, 4h or 2d12h", s)
	var total, last time.Duration
	last = math.MaxInt64
	for rest := s; ; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(rest) || digits > 9 {
			return 0, bad
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		unit, ok := durationUnits[rest[digits]]
		if err != nil || !ok || unit >= last || n > int64((math.MaxInt64-total)/unit) {
			return 0, bad
		}
		total += time.Duration(n) * unit
		last = unit
		if rest = rest[digits+1:]; rest == "" {
			return total, nil
		}
	}
}

// FormatDuration writes d as ParseDuration reads it; parts of a second are dropped.
func FormatDuration(d time.Duration) string {
	if d < time.Second {
		return "0s"
	}
	var b strings.Builder
	for _, u := range []byte("wdhms") {
		if u == 'w' && d%durationUnits['w'] != 0 { // 90d reads better than 12w6d
			continue
		}
		if n := d / durationUnits[u]; n > 0 {
			fmt.Fprintf(&b, "%d%c", n, u)
			d -= n * durationUnits[u]
		}
	}
	return b.String()
}

// JSONValue is the JSON form of a value: what is stored, and what Coerce reads
// back. Dates, times and durations become strings.
func JSONValue(v any) any {
	switch v := v.(type) {
	case CivilDate:
		return v.String()
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return FormatDuration(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = JSONValue(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = JSONValue(item)
		}
		return out
	}
	return v
}
