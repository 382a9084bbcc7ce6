package mjml

import (
	"slices"
	"strings"
)

// props are the attributes of one component, with all that sets them resolved.
type props struct {
	spec   *component
	values []string
	set    uint64 // which were given at all, by their place
}

// get is the attribute's value, "" where it has none.
func (p props) get(name string) string {
	if i, ok := p.spec.index[name]; ok {
		return p.values[i]
	}
	return ""
}

// given reports whether the attribute was given, in the component or the head.
func (p props) given(name string) bool {
	if p.spec == nil {
		return false
	}
	i, ok := p.spec.index[name]
	return ok && p.set&(1<<i) != 0
}

// any reports whether one of the attributes has a value.
func (p props) any(names ...string) bool {
	for _, name := range names {
		if p.get(name) != "" {
			return true
		}
	}
	return false
}

func (p *props) put(name, value string) {
	if i, ok := p.spec.index[name]; ok {
		p.values[i] = p.spec.attrs[i].kind.normal(value)
		p.set |= 1 << i
	}
}

func (p *props) putAll(pairs []pair) {
	for _, pair := range pairs {
		p.put(pair.name, pair.value)
	}
}

// resolve is what the attributes of n come to. What says it more closely wins:
// the table, mj-all, what the surroundings hand down, the component in
// mj-attributes, its classes, those of the component around it, n itself.
func (h *Head) resolve(n *node, f frame) props {
	p := props{spec: n.spec, values: make([]string, len(n.spec.defaults))}
	copy(p.values, n.spec.defaults)
	p.putAll(h.all)
	p.putAll(f.inherit)
	p.putAll(h.tags[n.name()])
	h.putClasses(&p, n.value("mj-class"))
	for _, name := range strings.Fields(f.classes) {
		p.putAll(h.classes[name].tags[n.name()])
	}
	for _, a := range slices.Backward(n.tag.attrs) { // the first of several counts
		p.put(a.name, a.value)
	}
	return p
}

// putClasses sets what the classes say; their CSS classes add up.
func (h *Head) putClasses(p *props, names string) {
	var css []string
	for _, name := range strings.Fields(names) {
		p.putAll(h.classes[name].pairs)
		for _, pair := range h.classes[name].pairs {
			if pair.name == "css-class" {
				css = append(css, pair.value)
			}
		}
	}
	if len(css) > 0 {
		p.put("css-class", strings.Join(css, " "))
	}
}
