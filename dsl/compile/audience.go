package compile

import (
	"fmt"
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
	env, err := expr.NewEnv(c.world)
	if err != nil { // names were checked: what is left is a clash that CEL alone knows of
		c.report(diag.Diagnostic{Code: "bad-model", Summary: "The model cannot be used in conditions", Detail: capital(err.Error()) + "."})
		env, _ = expr.NewEnv(expr.World{})
	}
	c.env = env
	c.vars = link.NewTemplates(c.world, c.profile)
}

// audience checks the segments and refuses circles among them.
func (c *compiler) audience() {
	needs := map[string][]string{}
	inParallel(c, c.of("segment"), func(c *compiler, b *body) *campaign.Segment {
		s := &campaign.Segment{Name: b.label(), Description: b.str("description")}
		when := b.condition("when", link.PersonScope())
		if when == nil {
			return nil
		}
		s.When = *when
		c.define(s, readAddrs(when.Reads)...)
		return s
	}, func(s *campaign.Segment) {
		if s != nil {
			needs[s.Name] = s.When.Reads.Segments
		}
	})
	for _, circle := range circles(needs) {
		first := c.symbols["segment"][circle[0]].body
		next := circle[min(1, len(circle)-1)]
		c.report(diag.Diagnostic{
			Code: "cycle", Summary: "Things need each other in a circle",
			Detail:  fmt.Sprintf("segment.%s.", strings.Join(append(circle, circle[0]), " needs segment.")),
			Fix:     "Break the circle: write one of the conditions without the other.",
			Subject: first.mention("when", "segment."+next),
		})
	}
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
	for kind, names := range map[string][]string{"event": r.Events, "segment": r.Segments, "topic": r.Topics, "catalog": r.Catalogs} {
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
