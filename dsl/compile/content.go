package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/link"
	"github.com/herald-campaigns/herald/dsl/syntax"
	"github.com/herald-campaigns/herald/dsl/template"
)

// contentSource is a content before it is compiled for a message's layout.
type contentSource struct {
	def     *campaign.Content
	bodies  []syntax.Text // of each case
	depends []addr.Addr
	broken  bool
}

func (c *compiler) content(b *body) {
	src := &contentSource{def: &campaign.Content{Name: b.label()}}
	for _, n := range b.nested("case") {
		src.add(n, n.label())
	}
	if e := b.one("else"); e != nil {
		src.add(e, "else")
	}
	src.broken = src.broken || b.broken
	c.contents[b.label()] = src
	c.define(src.def, src.depends...)
}

func (s *contentSource) add(n *body, name string) {
	text, ok := n.text("body")
	k := campaign.ContentCase{Name: name, Body: text.Value}
	if name != "else" {
		k.When = n.condition("when", link.PersonScope())
		if k.When != nil {
			s.depends = append(s.depends, readAddrs(k.When.Reads)...)
		}
	}
	inside := ok && n.noContent(text)
	s.broken = s.broken || n.broken || !ok
	if !ok || inside {
		return
	}
	s.def.Cases = append(s.def.Cases, k)
	s.bodies = append(s.bodies, text)
}

// noContent refuses a content within a content.
func (b *body) noContent(text syntax.Text) (found bool) {
	for _, tag := range template.Scan(text.Value) {
		if tag.Name == "content" {
			b.broken, found = true, true
			b.c.report(diag.Diagnostic{
				Code: "content-in-content", Summary: "A content within a content",
				Detail: "The body of a content cannot show another one.",
				Fix:    "Show both in the message, one after the other.", Subject: text.Range(tag.Start, tag.End),
			})
		}
	}
	return found
}

// unshown checks the Liquid of contents that no message shows; for the others
// the message's own types were the measure.
func (c *compiler) unshown(shown map[string]bool) {
	for _, name := range sortedKeys(c.contents) {
		if shown[name] {
			continue
		}
		vars := c.vars.Vars(&campaign.Message{Name: name})
		for _, text := range c.contents[name].bodies {
			for _, p := range template.CheckLiquid(text.Value, vars) {
				c.liquidProblem(p, text)
			}
		}
	}
}

// shownProblems are what is wrong with contents as messages show them. A content
// that several messages show is not blamed several times.
type shownProblems struct {
	order []diag.Diagnostic
	in    map[diag.Diagnostic][]string // messages
}

func (s *shownProblems) add(d diag.Diagnostic, message string) {
	if s.in == nil {
		s.in = map[diag.Diagnostic][]string{}
	}
	if s.in[d] == nil {
		s.order = append(s.order, d)
	}
	if !slices.Contains(s.in[d], message) {
		s.in[d] = append(s.in[d], message)
	}
}

// list says of each problem which messages show it.
func (s *shownProblems) list() diag.List {
	var out diag.List
	for _, d := range s.order {
		names := s.in[d]
		for i := range names {
			names[i] = "message." + names[i]
		}
		d.Detail = strings.TrimSpace(d.Detail + fmt.Sprintf(" It is shown by %s.", andMore(names)))
		out = append(out, d)
	}
	return out
}
