package mjml

import "strings"

// checker holds a tree against the table.
type checker struct {
	rep  *reporter
	head *Head
}

// tree checks what stands in parent, and marks what stands wrong.
func (c *checker) tree(parent *node) {
	c.balance(parent.src, treeTokens(parent.children))
	c.loops(parent)
	seen := map[string]bool{}
	for _, n := range parent.children {
		switch n.kind {
		case liquid:
			c.output(parent, n)
		case element:
			c.element(parent, n)
			if n.spec.once && seen[n.name()] {
				c.rep.at(n.src, n.tag.start, n.nameEnd(), CodeRepeated, "There is a second %s", n.name())
			}
			seen[n.name()] = true
		}
	}
}

// loops warns of columns in a loop that are to share a width nobody knows.
func (c *checker) loops(parent *node) {
	depth := 0
	for _, n := range parent.children {
		name, isEnd := strings.CutPrefix(n.token.name, "end")
		switch {
		case n.kind == liquid && liquidLoops[name] && isEnd:
			depth--
		case n.kind == liquid && liquidLoops[name]:
			depth++
		case depth > 0 && n.kind == element && n.shares() && !c.head.resolve(n, frame{}).given("width"):
			c.rep.at(n.src, n.tag.start, n.nameEnd(), CodeLoopWidth, "How wide this is depends on how often the loop runs").
				hint(`Give it a width: width="33.33%%" for three in a row.`).warn()
		}
	}
}

// shares reports whether n stands beside others, which share the width.
func (n *node) shares() bool { return n.name() == "mj-column" || n.name() == "mj-group" }

// element checks n, and what stands in it where n itself stands well.
func (c *checker) element(parent, n *node) {
	if !n.spec.mayStandIn(parent.name()) {
		n.nested = true
		c.misplaced(parent, n)
	}
	c.attributes(parent, n)
	if n.spec.markup {
		c.balance(n.src, textTokens(n))
	}
	if parent.name() != "mj-attributes" || n.name() == "mj-class" {
		c.needs(n)
	}
	if !n.nested {
		c.tree(n)
	}
}

func (c *checker) misplaced(parent, n *node) {
	where := parent.name()
	if where == "" {
		where = "a document outside of mjml"
	}
	f := c.rep.at(n.src, n.tag.start, n.nameEnd(), CodeNesting, "%s cannot stand in %s", n.name(), where)
	if in := n.spec.in; len(in) == 1 && in[0] == "" {
		f.hint("It is the outermost component.")
	} else {
		f.hint("It stands in %s.", strings.Join(in, ", "))
	}
}

// output warns of {{ … }} between components, which prints where no text may be.
func (c *checker) output(parent, n *node) {
	if n.token.name == "" && parent.spec != nil && parent.spec.inBody() {
		c.rep.at(n.src, n.token.start, n.token.end, CodeLiquid, "This prints between components, where no text can stand").
			hint("Put it into mj-text, or into mj-raw where it prints HTML.").warn()
	}
}

// needs checks that what n cannot do without is given, here or in mj-attributes.
func (c *checker) needs(n *node) {
	var p props
	for i, need := range n.spec.needs {
		if i == 0 && n.spec.inBody() {
			p = c.head.resolve(n, frame{})
		}
		if n.attr(need.attr) != nil || p.given(need.attr) || need.unless != "" && (n.attr(need.unless) != nil || p.given(need.unless)) {
			continue
		}
		f := c.rep.at(n.src, n.tag.start, n.nameEnd(), CodeMissingAttribute, "%s lacks %s: %s", n.name(), need.attr, need.why)
		f.Severity = need.severity
	}
	if n.name() == "mj-social-element" {
		c.network(n, p)
	}
}

// network checks that the icon of a social element is known, or given.
func (c *checker) network(n *node, p props) {
	a := n.attr("name")
	if a == nil || p.get("src") != "" || networks[strings.TrimSuffix(a.value, noShare)].icon != "" {
		return
	}
	c.rep.at(n.src, a.valueAt, a.valueAt+len(a.value), CodeInvalidValue, "There is no icon for %q", a.value).
		hint("%s", c.rep.didYouMean(a.value, networkNames()))
}

// attributes checks the attributes of n one by one.
func (c *checker) attributes(parent, n *node) {
	for i := range n.tag.attrs {
		a := &n.tag.attrs[i]
		if n.attr(a.name) != a {
			c.rep.at(n.src, a.at, a.at+len(a.name), CodeRepeatedAttribute, "%s has %s twice, of which the first counts", n.name(), a.name).warn()
			continue
		}
		if a.liquid {
			c.balance(n.src, valueTokens(n.src, a))
		}
		c.attribute(parent, n, a)
	}
}

func (c *checker) attribute(parent, n *node, a *attribute) {
	takes := c.takes(n, a.name)
	switch {
	case a.name == "mj-class" && (parent.name() == "mj-attributes" || parent.name() == "mj-class"):
		c.rep.at(n.src, a.at, a.at+len(a.name), CodeUnknownAttribute, "In mj-attributes nothing takes a class")
	case len(takes) == 0:
		c.rep.at(n.src, a.at, a.at+len(a.name), CodeUnknownAttribute, "%s has no attribute %s", n.name(), a.name).
			hint("%s", c.rep.didYouMean(a.name, c.names(n)))
	case a.name == "mj-class":
		c.classes(n, a)
	case a.liquid:
		c.liquidValue(n, a)
	default:
		c.value(n, a, takes)
	}
}

// takes are the attributes of that name, of n or, where n sets those of others,
// of all components.
func (c *checker) takes(n *node, name string) []*attr {
	if a := n.spec.attr(name); a != nil {
		return []*attr{a}
	}
	if n.setsAny() {
		return shared[name]
	}
	return nil
}

// names are the names of the attributes that n takes.
func (c *checker) names(n *node) []string {
	if n.setsAny() {
		return keys(shared)
	}
	return n.spec.attrNames()
}

// setsAny reports whether n sets the attributes of whatever components.
func (n *node) setsAny() bool { return n.name() == "mj-all" || n.name() == "mj-class" }

// classes checks that mj-attributes defines the classes that n names.
func (c *checker) classes(n *node, a *attribute) {
	if a.liquid {
		c.rep.at(n.src, a.valueAt, a.valueAt+len(a.value), CodeLiquidValue, "mj-class must be known when the mail is compiled").
			hint("Use css-class, which mail programs resolve.")
		return
	}
	for _, name := range strings.Fields(a.value) {
		if _, ok := c.head.classes[name]; ok {
			continue
		}
		at := a.valueAt + strings.Index(a.value, name)
		c.rep.at(n.src, at, at+len(name), CodeUnknownClass, "mj-attributes defines no class %s", name).
			hint("%s", c.rep.didYouMean(name, keys(c.head.classes))).warn()
	}
}

// liquidValue checks a value that holds Liquid: it cannot be where compiling has
// to reckon with it.
func (c *checker) liquidValue(n *node, a *attribute) {
	for _, fixed := range n.spec.fixed {
		if a.name == fixed {
			c.rep.at(n.src, a.valueAt, a.valueAt+len(a.value), CodeLiquidValue, "%s of %s must be known when the mail is compiled", a.name, n.name()).
				hint("Put the component into {%% if %%} … {%% else %%} … {%% endif %%} instead.")
			return
		}
	}
	if strings.HasPrefix(a.name, "padding") && !strings.HasSuffix(a.name, "top") && !strings.HasSuffix(a.name, "bottom") && len(n.children) > 0 {
		c.rep.at(n.src, a.valueAt, a.valueAt+len(a.value), CodeLiquidValue, "Widths within %s are computed as if %s were 0", n.name(), a.name).warn()
	}
}

func (c *checker) value(n *node, a *attribute, takes []*attr) {
	for _, t := range takes {
		if t.kind.valid(a.value) {
			return
		}
	}
	k := takes[0].kind
	c.rep.at(n.src, a.valueAt, a.valueAt+len(a.value), CodeInvalidValue, "%s of %s is %q, not %s", a.name, n.name(), a.value, k.wants).
		hint("%s", k.hint(a.value))
}
