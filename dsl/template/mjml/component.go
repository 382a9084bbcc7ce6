package mjml

import "slices"

// component is all that is known of one component. Parsing, checking and
// rendering read the same entry.
type component struct {
	name    string
	in      []string // the components it may stand in
	markup  bool     // it holds HTML or CSS, kept as it is, and no components
	attrs   []attr   // besides css-class and mj-class
	fixed   []string // the attributes that compiling must know: no Liquid there
	needs   []need   // the attributes it cannot do without
	refused string   // why it is not supported; "" when it is
	once    bool     // it may stand in its parent once
	render  func(*renderer, *node, props, frame)

	index    map[string]int // of attrs, by name
	defaults []string       // of attrs, in their order
}

// attr is an attribute that a component takes.
type attr struct {
	name string
	kind *kind
	def  string // what it is when nothing is given
}

// need is an attribute that must be given, unless another one is.
type need struct {
	attr, unless string
	severity     Severity
	why          string
}

// components is the table, by name.
var components = byName(table())

func byName(list []component) map[string]*component {
	all := make(map[string]*component, len(list))
	for i := range list {
		c := &list[i]
		if c.inBody() {
			c.attrs = append(c.attrs, attr{"css-class", anything, ""}, attr{"mj-class", anything, ""})
		}
		c.index = make(map[string]int, len(c.attrs))
		for j, a := range c.attrs {
			c.index[a.name] = j
			c.defaults = append(c.defaults, a.kind.normal(a.def))
		}
		all[c.name] = c
	}
	return all
}

// inBody reports whether the component is part of what is seen.
func (c *component) inBody() bool { return c.render != nil }

// attr is the attribute of that name, or nil.
func (c *component) attr(name string) *attr {
	if i, ok := c.index[name]; ok {
		return &c.attrs[i]
	}
	return nil
}

// mayStandIn reports whether the component may be a child of parent.
func (c *component) mayStandIn(parent string) bool {
	return slices.Contains(c.in, parent) || (parent == "mj-attributes" || parent == "mj-class") && c.inBody()
}

// attrNames are the names of the attributes that c takes.
func (c *component) attrNames() []string {
	names := make([]string, len(c.attrs))
	for i, a := range c.attrs {
		names[i] = a.name
	}
	return names
}

// componentNames are the names of the components that are supported, sorted.
func componentNames() []string {
	return slices.DeleteFunc(keys(components), func(name string) bool { return components[name].refused != "" })
}

// shared are the attributes of the body's components, by name: what mj-all and
// mj-class take.
var shared = func() map[string][]*attr {
	all := map[string][]*attr{}
	for _, name := range keys(components) {
		c := components[name]
		for i := range c.attrs {
			if c.inBody() {
				all[c.attrs[i].name] = append(all[c.attrs[i].name], &c.attrs[i])
			}
		}
	}
	return all
}()

// Groups of attributes that components share.

func padding(name, def string) []attr {
	return []attr{
		{name, sides, def},
		{name + "-top", size, ""},
		{name + "-right", size, ""},
		{name + "-bottom", size, ""},
		{name + "-left", size, ""},
	}
}

func border(name, def string) []attr {
	return []attr{
		{name, anything, def},
		{name + "-top", anything, ""},
		{name + "-right", anything, ""},
		{name + "-bottom", anything, ""},
		{name + "-left", anything, ""},
	}
}

// cell is what a component takes that stands in a row of a column.
func cell(align string) []attr {
	return append(padding("padding", "10px 25px"),
		attr{"align", alignX, align}, attr{"container-background-color", background, ""})
}

// typeface is how a component sets its text.
func typeface(color, lineHeightDef string) []attr {
	return []attr{
		{"color", colour, color},
		{"font-family", anything, defaultFont},
		{"font-size", pixels, "13px"},
		{"font-weight", anything, ""},
		{"line-height", lineHeight, lineHeightDef},
	}
}

// lettering is what most components can do to their letters besides.
func lettering(decoration, transform string) []attr {
	return []attr{
		{"font-style", anything, ""},
		{"letter-spacing", spacing, ""},
		{"text-decoration", anything, decoration},
		{"text-transform", anything, transform},
	}
}

// anchor is where a component leads.
func anchor() []attr {
	return []attr{
		{"href", anything, ""},
		{"name", anything, ""},
		{"rel", anything, ""},
		{"target", anything, "_blank"},
	}
}

// backdrop is what may lie behind a section.
func backdrop() []attr {
	return []attr{
		{"background-color", background, ""},
		{"background-url", anything, ""},
		{"background-repeat", choice("repeat", "no-repeat"), "repeat"},
		{"background-size", anything, "auto"},
		{"background-position", anything, "top center"},
		{"background-position-x", anything, ""},
		{"background-position-y", anything, ""},
	}
}

const defaultFont = "Ubuntu, Helvetica, Arial, sans-serif"

// keys are the keys of a map, sorted.
func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
