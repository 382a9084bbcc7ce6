package template

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

var textFilters = []filter{
	{
		name: "append", in: textKinds, params: []param{{name: "text", kinds: textKinds}},
		summary: "Adds a text at the end.", example: `{{ "rye" | append: " bread" }}`, result: "rye bread",
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			return text(text(dst, in, r.location), args[0], r.location)
		},
	},
	{
		name: "prepend", in: textKinds, params: []param{{name: "text", kinds: textKinds}},
		summary: "Adds a text at the start.", example: `{{ "bread" | prepend: "rye " }}`, result: "rye bread",
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			return text(text(dst, args[0], r.location), in, r.location)
		},
	},
	{
		name: "upcase", in: stringKinds, summary: "Writes all letters large.", example: `{{ "rye" | upcase }}`, result: "RYE",
		write: mapped(strings.ToUpper),
	},
	{
		name: "downcase", in: stringKinds, summary: "Writes all letters small.", example: `{{ "RYE" | downcase }}`, result: "rye",
		write: mapped(strings.ToLower),
	},
	{
		name: "capitalize", in: stringKinds, summary: "Writes the first letter large and leaves the others.",
		example: `{{ "rye from Ulm" | capitalize }}`, result: "Rye from Ulm",
		write: func(r *renderer, dst []byte, in any, _ []any) []byte {
			s := str(r, in)
			first, n := utf8.DecodeRuneInString(s)
			if n == 0 || first == utf8.RuneError {
				return append(dst, s...)
			}
			return append(utf8.AppendRune(dst, unicode.ToTitle(first)), s[n:]...)
		},
	},
	{
		name: "strip", in: stringKinds, summary: "Removes white space from both ends.", example: `{{ "  rye " | strip }}`, result: "rye",
		write: mapped(strings.TrimSpace),
	},
	{
		name: "strip_html", in: stringKinds, summary: "Removes HTML tags.", example: `{{ "a <b>warm</b> loaf" | strip_html }}`,
		result: "a warm loaf", write: mapped(stripTags),
	},
	{
		name: "truncate", in: stringKinds,
		params:  []param{{name: "length", kinds: numberKinds}, {name: "ellipsis", kinds: stringKinds, optional: true}},
		summary: "Cuts a text to a length in characters, the ellipsis included.",
		example: `{{ "sourdough rye" | truncate: 10 }}`, result: "sourdough…",
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			s := str(r, in)
			runes, ellipsis, limit := []rune(s), []rune(optional(args, 1, "…")), max(0, clampSigned(num(args[0]), maxValue))
			if len(runes) <= limit {
				return append(dst, s...)
			}
			dst = append(dst, string(runes[:max(0, limit-len(ellipsis))])...)
			return append(dst, string(ellipsis)...)
		},
	},
	{
		name: "truncatewords", in: stringKinds,
		params:  []param{{name: "words", kinds: numberKinds}, {name: "ellipsis", kinds: stringKinds, optional: true}},
		summary: "Cuts a text to a number of words.", example: `{{ "sourdough rye from Ulm" | truncatewords: 2 }}`,
		result: "sourdough rye…",
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			s := str(r, in)
			words := strings.Fields(s)
			n := clamp(num(args[0]), len(words))
			if n == len(words) {
				return append(dst, s...)
			}
			return append(append(dst, strings.Join(words[:n], " ")...), optional(args, 1, "…")...)
		},
	},
	{
		name: "replace", in: stringKinds, params: []param{{name: "old", kinds: stringKinds}, {name: "new", kinds: textKinds}},
		summary: "Puts another text in the place of each occurrence.", example: `{{ "rye bread" | replace: "rye", "oat" }}`,
		result: "oat bread", check: notEmpty,
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			return replaceAll(r, dst, in, str(r, args[0]), str(r, args[1]))
		},
	},
	{
		name: "remove", in: stringKinds, params: []param{{name: "text", kinds: stringKinds}},
		summary: "Removes each occurrence of a text.", example: `{{ "rye, warm" | remove: "," }}`, result: "rye warm",
		check: notEmpty,
		write: func(r *renderer, dst []byte, in any, args []any) []byte {
			return replaceAll(r, dst, in, str(r, args[0]), "")
		},
	},
	{
		name: "url_encode", in: textKinds,
		summary: "Makes a text fit for a URL. In the query of an href this happens without it.",
		example: `{{ "rye & oat" | url_encode }}`, result: "rye%20%26%20oat",
		write: func(r *renderer, dst []byte, in any, _ []any) []byte { return appendQuery(dst, str(r, in)) },
	},
	{
		name: "escape", in: scalarKinds,
		summary: "Does nothing: in HTML each output is escaped for its place, once, without it.",
		example: `{{ "rye & oat" | escape }}`, result: "rye & oat",
		write: func(r *renderer, dst []byte, in any, _ []any) []byte { return text(dst, in, r.location) },
	},
	{
		name: "newline_to_br", in: stringKinds,
		summary: "Shows line breaks in HTML. It stands last, and only in the text of a page.",
		example: `{{ "rye" | newline_to_br }}`, result: "rye",
		write: func(r *renderer, dst []byte, in any, _ []any) []byte { return text(dst, in, r.location) },
	},
}

// mapped makes a filter of a function over strings.
func mapped(f func(string) string) func(*renderer, []byte, any, []any) []byte {
	return func(r *renderer, dst []byte, in any, _ []any) []byte { return append(dst, f(str(r, in))...) }
}

// optional is the i-th argument as a string, or what stands in for it.
func optional(args []any, i int, otherwise string) string {
	if i < len(args) {
		if s, ok := args[i].(string); ok {
			return s
		}
	}
	return otherwise
}

// notEmpty refuses to look for the empty string.
func notEmpty(c *call) {
	if s, ok := c.constant(0).(string); ok && s == "" {
		c.bad(0, "%s looks for the empty text, which is everywhere.", c.filter.name)
	}
}

// replaceAll writes in with old replaced, within bearable size.
func replaceAll(r *renderer, dst []byte, in any, old, text string) []byte {
	s := str(r, in)
	if old == "" {
		return append(dst, s...)
	}
	for {
		before, after, found := strings.Cut(s, old)
		dst = append(dst, before...)
		if !found {
			return dst
		}
		if dst = append(dst, text...); len(dst) > maxValue {
			r.fail(ErrTooLarge)
			return dst
		}
		s = after
	}
}

// stripTags removes what stands between < and >, and the contents of comments,
// scripts and styles.
func stripTags(s string) string {
	var b strings.Builder
	for {
		before, tag, found := strings.Cut(s, "<")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		closing := ">"
		for _, pair := range [][2]string{{"!--", "-->"}, {"script", "</script>"}, {"style", "</style>"}} {
			if n := len(pair[0]); len(tag) >= n && strings.EqualFold(tag[:n], pair[0]) {
				closing = pair[1]
			}
		}
		if _, s, found = cutFold(tag, closing); !found {
			return b.String()
		}
	}
}

// cutFold is strings.Cut without regard to the case of ASCII letters.
func cutFold(s, sep string) (before, after string, found bool) {
	for i := 0; i+len(sep) <= len(s); i++ {
		if s[i] == sep[0] && strings.EqualFold(s[i:i+len(sep)], sep) {
			return s[:i], s[i+len(sep):], true
		}
	}
	return s, "", false
}
