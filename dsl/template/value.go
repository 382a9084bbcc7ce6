package template

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// present turns what data hold for nothing, a string of white space, into nil.
func present(v any) any {
	if s, ok := v.(string); ok && blankString(s) {
		return nil
	}
	return v
}

func blankString(s string) bool {
	return s == "" || s[0] <= ' ' && strings.Trim(s, whitespace) == ""
}

// blank reports whether v is nothing: nil, false, white space, an empty list or
// map. It is what {% if %} denies and what the filter default replaces.
func blank(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return blankString(v)
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// number returns v as a number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// instant returns v, a date or a time or either in its JSON form, as a time in loc.
func instant(v any, loc *time.Location) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.In(loc), true
	case campaign.CivilDate:
		return v.In(loc), true
	case string:
		if d, err := campaign.ParseDate(v); err == nil {
			return d.In(loc), true
		}
		t, err := time.Parse(time.RFC3339Nano, v)
		return t.In(loc), err == nil
	}
	return time.Time{}, false
}

// compare orders two values of one kind; false if they are not.
func compare(a, b any, loc *time.Location) (int, bool) {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return cmp.Compare(x, y), ok
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(digit(x), digit(y)), true
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return cmp.Compare(x, y), true
		}
	}
	x, okX := instant(a, loc)
	y, okY := instant(b, loc)
	return x.Compare(y), okX && okY
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func equal(a, b any, loc *time.Location) bool {
	n, ok := compare(a, b, loc)
	return ok && n == 0
}

// contains reports whether the string or list v holds part.
func contains(v, part any, loc *time.Location) bool {
	switch v := v.(type) {
	case string:
		s, ok := part.(string)
		return ok && strings.Contains(v, s)
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return equal(item, part, loc) })
	case map[string]any:
		key, ok := part.(string)
		_, found := v[key]
		return ok && found
	}
	return false
}

// size is the length of a list or map, or of a string in characters.
func size(v any) any {
	switch v := v.(type) {
	case string:
		return count(utf8.RuneCountInString(v))
	case []any:
		return count(len(v))
	case map[string]any:
		return count(len(v))
	}
	return count(0)
}

// at is the i-th element of a list, from the end if i is negative; else nil.
func at(v any, i int) any {
	list, ok := v.([]any)
	if i < 0 {
		i += len(list)
	}
	if !ok || i < 0 || i >= len(list) {
		return nil
	}
	return present(list[i])
}

// text writes a value that is not a string as a reader sees it without filters.
func text(dst []byte, v any, loc *time.Location) []byte {
	switch v := v.(type) {
	case string:
		return append(dst, v...)
	case float64:
		return appendNumber(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case bool:
		return strconv.AppendBool(dst, v)
	case campaign.CivilDate:
		return v.In(time.UTC).AppendFormat(dst, time.DateOnly)
	case time.Time:
		return v.In(loc).AppendFormat(dst, "2006-01-02 15:04")
	case time.Duration:
		return append(dst, campaign.FormatDuration(v)...)
	}
	return dst
}

// appendNumber writes f without an exponent; what is no number is not written.
func appendNumber(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return dst
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.AppendInt(dst, int64(f), 10)
	}
	return strconv.AppendFloat(dst, round(f, 10), 'f', -1, 64)
}

// round rounds f half away from zero; 0.1 + 0.2 becomes 0.3.
func round(f float64, digits int) float64 {
	scale := math.Pow10(digits)
	if r := math.Round(f*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
		return r
	}
	return f
}
