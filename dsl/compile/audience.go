package compile

import (
	"slices"
	"strings"

	"github.com/herald-campaigns/herald/dsl/addr"
	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/dsl/diag"
	"github.com/herald-campaigns/herald/dsl/expr"
	"github.com/herald-campaigns/herald/dsl/link"
)

// declareWorld fixes what expressions may name.
func (c *compiler) declareWorld() {
	c.world = link.World(c.profile, sortedValues(c.events), sortedValues(c.catalogs), c.names("segment"), c.names("topic"))
	c.world.Variables, c.world.Locals = c.consts["variable"], c.consts["local"]
	c.declareTraits()
	c.declareEnv()
}

// declareEnv prepares the checking of expressions.
func (c *compiler) declareEnv() {
	env, err := expr.NewEnv(c.world)
	if err != nil { // names were checked: what is left is a clash that CEL alone knows of
		c.report(diag.Diagnostic{Code: "bad-model", Summary: "The model cannot be used in conditions", Detail: capital(err.Error()) + "."})
		env, _ = expr.NewEnv(expr.World{})
	}
	c.env = env
}

// audience checks the segments and refuses circles among them.
func (c *compiler) audience() {
	needs := map[string][]string{}
	traits := c.traitReads()
	for name, r := range traits {
		needs["trait."+name] = direct(r, traits)
	}
	inParallel(c, c.of("segment"), func(c *compiler, b *body) *campaign.Segment {
		s := &campaign.Segment{Name: b.label(), Description: b.str("description"), Library: b.from}
		when := b.condition("when", link.PersonScope())
		if when == nil {
			return nil
		}
		s.When = *when
		c.define(s, readAddrs(when.Reads)...)
		return s
	}, func(s *campaign.Segment) {
		if s != nil {
			needs["segment."+s.Name] = direct(s.When.Reads, traits)
		}
	})
	said := map[string]bool{}
	for _, circle := range circles(needs) {
		circle = c.fromOwn(circle)
		next := circle[min(1, len(circle)-1)]
		if said[circle[0]+next] {
			continue // another way back to the same word
		}
		said[circle[0]+next] = true
		c.report(diag.Diagnostic{
			Code: "cycle", Summary: "Things need each other in a circle",
			Detail:  strings.Join(append(circle, circle[0]), " needs ") + ".",
			Fix:     "Break the circle: write one of the conditions without the other.",
			Subject: c.named(circle[0]).mention("when", next),
		})
	}
}

// fromOwn lets a circle begin with a block of the project: those of a library
// cannot be edited.
func (c *compiler) fromOwn(circle []string) []string {
	i := max(slices.IndexFunc(circle, func(member string) bool { return c.named(member).from == "" }), 0)
	return slices.Concat(circle[i:], circle[:i])
}

// named is the block that a dotted name stands for.
func (c *compiler) named(name string) *body {
	kind, label, _ := strings.Cut(name, ".")
	return c.symbols[kind][label].body
}

// direct are the segments and traits that an expression names: what its traits read
// is among its reads, too.
func direct(r campaign.Reads, traits map[string]campaign.Reads) []string {
	var out []string
	through := map[string]bool{}
	for _, name := range r.Traits {
		out = append(out, "trait."+name)
		for _, segment := range traits[name].Segments {
			through[segment] = true
		}
	}
	for _, name := range r.Segments {
		if !through[name] {
			out = append(out, "segment."+name)
		}
	}
	return out
}

// mention is where the text of an attribute speaks of something.
func (b *body) mention(name, what string) diag.Range {
	text, ok := b.text(name)
	if at := strings.Index(text.Value, what); ok && at >= 0 {
		return text.Range(at, at+len(what))
	}
	return b.at(name)
}

// readAddrs are the blocks that an expression names.
func readAddrs(r campaign.Reads) []addr.Addr {
	out := []addr.Addr{}
	if len(r.Attributes) > 0 {
		out = append(out, (&campaign.Profile{}).Address())
	}
	for kind, names := range map[string][]string{"event": r.Events, "segment": r.Segments, "topic": r.Topics, "catalog": r.Catalogs, "trait": r.Traits} {
		for _, n := range names {
			if kind == "event" && builtinEvent(n) != nil {
				continue
			}
			out = append(out, addr.New(kind, n))
		}
	}
	slices.SortFunc(out, addr.Addr.Compare)
	return out
}

// circles returns each circle of a graph once, starting at its first name.
func circles(needs map[string][]string) [][]string {
	const (
		unseen = iota
		open
		done
	)
	state := map[string]int{}
	var path []string
	var found [][]string
	var visit func(string)
	visit = func(name string) {
		switch state[name] {
		case open:
			circle := slices.Clone(path[slices.Index(path, name):])
			found = append(found, circle)
			return
		case done:
			return
		}
		state[name] = open
		path = append(path, name)
		for _, next := range needs[name] {
			visit(next)
		}
		path = path[:len(path)-1]
		state[name] = done
	}
	for _, name := range sortedKeys(needs) {
		visit(name)
	}
	return found
}

func sortedValues[V any](m map[string]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range sortedKeys(m) {
		out = append(out, m[k])
	}
	return out
}
