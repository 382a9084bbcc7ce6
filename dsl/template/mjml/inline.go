package mjml

import (
	"cmp"
	"slices"
	"strings"
)

// inliner writes rules into the style attributes of the elements they select.
type inliner struct {
	rules  []rule
	byKey  map[string][]int // the rules by what their elements must have
	src    *source
	around []htmlElement // the open elements
	out    strings.Builder
	done   int // how much of src is in out
}

// htmlElement is what a selector can ask of an element.
type htmlElement struct {
	tag, id string
	classes []string
}

// The bounds of inlining, which looks for each element through all rules and
// all elements around it.
const (
	maxRules = 500      // a style sheet that goes beyond stays in the head
	maxOpen  = MaxDepth // an element deeper than that is not seen by what is in it
)

// inlined is the body with the rules of mj-style inline="inline" written into
// it. What stands in comments, such as the tables for Outlook, stays as it is.
func (h *Head) inlined(body string) string {
	if len(h.inline) == 0 {
		return body
	}
	in := &inliner{rules: h.inline, byKey: map[string][]int{}, src: &source{text: body}}
	for i, r := range h.inline {
		key := r.path[len(r.path)-1].key()
		in.byKey[key] = append(in.byKey[key], i)
	}
	return in.run()
}

// key is one thing that an element must have to be selected.
func (c compound) key() string {
	switch {
	case c.id != "":
		return "#" + c.id
	case len(c.classes) > 0:
		return "." + c.classes[0]
	case c.tag != "":
		return c.tag
	}
	return "*"
}

func (in *inliner) run() string {
	ignored := &reporter{}
	text := in.src.text
	for i := 0; i < len(text); {
		switch {
		case in.src.opensLiquid(i):
			i = in.src.skipLiquid(i, ignored)
		case strings.HasPrefix(text[i:], "<!--"):
			end := in.src.index("-->", i)
			if end < 0 {
				end = len(text)
			}
			i = end
		case strings.HasPrefix(text[i:], "</"):
			i = in.close(i)
		case in.src.startsTag(i):
			t := in.src.startTag(i, ignored)
			in.element(t)
			i = t.end
		default:
			i++
		}
	}
	in.out.WriteString(text[in.done:])
	return in.out.String()
}

// close ends the innermost open element that the tag at i names.
func (in *inliner) close(i int) int {
	end := in.src.nameEnd(i + 2)
	name := strings.ToLower(in.src.text[i+2 : end])
	for k, e := range slices.Backward(in.around) {
		if e.tag == name {
			in.around = in.around[:k]
			break
		}
	}
	return end
}

// element styles the element that t begins.
func (in *inliner) element(t startTag) {
	e := htmlElement{tag: t.name}
	var style *attribute
	for i := range t.attrs {
		switch a := &t.attrs[i]; a.name {
		case "id":
			e.id = a.value
		case "class":
			e.classes = strings.Fields(a.value)
		case "style":
			style = a
		}
	}
	if rules := in.matching(e); len(rules) > 0 {
		in.restyle(t, style, rules)
	}
	if !t.closed && !voidElements[t.name] && len(in.around) < maxOpen {
		in.around = append(in.around, e)
	}
}

// matching are the rules that select e, the weightiest last.
func (in *inliner) matching(e htmlElement) []rule {
	var found []int
	look := func(key string) {
		for _, i := range in.byKey[key] {
			if r := in.rules[i]; e.is(r.path[len(r.path)-1]) && in.stands(r, len(r.path)-1, len(in.around)) {
				found = append(found, i)
			}
		}
	}
	look("*")
	look(e.tag)
	look("#" + e.id)
	for _, class := range e.classes {
		look("." + class)
	}
	slices.SortFunc(found, func(a, b int) int {
		return cmp.Or(cmp.Compare(in.rules[a].weight, in.rules[b].weight), cmp.Compare(a, b))
	})
	found = slices.Compact(found)
	rules := make([]rule, len(found))
	for k, i := range found {
		rules[k] = in.rules[i]
	}
	return rules
}

// is reports whether c selects e.
func (e htmlElement) is(c compound) bool {
	return (c.tag == "" || c.tag == e.tag) && (c.id == "" || c.id == e.id) &&
		!slices.ContainsFunc(c.classes, func(class string) bool { return !slices.Contains(e.classes, class) })
}

// stands reports whether the element that r.path[at] selects, in the first depth
// of the open elements, stands where r asks.
func (in *inliner) stands(r rule, at, depth int) bool {
	if at == 0 {
		return true
	}
	for k := depth - 1; k >= 0; k-- {
		if in.around[k].is(r.path[at-1]) && in.stands(r, at-1, k) {
			return true
		}
		if r.direct[at-1] {
			return false
		}
	}
	return false
}

// restyle writes the tag t anew, styled by the rules.
func (in *inliner) restyle(t startTag, style *attribute, rules []rule) {
	text := in.src.text
	if style != nil {
		in.out.WriteString(text[in.done:style.at] + `style="` + styled(style.value, rules) + `"`)
		in.done = style.valueAt + len(style.value)
		if quote := text[style.valueAt-1]; quote == '"' || quote == '\'' {
			in.done++
		}
		return
	}
	at := t.start + 1 + len(t.name)
	in.out.WriteString(text[in.done:at])
	in.out.WriteString(` style="` + styled("", rules) + `"`)
	in.done = at
}

// styled is a style attribute with the rules' declarations: what the attribute
// says wins, except over what a rule calls important.
func styled(style string, rules []rule) string {
	own := declarations(style)
	var normal, important []declaration
	for _, r := range rules {
		for _, d := range r.decls {
			if d.important {
				important = append(important, d)
			} else {
				normal = append(normal, d)
			}
		}
	}
	important = slices.DeleteFunc(important, func(d declaration) bool {
		return slices.ContainsFunc(own, func(o declaration) bool { return o.important && o.property == d.property })
	})
	all := slices.Concat(normal, own, important)
	var b strings.Builder
	for i, d := range all {
		isOwn := i >= len(normal) && i < len(normal)+len(own)
		if !overridden(d, all[i+1:], isOwn, important) {
			b.WriteString(d.property + ":" + cssQuoted(d.value))
			if isOwn && d.important {
				b.WriteString(" !important")
			}
			b.WriteByte(';')
		}
	}
	return b.String()
}

// overridden reports whether a later declaration makes d void. An attribute's
// own repetitions stay: they are fallbacks.
func overridden(d declaration, later []declaration, own bool, important []declaration) bool {
	if own {
		later = important
	}
	return slices.ContainsFunc(later, func(o declaration) bool { return o.property == d.property })
}
