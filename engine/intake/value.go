package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// problem is why something is not taken in. Reason is free of personal data;
// detail may quote the value, and goes into the rejected row alone.
type problem struct {
	reason, detail string
	noise          bool // nothing in it could be repaired: it is not kept
}

func problemf(format string, args ...any) *problem {
	return &problem{reason: fmt.Sprintf(format, args...)}
}

// full is what the rejected row says.
func (p *problem) full() string {
	if p.detail == "" {
		return p.reason
	}
	return p.reason + " (" + p.detail + ")"
}

// naming says where a value stands; it becomes a text only where one is needed.
type naming struct{ what, name, of string }

// String is `attribute "visits"`, or `property "total" of order_completed`.
func (n naming) String() string {
	s := n.what + " " + strconv.Quote(n.name)
	if n.of != "" {
		s += " of " + n.of
	}
	return s
}

// read turns raw into the JSON form of a value of type t; nil when there is none.
func read(where naming, t campaign.Type, raw any) (any, *problem) {
	raw, ok := readable(t, raw)
	if !ok {
		return nil, problemf("%s is declared as %s, and the JSON of this value is broken", where, t)
	}
	v, err := campaign.Coerce(t, raw)
	if err != nil {
		return nil, &problem{reason: fmt.Sprintf("%s is declared as %s, and this value is none", where, t), detail: err.Error()}
	}
	return plain(v), nil
}

// readable turns what other systems write into what campaign.Coerce reads: JSON
// in a text, where a list or an object is declared; a number, where an instant
// is. False is broken JSON.
func readable(t campaign.Type, raw any) (any, bool) {
	switch raw := raw.(type) {
	case float64:
		if t.Kind == campaign.Time {
			if at, ok := unix(raw); ok {
				return at, true
			}
		}
	case string:
		switch t.Kind {
		case campaign.List, campaign.Set, campaign.Map, campaign.Object:
			if s := strings.TrimSpace(raw); s != "" && (s[0] == '[' || s[0] == '{') {
				var v any
				err := json.Unmarshal([]byte(s), &v)
				return v, err == nil
			}
		}
	}
	return raw, true
}

// unix reads seconds, or milliseconds, since 1970; not a date such as 20261231.
func unix(n float64) (time.Time, bool) {
	switch {
	case n < 1e8 || n > 1e14:
		return time.Time{}, false
	case n > 1e11: // seconds get there in the year 5138
		return time.UnixMilli(int64(n)).UTC(), true
	}
	return time.UnixMilli(int64(n * 1000)).UTC(), true
}

// plain is the JSON form of a value: what campaign.Coerce reads back.
func plain(v any) any {
	switch v := v.(type) {
	case campaign.CivilDate:
		return v.String()
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return campaign.FormatDuration(v)
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = plain(item)
		}
		return items
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, item := range v {
			m[k] = plain(item)
		}
		return m
	}
	return v
}

// oneOf refuses what is not among the values that an attribute may have.
func oneOf(a *campaign.Attribute, v any) *problem {
	if len(a.OneOf) == 0 || v == nil {
		return nil
	}
	values, isList := v.([]any)
	if !isList {
		values = []any{v}
	}
	for _, v := range values {
		if s, ok := v.(string); !ok || !slices.Contains(a.OneOf, s) {
			return &problem{
				reason: fmt.Sprintf("attribute %q must be one of %s", a.Name, strings.Join(a.OneOf, ", ")),
				detail: fmt.Sprintf("%.80q is not", fmt.Sprint(v)),
			}
		}
	}
	return nil
}

// maxEmail is the longest path of RFC 5321.
const maxEmail = 254

// email is an address as it is stored: trimmed, lower case, nothing but the
// address.
func email(raw string) (string, *problem) {
	address := strings.ToLower(strings.TrimSpace(raw))
	if address == "" {
		return "", nil
	}
	if isPlainEmail(address) {
		return address, nil
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address || len(address) > maxEmail {
		return "", &problem{reason: "the email address is none", detail: fmt.Sprintf("%.80q", raw)}
	}
	return address, nil
}

// isPlainEmail reports whether an address is of the usual kind, of which all of
// mail.ParseAddress's questions are answered: words of letters, digits and some
// signs, parted by single dots, around one @.
func isPlainEmail(address string) bool {
	if len(address) > maxEmail {
		return false
	}
	at, word := -1, 0 // where the @ is; how long the word is
	for i := range len(address) {
		switch c := address[i]; {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '+' && at < 0:
			word++
		case (c == '.' || c == '@' && at < 0) && word > 0:
			word = 0
			if c == '@' {
				at = i
			}
		default:
			return false
		}
	}
	return at > 0 && word > 0
}

// extras names the parts of raw that the objects of type t do not declare; they
// are left out when it is read.
func extras(t campaign.Type, raw any, path string) []string {
	var found []string
	switch raw := raw.(type) {
	case []any:
		if t.Elem != nil {
			for _, item := range raw {
				found = append(found, extras(*t.Elem, item, path+"[]")...)
			}
		}
	case map[string]any:
		for name, part := range raw {
			if t.Kind == campaign.Map {
				found = append(found, extras(*t.Elem, part, path+"[]")...)
			}
			if t.Kind != campaign.Object {
				continue
			}
			if f, ok := t.Field(name); ok {
				found = append(found, extras(f.Type, part, path+"."+name)...)
			} else {
				found = append(found, path+"."+name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// sameJSON reports whether two values are written alike.
func sameJSON(a, b map[string]any) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
