package compile

import (
	"fmt"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/schema"
	"github.com/herald-campaigns/herald/dsl/syntax"
)

// shape checks every block against the schema and indexes what has a name.
func (c *compiler) shape() {
	for _, b := range c.project.Blocks {
		body, ok := c.shapeBlock(b, schema.Root, "a project")
		if !ok {
			continue
		}
		if b.Type == "test" {
			c.report(diag.Diagnostic{
				Code: "misplaced-test", Summary: "A test stands among definitions",
				Detail: "Tests stand in files of their own, which end in .test.hcl.", Fix: "Move it to one.", Subject: b.Header,
			})
			continue
		}
		if !body.schema.Repeats && len(c.of(b.Type)) > 0 {
			c.duplicate(b, c.of(b.Type)[0].block)
			continue
		}
		if body.schema.Label != "" && !c.index(body) {
			continue
		}
		c.bodies = append(c.bodies, body)
	}
	c.tests()
}

// tests checks the blocks of *.test.hcl files against the schema.
func (c *compiler) tests() {
	taken := map[string]*syntax.Block{}
	for _, b := range c.project.Tests {
		if _, known := schema.Root.Block(b.Type); known && b.Type != "test" {
			c.report(diag.Diagnostic{
				Code: "misplaced-block", Summary: "A definition stands among tests",
				Detail: fmt.Sprintf("There are tests alone in files that end in .test.hcl, and this is %s.", article(b.Type)), Fix: "Move it to another file.", Subject: b.Header,
			})
			continue
		}
		body, ok := c.shapeBlock(b, testRoot, "a file of tests")
		if !ok {
			continue
		}
		if first := taken[body.label()]; first != nil {
			c.duplicate(b, first)
			continue
		}
		taken[body.label()] = b
		c.testBodies = append(c.testBodies, body)
	}
}

// testRoot is what may stand in a file of tests.
var testRoot = func() *schema.Block {
	test, _ := schema.Root.Block("test")
	return &schema.Block{Blocks: []*schema.Block{test}}
}()

// index enters a named block; false when its name is taken.
func (c *compiler) index(b *body) bool {
	kind := b.block.Type
	if c.symbols[kind] == nil {
		c.symbols[kind] = map[string]*symbol{}
	}
	if first, taken := c.symbols[kind][b.label()]; taken {
		c.duplicate(b.block, first.body.block)
		return false
	}
	c.symbols[kind][b.label()] = &symbol{body: b}
	return true
}

func (c *compiler) duplicate(b, first *syntax.Block) {
	c.report(diag.Diagnostic{
		Code: "duplicate-block", Summary: "Declared twice",
		Detail:  fmt.Sprintf("%s is already declared at %s:%d.", written(b), first.Header.File, first.Header.Start.Line),
		Fix:     "Rename or delete one of them.",
		Subject: b.Header,
	})
}

// shapeBlock checks one block within its parent. What it returns holds only
// what passed; false means that nothing in the block is worth looking at.
func (c *compiler) shapeBlock(b *syntax.Block, parent *schema.Block, where string) (*body, bool) {
	s, ok := parent.Block(b.Type)
	if !ok {
		c.unknownBlock(b, parent, where)
		return nil, false
	}
	if s.Later && !(s.Ahead && c.opts.Ahead) {
		c.notYet(b, fmt.Sprintf("block %q", s.Name), s)
		return nil, false
	}
	if !c.shapeLabels(b, s) {
		return nil, false
	}
	if len(s.Kinds) > 0 {
		if s, ok = c.shapeKind(b, s); !ok {
			return nil, false
		}
	}
	out := newBody(c, b, s)
	c.shapeAttributes(out)
	c.shapeNested(out)
	return out, true
}

// notYet refuses a block that is part of the language, but not of this version.
func (c *compiler) notYet(b *syntax.Block, what string, s *schema.Block) {
	doc, _, _ := strings.Cut(s.Doc, ". ")
	c.report(diag.Diagnostic{
		Code: "not-available-yet", Summary: "Not available yet",
		Detail:  fmt.Sprintf("The language has a %s (%s), but this version of herald cannot run it yet.", what, strings.TrimSuffix(strings.ToLower(doc[:1])+doc[1:], ".")),
		Fix:     "Leave it out for now.",
		Subject: b.Header,
	})
}

// shapeKind finds the body that the label of a block chooses.
func (c *compiler) shapeKind(b *syntax.Block, s *schema.Block) (*schema.Block, bool) {
	word := b.Labels[0].Text
	k, ok := s.Kind(word)
	switch {
	case !ok:
		fix := didYouMean(word, s.Words())
		if fix == "" {
			fix = fmt.Sprintf("There is %s.", quoteAll(s.Words()))
		}
		c.report(diag.Diagnostic{
			Code: "unknown-kind", Summary: "Unknown kind",
			Detail: fmt.Sprintf("There is no %s %q.", s.Name, word), Fix: fix, Subject: b.Labels[0].Range,
		})
	case k.Later:
		c.notYet(b, fmt.Sprintf("%s %q", s.Name, word), k)
	default:
		return k, true
	}
	return nil, false
}

func newBody(c *compiler, b *syntax.Block, s *schema.Block) *body {
	return &body{c: c, block: b, schema: s, attrs: make(map[string]*syntax.Attribute, len(b.Attributes)), asked: map[string]bool{}}
}

func (c *compiler) unknownBlock(b *syntax.Block, parent *schema.Block, where string) {
	var names []string
	for _, n := range parent.Blocks {
		names = append(names, n.Name)
	}
	fix := didYouMean(b.Type, names)
	if fix == "" {
		fix = "Blocks that may stand here: " + strings.Join(names, ", ") + "."
		if len(names) == 0 {
			fix = "No block may stand here."
		}
	}
	if _, isAttr := parent.Attr(b.Type); isAttr {
		fix = fmt.Sprintf("%s is an attribute: write `%s = …`.", b.Type, b.Type)
	}
	c.report(diag.Diagnostic{
		Code: "unknown-block", Summary: "Unknown block",
		Detail: fmt.Sprintf("There is no block %q in %s.", b.Type, where), Fix: fix, Subject: b.TypeRange,
	})
}

func (c *compiler) shapeLabels(b *syntax.Block, s *schema.Block) bool {
	want := 0
	if s.Label != "" {
		want = 1
	}
	if len(b.Labels) != want {
		detail := fmt.Sprintf("A %s block has no label.", b.Type)
		fix := fmt.Sprintf("Write `%s { … }`.", b.Type)
		if want == 1 {
			detail = fmt.Sprintf("A %s block has one label, its %s; %d given.", b.Type, s.Label, len(b.Labels))
			fix = fmt.Sprintf("Write `%s`.", form(s))
		}
		c.report(diag.Diagnostic{Code: "bad-label", Summary: "Wrong label", Detail: detail, Fix: fix, Subject: b.Header})
		return false
	}
	if want == 1 && !s.FreeText && !addr.IsLabel(b.Labels[0].Text) {
		c.report(diag.Diagnostic{
			Code: "bad-label", Summary: "Wrong label",
			Detail:  fmt.Sprintf("%q cannot be a name: names have the letters a to z, digits, _ and -, and do not start with a digit.", b.Labels[0].Text),
			Fix:     "Choose another name.",
			Subject: b.Labels[0].Range,
		})
		return false
	}
	return true
}

func (c *compiler) shapeAttributes(b *body) {
	for _, a := range b.block.Attributes {
		s, ok := b.schema.Attr(a.Name)
		switch {
		case !ok && !b.schema.Open:
			c.unknownAttribute(b, a)
			b.astray = true
		case ok && s.Later && !(s.Ahead && c.opts.Ahead):
			c.report(diag.Diagnostic{
				Code: "not-available-yet", Summary: "Not available yet",
				Detail:  fmt.Sprintf("The language has %s in %s, but this version of herald cannot do it yet.", a.Name, b.schema.Name),
				Fix:     "Leave it out for now.",
				Subject: a.NameRange,
			})
			b.astray = true
		default:
			b.attrs[a.Name] = a
		}
	}
	for _, s := range b.schema.Attributes {
		if _, ok := b.attrs[s.Name]; !s.Required || ok {
			continue
		}
		b.broken = true
		if !c.writtenOtherwise(b, s.Name) {
			c.report(diag.Diagnostic{
				Code: "missing-attribute", Summary: "Something is missing",
				Detail:  fmt.Sprintf("%s needs %q: %s", written(b.block), s.Name, s.Doc),
				Fix:     fmt.Sprintf("Add `%s = …`.", s.Name),
				Subject: b.block.Header,
			})
		}
	}
}

// writtenOtherwise reports whether an attribute that is missing stands there
// misspelt or as a block, which has been said.
func (c *compiler) writtenOtherwise(b *body, name string) bool {
	for _, n := range b.block.Blocks {
		if n.Type == name {
			return true
		}
	}
	var names []string
	for _, s := range b.schema.Attributes {
		names = append(names, s.Name)
	}
	for _, a := range b.block.Attributes {
		_, known := b.schema.Attr(a.Name)
		if !known && (hints[b.schema.Name+"."+a.Name] != "" || diag.DidYouMean(a.Name, names) == name) {
			return true
		}
	}
	return false
}

func (c *compiler) unknownAttribute(b *body, a *syntax.Attribute) {
	var names []string
	for _, s := range b.schema.Attributes {
		names = append(names, s.Name)
	}
	fix := didYouMean(a.Name, names)
	if fix == "" && len(names) > 0 {
		fix = "Attributes of " + b.schema.Name + ": " + strings.Join(names, ", ") + "."
	}
	if n, isBlock := b.schema.Block(a.Name); isBlock {
		fix = fmt.Sprintf("%s is a block: write `%s`.", a.Name, form(n))
	}
	if hint := hints[b.schema.Name+"."+a.Name]; hint != "" {
		fix = hint
	}
	c.report(diag.Diagnostic{
		Code: "unknown-attribute", Summary: "Unknown attribute",
		Detail: fmt.Sprintf("There is no attribute %q in %s.", a.Name, b.schema.Name), Fix: fix, Subject: a.NameRange,
	})
}

func (c *compiler) shapeNested(b *body) {
	first := map[string]*syntax.Block{}
	for _, n := range b.block.Blocks {
		nested, ok := c.shapeBlock(n, b.schema, "a "+b.schema.Name+" block")
		if !ok {
			b.broken = true
			first[n.Type] = n // said already: not missing too
			continue
		}
		key := n.Type
		if nested.schema.Repeats {
			key += "\x00" + nested.label()
		}
		if prev, dup := first[key]; dup && (!nested.schema.Repeats || nested.schema.Label != "" && !nested.schema.Again) {
			c.duplicate(n, prev)
			continue
		}
		first[key] = n
		first[n.Type] = n
		b.blocks = append(b.blocks, nested)
	}
	for _, s := range b.schema.Blocks {
		if s.Required && first[s.Name] == nil {
			c.report(diag.Diagnostic{
				Code: "missing-block", Summary: "Something is missing",
				Detail:  fmt.Sprintf("%s needs %s block: %s", written(b.block), article(s.Name), s.Doc),
				Fix:     fmt.Sprintf("Add `%s`.", form(s)),
				Subject: b.block.Header,
			})
			b.broken = true
		}
	}
}

// form is how a block is written: input "name" { … }.
func form(s *schema.Block) string {
	if s.Label == "" {
		return s.Name + " { … }"
	}
	return fmt.Sprintf("%s %q { … }", s.Name, s.Label)
}

// hints are for attributes that people bring along from elsewhere.
var hints = map[string]string{
	"schedule.cron":     `Broadcasts recur by rule: rrule = "FREQ=WEEKLY;BYDAY=TH" and at = "08:00".`,
	"wait.duration":     "Write for = \"2d\".",
	"wait.delay":        "Write for = \"2d\".",
	"segment.where":     "Write when = \"…\".",
	"segment.condition": "Write when = \"…\".",
	"send.template":     "Write message = message.NAME.",
}

// written names a block as its author wrote it: segment "vip".
func written(b *syntax.Block) string {
	if len(b.Labels) == 0 {
		return b.Type
	}
	return fmt.Sprintf("%s %q", b.Type, b.Labels[0].Text)
}
