package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// define shows what changes about a resource, as its author would put it.
func (t *text) define(indent string, c Change) {
	from := t.b.Len()
	switch {
	case c.Action == Delete:
		return
	case c.Action == Create:
		t.created(indent, describe(c.Resource.Def))
	case c.was != nil:
		t.changed(indent, describe(c.was), describe(c.Resource.Def))
	}
	t.rows(indent, c)
	if t.b.Len() == from && c.Action == Update {
		t.line("%s%s compiled anew; what it says is the same", indent, t.paint(yellow, "~"))
	}
}

// created shows the lines of something new; of long texts their size.
func (t *text) created(indent string, lines []line) {
	for _, l := range lines {
		if l.form != fact && l.key != "link" {
			t.added(indent, l)
		}
	}
}

func (t *text) added(indent string, l line) { t.whole(indent, t.paint(green, "+"), l) }

func (t *text) removed(indent string, l line) { t.whole(indent, t.paint(red, "-"), l) }

func (t *text) whole(indent, sign string, l line) {
	switch l.form {
	case written:
		t.line("%s%s %s = %s", indent, sign, l.key, quoted(l.value))
	case body:
		if n := strings.Count(strings.TrimRight(l.value, "\n"), "\n"); n > 0 {
			t.line("%s%s %s: %d lines", indent, sign, l.key, n+1)
			return
		}
		t.line("%s%s %s: %s", indent, sign, l.key, quoted(l.value))
	case fact:
		t.line("%s%s %s", indent, sign, l.key)
	default:
		t.line("%s%s %s: %s", indent, sign, l.key, clip(l.value))
	}
}

// changed shows the lines that differ. Those that left stand where they stood;
// steps that only changed their order are said as such.
func (t *text) changed(indent string, before, after []line) {
	was, now := index(before), index(after)
	for _, l := range before {
		if _, stays := now[id(l)]; !stays {
			t.removed(indent, l)
		}
	}
	for _, l := range after {
		old, known := was[id(l)]
		switch {
		case !known:
			t.added(indent, l)
		case old.value != l.value:
			t.differs(indent, old, l)
		}
	}
	t.moved(indent, before, after)
}

// id tells lines apart: by key, and links by where they lead.
func id(l line) string {
	if l.key == "link" {
		return l.key + " " + l.value
	}
	return l.key
}

func index(lines []line) map[string]line {
	out := make(map[string]line, len(lines))
	for _, l := range lines {
		out[id(l)] = l
	}
	return out
}

func (t *text) differs(indent string, old, l line) {
	sign := t.paint(yellow, "~")
	switch {
	case l.form == fact:
		t.line("%s%s %s changed", indent, sign, l.key)
	case l.form == body:
		t.line("%s%s %s", indent, sign, l.key)
		t.lines(indent, lines(old.value), lines(l.value))
	case long(old.value) || long(l.value):
		t.line("%s%s %s", indent, sign, l.key)
		t.lines(indent, operands(old.value), operands(l.value))
	case l.form == written:
		t.line("%s%s %s = %q → %q", indent, sign, l.key, old.value, l.value)
	default:
		t.line("%s%s %s: %s → %s", indent, sign, l.key, old.value, l.value)
	}
}

// moved says which steps stand elsewhere in the order now.
func (t *text) moved(indent string, before, after []line) {
	was, now := shared(before, after), shared(after, before)
	for !slices.Equal(was, now) {
		key, after := mover(was, now)
		where := "first"
		if after != "" {
			where = "after " + name(after)
		}
		t.line("%s%s %s moves: %s", indent, t.paint(yellow, "~"), key, where)
		was = slices.DeleteFunc(was, func(k string) bool { return k == key })
		now = slices.DeleteFunc(now, func(k string) bool { return k == key })
	}
}

// mover finds a key whose move explains most of how two orders differ, and the
// key that it stands after now.
func mover(was, now []string) (key, after string) {
	best := -1
	for i, k := range now {
		rest := func(keys []string) []string {
			return slices.DeleteFunc(slices.Clone(keys), func(x string) bool { return x == k })
		}
		if same := agreements(rest(was), rest(now)); same > best {
			best, key, after = same, k, ""
			if i > 0 {
				after = now[i-1]
			}
		}
	}
	return key, after
}

// agreements counts the places at which two orders agree.
func agreements(a, b []string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}

// shared are the keys of steps and cases that are in others, too.
func shared(of, others []line) []string {
	known := index(others)
	var out []string
	for _, l := range of {
		step := strings.HasPrefix(l.key, "steps.") && strings.Count(l.key, ".") == 1
		if _, ok := known[id(l)]; ok && (step || strings.HasPrefix(l.key, "case ") && l.form == written) {
			out = append(out, strings.TrimSuffix(l.key, when))
		}
	}
	return out
}

func name(key string) string { return strings.TrimPrefix(strings.TrimPrefix(key, "steps."), "case ") }

// rows says how the rows of a catalog differ, in numbers.
func (t *text) rows(indent string, c Change) {
	after, ok := c.Resource.Def.(*campaign.Catalog)
	if !ok {
		return
	}
	before, _ := c.was.(*campaign.Catalog)
	if before == nil {
		t.line("%s%s rows: %d", indent, t.paint(green, "+"), len(after.Rows))
		return
	}
	old := byKey(before)
	var added, changed int
	for _, row := range after.Rows {
		key := fmt.Sprint(row[after.Key])
		was, known := old[key]
		switch {
		case !known:
			added++
		case !reflect.DeepEqual(was, row):
			changed++
		}
		delete(old, key)
	}
	if text := counts(added, changed, len(old)); text != "" {
		t.line("%s%s rows: %s", indent, t.paint(yellow, "~"), text)
	}
}

func byKey(c *campaign.Catalog) map[string]map[string]any {
	out := make(map[string]map[string]any, len(c.Rows))
	for _, row := range c.Rows {
		out[fmt.Sprint(row[c.Key])] = row
	}
	return out
}

func counts(added, changed, removed int) string {
	var parts []string
	for _, n := range []struct {
		n    int
		what string
	}{{added, "added"}, {changed, "changed"}, {removed, "removed"}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.n, n.what))
		}
	}
	return strings.Join(parts, ", ")
}

// operands breaks a condition at the && and || of its outermost level, so that
// of two conditions the parts that differ are seen. Other texts stay lines.
func operands(s string) []string {
	if strings.Contains(s, "\n") {
		return lines(s)
	}
	var out []string
	depth, from := 0, 0
	var quote byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case depth == 0 && i+1 < len(s) && (s[i:i+2] == "&&" || s[i:i+2] == "||"):
			out = append(out, strings.TrimSpace(s[from:i]))
			from = i
			i++
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

func quoted(s string) string {
	if n := strings.Count(s, "\n"); n > 0 {
		return fmt.Sprintf("(%d lines)", n+1)
	}
	return clip(fmt.Sprintf("%q", s))
}
