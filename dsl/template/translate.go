package template

import (
	"regexp"
	"slices"
	"strings"
)

// translateEval is a text in the language of the person: {{ "key" | t }}.
type translateEval struct {
	texts    map[string]*translation // by locale
	fallback *translation
	args     []eval
	count    int // the argument that chooses the plural; -1: none
}

// translation is a text in one language: its forms for one, few and other, or
// the same three times.
type translation struct {
	locale *locale
	forms  [3][]textPart
}

// textPart is static text, or else an argument.
type textPart struct {
	text string
	arg  int // -1: text
}

func (e *translateEval) scratch(r *renderer) ([]byte, bool) {
	t := e.find(r.data.Locale)
	form := 2
	if e.count >= 0 {
		form = t.locale.plural(num(e.args[e.count].eval(r)))
	}
	mark := len(r.args)
	for _, arg := range e.args {
		r.args = append(r.args, arg.eval(r))
	}
	r.buf = r.buf[:0]
	for _, part := range t.forms[form] {
		if part.arg < 0 {
			r.buf = append(r.buf, part.text...)
		} else {
			r.buf = text(r.buf, r.args[mark+part.arg], r.location)
		}
	}
	r.args = r.args[:mark]
	return r.buf, true
}

func (e *translateEval) eval(r *renderer) any {
	s, _ := e.scratch(r)
	return r.text(s)
}

// find returns the text for a locale, its language, or the default.
func (e *translateEval) find(locale string) *translation {
	for {
		if t, ok := e.texts[locale]; ok {
			return t
		}
		i := strings.LastIndexAny(locale, "-_")
		if i < 0 {
			return e.fallback
		}
		locale = locale[:i]
	}
}

var placeholder = regexp.MustCompile(`\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}`)

// translation checks and compiles {{ "key" | t: name: value }}.
func (c *compiler) translation(e *filterExpr, in info) (eval, info) {
	out := known(stringType)
	key, ok := in.constant.(string)
	if !ok && !in.broken {
		c.problems.add(e.in.at(), codeTranslation, "The key of a translation is written out, in quotes.")
	}
	for _, arg := range e.args {
		c.problems.add(arg.at(), codeArguments, "The arguments of t have names.").fix("Write | t: name: value")
	}
	t := &translateEval{texts: map[string]*translation{}, count: -1}
	names := make([]string, len(e.named))
	for i, arg := range e.named {
		value, argInfo := c.expr(arg.value)
		names[i] = arg.text
		t.args = append(t.args, value)
		if !scalarKinds.has(argInfo.typ) || argInfo.markup {
			c.problems.add(arg.value.at(), codeArguments, "The argument %q is %s, which cannot be printed.", arg.text, argInfo.describe())
		}
		if argInfo.absent && !argInfo.broken {
			out.absent, out.lack = true, argInfo.lack
		}
		out.protected = out.protected || argInfo.protected
	}
	if !ok || len(e.args) > 0 {
		return t, anything()
	}
	if i := slices.Index(names, "count"); i >= 0 {
		t.count = i
	}
	out.broken = !c.texts(t, e, key, names)
	return t, out
}

// texts finds the key in all languages.
func (c *compiler) texts(t *translateEval, e *filterExpr, key string, names []string) bool {
	if len(c.vars.Strings) == 0 {
		c.problems.add(e.in.at(), codeTranslation, "The message has no strings, so %q cannot be translated.", key).
			fix("Give the message strings = dir(\"strings\").")
		return false
	}
	c.reading.strings[key] = true
	var missing []string
	used := nameSet{}
	for _, name := range c.locales() {
		tr := c.oneText(t, name, key, names, used, e)
		if tr == nil {
			missing = append(missing, name)
			continue
		}
		t.texts[name] = tr
		if name == c.vars.DefaultLocale || t.fallback == nil {
			t.fallback = tr
		}
	}
	if len(missing) > 0 {
		c.problems.add(e.in.at(), codeTranslation, "The key %q has no text in %s.", key, strings.Join(missing, ", ")).
			Fix = c.suggestKey(key, len(missing) == len(c.vars.Strings))
		return false
	}
	for i, arg := range e.named {
		if !used[arg.text] && i != t.count {
			c.problems.warn(arg.span(), codeTranslation, "No text of %q has a {{ %s }}.", key, arg.text)
		}
	}
	return true
}

// suggestKey proposes a key that exists, if the one that is asked for exists nowhere.
func (c *compiler) suggestKey(key string, nowhere bool) string {
	if !nowhere {
		return "Add it to the files of strings."
	}
	keys := nameSet{}
	for _, texts := range c.vars.Strings {
		for k := range texts {
			keys[k] = true
		}
	}
	return suggest(key, keys.sorted())
}

var pluralForms = [3]string{".one", ".few", ".other"}

// oneText finds the key in one language: as it is, or in its plural forms if
// there is a count. Nil if it is not there.
func (c *compiler) oneText(t *translateEval, locale, key string, names []string, used nameSet, e *filterExpr) *translation {
	texts := c.vars.Strings[locale]
	tr := &translation{locale: localeOf(locale)}
	other, plain := texts[key], true
	if blankString(other) && t.count >= 0 {
		other, plain = texts[key+".other"], false
	}
	if blankString(other) {
		return nil
	}
	for form, suffix := range pluralForms {
		text := other
		if s := texts[key+suffix]; !plain && !blankString(s) {
			text = s
		}
		tr.forms[form] = c.parts(text, locale, key, names, used, e)
	}
	return tr
}

// parts splits a text at its placeholders, which must be arguments.
func (c *compiler) parts(text, locale, key string, names []string, used nameSet, e *filterExpr) []textPart {
	var parts []textPart
	pos := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(text, -1) {
		name := text[m[2]:m[3]]
		i := slices.Index(names, name)
		if i < 0 && !used[name] {
			c.problems.add(span{e.name.start, e.end}, codeTranslation, "The text of %q in %s asks for {{ %s }}.", key, locale, name).
				fix("Give it: | t: %s: …", name)
		}
		used[name] = true
		parts = append(parts, textPart{text[pos:m[0]], -1}, textPart{arg: max(i, 0)})
		pos = m[1]
	}
	return append(parts, textPart{text[pos:], -1})
}
